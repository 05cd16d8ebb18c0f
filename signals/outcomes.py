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

    Of a customer with several rows the first one counts: on which side it was then was
    left to chance, whereas what was done to it later may follow from how it went. Who
    is on both sides on that first day (two customers that were merged) is on neither.

    :param rows: DataFrame: ``customer_id`` (of the company), ``date`` (the day on which
        something was done, or was not), ``is_control`` (it was not), ``stratum`` (text:
        with whom they are compared)
    :param days: how many
    :param as_of: the day up to which is looked
    :return: DataFrame indexed by customer id: ``is_control``, ``stratum``, ``stayed``
        (it has a running subscription), ``mrr`` and ``clv``: what it gained since the
        day before; the MRR contracted, in company currency at the rates of that day
        (what a rate does is no gain); the CLV missing where one of a running
        subscription was not kept, before, and after the day itself
    """
    rows = first_rows(rows)
    ripe = rows[rows["date"] <= pd.Timestamp(as_of) - pd.Timedelta(days=days)]
    ripe = ripe.set_index("customer_id")
    eve = ripe["date"] - pd.Timedelta(days=1)
    before = standing(env, company, eve, as_of)
    after = standing(
        env, company, ripe["date"] + pd.Timedelta(days=days), as_of, ripe["date"]
    )
    return pd.DataFrame(
        {
            "is_control": ripe["is_control"].astype(bool),
            "stratum": ripe["stratum"],
            "stayed": after["is_running"],
            "mrr": (after["mrr"] - before["mrr"]).round(
                company.currency_id.decimal_places
            ),
            "clv": after["clv"] - before["clv"],
        }
    )


def first_rows(rows):
    """Return the row of each customer that counts; see :func:`outcomes`."""
    rows = rows.astype({"date": "datetime64[s]"})
    rows = rows.sort_values(["date", "customer_id", "stratum", "is_control"])
    day_one = rows[rows["date"] == rows.groupby("customer_id")["date"].transform("min")]
    sides = day_one.groupby("customer_id")["is_control"].transform("nunique")
    return day_one[sides == 1].drop_duplicates("customer_id")


def standing(env, company, days, as_of, since=None):
    """Return where customers stood, each on a day of its own.

    :param days: Series of days indexed by customer id
    :param as_of: what was recorded later is not looked at
    :param since: Series of earlier days: a CLV counts that was kept after them, and the
        rates of their eves are used, not those of ``days``
    :return: DataFrame indexed by customer id: ``is_running``, ``mrr``, ``clv`` as last
        kept of what ran (of what had given notice: 0; missing: not kept)
    """
    eve = days if since is None else since - pd.Timedelta(days=1)
    kept_from = days - pd.Timedelta(days=CLV_DAYS)
    if since is not None:
        kept_from = kept_from.clip(lower=since + pd.Timedelta(days=1))
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
            SELECT leg.customer_id, leg.eve, leg.currency_id, leg.running, leg.mrr,
                   CASE WHEN leg.running = 0 OR notice.given THEN 0 ELSE kept.clv
                   END AS clv
              FROM (
                SELECT asked.*, movement.subscription_res_id, movement.currency_id,
                       SUM(movement.running_delta) AS running,
                       SUM(movement.mrr_delta) AS mrr
                  FROM unnest(
                           %(customers)s::int[], %(days)s::date[], %(eves)s::date[],
                           %(kept_from)s::date[]
                       ) AS asked (customer_id, day, eve, kept_from)
                  JOIN subscription_movement movement
                    ON movement.customer_id = asked.customer_id
                   AND movement.date <= asked.day
                   AND movement.known_on <= %(as_of)s
              GROUP BY asked.customer_id, asked.day, asked.eve, asked.kept_from,
                       movement.subscription_res_id, movement.currency_id
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
                   AND date BETWEEN leg.kept_from AND leg.day
                   AND clv IS NOT NULL
              ORDER BY date DESC
                 LIMIT 1
              ) AS kept ON TRUE
             WHERE leg.running <> 0 OR leg.mrr <> 0
            """,
            customers=days.index.tolist(),
            days=[day.date() for day in days],
            eves=[day.date() for day in eve],
            kept_from=[day.date() for day in kept_from],
            as_of=as_of,
            company=company.id,
        ),
        {
            "customer_id": "int64",
            "currency_id": "int64",
            "running": "int64",
            "mrr": "float64",
            "clv": "float64",
        },
        ("eve",),
    )
    pairs = [
        (currency, day.date())
        for currency, day in zip(legs["currency_id"], legs["eve"], strict=True)
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
