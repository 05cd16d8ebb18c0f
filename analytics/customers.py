# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The scores of customers, from those of their running subscriptions."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from . import rfm
from .churn.bands import BANDS

#: So many days before its renewal an amount counts half.
HALF_DAYS = 90
_RULES = {
    "rfm_recency": "min",
    "rfm_frequency": "max",
    "renewed_months": "max",
    "rfm_monetary": "sum",
    "rfm_r": "max",
    "rfm_assumed": "any",
    "next_renewal_date": "min",
}


def aggregate(subscriptions: pd.DataFrame) -> pd.DataFrame:
    """Return the scores of the customers of one company, by customer.

    :param subscriptions: the running ones, with ``customer_id``, ``rfm_recency``,
        ``rfm_frequency``, ``renewed_months``, ``rfm_monetary``, ``rfm_r``,
        ``rfm_assumed`` and ``next_renewal_date``
    :return: these columns (least recency, most renewals, sum of monetary, best R, any
        assumed, earliest date; what is missing is left out) and ``rfm_f``,
        ``rfm_m``, ``rfm_score`` and ``rfm_segment`` among these customers
    """
    groups = subscriptions.groupby("customer_id", sort=True, observed=True)
    result = pd.DataFrame(
        {
            name: (
                # Nothing known is not 0.
                groups[name].sum(min_count=1)
                if rule == "sum"
                else groups[name].agg(rule)
            )
            for name, rule in _RULES.items()
        }
    )
    # Equal sums share a score, in whichever order they were added up.
    result["rfm_monetary"] = result["rfm_monetary"].round(6)
    result["rfm_r"] = result["rfm_r"].astype("Int8")
    return rfm.rank(result)


def risks(
    subscriptions: pd.DataFrame, high_value_share: float, digits: int
) -> pd.DataFrame:
    """Return the risk and value of customers.

    :param subscriptions: all of the company, with ``customer_id``, ``is_running``,
        ``mrr_company``, ``churn_score``, ``churn_risk``, ``mrr_at_risk``, ``clv``,
        ``clv_lower``, ``clv_upper`` and ``realised_revenue``
    :param high_value_share: see :func:`high_value`
    :param digits: to which sums are rounded
    :return: DataFrame indexed by customer id: the score weighted by MRR, the highest
        risk, and sums
    """
    running = subscriptions[subscriptions["is_running"]]
    scored = running[running["churn_score"].notna()]
    weights = scored["mrr_company"].where(scored["mrr_company"] > 0, 0.0)
    customer = scored["customer_id"]
    total = weights.groupby(customer).sum()
    weighted = (scored["churn_score"] * weights).groupby(customer).sum() / total
    plain = scored["churn_score"].groupby(customer).mean()
    order = pd.CategoricalDtype(list(BANDS), ordered=True)
    by_customer = running.groupby("customer_id")
    result = pd.DataFrame(
        {
            "churn_score": weighted.where(total > 0, plain).round(1),
            "churn_risk": running["churn_risk"]
            .astype(order)
            .groupby(running["customer_id"])
            .max()
            .astype(object),
            **{
                name: by_customer[name].sum()
                for name in ("mrr_at_risk", "clv", "clv_lower", "clv_upper")
            },
        }
    )
    realised = subscriptions.groupby("customer_id")["realised_revenue"].sum()
    result = result.reindex(result.index.union(realised.index))
    result["realised_revenue"] = realised
    result["is_high_value"] = high_value(result["clv"], high_value_share)
    return result.round(
        dict.fromkeys(
            ("mrr_at_risk", "clv", "clv_lower", "clv_upper", "realised_revenue"), digits
        )
    )


def worklist(customers: pd.DataFrame, as_of: date, digits: int) -> pd.Series:
    """Return by which amount customers are put in order, the most urgent first.

    Churn score ÷ 100 × MRR × 90 ÷ (90 + days to the next renewal): all of it on the day
    of the renewal, half of it 90 days before, a fifth a year before.

    :param customers: ``churn_score``, ``mrr`` and ``next_renewal_date``
    :return: missing where there is no score, or no renewal is known
    """
    until = customers["next_renewal_date"] - pd.Timestamp(as_of)
    days = until.dt.days.clip(lower=0)
    expected = customers["churn_score"] / 100 * customers["mrr"]
    return (expected * HALF_DAYS / (HALF_DAYS + days)).round(digits)


def high_value(values: pd.Series, share: float) -> pd.Series:
    """Return which are among the share of highest values, equal ones alike.

    :param values: CLV, missing of what does not run
    :param share: 0.2 for the highest fifth
    :return: missing where they are
    """
    known = values.dropna()
    number = int(len(known) * share)
    least = known.nlargest(number).iloc[-1] if number else np.inf
    return ((known >= least) & (known > 0)).astype(object).reindex(values.index)
