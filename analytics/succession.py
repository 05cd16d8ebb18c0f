# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Which subscription continues which: a renewal in a new contract is no churn."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Hashable, Iterable
from datetime import date, timedelta
from typing import NamedTuple


class Span(NamedTuple):
    """When a subscription of a customer ran; ``end_date`` None: it runs."""

    subscription: int
    customer: Hashable
    start_date: date
    end_date: date | None


def predecessors(spans: Iterable[Span], grace_days: int) -> dict[int, int]:
    """Return ``{subscription: its predecessor}``.

    A successor belongs to the same customer and starts on the other's end or up to
    ``grace_days`` days after it. Each ended subscription, in the order of the ends,
    takes the nearest start that is not taken yet, then the lowest number. No
    subscription continues one that started after it, so that chains have no loops.
    """
    by_customer = defaultdict(list)
    for span in spans:
        by_customer[span.customer].append(span)
    result = {}
    for group in by_customer.values():
        if len(group) > 1:
            result.update(_match(group, timedelta(days=grace_days)))
    return result


def _match(group, grace):
    starts = sorted((span.start_date, span.subscription) for span in group)
    ended = sorted(
        (span.end_date, span.subscription, span.start_date)
        for span in group
        if span.end_date
    )
    taken = {}
    for end, subscription, start in ended:
        first = bisect_left(starts, (end,))
        for candidate in starts[first:]:
            if candidate[0] > end + grace:
                break
            if candidate[1] not in taken and candidate > (start, subscription):
                taken[candidate[1]] = subscription
                break
    return taken
