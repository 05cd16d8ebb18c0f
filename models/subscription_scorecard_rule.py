# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

from ..analytics.churn.scorecard import Rule
from ..signals.table import SIGNALS
from . import signal_words


class SubscriptionScorecardRule(models.Model):
    """What the scorecard gives points for, where no learned model is in use.

    A rule grades one signal from 0 to 100 points; the points of the rules whose signals
    are known are weighted and add up to the score. What is not known does not count,
    neither for nor against. Rules without a company are for all companies that have
    none of their own.
    """

    _name = "subscription.scorecard.rule"
    _description = "Churn Scorecard Rule"
    _order = "company_id, sequence, id"

    name = fields.Char(compute="_compute_name")
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        comodel_name="res.company",
        index=True,
        help="Empty: for all companies without rules of their own.",
    )
    signal = fields.Selection(
        selection="_selection_signal",
        required=True,
        help="What is looked at; see its meaning below.",
    )
    signal_help = fields.Text(string="Meaning", compute="_compute_name")
    signal_unit = fields.Char(
        string="Unit",
        compute="_compute_name",
        help="Of a share 1 is all, of percent 100 is all; empty: a number.",
    )
    weight = fields.Float(
        default=1.0,
        required=True,
        help="How much it counts beside the others; only the ratio matters.",
    )
    weight_share = fields.Float(
        compute="_compute_weight_share",
        help="Its share of the weights of all rules beside it: what it counts where "
        "all signals are known.",
    )
    no_risk = fields.Float(
        string="0 Points at",
        required=True,
        help="The value of the signal that speaks of no risk at all.",
    )
    full_risk = fields.Float(
        string="100 Points at",
        required=True,
        help="The value from which on it speaks of the highest risk; between the two "
        "the points grow evenly. It may lie below the other.",
    )
    reason = fields.Char(translate=True, help="Why this signal says something.")

    _weight_check = models.Constraint(
        "CHECK (weight > 0)",
        "The weight of a rule must be above 0. Archive a rule that is not to count.",
    )
    _values_check = models.Constraint(
        "CHECK (no_risk <> full_risk)",
        "0 and 100 points must not stand for the same value.",
    )

    @api.model
    def _selection_signal(self):
        return [
            (name, signal_words.label(self.env, name))
            for name, signal in SIGNALS.items()
            if signal.kind == "number"
        ]

    @api.depends("signal")
    @api.depends_context("lang")
    def _compute_name(self):
        for rule in self:
            rule.signal_unit = rule.signal and signal_words.unit(self.env, rule.signal)
            rule.name = rule.signal and signal_words.label(self.env, rule.signal)
            rule.signal_help = rule.signal and signal_words.meaning(
                self.env, rule.signal
            )

    @api.depends("active", "company_id", "weight")
    def _compute_weight_share(self):
        totals = dict(
            self._read_group(
                [("company_id", "in", [False, *self.company_id.ids])],
                ["company_id"],
                ["weight:sum"],
            )
        )
        for rule in self:
            total = totals.get(rule.company_id)
            rule.weight_share = rule.weight / total if rule.active and total else 0

    def action_test(self):
        """Show what the rules would give the subscriptions of the company today."""
        return self.env["subscription.scorecard.test"]._open()

    @api.model
    def _of(self, company):
        """Return the rules of a company, or those for all if it has none."""
        own = self.search([("company_id", "=", company.id)])
        return own or self.search([("company_id", "=", False)])

    @api.model
    def _rules(self, company):
        """Return the same for :class:`..analytics.churn.scorecard.Scorecard`."""
        return [
            Rule(rule.signal, rule.weight, rule.no_risk, rule.full_risk)
            for rule in self._of(company)
        ]
