# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What is known of real sets comes out again (MODELS.md sections 1 and 2)."""

import churn_data
import numpy as np
import pandas as pd
import pytest

from analytics.churn import Evaluation, evaluate, refusals, train


@pytest.mark.slow
def test_telco_across():
    """Five folds: the best of scikit-learn had AUC .850 and log-loss .411."""
    from sklearn.model_selection import StratifiedKFold

    X, y = churn_data.telco()
    p = np.empty(len(y))
    for learned, judged in StratifiedKFold(5, shuffle=True, random_state=0).split(X, y):
        model = train(X.iloc[learned], y[learned])
        assert model.report["leaks"] == []
        p[judged] = model.predict(X.iloc[judged])
    found = evaluate(y, p)
    assert found.auc > 0.84
    assert found.log_loss < 0.421


def test_telco_forward():
    """Trained on what was known by 2019-11-15, it finds who left after 2019-12-15."""
    parts = [churn_data.telco_on(day) for day in ("2019-09-15", "2019-10-15")]
    sizes = [len(part[1]) for part in parts]
    model = train(
        pd.concat([part[0] for part in parts]),
        np.concatenate([part[1] for part in parts]),
        when=np.repeat(["2019-09-15", "2019-10-15"], sizes),
        groups=pd.concat([part[2] for part in parts]),
        horizon=pd.DateOffset(months=1),
    )
    assert model.report["forward"]["from"].startswith("2019-10-15")
    X, y, _ = churn_data.telco_on("2019-12-15")
    assert len(y) == 5390
    found = model.evaluate(X, y)
    assert found.auc >= 0.855
    assert found.log_loss <= 0.222
    assert found.brier_skill >= 0.15
    assert refusals(found) == []


def test_ravenstack_is_refused():
    """Its churn cannot be predicted."""
    rows = pd.read_csv(
        churn_data.file("ravenstack", "history.csv"),
        parse_dates=["start_date", "end_date"],
    )
    parts = []
    for day in pd.to_datetime(["2024-03-31", "2024-06-30"]):
        seen = rows[(rows["start_date"] <= day) & ~(rows["end_date"] <= day)]
        left = seen["end_date"] <= day + pd.Timedelta(days=90)
        parts.append(seen.assign(tenure=(day - seen["start_date"]).dt.days, left=left))
    seen = pd.concat(parts)
    X = seen[["plan", "period", "mrr", "products", "tenure"]]
    report = train(X, seen["left"], groups=seen["customer_ref"]).report
    assert "auc" in refusals(Evaluation(**report["cross_validated"]))


@pytest.mark.slow
def test_fifty_thousand_rows_in_two_minutes_on_one_core():
    import resource
    import time

    random = np.random.default_rng(0)
    n = 50_000
    X = pd.DataFrame(random.normal(size=(n, 30))).add_prefix("x")
    for column in range(10):
        X[f"c{column}"] = random.choice([f"level {k}" for k in range(5, 30)], n)
    z = X["x0"] + np.sign(X["x1"] * X["x2"]) - 2
    y = (random.random(n) < 1 / (1 + np.exp(-z))).to_numpy()
    started = time.process_time()
    train(X, y)
    assert time.process_time() - started < 120
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 700 * 1024
