# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A model of churn on any table: trained, used, explained, and judged."""

import json
from pathlib import Path

import churn_data
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics import churn
from analytics.churn import NotEnoughChurn, refusals, train
from analytics.churn.evaluation import Evaluation


@pytest.fixture(scope="module")
def linear():
    X, y = churn_data.made(900)
    model = train(X, y)
    assert model.explanation == "exact"
    return model, X, y


@pytest.fixture(scope="module")
def trees():
    X, y = churn_data.crossed(1200)
    model = train(X, y)
    assert model.explanation == "replacement"
    return model, X, y


def test_it_predicts_what_the_columns_tell(linear):
    model = linear[0]
    seen = model.evaluate(*churn_data.made(3000, seed=1))
    assert seen.auc > 0.8
    assert seen.brier_skill > 0.2
    assert refusals(seen) == []


def test_boosting_wins_where_columns_matter_in_pairs(trees):
    model, _, _ = trees
    choice = model.report["choice"]
    assert choice["chosen"].startswith("boosting")
    linear = [c["auc"] for c in choice["candidates"] if c["name"].startswith("log")]
    assert model.evaluate(*churn_data.crossed(2000, seed=1)).auc > max(linear) + 0.1


def test_contributions_of_a_linear_model_add_up(linear):
    model, X, _ = linear
    total = model.contributions(X).sum(axis=1) + model.base
    p = model.predict(X)
    np.testing.assert_allclose(total, np.log(p / (1 - p)), atol=1e-6)


def test_calibration_keeps_contributions_additive(linear):
    model, X, _ = linear
    bent = churn.ChurnModel(
        model.columns,
        model.fitted,
        churn.model.Sigmoid(0.7, -0.4),
        model.reference,
        model.report,
    )
    total = bent.contributions(X).sum(axis=1) + bent.base
    np.testing.assert_allclose(total, bent.log_odds(X), atol=1e-6)
    raw = model.fitted.log_odds(model.columns.matrix(X))
    np.testing.assert_allclose(bent.log_odds(X), 0.7 * raw - 0.4)


def test_contributions_of_trees_are_what_a_typical_value_changes(trees):
    model, X, _ = trees
    X = X.head(50)
    shown = model.contributions(X)
    for name, typical in zip(model.columns.names, model.reference, strict=True):
        change = model.log_odds(X) - model.log_odds(X.assign(**{name: typical}))
        np.testing.assert_allclose(shown[name], change, atol=1e-9)


def test_reasons_are_the_largest_of_either_sign(linear):
    model, X, _ = linear
    X = X.tail(20).set_axis(["twice"] * 20)
    shown, reasons = model.contributions(X), model.explain(X, top=2)
    assert set(reasons["row"]) == {"twice"}
    at = 0
    for n in range(len(X)):
        row = shown.iloc[n].sort_values()
        up, down = row[row > 0][::-1][:2], row[row < 0][:2]
        expected = pd.concat([up, down])
        part = reasons.iloc[at : at + len(expected)]
        assert part["source"].tolist() == expected.index.tolist()
        np.testing.assert_allclose(part["contribution"], expected)
        assert part["rank"].tolist() == [*range(1, len(up) + 1)] + [
            *range(1, len(down) + 1)
        ]
        for source, value in zip(part["source"], part["value"], strict=True):
            own = X[source].iloc[n]
            assert value == own or (pd.isna(value) and pd.isna(own))
        at += len(expected)
    assert at == len(reasons)


@settings(max_examples=20)
@given(data=st.data())
def test_order_of_columns_and_rows_is_nothing_to_a_prediction(linear, data):
    model, X, _ = linear
    X = X.head(30).assign(other=1)
    columns = data.draw(st.permutations(list(X.columns)))
    rows = data.draw(st.permutations(range(len(X))))
    np.testing.assert_allclose(
        model.predict(X[columns].iloc[rows]), model.predict(X)[rows], atol=1e-12
    )


def test_order_of_columns_and_rows_is_nothing_to_a_training(linear):
    X, y = churn_data.made(300)
    rows = np.random.default_rng(1).permutation(len(X))
    one, other = train(X, y), train(X.iloc[rows][list(X.columns)[::-1]], y[rows])
    np.testing.assert_allclose(one.predict(X), other.predict(X), atol=1e-12)
    assert one.report["data"] == other.report["data"]
    assert linear[0].report["data"] != one.report["data"]


@settings(max_examples=20)
@given(
    plan=st.one_of(st.none(), st.text(), st.integers(), st.floats()),
    logins=st.one_of(st.none(), st.text(), st.floats(), st.booleans()),
)
def test_any_value_can_be_predicted(linear, plan, logins):
    model, X, _ = linear
    X = X.head(2).astype({"plan": object, "logins": object})
    X["plan"], X["logins"] = [plan, "Pro"], [logins, 3.0]
    p = model.predict(X)
    assert ((p > 0) & (p < 1)).all()
    assert p[1] == pytest.approx(model.predict(X.tail(1))[0])


def test_an_unseen_level_says_nothing(linear):
    model, X, _ = linear
    unseen = model.predict(X.assign(plan="Enterprise"))
    each = [model.predict(X.assign(plan=plan)) for plan in ("Basic", "Pro", "Team")]
    assert (unseen <= np.max(each, axis=0)).all()
    assert (unseen >= np.min(each, axis=0)).all()


def test_missing_columns_are_named(linear):
    model, X, _ = linear
    with pytest.raises(churn.MissingColumns, match="auto, tenure"):
        model.predict(X.drop(columns=["tenure", "auto"]))


def test_no_rows_are_no_predictions(linear):
    model, X, _ = linear
    assert len(model.predict(X.head(0))) == len(model.explain(X.head(0))) == 0
    assert model.evaluate(X.head(0), []).auc is None


def test_too_few_churns_teach_nothing():
    X, y = churn_data.made(500)
    y[np.flatnonzero(y)[49:]] = False
    with pytest.raises(NotEnoughChurn) as caught:
        train(X, y)
    assert (caught.value.churns, caught.value.needed) == (49, 50)
    with pytest.raises(NotEnoughChurn):
        train(X, ~y)


@pytest.mark.parametrize(("churns", "names"), [(199, 2), (200, 6)])
def test_few_churns_allow_only_what_can_stand_it(churns, names):
    found = [one.name for one in churn.candidates.allowed(churns, 4000)]
    assert len(found) == names
    assert {"logistic_strong", "forest"} <= set(found)
    assert "forest" not in [one.name for one in churn.candidates.allowed(churns, 5000)]


def test_a_shuffled_label_is_refused():
    X, y = churn_data.made(600)
    report = train(X, np.random.default_rng(0).permutation(y)).report
    seen = Evaluation(**report["cross_validated"])
    assert "auc" in refusals(seen)
    json.dumps(report, allow_nan=False)


def test_rows_of_a_group_are_on_one_side():
    """Copies of a row would otherwise let trees recite what they have seen."""
    random = np.random.default_rng(0)
    X = pd.DataFrame(random.normal(size=(150, 5))).add_prefix("x")
    y = random.random(150) < 0.5
    X, y = pd.concat([X] * 4), np.tile(y, 4)
    together = train(X, y, groups=np.tile(np.arange(150), 4)).report
    apart = train(X, y).report
    assert apart["cross_validated"]["auc"] > 0.75
    assert together["cross_validated"]["auc"] < 0.6
    assert together["groups"] == 150


def test_the_last_period_judges_and_does_not_choose():
    X, y = churn_data.made(1500)
    months = np.array(["2024-01-31", "2024-02-29", "2024-03-31"])
    when = months[np.arange(1500) % 3]
    kept = train(X, y, when=when, horizon=pd.DateOffset(months=1)).report
    assert kept["forward"]["from"].startswith("2024-03-31")
    assert kept["forward"]["n"] == 500
    assert kept["forward"]["trained_on"] == 1000
    assert kept["choice"]["rows"] == 1000
    # Whatever happened in the last period changes nothing of the choice.
    last = when == months[2]
    y = np.where(last, np.random.default_rng(0).permutation(y), y)
    other = train(X, y, when=when, horizon=pd.DateOffset(months=1)).report
    assert other["choice"] == kept["choice"]
    assert other["forward"]["auc"] < 0.6 < kept["forward"]["auc"]
    # The label of the second month is not known on the 31st with a longer horizon.
    slow = train(X, y, when=when, horizon=40).report
    assert slow["forward"]["trained_until"].startswith("2024-01-31")


def test_planted_leaks_are_flagged():
    X, y = churn_data.made(600)
    random = np.random.default_rng(0)
    ended = np.where(y, "2024-12-31", None)
    ended[random.random(600) < 0.6] = None
    X = X.assign(ended=ended, balance=np.where(y, 0, 10) + random.normal(0, 3, 600))
    found = {(leak["column"], leak["why"]) for leak in train(X, y).report["leaks"]}
    assert found == {("ended", "missing"), ("balance", "auc")}


def test_one_thread_in_a_worker():
    from threadpoolctl import threadpool_info

    seen = []

    @churn.threads.one_thread
    def look():
        seen.extend(library["num_threads"] for library in threadpool_info())

    look()
    assert seen and set(seen) == {1}


def test_nothing_heavy_is_imported_with_the_package():
    """Odoo starts without scikit-learn in memory."""
    import subprocess
    import sys

    root = Path(__file__).parents[2]
    code = (
        f"import sys; sys.path.insert(0, {str(root)!r}); import analytics.churn;"
        "print({'sklearn', 'skops', 'scipy', 'odoo'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "set()", done.stderr
