# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models

RENEWED = ("subscription_renewed_ratio", "Highest Renewal Rate")


class UtmCampaign(models.Model):
    """Odoo's test of versions, won by the one after which most have renewed."""

    _inherit = "utm.campaign"

    ab_testing_winner_selection = fields.Selection(
        selection_add=[RENEWED], ondelete={RENEWED[0]: "set default"}
    )
    ab_testing_sms_winner_selection = fields.Selection(
        selection_add=[RENEWED], ondelete={RENEWED[0]: "set default"}
    )
