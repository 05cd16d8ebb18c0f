# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Reached against held out: published intervals, and what must hold of any."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from analytics.uplift import (
    ENOUGH,
    FEW,
    FEWEST,
    FEWEST_CHANGED,
    Difference,
    difference_of_means,
    difference_of_shares,
    uplift,
    wilson,
)

#: Newcombe 1998, table II, method 10 (k1, n1, k2, n2, lower, upper).
NEWCOMBE = [
    (56, 70, 48, 80, 0.0524, 0.3339),
    (9, 10, 3, 10, 0.1705, 0.8090),
    (6, 7, 2, 7, 0.0582, 0.8062),
    (5, 56, 0, 29, -0.0381, 0.1926),
    (0, 10, 0, 20, -0.1611, 0.2775),
    (0, 10, 0, 10, -0.2775, 0.2775),
    (10, 10, 0, 20, 0.6791, 1.0),
    (10, 10, 0, 10, 0.6075, 1.0),
]
#: Student's sleep data; R's ``t.test(extra ~ group, data = sleep)`` prints the interval
#: -3.3654832 to 0.2054832, by 17.776 degrees of freedom.
SLEEP = (
    [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0],
    [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4],
)

arm = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
numbers = st.lists(st.floats(-1e4, 1e4), min_size=2, max_size=40)


@pytest.mark.parametrize("case", NEWCOMBE)
def test_published_intervals_of_shares(case):
    *arms, lower, upper = case
    found = difference_of_shares(*arms)
    assert found.value == pytest.approx(arms[0] / arms[1] - arms[2] / arms[3])
    assert found[1:] == pytest.approx((lower, upper), abs=6e-5)


def test_interval_of_a_share():
    """Newcombe 1998 (single proportion), table I: 81 of 263 and 0 of 20."""
    assert wilson(81, 263, 0.95) == pytest.approx((0.2553, 0.3662), abs=6e-5)
    assert wilson(0, 20, 0.95) == pytest.approx((0.0, 0.1611), abs=6e-5)


def test_published_interval_of_means():
    found = difference_of_means(*SLEEP)
    assert found == pytest.approx((-1.58, -3.3654832, 0.2054832), abs=1e-7)


def test_side():
    assert Difference(0.1, 0.02, 0.2).side == 1
    assert Difference(-0.1, -0.2, -0.02).side == -1
    assert Difference(0.1, -0.02, 0.2).side == 0


@given(arm, arm)
def test_shares_swapped_are_negated(first, second):
    found = difference_of_shares(*first, *second)
    swapped = difference_of_shares(*second, *first)
    negated = (-swapped.value, -swapped.upper, -swapped.lower)
    assert found == pytest.approx(negated, abs=1e-12)
    assert found.side == -swapped.side


@given(arm, arm)
def test_interval_of_shares_holds_the_difference_and_is_possible(first, second):
    value, lower, upper = difference_of_shares(*first, *second)
    assert lower <= value <= upper
    assert -1 <= lower + 1e-12 and upper - 1e-12 <= 1


@given(arm, arm, st.integers(2, 9))
def test_more_customers_narrow_the_shares(first, second, times):
    few = difference_of_shares(*first, *second)
    many = difference_of_shares(*(times * number for number in first + second))
    assert many.value == pytest.approx(few.value)
    assert many.upper - many.lower < few.upper - few.lower


@given(numbers, numbers)
def test_means_swapped_are_negated(first, second):
    found = difference_of_means(first, second)
    swapped = difference_of_means(second, first)
    negated = (-swapped.value, -swapped.upper, -swapped.lower)
    assert found == pytest.approx(negated, rel=1e-6, abs=1e-6)
    assert found.lower <= found.value <= found.upper


@given(numbers, numbers, st.integers(2, 9))
def test_more_customers_narrow_the_means(first, second, times):
    few = difference_of_means(first, second)
    assume(few.upper - few.lower > 1e-6)
    many = difference_of_means(first * times, second * times)
    assert many.value == pytest.approx(few.value, abs=1e-6)
    assert many.upper - many.lower < few.upper - few.lower


@pytest.mark.parametrize(
    "case", [*product((0.5, 0.8, 0.97), (0.0, 0.02), ((400, 40), (2000, 100)))]
)
def test_intervals_of_shares_hold_the_truth_95_times_in_100(case):
    share, gain, (many, few) = case
    chance = np.random.default_rng(20)
    reached = chance.binomial(many, share + gain, 2000)
    held_out = chance.binomial(few, share, 2000)
    intervals = [
        difference_of_shares(first, many, second, few)
        for first, second in zip(reached.tolist(), held_out.tolist(), strict=True)
    ]
    held = np.mean([low <= gain <= high for _value, low, high in intervals])
    assert 0.93 <= held <= 0.985


def test_intervals_of_means_hold_the_truth_95_times_in_100():
    chance = np.random.default_rng(20)
    held = [
        low <= 2 <= high
        for _value, low, high in (
            difference_of_means(chance.normal(12, 9, 300), chance.normal(10, 3, 40))
            for _time in range(2000)
        )
    ]
    assert 0.935 <= np.mean(held) <= 0.965


# --- what is told of it ---------------------------------------------------------------


def outcomes(reached, held_out):
    """Return rows: (stayed, MRR, CLV) of those reached, and of those held out."""
    columns = ["stayed", "mrr", "clv"]
    arms = [pd.DataFrame(rows, columns=columns) for rows in (reached, held_out)]
    return pd.concat(
        [arms[0].assign(is_control=False), arms[1].assign(is_control=True)],
        ignore_index=True,
    )


def test_what_came_of_it():
    """56 of 70 against 48 of 80 stayed; who left lost 10 of MRR."""
    reached = [(True, 2.0, 5.0)] * 56 + [(False, -10.0, -50.0)] * 14
    held_out = [(True, 0.0, np.nan)] * 48 + [(False, -10.0, -50.0)] * 32
    found = uplift(outcomes(reached, held_out))
    assert found[:3] == (ENOUGH, 70, 80)
    assert found.stayed == pytest.approx((0.2, 0.0524, 0.3339), abs=6e-5)
    assert found.stayed.side == 1
    # 2 of 5 lose 10 with us left alone; of those reached 1 of 5, and 4 of 5 gain 2.
    assert found.mrr.value == pytest.approx(-0.4 + 4.0)
    # By hand: variances 144 * .16 * 70/69 and 100 * .24 * 80/79.
    error = (23.04 / 69 + 24 / 79) ** 0.5
    assert found.mrr.upper - found.mrr.value == pytest.approx(1.976 * error, rel=1e-3)
    assert found.clv.value == pytest.approx((5 * 56 - 50 * 14) / 70 + 50)


def test_not_enough():
    """A state, and no number that somebody could quote."""
    row = (True, 1.0, 1.0)
    few = uplift(outcomes([row] * 500, [row] * (FEWEST - 1)))
    assert few == (FEW, 500, FEWEST - 1, None, None, None)
    assert uplift(outcomes([row] * (FEWEST - 1), [row] * 500)).state == FEW
    assert uplift(outcomes([row] * 500, [])).state == FEW
    assert uplift(outcomes([], [])) == (FEW, 0, 0, None, None, None)
    assert uplift(outcomes([row] * 500, [row] * FEWEST)).state == ENOUGH


def test_means_of_nothing_are_not_told():
    """Two sides on which hardly anything changed look surer than they are."""
    same, more = (True, 0.0, np.nan), (True, 7.0, 3.0)
    reached = [same] * 90 + [more] * 10
    held_out = [same] * 50 + [more] * (FEWEST_CHANGED - 1)
    found = uplift(outcomes(reached, held_out))
    assert (found.state, found.mrr) == (ENOUGH, None)
    found = uplift(outcomes(reached, [*held_out, more]))
    assert found.mrr.value == pytest.approx(0.7 - 7 * FEWEST_CHANGED / 55)
    # Of fewer than 30 the CLV is known.
    assert found.clv is None


@given(st.lists(st.tuples(st.booleans(), st.integers(-9, 9)), min_size=80, max_size=80))
def test_order_of_customers_makes_no_difference(rows):
    rows = [(stayed, float(mrr), float(mrr)) for stayed, mrr in rows]
    frame = outcomes(rows[:40], rows[40:])
    found, turned = uplift(frame), uplift(frame[::-1])
    assert found.stayed == turned.stayed
    for name in ("mrr", "clv"):
        both = getattr(found, name), getattr(turned, name)
        assert both == (None, None) or both[0] == pytest.approx(both[1])
