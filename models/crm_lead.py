# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models


class CrmLead(models.Model):
    _name = "crm.lead"
    _inherit = ["crm.lead", "subscription.customer.link"]

    subscription_customer_id = fields.Many2one(
        compute="_compute_subscription_customer_id",
        store=True,
        index="btree_not_null",
    )

    @api.depends("partner_id.commercial_partner_id", "company_id")
    def _compute_subscription_customer_id(self):
        """A lead without a company belongs to nobody in particular: it has no link."""
        customers = self.env["subscription.customer"]._by_partner(
            self.partner_id.commercial_partner_id
        )
        for lead in self:
            key = (lead.partner_id.commercial_partner_id.id, lead.company_id.id)
            lead.subscription_customer_id = customers.get(key)
