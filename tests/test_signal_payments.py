# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""How invoices were paid, as of a date, on invoices and payments made by Odoo."""

from datetime import timedelta

from freezegun import freeze_time

from odoo.tests import tagged

from ..models.scoring import subscription_scores
from ..signals.payments import payments
from ..signals.running import running_subscriptions
from .common import day
from .invoices import InvoiceCase


@tagged("post_install", "-at_install")
class TestSignalPayments(InvoiceCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.book(cls.subscription, ("2024-01-01", "start", 100))

    def signals(self, as_of, subscription=None, **kwargs):
        """Return ``{signal: value}``, None where it is missing."""
        subscription = subscription or self.subscription
        frame = payments(self.env, self.company, day(as_of), subscription.ids, **kwargs)
        everything = payments(self.env, self.company, day(as_of), **kwargs)
        row = frame.loc[subscription.id].astype(object)
        whole = everything.loc[subscription.id].astype(object)
        row, whole = (each.where(each.notna(), None) for each in (row, whole))
        self.assertEqual(row.to_dict(), whole.to_dict())
        return row.to_dict()

    def assertSignals(self, as_of, **expected):
        found = self.signals(as_of)
        self.assertEqual({name: found[name] for name in expected}, expected, as_of)

    def test_without_invoices_all_is_missing(self):
        self.forget_terms(self.subscription)
        self.assertEqual(set(self.signals("2024-06-01").values()), {None})
        self.invoice("2024-06-02")
        self.assertEqual(set(self.signals("2024-06-01").values()), {None})

    def test_overdue_as_of_each_day(self):
        invoice = self.invoice("2024-02-01", invoice_date_due="2024-02-10")
        self.pay(invoice, "2024-02-20", 30)
        self.pay(invoice, "2024-03-01")
        for as_of, amount, days in (
            ("2024-02-10", 0, 0),
            ("2024-02-11", 100, 1),
            ("2024-02-20", 70, 10),
            ("2024-02-29", 70, 19),
            ("2024-03-01", 0, 0),
        ):
            self.assertSignals(as_of, overdue_amount=amount, overdue_days=days)

    def test_overdue_is_in_company_currency_as_booked(self):
        euro = self.get_currency("EUR", {"2024-01-01": 1.25, "2024-03-01": 1.1})
        self.invoice("2024-02-01", currency_id=euro.id)
        self.assertSignals("2024-03-10", overdue_amount=125, overdue_days=38)

    def test_habits_of_the_last_six(self):
        """Seven due: the first, very late one no longer counts; nor one not yet due."""
        invoices = [self.invoice(f"2024-0{month}-01") for month in range(1, 9)]
        invoices[-1].button_draft()
        invoices[-1].invoice_date_due = "2024-08-31"
        invoices[-1].action_post()
        late = {0: "2024-06-30", 1: "2024-02-07", 2: "2024-03-13"}
        for number, invoice in enumerate(invoices[:-2]):
            self.pay(invoice, late.get(number, invoice.invoice_date))
        self.assertSignals("2024-01-01", late_share=None, mean_days_late=None)
        self.assertSignals("2024-01-31", late_share=1, mean_days_late=30)
        self.assertSignals("2024-02-02", late_share=1, mean_days_late=(32 + 1) / 2)
        # six of February to July: 6 and 12 days late, the last one 3 days up to now
        self.assertSignals(
            "2024-07-04", late_share=3 / 6, mean_days_late=(6 + 12 + 3) / 6
        )
        self.assertSignals("2024-08-10", late_share=3 / 6)

    def test_credited_in_full_is_no_habit(self):
        self.refund(self.invoice("2024-02-01"), "2024-02-20")
        self.assertSignals("2024-02-19", late_share=1, refunds_180d=0)
        self.assertSignals("2024-02-20", late_share=None, refunds_180d=1)
        self.assertSignals("2024-08-17", refunds_180d=1)
        self.assertSignals("2024-08-18", refunds_180d=0)

    def test_refund_matched_by_hand_counts_once(self):
        invoice = self.invoice("2024-02-01")
        refund = self.invoice("2024-02-20", 10, move_type="out_refund")
        self.assertSignals("2024-02-20", refunds_180d=0)
        self.match(invoice, refund)
        self.assertSignals("2024-02-19", refunds_180d=0)
        self.assertSignals("2024-02-20", refunds_180d=1)

    # --- failed payments --------------------------------------------------------------

    def test_failed_online(self):
        """Of any contact of the customer; those of others do not count."""
        contact = self.make_partner("Buyer", parent=self.partner)
        self.invoice("2024-01-01")
        for partner, when in (
            (contact, "2024-02-01 23:30:00"),
            (self.partner, "2024-02-02 23:30:00"),
            (self.make_partner("Other"), "2024-02-01"),
        ):
            with freeze_time(when):
                self.transaction(partner)._set_error("No funds")
        self.env.cr.execute("UPDATE payment_transaction SET create_date = '2024-01-20'")
        self.assertSignals("2024-01-19", failed_payments_180d=None)
        self.assertSignals("2024-01-20", failed_payments_180d=0)
        self.assertSignals("2024-02-01", failed_payments_180d=1)
        self.assertSignals("2024-02-02", failed_payments_180d=2)
        # The 180 days, too, are days of the company.
        self.company.partner_id.tz = "Europe/Madrid"
        self.assertSignals("2024-02-02", failed_payments_180d=1)
        self.assertSignals("2024-07-30", failed_payments_180d=2)
        self.assertSignals("2024-07-31", failed_payments_180d=1)
        self.assertSignals("2024-08-01", failed_payments_180d=0)

    def test_rejected_and_reversed(self):
        first, second = self.invoice("2024-01-01"), self.invoice("2024-02-01")
        rejected = self.pay(first, "2024-01-05")
        reversed_ = self.pay(second, "2024-02-05")
        self.assertSignals("2024-03-01", failed_payments_180d=0)
        reversed_.move_id._reverse_moves([{"date": day("2024-02-20")}], cancel=True)
        self.assertSignals("2024-02-19", failed_payments_180d=0)
        self.assertSignals("2024-02-20", failed_payments_180d=1)
        self.tracked("2024-02-25", rejected, state="rejected")
        self.assertSignals("2024-02-24", failed_payments_180d=1)
        self.assertSignals("2024-02-25", failed_payments_180d=2)

    # --- what it was sold as ----------------------------------------------------------

    def test_terms(self):
        self.forget_terms(self.subscription)
        self.assertSignals("2024-06-01", period_months=None, payment_method=None)
        self.tell(self.subscription, "2024-01-01", payment_method="Direct debit")
        yearly = self.make_plan("Yearly", unit="years")
        self.tell(
            self.subscription, "2024-06-01", template_id=yearly.id, payment_method=""
        )
        self.assertSignals("2024-05-31", period_months=1, payment_method="Direct debit")
        self.assertSignals("2024-06-01", period_months=12, payment_method=None)

    # --- what scores know -------------------------------------------------------------

    def test_days_to_renewal_come_from_scores(self):
        as_of = day("2024-06-10")
        self.assertSignals("2024-06-10", days_to_renewal=None)
        scores = subscription_scores(self.env, self.company, as_of)
        running = running_subscriptions(self.env, self.company, as_of, scores)
        next_ = scores.loc[self.subscription.id, "next_renewal_date"].date()
        found = self.signals("2024-06-10", running=running)
        self.assertEqual(as_of + timedelta(found["days_to_renewal"]), next_)
