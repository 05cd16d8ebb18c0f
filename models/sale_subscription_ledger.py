# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging
from contextlib import contextmanager
from dataclasses import replace
from itertools import compress

import pandas as pd

from odoo import api, fields, models
from odoo.http import request
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from ..analytics import history, ledger
from ..signals.subscriptions import differing, present
from .bulk import store

_logger = logging.getLogger(__name__)

#: Context flag of those who tell the ledger themselves what they write, like imports.
TOLD = "subscription_history_is_told"
#: Context key inside a write of the stage, where subscription_oca sets the start date
#: to today: the ids that are written.
STAGED = "subscription_stage_is_written"
#: Key of what is marked, in the data of the cursor's precommit hooks.
MARKED = "subscription_segmentation.marked"
#: Fields that make a subscription something else.
TRIGGERS = {
    "active",
    "company_id",
    "currency_id",
    "date_start",
    "fiscal_position_id",
    "in_progress",
    "is_paused",
    "partner_id",
    "payment_method",
    "pricelist_id",
    "sale_order_id",
    "sale_subscription_line_ids",
    "stage_id",
    "template_id",
}


class SaleSubscription(models.Model):
    """History as it happens: what subscriptions become is booked when they do.

    Writing on a subscription only marks it. At the end of the transaction, and where
    Odoo flushes it, what is marked is compared with the ledger, and the difference is
    booked as of today: many writes give one movement. A fault of ours is logged and
    stops nobody; the nightly reconciliation compares all subscriptions in the same way
    and books what was missed.
    """

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "sale.subscription"

    # --- marking ----------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        # What is not given is the day on which the server was started.
        dated = [bool(vals.get("date_start")) for vals in vals_list]
        subscriptions = super().create(vals_list)
        subscriptions._mark_changed()
        running = subscriptions.filtered(lambda sub: sub.stage_type == "in_progress")
        told = subscriptions.browse(compress(subscriptions.ids, dated))
        (running & told)._mark_changed(start_moved=True)
        return subscriptions

    def write(self, vals):
        if TRIGGERS.isdisjoint(vals):
            return super().write(vals)
        moved = self.browse()
        if "date_start" in vals:
            start = fields.Date.to_date(vals["date_start"])
            staged = self.env.context.get(STAGED, ())
            moved = self.filtered(
                lambda sub: sub.id not in staged and sub.date_start != start
            )
        if "stage_id" in vals:
            self = self.with_context(**{STAGED: frozenset(self.ids)})
        result = super().write(vals)
        if "stage_id" in vals:
            # What starts them sets the start date to today, whatever was given.
            moved = moved.filtered(lambda sub: sub.stage_type != "in_progress")
        self._mark_changed()
        moved._mark_changed(start_moved=True)
        return result

    def unlink(self):
        if not self.env.context.get(TOLD):
            with self._for_ledger()._harmless() as subscriptions:
                subscriptions._book_differences(deleted=True)
        return super().unlink()

    def _mark_changed(self, start_moved=False):
        """Have the subscriptions compared with the ledger when the transaction ends.

        :param start_moved: somebody corrected the start date
        """
        if not self or self.env.context.get(TOLD):
            return
        hooks = self.env.cr.precommit
        if MARKED not in hooks.data:
            hooks.data[MARKED] = {}
            hooks.add(self._for_ledger().browse()._reconcile_marked)
        marked = hooks.data[MARKED]
        for id_ in self.ids:
            marked[id_] = start_moved or marked.get(id_, False)

    @api.model
    def _reconcile_marked(self):
        marked = self.env.cr.precommit.data.pop(MARKED, {})
        moved = {id_ for id_, start_moved in marked.items() if start_moved}
        with self.browse(marked)._harmless() as subscriptions:
            subscriptions = subscriptions.exists()
            subscriptions._reconcile(start_moved=subscriptions.browse(moved))

    def _for_ledger(self):
        """Return the subscriptions for one who may write the ledger.

        Without the context of the writer, whose defaults are not meant for movements.
        """
        return self.with_env(self.env(su=True, context={TOLD: True}))

    @contextmanager
    def _harmless(self):
        """Work in a savepoint, so that a fault of ours is logged and nothing else.

        What is pending of others is flushed before, and no hook of theirs runs inside,
        as in a savepoint that flushes by itself: their faults stay theirs.
        """
        cr = self.env.cr
        self.env.flush_all()
        try:
            with cr.savepoint(flush=False):
                yield self
                self.env.flush_all()
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            self.env.transaction.clear()
            # Odoo repeats a request as a whole, but nothing else: a billing run would
            # be lost.
            if request:
                raise
            _logger.info(
                "Subscriptions %s changed at the same time elsewhere: what happened to "
                "them is booked by the next refresh.",
                self.ids,
            )
        except Exception:
            self.env.transaction.clear()
            _logger.exception(
                "What happened to subscriptions %s could not be booked: the next "
                "refresh tries again.",
                self.ids,
            )

    # --- comparing --------------------------------------------------------------------

    @api.model
    def _to_reconcile(self, company):
        """Return those of a company of which something else is told, deleted ones too.

        By the ledger, or by the terms.
        """
        found = differing(self.env, company=company)
        return self.browse(sorted({*found.booked, *found.sold}))

    def _reconcile(self, origin="recorded", start_moved=None):
        """Book as of today where the ledger differs from what subscriptions are now.

        What the ledger says of later days stays. What they are sold as is told
        likewise. Of any companies; where nothing differs nothing is written.

        :param origin: how it is known; ``reconciled`` movements say what differed
        :param start_moved: those of which somebody corrected the start date
        :return: the new movements
        """
        subscriptions = self - self._left_to_backfill()
        found = differing(self.env, subscriptions.ids)
        ids = set(found.booked)
        if start_moved:
            ids.update((subscriptions & start_moved).ids)
        own = self._for_ledger()
        movements = own.browse(sorted(ids))._book_differences(origin, start_moved)
        own.browse(found.sold)._tell_terms(origin)
        return movements

    def _tell_terms(self, origin):
        """Tell what subscriptions are sold as from today on."""
        days = {}
        for company, subscriptions in self.grouped("company_id").items():
            today = company._subscription_today()
            days.update(dict.fromkeys(subscriptions.ids, (today, today)))
        self.env["subscription.terms"]._tell(days, origin)

    def _left_to_backfill(self):
        """Return those whose past is still to be filled in, which books them itself.

        To be extended by what fills in the past of a database: a start of today would
        be wrong for those that the ledger does not know of yet.
        """
        return self.browse()

    def _book_differences(self, origin="recorded", start_moved=None, deleted=False):
        """Book what subscriptions are now; those that do not exist have ended.

        :param deleted: they are about to be deleted
        """
        Movement = self.env["subscription.movement"]
        now = present(self.env, [] if deleted else self.ids).to_dict("index")
        booked = Movement._history(self)
        existing = self.exists()
        companies = {sub.id: sub.company_id for sub in existing}
        for gone in (self - existing).filtered(lambda sub: booked[sub.id]):
            customer_id = booked[gone.id][-1].customer
            customer = self.env["subscription.customer"].browse(customer_id)
            companies[gone.id] = customer.company_id
        movements = Movement
        for company in self.env["res.company"].union(*companies.values()):
            some = self.filtered(lambda sub, own=company: companies.get(sub.id) == own)
            movements |= some.with_company(company)._book_differences_of_company(
                company, now, booked, origin, start_moved or self.browse()
            )
        return movements

    def _book_differences_of_company(self, company, now, booked, origin, start_moved):
        today = company._subscription_today()
        states = self._present_states(company, now)
        events = {}
        for sub in self:
            rows, state = booked[sub.id], states.get(sub.id)
            old = history.state_on(rows, today)
            event = _event(old, state, now.get(sub.id))
            start = sub in start_moved and now.get(sub.id, {}).get("date_start")
            if start and start <= today:
                told = history.moved_start(rows, start, event, state, today)
            else:
                told = history.from_now_on(rows, event, state, today)
            reason = origin != "recorded" and self._difference(old, state)
            events[sub] = [replace(event, note=(origin, reason)) for event in told]
        return self.env["subscription.movement"]._book(events, today, known_on=today)

    def _present_states(self, company, now):
        """Return ``{id: ledger.State}`` of those that run, whose customers are set."""
        running = {
            sub.id: now[sub.id]
            for sub in self
            if sub.id in now and now[sub.id]["running"]
        }
        partners = self.env["res.partner"].browse(
            {row["commercial_partner_id"] for row in running.values()}
        )
        customers = {
            customer.partner_id.id: customer.id
            for customer in self.env["subscription.customer"]._ensure(partners, company)
        }
        states = {
            id_: ledger.State(
                customers[row["commercial_partner_id"]],
                row["currency_id"],
                row["contracted"],
                row["effective"],
                row["paused"],
            )
            for id_, row in running.items()
        }
        customer_ids = [state.customer for state in states.values()]
        store(self.browse(), pd.DataFrame({"customer_id": customer_ids}, list(states)))
        self.env["subscription.customer"].invalidate_model(["subscription_ids"])
        return states

    def _difference(self, old, state):
        """Return what differed between the ledger and a subscription, in words."""
        if not old or not state:
            return self.env._("started") if state else self.env._("ended")
        found = []
        if old.customer != state.customer:
            found.append(self.env._("customer"))
        if old.currency != state.currency:
            found.append(self.env._("currency"))
        if old.paused != state.paused:
            found.append(
                self.env._("paused") if state.paused else self.env._("resumed")
            )
        if old.contracted != state.contracted:
            found.append(
                self.env._(
                    "MRR %(old)s → %(new)s", old=old.contracted, new=state.contracted
                )
            )
        return ", ".join(found) or self.env._("effective MRR")


def _event(old, state, now):
    """Return what has happened to a subscription.

    :param old: state by the ledger (None: it did not run)
    :param state: state now
    :param now: what the reader says of it (None: it is gone)
    """
    if not state:
        if not now:
            return ledger.DELETE
        return ledger.ARCHIVE if now["archived"] else ledger.END
    if not old:
        return ledger.START
    if old.customer != state.customer:
        return ledger.CUSTOMER_CHANGE
    if old.paused != state.paused:
        return ledger.PAUSE if state.paused else ledger.RESUME
    return ledger.CHANGE
