# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Which invoices renew a subscription, as of a date, on invoices made by Odoo."""

from freezegun import freeze_time

from odoo.fields import Command
from odoo.tests import tagged

from ..signals.renewals import recurring_invoices
from .common import day
from .invoices import InvoiceCase


@tagged("post_install", "-at_install")
class TestRenewalSignal(InvoiceCase):
    # --- what is read -----------------------------------------------------------------

    def signal(self, as_of, ids=None, company=None):
        """Return rows as tuples (subscription id, invoice date, renewed)."""
        frame = recurring_invoices(self.env, company or self.company, day(as_of), ids)
        return [
            (row.subscription_id, str(row.period_start.date()), row.renewed)
            for row in frame.itertuples()
        ]

    def renewed(self, as_of, subscription=None):
        """Return ``{invoice date: renewed}`` of one subscription."""
        subscription = subscription or self.subscription
        rows = self.signal(as_of, subscription.ids)
        everything = self.signal(as_of)
        self.assertEqual(rows, [row for row in everything if row[0] == subscription.id])
        self.assertEqual(len({row[1] for row in rows}), len(rows), "counted twice")
        return {when: renewed for _id, when, renewed in rows}

    def assertRenewed(self, invoice_date, expected):
        """Check one invoice as of several dates: ``{as_of: renewed or None}``."""
        for as_of, renewed in expected.items():
            self.assertIs(self.renewed(as_of).get(invoice_date), renewed, as_of)

    # --- paid and past due ------------------------------------------------------------

    def test_unpaid_renews_up_to_its_due_date(self):
        self.invoice("2024-02-01", invoice_date_due="2024-02-15")
        self.assertRenewed(
            "2024-02-01",
            {
                "2024-01-31": None,
                "2024-02-01": True,
                "2024-02-15": True,
                "2024-02-16": False,
                "2025-02-16": False,
            },
        )

    def test_paid_counts_from_the_day_of_the_payment(self):
        invoice = self.invoice("2024-02-01")
        self.pay(invoice, "2024-03-10")
        self.assertRenewed(
            "2024-02-01",
            {
                "2024-02-01": True,
                "2024-02-02": False,
                "2024-03-09": False,
                "2024-03-10": True,
                "2024-03-11": True,
            },
        )

    def test_partly_paid_and_past_due_does_not_renew(self):
        invoice = self.invoice("2024-02-01")
        self.pay(invoice, "2024-02-01", 60)
        self.pay(invoice, "2024-03-01", 39.99)
        self.pay(invoice, "2024-04-01", 0.01)
        self.assertRenewed(
            "2024-02-01",
            {
                "2024-02-01": True,
                "2024-02-02": False,
                "2024-03-31": False,
                "2024-04-01": True,
            },
        )

    def test_net_30_is_due_after_30_days(self):
        self.invoice("2024-02-01", invoice_payment_term_id=self.terms((100, 30)))
        self.assertRenewed("2024-02-01", {"2024-03-02": True, "2024-03-03": False})

    def test_instalment_past_due_does_not_renew(self):
        """Half at once, half after 30 days; only the first half is paid."""
        terms = self.terms((50, 0), (50, 30))
        invoice = self.invoice("2024-02-01", invoice_payment_term_id=terms)
        self.pay(invoice, "2024-02-10", 50)
        self.assertRenewed(
            "2024-02-01",
            {
                "2024-02-02": False,
                "2024-02-10": True,
                "2024-03-02": True,
                "2024-03-03": False,
            },
        )

    def test_nothing_to_pay_is_paid(self):
        self.invoice("2024-02-01", amount=0)
        self.assertRenewed("2024-02-01", {"2024-02-01": True, "2025-02-01": True})

    def test_payment_in_another_currency_at_another_rate(self):
        """A difference of exchange is no open amount."""
        euro = self.get_currency("EUR", {"2024-01-01": 1.25, "2024-03-01": 1.1})
        invoice = self.invoice("2024-02-01", currency_id=euro.id)
        self.pay(invoice, "2024-03-05", currency_id=euro.id)
        self.assertRenewed("2024-02-01", {"2024-03-04": False, "2024-03-05": True})
        self.assertEqual(invoice.amount_residual, 0)

    # --- reversed ---------------------------------------------------------------------

    def test_reversed_does_not_renew(self):
        invoice = self.invoice("2024-02-01", invoice_date_due="2024-12-31")
        self.refund(invoice, "2024-02-20")
        self.assertRenewed(
            "2024-02-01",
            {"2024-02-19": True, "2024-02-20": False, "2025-02-20": False},
        )

    def test_paid_then_reversed_does_not_renew(self):
        """The credit note finds nothing to match, and reverses all the same."""
        invoice = self.invoice("2024-02-01")
        self.pay(invoice, "2024-02-01")
        self.refund(invoice, "2024-02-20")
        self.assertRenewed("2024-02-01", {"2024-02-19": True, "2024-02-20": False})

    def test_credited_in_part_and_paid_for_the_rest_renews(self):
        invoice = self.invoice("2024-02-01")
        self.refund(invoice, "2024-02-10", 30)
        self.pay(invoice, "2024-02-20", 70)
        self.assertRenewed(
            "2024-02-01",
            {"2024-02-10": False, "2024-02-19": False, "2024-02-20": True},
        )

    def test_credit_notes_add_up_to_a_reversal(self):
        invoice = self.invoice("2024-02-01")
        self.refund(invoice, "2024-02-10", 30)
        self.refund(invoice, "2024-02-20", 70)
        self.assertRenewed("2024-02-01", {"2024-02-20": False, "2025-02-20": False})

    def test_credit_note_made_by_hand_and_matched_reverses(self):
        invoice = self.invoice("2024-02-01", invoice_date_due="2024-12-31")
        refund = self.invoice("2024-02-20", move_type="out_refund")
        self.assertRenewed("2024-02-01", {"2024-02-20": True})
        self.match(invoice, refund)
        self.assertRenewed("2024-02-01", {"2024-02-19": True, "2024-02-20": False})

    def test_credit_of_another_invoice_pays(self):
        """The first was paid and reversed; its credit pays for the second."""
        first, second = self.invoice("2024-02-01"), self.invoice("2024-03-01")
        self.pay(first, "2024-02-01")
        refund = self.refund(first, "2024-03-10")
        self.match(refund, second)
        self.assertEqual(second.amount_residual, 0)
        self.assertRenewed("2024-02-01", {"2024-03-09": True, "2024-03-10": False})
        self.assertRenewed("2024-03-01", {"2024-03-09": False, "2024-03-10": True})

    def test_draft_and_cancelled_moves_do_not_count(self):
        self.invoice("2024-01-01", post=False)
        self.invoice("2024-02-01").button_cancel()
        invoice = self.invoice("2024-03-01", invoice_date_due="2024-12-31")
        refund = self.refund(invoice, "2024-03-10")
        refund.button_draft()
        self.assertEqual(self.renewed("2024-06-01"), {"2024-03-01": True})

    # --- the three places -------------------------------------------------------------

    def add_line(self, subscription, product=None):
        self.env["sale.subscription.line"].create(
            {
                "sale_subscription_id": subscription.id,
                "product_id": (product or self.product).id,
                "name": "Seat",
                "price_unit": 100,
            }
        )

    def test_invoice_on_the_subscription(self):
        self.add_line(self.subscription)
        self.subscription.recurring_next_date = "2024-02-01"
        self.subscription.create_invoice().action_post()
        self.assertEqual(self.renewed("2024-02-01"), {"2024-02-01": True})

    def test_invoice_on_an_order_of_the_subscription(self):
        plan = self.make_plan("By Order", invoicing_mode="sale_and_invoice")
        subscription = self.make_subscription(self.partner, template_id=plan.id)
        self.add_line(subscription)
        for when in ("2024-02-01", "2024-03-01"):
            with freeze_time(when):
                subscription.generate_invoice()
        self.assertEqual(len(subscription.sale_order_ids.invoice_ids), 2)
        self.assertFalse(subscription.invoice_ids)
        invoice = subscription.sale_order_ids.invoice_ids.sorted("invoice_date")[0]
        self.pay(invoice, "2024-02-10")
        self.assertEqual(
            self.renewed("2024-06-01", subscription),
            {"2024-02-01": True, "2024-03-01": False},
        )
        # Linked to the subscription as well, it is still one invoice.
        invoice.subscription_id = subscription
        self.assertEqual(
            self.renewed("2024-06-01", subscription),
            {"2024-02-01": True, "2024-03-01": False},
        )

    def sell(self, when, *plans):
        """Sell one seat of each plan, and something that does not recur."""
        products = self.env["product.product"].create(
            [
                {
                    "name": plan.name,
                    "type": "service",
                    "invoice_policy": "order",
                    "subscribable": True,
                    "subscription_template_id": plan.id,
                }
                for plan in plans
            ]
        )
        with freeze_time(when):
            order = self.env["sale.order"].create(
                {
                    "partner_id": self.partner.id,
                    "order_line": [
                        Command.create({"product_id": product.id, "price_unit": 50})
                        for product in products + self.product
                    ],
                }
            )
            order.action_confirm()
        return order

    def invoice_lines_of(self, order, number, when):
        """Invoice one line of an order alone."""
        line = order.order_line[number]
        with freeze_time(when):
            invoice = self.env["account.move"].create(
                {
                    **order._prepare_invoice(),
                    "invoice_date": when,
                    "invoice_line_ids": [Command.create(line._prepare_invoice_line())],
                }
            )
            invoice.action_post()
        return invoice

    def test_first_period_on_the_order_it_was_sold_by(self):
        order = self.sell("2024-02-01", self.plan)
        subscription = order.subscription_ids
        with freeze_time("2024-02-01"):
            invoice = order._create_invoices()
            invoice.action_post()
        self.assertEqual(self.renewed("2024-02-01", subscription), {"2024-02-01": True})
        self.pay(invoice, "2024-02-03")
        self.assertEqual(
            self.renewed("2024-02-02", subscription), {"2024-02-01": False}
        )
        self.assertEqual(self.renewed("2024-02-03", subscription), {"2024-02-01": True})
        subscription.template_id = self.make_plan("Changed")
        self.assertEqual(self.renewed("2024-02-03", subscription), {"2024-02-01": True})

    def test_invoice_of_what_does_not_recur_is_no_period(self):
        order = self.sell("2024-02-01", self.plan)
        self.invoice_lines_of(order, 1, "2024-02-01")
        self.assertEqual(self.renewed("2024-06-01", order.subscription_ids), {})

    def test_order_of_two_plans_invoiced_one_by_one(self):
        plans = self.plan, self.make_plan("Other")
        order = self.sell("2024-02-01", *plans)
        self.invoice_lines_of(order, 0, "2024-02-01")
        self.invoice_lines_of(order, 1, "2024-02-05")
        found = {
            sub.template_id: list(self.renewed("2024-06-01", sub))
            for sub in order.subscription_ids
        }
        self.assertEqual(found, {plans[0]: ["2024-02-01"], plans[1]: ["2024-02-05"]})

    # --- invariants -------------------------------------------------------------------

    def test_past_signal_never_changes_when_data_is_added(self):
        """Invariant 1, for whatever may happen to invoices afterwards."""
        as_of = "2024-04-15"
        paid, late, partly, open_ = (
            self.invoice(f"2024-0{month}-01", invoice_date_due=f"2024-0{month}-20")
            for month in range(1, 5)
        )
        self.pay(paid, "2024-01-10")
        self.pay(partly, "2024-03-20", 40)
        order = self.sell("2024-03-01", self.plan)
        before = self.signal(as_of)
        self.assertEqual([row[2] for row in before], [True, False, False, True])
        self.refund(paid, "2024-04-16")
        self.pay(late, "2024-04-16")
        self.pay(partly, "2024-04-20", 60)
        self.refund(open_, "2024-05-01", 10)
        self.pay(open_, "2024-05-02")
        self.invoice("2024-04-16")
        with freeze_time("2024-04-16"):
            order._create_invoices().action_post()
        self.assertEqual(self.signal(as_of), before)
        self.assertEqual(
            [row[2] for row in self.signal("2024-06-01", self.subscription.ids)],
            [False, True, True, True, False],
        )

    def test_companies_do_not_influence_each_other(self):
        """Invariant 4: nor does an invoice of another company count."""
        other = self.make_company("Second Company")
        self.env = self.env(
            context=dict(
                self.env.context, allowed_company_ids=(self.company + other).ids
            )
        )
        self.set_up_accounts(other)
        subscription = self.make_subscription(self.make_partner(), company=other)
        before = self.invoice("2024-02-01")
        theirs = self.invoice("2024-02-02", subscription=subscription)
        # Theirs, in the name of a subscription of ours.
        theirs.copy(
            {"subscription_id": self.subscription.id, "invoice_date": "2024-02-03"}
        ).action_post()
        self.assertEqual(before.company_id, self.company)
        self.assertEqual(
            self.signal("2024-02-10"), [(self.subscription.id, "2024-02-01", False)]
        )
        self.assertEqual(
            self.signal("2024-02-10", company=other),
            [(subscription.id, "2024-02-02", False)],
        )
        self.assertEqual(self.signal("2024-02-10", self.subscription.ids, other), [])

    def test_rows_are_in_order(self):
        second = self.make_subscription(self.partner)
        for subscription in (second, self.subscription):
            for when in ("2024-03-01", "2024-01-01", "2024-02-01"):
                self.invoice(when, subscription=subscription)
        rows = self.signal("2024-06-01")
        self.assertEqual(len(rows), 6)
        self.assertEqual(rows, sorted(rows))
