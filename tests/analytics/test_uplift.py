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
    found = difference_of_means(SLEEP)
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
    found = difference_of_means((first, second))
    swapped = difference_of_means((second, first))
    negated = (-swapped.value, -swapped.upper, -swapped.lower)
    assert found == pytest.approx(negated, rel=1e-6, abs=1e-6)
    assert found.lower <= found.value <= found.upper


@given(numbers, numbers, st.integers(2, 9))
def test_more_customers_narrow_the_means(first, second, times):
    few = difference_of_means((first, second))
    assume(few.upper - few.lower > 1e-6)
    many = difference_of_means((first * times, second * times))
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
            difference_of_means((chance.normal(12, 9, 300), chance.normal(10, 3, 40)))
            for _time in range(2000)
        )
    ]
    assert 0.935 <= np.mean(held) <= 0.965


# --- strata ---------------------------------------------------------------------------

#: 60 of 100 stay in one, 95 of 100 in the other, reached or not: nothing was worth
#: anything. Thrown together, 1,300 of 1,700 stayed against 250 of 300.
SIMPSON = ([540, 760], [900, 800], [60, 190], [100, 200])


def test_strata_are_not_thrown_together():
    found = difference_of_shares(*SIMPSON)
    assert found.value == pytest.approx(0)
    assert found.side == 0
    assert difference_of_shares(1300, 1700, 250, 300).side == -1


def test_strata_by_hand():
    """Weights 6 * 4 / 10 and 3 * 6 / 9: 0.5 (of 2.4) and -1/3 (of 2)."""
    found = difference_of_shares([6, 1], [6, 3], [2, 4], [4, 6])
    assert found.value == pytest.approx((2.4 * 0.5 - 2 / 3) / 4.4)
    # The sides are as exact as so many in one stratum.
    size_1 = 4.4**2 / (2.4**2 / 6 + 2**2 / 3)
    size_2 = 4.4**2 / (2.4**2 / 4 + 2**2 / 6)
    share_1 = (2.4 + 2 / 3) / 4.4
    share_2 = (2.4 * 0.5 + 2 * 2 / 3) / 4.4
    one = difference_of_shares(share_1 * size_1, size_1, share_2 * size_2, size_2)
    assert found == pytest.approx(one)


def test_means_of_strata_by_hand():
    """Differences of 2 and 4, weights 4 * 2 / 6 and 2 * 2 / 4."""
    found = difference_of_means(([1, 3, 1, 3], [-1, 1]), ([9, 11], [5, 7]))
    assert found.value == pytest.approx((2 * 4 / 3 + 4) / (7 / 3))
    variance = ((4 / 3) ** 2 * (4 / 3 / 4 + 2 / 2) + 2 / 2 + 2 / 2) / (7 / 3) ** 2
    parts = [16 / 9 / 3, 16 / 9, 1, 1]
    freedom = sum(parts) ** 2 / sum(
        part**2 / times for part, times in zip(parts, (3, 1, 1, 1), strict=True)
    )
    assert freedom == pytest.approx(3.6191, abs=1e-4)
    # Student's t of so many.
    width = 2.896 * variance**0.5
    assert found.upper - found.value == pytest.approx(width, rel=1e-3)


@given(arm, arm)
def test_a_stratum_halved_is_the_same(first, second):
    whole = difference_of_shares(*first, *second)
    halves = difference_of_shares(*([number / 2] * 2 for number in (*first, *second)))
    assert halves == pytest.approx(whole, abs=1e-9)


@pytest.mark.parametrize("shares", [(0.9, 0.9, 0.9), (0.95, 0.7, 0.4)])
def test_intervals_over_strata_hold_the_truth_95_times_in_100(shares):
    chance = np.random.default_rng(20)
    many, few = np.array([300, 80, 150]), np.array([20, 15, 40])
    gain = 0.03
    held, means = [], []
    for _time in range(2000):
        reached = chance.binomial(many, np.array(shares) + gain)
        held_out = chance.binomial(few, shares)
        _value, low, high = difference_of_shares(reached, many, held_out, few)
        held.append(low <= gain <= high)
    assert 0.93 <= np.mean(held) <= 0.995
    for _time in range(1000):
        strata = (
            (chance.normal(level + 2, 9, first), chance.normal(level, 3, second))
            for level, first, second in zip((5, 50, 500), many, few, strict=True)
        )
        _value, low, high = difference_of_means(*strata)
        means.append(low <= 2 <= high)
    assert 0.93 <= np.mean(means) <= 0.97


# --- what is told of it ---------------------------------------------------------------


def outcomes(reached, held_out, stratum="one"):
    """Return rows: (stayed, MRR, CLV) of those reached, and of those held out."""
    columns = ["stayed", "mrr", "clv"]
    arms = [pd.DataFrame(rows, columns=columns) for rows in (reached, held_out)]
    return pd.concat(
        [arms[0].assign(is_control=False), arms[1].assign(is_control=True)],
        ignore_index=True,
    ).assign(stratum=stratum)


def test_what_came_of_it():
    """56 of 70 against 48 of 80 stayed; who left lost 10 of MRR."""
    reached = [(True, 2.0, 5.0)] * 56 + [(False, -10.0, -50.0)] * 14
    held_out = [(True, 0.0, 0.0)] * 48 + [(False, -10.0, -50.0)] * 32
    found = uplift(outcomes(reached, held_out))
    assert found[:3] == (ENOUGH, 70, 80)
    assert found.stayed == pytest.approx((0.2, 0.0524, 0.3339), abs=6e-5)
    assert found.stayed.side == 1
    # 2 of 5 lose 10 with us left alone; of those reached 1 of 5, and 4 of 5 gain 2.
    assert found.mrr.value == pytest.approx(-0.4 + 4.0)
    # By hand: variances 144 * .16 * 70/69 and 100 * .24 * 80/79.
    error = (23.04 / 69 + 24 / 79) ** 0.5
    assert found.mrr.upper - found.mrr.value == pytest.approx(1.976 * error, rel=1e-3)
    assert found.clv.value == pytest.approx((5 * 56 - 50 * 14) / 70 + 20)


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
    assert found.clv is None


@pytest.mark.parametrize("turned", [False, True])
def test_who_is_missing_on_one_side_is_not_left_out(turned):
    """A rise of those of whom it is known, as those of a low CLV have none any more."""
    known, low, gone = (True, 1.0, 3.0), (True, 1.0, -9.0), (True, 1.0, np.nan)
    arms = [known] * 100, [known] * 95
    few, many = (
        uplift(outcomes(*((some, other)[:: -1 if turned else 1])))
        for other, some in (
            (arms[0], [*arms[1], *[gone] * 5]),
            ([*arms[1], *[low] * 5], [*arms[1], *[gone] * 6]),
        )
    )
    assert few.clv.value == 0
    assert many.mrr is not None
    assert many.clv is None


def test_like_is_compared_with_like():
    same = (True, 0.0, 0.0)
    frame = pd.concat(
        [
            outcomes([same] * 40, [same] * 20, "spring"),
            outcomes([same] * 40, [same] * 10, "summer"),
            # Nobody to compare with: these say nothing, however they fared.
            outcomes([(False, -9.0, -9.0)] * 500, [], "before"),
            outcomes([], [(False, -9.0, -9.0)] * 500, "after"),
        ]
    )
    found = uplift(frame)
    assert found[:3] == (ENOUGH, 80, 30)
    assert found.stayed.value == 0
    few = uplift(frame[frame["stratum"] != "summer"])
    assert few == (FEW, 40, 20, None, None, None)


def test_gains_are_averaged_over_strata():
    """Gains of 1 and 3 more, weights 30 * 10 / 40 and 20 * 30 / 50."""
    frame = pd.concat(
        [
            outcomes([(True, 2.0, 2.0)] * 30, [(True, 1.0, 1.0)] * 10, "spring"),
            outcomes([(True, 8.0, 8.0)] * 20, [(True, 5.0, 5.0)] * 30, "summer"),
            # How far a single one may be off nobody can say.
            outcomes([(True, 9.0, 9.0)] * 90, [(True, 1.0, 1.0)], "autumn"),
        ]
    )
    found = uplift(frame)
    assert found[:3] == (ENOUGH, 140, 41)
    assert found.mrr == pytest.approx(((7.5 + 3 * 12) / 19.5,) * 3)


@given(st.lists(st.tuples(st.booleans(), st.integers(-9, 9)), min_size=80, max_size=80))
def test_order_of_customers_makes_no_difference(rows):
    rows = [(stayed, float(mrr), float(mrr)) for stayed, mrr in rows]
    frame = outcomes(rows[:40], rows[40:])
    found, turned = uplift(frame), uplift(frame[::-1])
    assert found.stayed == turned.stayed
    for name in ("mrr", "clv"):
        both = getattr(found, name), getattr(turned, name)
        assert both == (None, None) or both[0] == pytest.approx(both[1])
