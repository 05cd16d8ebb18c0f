# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What is due is done once, at the right time, and only if it still may be."""

from datetime import timedelta

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, ConcurrencyError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..models import subscription_journey_run
from ..models.session_lock import session_lock
from ..models.subscription_journey_email import SENDING
from .common import day
from .journeys import JourneyCase

ENGINE = "odoo.addons.subscription_segmentation.models.subscription_journey_run"


@tagged("post_install", "-at_install")
class TestJourneyEngine(JourneyCase):
    def test_each_step_once_at_its_hour(self):
        journey = self.make_journey(
            self.email_step(1), self.email_step(3), self.email_step(7)
        )
        sub = self.make("Anna")
        self.run_at("2025-06-10 12:00", "2025-06-11 06:59")
        self.assertFalse(self.mails(sub))
        self.run_at("2025-06-11 07:00", "2025-06-11 07:15", "2025-06-11 20:00")
        mail = self.mails(sub)
        self.assertEqual((len(mail), mail.subject), (1, "Day 1"))
        self.assertEqual(mail.recipient_ids, sub.partner_id)
        self.assertIn("Dear Anna", mail.body_html)
        self.assertEqual(mail.state, "outgoing")
        self.assertIn("hello@example.com", mail.email_from)
        self.run_at("2025-06-13 07:00", "2025-06-17 07:00", "2025-06-18 07:00")
        self.assertEqual(self.mails(sub).mapped("subject"), ["Day 1", "Day 3", "Day 7"])
        self.assertEqual(self.outcome(journey), ["done"] * 3)
        self.assertEqual(self.enrolments(journey).state, "done")

    def test_message_id_and_trace_are_the_deliverys(self):
        journey = self.make_journey()
        sub = self.make("Anna")
        self.run_at("2025-06-10 12:00")
        delivery, mail = self.deliveries(journey), self.mails(sub)
        self.assertEqual(mail.message_id, delivery.message_id)
        self.assertEqual(mail.message_id, delivery._make_message_id())
        self.assertEqual(delivery.trace_id, mail.mailing_trace_ids)
        self.assertEqual(delivery.trace_id.message_id, mail.message_id)
        contact = sub.customer_id.contact_ids
        self.assertEqual(
            (contact.channel, contact.partner_id), ("email", sub.partner_id)
        )
        # The text is forgotten, the delivery is not.
        mail.unlink()
        self.assertTrue(delivery.message_id and delivery.trace_id)

    def test_down_for_three_days(self):
        journey = self.make_journey(self.email_step(1), self.email_step(3))
        sub = self.make("Anna")
        self.run_at("2025-06-10 12:00", "2025-06-14 09:00")
        # Both are due; the second one waits its turn.
        self.assertEqual(self.outcome(journey), ["done", "waiting: spacing"])
        self.run_at("2025-06-14 18:00", "2025-06-15 09:00")
        self.assertEqual(self.outcome(journey), ["done", "done"])
        self.assertEqual(len(self.mails(sub)), 2)

    def test_too_late(self):
        journey = self.make_journey(self.email_step(1), self.email_step(20))
        sub = self.make("Anna")
        self.run_at("2025-06-10 12:00", "2025-06-17 09:00", "2025-06-30 09:00")
        self.assertEqual(self.outcome(journey), ["skipped: late", "done"])
        self.assertEqual(self.mails(sub).subject, "Day 20")

    def test_quiet_hours_postpone(self):
        journey = self.make_journey(self.email_step(0, local_hour=22))
        sub = self.make("Anna")
        necessary = self.make_journey(
            self.email_step(0, local_hour=22, is_transactional=True)
        )
        self.run_at("2025-06-10 20:30")
        self.assertEqual(self.outcome(journey), ["waiting: quiet"])
        self.assertEqual(self.outcome(necessary), ["done"])
        self.run_at("2025-06-11 05:59")
        self.assertEqual(len(self.mails(sub)), 1)
        self.run_at("2025-06-11 06:00")
        self.assertEqual(len(self.mails(sub)), 2)

    def test_limit_of_messages_postpones_then_skips(self):
        self.company.write(
            {"subscription_contact_limit": 1, "subscription_contact_days": 7}
        )
        soon = self.make_journey(self.email_step(5, late_days=5))
        never = self.make_journey(self.email_step(1, late_days=2))
        sub = self.make("Anna")
        with freeze_time("2025-06-10 09:00"):
            self.env["subscription.contact"]._record("sms", {sub.id: sub.partner_id.id})
        for number in range(1, 10):
            self.run_at(f"2025-06-{10 + number} 07:30", f"2025-06-{10 + number} 16:30")
        self.assertEqual(self.outcome(never), ["skipped: too_recent"])
        self.assertEqual(self.outcome(soon), ["done"])
        done = self.deliveries(soon).done_at
        self.assertEqual(done.date(), day("2025-06-17"))

    def test_who_may_not_be_reached_any_more(self):
        """Invariant 7: looked at when it is sent, in what leaves."""
        journey = self.make_journey(self.email_step(1))
        names = ("Fine", "Listed", "Refused", "Silent", "Closed")
        fine, listed, refused, silent, closed = map(self.make, names)
        self.run_at("2025-06-10 12:00")
        self.env["mail.blacklist"]._add(listed.partner_id.email)
        refused.customer_id.is_contact_refused = True
        silent.partner_id.email = False
        self.end(closed, "2025-06-11")
        self.run_at("2025-06-11 12:00")
        self.assertEqual(self.mails().recipient_ids, fine.partner_id)
        for sub, outcome in (
            (fine, "done"),
            (listed, "skipped: blacklisted"),
            (refused, "skipped: refused"),
            (silent, "skipped: no_address"),
            (closed, "cancelled: closed"),
        ):
            self.assertEqual(self.outcome(journey, sub), [outcome])
        # And not later either.
        self.env["mail.blacklist"]._remove(listed.partner_id.email)
        self.run_at("2025-06-11 13:00")
        self.assertEqual(len(self.mails()), 1)

    def test_address_that_only_the_composer_refuses(self):
        """What it drops is skipped with a reason, and never counted as sent."""
        journey = self.make_journey()
        first, second = self.make("Twin"), self.make("Twin")
        second.partner_id.email = first.partner_id.email
        self.run_at("2025-06-10 12:00")
        self.assertEqual(sorted(self.outcome(journey)), ["done", "skipped: duplicate"])
        self.assertEqual(len(self.mails()), 1)
        self.assertEqual(len((first | second).customer_id.contact_ids), 1)

    def test_customer_gets_a_step_for_one_subscription(self):
        journey = self.make_journey()
        necessary = self.make_journey(
            self.email_step(
                0, is_transactional=True, subject="{{ object.code }} is due"
            )
        )
        first = self.make("Anna")
        second = self.subscribe(
            first.partner_id, start="2025-06-10", as_of=day("2025-06-10"), mrr=99
        )
        self.run_at("2025-06-10 12:00")
        self.assertEqual(self.outcome(journey, second), ["done"])
        self.assertEqual(self.outcome(journey, first), ["skipped: duplicate"])
        self.assertEqual(self.outcome(necessary), ["done", "done"])
        third = self.subscribe(
            first.partner_id, start="2025-06-10", as_of=day("2025-06-10")
        )
        self.run_at("2025-06-10 13:00")
        self.assertEqual(self.outcome(journey, third), ["skipped: duplicate"])

    def test_same_text_for_another_anchor(self):
        """Odoo would cancel it as a duplicate."""
        journey = self.make_journey(anchor="restarted", reentry="always")
        sub = self.make("Anna", "2025-01-10")
        for gone, back in (("2025-06-02", "2025-06-03"), ("2025-06-12", "2025-06-14")):
            self.end(sub, gone)
            self.book(sub, (back, "start", 10), as_of=day(back))
            self.run_at(f"{back} 12:00")
        self.assertEqual(self.outcome(journey), ["done", "done"])
        self.assertEqual(len(self.mails(sub)), 2)
        self.assertEqual(len(set(self.mails(sub).mapped("message_id"))), 2)

    def test_who_left_is_won_back_until_he_returns(self):
        journey = self.make_journey(
            self.email_step(14), self.email_step(45), anchor="ended"
        )
        sub, other = self.make("Anna", "2025-01-10"), self.make("Bob", "2025-01-10")
        for one in (sub, other):
            self.end(one, "2025-06-10")
        self.run_at("2025-06-10 12:00", "2025-06-24 12:00")
        self.assertEqual(len(self.mails()), 2)
        self.subscribe(other.partner_id, start="2025-07-01", as_of=day("2025-07-01"))
        self.run_at("2025-07-25 12:00")
        self.assertEqual(self.outcome(journey, sub), ["done", "done"])
        self.assertEqual(self.outcome(journey, other), ["done", "cancelled: returned"])

    def test_stops_when_it_closes_leaves_or_replies(self):
        segment = self.env["subscription.segment"].create(
            {"name": "Stars", "enter_domain": "[('id', '=', 0)]"}
        )
        values = {"segment_id": segment.id}
        stops = self.make_journey(
            self.email_step(0),
            self.email_step(5),
            stop_on_left=True,
            stop_on_reply=True,
            **values,
        )
        goes_on = self.make_journey(
            self.tag_step(0), self.tag_step(5), stop_on_closed=False
        )
        closed, left, replied, stays = map(
            self.make, ("Closed", "Left", "Replied", "Stays")
        )
        memberships = self.env["subscription.segment.membership"].create(
            [
                {
                    "segment_id": segment.id,
                    "subscription_id": sub.id,
                    "company_id": self.company.id,
                    "date_from": "2025-06-10",
                }
                for sub in (closed, left, replied, stays)
            ]
        )
        self.run_at("2025-06-10 12:00")
        self.end(closed, "2025-06-12")
        memberships[1].date_to = "2025-06-12"
        self.deliveries(stops, replied)[0].trace_id.set_replied()
        self.run_at("2025-06-15 12:00")
        for sub, outcome in (
            (closed, "cancelled: closed"),
            (left, "cancelled: left"),
            (replied, "cancelled: replied"),
            (stays, "done"),
        ):
            self.assertEqual(self.outcome(stops, sub), ["done", outcome])
        enrolment = self.enrolments(stops).filtered(
            lambda one: one.subscription_id == closed
        )
        self.assertEqual(
            (enrolment.state, enrolment.stop_reason), ("stopped", "closed")
        )
        self.assertEqual(self.outcome(goes_on, closed), ["done", "done"])

    def test_what_the_email_before_asks(self):
        journey = self.make_journey(
            self.email_step(0),
            self.tag_step(2, name="opened", previous="opened"),
            self.tag_step(2, name="not opened", previous="not_opened"),
            self.tag_step(2, name="clicked", previous="clicked"),
        )
        names = ("Opened", "Clicked", "Neither", "Unsent")
        opened, clicked, neither, unsent = map(self.make, names)
        unsent.partner_id.email = False
        self.run_at("2025-06-10 12:00")
        self.deliveries(journey, opened)[0].trace_id.set_opened()
        traces = self.deliveries(journey, clicked)[0].trace_id
        traces.set_opened()
        traces.set_clicked()
        self.run_at("2025-06-12 12:00")
        expected = {
            opened: ["opened"],
            clicked: ["opened", "clicked"],
            neither: ["not opened"],
            unsent: [],
        }
        for sub, names in expected.items():
            some = self.deliveries(journey, sub).filtered(
                lambda one: one.step_id.channel == "tag"
            )
            done = some.filtered(lambda one: one.state == "done")
            self.assertEqual(set(done.mapped("step_id.name")), set(names), sub.name)
            reasons = set((some - done).mapped("reason"))
            self.assertEqual(reasons, {"previous"} if sub == unsent else {"condition"})

    def test_cancelled_step_ends_its_branch(self):
        journey = self.make_journey(
            self.email_step(0),
            self.email_step(2, previous="not_clicked"),
            self.email_step(4, previous="not_clicked"),
            self.email_step(6),
        )
        sub = self.make("Anna")
        self.run_at("2025-06-10 12:00")
        self.deliveries(journey)[1].action_cancel()
        self.run_at("2025-06-14 12:00", "2025-06-16 12:00")
        self.assertEqual(
            self.outcome(journey),
            ["done", "cancelled: removed", "cancelled: previous", "done"],
        )
        self.assertEqual(len(self.mails(sub)), 2)

    def test_conditions_are_of_the_day_it_is_done(self):
        journey = self.make_journey(
            self.tag_step(2, condition_domain="[('description', 'ilike', 'vip')]")
        )
        vip, other = self.make("Vip"), self.make("Other")
        other.description = "vip"
        self.run_at("2025-06-10 12:00")
        vip.description, other.description = "vip", "none"
        self.run_at("2025-06-12 12:00")
        self.assertEqual(self.outcome(journey, vip), ["done"])
        self.assertEqual(self.outcome(journey, other), ["skipped: condition"])

    def test_feature_use(self):
        feature = self.env["subscription.feature"].create(
            {"name": "Reports", "code": "reports-journey"}
        )
        rescue = self.make_journey(
            self.tag_step(3, feature_id=feature.id, feature_use="not_used")
        )
        praise = self.make_journey(
            self.tag_step(3, feature_id=feature.id, feature_use="used")
        )
        first = self.make("First", "2025-06-05")
        self.run_at("2025-06-05 12:00", "2025-06-08 12:00")
        # Invariant 12: nobody reports use, so nobody is known not to use it.
        self.assertEqual(self.outcome(rescue), ["skipped: no_data"])
        self.assertEqual(self.outcome(praise), ["skipped: condition"])
        user, idle = self.make("User"), self.make("Idle")
        self.run_at("2025-06-10 12:00")
        usage = self.env["subscription.usage"]
        usage.create(
            [
                {
                    "subscription_id": sub.id,
                    "feature_id": feature.id,
                    "company_id": self.company.id,
                    "date": f"2025-06-{number}",
                    "count": 1,
                    "known_on": f"2025-06-{number}",
                }
                for sub in (user, first)
                for number in (10, 11, 12, 13)
            ]
        )
        self.run_at("2025-06-13 12:00")
        self.assertEqual(self.outcome(rescue, user), ["skipped: condition"])
        self.assertEqual(self.outcome(rescue, idle), ["done"])
        self.assertEqual(self.outcome(praise, user), ["done"])
        self.assertEqual(self.outcome(praise, idle), ["skipped: condition"])

    def test_activity_and_server_action(self):
        owner = self.make_user("manager")
        owner.group_ids |= self.env.ref("sales_team.group_sale_manager")
        manager = self.make_user("salesperson")
        action = self.env["ir.actions.server"].create(
            {
                "name": "Mark",
                "model_id": self.env["ir.model"]._get_id("sale.subscription"),
                "state": "code",
                "code": "record.message_post(body='done by %s' % env.user.login)",
            }
        )
        journey = self.make_journey(
            Command.create(
                {
                    "name": "Call",
                    "channel": "activity",
                    "activity_type_id": self.env.ref("mail.mail_activity_data_call").id,
                    "activity_summary": "Say hello",
                }
            ),
            Command.create(
                {
                    "name": "Do",
                    "channel": "action",
                    "action_id": action.id,
                    "offset_days": 1,
                }
            ),
            user_id=owner.id,
        )
        first, second = self.make("Anna"), self.make("Bob")
        first.customer_id.account_manager_id = manager
        self.run_at("2025-06-10 12:00")
        self.assertEqual(first.activity_ids.user_id, manager)
        self.assertEqual(second.activity_ids.user_id, owner)
        self.assertEqual(first.activity_ids.summary, "Say hello")
        self.assertEqual(first.activity_ids.date_deadline, day("2025-06-10"))
        self.run_at("2025-06-11 12:00", "2025-06-11 13:00")
        for sub in (first, second):
            said = sub.message_ids.filtered(lambda one: "done by" in (one.body or ""))
            self.assertEqual((len(said), said.author_id), (1, owner.partner_id))
        self.assertEqual(self.outcome(journey), ["done"] * 4)

    @mute_logger(ENGINE)
    def test_bad_recipient_stops_no_other(self):
        """Invariant 9: and it is tried again, ever later, and then shown."""
        journey = self.make_journey(
            self.email_step(0, subject="{{ 1 / len(object.description or '') }}")
        )
        subs = self.env["sale.subscription"]
        for number in range(7):
            subs |= self.make(f"C{number}")
            subs[number].description = "fine"
        bad = subs[3]
        bad.description = False
        self.run_at("2025-06-10 09:00")
        self.assertEqual(set(self.mails().mapped("res_id")), set((subs - bad).ids))
        delivery = self.deliveries(journey, bad)
        tried = []
        for moment in (
            "2025-06-10 09:59",
            "2025-06-10 10:00",
            "2025-06-10 13:59",
            "2025-06-10 14:00",
            "2025-06-11 13:59",
            "2025-06-11 14:00",
            "2025-06-12 14:00",
        ):
            self.run_at(moment)
            tried.append((delivery.attempts, delivery.state))
        self.assertEqual(
            tried,
            [
                (1, "waiting"),
                (2, "waiting"),
                (2, "waiting"),
                (3, "waiting"),
                (3, "waiting"),
                (4, "failed"),
                (4, "failed"),
            ],
        )
        self.assertIn("1 / len", delivery.error)
        self.assertEqual(journey.failed_count, 1)
        self.assertEqual(len(self.mails()), 6)
        user = self.make_user("user")
        with self.assertRaises(AccessError):
            self.as_user(delivery, user).action_retry()
        bad.description = "fine"
        with freeze_time("2025-06-12 15:00"):
            self.as_user(delivery, self.make_user("manager")).action_retry()
        self.run_at("2025-06-12 15:00")
        self.assertEqual(self.outcome(journey, bad), ["done"])
        self.assertEqual(len(self.mails()), 7)

    @mute_logger(ENGINE, "odoo.sql_db")
    def test_mails_and_marks_are_one(self):
        """Invariant 7: if marking fails nothing is sent, and nothing is lost."""
        journey = self.make_journey()
        before = self.make("Before", "2025-06-09")
        self.run_at("2025-06-09 09:00")
        sub, other = self.make("Anna"), self.make("Bob")
        with freeze_time("2025-06-10 06:00"):
            journey._enrol(self.company)
        first = self.deliveries(journey, sub)
        # Its Message-ID is taken, so that it cannot be marked.
        taken = self.deliveries(journey, before)
        own, taken.message_id = taken.message_id, first._make_message_id()
        self.run_at("2025-06-10 09:00")
        self.assertEqual((len(self.mails(sub)), len(self.mails(other))), (0, 1))
        self.assertFalse(sub.customer_id.contact_ids)
        self.assertEqual((first.state, first.attempts), ("waiting", 1))
        taken.message_id = own
        self.run_at("2025-06-10 10:00")
        self.assertEqual((len(self.mails(sub)), len(self.mails(other))), (1, 1))

    def test_settled_by_another_process(self):
        """A delivery that does not wait any more is not sent again."""
        journey = self.make_journey()
        sub = self.make("Anna")
        self.run_at("2025-06-10 09:00")
        with freeze_time("2025-06-10 09:00"):
            self.deliveries(journey)._do()
        self.assertEqual(len(self.mails(sub)), 1)

    def test_marked_twice_is_refused(self):
        """So that the mail of the second time is rolled back."""
        journey = self.make_journey()
        self.make("Anna")
        self.run_at("2025-06-10 09:00")
        with self.assertRaises(ConcurrencyError):
            self.deliveries(journey)._mark_done()

    def test_one_process_at_a_time(self):
        journey = self.make_journey()
        self.make("Anna")
        other = self.registry.cursor()
        self.addCleanup(other.close)
        with session_lock(other, subscription_journey_run.LOCK, 0) as free:
            self.assertTrue(free)
            self.run_at("2025-06-10 09:00")
            self.assertFalse(self.enrolments(journey))
        self.run_at("2025-06-10 09:00")
        self.assertTrue(self.enrolments(journey))

    def test_text_that_changes_is_another_mailing(self):
        journey = self.make_journey()
        variant = journey.step_ids.variant_ids
        self.make("Anna")
        self.run_at("2025-06-10 12:00")
        variant.subject = "Better"
        self.make("Bob", "2025-06-11")
        self.run_at("2025-06-11 12:00")
        self.assertEqual(
            set(variant.mailing_ids.mapped("subject")), {"Day 0", "Better"}
        )
        for mailing in variant.mailing_ids:
            self.assertEqual(
                (mailing.state, len(mailing.mailing_trace_ids)), ("done", 1)
            )
            self.assertFalse(mailing.kpi_mail_required)

    def test_in_the_language_of_the_customer(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        journey = self.make_journey()
        variant = journey.step_ids.variant_ids
        variant.with_context(lang="fr_FR").subject = "Bienvenue {{ object.code }}"
        variant.with_context(
            lang="fr_FR"
        ).body_html = '<p><t t-out="format_date(object.date_start)"/></p>'
        english, french = self.make("Anna"), self.make("Zoé")
        french.partner_id.lang = "fr_FR"
        (english | french).date_start = day("2025-06-10")
        self.run_at("2025-06-10 12:00")
        self.assertEqual(self.mails(english).subject, "Day 0")
        self.assertEqual(self.mails(french).subject, f"Bienvenue {french.code}")
        self.assertIn("10/06/2025", self.mails(french).body_html)

    def test_to_the_invoice_contact(self):
        self.make_journey()
        sub = self.make("Anna")
        payer = self.make_partner("Payer", sub.partner_id, email="payer@example.com")
        sub.partner_invoice_id = payer
        self.run_at("2025-06-10 12:00")
        self.assertEqual(self.mails(sub).recipient_ids, payer)

    def test_other_mailings_are_left_alone(self):
        """Their Message-IDs, recipients and duplicates are Odoo's."""
        self.assertNotIn(SENDING, self.env.context)
        sub = self.make("Anna")
        mailing = self.env["mailing.mailing"].create(
            {
                "subject": "By hand",
                "mailing_model_id": self.env["ir.model"]._get_id("sale.subscription"),
                "mailing_domain": f"[('id', '=', {sub.id})]",
                "body_html": "<p>Hello</p>",
                "email_from": "hello@example.com",
            }
        )
        with freeze_time("2025-06-10 12:00"):
            mailing.action_send_mail()
        trace = mailing.mailing_trace_ids
        self.assertEqual((trace.email, len(trace)), (sub.partner_id.email, 1))
        self.assertNotIn("subscription-delivery", trace.message_id)

    def test_merged_partners_keep_their_journeys(self):
        """Invariant 11."""
        journey = self.make_journey(self.email_step(0), self.email_step(5))
        sub, other = self.make("Anna"), self.make("Bob")
        self.run_at("2025-06-10 12:00")
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge((sub | other).partner_id.ids, other.partner_id)
        self.env.invalidate_all()
        self.assertEqual(self.deliveries(journey).customer_id, other.customer_id)
        self.assertEqual(self.enrolments(journey).customer_id, other.customer_id)
        self.run_at("2025-06-15 12:00")
        self.assertEqual(
            sorted(self.outcome(journey)),
            ["done", "done", "done", "skipped: duplicate"],
        )

    def test_many_are_done_in_batches(self):
        self.patch(subscription_journey_run, "BATCH", 2)
        self.make_journey(self.tag_step(0))
        subs = self.env["sale.subscription"]
        for number in range(5):
            subs |= self.make(f"C{number}")
        self.run_at("2025-06-10 12:00")
        self.assertEqual(len(subs.filtered("tag_ids")), 5)

    def test_nothing_is_due_before_now(self):
        journey = self.make_journey(self.email_step(1))
        self.make("Anna")
        self.run_at("2025-06-10 12:00")
        delivery = self.deliveries(journey)
        with freeze_time(delivery.due_at - timedelta(seconds=1)):
            self.assertEqual(delivery._due(), [])
        with freeze_time(delivery.due_at):
            self.assertEqual(delivery._due(), [(journey.step_ids, delivery.ids)])
        self.assertEqual(fields.Datetime.to_string(delivery.due_at)[11:], "07:00:00")
