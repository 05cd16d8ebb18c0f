# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import api, models
from odoo.tools.misc import formatLang

from ..analytics.ledger import PAUSE
from ..analytics.period import next_boundary


class SaleSubscriptionInsight(models.Model):
    """Say how the scores of a subscription come about."""

    # One idea a file. pylint: disable=consider-merging-classes-inherited
    _inherit = "sale.subscription"

    @api.depends("first_start_date", "end_date", "is_running", "is_paused")
    def _compute_insight(self):
        return super()._compute_insight()

    def _recency_insight(self):
        """Return how the last renewal and the next one make R.

        A renewal counts as overdue from the day after the period should have begun.
        """
        last = self._last_renewal()
        due = self._period_end(last)
        overdue = (self.scored_on - due).days
        if self.rfm_r < 5 and overdue > 0:
            days = self._days(overdue)
            return self.env._(
                "R %(r)s: %(overdue)s, %(ratio)s periods after the last one began "
                "(%(limit)s)",
                r=self.rfm_r,
                overdue=self.env._("renewal %s overdue", days)
                if self.rfm_frequency
                else self.env._("first renewal %s overdue", days),
                ratio=formatLang(self.env, self.rfm_recency / (due - last).days),
                limit=self._recency_limit(),
            )
        ago = self._days(self.rfm_recency)
        values = {
            "r": self.rfm_r,
            "ago": self.env._("renewed %s ago", ago)
            if self.rfm_frequency
            else self.env._("started %s ago", ago),
        }
        if not self.next_renewal_date or self.next_renewal_date < self.scored_on:
            return self.env._("R %(r)s: %(ago)s", **values)
        return self.env._(
            "R %(r)s: %(ago)s, next renewal in %(days)s",
            days=self._days((self.next_renewal_date - self.scored_on).days),
            **values,
        )

    def _recency_limit(self):
        """Return up to how many periods, or beyond how many, R is what it is."""
        company = self.company_id
        score = self.rfm_r
        limit = formatLang(
            self.env, company[f"subscription_recency_r{max(score, 2)}_ratio"]
        )
        if score == 1:
            return self.env._("R 1 beyond %s", limit)
        return self.env._("R %(score)s up to %(limit)s", score=score, limit=limit)

    def _period_end(self, begin):
        """Return the day on which the period after that of ``begin`` begins.

        Counted from the first start where ``begin`` is a boundary of it, so that a
        period of the 31st comes back to the 31st.
        """
        unit, interval = self._billing_period(begin)
        anchor = self.first_start_date or begin
        eve = begin - timedelta(days=1)
        if next_boundary(anchor, unit, interval, eve) != begin:
            anchor = begin
        return next_boundary(anchor, unit, interval, begin)

    def _billing_period(self, when):
        """Return unit and interval of the period that began on a day."""
        told = self.env["subscription.terms"].search(
            [
                ("subscription_id", "=", self.id),
                ("company_id", "=", self.company_id.id),
                ("known_on", "<=", self.scored_on),
            ]
        )
        held = told.filtered(lambda row: row.date <= when)[:1] or told[-1:]
        plan = self.template_id
        return (
            held.unit or plan.recurring_rule_type or "months",
            held.interval or max(plan.recurring_interval, 1),
        )

    def _lifecycle_end(self):
        if self.is_running or not self.end_date:
            return False
        date = self._date(self.end_date)
        if self.lifecycle_stage == "churned":
            return self.env._(
                "Churned: ended on %(date)s after %(months)s, without a successor",
                date=date,
                months=self._months(self.tenure_months),
            )
        return self.env._("Ended on %s", date)

    def _not_scored(self):
        if self.rfm_r:
            return False
        if self.is_running:
            return self.env._("Not scored yet: the next refresh will score it.")
        if self.end_date:
            return self.env._(
                "Not scored, as it ended on %s: only running subscriptions are.",
                self._date(self.end_date),
            )
        return self.env._(
            "Not scored, as it has not started: the first refresh after its start will "
            "score it."
        )

    def _insight_notes(self):
        notes = super()._insight_notes()
        if self.is_paused:
            since = self.movement_ids.filtered(lambda row: row.event == PAUSE)[:1].date
            notes.append(
                self.env._("Paused since %s.", self._date(since))
                if since
                else self.env._("Paused.")
            )
        return notes
