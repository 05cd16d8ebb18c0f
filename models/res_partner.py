# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models


class ResPartner(models.Model):
    _name = "res.partner"
    _inherit = ["res.partner", "subscription.customer.link"]

    subscription_customer_id = fields.Many2one(company_dependent=True)

    @api.model
    def _commercial_fields(self):
        """Contacts take the customer over from the company that they belong to."""
        return super()._commercial_fields() + ["subscription_customer_id"]
