# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Fields that know the label too well: written when, or because, a customer left.

A flag is a question to a person, not a proof; nothing is left out because of it.
"""

from __future__ import annotations

import numpy as np

from .columns import OTHER
from .evaluation import auc

#: A single field with more than this is suspect (of real sets the largest honest field
#: had .88, the leaks .94 and more: MODELS.md section 6).
AUC_LIMIT = 0.92
#: The shares of missing values of the churned and the others may differ by so much.
NULL_DIFFERENCE = 0.5
#: Rows where the field is filled (or missing) may churn at this rate at most.
NULL_RATE = 0.9
_BINS = 20
_SMOOTHING = 5.0
#: 99 % certainty, one-sided.
_Z = 2.3263478740408408


def leaks(matrix: np.ndarray, y: np.ndarray, kinds, names, folds) -> list[dict]:
    """Return the suspect columns: ``column``, ``why`` and the figures.

    ``why`` is ``auc`` (out-of-fold, of the churn rate by twentieths or levels), or
    ``missing``: whether there is a value differs by more than half between those who
    churned and the others, or nearly all rows with (or without) a value churned. Both
    with 99 % certainty, so that a few rows prove nothing.

    :param folds: the fold of each row
    """
    found = []
    for x, kind, name in zip(matrix.T, kinds, names, strict=True):
        area = field_auc(x, y, kind, folds)
        if area > AUC_LIMIT:
            found.append({"column": name, "why": "auc", "auc": area})
        missing = np.isnan(x)
        if missing.any() and not missing.all() and tells_by_missing(missing, y):
            found.append(
                {
                    "column": name,
                    "why": "missing",
                    "missing_churned": float(missing[y].mean()),
                    "missing_stayed": float(missing[~y].mean()),
                }
            )
    return found


def field_auc(x, y, kind, folds) -> float:
    """Return the cross-validated AUC of one column alone, whatever its shape."""
    if kind == "category":
        place = np.where(np.isnan(x), OTHER - 1, x).astype(int) + 2
    else:
        known = x[~np.isnan(x)]
        edges = np.unique(np.quantile(known, np.linspace(0, 1, _BINS + 1)[1:-1]))
        place = np.where(np.isnan(x), 0, np.searchsorted(edges, x) + 1)
    size = place.max() + 1
    rate = np.empty(len(y))
    for fold in np.unique(folds):
        here = folds == fold
        rows = np.bincount(place[~here], minlength=size)
        churns = np.bincount(place[~here], weights=y[~here], minlength=size)
        # Leaving a fold out moves the base against that fold's: the same for all.
        rates = (churns + _SMOOTHING * y.mean()) / (rows + _SMOOTHING)
        rate[here] = rates[place[here]]
    return auc(y, rate)


def tells_by_missing(missing: np.ndarray, y: np.ndarray) -> bool:
    """Return whether a value being there or not gives the label away."""
    churned, stayed = missing[y], missing[~y]
    difference = abs(churned.mean() - stayed.mean())
    # Agresti and Caffo's plus one keeps the deviation off 0.
    deviation = np.sqrt(
        sum(
            (some.sum() + 1) * (len(some) - some.sum() + 1) / (len(some) + 2) ** 3
            for some in (churned, stayed)
        )
    )
    if difference - _Z * deviation > NULL_DIFFERENCE:
        return True
    return y.mean() < NULL_RATE and any(
        _lower(y[here].sum(), here.sum()) > NULL_RATE for here in (missing, ~missing)
    )


def _lower(hits, n):
    """Return Wilson's lower bound of a share."""
    share, square = hits / n, _Z**2
    spread = _Z * np.sqrt(share * (1 - share) / n + square / (4 * n**2))
    return (share + square / (2 * n) - spread) / (1 + square / n)
