# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Whom a person enrols in a journey, who is left out and why, and taking it back."""

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..analytics.holdout import held_out
from .common import day
from .invoices import InvoiceCase
from .journeys import JourneyCase
from .test_mass_actions import MassActionCase

NOW = "2025-06-10 12:00:00"


class ByHandCase(MassActionCase, JourneyCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.subs = cls.env["sale.subscription"]

    def refused(self, journey, *subs):
        """Return why subscriptions would not be enrolled, as the wizard says it."""
        wizard = self.wizard("mass.enrol", self.subs.union(*subs), journey_id=journey)
        self.assertEqual(
            wizard.reached_count,
            len(subs) - sum(row["number"] for row in wizard.excluded or []),
        )
        return {row["names"][0]: row["reason"] for row in wizard.excluded or []}

    def enrol(self, journey, *subs, user=None):
        return self.act("mass.enrol", self.subs.union(*subs), user, journey_id=journey)


@tagged("post_install", "-at_install")
class TestEnrolByHand(ByHandCase):
    def test_enrolled_from_today_on(self):
        journey = self.make_journey(self.tag_step(0), self.tag_step(2))
        sub = self.make("Anna", "2025-01-10")
        closed = self.make("Closed", "2025-01-10")
        self.end(closed, "2025-05-31")
        with freeze_time(NOW):
            campaign = self.enrol(journey, sub, closed, user=self.ann)
        self.assertEqual(self.reasons(campaign), {sub: None, closed: "closed"})
        self.assertEqual((campaign.kind, campaign.name), ("journey", journey.name))
        self.assertIn(campaign.name, sub.message_ids[:1].body)
        enrolment = self.enrolments(journey)
        self.assertEqual(enrolment.subscription_id, sub)
        self.assertTrue(enrolment.is_by_hand)
        self.assertEqual(self.anchors(journey), ["2025-06-10"])
        self.run_at("2025-06-10 13:00", "2025-06-12 13:00")
        self.assertEqual(self.outcome(journey), ["done", "done"])
        self.assertEqual(sub.tag_ids, journey.step_ids.tag_id)
        with freeze_time("2025-06-12 14:00"), self.assertRaises(UserError):
            self.undo(campaign)

    @freeze_time(NOW)
    def test_who_is_not_enrolled(self):
        plan = self.make_plan("Gold")
        values = {"enrol_domain": f"[('template_id', '=', {plan.id})]"}
        journey = self.make_journey(self.tag_step(3), reentry="after", **values)
        on_it, again, archived, other, fine = (
            self.make(name, "2025-01-10", template_id=plan.id)
            for name in ("OnIt", "Again", "Archived", "Other", "Fine")
        )
        other.template_id = self.plan
        archived.active = False
        self.enrol(journey, on_it, again)
        late = self.enrolments(journey).filtered(
            lambda own: own.subscription_id == again
        )
        late.write({"anchor_date": "2025-05-01", "state": "done"})
        self.assertEqual(
            self.refused(journey, on_it, again, archived, other, fine),
            {
                "OnIt": "On the journey already",
                "Again": "Not enrolled again",
                "Archived": "Subscription closed",
                "Other": "Not meant by the journey",
            },
        )
        journey.date_to = day("2025-06-09")
        self.assertEqual(
            self.refused(journey, fine), {"Fine": "The journey is not valid today"}
        )

    @freeze_time(NOW)
    def test_what_the_journey_is_about_must_be_so(self):
        sub = self.make("Anna", "2025-01-10")
        gone, back = self.make("Gone", "2025-01-10"), self.make("Back", "2025-01-10")
        for one in (gone, back):
            self.end(one, "2025-06-01")
        self.subscribe(back.partner_id, start="2025-06-09", as_of=day("2025-06-10"))
        ended = self.make_journey(self.tag_step(), anchor="ended")
        self.assertEqual(
            self.refused(ended, sub, gone, back),
            {"Anna": "Has not ended", "Back": "Came back"},
        )
        notice = self.make_journey(self.tag_step(), anchor="notice")
        self.assertEqual(self.refused(notice, sub), {"Anna": "No notice given"})
        self.env["subscription.notice"].create(
            {
                "subscription_id": sub.id,
                "date": "2025-05-09",
                "end_date": "2025-07-31",
            }
        )
        self.assertEqual(self.refused(notice, sub), {})
        self.enrol(notice, sub)
        self.enrol(ended, gone)
        segment = self.env["subscription.segment"].create(
            {"name": "Stars", "enter_domain": "[('id', '=', 0)]"}
        )
        member = self.make_journey(
            self.tag_step(), segment_id=segment.id, stop_on_left=True
        )
        self.assertEqual(
            self.refused(member, sub), {"Anna": "Not in the segment of the journey"}
        )
        self.run_at("2025-06-10 13:00")
        self.assertEqual(self.outcome(notice), ["done"])
        self.assertEqual(self.outcome(ended, gone), ["done"])

    @freeze_time(NOW)
    def test_renewal_begins_with_the_renewal(self):
        """The texts speak of that day; by itself it would be the same enrolment."""
        journey = self.make_journey(
            self.tag_step(-7), self.tag_step(0), anchor="renewal", reentry="always"
        )
        sub, none = self.make("Anna", "2025-01-10"), self.make("None", "2025-01-10")
        sub.next_renewal_date = day("2025-06-15")
        self.assertEqual(self.refused(journey, sub, none), {"None": "No renewal ahead"})
        self.enrol(journey, sub)
        self.assertEqual(self.anchors(journey), ["2025-06-15"])
        self.run_at("2025-06-10 13:00", "2025-06-15 13:00")
        self.assertEqual(self.outcome(journey), ["done", "done"])
        self.assertEqual(len(self.enrolments(journey)), 1)

    def test_taken_back_and_done_again(self):
        journey = self.make_journey(self.tag_step(0), self.tag_step(2))
        sub, once_more = self.make("Anna", "2025-01-10"), self.make("Bob", "2025-06-12")
        with freeze_time(NOW):
            campaign = self.enrol(journey, sub, once_more)
        self.run_at("2025-06-10 13:00")
        with freeze_time("2025-06-10 14:00"):
            self.undo(campaign, self.marketer)
            self.assertEqual(self.outcome(journey, sub), ["done", "cancelled: undone"])
            self.assertEqual(
                set(self.enrolments(journey).mapped("stop_reason")), {"undone"}
            )
            # On the same day it goes on where it was, and does nothing twice.
            self.enrol(journey, sub)
            self.assertEqual(self.outcome(journey, sub), ["done", "waiting"])
        self.run_at("2025-06-12 13:00")
        self.assertEqual(self.outcome(journey, sub), ["done", "done"])
        # Who really starts later is not kept from it.
        self.assertIn("2025-06-12", self.anchors(journey, once_more))

    def test_taken_back_before_it_really_begins_on_the_same_day(self):
        journey = self.make_journey(self.tag_step(0), self.tag_step(2))
        begun, other = self.make("Anna"), self.make("Bob")
        with freeze_time("2025-06-10 04:00"):
            campaigns = [self.enrol(journey, sub) for sub in (begun, other)]
        with freeze_time("2025-06-10 05:00"):
            self.undo(campaigns[1])
        self.run_at("2025-06-10 12:00")
        with freeze_time("2025-06-10 13:00"):
            self.undo(campaigns[0])
            for sub in (begun, other):
                sub.tag_ids = False
        self.run_at("2025-06-10 14:00")
        for sub in (begun, other):
            self.assertEqual(self.outcome(journey, sub), ["done", "waiting"])
        # What was done before is not done again.
        self.assertFalse(begun.tag_ids)
        self.assertEqual(
            self.enrolments(journey).mapped(lambda own: (own.state, own.is_by_hand)),
            [("running", False)] * 2,
        )
        self.run_at("2025-06-12 12:00")
        self.assertEqual(set(self.enrolments(journey).mapped("state")), {"done"})

    @freeze_time(NOW)
    def test_taken_back_and_in_the_control_group_since(self):
        """The share of a control group may change in between."""
        journey = self.make_journey(self.tag_step(2), holdout_percent=20)
        many = self.subs.union(*(self.make(f"C{n}", "2025-01-10") for n in range(20)))
        self.undo(self.enrol(journey, *many))
        held = self.enrolments(journey).filtered("is_control").subscription_id
        self.assertTrue(held)
        journey.holdout_percent = 0
        self.enrol(journey, *many)
        self.assertFalse(self.enrolments(journey).filtered("is_control"))
        self.assertEqual(self.outcome(journey, held[0]), ["waiting"])

    @freeze_time(NOW)
    def test_anniversary_has_its_day(self):
        journey = self.make_journey(self.tag_step(), anchor="anniversary")
        self.assertEqual(
            self.refused(journey, self.make("Anna", "2025-01-10")),
            {"Anna": "Begins with an anniversary only"},
        )

    @freeze_time(NOW)
    def test_control_group_of_the_journey(self):
        journey = self.make_journey(self.tag_step(), holdout_percent=20)
        many = self.subs.union(*(self.make(f"C{n}", "2025-01-10") for n in range(20)))
        held = held_out(journey._holdout_key(), many.customer_id.ids, 20)
        campaign = self.enrol(journey, *many)
        control = self.enrolments(journey).filtered("is_control")
        self.assertTrue(0 < len(control) < 20)
        self.assertEqual(set(control.customer_id.ids), held)
        self.assertEqual(
            {own for own, why in self.reasons(campaign).items() if why == "control"},
            set(control.subscription_id),
        )
        self.assertEqual(campaign.holdout_key, journey._holdout_key())
        self.assertFalse(control.delivery_ids)
        self.assertEqual(len(self.deliveries(journey)), 20 - len(control))
        self.undo(campaign)
        self.assertEqual(set(control.mapped("state")), {"stopped"})

    @freeze_time(NOW)
    def test_who_may_and_into_what(self):
        journey = self.make_journey(self.tag_step())
        sub = self.make("Anna", "2025-01-10")
        for kind in ("user", "agent"):
            with self.assertRaises(AccessError):
                self.enrol(journey, sub, user=self.make_user(kind))
        other = self.make_company("Other")
        there = self.subscribe(self.make_partner("There"), company=other)
        self.assertEqual(
            self.refused(journey, there), {"There": "Not a journey of this company"}
        )
        wizard = self.wizard("mass.enrol", sub, journey_id=journey)
        journey.active = False
        with self.assertRaisesRegex(UserError, "switched off"):
            wizard.action_confirm()


@tagged("post_install", "-at_install")
class TestEnrolByHandOverdue(InvoiceCase, ByHandCase):
    def test_who_owes_since_before_it_was_switched_on(self):
        sub, payer = self.make("Anna", "2025-01-10"), self.make("Payer", "2025-01-10")
        self.invoice("2025-05-10", subscription=sub, invoice_date_due="2025-05-12")
        journey = self.make_journey(
            self.tag_step(0), self.tag_step(5), anchor="overdue"
        )
        with freeze_time(NOW):
            self.assertEqual(
                self.refused(journey, sub, payer), {"Payer": "No invoice overdue"}
            )
            self.enrol(journey, sub)
        self.run_at("2025-06-10 13:00")
        self.assertEqual(self.outcome(journey), ["done", "waiting"])
        self.pay(sub.invoice_ids, "2025-06-12")
        self.run_at("2025-06-15 13:00")
        self.assertEqual(self.outcome(journey), ["done", "cancelled: paid"])
