# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import psycopg2

from odoo import api, fields, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from .errors import error_text
from .subscription_refresh import BATCH

#: Tickets whose priority is raised between two commits; each takes some milliseconds.
TICKETS = 1_000


class SubscriptionRefresh(models.Model):
    """The phases of a run that bring segments, and what follows from them, to a day.

    One segment a step, by their order. Each step is a transaction: a process that is
    killed leaves every segment as it was or as it becomes. Tickets, which agents save
    at the same time, are written by steps of their own.
    """

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "subscription.refresh"

    segment_seconds = fields.Float(readonly=True, digits=(8, 3))
    last_sequence = fields.Integer(
        readonly=True,
        aggregator=None,
        help="Of the last segment that was evaluated, whose ID is beside it.",
    )

    def _begin_segmenting(self):
        """Go on with the segments, now that the scores are those of the day."""
        segments = self.env["subscription.segment"]._of_company(self.company_id)
        self.write(
            {
                "state": "segmenting",
                "last_id": 0,
                "last_sequence": -(2**31),
                "total_count": self.done_count + len(segments),
            }
        )

    def _segmenting(self):
        """Evaluate the next segment; after the last one, say which come first."""
        company = self.company_id
        Segment = self.env["subscription.segment"]
        mark = (self.last_sequence, self.last_id)
        for segment in Segment._of_company(company):
            if (segment.sequence, segment.id) > mark:
                break
        else:
            if self._store_primary():
                return
            Segment._follow_written(company, self.start_datetime)
            self.write({"state": "raising", "last_id": 0})
            return
        segment._evaluate(company, self.as_of, run=self)
        self.write(
            {
                "last_sequence": segment.sequence,
                "last_id": segment.id,
                "done_count": self.done_count + 1,
            }
        )

    def _store_primary(self):
        """Write the next batch of first segments; return whether there was any."""
        Segment = self.env["subscription.segment"]
        failed = {
            failure.res_id
            for failure in self.failure_ids
            if failure.model == "subscription.customer"
        }
        segments = Segment._primary_to_write(self.company_id)
        ids = [id_ for id_ in segments if id_ not in failed][:BATCH]
        if ids:
            # A row that somebody else holds for longer is named as one that failed.
            self.env.cr.execute("SET LOCAL lock_timeout = '2s'")
            self._bisect(
                ids,
                "subscription.customer",
                lambda some: Segment._write_primary(
                    {id_: segments[id_] for id_ in some}
                ),
            )
        return bool(ids)

    def _raising(self):
        """Raise the priority of the next batch of tickets.

        One that cannot be written, or that somebody holds, is named as one that failed.
        Where too many are, no more are raised by this run, which goes on.
        """
        segments = self.env["subscription.segment"]._of_company(self.company_id)
        ids = segments._tickets_to_raise(self.company_id, self.last_id, TICKETS)
        if not ids:
            self._begin_checking()
            return
        self.env.cr.execute("SET LOCAL lock_timeout = '2s'")
        try:
            self._bisect(ids, "helpdesk.ticket", self._raise_tickets)
        except psycopg2.errors.LockNotAvailable as error:
            failure = error  # the last of too many
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            raise
        except Exception as error:
            failure = error
        else:
            self.last_id = ids[-1]
            return
        self.env.invalidate_all()
        self.error = self.env._(
            "The priorities of other tickets were not raised, as too much failed: %s",
            error_text(failure),
        )
        self._notify_managers(self.error)
        self._begin_checking()

    def _raise_tickets(self, ids):
        """Raise tickets, which are taken first: who saves one of them then waits."""
        self.env.cr.execute(
            "SELECT FROM helpdesk_ticket WHERE id = ANY(%s) ORDER BY id"
            " FOR NO KEY UPDATE",
            [ids],
        )
        self.env["helpdesk.ticket"].sudo().browse(ids)._ask_for_priorities()
        self.env.flush_all()

    @api.model
    def _bring_to(self, today, subscriptions):
        """Evaluate all segments of the company as well, which is quickly done."""
        result = super()._bring_to(today, subscriptions)
        self.env["subscription.segment"]._evaluate_company(
            subscriptions.company_id, today
        )
        return result

    def _record_segment_failure(self, segment, error):
        """Name a segment that could not be evaluated, and tell managers the first time.

        It is no row that failed, of which managers are told each night. What failed the
        last time for another reason, an event for example, says nothing of this one.
        """
        reason = self._name_failure(segment, error)
        known = self.env["subscription.segment.evaluation"].search_count(
            [
                ("segment_id", "=", segment.id),
                ("company_id", "=", self.company_id.id),
                ("error", "=", reason),
            ]
        )
        if not known:
            self._notify_managers(
                self.env._(
                    "Segment %(segment)s could not be evaluated, its members stay as "
                    "they are: %(reason)s",
                    segment=segment.name,
                    reason=reason,
                )
            )
