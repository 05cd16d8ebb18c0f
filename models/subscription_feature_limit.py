# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models


class SubscriptionFeatureLimit(models.Model):
    """How much of a feature a plan includes."""

    _name = "subscription.feature.limit"
    _description = "Plan Limit"
    _order = "template_id, feature_id"
    _rec_name = "feature_id"

    template_id = fields.Many2one(
        comodel_name="sale.subscription.template",
        string="Plan",
        required=True,
        index=True,
        ondelete="cascade",
    )
    feature_id = fields.Many2one(
        comodel_name="subscription.feature",
        required=True,
        index=True,
        ondelete="cascade",
    )
    usage_limit = fields.Integer(
        required=True, help="How often it may be used in a month (30 days)."
    )

    _template_feature_unique = models.Constraint(
        "UNIQUE (template_id, feature_id)",
        "A plan has one limit for a feature: change the one that is there.",
    )
    _usage_limit_check = models.Constraint(
        "CHECK (usage_limit > 0)",
        "A plan limit must be 1 or more. Remove the row if the plan has no limit.",
    )
