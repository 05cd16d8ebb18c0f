# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Opening + movements + drift = closing, between any two dates, to the cent.

Invariant 3.
"""

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.ledger import CHURN, EXPANSION, KINDS, NEW, Posting, classify
from analytics.waterfall import (
    Period,
    Sum,
    choose,
    horizon,
    months,
    needed_rates,
    total,
    waterfall,
)

FIRST = date(2024, 1, 1)
DAYS = [FIRST + timedelta(days=i) for i in range(150)]
CURRENCIES = ["EUR", "USD", "IDR"]
CENT = Decimal("0.005")

postings = st.lists(
    st.tuples(
        st.sampled_from(DAYS),
        st.sampled_from(["ada", "bob"]),
        st.integers(1, 3),
        st.sampled_from(CURRENCIES),
        st.integers(-9_999_999, 9_999_999).map(lambda cents: Decimal(cents) / 100),
    ),
    max_size=25,
)
#: Rates of the foreign currencies, by the day from which they hold.
rate_tables = st.fixed_dictionaries(
    {
        currency: st.dictionaries(
            st.sampled_from(DAYS),
            st.integers(1, 10**8).map(lambda rate: Decimal(rate) / 10**6),
            max_size=8,
        )
        for currency in CURRENCIES[1:]
    }
)


class Rates(dict):
    """The rate of any currency and day: the last one that was set, else 1."""

    def __init__(self, tables):
        super().__init__()
        self.tables = tables

    def __missing__(self, key):
        currency, day = key
        table = self.tables.get(currency, {})
        return table[max(since)] if (since := [d for d in table if d <= day]) else 1


def classified(rows, rates):
    """Return raw rows as the ledger keeps them: with booking rate, kind, transfer."""
    customers = defaultdict(list)
    for key, (day, customer, subscription, currency, delta) in enumerate(rows):
        rate = Decimal(rates[currency, day])
        customers[customer].append(
            Posting(key, day, subscription, "change", currency, delta, rate)
        )
    for some in customers.values():
        kinds = classify(some)
        for posting in some:
            yield posting, *kinds[posting.key]


def summed(rows, periods):
    """Return what SQL returns: sums by period, currency and kind."""
    firsts = [date.min, *(period.first for period in periods)]
    sums = defaultdict(lambda: [Decimal(0)] * 3)
    for posting, kind, given_up in rows:
        if posting.date <= periods[-1].last:
            first = max(day for day in firsts if day <= posting.date)
            key = (first, posting.currency, kind)
            more = (posting.delta, posting.amount, given_up)
            sums[key] = [a + b for a, b in zip(sums[key], more, strict=True)]
    return [Sum(*key, *amounts) for key, amounts in sums.items()]


def value(rows, rates, day):
    """The MRR on the evening of a day from the raw rows: Σ delta × rate of the day."""
    return sum(
        delta * rates[currency, day]
        for date_, _customer, _subscription, currency, delta in rows
        if date_ <= day
    )


def check(rows, tables, periods):
    """The steps explain the change of the balance, and each part is what it says."""
    rates = Rates(tables)
    ledger_rows = list(classified(rows, rates))
    sums = summed(ledger_rows, periods)
    wanted = {pair: rates[pair] for pair in needed_rates(sums, periods)}
    steps = waterfall(sums, periods, wanted)
    for step in [*steps, total(steps)]:
        first, last = step.period
        parts = step.opening + sum(step.kinds.values()) + step.drift
        assert abs(step.closing - parts) < CENT
        assert abs(step.difference) < CENT
        assert abs(step.opening - value(rows, rates, step.period.eve)) < CENT
        assert abs(step.closing - value(rows, rates, last)) < CENT
        # Drift, row by row: what an amount gained since it was booked or carried over.
        drift = sum(
            row[4] * (rates[row[3], last] - rates[row[3], max(row[0], step.period.eve)])
            for row in rows
            if row[0] <= last
        )
        assert abs(step.drift - drift) < CENT
        for kind in KINDS:
            amount = sum(
                posting.amount - given_up
                for posting, its_kind, given_up in ledger_rows
                if its_kind == kind and first <= posting.date <= last
            )
            assert abs(step.kinds[kind] - amount) < CENT
    for one, other in zip(steps, steps[1:], strict=False):
        assert one.closing == other.opening
    assert abs(sum(row.transfer for row in sums)) < CENT


@given(postings, rate_tables)
def test_every_month_adds_up(rows, tables):
    check(rows, tables, months(DAYS[0], DAYS[-1]))


@given(
    postings,
    rate_tables,
    st.lists(st.sampled_from(DAYS), min_size=2, max_size=6, unique=True).map(sorted),
)
def test_adds_up_between_any_two_dates(rows, tables, days):
    """Periods of any length, also such that start amid the history."""
    pairs = zip(days, days[1:], strict=False)
    check(rows, tables, [Period(a + timedelta(days=1), b) for a, b in pairs])


@given(postings, rate_tables)
def test_transfers_sum_to_zero(rows, tables):
    days = defaultdict(Decimal)
    for posting, _kind, given_up in classified(rows, Rates(tables)):
        days[rows[posting.key][1], posting.date] += given_up
    assert not any(days.values())


def test_drift_of_balance_and_of_movements():
    """10 USD carried over and 5 USD booked meanwhile, at 2, then 3, in the end 4."""
    january, february = months(date(2024, 1, 1), date(2024, 2, 29))
    sums = [
        Sum(date(2023, 7, 1), "USD", NEW, Decimal(10), Decimal(10), Decimal(0), 1),
        Sum(february.first, "USD", EXPANSION, Decimal(5), Decimal(15), Decimal(0)),
    ]
    rates = {
        ("USD", january.eve): Decimal(2),
        ("USD", january.last): Decimal(2),
        ("USD", february.last): Decimal(4),
    }
    before, step = waterfall(sums, [january, february], rates)
    assert (before.opening, before.drift, before.closing) == (20, 0, 20)
    assert (step.opening, step.kinds[EXPANSION], step.closing) == (20, 15, 60)
    assert step.drift == 10 * (4 - 2) + 5 * (4 - 3)
    assert step.difference == 0
    assert (before.running, step.running) == (1, 1)


def test_difference_is_not_hidden():
    """A row whose kind is unknown, or a transfer that nothing cancels, shows."""
    period = Period(FIRST, FIRST)
    for kind, given_up in ((None, 0), ("transfer", 7)):
        sums = [Sum(FIRST, "EUR", kind, Decimal(7), Decimal(7), Decimal(given_up))]
        rates = {("EUR", period.eve): Decimal(1), ("EUR", FIRST): Decimal(1)}
        (step,) = waterfall(sums, [period], rates)
        assert (step.drift, step.difference) == (0, 7)


def test_period_without_movements():
    period = Period(FIRST, FIRST)
    (step,) = waterfall([], [period], {})
    assert (step.opening, step.drift, step.closing, step.running) == (0, 0, 0, 0)
    assert set(step.kinds.values()) == {0}


def test_total_adds_kinds_and_drift():
    periods = months(date(2024, 1, 1), date(2024, 2, 29))
    rates = Rates({})
    sums = [
        Sum(date(2024, 1, 1), "EUR", NEW, Decimal(7), Decimal(7), Decimal(0), 1),
        Sum(date(2024, 2, 1), "EUR", NEW, Decimal(3), Decimal(3), Decimal(0), 1),
        Sum(date(2024, 2, 1), "EUR", CHURN, Decimal(-7), Decimal(-7), Decimal(0), -1),
    ]
    step = total(waterfall(sums, periods, rates))
    assert step.period == (date(2024, 1, 1), date(2024, 2, 29))
    assert (step.kinds[NEW], step.kinds[CHURN]) == (10, -7)
    assert (step.opening, step.closing, step.running) == (0, 3, 1)


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(0, 900))
def test_months_have_no_gap(start, length):
    end = start + timedelta(days=length)
    periods = months(start, end)
    assert periods[0].first == start.replace(day=1)
    assert periods[-1].last == end
    for one, other in zip(periods, periods[1:], strict=False):
        assert one.last + timedelta(days=1) == other.first
        assert other.first.day == 1
        assert (one.first.year, one.first.month) != (
            other.first.year,
            other.first.month,
        )


@pytest.mark.parametrize(
    ("last_movement", "today", "expected"),
    [
        (date(2024, 3, 5), date(2024, 3, 5), date(2024, 3, 5)),
        (date(2024, 2, 1), date(2024, 3, 31), date(2024, 3, 31)),
        (date(2024, 1, 31), date(2024, 3, 1), date(2024, 1, 31)),
        (date(2020, 2, 1), date(2026, 1, 9), date(2020, 2, 29)),
        (date(2023, 12, 1), date(2024, 1, 15), date(2024, 1, 15)),
    ],
)
def test_horizon(last_movement, today, expected):
    """Today, unless the history has ended long before."""
    assert horizon(last_movement, today) == expected


def bounds(**wanted):
    periods = choose(date(2023, 11, 1), date(2024, 3, 10), **wanted)
    return periods[0].first, periods[-1].last, len(periods)


def test_choose():
    nov, march = date(2023, 11, 1), date(2024, 3, 10)
    assert bounds() == (nov, march, 5)
    assert bounds(number=3) == (date(2024, 1, 1), march, 3)
    assert bounds(number=12) == (nov, march, 5)
    assert bounds(number=1) == (date(2024, 3, 1), march, 1)
    some_day = date(2024, 2, 10)
    assert bounds(last=some_day, number=2) == (
        date(2024, 1, 1),
        date(2024, 2, 29),
        2,
    )
    assert bounds(first=some_day) == (date(2024, 2, 1), march, 2)
    assert bounds(first=date.min, last=date.max) == (nov, march, 5)
    # What lies outside or makes no sense gives the nearest month there is.
    assert bounds(first=date.max, last=date.min) == (nov, date(2023, 11, 30), 1)
    assert bounds(first=march, last=nov) == (nov, date(2023, 11, 30), 1)
    assert bounds(number=10**9) == (nov, march, 5)
    assert bounds(number=-1) == (nov, march, 5)
