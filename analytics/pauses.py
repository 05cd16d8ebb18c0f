# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""When subscriptions were paused, asked of many at once."""

from __future__ import annotations

import numpy as np

from .periods import FIRST_DAY, LAST_DAY

# More than the days of all dates, so that subscription and day make one number.
_SPAN = 2**22


def keys(row: np.ndarray, day: np.ndarray) -> np.ndarray:
    """Return one number for a subscription and a day, in the order of both."""
    return row * _SPAN + (day - FIRST_DAY).astype(np.int64)


class Pauses:
    """Pauses of subscriptions, these given by their position.

    A pause lasts from its first day to the day before it is resumed; NaT: it lasts.
    Pauses that overlap or touch are one.
    """

    def __init__(self, row: np.ndarray, first: np.ndarray, resumed: np.ndarray):
        resumed = np.where(np.isnat(resumed), LAST_DAY, resumed)
        some = (row >= 0) & (first < resumed)
        start, end = keys(row[some], first[some]), keys(row[some], resumed[some])
        order = np.argsort(start, kind="stable")
        start, end = start[order], np.maximum.accumulate(end[order])
        new = np.ones(len(start), bool)
        new[1:] = start[1:] > end[:-1]
        last = np.ones(len(start), bool)
        last[:-1] = new[1:]
        # None of them is before all others, so that there always is one before.
        self._start = np.concatenate([[-1], start[new]])
        self._end = np.concatenate([[-1], end[last]])
        self._days = np.cumsum(self._end - self._start)

    def paused_since(self, row: np.ndarray, day: np.ndarray) -> np.ndarray:
        """Return the first day of the pause that a day is in, NaT if it is in none."""
        key = keys(row, day)
        at = np.searchsorted(self._start, key, side="right") - 1
        since = day - (key - self._start[at])
        return np.where(key < self._end[at], since, np.datetime64("NaT"))

    def resumed_on(self, row: np.ndarray, day: np.ndarray) -> np.ndarray:
        """Return the day after the pause that a day is in, NaT if it is in none."""
        key = keys(row, day)
        end = self._end[np.searchsorted(self._start, key, side="right") - 1]
        return np.where(key < end, day + (end - key), np.datetime64("NaT"))

    def days(self, row: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
        """Return the paused days from one day to the eve of another."""
        return self._before(keys(row, end)) - self._before(keys(row, start))

    def _before(self, key):
        """Return the paused days of all subscriptions before one of them's day."""
        at = np.searchsorted(self._start, key, side="left") - 1
        return self._days[at] - np.maximum(self._end[at] - key, 0)

    def boundaries(self, periods, start: np.ndarray, most: np.ndarray) -> np.ndarray:
        """Return how many of the boundaries 1 to ``most`` of all rows are in pauses."""
        row, first = np.divmod(self._start[1:], _SPAN)
        length = self._end[1:] - self._start[1:]
        eve = FIRST_DAY + first - 1
        periods, start, limit = periods.take(row), start[row], most[row]
        before = periods.whole(start, eve).clip(0, limit)
        inside = periods.whole(start, eve + length).clip(0, limit) - before
        return np.bincount(row, inside, len(most)).astype(np.int64)
