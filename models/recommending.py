# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Has the next feature and plan of a company's subscriptions chosen; writes nothing."""

from datetime import timedelta

import numpy as np
import pandas as pd

from ..analytics import recommend
from ..signals.feature_use import feature_use, plan_limits

RECOMMENDED = [
    "next_feature_id",
    "next_feature_share",
    "next_plan_id",
    "next_plan_feature_id",
]
#: The stages of those whose staying is worth following.
STAYING = ["stability", "loyal"]


def with_recommendations(env, frame, use):
    """Return the subscriptions of a company with what to show or offer to them.

    Nothing of those whose use is not known, and of those that have given notice.

    :param frame: from :func:`.churn_scoring.with_risk`, all of the company
    :param use: from :func:`..signals.usage.read_use`
    :return: the frame with :data:`RECOMMENDED`
    """
    if use.lives is None:
        return frame.assign(**dict.fromkeys(RECOMMENDED, np.nan))
    running = use.lives.index
    known = frame["signal_features_30d"].reindex(running).notna()
    known &= frame["churn_state"].reindex(running).ne("not_applicable")
    known = running[known]
    features = _next_features(env, frame, use, known)
    plans = _next_plans(env, use, known)
    return frame.join(features).join(plans)


def _next_features(env, frame, use, known):
    first, last = use.feed.parts[2] + timedelta(days=1), use.feed.parts[1]
    throughout = frame["run_start"] <= pd.Timestamp(first)
    # While all of them ran, in the first 30 of the 90 days, their use compares.
    left = frame[
        throughout
        & frame["lifecycle_stage"].eq("churned")
        & frame["end_date"].gt(pd.Timestamp(last))
    ]
    used, used_then, left_used_then = feature_use(env, use, left)
    plans = use.lives["template_id"]
    stay = throughout & frame["lifecycle_stage"].isin(STAYING)
    stayers = known[stay.reindex(known)]
    worth = recommend.worth(
        plans[stayers],
        used.loc[stayers],
        used_then.loc[stayers],
        left["template_id"],
        left_used_then,
    )
    found = recommend.next_features(
        plans[known], used.loc[known], worth, set(use.feed.keys)
    )
    return pd.DataFrame(
        {
            "next_feature_id": found["feature"].astype("Int64"),
            "next_feature_share": found["share"].round(2),
        }
    )


def _next_plans(env, use, known):
    plans = use.lives["template_id"]
    paid = use.running[use.running["mrr_company"] > 0]
    groups = paid.groupby("template_id")
    premium = (
        env["sale.subscription.template"].sudo().search([("is_premium", "=", True)])
    )
    prices = pd.DataFrame(
        {
            "price": groups["mrr_company"].median(),
            "count": groups.size(),
            "period": groups["unit"].first().astype(str)
            + groups["interval"].first().astype(str),
        }
    )
    prices.index = prices.index.astype("int64")
    prices["is_premium"] = prices.index.isin(premium.ids)
    found = recommend.next_plans(
        pd.DataFrame(
            {
                "plan": plans[known],
                "mrr": use.running["mrr_company"].reindex(known),
                "feature": use.nearest["feature_id"].reindex(known),
                "share": use.nearest["share"].reindex(known),
            }
        ),
        prices,
        plan_limits(env, use),
    )
    return pd.DataFrame(
        {
            "next_plan_id": found.astype("Int64"),
            "next_plan_feature_id": use.nearest["feature_id"]
            .reindex(known)
            .where(found.notna())
            .astype("Int64"),
        }
    )
