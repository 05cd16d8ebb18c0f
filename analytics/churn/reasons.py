# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The main reasons of many scores, as texts to be stored."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd

#: Reasons of each direction.
MOST = 3


def reasons(contributions: pd.DataFrame, signals: pd.DataFrame) -> pd.Series:
    """Return the signals that push scores most, up and down, as texts of JSON.

    ``[[signal, contribution, value], …]``, the strongest of those that raise the score
    first, then the strongest of those that lower it.

    :param contributions: one column for each signal, 0 or missing: none
    """
    names = contributions.columns.to_numpy(dtype=object)
    values = contributions.to_numpy(dtype=float, na_value=0.0)
    number = min(MOST, values.shape[1])
    texts = [[] for _row in range(len(values))]
    known = {name: _values(signals[name]) for name in names if name in signals}
    for sign in (1, -1):
        order = np.argsort(-sign * values, axis=1, kind="stable")[:, :number]
        strength = np.take_along_axis(values, order, axis=1).round(2)
        for column, amounts in zip(order.T, strength.T, strict=True):
            pairs = zip(column.tolist(), amounts.tolist(), strict=True)
            for row, (place, amount) in enumerate(pairs):
                if sign * amount > 0:
                    name = names[place]
                    value = known[name][row] if name in known else "null"
                    texts[row].append(f'["{name}",{amount:g},{value}]')
    return pd.Series(
        [f"[{','.join(parts)}]" for parts in texts], contributions.index, dtype=object
    )


def _values(column):
    """Return the values of a signal as texts of JSON."""
    codes, values = pd.factorize(column)
    if pd.api.types.is_numeric_dtype(values.dtype):
        texts = [f"{value:.6g}" for value in values.astype(float)]
    else:
        texts = [json.dumps(str(value)) for value in values]
    return np.array([*texts, "null"], dtype=object)[codes].tolist()
