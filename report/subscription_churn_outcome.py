# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models
from odoo.tools import SQL

from ..models.sale_subscription_risk import RISKS

SCORED_BY = [("model", "Learned Model"), ("scorecard", "Scorecard")]


class SubscriptionChurnOutcome(models.Model):
    """What was predicted, held against what happened.

    One row for each subscription and month in which a score was kept, the first of the
    month, as soon as the horizon of the company (and the grace in which a successor may
    still begin) has passed. It left when it ended, or its notice was given, on one of
    the days after the score up to the last one of the horizon, and nothing continued
    it.
    """

    _name = "subscription.churn.outcome"
    _inherit = "subscription.group.order"
    _description = "Churn Predicted and Happened"
    _auto = False
    _order = "date desc, id desc"
    _rec_name = "subscription_id"
    _depends = {
        "sale.subscription": ["end_date", "predecessor_id"],
        "subscription.movement": ["date", "running_delta", "subscription_res_id"],
        "subscription.notice": [
            "date",
            "known_on",
            "subscription_id",
            "withdrawn_on",
        ],
        "subscription.score.history": [
            "churn_risk_scored",
            "churn_score",
            "churn_scored_by",
            "date",
            "mrr_company",
            "subscription_id",
        ],
    }

    subscription_id = fields.Many2one("sale.subscription", readonly=True)
    customer_id = fields.Many2one("subscription.customer", readonly=True)
    template_id = fields.Many2one(
        "sale.subscription.template", string="Plan", readonly=True
    )
    company_id = fields.Many2one("res.company", readonly=True)
    company_currency_id = fields.Many2one("res.currency", readonly=True)
    date = fields.Date(string="Scored On", readonly=True)
    churn_risk = fields.Selection(
        selection=RISKS, readonly=True, help="The risk by its score on that day."
    )
    churn_scored_by = fields.Selection(
        selection=SCORED_BY, string="Scored By", readonly=True
    )
    churn_score = fields.Float(
        string="Mean Score", digits=(5, 1), readonly=True, aggregator="avg"
    )
    mrr_company = fields.Monetary(
        string="MRR", currency_field="company_currency_id", readonly=True
    )
    left_date = fields.Date(
        string="Left On",
        readonly=True,
        help="The day it ended without a successor, or its notice was given.",
    )
    left_count = fields.Integer(
        string="Left", readonly=True, help="How many left within the horizon."
    )
    left_rate = fields.Float(
        string="Share That Left",
        readonly=True,
        aggregator="avg",
        help="Share that left within the horizon: for a learned model it should come "
        "near the mean score.",
    )

    @property
    def _table_query(self):
        """Return one row per kept score; ids are those of the kept scores."""
        return SQL(
            """
            SELECT kept.id,
                   kept.subscription_id,
                   subscription.customer_id,
                   subscription.template_id,
                   kept.company_id,
                   company.currency_id AS company_currency_id,
                   kept.date,
                   kept.churn_risk_scored AS churn_risk,
                   kept.churn_scored_by,
                   kept.churn_score,
                   kept.mrr_company,
                   gone.date AS left_date,
                   CASE WHEN gone.date IS NULL THEN 0 ELSE 1 END AS left_count,
                   CASE WHEN gone.date IS NULL THEN 0.0 ELSE 1.0 END AS left_rate
              FROM subscription_score_history kept
              JOIN (VALUES %(companies)s)
                AS company (id, currency_id, horizon, grace, today)
                ON company.id = kept.company_id
               AND kept.date + company.horizon + company.grace < company.today
              JOIN sale_subscription subscription
                ON subscription.id = kept.subscription_id
         LEFT JOIN LATERAL (
                SELECT MIN(happened.date) AS date
                  FROM (
                    SELECT ended.date
                      FROM subscription_movement ended
                     WHERE ended.subscription_res_id = kept.subscription_id
                       AND ended.running_delta < 0
                       AND ended.date > kept.date
                       AND ended.date <= kept.date + company.horizon
                       -- It began again, or another one continues it.
                       AND NOT EXISTS (
                           SELECT FROM subscription_movement again
                            WHERE again.subscription_res_id
                                  = ended.subscription_res_id
                              AND again.running_delta > 0
                              AND again.date >= ended.date
                              AND again.date <= ended.date + company.grace
                       )
                       AND NOT (
                           ended.date = subscription.end_date
                           AND EXISTS (
                               SELECT FROM sale_subscription successor
                                WHERE successor.predecessor_id = subscription.id
                           )
                       )
                 UNION ALL
                    SELECT GREATEST(notice.date, notice.known_on)
                      FROM subscription_notice notice
                     WHERE notice.subscription_id = kept.subscription_id
                       AND notice.withdrawn_on IS NULL
                       AND GREATEST(notice.date, notice.known_on) > kept.date
                       AND GREATEST(notice.date, notice.known_on)
                           <= kept.date + company.horizon
                  ) AS happened
              ) AS gone ON TRUE
             WHERE NOT EXISTS (
                   SELECT FROM subscription_score_history earlier
                    WHERE earlier.subscription_id = kept.subscription_id
                      AND earlier.date < kept.date
                      AND earlier.date >= DATE_TRUNC('month', kept.date)
             )
            """,
            companies=SQL(", ").join(
                SQL(
                    "(%s, %s, %s, %s, %s::date)",
                    company.id,
                    company.currency_id.id,
                    company.subscription_churn_horizon_days,
                    company.subscription_grace_days,
                    company._subscription_today(),
                )
                for company in self.env["res.company"]
                .sudo()
                .with_context(active_test=False)
                .search([])
            ),
        )
