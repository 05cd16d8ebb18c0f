# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""CLV: published residual lifetimes, one at a time by its formula, and its bounds."""

from math import exp, log1p
from time import process_time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import hyp2f1

from analytics import clv, survival
from analytics.survival import Curve, Survival

HIGH_END = (0.668088, 3.806095)
REGULAR = (0.704077, 1.182043)
YEARS = 12.0

beta = Curve(
    "plan", "sbg", 500, 900, 0.1, 0, *HIGH_END, covariance=(0.0061, -0.0127, 0.0441)
)
seen = Curve("plan", "kaplan_meier", 40, 900, 0.03, seen=(0.0, 0.0, 0.0, 0.4, 0.1, 0.0))
pooled = Curve("period", "geometric", 120, 2000, 0.06)
months = Curve("all", "geometric", 160, 9000, 0.016)
CURVES = Survival(
    {(1, "1 years"): beta, (1, "1 months"): seen}, {"1 months": pooled}, months
)


def subscriptions(rows):
    """Return rows of what lifetime_value reads, by default of a yearly plan."""
    default = {
        "plan": 1,
        "unit": "years",
        "interval": 1,
        "periods": 0,
        "months_to_renewal": 0.0,
        "mrr": 10.0,
        "margin": 0.8,
        "churn": np.nan,
    }
    return pd.DataFrame(
        [{**default, **row} for row in rows], [3 * i + 7 for i in range(len(rows))]
    )


def value(curves=CURVES, rate=0.1, horizon=60, score_months=3, **row):
    found = clv.lifetime_value(
        subscriptions([row]), curves, rate, horizon, score_months
    )
    return found.iloc[0]


def derl(alpha: float, beta: float, n: int, discount: float) -> float:
    """Return the discounted expected residual lifetime in periods, without an end.

    Equation 6 of Fader and Hardie 2010, just before the decision at the end of the n-th
    period: n - 1 renewals are made. The discount is per period.
    """
    total = alpha + beta + n
    share = (beta + n - 1) / (total - 1)
    return float(share * hyp2f1(1, beta + n, total, 1 / (1 + discount)))


@pytest.mark.parametrize(
    ("cohort", "expected", "new"),
    [
        (HIGH_END, (5.414, 5.901, 6.294, 6.620, 6.897, 7.136, 7.345, 7.530), 5.9223),
        (REGULAR, (2.964, 4.103, 4.870, 5.442, 5.894, 6.264, 6.576), 3.6949),
    ],
)
def test_published_residual_lifetimes(cohort, expected, new):
    found = [derl(*cohort, n, 0.1) for n in range(1, len(expected) + 1)]
    assert found == pytest.approx(expected, abs=1e-3)
    # A new customer pays at once, and next after the first decision.
    assert 1 + found[0] / 1.1 == pytest.approx(new, abs=1e-3)


def test_value_without_horizon_is_the_closed_form():
    """Just before the decision at the end of the n-th year, 8.00 a month for 1 year."""
    for n in range(1, 9):
        found = value(periods=n - 1, horizon=12 * 4000)
        assert found.clv == pytest.approx(96 * derl(*HIGH_END, n, 0.1), rel=1e-3)
        assert found.clv_level == "plan"


def plain(row, curve, months, rate, horizon, score_months, order=0):
    """Return the CLV of one subscription, payment by payment."""
    lived, wait = row["periods"], row["months_to_renewal"]
    wait = months / 2 if np.isnan(wait) else min(max(wait, 0), months)
    cumulated = curve.cumulated(lived + 3000)
    inside = 0
    while wait + inside * months <= score_months:
        inside += 1
    ratio, said = 1.0, 0.0
    if np.isnan(row["churn"]):
        inside = 0
    else:
        score = -log1p(-min(max(row["churn"], 1e-4), 1 - 1e-4))
        usual = cumulated[0, lived + max(inside, 1)] - cumulated[0, lived]
        if inside:
            said = score
        else:
            usual *= score_months / months
        ratio = min(max(score / usual if usual else 3, 1 / 3), 3)
    total, k = 0.0, 0
    while wait + k * months < horizon:
        if k < inside:
            hazard = said * (k + 1) / inside
        else:
            after = cumulated[order, lived + k + 1] - cumulated[order, lived + inside]
            hazard = said + ratio * after
        share = min((horizon - wait) / months - k, 1)
        total += share * exp(-hazard) * (1 + rate) ** (-(wait + k * months) / 12)
        k += 1
    return row["margin"] * row["mrr"] * months * total


row = st.fixed_dictionaries(
    {
        "plan": st.sampled_from([1, 2]),
        "unit": st.sampled_from(["weeks", "months", "years"]),
        "interval": st.sampled_from([1, 2]),
        "periods": st.integers(0, 30),
        "months_to_renewal": st.floats(0, 12) | st.just(np.nan),
        "mrr": st.floats(0, 1e4),
        "margin": st.floats(0, 1),
        "churn": st.floats(0, 1) | st.just(np.nan),
    }
)
terms = st.tuples(
    st.sampled_from([0.0, 0.08, 0.3]),
    st.sampled_from([1, 30, 60]),
    st.sampled_from([0.5, 2.957, 6.4]),
)
MONTHS = {"weeks": 7 / 30.4375, "months": 1.0, "years": YEARS}


@given(st.lists(row, min_size=1, max_size=6), terms)
def test_value_equals_payment_by_payment(rows, terms):
    frame = subscriptions(rows)
    found = clv.lifetime_value(frame, CURVES, *terms)
    assert list(found.index) == list(frame.index)
    for one, got in zip(rows, found.itertuples(), strict=True):
        length = MONTHS[one["unit"]] * one["interval"]
        curve = CURVES.curve(one["plan"], one["unit"], one["interval"], length)
        assert got.clv_level == curve.level
        for name, order in (("clv", 0), ("clv_lower", 1), ("clv_upper", 2)):
            expected = plain(one, curve, length, *terms, order)
            assert getattr(got, name) == pytest.approx(expected, rel=1e-6, abs=1e-9)


@given(row, terms, st.floats(0, 1), st.floats(1.01, 3))
def test_value_follows_mrr_and_score(one, terms, churn, more):
    found = clv.lifetime_value(
        subscriptions(
            [
                one,
                {**one, "mrr": one["mrr"] * more},
                {**one, "churn": churn},
                {**one, "churn": min(churn + 0.1, 1)},
                {**one, "mrr": 0},
            ]
        ),
        CURVES,
        *terms,
    )
    base, richer, safer, riskier, free = found.itertuples(index=False)
    assert richer.clv == pytest.approx(base.clv * more)
    for name in ("clv", "clv_lower", "clv_upper"):
        assert getattr(riskier, name) <= getattr(safer, name) * (1 + 1e-9)
        assert getattr(free, name) == 0
    for one in (base, richer, safer, riskier):
        slack = 1e-9 * one.clv_upper
        assert 0 <= one.clv_lower <= one.clv + slack <= one.clv_upper + 2 * slack


def test_higher_score_is_lower_value():
    """Also where no decision lies within the score's horizon."""
    for wait in (1, 8):
        found = [
            value(periods=2, months_to_renewal=wait, churn=churn).clv
            for churn in (0.01, 0.05, 0.1)
        ]
        assert found[0] > found[1] > found[2]


def test_leaves_within_the_horizon_as_the_score_says():
    """Three decisions in three months: half of them stay for the third payment."""
    found = {
        horizon: value(
            plan=2,
            unit="months",
            periods=5,
            months_to_renewal=0.5,
            churn=0.5,
            rate=0,
            horizon=horizon,
        )
        for horizon in (1.5, 2.5, 3.5)
    }
    assert found[3.5].clv - found[2.5].clv == pytest.approx(8 * 0.5)
    assert found[1.5].clv == pytest.approx(8 * 0.5 ** (1 / 3))
    # Which does not depend on how well the cohort is known.
    assert found[3.5].clv_lower == pytest.approx(found[3.5].clv_upper)


def test_score_tells_little_of_the_time_after_its_horizon():
    """Hazards of the cohort, at most thrice: 0.06 is 0.94 that stay."""
    for churn, factor in ((0.9, 3), (1e-4, 1 / 3), (1 - 0.94**3, 1)):
        one, two, three = (
            value(
                plan=2,
                unit="months",
                months_to_renewal=0.5,
                churn=churn,
                rate=0,
                horizon=horizon,
            ).clv
            for horizon in (3.5, 4.5, 5.5)
        )
        assert (three - two) / (two - one) == pytest.approx(0.94**factor)


def test_missing_score_is_the_hazard_of_the_cohort():
    """Invariant 12. As if the score said the same as the cohort."""
    usual = 1 - 0.94**3
    missing, same = (
        value(plan=2, unit="months", periods=4, months_to_renewal=0.2, churn=churn)
        for churn in (np.nan, usual)
    )
    assert missing.clv == pytest.approx(same.clv)
    assert missing.clv_upper - missing.clv_lower > same.clv_upper - same.clv_lower


def test_missing_input_is_missing():
    """Invariant 12."""
    for name in ("mrr", "margin", "periods"):
        found = value(**{name: np.nan})
        assert found[["clv", "clv_lower", "clv_upper", "clv_level"]].isna().all()
    assert np.isnan(value(unit=None).clv)
    assert np.isnan(value(Survival({}, {}, None)).clv)
    assert value(plan=None).clv_level == "all"
    empty = clv.lifetime_value(subscriptions([{}])[:0], CURVES, 0.1, 60)
    assert list(empty) == ["clv", "clv_lower", "clv_upper", "clv_level"]
    # Amid the period where the next decision is not known.
    assert value(months_to_renewal=np.nan).clv == value(months_to_renewal=6).clv


def test_columns_of_a_database_have_missing_values_of_their_own():
    frame = subscriptions([{}, {}]).astype({"unit": "category"})
    frame["plan"] = pd.array([1, None], "Int64")
    frame["interval"] = pd.array([None, 1], "Int64")
    frame["periods"] = pd.array([2, None], "Int64")
    found = clv.lifetime_value(frame, CURVES, 0.1, 60)
    assert list(found.clv.isna()) == [False, True]
    assert found.clv_level.iloc[0] == "plan"
    assert found.clv.iloc[0] == value(periods=2).clv


def test_loss_has_its_bounds_in_order():
    found = value(margin=-0.2)
    assert found.clv_lower < found.clv < found.clv_upper < 0


def test_interval_widens_with_fewer_ends():
    def width(ends):
        one = survival.Curve("all", "geometric", ends, 9000, 0.016)
        found = value(Survival({}, {}, one))
        return found.clv_upper - found.clv_lower

    assert width(20) > 2 * width(200)


def test_hundred_thousand_take_half_a_second():
    """Twice as much is allowed, as machines differ."""
    n = 100_000
    random = np.random.default_rng(1)
    frame = pd.DataFrame(
        {
            "plan": random.integers(1, 50, n),
            "unit": "months",
            "interval": 1,
            "periods": random.integers(0, 72, n),
            "months_to_renewal": random.random(n),
            "mrr": random.random(n) * 100,
            "margin": 0.8,
            "churn": random.random(n),
        }
    )
    began = process_time()
    found = clv.lifetime_value(frame, CURVES, 0.1, 60)
    assert process_time() - began < 1
    assert found.clv.notna().all()
