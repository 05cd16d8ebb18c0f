# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging
from datetime import timedelta
from zlib import crc32

from odoo import api, fields, models
from odoo.exceptions import ConcurrencyError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL, split_every

from .errors import error_text
from .session_lock import session_lock

_logger = logging.getLogger(__name__)

#: Keys of the advisory lock: one process at a time does journeys.
LOCK = crc32(b"subscription.journey") - 2**31
#: Deliveries that are done between two commits: some seconds of making mails, which is
#: what a killed process loses.
BATCH = 200
#: How long after a failure it is tried again; after the last one it has failed.
BACKOFF = (timedelta(hours=1), timedelta(hours=4), timedelta(days=1))
#: How often a batch is tried again at once that lost against a concurrent change.
TRIES = 3
#: Somebody else changed something at the same time: it can be tried again.
CONCURRENT = (*PG_CONCURRENCY_EXCEPTIONS_TO_RETRY, ConcurrencyError)


class SubscriptionJourney(models.Model):
    """The engine: one pass enrols and then does what is due."""

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "subscription.journey"

    @api.model
    def _cron_run(self):
        """Enrol, and do what is due in all journeys that are switched on."""
        with session_lock(self.env.cr, LOCK, 0) as free:
            if free:
                self._run(self.env["ir.cron"]._commit_progress)

    def _run(self, commit):
        """Enrol, and do what is due; what is not reached is due the next time.

        :param commit: commits; called with what was done and what remains, it returns
            the seconds that are left
        """
        journeys = self.search([("active", "=", True)])
        commit()
        journeys._enrol_all(commit)
        Delivery = self.env["subscription.journey.delivery"]
        due = Delivery._due()
        remaining = sum(len(ids) for _step, ids in due)
        commit(remaining=remaining)
        for step, ids in due:
            for some in split_every(BATCH, ids, tuple):
                failed = Delivery._do_safely(some, commit)
                remaining -= len(some)
                if not commit(len(some), remaining=remaining):
                    return
                if 1 < len(some) == failed:
                    # Something is wrong with the step itself.
                    _logger.warning("Step %s of a journey fails for all", step.id)
                    break


class SubscriptionJourneyDelivery(models.Model):
    """Doing what is due in batches: the bad one is found and the rest done."""

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "subscription.journey.delivery"

    @api.model
    def _due(self):
        """Return what is due of journeys that are switched on: ``[(step, ids)]``.

        A pair for each company; the steps by their order, the ids ascending.
        """
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT due.step_id, due.ids
                  FROM (
                    SELECT step_id, company_id, array_agg(id ORDER BY id) AS ids
                      FROM subscription_journey_delivery
                     WHERE state = 'waiting' AND next_try_at <= %s
                  GROUP BY step_id, company_id
                  ) AS due
                  JOIN subscription_journey_step step ON step.id = due.step_id
                  JOIN subscription_journey journey ON journey.id = step.journey_id
                 WHERE journey.active
                 ORDER BY journey.sequence, journey.id, step.sequence,
                          step.offset_days, step.local_hour, step.id, due.company_id
                """,
                fields.Datetime.now(),
            )
        )
        steps = self.env["subscription.journey.step"]
        return [(steps.browse(step_id), ids) for step_id, ids in rows]

    @api.model
    def _do_safely(self, ids, commit):
        """Do deliveries of one step and company; halve what fails until one is left.

        :return: how many failed
        """
        failed = 0
        parts, tries = [list(ids)], 0
        if self.browse(ids[0]).step_id.channel == "action":
            # What an action does elsewhere cannot be taken back with the others.
            parts = [[id_] for id_ in reversed(ids)]
        while parts:
            part = parts.pop()
            try:
                self.browse(part)._do()
                commit()
                tries = 0
            except CONCURRENT:
                self._take_back()
                tries += 1
                if tries <= TRIES:
                    parts.append(part)
            except Exception as error:
                self._take_back()
                if len(part) > 1:
                    half = len(part) // 2
                    parts += [part[half:], part[:half]]
                    continue
                _logger.warning("Delivery %s failed", part[0], exc_info=True)
                self.browse(part)._fail(error)
                commit()
                failed += 1
        return failed

    def _take_back(self):
        self.env.cr.rollback()
        self.env.invalidate_all()

    def _do(self):
        """Do deliveries of one step and company that are due, or say why not.

        What is done and that it is done become true together; those that another
        process holds or has done are left alone.
        """
        now = fields.Datetime.now()
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT delivery.id
                  FROM subscription_journey_delivery delivery
                  JOIN subscription_journey journey
                    ON journey.id = delivery.journey_id AND journey.active
                 WHERE delivery.id = ANY(%s)
                   AND delivery.state = 'waiting'
                   AND delivery.next_try_at <= %s
                 ORDER BY delivery.id
                   FOR UPDATE OF delivery SKIP LOCKED
                """,
                self.ids,
                now,
            )
        )
        self.env.invalidate_all()
        due = self.browse(row[0] for row in rows)
        if not due:
            return
        verdicts = due._verdicts(now)
        due._settle(verdicts)
        go = {
            id_: verdict.partner_id
            for id_, verdict in verdicts.items()
            if verdict.action == "go"
        }
        if go:
            some = self.browse(go)
            getattr(some, f"_do_{some.step_id.channel}")(go)

    def _settle(self, verdicts):
        """Write what became of those that are not done."""
        states = {"wait": "waiting", "skip": "skipped"}
        rows = [
            (id_, states.get(one.action, "cancelled"), one.reason, one.until)
            for id_, one in verdicts.items()
            if one.action != "go"
        ]
        if not rows:
            return
        ids, to, reasons, until = map(list, zip(*rows, strict=True))
        self.env.execute_query(
            SQL(
                """
                UPDATE subscription_journey_delivery delivery
                   SET state = verdict.state, reason = verdict.reason,
                       next_try_at = COALESCE(verdict.until, delivery.next_try_at)
                  FROM unnest(%s::int[], %s::varchar[], %s::varchar[], %s::timestamp[])
                       AS verdict (id, state, reason, until)
                 WHERE delivery.id = verdict.id
             RETURNING delivery.id
                """,
                ids,
                to,
                reasons,
                until,
            )
        )
        stopped = {
            id_: one.reason for id_, one in verdicts.items() if one.action == "stop"
        }
        if stopped:
            self.browse(stopped)._stop(stopped)
        self.invalidate_model()
        self.browse(ids)._finish()

    def _stop(self, reasons):
        """Stop the enrolments of deliveries, and all that waits in them.

        :param reasons: ``{delivery id: reason}``
        """
        self.env.execute_query(
            SQL(
                """
                WITH stopped AS (
                    UPDATE subscription_journey_enrolment enrolment
                       SET state = 'stopped', stop_reason = stop.reason
                      FROM unnest(%s::int[], %s::varchar[]) AS stop (id, reason)
                      JOIN subscription_journey_delivery delivery USING (id)
                     WHERE enrolment.id = delivery.enrolment_id
                       AND enrolment.state = 'running'
                 RETURNING enrolment.id, stop.reason
                )
                UPDATE subscription_journey_delivery delivery
                   SET state = 'cancelled', reason = stopped.reason
                  FROM stopped
                 WHERE delivery.enrolment_id = stopped.id
                   AND delivery.state = 'waiting'
             RETURNING delivery.id
                """,
                list(reasons),
                list(reasons.values()),
            )
        )

    def _finish(self):
        """End the enrolments in which nothing waits any more."""
        self.env.execute_query(
            SQL(
                """
                UPDATE subscription_journey_enrolment enrolment
                   SET state = 'done'
                 WHERE state = 'running'
                   AND id IN (SELECT enrolment_id FROM subscription_journey_delivery
                               WHERE id = ANY(%s))
                   AND NOT EXISTS (
                       SELECT FROM subscription_journey_delivery waiting
                        WHERE waiting.enrolment_id = enrolment.id
                          AND waiting.state = 'waiting')
             RETURNING id
                """,
                self.ids,
            )
        )
        self.env["subscription.journey.enrolment"].invalidate_model()

    def _mark_done(self, messages=None):
        """Write that deliveries were done, in the transaction that does it.

        :param messages: ``{delivery id: (Message-ID, trace id)}`` of e-mails
        :raise ConcurrencyError: one of them does not wait any more
        """
        messages = messages or {}
        rows = self.env.execute_query(
            SQL(
                """
                UPDATE subscription_journey_delivery delivery
                   SET state = 'done', done_at = %s, reason = NULL, error = NULL,
                       message_id = done.message_id, trace_id = done.trace_id
                  FROM unnest(%s::int[], %s::varchar[], %s::int[])
                       AS done (id, message_id, trace_id)
                 WHERE delivery.id = done.id AND delivery.state = 'waiting'
             RETURNING delivery.id
                """,
                fields.Datetime.now(),
                self.ids,
                [messages.get(id_, (None, None))[0] for id_ in self.ids],
                [messages.get(id_, (None, None))[1] for id_ in self.ids],
            )
        )
        if len(rows) != len(self):
            raise ConcurrencyError("A delivery was settled by somebody else")
        self.invalidate_model()
        self._finish()

    def _fail(self, error):
        """Have a delivery tried again later; after the last time it has failed."""
        self.ensure_one()
        attempts = self.attempts + 1
        values = {"attempts": attempts, "error": error_text(error)}
        if attempts > len(BACKOFF):
            values["state"] = "failed"
        else:
            now = fields.Datetime.now()
            values["next_try_at"] = now + BACKOFF[attempts - 1]
        self.write(values)
        self.flush_recordset()
        self._finish()

    def action_retry(self):
        """Have deliveries that failed done again, by who may change journeys."""
        self.journey_id.check_access("write")
        failed = self.sudo().filtered(lambda one: one.state == "failed")
        now = fields.Datetime.now()
        failed.write({"state": "waiting", "attempts": 0, "next_try_at": now})
        ended = failed.enrolment_id.filtered(lambda one: one.state == "done")
        ended.write({"state": "running"})

    def action_cancel(self):
        """Cancel what waits; what asks about it is cancelled when it is due."""
        self.journey_id.check_access("write")
        self.sudo()._cancel()

    def _cancel(self):
        """Cancel what waits, and end the enrolments that waited for nothing else."""
        waiting = self.filtered(lambda one: one.state == "waiting")
        waiting.write({"state": "cancelled", "reason": "removed"})
        waiting.flush_recordset()
        waiting._finish()
