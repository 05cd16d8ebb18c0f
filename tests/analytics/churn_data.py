# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Tables with a churn label for the tests of ``analytics.churn``."""

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

DATA = Path(__file__).parents[3] / "shared" / "data"


def made(n=400, seed=0, slope=1.5):
    """Return a small table of all kinds of columns, and a label some of them tell."""
    random = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "tenure": random.exponential(20, n).round(1),
            "plan": random.choice(["Basic", "Pro", "Team"], n),
            "logins": random.poisson(4, n).astype(float),
            "city": [f"city {k}" for k in random.integers(0, 20, n)],
            "auto": random.random(n) < 0.5,
            "since": pd.Timestamp("2023-01-01")
            + pd.to_timedelta(random.integers(0, 700, n), "D"),
        }
    )
    X.loc[random.random(n) < 0.2, "logins"] = np.nan
    z = slope * ((X["plan"] == "Basic") - X["tenure"] / 20 + (X["logins"].isna()))
    y = random.random(n) < 1 / (1 + np.exp(-z))
    return X, np.array(y)


def crossed(n=3000, seed=0):
    """Return a table whose columns tell nothing alone and a lot in pairs."""
    random = np.random.default_rng(seed)
    X = pd.DataFrame(random.normal(size=(n, 6))).add_prefix("x")
    z = 3 * np.sign(X["x0"] * X["x1"]) + X["x2"] - 1
    return X, (random.random(n) < 1 / (1 + np.exp(-z))).to_numpy()


def file(*path):
    """Return the path of a file of real data, or skip."""
    found = DATA.joinpath(*path)
    if not found.exists():
        pytest.skip(f"{found} is not there")
    return found


@cache
def _telco():
    path = file("telco", "history.csv")
    return pd.read_csv(path, parse_dates=["start_date", "end_date"])


def _signals(rows, tenure):
    products = rows["products"].fillna("").str.split(";")
    names = sorted({name for some in products for name in some if name})
    X = pd.DataFrame(
        {
            "plan": rows["plan"],
            "payment_method": rows["payment_method"],
            "mrr": rows["mrr"],
            "tenure": tenure,
        }
    )
    for name in names:
        X[name] = products.map(lambda some, name=name: name in some)
    return X


def telco():
    """Return all of telco, and who left."""
    rows = _telco()
    until = rows["end_date"].fillna(pd.Timestamp("2020-02-01"))
    X = _signals(rows, ((until - rows["start_date"]).dt.days / 30.4375).round())
    return X.assign(total=(X["mrr"] * X["tenure"]).round(2)), (
        rows["end_date"].notna().to_numpy()
    )


def telco_on(day):
    """Return those running on a day, who left within a month, and the customers."""
    day = pd.Timestamp(day)
    rows = _telco()
    rows = rows[(rows["start_date"] <= day) & ~(rows["end_date"] <= day)]
    left = rows["end_date"] <= day + pd.DateOffset(months=1)
    X = _signals(rows, (day - rows["start_date"]).dt.days / 30.4375)
    return X, left.to_numpy(), rows["customer_ref"]
