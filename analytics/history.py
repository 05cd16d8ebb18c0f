# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What a row of an imported history says to the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from .ledger import CHANGE, CUSTOMER_CHANGE, END, START, Event, State


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


def later_events(old: Account, new: Account, as_of: date) -> list[Event]:
    """Return the events that turn what the last file said into what this one says.

    A file does not date a change of amount: it takes effect on ``as_of``, of a
    subscription that ended on its end.
    """
    if new.start_date != old.start_date:
        events = first_events(new)
        if new.start_date > old.start_date:
            events.insert(0, Event(old.start_date, END, None))
        return events
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
