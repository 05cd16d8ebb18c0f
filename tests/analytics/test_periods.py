# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Billing periods of many subscriptions at once equal those of one at a time."""

from datetime import date

import numpy as np
import oracles
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics import period, periods

UNITS = ["days", "weeks", "months", "years"]
dates = st.dates(date(1990, 1, 1), date(2030, 12, 31))
rows = st.lists(
    st.tuples(
        dates, dates, st.sampled_from(UNITS), st.integers(-1, 24), st.integers(-60, 60)
    ),
    min_size=1,
    max_size=8,
)


def series(values, dtype=None):
    """Return values as a Series with an index that is no range."""
    return pd.Series(values, [3 * i + 7 for i in range(len(values))], dtype=dtype)


def days(values):
    return series(values, "datetime64[s]")


def listed(result):
    """Return a Series of dates as dates, missing as None."""
    return [None if pd.isna(value) else value.date() for value in result]


@given(rows)
def test_elapsed_equals_counting(some):
    start, end, unit, interval, _k = zip(*some, strict=True)
    found = periods.elapsed(days(start), days(end), series(unit), series(interval))
    expected = [oracles.elapsed(*row[:4]) for row in some]
    assert [None if np.isnan(k) else k for k in found] == expected
    assert list(found.index) == list(days(start).index)


@given(rows)
def test_boundary_equals_relativedelta(some):
    start, _end, unit, interval, k = zip(*some, strict=True)
    found = periods.boundary(days(start), series(unit), series(interval), series(k))
    expected = [oracles.boundary(day, u, i, n) for day, _e, u, i, n in some]
    assert listed(found) == expected


@given(rows)
def test_next_renewal_equals_search(some):
    anchor, as_of, unit, interval, _k = zip(*some, strict=True)
    found = periods.next_renewal(
        days(anchor), series(unit), series(interval), days(as_of)
    )
    assert listed(found) == [
        oracles.next_renewal(day, u, i, until) for day, until, u, i, _k in some
    ]


@given(rows)
def test_elapsed_and_boundary_agree(some):
    start, end, unit, interval, _k = zip(*some, strict=True)
    start, end, unit, interval = days(start), days(end), series(unit), series(interval)
    k = periods.elapsed(start, end, unit, interval)
    some = k.notna()
    assert (periods.boundary(start, unit, interval, k)[some] <= end[some]).all()
    assert (periods.boundary(start, unit, interval, k + 1)[some] > end[some]).all()


@pytest.mark.parametrize("unit", UNITS)
def test_months_of_a_period(unit):
    found = periods.months(series([unit] * 3), series([1, 3, 0]))
    months = float(period.MONTHS[unit])
    assert list(found) == pytest.approx([months, 3 * months, months])


def test_the_31st_comes_back_to_the_31st():
    start = days([date(2024, 1, 31)] * 4)
    found = periods.boundary(start, "months", 1, series([0, 1, 2, 3]))
    assert listed(found) == [
        date(2024, 1, 31),
        date(2024, 2, 29),
        date(2024, 3, 31),
        date(2024, 4, 30),
    ]
    ends = days(
        [date(2024, 2, 28), date(2024, 2, 29), date(2024, 3, 30), date(2024, 3, 31)]
    )
    assert list(periods.elapsed(start, ends, "months", 1)) == [0, 1, 1, 2]


def test_leap_day():
    start = days([date(2024, 2, 29)] * 3)
    ends = days([date(2025, 2, 27), date(2025, 2, 28), date(2028, 2, 28)])
    assert list(periods.elapsed(start, ends, "years", 1)) == [0, 1, 3]
    found = periods.boundary(start, "years", 1, series([1, 4, -4]))
    assert listed(found) == [date(2025, 2, 28), date(2028, 2, 29), date(2020, 2, 29)]


def test_invoice_due_today_is_next():
    anchor = days([date(2024, 5, 1), date(2024, 4, 1), date(2024, 6, 1)])
    found = periods.next_renewal(anchor, "months", 1, date(2024, 5, 1))
    assert listed(found) == [date(2024, 5, 1), date(2024, 6, 1), date(2024, 6, 1)]


def test_what_is_missing_stays_missing():
    start = days([None, date(2024, 1, 1), date(2024, 1, 1), date(2024, 1, 1)])
    end = days([date(2024, 2, 1), None, date(2024, 2, 1), date(2024, 2, 1)])
    unit = series(["months", "months", None, "months"])
    interval = series([1, 1, 1, None], float)
    found = periods.elapsed(start, end, unit, interval)
    assert list(found.isna()) == [True, True, True, False]
    assert found.iloc[-1] == 1
    assert listed(periods.boundary(start, unit, interval, found)) == [
        None,
        None,
        None,
        date(2024, 2, 1),
    ]
    assert list(periods.months(unit, interval).isna()) == [False, False, True, False]
    assert listed(periods.next_renewal(start, unit, 1, date(2024, 1, 1))) == [
        None,
        date(2024, 1, 1),
        None,
        date(2024, 1, 1),
    ]


def test_no_rows():
    none = days([])
    assert periods.elapsed(none, none, series([], "str"), none).empty
    assert periods.boundary(none, "months", 1, 1).empty
    assert periods.next_renewal(none, "months", 1, date(2024, 1, 1)).empty


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("interval", [10**8, 2**31 - 1, 2**31, 2**62, 10**30])
@pytest.mark.parametrize("k", [1, -1, 10**6])
def test_dates_nobody_writes_are_refused(unit, interval, k):
    start = days([date(2024, 1, 31)])
    with pytest.raises(OverflowError):
        periods.boundary(start, unit, interval, k)


def test_years_from_1_to_9999():
    start = days([date(9998, 12, 31)])
    assert listed(periods.boundary(start, "years", 1, 1)) == [date(9999, 12, 31)]
    with pytest.raises(OverflowError):
        periods.boundary(start, "years", 1, 2)
    with pytest.raises(OverflowError):
        periods.boundary(days([date(1, 1, 1)]), "days", 1, -1)
    with pytest.raises(OverflowError):
        periods.next_renewal(start, "months", 13, date(9999, 1, 1))


def test_a_period_longer_than_all_time_never_elapses():
    start, end = days([date(2024, 1, 1)]), days([date(2030, 1, 1)])
    for unit in UNITS:
        assert list(periods.elapsed(start, end, unit, 10**8)) == [0]


def test_unknown_unit_is_refused():
    with pytest.raises(ValueError, match="fortnights"):
        periods.months(series(["days", "fortnights"]), 1)
