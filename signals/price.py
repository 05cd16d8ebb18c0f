# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What subscriptions cost, how that changed, and what is sold by them, as of a date.

Core subscriptions have no discount that ends: when offers exist, the days until theirs
end belong here.
"""

import numpy as np
import pandas as pd

from odoo.tools import SQL
from odoo.tools.translate import LazyTranslate

from .frame import only, read
from .positions import known
from .running import chosen, running_subscriptions
from .signal import Signal
from .terms import products as held_products

# pylint: disable=prefer-env-translation
_lt = LazyTranslate(__name__)  # there is no environment yet

WINDOWS = (30, 90, 180)
#: For how many products, the most frequent ones, there is a column.
PRODUCTS = 12
PREFIX = "product_"

NO_TERMS = "When its terms are not known."
SIGNALS = (
    Signal(
        "plan",
        "category",
        "",
        _lt("Plan"),
        _lt("The subscription template, by its number."),
        NO_TERMS,
    ),
    Signal(
        "mrr",
        "number",
        "company currency",
        _lt("MRR"),
        _lt("Contracted monthly recurring revenue, at the rate of the day."),
        "Never.",
    ),
    Signal(
        "mrr_to_plan_median",
        "number",
        "ratio",
        _lt("MRR against the plan's median"),
        _lt(
            "MRR divided by the median MRR of the running subscriptions of its plan: 1 "
            "is as usual."
        ),
        "When its plan is not known or usually costs nothing.",
    ),
    *(
        Signal(
            f"{kind}_{days}d",
            "number",
            "percent",
            label,
            help_,
            "When there was no MRR before to compare with.",
        )
        for kind, texts in (
            (
                "contraction",
                (
                    (
                        _lt("MRR lost in 30 days"),
                        _lt("Reductions of the MRR in the last 30 days, in % of it."),
                    ),
                    (
                        _lt("MRR lost in 90 days"),
                        _lt("Reductions of the MRR in the last 90 days, in % of it."),
                    ),
                    (
                        _lt("MRR lost in 180 days"),
                        _lt("Reductions of the MRR in the last 180 days, in % of it."),
                    ),
                ),
            ),
            (
                "expansion",
                (
                    (
                        _lt("MRR gained in 30 days"),
                        _lt("Increases of the MRR in the last 30 days, in % of it."),
                    ),
                    (
                        _lt("MRR gained in 90 days"),
                        _lt("Increases of the MRR in the last 90 days, in % of it."),
                    ),
                    (
                        _lt("MRR gained in 180 days"),
                        _lt("Increases of the MRR in the last 180 days, in % of it."),
                    ),
                ),
            ),
        )
        for days, (label, help_) in zip(WINDOWS, texts, strict=True)
    ),
    Signal(
        "discount",
        "number",
        "share",
        _lt("Discount"),
        _lt("What the lines take off the amounts before discount."),
        "When its terms are not known or there are no amounts.",
    ),
    Signal(
        "product_count",
        "number",
        "",
        _lt("Products"),
        _lt("How many different products it holds."),
        NO_TERMS,
    ),
)


def price(env, company, as_of, ids=None, running=None, products=None):
    """Return :data:`SIGNALS` of running subscriptions and one column per product.

    :param running: see :func:`.running.running_subscriptions`, if it is at hand
    :param products: ids of the products to have columns for, see
        :func:`product_signals` (None: the most frequent ones of the company, see
        :func:`frequent_products`)
    """
    if running is None:
        running = running_subscriptions(env, company, as_of)
    own = chosen(running, ids)
    plan_median = running.groupby("template_id")["mrr_company"].median()
    usual = own["template_id"].map(plan_median).astype(float).replace(0.0, np.nan)
    result = pd.DataFrame(
        {
            "plan": own["template_id"].astype("string").astype("category"),
            "mrr": own["mrr_company"],
            "mrr_to_plan_median": own["mrr_company"] / usual,
            "discount": own["discount"],
            "product_count": own["product_count"].astype(float),
        }
    )
    result = result.join(_changes(own, _changed(env, company, as_of, ids)))
    result = result[[signal.name for signal in SIGNALS]]
    return result.join(_products(env, company, as_of, ids, running, products))


def frequent_products(env, company, as_of):
    """Return the products that most running subscriptions hold, most frequent first."""
    running = running_subscriptions(env, company, as_of)
    return _frequent(held_products(env, company, as_of), running)


def product_signals(env, products):
    """Return what the columns of products mean, by their names.

    :param products: ids; one that was deleted since is called by its id
    """
    records = env["product.product"].with_context(active_test=False)
    names = {
        product.id: product.display_name
        for product in records.browse(products).exists()
    }
    return tuple(
        Signal(
            f"{PREFIX}{id_}",
            "number",
            "",
            names.get(id_, str(id_)),
            _lt("1 where the subscription holds this product, 0 where it does not."),
            NO_TERMS,
        )
        for id_ in products
    )


def products_of(names):
    """Return the ids of the products that columns are of."""
    rest = [name.removeprefix(PREFIX) for name in names if name.startswith(PREFIX)]
    # The number of products is a signal with a name like theirs.
    return [int(name) for name in rest if name.isdecimal()]


def _frequent(held, running):
    """Return the ids of the most frequent products, the lower id first of equals."""
    counts = held["product_id"][held["subscription_id"].isin(running.index)]
    counts = counts.value_counts().rename_axis("id").reset_index()
    counts = counts.sort_values(["count", "id"], ascending=[False, True])
    return counts["id"].head(PRODUCTS).tolist()


def _products(env, company, as_of, ids, running, products):
    """Return which products subscriptions hold, one column of 0 and 1 for each."""
    # Which are frequent is for the company to say, not for those that are asked for.
    held = held_products(env, company, as_of, ids if products is not None else None)
    if products is None:
        products = _frequent(held, running)
    own = chosen(running, ids)
    rows = own.index.get_indexer(held["subscription_id"])
    columns = pd.Index(products, dtype="int64").get_indexer(held["product_id"])
    found = (rows >= 0) & (columns >= 0)
    holds = np.zeros((len(own), len(products)))
    holds[rows[found], columns[found]] = 1.0
    holds[own["product_count"].isna()] = np.nan
    return pd.DataFrame(
        holds, own.index, [f"{PREFIX}{product}" for product in products]
    )


def _changes(own, changed):
    """Return contraction and expansion in percent of the MRR before each window.

    What it was before is what it is now less what changed since; of one that started
    within the window, what it started with.
    """
    changed = changed.reindex(own.index).fillna(0.0)
    result = pd.DataFrame(index=own.index)
    for days in WINDOWS:
        lost, gained = changed[f"lost_{days}"], changed[f"gained_{days}"]
        before = (own["mrr"] + lost - gained).round(6)
        before = before.where(before > 0)
        result[f"contraction_{days}d"] = 100 * lost / before
        result[f"expansion_{days}d"] = 100 * gained / before
    return result


def _changed(env, company, as_of, ids):
    """Return what subscriptions lost and gained in each window since they last started.

    In their own currency; one that changes it ends and starts again. What cancels out
    within a day is no change.

    :return: DataFrame indexed by subscription id: ``lost_…`` and ``gained_…`` (both
        positive) for each of :data:`WINDOWS`
    """
    env["subscription.movement"].flush_model()
    sums = SQL(", ").join(
        SQL(
            "COALESCE(SUM(%s delta) FILTER (WHERE delta %s 0"
            " AND date > %s::date - %s), 0) AS %s",
            SQL(sign),
            SQL(side),
            as_of,
            days,
            SQL.identifier(f"{name}_{days}"),
        )
        for name, sign, side in (("lost", "-", "<"), ("gained", "", ">"))
        for days in WINDOWS
    )
    return read(
        env,
        SQL(
            """
            SELECT id, %(sums)s
              FROM (
                SELECT *,
                       MAX(date) FILTER (WHERE running > 0) OVER (PARTITION BY id)
                           AS started
                  FROM (
                    SELECT subscription_res_id AS id, currency_id, date,
                           SUM(mrr_delta) AS delta, SUM(running_delta) AS running
                      FROM subscription_movement
                     WHERE %(known)s AND date > %(as_of)s::date - %(days)s
                  GROUP BY subscription_res_id, currency_id, date
                    HAVING SUM(mrr_delta) <> 0 OR SUM(running_delta) <> 0
                  ) AS daily
              ) AS change
             WHERE started IS NULL OR date > started
          GROUP BY id
            """,
            sums=sums,
            known=known(company, as_of, only("subscription_res_id", ids)),
            as_of=as_of,
            days=max(WINDOWS),
        ),
        {
            "id": "int64",
            **{
                f"{name}_{days}": "float64"
                for name in ("lost", "gained")
                for days in WINDOWS
            },
        },
    ).set_index("id")
