# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging
import time

import psycopg2

from odoo import api, models
from odoo.exceptions import ConcurrencyError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL, split_every

from ..signals.frame import only, whole_sets
from .errors import error_text

_logger = logging.getLogger(__name__)

#: Subscriptions that a hook is told of at a time.
EVENTS = 1_000
#: Memberships that change what the database knows of the table.
MANY = 1_000


class SubscriptionSegment(models.Model):
    """Who enters and who leaves: memberships brought to a day, set-wise."""

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "subscription.segment"

    def _evaluate(self, company, as_of, run=None):
        """Bring the memberships of a company's subscriptions to a day.

        All or nothing: where it fails, all is as before, and the evaluation says why.

        :param run: the refresh that names what goes wrong
        :return: whether it was done
        :raise psycopg2.Error, ConcurrencyError: a concurrent change, it can be tried
            again
        """
        self.ensure_one()
        self = self.sudo()
        begin = time.monotonic()
        try:
            with self.env.cr.savepoint():
                left, entered = self._move(company, as_of)
                failed = self._tell("_segment_left", left, run)
                failed += self._tell("_segment_entered", entered, run)
                for record, error in self._follow(company, raising=not run):
                    failed += [error_text(error)]
                    if run:
                        run._record_failure(record, error)
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            raise
        except psycopg2.errors.ForeignKeyViolation as error:
            # What was found has been deleted meanwhile, which is no fault of ours.
            raise ConcurrencyError(error_text(error)) from error
        except Exception as error:
            self.env.invalidate_all()
            _logger.info("Segment %s failed", self.id, exc_info=True)
            left, entered, failed = (), (), [error_text(error)]
            if run:
                run._record_segment_failure(self, error)
            done = False
        else:
            done = True
        self.env["subscription.segment.evaluation"]._record(
            self,
            company,
            {
                "as_of": as_of,
                "duration_seconds": time.monotonic() - begin,
                "entered_count": len(entered),
                "left_count": len(left),
                "is_failed": not done,
                "error": "\n".join(failed) or None,
            },
        )
        return done

    def _evaluate_now(self, groups=()):
        """Bring segments, and those that exclude each other with them, to today.

        Cheap enough to be done while somebody waits.

        :param groups: exclusive groups that are looked at as well
        """
        own = self.sudo().with_context(active_test=False)
        groups = {*groups, *own.mapped("exclusive_group")} - {False}
        peers = own.search([("exclusive_group", "in", list(groups))])
        segments = (own | peers).sorted(lambda seg: (seg.active, seg.sequence, seg.id))
        for company in segments._companies():
            today = company._subscription_today()
            for segment in segments:
                if segment._is_valid_for(company) or segment._has_rows(company):
                    segment._evaluate(company, today)
            segments._store_primary(company)

    @api.model
    def _evaluate_company(self, company, as_of):
        """Bring all segments of a company to a day."""
        for segment in self._of_company(company):
            segment._evaluate(company, as_of)
        self._store_primary(company)

    def _companies(self):
        """Return the companies with subscriptions that are or should be in them."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT id FROM res_company company
                 WHERE EXISTS (SELECT FROM sale_subscription
                                WHERE company_id = company.id)
                   AND (%(all)s OR id = ANY(%(own)s)
                        OR EXISTS (SELECT FROM subscription_segment_membership
                                    WHERE company_id = company.id
                                      AND segment_id = ANY(%(segments)s)
                                      AND date_to IS NULL))
              ORDER BY id
                """,
                all=any(not segment.company_id for segment in self),
                own=self.company_id.ids,
                segments=self.ids,
            )
        )
        return self.env["res.company"].browse(row[0] for row in rows)

    # --- memberships ------------------------------------------------------------------

    def _move(self, company, as_of):
        """Close and open memberships; return the subscriptions that left and entered.

        What is pinned stays as it is while the pin holds.
        """
        self.env.flush_all()
        left = self._end_pins(company, as_of)
        with whole_sets(self.env):
            rows = self.env.execute_query(
                SQL(
                    """
                    WITH wanted AS MATERIALIZED (%(wanted)s),
                    present AS MATERIALIZED (
                        SELECT member.subscription_id AS id, TRUE AS is_open
                          FROM subscription_segment_membership member
                         WHERE %(of_segment)s
                    ), closed AS (
                        UPDATE subscription_segment_membership AS member
                           SET date_to = GREATEST(date_from, %(as_of)s)
                         WHERE %(of_segment)s
                           AND kind = 'automatic'
                           AND NOT EXISTS (SELECT FROM wanted
                                            WHERE wanted.id = member.subscription_id)
                     RETURNING subscription_id
                    ), opened AS (
                        INSERT INTO subscription_segment_membership (
                            segment_id, subscription_id, company_id, date_from, kind
                        )
                        SELECT %(segment)s, id, %(company)s, %(as_of)s, 'automatic'
                          FROM wanted
                     LEFT JOIN present
                         USING (id)
                         WHERE present.is_open IS NULL
                            ON CONFLICT (segment_id, subscription_id)
                               WHERE date_to IS NULL DO NOTHING
                     RETURNING subscription_id
                    )
                    SELECT FALSE, subscription_id FROM closed
                 UNION ALL
                    SELECT TRUE, subscription_id FROM opened
                    """,
                    wanted=self._wanted(company, as_of),
                    as_of=as_of,
                    of_segment=self._open_of(company),
                    segment=self.id,
                    company=company.id,
                )
            )
        if len(rows) > MANY:
            # What follows joins memberships: the database has to know of so many.
            self.env.cr.execute("ANALYZE subscription_segment_membership")
        self.env.invalidate_all()
        left += [id_ for has_entered, id_ in rows if not has_entered]
        return sorted(left), sorted(id_ for has_entered, id_ in rows if has_entered)

    def _has_rows(self, company):
        """Return whether a membership or a pin of a company is open."""
        Membership = self.env["subscription.segment.membership"]
        domain = [
            ("segment_id", "=", self.id),
            ("company_id", "=", company.id),
            ("date_to", "=", False),
        ]
        return bool(Membership.search_count(domain, limit=1))

    def _open_of(self, company):
        """Return the condition for open memberships of the segment in a company."""
        return SQL(
            "member.segment_id = %s AND member.company_id = %s"
            " AND member.date_to IS NULL",
            self.id,
            company.id,
        )

    def _end_pins(self, company, as_of):
        """End the pins that are over, and what has gone to another company.

        Who was pinned in is looked at as any member; who was pinned out may enter.

        :return: ids of the subscriptions that left with that
        """
        valid = self._is_valid_for(company)
        self.env.cr.execute(
            SQL(
                """
                UPDATE subscription_segment_membership AS member
                   SET kind = 'automatic', pinned_by_id = NULL, pin_reason = NULL,
                       pinned_until = NULL
                 WHERE %s AND kind = 'pinned_in' AND (pinned_until < %s OR NOT %s)
                """,
                self._open_of(company),
                as_of,
                valid,
            )
        )
        rows = self.env.execute_query(
            SQL(
                """
                UPDATE subscription_segment_membership AS member
                   SET date_to = GREATEST(date_from, %(as_of)s)
                  FROM sale_subscription subscription
                 WHERE member.segment_id = %(segment)s
                   AND member.date_to IS NULL
                   AND subscription.id = member.subscription_id
                   AND (member.company_id = %(company)s
                        OR subscription.company_id = %(company)s)
                   AND (member.company_id != subscription.company_id
                        OR member.kind = 'pinned_out'
                           AND (member.pinned_until < %(as_of)s OR NOT %(valid)s))
             RETURNING member.subscription_id, member.kind
                """,
                as_of=as_of,
                segment=self.id,
                company=company.id,
                valid=valid,
            )
        )
        return [id_ for id_, kind in rows if kind != "pinned_out"]

    def _wanted(self, company, as_of):
        """Return SQL that selects the ids of those that are to be in the segment.

        Those by its conditions; whether they are pinned is not looked at.
        """
        if not self._is_valid_for(company):
            return SQL("SELECT NULL::integer AS id WHERE FALSE")
        enter = SQL(
            "SELECT id FROM %s AS found (id) WHERE NOT EXISTS (%s)",
            self._matching("enter_domain", company, as_of),
            self._taken(company, SQL("found.id")),
        )
        stay = self._matching("stay_domain", company, as_of)
        if not stay and not self.minimum_stay_days:
            return enter
        return SQL(
            """
            %(enter)s
         UNION
            SELECT member.subscription_id
              FROM subscription_segment_membership member
              JOIN sale_subscription subscription
                ON subscription.id = member.subscription_id
             WHERE %(of_segment)s
               AND (%(stays)s
                    OR member.date_from <= %(as_of)s
                       AND member.date_from + %(minimum)s > %(as_of)s
                       AND subscription.active)
               AND NOT EXISTS (%(taken)s)
            """,
            enter=enter,
            of_segment=self._open_of(company),
            stays=SQL("subscription.id IN %s", stay) if stay else SQL("FALSE"),
            minimum=self.minimum_stay_days,
            as_of=as_of,
            taken=self._taken(company, SQL("member.subscription_id")),
        )

    def _taken(self, company, subscription):
        """Return SQL for what takes a subscription before an exclusive segment can.

        An earlier segment of the group, or any other one that it is pinned in.
        """
        if not self.exclusive_group:
            return SQL("SELECT WHERE FALSE")
        return SQL(
            """
            SELECT
              FROM subscription_segment_membership taken
              JOIN subscription_segment other ON other.id = taken.segment_id
             WHERE taken.subscription_id = %(subscription)s
               AND taken.company_id = %(company)s
               AND taken.date_to IS NULL
               AND other.exclusive_group = %(group)s
               AND other.id != %(segment)s
               AND (taken.kind = 'pinned_in'
                    OR taken.kind = 'automatic'
                       AND (other.sequence, other.id) < (%(sequence)s, %(segment)s))
            """,
            subscription=subscription,
            company=company.id,
            group=self.exclusive_group,
            segment=self.id,
            sequence=self.sequence,
        )

    # --- what follows -----------------------------------------------------------------

    def _tell(self, hook, ids, run=None):
        """Call a hook for subscriptions, batch by batch.

        A batch that fails is named and takes nothing back but what the hook has done.

        :return: texts of what went wrong
        """
        failed = []
        for some in split_every(EVENTS, ids):
            try:
                with self.env.cr.savepoint():
                    getattr(self, hook)(self.env["sale.subscription"].browse(some))
            except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
                raise
            except Exception as error:
                self.env.invalidate_all()
                _logger.info("%s of segment %s failed", hook, self.id, exc_info=True)
                failed.append(error_text(error))
                if run:
                    run._record_failure(self, error)
        return failed

    # --- which one is the first -------------------------------------------------------

    @api.model
    def _store_primary(self, company, customers=None):
        """Store the first segment of the company's customers, where it has changed.

        :param customers: of these only
        """
        self.env.flush_all()
        self._write_primary(self._primary_to_write(company, customers))

    @api.model
    def _primary_to_write(self, company, customers=None):
        """Return the customers of a company whose first segment has changed.

        :return: ``{customer id: segment id or None}``
        """
        ids = None if customers is None else customers.ids
        [[segments]] = self.env.execute_query(
            SQL("SELECT ARRAY_AGG(id ORDER BY sequence, id) FROM subscription_segment")
        )
        # A sum of rows, not a join of customers: how many have a segment is hard to
        # foresee, and the database would join one by one where it expects few.
        rows = self.env.execute_query(
            SQL(
                """
                SELECT id, segment_id
                  FROM (
                    SELECT id, MAX(stored) AS stored,
                           (%(segments)s::integer[])[MIN(rank)] AS segment_id
                      FROM (
                        SELECT id, primary_segment_id AS stored, NULL AS rank
                          FROM subscription_customer customer
                         WHERE company_id = %(company)s AND %(these)s
                     UNION ALL
                        SELECT subscription.customer_id, NULL,
                               ARRAY_POSITION(%(segments)s, member.segment_id)
                          FROM subscription_segment_membership member
                          JOIN sale_subscription subscription
                            ON subscription.id = member.subscription_id
                         WHERE member.company_id = %(company)s
                           AND member.date_to IS NULL
                           AND member.kind != 'pinned_out'
                           AND subscription.customer_id IS NOT NULL
                           AND %(theirs)s
                      ) AS found
                  GROUP BY id
                  ) AS first
                 WHERE stored IS DISTINCT FROM segment_id
                """,
                segments=segments or [],
                company=company.id,
                theirs=only("subscription.customer_id", ids),
                these=only("customer.id", ids),
            )
        )
        return dict(sorted(rows))

    @api.model
    def _write_primary(self, segments):
        """Store the first segments of customers.

        :param segments: from :meth:`_primary_to_write`
        """
        self.env.cr.execute(
            SQL(
                """
                UPDATE subscription_customer AS customer
                   SET primary_segment_id = first.segment_id
                  FROM unnest(%s::integer[], %s::integer[]) AS first (id, segment_id)
                 WHERE customer.id = first.id
                """,
                list(segments),
                list(segments.values()),
            )
        )
        self.env["subscription.customer"].invalidate_model(["primary_segment_id"])
