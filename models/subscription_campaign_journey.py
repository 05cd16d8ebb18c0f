# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError

from .subscription_journey_hand import HAND_REASONS


class SubscriptionCampaign(models.Model):
    """Enrolling in a journey, and taking it back."""

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "subscription.campaign"

    @api.model
    def _selection_kind(self):
        return [*super()._selection_kind(), ("journey", self.env._("Journey"))]

    def _undo_journey(self):
        """Stop the enrolments; what was done already stays done.

        :raise UserError: all of them have come to their end
        """
        ids = [trace["enrolment"] for trace in self._traces().values()]
        enrolments = self.env["subscription.journey.enrolment"].sudo().browse(ids)
        number = enrolments._undo()
        if not number:
            raise UserError(
                self.env._("Nobody is on the journey any more: nothing can be stopped.")
            )
        self._tell_undone(number)


class SubscriptionCampaignMember(models.Model):
    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "subscription.campaign.member"

    reason = fields.Selection(selection_add=HAND_REASONS)
