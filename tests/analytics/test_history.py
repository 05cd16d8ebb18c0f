# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What rows of an imported history, and their corrections, do to the ledger."""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from analytics.history import Account, first_events, later_events
from analytics.ledger import Balance, State, balances, book, life

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
        events = later_events(old, new, as_of) if old else first_events(new)
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
    assert later_events(account, account, AS_OF[1]) == []
