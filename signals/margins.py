# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What remains of the revenue of subscriptions, now: costs have no history in Odoo."""

from odoo.tools import SQL

from .frame import read


def margins(env, company):
    """Return the gross margin of subscriptions by the cost of their products.

    :return: Series indexed by subscription id: share of the revenue, at least 0; those
        without a product that has a cost are missing
    """
    for name in ("product.product", "sale.subscription", "sale.subscription.line"):
        env[name].flush_model()
    frame = read(
        env,
        SQL(
            """
            SELECT own.id,
                   GREATEST(
                       1 - SUM(line.product_uom_qty * cost.amount)
                           / NULLIF(SUM(line.price_subtotal), 0),
                       0
                   ) AS margin
              FROM sale_subscription own
              JOIN sale_subscription_line line ON line.sale_subscription_id = own.id
              JOIN product_product product ON product.id = line.product_id
        CROSS JOIN LATERAL (
                  SELECT COALESCE(
                      (product.standard_price ->> %(company_key)s)::float, 0
                  ) AS amount
              ) AS cost
             WHERE own.company_id = %(company)s
               AND own.currency_id = %(currency)s
          GROUP BY own.id
            HAVING SUM(cost.amount) > 0
            """,
            company=company.id,
            company_key=str(company.id),
            currency=company.currency_id.id,
        ),
        {"id": "int64", "margin": "float64"},
    )
    return frame.set_index("id")["margin"]
