# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Survival of cohorts: published fits, real tenures, and what is done with few data."""

from datetime import date
from math import lgamma, log
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics import survival

TELCO = Path(__file__).parents[3] / "shared" / "data" / "telco" / "history.csv"

#: Percent of two cohorts that survive year 0 to 12 (Fader and Hardie 2007, Table 1).
HIGH_END = (100, 86.9, 74.3, 65.3, 59.3, 55.1, 51.7, 49.1, 46.8, 44.5, 42.7, 40.9, 39.4)
REGULAR = (100, 63.1, 46.8, 38.2, 32.6, 28.9, 26.2, 24.1, 22.3, 20.7, 19.4, 18.3, 17.3)


def fitted(percents, years):
    """Fit to the first years of a cohort of 1,000."""
    alive = 10 * np.array(percents[: years + 1])
    return survival.fit_beta(alive[:-1], alive[:-1] - alive[1:])


def sbg(beta):
    """Return the curve of a fit."""
    return survival.Curve(
        "plan", "sbg", 500, 1000, 0.1, 0, beta.alpha, beta.beta, beta.covariance
    )


@pytest.mark.parametrize(
    ("percents", "years", "alpha", "beta", "likelihood"),
    [
        (HIGH_END, 7, 0.6681, 3.8061, -1.6112),
        (REGULAR, 7, 0.7041, 1.1820, -1.6803),
        (HIGH_END, 5, 0.8754, 5.1617, -1.3785),
        (REGULAR, 5, 0.7370, 1.2453, -1.5171),
    ],
)
def test_published_fits(percents, years, alpha, beta, likelihood):
    found = fitted(percents, years)
    assert found.alpha == pytest.approx(alpha, abs=1e-3)
    assert found.beta == pytest.approx(beta, abs=1e-3)
    assert found.log_likelihood / 1000 == pytest.approx(likelihood, abs=1e-3)
    assert found.is_bounded


@pytest.mark.parametrize(
    ("percents", "stay", "later", "error"),
    [
        (
            HIGH_END,
            (0.8507, 0.8780, 0.8968, 0.9106),
            (0.4604, 0.4358, 0.4142, 0.3951, 0.3780),
            0.0283,
        ),
        (
            REGULAR,
            (0.6267, 0.7560, 0.8188, 0.8559),
            (0.2201, 0.2044, 0.1912, 0.1799, 0.1700),
            0.0149,
        ),
    ],
)
def test_published_forecasts(percents, stay, later, error):
    curve = sbg(fitted(percents, 7))
    assert 1 - curve.hazards(4) == pytest.approx(stay, abs=1e-3)
    forecast = curve.survival(12)[7:]
    assert forecast == pytest.approx(later, abs=1e-3)
    real = np.array(percents[8:]) / 100
    assert np.mean(np.abs(forecast / real - 1)) == pytest.approx(error, abs=1e-3)


@pytest.mark.parametrize(("percents", "last"), [(HIGH_END, 0.3469), (REGULAR, 0.1641)])
def test_published_forecasts_of_five_years(percents, last):
    assert sbg(fitted(percents, 5)).survival(12)[-1] == pytest.approx(last, abs=1e-3)


def test_likelihood_of_censored_ages_equals_that_of_each_one():
    """The life table says the same as ln P(T = t) and ln S(t) of each subscription."""
    periods = np.array([1, 1, 2, 3, 3, 5, 6, 8, 8, 9, 2, 1, 4])
    ended = np.array([1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 1, 0], bool)
    table = survival.kaplan_meier(periods, ended)
    found = survival.fit_beta(table.at_risk, table.left)

    def beta(a, b):
        return lgamma(a) + lgamma(b) - lgamma(a + b)

    a, b = found.alpha, found.beta
    total = sum(
        (beta(a + 1, b + t - 1) if left else beta(a, b + t)) - beta(a, b)
        for t, left in zip(periods.tolist(), ended, strict=True)
    )
    assert found.log_likelihood == pytest.approx(total, abs=1e-9)


@given(
    st.lists(
        st.tuples(st.integers(0, 300), st.integers(0, 300)), min_size=1, max_size=9
    ).filter(lambda steps: any(left for left, _other in steps))
)
def test_no_other_parameters_are_likelier(steps):
    """Whatever the data, also where they lead to the bounds."""
    left = np.array([left for left, _other in steps], float)
    at_risk = np.cumsum([sum(step) for step in steps][::-1])[::-1]
    found = survival.fit_beta(at_risk, left)
    mean, size = np.meshgrid(np.linspace(0.002, 0.998, 40), np.geomspace(0.02, 990, 40))
    hazard = (mean * size)[..., None] / (size[..., None] + np.arange(len(left)))
    others = np.log(hazard) @ left + np.log1p(-hazard) @ (at_risk - left)
    assert found.log_likelihood >= others.max() - 1e-6
    assert 0 < found.alpha and 0 < found.beta
    assert found.alpha + found.beta < survival.MOST_ALPHA_BETA * 1.001


def test_standard_errors_cover_what_made_the_data():
    """Of 100 cohorts with known hazards, the intervals cover about 95 %."""
    random = np.random.default_rng(4)
    ages, covered = np.arange(1, 9), []
    true = 0.7 / (0.7 + 3.5 + ages - 1)
    for _turn in range(100):
        leaves = random.random((400, 8)) < true
        periods = np.where(leaves.any(axis=1), leaves.argmax(axis=1) + 1, 8)
        table = survival.kaplan_meier(periods, leaves.any(axis=1))
        curve = sbg(survival.fit_beta(table.at_risk, table.left))
        off = np.abs(np.log(curve.hazards(8) / true)) / curve.errors(8)
        covered.append(off < survival.DEVIATE)
    assert 0.9 < np.mean(covered) < 0.99


# Life tables


def plain_kaplan_meier(rows, last):
    """Return the survival after 1, 2, …, by counting."""
    result, alive = [], 1.0
    for age in range(1, last + 1):
        risk = [left and at == age for at, left, begun in rows if begun < age <= at]
        alive *= 1 - sum(risk) / len(risk) if risk else 1
        result.append(alive)
    return result


lives = st.lists(
    st.tuples(st.integers(0, 12), st.booleans(), st.integers(0, 6)), max_size=40
)


@given(lives)
def test_kaplan_meier_equals_counting(rows):
    rows = [(max(at, int(left)), left, begun) for at, left, begun in rows]
    table = survival.kaplan_meier(*np.array(rows, int).reshape(-1, 3).T)
    assert list(table.survival) == pytest.approx(plain_kaplan_meier(rows, len(table)))
    assert (table.survival.diff().fillna(0) <= 0).all()
    assert len(table) == max((at for at, _l, begun in rows if at > begun), default=0)


def test_life_table_by_hand():
    table = survival.kaplan_meier([1, 2, 2, 3, 3], [True, True, False, False, True])
    assert table.at_risk.tolist() == [5, 4, 2]
    assert table.left.tolist() == [1, 1, 1]
    assert table.survival.tolist() == pytest.approx([0.8, 0.6, 0.3])


def test_those_who_entered_late_were_not_at_risk_before():
    """Left truncation: early periods of survivors that were imported say nothing."""
    table = survival.kaplan_meier([1, 3, 4], [True, True, False], [0, 2, 2])
    assert table.at_risk.tolist() == [1, 0, 2, 1]
    assert table.survival.tolist() == pytest.approx([0, 0, 0, 0])
    table = survival.kaplan_meier([3, 4, 2], [True, False, True], [2, 2, 2])
    assert table.at_risk.tolist() == [0, 0, 2, 1]
    assert table.survival.tolist() == pytest.approx([1, 1, 0.5, 0.5])


# From dates to periods


@pytest.mark.parametrize(
    ("start", "end", "successor", "expected"),
    [
        ("2024-01-31", None, False, (5, False)),
        ("2024-01-10", "2024-03-10", False, (2, True)),
        ("2024-01-10", "2024-03-11", False, (3, True)),
        ("2024-01-10", "2024-01-10", False, (1, True)),
        ("2024-01-10", "2024-03-11", True, (2, False)),
        ("2024-01-10", "2024-07-01", False, (5, False)),  # ends after the date
        ("2024-01-10", "2024-06-30", False, (6, True)),
        ("2024-07-01", None, False, None),
        (None, None, False, None),
    ],
)
def test_periods_lived(start, end, successor, expected):
    row = pd.DataFrame(
        {
            "start_date": pd.to_datetime([start]),
            "end_date": pd.to_datetime([end]),
            "unit": "months",
            "interval": 1,
            "has_successor": successor,
        },
        index=[7],
    )
    found = survival.periods_lived(row, date(2024, 6, 30))
    rows = list(found.itertuples(name=None))
    assert rows == ([] if expected is None else [(7, *expected)])


# Curves of a company


def people(plan, counts, running=(), unit="years", interval=1):
    """Return a cohort: how many left in period 1, 2, …, and who runs at what age."""
    periods = np.repeat(np.arange(1, len(counts) + 1), counts).tolist()
    ended = [True] * len(periods) + [False] * sum(number for _age, number in running)
    for age, number in running:
        periods += [age] * number
    return pd.DataFrame(
        {
            "plan": plan,
            "unit": unit,
            "interval": interval,
            "periods": periods,
            "ended": ended,
        }
    )


def cohort(percents, plan, **period):
    alive = 10 * np.array(percents[:8])
    counts = (alive[:-1] - alive[1:]).round().astype(int)
    return people(plan, counts, [(7, int(round(alive[-1])))], **period)


def test_each_plan_has_its_curve_and_thin_ones_that_of_their_period():
    found = survival.fit(
        pd.concat(
            [
                cohort(HIGH_END, 1),
                cohort(REGULAR, 2),
                people(3, [19], [(1, 50)]),
                people(4, [5], [(3, 5)], unit="months"),
            ]
        )
    )
    one, two, thin, month, unseen = (
        found.curve(*key)
        for key in [
            (1, "years", 1, 12),
            (2, "years", 1, 12),
            (3, "years", 1, 12),
            (4, "months", 1, 1),
            (1, "months", 3, 3),
        ]
    )
    assert (one.level, two.level, thin.level) == ("plan", "plan", "period")
    assert (one.method, two.method, thin.method) == ("sbg", "sbg", "sbg")
    assert (one.alpha, one.beta) == pytest.approx((0.668, 3.806), abs=1e-3)
    assert (two.alpha, two.beta) == pytest.approx((0.704, 1.182), abs=1e-3)
    assert thin.ends == one.ends + two.ends + 19
    assert (month.level, month.method) == ("all", "geometric")
    # A hazard by month is one by quarter, thrice.
    assert 1 - unseen.hazards(1)[0] == pytest.approx((1 - month.hazards(1)[0]) ** 3)
    exposed = 12 * thin.at_risk + 5 + 15
    assert month.hazard == pytest.approx((thin.ends + 5.5) / exposed, rel=0.01)


def test_twenty_ends_are_enough():
    found = survival.fit(people("basic", [10, 10], [(2, 60)]))
    assert found.curve("basic", "years", 1, 12).level == "plan"
    found = survival.fit(people("basic", [10, 9], [(2, 60)]))
    assert found.curve("basic", "years", 1, 12).level == "all"


def test_constant_hazard_is_geometric():
    """A second parameter has to pay for itself."""
    found = survival.fit(people(1, [100, 90, 81, 73], [(4, 656)]))
    curve = found.curve(1, "years", 1, 12)
    assert curve.method == "geometric"
    assert curve.hazards(9) == pytest.approx([0.1] * 9, abs=1e-3)
    assert curve.gap < 0.01


def test_hazard_that_rises_much_is_taken_as_seen():
    """As of contracts that cannot be left before their last month."""
    found = survival.fit(people(1, [0] * 11 + [500], [(15, 300)]))
    curve = found.curve(1, "years", 1, 12)
    assert curve.method == "kaplan_meier"
    assert curve.survival(14)[10:] == pytest.approx([1, 0.375, 0.375, 0.375])
    assert 0 < curve.hazards(99)[-1] < 1
    assert not survival.fit_beta([800] * 11 + [800], [0] * 11 + [500]).is_bounded


def test_nothing_known_and_nobody_left():
    empty = people(1, [])
    assert survival.fit(empty).curve(1, "years", 1, 12) is None
    stays = survival.fit(people(1, [], [(3, 10)])).curve(1, "years", 1, 12)
    assert (stays.level, stays.ends) == ("all", 0)
    # Half an end in 360 months.
    assert stays.hazards(2) == pytest.approx([1 - np.exp(-0.5 / 30)] * 2)


def test_survivors_that_were_imported_do_not_hide_the_early_leavers():
    """Left truncation: they had not been at risk of leaving unseen."""
    rows = pd.concat(
        [
            people(1, [40, 20, 10], [(3, 30)]).assign(entered=0),
            people(1, [], [(30, 1000)]).assign(entered=28),
        ]
    )
    told = survival.fit(rows).curve(1, "years", 1, 12)
    untold = survival.fit(rows.drop(columns="entered")).curve(1, "years", 1, 12)
    assert told.survival(3)[-1] == pytest.approx(0.3, abs=0.03)
    assert untold.survival(3)[-1] > 0.8


@given(
    st.lists(st.integers(0, 60), min_size=1, max_size=8).filter(sum),
    st.lists(st.tuples(st.integers(1, 12), st.integers(1, 200)), max_size=4),
)
def test_survival_never_rises_and_stays_in_its_interval(counts, running):
    found = survival.fit(people(1, counts, running))
    curve = found.curve(1, "years", 1, 12)
    expected, high, low = curve.cumulated(40)
    assert (np.diff(expected) >= 0).all()
    assert (low <= expected).all() and (expected <= high).all()
    assert np.isfinite([expected, high, low]).all()
    hazards = curve.hazards(40)
    assert ((0 <= hazards) & (hazards < 1)).all()


@pytest.fixture(scope="module")
def rows():
    file = pd.read_csv(TELCO, parse_dates=["start_date", "end_date"])
    file = file.assign(unit="months", interval=1, has_successor=False)
    lived = survival.periods_lived(file, date(2020, 2, 1))
    lived = lived.join(file[["plan", "unit", "interval"]])
    return lived[lived.periods > 0]


@pytest.mark.skipif(not TELCO.is_file(), reason="no shared data")
class TestTelco:
    """Tenures of 7,032 subscriptions, whose curves lifelines and others gave."""

    @pytest.mark.parametrize(
        ("plan", "number", "expected"),
        [
            (
                None,
                7032,
                (
                    0.9460,
                    0.9137,
                    0.8848,
                    0.8432,
                    0.7887,
                    0.7485,
                    0.7088,
                    0.6644,
                    0.5928,
                ),
            ),
            (
                "Month-to-month",
                3875,
                (
                    0.9019,
                    0.8417,
                    0.7858,
                    0.7031,
                    0.5859,
                    0.4911,
                    0.3973,
                    0.2972,
                    0.1290,
                ),
            ),
            (
                "One year",
                1472,
                (1.0, 0.9986, 0.9973, 0.9908, 0.9783, 0.9593, 0.9165, 0.8318, 0.5681),
            ),
        ],
    )
    def test_kaplan_meier(self, rows, plan, number, expected):
        some = rows if plan is None else rows[rows.plan == plan]
        assert len(some) == number
        found = survival.kaplan_meier(some.periods, some.ended).survival
        months = [1, 3, 6, 12, 24, 36, 48, 60, 72]
        assert found[months].tolist() == pytest.approx(expected, abs=1e-4)
        if plan is None:
            # The restricted mean to 72 months, by trapezoids as lifelines has it; the
            # median is not reached.
            mean = 0.5 + found[:71].sum() + found[72] / 2
            assert mean == pytest.approx(54.29, abs=5e-3)
            assert found.min() > 0.5
        if plan == "Month-to-month":
            assert found.le(0.5).idxmax() == 35

    def test_month_to_month_fit(self, rows):
        some = rows[rows.plan == "Month-to-month"]
        table = survival.kaplan_meier(some.periods, some.ended)
        found = survival.fit_beta(table.at_risk, table.left)
        assert found.alpha == pytest.approx(0.4226, abs=1e-3)
        assert found.beta == pytest.approx(7.3933, abs=1e-3)
        assert found.log_likelihood == pytest.approx(-7679.17, abs=1e-2)

    @pytest.mark.parametrize("plan", ["One year", "Two year"])
    def test_long_contracts_by_month_diverge(self, rows, plan):
        some = rows[rows.plan == plan]
        table = survival.kaplan_meier(some.periods, some.ended)
        assert not survival.fit_beta(table.at_risk, table.left).is_bounded
        curve = survival.fit(rows).curve(plan, "months", 1, 1)
        assert (curve.level, curve.method != "sbg") == ("plan", True)
        reliable = table.survival[table.at_risk >= survival.MIN_AT_RISK]
        found = curve.survival(len(table))[reliable.index - 1]
        assert np.abs(found - reliable).max() < survival.WIDEST_GAP


def test_log_likelihood_of_one_period():
    """Too short a history to tell alpha from beta: no covariance, no sBG."""
    found = survival.fit_beta([100], [30])
    assert found.covariance is None
    assert found.log_likelihood == pytest.approx(30 * log(0.3) + 70 * log(0.7))
