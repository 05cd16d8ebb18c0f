# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Customer lifetime value: the discounted gross margin that is still to come.

    CLV = margin · MRR · months per period · Σ S(n + k) / S(n − 1) / (1 + d)^(wait + k)

summed over the payments k = 0, 1, … that lie within the horizon: S is the survival of
the subscription's cohort (:mod:`.survival`), n the contract period it is in, d the
discount per period and the wait the part of the present period that is still to come.
The sum is the discounted expected residual lifetime (DERL) of Fader and Hardie,
"Customer-Base Valuation in a Contractual Setting", Marketing Science 29(1), 2010: it
begins with the payment after the next decision to stay. The present period is paid for
and belongs to the realised revenue.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from .periods import months
from .survival import LEVELS, Survival

#: How far a churn score tells of the time after its horizon: hazards are multiplied by
#: what the score says, at most by this and at least by 1 through this.
MOST_RATIO = 3.0
#: Nobody leaves, and nobody stays, for certain.
SURE = 1e-4


def lifetime_value(
    subscriptions: pd.DataFrame,
    survival: Survival,
    rate: float,
    horizon: float,
    score_months: float = 3.0,
) -> pd.DataFrame:
    """Return the CLV of running subscriptions with its 95 % interval.

    The interval is that of the expected value (how well the cohort's hazards are
    known), not of what one customer will bring.

    A subscription with a churn score leaves within the score's horizon with just that
    probability, at the decisions that lie in it. Afterwards the hazards of its cohort
    apply, multiplied by the ratio of what the score says to what the cohort's hazards
    say, within ``MOST_RATIO``. Where no decision lies in the horizon, that ratio is
    taken of a part of the present period, and only multiplies.

    :param subscriptions: ``plan``, ``unit``, ``interval``; ``periods`` (whole contract
        periods lived); ``months_to_renewal`` (until the next decision, limited to one
        period; missing: half of it); ``mrr`` (company currency); ``margin`` (share of
        it, 0 to 1); ``churn`` (probability within ``score_months``; missing: the
        cohort's hazards apply)
    :param rate: discount rate per year, 0.1 for 10 %
    :param horizon: months of which payments count, one that reaches beyond it in part
    :return: same index; ``clv``, ``clv_lower``, ``clv_upper`` (company currency, not
        rounded) and ``clv_level`` (of the cohort's curve, see
        :class:`.survival.Curve`); missing where MRR, margin, period or tenure is, or
        nothing is known of how long subscriptions stay
    """
    columns = ("periods", "mrr", "margin", "churn")
    lived, mrr, margin, churn = (
        subscriptions[name].to_numpy(dtype=float, na_value=np.nan) for name in columns
    )
    length = months(subscriptions["unit"], subscriptions["interval"]).to_numpy()
    cohort, curves = _cohorts(subscriptions, survival, length)
    rows = np.flatnonzero(
        (cohort >= 0) & ~np.isnan(lived) & ~np.isnan(mrr) & ~np.isnan(margin)
    )
    length, cohort = length[rows], cohort[rows]
    until = subscriptions["months_to_renewal"].to_numpy(dtype=float, na_value=np.nan)
    wait = np.clip(until[rows], 0, length)
    wait = np.where(np.isnan(wait), length / 2, wait)
    ahead = _Ahead(
        curves,
        cohort,
        lived[rows].astype(np.int64),
        length,
        wait,
        horizon,
        score_months,
    )
    value = np.full((3, len(subscriptions)), np.nan)
    value[:, rows] = (
        ahead.residual(churn[rows], rate) * length * margin[rows] * mrr[rows]
    )
    level = np.full(len(subscriptions), -1)
    level[rows] = np.array([LEVELS.index(curve.level) for curve in curves], int)[cohort]
    return pd.DataFrame(
        {
            "clv": value[0],
            # A margin below 0 turns them round.
            "clv_lower": np.minimum(value[1], value[2]),
            "clv_upper": np.maximum(value[1], value[2]),
            "clv_level": pd.Categorical.from_codes(level, list(LEVELS)),
        },
        subscriptions.index,
    )


class _Ahead:
    """The decisions and payments that lie ahead of subscriptions, one row each.

    The cumulated hazards of all curves lie one after the other in ``hazards``; those of
    a row's present tenure at ``at``, after its k-th decision at ``at + k``.
    """

    def __init__(self, curves, cohort, lived, length, wait, horizon, score_months):
        self.length, self.wait = length, wait
        #: How many payments lie in the horizon, the last one in part.
        self.share = (horizon - wait) / length
        self.payments = np.ceil(self.share).clip(0).astype(np.int64)
        #: How many decisions lie in the horizon of the score, and which part of the
        #: present period does if none does.
        inside = np.floor((score_months - wait) / length) + 1
        self.decisions = inside.clip(0).astype(np.int64)
        self.part = score_months / length
        # One decision is looked at even where none lies in the horizon.
        reach = lived + np.maximum(np.maximum(self.payments, self.decisions), 1)
        sizes = np.zeros(len(curves), np.int64)
        np.maximum.at(sizes, cohort, reach)
        begins = np.cumsum(sizes + 1) - sizes - 1
        self.hazards = np.concatenate(
            [np.zeros((3, 0))]
            + [curve.cumulated(n) for curve, n in zip(curves, sizes, strict=True)],
            axis=1,
        )
        self.at = begins[cohort] + lived

    def residual(self, churn: np.ndarray, rate: float) -> np.ndarray:
        """Return the discounted expected payments: expected, lower, upper.

        :param churn: probability within the horizon of the score, NaN: not known
        """
        # The longest first, so that each step is a slice.
        order = np.argsort(-self.payments, kind="stable")
        payments, share = self.payments[order], self.share[order]
        length, at = self.length[order], self.at[order]
        said, inside, ratio = (part[order] for part in self._score(churn))
        force = np.log1p(rate) / 12
        step = force * length
        first = force * self.wait[order]
        most_inside = inside.max(initial=0)
        active = np.searchsorted(-payments, -np.arange(payments.max(initial=0)))
        result = np.zeros((3, len(order)))
        for row, hazards in enumerate(self.hazards):
            # Behind the horizon of the score, on top of what it says.
            base = said - ratio * hazards[at + inside] + first
            for k, n in enumerate(active):
                hazard = base[:n] + ratio[:n] * hazards[at[:n] + k + 1]
                if k < most_inside:
                    within = said[:n] * (k + 1) / np.maximum(inside[:n], 1) + first[:n]
                    hazard = np.where(k < inside[:n], within, hazard)
                paid = np.exp(-hazard - step[:n] * k)
                result[row, :n] += paid * np.minimum(share[:n] - k, 1)
        back = np.empty_like(result)
        back[:, order] = result
        return back

    def _score(self, churn):
        """Return what the score says: cumulated hazard, decisions, ratio behind them.

        Without a score nothing, of none, and 1.
        """
        known = ~np.isnan(churn)
        inside = np.where(known, self.decisions, 0)
        said = -np.log1p(-np.clip(np.where(known, churn, 0), SURE, 1 - SURE))
        own = self.hazards[0]
        usual = own[self.at + np.maximum(inside, 1)] - own[self.at]
        usual = np.where(inside > 0, usual, usual * self.part)
        with np.errstate(divide="ignore"):
            # None of the cohort has ever left at these ages.
            ratio = np.clip(said / usual, 1 / MOST_RATIO, MOST_RATIO)
        return np.where(inside > 0, said, 0), inside, np.where(known, ratio, 1)


def _cohorts(subscriptions, survival, length):
    """Return the position of each row's curve, -1 without, and the curves."""
    keys = subscriptions[["plan", "unit", "interval"]].astype("object")
    keys["interval"] = subscriptions["interval"].fillna(1)
    group = keys.groupby(list(keys), dropna=False, sort=False).ngroup().to_numpy()
    _groups, firsts = np.unique(group, return_index=True)
    places, curves = [], []
    for first, key in zip(firsts, keys.iloc[firsts].itertuples(), strict=True):
        curve = None
        if not np.isnan(length[first]):
            curve = survival.curve(key.plan, key.unit, key.interval, length[first])
        places.append(len(curves) if curve else -1)
        curves += [curve] if curve else []
    return np.array(places, np.int64)[group], curves
