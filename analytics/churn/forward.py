# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The last observed period, kept apart to see how a model does on what comes next."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .candidates import NEEDED


def dates(when, n: int) -> np.ndarray:
    """Return the observation dates as datetime64[s].

    :raise ValueError: missing dates, or another number of them than rows
    """
    stamps = pd.DatetimeIndex(pd.to_datetime(pd.Series(np.asarray(when)), utc=True))
    if len(stamps) != n:
        raise ValueError(f"There are {n} rows and {len(stamps)} dates.")
    if stamps.isna().any():
        raise ValueError("Some dates of observation are missing.")
    return stamps.tz_localize(None).to_numpy().astype("datetime64[s]")


def split(when: np.ndarray, y: np.ndarray, horizon):
    """Return masks of the rows to learn from and of those to be judged by, or None.

    Judged is by the last calendar month of observations, or as many of the last months
    as it takes for ``NEEDED`` churns and stays. Learned is from the rows whose label
    was known when it began.

    :param horizon: how long after an observation a churn counts: days, or a DateOffset;
        None: the label is known at once
    """
    months = when.astype("datetime64[M]")
    for month in np.unique(months)[:0:-1]:
        later = months >= month
        if min(y[later].sum(), (~y[later]).sum()) >= NEEDED:
            break
    else:
        return None
    if not isinstance(horizon, pd.DateOffset):
        horizon = pd.DateOffset(days=horizon or 0)
    known = (pd.DatetimeIndex(when) + horizon).to_numpy()
    first = when[later].min()
    earlier = ~later & (known <= first)
    if min(y[earlier].sum(), (~y[earlier]).sum()) < NEEDED:
        return None
    return earlier, later
