# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What scores were, and what persons say of risks instead."""

from odoo.tools import SQL

from .frame import read


def last_scores(env, company, as_of):
    """Return the last score that was kept before a date.

    :return: DataFrame indexed by subscription id: ``churn_score``,
        ``churn_risk_scored``, ``churn_scored_by``
    """
    env["subscription.score.history"].flush_model()
    return read(
        env,
        SQL(
            """
            SELECT own.id, last.churn_score, last.churn_risk_scored,
                   last.churn_scored_by
              FROM sale_subscription own
        CROSS JOIN LATERAL (
                  SELECT churn_score, churn_risk_scored, churn_scored_by
                    FROM subscription_score_history
                   WHERE subscription_id = own.id AND date < %(as_of)s
                ORDER BY date DESC
                   LIMIT 1
              ) AS last
             WHERE own.company_id = %(company)s
            """,
            company=company.id,
            as_of=as_of,
        ),
        {
            "id": "int64",
            "churn_score": "float64",
            "churn_risk_scored": "object",
            "churn_scored_by": "object",
        },
    ).set_index("id")


def risks_by_hand(env, company, as_of):
    """Return the risks that persons have set and that still hold on a date.

    :return: Series indexed by subscription id
    """
    env["sale.subscription"].flush_model()
    return read(
        env,
        SQL(
            """
            SELECT id, churn_risk_override AS risk
              FROM sale_subscription
             WHERE company_id = %s AND churn_risk_override IS NOT NULL
               AND COALESCE(churn_risk_override_until >= %s, TRUE)
            """,
            company.id,
            as_of,
        ),
        {"id": "int64", "risk": "object"},
    ).set_index("id")["risk"]
