# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Risk bands: entered and left at their own limits, missing without a score."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.churn import bands
from analytics.churn.bands import Limits

LIMITS = Limits()


def banded(scores, previous=None, limits=LIMITS):
    index = [3 * i + 7 for i in range(len(scores))]
    found = bands.band(
        pd.Series(scores, index, dtype=float),
        pd.Series(previous, index, dtype=object),
        limits,
    )
    assert list(found.index) == index
    return [None if pd.isna(band) else band for band in found]


@pytest.mark.parametrize(
    ("previous", "score", "expected"),
    [
        (None, 0, "low"),
        (None, 29.9, "low"),
        (None, 30, "medium"),
        (None, 59.9, "medium"),
        (None, 60, "high"),
        (None, 100, "high"),
        ("low", 29.9, "low"),
        ("low", 30, "medium"),
        ("low", 60, "high"),
        ("medium", 24.9, "low"),
        ("medium", 25, "medium"),
        ("medium", 55, "medium"),
        ("medium", 60, "high"),
        ("high", 50, "high"),
        ("high", 49.9, "medium"),
        ("high", 25, "medium"),
        ("high", 24.9, "low"),
    ],
)
def test_limits(previous, score, expected):
    assert banded([score], [previous]) == [expected]


def test_missing_score_is_no_band():
    """Invariant 12. Whatever it was before."""
    assert banded([np.nan] * 3 + [0], [None, "high", "low", None]) == [None] * 3 + [
        "low"
    ]
    scores = pd.Series([pd.NA, 70], dtype="Float64")
    found = bands.band(scores, pd.Series([None, None]), LIMITS)
    assert list(found.isna()) == [True, False]
    assert found[1] == "high"
    assert list(found.cat.categories) == ["low", "medium", "high"]
    assert found.cat.ordered
    assert banded([]) == []


def test_limits_that_contradict_one_another():
    for wrong in (
        Limits(high_enter=40),
        Limits(medium_enter=20),
        Limits(high_enter=60, medium_enter=70),
        Limits(medium_enter=55, medium_leave=52),
    ):
        with pytest.raises(ValueError, match="The band"):
            banded([1], [None], wrong)
    assert banded([40], ["high"], Limits(40, 40, 40, 40)) == ["high"]


levels = st.lists(st.integers(0, 100), min_size=4, max_size=4).map(sorted)
scores = st.lists(st.floats(0, 100), max_size=20)
past = st.sampled_from([None, "low", "medium", "high"])


@given(levels, scores, past)
def test_bands_rise_with_the_score_and_the_past(levels, scores, before):
    medium_leave, one, two, high_enter = levels
    order = {None: 0, "low": 0, "medium": 1, "high": 2}
    for limits in (
        Limits(high_enter, two, one, medium_leave),
        Limits(high_enter, one, two, medium_leave),
    ):
        ascending, same = sorted(scores), [before] * len(scores)
        found = [order[b] for b in banded(ascending, same, limits)]
        assert found == sorted(found)
        fresh = [order[b] for b in banded(ascending, None, limits)]
        assert all(old >= new for old, new in zip(found, fresh, strict=True))


@given(scores, levels)
def test_the_same_score_again_changes_nothing(scores, levels):
    medium_leave, medium_enter, high_leave, high_enter = levels
    limits = Limits(high_enter, high_leave, medium_enter, medium_leave)
    for before in (None, "low", "medium", "high"):
        first = banded(scores, [before] * len(scores), limits)
        assert banded(scores, first, limits) == first
