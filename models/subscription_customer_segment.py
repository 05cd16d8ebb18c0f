# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

from .subscription_segmented import USER

#: Who pins in and out of segments, as the action of the lists says.
PINNERS = (
    "sales_team.group_sale_salesman",
    "subscription_segmentation.group_manager",
)


class SubscriptionCustomer(models.Model):
    """The segments that a customer is in: those of its subscriptions."""

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _name = "subscription.customer"
    _inherit = ["subscription.customer", "subscription.segmented"]

    _membership_link = "customer_id"
    _membership_path = "subscription_ids.membership_ids"

    # No index: it would have each change of it rewrite those of all other columns.
    primary_segment_id = fields.Many2one(
        comodel_name="subscription.segment",
        groups=USER,
        readonly=True,
        copy=False,
        ondelete="set null",
        help="The first, by their order, of the segments it is in.",
    )

    @api.depends(
        "subscription_ids.membership_ids.date_to",
        "subscription_ids.membership_ids.kind",
    )
    def _compute_segment_ids(self):
        return super()._compute_segment_ids()

    def _may_pin(self):
        """Return whether the user is offered to pin; each subscription decides."""
        return any(map(self.env.user.has_group, PINNERS))

    def action_pin(self):
        """Ask into or out of which segment the customer's subscriptions are pinned."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "subscription_segmentation.subscription_segment_pin_action_customer"
        )
        action["context"] = {"active_model": self._name, "active_ids": self.ids}
        return action

    def _merge_into(self, keep):
        """Give the customer that is kept the first of all segments it is in now."""
        result = super()._merge_into(keep)
        self.env["subscription.segment"]._store_primary(keep.company_id, keep)
        return result
