# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from urllib.parse import urlsplit

from freezegun import freeze_time
from lxml import html

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, HttpCase, tagged

from .mailings import MailingCase

NOON = "2024-06-05 12:00:00"


@tagged("post_install", "-at_install")
@freeze_time(NOON)
class TestCampaigns(MailingCase):
    """Campaigns by e-mail and SMS, from the wizard to what came of them."""

    def test_from_the_list_to_the_outbox(self):
        fine = self.make_customer("Fine")
        again = self.make_customer("Fine", partner=fine.partner_id, mrr=5)
        silent = self.make_customer("Silent", email=False)
        refused = self.make_customer("Refused")
        refused.customer_id.sudo().action_refuse_contact()
        later = self.make_customer("Later")
        chosen = fine + again + silent + refused + later
        campaign = self.campaign(chosen)
        self.assertEqual(
            (campaign.kind, campaign.mailing_state, campaign.company_id),
            ("email", "in_queue", self.company),
        )
        self.assertEqual((campaign.reached_count, campaign.waiting_count), (0, 2))
        # What has changed until it is sent counts, with its reason.
        later.customer_id.sudo().action_refuse_contact()
        self.send()
        self.assertEqual(self.outbox(), ["fine@example.com"])
        member = {line.subscription_id: line for line in campaign.member_ids}
        self.assertEqual(
            [member[sub].reason or None for sub in chosen],
            [None, "duplicate", "no_address", "refused", "refused"],
        )
        self.assertEqual(str(member[fine].reached_at), NOON)
        self.assertEqual(
            (
                campaign.member_count,
                campaign.reached_count,
                campaign.waiting_count,
                campaign.excluded_count,
            ),
            (5, 1, 0, 4),
        )
        self.assertEqual(fine.customer_id.contact_ids.campaign_id, campaign)
        # The message itself stands with the subscription.
        self.assertIn("Hello", fine.message_ids[:1].body)

    def test_preview(self):
        fine = self.make_customer("Fine")
        silent = self.make_customer("Silent", email=False)
        chosen = {
            "active_model": "sale.subscription",
            "active_ids": (fine + silent).ids,
        }
        model = self.as_user(self.env["subscription.campaign.email"], self.marketer)
        wizard = Form(model.with_context(**chosen))
        self.assertEqual((wizard.chosen_count, wizard.reached_count), (2, 1))
        self.assertEqual(
            [(line["reason"], line["number"]) for line in wizard.excluded],
            [("No address or number", 1)],
        )

    def test_nothing_is_made_without_a_text_or_a_sender(self):
        sub = self.make_customer("Fine")
        for channel in ("email", "sms"):
            with self.assertRaisesRegex(UserError, "add a text"):
                self.campaign(sub, texts=(), channel=channel)
        self.marketer.email = False
        with self.assertRaisesRegex(UserError, "no address to write from"):
            self.campaign(sub)
        self.assertFalse(self.env["subscription.campaign"].search([]))

    def test_segment_suggests_the_text_and_opens_the_editor(self):
        self.make_customer("Fine")
        segment = self.make_segment()
        template = self.env["mail.template"].create(
            {
                "name": "Thanks",
                "model_id": self.env["ir.model"]._get_id("sale.subscription"),
                "subject": "Thanks {{ object.partner_id.name }}",
                "body_html": "<p>You are great</p>",
            }
        )
        segment.content_ids = [
            Command.create({"name": "Thanks", "mail_template_id": template.id})
        ]
        action = self.as_user(segment, self.marketer).action_email_campaign()
        model = self.env["subscription.campaign.email"]
        model = self.as_user(model, self.marketer).with_context(**action["context"])
        form = Form(model)
        self.assertEqual(form.segment_id, segment)
        wizard = form.save()
        self.assertEqual(wizard.version_ids.subject, template.subject)
        action = wizard.action_confirm()
        self.assertEqual(action["res_model"], "mailing.mailing")
        mailing = self.env["mailing.mailing"].browse(action["res_id"])
        self.assertEqual(mailing.state, "draft")
        self.assertEqual(mailing.subscription_segment_id, segment)
        self.assertEqual(mailing.total, 1)
        self.assertIn("/unsubscribe_from_list", mailing.body_html)
        self.assertEqual(segment.campaign_count, 1)
        self.make_customer("New")
        self.as_user(mailing, self.marketer).action_launch()
        self.send()
        self.assertEqual(self.outbox(), ["fine@example.com", "new@example.com"])
        campaign = mailing.subscription_campaign_id
        self.assertEqual(campaign.reached_count, 2)
        mail = self.env["mail.mail"].search([("mailing_id", "=", mailing.id)])[:1]
        self.assertTrue(mail.subject.startswith("Thanks "))

    def test_who_left_the_segment_is_named(self):
        self.make_customer("Stays").partner_id.ref = "x"
        gone = self.make_customer("Gone")
        gone.partner_id.ref = "x"
        segment = self.make_segment(domain="[('partner_id.ref', '=', 'x')]")
        campaign = self.campaign(segment_id=segment.id)
        gone.partner_id.ref = False
        self.send()
        self.assertEqual(self.reasons(campaign), {"Stays": None, "Gone": "left"})

    def test_why_somebody_is_left_out_while_it_is_sent(self):
        subs = self.env["sale.subscription"].union(
            *(self.make_customer(name) for name in ("One", "Two", "Three"))
        )

        def happens(env):
            first = env["mail.mail"].search([("mailing_id", "!=", False)])
            closing, refusing = subs.with_env(env).browse(
                id_ for id_ in subs.ids if id_ != first.res_id
            )
            closing.close_subscription()
            refusing.customer_id.sudo().action_refuse_contact()
            env.cr.flush()

        self.after_first_mail(happens)
        campaign = self.campaign(subs)
        self.send()
        self.assertEqual(len(self.outbox()), 1)
        self.assertEqual(
            set(self.reasons(campaign).values()), {None, "closed", "refused"}
        )

    def test_control_group_is_left_out_also_later(self):
        subs = self.env["sale.subscription"].union(
            *(self.make_customer(f"C{number}") for number in range(40))
        )
        segment = self.make_segment()
        campaign = self.campaign(segment_id=segment.id, holdout_percent=20)
        self.make_customer("New 1")
        self.make_customer("New 2")
        # Whatever it is called later, the same ones are left out.
        campaign.sudo().name = "Renamed"
        self.send()
        control = campaign.member_ids.filtered(lambda own: own.reason == "control")
        self.assertTrue(control)
        self.assertEqual(campaign.control_count, len(control))
        self.assertEqual(campaign.reached_count, 42 - len(control))
        held = (subs + control.subscription_id)._held_out("Spring", 20)
        self.assertEqual(set(control.subscription_id.ids), held)
        self.assertFalse(
            set(self.outbox()) & set(control.subscription_id.partner_id.mapped("email"))
        )

    def test_every_company_has_its_own_campaign(self):
        other = self.make_company("Second Company")
        both = self.make_user("manager", self.company | other, login="both")
        subs = self.make_customer("Fine") + self.make_customer("Other", company=other)
        other.subscription_quiet_from_hour = other.subscription_quiet_to_hour = 0
        campaigns = self.campaign(subs, user=both)
        self.assertEqual(campaigns.company_id, self.company | other)
        self.send()
        self.assertEqual(campaigns.mapped("reached_count"), [1, 1])
        self.assertEqual(self.outbox(), ["fine@example.com", "other@example.com"])

    def test_only_managers_write_to_many(self):
        sub = self.make_customer("Fine")
        for kind in ("user", "agent", "salesperson", "internal"):
            with self.assertRaises(AccessError):
                self.campaign(sub, user=self.make_user(kind))

    def test_nobody_to_reach(self):
        sub = self.make_customer("Silent", email=False)
        with self.assertRaisesRegex(UserError, "Nobody"):
            self.campaign(sub)
        self.assertFalse(self.env["subscription.campaign"].search([]))

    def test_win_back(self):
        gone = self.make_customer("Gone", end="2024-03-01")
        campaign = self.campaign(gone, with_closed=True)
        self.send()
        self.assertEqual(self.outbox(), ["gone@example.com"])
        self.assertEqual((campaign.reached_count, campaign.churned_count), (1, 0))

    def test_undo_cancels_what_is_queued(self):
        sub = self.make_customer("Fine")
        campaign = self.campaign(sub)
        self.as_user(campaign, self.marketer).action_undo()
        self.assertEqual(campaign.mailing_state, "draft")
        self.send()
        self.assertFalse(self.outbox())
        sent = self.campaign(sub, name="Summer")
        self.send()
        with self.assertRaisesRegex(UserError, "cannot be taken back"):
            self.as_user(sent, self.marketer).action_undo()
        self.assertFalse(sent.undone_at)

    def test_sms_campaign(self):
        country = self.env.ref("base.us")
        fine = self.make_customer("Fine", phone="+14155550101", country_id=country.id)
        silent = self.make_customer("Silent")
        campaign = self.campaign(fine + silent, channel="sms")
        self.send()
        self.send()
        sms = self.env["sms.sms"].search([])
        self.assertEqual(sms.mapped("number"), ["+14155550101"])
        self.assertIn("STOP", sms.body)
        self.assertEqual(campaign.mailing_state, "done")
        self.assertEqual(self.reasons(campaign), {"Fine": None, "Silent": "no_address"})

    # --- versions ---------------------------------------------------------------------

    def versions(self, number=40, **values):
        """Return a campaign with two versions, and its customers.

        Every third has a second subscription with an address of its own.
        """
        subs = self.env["sale.subscription"]
        for index in range(number):
            sub = self.make_customer(f"C{index}", is_company=True)
            subs |= sub
            if index % 3 == 0:
                other = self.make_partner(
                    f"O{index}", sub.partner_id, email=f"o{index}@example.com"
                )
                subs |= self.subscribe(other, partner_invoice_id=other.id)
        campaign = self.campaign(
            subs, texts=("Version A", "Version B"), ab_percent=40, **values
        )
        return campaign, subs

    def test_versions_reach_different_customers_and_the_winner_the_rest(self):
        campaign, subs = self.versions(ab_winner="opened_ratio")
        a, b = campaign.mailing_ids.sorted("id")
        self.assertEqual((a + b).mapped("subject"), ["Version A", "Version B"])
        self.assertEqual(len(campaign.mailing_ids.campaign_id), 1)
        self.send()
        self.assertEqual((a + b).mapped("state"), ["done", "done"])
        got = [set(mailing.mailing_trace_ids.mapped("res_id")) for mailing in (a, b)]
        customers = [
            self.env["sale.subscription"].browse(ids).customer_id for ids in got
        ]
        self.assertFalse(customers[0] & customers[1])
        for some in customers:
            self.assertGreater(len(some), 2)
            self.assertLess(len(some), 35)
        b.mailing_trace_ids.set_opened()
        with freeze_time("2024-06-06 12:00:01"):
            self.decide()
            self.send()
        winner = campaign.mailing_ids - a - b
        self.assertEqual(winner.subject, "Version B")
        self.assertEqual(winner.state, "done")
        outbox = self.outbox()
        self.assertEqual(len(outbox), len(set(outbox)))
        self.assertEqual(len(outbox), len(subs))
        self.assertEqual(campaign.reached_count, len(subs))
        self.assertEqual(campaign.opened_count, len(got[1]))

    def test_version_broken_off_goes_on_with_the_same_customers(self):
        campaign, _subs = self.versions()
        first = campaign.mailing_ids.sorted("id")[0]
        governed = first.with_context(subscription_governed=True)
        meant = governed._get_remaining_recipients()
        self.assertGreater(len(meant), 7)
        # As if the server had ended after some of them.
        first.with_context(subscription_governed=True).action_send_mail(meant[:7])
        first.state = "sending"
        self.env.invalidate_all()
        self.assertEqual(set(governed._get_remaining_recipients()), set(meant[7:]))
        self.send()
        self.assertEqual(
            sorted(first.mailing_trace_ids.mapped("res_id")), sorted(meant)
        )

    def test_undone_before_the_winner_is_known(self):
        """The rest gets nothing; what was sent cannot be taken back twice."""
        campaign, _subs = self.versions(ab_winner="opened_ratio")
        self.send()
        sent = self.outbox()
        # Its versions are sent: the button stays as long as the best one is to come.
        self.assertTrue(campaign.is_mailing_to_come)
        campaign.with_user(self.marketer).action_undo()
        with freeze_time("2024-06-06 12:00:01"):
            self.decide()
            self.send()
        self.assertEqual(self.outbox(), sent)
        self.assertEqual(len(campaign.mailing_ids), 2)

    def test_winner_by_renewal(self):
        campaign, subs = self.versions(ab_winner="subscription_renewed_ratio")
        test = campaign.mailing_ids.campaign_id
        self.assertEqual(str(test.ab_testing_schedule_datetime), "2024-07-05 12:00:00")
        self.send()
        a, b = campaign.mailing_ids.sorted("id")
        for mailing, rest in ((a, 1), (b, 0)):
            reached = subs.browse(mailing.mailing_trace_ids.mapped("res_id"))
            for sub in reached[rest:]:
                sub.sudo().rfm_frequency = 6
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual(b.subscription_renewed_ratio, 100)
        self.assertGreater(b.subscription_renewed_ratio, a.subscription_renewed_ratio)
        self.assertGreater(a.subscription_renewed_ratio, 0)
        with freeze_time("2024-07-04 12:00:01"):
            self.decide()
            self.assertFalse(test.ab_testing_completed)
        with freeze_time("2024-07-05 12:00:01"):
            self.decide()
            self.assertEqual(test.ab_testing_winner_mailing_id.subject, "Version B")

    def test_versions_are_not_for_more_than_all(self):
        sub = self.make_customer("Fine")
        with self.assertRaisesRegex(ValidationError, "100"):
            self.campaign(sub, texts=("A", "B", "C"), ab_percent=34)

    # --- results ----------------------------------------------------------------------

    def test_results(self):
        names = [f"C{number}" for number in range(40)]
        subs = self.env["sale.subscription"].union(
            *(self.make_customer(name, mrr=10) for name in names)
        )
        campaign = self.campaign(subs, holdout_percent=20)
        self.send()
        held = subs.browse(subs._held_out("Spring", 20))
        reached = subs - held
        self.assertTrue(held)
        self.assertEqual(campaign.mrr_before, 10 * len(reached))
        for sub in (reached[0], held[0]):
            self.book(sub, ("2024-06-20", "end", None))
        for sub in reached[1:4]:
            sub.sudo().rfm_frequency = 1
        # A successor goes on with what ended.
        self.book(reached[4], ("2024-06-20", "end", None))
        self.subscribe(reached[4].partner_id, 15, "2024-06-20")
        mailing = campaign.mailing_ids
        traces = mailing.mailing_trace_ids
        traces[0].set_replied()
        traces[1].set_opened()
        traces[1].set_clicked()
        traces[2].set_bounced()
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual(
            {
                name: campaign[name]
                for name in (
                    "reached_count",
                    "opened_count",
                    "clicked_count",
                    "replied_count",
                    "bounced_count",
                    "renewed_count",
                    "churned_count",
                    "mrr_kept",
                    "control_count",
                    "control_renewed_count",
                    "control_churned_count",
                    "control_mrr_kept",
                )
            },
            {
                "reached_count": len(reached),
                "opened_count": 2,
                "clicked_count": 1,
                "replied_count": 1,
                "bounced_count": 1,
                "renewed_count": 4,
                "churned_count": 1,
                "mrr_kept": 10 * (len(reached) - 2) + 15,
                "control_count": len(held),
                "control_renewed_count": 0,
                "control_churned_count": 1,
                "control_mrr_kept": 10 * (len(held) - 1),
            },
        )


@tagged("post_install", "-at_install")
class TestUnsubscribe(MailingCase, HttpCase):
    """Whoever follows the link in an e-mail gets no other one."""

    def test_link_in_the_mail_holds_for_the_next_campaign(self):
        sub = self.make_customer("Fine") + self.make_customer("Other")
        campaign = self.campaign(sub)
        self.send()
        mail = self.env["mail.mail"].search(
            [("mailing_id", "=", campaign.mailing_ids.id), ("res_id", "=", sub[0].id)]
        )
        [outgoing] = mail._prepare_outgoing_list()
        body = html.fromstring(outgoing["body"])
        [link] = body.xpath("//a[contains(., 'Unsubscribe')]/@href")
        parts = urlsplit(link)
        self.assertIn("confirm_unsubscribe", parts.path)
        page = html.fromstring(self.url_open(f"{parts.path}?{parts.query}").content)
        values = {
            field.get("name"): field.get("value")
            for field in page.xpath("//form//input[@name]")
        }
        self.assertEqual(int(values["mailing_id"]), campaign.mailing_ids.id)
        answer = self.url_open("/mailing/confirm_unsubscribe", data=values)
        self.assertEqual(answer.status_code, 200)
        second = self.campaign(sub, name="Summer")
        self.send()
        self.assertEqual(self.outbox(second.mailing_ids), ["other@example.com"])
        self.assertEqual(self.reasons(second), {"Fine": "blacklisted", "Other": None})
