# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

from .subscription_segmented import USER


class SaleSubscription(models.Model):
    """The segments that a subscription is in, and was in."""

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _name = "sale.subscription"
    _inherit = ["sale.subscription", "subscription.segmented"]

    _membership_link = "subscription_id"
    _membership_path = "membership_ids"

    membership_ids = fields.One2many(
        comodel_name="subscription.segment.membership",
        inverse_name="subscription_id",
        string="Segment Memberships",
        groups=USER,
        readonly=True,
        copy=False,
    )

    primary_segment_id = fields.Many2one(
        related="customer_id.primary_segment_id",
        string="Primary Segment",
        groups=USER,
        help="The first, by their order, of the segments that its customer is in.",
    )

    @api.depends("membership_ids.date_to", "membership_ids.kind")
    def _compute_segment_ids(self):
        return super()._compute_segment_ids()

    def write(self, vals):
        if "customer_id" not in vals or not self.env.su:
            return super().write(vals)
        before = self.customer_id
        result = super().write(vals)
        # Whose subscription it was, and whose it is now, may be in other segments.
        for company, some in (before | self.customer_id).grouped("company_id").items():
            self.env["subscription.segment"]._store_primary(company, some)
        return result

    def _without_ledger(self, vals):
        vals = super()._without_ledger(vals)
        if self.env.su:
            return vals
        return {name: vals[name] for name in vals if name != "membership_ids"}

    def action_open_memberships(self):
        """Open which segments it is and was in, since when and why."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "subscription_segmentation.subscription_segment_membership_action"
        )
        return {**action, "domain": [("subscription_id", "=", self.id)], "context": {}}
