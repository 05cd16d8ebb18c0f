# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The scorecard: points add up, follow their signals, and never come from a gap."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from analytics.churn.scorecard import Rule, Scorecard

OVERDUE = Rule("overdue", 3, 10, 30)
LOGINS = Rule("logins", 1, -0.2, -0.7)
TICKETS = Rule("tickets", 2, 0, 4)
RULES = (OVERDUE, LOGINS, TICKETS)


def frame(rows):
    return pd.DataFrame(
        rows,
        columns=["overdue", "logins", "tickets"],
        index=range(7, 7 + len(rows)),
        dtype=float,
    )


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
        (TICKETS, 0, 0),
        (TICKETS, 1, 25),
    ],
)
def test_points_of_a_rule(rule, value, points):
    assert rule.points(pd.Series([value]))[0] == pytest.approx(points)


def test_score_is_the_weighted_mean_of_what_is_known():
    """Invariant 12. Missing is not zero: the others weigh the more."""
    rows = frame(
        [
            (20, -0.7, 0),
            (20, None, 4),
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
    assert list(parts) == ["overdue", "logins", "tickets"]
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
    rows = frame([(20, -0.7, 4)])
    card = Scorecard(RULES)
    without = card.score(rows.drop(columns="tickets"))
    assert without.tolist() == card.score(rows.assign(tickets=None)).tolist()
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
            "tickets": [4.0, None],
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
    ],
)
def test_wrong_rules_are_refused(wrong):
    with pytest.raises(ValueError, match="overdue"):
        Scorecard([wrong])


signals = st.lists(
    st.tuples(
        st.none() | st.floats(-50, 50),
        st.none() | st.floats(-1, 1),
        st.none() | st.integers(-1, 6),
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
