# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Which features subscriptions used in the last 90 days, and those that left before.

Features whose use was not reported on all of these days are left out: that one was not
used then says nothing. So are those that nobody used in the last 30 days, for which
reports may have ended, archived ones, and logins.
"""

import pandas as pd

from odoo.tools import SQL

from .frame import read
from .usage import read_others, use_of_feature

#: The bits of a part, see :func:`.usage.use_of_feature`.
LATEST, FIRST = 0b001, 0b100


def feature_use(env, use, left):
    """Return which features were used: three DataFrames, a boolean column for each.

    :param use: see :func:`.usage.read_use`
    :param left: DataFrame by id of subscriptions that ended in the last two of the
        three parts: ``first_start_date`` and ``template_id``
    :return: used by those that run; in the first of the three parts only; in that one
        by those that left. Without columns: of no feature is enough known
    """
    feed = use.feed
    first_days = feed.first_days
    active = env["subscription.feature"].sudo().search([("id", "in", feed.features)])
    parts = {
        id_: use_of_feature(feed, use.used, id_)
        for id_ in active.sorted("id").ids
        if feed.covers(2, first_days[id_])
    }
    parts = {id_: part for id_, part in parts.items() if (part & LATEST).any()}
    others = {}
    if parts:
        used = read_others(env, feed, left)
        others = {id_: use_of_feature(feed, used, id_) for id_ in parts}
    return (
        pd.DataFrame({id_: part > 0 for id_, part in parts.items()}, use.used.index),
        _used_first(parts, use.used.index),
        _used_first(others, left.index),
    )


def plan_limits(env, use):
    """Return how much plans include of features in a month: DataFrame, plan by feature.

    Of the plans that run, now. Infinite: used and not limited; 0: not limited and not
    used by anybody on the plan in the last 90 days, so it may not be included.
    """
    env["subscription.feature.limit"].flush_model()
    limits = read(
        env,
        SQL(
            "SELECT template_id, feature_id, usage_limit"
            " FROM subscription_feature_limit"
        ),
        {"template_id": "int64", "feature_id": "int64", "usage_limit": "float64"},
    )
    plans = use.lives["template_id"].dropna().astype("int64")
    limited = limits["feature_id"].drop_duplicates().sort_values()
    table = limits.pivot(
        index="template_id", columns="feature_id", values="usage_limit"
    )
    table = table.reindex(index=plans.drop_duplicates().sort_values(), columns=limited)
    for id_ in limited:
        using = pd.Series(False, table.index)
        if id_ in use.feed.features:
            used = use_of_feature(use.feed, use.used, id_) > 0
            using |= table.index.isin(plans[used.reindex(plans.index)])
        free = using.map({True: float("inf"), False: 0.0})
        table[id_] = table[id_].fillna(free)
    return table


def _used_first(parts, index):
    return pd.DataFrame({id_: part & FIRST > 0 for id_, part in parts.items()}, index)
