# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Where the ledger stands as of a date."""

import pandas as pd

from odoo.tools import SQL


def positions(env, company, as_of, ids):
    """Return the balance and the life of subscriptions that the ledger knows of.

    Uses rows that were effective and known on or before ``as_of``.

    :return: DataFrame indexed by subscription id: ``contracted`` and ``effective`` (MRR
        in the currency of the subscription), ``running`` (0 or 1),
        ``first_start_date``, ``end_date`` (first day not running, None: it runs)
    """
    env["subscription.movement"].flush_model()
    rows = env.execute_query(
        SQL(
            """
            WITH daily AS (
                SELECT subscription_res_id AS id,
                       date,
                       SUM(running_delta) AS running,
                       SUM(mrr_delta) AS contracted,
                       SUM(mrr_effective_delta) AS effective
                  FROM subscription_movement
                 WHERE company_id = %(company)s
                   AND subscription_res_id = ANY(%(ids)s)
                   AND date <= %(as_of)s
                   AND known_on <= %(as_of)s
              GROUP BY subscription_res_id, date
            )
            SELECT id,
                   SUM(contracted),
                   SUM(effective),
                   SUM(running)::int,
                   COALESCE(MIN(date) FILTER (WHERE running > 0), MIN(date)),
                   CASE WHEN SUM(running) = 0 THEN
                       COALESCE(MAX(date) FILTER (WHERE running < 0), MAX(date))
                   END
              FROM daily
          GROUP BY id
            """,
            company=company.id,
            ids=list(ids),
            as_of=as_of,
        )
    )
    columns = [
        "id",
        "contracted",
        "effective",
        "running",
        "first_start_date",
        "end_date",
    ]
    return pd.DataFrame(rows, columns=columns).set_index("id")
