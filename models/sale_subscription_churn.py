# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models

USER = "subscription_segmentation.group_user"


class SaleSubscription(models.Model):
    """How likely a running subscription is to leave, and why.

    Stored by the refresh; a person's own view of the risk stands beside it.
    """

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "sale.subscription"

    churn_score = fields.Float(
        help="From 0 to 100: by a learned model the probability in percent that it "
        "ends without a successor within the horizon in the settings; by the "
        "scorecard, points that are no probability.",
    )
    churn_scored_by = fields.Selection(
        selection=[("model", "Learned Model"), ("scorecard", "Scorecard")],
        readonly=True,
        copy=False,
        groups=USER,
    )
    churn_state = fields.Selection(
        selection=[
            ("scored", "Scored"),
            ("not_enough_data", "Not Enough Data"),
            ("not_applicable", "Not Applicable"),
        ],
        string="Churn Score State",
        readonly=True,
        copy=False,
        groups=USER,
        help="Not enough data: fewer than two signals are known. Not applicable: "
        "notice was given, there is nothing left to predict.",
    )
    churn_score_change = fields.Float(
        digits=(5, 1),
        readonly=True,
        copy=False,
        groups=USER,
        aggregator="avg",
        help="Since the score kept before: that of the first refresh of the month, or "
        "of the last change of risk, whichever is later.",
    )
    churn_reasons = fields.Json(
        readonly=True,
        copy=False,
        groups=USER,
        help="The signals that push the score most, up and down.",
    )
    score_history_ids = fields.One2many(
        comodel_name="subscription.score.history",
        inverse_name="subscription_id",
        string="Churn Scores of the Past",
        groups=USER,
    )
