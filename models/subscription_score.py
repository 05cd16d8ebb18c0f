# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import date, timedelta

from odoo import api, fields, models
from odoo.fields import Domain

from ..analytics.lifecycle import BANDS, STAGES
from ..analytics.rfm import SEGMENTS

USER = "subscription_segmentation.group_user"
STAGE_LABELS = {
    "onboarding": "Onboarding",
    "stability": "Stability",
    "loyal": "Loyal",
    "churned": "Churned",
}
BAND_LABELS = {"new": "New", "mid_term": "Mid-Term", "veteran": "Veteran"}
SEGMENT_LABELS = {
    "champions": "Champions",
    "loyal": "Loyal Customers",
    "potential_loyalists": "Potential Loyalists",
    "new": "New Customers",
    "promising": "Promising",
    "need_attention": "Need Attention",
    "about_to_sleep": "About to Sleep",
    "at_risk": "At Risk",
    "cant_lose": "Can't Lose Them",
    "hibernating": "Hibernating",
    "lost": "Lost",
}


class SubscriptionScore(models.AbstractModel):
    """What a refresh stores on subscriptions and, summed up, on customers.

    The refresh alone writes these columns, set-wise; the scores are those of running
    subscriptions, the others have none. :mod:`analytics.rfm` and
    :mod:`analytics.lifecycle` hold the definitions.
    """

    _name = "subscription.score"
    _inherit = "subscription.group.order"
    _description = "Scores of a Subscription or a Customer"

    company_id = fields.Many2one(comodel_name="res.company")
    company_currency_id = fields.Many2one(
        related="company_id.currency_id", string="Company Currency"
    )
    rfm_recency = fields.Integer(
        string="Recency (Days)",
        readonly=True,
        copy=False,
        aggregator="avg",
        help="Days since the start of the last renewed billing period, or since the "
        "start if none was renewed yet.",
    )
    rfm_frequency = fields.Integer(
        string="Renewals",
        readonly=True,
        copy=False,
        aggregator="avg",
        help="Renewals in a row, without a period that was not paid between them. A "
        "pause is no gap and adds none.",
    )
    renewed_months = fields.Float(
        digits=(8, 2),
        readonly=True,
        copy=False,
        aggregator="avg",
        help="The renewals in a row, in months, so that monthly and yearly periods "
        "compare.",
    )
    rfm_monetary = fields.Monetary(
        string="Scored MRR",
        currency_field="company_currency_id",
        groups=USER,
        readonly=True,
        copy=False,
        help="Contracted MRR in the currency of the company that M was scored on.",
    )
    rfm_r = fields.Integer(
        string="R",
        readonly=True,
        copy=False,
        aggregator="avg",
        help="Recency from 1 to 5 (best): days since the last renewal, compared with "
        "the own billing period by the limits in the settings.",
    )
    rfm_f = fields.Integer(
        string="F",
        readonly=True,
        copy=False,
        aggregator="avg",
        help="Frequency from 1 to 5 (best): the fifth in which its renewed months "
        "rank among all that run in the company; equal values share a score.",
    )
    rfm_m = fields.Integer(
        string="M",
        readonly=True,
        copy=False,
        aggregator="avg",
        help="Monetary value from 1 to 5 (best): the fifth in which its MRR ranks "
        "among all that run in the company; equal values share a score.",
    )
    rfm_score = fields.Char(
        string="RFM",
        readonly=True,
        copy=False,
        help="R, F and M side by side; 555 is best.",
    )
    rfm_segment = fields.Selection(
        selection=[(name, SEGMENT_LABELS[name]) for name in SEGMENTS],
        string="RFM Segment",
        readonly=True,
        copy=False,
        help="One of eleven segments, by R and the mean of F and M.",
    )
    rfm_assumed = fields.Boolean(
        string="Renewals Assumed",
        readonly=True,
        copy=False,
        help="No posted invoices tell of some or all of its periods (imported history, "
        "draft invoices): they count as renewed on time while it runs.",
    )
    lifecycle_stage = fields.Selection(
        selection=[(name, STAGE_LABELS[name]) for name in STAGES],
        readonly=True,
        copy=False,
    )
    relationship_start_date = fields.Date(
        string="Unbroken Since",
        readonly=True,
        copy=False,
    )
    tenure_months = fields.Integer(
        string="Tenure (Months)",
        readonly=True,
        copy=False,
        aggregator="avg",
    )
    tenure_band = fields.Selection(
        selection=[(name, BAND_LABELS[name]) for name in BANDS],
        string="Tenure",
        readonly=True,
        copy=False,
        help="New, mid-term or veteran, by the limits in the settings.",
    )
    next_renewal_date = fields.Date(
        string="Next Renewal",
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="The day on which its next billing period begins.",
    )
    days_to_renewal = fields.Integer(
        compute="_compute_days_to_renewal",
        search="_search_days_to_renewal",
        aggregator=None,
        help="Days from today to the next renewal.",
    )
    scored_on = fields.Date(
        readonly=True,
        copy=False,
        help="The day as of which it was scored; empty while it does not run.",
    )

    @api.depends("next_renewal_date", "company_id")
    @api.depends_context("uid")
    def _compute_days_to_renewal(self):
        self._compute_days_until("next_renewal_date", "days_to_renewal")

    @api.model
    def _search_days_to_renewal(self, operator, value):
        return self._search_days_until("next_renewal_date", operator, value)

    def _compute_days_until(self, date_name, name):
        """Store in a field how many days it is to a date, as each company counts."""
        for company, records in self.grouped("company_id").items():
            today = company._subscription_today() if company else None
            for record in records:
                due = record[date_name]
                record[name] = due and today and (due - today).days

    @api.model
    def _search_days_until(self, date_name, operator, value):
        """Search on a date, counted from the day it is in each company.

        False stands for no such date, 0 for one that is today.
        """
        if operator not in ("<", "<=", ">", ">=", "in"):
            return NotImplemented

        def due(today):
            if operator != "in":
                return _due(today, value)
            return [days is not False and _due(today, days) for days in value]

        companies = self.env["res.company"].sudo().with_context(active_test=False)
        return Domain.OR(
            Domain("company_id", "=", company.id)
            & Domain(date_name, operator, due(company._subscription_today()))
            for company in companies.search([])
        )


def _due(today, days):
    """Return the day that lies so many days ahead, or the last one that there is.

    :param days: a number, which may be given as text
    """
    if isinstance(days, str):
        days = int(days)
    first, last = ((limit - today).days for limit in (date.min, date.max))
    return today + timedelta(days=min(max(days, first), last))
