# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What is worked out set-wise elsewhere, told row by row for the tests."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from fractions import Fraction
from typing import NamedTuple

from dateutil.relativedelta import relativedelta

from analytics.ledger import Movement


class Life(NamedTuple):
    """When a subscription first started to run and the first day it did not any more.

    ``end_date`` is None while it runs.
    """

    first_start_date: date
    end_date: date | None


def life(rows: Iterable[Movement]) -> Life | None:
    """Return the life of a subscription, None if it never started.

    A start that was cancelled on its own day by a later correction does not count,
    unless there is none other (a subscription that ended on its first day).
    """
    days = defaultdict(int)
    for row in rows:
        days[row.date] += row.delta.running
    if not days:
        return None
    running = 0
    starts, ends = [], []
    for day, change in sorted(days.items()):
        running += change
        if change > 0:
            starts.append(day)
        elif change < 0:
            ends.append(day)
    end = None if running else (ends[-1] if ends else max(days))
    return Life(starts[0] if starts else min(days), end)


def boundary(start: date, unit: str, interval: int, k: int) -> date:
    """Return the day on which the k-th period after a day begins."""
    return start + relativedelta(**{unit: max(interval, 1) * k})


def elapsed(start: date, end: date, unit: str, interval: int) -> int | None:
    """Return how many periods fit between two days, by counting them."""
    if end < start:
        return None
    k = 0
    while boundary(start, unit, interval, k + 1) <= end:
        k += 1
    return k


def next_renewal(anchor: date, unit: str, interval: int, as_of: date) -> date:
    """Return the first boundary after a day, or the day if it is the anchor."""
    if anchor == as_of:
        return as_of
    k = 0
    while boundary(anchor, unit, interval, k) > as_of:
        k -= 1
    while boundary(anchor, unit, interval, k) <= as_of:
        k += 1
    return boundary(anchor, unit, interval, k)


def quintiles(values: list) -> list:
    """Return the mid-rank quintile of each value that is not None."""
    known = [value for value in values if value is not None]
    result = []
    for value in values:
        if value is None:
            result.append(None)
            continue
        below = sum(other < value for other in known)
        equal = sum(other == value for other in known)
        rank = below + Fraction(equal + 1, 2)
        score = 5 * (rank - Fraction(1, 2)) / len(known)
        result.append(-(-score.numerator // score.denominator))
    return result


class Run(NamedTuple):
    """The current run of a subscription as :func:`analytics.renewals` takes it."""

    start: date
    until: date
    unit: str = "months"
    interval: int = 1
    predecessor: int | None = None


class Renewals(NamedTuple):
    """The renewals in a row of a subscription; ``periods`` by unit and interval."""

    last: date
    frequency: int
    months: float
    assumed: bool


class _Told(NamedTuple):
    last: date
    number: int
    assumed: bool
    from_start: bool
    to_end: bool


def renewals(
    runs: dict[int, Run], invoices: list, pauses: list, as_of: date
) -> dict[int, Renewals | None]:
    """Return the renewals of each subscription, one after the other.

    ``invoices`` are (subscription, day, renewed), ``pauses`` (subscription, first day,
    day of resuming or None).
    """
    started = {key: run for key, run in runs.items() if run.start <= run.until}
    before = {
        key: run.predecessor
        for key, run in started.items()
        if run.predecessor in started
        and (started[run.predecessor].start, run.predecessor) < (run.start, key)
    }
    told = {}
    for key, run in started.items():
        ended = run.until < as_of or key in before.values()
        told[key] = _told(
            run,
            run.until - timedelta(days=ended),
            sorted((day, renewed) for other, day, renewed in invoices if other == key),
            {
                first + timedelta(days=i)
                for other, first, resumed in pauses
                if other == key
                for i in range(((resumed or date(2100, 1, 1)) - first).days)
            },
        )
    result = dict.fromkeys(runs)
    for key in started:
        number, months, assumed = 0, 0, False
        now = key
        while True:
            count = told[now].number
            assumed |= told[now].assumed
            previous = before.get(now)
            linked = (
                previous is not None and told[now].from_start and told[previous].to_end
            )
            count += linked
            number += count
            run = started[now]
            months += count * _months(run.unit, max(run.interval, 1))
            if not linked:
                break
            now = previous
        result[key] = Renewals(told[key].last, number, round(months, 2), assumed)
    return result


def _months(unit, interval):
    months = {"days": 1 / 30.4375, "weeks": 7 / 30.4375, "months": 1, "years": 12}
    return months[unit] * interval


def _length(run, day):
    return boundary(day, run.unit, run.interval, 1) - day


def _unpaused(run, numbers, paused_days):
    days = [boundary(run.start, run.unit, run.interval, k) for k in numbers]
    return [day for day in days if day not in paused_days]


def _billed(run, last_day, invoices):
    """Return the periods that were billed: the first day of each, and if renewed."""
    billed = []
    for day, renewed in invoices:
        if day > last_day:
            continue
        if day < run.start:
            if 2 * (run.start - day) >= _length(run, day):
                continue
            day = run.start
        if billed and 2 * (day - billed[-1][0]) < _length(run, billed[-1][0]):
            billed[-1][1] |= renewed
        else:
            billed.append([day, renewed])
    return billed


def _told(run, last_day, invoices, paused_days):
    """Tell of one subscription on its own, without predecessors."""
    billed = _billed(run, last_day, invoices)
    if not billed:
        most = elapsed(run.start, last_day, run.unit, run.interval) or 0
        counted = _unpaused(run, range(1, most + 1), paused_days)
        last = counted[-1] if counted else run.start
        return _Told(last, len(counted), True, True, True)

    first_day = billed[0][0]
    first = elapsed(run.start, first_day, run.unit, run.interval)
    one = boundary(run.start, run.unit, run.interval, first)
    other = boundary(run.start, run.unit, run.interval, first + 1)
    if first_day - one >= other - first_day:
        first += 1
    assumed = _unpaused(run, range(1, first), paused_days)
    # An unpaid period in a pause is neither a gap nor a renewal.
    due = [row for row in billed if row[1] or row[0] not in paused_days]
    if not any(renewed for _day, renewed in billed):
        last = assumed[-1] if assumed else run.start
        return _Told(last, len(assumed), first > 0, first > 0, False)

    def follows(day, then):
        """Tell whether one period follows another without a gap."""
        days = [day + timedelta(days=i) for i in range((then - day).days)]
        passed = sum(day not in paused_days for day in days)
        return 2 * passed <= 3 * _length(run, day).days

    last = max(day for day, renewed in billed if renewed)
    to_end = due[-1][0] == last and follows(last, run.until)
    row = [start for start in billed if start[0] <= last]
    counted = []
    while row and (row[-1][1] or row[-1] not in due):
        day, renewed = row.pop()
        if renewed:
            counted.append(day)
        if row and not follows(row[-1][0], day):
            break
    else:
        if not row and first > 0:
            return _Told(last, len(counted) + len(assumed), True, True, to_end)
        if not row and billed[0][1]:
            return _Told(last, len(counted) - 1, False, True, to_end)
    return _Told(last, len(counted), False, False, to_end)
