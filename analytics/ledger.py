# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The ledger of subscription movements as a pure state machine.

Events go in ("from this date on the subscription is in this state"), rows come out
("on this date these amounts were added"). A row never changes afterwards; whatever is
learned later is booked as further rows, so that the running sum of the rows is the MRR
at any date, and the rows known by a date are what was known by that date.

Amounts are :class:`~decimal.Decimal` and monthly, in the currency of the subscription.
Nothing here knows Odoo: subscriptions, customers and currencies are any hashable keys.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

START = "start"
END = "end"
CHANGE = "change"
PAUSE = "pause"
RESUME = "resume"
CUSTOMER_CHANGE = "customer_change"
ARCHIVE = "archive"
DELETE = "delete"

NEW = "new"
REACTIVATION = "reactivation"
EXPANSION = "expansion"
CONTRACTION = "contraction"
CHURN = "churn"
TRANSFER = "transfer"
NEUTRAL = "neutral"

#: Kinds that change the MRR of a customer, in the order of a waterfall.
KINDS = (NEW, REACTIVATION, EXPANSION, CONTRACTION, CHURN)


@dataclass(frozen=True)
class State:
    """What a running subscription is; a subscription that does not run has no state.

    :param customer: key of the customer (commercial partner and company)
    :param currency: key of the currency of the amounts
    :param contracted: contracted MRR, 0 is legal (a trial)
    :param effective: MRR after time-limited offers, counted as 0 while paused
    :param paused: paused subscriptions run, their effective MRR is 0
    """

    customer: Hashable
    currency: Hashable
    contracted: Decimal
    effective: Decimal
    paused: bool = False


@dataclass(frozen=True)
class Event:
    """From ``date`` on the subscription is in ``state`` (None: it does not run).

    ``note`` is handed on to the rows that it gives: how it is known, for instance.
    """

    date: date
    event: str
    state: State | None
    note: Hashable = None


class Balance(NamedTuple):
    """Sums of rows: subscriptions running and paused, contracted and effective MRR."""

    running: int = 0
    paused: int = 0
    contracted: Decimal = Decimal(0)
    effective: Decimal = Decimal(0)

    def plus(self, other: Balance) -> Balance:
        return Balance(*(a + b for a, b in zip(self, other, strict=True)))

    def minus(self, other: Balance) -> Balance:
        return Balance(*(a - b for a, b in zip(self, other, strict=True)))


NOTHING = Balance()


@dataclass(frozen=True)
class Movement:
    """A row of the ledger of one subscription.

    ``delta`` is what the row adds to the balance of its ``customer`` and ``currency``.
    """

    date: date
    known_on: date
    event: str
    customer: Hashable
    currency: Hashable
    delta: Balance
    note: Hashable = None


def balances(
    rows: Iterable[Movement], as_of: date | None = None, known_by: date | None = None
) -> dict[tuple[Hashable, Hashable], Balance]:
    """Return the balance of each (customer, currency) with anything left in it.

    :param as_of: count rows effective on or before this date (None: all)
    :param known_by: count rows known on or before this date (None: all)
    """
    sums = defaultdict(Balance)
    for row in rows:
        if (as_of is None or row.date <= as_of) and (
            known_by is None or row.known_on <= known_by
        ):
            leg = (row.customer, row.currency)
            sums[leg] = sums[leg].plus(row.delta)
    return {leg: balance for leg, balance in sums.items() if balance != NOTHING}


def book(
    history: Iterable[Movement],
    events: Sequence[Event],
    known_on: date | None = None,
    seen_until: date | None = None,
) -> list[Movement]:
    """Return the rows that make the ledger of one subscription say what events say.

    The events hold from the date of the first one on: rows of ``history`` that lie
    later and say otherwise are cancelled on their own dates, what was learned last
    prevails. An event that changes nothing gives no row.

    :param history: all rows of the subscription so far
    :param events: by date; several of one date are steps of that day
    :param known_on: the day of recording (None: each row is known on its own date)
    :param seen_until: the day up to which history had been recorded before: what takes
        effect later is first recorded now and known on its own date
    :raise ValueError: the events are not in the order of their dates
    """
    if any(a.date > b.date for a, b in zip(events, events[1:], strict=False)):
        raise ValueError("Events must be in the order of their dates.")
    if not events:
        return []
    history = list(history)

    def known(day):
        first_seen = known_on is None or (seen_until is not None and day > seen_until)
        return day if first_seen else known_on

    before = balances(history, as_of=events[0].date)
    later = _daily([row for row in history if row.date > events[0].date])
    rows = []
    for event in events:
        overtaken = [day for day in sorted(later) if day <= event.date]
        for day in overtaken:
            booked = later.pop(day)
            if day == event.date:
                before = _sum(before, booked)
            else:
                rows += _rows(day, known(day), CHANGE, booked, {}, event.note)
        after = _legs(event.state)
        rows += _rows(
            event.date, known(event.date), event.event, before, after, event.note
        )
        before = after
    for day, booked in sorted(later.items()):
        rows += _rows(day, known(day), CHANGE, booked, {}, events[-1].note)
    return rows


def _daily(rows):
    """Return the sum of each leg by date."""
    days = defaultdict(list)
    for row in rows:
        days[row.date].append(row)
    return {day: balances(day_rows) for day, day_rows in days.items()}


def _sum(some, more):
    legs = {*some, *more}
    return {leg: some.get(leg, NOTHING).plus(more.get(leg, NOTHING)) for leg in legs}


def _legs(state):
    if state is None:
        return {}
    return {
        (state.customer, state.currency): Balance(
            running=1,
            paused=int(state.paused),
            contracted=state.contracted,
            effective=Decimal(0) if state.paused else state.effective,
        )
    }


def _rows(day, known_on, event, before, after, note):
    """Return one row per leg whose balance differs, what ends before what starts."""
    rows = []
    for leg in {*before, *after}:
        delta = after.get(leg, NOTHING).minus(before.get(leg, NOTHING))
        if delta != NOTHING:
            name = _event_name(event, delta)
            rows.append(Movement(day, known_on, name, *leg, delta, note))
    return sorted(
        rows, key=lambda row: (row.delta.running, repr((row.customer, row.currency)))
    )


def _event_name(event, delta):
    """Return what the row is: the event where it fits, else what the amounts say."""
    if event == CUSTOMER_CHANGE and delta.running:
        return event
    if delta.running > 0:
        return START
    if delta.running < 0:
        return event if event in (ARCHIVE, DELETE) else END
    if event in (PAUSE, RESUME) and delta.paused:
        return event
    return CHANGE


class Posting(NamedTuple):
    """A booked row as :func:`classify` needs it.

    :param key: identifies the row in the result
    :param subscription: sortable key of the subscription
    :param delta: contracted delta in ``currency``
    :param rate: units of company currency for one unit of ``currency`` on ``date``
    """

    key: Hashable
    date: date
    subscription: int | str
    event: str
    currency: Hashable
    delta: Decimal
    rate: Decimal

    @property
    def amount(self) -> Decimal:
        """The contracted delta in company currency at the booking rate, unrounded."""
        return self.delta * self.rate


def classify(postings: Iterable[Posting]) -> dict[Hashable, tuple[str, Decimal]]:
    """Return the kind and the transfer amount of each row of **one** customer.

    Per day, what cancels out between the rows is *transfer*: the rows against the
    day's net are transfer as a whole, the others give up the same total, the oldest
    subscription first, so that transfer amounts of a day sum to zero. The remainder is
    what the customer did: new (never had MRR before), reactivation (had, but none that
    morning), churn (none left that evening), else expansion or contraction. Neither
    the order of the rows within a day nor that of their arrival matters.

    Definitions of the five kinds as ChartMogul and Stripe document them, netted per
    customer and day.

    :return: ``{key: (kind, transfer amount in company currency)}``
    """
    days = defaultdict(list)
    for posting in postings:
        days[posting.date].append(posting)
    result = {}
    balance = defaultdict(Decimal)
    had_mrr = False
    for _day, rows in sorted(days.items()):
        before = any(balance.values())
        for row in rows:
            balance[row.currency] += row.delta
        after = any(balance.values())
        net = sum((row.amount for row in rows), Decimal(0))
        kind = _kind(before, after, had_mrr, net)
        result.update(_split(rows, kind, net))
        had_mrr = had_mrr or after
    return result


def _kind(before, after, had_mrr, net):
    if after and not before:
        return REACTIVATION if had_mrr else NEW
    if before and not after:
        return CHURN
    return EXPANSION if net > 0 else CONTRACTION


def _split(rows, kind, net):
    """Return kind and transfer amount of the rows of one day."""
    against = [row for row in rows if row.amount and (row.amount > 0) != (net > 0)]
    along = [row for row in rows if row.amount and (row.amount > 0) == (net > 0)]
    if not net:
        against, along = against + along, []
    result = {row.key: (NEUTRAL, Decimal(0)) for row in rows if not row.amount}
    result.update({row.key: (TRANSFER, row.amount) for row in against})
    to_give = -sum((row.amount for row in against), Decimal(0))
    for row in sorted(along, key=lambda r: (r.subscription, r.event, r.delta)):
        given = min(to_give, row.amount, key=abs)
        to_give -= given
        result[row.key] = (TRANSFER if given == row.amount else kind, given)
    return result
