# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A marketer writes to whom she has filtered, and makes an offer."""

from odoo.tests import HttpCase, tagged

from .common import MODULE
from .mailings import MailingCase
from .offers import OfferCase

LIST = "/odoo/action-subscription_oca.sale_subscription_action"


@tagged("post_install", "-at_install")
class TestCampaignScreen(MailingCase, HttpCase):
    def test_marketer_writes_to_whom_she_filtered(self):
        self.marketer.email = "marketer@example.com"
        subs = self.env["sale.subscription"]
        for name in ("Ada", "Bob", "Cem", "Dee"):
            subs |= self.make_customer(
                name, email=name != "Bob" and f"{name}@x.example"
            )
        ada, bob, cem, dee = subs
        (subs - dee).lifecycle_stage = "loyal"
        dee.lifecycle_stage = "onboarding"
        cem.customer_id.is_contact_refused = True
        self.start_tour(LIST, f"{MODULE}_email_campaign", login=self.marketer.login)
        campaign = self.env["subscription.campaign"].search([("name", "=", "Autumn")])
        self.assertEqual(campaign.user_id, self.marketer)
        self.assertEqual(
            self.reasons(campaign),
            {"Ada": None, "Bob": "no_address", "Cem": "refused"},
        )
        (mailing,) = campaign.mailing_ids
        self.assertEqual((mailing.subject, mailing.state), ("What is new", "in_queue"))
        self.assertIn("Good to have you", mailing.body_html)
        self.send()
        self.assertEqual(self.outbox(mailing), ["Ada@x.example"])


@tagged("post_install", "-at_install")
class TestOfferScreen(OfferCase, HttpCase):
    def test_marketer_makes_an_offer_and_takes_it_back(self):
        ann, ben = (
            self.start(partner=self.make_partner(name, email=f"{name}@x.example"))
            for name in ("Ann", "Ben")
        )
        offer = self.make_offer(name="Three months for less", yearly_cap=1)
        [before] = self.grant(offer, ben)
        marketer = self.make_user("manager", login="offer_marketer")
        self.start_tour(LIST, f"{MODULE}_offer", login=marketer.login)
        grant = self.env["subscription.offer.grant"].search(
            [("subscription_id", "=", ann.id)]
        )
        self.assertEqual((grant.offer_id, grant.state), (offer, "revoked"))
        self.assertEqual(grant.granted_by, marketer)
        self.assertEqual(grant.campaign_id.name, "Thanks")
        self.assertEqual(before.state, "granted")
