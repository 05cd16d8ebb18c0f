# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Billing periods of many subscriptions at once, as :mod:`.period` has those of one.

Months and years end on the last day of a shorter month, as ``date + relativedelta``
and PostgreSQL do: 31 January and 1 month is 28 or 29 February. Boundaries are counted
from the start, so that the 31st comes back to the 31st. An interval below 1 counts as
1, as it does for ``subscription_oca``.

Arguments are Series of one index, or the same value for all rows; where a date or a
unit is missing, so is the result.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from .period import MONTHS

DAY = np.timedelta64(1, "D")
FIRST_DAY = np.datetime64("0001-01-01", "D")
LAST_DAY = np.datetime64("9999-12-31", "D")

_UNITS = tuple(MONTHS)
_IN_MONTHS = np.array([unit in ("months", "years") for unit in _UNITS])
_SIZE = np.array([{"weeks": 7, "years": 12}.get(unit, 1) for unit in _UNITS])
# Of a database's integer. Neither days nor months of all years of dates are as many.
_MOST = 2**31 - 1


def elapsed(start, end, unit, interval) -> pd.Series:
    """Return the number of whole periods from ``start`` to ``end``, as float.

    The largest k for which the k-th boundary is not after ``end``; missing when the
    end is before the start.
    """
    index, n = _shape(start, end, unit, interval)
    start, end = days(start, n), days(end, n)
    periods = Periods.of(unit, interval, n)
    known = periods.known & (start <= end)
    result = np.full(n, np.nan)
    result[known] = periods.take(known).whole(start[known], end[known])
    return pd.Series(result, index)


def boundary(start, unit, interval, k) -> pd.Series:
    """Return the day on which the k-th period after ``start`` begins.

    Before it when k is below 0.

    :raise OverflowError: the day is not in the years 1 to 9999
    """
    index, n = _shape(start, unit, interval, k)
    start, periods = days(start, n), Periods.of(unit, interval, n)
    number = np.broadcast_to(_floats(k), n)
    known = periods.known & ~np.isnat(start) & ~np.isnan(number)
    result = np.full(n, np.datetime64("NaT"), "datetime64[D]")
    result[known] = periods.take(known).boundary(start[known], number[known])
    return pd.Series(result.astype("datetime64[s]"), index)


def months(unit, interval) -> pd.Series:
    """Return the months in one period: 30.4375 days are a month."""
    index, n = _shape(unit, interval)
    return pd.Series(Periods.of(unit, interval, n).months(), index)


def next_renewal(anchor, unit, interval, as_of) -> pd.Series:
    """Return the first boundary after ``as_of``, counted from ``anchor`` both ways.

    ``as_of`` itself if the anchor is that day: its invoice is due and not made yet.

    :raise OverflowError: the day is not in the years 1 to 9999
    """
    index, n = _shape(anchor, unit, interval, as_of)
    anchor, as_of = days(anchor, n), days(as_of, n)
    periods = Periods.of(unit, interval, n)
    known = periods.known & ~np.isnat(anchor) & ~np.isnat(as_of)
    periods, start, day = periods.take(known), anchor[known], as_of[known]
    number = np.where(start == day, 0, periods.whole(start, day) + 1)
    result = np.full(n, np.datetime64("NaT"), "datetime64[D]")
    result[known] = periods.boundary(start, number)
    return pd.Series(result.astype("datetime64[s]"), index)


def days(values, n: int | None = None) -> np.ndarray:
    """Return dates as an array of days, one date as ``n`` of them."""
    array = np.asarray(values, dtype="datetime64[D]")
    return array if n is None else np.broadcast_to(array, n)


@dataclass(frozen=True)
class Periods:
    """Billing periods as arrays: ``size`` counts months or days.

    Where they are not known they are a day.
    """

    in_months: np.ndarray
    size: np.ndarray
    known: np.ndarray

    @classmethod
    def of(cls, unit, interval, n: int) -> Periods:
        """Return the periods of units and intervals.

        :raise ValueError: a unit is not one of days, weeks, months and years
        :raise OverflowError: an interval is more than a database's integer
        """
        codes, names = pd.factorize(pd.Series(unit))
        places = pd.Index(_UNITS).get_indexer(pd.Index(names, dtype=object))
        if (places < 0).any():
            strange = ", ".join(map(str, names[places < 0]))
            raise ValueError(f"Not a unit of billing periods: {strange}")
        # A missing unit has the code -1: the last.
        codes = np.append(places, -1)[codes]
        known = codes >= 0
        number = np.nan_to_num(_floats(interval), nan=1).clip(1)
        if (number > _MOST).any():
            raise OverflowError("A billing period is too long")
        return cls(
            np.broadcast_to(_IN_MONTHS[codes] & known, n),
            np.broadcast_to(
                np.where(known, _SIZE[codes], 1) * number.astype(np.int64), n
            ),
            np.broadcast_to(known, n),
        )

    def take(self, rows: np.ndarray) -> Periods:
        """Return the periods of some rows, by mask or by positions."""
        return Periods(self.in_months[rows], self.size[rows], self.known[rows])

    def months(self) -> np.ndarray:
        """Return the months in one period, NaN where it is not known."""
        per_day = float(MONTHS["days"])
        result = np.where(self.in_months, self.size, self.size * per_day)
        return np.where(self.known, result, np.nan)

    def whole(self, start: np.ndarray, end: np.ndarray) -> np.ndarray:
        """Return how many periods fit from one day to another, rounded down.

        Below 0 when the end is before the start. No date may be missing.
        """
        number = (end - start).astype(np.int64) // self.size
        some = self.in_months
        size, start, end = self.size[some], start[some], end[some]
        one, other = start.astype("datetime64[M]"), end.astype("datetime64[M]")
        between = (other - one).astype(np.int64)
        fit = between // size
        # In the month of the end itself the days decide.
        first = other.astype("datetime64[D]")
        last = (other + 1).astype("datetime64[D]") - DAY
        begins = np.minimum(first + (start - one), last)
        number[some] = fit - ((between == fit * size) & (begins > end))
        return number

    def boundary(self, start: np.ndarray, k: np.ndarray | int) -> np.ndarray:
        """Return the day on which the k-th period after a day begins.

        No date may be missing.

        :raise OverflowError: the day is not in the years 1 to 9999
        """
        steps = np.broadcast_to(k, start.shape) * self.size.astype(float)
        if (np.abs(steps) > _MOST).any():
            raise OverflowError("A billing period is not in the years 1 to 9999")
        steps = steps.astype(np.int64)
        some = self.in_months
        result = np.empty(start.shape, "datetime64[D]")
        result[~some] = start[~some] + steps[~some]
        start = start[some]
        month = start.astype("datetime64[M]")
        then = month + steps[some]
        last = (then + 1).astype("datetime64[D]") - DAY
        result[some] = np.minimum(then.astype("datetime64[D]") + (start - month), last)
        if ((result < FIRST_DAY) | (result > LAST_DAY)).any():
            raise OverflowError("A billing period is not in the years 1 to 9999")
        return result

    def length(self, start: np.ndarray) -> np.ndarray:
        """Return the days in the period that begins on a day."""
        return (self.boundary(start, 1) - start).astype(np.int64)

    def nearest(self, start: np.ndarray, day: np.ndarray) -> np.ndarray:
        """Return the number of the period whose beginning is nearest to a day.

        Amid two of them the later one.
        """
        number = self.whole(start, day)
        one, other = self.boundary(start, number), self.boundary(start, number + 1)
        return number + (2 * (day - one) >= other - one)


def _shape(*values):
    """Return the index and the length of the first that is a Series."""
    index = next(value.index for value in values if isinstance(value, pd.Series))
    return index, len(index)


def _floats(values):
    if isinstance(values, pd.Series):
        return values.to_numpy(dtype=float, na_value=np.nan)
    return np.asarray(values, dtype=float)
