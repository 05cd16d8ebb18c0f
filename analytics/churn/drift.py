# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Whether the rows of today are still like those a model was trained on.

Population stability index: the sum of (p - q) ln(p / q) over the baseline's deciles (or
levels), missing ones apart. Below 0.1 stable, to 0.25 to be watched, above to act upon;
with fewer than 500 rows it is mostly noise.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from .columns import CATEGORY, OTHER

WATCH, ACT = 0.1, 0.25
#: Fewer rows make a noisy index.
NOISY = 500
#: The levels that are told apart.
MOST_LEVELS = 20
#: A share of nothing counts as this.
_LEAST = 1e-4


def psi(expected, actual) -> float:
    """Return the index of two lists of shares, each of which adds up to 1."""
    p, q = (np.maximum(np.asarray(s, float), _LEAST) for s in (expected, actual))
    return float(((q - p) * np.log(q / p)).sum())


def sketch(matrix: np.ndarray, kinds) -> list[dict]:
    """Return what to remember of the training rows' columns, for JSON."""
    made = []
    for x, kind in zip(matrix.T, kinds, strict=True):
        known = x[~np.isnan(x)]
        if kind == CATEGORY:
            codes, counts = np.unique(known[known != OTHER], return_counts=True)
            kept = codes[np.argsort(-counts, kind="stable")][:MOST_LEVELS]
            bins = {"levels": sorted(int(code) for code in kept)}
        else:
            edges = np.unique(np.quantile(known, np.linspace(0, 1, 11)[1:-1]))
            bins = {"edges": edges.tolist()}
        made.append({**bins, "shares": _shares(bins, x).tolist()})
    return made


def drift(model, frame: pd.DataFrame) -> pd.DataFrame:
    """Return how far each column of the model has moved.

    :return: ``column``, ``psi``, ``state`` (``stable``, ``watch`` or ``act``), ``n``
        and ``noisy``, the farthest first
    """
    matrix = model.columns.matrix(frame)
    n = len(matrix)
    if not n:
        raise ValueError("There are no rows to compare with.")
    index = [
        psi(bins["shares"], _shares(bins, x))
        for bins, x in zip(model.report["baseline"], matrix.T, strict=True)
    ]
    state = np.select(
        [np.array(index) > ACT, np.array(index) >= WATCH], ["act", "watch"], "stable"
    )
    moved = pd.DataFrame(
        {"column": model.columns.names, "psi": index, "state": state, "n": n}
    ).assign(noisy=n < NOISY)
    return moved.sort_values("psi", ascending=False, kind="stable", ignore_index=True)


def _shares(bins, x):
    """Return the share in each bin; the last two are other levels and missing."""
    if "levels" in bins:
        levels = np.array(bins["levels"], dtype=float)
        size = len(levels)
        place = np.searchsorted(levels, x)
        other = ~np.isin(x, levels)
    else:
        size = len(bins["edges"]) + 1
        place = np.searchsorted(bins["edges"], x)
        other = np.zeros(len(x), dtype=bool)
    place = np.where(other, size, place)
    place = np.where(np.isnan(x), size + 1, place)
    return np.bincount(place, minlength=size + 2) / len(x)
