# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""When subscriptions ran, by the ledger as of a date."""

import pandas as pd

from odoo.tools import SQL

from .frame import read
from .positions import known


def runs(env, company, as_of):
    """Return every run of a company's subscriptions, in the order of their starts.

    A break of no more than the company's grace days does not end a run, nor does what
    cancels out within a day.

    :return: DataFrame ``subscription_id``, ``customer_id`` (of the start),
        ``start_date``, ``end_date`` (first day not running, NaT: it runs)
    """
    env["subscription.movement"].flush_model()
    changes = read(
        env,
        SQL(
            """
            SELECT subscription_res_id AS subscription_id, date,
                   MAX(customer_id) FILTER (WHERE running_delta > 0) AS customer_id,
                   SUM(running_delta) AS running
              FROM subscription_movement
             WHERE %(known)s AND running_delta <> 0
          GROUP BY subscription_res_id, date
            HAVING SUM(running_delta) <> 0
          ORDER BY subscription_res_id, date
            """,
            known=known(company, as_of, SQL("TRUE")),
        ),
        {"subscription_id": "int64", "customer_id": "Int64", "running": "int64"},
        ("date",),
    )
    following = changes.groupby("subscription_id")["date"].shift(-1)
    starts = changes["running"] > 0
    result = changes[starts].assign(end_date=following[starts])
    result = result.rename(columns={"date": "start_date"}).drop(columns="running")
    grace = pd.Timedelta(days=company.subscription_grace_days)
    last_end = result.groupby("subscription_id")["end_date"].shift()
    goes_on = (result["start_date"] - last_end) <= grace
    number = (~goes_on).cumsum()
    ends = result.loc[~number.duplicated(keep="last"), "end_date"]
    result = result[~number.duplicated()].reset_index(drop=True)
    result["end_date"] = ends.array
    return result
