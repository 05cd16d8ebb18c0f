# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.tools import SQL

from .optional_number import OptionalMonetary
from .sale_subscription_risk import RISKS


class SubscriptionScoreHistory(models.Model):
    """What the churn scores were: one row a month, and one at each change of risk.

    Written by the refresh, set-wise, and never rewritten by a later day: scores compare
    with it, the limits of the risk look back at it, and it is held against what
    happened.
    """

    _name = "subscription.score.history"
    _inherit = "subscription.group.order"
    _description = "Churn Score of the Past"
    _order = "date desc, id desc"
    _rec_name = "subscription_id"

    subscription_id = fields.Many2one(
        comodel_name="sale.subscription",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    company_id = fields.Many2one(
        comodel_name="res.company", required=True, readonly=True, index=True
    )
    date = fields.Date(required=True, readonly=True, help="The day it was scored for.")
    churn_score = fields.Float(
        digits=(5, 1), required=True, readonly=True, aggregator="avg"
    )
    churn_risk_scored = fields.Selection(
        selection=RISKS, string="Churn Risk", required=True, readonly=True
    )
    churn_scored_by = fields.Selection(
        selection=[("model", "Learned Model"), ("scorecard", "Scorecard")],
        string="Scored By",
        required=True,
        readonly=True,
    )
    churn_reasons = fields.Json(readonly=True)
    mrr_company = fields.Monetary(
        string="MRR (Company Currency)",
        currency_field="company_currency_id",
        readonly=True,
    )
    clv = OptionalMonetary(
        string="CLV", currency_field="company_currency_id", readonly=True
    )
    company_currency_id = fields.Many2one(
        related="company_id.currency_id", string="Company Currency"
    )

    _one_a_day = models.Constraint(
        "UNIQUE (subscription_id, date)", "A subscription has one score a day."
    )

    @api.model
    def _record(self, company, as_of):
        """Keep the scores of a day where the month has none yet or the risk changed.

        Of the subscriptions of a company that are scored as of that day. What was kept
        of that day before is brought up to it; a day before others that were kept is
        left alone, for what scores today knows what came after it.
        """
        later = [("company_id", "=", company.id), ("date", ">", as_of)]
        if self.search_count(later, limit=1):
            return
        self.env["sale.subscription"].flush_model()
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO subscription_score_history AS history (
                    subscription_id, company_id, date, churn_score, churn_risk_scored,
                    churn_scored_by, churn_reasons, mrr_company, clv
                )
                SELECT own.id, own.company_id, %(as_of)s, own.churn_score,
                       own.churn_risk_scored, own.churn_scored_by, own.churn_reasons,
                       own.mrr_company, own.clv
                  FROM sale_subscription own
     LEFT JOIN LATERAL (
                    SELECT date, churn_risk_scored
                      FROM subscription_score_history
                     WHERE subscription_id = own.id AND date <= %(as_of)s
                  ORDER BY date DESC
                     LIMIT 1
                  ) AS last ON TRUE
                 WHERE own.company_id = %(company)s
                   AND own.scored_on = %(as_of)s
                   AND own.churn_state = 'scored'
                   AND (
                       last.date IS NULL
                       OR last.date < DATE_TRUNC('month', %(as_of)s::date)
                       OR last.date = %(as_of)s
                       OR last.churn_risk_scored <> own.churn_risk_scored
                   )
           ON CONFLICT (subscription_id, date) DO UPDATE
                   SET churn_score = EXCLUDED.churn_score,
                       churn_risk_scored = EXCLUDED.churn_risk_scored,
                       churn_scored_by = EXCLUDED.churn_scored_by,
                       churn_reasons = EXCLUDED.churn_reasons,
                       mrr_company = EXCLUDED.mrr_company,
                       clv = EXCLUDED.clv
                 WHERE (
                       history.churn_score, history.churn_risk_scored,
                       history.churn_scored_by, history.churn_reasons,
                       history.mrr_company, history.clv
                   ) IS DISTINCT FROM (
                       EXCLUDED.churn_score, EXCLUDED.churn_risk_scored,
                       EXCLUDED.churn_scored_by, EXCLUDED.churn_reasons,
                       EXCLUDED.mrr_company, EXCLUDED.clv
                   )
                """,
                company=company.id,
                as_of=as_of,
            )
        )
        self.invalidate_model()
