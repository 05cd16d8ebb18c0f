# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The one reader of ``sale.subscription`` and its lines.

``subscription_oca`` keeps ``recurring_total``, which goes stale after a change of
price; the lines are the truth and are summed here.
"""

import pandas as pd

from odoo.tools import SQL

from ..analytics.period import MONTHS


def contracted_mrr(env, ids):
    """Return what the lines of subscriptions come to per month, now.

    Lines are known only as they are now; the past is in the ledger.

    :param ids: subscriptions, archived ones too
    :return: DataFrame indexed by subscription id: ``currency_id``, ``contracted`` (MRR
        untaxed and after discount, in that currency and rounded to it)
    """
    env["sale.subscription"].flush_model()
    env["sale.subscription.line"].flush_model()
    rows = env.execute_query(
        SQL(
            """
            SELECT s.id,
                   s.currency_id,
                   ROUND(
                       COALESCE(SUM(l.price_subtotal), 0)
                       * CASE t.recurring_rule_type %(units_per)s END
                       / (
                           GREATEST(t.recurring_interval, 1)
                           * CASE t.recurring_rule_type %(months)s END
                       ),
                       c.decimal_places
                   )
              FROM sale_subscription s
              JOIN sale_subscription_template t ON t.id = s.template_id
              JOIN res_currency c ON c.id = s.currency_id
         LEFT JOIN sale_subscription_line l ON l.sale_subscription_id = s.id
             WHERE s.id = ANY(%(ids)s)
          GROUP BY s.id, t.id, c.id
            """,
            ids=list(ids),
            # One division of whole numbers, so that halves round as they should.
            units_per=_case({unit: m.denominator for unit, m in MONTHS.items()}),
            months=_case({unit: m.numerator for unit, m in MONTHS.items()}),
        )
    )
    frame = pd.DataFrame(rows, columns=["id", "currency_id", "contracted"])
    return frame.set_index("id")


def _case(values):
    return SQL(" ").join(
        SQL("WHEN %s THEN %s", key, value) for key, value in values.items()
    )
