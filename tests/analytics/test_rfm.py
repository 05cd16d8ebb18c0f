# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Scores and segments: ties, constant columns, and a grid without a hole."""

from itertools import product

import numpy as np
import oracles
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics import rfm

LIMITS = (1, 1.25, 1.5, 2)
values = st.lists(st.none() | st.integers(-3, 6) | st.floats(0, 9), max_size=40)


def listed(scores):
    return [None if pd.isna(score) else int(score) for score in scores]


def quintiles(some):
    return listed(rfm.quintile_score(pd.Series(some, dtype=float)))


@pytest.mark.parametrize(
    ("recency", "period", "score"),
    [
        (0, 30, 5),
        (30, 30, 5),
        (31, 30, 4),
        (35, 28, 4),
        (36, 28, 3),
        (45, 30, 3),
        (46, 30, 2),
        (60, 30, 2),
        (61, 30, 1),
        (730, 365, 2),
        (9999, 30, 1),
    ],
)
def test_recency_in_own_periods(recency, period, score):
    for dtype in (float, "Int64"):
        ratio = pd.Series([recency], dtype=dtype) / pd.Series([period], dtype=dtype)
        assert listed(rfm.recency_score(ratio, LIMITS)) == [score]


def test_missing_recency_is_no_score():
    """Invariant 12."""
    assert listed(rfm.recency_score(pd.Series([np.nan, 1]), LIMITS)) == [None, 5]
    ratio = pd.Series([pd.NA, 3], dtype="Float64")
    assert listed(rfm.recency_score(ratio, LIMITS)) == [None, 1]


@given(values)
def test_quintile_equals_counting(some):
    assert quintiles(some) == oracles.quintiles(some)


@given(values, st.randoms(use_true_random=False))
def test_order_of_rows_does_not_matter(some, random):
    order = list(range(len(some)))
    random.shuffle(order)
    score = quintiles(some)
    assert quintiles([some[i] for i in order]) == [score[i] for i in order]


@given(values)
def test_quintile_is_monotone_and_ties_are_equal(some):
    pairs = sorted(
        (value, score)
        for value, score in zip(some, quintiles(some), strict=True)
        if value is not None
    )
    for (one, low), (other, high) in zip(pairs, pairs[1:], strict=False):
        assert low == high if one == other else low <= high


@given(st.floats(0, 1e9), st.integers(1, 50))
def test_constant_column_is_3(value, n):
    assert quintiles([value] * n) == [3] * n


@pytest.mark.parametrize("n", [5, 10, 100])
def test_fifths_of_different_values(n):
    assert quintiles(range(n)) == [i // (n // 5) + 1 for i in range(n)]


def test_half_of_them_tied():
    """CDNOW: half of the customers bought once; they share a score."""
    assert quintiles([1] * 51 + [2] * 20 + [3] * 29) == [2] * 51 + [4] * 20 + [5] * 29


def test_no_values():
    assert quintiles([]) == []
    assert quintiles([None, None]) == [None, None]


def test_mean_is_rounded_half_up():
    f, m = zip(*product(range(1, 6), repeat=2), strict=True)
    found = rfm.mean_score(pd.Series(f), pd.Series(m))
    assert listed(found) == [int((a + b) / 2 + 0.5) for a, b in zip(f, m, strict=True)]
    assert listed(rfm.mean_score(pd.Series([1, None]), pd.Series([2, 2]))) == [2, None]


def cells(r_scores, fm_scores):
    return set(product(r_scores, fm_scores))


#: MODELS.md section 4, with 11 split off.
RULES = {
    "lost": cells([1], [1]),
    "hibernating": cells([1, 2], [1, 2]) - {(1, 1)},
    "at_risk": cells([1, 2], [3, 4]),
    "cant_lose": cells([1, 2], [5]),
    "about_to_sleep": cells([3], [1, 2]),
    "need_attention": cells([3], [3]),
    "loyal": cells([3, 4], [4, 5]),
    "promising": cells([4], [1]),
    "new": cells([5], [1]),
    "potential_loyalists": cells([4, 5], [2, 3]),
    "champions": cells([5], [4, 5]),
}


def test_every_cell_has_one_segment_and_all_occur():
    r, f, m = zip(*product(range(1, 6), repeat=3), strict=True)
    frame = pd.DataFrame({"r": r, "f": f, "m": m})
    found = rfm.segment(frame.r, frame.f, frame.m)
    assert found.notna().all()
    assert set(found) == set(rfm.SEGMENTS)
    assert list(found.cat.categories) == list(rfm.SEGMENTS)
    assert sum(map(len, RULES.values())) == 25
    for name, *scores in zip(found, r, f, m, strict=True):
        assert (scores[0], (scores[1] + scores[2] + 1) // 2) in RULES[name]


def test_segment_and_score_of_missing_scores_are_missing():
    """Invariant 12."""
    r, f, m = (
        pd.Series(some, [7, 3, 5, 9], dtype="Int8")
        for some in ([5, None, 5, 5], [4, 4, None, 4], [5, 5, 5, None])
    )
    assert list(rfm.segment(r, f, m).isna()) == [False, True, True, True]
    score = rfm.score(r, f, m)
    assert score[7] == "545"
    assert list(score.isna()) == [False, True, True, True]
    assert rfm.segment(r, f, m).index.equals(r.index)
