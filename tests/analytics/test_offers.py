# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from hypothesis import given
from hypothesis import strategies as st

from analytics.offers import break_even, combined

percents = st.integers(0, 10000).map(lambda n: n / 100)


@given(percents, percents, st.integers(1, 100_000))
def test_a_discount_on_a_discount_is_taken_off_what_is_left(some, more, cents):
    left = cents * (1 - some / 100) * (1 - more / 100)
    assert abs(cents * (1 - combined(some, more) / 100) - left) < 0.001
    assert combined(some, more) == combined(more, some)


def test_no_discount_changes_nothing():
    assert combined(12.5, 0) == 12.5
    assert combined(0, 100) == 100


def test_break_even():
    assert break_even(50, 1000) == 0.05
    assert break_even(50, 0) is None
