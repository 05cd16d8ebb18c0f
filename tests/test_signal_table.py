# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""All signals side by side: later data changes none of the past."""

import pandas as pd
from freezegun import freeze_time

from odoo.fields import Command
from odoo.tests import tagged

from ..models.scoring import subscription_scores
from ..signals.renewals import recurring_invoices
from ..signals.table import SIGNALS, SOURCES, signals_of, table
from ..signals.usage import SIGNALS as USAGE
from .common import day
from .invoices import InvoiceCase
from .touchpoints import TouchpointCase

DAYS = ("2024-02-15", "2024-04-30", "2024-06-30")


@tagged("post_install", "-at_install")
class TestSignalTable(InvoiceCase, TouchpointCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.book(
            cls.subscription,
            ("2024-01-01", "start", 100),
            ("2024-03-01", "change", 120),
            ("2024-04-01", "change", 90),
        )
        cls.tell(cls.subscription, "2024-01-01", payment_method="Card")
        cls.second = cls.subscribe(cls.partner, 50, "2024-02-01")
        cls.tell(cls.second, "2024-02-01")
        cls.stranger = cls.subscribe(cls.make_partner(), 70, "2024-01-15")
        cls.live()

    @classmethod
    def live(cls):
        """Half a year of what happens to a customer."""
        cls.invoices = [cls.invoice(f"2024-0{month}-01") for month in range(1, 7)]
        cls.pay(cls.invoices[0], "2024-01-01")
        cls.pay(cls.invoices[1], "2024-03-15")
        cls.pay(cls.invoices[2], "2024-03-01", 40)
        cls.refund(cls.invoices[3], "2024-05-10")
        with freeze_time("2024-02-10"):
            cls.failed = cls.transaction()
            cls.failed._set_error("No funds")
            cls.date(cls.failed, "2024-02-10")
        cls.tickets = [cls.ticket(f"2024-0{month}-10") for month in range(1, 6)]
        cls.rate(cls.tickets[0], "2024-02-01", 4)
        cls.mails = [cls.mail(f"2024-0{n}-05", cls.contact) for n in range(1, 5)]
        cls.mails[0].open_datetime = "2024-01-06"
        cls.click(cls.mails[0], "2024-01-07")
        cls.write_message("2024-02-12")
        cls.meetings = [cls.meet("2024-02-13"), cls.meet("2024-06-13")]
        cls.answer("2024-02-14", 8)
        listed = cls.env["mail.blacklist"]._add("ann@example.com")
        cls.listed = cls.date(listed, "2024-06-01")

    @classmethod
    def answer(cls, when, score, company=None):
        answer = cls.env["subscription.nps"].create(
            {
                "partner_id": cls.contact.id,
                "company_id": (company or cls.company).id,
                "date": when,
                "score": score,
            }
        )
        return cls.date(answer, when, "known_on")

    def snapshot(self, as_of, company=None):
        company, as_of = company or self.company, day(as_of)
        scores = subscription_scores(self.env, company, as_of)
        invoices = recurring_invoices(self.env, company, as_of)
        return table(self.env, company, as_of, scores=scores, invoices=invoices)

    def assertSame(self, before, after):
        """Rows in any order."""
        pd.testing.assert_frame_equal(
            before, after.reindex(before.index), check_categorical=False
        )

    def test_every_column_is_documented_and_known_of_somebody(self):
        frame = self.snapshot(DAYS[1])
        self.assertEqual(
            [signal.name for signal in signals_of(self.env, frame.columns)],
            list(frame.columns),
        )
        self.assertEqual(
            len(SIGNALS), sum(len(signals) for _source, signals in SOURCES.values())
        )
        self.assertEqual(
            [name for name in frame.columns if name in SIGNALS], list(SIGNALS)
        )
        known = frame.loc[self.subscription.id].notna()
        self.assertEqual(
            list(known[~known].index),
            # none was closed, and usage is not reported
            ["mean_hours_to_close", *(signal.name for signal in USAGE)],
        )
        for signal in SIGNALS.values():
            self.assertIn(signal.kind, ("number", "category"))
            self.assertEqual(
                signal.kind == "number", str(frame[signal.name].dtype) == "float64"
            )
            self.assertLessEqual(len(str(signal.label)), 32, signal.name)

    def test_ids_choose_rows(self):
        whole = table(self.env, self.company, day(DAYS[1]))
        some = table(self.env, self.company, day(DAYS[1]), self.second.ids)
        self.assertEqual(some.index.tolist(), self.second.ids)
        self.assertSame(some, whole)

    def test_past_signals_never_change_when_data_is_added(self):
        """Invariant 1, for every source."""
        before = {when: self.snapshot(when) for when in DAYS}
        self.assertEqual(len({frame.to_csv() for frame in before.values()}), len(DAYS))
        # payments
        self.pay(self.invoices[2], "2024-07-01")
        self.refund(self.invoices[0], "2024-07-02")
        self.pay(self.invoices[5], "2024-07-03")
        self.invoice("2024-07-01")
        with freeze_time("2024-07-04"):
            self.transaction()._set_error("No funds")
        # price, and what it is sold as
        self.book(
            self.subscription,
            ("2024-07-01", "change", 10),
            ("2024-07-02", "change", 30),
        )
        yearly = self.make_plan("Yearly", unit="years")
        self.tell(
            self.subscription,
            "2024-07-01",
            template_id=yearly.id,
            payment_method="Cash",
            sale_subscription_line_ids=[
                Command.create(
                    {
                        "product_id": self.product.id,
                        "name": "Seat",
                        "price_unit": 10,
                        "discount": 50,
                    }
                )
            ],
        )
        # support
        self.tracked("2024-07-01 12:00:00", self.tickets[0], stage_id=self.done.id)
        self.tracked("2024-07-02 12:00:00", self.tickets[0], stage_id=self.work.id)
        self.tracked("2024-07-02 12:00:00", self.tickets[1], stage_id=self.done.id)
        self.rate(self.tickets[1], "2024-07-02", 1)
        self.ticket("2024-07-03")
        self.ticket("2024-07-04")
        self.ticket("2024-07-05")
        # engagement
        self.mails[0].links_click_datetime = "2024-07-01"
        self.click(self.mails[0], "2024-07-01")
        self.mails[1].open_datetime = "2024-07-01"
        self.mails[2].set_bounced()
        self.date(self.mails[2], "2024-07-02", "write_date")
        for when in ("2024-07-01", "2024-07-02", "2024-07-03"):
            self.mail(when, self.contact)
        self.write_message("2024-07-01")
        self.meet("2024-07-01")
        self.meetings[0].active = False
        self.meetings[1].attendee_ids.do_decline()
        self.tracked("2024-07-01 12:00:00", self.listed, active=False)
        # relationship
        self.answer("2024-07-01", 0)
        self.book(self.second, ("2024-07-01", "end", None))
        self.subscribe(self.contact, 500, "2024-07-01")
        for when, frame in before.items():
            with self.subTest(when):
                self.assertSame(frame, self.snapshot(when))
        later = self.snapshot("2024-07-10")
        rows = [
            frame.loc[self.subscription.id, list(SIGNALS)].astype(str)
            for frame in (before[DAYS[2]], later)
        ]
        self.assertEqual(
            [name for name in SIGNALS if rows[0][name] == rows[1][name]],
            ["renewals", "gaps", "reactivations"] + ["other_subscriptions"],
            "all others are different by now",
        )

    def test_companies_do_not_influence_each_other(self):
        """Invariant 4, for a customer of both."""
        before = self.snapshot(DAYS[2])
        other = self.make_company("Second Company")
        both = (self.company + other).ids
        self.env = self.env(context=dict(self.env.context, allowed_company_ids=both))
        self.set_up_accounts(other)
        theirs = self.subscribe(self.partner, 10, "2024-01-01", company=other)
        alone = self.snapshot(DAYS[2], other)
        self.assertEqual(
            set(alone.columns[alone.notna().any()]),
            {
                *("mrr", "contraction_30d", "contraction_90d", "contraction_180d"),
                *("expansion_30d", "expansion_90d", "expansion_180d", "opted_out"),
                *("tenure_months", "renewals", "days_to_renewal"),
                *("gaps", "reactivations", "other_subscriptions"),
                *("customer_mrr_share", "plan", "period_months", "product_count"),
                *("discount", "mrr_to_plan_median", f"product_{self.get_product().id}"),
            },
        )
        self.invoice("2024-06-01", 33, subscription=theirs)
        with freeze_time("2024-06-10"):
            self.transaction(company=other)._set_error("No funds")
        self.rate(self.ticket("2024-06-10", company=other), "2024-06-11", 1)
        colleague = self.make_user("internal", other)
        self.mail("2024-06-10", self.contact, colleague)
        self.meet("2024-06-10", user=colleague)
        self.write_message("2024-06-20", record_company_id=other.id)
        self.answer("2024-06-20", 1, other)
        self.assertSame(before, self.snapshot(DAYS[2]))
        found = self.snapshot(DAYS[2], other).loc[theirs.id]
        expected = {
            "overdue_amount": 33,
            "tickets_opened_30d": 1,
            "satisfaction_mean": 1,
            "mailings_sent_90d": 1,
            "meetings_180d": 1,
            "days_since_message": 10,
            "other_subscriptions": 0,
            "nps": 1,
        }
        self.assertEqual(found[list(expected)].to_dict(), expected)
