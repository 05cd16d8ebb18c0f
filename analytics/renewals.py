# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""How often in a row subscriptions were renewed, and when last.

A renewal is a billing period after the first one of a run that is renewed: its invoice
is posted, not reversed, and paid or not yet past due.

*Invoices* tell the periods, not a calendar: ``subscription_oca``'s dates drift at the
ends of months, and people move them. An invoice less than half a period after that of
a period is of the same period, which is renewed if one of its invoices is; one less
than half a period before the start is of the first period, one still earlier of an
earlier run. If the first invoice comes later than half a period after the start, the
periods before it are *assumed* to be renewed (history that was imported, a first
period sold by a sale order).

A *gap* is a period that is not renewed while a later one is, or more than 1.5 periods
from one to the next, paused days aside. Periods after the last renewed one make no
gap: the recency tells of them. A period that begins in a pause and is not renewed is
neither gap nor renewal.

*Without invoices* in its run all periods are assumed to be renewed on time, except
those that begin in a pause. The day on which it ends begins no period.

A *successor* whose own renewals reach back to its start, first period included,
continues those of its predecessor, if these reach up to that one's end: its first
period is then a renewal too.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from . import chains
from .pauses import Pauses, keys
from .periods import DAY, Periods, days


class _Invoiced(NamedTuple):
    """What invoices tell of each subscription."""

    #: Which period of the run the first invoice is of, 0 the first; -1 without any.
    first_period: np.ndarray
    #: Day of the last renewed period, NaT if none is.
    last: np.ndarray
    #: Renewals in a row up to that day.
    number: np.ndarray
    #: Whether these reach back to the first invoice, and it is renewed or not of the
    #: first period.
    from_first: np.ndarray
    #: Whether no period between that day and the end lacks a renewal.
    to_end: np.ndarray


class _Runs(NamedTuple):
    """The current runs of subscriptions; ``last_day`` can begin a period."""

    periods: Periods
    start: np.ndarray
    last_day: np.ndarray
    until: np.ndarray


def renewals(
    subscriptions: pd.DataFrame, invoices: pd.DataFrame, pauses: pd.DataFrame, as_of
) -> pd.DataFrame:
    """Return the renewals in a row of subscriptions as of a date.

    :param subscriptions: by id: ``start_date`` of the current run, ``until`` (as_of,
        or the first day not running if that is earlier), ``unit``, ``interval``,
        ``predecessor_id`` (of those that the run continues, see
        :func:`.lifecycle.continued`). Predecessors that are no rows do not count
    :param invoices: ``subscription_id``, ``period_start``, ``renewed``
    :param pauses: ``subscription_id``, ``pause_date``, ``resume_date`` (NaT: it lasts)
    :return: by id, all missing of those not started:
        ``last_renewal_date`` (the start if nothing was renewed), ``frequency``,
        ``renewed_months``, ``assumed`` (something counted is), ``period_days`` (length
        of the period that began on last_renewal_date)
    :raise OverflowError: a period ends after the year 9999
    """
    index = subscriptions.index
    running = subscriptions["start_date"] <= subscriptions["until"]
    rows = subscriptions[running & subscriptions["unit"].notna()]
    n = len(rows)
    parents = chains.links(rows["start_date"], rows["predecessor_id"])
    start, until = days(rows["start_date"]), days(rows["until"])
    periods = Periods.of(rows["unit"], rows["interval"], n)
    # What a successor continues has ended, be it today.
    ended = until < days(as_of)
    ended[parents[parents != chains.NONE]] = True
    runs = _Runs(periods, start, until - ended * DAY, until)
    paused = Pauses(
        rows.index.get_indexer(pauses["subscription_id"]),
        days(pauses["pause_date"]),
        days(pauses["resume_date"]),
    )
    told = _invoiced(runs, rows.index, invoices, paused)

    by_invoice = told.first_period >= 0
    renewed = ~np.isnat(told.last)
    most = np.where(
        by_invoice,
        told.first_period - 1,
        periods.whole(start, runs.last_day),
    ).clip(0)
    uses_assumed = ~by_invoice | (
        (told.first_period > 0) & (told.from_first | ~renewed)
    )
    number = most - paused.boundaries(periods, start, most)
    number = told.number + np.where(uses_assumed, number, 0)
    last = np.where(renewed, told.last, _last_boundary(runs, most, paused))

    from_start = uses_assumed | told.from_first
    to_end = ~by_invoice | told.to_end
    linked = parents != chains.NONE
    linked &= from_start & to_end[parents]
    parents = np.where(linked, parents, chains.NONE)
    number += linked
    months = number * periods.months()
    result = pd.DataFrame(
        {
            "last_renewal_date": last.astype("datetime64[s]"),
            "frequency": chains.gather(parents, number, np.add),
            "renewed_months": chains.gather(parents, months, np.add).round(2),
            "assumed": chains.gather(parents, uses_assumed, np.logical_or),
            "period_days": periods.length(last),
        },
        rows.index,
    )
    types = {"frequency": "Int64", "assumed": "boolean", "period_days": "Int64"}
    return result.astype(types).reindex(index)


def _last_boundary(runs, number, paused):
    """Return the last of some boundaries that is not in a pause, else the start."""
    number = number.copy()
    result = runs.periods.boundary(runs.start, number)
    row = np.flatnonzero(number)
    while row.size:
        since = paused.paused_since(row, result[row])
        row, since = row[~np.isnat(since)], since[~np.isnat(since)]
        periods, start = runs.periods.take(row), runs.start[row]
        number[row] = periods.whole(start, since - DAY).clip(0)
        result[row] = periods.boundary(start, number[row])
        row = row[number[row] > 0]
    return result


def _invoiced(runs, index, invoices, paused):
    """Return what the invoices tell, see the head of the file."""
    n = len(index)
    told = _Invoiced(
        np.full(n, -1),
        np.full(n, np.datetime64("NaT"), "datetime64[D]"),
        np.zeros(n, np.int64),
        np.zeros(n, bool),
        np.zeros(n, bool),
    )
    row, day, renewed, length = _billed(runs, index, invoices)
    if not len(row):
        return told
    at = np.arange(len(row))
    first = np.ones(len(row), bool)
    first[1:] = row[1:] != row[:-1]
    begins = np.flatnonzero(first)
    last_of = np.append(begins[1:], len(row)) - 1
    subscription = row[begins]
    told.first_period[subscription] = runs.periods.take(subscription).nearest(
        runs.start[subscription], day[begins]
    )
    later_period = told.first_period[subscription] > 0

    missed = ~renewed & np.isnat(paused.paused_since(row, day))
    apart = np.zeros(len(row), bool)
    apart[1:] = _too_long(row[1:], day[:-1], day[1:], length[:-1], paused)
    # Where the stretch begins that a row is in: after the last gap.
    stretch = np.where(missed, at + 1, np.where(first | apart, at, 0))
    stretch = np.maximum.accumulate(stretch)

    newest = np.full(n, -1)
    newest[row[renewed]] = at[renewed]
    newest = newest[subscription]
    some = newest >= 0
    newest, begin, end = newest[some], begins[some], last_of[some]
    subscription, later_period = subscription[some], later_period[some]
    total, misses = np.cumsum(renewed), np.cumsum(missed)
    since = stretch[newest]
    whole = since == begin
    told.last[subscription] = day[newest]
    # The first period of the run is no renewal.
    told.number[subscription] = (
        total[newest]
        - total[since]
        + renewed[since]
        - (whole & ~later_period & renewed[begin])
    )
    told.from_first[subscription] = whole & (later_period | renewed[begin])
    told.to_end[subscription] = (misses[end] == misses[newest]) & ~_too_long(
        subscription, day[newest], runs.until[subscription], length[newest], paused
    )
    return told


def _too_long(row, start, end, length, paused):
    """Tell where more than 1.5 periods pass from a day to another, pauses aside."""
    passed = (end - start).astype(np.int64) - paused.days(row, start, end)
    return 2 * passed > 3 * length


def _billed(runs, index, invoices):
    """Return position, day, renewed and length of the periods that were billed.

    In the order of position and day.
    """
    row = index.get_indexer(invoices["subscription_id"])
    day = days(invoices["period_start"])
    renewed = invoices["renewed"].to_numpy(dtype=bool)
    some = np.flatnonzero(row >= 0)
    some = some[day[some] <= runs.last_day[row[some]]]
    row, day, renewed = row[some], day[some], renewed[some]
    early = np.flatnonzero(day < runs.start[row])
    length = runs.periods.take(row[early]).length(day[early])
    ahead = (runs.start[row[early]] - day[early]).astype(np.int64)
    day[early] = runs.start[row[early]]
    of_run = np.ones(len(row), bool)
    of_run[early[2 * ahead >= length]] = False
    row, day, renewed = row[of_run], day[of_run], renewed[of_run]

    key = keys(row, day)
    order = np.argsort(key, kind="stable")
    key, row, day, renewed = key[order], row[order], day[order], renewed[order]
    length = runs.periods.take(row).length(day)
    begins = _first_of_periods(row, key, (length + 1) // 2)
    if begins.size:
        renewed = np.logical_or.reduceat(renewed, begins)
    return row[begins], day[begins], renewed, length[begins]


def _first_of_periods(row, key, half):
    """Return where a period begins: half a period after the one before, or later."""
    following = np.searchsorted(key, key + half, side="left")
    row = np.append(row, -1)
    begins = np.zeros(len(key), bool)
    at = np.flatnonzero(row[:-1] != np.append(-1, row[:-2]))
    # All subscriptions go from period to period together.
    while at.size:
        begins[at] = True
        at = following[at][row[following[at]] == row[at]]
    return np.flatnonzero(begins)
