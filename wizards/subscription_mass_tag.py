# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError


class SubscriptionMassTag(models.TransientModel):
    """Tag subscriptions and customers by hand, or take tags away: see segment links."""

    _name = "subscription.mass.tag"
    _inherit = "subscription.mass.action"
    _description = "Add or Remove Tags"

    _kind = "tag"

    action = fields.Selection(
        selection=[("add", "Add"), ("remove", "Remove")],
        required=True,
        default="add",
        help="A tag that is added stays, whatever segments say; one that is removed "
        "stays away until the record enters the segment again.",
    )
    subscription_tag_ids = fields.Many2many(
        comodel_name="sale.subscription.tag", string="Tags of Subscriptions"
    )
    partner_tag_ids = fields.Many2many(
        comodel_name="res.partner.category",
        string="Tags of Customers",
        help="On the customer's contact, which companies share.",
    )

    @api.depends("action", "subscription_tag_ids", "partner_tag_ids")
    def _compute_preview(self):
        return super()._compute_preview()

    def _tagged(self, subscriptions):
        """Return ``[(kind, records, tags)]`` of what is meant."""
        return [
            ("subscription", subscriptions, self.subscription_tag_ids),
            ("partner", subscriptions.customer_id.partner_id, self.partner_tag_ids),
        ]

    def _reach_of(self, chosen):
        reach = super()._reach_of(chosen)
        links = self.env["subscription.segment.link"].sudo()
        changing = {}
        for kind, records, tags in self._tagged(chosen):
            changing[kind] = links._would_change(kind, records, tags, self.action)
        return self._unless(
            reach,
            lambda own: None
            if own.id in changing["subscription"]
            or own.customer_id.partner_id.id in changing["partner"]
            else "unchanged",
        )

    def action_confirm(self):
        if not self.subscription_tag_ids and not self.partner_tag_ids:
            raise UserError(self.env._("Choose a tag."))
        return super().action_confirm()

    def _do(self, campaign, subscriptions, reach):
        links = self.env["subscription.segment.link"].sudo()
        done = {}
        for kind, records, tags in self._tagged(subscriptions):
            if not tags:
                continue
            if kind == "partner":
                records.check_access("write")
            method = links._tag if self.action == "add" else links._untag
            done[kind] = method(kind, records.sudo(), tags)
        traces = {}
        for own in subscriptions:
            partner = own.customer_id.partner_id.id
            trace = {"action": self.action}
            if changed := done.get("subscription", {}).get(own.id):
                trace["subscription"] = {"id": own.id, "tags": changed}
            # What was changed on a customer is told of by one of its subscriptions.
            if changed := done.get("partner", {}).pop(partner, None):
                trace["partner"] = {"id": partner, "tags": changed}
            traces[own.id] = trace
        members = self.env["subscription.campaign.member"].sudo()
        members._store_traces(campaign, traces)
