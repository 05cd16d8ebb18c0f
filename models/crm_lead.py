# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models


class CrmLead(models.Model):
    _name = "crm.lead"
    _inherit = ["crm.lead", "subscription.customer.link"]

    subscription_customer_id = fields.Many2one(
        compute="_compute_subscription_customer_id",
        store=True,
        index="btree_not_null",
    )
