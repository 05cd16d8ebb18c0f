# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The figures are those of the books."""

import churn_data
import numpy as np
import pandas as pd
import pytest

from analytics.churn import Evaluation, drift, evaluate, psi, refusals, train
from analytics.churn.calibration import Sigmoid
from analytics.churn.evaluation import by_segment, delong
from analytics.churn.leaks import tells_by_missing


def some(n=500, seed=0, ties=False):
    random = np.random.default_rng(seed)
    p = random.beta(1, 3, n)
    if ties:
        p = p.round(1)
    return random.random(n) < p, p


@pytest.mark.parametrize("ties", [False, True])
def test_figures_equal_those_of_scikit_learn(ties):
    from sklearn import metrics

    y, p = some(ties=ties)
    found = evaluate(y, p)
    assert found.auc == pytest.approx(metrics.roc_auc_score(y, p))
    assert found.pr_auc == pytest.approx(metrics.average_precision_score(y, p))
    assert found.brier == pytest.approx(metrics.brier_score_loss(y, p))
    assert found.log_loss == pytest.approx(metrics.log_loss(y, p))
    assert found.brier_skill == pytest.approx(1 - found.brier / y.var())


def test_bounds_are_delongs_by_the_definition():
    y, p = some(80, ties=True)
    churned, stayed = p[y], p[~y]
    wins = (churned[:, None] > stayed) + 0.5 * (churned[:, None] == stayed)
    variance = wins.mean(1).var(ddof=1) / len(churned)
    variance += wins.mean(0).var(ddof=1) / len(stayed)
    assert delong(y, p) == pytest.approx((wins.mean(), variance**0.5))
    found = evaluate(y, p)
    assert found.auc_upper - found.auc == pytest.approx(1.96 * variance**0.5, rel=1e-3)


def test_bounds_hold_the_truth_95_times_in_a_hundred():
    truth = delong(*some(200_000, seed=1))[0]
    found = [evaluate(*some(300, seed=seed)) for seed in range(300)]
    held = np.mean([one.auc_lower <= truth <= one.auc_upper for one in found])
    assert 0.91 < held < 0.985


def test_lift_gain_and_bands():
    y = np.array([True] * 10 + [False] * 90)
    p = np.linspace(0.99, 0.01, 100)
    found = evaluate(y, p)
    assert (found.lift_10, found.recall_10) == (pytest.approx(10), 1)
    assert found.gain[1] == [0.05, pytest.approx(0.5)]
    assert found.gain[-1] == [1, 1]
    assert [band["n"] for band in found.calibration] == [10] * 10
    assert found.calibration[-1]["observed"] == 1
    # Equal probabilities find no more than chance.
    found = evaluate(y, np.full(100, 0.1))
    assert found.lift_10 == pytest.approx(1)
    assert found.ece == pytest.approx(0)
    assert found.auc == 0.5


def test_the_order_of_the_rows_is_nothing():
    y, p = some(300, ties=True)
    rows = np.random.default_rng(1).permutation(300)
    one, other = evaluate(y, p).as_dict(), evaluate(y[rows], p[rows]).as_dict()
    for name in ("gain", "calibration"):
        np.testing.assert_allclose(
            pd.DataFrame(one.pop(name)), pd.DataFrame(other.pop(name))
        )
    assert one == pytest.approx(other)


def test_one_label_alone_has_no_auc():
    found = evaluate(np.zeros(5, dtype=bool), np.full(5, 0.2))
    assert found.auc is None and found.brier == pytest.approx(0.04)
    assert refusals(found) == ["auc", "brier_skill"]


def figures(**values):
    usual = dict.fromkeys(Evaluation.__dataclass_fields__)
    good = {"auc_lower": 0.7, "brier_skill": 0.1, "log_loss": 0.4}
    return Evaluation(**{**usual, **good, **values})


@pytest.mark.parametrize(
    ("values", "codes"),
    [
        ({}, []),
        ({"auc_lower": 0.55}, ["auc"]),
        ({"brier_skill": 0.0}, ["brier_skill"]),
        ({"log_loss": 0.4005}, []),
        ({"log_loss": 0.41}, ["worse"]),
    ],
)
def test_reasons_to_refuse(values, codes):
    assert refusals(figures(**values), in_use=figures()) == codes
    assert "worse" not in refusals(figures(**values))


def test_calibration_finds_the_line():
    random = np.random.default_rng(0)
    z = random.normal(0, 2, 50_000)
    y = random.random(50_000) < 1 / (1 + np.exp(-(0.5 * z - 1)))
    line = Sigmoid.learn(z, y)
    assert (line.slope, line.shift) == (
        pytest.approx(0.5, abs=0.03),
        pytest.approx(-1, abs=0.03),
    )
    assert Sigmoid.learn(-z, y) == Sigmoid()


def test_stability_index_of_the_books():
    """MODELS.md section 5."""
    assert psi((0.2, 0.5, 0.3), (0.1, 0.6, 0.3)) == pytest.approx(0.0875, abs=1e-4)
    assert psi((0.5, 0.5), (0.5, 0.5)) == 0
    assert np.isfinite(psi((1, 0), (0, 1)))


def test_drift_names_the_column_that_moved():
    X, y = churn_data.made(900)
    model = train(X, y)
    same = drift(model, churn_data.made(900, seed=5)[0])
    assert set(same["state"]) == {"stable"} and not same["noisy"].any()
    X = churn_data.made(300, seed=5)[0].assign(plan="Enterprise")
    moved = drift(model, X.assign(logins=np.nan)).set_index("column")
    assert moved.loc[["plan", "logins"], "state"].tolist() == ["act"] * 2
    assert moved["noisy"].all()


def test_missing_values_that_give_the_label_away():
    random = np.random.default_rng(0)
    y = random.random(2000) < 0.2
    assert tells_by_missing(~y, y)
    assert tells_by_missing(~(y & (random.random(2000) < 0.2)), y)
    # Honest: by chance, a bit more, a few rows that say nothing.
    assert not tells_by_missing(random.random(2000) < 0.5, y)
    assert not tells_by_missing(random.random(2000) < 0.3 + 0.3 * y, y)
    assert not tells_by_missing(np.arange(2000) == np.flatnonzero(y)[0], y)
    assert not tells_by_missing(np.isin(np.arange(2000), np.flatnonzero(~y)[:300]), y)


def test_by_segment():
    """The figures of parts add up to those of the whole."""
    y = np.array([True, False, True, False, False, False])
    probability = np.array([0.9, 0.2, 0.4, 0.6, 0.1, 0.3])
    rows = by_segment(y, probability, pd.DataFrame({"plan": list("aaaabb")}))
    assert [(row["value"], row["n"], row["churns"]) for row in rows] == [
        ("a", 4, 2),
        ("b", 2, 0),
    ]
    assert rows[0]["predicted"] == pytest.approx(0.525)
    assert rows[0]["observed"] == 0.5
    assert rows[0]["auc"] == 0.75
    assert rows[1]["auc"] is None
