# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Runs of subscriptions whose billing period changed, split where it did.

A run becomes *legs*, each with one period; a leg continues the one before, as a
successor continues its predecessor. A run without a change is left alone.

*Invoices* tell when a change takes effect: with the first one on its day or later;
until then the period before goes on. A change before the first invoice of the run takes
effect where the next period begins that is not paused, or with that invoice if it comes
first. A change that another one follows before it took effect never did.

While no invoice from a change on is renewed, the subscription is still judged by the
period before: the recency tells of what is missing.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from .pauses import Pauses, keys
from .periods import DAY, LAST_DAY, Periods, days

NEVER = LAST_DAY


class Legs(NamedTuple):
    """What :func:`.renewals.renewals` takes: the last leg of a run has its id."""

    subscriptions: pd.DataFrame
    invoices: pd.DataFrame
    pauses: pd.DataFrame


class _Rows(NamedTuple):
    """What held in runs one after the other, by position of the run and day."""

    run: np.ndarray
    day: np.ndarray
    unit: np.ndarray
    interval: np.ndarray

    def take(self, rows):
        return _Rows(*(values[rows] for values in self))

    def periods(self):
        return Periods.of(self.unit, pd.Series(self.interval), len(self.run))

    def first(self):
        """Tell which rows are the first ones of their runs."""
        return np.append(True, self.run[1:] != self.run[:-1])[: len(self.run)]

    def last(self):
        """Tell which rows are the last ones of their runs."""
        return np.append(self.run[1:] != self.run[:-1], True)[: len(self.run)]


def split(
    subscriptions: pd.DataFrame,
    last_day: pd.Series,
    history: pd.DataFrame,
    invoices: pd.DataFrame,
    pauses: pd.DataFrame,
) -> Legs:
    """Return the legs of runs with their invoices and pauses.

    :param subscriptions: see :func:`.renewals.renewals`
    :param last_day: by id, the last one on which it ran; later changes do not count
    :param history: ``subscription_id``, ``date`` from which on ``unit`` and
        ``interval`` held, of those whose period changed; the first row holds before
    :param invoices: see :func:`.renewals.renewals`
    :param pauses: see :func:`.renewals.renewals`
    :raise OverflowError: a period ends after the year 9999
    """
    start, end = days(subscriptions["start_date"]), days(last_day)
    rows = _changed(subscriptions.index, start, end, history)
    if not len(rows.run):
        return Legs(subscriptions, invoices, pauses)
    run = subscriptions.index.get_indexer(invoices["subscription_id"])
    billed = _Billed.of(rows, run, start, end, invoices)
    paused = Pauses(
        subscriptions.index.get_indexer(pauses["subscription_id"]),
        days(pauses["pause_date"]),
        days(pauses["resume_date"]),
    )
    rows = _in_effect(rows, start, end, billed, paused)
    first, last = rows.first(), rows.last()
    ids = subscriptions.index.to_numpy()[rows.run]
    legs = np.where(last, ids, min(ids.min(), 0) - 1 - np.arange(len(ids)))
    before = subscriptions["predecessor_id"].astype("Int64").iloc[rows.run].array
    before[~first] = legs[np.flatnonzero(~first) - 1]
    until = days(subscriptions["until"])[rows.run]
    until[~last] = rows.day[np.flatnonzero(~last) + 1]
    parts = pd.DataFrame(
        {
            "start_date": rows.day.astype("datetime64[s]"),
            "until": until.astype("datetime64[s]"),
            "unit": rows.unit,
            "interval": rows.interval,
            "predecessor_id": before,
        },
        pd.Index(legs, name=subscriptions.index.name),
    )
    others = subscriptions.drop(index=ids[last])
    others = others[list(parts)].astype({"unit": object, "predecessor_id": "Int64"})
    return Legs(
        pd.concat([others, parts]),
        _invoices_of_legs(rows, legs, run, invoices),
        _pauses_of_legs(ids, legs, pauses),
    )


def _changed(index, start, end, history):
    """Return what held in the runs of subscriptions with a history."""
    run = index.get_indexer(history["subscription_id"])
    day = days(history["date"])
    some = np.flatnonzero(run >= 0)
    some = some[start[run[some]] <= end[run[some]]]
    some = some[np.lexsort((day[some], run[some]))]
    rows = _Rows(
        run[some],
        day[some],
        history["unit"].astype(object).to_numpy()[some],
        history["interval"].to_numpy()[some],
    )
    # What held when the run began is the last row up to then, or the first one at all.
    early = rows.day <= start[rows.run]
    return rows.take(rows.last() | ~np.append(early[1:], False)[: len(early)])


class _Billed(NamedTuple):
    """The invoices of runs: days by run as keys, first and last renewed day by run."""

    key: np.ndarray
    first: np.ndarray
    renewed: np.ndarray

    @classmethod
    def of(cls, rows, run, start, end, invoices):
        day = days(invoices["period_start"])
        renewed = invoices["renewed"].to_numpy(dtype=bool)
        began = rows.take(rows.first())
        # Less than half a period before the start it is of this run.
        earliest = np.full(len(start), NEVER)
        half = (began.periods().length(start[began.run]) - 1) // 2
        earliest[began.run] = start[began.run] - half
        some = np.flatnonzero(run >= 0)
        at = run[some]
        some = some[(day[some] >= earliest[at]) & (day[some] <= end[at])]
        run, day, renewed = run[some], day[some], renewed[some]
        first = np.full(len(start), NEVER)
        np.minimum.at(first, run, day)
        last = np.full(len(start), np.datetime64("NaT"), "datetime64[D]")
        np.fmax.at(last, run[renewed], day[renewed])
        return cls(np.sort(keys(run, day)), first, last)

    def since(self, run, day):
        """Return the first day of an invoice from a day on."""
        key = keys(run, day)
        at = np.searchsorted(self.key, key, side="left")
        found = np.append(self.key, np.iinfo(np.int64).max)[at]
        same = found <= keys(run, np.full(len(run), LAST_DAY))
        return np.where(same, day + np.where(same, found - key, 0), NEVER)


def _in_effect(rows, start, end, billed, paused):
    """Return the rows that took effect, with the day on which they did."""
    first = rows.first()
    begins = np.flatnonzero(first)
    number = np.arange(len(first)) - np.repeat(
        begins, np.diff(np.append(begins, len(first)))
    )
    effect = start[rows.run].copy()
    periods = rows.periods()
    # The first change of all runs, then the second ones.
    for turn in range(1, number.max() + 1):
        at = np.flatnonzero(number == turn)
        effect[at] = effect[at - 1]
        # Otherwise what held before never takes effect, and this does instead of it.
        at = at[effect[at - 1] < rows.day[at]]
        run, day = rows.run[at], rows.day[at]
        invoiced = billed.since(run, day)
        effect[at] = invoiced
        some = billed.first[run] >= day
        at, run, day = at[some], run[some], day[some]
        boundary = _next_boundary(
            periods.take(at - 1), effect[at - 1], run, day, end, paused
        )
        effect[at] = np.minimum(invoiced[some], boundary)
    known = effect <= end[rows.run]
    renewed = billed.renewed[rows.run]
    missed = np.where(
        np.isnat(renewed), effect >= billed.first[rows.run], effect > renewed
    )
    rows = rows._replace(day=effect).take(known & (first | ~missed))
    replaced = (rows.day[1:] == rows.day[:-1]) & ~rows.last()[:-1]
    rows = rows.take(~np.append(replaced, False))
    periods = rows.periods()
    same = (periods.size[1:] == periods.size[:-1]) & (
        periods.in_months[1:] == periods.in_months[:-1]
    )
    return rows.take(rows.first() | ~np.append(False, same))


def _next_boundary(periods, start, run, day, end, paused):
    """Return where a period begins, outside of pauses, on a day or after it."""
    result = np.full(len(run), NEVER)
    at = np.flatnonzero(day <= end[run])
    day = day.copy()
    while at.size:
        own = periods.take(at)
        number = own.whole(start[at], day[at] - DAY) + 1
        result[at] = own.boundary(start[at], number)
        resumed = paused.resumed_on(run[at], result[at])
        paused_then = ~np.isnat(resumed)
        at = at[paused_then]
        day[at] = resumed[paused_then]
        result[at] = NEVER
        at = at[day[at] <= end[run[at]]]
    return result


def _invoices_of_legs(rows, legs, run, invoices):
    """Return the invoices with the legs that they are of in place of the runs."""
    some = np.flatnonzero(np.isin(run, rows.run))
    key = keys(run[some], days(invoices["period_start"])[some])
    leg = np.searchsorted(keys(rows.run, rows.day), key, side="right") - 1
    # One before the start is of the first leg.
    begins = np.flatnonzero(rows.first())
    leg = np.maximum(leg, begins[np.searchsorted(rows.run[begins], run[some])])
    ids = invoices["subscription_id"].to_numpy(copy=True)
    ids[some] = legs[leg]
    return invoices.assign(subscription_id=ids)


def _pauses_of_legs(ids, legs, pauses):
    """Return the pauses, those of a run for each of its legs."""
    copies = pd.DataFrame({"subscription_id": ids, "leg": legs})[ids != legs]
    copies = copies.merge(pauses, on="subscription_id")
    copies = copies.assign(subscription_id=copies["leg"])[list(pauses)]
    return pd.concat([pauses, copies]) if len(copies) else pauses
