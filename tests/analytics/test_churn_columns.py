# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Any column is read as what it is."""

import datetime
import decimal

import numpy as np
import pandas as pd
import pytest

from analytics.churn.columns import OTHER, Columns, label

N = 120
NUMBERS = np.arange(N) % 7
TEXTS = ["a" if n % 2 else "b" for n in range(N)]
DAYS = pd.Timestamp("2024-01-01") + pd.to_timedelta(NUMBERS, "D")
DAY = 19723.0  # 2024-01-01 in days since 1970


def read(values):
    """Return kind and values of one column."""
    frame = pd.DataFrame({"x": values, "other": NUMBERS})
    columns = Columns.learn(frame)
    at = columns.names.index("x")
    return columns.kinds[at], columns.matrix(frame)[:, at]


@pytest.mark.parametrize(
    "values",
    [
        NUMBERS,
        NUMBERS.astype("float32"),
        pd.array(NUMBERS, dtype="Int64"),
        pd.array(NUMBERS, dtype="Float64"),
        pd.Series(NUMBERS).astype(str),
        pd.Series(NUMBERS).map(" {:.2f} ".format).astype(object),
        [decimal.Decimal(int(n)) for n in NUMBERS],
        pd.to_timedelta(NUMBERS, "D"),
        pd.Categorical(NUMBERS, ordered=True),
        pd.arrays.SparseArray(NUMBERS),
    ],
)
def test_numbers(values):
    kind, found = read(values)
    assert kind == "number"
    np.testing.assert_array_equal(found, NUMBERS)


@pytest.mark.parametrize(
    "values",
    [
        DAYS,
        DAYS.tz_localize("UTC"),
        DAYS.strftime("%Y-%m-%d"),
        [day.date() for day in DAYS],
        pd.Categorical(DAYS),
        DAYS.to_period("D"),
    ],
)
def test_dates(values):
    kind, found = read(values)
    assert kind == "date"
    np.testing.assert_array_equal(found, DAY + NUMBERS)


@pytest.mark.parametrize(
    "values",
    [
        TEXTS,
        pd.array(TEXTS, dtype="string"),
        pd.Categorical(TEXTS),
        np.array(TEXTS, dtype=object),
    ],
)
def test_categories(values):
    kind, found = read(values)
    assert kind == "category"
    np.testing.assert_array_equal(found, [1.0, 0.0] * (N // 2))


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([n % 2 == 0 for n in range(N)], "number"),
        ([None if n % 3 else n % 2 == 0 for n in range(N)], "number"),
        (
            pd.array([None if n % 3 else n % 2 == 0 for n in range(N)], "boolean"),
            "number",
        ),
        ([f"0{n % 9}" for n in range(N)], "category"),
        ([n % 3 if n % 2 else "x" for n in range(N)], "category"),
        ([[n % 2] for n in range(N)], "category"),
        (pd.Categorical(NUMBERS), "category"),
        (pd.cut(NUMBERS, 3), "category"),
        ([" " if n == 5 else str(n / 3) for n in range(N)], "number"),
        ([datetime.date(2024, 1, 1), None] * (N // 2), "date"),
    ],
)
def test_kinds(values, kind):
    assert read(values)[0] == kind


def test_missing_and_infinite_are_missing():
    values = [np.inf, -np.inf, np.nan, 1e300] + [1.0, 2.0] * 58
    found = read(values)[1]
    assert np.isnan(found[:3]).all()
    assert np.isfinite(found[3:]).all()
    for gap in (None, np.nan, pd.NA, pd.NaT):
        assert np.isnan(read(np.array([gap, *TEXTS[1:]], dtype=object))[1][0])


def test_a_level_is_the_same_as_int_float_or_text():
    columns = Columns.learn(pd.DataFrame({"x": pd.Categorical(NUMBERS)}))
    for values in (NUMBERS, NUMBERS * 1.0, NUMBERS.astype(str), NUMBERS.astype(object)):
        read = columns.matrix(pd.DataFrame({"x": values}))[:, 0]
        np.testing.assert_array_equal(read, NUMBERS)


def test_rare_and_unseen_levels_are_other():
    values = TEXTS[:-4] + ["c"] * 4
    assert (read(values)[1][-4:] == OTHER).all()


def test_what_says_nothing_is_left_out():
    random = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "empty": None,
            "empty number": np.nan,
            "constant": "x",
            "name": [f"Customer {n}" for n in range(N)],
            "row": random.permutation(N) + 1000,
            "account_id": random.permutation(10**6)[:N],
            "amount": random.permutation(10**6)[:N],
            "known": [1.0 if n % 2 else np.nan for n in range(N)],
        }
    )
    columns = Columns.learn(frame)
    assert columns.names == ["amount", "known"]
    assert columns.ignored == {
        "account_id": "identifier",
        "constant": "constant",
        "empty": "empty",
        "empty number": "empty",
        "name": "identifier",
        "row": "identifier",
    }
    with pytest.raises(ValueError, match="says anything"):
        Columns.learn(frame[["empty", "row"]])


def test_columns_must_be_told_apart():
    with pytest.raises(ValueError, match="same name: 1"):
        Columns.learn(pd.DataFrame([[1, 2], [2, 1]], columns=[1, "1"]))
    with pytest.raises(TypeError, match="DataFrame"):
        Columns.learn(np.zeros((3, 3)))


@pytest.mark.parametrize(
    "y",
    [
        [True, False],
        [1, 0],
        np.array([1.0, 0.0]),
        pd.array([True, False], dtype="boolean"),
        pd.Series([True, False], index=[7, 7]),
        pd.Series([1, 0], dtype="category"),
        pd.Series([True, False], dtype=object),
    ],
)
def test_labels(y):
    assert label(y, 2).tolist() == [True, False]


@pytest.mark.parametrize(
    ("y", "why"),
    [
        (["Yes", "No"], "boolean"),
        ([1, 2], "boolean"),
        ([0.5, 1], "boolean"),
        (pd.array([True, None], dtype="boolean"), "missing"),
        ([1.0, np.nan], "missing"),
        ([True], "2 rows and 1"),
    ],
)
def test_labels_that_cannot_be_used(y, why):
    with pytest.raises(ValueError, match=why):
        label(y, 2)
