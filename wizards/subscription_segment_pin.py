# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError


class SubscriptionSegmentPin(models.TransientModel):
    """A person knows better than a segment: of the chosen subscriptions.

    Of customers that were chosen, all subscriptions.
    """

    _name = "subscription.segment.pin"
    _description = "Pin in or out of a Segment"

    subscription_ids = fields.Many2many(
        comodel_name="sale.subscription",
        string="Subscriptions",
        readonly=True,
        default=lambda self: self._default_subscription_ids(),
    )
    subscription_count = fields.Integer(
        compute="_compute_subscription_count", string="Number of Subscriptions"
    )
    segment_id = fields.Many2one(
        comodel_name="subscription.segment", required=True, ondelete="cascade"
    )
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

    @api.model
    def _default_subscription_ids(self):
        """Return what was chosen, or the subscriptions of the customers that were."""
        model = self.env.context.get("active_model")
        if model not in ("sale.subscription", "subscription.customer"):
            return False
        chosen = self.env[model].browse(self.env.context["active_ids"])
        return chosen if model == "sale.subscription" else chosen.subscription_ids

    @api.depends("subscription_ids")
    def _compute_subscription_count(self):
        for wizard in self:
            wizard.subscription_count = len(wizard.subscription_ids)

    def action_confirm(self):
        """Set the pins, or take them away.

        :raise UserError: there is nothing to pin, or no reason
        """
        self.ensure_one()
        if not self.subscription_ids:
            raise UserError(self.env._("Choose a subscription."))
        if self.action == "unpin":
            self.segment_id._unpin(self.subscription_ids)
            return
        if not (self.reason or "").strip():
            raise UserError(self.env._("Say why: others will ask."))
        self.segment_id._pin(
            self.subscription_ids, self.action, self.reason, self.until
        )
