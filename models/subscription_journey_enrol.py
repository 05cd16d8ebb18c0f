# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging

from odoo import fields, models
from odoo.tools import SQL

from ..analytics.holdout import BUCKETS
from .errors import error_text
from .journey_domain import matching

_logger = logging.getLogger(__name__)


def bucket(key, id_):
    """Return the bucket of an id in SQL, as :func:`..analytics.holdout.bucket` does."""
    return SQL(
        "(('x' || substr(md5(%s || ':' || %s), 1, 7))::bit(28)::int %% %s)",
        key,
        id_,
        BUCKETS,
    )


class SubscriptionJourney(models.Model):
    """Who goes on a journey, written set-wise with all that they are to get."""

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "subscription.journey"

    def _companies(self):
        """Return the companies that have customers and that the journey is for."""
        companies = (
            self.env["subscription.customer"].sudo()._read_group([], ["company_id"])
        )
        return self.company_id or self.company_id.union(*(row[0] for row in companies))

    def _enrol_all(self, commit):
        """Enrol in all journeys; one that fails says why and stops no other.

        :param commit: called after each journey and when one has failed
        """
        for journey in self:
            try:
                for company in journey._companies():
                    journey._enrol(company)
                journey._looked()
            except Exception as error:
                self.env.cr.rollback()
                self.env.invalidate_all()
                _logger.warning(
                    "Journey %s: nobody enrolled", journey.id, exc_info=True
                )
                journey.error = error_text(error)
            commit()

    def _looked(self):
        """Remember until when anchors were looked for, where every company is."""
        days = [company._subscription_today() for company in self._companies()]
        values = {"enrolled_on": min(days, default=False), "error": False}
        if any(self[name] != value for name, value in values.items()):
            self.write(values)

    def _enrol(self, company, days_ahead=0):
        """Enrol a company's subscriptions, with the deliveries of all steps.

        :param days_ahead: see :meth:`_anchors`
        """
        self.ensure_one()
        self.env.flush_all()
        if self.anchor == "renewal":
            self._follow_renewals(company)
        anchors = self._anchors(company, days_ahead)
        if anchors is None:
            return
        wanted = matching(self.env, self.enrol_domain, company)
        fresh = SQL(
            """
            SELECT %(choice)s subscription.*, anchor.anchor_date,
                   %(is_control)s AS is_control
              FROM (%(anchors)s) AS anchor
              JOIN sale_subscription subscription
                ON subscription.id = anchor.subscription_id
               AND subscription.company_id = %(company)s
             WHERE %(wanted)s AND %(again)s
             ORDER BY subscription.id, anchor.anchor_date
            """,
            choice=SQL(
                "DISTINCT"
                if self.reentry == "always"
                else "DISTINCT ON (subscription.id)"
            ),
            is_control=self._is_control(),
            anchors=anchors,
            company=company.id,
            wanted=SQL("subscription.id IN %s", wanted) if wanted else SQL("TRUE"),
            again=self._again(),
        )
        self._write_enrolments(company, fresh)

    def _write_enrolments(self, company, fresh, by_hand=False):
        """Write enrolments of a company, and the deliveries of all their steps.

        One that was undone goes on, however it comes back: what was done stays so.

        :param fresh: the query for them: subscriptions with ``anchor_date`` and
            ``is_control``
        :param by_hand: a person enrols them
        """
        self.env.cr.execute(
            SQL(
                """
                WITH enrolled AS (
                    INSERT INTO subscription_journey_enrolment AS enrolment (
                        journey_id, subscription_id, customer_id, company_id,
                        anchor_date, enrolled_at, is_control, holdout_percent,
                        is_by_hand, state
                    )
                    SELECT %(journey)s, id, customer_id, company_id, anchor_date,
                           %(now)s, is_control, %(share)s, %(by_hand)s,
                           CASE WHEN is_control THEN 'done' ELSE 'running' END
                      FROM (%(fresh)s) AS fresh
                        ON CONFLICT (journey_id, subscription_id, anchor_date)
                        DO UPDATE
                           SET state = EXCLUDED.state,
                               stop_reason = NULL,
                               is_control = EXCLUDED.is_control,
                               is_by_hand = EXCLUDED.is_by_hand
                         WHERE enrolment.stop_reason = 'undone'
                 RETURNING *
                ), again AS (
                    UPDATE subscription_journey_delivery delivery
                       SET state = 'waiting', reason = NULL
                      FROM enrolled
                     WHERE delivery.enrolment_id = enrolled.id
                       AND enrolled.state = 'running'
                       AND delivery.state = 'cancelled'
                       AND delivery.reason = 'undone'
                )
                %(deliveries)s
                """,
                journey=self.id,
                now=fields.Datetime.now(),
                share=self.holdout_percent,
                by_hand=by_hand,
                fresh=fresh,
                deliveries=self._deliveries(company, SQL("enrolled")),
            )
        )
        self.env.invalidate_all()

    def _is_control(self):
        """Return the condition that a subscription is one of the control group."""
        return SQL(
            "COALESCE(%s < %s, FALSE)",
            bucket(self._holdout_key(), SQL("subscription.customer_id")),
            self.holdout_percent * BUCKETS // 100,
        )

    def _holdout_key(self):
        """Return what the control group is one of, see ``_held_out``."""
        return f"journey:{self.id}"

    def _again(self):
        """Return the condition that a subscription may be enrolled (again).

        An enrolment for a day that has moved does not count, nor one that was undone.
        """
        if self.reentry == "always":
            return SQL("TRUE")
        return SQL(
            """
            NOT EXISTS (
                SELECT FROM subscription_journey_enrolment earlier
                 WHERE earlier.journey_id = %s
                   AND earlier.subscription_id = subscription.id
                   AND COALESCE(earlier.stop_reason, '') NOT IN ('moved', 'undone')
                   AND %s)
            """,
            self.id,
            SQL("TRUE")
            if self.reentry == "once"
            else SQL(
                "earlier.anchor_date > anchor.anchor_date - %s", self.reentry_days
            ),
        )

    def _follow_renewals(self, company):
        """Stop what waits for a renewal that has moved before it was reached.

        One that has moved back goes on where it was.
        """
        for query in (
            """
            WITH moved AS (
                UPDATE subscription_journey_enrolment enrolment
                   SET state = 'stopped', stop_reason = 'moved'
                  FROM sale_subscription subscription
                 WHERE subscription.id = enrolment.subscription_id
                   AND enrolment.journey_id = %(journey)s
                   AND enrolment.company_id = %(company)s
                   AND (enrolment.state = 'running'
                        OR enrolment.is_control AND enrolment.state = 'done')
                   AND enrolment.anchor_date > %(today)s
                   AND subscription.is_running
                   AND subscription.next_renewal_date <> enrolment.anchor_date
             RETURNING enrolment.id
            )
            UPDATE subscription_journey_delivery delivery
               SET state = 'cancelled', reason = 'moved'
              FROM moved
             WHERE delivery.enrolment_id = moved.id AND delivery.state = 'waiting'
            """,
            """
            WITH back AS (
                UPDATE subscription_journey_enrolment enrolment
                   SET state = CASE WHEN is_control THEN 'done' ELSE 'running' END,
                       stop_reason = NULL
                  FROM sale_subscription subscription
                 WHERE subscription.id = enrolment.subscription_id
                   AND enrolment.journey_id = %(journey)s
                   AND enrolment.company_id = %(company)s
                   AND enrolment.stop_reason = 'moved'
                   AND enrolment.anchor_date >= %(today)s
                   AND subscription.is_running
                   AND subscription.next_renewal_date = enrolment.anchor_date
             RETURNING enrolment.id
            )
            UPDATE subscription_journey_delivery delivery
               SET state = 'waiting', reason = NULL
              FROM back
             WHERE delivery.enrolment_id = back.id
               AND delivery.state = 'cancelled' AND delivery.reason = 'moved'
            """,
        ):
            self.env.cr.execute(
                query,
                {
                    "journey": self.id,
                    "company": company.id,
                    "today": company._subscription_today(),
                },
            )
        self.env.invalidate_all()
