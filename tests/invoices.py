# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Invoices as Odoo makes them, and what people do with them."""

from odoo.fields import Command

from .common import SubscriptionCase


class InvoiceCase(SubscriptionCase):
    """A customer with a subscription in a company that has a chart of accounts."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.product = cls.env["product.product"].create(
            {"name": "Seat", "type": "service", "invoice_policy": "order"}
        )
        cls.set_up_accounts(cls.company)
        cls.product.property_account_income_id = cls.env["account.account"].search(
            [
                ("account_type", "=", "income"),
                ("company_ids", "in", cls.company.ids),
            ],
            limit=1,
        )
        cls.partner = getattr(cls, "partner", None) or cls.make_partner("Customer")
        cls.subscription = cls.make_subscription(cls.partner)

    @classmethod
    def set_up_accounts(cls, company):
        cls.env["account.chart.template"].try_loading(
            "generic_coa", company=company, install_demo=False
        )

    # --- what people do ---------------------------------------------------------------

    @classmethod
    def invoice(cls, when, amount=100, post=True, subscription=None, **values):
        """Return an invoice of a subscription, due at once unless said otherwise."""
        subscription = subscription or cls.subscription
        if "invoice_payment_term_id" not in values:
            values.setdefault("invoice_date_due", when)
        invoice = (
            cls.env["account.move"]
            .with_company(subscription.company_id)
            .create(
                {
                    "move_type": "out_invoice",
                    "partner_id": subscription.partner_id.id,
                    "invoice_date": when,
                    "subscription_id": subscription.id,
                    "invoice_line_ids": [cls.invoice_line(amount)],
                    **values,
                }
            )
        )
        if post:
            invoice.action_post()
        return invoice

    @classmethod
    def invoice_line(cls, amount):
        return Command.create(
            {
                "product_id": cls.product.id,
                "quantity": 1,
                "price_unit": amount,
                "tax_ids": [],
            }
        )

    @classmethod
    def terms(cls, *instalments):
        """Return terms of payment: (percent, days after the invoice) each."""
        return (
            cls.env["account.payment.term"]
            .create(
                {
                    "name": "Terms",
                    "line_ids": [
                        Command.create(
                            {
                                "value": "percent",
                                "value_amount": percent,
                                "delay_type": "days_after",
                                "nb_days": days,
                            }
                        )
                        for percent, days in instalments
                    ],
                }
            )
            .id
        )

    @classmethod
    def pay(cls, invoice, when, amount=None, **values):
        if amount is not None:
            values["amount"] = amount
        return (
            cls.env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"payment_date": when, **values})
            ._create_payments()
        )

    @classmethod
    def refund(cls, invoice, when, amount=None):
        """Credit an invoice (in part) and match the credit note with it."""
        wizard = (
            cls.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"date": when, "journal_id": invoice.journal_id.id})
        )
        wizard.refund_moves()
        refund = wizard.new_move_ids
        refund.invoice_date = when
        if amount is not None:
            refund.invoice_line_ids = [Command.clear(), cls.invoice_line(amount)]
        refund.action_post()
        cls.match(refund, invoice)
        return refund

    @classmethod
    def match(cls, *moves):
        lines = cls.env["account.move.line"].union(*(move.line_ids for move in moves))
        lines.filtered(
            lambda line: line.account_type == "asset_receivable" and not line.reconciled
        ).reconcile()

    @classmethod
    def transaction(cls, partner=None, company=None, **values):
        """Return an online payment."""
        company = company or cls.company
        provider = cls.env["payment.provider"].search(
            [("code", "=", "none"), ("company_id", "=", company.id)], limit=1
        ) or cls.env["payment.provider"].create(
            {"name": "Card", "code": "none", "company_id": company.id}
        )
        method = cls.env["payment.method"].with_context(active_test=False)
        return cls.env["payment.transaction"].create(
            {
                "provider_id": provider.id,
                "payment_method_id": method.search([], limit=1).id,
                "reference": f"TX-{next(cls.codes)}",
                "amount": 10,
                "currency_id": company.currency_id.id,
                "partner_id": (partner or cls.partner).id,
                "operation": "online_token",
                **values,
            }
        )
