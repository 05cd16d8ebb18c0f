# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The journeys that come with the addon, walked through day by day."""

from collections import defaultdict
from datetime import date, timedelta, timezone
from zoneinfo import ZoneInfo

from freezegun import freeze_time

from odoo.exceptions import ValidationError
from odoo.tests import tagged
from odoo.tools import convert_file

from .common import MODULE, day
from .invoices import InvoiceCase
from .journeys import JourneyCase

#: By their names in the data, what each step of a subscription that starts on
#: 10 June 2025 and runs for 18 months is done on.
FIRST_DAYS = ["2025-06-11", "2025-06-13", "2025-06-17"]


class ShippedCase(JourneyCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # One customer meets many journeys here.
        cls.company.subscription_contact_limit = 0
        cls.journeys = cls.env["subscription.journey"].browse(
            cls.env["ir.model.data"]
            .search(
                [("module", "=", MODULE), ("model", "=", "subscription.journey")],
                order="id",
            )
            .mapped("res_id")
        )
        cls.names = {
            journey.id: xmlid.split(".subscription_journey_")[1]
            for journey in cls.journeys
            for xmlid in journey.get_external_id().values()
        }

    def switch_on(self, when="2025-06-01 06:00"):
        with freeze_time(when):
            self.journeys.step_ids.offer_id.active = True
            self.journeys.active = True

    def walk(self, first, last, told=None, down=(), only=None):
        """Have the scheduler run in the evening of each day (17:00 UTC).

        :param told: what happens before it runs, by day
        :param down: days on which nothing runs
        :param only: the days on which it runs; see :meth:`assertOnTheDay`
        """
        today, told = day(first), told or {}
        while today <= day(last):
            if str(today) in told:
                with freeze_time(f"{today} 10:00"):
                    told[str(today)]()
                    self.env.flush_all()
            if str(today) not in down and (only is None or today in only):
                self.run_at(f"{today} 17:00")
            today += timedelta(1)

    def assertOnTheDay(self, subscription, zone):
        """All that was done was due that morning, where the customer is.

        So nothing was due on a day on which the scheduler did not run: it would have
        been done on a later day, or not at all.
        """
        found = self.env["subscription.journey.delivery"].search(
            [("subscription_id", "=", subscription.id)]
        )
        self.assertNotIn("late", found.mapped("reason"))
        for one in found.filtered("done_at"):
            due, done = (
                at.replace(tzinfo=timezone.utc).astimezone(ZoneInfo(zone))
                for at in (one.due_at, one.done_at)
            )
            self.assertEqual(
                (done.date(), due.date(), due.hour),
                (
                    one.anchor_date + timedelta(one.step_id.offset_days),
                    done.date(),
                    one.step_id.local_hour,
                ),
            )

    def done(self, subscription):
        """Return the days on which the steps of each journey were done."""
        result = defaultdict(list)
        for one in self.env["subscription.journey.delivery"].search(
            [("subscription_id", "=", subscription.id), ("state", "=", "done")],
            order="done_at, due_at, id",
        ):
            result[self.names[one.journey_id.id]].append(f"{one.done_at:%Y-%m-%d}")
        return dict(result)

    def reasons(self, subscription):
        return {
            (self.names[one.journey_id.id], one.step_id.name): one.reason
            for one in self.env["subscription.journey.delivery"].search(
                [("subscription_id", "=", subscription.id), ("state", "!=", "done")]
            )
        }


@tagged("post_install", "-at_install")
class TestShippedJourneys(ShippedCase):
    def test_they_come_switched_off(self):
        self.assertEqual(len(self.journeys), 10)
        self.assertFalse(any(self.journeys.mapped("active")))
        self.assertTrue(all(self.journeys.mapped("description")))
        # Nothing is given away before somebody has looked at it.
        giving = self.journeys.filtered("step_ids.offer_id")
        self.assertFalse(any(giving.step_ids.offer_id.mapped("active")))
        with self.assertRaisesRegex(ValidationError, "archived"):
            giving[0].active = True

    def test_an_update_brings_no_step_back_and_changes_nothing(self):
        renewal, anniversary = (
            self.env.ref(f"{MODULE}.subscription_journey_{name}")
            for name in ("renewal", "anniversary")
        )
        renewal.step_ids.filtered("offer_id").unlink()
        anniversary.step_ids.offer_id.active = True
        (renewal | anniversary).active = True
        for name in ("offer", "journey"):
            convert_file(self.env, MODULE, f"data/subscription_{name}.xml", {})
        self.assertFalse(renewal.step_ids.offer_id)
        self.assertTrue(anniversary.step_ids.offer_id.active)
        self.assertTrue(renewal.active and anniversary.active)

    def test_an_update_brings_nothing_back(self):
        """Whoever has deleted a segment or a journey has done without it."""
        names = ["subscription_journey_win_back", "subscription_segment_silent"]
        names.append("subscription_scorecard_rule_nps")
        for name in names:
            self.env.ref(f"{MODULE}.{name}").unlink()
        for name in ("segment", "journey", "scorecard_rule", "content", "health_rule"):
            convert_file(self.env, MODULE, f"data/subscription_{name}.xml", {})
        for name in names:
            self.assertFalse(self.env.ref(f"{MODULE}.{name}", raise_if_not_found=False))

    def test_every_text_can_be_written(self):
        sub = self.make("Anna")
        sub.next_renewal_date = day("2025-07-10")
        for journey in self.journeys.with_context(active_test=False):
            for outcome in journey._try(sub):
                self.assertFalse(outcome["error"])
                if outcome["step"].channel == "email":
                    self.assertNotIn("t-out", outcome["body"])
                    self.assertIn("Anna", outcome["body"])
                    self.assertTrue(outcome["subject"])

    def test_first_weeks(self):
        self.switch_on()
        stuck, busy = self.make("Stuck"), self.make("Busy")
        stuck.signal_key_features_90d = 0
        busy.signal_key_features_90d = 2
        self.walk("2025-06-10", "2025-06-24")
        self.assertEqual(
            self.done(stuck),
            {
                "welcome": FIRST_DAYS,
                "onboarding_rescue": ["2025-06-20", "2025-06-21"],
            },
        )
        self.assertEqual(self.done(busy), {"welcome": FIRST_DAYS})
        self.assertIn("Help with the start", stuck.activity_ids.mapped("summary"))

    def test_segments(self):
        self.switch_on()
        expected = {
            "star": ["2025-06-16", "2025-06-18"],
            "high_value_advocate": ["2025-06-17"],
            "high_churn_risk": ["2025-06-16", "2025-06-19"],
        }
        subs = {name: self.make(name, "2025-05-10") for name in expected}
        segments = self.journeys.segment_id.grouped("key")
        with freeze_time("2025-06-16 05:00"):
            for name, sub in subs.items():
                segments[name].active = True
                segments[name]._pin(sub, "pinned_in", "Test")
        self.walk("2025-06-16", "2025-06-22")
        names = {
            journey.segment_id.key: self.names[journey.id] for journey in self.journeys
        }
        for name, days in expected.items():
            self.assertEqual(self.done(subs[name]), {names[name]: days})

    def test_paused_hear_nothing_of_a_renewal(self):
        self.switch_on()
        sub = self.make("Anna", "2025-05-10")
        with freeze_time("2025-06-08 10:00"):
            sub.action_pause()
            self.env.flush_all()
        self.assertTrue(sub.is_paused and sub.is_running)
        sub.next_renewal_date = sub.recurring_next_date = day("2025-06-17")
        self.walk("2025-06-09", "2025-06-18")
        self.assertEqual(self.done(sub), {})

    def test_nothing_higher_is_offered_on_the_highest_plan(self):
        self.switch_on()
        sub = self.make("Anna", "2025-05-10")
        sub.template_id.is_premium = True
        segment = self.journeys.segment_id.filtered(lambda one: one.key == "star")
        with freeze_time("2025-06-19 05:00"):
            segment.active = True
            segment._pin(sub, "pinned_in", "Test")
        self.walk("2025-06-19", "2025-06-22")
        self.assertEqual(self.done(sub), {})

    def test_closing_stops_them(self):
        self.switch_on()
        sub = self.make("Anna")
        self.walk(
            "2025-06-10",
            "2025-06-20",
            {"2025-06-12": lambda: self.end(sub, "2025-06-12")},
        )
        self.assertEqual(self.done(sub), {"welcome": FIRST_DAYS[:1]})
        self.assertEqual(self.reasons(sub)["welcome", "First features"], "closed")

    def test_three_days_down_are_caught_up_and_a_month_is_not(self):
        self.switch_on()
        sub = self.make("Anna")
        self.walk(
            "2025-06-10", "2025-06-18", down=("2025-06-13", "2025-06-14", "2025-06-15")
        )
        self.assertEqual(
            self.done(sub), {"welcome": ["2025-06-11", "2025-06-16", "2025-06-17"]}
        )
        late = self.make("Late", "2025-06-20")
        self.run_at("2025-07-20 12:00")
        self.assertEqual(self.done(late), {})
        self.assertEqual(
            self.reasons(late)["welcome", "Greeting and a short video"], "late"
        )

    def test_offer_before_the_renewal_of_those_at_risk(self):
        self.switch_on()
        risky, calm = (self.make(name, "2025-05-10") for name in ("Risky", "Calm"))
        both = risky | calm
        both.next_renewal_date = both.recurring_next_date = day("2025-06-17")
        risky.churn_risk = "high"
        self.walk("2025-06-09", "2025-06-10")
        self.assertEqual(self.done(risky), {"renewal": ["2025-06-10"] * 2})
        self.assertEqual(self.done(calm), {"renewal": ["2025-06-10"]})
        self.assertEqual(risky.offer_grant_ids.offer_id.discount, 10)
        self.assertIn("10 % off", self.mails(risky).body_html)
        self.assertNotIn("% off", self.mails(calm).body_html)
        # Said once, though it still goes on; and only what the journey gives.
        other = self.env["subscription.offer"].create(
            {"name": "Other", "discount": 5, "description": "5 % off"}
        )
        with freeze_time("2025-07-01 12:00"):
            other._grant(calm)
        both.next_renewal_date = both.recurring_next_date = day("2025-07-17")
        self.walk("2025-07-10", "2025-07-10")
        for sub in both:
            mail = self.mails(sub)[-1]
            self.assertIn("07/17/2025", mail.subject)
            self.assertNotIn("% off", mail.body_html)

    def test_anniversary_a_year_after_one_that_came_late(self):
        self.switch_on("2026-06-01 06:00")
        offer = self.env.ref(f"{MODULE}.subscription_offer_anniversary")
        sub = self.make("Anna", "2024-06-10")
        second = self.subscribe(
            sub.partner_id, mrr=1, start="2024-06-10", as_of=day("2024-06-10")
        )
        both = sub | second
        both.recurring_next_date = day("2026-07-10")
        with freeze_time("2025-06-11 12:00"):
            offer._grant(sub)[0].state = "used"
        self.walk("2026-06-10", "2026-06-10")
        self.assertEqual(self.done(sub), {"anniversary": ["2026-06-10"] * 2})
        reasons = self.reasons(second)
        self.assertEqual(reasons["anniversary", "Thank-you offer"], "offer_lately")


@tagged("post_install", "-at_install")
class TestShippedPaymentLate(InvoiceCase, ShippedCase):
    def test_reminders_while_an_invoice_is_past_due(self):
        self.switch_on()
        debtor, payer = (
            self.make("Debtor", "2025-05-10"),
            self.make("Payer", "2025-05-10"),
        )
        for one in (debtor, payer):
            self.invoice("2025-06-10", subscription=one, invoice_date_due="2025-06-12")

        def refresh():
            today = self.company._subscription_today()
            self.env["subscription.refresh"]._refresh_company(
                self.company, today, lambda: True
            )

        def pay():
            self.pay(payer.invoice_ids, "2025-06-20")
            refresh()

        days = ("2025-06-13", "2025-06-15", "2025-06-20", "2025-06-22", "2025-06-29")
        self.walk(
            "2025-06-13",
            "2025-06-29",
            {**dict.fromkeys(days, refresh), "2025-06-20": pay},
            only=set(map(day, days)),
        )
        expected = ["2025-06-15", "2025-06-22", "2025-06-29"]
        self.assertEqual(self.done(debtor)["payment_late"], expected)
        self.assertEqual(self.done(payer)["payment_late"], expected[:1])
        self.assertEqual(self.reasons(payer)["payment_late", "Call"], "paid")
        self.assertIn("Invoice past due: call", debtor.activity_ids.mapped("summary"))
        for one in (debtor, payer):
            self.assertOnTheDay(one, "Europe/Brussels")


@tagged("post_install", "-at_install")
class TestShippedJourneysWalk(ShippedCase):
    def test_eighteen_months(self):
        """On the right local day of each customer, and never on another one."""
        self.switch_on()
        zones = {"Anna": "Europe/Brussels", "Abby": "America/Los_Angeles"}
        subs = {name: self.make(name, tz=zone) for name, zone in zones.items()}
        both = self.env["sale.subscription"].union(*subs.values())
        both.write(
            {
                "signal_key_features_90d": 1,
                "next_renewal_date": day("2026-06-10"),
                "recurring_next_date": day("2026-06-10"),
                "rfm_frequency": 0,
            }
        )

        def renew():
            both.next_renewal_date = both.recurring_next_date = day("2027-06-10")
            both.rfm_frequency = 1
            both.customer_id._store_lives()

        def leave():
            for sub in both:
                self.book(sub, ("2026-09-01", "end", None), as_of=day("2026-09-01"))

        expected = {
            "welcome": FIRST_DAYS,
            "renewal": ["2026-06-03", "2026-06-10"],
            "first_renewal_thanks": ["2026-06-12"],
            "anniversary": ["2026-06-10"] * 2,
            "win_back": ["2026-09-15", "2026-10-16", "2026-11-30"],
        }
        # When something is expected, or only its condition is not met (the rescue, the
        # reminder to pay), the days around it, and once a month.
        days = {day(one) for some in expected.values() for one in some}
        days |= {day("2025-06-21"), day("2026-06-13")}
        days |= {one + timedelta(more) for one in days for more in (-1, 1)}
        days |= {date(2025 + n // 12, n % 12 + 1, 20) for n in range(5, 24)}
        self.walk(
            "2025-06-10",
            "2026-12-10",
            {"2026-06-10": renew, "2026-09-01": leave},
            only=days | {day("2025-06-10"), day("2026-09-01"), day("2026-12-10")},
        )
        for name, sub in subs.items():
            self.assertEqual(self.done(sub), expected)
            self.assertOnTheDay(sub, zones[name])
