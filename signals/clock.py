# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Days of a company, and the times at which they begin."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from odoo.tools import SQL


def local_day(company, column):
    """Return the day of a time in the time zone of the company, in SQL."""
    return SQL(
        "(%s AT TIME ZONE 'UTC' AT TIME ZONE %s)::date",
        column,
        company._subscription_zone(),
    )


def end_of(company, as_of, days_before=0):
    """Return when a day (or some days before it) ends, in UTC as Odoo stores times.

    What was known as of a day lies before it; what lies in the last n days, not before
    the end of the day n days before.
    """
    day = as_of + timedelta(1 - days_before)
    midnight = datetime.combine(day, time(), ZoneInfo(company._subscription_zone()))
    return midnight.astimezone(UTC).replace(tzinfo=None)
