# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Which subscription continues which."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from analytics.succession import Span, predecessors

DAY = date(2024, 1, 1)


def day(number):
    return DAY + timedelta(days=number)


def chain(*spans, grace=7):
    """Match spans given as (start, end) of one customer, numbered from 1."""
    return predecessors(
        (
            Span(number, "ada", day(start), None if end is None else day(end))
            for number, (start, end) in enumerate(spans, 1)
        ),
        grace,
    )


def test_start_on_the_end_or_within_grace_continues():
    assert chain((0, 30), (30, None)) == {2: 1}
    assert chain((0, 30), (37, None)) == {2: 1}
    assert chain((0, 30), (38, None)) == {}
    assert chain((0, 30), (31, None), grace=0) == {}


def test_parallel_subscription_is_no_successor():
    assert chain((0, 30), (29, None)) == {}


def test_other_customer_is_no_successor():
    spans = [Span(1, "ada", day(0), day(30)), Span(2, "bob", day(30), None)]
    assert predecessors(spans, 7) == {}


def test_nearest_start_then_lowest_number():
    assert chain((0, 30), (33, None), (31, None), (31, None)) == {3: 1}


def test_one_successor_continues_one_only():
    assert chain((0, 30), (0, 31), (32, None)) == {3: 1}
    assert chain((0, 30), (0, 31), (32, None), (33, None)) == {3: 1, 4: 2}


def test_ended_on_the_first_day_makes_no_loop():
    assert chain((5, 5), (5, 5)) == {2: 1}


spans = st.lists(
    st.tuples(
        st.sampled_from(["ada", "bob"]),
        st.integers(0, 40),
        st.integers(0, 20) | st.none(),
    ),
    max_size=12,
).map(
    lambda some: [
        Span(number, who, day(start), None if length is None else day(start + length))
        for number, (who, start, length) in enumerate(some)
    ]
)


@given(spans, st.integers(0, 10))
def test_matches_are_within_grace_unique_and_without_loops(some, grace):
    by_number = {span.subscription: span for span in some}
    found = predecessors(some, grace)
    assert len(set(found.values())) == len(found)
    for successor, predecessor in found.items():
        one, other = by_number[predecessor], by_number[successor]
        assert one.customer == other.customer
        assert 0 <= (other.start_date - one.end_date).days <= grace
        seen = {successor}
        while predecessor is not None:
            assert predecessor not in seen
            seen.add(predecessor)
            predecessor = found.get(predecessor)


@given(spans, st.randoms(use_true_random=False))
def test_order_of_rows_does_not_matter(some, random):
    shuffled = list(some)
    random.shuffle(shuffled)
    assert predecessors(some, 7) == predecessors(shuffled, 7)
