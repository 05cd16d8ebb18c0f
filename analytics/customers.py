# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The scores of customers, from those of their running subscriptions."""

from __future__ import annotations

import pandas as pd

from . import rfm

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
