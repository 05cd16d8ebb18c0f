# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

from .subscription_offer_granting import OFFER_REASONS


class SubscriptionCampaign(models.Model):
    """Offers that were made to many at once."""

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "subscription.campaign"

    offer_id = fields.Many2one(
        comodel_name="subscription.offer", readonly=True, ondelete="restrict"
    )
    offer_grant_ids = fields.One2many(
        comodel_name="subscription.offer.grant",
        inverse_name="campaign_id",
        string="Offers",
    )

    @api.model
    def _selection_kind(self):
        return [*super()._selection_kind(), ("offer", self.env._("Offer"))]

    def _undo_offer(self):
        """Take back what was not used of the offers."""
        self.offer_grant_ids._revoke()


class SubscriptionCampaignMember(models.Model):
    _inherit = "subscription.campaign.member"

    reason = fields.Selection(selection_add=OFFER_REASONS)
