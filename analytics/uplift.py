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

Like is compared with like: chance drew a control group of its own, of its own share, in
each *stratum* (a campaign, a month of a journey). Thrown together, a stratum of loyal
customers of whom many were held out would make the action look harmful that did nothing
(Simpson's paradox). So the differences within strata are averaged, by the weights of
Cochran, Mantel and Haenszel (n1 n2 / (n1 + n2): the most exact ones where the effect is
the same). The interval of shares takes each side for one sample as large as its
variance says, somewhat too small a one if strata differ; that of means adds up the
variances of all. With one stratum both are what they are without.

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
#: Of means nothing where they are not known of a larger share of either side: whether
#: they are may follow from what was done, and those who are missing would then bias the
#: rest. Below 5 % little (K. F. Schulz, D. A. Grimes, Lancet 359, 2002, 781-785).
MOST_MISSING = 0.05

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


def comparable(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of strata in which some were reached and some held out.

    :param rows: ``stratum`` and ``is_control`` of each
    """
    control = rows["is_control"].astype(bool)
    both = np.intersect1d(rows["stratum"][control], rows["stratum"][~control])
    return rows[rows["stratum"].isin(both)]


def uplift(outcomes: pd.DataFrame) -> Uplift:
    """Return what came of it.

    :param outcomes: a row for each customer: ``stratum``, ``is_control``, ``stayed``
        (is a customer afterwards), ``mrr`` and ``clv`` (what it gained; missing: not
        known)
    """
    found = comparable(outcomes)
    control = (outcomes if found.empty else found)["is_control"].astype(bool)
    sizes = int((~control).sum()), int(control.sum())
    if found.empty or min(sizes) < FEWEST:
        return Uplift(FEW, *sizes)
    arms = found.groupby([control, "stratum"])["stayed"].agg(["sum", "count"])
    reached, held_out = arms.loc[False], arms.loc[True]
    return Uplift(
        ENOUGH,
        *sizes,
        difference_of_shares(
            reached["sum"], reached["count"], held_out["sum"], held_out["count"]
        ),
        _gain(found, "mrr"),
        _gain(found, "clv"),
    )


def difference_of_shares(k1, n1, k2, n2, confidence=CONFIDENCE):
    """Return k1 of n1 less k2 of n2, with Newcombe's interval; n of 1 or more.

    Numbers, or one of each for every stratum.
    """
    n1, n2 = (np.atleast_1d(np.asarray(n, float)) for n in (n1, n2))
    weights = _weights(n1, n2)
    first, low_1, high_1 = _share(k1, n1, weights, confidence)
    second, low_2, high_2 = _share(k2, n2, weights, confidence)
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


def difference_of_means(*strata, confidence=CONFIDENCE):
    """Return the mean of some values less that of others, with Welch's interval.

    :param strata: pairs of the values of both sides, two or more numbers each
    """
    from scipy.special import stdtrit

    arms = [[np.asarray(arm, float) for arm in pair] for pair in strata]
    sizes = np.array([[len(arm) for arm in pair] for pair in arms])
    weights = _weights(*sizes.T)
    means = np.array([[arm.mean() for arm in pair] for pair in arms])
    value = float(weights @ (means[:, 0] - means[:, 1]))
    spread = np.array([[arm.var(ddof=1) for arm in pair] for pair in arms])
    parts = weights[:, None] ** 2 * spread / sizes
    if not parts.sum():
        return Difference(value, value, value)
    shares = parts / parts.sum()
    freedom = 1 / (shares**2 / (sizes - 1)).sum()
    width = float(stdtrit(freedom, (1 + confidence) / 2) * sqrt(parts.sum()))
    return Difference(value, value - width, value + width)


def _weights(n1, n2):
    """Return what share each stratum has in the average."""
    weights = n1 * n2 / (n1 + n2)
    return weights / weights.sum()


def _share(k, n, weights, confidence):
    """Return the average share of strata, and between which bounds it lies."""
    share = min(float(weights @ (np.atleast_1d(np.asarray(k, float)) / n)), 1.0)
    size = 1 / float((weights**2 / n).sum())
    return share, *wilson(share * size, size, confidence)


def _gain(outcomes, name):
    """Return the difference of means.

    None: too few are known or have changed, or it is not known of too many of a side.
    """
    missing = outcomes[name].isna().groupby(outcomes["is_control"].astype(bool)).mean()
    if missing.max() > MOST_MISSING:
        return None
    known = outcomes.dropna(subset=name)
    pairs = []
    for _stratum, rows in known.groupby("stratum"):
        control = rows["is_control"].astype(bool)
        pair = [rows[name][side].to_numpy(float) for side in (~control, control)]
        # How far a single one may be off nobody can say.
        if min(map(len, pair)) > 1:
            pairs.append(pair)
    for side in (0, 1):
        values = np.concatenate([np.empty(0), *(pair[side] for pair in pairs)])
        if len(values) < FEWEST or np.count_nonzero(values) < FEWEST_CHANGED:
            return None
    return difference_of_means(*pairs)
