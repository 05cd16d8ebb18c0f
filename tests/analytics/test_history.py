# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What rows of an imported history, and their corrections, do to the ledger."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from oracles import life

from analytics.history import Account, first_events, handed_over, later_events
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
