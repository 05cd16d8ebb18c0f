# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..analytics.churn.panel import Horizon
from . import signal_words

USER = "subscription_segmentation.group_user"
#: Kept scores that a form draws, the newest ones.
DRAWN = 24
#: A change of risk is news for so many days.
NEWS_DAYS = 7


class SaleSubscription(models.Model):
    """Say where the churn score comes from, in words, and what has changed.

    Told from what is stored; nothing is scored here.
    """

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "sale.subscription"

    churn_note = fields.Char(
        string="About the Churn Score",
        compute="_compute_churn_note",
        groups=USER,
        help="What the score is, or why there is none.",
    )
    churn_reason = fields.Char(
        string="Main Reason",
        compute="_compute_churn_reason",
        groups=USER,
        help="What raises the churn score most.",
    )
    churn_insight = fields.Json(
        string="Reasons in Words",
        compute="_compute_churn_insight",
        groups=USER,
        help="The reasons as sentences, what changed since the score that was kept "
        "before, and the scores of the past.",
    )
    churn_risk_changed = fields.Boolean(
        string="Risk Changed This Week",
        compute="_compute_churn_risk_changed",
        search="_search_churn_risk_changed",
        groups=USER,
        help="By its score it moved to another risk within the last 7 days.",
    )

    # --- what the score is ------------------------------------------------------------

    @api.depends(
        "churn_scored_by", "churn_state", "company_id", "is_running", "notice_end_date"
    )
    @api.depends_context("lang")
    def _compute_churn_note(self):
        horizons = {
            company: self._churn_horizon_words(company) for company in self.company_id
        }
        for sub in self:
            sub.churn_note = sub.is_running and sub._churn_note(
                horizons.get(sub.company_id)
            )

    def _churn_note(self, horizon):
        if self.churn_state == "not_applicable":
            return self.env._(
                "Notice was given: it is to end on %s, and there is nothing left to "
                "predict.",
                self._date(self.notice_end_date) if self.notice_end_date else "?",
            )
        if self.churn_state == "not_enough_data":
            return self.env._(
                "Not enough data: fewer than two signals are known of it. This is not "
                "a score of 0."
            )
        if self.churn_scored_by == "model":
            return self.env._(
                "Probability that it leaves within %s, by what was learned from your "
                "own past.",
                horizon,
            )
        if self.churn_scored_by == "scorecard":
            return self.env._(
                "Points from 0 to 100 by the rules of the scorecard; not a probability."
            )
        return self.env._("Not scored yet: the next refresh will score it.")

    @api.model
    def _churn_horizon_words(self, company):
        """Return how far ahead the model in use looks, else what the settings say."""
        model = self.env["subscription.churn.model"].sudo()._in_use(company)
        if not model:
            return self._days(company.subscription_churn_horizon_days)
        horizon = Horizon.parse(model.horizon)
        words = self._days if horizon.unit == "days" else self._months
        return words(horizon.number)

    # --- reasons ----------------------------------------------------------------------

    @api.depends("churn_reasons")
    @api.depends_context("lang")
    def _compute_churn_reason(self):
        for sub in self:
            first = (sub.churn_reasons or [])[:1]
            sub.churn_reason = (
                sub._churn_sentence(first[0]) if first and first[0][1] > 0 else False
            )

    @api.depends("churn_reasons", "churn_state", "score_history_ids")
    @api.depends_context("lang")
    def _compute_churn_insight(self):
        for sub in self:
            sub.churn_insight = sub._churn_insight()

    def _churn_insight(self):
        """Return what a form shows of the score, as plain data.

        ``raise`` and ``lower``: text, share (of the strongest reason); ``came`` and
        ``went``: sentences on what raises the score, since ``compared_with``;
        ``history``: date, score, risk, scored by; ``limits``: where medium and high
        begin
        """
        reasons = self.churn_reasons or []
        most = max((abs(reason[1]) for reason in reasons), default=0) or 1
        kept = self.score_history_ids.sorted("date", reverse=True)
        before = kept.filtered(lambda row: self.scored_on and row.date < self.scored_on)
        unit = "points" if self.churn_scored_by == "scorecard" else "percent"
        company = self.company_id
        return {
            "raise": [self._churn_line(each, most) for each in reasons if each[1] > 0],
            "lower": [self._churn_line(each, most) for each in reasons if each[1] < 0],
            **self._churn_news(before[:1]),
            "history": [
                [
                    fields.Date.to_string(row.date),
                    row.churn_score,
                    row.churn_risk_scored,
                    row.churn_scored_by,
                ]
                for row in kept[:DRAWN][::-1]
            ],
            "limits": [
                company[f"subscription_risk_{level}_enter_{unit}"]
                for level in ("medium", "high")
            ],
        }

    def _churn_line(self, reason, most):
        """Return a reason for a form.

        :param most: the contribution of the strongest one
        """
        return {
            "signal": reason[0],
            "text": self._churn_sentence(reason),
            "help": signal_words.meaning(self.env, reason[0]),
            "share": round(abs(reason[1]) / most, 3),
        }

    def _churn_sentence(self, reason):
        name, _contribution, value = reason
        return signal_words.sentence(self.env, self.company_id, name, value)

    def _churn_news(self, before):
        """Return which reasons came and which went since a score that was kept."""
        if not before or self.churn_state != "scored":
            return {"came": [], "went": [], "compared_with": False}
        now, then = (
            {
                reason[0]: reason
                for reason in record.churn_reasons or []
                if reason[1] > 0
            }
            for record in (self, before)
        )
        return {
            "came": [
                self._churn_sentence(now[name]) for name in now if name not in then
            ],
            "went": [
                self._churn_sentence(then[name]) for name in then if name not in now
            ],
            "compared_with": self._date(before.date),
        }

    def action_open_score_history(self):
        """Open the scores of the past as a line."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "subscription_segmentation.subscription_score_history_action"
        )
        return {
            **action,
            "name": self.env._("Churn Scores of %s", self.display_name),
            "domain": [("subscription_id", "=", self.id)],
            "views": [(False, "graph"), (False, "list")],
        }

    # --- what changed -----------------------------------------------------------------

    @api.depends("score_history_ids")
    def _compute_churn_risk_changed(self):
        changed = self.search(
            [("id", "in", self.ids), ("churn_risk_changed", "=", True)]
        )
        for sub in self:
            sub.churn_risk_changed = sub in changed

    @api.model
    def _search_churn_risk_changed(self, operator, value):
        """Find what moved to another risk, by the dates of each company.

        A row is kept at the first refresh of a month too: what counts is that its risk
        differs from that of the row before it.
        """
        if operator != "in":
            return NotImplemented
        self.env["subscription.score.history"].flush_model()
        companies = self.env["res.company"].sudo().with_context(active_test=False)
        since = [
            SQL(
                "(%s, %s::date)",
                company.id,
                fields.Date.subtract(company._subscription_today(), days=NEWS_DAYS),
            )
            for company in companies.search([])
        ]
        return Domain(
            "id",
            "in",
            SQL(
                """(
                SELECT kept.subscription_id
                  FROM subscription_score_history kept
                  JOIN (VALUES %s) AS since (company_id, date)
                    ON since.company_id = kept.company_id AND kept.date > since.date
          JOIN LATERAL (
                    SELECT churn_risk_scored
                      FROM subscription_score_history
                     WHERE subscription_id = kept.subscription_id AND date < kept.date
                  ORDER BY date DESC
                     LIMIT 1
                  ) AS before ON before.churn_risk_scored <> kept.churn_risk_scored
                )""",
                SQL(", ").join(since),
            ),
        )
