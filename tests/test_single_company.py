# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""In a database of one company all leads are its own, whatever they say."""

from odoo.tests import tagged

from .segments import FollowCase


@tagged("post_install", "-at_install")
class TestSingleCompany(FollowCase):
    @classmethod
    def make_company(cls, name, currency="USD"):
        """Return the only company that there is."""
        company = cls.env["res.company"].with_context(active_test=False).search([])
        return company.with_context(active_test=True).ensure_one()

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.segment = cls.make_segment()
        cls.enter(cls.segment, cls.subscription)
        cls.customer_here = cls.subscription.customer_id

    def make_lead(self, partner=None, **values):
        nowhere = self.env["res.company"]
        lead = super().make_lead(partner or self.contact, nowhere, **values)
        self.assertFalse(lead.company_id)
        return lead

    def test_lead_is_linked_and_tagged_at_once(self):
        lead = self.make_lead()
        self.assertEqual(self.link(lead), self.customer_here)
        self.assertTags(lead, "Star")

    def test_lead_follows_membership(self):
        lead = self.make_lead()
        self.leave(self.segment, self.subscription)
        self.assertTags(lead)
        self.enter(self.segment, self.subscription)
        self.assertTags(lead, "Star")

    def test_lead_is_linked_when_its_customer_appears(self):
        partner = self.make_partner("New")
        lead = self.make_lead(partner)
        self.assertFalse(self.link(lead))
        customer = self.subscribe(partner).customer_id
        self.assertEqual(self.link(lead), customer)

    def test_lead_written_lately_follows(self):
        lead = self.make_lead()
        since = lead.create_date
        self.env["subscription.segment.link"].search([]).unlink()
        lead.tag_ids = False
        self.env["subscription.segment"]._follow_written(self.company, since)
        self.assertTags(lead, "Star")

    def test_second_company_takes_the_links_away(self):
        lead, closed = self.make_lead(), self.make_lead(active=False)
        self.assertEqual(self.link(closed), self.customer_here)
        ticket = self.make_ticket(self.contact)
        self.env["res.company"].create({"name": "Second Company"})
        for one in (lead, closed, self.make_lead()):
            self.assertFalse(self.link(one))
        self.assertTags(lead)
        self.assertEqual(self.link(ticket), self.customer_here)
