# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Every item is read or refused, whatever it is."""

from datetime import date, timezone

from hypothesis import given
from hypothesis import strategies as st

from analytics.usage_rows import FIELDS, MESSAGES, digest, read

LAST = date(2025, 6, 30)
GOOD = {"subscription_ref": "S-1", "feature": "reports", "date": "2025-06-01"}
values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.dates().map(str),
    st.datetimes(timezones=st.none() | st.timezones()).map(
        lambda time: time.isoformat()
    ),
    st.lists(st.integers()),
)
items = st.one_of(
    values,
    st.dictionaries(st.sampled_from(sorted(FIELDS)) | st.text(), values),
    st.dictionaries(st.sampled_from(sorted(FIELDS)), values).map(
        lambda row: {**GOOD, "count": 1, **row}
    ),
)


@given(st.lists(items))
def test_every_item_is_read_or_refused(rows):
    good, errors = read(rows, timezone.utc, LAST)
    assert sorted([i.index for i in good] + [e.index for e in errors]) == list(
        range(len(rows))
    )
    for error in errors:
        assert MESSAGES[error.code] % error.values
    for item in good:
        assert 0 <= item.count < 2**31
        assert date(2000, 1, 1) <= item.day <= LAST


def test_digest_tells_events_apart():
    rows = [
        {**GOOD, "count": 1, "event_key": key, "date": day}
        for key in ("1", "2")
        for day in ("2025-06-01", "2025-06-02")
    ]
    good, _errors = read(rows, timezone.utc, LAST)
    targets = [(1, 1), (1, 11), (11, 1)]
    found = {digest(item, *target) for item in good for target in targets}
    assert len(found) == 12
    assert all(len(text) == 20 for text in found)
