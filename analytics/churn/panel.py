# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The panel a churn model learns from: who ran on past days, and left soon after.

A row is a subscription on an observation date. Its signals are those known on that day;
its label says whether it churned within the horizon after it. Rows of one customer
resemble each other: they are one group and never on both sides of a split.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count, islice, takewhile

import pandas as pd
from dateutil.relativedelta import relativedelta

from ..period import MONTHS

_UNITS = {"d": "days", "m": "months"}
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Horizon:
    """How far ahead churn is predicted: a number of ``days`` or calendar ``months``."""

    number: int
    unit: str

    @classmethod
    def parse(cls, text: str) -> Horizon:
        """Return the horizon that is written as "90d" or "1m".

        :raise ValueError: it is not written so, or is not at least one day
        """
        found = re.fullmatch(r"\s*(\d{1,4})\s*([dm])\s*", text)
        if not found or not int(found[1]):
            raise ValueError(
                f"Not a horizon: {text!r}. Write days as 90d, calendar months as 1m."
            )
        return cls(int(found[1]), _UNITS[found[2]])

    def __str__(self) -> str:
        return f"{self.number}{self.unit[0]}"

    @property
    def words(self) -> str:
        """The horizon as a person says it, in English."""
        return f"{self.number} {self.unit if self.number > 1 else self.unit[:-1]}"

    @property
    def months(self) -> float:
        """The months it has; 30.4375 days are one."""
        return self.number * float(MONTHS[self.unit])

    @property
    def offset(self) -> pd.DateOffset:
        """The same for pandas."""
        return pd.DateOffset(**{self.unit: self.number})

    def start(self, day: date) -> date:
        """Return the latest day whose horizon has ended by another one."""
        return day - relativedelta(**{self.unit: self.number})

    def end(self, day: date) -> date:
        """Return the last day of the horizon after a day: it begins on the next one.

        A month from the 31st ends on the last day of a shorter month.
        """
        return day + relativedelta(**{self.unit: self.number})


def observation_dates(
    first: date,
    known_by: date,
    horizon: Horizon,
    anchor: date | None = None,
    most: int = 24,
) -> list[date]:
    """Return the days to observe, in order: those whose labels are mature.

    :param first: none before this day
    :param known_by: the horizon of each has ended by then: all that happened is known
    :param anchor: steps of a month back from this day; month ends if not given. They
        are counted from the anchor: the 31st comes back to the 31st after a shorter
        month
    :param most: the last ones, so many
    """
    if anchor is None:
        # The end of a month is the day before the first of the next; that of the
        # present one cannot be mature.
        start = known_by.replace(day=1)
        days = (start - relativedelta(months=k) - _DAY for k in count())
    else:
        days = (anchor - relativedelta(months=k) for k in count())
    days = takewhile(lambda day: day >= first, days)
    mature = (day for day in days if horizon.end(day) <= known_by)
    return list(islice(mature, most))[::-1]


def window(ends: Iterable[date], dates: Sequence[date]) -> list[date]:
    """Return the observation dates from which on ends were recorded.

    Often only what still ran was imported, and those who had left before are not known
    (left truncation): at a day before the first recorded end nobody could be seen to
    leave, and a model would learn that nobody did. Such days are left out; the day
    before the first end is the earliest whose whole horizon is on record.

    :param ends: the days on which subscriptions ended, whether or not they were
        continued
    """
    begun = min((end for end in ends if not pd.isna(end)), default=None)
    if begun is None:
        return []
    earliest = pd.Timestamp(begun) - _DAY
    return [day for day in dates if pd.Timestamp(day) >= earliest]


def labels(lives: pd.DataFrame, observed_on: date, horizon: Horizon) -> pd.Series:
    """Return who churned within the horizon after a day, of those to be predicted.

    Predicted is what runs on the day and has not given notice. It churned when its
    notice was given, or it ended, on one of the days after the observation up to the
    last one of the horizon. What a successor continues did not churn.

    :param lives: one row per run of a subscription: ``start_date``, ``end_date`` (the
        first day not running; NaT: it runs), ``notice_date`` (the day the notice became
        known; NaT: none), ``has_successor`` (bool; may be known only some days after
        the end, as long as the grace period lasts)
    :return: bool, by the index of ``lives``
    """
    day, last = pd.Timestamp(observed_on), pd.Timestamp(horizon.end(observed_on))
    end, notice = lives["end_date"], lives["notice_date"]
    running = (lives["start_date"] <= day) & ~(end <= day)
    churned = ((end <= last) | (notice <= last)) & ~lives["has_successor"].astype(bool)
    return churned[running & ~(notice <= day)].rename("churned")


def rows(lives: pd.DataFrame, dates: Iterable[date], horizon: Horizon) -> pd.DataFrame:
    """Return the rows of the panel, date after date.

    :param lives: indexed by subscription, as for :func:`labels`, with ``customer_id``
    :return: ``subscription_id``, ``observed_on``, ``customer_id`` (the group of the
        row: it is never on both sides of a split) and ``churned`` (bool)
    """
    # By position, as a subscription may have run more than once.
    lives = lives.reset_index(names="subscription_id")
    about = lives[["subscription_id", "customer_id"]]
    parts = [about[:0].assign(observed_on=None, churned=False)]
    for day in dates:
        churned = labels(lives, day, horizon)
        part = about.loc[churned.index].assign(observed_on=day, churned=churned)
        parts.append(part)
    result = pd.concat(parts, ignore_index=True)
    return result.astype({"observed_on": "datetime64[s]"})
