# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.tests import tagged

from .mailings import MailingCase

NOON = "2024-06-05 12:00:00"


@tagged("post_install", "-at_install")
@freeze_time(NOON)
class TestMailings(MailingCase):
    """Odoo's mailings to subscriptions, also those made by hand, are governed."""

    def test_by_hand_reaches_each_once_and_not_who_must_not_be(self):
        self.make_customer("Fine")
        twice = self.make_customer("Twice")
        self.make_customer("Twice", partner=twice.partner_id)
        refused = self.make_customer("Refused")
        refused.customer_id.sudo().action_refuse_contact()
        self.make_customer("Listed")
        self.env["mail.blacklist"]._add("listed@example.com")
        self.make_customer("Closed", end="2024-03-01")
        self.make_customer("Silent", email=False)
        mailing = self.by_hand()
        self.assertEqual(mailing.total, 2)
        self.send()
        self.assertEqual(self.outbox(), ["fine@example.com", "twice@example.com"])
        self.assertEqual(mailing.state, "done")
        self.send()
        self.assertEqual(len(self.outbox()), 2)

    def test_blacklist_holds_whatever_the_mailing_says(self):
        self.make_customer("Listed")
        self.env["mail.blacklist"]._add("listed@example.com")
        self.by_hand(use_exclusion_list=False)
        self.send()
        self.assertFalse(self.outbox())

    def test_recipient_language_and_placeholders(self):
        self.env["res.lang"]._activate_lang("de_DE")
        partner = self.make_partner("Firm", email="firm@example.com", is_company=True)
        office = self.make_partner(
            "Office", partner, email="office@example.com", type="invoice", lang="de_DE"
        )
        sub = self.make_customer("Firm", mrr=1234, partner=partner)
        sub.partner_invoice_id = office
        sub.next_renewal_date = "2024-07-31"
        program = self.env["loyalty.program"].create(
            {"name": "Points", "program_type": "loyalty"}
        )
        self.env["loyalty.card"].create(
            {"program_id": program.id, "partner_id": office.id, "points": 7}
        )
        # Every marketer may name these, only some may write more than that.
        self.by_hand(
            body_html="<p><t t-out='object.period_price'/>"
            "<t t-out='object.next_renewal_date'/></p>",
        ).action_cancel()
        self.marketer.group_ids += self.env.ref("mail.group_mail_template_editor")
        mailing = self.by_hand(
            subject="{{ object.template_id.name }} for {{ object.partner_id.name }}",
            body_html="<p><t t-out='object.period_price'"
            ' t-options=\'{"widget": "monetary",'
            ' "display_currency": object.currency_id}\'/>'
            " <t t-out='object.next_renewal_date' t-options='{\"widget\": \"date\"}'/>"
            " <t t-out='object.loyalty_points'/></p>",
        )
        self.send()
        mail = self.env["mail.mail"].search([("mailing_id", "=", mailing.id)])
        self.assertEqual(mail.recipient_ids, office)
        self.assertEqual(mail.subject, "Basic for Firm")
        self.assertEqual(mail.record_company_id, self.company)
        # Numbers and dates as the recipient writes them.
        self.assertIn("1.234,00", mail.body_html)
        self.assertIn("31.07.2024", mail.body_html)
        self.assertIn("7.0", mail.body_html)
        # Elsewhere the subscription's own contact is meant.
        self.assertEqual(sub._mail_get_partners()[sub.id], partner)

    def test_limit_counts_every_mailing(self):
        self.company.subscription_contact_limit = 2
        sub = self.make_customer("Fine")
        for number in (1, 2, 2):
            self.by_hand()
            self.send()
            self.assertEqual(len(self.outbox()), number)
        contacts = sub.customer_id.contact_ids
        self.assertEqual(contacts.mapped("channel"), ["email", "email"])
        self.assertEqual(contacts.partner_id, sub.partner_id)
        with freeze_time("2024-06-12 12:00:01"):
            self.by_hand()
            self.send()
        self.assertEqual(len(self.outbox()), 3)

    def test_necessary_message_knows_no_limit(self):
        self.company.subscription_contact_limit = 1
        sub = self.make_customer("Fine")
        for _number in range(2):
            self.by_hand(subscription_is_transactional=True)
            self.send()
        sub.customer_id.sudo().action_refuse_contact()
        self.by_hand(subscription_is_transactional=True)
        self.send()
        self.assertEqual(len(self.outbox()), 3)
        sub.customer_id.sudo().action_allow_contact()
        self.by_hand()
        self.send()
        self.assertEqual(len(self.outbox()), 4)

    def test_several_addresses_of_a_customer_share_its_limit(self):
        self.company.subscription_contact_limit = 2
        firm = self.make_partner("Firm", is_company=True)
        for name in ("One", "Two", "Three"):
            contact = self.make_partner(name, firm, email=f"{name.lower()}@example.com")
            self.subscribe(contact).partner_invoice_id = contact
        self.by_hand()
        self.send()
        self.assertEqual(len(self.outbox()), 2)

    def test_address_of_two_customers(self):
        """An accountant hears of each client; one does not silence the other."""
        one = self.make_customer("One", email="accountant@example.com")
        self.make_customer("Two", email="accountant@example.com")
        self.by_hand()
        self.send()
        self.assertEqual(self.outbox(), ["accountant@example.com"] * 2)
        one.customer_id.sudo().action_refuse_contact()
        self.by_hand()
        self.send()
        self.assertEqual(len(self.outbox()), 3)

    def test_company_of_another_is_not_reached(self):
        other = self.make_company("Second Company")
        self.make_customer("Fine")
        self.make_customer("Other", company=other)
        self.by_hand()
        self.send()
        self.assertEqual(self.outbox(), ["fine@example.com"])

    def test_who_refuses_after_it_began_is_left_out(self):
        """Also where records are chosen beforehand, as journeys do."""
        sub = self.make_customer("Fine")
        other = self.make_customer("Other")
        mailing = self.by_hand()
        sub.customer_id.sudo().action_refuse_contact()
        mailing.action_send_mail((sub + other).ids)
        self.assertEqual(self.outbox(), ["other@example.com"])
        self.assertFalse(sub.customer_id.contact_ids)

    # --- quiet hours ------------------------------------------------------------------

    def quiet(self):
        self.company.subscription_quiet_from_hour = 20
        self.company.subscription_quiet_to_hour = 8

    def test_quiet_hours_in_two_time_zones(self):
        self.quiet()
        self.make_customer("Paris", tz="Europe/Paris")
        self.make_customer("Tokyo", tz="Asia/Tokyo")
        self.make_customer("Auckland", tz="Pacific/Auckland")
        with freeze_time("2024-06-05 07:00:00"):  # 9 h, 16 h, 19 h
            self.make_customer("Denver", tz="America/Denver")  # 1 h
            mailing = self.by_hand()
            self.send()
            self.assertEqual(
                self.outbox(),
                ["auckland@example.com", "paris@example.com", "tokyo@example.com"],
            )
            self.assertEqual(mailing.state, "in_queue")
            self.assertEqual(str(mailing.schedule_date), "2024-06-05 14:00:00")
            self.assertFalse(mailing.sent_date)
            self.send()
            self.assertEqual(len(self.outbox()), 3)
        with freeze_time("2024-06-05 14:00:01"):
            self.send()
            self.assertEqual(len(self.outbox()), 4)
            self.assertEqual(mailing.state, "done")
            self.assertTrue(mailing.sent_date)

    def test_quiet_for_all_waits_for_the_first_morning(self):
        self.quiet()
        self.make_customer("Paris", tz="Europe/Paris")
        self.make_customer("Tokyo", tz="Asia/Tokyo")
        with freeze_time("2024-06-05 22:30:00"):  # 0.30 h and 7.30 h
            mailing = self.by_hand()
            self.send()
            self.assertFalse(self.outbox())
            self.assertEqual(str(mailing.schedule_date), "2024-06-05 23:00:00")
        with freeze_time("2024-06-05 23:00:01"):
            self.send()
            self.assertEqual(self.outbox(), ["tokyo@example.com"])
            self.assertEqual(str(mailing.schedule_date), "2024-06-06 06:00:00")
        with freeze_time("2024-06-06 06:00:01"):
            self.send()
            self.assertEqual(len(self.outbox()), 2)
            self.assertEqual(mailing.state, "done")

    def test_quiet_hours_that_begin_while_it_is_sent(self):
        self.quiet()
        for name in ("One", "Two", "Three"):
            self.make_customer(name, tz="Europe/Paris")
        with freeze_time("2024-06-05 17:59:00") as clock:  # 19.59 h
            mailing = self.by_hand()
            self.after_first_mail(lambda env: clock.move_to("2024-06-05 18:00:30"))
            self.send()
            self.assertEqual(len(self.outbox()), 1)
            self.assertEqual(mailing.state, "in_queue")
            self.assertEqual(str(mailing.schedule_date), "2024-06-06 06:00:00")
        with freeze_time("2024-06-06 06:00:01"):
            self.send()
            self.assertEqual(len(self.outbox()), 3)
            self.assertEqual(mailing.state, "done")

    # --- segments ---------------------------------------------------------------------

    def test_segment_is_evaluated_when_it_is_sent(self):
        here = self.make_customer("Here")
        segment = self.make_segment(
            domain="[('partner_id.ref', '=', 'x'), ('is_running', '=', True)]"
        )
        here.partner_id.ref = "x"
        gone = self.make_customer("Gone")
        gone.partner_id.ref = "x"
        segment.action_evaluate()
        mailing = self.by_hand(subscription_segment_id=segment.id)
        gone.partner_id.ref = False
        self.make_customer("New").partner_id.ref = "x"
        self.send()
        self.assertEqual(self.outbox(), ["here@example.com", "new@example.com"])
        self.assertEqual(mailing.state, "done")

    def test_archived_segment_sends_nothing_and_says_why(self):
        self.make_customer("Fine")
        segment = self.make_segment()
        mailing = self.by_hand(subscription_segment_id=segment.id)
        other = self.by_hand(subject="Other")
        segment.action_archive()
        self.send()
        self.assertEqual(mailing.state, "draft")
        self.assertFalse(self.outbox(mailing))
        self.assertTrue([m for m in mailing.message_ids if "archived" in m.body])
        # The others go on.
        self.assertEqual(len(self.outbox(other)), 1)
        with self.assertRaisesRegex(UserError, "archived"):
            mailing.action_launch()

    def test_broken_segment_sends_nothing(self):
        self.make_customer("Fine")
        segment = self.make_segment()
        mailing = self.by_hand(subscription_segment_id=segment.id)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE subscription_segment SET enter_domain = %s WHERE id = %s",
            ("[('no_such_field', '=', 1)]", segment.id),
        )
        self.send()
        self.assertEqual(mailing.state, "draft")
        self.assertFalse(self.outbox())

    # --- SMS --------------------------------------------------------------------------

    def test_sms(self):
        self.company.subscription_contact_limit = 1
        country = self.env.ref("base.us")
        fine = self.make_customer("Fine", phone="+14155550101", country_id=country.id)
        again = self.make_customer("Fine", partner=fine.partner_id)
        listed = self.make_customer(
            "Listed", phone="+14155550102", country_id=country.id
        )
        self.env["phone.blacklist"].add("+14155550102")
        silent = self.make_customer("Silent")
        self.assertEqual(len(fine + again + listed + silent), 4)
        values = {"mailing_type": "sms", "body_plaintext": "Hi {{ object.name }}"}
        mailing = self.by_hand(**values)
        self.send()
        sms = self.env["sms.sms"].search([("mailing_id", "=", mailing.id)])
        self.assertEqual(sms.mapped("number"), ["+14155550101"])
        self.assertEqual(sms.partner_id, fine.partner_id)
        self.assertEqual(fine.customer_id.contact_ids.channel, "sms")
        self.send()
        self.assertEqual(mailing.state, "done")
        # One message on any channel is the limit.
        self.by_hand(domain=[("partner_id", "=", fine.partner_id.id)])
        self.send()
        self.assertFalse(self.outbox())

    def test_retry_does_not_count_what_failed(self):
        self.company.subscription_contact_limit = 1
        self.make_customer("Fine")
        mailing = self.by_hand()
        self.send()
        mail = self.env["mail.mail"].search([("mailing_id", "=", mailing.id)])
        mail.state = "exception"
        mail.mailing_trace_ids.set_failed(failure_type="mail_smtp")
        mailing.action_retry_failed()
        self.send()
        self.assertEqual(self.outbox(), ["fine@example.com"])
        self.assertFalse(mail.exists())

    def test_other_mailings_are_left_alone(self):
        partner = self.make_partner("Somebody", email="somebody@example.com")
        self.by_hand(
            [("id", "=", partner.id)],
            mailing_model_id=self.env["ir.model"]._get_id("res.partner"),
            body_html="<p>Hello</p>",
        )
        self.send()
        self.assertEqual(self.outbox(), ["somebody@example.com"])
