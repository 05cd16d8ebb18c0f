# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What to show or sell next: hand-made plans, and what must hold of any."""

from math import inf

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.recommend import (
    FEWEST_LEAVERS,
    FEWEST_PRICES,
    FEWEST_STAYERS,
    LEAST_LIFT,
    LEAST_SHARE,
    NEAR,
    Worth,
    next_features,
    next_plans,
    worth,
)

REPORTS, EXPORT, CHAT = 11, 12, 13
BASIC, OTHER = 1, 2


def using(number, **counts):
    """Return who of a number use features: the first so many of each."""
    columns = {"reports": REPORTS, "export": EXPORT, "chat": CHAT}
    return pd.DataFrame(
        {id_: np.arange(number) < counts.get(name, 0) for name, id_ in columns.items()}
    )


def plan(number, id_=BASIC):
    return pd.Series(id_, range(number), dtype="Int64")


def told(stay=100, left=0, stay_then=None, left_then=None, **counts):
    """Return what a plan tells."""
    now = using(stay, **counts)
    then = now if stay_then is None else using(stay, **stay_then)
    return worth(plan(stay), now, then, plan(left), using(left, **(left_then or {})))


def shown(told, plan_=BASIC, keys=(), **used):
    """Return the feature, and its share, for one that uses some."""
    found = next_features(
        pd.Series([plan_], dtype="Int64"), using(1, **used), told, keys
    )
    row = found.iloc[0]
    return None if pd.isna(row["feature"]) else (row["feature"], row["share"])


# --- next feature ---------------------------------------------------------------------


def test_most_used_feature_that_it_does_not_use():
    plan_ = told(reports=83, export=60, chat=49)
    assert shown(plan_) == (REPORTS, 0.83)
    assert shown(plan_, reports=1) == (EXPORT, 0.6)
    # Fewer than half use the chat.
    assert shown(plan_, reports=1, export=1) is None


def test_limits_of_the_share_and_of_the_number():
    share = int(100 * LEAST_SHARE)
    assert shown(told(reports=share)) == (REPORTS, LEAST_SHARE)
    assert shown(told(reports=share - 1)) is None
    assert shown(told(stay=FEWEST_STAYERS, reports=FEWEST_STAYERS)) == (REPORTS, 1.0)
    few = FEWEST_STAYERS - 1
    assert shown(told(stay=few, reports=few)) is None


def test_what_those_who_left_used_as_much_keeps_nobody():
    def plan_(left, left_used):
        left_then = {"reports": left_used}
        return told(reports=90, export=60, left=left, left_then=left_then)

    # 0.9 against 0.85 is 1.06 times as often, against 0.8 it is 1.125.
    assert shown(plan_(20, 17)) == (EXPORT, 0.6)
    assert shown(plan_(20, 16)) == (REPORTS, 0.9)
    # Of so few that left nothing is known.
    assert shown(plan_(FEWEST_LEAVERS - 1, FEWEST_LEAVERS - 1)) == (REPORTS, 0.9)
    assert shown(plan_(FEWEST_LEAVERS, FEWEST_LEAVERS)) == (EXPORT, 0.6)


def test_lift_by_hand():
    """Compared is what both used then; of those who left at least one counts."""
    plan_ = told(
        reports=90,
        stay_then={"reports": 44, "export": 10},
        left=40,
        left_then={"reports": 10},
    )
    assert plan_.share.loc[BASIC].tolist() == [0.9, 0.0, 0.0]
    assert plan_.lift.loc[BASIC, REPORTS] == pytest.approx(0.44 / 0.25)
    assert plan_.lift.loc[BASIC, EXPORT] == pytest.approx(0.1 * 40)


def test_equal_shares_key_feature_first_then_the_lower_id():
    plan_ = told(reports=80, export=80, chat=80)
    assert shown(plan_) == (REPORTS, 0.8)
    assert shown(plan_, keys={CHAT}) == (CHAT, 0.8)


def test_plans_are_apart():
    plans = pd.concat([plan(50), plan(50, OTHER)], ignore_index=True)
    used = pd.concat([using(50, reports=40), using(50, export=30)], ignore_index=True)
    both = worth(plans, used, used, plan(0), using(0))
    assert shown(both) == (REPORTS, 0.8)
    assert shown(both, OTHER) == (EXPORT, 0.6)
    assert shown(both, 3) is None
    assert shown(both, None) is None


def test_nothing_known():
    """No feature of which enough is known, or nobody to compare with."""
    none = pd.DataFrame(index=range(30))
    nothing = worth(plan(30), none, none, plan(0), none[:0])
    found = next_features(plan(30), none, nothing)
    assert found["feature"].isna().all() and found["share"].isna().all()
    nobody = worth(plan(0), using(0), using(0), plan(0), using(0))
    assert shown(nobody) is None


@given(
    st.lists(
        st.tuples(st.sampled_from([1, 2, None]), *[st.booleans()] * 3),
        min_size=60,
        max_size=90,
    )
)
def test_a_recommended_feature_is_not_used_and_most_use_it(rows):
    plans = pd.Series([row[0] for row in rows], dtype="Int64")
    used = pd.DataFrame([row[1:] for row in rows], columns=[REPORTS, EXPORT, CHAT])
    some = worth(plans, used, used, plan(0), using(0))
    found = next_features(plans, used, some)
    for row, (feature, share) in enumerate(found.itertuples(index=False)):
        if pd.isna(feature):
            continue
        alike = plans == plans[row]
        assert not used.at[row, feature]
        assert alike.sum() >= FEWEST_STAYERS
        assert used.loc[alike.fillna(False), feature].mean() == pytest.approx(share)
        assert share >= LEAST_SHARE
    turned = next_features(plans[::-1], used[::-1], some)
    pd.testing.assert_frame_equal(turned.sort_index(), found)


def test_lift_decides_by_its_limit():
    share = pd.DataFrame({REPORTS: [0.8]}, index=[1.0])
    for lift, expected in ((LEAST_LIFT, (REPORTS, 0.8)), (LEAST_LIFT - 0.01, None)):
        some = Worth(share, pd.DataFrame({REPORTS: [lift]}, index=[1.0]))
        found = shown(some_with_all(some))
        assert found == expected


def some_with_all(some):
    return Worth(*(frame.reindex(columns=[REPORTS, EXPORT, CHAT]) for frame in some))


# --- next plan ------------------------------------------------------------------------

SMALL, MIDDLE, LARGE, YEARLY, LITE = 1, 2, 3, 4, 5
PLANS = {
    SMALL: (10.0, "months1"),
    MIDDLE: (20.0, "months1"),
    LARGE: (50.0, "months1"),
    YEARLY: (18.0, "years1"),
    LITE: (5.0, "months1"),
}
LIMITS = {
    SMALL: (100.0, 10.0),
    MIDDLE: (200.0, 10.0),
    LARGE: (inf, 50.0),
    YEARLY: (200.0, 10.0),
    LITE: (500.0, 0.0),
}


def offered(
    plan_=SMALL, mrr=10.0, feature=REPORTS, share=0.9, prices=None, limits=None
):
    plans = pd.DataFrame.from_dict(
        {**PLANS, **(prices or {})}, orient="index", columns=["price", "period"]
    ).assign(count=FEWEST_PRICES, is_premium=False)
    return offer(plan_, mrr, feature, share, plans, limits)


def offer(plan_, mrr, feature, share, plans, limits=None):
    table = pd.DataFrame.from_dict(
        {**LIMITS, **(limits or {})}, orient="index", columns=[REPORTS, EXPORT]
    )
    one = {"plan": [plan_], "mrr": [mrr], "feature": [feature], "share": [share]}
    frame = pd.DataFrame(one).astype({"plan": "Int64"})
    found = next_plans(frame, plans, table).iloc[0]
    return None if pd.isna(found) else found


def test_next_larger_plan():
    assert offered() == MIDDLE
    assert offered(share=NEAR) == MIDDLE
    assert offered(share=NEAR - 0.01) is None
    assert offered(share=np.nan, feature=np.nan) is None
    assert offered(plan_=MIDDLE, mrr=20.0) == LARGE
    assert offered(plan_=LARGE, mrr=50.0, feature=EXPORT) is None
    # The limit of the exports is as near in the middle plan.
    assert offered(feature=EXPORT) == LARGE


def test_never_a_downgrade():
    # Lite includes more reports, but costs less.
    assert offered(plan_=SMALL, mrr=1.0) == MIDDLE
    # It pays more than is usual for the middle plan.
    assert offered(mrr=20.0) == LARGE
    assert offered(mrr=50.0) is None
    # What it nearly uses up is more, but another limit is lower.
    assert offered(limits={MIDDLE: (200.0, 9.0), YEARLY: (200.0, 9.0)}) == LARGE
    assert offered(limits={MIDDLE: (200.0, 0.0), YEARLY: (200.0, 0.0)}) == LARGE


def test_same_period_goes_first():
    assert offered(prices={MIDDLE: (9.0, "months1"), LARGE: (9.0, "months1")}) == YEARLY
    assert offered(plan_=YEARLY, mrr=18.0) == LARGE
    assert offered(prices={MIDDLE: (50.0, "months1")}) == MIDDLE


def test_plans_that_are_not_offered():
    plans = pd.DataFrame.from_dict(PLANS, orient="index", columns=["price", "period"])
    plans = plans.assign(count=FEWEST_PRICES, is_premium=False)
    rare = plans.assign(count=plans["count"].where(plans.index != MIDDLE, 2))
    assert offer(SMALL, 10.0, REPORTS, 0.9, rare) == LARGE
    premium = plans.assign(is_premium=plans.index == SMALL)
    assert offer(SMALL, 10.0, REPORTS, 0.9, premium) is None
    assert offer(None, 10.0, REPORTS, 0.9, plans) is None


prices = st.integers(1, 6).map(float)
amounts = st.sampled_from([0.0, 10.0, 20.0, inf])


@given(
    st.dictionaries(st.integers(1, 6), st.tuples(prices, amounts, amounts), min_size=1),
    st.lists(st.tuples(st.integers(1, 7), prices), max_size=20),
)
def test_an_offered_plan_is_dearer_and_larger(made, rows):
    made = {id_: row for id_, row in made.items()}
    plans = pd.DataFrame(
        {"price": [row[0] for row in made.values()]}, index=list(made)
    ).assign(count=9, period="months1", is_premium=False)
    limits = pd.DataFrame(
        [row[1:] for row in made.values()], index=list(made), columns=[REPORTS, EXPORT]
    )
    frame = pd.DataFrame(rows, columns=["plan", "mrr"]).astype({"plan": "Int64"})
    frame = frame.assign(feature=float(REPORTS), share=1.0)
    found = next_plans(frame, plans, limits)
    for row, id_ in found.dropna().items():
        own, mrr = frame.at[row, "plan"], frame.at[row, "mrr"]
        assert made[id_][0] > max(made[own][0], mrr)
        assert made[id_][1] > made[own][1]
        assert made[id_][2] >= made[own][2] or made[own][2] == inf
