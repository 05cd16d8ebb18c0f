# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.tools import SQL, format_date
from odoo.tools.misc import formatLang

from ..analytics.health import BELOW
from ..signals.usage import SIGNALS as USAGE
from . import signal_words

#: What begins the names of the signals that subscriptions store.
PREFIX = "signal_"
#: Other figures that a rule may look at.
FIGURES = ("churn_score", "mrr_company")
#: What a rule asks; when it is changed, what is remembered means something else.
QUESTION = {"company_id", "condition", "feature_id", "limit", "signal"}


class SubscriptionHealthRule(models.Model):
    """What is to be looked at every day, and who is told when it is so.

    The activity goes to the customer's account manager, one for each rule and customer.
    What is checked, and how, is in ``subscription_health_check.py``.
    """

    _name = "subscription.health.rule"
    _description = "Health Rule"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(
        default=True,
        help="An archived rule checks nothing; what it has opened stays.",
    )
    sequence = fields.Integer(default=10)
    company_id = fields.Many2one(
        comodel_name="res.company", index=True, help="Empty: for all companies."
    )
    segment_id = fields.Many2one(
        comodel_name="subscription.segment",
        ondelete="cascade",
        index="btree_not_null",
        help="Whose subscriptions are looked at; empty: all that run.",
    )

    # What is asked
    condition = fields.Selection(
        selection=[
            ("stopped", "Stopped using a feature"),
            ("drops_below", "Drops below"),
            ("rises_above", "Rises above"),
            ("below", "Is below"),
            ("above", "Is above"),
        ],
        required=True,
        default="drops_below",
        help="Stopped: used in at least 3 of 4 weeks, and then not for 2 weeks.\n"
        "Drops below, rises above: it was seen on the other side before, so that a "
        "new rule does not ask about what has long been so.\n"
        "Is below, is above: also what is so on the first day.",
    )
    signal = fields.Selection(
        selection="_selection_signal",
        help="What is looked at; where it is not known nothing happens.",
    )
    signal_help = fields.Text(string="Meaning", compute="_compute_signal_help")
    feature_id = fields.Many2one(
        comodel_name="subscription.feature", ondelete="cascade"
    )
    limit = fields.Float(help="The limit itself is neither below nor above.")
    held_days = fields.Integer(
        string="Held for (days)",
        help="Only when it has been so for so many days on end; 0: at once.",
    )

    # What follows
    activity_type_id = fields.Many2one(
        comodel_name="mail.activity.type",
        required=True,
        ondelete="restrict",
        domain=[
            ("res_model", "in", (False, "subscription.customer")),
            ("chaining_type", "=", "suggest"),
        ],
        default=lambda self: self.env.ref(
            "mail.mail_activity_data_todo", raise_if_not_found=False
        ),
    )
    summary = fields.Char(
        translate=True, help="Of the activity; empty: the name of the rule."
    )
    deadline_days = fields.Integer(
        string="Due in (days)", default=3, help="Counted from the day it is opened."
    )
    note = fields.Text(
        translate=True, help="What to do about it; it follows the evidence."
    )
    user_id = fields.Many2one(
        comodel_name="res.users",
        string="Otherwise",
        domain=[("share", "=", False)],
        default=lambda self: self.env.user,
        help="Who gets the activity when the customer has no account manager and the "
        "segment no owner.",
    )
    closes_itself = fields.Boolean(
        default=True,
        help="The activity is marked as done when the condition is gone for all of the "
        "customer's subscriptions.",
    )

    question = fields.Char(string="Condition in Words", compute="_compute_question")
    pause_reason = fields.Char(
        compute="_compute_pause_reason",
        help="Why nothing is opened or closed at present.",
    )
    alert_ids = fields.One2many(
        comodel_name="subscription.health.alert",
        inverse_name="rule_id",
        string="Alerts",
    )
    open_count = fields.Integer(string="Open", compute="_compute_open_count")

    _subject_check = models.Constraint(
        "CHECK (CASE WHEN condition = 'stopped'"
        " THEN feature_id IS NOT NULL AND signal IS NULL"
        " ELSE feature_id IS NULL AND signal IS NOT NULL END)",
        "A health rule looks at a feature, if it asks who stopped using it, else at a "
        "signal: choose one.",
    )
    _days_check = models.Constraint(
        "CHECK (held_days BETWEEN 0 AND 365 AND deadline_days BETWEEN 0 AND 365)",
        "The days of a health rule must be 0 to 365.",
    )

    @api.model
    def _selection_signal(self):
        """Return what subscriptions store that is a number."""
        stored = self.env["sale.subscription"]._fields
        return [
            (name, self._signal_label(name))
            for name, field in stored.items()
            if (name.startswith(PREFIX) or name in FIGURES)
            and field.store
            and field.type in ("float", "integer", "monetary")
        ]

    @api.model
    def _signal_label(self, name):
        if name.startswith(PREFIX):
            return signal_words.label(self.env, name.removeprefix(PREFIX))
        field = self.env["sale.subscription"]._fields[name]
        return field._description_string(self.env)

    @api.depends("signal")
    @api.depends_context("lang")
    def _compute_signal_help(self):
        for rule in self:
            name = rule.signal or ""
            rule.signal_help = name.startswith(PREFIX) and signal_words.meaning(
                self.env, name.removeprefix(PREFIX)
            )

    @api.depends("condition", "signal", "feature_id", "limit", "held_days")
    @api.depends_context("lang", "company")
    def _compute_question(self):
        conditions = dict(self._fields["condition"]._description_selection(self.env))
        signals = dict(self._selection_signal())
        for rule in self:
            if rule.condition == "stopped":
                rule.question = self.env._(
                    "Stopped using %s", rule.feature_id.display_name or "…"
                )
            else:
                rule.question = self.env._(
                    "%(signal)s %(condition)s %(limit)s",
                    signal=signals.get(rule.signal, "…"),
                    condition=conditions.get(rule.condition, "").lower(),
                    limit=rule._value_words(
                        rule.company_id or self.env.company, rule.limit
                    ),
                )
            if rule.held_days:
                rule.question = self.env._(
                    "%(question)s, for %(days)s days on end",
                    question=rule.question,
                    days=rule.held_days,
                )

    @api.depends(
        "signal",
        "feature_id.active",
        "company_id.subscription_usage_outage_date",
        "company_id.subscription_silent_feature_ids",
    )
    @api.depends_context("lang", "allowed_company_ids")
    def _compute_pause_reason(self):
        for rule in self:
            companies = (rule.company_id or self.env.companies).sudo()
            silent = companies.filtered("subscription_usage_outage_date")
            rule.pause_reason = False
            if rule.feature_id and not rule.feature_id.active:
                rule.pause_reason = self.env._(
                    "Paused: %s is archived, no use of it is counted.",
                    rule.feature_id.display_name,
                )
            elif silent and rule._looks_at_usage():
                rule.pause_reason = self.env._(
                    "Paused: no usage was reported for any subscription since %s.",
                    ", ".join(
                        self.env._(
                            "%(date)s (%(company)s)",
                            date=format_date(
                                self.env, company.subscription_usage_outage_date
                            ),
                            company=company.name,
                        )
                        for company in silent
                    ),
                )
            elif deaf := companies.filtered(
                lambda company, rule=rule: rule.feature_id
                and rule.feature_id in company.subscription_silent_feature_ids
            ):
                rule.pause_reason = self.env._(
                    "Paused: nobody used %(feature)s for two weeks, though several "
                    "had before (%(companies)s).",
                    feature=rule.feature_id.display_name,
                    companies=", ".join(deaf.mapped("name")),
                )

    @api.depends("alert_ids.closed_on")
    def _compute_open_count(self):
        counts = dict(
            self.env["subscription.health.alert"]._read_group(
                [("rule_id", "in", self.ids), ("closed_on", "=", False)],
                ["rule_id"],
                ["__count"],
            )
        )
        for rule in self:
            rule.open_count = counts.get(rule, 0)

    @api.onchange("condition")
    def _onchange_condition(self):
        if self.condition == "stopped":
            self.signal = False
        else:
            self.feature_id = False

    def write(self, vals):
        """What is remembered goes when the question is another one."""
        before = {rule: rule._question() for rule in self if vals.keys() & QUESTION}
        result = super().write(vals)
        changed = [rule.id for rule, old in before.items() if rule._question() != old]
        if changed:
            self.flush_recordset()
            self.env.cr.execute(
                SQL(
                    "DELETE FROM subscription_health_state WHERE rule_id = ANY(%s)",
                    changed,
                )
            )
        return result

    def unlink(self):
        """Its open activities are done: nobody closes them when it is gone."""
        alerts = self.alert_ids.sudo().filtered(lambda alert: not alert.closed_on)
        for alert in alerts.filtered("activity_id.active"):
            activity = alert.activity_id
            lang = activity.user_id.lang or self.env.lang
            rule = alert.rule_id.with_context(lang=lang)
            activity.action_feedback(
                feedback=rule.env._("Done by itself: the rule %s is gone.", rule.name)
            )
        return super().unlink()

    def _question(self):
        return [self[name] for name in sorted(QUESTION)]

    def _looks_at_usage(self):
        """Return whether nothing is known while no usage is reported."""
        names = {PREFIX + signal.name for signal in USAGE}
        return bool(self.feature_id) or self.signal in names

    def action_open_alerts(self):
        """Show what the rule has found so far."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "subscription_segmentation.subscription_health_alert_action"
        )
        action["domain"] = [("rule_id", "=", self.id)]
        action["context"] = {"search_default_open": 1}
        return action

    # --- in words ---------------------------------------------------------------------

    def _value_words(self, company, amount):
        """Return a value of what the rule looks at, with its unit."""
        name = self.signal or ""
        if name == "mrr_company":
            return formatLang(self.env, amount, currency_obj=company.currency_id)
        return signal_words.value(self.env, company, name.removeprefix(PREFIX), amount)

    def _limit_words(self, company):
        """Return on which side of the limit it is when the rule speaks up."""
        limit = self._value_words(company, self.limit)
        if self.condition in BELOW:
            return self.env._("below %s", limit)
        return self.env._("above %s", limit)

    def _sentence(self, company, amount):
        """Return a value as a sentence without a full stop."""
        if self.signal.startswith(PREFIX):
            name = self.signal.removeprefix(PREFIX)
            return signal_words.sentence(self.env, company, name, amount)
        return self.env._(
            "%(signal)s: %(value)s",
            signal=self._signal_label(self.signal),
            value=self._value_words(company, amount),
        )
