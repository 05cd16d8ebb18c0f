# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""When a step of a journey is due."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo


def due_at(anchor, offset_days, local_hour, zone):
    """Return when a step is due, UTC and naive as Odoo's times are.

    An hour that the change to summer time leaves out counts as the one after it; of one
    that comes twice, the second counts. PostgreSQL does the same.

    :param anchor: the day that the steps count from
    :param offset_days: days after it, below 0 before it
    :param local_hour: hour of that day, 0 to below 24, with a fraction
    :param zone: name of the time zone that the day is one of
    """
    local = datetime.combine(anchor + timedelta(offset_days), time()) + timedelta(
        minutes=round(local_hour * 60)
    )
    times = (
        local.replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)
        for fold in (0, 1)
    )
    return max(times).replace(tzinfo=None)
