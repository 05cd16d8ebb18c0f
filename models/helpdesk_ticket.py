# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models


class HelpdeskTicket(models.Model):
    _name = "helpdesk.ticket"
    _inherit = ["helpdesk.ticket", "subscription.customer.link"]

    subscription_customer_id = fields.Many2one(
        compute="_compute_subscription_customer_id",
        store=True,
        index="btree_not_null",
    )

    # The ticket's own commercial_partner_id is stored and goes stale in partner merges.
    @api.depends("partner_id.commercial_partner_id", "company_id")
    def _compute_subscription_customer_id(self):
        customers = self.env["subscription.customer"]._by_partner(
            self.partner_id.commercial_partner_id
        )
        for ticket in self:
            key = (ticket.partner_id.commercial_partner_id.id, ticket.company_id.id)
            ticket.subscription_customer_id = customers.get(key)
