from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    """Shows the limits of the current company (see ``res.company``) for editing.

    Saving writes field by field, but the database sees the company once, with all of
    them: limits that must grow together can be moved together.
    """

    _inherit = "res.config.settings"

    subscription_grace_days = fields.Integer(
        related="company_id.subscription_grace_days", readonly=False
    )
    subscription_churn_horizon_days = fields.Integer(
        related="company_id.subscription_churn_horizon_days", readonly=False
    )
    subscription_recency_r5_ratio = fields.Float(
        related="company_id.subscription_recency_r5_ratio", readonly=False
    )
    subscription_recency_r4_ratio = fields.Float(
        related="company_id.subscription_recency_r4_ratio", readonly=False
    )
    subscription_recency_r3_ratio = fields.Float(
        related="company_id.subscription_recency_r3_ratio", readonly=False
    )
    subscription_recency_r2_ratio = fields.Float(
        related="company_id.subscription_recency_r2_ratio", readonly=False
    )
    subscription_stability_months = fields.Integer(
        related="company_id.subscription_stability_months", readonly=False
    )
    subscription_loyal_months = fields.Integer(
        related="company_id.subscription_loyal_months", readonly=False
    )
    subscription_mid_term_months = fields.Integer(
        related="company_id.subscription_mid_term_months", readonly=False
    )
    subscription_veteran_months = fields.Integer(
        related="company_id.subscription_veteran_months", readonly=False
    )
    subscription_risk_high_enter_percent = fields.Float(
        related="company_id.subscription_risk_high_enter_percent", readonly=False
    )
    subscription_risk_high_leave_percent = fields.Float(
        related="company_id.subscription_risk_high_leave_percent", readonly=False
    )
    subscription_risk_medium_enter_percent = fields.Float(
        related="company_id.subscription_risk_medium_enter_percent", readonly=False
    )
    subscription_risk_medium_leave_percent = fields.Float(
        related="company_id.subscription_risk_medium_leave_percent", readonly=False
    )
    subscription_risk_high_enter_points = fields.Integer(
        related="company_id.subscription_risk_high_enter_points", readonly=False
    )
    subscription_risk_high_leave_points = fields.Integer(
        related="company_id.subscription_risk_high_leave_points", readonly=False
    )
    subscription_risk_medium_enter_points = fields.Integer(
        related="company_id.subscription_risk_medium_enter_points", readonly=False
    )
    subscription_risk_medium_leave_points = fields.Integer(
        related="company_id.subscription_risk_medium_leave_points", readonly=False
    )
    subscription_gross_margin_percent = fields.Float(
        related="company_id.subscription_gross_margin_percent", readonly=False
    )
    subscription_discount_rate_percent = fields.Float(
        related="company_id.subscription_discount_rate_percent", readonly=False
    )
    subscription_clv_horizon_months = fields.Integer(
        related="company_id.subscription_clv_horizon_months", readonly=False
    )
    subscription_high_value_percent = fields.Float(
        related="company_id.subscription_high_value_percent", readonly=False
    )
    subscription_account_manager_rule = fields.Selection(
        related="company_id.subscription_account_manager_rule", readonly=False
    )
    subscription_contact_limit = fields.Integer(
        related="company_id.subscription_contact_limit", readonly=False
    )
    subscription_contact_days = fields.Integer(
        related="company_id.subscription_contact_days", readonly=False
    )
    subscription_quiet_from_hour = fields.Float(
        related="company_id.subscription_quiet_from_hour", readonly=False
    )
    subscription_quiet_to_hour = fields.Float(
        related="company_id.subscription_quiet_to_hour", readonly=False
    )
    subscription_usage_months = fields.Integer(
        related="company_id.subscription_usage_months", readonly=False
    )
