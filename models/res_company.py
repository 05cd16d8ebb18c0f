from datetime import date, timezone
from zoneinfo import ZoneInfo

from odoo import api, fields, models

# The limits a company starts with, and the one place where these numbers stand.
SUBSCRIPTION_LIMITS = {
    "subscription_grace_days": 7,
    "subscription_recency_r5_ratio": 1.0,
    "subscription_recency_r4_ratio": 1.25,
    "subscription_recency_r3_ratio": 1.5,
    "subscription_recency_r2_ratio": 2.0,
    "subscription_stability_months": 3,
    "subscription_loyal_months": 12,
    "subscription_mid_term_months": 6,
    "subscription_veteran_months": 24,
    "subscription_churn_horizon_days": 90,
    "subscription_risk_high_enter_percent": 60.0,
    "subscription_risk_high_leave_percent": 50.0,
    "subscription_risk_medium_enter_percent": 30.0,
    "subscription_risk_medium_leave_percent": 25.0,
    "subscription_risk_high_enter_points": 60,
    "subscription_risk_high_leave_points": 50,
    "subscription_risk_medium_enter_points": 30,
    "subscription_risk_medium_leave_points": 25,
    "subscription_gross_margin_percent": 80.0,
    "subscription_discount_rate_percent": 10.0,
    "subscription_clv_horizon_months": 60,
    "subscription_high_value_percent": 20.0,
    "subscription_usage_months": 24,
}


class ResCompany(models.Model):
    """The limits by which a company's subscriptions are judged.

    Each company has its own, so that the habits of one never change the scores of
    another. They are plain columns: whoever scores reads them once per company.
    The database checks them, because only it sees fields that change together as one
    change, and because a limit may come from an import or from SQL as well.
    """

    _inherit = "res.company"

    # Renewal and churn
    subscription_grace_days = fields.Integer(
        string="Grace period (days)",
        default=SUBSCRIPTION_LIMITS["subscription_grace_days"],
        required=True,
        help="A subscription that starts on the end of another one of the same "
        "customer, or up to this many days after it, is its successor: the customer "
        "has renewed and not left.",
    )
    subscription_churn_horizon_days = fields.Integer(
        string="Churn horizon (days)",
        default=SUBSCRIPTION_LIMITS["subscription_churn_horizon_days"],
        required=True,
        help="The churn score says how likely it is that a subscription ends without "
        "a successor within this many days.",
    )

    # Recency: days since the start of the last renewed period, in periods
    subscription_recency_r5_ratio = fields.Float(
        string="R 5 up to (periods)",
        digits=(6, 2),
        default=SUBSCRIPTION_LIMITS["subscription_recency_r5_ratio"],
        required=True,
        help="Recency score 5 (best): no more billing periods than this have passed "
        "since the last renewed one began.",
    )
    subscription_recency_r4_ratio = fields.Float(
        string="R 4 up to (periods)",
        digits=(6, 2),
        default=SUBSCRIPTION_LIMITS["subscription_recency_r4_ratio"],
        required=True,
        help="Recency score 4: no more billing periods than this have passed since "
        "the last renewed one began.",
    )
    subscription_recency_r3_ratio = fields.Float(
        string="R 3 up to (periods)",
        digits=(6, 2),
        default=SUBSCRIPTION_LIMITS["subscription_recency_r3_ratio"],
        required=True,
        help="Recency score 3: no more billing periods than this have passed since "
        "the last renewed one began.",
    )
    subscription_recency_r2_ratio = fields.Float(
        string="R 2 up to (periods)",
        digits=(6, 2),
        default=SUBSCRIPTION_LIMITS["subscription_recency_r2_ratio"],
        required=True,
        help="Recency score 2: no more billing periods than this have passed since "
        "the last renewed one began. Beyond it the score is 1.",
    )

    # Lifecycle and tenure: calendar months in the company's time zone
    subscription_stability_months = fields.Integer(
        string="Stability from (months)",
        default=SUBSCRIPTION_LIMITS["subscription_stability_months"],
        required=True,
        help="Lifecycle: a subscription is onboarding before this many months and in "
        "stability from then on.",
    )
    subscription_loyal_months = fields.Integer(
        string="Loyal from (months)",
        default=SUBSCRIPTION_LIMITS["subscription_loyal_months"],
        required=True,
        help="Lifecycle: a subscription of this many months and more is loyal.",
    )
    subscription_mid_term_months = fields.Integer(
        string="Mid-term from (months)",
        default=SUBSCRIPTION_LIMITS["subscription_mid_term_months"],
        required=True,
        help="Tenure: new before this many months, mid-term from then on.",
    )
    subscription_veteran_months = fields.Integer(
        string="Veteran from (months)",
        default=SUBSCRIPTION_LIMITS["subscription_veteran_months"],
        required=True,
        help="Tenure: veteran from this many months on.",
    )

    # Churn risk by a learned model, whose score is a probability
    subscription_risk_high_enter_percent = fields.Float(
        string="High risk from (%)",
        digits=(5, 2),
        default=SUBSCRIPTION_LIMITS["subscription_risk_high_enter_percent"],
        required=True,
        help="Learned model: the churn risk becomes high at this score.",
    )
    subscription_risk_high_leave_percent = fields.Float(
        string="High risk ends below (%)",
        digits=(5, 2),
        default=SUBSCRIPTION_LIMITS["subscription_risk_high_leave_percent"],
        required=True,
        help="Learned model: a high churn risk stays high until the score falls "
        "below this.",
    )
    subscription_risk_medium_enter_percent = fields.Float(
        string="Medium risk from (%)",
        digits=(5, 2),
        default=SUBSCRIPTION_LIMITS["subscription_risk_medium_enter_percent"],
        required=True,
        help="Learned model: a low churn risk becomes medium at this score.",
    )
    subscription_risk_medium_leave_percent = fields.Float(
        string="Medium risk ends below (%)",
        digits=(5, 2),
        default=SUBSCRIPTION_LIMITS["subscription_risk_medium_leave_percent"],
        required=True,
        help="Learned model: a medium churn risk stays medium until the score falls "
        "below this.",
    )

    # Churn risk by the scorecard, whose score is a sum of points
    subscription_risk_high_enter_points = fields.Integer(
        string="High risk from (points)",
        default=SUBSCRIPTION_LIMITS["subscription_risk_high_enter_points"],
        required=True,
        help="Scorecard: the churn risk becomes high at this score.",
    )
    subscription_risk_high_leave_points = fields.Integer(
        string="High risk ends below (points)",
        default=SUBSCRIPTION_LIMITS["subscription_risk_high_leave_points"],
        required=True,
        help="Scorecard: a high churn risk stays high until the score falls below "
        "this.",
    )
    subscription_risk_medium_enter_points = fields.Integer(
        string="Medium risk from (points)",
        default=SUBSCRIPTION_LIMITS["subscription_risk_medium_enter_points"],
        required=True,
        help="Scorecard: a low churn risk becomes medium at this score.",
    )
    subscription_risk_medium_leave_points = fields.Integer(
        string="Medium risk ends below (points)",
        default=SUBSCRIPTION_LIMITS["subscription_risk_medium_leave_points"],
        required=True,
        help="Scorecard: a medium churn risk stays medium until the score falls below "
        "this.",
    )

    # Customer lifetime value
    subscription_gross_margin_percent = fields.Float(
        string="Gross margin (%)",
        digits=(5, 2),
        default=SUBSCRIPTION_LIMITS["subscription_gross_margin_percent"],
        required=True,
        groups="base.group_user",
        help="What remains of the revenue of a subscription whose products have no "
        "cost.",
    )
    subscription_discount_rate_percent = fields.Float(
        string="Discount rate (% a year)",
        digits=(5, 2),
        default=SUBSCRIPTION_LIMITS["subscription_discount_rate_percent"],
        required=True,
        groups="base.group_user",
        help="By how much a margin is worth less for each year that it lies ahead.",
    )
    subscription_clv_horizon_months = fields.Integer(
        string="Look ahead (months)",
        default=SUBSCRIPTION_LIMITS["subscription_clv_horizon_months"],
        required=True,
        help="Margins that lie further ahead are not counted.",
    )
    subscription_high_value_percent = fields.Float(
        string="High value (top % of CLV)",
        digits=(5, 2),
        default=SUBSCRIPTION_LIMITS["subscription_high_value_percent"],
        required=True,
        help="The share of running subscriptions, by customer lifetime value, that "
        "counts as high value; of customers likewise.",
    )

    # Account managers
    subscription_account_manager_rule = fields.Selection(
        selection=[
            ("none", "Nobody"),
            ("contact", "Salesperson of the contact"),
            ("subscription", "Salesperson of its oldest running subscription"),
        ],
        string="Account manager of new customers",
        default="none",
        required=True,
        help="Who looks after a customer that has no account manager yet. Who was "
        "named or chosen stays.",
    )

    # Usage
    subscription_usage_months = fields.Integer(
        string="Usage by the day (months)",
        default=SUBSCRIPTION_LIMITS["subscription_usage_months"],
        required=True,
        help="Usage is kept by the day for this many months; older days are added up "
        "to one row for each subscription, feature and month.",
    )
    subscription_usage_outage_date = fields.Date(
        string="Usage reported until",
        readonly=True,
        help="The last day with reported usage, if reports have stopped since.",
    )
    subscription_silent_feature_ids = fields.Many2many(
        comodel_name="subscription.feature",
        relation="subscription_silent_feature_rel",
        string="Features that seem not to be reported",
        readonly=True,
        help="Nobody used them for two weeks, though several had before.",
    )

    _subscription_grace_check = models.Constraint(
        "CHECK (subscription_grace_days BETWEEN 0 AND 90)",
        "The grace period of subscriptions must be 0 to 90 days. Enter 0 if only a "
        "subscription that starts on the very day another one ends continues it.",
    )
    _subscription_churn_horizon_check = models.Constraint(
        "CHECK (subscription_churn_horizon_days BETWEEN 1 AND 730)",
        "The churn horizon must be 1 to 730 days. Enter how many days ahead you want "
        "to know who is about to leave.",
    )
    # Below 1 a customer would lose points before the next renewal is due at all; the
    # upper limit catches 125 typed for 1.25.
    _subscription_recency_check = models.Constraint(
        "CHECK (1 <= subscription_recency_r5_ratio"
        " AND subscription_recency_r5_ratio < subscription_recency_r4_ratio"
        " AND subscription_recency_r4_ratio < subscription_recency_r3_ratio"
        " AND subscription_recency_r3_ratio < subscription_recency_r2_ratio"
        " AND subscription_recency_r2_ratio <= 100)",
        "The recency limits must grow from R 5 to R 2 and lie between 1 and 100 "
        "billing periods, because a worse score stands for a longer silence. Make each "
        "limit larger than the one before, for example 1, 1.25, 1.5 and 2.",
    )
    _subscription_lifecycle_check = models.Constraint(
        "CHECK (0 < subscription_stability_months"
        " AND subscription_stability_months < subscription_loyal_months"
        " AND subscription_loyal_months <= 600)",
        "The lifecycle needs 1 month or more of onboarding, and loyal must begin after "
        "stability, within 600 months. Enter a smaller number of months for stability "
        "than for loyal, for example 3 and 12.",
    )
    _subscription_tenure_check = models.Constraint(
        "CHECK (0 < subscription_mid_term_months"
        " AND subscription_mid_term_months < subscription_veteran_months"
        " AND subscription_veteran_months <= 600)",
        "The tenure bands need 1 month or more of new, and veteran must begin after "
        "mid-term, within 600 months. Enter a smaller number of months for mid-term "
        "than for veteran, for example 6 and 24.",
    )
    # Medium begins at or below where high ends: otherwise one score could mean low,
    # medium and high, depending on the past alone.
    _subscription_risk_percent_check = models.Constraint(
        "CHECK (0 < subscription_risk_medium_leave_percent"
        " AND subscription_risk_medium_leave_percent"
        " < subscription_risk_medium_enter_percent"
        " AND subscription_risk_medium_enter_percent"
        " <= subscription_risk_high_leave_percent"
        " AND subscription_risk_high_leave_percent"
        " < subscription_risk_high_enter_percent"
        " AND subscription_risk_high_enter_percent <= 100)",
        "The churn risk limits of the learned model must lie above 0 and up to 100 %, "
        "each level must end below where it begins, and medium must not begin above "
        "where high ends. Enter them in growing order: medium ends, medium begins, "
        "high ends, high begins, for example 25, 30, 50 and 60.",
    )
    _subscription_risk_points_check = models.Constraint(
        "CHECK (0 < subscription_risk_medium_leave_points"
        " AND subscription_risk_medium_leave_points"
        " < subscription_risk_medium_enter_points"
        " AND subscription_risk_medium_enter_points"
        " <= subscription_risk_high_leave_points"
        " AND subscription_risk_high_leave_points"
        " < subscription_risk_high_enter_points"
        " AND subscription_risk_high_enter_points <= 100)",
        "The churn risk limits of the scorecard must lie above 0 and up to 100 points, "
        "each level must end below where it begins, and medium must not begin above "
        "where high ends. Enter them in growing order: medium ends, medium begins, "
        "high ends, high begins, for example 25, 30, 50 and 60.",
    )

    _subscription_clv_check = models.Constraint(
        "CHECK (subscription_gross_margin_percent BETWEEN 0 AND 100"
        " AND subscription_discount_rate_percent BETWEEN 0 AND 100"
        " AND subscription_clv_horizon_months BETWEEN 1 AND 600"
        " AND subscription_high_value_percent BETWEEN 0 AND 100)",
        "Gross margin, discount rate and the share of high value must be 0 to 100 %, "
        "and the lifetime value must look 1 to 600 months ahead. Enter for example "
        "80 %, 10 %, 20 % and 60 months.",
    )
    # Signals of today look back 90 days: they never meet a month.
    _subscription_usage_check = models.Constraint(
        "CHECK (subscription_usage_months BETWEEN 6 AND 120)",
        "Usage must be kept by the day for 6 to 120 months. Enter 24 if you are not "
        "sure: a churn model learns from the days of the past.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        """Leave the leads without a company to nobody when a second one is made."""
        companies = super().create(vals_list)
        leads = self.env["crm.lead"].sudo().with_context(active_test=False)
        orphans = leads.search(
            [("company_id", "=", False), ("subscription_customer_id", "!=", False)]
        )
        if orphans:
            partners = orphans.partner_id.commercial_partner_id
            self.env["subscription.customer"].sudo()._link_documents(partners)
        return companies

    @api.model
    def _sole(self):
        """Return the only company of the database, none where there are several."""
        companies = self.sudo().with_context(active_test=False).search([], limit=2)
        return companies if len(companies) == 1 else self.browse()

    def _subscription_zone(self):
        """Return the time zone of the company.

        That of the company's own contact, else of its working hours, else UTC.
        """
        self.ensure_one()
        return self.partner_id.tz or self.resource_calendar_id.tz or "UTC"

    def _subscription_today(self):
        """Return the day it is in the time zone of the company.

        Or the one that a domain is read as of: a ``date`` in the context, which nobody
        can send, as what comes over the wire is text or has a time of day.
        """
        as_of = self.env.context.get("subscription_as_of")
        if type(as_of) is date:
            return as_of
        now = fields.Datetime.now().replace(tzinfo=timezone.utc)
        return now.astimezone(ZoneInfo(self._subscription_zone())).date()
