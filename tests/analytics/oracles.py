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
    return {"days": 1 / 30.4375, "weeks": 7 / 30.4375, "months": 1, "years": 12}[
        unit
    ] * interval


def _told(run, last_day, invoices, paused_days):
    """Tell of one subscription on its own, without predecessors."""

    def after(day):
        return boundary(day, run.unit, run.interval, 1)

    def unpaused(numbers):
        days = [boundary(run.start, run.unit, run.interval, k) for k in numbers]
        return [day for day in days if day not in paused_days]

    # The periods that were billed: the first day of each, and whether it is renewed.
    billed = []
    for day, renewed in invoices:
        if day > last_day:
            continue
        if day < run.start:
            if 2 * (run.start - day) >= after(day) - day:
                continue
            day = run.start
        if billed and 2 * (day - billed[-1][0]) < after(billed[-1][0]) - billed[-1][0]:
            billed[-1][1] |= renewed
        else:
            billed.append([day, renewed])
    if not billed:
        most = elapsed(run.start, last_day, run.unit, run.interval) or 0
        counted = unpaused(range(1, most + 1))
        last = counted[-1] if counted else run.start
        return _Told(last, len(counted), True, True, True)

    first_day = billed[0][0]
    first = elapsed(run.start, first_day, run.unit, run.interval)
    one, other = (
        boundary(run.start, run.unit, run.interval, first + i) for i in (0, 1)
    )
    if first_day - one >= other - first_day:
        first += 1
    assumed = unpaused(range(1, first))
    renewed = [i for i, (_day, is_renewed) in enumerate(billed) if is_renewed]
    if not renewed:
        last = assumed[-1] if assumed else run.start
        return _Told(last, len(assumed), first > 0, first > 0, False)

    def follows(day, then):
        """Tell whether one period follows another without a gap."""
        passed = sum(
            day + timedelta(days=i) not in paused_days for i in range((then - day).days)
        )
        return 2 * passed <= 3 * (after(day) - day).days

    i = renewed[-1]
    count = 0
    while True:
        count += billed[i][1]
        if i == 0 or not follows(billed[i - 1][0], billed[i][0]):
            break
        if not billed[i - 1][1] and billed[i - 1][0] not in paused_days:
            break
        i -= 1
    from_first = i == 0 and (first > 0 or billed[0][1])
    if i == 0 and first == 0 and billed[0][1]:
        count -= 1
    if i == 0:
        count += len(assumed)
    last = billed[renewed[-1]][0]
    due = [day for day, is_renewed in billed if is_renewed or day not in paused_days]
    return _Told(
        last,
        count,
        i == 0 and first > 0,
        from_first,
        due[-1] == last and follows(last, run.until),
    )
