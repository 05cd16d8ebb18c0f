# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging
from contextlib import contextmanager
from typing import NamedTuple

from odoo import fields, models
from odoo.fields import Command
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from ..signals import offers

_logger = logging.getLogger(__name__)

#: Context key while a period is billed: {subscription id: Given}.
GIVEN = "subscription_offers_of_period"
#: Context flag while subscription_oca resumes what was paused until today.
IN_TIME = "subscription_resumed_in_time"


class Given(NamedTuple):
    """What offers give to the period that is billed."""

    discount: float
    extra_lines: list
    use_ids: list


def given_to(subscription):
    """Return what is given to a subscription while it is billed, or None."""
    return (subscription.env.context.get(GIVEN) or {}).get(subscription.id)


class SaleSubscription(models.Model):
    """Offers, as subscription_oca bills: the lines stay, the documents differ.

    What is given is found before a document is made, in a savepoint. Where that fails
    the period is billed without it, and is not used up: the next one carries it
    instead. Whoever is responsible is told at once, so that nobody is billed the full
    price in silence.
    """

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "sale.subscription"

    offer_grant_ids = fields.One2many(
        comodel_name="subscription.offer.grant",
        inverse_name="subscription_id",
        string="Offers",
        groups="subscription_segmentation.group_user",
    )

    # --- billing a period -------------------------------------------------------------

    def generate_invoice(self):
        self._switch_plan()
        return super().generate_invoice()

    def manual_invoice(self):
        self._switch_plan()
        return super().manual_invoice()

    def create_invoice(self):
        billed = self._with_given("account.move", "_prepare_account_move_line")
        invoice = super(SaleSubscription, billed).create_invoice()
        return billed._keep_up_with(invoice)

    def create_sale_order(self):
        billed = self._with_given("sale.order", "_prepare_sale_order_line")
        order = super(SaleSubscription, billed).create_sale_order()
        return billed._keep_up_with(order)

    def _prepare_account_move(self, line_ids):
        given = given_to(self)
        if not given:
            return super()._prepare_account_move(line_ids)
        values = super()._prepare_account_move(
            [*line_ids, *map(Command.create, given.extra_lines)]
        )
        return values | {"offer_use_ids": list(map(Command.link, given.use_ids))}

    def _prepare_sale_order(self, line_ids=False):
        given = given_to(self)
        if not given:
            return super()._prepare_sale_order(line_ids)
        values = super()._prepare_sale_order(
            [*(line_ids or []), *map(Command.create, given.extra_lines)]
        )
        return values | {"offer_use_ids": list(map(Command.link, given.use_ids))}

    def _with_given(self, document, prepare):
        """Return the subscription with what is given to the next period, used up.

        :param document: the model of what it is billed with
        :param prepare: what prepares one of its lines
        """
        self.ensure_one()
        may_bill = self.env[document].has_access("create") or self.has_access("write")
        if not may_bill or not self.sudo().offer_grant_ids:
            return self
        given = None
        with self._promised(self.env._("what is given to the next period")):
            given = self._take_given(prepare)
        return self.with_context(**{GIVEN: {self.id: given}}) if given else self

    def _keep_up_with(self, document):
        """Keep up with what a document that was made has used, and return it."""
        if self.sudo().offer_grant_ids:
            # Where nothing is given any more, the effective MRR rises.
            self._mark_changed()
        if not given_to(self):
            return document
        with self._for_ledger()._harmless() as own:
            own.env["subscription.offer.grant"]._keep_up(
                [("subscription_id", "in", self.ids)]
            )
        return document.with_context(**{GIVEN: None})

    def _take_given(self, prepare):
        """Use the next period up, and return what it is given (None: nothing)."""
        start = self.recurring_next_date or self._get_first_invoice_date()
        grants = self._grants_of_period(start)
        if not grants:
            return None
        own = self.sudo()
        discount = sum(
            grants.filtered(lambda g: g.kind == "discount").mapped("offer_id.discount")
        )
        total = sum(own.sale_subscription_line_ids.mapped("price_subtotal"))
        lines, uses = [], self.env["subscription.offer.use"].sudo()
        for grant in grants:
            amount = total * discount / 100
            if grant.kind == "free_product":
                line, amount = self._free_line(grant.offer_id.sudo(), prepare)
                lines.append(line)
            use = grant.use_ids.filtered(lambda use: use.period_start == start)
            uses |= use or use.create(
                {
                    "grant_id": grant.id,
                    "period_start": start,
                    "period_end": self._get_next_invoice_date(start),
                    "currency_id": own.currency_id.id,
                    "amount": own.currency_id.round(amount),
                }
            )
        return Given(discount, lines, uses.ids)

    def _grants_of_period(self, start):
        """Return the grants that a period carries: those it has used, or has left.

        One discount at most, the oldest.
        """
        offers.flush(self.env)
        rows = self.env.execute_query(
            SQL(
                """
                SELECT given.id, given.kind
                  FROM subscription_offer_grant given
                  JOIN subscription_offer offer ON offer.id = given.offer_id
                  JOIN (%(used)s) AS used ON used.id = given.id
                 WHERE given.kind IN ('discount', 'free_product')
                   AND given.state IN ('granted', 'active', 'used')
                   AND given.starts_on <= %(start)s
                   AND (used.number < offer.period_count OR EXISTS (
                        SELECT FROM subscription_offer_use one
                         WHERE one.grant_id = given.id
                           AND one.period_start = %(start)s
                           AND %(stands)s
                   ))
                 ORDER BY given.id
                """,
                used=offers.used(SQL('"grant".subscription_id = %s', self.id)),
                start=start,
                stands=offers.stands(SQL("one")),
            )
        )
        discounts = [id_ for id_, kind in rows if kind == "discount"][:1]
        others = [id_ for id_, kind in rows if kind != "discount"]
        return self.env["subscription.offer.grant"].sudo().browse(discounts + others)

    def _free_line(self, offer, prepare):
        """Return the values of the line of a free product, and what it would cost."""
        line = self.env["sale.subscription.line"].new(
            {
                "sale_subscription_id": self.id,
                "product_id": offer.product_id.id,
                "product_uom_qty": offer.quantity,
            }
        )
        values = getattr(line, prepare)() | {
            "discount": 100,
            "tax_ids": [Command.set(line.tax_ids.ids)],
        }
        # The document reckons it by itself.
        values.pop("price_subtotal", None)
        return values, line.price_subtotal

    # --- another plan -----------------------------------------------------------------

    def _switch_plan(self):
        """Switch to the plan that was promised for the period that is billed next."""
        for subscription in self.filtered(lambda sub: sub.sudo().offer_grant_ids):
            with subscription._promised(self.env._("the new plan")):
                subscription._switch_plan_promised()

    def _switch_plan_promised(self):
        start = self.recurring_next_date or self._get_first_invoice_date()
        grant = (
            self.env["subscription.offer.grant"]
            .sudo()
            .search(
                [
                    ("subscription_id", "=", self.id),
                    ("kind", "=", "plan_switch"),
                    ("state", "=", "granted"),
                    ("starts_on", "<=", start),
                ]
            )
        )
        if not grant:
            return
        own, offer = self.sudo().with_company(self.company_id), grant.offer_id
        if own.template_id != offer.template_id:
            limited = offer.template_id.recurring_rule_boundary == "limited"
            # Alone: what else is named in a write is not computed, nor is its fellow,
            # which says that there is an end.
            own.template_id = offer.template_id
            own.flush_recordset()
            if limited:
                # Of a fixed term, which would count from the start otherwise.
                own.date = offer.template_id._get_date(start)
            own.sale_subscription_line_ids[:1].product_id = offer.product_id
            own.message_post(
                body=self.env._(
                    "Plan switched to %(plan)s by the offer %(offer)s.",
                    plan=offer.template_id.name,
                    offer=offer.name,
                )
            )
        grant.state = "used"

    # --- pauses -----------------------------------------------------------------------

    def action_resume(self, automatic=False):
        self = self.with_context(**{IN_TIME: automatic})
        return super().action_resume(automatic)

    def write(self, vals):
        paused = self.browse()
        if "is_paused" in vals and not vals["is_paused"]:
            paused = self.filtered(
                lambda sub: sub.is_paused and sub.sudo().offer_grant_ids
            )
        result = super().write(vals)
        if paused:
            grants = self.env["subscription.offer.grant"].sudo()
            with paused._promised(self.env._("the end of the pause")):
                grants.search(
                    [
                        ("subscription_id", "in", paused.ids),
                        ("kind", "=", "pause"),
                        ("state", "=", "active"),
                    ]
                )._resumed(bool(self.env.context.get(IN_TIME)))
        return result

    # --- faults -----------------------------------------------------------------------

    @contextmanager
    def _promised(self, what):
        """Do what was promised in a savepoint: a fault of ours does not stop others.

        Neither is it silent: it is logged, and an activity tells who is responsible.

        :param what: what cannot be given, in words
        """
        cr = self.env.cr
        self.env.flush_all()
        try:
            with cr.savepoint(flush=False):
                yield
                self.env.flush_all()
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            raise
        except Exception:
            self.env.transaction.clear()
            _logger.exception("An offer failed for subscriptions %s", self.ids)
            for subscription in self.sudo():
                subscription._tell_responsible(
                    self.env._("An offer could not be given"),
                    self.env._(
                        "This customer was promised %s, which failed: see the log of "
                        "the server. Nothing of the offer is used up. Look at the "
                        "latest invoice.",
                        what,
                    ),
                )

    def _tell_responsible(self, summary, note):
        """Schedule an activity for a person, also where a scheduler is at work."""
        managers = self.env.ref("subscription_segmentation.group_manager").all_user_ids
        people = (
            self.user_id
            | self.customer_id.account_manager_id
            | managers.filtered(lambda user: self.company_id in user.company_ids)
            | self.env.user
        )
        self.activity_schedule(
            "mail.mail_activity_data_warning",
            summary=summary,
            note=note,
            user_id=people.filtered("active")[:1].id,
        )
