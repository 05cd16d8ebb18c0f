# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What the database works out set-wise, told row by row for the tests."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

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
