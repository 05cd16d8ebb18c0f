# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Who goes on a journey, since which day, and when each step is due."""

from datetime import date

from freezegun import freeze_time
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo import fields
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from ..analytics.due import due_at
from ..analytics.holdout import bucket, held_out
from ..models.subscription_journey_due import due_sql
from ..models.subscription_journey_enrol import bucket as bucket_sql
from .common import day
from .invoices import InvoiceCase
from .journeys import JourneyCase

ENGINE = "odoo.addons.subscription_segmentation.models.subscription_journey_enrol"


@tagged("post_install", "-at_install")
class TestJourneyAnchors(JourneyCase):
    def test_start_since_it_was_switched_on(self):
        before = self.make("Before", "2025-05-31")
        first = self.make("First", "2025-06-01")
        journey = self.make_journey()
        later = self.make("Later", "2025-06-02")
        self.run_at("2025-06-02 12:00")
        self.assertEqual(self.anchors(journey, before), [])
        self.assertEqual(self.anchors(journey, first), ["2025-06-01"])
        self.assertEqual(self.anchors(journey, later), ["2025-06-02"])
        # Once: a second run finds nothing new.
        self.run_at("2025-06-02 13:00")
        self.assertEqual(len(self.enrolments(journey)), 2)

    def test_imported_history_begins_nothing(self):
        journey = self.make_journey()
        with freeze_time("2025-06-20 10:00"):
            self.import_history(
                {
                    "subscription_ref": "I-1",
                    "start_date": "2025-06-15",
                    "email": "anna@example.com",
                },
                as_of=day("2025-06-20"),
            )
        self.run_at("2025-06-20 12:00")
        self.assertEqual(self.anchors(journey), [])

    def test_successor_is_no_start_and_continued_no_end(self):
        started = self.make_journey()
        ended = self.make_journey(anchor="ended")
        old = self.make("Old", "2025-01-10")
        gone = self.make("Gone", "2025-01-10")
        self.end(old, "2025-06-10")
        self.end(gone, "2025-06-10")
        new = self.subscribe(
            old.partner_id, start="2025-06-12", as_of=day("2025-06-12")
        )
        self.run_at("2025-06-12 12:00")
        self.assertEqual(self.anchors(started, new), [])
        self.assertEqual(self.anchors(ended, old), [])
        self.assertEqual(self.anchors(ended, gone), ["2025-06-10"])

    def test_started_again(self):
        journey = self.make_journey(anchor="restarted")
        started = self.make_journey()
        sub = self.make("Again", "2025-01-10")
        self.end(sub, "2025-06-05")
        self.book(sub, ("2025-06-20", "start", 10), as_of=day("2025-06-20"))
        self.run_at("2025-06-20 12:00")
        self.assertEqual(self.anchors(journey), ["2025-06-20"])
        self.assertEqual(self.anchors(started), [])

    def test_start_that_is_told_late(self):
        journey = self.make_journey()
        self.run_at("2025-06-19 12:00")
        partner = self.make_partner("Late", email="late@example.com")
        sub = self.subscribe(partner, start="2025-06-10", as_of=day("2025-06-20"))
        sub.movement_ids.flush_recordset()
        self.env.cr.execute(
            "UPDATE subscription_movement SET known_on = '2025-06-20'"
            " WHERE subscription_id = %s",
            [sub.id],
        )
        self.run_at("2025-06-20 12:00")
        self.assertEqual(self.anchors(journey), ["2025-06-10"])
        self.assertEqual(self.outcome(journey), ["skipped: late"])

    def test_renewal_ahead(self):
        journey = self.make_journey(
            self.email_step(-7), self.email_step(0), anchor="renewal", reentry="always"
        )
        sub = self.make("Anna", "2025-05-20")
        far = self.make("Far", "2025-05-20")
        leaving = self.make("Leaving", "2025-05-20")
        (sub | leaving).next_renewal_date = day("2025-06-20")
        far.next_renewal_date = day("2025-07-20")
        leaving.notice_end_date = day("2025-06-20")
        self.run_at("2025-06-13 05:00")
        self.assertEqual(self.anchors(journey), ["2025-06-20"])
        self.assertEqual(self.enrolments(journey).subscription_id, sub)
        self.assertEqual(self.due(journey), ["2025-06-13 07:00", "2025-06-20 07:00"])
        self.run_at("2025-06-13 08:00")
        self.assertEqual(self.outcome(journey), ["done", "waiting"])

    def test_renewal_that_moves(self):
        journey = self.make_journey(
            self.email_step(-7), self.email_step(3), anchor="renewal", reentry="once"
        )
        sub = self.make("Anna", "2025-05-20")
        sub.next_renewal_date = day("2025-06-20")
        self.run_at("2025-06-13 08:00")
        sub.next_renewal_date = day("2025-06-25")
        self.run_at("2025-06-18 08:00")
        self.assertEqual(self.anchors(journey), ["2025-06-20", "2025-06-25"])
        self.assertEqual(
            self.outcome(journey), ["done", "done", "cancelled: moved", "waiting"]
        )
        # It moves back: what was cancelled waits again, what was sent is not repeated.
        sub.next_renewal_date = day("2025-06-20")
        self.run_at("2025-06-18 09:00")
        self.assertEqual(
            self.outcome(journey), ["done", "done", "waiting", "cancelled: moved"]
        )
        # Once it is reached the next renewal is another one.
        sub.next_renewal_date = day("2025-07-20")
        self.run_at("2025-06-20 09:00", "2025-06-23 09:00")
        self.assertEqual(
            self.outcome(journey), ["done", "done", "done", "cancelled: moved"]
        )
        self.assertEqual(len(self.mails(sub)), 3)

    def test_notice(self):
        journey = self.make_journey(self.tag_step(0), self.tag_step(2), anchor="notice")
        sub, kept = self.make("Anna", "2025-01-10"), self.make("Kept", "2025-01-10")
        with freeze_time("2025-06-10 10:00"):
            for one in (sub, kept):
                self.env["subscription.notice"].create(
                    {
                        "subscription_id": one.id,
                        "date": "2025-06-09",
                        "end_date": "2025-07-31",
                    }
                )
        self.run_at("2025-06-10 12:00")
        self.assertEqual(self.anchors(journey), ["2025-06-09"] * 2)
        with freeze_time("2025-06-11 06:00"):
            kept.notice_ids.action_withdraw()
        self.run_at("2025-06-11 12:00")
        self.assertEqual(self.outcome(journey, sub), ["done", "done"])
        self.assertEqual(self.outcome(journey, kept), ["done", "cancelled: withdrawn"])

    def test_segment_entered_and_left(self):
        segment = self.env["subscription.segment"].create(
            {"name": "Stars", "enter_domain": "[('id', '=', 0)]"}
        )
        values = {"segment_id": segment.id, "reentry": "always"}
        entered = self.make_journey(anchor="entered", **values)
        left = self.make_journey(anchor="left", **values)
        sub = self.make("Anna", "2025-01-10")
        membership = {
            "segment_id": segment.id,
            "subscription_id": sub.id,
            "company_id": self.company.id,
        }
        Membership = self.env["subscription.segment.membership"]
        for kind, begin, until in (
            ("automatic", "2025-06-02", "2025-06-05"),
            ("pinned_in", "2025-06-05", "2025-06-08"),  # the same stay goes on
            ("pinned_out", "2025-06-08", "2025-06-20"),
            ("automatic", "2025-06-20", False),
        ):
            Membership.create(
                {**membership, "kind": kind, "date_from": begin, "date_to": until}
            )
        self.run_at("2025-06-20 12:00")
        self.assertEqual(self.anchors(entered), ["2025-06-02", "2025-06-20"])
        self.assertEqual(self.anchors(left), ["2025-06-08"])

    def test_anniversary(self):
        journey = self.make_journey(
            anchor="anniversary", reentry="always", anniversary_months=12
        )
        sub = self.make("Anna", "2023-06-15")
        other = self.make("Other", "2023-07-15")
        leap = self.make("Leap", "2024-02-29")
        for one, begin in (
            (sub, "2023-06-15"),
            (other, "2023-07-15"),
            (leap, "2024-02-29"),
        ):
            one.relationship_start_date = day(begin)
        self.run_at("2025-06-15 12:00")
        self.assertEqual(self.anchors(journey), ["2025-06-15"])
        self.run_at("2025-07-20 12:00", "2026-03-01 12:00", "2026-06-15 12:00")
        self.assertEqual(self.anchors(journey, sub), ["2025-06-15", "2026-06-15"])
        self.assertEqual(self.anchors(journey, leap), ["2026-02-28"])

    def test_validity(self):
        journey = self.make_journey(
            date_from=day("2025-06-10"), date_to=day("2025-06-12")
        )
        subs = [self.make("Anna", f"2025-06-{n:02}") for n in (9, 10, 12, 13)]
        self.run_at("2025-06-13 12:00")
        self.assertEqual(self.enrolments(journey).subscription_id, subs[1] | subs[2])

    def test_only_those_of_the_domain(self):
        journey = self.make_journey(enrol_domain="[('template_id.name', '=', 'Gold')]")
        self.make("Basic")
        gold = self.make("Gold", template_id=self.make_plan("Gold").id)
        self.run_at("2025-06-10 12:00")
        self.assertEqual(self.enrolments(journey).subscription_id, gold)

    def test_switched_off_and_on_again(self):
        journey = self.make_journey(self.email_step(1))
        early = self.make("Early", "2025-06-10")
        self.run_at("2025-06-10 12:00")
        journey.active = False
        self.make("Meanwhile", "2025-06-11")
        self.run_at("2025-06-11 12:00")
        self.assertEqual(self.outcome(journey), ["waiting"])
        with freeze_time("2025-06-12 06:00"):
            journey.active = True
        self.run_at("2025-06-12 12:00")
        # What waited is done, what began while it was off is none of it.
        self.assertEqual(self.enrolments(journey).subscription_id, early)
        self.assertEqual(self.outcome(journey), ["done"])

    def test_days_without_the_scheduler_are_not_lost(self):
        journey = self.make_journey(self.email_step(0), self.email_step(7))
        self.run_at("2025-06-01 12:00")
        sub = self.make("Anna", "2025-06-10")
        self.run_at("2025-06-25 12:00")
        self.assertEqual(self.anchors(journey), ["2025-06-10"])
        self.assertEqual(self.outcome(journey), ["skipped: late", "skipped: late"])
        self.assertFalse(self.mails(sub))

    @mute_logger(ENGINE)
    def test_journey_that_fails_stops_no_other(self):
        """Invariant 9."""
        broken, fine = self.make_journey(sequence=1), self.make_journey(sequence=2)
        self.make("Anna")
        broken.flush_recordset()
        self.env.cr.execute(
            "UPDATE subscription_journey SET enrol_domain = %s WHERE id = %s",
            ["[('no_such_field', '=', 1)]", broken.id],
        )
        self.env.invalidate_all()
        self.run_at("2025-06-10 12:00")
        self.assertEqual(len(self.enrolments(fine)), 1)
        self.assertEqual(len(self.enrolments(broken)), 0)
        self.assertIn("no_such_field", broken.error)


@tagged("post_install", "-at_install")
class TestJourneyOverdue(InvoiceCase, JourneyCase):
    def test_overdue_invoice(self):
        journey = self.make_journey(
            self.email_step(3, is_transactional=True),
            self.email_step(10, is_transactional=True),
            anchor="overdue",
            reentry="always",
        )
        sub, payer = self.make("Anna", "2025-05-10"), self.make("Payer", "2025-05-10")
        for one in (sub, payer):
            self.invoice("2025-06-10", subscription=one, invoice_date_due="2025-06-12")
        paid = payer.invoice_ids
        self.run_at("2025-06-12 12:00")
        self.assertEqual(self.anchors(journey), [])
        self.run_at("2025-06-13 12:00", "2025-06-15 12:00")
        self.assertEqual(self.anchors(journey), ["2025-06-12"] * 2)
        self.assertEqual(len(self.mails()), 2)
        self.pay(paid, "2025-06-20")
        self.run_at("2025-06-22 12:00")
        self.assertEqual(self.outcome(journey, payer), ["done", "cancelled: paid"])
        self.assertEqual(self.outcome(journey, sub), ["done", "done"])

    def test_stops_when_it_renews(self):
        journey = self.make_journey(
            self.email_step(-7),
            self.email_step(3),
            anchor="renewal",
            stop_on_renewed=True,
        )
        sub, slow = self.make("Anna", "2025-05-20"), self.make("Slow", "2025-05-20")
        for one in (sub, slow):
            one.next_renewal_date = day("2025-06-20")
            self.invoice("2025-05-20", subscription=one, invoice_date_due="2025-05-21")
        self.run_at("2025-06-13 08:00")
        for one in (sub, slow):
            self.pay(one.invoice_ids, "2025-05-21")
            self.invoice("2025-06-20", subscription=one, invoice_date_due="2025-06-21")
        self.pay(
            sub.invoice_ids.filtered(lambda move: move.amount_residual), "2025-06-21"
        )
        self.run_at("2025-06-23 08:00")
        self.assertEqual(self.outcome(journey, sub), ["done", "cancelled: renewed"])
        self.assertEqual(self.outcome(journey, slow), ["done", "done"])


@tagged("post_install", "-at_install")
class TestJourneyEnrolment(JourneyCase):
    def leave_and_return(self, sub, *days):
        for begin, until in zip(days[::2], days[1::2], strict=True):
            self.end(sub, begin)
            self.book(sub, (until, "start", 10), as_of=day(until))

    def test_enrolled_again(self):
        rules = ("once", "always", "after")
        journeys = [
            self.make_journey(anchor="restarted", reentry=rule, reentry_days=30)
            for rule in rules
        ]
        sub = self.make("Anna", "2025-01-10")
        for gone, back in (
            ("2025-06-02", "2025-06-03"),
            ("2025-06-10", "2025-06-12"),
            ("2025-07-01", "2025-07-03"),
        ):
            self.leave_and_return(sub, gone, back)
            self.run_at(f"{back} 12:00")
        once, always, after = map(self.anchors, journeys)
        self.assertEqual(once, ["2025-06-03"])
        self.assertEqual(always, ["2025-06-03", "2025-06-12", "2025-07-03"])
        self.assertEqual(after, ["2025-06-03", "2025-07-03"])

    def test_control_group(self):
        journey = self.make_journey(self.tag_step(), holdout_percent=20)
        subs = self.env["sale.subscription"]
        for number in range(25):
            subs |= self.make(f"C{number}")
        self.run_at("2025-06-10 12:00")
        self.assertEqual(self.enrolments(journey).subscription_id, subs)
        control = self.enrolments(journey).filtered("is_control")
        expected = held_out(f"journey:{journey.id}", subs.customer_id.ids, 20)
        self.assertEqual(set(control.customer_id.ids), expected)
        self.assertTrue(0 < len(control) < 15)
        # The same as wizards leave out, and nothing is done with them.
        self.assertEqual(
            subs._held_out(f"journey:{journey.id}", 20),
            set(control.subscription_id.ids),
        )
        reached = self.deliveries(journey).subscription_id
        self.assertEqual(reached, subs - control.subscription_id)

    def test_buckets_are_those_of_python(self):
        ids = list(range(1, 2000, 7))
        rows = self.env.execute_query(
            SQL(
                "SELECT id, %s FROM unnest(%s) AS id",
                bucket_sql("journey:5", SQL("id")),
                ids,
            )
        )
        self.assertEqual(dict(rows), {id_: bucket("journey:5", id_) for id_ in ids})

    def test_texts_by_weight_and_for_good(self):
        step = self.email_step(
            0, variants=[{"subject": "A", "weight": 3}, {"subject": "B", "weight": 1}]
        )
        journey = self.make_journey(step, enrol_domain="[('id', '!=', 0)]")
        for number in range(24):
            self.make(f"V{number}")
        self.run_at("2025-06-10 05:00")
        found = self.deliveries(journey)
        subjects = [one.variant_id.subject for one in found]
        self.assertEqual(set(subjects), {"A", "B"})
        self.assertEqual(len(found.filtered("variant_id")), 24)
        self.assertGreater(subjects.count("A"), 12)
        variants = {one.subscription_id: one.variant_id for one in found}
        found.enrolment_id.unlink()
        with freeze_time("2025-06-10 05:00"):
            journey._enrol(self.company)
        again = self.deliveries(journey)
        self.assertEqual(
            {one.subscription_id: one.variant_id for one in again}, variants
        )

    def test_time_zones(self):
        journey = self.make_journey(self.email_step(1))
        brussels = self.make("Brussels")
        york = self.make("York", tz="America/New_York")
        kolkata = self.make("Kolkata", tz="Asia/Kolkata")
        self.run_at("2025-06-10 12:00")
        self.assertEqual(self.due(journey, brussels), ["2025-06-11 07:00"])
        self.assertEqual(self.due(journey, york), ["2025-06-11 13:00"])
        self.assertEqual(self.due(journey, kolkata), ["2025-06-11 03:30"])

    def test_summer_time(self):
        journey = self.make_journey(self.email_step(-120), self.email_step(1))
        self.make("Anna", "2025-10-25")
        self.run_at("2025-10-25 12:00")
        self.assertEqual(self.due(journey), ["2025-06-27 07:00", "2025-10-26 08:00"])

    def test_time_zone_that_the_database_does_not_know(self):
        journey = self.make_journey(self.email_step(1))
        sub = self.make("Anna")
        self.env.cr.execute(
            "UPDATE res_partner SET tz = 'Mars/Olympus' WHERE id = %s",
            [sub.partner_id.id],
        )
        self.env.invalidate_all()
        with freeze_time("2025-06-10 05:00"):
            journey._enrol(self.company)
        self.assertEqual(self.due(journey, sub), ["2025-06-11 07:00"])

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        st.lists(
            st.tuples(
                st.dates(date(2018, 1, 1), date(2032, 12, 31)),
                st.integers(-365, 400),
                st.integers(0, 1439),
                st.sampled_from(
                    [
                        "UTC",
                        "Europe/Brussels",
                        "America/New_York",
                        "Asia/Kolkata",
                        "Australia/Lord_Howe",
                        "America/Sao_Paulo",
                    ]
                ),
            ),
            min_size=1,
            max_size=50,
        )
    )
    def test_database_and_python_agree_on_due_times(self, rows):
        anchors, offsets, minutes, zones = zip(*rows, strict=True)
        hours = [minute / 60 for minute in minutes]
        found = self.env.execute_query(
            SQL(
                "SELECT %s FROM unnest(%s::date[], %s::int[], %s::float[], %s::text[])"
                " AS step (anchor, offset_days, local_hour, zone)",
                due_sql(SQL("step.anchor"), SQL("step"), SQL("step.zone")),
                list(anchors),
                list(offsets),
                hours,
                list(zones),
            )
        )
        expected = [
            due_at(*row) for row in zip(anchors, offsets, hours, zones, strict=True)
        ]
        self.assertEqual([row[0] for row in found], expected)

    def test_step_that_is_added_moved_or_archived(self):
        journey = self.make_journey(self.email_step(5))
        self.make("Anna")
        self.run_at("2025-06-10 12:00")
        journey.write({"step_ids": [self.email_step(7)]})
        self.assertEqual(self.due(journey), ["2025-06-15 07:00", "2025-06-17 07:00"])
        journey.step_ids.sorted()[0].write({"offset_days": 6, "local_hour": 14})
        self.assertEqual(self.due(journey), ["2025-06-16 12:00", "2025-06-17 07:00"])
        journey.step_ids.sorted()[0].active = False
        self.assertEqual(self.outcome(journey), ["cancelled: removed", "waiting"])

    def test_two_companies(self):
        """Invariant 4, and each by its own clock."""
        other = self.make_company("Second Company")
        other.partner_id.tz = "Asia/Tokyo"
        journey = self.make_journey(self.email_step(1), company_id=False)
        own = self.make_journey(self.email_step(1))
        here = self.make("Here")
        there = self.make("There", company=other)
        self.run_at("2025-06-10 12:00")
        self.assertEqual(self.due(journey, here), ["2025-06-11 07:00"])
        self.assertEqual(self.due(journey, there), ["2025-06-11 00:00"])
        self.assertEqual(self.enrolments(own).subscription_id, here)
        user = self.make_user("user", other)
        seen = self.as_user(self.env["subscription.journey.delivery"], user).search([])
        self.assertEqual(seen.subscription_id.ids, there.ids)
        seen = self.as_user(
            self.env["subscription.journey"].with_context(active_test=False), user
        ).search([])
        self.assertIn(journey.id, seen.ids)
        self.assertNotIn(own.id, seen.ids)

    def test_what_is_refused(self):
        with self.assertRaises(ValidationError):
            self.make_journey(enrol_domain="[('no_such_field', '=', 1)]")
        with self.assertRaises(ValidationError):
            self.make_journey(enrol_domain="__import__('os')")
        with self.assertRaises(ValidationError):
            self.make_journey(self.tag_step(0, tag_id=False))
        with self.assertRaises(ValidationError):
            self.make_journey(self.tag_step(0, previous="opened"))
        with self.assertRaises(ValidationError):
            journey = self.make_journey()
            journey.step_ids.variant_ids.unlink()
            journey.write({"active": False})
            journey.write({"active": True})

    def test_rights(self):
        journey = self.make_journey()
        for kind in ("user", "agent", "salesperson"):
            as_user = self.as_user(journey, self.make_user(kind))
            self.assertEqual(as_user.name, "Journey")
            with self.assertRaises(AccessError):
                as_user.active = False
        with self.assertRaises(AccessError):
            self.as_user(journey, self.make_user("internal")).name  # noqa: B018
        as_manager = self.as_user(journey, self.make_user("manager"))
        as_manager.step_ids.offset_days = 2
        with self.assertRaises(AccessError):
            # What runs on every subscription is for those who may edit templates.
            as_manager.step_ids.variant_ids.body_html = (
                "<t t-out=\"object.env['res.users'].search([])\"/>"
            )


@tagged("post_install", "-at_install")
class TestJourneyPreview(JourneyCase):
    def test_trial_on_one_subscription(self):
        journey = self.make_journey(
            self.email_step(1, subject="Hello {{ object.partner_id.name }}"),
            self.email_step(3, condition_domain="[('id', '=', 0)]"),
            self.tag_step(5),
        )
        sub = self.make("Anna")
        with freeze_time("2025-06-10 12:00"):
            first, second, third = journey._try(sub)
        self.assertEqual(first["subject"], "Hello Anna")
        self.assertIn("Dear Anna", first["body"])
        self.assertEqual((first["action"], first["partners"]), ("go", sub.partner_id))
        self.assertEqual(
            fields.Datetime.to_string(first["due_at"]), "2025-06-11 07:00:00"
        )
        self.assertEqual((second["action"], second["reason"]), ("skip", "condition"))
        self.assertEqual(third["action"], "go")
        self.assertFalse(self.deliveries(journey) or self.enrolments(journey))
        self.assertFalse(journey.step_ids.variant_ids.mailing_ids or self.mails(sub))
        self.assertFalse(sub.tag_ids)
