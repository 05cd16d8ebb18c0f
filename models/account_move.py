# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models


class AccountMove(models.Model):
    _inherit = "account.move"

    offer_use_ids = fields.One2many(
        comodel_name="subscription.offer.use",
        inverse_name="move_id",
        string="Offers",
        groups="subscription_segmentation.group_user",
    )
