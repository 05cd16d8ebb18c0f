# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Recency, frequency and monetary value of subscriptions, and the segments they make.

Scores are 1 to 5, 5 best, as ``Int8``; missing where what they come from is missing.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

#: The eleven segments, best first.
SEGMENTS = (
    "champions",
    "loyal",
    "potential_loyalists",
    "new",
    "promising",
    "need_attention",
    "about_to_sleep",
    "at_risk",
    "cant_lose",
    "hibernating",
    "lost",
)

#: The segment by R (from 1 on, down) and the rounded mean of F and M (1 to 5, across).
GRID = (
    ("lost", "hibernating", "at_risk", "at_risk", "cant_lose"),
    ("hibernating", "hibernating", "at_risk", "at_risk", "cant_lose"),
    ("about_to_sleep", "about_to_sleep", "need_attention", "loyal", "loyal"),
    ("promising", "potential_loyalists", "potential_loyalists", "loyal", "loyal"),
    ("new", "potential_loyalists", "potential_loyalists", "champions", "champions"),
)
_CODES = np.array([[SEGMENTS.index(name) for name in row] for row in GRID])


def recency_score(ratio: pd.Series, limits: Sequence[float]) -> pd.Series:
    """Return R of the recency in own periods.

    :param limits: up to which ratio R is 5, 4, 3 and 2, ascending; above it is 1
    """
    values = ratio.to_numpy(dtype=float, na_value=np.nan)
    passed = np.searchsorted(np.asarray(limits, float), values, side="left")
    return _scores(5 - passed, np.isnan(values), ratio.index)


def quintile_score(values: pd.Series) -> pd.Series:
    """Return the mid-rank quintile of each value among those that are not missing.

    ceil(5 · (average rank − ½) / n): equal values share a score, a constant column
    gives 3, the order of the rows never matters.
    """
    rank = values.rank(method="average").to_numpy(dtype=float, na_value=np.nan)
    missing = np.isnan(rank)
    n = len(rank) - missing.sum()
    # In whole numbers, as a rank ends on 0 or ½.
    twice = (2 * np.where(missing, 1, rank)).astype(np.int64) - 1
    return _scores(-(-5 * twice // max(2 * n, 1)), missing, values.index)


def mean_score(f: pd.Series, m: pd.Series) -> pd.Series:
    """Return the mean of F and M, rounded half up: 1 and 2 make 2."""
    return ((f.astype("Int8") + m.astype("Int8") + 1) // 2).astype("Int8")


def segment(r: pd.Series, f: pd.Series, m: pd.Series) -> pd.Series:
    """Return the name of the segment by ``GRID``, as categories ``SEGMENTS``."""
    fm = mean_score(f, m)
    missing = (r.isna() | fm.isna()).to_numpy()
    row, column = (
        score.to_numpy(dtype=np.int64, na_value=1) - 1 for score in (_int(r), fm)
    )
    codes = np.where(missing, -1, _CODES[row, column])
    names = pd.Categorical.from_codes(codes, categories=list(SEGMENTS))
    return pd.Series(names, r.index)


def score(r: pd.Series, f: pd.Series, m: pd.Series) -> pd.Series:
    """Return the three scores as one text: "545"."""
    number = _int(r).astype("Int16") * 100 + _int(f) * 10 + _int(m)
    return number.astype("string")


def rank(scores: pd.DataFrame) -> pd.DataFrame:
    """Add F, M, the score and the segment: what comes of comparing the rows.

    :param scores: ``renewed_months``, ``rfm_monetary`` and ``rfm_r``, missing of what
        does not run
    :return: the same with ``rfm_f``, ``rfm_m``, ``rfm_score`` and ``rfm_segment``
    """
    r = scores["rfm_r"]
    f = quintile_score(scores["renewed_months"])
    m = quintile_score(scores["rfm_monetary"])
    return scores.assign(
        rfm_f=f, rfm_m=m, rfm_score=score(r, f, m), rfm_segment=segment(r, f, m)
    )


def _int(scores):
    return scores.astype("Int8")


def _scores(values, missing, index):
    array = pd.arrays.IntegerArray(values.astype(np.int8), np.asarray(missing))
    return pd.Series(array, index)
