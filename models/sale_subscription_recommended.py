# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.tools.misc import formatLang

from .optional_number import OptionalFloat
from .subscription_score import USER


class SaleSubscription(models.Model):
    """What to show or offer to a running subscription next, and why.

    Stored by the refresh; :mod:`analytics.recommend` holds the rules.
    """

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "sale.subscription"

    next_feature_id = fields.Many2one(
        comodel_name="subscription.feature",
        string="Recommended Feature",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        groups=USER,
        help="Most of those who stay on its plan use it, and this one did not in the "
        "last 90 days. Those who stay have run for all of the 90 days and are stable "
        "or loyal. Empty: nothing to recommend, or too little is known of the usage.",
    )
    next_feature_share = OptionalFloat(
        string="Use of the Recommended Feature",
        digits=(3, 2),
        readonly=True,
        copy=False,
        groups=USER,
        aggregator=None,
        help="The share of those who stay on its plan that use it.",
    )
    next_plan_id = fields.Many2one(
        comodel_name="sale.subscription.template",
        string="Recommended Plan",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        groups=USER,
        help="The cheapest plan that includes more of what it nearly uses up. It "
        "usually costs more than the present one: never a downgrade.",
    )
    next_plan_feature_id = fields.Many2one(
        comodel_name="subscription.feature",
        string="Feature Nearly Used Up",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        groups=USER,
    )
    next_feature_reason = fields.Char(
        string="Why This Feature", compute="_compute_next_reasons", groups=USER
    )
    next_plan_reason = fields.Char(
        string="Why This Plan", compute="_compute_next_reasons", groups=USER
    )

    @api.depends(
        "next_feature_id",
        "next_feature_share",
        "next_plan_id",
        "next_plan_feature_id",
        "signal_limit_share",
        "template_id",
    )
    @api.depends_context("lang")
    def _compute_next_reasons(self):
        for subscription in self:
            shown = subscription.next_feature_id
            offered = subscription.next_plan_id
            subscription.next_feature_reason = (
                subscription._next_feature_in_words() if shown else False
            )
            subscription.next_plan_reason = (
                subscription._next_plan_in_words() if offered else False
            )

    def _next_feature_in_words(self):
        return self.env._(
            "%(percent)s %% of those who stay on %(plan)s use %(feature)s",
            percent=self._percent(self.next_feature_share),
            plan=self.template_id.name,
            feature=self.next_feature_id.name,
        )

    def _next_plan_in_words(self):
        return self.env._(
            "Used %(percent)s %% of the %(feature)s that %(plan)s includes a month",
            percent=self._percent(self.signal_limit_share),
            plan=self.template_id.name,
            feature=self.next_plan_feature_id.name,
        )

    def _percent(self, share):
        return formatLang(self.env, 100 * share, digits=0)
