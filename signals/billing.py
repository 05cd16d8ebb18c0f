# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""How subscriptions are billed, now: ``subscription_oca`` keeps no history of it."""

from odoo.tools import SQL

from .frame import read


def billing(env, company, ids=None):
    """Return the billing period of a company's subscriptions, archived ones too.

    :param ids: only these (None: all)
    :return: DataFrame indexed by subscription id: ``unit`` and ``interval`` of the
        period, ``next_invoice_date``
    """
    env["sale.subscription"].flush_model()
    env["sale.subscription.template"].flush_model()
    return read(
        env,
        SQL(
            """
            SELECT s.id,
                   COALESCE(t.recurring_rule_type, 'months') AS unit,
                   GREATEST(t.recurring_interval, 1) AS interval,
                   s.recurring_next_date AS next_invoice_date
              FROM sale_subscription s
              JOIN sale_subscription_template t ON t.id = s.template_id
             WHERE s.company_id = %(company)s AND %(condition)s
          ORDER BY s.id
            """,
            company=company.id,
            condition=SQL("TRUE") if ids is None else SQL("s.id = ANY(%s)", list(ids)),
        ),
        dtypes={"unit": "category"},
        dates=["next_invoice_date"],
    ).set_index("id")
