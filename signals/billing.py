# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""How subscriptions are billed: the period as of a date, the next invoice now."""

from odoo.tools import SQL

from .frame import only, read
from .terms import known_terms


def billing(env, company, as_of, ids=None):
    """Return the billing period of a company's subscriptions, archived ones too.

    Of one whose terms were not known yet it is that of the first ones that were told,
    without any that of the plan now.

    :param ids: only these (None: all)
    :return: DataFrame indexed by subscription id: ``template_id``, ``unit`` and
        ``interval`` of the period, ``next_invoice_date``, which is of now whatever the
        date
    """
    for name in ("sale.subscription", "sale.subscription.template"):
        env[name].flush_model()
    env["subscription.terms"].flush_model()
    return read(
        env,
        SQL(
            """
            SELECT s.id,
                   COALESCE(told.template_id, first.template_id, s.template_id)
                       AS template_id,
                   COALESCE(told.unit, first.unit, t.recurring_rule_type, 'months')
                       AS unit,
                   COALESCE(
                       told.interval, first.interval, GREATEST(t.recurring_interval, 1)
                   ) AS interval,
                   s.recurring_next_date AS next_invoice_date
              FROM sale_subscription s
              JOIN sale_subscription_template t ON t.id = s.template_id
         LEFT JOIN (%(told)s) AS told ON told.id = s.id
         LEFT JOIN (
                SELECT DISTINCT ON (subscription_res_id)
                       subscription_res_id AS id, template_id, unit, interval
                  FROM subscription_terms
                 WHERE company_id = %(company)s
                   AND (date > %(as_of)s OR known_on > %(as_of)s)
                   AND %(own)s
              ORDER BY subscription_res_id, known_on, date, subscription_terms.id
              ) AS first ON first.id = s.id
             WHERE s.company_id = %(company)s AND %(condition)s
          ORDER BY s.id
            """,
            told=known_terms(company, as_of, ids),
            as_of=as_of,
            own=only("subscription_res_id", ids),
            company=company.id,
            condition=only("s.id", ids),
        ),
        dtypes={"template_id": "Int64", "unit": "category"},
        dates=["next_invoice_date"],
    ).set_index("id")
