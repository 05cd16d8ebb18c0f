# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError


class SubscriptionSegmentPin(models.TransientModel):
    """A person knows better than a segment: of the chosen subscriptions.

    Of customers that were chosen, all subscriptions.
    """

    _name = "subscription.segment.pin"
    _inherit = "subscription.mass.action"
    _description = "Pin in or out of a Segment"

    _kind = "pin"

    segment_id = fields.Many2one(
        required=True, help="Where they are pinned in, or out of."
    )
    # Who has left may be wanted in a segment to win them back.
    with_closed = fields.Boolean(default=True)
    action = fields.Selection(
        selection=[
            ("pinned_in", "Pin in"),
            ("pinned_out", "Pin out"),
            ("unpin", "Take the pin away"),
        ],
        required=True,
        default="pinned_in",
        help="Whoever is pinned in is in the segment, whoever is pinned out is not, "
        "whatever its conditions say.",
    )
    reason = fields.Char(help="What you know that the segment does not know.")
    until = fields.Date(
        help="The last day of the pin; empty: until somebody takes it away."
    )

    @api.depends("action")
    def _compute_preview(self):
        return super()._compute_preview()

    def _chosen(self):
        return self.subscription_ids._origin

    def _reach_of(self, chosen):
        reach = super()._reach_of(chosen)
        if self.action != "unpin":
            return reach
        pinned = self.segment_id._pinned(chosen)
        return self._unless(
            reach, lambda own: None if own.id in pinned else "unchanged"
        )

    def action_confirm(self):
        """Set the pins, or take them away.

        :raise UserError: there is nothing to pin, or no reason
        """
        if self.action != "unpin" and not (self.reason or "").strip():
            raise UserError(self.env._("Say why: others will ask."))
        return super().action_confirm()

    def _do(self, campaign, subscriptions, reach):
        if self.action == "unpin":
            self.segment_id._unpin(subscriptions)
            return
        self.segment_id._pin(subscriptions, self.action, self.reason, self.until)
        members = self.env["subscription.campaign.member"].sudo()
        members._store_traces(
            campaign, {own.id: {"pin": self.action} for own in subscriptions}
        )

    def _show(self, campaigns):
        """Stay where the person is: she sees the segment there."""
        return None
