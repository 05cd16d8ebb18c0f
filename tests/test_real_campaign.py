# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A campaign to a segment of a whole history, as a mail server receives it."""

from collections import Counter
from datetime import timedelta
from urllib.parse import urlsplit

from freezegun import freeze_time
from lxml import html

from odoo import fields
from odoo.tests import HttpCase, tagged

from .common import day
from .mailings import MailingCase
from .real_data import RealDataCase
from .smtp_sink import outgoing_mail

PLAN = "One year"


# The tag lets the test command run it beside the others.
@tagged("post_install", "-at_install", "slow", "whole_history")
class TestRealCampaign(RealDataCase, MailingCase, HttpCase):
    def follow(self, received):
        """Unsubscribe by the link in an e-mail, as a person would."""
        [link] = html.fromstring(received.text).xpath(
            "//a[contains(., 'Unsubscribe')]/@href"
        )
        parts = urlsplit(link)
        page = html.fromstring(self.url_open(f"{parts.path}?{parts.query}").content)
        values = {
            field.get("name"): field.get("value")
            for field in page.xpath("//form//input[@name]")
        }
        answer = self.url_open("/mailing/confirm_unsubscribe", data=values)
        self.assertEqual(answer.status_code, 200)

    def deliver(self):
        """Have Odoo work through the queue of its mailings, then that of its mails."""
        self.send()
        outgoing = [("mailing_id", "!=", False), ("state", "=", "outgoing")]
        while self.env["mail.mail"].search_count(outgoing):
            self.scheduled("mail.mail", "process_email_queue")

    def to_customers(self, sink):
        """Return what customers got; Odoo writes to the marketer as well."""
        staff = self.marketer.email_normalized
        received = [one for one in sink.received if staff not in one.recipients]
        self.assertTrue(all(len(one.recipients) == 1 for one in received))
        return received

    def test_telco(self):
        history = self.import_file("telco", day("2020-02-01"), PLAN)
        history = history[history["end_date"] == ""]
        subs = self.env["sale.subscription"].search(
            [("template_id.name", "=", PLAN), ("is_running", "=", True)]
        )
        self.assertEqual(len(subs), len(history))
        self.assertGreaterEqual(len(subs), 1_000)
        segment = self.make_segment(
            PLAN,
            f"[('template_id.name', '=', '{PLAN}'), ('is_running', '=', True)]",
        )
        # Somebody has a second one, a contact of a firm shares its address, somebody
        # else has another address, and an accountant stands for two customers.
        partners = subs.partner_id
        for partner, values in zip(
            partners[:3],
            (
                {},
                {"email": partners[1].email.upper()},
                {"email": "second@telco.example"},
            ),
            strict=True,
        ):
            contact = self.make_partner("Second", partner, **values)
            self.subscribe(
                contact if values else partner,
                5,
                "2020-01-01",
                template_id=subs.template_id.id,
                partner_invoice_id=contact.id if values else partner.id,
            )
        partners[4].email = partners[3].email
        refused, listed, silent = partners[10:20], partners[20:30], partners[30:35]
        self.customer(refused[0])
        subs.filtered(
            lambda sub: sub.partner_id in refused
        ).customer_id.sudo().action_refuse_contact()
        for partner in listed:
            self.env["mail.blacklist"]._add(partner.email)
        left_out = set((refused | listed).mapped("email"))
        silent.email = False
        wanted = Counter((partners - refused - listed - silent).mapped("email"))
        wanted["second@telco.example"] = 1
        self.assertEqual(wanted[partners[3].email], 2)

        with outgoing_mail(self.env) as sink:
            campaign = self.campaign(
                segment_id=segment.id,
                texts=("One", "Two"),
                ab_percent=20,
                ab_winner="opened_ratio",
            )
            self.deliver()
            tested = self.to_customers(sink)
            self.assertEqual({one.message["Subject"] for one in tested}, {"One", "Two"})
            self.assertGreater(len(tested), 0.3 * len(subs))
            self.assertLess(len(tested), 0.5 * len(subs))
            two = campaign.mailing_ids.filtered(lambda own: own.subject == "Two")
            two.mailing_trace_ids.set_opened()
            with freeze_time(fields.Datetime.now() + timedelta(days=1, minutes=1)):
                self.decide()
                self.deliver()
            received = self.to_customers(sink)
            rest = received[len(tested) :]
            self.assertEqual({one.message["Subject"] for one in rest}, {"Two"})
            # One for each customer and address, and for nobody else.
            got = Counter(one.recipients[0] for one in received)
            self.assertEqual(got, wanted)
            self.assertFalse(set(got) & left_out)
            ids = [one.message["Message-ID"] for one in received]
            self.assertEqual(len(ids), len(set(ids)))
            self.assertEqual(campaign.reached_count, wanted.total())
            reasons = Counter(campaign.member_ids.mapped("reason"))
            self.assertEqual(
                {
                    key: reasons[key]
                    for key in ("refused", "blacklisted", "no_address", "duplicate")
                },
                {"refused": 10, "blacklisted": 10, "no_address": 5, "duplicate": 2},
            )
            for one in received:
                self.assertIn("unsubscribe_oneclick", one.message["List-Unsubscribe"])

            # Who unsubscribes gets no further one. Some will do to see it.
            few = partners[:3] | partners[4:50]
            wanted = Counter((few - refused - listed - silent).mapped("email"))
            for one in received:
                if one.recipients[0] in partners[40:43].mapped("email"):
                    self.follow(one)
                    del wanted[one.recipients[0]]
            self.env.invalidate_all()
            second = self.campaign(
                self.env["sale.subscription"].search(
                    [
                        ("segment_ids", "in", segment.ids),
                        ("partner_id.commercial_partner_id", "in", few.ids),
                    ]
                ),
                name="Summer",
            )
            self.deliver()
            again = self.to_customers(sink)[len(received) :]
            # Of three messages a week a customer has had two, at two addresses: the
            # third goes to the address of the dearer subscription.
            self.assertEqual(len(wanted), 49 - 10 - 10 - 5 - 3)
            got = Counter(one.recipients[0] for one in again)
            self.assertEqual((got - wanted, wanted - got), (Counter(), Counter()))
            self.assertEqual(second.reached_count, wanted.total())
