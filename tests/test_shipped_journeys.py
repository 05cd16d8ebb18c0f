# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The journeys that come with the addon, walked through day by day."""

from collections import defaultdict
from datetime import timedelta

from freezegun import freeze_time

from odoo.tests import tagged

from .common import MODULE, day
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
            self.journeys.active = True

    def walk(self, first, last, told=None, down=()):
        """Have the scheduler run at noon (UTC) of each day.

        :param told: what happens before it runs, by day
        :param down: days on which nothing runs
        """
        date, told = day(first), told or {}
        while date <= day(last):
            if str(date) in told:
                with freeze_time(f"{date} 10:00"):
                    told[str(date)]()
                    self.env.flush_all()
            if str(date) not in down:
                self.run_at(f"{date} 12:00")
            date += timedelta(1)

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


@tagged("post_install", "-at_install", "slow", "whole_history")
class TestShippedJourneysWalk(ShippedCase):
    def test_eighteen_months(self):
        self.switch_on()
        sub = self.make("Anna")
        sub.signal_key_features_90d = 1
        sub.next_renewal_date = day("2026-06-10")
        sub.rfm_frequency = 0

        def renew():
            sub.next_renewal_date = day("2027-06-10")
            sub.rfm_frequency = 1
            sub.customer_id._store_lives()

        def leave():
            self.book(sub, ("2026-09-01", "end", None), as_of=day("2026-09-01"))

        self.walk(
            "2025-06-10",
            "2026-12-10",
            {"2026-06-10": renew, "2026-09-01": leave},
        )
        self.assertEqual(
            self.done(sub),
            {
                "welcome": FIRST_DAYS,
                "renewal": ["2026-06-03", "2026-06-10"],
                "first_renewal_thanks": ["2026-06-12"],
                "anniversary": ["2026-06-10"],
                "win_back": ["2026-09-15", "2026-10-16", "2026-11-30"],
            },
        )
