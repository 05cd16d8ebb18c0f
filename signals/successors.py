# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Which subscriptions may continue one another, as of a date."""

from datetime import timedelta

import pandas as pd

from odoo.tools import SQL

from ..analytics.succession import Span
from .frame import only, read
from .positions import lives


def candidates(env, company, as_of, grace_days, ids=None):
    """Return the spans of subscriptions that may have a successor or be one.

    Those of a customer of which one starts on another's end or up to ``grace_days``
    after it. None of the others is ever chained, so that
    :func:`analytics.succession.predecessors` makes of these what it makes of all.

    :param ids: subscriptions; those of all customers that they had are looked at
    :return: list of :class:`analytics.succession.Span`
    """
    env["subscription.movement"].flush_model()
    condition = SQL("TRUE")
    if ids is not None:
        condition = SQL(
            """
            customer_id IN (
                SELECT customer_id FROM subscription_movement WHERE %s
            )
            """,
            only("subscription_res_id", ids),
        )
        condition = SQL(
            """
            subscription_res_id IN (
                SELECT subscription_res_id FROM subscription_movement WHERE %s
            )
            """,
            condition,
        )
    frame = read(
        env,
        SQL(
            """
            WITH span AS (
                SELECT id, customer_id, first_start_date, end_date
                  FROM (
                    SELECT *, COUNT(*) OVER (PARTITION BY customer_id) AS number
                      FROM (%(lives)s) AS life
                  ) AS life
                 WHERE number > 1
            ), edge AS (
                SELECT id, customer_id, first_start_date AS date,
                       1 AS starts, 0 AS ends,
                       (end_date = first_start_date)::int AS own
                  FROM span
             UNION ALL
                SELECT id, customer_id, end_date, 0, 1,
                       (end_date = first_start_date)::int
                  FROM span
                 WHERE end_date IS NOT NULL
            )
            SELECT id, customer_id, first_start_date, end_date
              FROM span
             WHERE id IN (
                SELECT id
                  FROM (
                    SELECT id,
                           starts * SUM(ends) OVER (
                               PARTITION BY customer_id ORDER BY date
                               RANGE BETWEEN %(grace)s PRECEDING AND CURRENT ROW
                           )
                           + ends * SUM(starts) OVER (
                               PARTITION BY customer_id ORDER BY date
                               RANGE BETWEEN CURRENT ROW AND %(grace)s FOLLOWING
                           ) AS near,
                           COALESCE(own, 0) AS own
                      FROM edge
                  ) AS neighbour
                 WHERE near > own
             )
          ORDER BY id
            """,
            lives=lives(company, as_of, condition),
            grace=timedelta(days=grace_days),
        ),
        {"id": "int64", "customer_id": "int64"},
        ("first_start_date", "end_date"),
    )
    return [
        Span(row.id, row.customer_id, row.first_start_date.date(), _day(row.end_date))
        for row in frame.itertuples(index=False)
    ]


def _day(timestamp):
    return None if pd.isna(timestamp) else timestamp.date()
