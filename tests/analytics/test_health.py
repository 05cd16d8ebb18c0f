# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""When a health rule speaks up."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from analytics import health

DAY = date(2025, 6, 1)


def watch(values, condition, limit=0.0, held_days=0, first=DAY):
    """Return on which days (numbered) a rule speaks of one subscription."""
    states = pd.DataFrame(
        columns=["holds", "since", "value", "value_before"],
        index=pd.Index([], name="id"),
    )
    both = condition in health.CROSSING
    days = []
    for number, value in enumerate(values):
        as_of = first + timedelta(days=number)
        now = pd.Series([value], index=[1], dtype="float64")
        before = states.reindex([1]).astype(
            {
                "holds": "float64",
                "since": "datetime64[s]",
                "value": "float64",
                "value_before": "float64",
            }
        )
        rows = pd.DataFrame(
            {
                "holds": health.beyond(now, condition, limit),
                "value": now,
                "was": before["holds"],
                "since": before["since"],
                "last": before["value"],
                "before": before["value_before"],
            }
        )
        states = health.follow(rows, as_of, both)
        states["seen"] = rows["holds"].notna()
        if health.due(states, as_of, condition, held_days).any():
            days.append(number)
    return days


@pytest.mark.parametrize(
    ("condition", "values", "expected"),
    [
        ("above", [0, 1, 2, 0], [1, 2]),
        ("below", [0, -1, -2, 0], [1, 2]),
        # the first day is no crossing; what is not known changes nothing
        ("rises_above", [1, 1, 0, 1, np.nan, 0], [3]),
        ("drops_below", [-1, 0, -1, 1, -1], [2, 4]),
        ("rises_above", [np.nan, 1, np.nan, 1], []),
        ("rises_above", [0, np.nan, 1], [2]),
        ("above", [np.nan, 1, np.nan, 0, np.nan], [1]),
    ],
)
def test_conditions(condition, values, expected):
    assert watch(values, condition) == expected


def test_held_days():
    assert watch([1, 1, 1, 1], "above", held_days=2) == [2, 3]
    assert watch([1, 1, 0, 1, 1, 1], "above", held_days=2) == [5]
    assert watch([0, 1, 1, 1], "rises_above", held_days=2) == [3]
    assert watch([1, 1, 1, 1], "rises_above", held_days=2) == []
    # it is not said of a day of which nothing is known
    assert watch([1, np.nan, np.nan, 1], "above", held_days=2) == [3]


def test_what_is_remembered():
    rows = pd.DataFrame(
        {
            "holds": [1.0, 0.0, np.nan, np.nan],
            "value": [5.0, 9.0, np.nan, np.nan],
            "was": [0.0, 1.0, 1.0, np.nan],
            "since": pd.to_datetime(["2025-05-01"] * 3 + [None]),
            "last": [8.0, 3.0, 4.0, np.nan],
            "before": [np.nan, 7.0, 6.0, np.nan],
        },
        index=[1, 2, 3, 4],
    )
    states = health.follow(rows, DAY, both_sides=True)
    old, new = pd.Timestamp("2025-05-01"), pd.Timestamp(DAY)
    assert states["since"].to_dict() == {1: new, 2: new, 3: old}
    assert states["value"].to_dict() == {1: 5, 2: 9, 3: 4}
    assert states["value_before"].to_dict() == {1: 8, 2: 3, 3: 6}
    assert list(health.follow(rows, DAY, both_sides=False).index) == [1, 3]


@pytest.mark.parametrize(
    ("weeks", "expected"),
    [
        (0b111100, 1),
        (0b110100, 1),
        (0b101000, None),
        (0b000000, None),
        (0b111101, 0),
        (0b000010, 0),
    ],
)
def test_stopped(weeks, expected):
    """Of days too: on the first or the last one of each of these weeks."""
    for day in (0, 6):
        days = sum(1 << 7 * n + day for n in range(6) if weeks >> n & 1)
        assert health.in_weeks(pd.Series([days, 1 << 42])).tolist() == [weeks, 0]
    found = health.stopped(pd.Series([weeks])).iloc[0]
    assert (None if pd.isna(found) else found) == expected
