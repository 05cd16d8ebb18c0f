# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import pandas as pd

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

from ..models import signal_words
from ..models.churn_panel import observed
from ..models.churn_scoring import Points

#: The ranges of points that are counted: from, below.
RANGES = ((80, 101), (60, 80), (40, 60), (20, 40), (0, 20))


class SubscriptionScorecardTest(models.TransientModel):
    """What the scorecard would give today, as its rules are now; stores no score.

    Over all that run in the company, and rule by rule for one subscription.
    """

    _name = "subscription.scorecard.test"
    _description = "Test of the Churn Scorecard"

    company_id = fields.Many2one(
        comodel_name="res.company",
        required=True,
        readonly=True,
        default=lambda self: self.env.company,
    )
    range_ids = fields.One2many(
        comodel_name="subscription.scorecard.test.range",
        inverse_name="test_id",
        string="Points of All",
        readonly=True,
    )
    subscription_id = fields.Many2one(
        comodel_name="sale.subscription",
        domain="[('company_id', '=', company_id), ('is_running', '=', True)]",
        help="One to look at, rule by rule.",
    )
    points = fields.Float(digits=(5, 1), readonly=True)
    is_scored = fields.Boolean(readonly=True)
    line_ids = fields.One2many(
        comodel_name="subscription.scorecard.test.line",
        inverse_name="test_id",
        string="Points by Rule",
        readonly=True,
    )

    @api.model
    def _open(self):
        """Return the action that shows the points of all that run in the company."""
        test = self.create({})
        test.range_ids = [Command.create(vals) for vals in test._ranges()]
        return test._show()

    def action_score(self):
        """Show the points of the chosen subscription, rule by rule.

        :raise UserError: it does not run
        """
        self.ensure_one()
        signals = self._signals(self.subscription_id.ids)
        if signals.empty:
            raise UserError(self.env._("Choose a subscription that runs."))
        points = self._scorer().scores(signals)
        score = pd.Series(points, signals.index).iloc[0]
        self.write(
            {
                "is_scored": pd.notna(score),
                "points": 0 if pd.isna(score) else score,
                "line_ids": [
                    Command.clear(),
                    *(Command.create(vals) for vals in self._lines(signals)),
                ],
            }
        )
        return self._show()

    def _show(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Test the Scorecard"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "new",
        }

    def _scorer(self):
        rules = self.env["subscription.scorecard.rule"]._rules(self.company_id)
        return Points(rules, self.company_id)

    def _signals(self, ids=None):
        """Return the signals of today of all that run, or of these."""
        today = self.company_id._subscription_today()
        return observed(self.env, self.company_id, today, None, ids)

    def _ranges(self):
        signals = self._signals()
        scores = pd.Series(self._scorer().scores(signals), signals.index)
        scores = scores.astype("float64").round(1)
        counts = [
            (
                self.env._("%(low)s to %(high)s points", low=low, high=min(high, 100)),
                int(scores.between(low, high, inclusive="left").sum()),
            )
            for low, high in RANGES
        ]
        counts.append((self.env._("Not enough data"), int(scores.isna().sum())))
        return [
            {"name": name, "count": count, "share": 100 * count / max(len(scores), 1)}
            for name, count in counts
        ]

    def _lines(self, signals):
        """Return what each rule gives a subscription.

        :param signals: its row
        """
        rules = self._scorer().card.rules
        values = [
            signals[rule.signal].iloc[0] if rule.signal in signals else None
            for rule in rules
        ]
        known = sum(
            rule.weight
            for rule, value in zip(rules, values, strict=True)
            if pd.notna(value)
        )
        lines = []
        for rule, value in zip(rules, values, strict=True):
            vals = {
                "name": signal_words.label(self.env, rule.signal),
                "value": self.env._("not known"),
            }
            if pd.notna(value):
                points = float(rule.points(signals[rule.signal])[0])
                amount = value if isinstance(value, str) else float(value)
                vals.update(
                    value=signal_words.value(
                        self.env, self.company_id, rule.signal, amount
                    ),
                    is_known=True,
                    points=points,
                    weight=rule.weight / known,
                    added=points * rule.weight / known,
                )
            lines.append(vals)
        return lines


class SubscriptionScorecardTestRange(models.TransientModel):
    """How many subscriptions a range of points has."""

    _name = "subscription.scorecard.test.range"
    _description = "Range of Points in a Test of the Churn Scorecard"

    test_id = fields.Many2one(
        comodel_name="subscription.scorecard.test", required=True, ondelete="cascade"
    )
    name = fields.Char(string="Points", required=True)
    count = fields.Integer(string="Subscriptions")
    share = fields.Float(help="In percent.")


class SubscriptionScorecardTestLine(models.TransientModel):
    """What a rule gives a subscription."""

    _name = "subscription.scorecard.test.line"
    _description = "Rule in a Test of the Churn Scorecard"

    test_id = fields.Many2one(
        comodel_name="subscription.scorecard.test", required=True, ondelete="cascade"
    )
    name = fields.Char(string="Signal", required=True)
    value = fields.Char()
    is_known = fields.Boolean()
    points = fields.Float(digits=(5, 1), help="By this rule alone, 0 to 100.")
    weight = fields.Float(help="Share of the weights of all rules that are known.")
    added = fields.Float(
        string="Adds", digits=(5, 1), help="Points that it adds to the score."
    )
