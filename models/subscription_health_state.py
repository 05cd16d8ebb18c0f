# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models


class SubscriptionHealthState(models.Model):
    """What a health rule remembers of a subscription from day to day.

    One row while it holds; of rules that ask what crosses a limit, also while it does
    not. Written by the refresh alone, set-wise, rows that differ.
    """

    _name = "subscription.health.state"
    _description = "What a Health Rule Remembers"
    _rec_name = "subscription_id"
    _log_access = False

    # No index of its own: the unique one begins with it.
    rule_id = fields.Many2one(
        comodel_name="subscription.health.rule",
        required=True,
        readonly=True,
        ondelete="cascade",
    )
    subscription_id = fields.Many2one(
        comodel_name="sale.subscription",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    company_id = fields.Many2one(
        comodel_name="res.company", required=True, readonly=True
    )
    holds = fields.Boolean(required=True, readonly=True)
    since = fields.Date(
        required=True, readonly=True, help="Since when it holds, or does not."
    )
    scored_by = fields.Char(
        readonly=True, help="What gave the score, of rules on the churn score."
    )
    value = fields.Float(readonly=True, help="The last one that was known.")
    value_before = fields.Float(
        readonly=True, help="The last one from before it turned; empty: never seen."
    )

    _once = models.Constraint(
        "UNIQUE (rule_id, subscription_id)",
        "A health rule remembers a subscription once.",
    )
