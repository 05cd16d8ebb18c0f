# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What each column adds to or takes from the log-odds of a row.

*exact* (linear models): coefficient times the difference from the training rows' mean,
summed by source column. Base and contributions add up to the log-odds of the predicted
probability; the line of the calibration stretches all alike.

*replacement* (trees): by how much the log-odds would differ if this column had its
typical value (the median or the most frequent level of the training rows). Effects that
only two columns have together count for both, so these do not add up; the base is the
log-odds of a row with typical values throughout.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from .candidates import Fitted
from .columns import CATEGORY

EXACT, REPLACEMENT = "exact", "replacement"


def method(fitted: Fitted) -> str:
    """Return how rows of this model are explained."""
    return EXACT if fitted.candidate.linear else REPLACEMENT


def reference(fitted: Fitted, matrix: np.ndarray, kinds) -> list[float]:
    """Return what rows are compared with, one figure for each source column.

    The mean contribution to a linear model, the typical value for trees.
    """
    if fitted.candidate.linear:
        zero = [0.0] * matrix.shape[1]
        return contributions(fitted, zero, matrix).mean(axis=0).tolist()
    return [_typical(x, kind) for x, kind in zip(matrix.T, kinds, strict=True)]


def base(fitted: Fitted, reference: list) -> float:
    """Return the log-odds, before calibration, that contributions are added to."""
    if fitted.candidate.linear:
        return float(fitted.estimator.intercept_[0] + sum(reference))
    return float(fitted.log_odds(np.array([_row(reference)]))[0])


def contributions(fitted: Fitted, reference: list, matrix: np.ndarray) -> np.ndarray:
    """Return the contributions to the log-odds before calibration, row by column."""
    ends = np.cumsum(fitted.input.widths)
    parts = [slice(a, b) for a, b in zip(np.r_[0, ends], ends, strict=False)]
    made = np.zeros(matrix.shape)
    if not len(matrix):
        return made
    if fitted.candidate.linear:
        coefficients = fitted.estimator.coef_[0]
        for n, part in enumerate(parts):
            block = fitted.input.block(n, matrix)
            made[:, n] = block @ coefficients[part] - reference[n]
        return made
    inputs = fitted.input.transform(matrix)
    typical = fitted.input.transform(np.array([_row(reference)]))[0]
    difference = fitted.replacer(inputs)
    for n, part in enumerate(parts):
        own, usual = inputs[:, part], typical[part]
        same = (own == usual) | (np.isnan(own) & np.isnan(usual))
        rows = np.flatnonzero(~same.all(axis=1))
        if len(rows):
            replaced = inputs[rows]
            replaced[:, part] = usual
            made[rows, n] = difference(rows, replaced, part)
    return made


def reasons(names, values, index, contributions, top) -> pd.DataFrame:
    """Return the largest contributions of each row and sign, in long form.

    :param values: the columns as they came, in the order of the names
    :return: ``row`` (label of the index), ``source``, ``value``, ``contribution`` and
        ``rank`` (1 is the largest of its sign), by row, raising ones first
    """
    rows, width = contributions.shape
    top = min(top, width)
    found = []
    for sign in (1, -1):
        size = np.where(sign * contributions > 0, -np.abs(contributions), np.inf)
        order = np.argsort(size, axis=1, kind="stable")[:, :top]
        for rank in range(top):
            column = order[:, rank]
            here = np.flatnonzero(np.isfinite(size[np.arange(rows), column]))
            found.append((here, column[here], np.full(len(here), rank + 1), sign))
    row = np.concatenate([part[0] for part in found])
    column = np.concatenate([part[1] for part in found])
    rank = np.concatenate([part[2] for part in found])
    sign = np.concatenate([np.full(len(part[0]), part[3]) for part in found])
    order = np.lexsort((rank, -sign, row))
    row, column, rank = row[order], column[order], rank[order]
    value = np.empty(len(row), dtype=object)
    for n, series in enumerate(values):
        here = column == n
        value[here] = series.iloc[row[here]].astype(object).to_numpy()
    return pd.DataFrame(
        {
            "row": index.take(row),
            "source": pd.Categorical.from_codes(column, categories=names),
            "value": pd.Series(value, dtype=object),
            "contribution": contributions[row, column],
            "rank": rank,
        }
    )


def _typical(x, kind):
    missing = np.isnan(x)
    if missing.mean() > 0.5:
        return None
    known = x[~missing]
    if kind != CATEGORY:
        # A value that occurs, so that codes and counts stay what they are.
        return float(np.quantile(known, 0.5, method="lower"))
    codes, counts = np.unique(known, return_counts=True)
    return float(codes[counts.argmax()])


def _row(reference):
    return [np.nan if value is None else value for value in reference]
