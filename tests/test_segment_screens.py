# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Segments in a browser: a ticket by portal, and a pin."""

from odoo.tests import HttpCase, new_test_user, tagged

from .common import MODULE
from .segments import FollowCase

NAME = "To be saved"


@tagged("post_install", "-at_install")
class TestSegmentScreens(FollowCase, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Those that come with the addon are another matter.
        cls.env["subscription.segment"].search([]).action_archive()

    def test_ticket_by_portal_is_tagged_and_raised(self):
        segment = self.env["subscription.segment"].create(
            {
                "name": NAME,
                # Cards hide tags without a colour.
                "color": 2,
                "enter_domain": f"[('id', '=', {self.subscription.id})]",
                "tag_tickets": True,
                "ticket_priority": "2",
            }
        )
        customer = new_test_user(
            self.env,
            "segment_customer",
            "base.group_portal",
            partner_id=self.contact.id,
            company_id=self.company.id,
            company_ids=self.company.ids,
        )
        self.start_tour("/my/tickets", f"{MODULE}_ticket_portal", login=customer.login)
        ticket = self.env["helpdesk.ticket"].search(
            [("partner_id", "=", self.contact.id)]
        )
        self.assertEqual(ticket.subscription_customer_id.partner_id, self.partner)
        self.assertEqual(ticket.priority, "2")
        self.assertEqual(ticket.tag_ids, segment.ticket_tag_id)
        agent = new_test_user(
            self.env,
            "segment_agent",
            "helpdesk_mgmt.group_helpdesk_user_team",
            company_id=self.company.id,
            company_ids=self.company.ids,
        )
        self.start_tour(
            "/odoo/action-helpdesk_mgmt.helpdesk_ticket_action",
            f"{MODULE}_ticket_agent",
            login=agent.login,
        )

    def test_salesperson_pins_a_subscription_out(self):
        ada, bob = (self.subscribe(self.make_partner(name)) for name in ("Ada", "Bob"))
        both = ada | bob
        segment = self.env["subscription.segment"].create(
            {"name": NAME, "enter_domain": f"[('id', 'in', {both.ids})]"}
        )
        self.assertEqual(ada.segment_ids, segment)
        user = self.make_user("salesperson", login="segment_sales")
        self.start_tour(
            "/odoo/action-subscription_oca.sale_subscription_action",
            f"{MODULE}_pin_out",
            login=user.login,
        )
        both.invalidate_recordset()
        self.assertFalse(ada.segment_ids)
        self.assertEqual(bob.segment_ids, segment)
        pin = ada.membership_ids.filtered(lambda row: not row.date_to)
        self.assertEqual(pin.kind, "pinned_out")
        self.assertEqual(pin.pin_reason, "Was on holiday")
        self.assertEqual(pin.pinned_by_id, user)
