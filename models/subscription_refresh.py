# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging
import time
from contextlib import contextmanager
from datetime import timedelta
from zlib import crc32

import pandas as pd
import psycopg2

from odoo import api, fields, models
from odoo.exceptions import ConcurrencyError, UserError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL, format_date

from ..signals.frame import whole_sets
from ..signals.renewals import recurring_invoices
from ..signals.usage import feed_outage
from .bulk import store
from .errors import error_text
from .scoring import (
    SUBSCRIPTION_COLUMNS,
    TABLES,
    company_scores,
    subscription_scores,
)
from .session_lock import session_lock

_logger = logging.getLogger(__name__)

#: Rows that are written between two commits: a second or so, which is what a killed run
#: loses and what a user who saves the same row waits.
BATCH = 20_000
#: Subscriptions that are booked between two commits; each takes some milliseconds.
BOOKED = 1_000
#: How often a step is tried again that lost against a concurrent change, and how often
#: a day a run that failed.
TRIES = 3
#: A run whose process still lives but has not moved for so long is reported.
SILENCE = timedelta(hours=1)
KEEP_DAYS = 90
#: The scheduler that bills subscriptions, and when it is looked at again if it works.
BILLING = "subscription_oca.ir_cron_subscription_management"
BILLING_PATIENCE = timedelta(minutes=5)
#: The scheduler that refreshes.
CRON = "subscription_segmentation.ir_cron_subscription_refresh"
#: A run with more rows that fail has something else wrong with it.
MOST_FAILURES = 100
#: First half of the key of the advisory lock; the second one is the company.
LOCK = crc32(b"subscription.refresh") - 2**31
#: What the seconds of a phase are called.
SECONDS = {
    "computing": "compute",
    "applying": "apply",
    "segmenting": "segment",
    "raising": "segment",
    "checking": "check",
}
OPEN = ("waiting", "reconciling", *SECONDS)
#: Somebody else changed something at the same time: the step can be tried again.
AGAIN = (*PG_CONCURRENCY_EXCEPTIONS_TO_RETRY, ConcurrencyError)


class SubscriptionRefresh(models.Model):
    """One run that brings a company's scores to a day.

    First what the ledger has missed is booked; then all is computed in one snapshot
    into staging tables; then these are applied in batches, each committed, rows that
    do not differ left alone; then the segments are evaluated, each whole, and tickets
    raised (``subscription_refresh_segments.py``); then the health rules are checked
    (``subscription_refresh_health.py``). A run that was killed goes on where it was:
    the columns ``state`` and ``last_id`` say where, the staging tables wait for it, and
    if they were lost (they are not logged) it computes again.
    """

    _name = "subscription.refresh"
    _description = "Subscription Refresh"
    _order = "id desc"
    _rec_name = "company_id"

    company_id = fields.Many2one(
        comodel_name="res.company", required=True, readonly=True, index=True
    )
    as_of = fields.Date(
        required=True,
        readonly=True,
        help="The day that the scores speak of.",
    )
    state = fields.Selection(
        selection=[
            ("waiting", "Waiting"),
            ("reconciling", "Comparing With the Ledger"),
            ("computing", "Computing"),
            ("applying", "Applying"),
            ("segmenting", "Evaluating Segments"),
            ("raising", "Raising Priorities"),
            ("checking", "Checking Health"),
            ("done", "Done"),
            ("failed", "Failed"),
        ],
        default="waiting",
        required=True,
        readonly=True,
    )
    start_datetime = fields.Datetime(string="Started", readonly=True)
    heartbeat = fields.Datetime(
        string="Last Sign of Life", readonly=True, help="When it last moved on."
    )
    last_table = fields.Char(readonly=True)
    last_id = fields.Integer(readonly=True, aggregator=None)
    last_movement_id = fields.Integer(
        readonly=True,
        aggregator=None,
        help="The last movement that was there when the scores were computed.",
    )
    again = fields.Boolean(
        readonly=True,
        help="Somebody asked for a refresh after this one had begun: another follows.",
    )
    total_count = fields.Integer(string="Steps in All", readonly=True, aggregator=None)
    done_count = fields.Integer(string="Steps Done", readonly=True, aggregator=None)
    progress = fields.Float(compute="_compute_progress", help="In percent.")
    booked_count = fields.Integer(
        string="Movements Booked",
        readonly=True,
        help="What the ledger had missed.",
    )
    seen_count = fields.Integer(
        string="Rows Seen",
        readonly=True,
        help="Subscriptions and customers that were computed.",
    )
    changed_count = fields.Integer(
        string="Rows Changed",
        readonly=True,
        help="Of those seen, the ones that differed and were written.",
    )
    failed_count = fields.Integer(string="Rows Failed", readonly=True)
    reconcile_seconds = fields.Float(readonly=True, digits=(8, 3))
    compute_seconds = fields.Float(readonly=True, digits=(8, 3))
    apply_seconds = fields.Float(readonly=True, digits=(8, 3))
    error = fields.Text(readonly=True)
    failure_ids = fields.One2many(
        comodel_name="subscription.refresh.failure",
        inverse_name="refresh_id",
        string="Failures",
        readonly=True,
    )

    _one_at_a_time = models.UniqueIndex(
        "(company_id) WHERE state NOT IN ('done', 'failed')",
        "A refresh of this company is not finished yet.",
    )

    @api.depends("done_count", "total_count", "state")
    def _compute_progress(self):
        for run in self:
            part = run.done_count / run.total_count if run.total_count else 0
            run.progress = 100 if run.state == "done" else 100 * min(part, 1)

    # --- who runs it ------------------------------------------------------------------

    @api.model
    def _request(self, company, as_of=None):
        """Return the company's run that is to be worked on, made if there is none."""
        run = self.search(
            [("company_id", "=", company.id), ("state", "in", OPEN)], limit=1
        )
        return run or self.create(
            {
                "company_id": company.id,
                "as_of": as_of or company._subscription_today(),
            }
        )

    @api.model
    def _request_again(self, company):
        """Have what is now so seen by a run: the next one, or one after it."""
        run = self._request(company)
        if run.state != "waiting":
            run.again = True
        self.env.ref(CRON).sudo()._trigger()
        return run

    def action_refresh_now(self):
        """Have the companies of the user refreshed as soon as a worker is free."""
        self.browse().check_access("read")
        runs = self.sudo().browse()
        for company in self.env.companies:
            runs |= runs._request_again(company)
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "subscription_segmentation.subscription_refresh_action"
        )
        if len(runs) == 1:
            action.update(res_id=runs.id, views=[(False, "form")])
        return action

    @api.model
    def _cron_refresh(self):
        """Go on with runs that are not finished and start those of the day.

        Hourly, so that each company has its own soon after its midnight.
        """
        commit = self.env["ir.cron"]._commit_progress
        companies = self._companies()
        left = len(companies)
        commit(remaining=left)
        for company in companies:
            while run := self._due(company):
                if not run._run(lambda left=left: commit(1, remaining=left)):
                    # Out of time: Odoo calls again. While subscriptions are billed it
                    # would call at once, and in vain.
                    if not self._hold_billing():
                        cron = self.env.ref(CRON)
                        cron._trigger(at=fields.Datetime.now() + BILLING_PATIENCE)
                        commit(remaining=0)
                    return
                if run.state in OPEN:
                    break  # another process works on it
            left -= 1
            commit(remaining=left)

    @api.model
    def _companies(self):
        """Return the companies that have subscriptions, or a run to be finished."""
        Subscription = self.env["sale.subscription"].with_context(active_test=False)
        rows = Subscription._read_group([], ["company_id"])
        companies = self.search([("state", "in", OPEN)]).company_id
        return companies.union(*(row[0] for row in rows))

    @api.model
    def _due(self, company):
        """Return the run that a company needs next, none if it had that of the day."""
        domain = [("company_id", "=", company.id)]
        if run := self.search(domain + [("state", "in", OPEN)], limit=1):
            return run
        # On half of the history it would score, tag and raise wrongly: what reads it
        # asks for a run when it is through.
        unread = domain + [("state", "!=", "done")]
        if self.env["subscription.backfill"].search_count(unread, limit=1):
            return self.browse()
        today = company._subscription_today()
        states = self.search(domain + [("as_of", "=", today)]).mapped("state")
        if "done" in states or states.count("failed") >= TRIES:
            return self.browse()
        return self._request(company, today)

    @api.model
    def _refresh_company(self, company, as_of, commit):
        """Refresh a company as of a day, after what is not finished; return the run."""
        run = self._request(company, as_of)
        if run.state != "waiting" or run.as_of != as_of:
            run._run(commit)
            run = self._request(company, as_of)
        run._run(commit)
        return run

    def _run(self, commit):
        """Work on the run until it is finished, unless another process does.

        :param commit: called after each step; returns what is falsy to break off
        :return: False if it was broken off, or waits while subscriptions are billed
        """
        self.ensure_one()
        with self._exclusive(self.company_id) as free:
            if free:
                commit()  # a step that must be begun again takes nothing else back
            tries = 0
            while free and self.state in OPEN:
                try:
                    if not self._hold_billing():
                        return False  # goes on when it is done
                    self._work()
                    go_on = commit()
                    tries = 0
                except AGAIN as error:
                    # Somebody saved one of the rows at the same time: look again.
                    self.env.cr.rollback()
                    self.env.invalidate_all()
                    tries += 1
                    if tries > TRIES:
                        self._fail(error)
                        commit()
                    continue
                if not go_on and self.state in OPEN:
                    return False
        return True

    @api.model
    def _hold_billing(self):
        """Keep subscription_oca's billing from starting; return whether it is idle.

        It bills all in one transaction, which would be lost as a whole if a row that it
        has still to write were written here meanwhile. Until the next commit.
        """
        cron = self.env.ref(BILLING, raise_if_not_found=False)
        return not cron or bool(
            self.env.execute_query(
                SQL(
                    "SELECT id FROM ir_cron WHERE id = %s"
                    " FOR NO KEY UPDATE SKIP LOCKED",
                    cron.id,
                )
            )
        )

    @contextmanager
    def _exclusive(self, company):
        """Hold a company's lock; yields False if another process has it.

        It belongs to the session: it outlives commits and ends with the process.
        """
        with session_lock(self.env.cr, LOCK, company.id) as free:
            yield free

    @api.model
    def _cron_watch(self):
        """Tell managers, once, of a run whose process lives but does not move.

        By a scheduler of its own, as Odoo waits for the one that hangs. The run itself
        is not written on, which could make its process begin the step again.
        """
        limit = fields.Datetime.now() - SILENCE
        for run in self.search([("state", "in", OPEN), ("heartbeat", "<", limit)]):
            with self._exclusive(run.company_id) as free:
                told = self.env["mail.message"].search_count(
                    [
                        ("model", "=", self._name),
                        ("res_id", "=", run.id),
                        ("date", ">", run.heartbeat),
                    ]
                )
                if not free and not told:
                    run._notify_managers(
                        self.env._(
                            "Another process holds this run and has not moved since "
                            "%(time)s UTC. End that process or restart Odoo: the next "
                            "run then takes over.",
                            time=run.heartbeat,
                        )
                    )

    # --- one step ---------------------------------------------------------------------

    def _work(self):
        """Do the next step; nothing is committed here.

        An error ends the run, named on it, and is told to the managers.

        :raise psycopg2.Error, ConcurrencyError: a concurrent change, the step can be
            tried again
        """
        self.ensure_one()
        begin = time.monotonic()
        phase = "reconcile" if self.state in ("waiting", "reconciling") else self.state
        try:
            with self.env.cr.savepoint():
                getattr(self, f"_{phase}")()
                self._add_seconds(begin, phase)
        except AGAIN:
            raise
        except Exception as error:
            self.env.invalidate_all()
            _logger.exception("Refresh of %s failed", self.company_id.name)
            self._fail(error)

    def _fail(self, error):
        """End the run with an error."""
        self.write({"state": "failed", "error": error_text(error)})
        self._end(self.error)

    def _finish(self):
        """End the run that has done all."""
        self.env["subscription.score.history"]._record(self.company_id, self.as_of)
        # What a day of the past says of what runs is not what is so now.
        if self.as_of >= self.company_id._subscription_today():
            # An end that was known before is booked on no day of its own.
            self.env["subscription.notice"]._close_ended(
                [("company_id", "=", self.company_id.id)]
            )
            self.env["subscription.offer.grant"]._keep_up(
                [("company_id", "=", self.company_id.id)]
            )
            self._watch_usage()
            self.env["subscription.customer"]._name_account_managers(self.company_id)
        self.state = "done"
        _logger.info(
            "Refreshed %s as of %s: %s rows seen, %s changed, %s failed",
            self.company_id.name,
            self.as_of,
            self.seen_count,
            self.changed_count,
            self.failed_count,
        )
        if self.failed_count:
            self._end(
                self.env._("%s rows failed, see the list.", self.failed_count),
            )
        else:
            self._end()

    def _end(self, notice=None):
        """Clear up, tell managers what went wrong, see to what was asked for since."""
        self.flush_recordset()
        self._drop_staging()
        if notice:
            self._notify_managers(notice)
        if self.again:
            self._request(self.company_id)

    def _add_seconds(self, begin, phase):
        name = SECONDS.get(phase, phase)
        self[f"{name}_seconds"] += time.monotonic() - begin
        self.heartbeat = fields.Datetime.now()
        self.flush_recordset()

    # --- comparing with the ledger ----------------------------------------------------

    def _reconcile(self):
        """Book what the ledger has missed, batch by batch of subscriptions.

        The ledger is told of today only: a run of a past day has nothing to compare.
        """
        if self.state == "waiting":
            self.write(
                {
                    "state": "reconciling",
                    "start_datetime": fields.Datetime.now(),
                    "last_id": 0,
                }
            )
        ids = []
        if self.as_of >= self.company_id._subscription_today():
            missed = self.env["sale.subscription"]._to_reconcile(self.company_id)
            ids = [id_ for id_ in missed._ids if id_ > self.last_id]
        now, later = ids[:BOOKED], ids[BOOKED:]
        self._bisect(now, "sale.subscription", self._reconcile_ids)
        self.done_count += len(now)
        self.total_count = self.done_count + len(later)
        if later:
            self.last_id = now[-1]
        else:
            self.write({"state": "computing", "last_id": 0})

    def _reconcile_ids(self, ids):
        subscriptions = self.env["sale.subscription"].browse(ids)
        self.booked_count += len(subscriptions._reconcile(origin="reconciled"))

    def _bisect(self, items, model, work):
        """Do work on ids, or on tuples of ids that belong together.

        Of those that fail, the smallest parts are named. What is wrong with all of them
        alike (a column is missing, nearly all fail) is raised.

        :return: results of the parts that succeeded
        """
        if not items:
            return []
        try:
            with self.env.cr.savepoint():
                return [work(items)]
        except psycopg2.errors.LockNotAvailable as error:
            failure = error  # a row is held for longer than we wait: the others go on
        except (psycopg2.ProgrammingError, *PG_CONCURRENCY_EXCEPTIONS_TO_RETRY):
            raise
        except Exception as error:
            failure = error
        self.env.invalidate_all()
        if len(items) > 1:
            half = len(items) // 2
            first = self._bisect(items[:half], model, work)
            return first + self._bisect(items[half:], model, work)
        if self.failed_count >= MOST_FAILURES:
            raise failure
        _logger.info("%s %s of the refresh failed", model, items, exc_info=failure)
        for id_ in items[0] if isinstance(items[0], tuple) else items:
            self._record_failure(self.env[model].browse(id_), failure)
        return []

    def _record_failure(self, record, error):
        self._name_failure(record, error)
        self.failed_count += 1

    def _name_failure(self, record, error):
        """Write down a record that failed; return the reason."""
        reason = error_text(error)
        self.env["subscription.refresh.failure"].create(
            {
                "refresh_id": self.id,
                "model": record._name,
                "res_id": record.id,
                "name": record.exists().display_name or f"{record._name} {record.id}",
                "error": reason,
            }
        )
        return reason

    # --- computing --------------------------------------------------------------------

    def _computing(self):
        """Compute the company into the staging tables, in this one snapshot."""
        self.env.flush_all()
        with whole_sets(self.env):
            subscriptions, customers = company_scores(
                self.env, self.company_id, self.as_of, *self._subscription_scores()
            )
        # What was said of a customer without one that failed would be wrong.
        failed = self.env["sale.subscription"].browse(
            failure.res_id
            for failure in self.failure_ids
            if failure.model == "sale.subscription"
        )
        incomplete = failed.exists().customer_id.ids
        customers = customers[~customers.index.isin(incomplete)]
        subscriptions = subscriptions[[*SUBSCRIPTION_COLUMNS, "last_movement_id"]]
        self._stage("sale.subscription", subscriptions)
        self._stage("subscription.customer", customers)
        self.env.cr.execute("SELECT COALESCE(MAX(id), 0) FROM subscription_movement")
        seen = len(subscriptions) + len(customers)
        self.write(
            {
                "state": "applying",
                "last_table": next(iter(TABLES)),
                "last_id": 0,
                "last_movement_id": self.env.cr.fetchone()[0],
                "seen_count": seen,
                # Computing is a step as long as applying is.
                "done_count": self.done_count + seen,
                "total_count": self.done_count + 2 * seen,
            }
        )

    def _subscription_scores(self):
        """Return the subscriptions' scores, and the invoices they were made of.

        Those that cannot be scored are named.
        Should computing all at once fail, it is done by ever smaller parts, but not
        smaller than a customer, whose subscriptions continue each other.
        """

        def compute(ids=None):
            read = self.env, self.company_id, self.as_of, ids
            invoices = recurring_invoices(*read)
            return subscription_scores(*read, invoices), invoices

        try:
            with self.env.cr.savepoint():
                return compute()
        except (psycopg2.ProgrammingError, *PG_CONCURRENCY_EXCEPTIONS_TO_RETRY):
            raise
        except Exception as error:
            self.env.invalidate_all()
            _logger.info("Computing %s by parts", self.company_id.name, exc_info=True)
            failure = error
        rows = self.env.execute_query(
            SQL(
                """
                SELECT ARRAY_AGG(id ORDER BY id) FROM sale_subscription
                 WHERE company_id = %s
              GROUP BY COALESCE(customer_id, -id)
                """,
                self.company_id.id,
            )
        )
        parts = self._bisect(
            [tuple(row[0]) for row in rows],
            "sale.subscription",
            lambda customers: compute([id_ for ids in customers for id_ in ids]),
        )
        if not parts:
            raise failure
        return [pd.concat(part) for part in zip(*parts, strict=True)]

    # --- applying ---------------------------------------------------------------------

    def _applying(self):
        """Write the next batch of staged rows that differ."""
        if not self._is_staged():
            # PostgreSQL broke down and emptied them (they are not logged), or the
            # addon was updated meanwhile.
            self.failure_ids.unlink()
            self.write(
                {
                    "state": "computing",
                    "last_id": 0,
                    "changed_count": 0,
                    "failed_count": 0,
                }
            )
            return
        model = self.last_table
        ids = [
            row[0]
            for row in self.env.execute_query(
                SQL(
                    "SELECT id FROM %s WHERE id > %s ORDER BY id LIMIT %s",
                    SQL.identifier(self._staging(model)),
                    self.last_id,
                    BATCH,
                )
            )
        ]
        if ids:
            changed = self._bisect(ids, model, lambda some: self._apply(model, some))
            self.write(
                {
                    "last_id": ids[-1],
                    "changed_count": self.changed_count + sum(changed),
                    "done_count": self.done_count + len(ids),
                }
            )
        elif model == list(TABLES)[-1]:
            self._begin_segmenting()
        else:
            self.write({"last_table": list(TABLES)[-1], "last_id": 0})

    # --- one subscription -------------------------------------------------------------

    @api.model
    def _refresh_records(self, subscriptions):
        """Bring some subscriptions of one company, and their customers, to today.

        All of the company are looked at, as F and M compare them; only these written.
        """
        company = subscriptions.company_id
        today = company._subscription_today()
        with self._exclusive(company) as free:
            if not free:
                raise UserError(
                    self.env._(
                        "A refresh of %s is running: try again when it is done.",
                        company.name,
                    )
                )
            self._bring_to(today, subscriptions)

    @api.model
    def _bring_to(self, today, subscriptions):
        """Do what a refresh does with some subscriptions, while the lock is held."""
        company = subscriptions.company_id
        subscriptions._reconcile(origin="reconciled")
        self.env.flush_all()
        scores, customer_scores = company_scores(
            self.env, company, today, subscription_scores(self.env, company, today)
        )
        # What has ended stays with its customer when it is given to another company.
        customers = subscriptions.customer_id.filtered(
            lambda customer: customer.company_id == company
        )
        store(
            subscriptions.browse(),
            scores.loc[subscriptions.ids, SUBSCRIPTION_COLUMNS],
        )
        store(customers.browse(), customer_scores.loc[customers.ids])

    # --- afterwards -------------------------------------------------------------------

    def _notify_managers(self, text):
        """Send a notice to the managers of the company."""
        managers = self.env.ref("subscription_segmentation.group_manager").all_user_ids
        partners = managers.filtered(
            lambda user: self.company_id in user.company_ids
        ).partner_id
        if partners:
            self.env["mail.thread"].message_notify(
                model=self._name,
                res_id=self.id,
                partner_ids=partners.ids,
                subject=self.env._("Refresh of %s", self.company_id.name),
                body=text,
            )

    def _watch_usage(self):
        """Tell managers, once, that usage is not reported any more.

        Signals of usage are missing then: nobody is scored as one who stopped using.
        """
        company = self.company_id.sudo()
        last = feed_outage(self.env, company, self.as_of)
        if last and not company.subscription_usage_outage_date:
            self._notify_managers(
                self.env._(
                    "No usage was reported for any subscription since %s. Until "
                    "reports come in again, the signals of usage count as unknown. "
                    "Look at the program that reports it.",
                    format_date(self.env, last),
                )
            )
        company.subscription_usage_outage_date = last

    @api.autovacuum
    def _gc_runs(self):
        """Remove the runs of long ago."""
        limit = fields.Datetime.now() - timedelta(days=KEEP_DAYS)
        old = self.search([("create_date", "<", limit), ("state", "not in", OPEN)])
        old.unlink()
