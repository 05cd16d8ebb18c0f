# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The scorecard: points add up, follow their signals, and never come from a gap."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from analytics.churn.scorecard import DEFAULT_RULES, Rule, Scorecard

OVERDUE = Rule("overdue", 3, "above", 10, 30)
LOGINS = Rule("logins", 1, "below", -0.2, -0.7)
PAYMENT = Rule("payment", 2, "category", values=frozenset({"check", "cash"}))
RULES = (OVERDUE, LOGINS, PAYMENT)


def frame(rows):
    found = pd.DataFrame(
        rows, columns=["overdue", "logins", "payment"], index=range(7, 7 + len(rows))
    )
    return found.astype({"overdue": float, "logins": float})


@pytest.mark.parametrize(
    ("rule", "value", "points"),
    [
        (OVERDUE, -5, 0),
        (OVERDUE, 10, 0),
        (OVERDUE, 15, 25),
        (OVERDUE, 30, 100),
        (OVERDUE, 99, 100),
        (OVERDUE, np.inf, 100),
        (LOGINS, 0.5, 0),
        (LOGINS, -0.2, 0),
        (LOGINS, -0.3, 20),
        (LOGINS, -0.7, 100),
        (LOGINS, -1, 100),
        (PAYMENT, "check", 100),
        (PAYMENT, "card", 0),
    ],
)
def test_points_of_a_rule(rule, value, points):
    assert rule.points(pd.Series([value]))[0] == pytest.approx(points)


def test_score_is_the_weighted_mean_of_what_is_known():
    """Invariant 12. Missing is not zero: the others weigh the more."""
    rows = frame(
        [
            (20, -0.7, "card"),
            (20, None, "check"),
            (20, -0.7, None),
            (20, None, None),
            (None, None, None),
        ]
    )
    card = Scorecard(RULES)
    expected = [(3 * 50 + 100) / 6, (3 * 50 + 2 * 100) / 5, (3 * 50 + 100) / 4]
    assert card.score(rows)[:3].tolist() == pytest.approx(expected)
    # One signal or none is not enough data.
    assert card.score(rows)[3:].isna().all()
    parts = card.contributions(rows)
    assert list(parts) == ["overdue", "logins", "payment"]
    assert parts.index.equals(rows.index)
    assert parts.iloc[0].tolist() == pytest.approx([25, 100 / 6, 0])
    assert parts.isna().to_numpy().tolist() == [
        [False, False, False],
        [False, True, False],
        [False, False, True],
        [True] * 3,
        [True] * 3,
    ]


def test_signal_that_is_no_column_is_missing():
    """Invariant 12."""
    rows = frame([(20, -0.7, "check")])
    card = Scorecard(RULES)
    without = card.score(rows.drop(columns="payment"))
    assert without.tolist() == card.score(rows.assign(payment=None)).tolist()
    assert card.contributions(rows[["logins"]]).isna().all().all()
    assert card.score(rows[[]]).isna().all()
    assert card.score(rows[:0]).empty
    assert Scorecard(()).score(rows).isna().all()


def test_rules_of_one_signal_are_one_signal():
    """Two rules on what is known of one thing are not two things that are known."""
    steeper = replace(OVERDUE, weight=1, full=20)
    rows = frame([(15, None, None), (15, -0.2, None)])
    found = Scorecard((OVERDUE, steeper, LOGINS)).contributions(rows)
    assert list(found) == ["overdue", "logins"]
    assert found["overdue"].isna().tolist() == [True, False]
    assert found["overdue"].iloc[1] == pytest.approx((3 * 25 + 50) / 5)


def test_columns_of_a_database_have_missing_values_of_their_own():
    rows = pd.DataFrame(
        {
            "overdue": pd.array([20, None], "Int64"),
            "logins": pd.array([-0.7, -0.7], "Float64"),
            "payment": pd.Categorical(["check", None]),
        }
    )
    found = Scorecard(RULES).score(rows)
    assert found[0] == pytest.approx((150 + 100 + 200) / 6)
    assert np.isnan(found[1])


@pytest.mark.parametrize(
    "wrong",
    [
        replace(OVERDUE, weight=0),
        replace(OVERDUE, weight=-1),
        replace(OVERDUE, weight=float("nan")),
        replace(OVERDUE, weight=float("inf")),
        replace(OVERDUE, full=10),
        replace(OVERDUE, start=float("nan")),
        replace(OVERDUE, kind="below"),
        replace(LOGINS, kind="above"),
        replace(OVERDUE, kind="between"),
        replace(PAYMENT, values=frozenset()),
    ],
)
def test_wrong_rules_are_refused(wrong):
    with pytest.raises(ValueError, match="overdue|logins|payment|between"):
        Scorecard([wrong])


signals = st.lists(
    st.tuples(
        st.none() | st.floats(-50, 50),
        st.none() | st.floats(-1, 1),
        st.sampled_from([None, "check", "cash", "card"]),
    ),
    min_size=1,
    max_size=12,
)
weights = st.lists(st.floats(0.01, 100), min_size=3, max_size=3)


def weighed(weights):
    return Scorecard(
        [replace(rule, weight=w) for rule, w in zip(RULES, weights, strict=True)]
    )


@given(signals, weights)
def test_contributions_add_up_to_points_within_bounds(rows, weights):
    rows, card = frame(rows), weighed(weights)
    score, parts = card.score(rows), card.contributions(rows)
    known = rows.notna().sum(axis=1) >= 2
    assert score.notna().equals(known)
    assert score[known].between(0, 100).all()
    np.testing.assert_allclose(parts.sum(axis=1)[known], score[known], atol=1e-9)
    assert (parts.notna() == rows.notna())[known].all().all()


@given(signals, weights, st.floats(0.001, 1000))
def test_only_the_ratio_of_weights_counts(rows, weights, factor):
    rows = frame(rows)
    one = weighed(weights).score(rows)
    other = weighed([weight * factor for weight in weights]).score(rows)
    np.testing.assert_allclose(one, other, atol=1e-9)


@given(signals, weights, st.floats(0, 60), st.floats(0, 1))
def test_score_never_falls_as_the_risk_rises(rows, weights, days, fall):
    rows, card = frame(rows), weighed(weights)
    assume(rows.notna().sum(axis=1).ge(2).any())
    worse = rows.assign(overdue=rows["overdue"] + days, logins=rows["logins"] - fall)
    rise = (card.score(worse) - card.score(rows)).dropna()
    assert (rise >= -1e-9).all()


def test_default_rules():
    """Each says why; the best and the worst customers get the least and the most."""
    card = Scorecard()
    assert all(rule.reason for rule in DEFAULT_RULES)
    assert len({rule.signal for rule in DEFAULT_RULES}) == len(DEFAULT_RULES)
    healthy = {
        "overdue_days": 0,
        "failed_payments_180d": 0,
        "late_share": 0,
        "contraction_90d": 0,
        "oldest_open_days": 0,
        "tickets_open": 0,
        "satisfaction_last": 5,
        "days_since_use": 0,
        "logins_change": 20,
        "key_features_dropped": 0,
        "tenure_months": 48,
        "nps": 10,
    }
    ill = {
        "overdue_days": 90,
        "failed_payments_180d": 4,
        "late_share": 1,
        "contraction_90d": 80,
        "oldest_open_days": 60,
        "tickets_open": 9,
        "satisfaction_last": 1,
        "days_since_use": 90,
        "logins_change": -100,
        "key_features_dropped": 3,
        "tenure_months": 0,
        "nps": 0,
    }
    rows = pd.DataFrame([healthy, ill], dtype=float)
    assert set(rows) == {rule.signal for rule in DEFAULT_RULES}
    assert card.score(rows).tolist() == pytest.approx([0, 100])
