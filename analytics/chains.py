# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Subscriptions that continue others, followed back to the first one."""

from __future__ import annotations

import numpy as np
import pandas as pd

NONE = -1


def links(start_date: pd.Series, predecessor_id: pd.Series) -> np.ndarray:
    """Return the position of each row's predecessor in the index, ``NONE`` without.

    A predecessor counts when it is in the index and began before, on the same day by
    the lower id. One that has been started again later began after its successor. So
    chains have no loops.
    """
    index = start_date.index
    result = np.full(len(index), NONE)
    has = predecessor_id.notna().to_numpy()
    result[has] = index.get_indexer(predecessor_id[has].astype(index.dtype))
    row = np.flatnonzero(result != NONE)
    before = result[row]
    start, ids = start_date.to_numpy(), index.to_numpy()
    earlier = (start[before] < start[row]) | (
        (start[before] == start[row]) & (ids[before] < ids[row])
    )
    result[row[~earlier]] = NONE
    return result


def gather(parents: np.ndarray, values: np.ndarray, combine: np.ufunc) -> np.ndarray:
    """Return the values of each row and all rows it goes back to, combined.

    :param parents: positions without loops, see :func:`links`
    :param combine: an associative function: sum, minimum, logical or
    """
    parents, values = parents.copy(), values.copy()
    # Each round doubles how far a row looks back.
    while (row := np.flatnonzero(parents != NONE)).size:
        before = parents[row]
        values[row] = combine(values[row], values[before])
        parents[row] = parents[before]
    return values
