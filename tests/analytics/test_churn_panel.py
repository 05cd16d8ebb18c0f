# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The panel of churn models: mature days, labels that look no further than they may."""

from datetime import date, timedelta

import pandas as pd
import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import given
from hypothesis import strategies as st

from analytics.churn import panel
from analytics.churn.panel import Horizon

DAY = timedelta(days=1)
OBSERVED = date(2024, 1, 31)
MONTH = Horizon(1, "months")


def lives(rows):
    """Return lives of (start, end, notice, has successor), of customers by twos."""
    frame = pd.DataFrame(
        rows, columns=["start_date", "end_date", "notice_date", "has_successor"]
    )
    for name in ("start_date", "end_date", "notice_date"):
        frame[name] = pd.to_datetime(frame[name])
    frame["has_successor"] = frame["has_successor"].astype(bool)
    frame["customer_id"] = [100 + i // 2 for i in range(len(frame))]
    frame.index = [3 * i + 7 for i in range(len(frame))]
    return frame


# Horizons


@pytest.mark.parametrize(
    ("text", "number", "unit", "words", "months"),
    [
        ("90d", 90, "days", "90 days", 90 / 30.4375),
        ("1m", 1, "months", "1 month", 1),
        (" 12 m ", 12, "months", "12 months", 12),
        ("1d", 1, "days", "1 day", 1 / 30.4375),
    ],
)
def test_horizon(text, number, unit, words, months):
    found = Horizon.parse(text)
    assert found == Horizon(number, unit)
    assert found.words == words
    assert found.months == pytest.approx(months)
    assert Horizon.parse(str(found)) == found


@pytest.mark.parametrize("text", ["", "90", "d", "0d", "0m", "-1m", "1.5m", "1y"])
def test_what_is_no_horizon(text):
    with pytest.raises(ValueError, match="Not a horizon"):
        Horizon.parse(text)


@pytest.mark.parametrize(
    ("text", "day", "end"),
    [
        ("1m", date(2023, 1, 31), date(2023, 2, 28)),
        ("1m", date(2024, 1, 31), date(2024, 2, 29)),
        ("12m", date(2024, 2, 29), date(2025, 2, 28)),
        ("1m", date(2019, 12, 15), date(2020, 1, 15)),
        ("90d", date(2024, 1, 1), date(2024, 3, 31)),
        ("1d", date(2024, 2, 28), date(2024, 2, 29)),
    ],
)
def test_end_of_horizon(text, day, end):
    assert Horizon.parse(text).end(day) == end


# Observation dates


def test_month_ends_that_are_mature():
    found = panel.observation_dates(
        date(2023, 11, 15), date(2024, 5, 30), Horizon(90, "days")
    )
    assert found == [
        date(2023, 11, 30),
        date(2023, 12, 31),
        date(2024, 1, 31),
        date(2024, 2, 29),
    ]
    # The 29th of February ends its 90 days on the 29th of May.
    found = panel.observation_dates(
        date(2024, 2, 29), date(2024, 5, 29), Horizon(90, "days")
    )
    assert found == [date(2024, 2, 29)]
    assert not panel.observation_dates(
        date(2024, 2, 29), date(2024, 5, 28), Horizon(90, "days")
    )


def test_steps_back_from_an_anchor_return_to_its_day():
    found = panel.observation_dates(
        date(2023, 12, 1), date(2024, 12, 31), Horizon(1, "months"), date(2024, 3, 31)
    )
    assert found == [
        date(2023, 12, 31),
        date(2024, 1, 31),
        date(2024, 2, 29),
        date(2024, 3, 31),
    ]


def test_the_forward_test_of_telco():
    """What was known by 15 November is learnt from 15 October on back."""
    found = panel.observation_dates(
        date(2019, 9, 1), date(2019, 11, 15), Horizon(1, "months"), date(2019, 12, 15)
    )
    assert found == [date(2019, 9, 15), date(2019, 10, 15)]


def test_only_the_last_ones():
    found = panel.observation_dates(
        date(2000, 1, 1), date(2024, 5, 31), Horizon(1, "months"), most=2
    )
    assert found == [date(2024, 3, 31), date(2024, 4, 30)]
    found = panel.observation_dates(
        date(2000, 1, 1), date(2024, 5, 31), Horizon(1, "months")
    )
    assert len(found) == 24


days = st.dates(date(2019, 1, 1), date(2024, 12, 31))
horizons = st.builds(Horizon, st.integers(1, 13), st.just("months")) | st.builds(
    Horizon, st.integers(1, 200), st.just("days")
)


@given(days, days, horizons, st.none() | days, st.integers(1, 30))
def test_no_date_is_immature_or_too_early(first, known_by, horizon, anchor, most):
    found = panel.observation_dates(first, known_by, horizon, anchor, most)
    assert found == sorted(set(found))
    assert len(found) <= most
    for day in found:
        assert first <= day
        assert horizon.end(day) <= known_by
        if anchor is None:
            assert (day + DAY).day == 1
        else:
            assert day in {anchor - relativedelta(months=k) for k in range(75)}
    # And none is left out between them and the last that is mature.
    assert len({(day.year, day.month) for day in found}) == len(found)
    if found:
        span = 12 * (found[-1].year - found[0].year) + found[-1].month - found[0].month
        assert span == len(found) - 1


def test_days_before_ends_were_recorded_are_left_out():
    dates = [
        date(2019, 8, 31),
        date(2019, 9, 29),
        date(2019, 9, 30),
        date(2019, 10, 31),
    ]
    ends = [None, date(2019, 11, 1), date(2019, 10, 1), pd.NaT]
    assert panel.window(ends, dates) == dates[2:]
    assert panel.window(pd.to_datetime(pd.Series(ends)), dates) == dates[2:]
    assert panel.window([None, pd.NaT], dates) == []
    assert panel.window([date(2010, 1, 1)], dates) == dates


# Labels


@pytest.mark.parametrize(
    ("start", "end", "notice", "successor", "expected"),
    [
        ("2023-01-01", None, None, False, False),
        ("2023-01-01", "2024-02-01", None, False, True),
        ("2023-01-01", "2024-02-29", None, False, True),
        ("2023-01-01", "2024-03-01", None, False, False),
        # Started on the day: it runs. Ended on the day: it does not.
        ("2024-01-31", "2024-02-20", None, False, True),
        ("2024-02-01", "2024-02-20", None, False, None),
        ("2023-01-01", "2024-01-31", None, False, None),
        (None, None, None, False, None),
        # Continued.
        ("2023-01-01", "2024-02-10", None, True, False),
        ("2023-01-01", "2024-06-01", "2024-02-10", True, False),
        # Notice: the day it is known is the event, whenever it ends.
        ("2023-01-01", "2024-06-01", "2024-02-01", False, True),
        ("2023-01-01", None, "2024-02-29", False, True),
        ("2023-01-01", "2024-06-01", "2024-03-01", False, False),
        ("2023-01-01", "2024-02-10", "2024-03-01", False, True),
        # Given already: not to be predicted.
        ("2023-01-01", "2024-02-10", "2024-01-31", False, None),
        ("2023-01-01", "2024-02-10", "2023-05-01", True, None),
    ],
)
def test_label(start, end, notice, successor, expected):
    found = panel.labels(lives([(start, end, notice, successor)]), OBSERVED, MONTH)
    assert found.dtype == bool
    assert found.to_dict() == ({} if expected is None else {7: expected})


day_or_none = st.none() | st.dates(date(2023, 10, 1), date(2024, 12, 31))
some_lives = st.lists(
    st.tuples(
        st.dates(date(2023, 10, 1), date(2024, 6, 30)),
        day_or_none,
        day_or_none,
        st.booleans(),
    ),
    max_size=12,
)


@given(some_lives, horizons, st.data())
def test_label_uses_nothing_after_the_horizon(some, horizon, data):
    """Invariant 1. What happens later may change as it likes."""
    last = horizon.end(OBSERVED)
    later = st.none() | st.dates(last + DAY, last + timedelta(days=400))

    def changed(day):
        return data.draw(later) if day is None or day > last else day

    found = panel.labels(lives(some), OBSERVED, horizon)
    others = [(start, changed(end), changed(note), s) for start, end, note, s in some]
    pd.testing.assert_series_equal(
        found, panel.labels(lives(others), OBSERVED, horizon)
    )


@given(some_lives, horizons)
def test_labels_equal_those_of_each_day(some, horizon):
    """What churns does so on some day of the horizon, looked at one by one."""
    frame = lives(some)
    found = panel.labels(frame, OBSERVED, horizon)
    expected = {}
    for i, (start, end, notice, successor) in zip(frame.index, some, strict=True):
        if start > OBSERVED or (end and end <= OBSERVED):
            continue
        if notice and notice <= OBSERVED:
            continue
        day, left = OBSERVED, False
        while day < horizon.end(OBSERVED):
            day += DAY
            left |= day in (end, notice)
        expected[i] = left and not successor
    assert found.to_dict() == expected


def test_rows_of_a_panel():
    frame = lives(
        [
            ("2023-01-01", "2024-02-10", None, False),
            ("2023-01-01", None, None, False),
            ("2024-02-15", None, None, False),
        ]
    )
    found = panel.rows(frame, [date(2024, 1, 31), date(2024, 2, 29)], MONTH)
    assert list(found.itertuples(index=False, name=None)) == [
        (7, 100, pd.Timestamp(2024, 1, 31), True),
        (10, 100, pd.Timestamp(2024, 1, 31), False),
        (10, 100, pd.Timestamp(2024, 2, 29), False),
        (13, 101, pd.Timestamp(2024, 2, 29), False),
    ]
    assert list(found) == ["subscription_id", "customer_id", "observed_on", "churned"]
    assert found["churned"].dtype == bool
    again = frame.set_axis([7, 7, 7])  # one that ran three times
    assert len(panel.rows(again, [date(2024, 2, 29)], MONTH)) == 2
    empty = panel.rows(frame, [], MONTH)
    assert empty.empty and list(empty) == list(found)
    assert empty["churned"].dtype == bool
