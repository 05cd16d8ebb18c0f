# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models

from .sale_subscription_risk import RISKS
from .subscription_score import USER


class SubscriptionCustomer(models.Model):
    """How likely a customer is to leave, over all that it has running."""

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "subscription.customer"

    churn_score = fields.Float(
        help="Mean of the churn scores of its running subscriptions, weighted by "
        "their MRR.",
    )
    churn_risk = fields.Selection(
        selection=RISKS,
        readonly=True,
        copy=False,
        groups=USER,
        index="btree_not_null",
        help="The highest risk of its running subscriptions.",
    )
    mrr_at_risk = fields.Monetary(
        help="Contracted MRR of its running subscriptions with a high churn risk, in "
        "the currency of the company.",
    )
    clv = fields.Monetary(help="Sum of the CLV of its running subscriptions.")
    realised_revenue = fields.Monetary(
        help="Sum of the revenue realised with all its subscriptions so far.",
    )
