# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models

from .subscription_score import USER


class SubscriptionScore(models.AbstractModel):
    """What is at risk and what is to be expected, of subscriptions and customers.

    Stored by the refresh like the other scores. :mod:`analytics.churn` and
    :mod:`analytics.clv` hold the definitions.
    """

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "subscription.score"

    churn_score = fields.Float(
        digits=(5, 1),
        readonly=True,
        copy=False,
        groups=USER,
        aggregator="avg",
    )
    mrr_at_risk = fields.Monetary(
        string="MRR at Risk",
        currency_field="company_currency_id",
        readonly=True,
        copy=False,
        groups=USER,
        help="Contracted MRR, in the currency of the company, of what runs with a high "
        "churn risk.",
    )
    clv = fields.Monetary(
        string="CLV",
        currency_field="company_currency_id",
        readonly=True,
        copy=False,
        groups=USER,
        help="Customer lifetime value: the expected gross margin of the future, in the "
        "currency of the company. For each coming billing period, MRR × margin × the "
        "probability that it is still running (shifted-beta-geometric model of Fader "
        "and Hardie 2007 and 2010, per plan and period, bent by its own churn score), "
        "discounted; up to the horizon in the settings.",
    )
    clv_lower = fields.Monetary(
        string="CLV, Lower Bound",
        currency_field="company_currency_id",
        readonly=True,
        copy=False,
        groups=USER,
        help="By the lower 95 % bound of what the past of its plan tells.",
    )
    clv_upper = fields.Monetary(
        string="CLV, Upper Bound",
        currency_field="company_currency_id",
        readonly=True,
        copy=False,
        groups=USER,
        help="By the upper 95 % bound of what the past of its plan tells.",
    )
    realised_revenue = fields.Monetary(
        currency_field="company_currency_id",
        readonly=True,
        copy=False,
        groups=USER,
        help="What was invoiced so far, untaxed and less credit notes, in the currency "
        "of the company; where no invoices tell (imported history), contracted MRR "
        "times the months it ran.",
    )
    is_high_value = fields.Boolean(
        string="High Value",
        readonly=True,
        copy=False,
        groups=USER,
        help="Among the share of the company's running ones with the highest CLV, by "
        "the settings.",
    )
