# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The MRR waterfall: opening + what customers did + drift = closing.

Balances are kept per currency and stated at the rate of the day; movements are stated
at the rate they were booked at. What the change of rates does to both is the drift. It
is computed from its own definition and never as what is left over, so that
:attr:`Step.difference` is a real check of the ledger, of the kinds and of this module.

Amounts are exact :class:`~decimal.Decimal`; who shows them rounds them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from .ledger import KINDS

DAY = timedelta(days=1)


class Period(NamedTuple):
    """From the ``first`` to the ``last`` day, both included."""

    first: date
    last: date

    @property
    def eve(self) -> date:
        """The day before: balances of its evening are what the period opens with."""
        return self.first - DAY


class Sum(NamedTuple):
    """Movements of one period, currency and kind, summed.

    :param first: the first day of the period
    :param native: contracted deltas in the currency
    :param booked: the same in company currency at the booking rates
    :param transfer: the part of ``booked`` that is transfer
    :param running: subscriptions that started to run, less those that stopped
    """

    first: date
    currency: Hashable
    kind: str
    native: Decimal
    booked: Decimal
    transfer: Decimal
    running: int = 0


@dataclass(frozen=True)
class Step:
    """One row of a waterfall, in company currency.

    ``running`` is the number of subscriptions that run at the end of the period.
    """

    period: Period
    opening: Decimal
    kinds: dict[str, Decimal]
    drift: Decimal
    closing: Decimal
    running: int

    @property
    def difference(self) -> Decimal:
        """What the step does not explain: 0 up to the precision of stored amounts."""
        return self.closing - self.opening - sum(self.kinds.values()) - self.drift


def waterfall(
    sums: Iterable[Sum],
    periods: Sequence[Period],
    rates: Mapping[tuple[Hashable, date], Decimal],
) -> list[Step]:
    """Return one step for each period.

    :param sums: of all movements up to the end of the last period; those before the
        first period may be summed over any time
    :param periods: in order and without gaps
    :param rates: company currency for one unit of a currency, on the eve and on the
        last day of each period
    """
    balance = defaultdict(Decimal)
    running = 0
    inside = defaultdict(list)
    for row in sums:
        if row.first < periods[0].first:
            balance[row.currency] += row.native
            running += row.running
        else:
            inside[row.first].append(row)
    steps = []
    for period in periods:
        rows = inside[period.first]
        native = defaultdict(Decimal)
        kinds = dict.fromkeys(KINDS, Decimal(0))
        for row in rows:
            native[row.currency] += row.native
            running += row.running
            if row.kind in kinds:
                kinds[row.kind] += row.booked - row.transfer
        booked = sum((row.booked for row in rows), Decimal(0))
        opening = _value(balance, rates, period.eve)
        drift = (
            _value(balance, rates, period.last)
            - opening
            + _value(native, rates, period.last)
            - booked
        )
        for currency, amount in native.items():
            balance[currency] += amount
        closing = _value(balance, rates, period.last)
        steps.append(Step(period, opening, kinds, drift, closing, running))
    return steps


def _value(amounts, rates, day):
    """Return amounts by currency at the rates of a day."""
    return sum(
        (amount * rates[currency, day] for currency, amount in amounts.items()),
        Decimal(0),
    )


def total(steps: Sequence[Step]) -> Step:
    """Return successive steps as one: their movements and drifts add up."""
    return Step(
        Period(steps[0].period.first, steps[-1].period.last),
        steps[0].opening,
        {kind: sum(step.kinds[kind] for step in steps) for kind in KINDS},
        sum(step.drift for step in steps),
        steps[-1].closing,
        steps[-1].running,
    )


def needed_rates(
    sums: Iterable[Sum], periods: Sequence[Period]
) -> set[tuple[Hashable, date]]:
    """Return the (currency, date) pairs that :func:`waterfall` looks up."""
    currencies = {row.currency for row in sums}
    days = {day for period in periods for day in (period.eve, period.last)}
    return {(currency, day) for currency in currencies for day in days}


def horizon(last_movement: date, today: date) -> date:
    """Return the day up to which a waterfall goes.

    Today, unless nothing has moved in this month and the one before: a history that
    was imported from elsewhere has ended then, and is shown up to the end of its last
    month instead of as a row of empty months.
    """
    last_month = (today.replace(day=1) - DAY).replace(day=1)
    return today if last_movement >= last_month else month_end(last_movement)


def month_end(day: date) -> date:
    """Return the last day of the month."""
    return (day.replace(day=28) + 4 * DAY).replace(day=1) - DAY


def months(start: date, end: date) -> list[Period]:
    """Return the months from that of ``start`` on, the last one cut at ``end``."""
    periods = []
    first = start.replace(day=1)
    while first <= end:
        last = month_end(first)
        periods.append(Period(first, min(last, end)))
        first = last + DAY
    return periods


def choose(
    start: date,
    end: date,
    first: date | None = None,
    last: date | None = None,
    number: int = 0,
) -> list[Period]:
    """Return the months of a history that a reader asks for, at least one.

    :param start: the first day of the history
    :param end: its last day
    :param first: any day of the first month wanted
    :param last: any day of the last month wanted (None: that of ``end``)
    :param number: how many months are wanted if ``first`` is None (0: all)
    """
    last = min(max(last or end, start), end)
    periods = months(start, min(month_end(last), end))
    if first is not None:
        return [period for period in periods if period.last >= first] or periods[-1:]
    return periods[-number:] if number > 0 else periods
