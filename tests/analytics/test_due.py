# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""When steps of journeys are due; that the database says the same: test_journeys.py."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.due import due_at

ZONES = ["UTC", "Europe/Brussels", "America/New_York", "Asia/Kolkata", "Pacific/Apia"]
days = st.dates(date(2015, 1, 1), date(2035, 12, 31))
hours = st.integers(0, 24 * 60 - 1).map(lambda minutes: minutes / 60)


@pytest.mark.parametrize(
    ("anchor", "offset", "hour", "zone", "expected"),
    [
        (date(2025, 1, 10), 1, 9, "Europe/Brussels", "2025-01-11 08:00"),
        (date(2025, 7, 10), -7, 9.5, "Europe/Brussels", "2025-07-03 07:30"),
        (date(2025, 6, 1), 0, 22, "America/New_York", "2025-06-02 02:00"),
        # The hour that summer time leaves out, and the one that comes twice.
        (date(2025, 3, 29), 1, 2.5, "Europe/Brussels", "2025-03-30 01:30"),
        (date(2025, 10, 25), 1, 2.5, "Europe/Brussels", "2025-10-26 01:30"),
    ],
)
def test_local_hour(anchor, offset, hour, zone, expected):
    assert due_at(anchor, offset, hour, zone) == datetime.fromisoformat(expected)


@given(days, st.integers(-400, 400), hours, st.sampled_from(ZONES))
def test_it_is_that_hour_there(anchor, offset, hour, zone):
    due = due_at(anchor, offset, hour, zone).replace(tzinfo=ZoneInfo("UTC"))
    local = due.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    planned = datetime.combine(anchor, datetime.min.time()) + timedelta(
        days=offset, minutes=round(hour * 60)
    )
    # Later only where the clock was put forward over that hour (Samoa left out a day).
    assert timedelta(0) <= local - planned <= timedelta(days=1)
    if local != planned:
        before = due.astimezone(ZoneInfo(zone)) - timedelta(hours=25)
        assert before.utcoffset() < due.astimezone(ZoneInfo(zone)).utcoffset()


@given(days, hours, st.sampled_from(ZONES))
def test_a_later_day_is_due_later(anchor, hour, zone):
    assert due_at(anchor, 1, hour, zone) > due_at(anchor, 0, hour, zone)
