# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models

#: A change of more running subscriptions than this is left to the next refresh.
MANY = 1000


class SaleSubscriptionTemplate(models.Model):
    """A change of the period changes the MRR of all its subscriptions."""

    _inherit = "sale.subscription.template"

    is_premium = fields.Boolean(
        string="Premium Plan", help="There is no higher plan to offer."
    )
    feature_limit_ids = fields.One2many(
        comodel_name="subscription.feature.limit",
        inverse_name="template_id",
        string="Plan Limits",
        copy=True,
    )

    def write(self, vals):
        result = super().write(vals)
        if not vals.keys().isdisjoint(("recurring_interval", "recurring_rule_type")):
            running = (
                self.env["sale.subscription"]
                .sudo()
                .search(
                    [("template_id", "in", self.ids), ("is_running", "=", True)],
                    limit=MANY + 1,
                )
            )
            if len(running) <= MANY:
                running._mark_changed()
        return result
