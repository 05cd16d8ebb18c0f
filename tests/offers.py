# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Subscriptions that are billed as subscription_oca does, and offers made to them."""

from freezegun import freeze_time

from odoo.fields import Command

from .invoices import InvoiceCase

TODAY = "2025-03-10"
#: Ways to bill: an invoice at once, or by way of a sale order.
MODES = ("invoice", "sale_and_invoice")


def on(text):
    """Do something on another day."""
    return freeze_time(f"{text} 12:00:00")


class OfferCase(InvoiceCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.product.list_price = 100
        cls.product.taxes_id = [Command.clear()]
        cls.partner.email = "customer@example.com"

    @classmethod
    def start(cls, price=100, mode="invoice", partner=None, company=None, **values):
        """Return a subscription that starts today and is billed every month."""
        values.setdefault("template_id", cls.make_plan(mode, invoicing_mode=mode).id)
        subscription = cls.open_subscription(
            partner or cls.partner,
            company=company,
            sale_subscription_line_ids=[cls.new_line(price, product_id=cls.product.id)],
            **values,
        )
        subscription.action_start_subscription()
        cls.env.cr.flush()
        return subscription

    @classmethod
    def make_product(cls, name, price, **values):
        """Return another product that can be billed."""
        return cls.env["product.product"].create(
            {
                "name": name,
                "type": "service",
                "invoice_policy": "order",
                "list_price": price,
                "taxes_id": [Command.clear()],
                "property_account_income_id": cls.product.property_account_income_id.id,
                **values,
            }
        )

    @classmethod
    def make_program(cls, discount_mode="per_point"):
        """Return a loyalty program for all companies."""
        return cls.env["loyalty.program"].create(
            {
                "name": "Stars",
                "program_type": "loyalty",
                "company_id": False,
                "currency_id": cls.company.currency_id.id,
                "reward_ids": [
                    Command.create(
                        {
                            "reward_type": "discount",
                            "discount_mode": discount_mode,
                            "discount": 0.1,
                        }
                    )
                ],
            }
        )

    @classmethod
    def make_offer(cls, **values):
        """Return an offer, a discount without limits unless said otherwise."""
        return cls.env["subscription.offer"].create(
            {
                "name": "Offer",
                "kind": "discount",
                "discount": 20,
                "period_count": 3,
                "yearly_cap": 0,
                "rest_days": 0,
                **values,
            }
        )

    def grant(self, offer, subscriptions, **kwargs):
        """Return the grants of an offer that nobody may be refused."""
        grants, refused = offer._grant(subscriptions, **kwargs)
        self.assertFalse(refused)
        self.env.cr.flush()
        return grants

    def bill(self, *days):
        """Let the scheduler of subscription_oca run on days."""
        for when in days:
            with on(when):
                self.env["sale.subscription"].cron_subscription_management()
                self.env.cr.flush()

    def invoices(self, subscription):
        """Return the invoices of a subscription, the oldest first."""
        found = subscription.invoice_ids | subscription.sale_order_ids.invoice_ids
        return found.filtered(lambda move: move.move_type == "out_invoice").sorted("id")

    def assertBilled(self, subscription, *amounts):
        self.assertEqual(
            self.invoices(subscription).mapped("amount_untaxed"), list(amounts)
        )

    def booked(self, subscription):
        """Return (date, contracted, effective) of the movements, in order of date."""
        self.env.cr.flush()
        rows = self.env["subscription.movement"].search(
            [("subscription_res_id", "=", subscription.id)], order="date, id"
        )
        return [(str(row.date), row.mrr_delta, row.mrr_effective_delta) for row in rows]

    def refresh(self, when):
        """Let the reconciliation of the night look at the company."""
        with on(when):
            Subscription = self.env["sale.subscription"]
            Subscription._to_reconcile(self.company)._reconcile("reconciled")
            self.env["subscription.offer.grant"]._keep_up(
                [("company_id", "=", self.company.id)]
            )
            self.env.cr.flush()

    def assertAddsUp(self, subscription, contracted, effective):
        """What is booked is what is stored, and what the lines come to."""
        self.env.cr.flush()
        self.env.invalidate_all()
        rows = self.booked(subscription)
        self.assertEqual(
            (sum(row[1] for row in rows), sum(row[2] for row in rows)),
            (contracted, effective),
        )
        self.assertEqual(
            (subscription.mrr, subscription.mrr_effective), (contracted, effective)
        )
