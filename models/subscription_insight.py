# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools.misc import format_date, formatLang

from .subscription_score import USER


class SubscriptionInsight(models.AbstractModel):
    """Say in a sentence each where scores of a subscription or a customer come from.

    Told from what is stored, as of the day it was scored; nothing is scored here.
    """

    _inherit = "subscription.score"

    insight_segment = fields.Char(
        string="Why This Segment", compute="_compute_insight", groups=USER
    )
    insight_recency = fields.Char(
        string="Recency", compute="_compute_insight", groups=USER
    )
    insight_frequency = fields.Char(
        string="Frequency",
        compute="_compute_insight",
        groups=USER,
        help="Compared with all that run in the company; equal values share a score.",
    )
    insight_monetary = fields.Char(
        string="Monetary",
        compute="_compute_insight",
        groups=USER,
        help="Compared with all that run in the company; equal values share a score.",
    )
    insight_lifecycle = fields.Char(
        string="Why This Stage", compute="_compute_insight", groups=USER
    )
    insight_note = fields.Char(
        compute="_compute_insight",
        groups=USER,
        help="Why it is not scored and what to do, and what the scores do not know.",
    )

    @api.depends_context("lang", "uid")
    @api.depends(
        "lifecycle_stage",
        "next_renewal_date",
        "relationship_start_date",
        "renewed_months",
        "rfm_assumed",
        "rfm_f",
        "rfm_frequency",
        "rfm_m",
        "rfm_monetary",
        "rfm_r",
        "rfm_recency",
        "rfm_segment",
        "scored_on",
        "tenure_months",
    )
    def _compute_insight(self):
        for record in self:
            scored = bool(record.rfm_r)
            record.insight_segment = scored and record._segment_insight()
            record.insight_recency = scored and record._recency_insight()
            record.insight_frequency = scored and record._frequency_insight()
            record.insight_monetary = scored and record._monetary_insight()
            record.insight_lifecycle = record._lifecycle_insight()
            record.insight_note = " ".join(record._insight_notes())

    # --- what differs between subscriptions and customers ----------------------------

    def _recency_insight(self):
        """Return how the last renewal and the next one make R."""
        raise NotImplementedError

    def _lifecycle_end(self):
        """Return why it is not in a stage any more, or not yet."""
        raise NotImplementedError

    def _not_scored(self):
        """Return why it has no scores and what to do; empty if it has some."""
        raise NotImplementedError

    # --- sentences -------------------------------------------------------------------

    def _segment_insight(self):
        # A sum of two scores, halved, ends on 0 or 5: one digit says it all.
        mean = (self.rfm_f + self.rfm_m) / 2
        values = {
            "segment": self._label("rfm_segment"),
            "r": self.rfm_r,
            "mean": formatLang(self.env, mean, digits=0 if mean == int(mean) else 1),
            "rounded": int(mean + 0.5),
        }
        if values["rounded"] == mean:
            return self.env._(
                "%(segment)s: R %(r)s, mean of F and M %(mean)s", **values
            )
        return self.env._(
            "%(segment)s: R %(r)s, mean of F and M %(mean)s, rounded up to %(rounded)s",
            **values,
        )

    def _frequency_insight(self):
        values = {"f": self.rfm_f, "fifth": self._fifth(self.rfm_f)}
        if not self.rfm_frequency:
            return self.env._("F %(f)s: not renewed yet, %(fifth)s", **values)
        values["months"] = self._months(self.renewed_months)
        if self.rfm_frequency == 1:
            return self.env._("F %(f)s: 1 renewal, %(months)s, %(fifth)s", **values)
        return self.env._(
            "F %(f)s: %(number)s renewals in a row, %(months)s, %(fifth)s",
            number=self.rfm_frequency,
            **values,
        )

    def _monetary_insight(self):
        return self.env._(
            "M %(m)s: MRR %(mrr)s, %(fifth)s",
            m=self.rfm_m,
            mrr=self._money(self.rfm_monetary),
            fifth=self._fifth(self.rfm_m),
        )

    def _lifecycle_insight(self):
        if self.lifecycle_stage in (False, "churned"):
            return self._lifecycle_end()
        company = self.company_id
        until_loyal = self._months(company.subscription_loyal_months)
        until_stability = self._months(company.subscription_stability_months)
        limits = {
            "onboarding": self.env._("stability from %s", until_stability),
            "stability": self.env._("loyal from %s", until_loyal),
            "loyal": self.env._("from %s", until_loyal),
        }
        return self.env._(
            "%(stage)s: %(months)s since %(date)s (%(limit)s)",
            stage=self._label("lifecycle_stage"),
            months=self._months(self.tenure_months),
            date=self._date(self.relationship_start_date),
            limit=limits[self.lifecycle_stage],
        )

    def _insight_notes(self):
        """Return what must be known beside the scores, as sentences."""
        notes = [self._not_scored()]
        if self.rfm_r and self.rfm_assumed:
            notes.append(
                self.env._(
                    "Renewals are assumed: no posted invoices tell of some or all of "
                    "the periods."
                )
            )
        return [note for note in notes if note]

    # --- words -----------------------------------------------------------------------

    def _label(self, name):
        return dict(self._fields[name]._description_selection(self.env)).get(self[name])

    def _money(self, amount):
        return formatLang(self.env, amount, currency_obj=self.company_currency_id)

    def _date(self, date):
        return format_date(self.env, date, date_format="medium")

    def _fifth(self, score):
        return {
            5: self.env._("in the top fifth of all"),
            4: self.env._("in the second fifth of all from the top"),
            3: self.env._("in the middle fifth of all"),
            2: self.env._("in the second fifth of all from the bottom"),
            1: self.env._("in the bottom fifth of all"),
        }[score]

    def _days(self, number):
        return self.env._("1 day") if number == 1 else self.env._("%s days", number)

    def _months(self, number):
        if number == 1:
            return self.env._("1 month")
        digits = 0 if number == int(number) else 1
        return self.env._("%s months", formatLang(self.env, number, digits=digits))

    def _last_renewal(self):
        """Return the start of the last renewed period, or of the subscription."""
        return self.scored_on - timedelta(days=self.rfm_recency)
