# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging
from dataclasses import replace

import pandas as pd

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from ..analytics import backfill
from ..signals.evidence import evidence
from .bulk import store

_logger = logging.getLogger(__name__)

#: Subscriptions per batch: a few seconds of work, of which a killed run loses one.
BATCH = 500


class SubscriptionBackfill(models.Model):
    """The history of a company's subscriptions from before the addon was installed.

    Goes through subscriptions by id and books what old records say of those that the
    ledger does not know. Managers read it; what they do with it goes through its
    actions.
    """

    _name = "subscription.backfill"
    _description = "History Before Installation"
    _order = "id desc"
    _rec_name = "company_id"

    company_id = fields.Many2one(
        comodel_name="res.company", required=True, readonly=True, index=True
    )
    state = fields.Selection(
        selection=[("todo", "To Do"), ("running", "Running"), ("done", "Done")],
        default="todo",
        required=True,
        readonly=True,
    )
    last_id = fields.Integer(
        readonly=True, help="Subscriptions up to this one have been gone through."
    )
    total = fields.Integer(
        string="Subscriptions",
        readonly=True,
        aggregator=None,
        help="Those that the ledger does not know, archived ones too.",
    )
    done_count = fields.Integer(
        string="Done",
        readonly=True,
        aggregator=None,
        help="Those gone through; one that never ran has no history.",
    )
    failure_ids = fields.One2many(
        comodel_name="subscription.backfill.failure",
        inverse_name="backfill_id",
        string="Failures",
        readonly=True,
    )
    failed_count = fields.Integer(string="Failed", compute="_compute_progress")
    progress = fields.Float(compute="_compute_progress", help="In percent.")
    invoiced_count = fields.Integer(
        string="Invoiced",
        compute="_compute_origin_counts",
        help="Movements of the company that an invoice shows.",
    )
    tracked_count = fields.Integer(
        string="Tracked",
        compute="_compute_origin_counts",
        help="Movements of the company that a change kept in the chatter shows.",
    )
    assumed_count = fields.Integer(
        string="Assumed",
        compute="_compute_origin_counts",
        help="Movements of the company whose day or amount is assumed; the reason says "
        "what from.",
    )

    _unfinished_unique = models.UniqueIndex(
        "(company_id) WHERE state <> 'done'",
        "The history of this company is being read already.",
    )

    @api.depends("failure_ids", "total", "done_count", "state")
    def _compute_progress(self):
        for backfill_ in self:
            failed = len(backfill_.failure_ids)
            worked = backfill_.done_count + failed
            backfill_.failed_count = failed
            if backfill_.state == "done":
                backfill_.progress = 100
            else:
                backfill_.progress = 100 * worked / (backfill_.total or 1)

    @api.depends("done_count", "company_id")
    def _compute_origin_counts(self):
        counts = {
            (company.id, origin): count
            for company, origin, count in self.env["subscription.movement"]._read_group(
                [
                    ("company_id", "in", self.company_id.ids),
                    ("origin", "in", backfill.ORIGINS),
                ],
                ["company_id", "origin"],
                ["__count"],
            )
        }
        for backfill_ in self:
            for origin in backfill.ORIGINS:
                key = backfill_.company_id.id, origin
                backfill_[f"{origin}_count"] = counts.get(key, 0)

    # --- running ----------------------------------------------------------------------

    @api.model
    def _start(self, companies):
        """Read the history of companies in the background, from the beginning."""
        self.flush_model()  # one that is done makes room for the next
        started = self.create([{"company_id": company.id} for company in companies])
        for backfill_ in started:
            backfill_.total = backfill_._count_left()
        if started:
            self._trigger_cron()
        return started

    @api.model
    def _trigger_cron(self):
        cron = "subscription_segmentation.ir_cron_subscription_backfill"
        self.env.ref(cron)._trigger()

    def _work(self, limit=BATCH):
        """Book the history of the next batch and return how many are left.

        A batch that fails is tried again one by one, so that a bad subscription is
        named and stops no other. Nothing is committed here.

        :raise LockError: the company is being worked on elsewhere
        :raise psycopg2.Error: a concurrent change, the batch can be tried again
        """
        self.ensure_one()
        self.lock_for_update(allow_referencing=True)
        Subscription = self.env["sale.subscription"].with_context(active_test=False)
        batch = Subscription.search(self._left(), order="id", limit=limit)
        if batch and not self._try(batch):
            for subscription in batch:
                self._try(subscription)
        if batch:
            self.last_id = batch[-1].id
        remaining = self._count_left()
        worked = self.done_count + self.failed_count
        self.write(
            {
                "total": worked + remaining,
                "state": "running" if remaining else "done",
            }
        )
        if not remaining:
            _logger.info(
                "Read the history of %s: %s subscriptions done, %s failed",
                self.company_id.name,
                self.done_count,
                self.failed_count,
            )
            self.env["subscription.refresh"]._request_again(self.company_id)
        return remaining

    def _left(self):
        """Return the domain of subscriptions that are still to be gone through."""
        return Domain(
            [
                ("company_id", "=", self.company_id.id),
                ("id", ">", self.last_id),
                ("movement_ids", "=", False),
            ]
        )

    def _count_left(self):
        Subscription = self.env["sale.subscription"].with_context(active_test=False)
        return Subscription.search_count(self._left())

    def _try(self, subscriptions):
        """Book in a savepoint; return False to have them tried one by one."""
        try:
            with self.env.cr.savepoint():
                self._book(subscriptions)
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            raise  # passes: the subscriptions are fine, the transaction is not
        except Exception as error:
            self.env.invalidate_all()
            if len(subscriptions) > 1:
                return False
            _logger.info("History of %s failed", subscriptions, exc_info=True)
            self.env["subscription.backfill.failure"].create(
                {
                    "backfill_id": self.id,
                    "subscription_id": subscriptions.id,
                    "reference": subscriptions.display_name or str(subscriptions.id),
                    "error": str(error),
                }
            )
        else:
            self.done_count += len(subscriptions)
        return True

    def _book(self, subscriptions):
        """Book what old records say of subscriptions of the company.

        What they are sold as now they are assumed to have been from the start.
        """
        company = self.company_id
        today = company._subscription_today()
        found = evidence(self.env, company, today, subscriptions.ids)
        events = {
            subscription: some
            for subscription in subscriptions
            if subscription.id in found
            and (some := backfill.events(found[subscription.id]))
        }
        if not events:
            return
        subscriptions = subscriptions.browse(sub.id for sub in events)
        customers = {
            customer.partner_id.id: customer.id
            for customer in self.env["subscription.customer"]._ensure(
                subscriptions.partner_id, company
            )
        }
        # As stored, not written: nothing of the subscription itself changes.
        store(
            subscriptions.browse(),
            pd.DataFrame(
                {
                    "customer_id": [
                        customers[found[i].customer] for i in subscriptions.ids
                    ]
                },
                index=subscriptions.ids,
            ),
        )
        self.env["subscription.movement"]._book(
            {
                subscription: [_of(event, customers) for event in some]
                for subscription, some in events.items()
            },
            today,
        )
        days = {sub.id: (some[0].date,) * 2 for sub, some in events.items()}
        self.env["subscription.terms"]._tell(days, "assumed")

    @api.model
    def _cron_work(self):
        """Go on with what is not finished, batch by batch."""
        Cron = self.env["ir.cron"]
        for backfill_ in self.search([("state", "!=", "done")], order="id"):
            remaining = backfill_._count_left()
            Cron._commit_progress(remaining=remaining)
            while backfill_.state != "done":
                before, remaining = remaining, backfill_._work()
                done = max(before - remaining, 0)
                if not Cron._commit_progress(done, remaining=remaining):
                    return

    # --- actions ----------------------------------------------------------------------

    def action_continue(self):
        """Go on with one that has stopped."""
        self._for_manager()._trigger_cron()

    def action_run_again(self):
        """Go through the subscriptions that the ledger does not know once more."""
        backfill_ = self._for_manager()
        again = backfill_._start(backfill_.company_id)
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": again.id,
            "view_mode": "form",
        }

    def _for_manager(self):
        """Return the record with all rights, for one who may read it: a manager."""
        self.ensure_one()
        self.check_access("read")
        return self.sudo()

    def action_open_movements(self):
        """Open the movements from before the installation, by how they are known."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "subscription_segmentation.subscription_movement_action"
        )
        action["domain"] = [
            ("company_id", "=", self.company_id.id),
            ("origin", "in", backfill.ORIGINS),
        ]
        action["context"] = {"search_default_group_by_origin": True}
        return action


def _of(event, customers):
    """Return an event of a customer for one of a commercial partner."""
    if event.state is None:
        return event
    customer = customers[event.state.customer]
    return replace(event, state=replace(event.state, customer=customer))
