# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Reads a company's past as a churn model learns from it; writes nothing."""

from typing import NamedTuple

import pandas as pd

from ..analytics.churn.panel import observation_dates, rows, window
from ..analytics.lifecycle import stage
from ..signals.frame import whole_sets
from ..signals.notices import notice_events, notices
from ..signals.price import frequent_products
from ..signals.renewals import recurring_invoices
from ..signals.runs import runs
from ..signals.table import SIGNALS, table
from .scoring import subscription_lives, subscription_scores

#: Rows of a panel at most: of larger companies some customers, always the same ones.
MOST_ROWS = 50_000
#: Dates of observation at most, the newest ones.
MOST_DATES = 24


class Panel(NamedTuple):
    """Subscriptions on dates of the past, and whether they left within the horizon.

    All have the same rows: ``signals`` (columns of :mod:`..signals.table`), ``churned``
    (bool), ``when`` (date of observation), ``customers`` (ids)
    """

    signals: pd.DataFrame
    churned: pd.Series
    when: pd.Series
    customers: pd.Series

    def segments(self, company):
        """Return plan and lifecycle stage, by which a model is looked at as well."""
        stages = stage(
            self.signals["tenure_months"],
            True,
            company.subscription_stability_months,
            company.subscription_loyal_months,
        )
        return pd.DataFrame(
            {"plan": self.signals["plan"], "lifecycle_stage": stages.astype(object)}
        )


def observed(env, company, as_of, products, ids=None):
    """Return the signals of what runs as of a date.

    :param products: ids of the products to have columns for (None: the most frequent)
    :param ids: only these subscriptions
    """
    invoices = recurring_invoices(env, company, as_of)
    scores = subscription_scores(env, company, as_of, invoices=invoices)
    return table(env, company, as_of, ids, scores, invoices, products)


def lives(env, company, known_by):
    """Return the runs of subscriptions and what is known of their ends.

    :return: DataFrame as :func:`..analytics.churn.panel.rows` takes it
    """
    frame = runs(env, company, known_by)
    continued = set(
        subscription_lives(env, company, known_by)["predecessor_id"].dropna()
    )
    # A successor continues the last run: the end of an earlier one was churn.
    last = ~frame.duplicated("subscription_id", keep="last")
    frame["has_successor"] = frame["subscription_id"].isin(continued) & last
    frame["notice_date"] = _notices(env, company, known_by, frame)
    return frame


def _notices(env, company, known_by, frame):
    """Return when notice became known that was given during a run, if it was."""
    events = notice_events(env, company, known_by)
    events = events[events["withdrawn_on"].isna()]
    given = frame.reset_index(names="run").merge(events, on="subscription_id")
    during = (given["notice_date"] >= given["start_date"]) & ~(
        given["notice_date"] >= given["end_date"]
    )
    given = given[during]
    known = given[["notice_date", "known_on"]].max(axis=1)
    return known.groupby(given["run"]).min().reindex(frame.index)


def panel(env, company, known_by, horizon, anchor=None, step=None):
    """Return what a model learns from what was known by a date.

    One row for each subscription and date of observation on which it ran and no notice
    was given, with its signals as of that date. Dates before the first recorded end
    tell nothing: an imported history holds survivors only.

    :param horizon: :class:`..analytics.churn.panel.Horizon`
    :param anchor: count months back from this date (None: from month ends)
    :param step: called before each date with the number done and of all
    :return: :class:`Panel`, None without a date whose horizon has passed
    """
    past = lives(env, company, known_by)
    if past.empty:
        return None
    first = past["start_date"].min().date()
    dates = observation_dates(first, known_by, horizon, anchor, most=MOST_DATES)
    dates = window(past["end_date"], dates)
    dates = _settled(company, past, dates, known_by, horizon)
    outcomes = [outcome(env, company, past, day, horizon) for day in dates]
    keep = _sample(past["customer_id"], sum(map(len, outcomes)))
    # The same ones on all dates: those that are sold most in the end.
    products = frequent_products(env, company, dates[-1]) if dates else []
    parts = []
    for number, (day, found) in enumerate(zip(dates, outcomes, strict=True)):
        if step:
            step(number, len(dates))
        found = found[found["customer_id"].isin(keep)]
        # The caller commits between dates.
        with env.cr.savepoint(), whole_sets(env):
            signals = observed(env, company, day, products, found.index)
        found = found[found.index.isin(signals.index)]
        parts.append(
            Panel(
                signals.loc[found.index],
                found["churned"],
                pd.Series(pd.Timestamp(day), found.index),
                found["customer_id"],
            )
        )
    if not parts:
        return None
    rows = Panel(
        *(pd.concat(part, ignore_index=True) for part in zip(*parts, strict=False))
    )
    # Dates with different levels are joined as text, and a plan's number is no amount.
    categories = [name for name, signal in SIGNALS.items() if signal.kind == "category"]
    return rows._replace(
        signals=rows.signals.astype(dict.fromkeys(categories, "category"))
    )


def outcome(env, company, past, day, horizon):
    """Return who left within the horizon after a day, of those that are predicted.

    Not predicted is who had given notice by then, even one that was withdrawn later.

    :param past: from :func:`lives`
    :return: DataFrame indexed by subscription id: ``churned`` (bool), ``customer_id``
    """
    found = rows(past.set_index("subscription_id"), [day], horizon)
    found = found.set_index("subscription_id").rename_axis("id")
    return found[~found.index.isin(notices(env, company, day).index)]


def _settled(company, past, dates, known_by, horizon):
    """Return the dates in whose horizon no end lies that may still be continued."""
    grace = pd.Timedelta(days=company.subscription_grace_days)
    ends = past["end_date"]
    open_ = ends[
        (ends <= pd.Timestamp(known_by)) & (ends > pd.Timestamp(known_by) - grace)
    ]
    first = open_.min()
    return [
        day for day in dates if pd.isna(first) or pd.Timestamp(horizon.end(day)) < first
    ]


def _sample(customers, rows):
    """Return the customers to learn from, so that a panel has not too many rows."""
    unique = pd.Series(customers.dropna().unique()).astype("int64")
    share = pd.util.hash_array(unique.to_numpy()) / 2**64
    return set(unique[share < MOST_ROWS / max(rows, 1)])
