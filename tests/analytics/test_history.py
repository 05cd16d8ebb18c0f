# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What rows of an imported history, and their corrections, do to the ledger."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from oracles import life

from analytics.history import (
    Account,
    first_events,
    from_now_on,
    handed_over,
    later_events,
    moved_start,
    run_start,
    state_on,
)
from analytics.ledger import Balance, Event, State, balances, book

DAY = date(2024, 1, 1)
AS_OF = [DAY + timedelta(days=days) for days in (30, 60, 90)]

states = st.builds(
    lambda customer, mrr: State(customer, "EUR", Decimal(mrr), Decimal(mrr)),
    st.sampled_from(["ada", "bob"]),
    st.integers(0, 50),
)


@st.composite
def told(draw, as_of):
    """A row as a file tells it on a day."""
    start = draw(st.integers(0, 25))
    end = draw(st.none() | st.integers(start, (as_of - DAY).days))
    return Account(
        DAY + timedelta(days=start),
        None if end is None else DAY + timedelta(days=end),
        draw(states),
    )


@given(st.tuples(*(told(as_of) for as_of in AS_OF)))
def test_ledger_follows_every_file(accounts):
    """After each file the ledger says what that file says."""
    rows, old = [], None
    for new, as_of in zip(accounts, AS_OF, strict=True):
        events = later_events(old, new, as_of, rows) if old else first_events(new)
        rows += book(rows, events, known_on=as_of if old else None)
        mrr = new.state.contracted
        expected = (
            {(new.state.customer, "EUR"): Balance(1, 0, mrr, mrr)}
            if new.end_date is None
            else {}
        )
        assert balances(rows, as_of=as_of) == balances(rows) == expected
        if new.end_date is None:
            assert life(rows).end_date is None
        elif new.start_date < new.end_date:
            assert life(rows) == (new.start_date, new.end_date)
        old = new


@given(told(AS_OF[0]))
def test_same_row_again_says_nothing(account):
    rows = book([], first_events(account))
    assert later_events(account, account, AS_OF[1], rows) == []


@given(st.tuples(*(told(as_of) for as_of in AS_OF)), st.integers(0, 25))
def test_corrected_start_moves_the_start_alone(accounts, start):
    """On all days after both starts the ledger says what it said before."""
    rows, old = [], None
    for new, as_of in zip(accounts[:2], AS_OF, strict=False):
        if old:
            new = replace(new, start_date=old.start_date)
            if new.end_date and new.end_date < new.start_date:
                new = replace(new, end_date=None)
        rows += book(
            rows, later_events(old, new, as_of, rows) if old else first_events(new)
        )
        old = new
    start = DAY + timedelta(days=start)
    new = replace(old, start_date=start)
    if old.end_date and start >= old.end_date:
        return
    moved = rows + book(rows, later_events(old, new, AS_OF[2], rows), AS_OF[2])
    days = [DAY + timedelta(days=number) for number in range(90)]
    for day in days:
        if day >= max(start, old.start_date):
            assert balances(moved, as_of=day) == balances(rows, as_of=day)
        elif day < start:
            assert balances(moved, as_of=day) == {}


def test_handed_over_from_a_day_on():
    def mrr(customer, amount):
        return State(customer, "EUR", Decimal(amount), Decimal(amount))

    day = [DAY + timedelta(days=number) for number in range(9)]
    rows = book(
        [],
        [
            Event(day[0], "start", mrr("ada", 10)),
            Event(day[4], "change", mrr("ada", 15)),
            Event(day[6], "end", None),
        ],
    )
    rows += book(rows, handed_over(rows, "bob", day[2]), known_on=day[8])
    for number, expected in ((1, "ada"), (2, "bob"), (5, "bob")):
        ((customer, _currency),) = balances(rows, as_of=day[number])
        assert customer == expected
    assert balances(rows) == {}
    assert handed_over(rows, "ada", day[7]) == []


def run_of(*steps):
    """Rows of a life told as (day, state or None)."""
    events = [Event(DAY + timedelta(days=day), "step", state) for day, state in steps]
    return book([], events)


def test_what_is_announced_stays_for_the_new_customer():
    ada, bob = (State(name, "EUR", Decimal(5), Decimal(5)) for name in ("ada", "bob"))
    more = replace(ada, contracted=Decimal(8), effective=Decimal(8))
    today, soon, end = (DAY + timedelta(days=days) for days in (10, 20, 30))
    rows = run_of((0, ada), (20, more), (30, None))
    rows += book(rows, from_now_on(rows, "customer_change", bob, today), today)
    assert state_on(rows, today) == bob
    assert state_on(rows, soon) == replace(more, customer="bob")
    assert balances(rows, as_of=end) == {}
    dollars = replace(bob, currency="USD")
    rows += book(rows, from_now_on(rows, "change", dollars, today), today)
    assert state_on(rows, soon) == dollars
    assert balances(rows, as_of=end) == {}
    rows += book(rows, from_now_on(rows, "end", None, today), today)
    assert {day for day in (today, soon, end) if balances(rows, as_of=day)} == set()


def test_start_of_the_run():
    ada = State("ada", "EUR", Decimal(5), Decimal(5))
    rows = run_of((0, ada), (5, None), (8, ada), (9, replace(ada, paused=True)))
    for day, start in ((0, 0), (4, 0), (5, None), (7, None), (8, 8), (30, 8)):
        found = run_start(rows, DAY + timedelta(days=day))
        assert found == (None if start is None else DAY + timedelta(days=start)), day


@given(states, states, st.none() | states, st.integers(0, 20), st.integers(0, 20))
def test_a_start_is_moved(first, second, now, change, start):
    """Today it is what it is now, or over; before, what it was, since the new start."""
    today = DAY + timedelta(days=20)
    new = DAY + timedelta(days=start)
    old = run_of((5, first), (5 + change // 2, second), (40, None))
    rows = old + book(old, moved_start(old, new, "change", now, today), today)
    assert state_on(rows, today) == now
    for days in range(20):
        day = DAY + timedelta(days=days)
        if day < new:
            assert not balances(rows, as_of=day)
        else:
            assert state_on(rows, day) == state_on(old, max(day, DAY + timedelta(5)))
    assert not balances(rows, as_of=DAY + timedelta(days=40))
    assert balances(rows, known_by=today - timedelta(days=1)) == balances(
        old, known_by=today - timedelta(days=1)
    )
