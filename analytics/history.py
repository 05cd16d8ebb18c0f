# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What an imported history, and corrections of one, say to the ledger."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace
from datetime import date

from .ledger import (
    CHANGE,
    CUSTOMER_CHANGE,
    END,
    START,
    Event,
    Movement,
    State,
    balances,
)


@dataclass(frozen=True)
class Account:
    """A subscription as a file tells it; ``end_date`` None: it runs."""

    start_date: date
    end_date: date | None
    state: State


def first_events(new: Account) -> list[Event]:
    """Return the events of a subscription that the ledger does not know yet."""
    events = [Event(new.start_date, START, new.state)]
    if new.end_date:
        events.append(Event(new.end_date, END, None))
    return events


def later_events(
    old: Account, new: Account, as_of: date, history: Iterable[Movement]
) -> list[Event]:
    """Return the events that turn what the last file said into what this one says.

    A file does not date a change of amount: it takes effect on ``as_of``, of a
    subscription that ended on its end. A corrected start moves the start alone, what
    the ledger knows of later days stays.
    """
    if new.start_date == old.start_date:
        return _end_or_amount(old, new, as_of)
    later = new.start_date > old.start_date
    moved_on = [Event(old.start_date, END, None)] if later else []
    both = max(old.start_date, new.start_date)
    if old.end_date and old.end_date <= both:
        return moved_on + first_events(new)
    then = _end_or_amount(old, new, as_of)
    until = then[0].date if then else None
    return [
        *moved_on,
        Event(new.start_date, START, state_on(history, both) or new.state),
        *steps(history, both, until),
        *then,
    ]


def _end_or_amount(old, new, as_of):
    """Return the events of another end or another amount."""
    if old.end_date and (new.end_date is None or new.end_date >= old.end_date):
        if (new.end_date, new.state) == (old.end_date, old.state):
            return []
        events = [Event(old.end_date, START, new.state)]
    elif new.state != old.state:
        moved = new.state.customer != old.state.customer
        name = CUSTOMER_CHANGE if moved else CHANGE
        events = [Event(new.end_date or as_of, name, new.state)]
    else:
        events = []
    if new.end_date:
        events.append(Event(new.end_date, END, None))
    return events


def from_now_on(
    history: Iterable[Movement], name: str, state: State | None, day: date
) -> list[Event]:
    """Return the events that make a subscription something else from a day on.

    What the ledger says of later days stays, for the customer of the state; not what
    it says in another currency, and an end takes everything back.
    """
    event = Event(day, name, state)
    if state is None:
        return [event]
    kept = [
        step
        for step in steps(history, day)
        if step.state is None or step.state.currency == state.currency
    ]
    return [
        event,
        *(step if step.state is None else _of(step, state.customer) for step in kept),
    ]


def moved_start(
    history: Iterable[Movement], start: date, name: str, state: State | None, day: date
) -> list[Event]:
    """Return the events of :func:`from_now_on` for a start that somebody corrects.

    The start of the run of the day, which may end on it, moves and becomes known; a
    subscription that the ledger does not know of yet starts on the corrected day.
    """
    history = list(history)
    if not history:
        return [Event(start, START, state)] if state else []
    then = from_now_on(history, name, state, day)
    run = run_start(history, day)
    if run is None or run == start:
        return then
    old = state_on(history, day)
    moved = later_events(
        Account(run, None, old), Account(start, None, old), day, history
    )
    return [*(event for event in moved if event.date <= day), *then]


def handed_over(
    history: Iterable[Movement], customer: Hashable, day: date
) -> list[Event]:
    """Return the events that give a subscription to a customer from a day on.

    What the ledger says of later days stays, for the new customer; nothing is returned
    for a subscription that does not run on the day nor later.
    """
    history = list(history)
    events = [Event(day, CUSTOMER_CHANGE, state_on(history, day)), *steps(history, day)]
    if not any(event.state for event in events):
        return []
    return [event if event.state is None else _of(event, customer) for event in events]


def _of(event, customer):
    return replace(event, state=replace(event.state, customer=customer))


def state_on(history: Iterable[Movement], day: date) -> State | None:
    """Return what a subscription is on the evening of a day, by its rows."""
    for (customer, currency), balance in balances(history, as_of=day).items():
        return State(
            customer,
            currency,
            balance.contracted,
            balance.effective,
            bool(balance.paused),
        )
    return None


def run_start(history: Iterable[Movement], day: date) -> date | None:
    """Return since when a subscription that runs on a day has run, by its rows."""
    history = list(history)
    start = None
    for date_ in sorted({row.date for row in history if row.date <= day}):
        runs = state_on(history, date_) is not None
        start = (start or date_) if runs else None
    return start


def steps(
    history: Iterable[Movement], after: date, until: date | None = None
) -> list[Event]:
    """Return what the rows say of the days after one (and before another), as events.

    Booked again they give no row; they keep the days between events from being
    cancelled.
    """
    history = list(history)
    names = {
        row.date: row.event
        for row in history
        if row.date > after and (until is None or row.date < until)
    }
    return [Event(day, names[day], state_on(history, day)) for day in sorted(names)]
