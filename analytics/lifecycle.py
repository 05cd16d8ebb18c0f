# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""How long a relationship lasts, and the stage and band that makes it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from . import chains
from .periods import elapsed

#: Lifecycle stages and tenure bands, in the order in which they are gone through.
STAGES = ("onboarding", "stability", "loyal", "churned")
BANDS = ("new", "mid_term", "veteran")


def whole_months(start: pd.Series, end) -> pd.Series:
    """Return the calendar months from start to end, as float.

    31 January to 28 February is 1; missing when the end is before the start.
    """
    return elapsed(start, end, "months", 1)


def stage(months: pd.Series, running, stability: int, loyal: int) -> pd.Series:
    """Return the lifecycle stage, as ordered categories ``STAGES``.

    Below ``stability`` months onboarding, below ``loyal`` stability, then loyal;
    churned where it does not run, however long it did.
    """
    codes = _codes(months, (stability, loyal))
    codes = np.where(running, codes, STAGES.index("churned"))
    return _names(codes, STAGES, months.index)


def band(months: pd.Series, mid_term: int, veteran: int) -> pd.Series:
    """Return the tenure band, as ordered categories ``BANDS``.

    Below ``mid_term`` months new, below ``veteran`` mid-term, then veteran.
    """
    return _names(_codes(months, (mid_term, veteran)), BANDS, months.index)


def continued(
    start_date: pd.Series, first_start_date: pd.Series, predecessor_id: pd.Series
) -> pd.Series:
    """Return the predecessor that the current run continues, missing without.

    What a subscription did before it ended and started again continues nothing now.
    """
    return predecessor_id.where(start_date == first_start_date)


def chain_starts(
    start_date: pd.Series, first_start_date: pd.Series, predecessor_id: pd.Series
) -> pd.Series:
    """Return the start of each subscription's unbroken chain of predecessors.

    The start of its current run; if that is its first one, and it continues another
    of the index, the start of that one's chain.
    """
    parents = chains.links(
        start_date, continued(start_date, first_start_date, predecessor_id)
    )
    starts = chains.gather(parents, start_date.to_numpy(), np.minimum)
    return pd.Series(starts, start_date.index)


def _codes(months, limits):
    """Return how many of the limits are reached, -1 where the months are missing."""
    values = months.to_numpy(dtype=float, na_value=np.nan)
    return np.where(np.isnan(values), -1, np.searchsorted(limits, values, side="right"))


def _names(codes, names, index):
    dtype = pd.CategoricalDtype(list(names), ordered=True)
    return pd.Series(pd.Categorical.from_codes(codes, dtype=dtype), index)
