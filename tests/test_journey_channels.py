# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Text messages, portal notices and offers: once each, or a reason why not."""

from contextlib import contextmanager

from freezegun import freeze_time

from odoo.exceptions import ConcurrencyError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from .common import day
from .journeys import JourneyCase

ENGINE = "odoo.addons.subscription_segmentation.models.subscription_journey_run"
CHANNELS = ("sms", "notice", "offer")


class ChannelCase(JourneyCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.offer = cls.make_offer()

    @classmethod
    def make_offer(cls, **values):
        return cls.env["subscription.offer"].create(
            {
                "name": "A fifth off",
                "discount": 20,
                "yearly_cap": 0,
                "rest_days": 0,
                **values,
            }
        )

    @classmethod
    def step(cls, channel, days=0, **values):
        """Return the command that adds a step of a channel."""
        if channel == "offer":
            values = {"offer_id": cls.offer.id, "variant_ids": [], **values}
        texts = [{"body_plaintext": "Dear {{ object.partner_id.name }}"}]
        return cls.email_step(
            days,
            channel=channel,
            **{"variants": [{"subject": "Hello", **texts[0]}], **values},
        )

    @classmethod
    def make(cls, name="Anna", *args, user=True, **values):
        """Return a subscription of somebody who can be reached on all channels."""
        sub = super().make(name, *args, **values)
        sub.recurring_next_date = day("2025-07-10")
        partner = sub.partner_id
        partner.write(
            {
                "country_id": cls.env.ref("base.us").id,
                "phone": f"+1415555{next(cls.codes):04}",
            }
        )
        if user:
            cls.env["res.users"].create(
                {
                    "login": partner.email,
                    "partner_id": partner.id,
                    "company_id": cls.company.id,
                    "company_ids": [Command.set(cls.company.ids)],
                    "group_ids": [Command.set(cls.env.ref("base.group_portal").ids)],
                }
            )
        return sub

    def made(self, channel, sub):
        """Return what a subscription has got on a channel."""
        if channel == "sms":
            domain = [("partner_id", "=", sub.partner_id.id)]
            return self.env["sms.sms"].search(domain)
        if channel == "notice":
            domain = [("customer_id", "=", sub.customer_id.id)]
            return self.env["subscription.portal.message"].search(domain)
        return sub.offer_grant_ids

    def mails_to(self, sub):
        return self.env["mail.mail"].search(
            [("recipient_ids", "in", sub.partner_id.ids)]
        )

    @contextmanager
    def broken(self, table, sub):
        """Have the database refuse a row of a subscription."""
        condition = SQL("subscription_id <> %s", sub.id)
        if table == "subscription_journey_delivery":
            condition = SQL("state <> 'done' OR %s", condition)
        name = SQL.identifier(table)
        self.env.flush_all()
        self.env.cr.execute(
            SQL("ALTER TABLE %s ADD CONSTRAINT broken CHECK (%s)", name, condition)
        )
        yield
        self.env.cr.execute(SQL("ALTER TABLE %s DROP CONSTRAINT broken", name))


@tagged("post_install", "-at_install")
class TestJourneyChannels(ChannelCase):
    """What all channels have in common."""

    def test_once_each(self):
        """Invariant 7."""
        journeys = {name: self.make_journey(self.step(name)) for name in CHANNELS}
        sub = self.make()
        self.run_at("2025-06-10 12:00", "2025-06-10 13:00")
        for channel, journey in journeys.items():
            with self.subTest(channel):
                self.assertEqual(self.outcome(journey), ["done"])
                self.assertEqual(len(self.made(channel, sub)), 1)
                delivery = self.deliveries(journey)
                with freeze_time("2025-06-10 14:00"):
                    delivery._do()
                self.assertEqual(len(self.made(channel, sub)), 1)
                with self.assertRaises(ConcurrencyError):
                    delivery._mark_done()
                self.assertEqual(self.enrolments(journey).state, "done")
        counted = sub.customer_id.contact_ids
        self.assertEqual(sorted(counted.mapped("channel")), ["notice", "sms"])
        self.assertEqual(counted.partner_id, sub.partner_id)

    @mute_logger(ENGINE, "odoo.sql_db")
    def test_what_breaks_off_is_neither_made_nor_done(self):
        """Invariant 7: the message and the mark are one."""
        mark = "subscription_journey_delivery"
        for channel, table in (
            ("sms", mark),
            ("sms", "subscription_contact"),
            ("notice", mark),
            ("notice", "subscription_contact"),
            ("offer", mark),
            ("offer", "subscription_offer_grant"),
        ):
            with self.subTest(channel, table=table):
                journey = self.make_journey(self.step(channel))
                journeys = self.env["subscription.journey"].search([])
                (journeys - journey).active = False
                bad, fine = self.make("Bad"), self.make("Fine")
                with self.broken(table, bad):
                    self.run_at("2025-06-10 09:00")
                    self.assertEqual(self.outcome(journey, fine), ["done"])
                    self.assertEqual(len(self.made(channel, fine)), 1)
                    self.assertFalse(self.made(channel, bad) or self.mails_to(bad))
                    self.assertFalse(bad.customer_id.contact_ids)
                    delivery = self.deliveries(journey, bad)
                    self.assertEqual(
                        (delivery.state, delivery.attempts), ("waiting", 1)
                    )
                self.run_at("2025-06-10 10:00")
                self.assertEqual(delivery.state, "done")
                self.assertEqual(len(self.made(channel, bad)), 1)

    def test_step_that_does_not_say_what(self):
        for step in (
            self.step("sms", variants=[{"subject": "No text"}]),
            self.step("notice", variants=[]),
            self.step("offer", offer_id=False),
        ):
            with self.assertRaisesRegex(ValidationError, "what is to be done"):
                self.make_journey(step)
        journey = self.make_journey(self.step("sms"))
        with self.assertRaisesRegex(ValidationError, "what is to be done"):
            journey.step_ids.variant_ids.body_plaintext = False
        self.offer.active = False
        with self.assertRaisesRegex(ValidationError, "archived"):
            self.make_journey(self.step("offer"))

    def test_spacing_is_between_messages_of_all_channels(self):
        journey = self.make_journey(self.email_step(1), self.step("sms", 3))
        self.make()
        self.run_at("2025-06-10 12:00", "2025-06-14 09:00")
        self.assertEqual(self.outcome(journey), ["done", "waiting: spacing"])
        self.run_at("2025-06-15 09:00")
        self.assertEqual(self.outcome(journey), ["done", "done"])

    def test_what_is_asked_is_the_email_before(self):
        """Though another message comes between."""
        journey = self.make_journey(
            self.email_step(0),
            self.step("sms", 1),
            self.email_step(2, previous="not_opened"),
        )
        reader, other = self.make("Reader"), self.make("Other")
        self.run_at("2025-06-10 12:00")
        self.deliveries(journey, reader)[0].trace_id.set_opened()
        self.run_at("2025-06-11 12:00", "2025-06-12 12:00")
        self.assertEqual(
            self.outcome(journey, reader), ["done", "done", "skipped: condition"]
        )
        self.assertEqual(self.outcome(journey, other), ["done"] * 3)
        with self.assertRaisesRegex(ValidationError, "No e-mail comes before"):
            self.make_journey(self.step("sms"), self.email_step(1, previous="opened"))


@tagged("post_install", "-at_install")
class TestJourneySms(ChannelCase):
    def test_who_gets_it(self):
        journey = self.make_journey(self.step("sms"))
        names = ("Fine", "Listed", "Refused", "Silent", "Late")
        fine, listed, refused, silent, late = (
            self.make(name, user=False) for name in names
        )
        self.env["phone.blacklist"].add(listed.partner_id.phone_sanitized)
        refused.customer_id.is_contact_refused = True
        silent.partner_id.phone = False
        self.company.subscription_contact_limit = 1
        with freeze_time("2025-06-09 12:00"):
            partner = {late.id: late.partner_id.id}
            self.env["subscription.contact"]._record("email", partner)
        self.run_at("2025-06-10 12:00")
        for sub, outcome in (
            (fine, "done"),
            (listed, "skipped: blacklisted"),
            (refused, "skipped: refused"),
            (silent, "skipped: no_address"),
            (late, "waiting: too_recent"),
        ):
            self.assertEqual(self.outcome(journey, sub), [outcome])
        sms = self.env["sms.sms"].search([])
        self.assertEqual(sms.number, fine.partner_id.phone_sanitized)
        self.assertIn("Dear Fine", sms.body)
        self.assertIn("STOP", sms.body)
        self.assertEqual(sms.state, "outgoing")
        trace = self.deliveries(journey, fine).trace_id
        self.assertEqual((trace, trace.trace_type), (sms.mailing_trace_ids, "sms"))
        mailing = journey.step_ids.variant_ids.mailing_ids
        self.assertEqual((mailing.state, mailing.mailing_type), ("done", "sms"))

    def test_what_only_the_composer_refuses(self):
        journey = self.make_journey(self.step("sms"))
        sub = self.make(user=False)
        with freeze_time("2025-06-10 06:00"):
            journey._enrol(self.company)
            self.env["phone.blacklist"].add(sub.partner_id.phone_sanitized)
            delivery = self.deliveries(journey)
            delivery._do_sms({delivery.id: sub.partner_id.id})
        self.assertEqual(self.outcome(journey), ["skipped: blacklisted"])
        self.assertFalse(self.env["sms.sms"].search([]))
        self.assertFalse(sub.customer_id.contact_ids)

    def test_what_failed_leaves_again(self):
        journey = self.make_journey(self.step("sms"))
        sub = self.make(user=False)
        self.run_at("2025-06-10 12:00")
        sms = self.made("sms", sub)
        sms.action_set_error("sms_credit")
        trace = self.deliveries(journey).trace_id
        self.assertEqual(trace.trace_status, "error")
        journey.step_ids.variant_ids.mailing_ids.action_retry_failed()
        self.assertEqual((sms.state, trace.trace_status), ("outgoing", "outgoing"))
        self.assertEqual(self.made("sms", sub), sms)
        self.assertEqual(len(sub.customer_id.contact_ids), 1)

    def test_in_the_language_of_the_customer(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        journey = self.make_journey(self.step("sms"))
        variant = journey.step_ids.variant_ids.with_context(lang="fr_FR")
        variant.body_plaintext = "Cher {{ object.partner_id.name }}"
        english, french = self.make("Ann", user=False), self.make("Zoé", user=False)
        french.partner_id.lang = "fr_FR"
        self.run_at("2025-06-10 12:00")
        self.assertIn("Dear Ann", self.made("sms", english).body)
        self.assertIn("Cher Zoé", self.made("sms", french).body)

    def test_necessary_without_a_way_out(self):
        self.make_journey(self.step("sms", is_transactional=True))
        sub = self.make(user=False)
        sub.customer_id.is_contact_refused = True
        self.run_at("2025-06-10 12:00")
        self.assertNotIn("STOP", self.made("sms", sub).body)
        self.assertTrue(sub.customer_id.contact_ids.is_transactional)


@tagged("post_install", "-at_install")
class TestJourneyNotice(ChannelCase):
    def test_on_the_portal_page_and_by_mail(self):
        owner = self.make_user("manager")
        journey = self.make_journey(self.step("notice"), user_id=owner.id)
        self.env["res.lang"]._activate_lang("fr_FR")
        variant = journey.step_ids.variant_ids.with_context(lang="fr_FR")
        variant.subject = "Bonjour {{ object.partner_id.name }}"
        sub, french = self.make("Anna"), self.make("Zoé")
        french.partner_id.lang = "fr_FR"
        nobody, refused = self.make("Nobody", user=False), self.make("Refused")
        refused.customer_id.is_contact_refused = True
        second = self.subscribe(
            sub.partner_id, mrr=1, start="2025-06-10", as_of=day("2025-06-10")
        )
        self.run_at("2025-06-10 12:00")
        self.assertEqual(self.outcome(journey, nobody), ["skipped: no_portal"])
        self.assertEqual(self.outcome(journey, refused), ["skipped: refused"])
        self.assertEqual(self.outcome(journey, second), ["skipped: duplicate"])
        user = sub.partner_id.user_ids
        with freeze_time("2025-06-10 13:00"):
            shown = self.as_user(
                self.env["subscription.portal.message"], user
            )._for_user()
        self.assertEqual(shown.name, "Hello")
        self.assertIn("Dear Anna", shown.body)
        self.assertEqual(shown.until, day("2025-07-10"))
        mail = self.mails_to(sub)
        self.assertEqual((mail.subject, mail.state), ("Hello", "outgoing"))
        self.assertEqual(mail.author_id, owner.partner_id)
        self.assertIn("hello@example.com", mail.email_from)
        self.assertEqual(mail.message_id, self.deliveries(journey, sub).message_id)
        self.assertEqual(self.mails_to(french).subject, "Bonjour Zoé")

    def test_once_a_customer_whatever_its_addresses(self):
        """It goes to portal users, not to the contacts of invoices."""
        journey = self.make_journey(self.step("notice"))
        sub, silent = self.make("Anna"), self.make("Silent")
        second = self.subscribe(
            sub.partner_id, mrr=1, start="2025-06-10", as_of=day("2025-06-10")
        )
        second.partner_invoice_id = self.make_partner(
            "Office", parent=sub.partner_id, email="office@example.com"
        )
        silent.partner_id.email = False
        self.run_at("2025-06-10 12:00")
        self.assertEqual(self.outcome(journey, sub), ["done"])
        self.assertEqual(self.outcome(journey, second), ["skipped: duplicate"])
        self.assertEqual(len(self.made("notice", sub)), 1)
        self.assertEqual(self.outcome(journey, silent), ["done"])
        self.assertTrue(self.made("notice", silent))

    def test_trial_names_the_portal_users(self):
        journey = self.make_journey(self.step("notice"))
        self.env["res.lang"]._activate_lang("fr_FR")
        variant = journey.step_ids.variant_ids.with_context(lang="fr_FR")
        variant.subject = "Bonjour"
        sub = self.make("Anna")
        office = self.make_partner(
            "Office", parent=sub.partner_id, email="office@example.com"
        )
        sub.partner_invoice_id = office
        sub.partner_id.lang = "fr_FR"
        with freeze_time("2025-06-10 12:00"):
            [outcome] = journey._try(sub)
        self.assertEqual(outcome["partners"], sub.partner_id)
        self.assertEqual(outcome["subject"], "Bonjour")

    def test_two_days_that_begin_it_due_at_once(self):
        journey = self.make_journey(
            self.step("notice"), anchor="restarted", reentry="always"
        )
        sub = self.make("Anna", "2025-01-10")
        for gone, back in (("2025-06-02", "2025-06-03"), ("2025-06-04", "2025-06-05")):
            self.end(sub, gone)
            self.book(sub, (back, "start", 10), as_of=day(back))
        self.run_at("2025-06-05 12:00")
        self.assertEqual(sorted(self.outcome(journey)), ["done", "skipped: duplicate"])
        self.assertEqual(len(self.made("notice", sub)), 1)


@tagged("post_install", "-at_install")
class TestJourneyOffer(ChannelCase):
    def test_who_may_not_have_it(self):
        journey = self.make_journey(self.step("offer"))
        sub, has = self.make("Anna", user=False), self.make("Has", user=False)
        self.offer._grant(has)
        self.run_at("2025-06-10 12:00")
        self.assertEqual(self.outcome(journey, sub), ["done"])
        self.assertEqual(self.outcome(journey, has), ["skipped: offer_open"])
        self.assertEqual(sub.offer_grant_ids.offer_id, self.offer)
        self.assertEqual(self.enrolments(journey).mapped("state"), ["done"] * 2)

    def test_delivery_that_is_made_anew_grants_nothing_more(self):
        journey = self.make_journey(self.step("offer"))
        sub = self.make(user=False)
        self.run_at("2025-06-10 12:00")
        self.enrolments(journey).unlink()
        sub.offer_grant_ids._revoke()
        self.run_at("2025-06-10 13:00")
        self.assertEqual(self.outcome(journey), ["done"])
        self.assertEqual(sub.offer_grant_ids.state, "revoked")

    def test_offer_of_an_active_journey_is_not_archived(self):
        journey = self.make_journey(self.step("offer"), name="Thanks")
        with self.assertRaisesRegex(ValidationError, "Thanks"):
            self.offer.active = False
        journey.active = False
        self.offer.active = False

    def test_each_day_that_begins_it_has_its_own(self):
        journey = self.make_journey(
            self.step("offer"), anchor="restarted", reentry="always"
        )
        sub = self.make("Anna", "2025-01-10", user=False)
        for gone, back in (("2025-06-02", "2025-06-03"), ("2025-06-12", "2025-06-14")):
            self.end(sub, gone)
            self.book(sub, (back, "start", 10), as_of=day(back))
            sub.recurring_next_date = day("2025-07-10")
            self.run_at(f"{back} 12:00")
            sub.offer_grant_ids._revoke()
        self.assertEqual(self.outcome(journey), ["done", "done"])
        self.assertEqual(len(sub.offer_grant_ids), 2)

    def test_points(self):
        program = self.env["loyalty.program"].create(
            {
                "name": "Stars",
                "program_type": "loyalty",
                "company_id": False,
                "currency_id": self.company.currency_id.id,
            }
        )
        points = self.make_offer(kind="points", program_id=program.id, points=50)
        self.make_journey(self.step("offer", offer_id=points.id))
        sub = self.make(user=False)
        self.run_at("2025-06-10 12:00", "2025-06-10 13:00")
        self.assertEqual(sub.loyalty_points, 50)

    def test_trial_says_why_not(self):
        journey = self.make_journey(self.step("offer"))
        sub = self.make(user=False)
        with freeze_time("2025-06-10 12:00"):
            self.assertEqual(journey._try(sub)[0]["action"], "go")
            self.assertFalse(sub.offer_grant_ids)
            self.offer._grant(sub)
            [outcome] = journey._try(sub)
        self.assertEqual((outcome["action"], outcome["reason"]), ("skip", "offer_open"))
