# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Amounts per period and per month, and the days on which periods begin."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import given
from hypothesis import strategies as st

from analytics.period import monthly, next_boundary, per_period, split

cents = st.integers(0, 10_000_000).map(lambda value: Decimal(value) / 100)
starts = st.dates(date(1990, 1, 1), date(2030, 12, 31))
units = st.sampled_from(["days", "weeks", "months", "years"])
intervals = st.integers(1, 24)


@pytest.mark.parametrize(
    ("amount", "unit", "interval", "mrr"),
    [
        ("1200", "years", 1, "100"),
        ("300", "months", 3, "100"),
        ("100", "weeks", 1, "434.82"),
        ("50", "weeks", 1, "217.41"),
        ("1", "days", 1, "30.44"),
        ("2", "days", 1, "60.88"),
        ("1", "months", 8, "0.13"),
        ("0", "months", 1, "0"),
    ],
)
def test_mrr_of_an_amount(amount, unit, interval, mrr):
    """A month has 30.4375 days; halves round up (0.125 is 0.13)."""
    assert monthly(Decimal(amount), unit, interval) == Decimal(mrr)


@pytest.mark.parametrize(
    ("amount", "rounding", "mrr"),
    [
        ("30.07", "0.05", "10"),
        ("30.075", "0.05", "10.05"),
        # Rounded once: 0.097 to a decimal is 0.1, which is half of 0.2.
        ("0.29", "0.2", "0"),
        ("0.3", "0.2", "0.2"),
    ],
)
def test_mrr_in_a_currency_without_small_coins(amount, rounding, mrr):
    found = monthly(Decimal(amount), "months", 3, rounding=Decimal(rounding))
    assert found == Decimal(mrr)


@given(cents, st.sampled_from(["months", "years"]), intervals)
def test_amount_per_period_comes_to_the_mrr(mrr, unit, interval):
    assert monthly(per_period(mrr, unit, interval), unit, interval) == mrr


@given(cents, units, intervals)
def test_amount_of_a_short_period_misses_the_mrr_by_less_than_one_unit_of_it(
    mrr, unit, interval
):
    found = monthly(per_period(mrr, unit, interval), unit, interval)
    assert abs(found - mrr) <= monthly(Decimal("0.01"), unit, interval) + Decimal(
        "0.01"
    )


@given(cents, st.integers(1, 9))
def test_parts_sum_to_the_whole(amount, parts):
    found = split(amount, parts)
    assert len(found) == parts
    assert sum(found) == amount
    assert max(found) - min(found) <= Decimal("0.01")


@given(starts, units, intervals, st.integers(-40, 15_000))
def test_next_boundary_is_the_first_one_after_a_day(start, unit, interval, days):
    after = start + timedelta(days=days)
    found = next_boundary(start, unit, interval, after)
    periods = 0
    while start + relativedelta(**{unit: interval * periods}) <= after:
        periods += 1
    assert found == start + relativedelta(**{unit: interval * periods})


def test_a_period_of_the_31st_comes_back_to_the_31st():
    start = date(2024, 1, 31)
    assert next_boundary(start, "months", 1, date(2024, 2, 10)) == date(2024, 2, 29)
    assert next_boundary(start, "months", 1, date(2024, 2, 29)) == date(2024, 3, 31)
