# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What an action was worth: customers who were reached against those held out.

Whom to hold out was left to chance (:mod:`analytics.holdout`), so what differs between
the two is what the action did, or chance; the intervals say how much of it chance can
be, 95 times in a hundred.

* Shares (who is still with us): Newcombe's hybrid score interval, his method 10, of the
  Wilson intervals of both (R. G. Newcombe, *Interval estimation for the difference
  between independent proportions*, Statistics in Medicine 17, 1998, 873-890). It stays
  within -1 and 1, and holds with few customers and with shares of 0 or 1.
* Means (MRR, CLV): Welch's interval, of unequal variances and with the degrees of
  freedom of Satterthwaite (B. L. Welch, Biometrika 34, 1947, 28-35).

A comparison that has not got enough to go by has a state instead of numbers.
"""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

import numpy as np
import pandas as pd

CONFIDENCE = 0.95
#: Of fewer customers on either side nothing is said.
FEWEST = 30
#: Of means nothing either where fewer on either side have anything but 0: the interval
#: would look surer than it is.
FEWEST_CHANGED = 5

#: States: too few customers on a side (yet), or enough.
FEW, ENOUGH = "few", "enough"


class Difference(NamedTuple):
    """Reached less held out, and between which bounds it lies."""

    value: float
    lower: float
    upper: float

    @property
    def side(self):
        """1: more by being reached, -1: less, 0: it could be chance."""
        return int(self.lower > 0) - int(self.upper < 0)


class Uplift(NamedTuple):
    """``state``, how many customers on each side, and the differences, if known.

    ``stayed`` is a difference of shares; ``mrr`` and ``clv`` are of what a customer
    gained on average.
    """

    state: str
    reached: int
    held_out: int
    stayed: Difference | None = None
    mrr: Difference | None = None
    clv: Difference | None = None


def uplift(outcomes: pd.DataFrame) -> Uplift:
    """Return what came of it.

    :param outcomes: a row for each customer: ``is_control``, ``stayed`` (is a customer
        afterwards), ``mrr`` and ``clv`` (what it gained; missing: not known)
    """
    control = outcomes["is_control"].astype(bool)
    reached, held_out = outcomes[~control], outcomes[control]
    sizes = len(reached), len(held_out)
    if min(sizes) < FEWEST:
        return Uplift(FEW, *sizes)
    stayed = int(reached["stayed"].sum()), int(held_out["stayed"].sum())
    return Uplift(
        ENOUGH,
        *sizes,
        difference_of_shares(stayed[0], sizes[0], stayed[1], sizes[1]),
        _gain(reached["mrr"], held_out["mrr"]),
        _gain(reached["clv"], held_out["clv"]),
    )


def difference_of_shares(k1, n1, k2, n2, confidence=CONFIDENCE):
    """Return k1 of n1 less k2 of n2, with Newcombe's interval; n of 1 or more."""
    first, second = k1 / n1, k2 / n2
    low_1, high_1 = wilson(k1, n1, confidence)
    low_2, high_2 = wilson(k2, n2, confidence)
    value = first - second
    return Difference(
        value,
        value - sqrt((first - low_1) ** 2 + (high_2 - second) ** 2),
        value + sqrt((high_1 - first) ** 2 + (second - low_2) ** 2),
    )


def wilson(k, n, confidence=CONFIDENCE):
    """Return the score interval of a share (E. B. Wilson 1927), not corrected."""
    from scipy.special import ndtri

    z = ndtri((1 + confidence) / 2)
    middle = 2 * k + z * z
    width = z * sqrt(z * z + 4 * k * (1 - k / n))
    scale = 2 * (n + z * z)
    # Exactly 0 and 1 at the ends, where rounding would cross them.
    low = (middle - width) / scale if k > 0 else 0.0
    high = (middle + width) / scale if k < n else 1.0
    return low, high


def difference_of_means(first, second, confidence=CONFIDENCE):
    """Return the mean of some values less that of others, with Welch's interval.

    :param first, second: two or more numbers each
    """
    from scipy.special import stdtrit

    first, second = np.asarray(first, float), np.asarray(second, float)
    value = first.mean() - second.mean()
    parts = np.array([some.var(ddof=1) / len(some) for some in (first, second)])
    if not parts.sum():
        return Difference(value, value, value)
    weights = parts / parts.sum()
    sizes = np.array([len(first), len(second)])
    freedom = 1 / (weights**2 / (sizes - 1)).sum()
    width = stdtrit(freedom, (1 + confidence) / 2) * sqrt(parts.sum())
    return Difference(value, value - width, value + width)


def _gain(reached, held_out):
    """Return the difference of means, None: too few are known or have changed."""
    arms = [arm.dropna().to_numpy(float) for arm in (reached, held_out)]
    for arm in arms:
        if len(arm) < FEWEST or np.count_nonzero(arm) < FEWEST_CHANGED:
            return None
    return difference_of_means(*arms)
