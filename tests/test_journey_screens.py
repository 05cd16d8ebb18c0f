# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The path of a journey, its next days and its trial, on the screen."""

import sys
from datetime import timedelta

from freezegun import freeze_time

from odoo.exceptions import AccessError
from odoo.tests import Form, HttpCase, tagged

from .common import MODULE, day
from .journeys import JourneyCase


@tagged("post_install", "-at_install")
class TestJourneyNextDays(JourneyCase):
    def upcoming(self, journey, user=None):
        """Return the rows that are shown: (day, step, name, reason)."""
        if user:
            journey = self.as_user(journey, user)
        action = journey.action_see_upcoming()
        rows = journey.env[action["res_model"]].search(action["domain"])
        return [
            (
                f"{row.due_at:%m-%d %H:%M}",
                row.step_id.name,
                row.subscription_id.partner_id.name,
                row.reason or None,
            )
            for row in rows
        ]

    def test_who_gets_what_and_who_does_not(self):
        journey = self.make_journey(
            self.email_step(-7), self.email_step(0), anchor="renewal"
        )
        subs = {}
        for name, renewal in (("A", "06-12"), ("B", "06-18"), ("C", "07-18")):
            subs[name] = self.make(name, "2025-05-10")
            subs[name].next_renewal_date = day(f"2025-{renewal}")
        subs["B"].partner_id.email = False
        user = self.make_user("manager", login="asks")
        with freeze_time("2025-06-10 12:00"):
            rows = self.upcoming(journey, user)
            # It looks at the whole base.
            with self.assertRaises(AccessError):
                self.upcoming(journey, self.make_user("user"))
            self.assertFalse(self.enrolments(journey))
        self.assertEqual(
            rows,
            [
                ("06-10 12:00", "Day -7", "A", "late"),
                ("06-11 07:00", "Day -7", "B", "no_address"),
                ("06-12 07:00", "Day 0", "A", None),
            ],
        )
        # They are the business of who asked.
        other = self.as_user(
            self.env["subscription.journey.upcoming"], self.make_user("manager")
        )
        self.assertFalse(other.search([]))

    def test_as_if_it_were_switched_on(self):
        journey = self.make_journey(self.email_step(0), anchor="renewal", active=False)
        self.make("A", "2025-05-10").next_renewal_date = day("2025-06-12")
        with freeze_time("2025-06-10 12:00"):
            rows = self.upcoming(journey)
        self.assertEqual(rows, [("06-12 07:00", "Day 0", "A", None)])
        self.assertFalse(journey.active or journey.active_since)

    def test_looked_at_in_the_quiet_hours(self):
        journey = self.make_journey(self.email_step(0), anchor="renewal")
        self.make("A", "2025-05-10").next_renewal_date = day("2025-06-12")
        with freeze_time("2025-06-10 21:00"):
            rows = self.upcoming(journey)
        self.assertEqual(rows, [("06-12 07:00", "Day 0", "A", None)])

    def test_of_one_that_is_not_ready(self):
        offer = self.env["subscription.offer"].create(
            {"name": "Less", "discount": 5, "active": False}
        )
        journey = self.make_journey(
            self.tag_step(0, channel="offer", offer_id=offer.id),
            self.tag_step(1, channel="offer"),
            self.email_step(2, variants=[]),
            anchor="renewal",
            active=False,
        )
        self.make("A", "2025-05-10").next_renewal_date = day("2025-06-12")
        with freeze_time("2025-06-10 12:00"):
            rows = self.upcoming(journey)
        self.assertEqual([row[3] for row in rows], ["offer_over", "offer_over", None])

    def test_the_first_and_how_many_there_are(self):
        journey = self.make_journey(self.tag_step(0), self.tag_step(1))
        for name in "ABC":
            self.make(name)
        self.run_at("2025-06-10 05:00")
        wizard = "odoo.addons.subscription_segmentation.wizards"
        self.patch(sys.modules[f"{wizard}.subscription_journey_upcoming"], "ROWS", 4)
        with freeze_time("2025-06-10 05:30"):
            self.assertEqual(
                [row[1] for row in self.upcoming(journey)], ["Tag 0"] * 3 + ["Tag 1"]
            )
            name = journey.action_see_upcoming()["name"]
        self.assertIn("the first 4 of 6 (Tag 0: 3, Tag 1: 3)", name)

    def test_of_other_companies_nothing(self):
        """Invariant 4."""
        other = self.make_company("Other")
        journey = self.make_journey(self.tag_step(1), company_id=False)
        self.make("Here")
        self.make("There", company=other)
        self.run_at("2025-06-10 12:00")
        with freeze_time("2025-06-10 12:00"):
            rows = self.upcoming(journey, self.make_user("manager"))
        self.assertEqual([row[2] for row in rows], ["Here"])


@tagged("post_install", "-at_install")
class TestJourneyTrial(JourneyCase):
    def trial(self, journey, subscription, user):
        model = self.as_user(self.env["subscription.journey.trial"], user)
        with Form(model.with_context(default_journey_id=journey.id)) as form:
            form.subscription_id = subscription
        form.record.action_show()
        return form.record

    @freeze_time("2025-06-10 12:00")
    def test_what_each_step_would_do(self):
        text = {"subject": "Hi", "body_plaintext": "Hello {{ object.partner_id.name }}"}
        journey = self.make_journey(
            self.email_step(1),
            self.email_step(3, channel="sms", variants=[text]),
            self.tag_step(5, condition_domain="[('id', '=', 0)]"),
            self.email_step(7, subject="{{ 1 / 0 }}"),
        )
        sub = self.make("Anna")
        trial = self.trial(journey, sub, self.make_user("user"))
        self.assertEqual(trial.anchor_date, day("2025-06-10"))
        email, sms, tag, broken = trial.line_ids
        self.assertEqual((email.action, email.partner_ids), ("go", sub.partner_id))
        self.assertEqual(f"{email.due_at}", "2025-06-11 07:00:00")
        self.assertEqual(email.subject, "Day 1")
        self.assertIn("Dear Anna", email.body)
        self.assertEqual((sms.action, sms.reason), ("skip", "no_address"))
        self.assertIn("Hello Anna", sms.body)
        self.assertEqual((tag.action, tag.reason), ("skip", "condition"))
        self.assertIn("1 / 0", broken.error)
        self.assertFalse(self.enrolments(journey) or self.mails(sub) or sub.tag_ids)
        self.assertFalse(journey.step_ids.variant_ids.mailing_ids)

    @freeze_time("2025-06-10 21:00")
    def test_in_the_quiet_hours(self):
        journey = self.make_journey(self.email_step(1))
        trial = self.trial(journey, self.make("Anna"), self.make_user("user"))
        self.assertEqual((trial.line_ids.action, trial.line_ids.reason), ("go", False))

    @freeze_time("2025-06-10 12:00")
    def test_renewal_and_rights(self):
        journey = self.make_journey(self.email_step(-7), anchor="renewal")
        sub = self.make("Anna", "2025-05-10")
        sub.next_renewal_date = day("2025-06-20")
        trial = self.trial(journey, sub, self.make_user("salesperson"))
        self.assertEqual(trial.anchor_date, day("2025-06-20"))
        self.assertEqual(f"{trial.line_ids.due_at}", "2025-06-13 07:00:00")
        with self.assertRaises(AccessError):
            self.trial(journey, sub, self.make_user("internal"))


@tagged("post_install", "-at_install")
class TestJourneyTour(JourneyCase, HttpCase):
    def test_path_number_and_trial(self):
        user = self.make_user("manager", login="journey_manager")
        today = self.company._subscription_today()
        journey = self.make_journey(
            self.email_step(1, subject="Hello {{ object.partner_id.name }}"),
            self.tag_step(3),
            name="Greeting",
            on=f"{today - timedelta(3)} 06:00",
        )
        sub = self.make("Anna", str(today - timedelta(1)), code="S-ANNA")
        journey._enrol(self.company)
        self.start_tour(
            f"/odoo/action-{MODULE}.subscription_journey_action/{journey.id}",
            f"{MODULE}_journey",
            login=user.login,
        )
        self.assertEqual(self.outcome(journey), ["waiting", "waiting"])
        self.assertFalse(self.mails(sub))
