# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What to show or sell to a subscription next, by how it and its like are used.

*Next feature*: of the features that it does not use, the one that most of those who
stay on its plan use. Told only of features that at least half of them use, and not of
those that the ones who left had used nearly as often: what everybody uses keeps nobody.

*Next plan*: the cheapest one that costs more and includes more of what is running out.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

#: A plan tells of its features from so many on that stay,
FEWEST_STAYERS = 20
#: of those that at least this share of them uses,
LEAST_SHARE = 0.5
#: and that they used so many times as often as those who left,
LEAST_LIFT = 1.1
#: where so many left; of fewer nothing is known, and the share alone counts.
FEWEST_LEAVERS = 10
#: A limit is near from this share of it on.
NEAR = 0.8
#: What a plan costs is told from so many on that pay for it.
FEWEST_PRICES = 3


class Worth(NamedTuple):
    """What features say of staying on each plan: DataFrames, plan by feature.

    ``share`` of those who stay that use it, missing: too few stay; ``lift``: how many
    times as often they used it, some time ago, as those who have left since, missing:
    too few left.
    """

    share: pd.DataFrame
    lift: pd.DataFrame


def worth(
    stayers: pd.Series,
    used: pd.DataFrame,
    used_then: pd.DataFrame,
    leavers: pd.Series,
    left_used_then: pd.DataFrame,
) -> Worth:
    """Return what features say of staying.

    :param stayers: the plan of those who stay
    :param used: which of the features they use, a boolean column for each
    :param used_then: which they used when those who left were still there
    :param leavers: the plan of those who have left since
    :param left_used_then: which of the features these used then
    """
    share, _count = _shares(stayers, used, FEWEST_STAYERS)
    then, _count = _shares(stayers, used_then, FEWEST_STAYERS)
    left, count = _shares(leavers, left_used_then, FEWEST_LEAVERS)
    left = left.reindex(share.index)
    # None of those who left counts as one of them.
    floor = 1 / count.reindex(share.index)
    return Worth(share, then / left.clip(lower=floor, axis=0))


def next_features(
    plans: pd.Series, used: pd.DataFrame, worth: Worth, keys=()
) -> pd.DataFrame:
    """Return the feature to show to each subscription, and the share of its plan.

    Of equals a key feature goes first, then the lower id.

    :param plans: the plan of each, missing: unknown
    :param used: which features each of them uses, a boolean column for each
    :param keys: the ids of key features
    :return: DataFrame: ``feature`` and ``share``, missing: nothing to show
    """
    good = worth.share.ge(LEAST_SHARE) & ~worth.lift.lt(LEAST_LIFT)
    shares = worth.share.where(good)
    plans = plans.astype("float64")
    best = np.zeros(len(plans))
    feature = np.full(len(plans), np.nan)
    for id_ in sorted(used.columns, key=lambda id_: (id_ not in keys, id_)):
        share = plans.map(shares[id_]).to_numpy(float, na_value=np.nan)
        better = ~used[id_].to_numpy(bool) & (share > best)
        best[better] = share[better]
        feature[better] = id_
    found = pd.DataFrame({"feature": feature, "share": best}, plans.index)
    return found.where(found["feature"].notna())


def next_plans(
    subscriptions: pd.DataFrame, plans: pd.DataFrame, limits: pd.DataFrame
) -> pd.Series:
    """Return the plan to offer to each subscription whose limit is near.

    One that usually costs more than its own plan and than itself, includes more of the
    feature whose limit is near and no less of any other that its own plan limits. With
    the same billing period if there is one; of these the cheapest, then the lower id.

    :param subscriptions: ``plan``, ``mrr``, ``feature`` (the limit of which is the
        nearest) and ``share`` of it, missing: unknown
    :param plans: by plan: ``price`` (usual MRR), ``count`` of those that pay it,
        ``period``, ``is_premium``: there is no higher one
    :param limits: plan by feature, infinite: not limited, 0: not included
    :return: Series of plans, missing: none to offer
    """
    sold = plans[plans["count"].ge(FEWEST_PRICES) & plans.index.isin(limits.index)]
    near = subscriptions[subscriptions["share"].ge(NEAR)].dropna(subset="plan")
    near = near[near["plan"].isin(sold.index[~sold["is_premium"]])]
    included = limits.loc[sold.index].to_numpy()
    price, period = sold["price"].to_numpy(), sold["period"].to_numpy()
    mrr = near["mrr"].to_numpy()
    found = np.full(len(near), np.nan)
    for (plan, feature), rows in near.groupby(["plan", "feature"]).indices.items():
        place, column = sold.index.get_loc(plan), limits.columns.get_loc(feature)
        own = included[place]
        limited = np.isfinite(own) & (own > 0)
        larger = (
            (price > price[place])
            & (included[:, column] > own[column])
            & (included[:, limited] >= own[limited]).all(axis=1)
        )
        order = np.lexsort((sold.index, price, period != period[place]))
        # From the last choice to the first one, which stays.
        for choice in order[larger[order]][::-1]:
            found[rows[mrr[rows] < price[choice]]] = sold.index[choice]
    return pd.Series(found, near.index).reindex(subscriptions.index)


def _shares(plans, used, fewest):
    """Return the share of each plan that uses features, and how many there are.

    Missing of plans with fewer.
    """
    plans = plans.astype("float64")
    count = plans.value_counts()
    count = count[count >= fewest]
    shares = used.astype("float64").groupby(plans).mean()
    return shares.reindex(count.index.sort_values()), count
