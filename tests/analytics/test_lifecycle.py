# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Stage and tenure, and since when a chain of subscriptions is unbroken."""

from datetime import date, timedelta

import oracles
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics import lifecycle

dates = st.dates(date(2000, 1, 1), date(2030, 12, 31))
JAN = date(2024, 1, 1)


def days(values, index=None):
    return pd.Series(values, index, dtype="datetime64[s]")


@given(st.lists(st.tuples(dates, dates), min_size=1))
def test_whole_months_equal_counting(some):
    start, end = zip(*some, strict=True)
    found = lifecycle.whole_months(days(start), days(end))
    expected = [oracles.elapsed(*pair, "months", 1) for pair in some]
    assert [None if pd.isna(value) else value for value in found] == expected


@pytest.mark.parametrize(
    ("start", "end", "months"),
    [
        (date(2023, 1, 31), date(2023, 2, 27), 0),
        (date(2023, 1, 31), date(2023, 2, 28), 1),
        (date(2024, 1, 31), date(2024, 2, 28), 0),
        (date(2024, 2, 29), date(2025, 2, 28), 12),
        (date(2024, 2, 29), date(2024, 3, 28), 0),
    ],
)
def test_months_end_with_shorter_months(start, end, months):
    assert list(lifecycle.whole_months(days([start]), end)) == [months]


def test_boundary_belongs_to_the_upper_stage():
    months = pd.Series([0, 2, 3, 11, 12, 99], dtype=float)
    found = lifecycle.stage(months, True, 3, 12)
    assert list(found) == [
        *["onboarding"] * 2,
        *["stability"] * 2,
        *["loyal"] * 2,
    ]
    assert list(lifecycle.stage(months.astype("Int64"), True, 3, 12)) == list(found)


def test_churned_whatever_its_months():
    months = pd.Series([None, 0, 99, None])
    running = pd.Series([False, False, False, True])
    found = lifecycle.stage(months, running, 3, 12)
    assert list(found[:3]) == ["churned"] * 3
    assert pd.isna(found[3])
    assert list(found.cat.categories) == list(lifecycle.STAGES)


def test_boundary_belongs_to_the_upper_band():
    months = pd.Series([0, 5, 6, 23, 24, None])
    found = lifecycle.band(months, 6, 24)
    assert list(found[:5]) == ["new", "new", "mid_term", "mid_term", "veteran"]
    assert pd.isna(found[5])


def chain_starts(rows):
    """Return the starts of chains of {id: (start, first start, predecessor)}."""
    start, first, before = zip(*rows.values(), strict=True)
    index = pd.Index(rows)
    found = lifecycle.chain_starts(
        days(start, index), days(first, index), pd.Series(before, index)
    )
    return {key: value.date() for key, value in found.items()}


def day(number):
    return JAN + timedelta(days=number)


def test_chain_goes_back_to_its_first_subscription():
    rows = {
        30: (day(200), day(200), 20),
        20: (day(100), day(100), 10),
        10: (day(0), day(0), None),
        40: (day(50), day(50), None),
    }
    assert chain_starts(rows) == {30: day(0), 20: day(0), 10: day(0), 40: day(50)}


def test_restarted_subscription_continues_nothing():
    """It ended and came back: what it continued then is over."""
    rows = {1: (day(0), day(0), None), 2: (day(300), day(100), 1)}
    assert chain_starts(rows)[2] == day(300)


def test_predecessor_out_of_the_frame_is_left_out():
    assert chain_starts({2: (day(100), day(100), 1)}) == {2: day(100)}


def test_predecessor_restarted_after_its_successor_is_left_out():
    rows = {1: (day(200), day(0), None), 2: (day(100), day(100), 1)}
    assert chain_starts(rows) == {1: day(200), 2: day(100)}


def test_loops_are_cut():
    rows = {1: (day(5), day(5), 2), 2: (day(5), day(5), 1), 3: (day(9), day(9), 3)}
    assert chain_starts(rows) == {1: day(5), 2: day(5), 3: day(9)}


@given(
    st.lists(
        st.tuples(
            st.integers(0, 30), st.integers(0, 3), st.none() | st.integers(0, 12)
        ),
        min_size=1,
        max_size=12,
    )
)
def test_chain_starts_equal_following_each(some):
    rows = {
        i: (day(start), day(start if before < 3 else start - before), predecessor)
        for i, (start, before, predecessor) in enumerate(some)
    }
    expected = {}
    for key, (start, first, before) in rows.items():
        now = key
        while (
            start == first
            and before in rows
            and (rows[before][0], before) < (start, now)
        ):
            now = before
            start, first, before = rows[now]
        expected[key] = start
    assert chain_starts(rows) == expected
