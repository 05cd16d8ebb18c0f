# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

#: What decides on the customer of a ticket, and on whether it is open.
FOLLOWED = {"active", "company_id", "partner_id", "stage_id", "team_id"}


class HelpdeskTicket(models.Model):
    _name = "helpdesk.ticket"
    _inherit = [
        "helpdesk.ticket",
        "subscription.customer.link",
        "subscription.segment.tagged",
    ]

    _segment_kind = "ticket"
    _segment_fields = (
        "active",
        "company_id",
        "priority",
        "stage_id",
        "subscription_customer_id",
        "subscription_priority_settled",
        "team_id",
    )

    subscription_customer_id = fields.Many2one(
        compute="_compute_subscription_customer_id",
        precompute=True,
        store=True,
        index="btree_not_null",
    )

    @api.model_create_multi
    def create(self, vals_list):
        tickets = super().create(vals_list)
        tickets.sudo()._follow_segments(new=True)
        return tickets

    def write(self, vals):
        result = super().write(vals)
        if not FOLLOWED.isdisjoint(vals):
            self.sudo()._follow_segments()
        return result
