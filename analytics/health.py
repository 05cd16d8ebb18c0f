# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""When a health rule speaks up: what holds of a subscription, and since when.

What is not known changes nothing: it stays as it was.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

#: Conditions that ask on which side of a limit a value is.
BELOW = ("below", "drops_below")
ABOVE = ("above", "rises_above")
#: Those that want to have seen the value on the other side before.
CROSSING = ("drops_below", "rises_above")
#: Use of a feature, in weeks: how many of those before, and how many without use.
WEEKS_BEFORE = 4
WEEKS_USED = 3
WEEKS_IDLE = 2


def beyond(values: pd.Series, condition: str, limit: float) -> pd.Series:
    """Return 1.0 where values are beyond a limit, else 0.0, missing where they are.

    :param condition: one of :data:`BELOW` or :data:`ABOVE`; the limit itself is neither
    """
    side = values < limit if condition in BELOW else values > limit
    return side.astype("float64").where(values.notna())


def stopped(weeks: pd.Series) -> pd.Series:
    """Return 1.0 where use has stopped, 0.0 where it goes on, missing where neither.

    Stopped: used in 3 or more of the 4 weeks before the last 2, and not in these. It
    goes on where it was used in the last 2 weeks; so who has stopped has stopped until
    then.

    :param weeks: whole numbers as bits, the lowest one says that it was used in the
        last 7 days, the next one in the 7 days before, up to 6 weeks back
    """
    idle = weeks & ((1 << WEEKS_IDLE) - 1) == 0
    used = weeks_used(weeks) >= WEEKS_USED
    result = pd.Series(np.nan, weeks.index)
    result[idle & used] = 1.0
    result[~idle] = 0.0
    return result


def in_weeks(days: pd.Series) -> pd.Series:
    """Return the last 6 weeks in which anything happened, as bits.

    :param days: whole numbers as bits, the lowest one is the last day; so in the result
    """
    week = (1 << 7) - 1
    return sum(
        (
            (days & week << 7 * number).ne(0).astype("int64") * (1 << number)
            for number in range(WEEKS_IDLE + WEEKS_BEFORE)
        ),
        start=pd.Series(0, days.index),
    )


def weeks_used(weeks: pd.Series) -> pd.Series:
    """Return in how many of the 4 weeks before the last 2 it was used."""
    return sum(
        (weeks // (1 << WEEKS_IDLE + week) % 2 for week in range(WEEKS_BEFORE)),
        start=pd.Series(0, weeks.index),
    )


def follow(rows: pd.DataFrame, as_of: date, both_sides: bool) -> pd.DataFrame:
    """Return what is to be remembered of subscriptions, after a look at them.

    :param rows: indexed by subscription: ``holds`` (1.0, 0.0 or missing) and ``value``
        of today, and what was remembered: ``was`` (1.0, 0.0; missing: nothing),
        ``since``, ``last`` (value), ``before`` (value)
    :param both_sides: remember also of which it does not hold
    :return: of those that matter: ``holds``; ``since`` when it has been as it is;
        ``value``, the last known; ``value_before``, that when it was last otherwise
    """
    seen = rows["holds"].notna()
    now = rows["holds"].where(seen, rows["was"])
    turned = rows["was"].notna() & (now != rows["was"])
    since = rows["since"].mask(turned | rows["was"].isna(), pd.Timestamp(as_of))
    states = pd.DataFrame(
        {
            "holds": now,
            "since": since,
            "value": rows["value"].where(seen, rows["last"]),
            "value_before": rows["before"].mask(turned, rows["last"]),
        }
    )
    return states[now.notna() & (both_sides | (now == 1))]


def due(states: pd.DataFrame, as_of: date, condition: str, held_days: int) -> pd.Series:
    """Return of which subscriptions the rule speaks up.

    :param states: from :func:`follow`, with ``seen``: it is known today
    :param held_days: not before it has held for so many days
    """
    held = (pd.Timestamp(as_of) - states["since"]).dt.days >= held_days
    result = states["seen"] & (states["holds"] == 1) & held
    if condition in CROSSING:
        result &= states["value_before"].notna()
    return result
