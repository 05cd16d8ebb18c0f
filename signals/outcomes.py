# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What became of customers so many days after something was done.

A report: it goes by the days on which things took effect, so that what was recorded
late counts where it belongs. Of what was known as of a date it never changes.
"""

import pandas as pd

from odoo.tools import SQL

from .frame import read
from .rates import company_rates

#: A CLV that was kept so long before still counts: it is kept once a month.
CLV_DAYS = 35


def outcomes(env, company, rows, days, as_of):
    """Return what became of customers some days later, of those where these are over.

    Of a customer with several rows the first one counts.

    :param rows: DataFrame: ``customer_id`` (of the company), ``date`` (the day on which
        something was done, or was not), ``is_control`` (it was not)
    :param days: how many
    :param as_of: the day up to which is looked
    :return: DataFrame indexed by customer id: ``is_control``, ``stayed`` (it has a
        running subscription), ``mrr`` and ``clv``: what it gained since the day before,
        contracted, in company currency at the rates of both days; the CLV missing where
        one of a running subscription was not kept
    """
    rows = rows.astype({"date": "datetime64[s]"})
    rows = rows.sort_values(["date", "customer_id"]).drop_duplicates("customer_id")
    ripe = rows[rows["date"] <= pd.Timestamp(as_of) - pd.Timedelta(days=days)]
    ripe = ripe.set_index("customer_id")
    eve = ripe["date"] - pd.Timedelta(days=1)
    before = standing(env, company, eve, as_of)
    after = standing(env, company, ripe["date"] + pd.Timedelta(days=days), as_of)
    return pd.DataFrame(
        {
            "is_control": ripe["is_control"].astype(bool),
            "stayed": after["is_running"],
            "mrr": (after["mrr"] - before["mrr"]).round(
                company.currency_id.decimal_places
            ),
            "clv": after["clv"] - before["clv"],
        }
    )


def standing(env, company, days, as_of):
    """Return where customers stood, each on a day of its own.

    :param days: Series of days indexed by customer id
    :param as_of: what was recorded later is not looked at
    :return: DataFrame indexed by customer id: ``is_running``, ``mrr``, ``clv`` as last
        kept of what ran (of what had given notice: 0; missing: not kept)
    """
    for name in (
        "subscription.movement",
        "subscription.notice",
        "subscription.score.history",
    ):
        env[name].flush_model()
    legs = read(
        env,
        SQL(
            """
            SELECT leg.customer_id, leg.day, leg.currency_id, leg.running, leg.mrr,
                   CASE WHEN leg.running = 0 OR notice.given THEN 0 ELSE kept.clv
                   END AS clv
              FROM (
                SELECT asked.customer_id, asked.day, movement.subscription_res_id,
                       movement.currency_id,
                       SUM(movement.running_delta) AS running,
                       SUM(movement.mrr_delta) AS mrr
                  FROM unnest(%(customers)s::int[], %(days)s::date[])
                       AS asked (customer_id, day)
                  JOIN subscription_movement movement
                    ON movement.customer_id = asked.customer_id
                   AND movement.date <= asked.day
                   AND movement.known_on <= %(as_of)s
              GROUP BY asked.customer_id, asked.day, movement.subscription_res_id,
                       movement.currency_id
              ) AS leg
     LEFT JOIN LATERAL (
                SELECT TRUE AS given
                  FROM subscription_notice
                 WHERE subscription_id = leg.subscription_res_id
                   AND date <= leg.day
                   AND known_on <= %(as_of)s
                   AND COALESCE(withdrawn_on > leg.day, TRUE)
                   AND COALESCE(closed_on > leg.day, TRUE)
                 LIMIT 1
              ) AS notice ON TRUE
     LEFT JOIN LATERAL (
                SELECT clv
                  FROM subscription_score_history
                 WHERE subscription_id = leg.subscription_res_id
                   AND company_id = %(company)s
                   AND date BETWEEN leg.day - %(clv_days)s AND leg.day
                   AND clv IS NOT NULL
              ORDER BY date DESC
                 LIMIT 1
              ) AS kept ON TRUE
             WHERE leg.running <> 0 OR leg.mrr <> 0
            """,
            customers=days.index.tolist(),
            days=[day.date() for day in days],
            as_of=as_of,
            company=company.id,
            clv_days=CLV_DAYS,
        ),
        {
            "customer_id": "int64",
            "currency_id": "int64",
            "running": "int64",
            "mrr": "float64",
            "clv": "float64",
        },
        ("day",),
    )
    pairs = [
        (currency, day.date())
        for currency, day in zip(legs["currency_id"], legs["day"], strict=True)
    ]
    rates = company_rates(env, company, pairs)
    legs["mrr"] *= [float(rates[pair]) for pair in pairs]
    legs["unkept"] = legs["clv"].isna()
    total = legs.groupby("customer_id")[["running", "mrr", "clv", "unkept"]].sum()
    total = total.reindex(days.index, fill_value=0)
    return pd.DataFrame(
        {
            "is_running": total["running"] > 0,
            "mrr": total["mrr"],
            "clv": total["clv"].where(total["unkept"] == 0),
        }
    )
