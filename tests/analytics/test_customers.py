# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What the scores of subscriptions come to for their customers."""

from datetime import date

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics import customers, rfm

COLUMNS = [
    "customer_id",
    "rfm_recency",
    "rfm_frequency",
    "renewed_months",
    "rfm_monetary",
    "rfm_r",
    "rfm_assumed",
    "next_renewal_date",
]
TYPES = {
    "rfm_recency": "Int64",
    "rfm_frequency": "Int64",
    "renewed_months": float,
    "rfm_monetary": float,
    "rfm_r": "Int8",
    "rfm_assumed": "boolean",
    "next_renewal_date": "datetime64[s]",
}
ADA = [
    (1, 20, 3, 36.0, 10.1, 4, False, "2024-12-01"),
    (1, 5, 7, 7.0, 20.2, 5, True, "2025-03-01"),
]
BOB = [(2, 90, 0, 0.0, 5.0, 1, False, "2024-11-30")]


def aggregate(rows):
    frame = pd.DataFrame(rows, columns=COLUMNS).astype(TYPES)
    return customers.aggregate(frame)


def test_each_figure_by_its_rule():
    found = aggregate(ADA + BOB)
    assert list(found.index) == [1, 2]
    ada = found.loc[1]
    assert (ada.rfm_recency, ada.rfm_frequency, ada.renewed_months) == (5, 7, 36)
    assert ada.rfm_monetary == pytest.approx(30.3)
    assert (ada.rfm_r, ada.rfm_assumed) == (5, True)
    assert ada.next_renewal_date == pd.Timestamp("2024-12-01")
    # The better one of two: ceil(5 · 1.5 / 2) = 4, the other ceil(5 · 0.5 / 2) = 2.
    assert (ada.rfm_f, ada.rfm_m, ada.rfm_score) == (4, 4, "544")
    assert ada.rfm_segment == "champions"
    bob = found.loc[2]
    assert (bob.rfm_score, bob.rfm_segment) == ("122", "hibernating")
    assert not bob.rfm_assumed


def test_what_is_missing_is_left_out():
    """Invariant 12."""
    some = [(1, None, None, None, None, None, None, None)]
    found = aggregate(some + ADA)
    pd.testing.assert_frame_equal(found, aggregate(ADA))
    alone = aggregate(some).loc[1]
    for name in ("rfm_recency", "rfm_monetary", "rfm_r", "rfm_m", "rfm_score"):
        assert pd.isna(alone[name])
    assert pd.isna(alone.rfm_segment)


def test_no_customers():
    found = aggregate([])
    assert found.empty
    assert {*COLUMNS[1:], "rfm_f", "rfm_m", "rfm_score", "rfm_segment"} == {*found}


def test_equal_sums_share_a_score():
    """0.1 + 0.2 is 0.3 here, in whichever order."""
    row = (0, 5, 1, 1.0, 0.0, 5, False, "2024-12-01")
    amounts = {1: [0.1, 0.2], 2: [0.3], 3: [0.1, 0.1, 0.1]}
    rows = [
        (customer, *row[1:4], amount, *row[5:])
        for customer, some in amounts.items()
        for amount in some
    ]
    assert list(aggregate(rows).rfm_m) == [3, 3, 3]


rows = st.lists(
    st.tuples(
        st.integers(1, 5),
        st.integers(0, 400),
        st.integers(0, 40),
        st.integers(0, 4000).map(lambda value: value / 100),
        st.integers(0, 10**6).map(lambda value: value / 100),
        st.integers(1, 5),
        st.booleans(),
        st.dates(date(1970, 1, 1), date(2200, 1, 1)).map(str),
    ),
    min_size=1,
    max_size=12,
)


@given(rows, st.randoms(use_true_random=False))
def test_equals_customer_by_customer(some, random):
    expected = {}
    for customer in {row[0] for row in some}:
        _id, recency, frequency, months, monetary, r, assumed, renewal = zip(
            *(row for row in some if row[0] == customer), strict=True
        )
        expected[customer] = (
            min(recency),
            max(frequency),
            max(months),
            pytest.approx(sum(monetary)),
            max(r),
            any(assumed),
            pd.Timestamp(min(renewal)),
        )
    random.shuffle(some)
    found = aggregate(some)
    assert list(found.index) == sorted(expected)
    for customer, row in expected.items():
        assert tuple(found.loc[customer, COLUMNS[1:]]) == row
    assert (found.rfm_f == rfm.quintile_score(found.renewed_months)).all()
    assert (found.rfm_m == rfm.quintile_score(found.rfm_monetary)).all()
    segments = rfm.segment(found.rfm_r, found.rfm_f, found.rfm_m)
    assert list(found.rfm_segment) == list(segments)


def test_worklist():
    """Score × MRR, and the sooner it renews the more of it counts."""
    frame = pd.DataFrame(
        {
            "churn_score": [100.0, 100.0, 95.0, 61.0, 0.0, None, 90.0],
            "mrr": [100.0, 100.0, 100.0, 200.0, 100.0, 100.0, 100.0],
            "next_renewal_date": pd.to_datetime(
                [
                    "2025-06-30",
                    "2025-09-28",
                    "2026-06-30",
                    "2025-06-01",
                    "2025-07-30",
                    "2025-07-30",
                    None,
                ]
            ),
        }
    )
    found = customers.worklist(frame, date(2025, 6, 30), 2)
    assert found.iloc[:5].tolist() == [100, 50, 18.79, 122, 0]
    assert found.iloc[5:].isna().all()
