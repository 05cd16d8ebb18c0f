# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Bands of churn risk, entered at one score and left below a lower one.

So that who stands at a limit does not change the band each night.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

#: The bands, in their order.
BANDS = ("low", "medium", "high")
_DTYPE = pd.CategoricalDtype(list(BANDS), ordered=True)


class Limits(NamedTuple):
    """Scores at which bands are entered, and below which they are left."""

    high_enter: float = 60
    high_leave: float = 50
    medium_enter: float = 30
    medium_leave: float = 25

    def check(self) -> None:
        """Raise what is wrong with the limits.

        :raise ValueError: a band is left at a higher score than it is entered at, or
            medium lies above high
        """
        for band in BANDS[1:]:
            if self._leave(band) > self._enter(band):
                raise ValueError(f"The band {band} is left above where it is entered")
        if self.medium_enter > self.high_enter or self.medium_leave > self.high_leave:
            raise ValueError("The band medium lies above the band high")

    def _enter(self, band):
        return getattr(self, f"{band}_enter")

    def _leave(self, band):
        return getattr(self, f"{band}_leave")


def band(score: pd.Series, previous: pd.Series, limits: Limits) -> pd.Series:
    """Return the bands of scores, as ordered categories ``BANDS``; of none missing.

    :param score: 0 to 100, 100 the highest risk
    :param previous: the bands up to now, missing where there is none: those are entered
        without a past
    :raise ValueError: see :meth:`Limits.check`
    """
    limits.check()
    values = score.to_numpy(dtype=float, na_value=np.nan)
    before = pd.Categorical(previous, dtype=_DTYPE).codes
    high, medium = BANDS.index("high"), BANDS.index("medium")
    # Whoever is in a band, or in one above, need only not fall out of it.
    is_high = values >= np.where(before >= high, limits.high_leave, limits.high_enter)
    is_medium = values >= np.where(
        before >= medium, limits.medium_leave, limits.medium_enter
    )
    codes = np.where(is_high, high, np.where(is_medium, medium, BANDS.index("low")))
    codes = np.where(np.isnan(values), -1, codes)
    return pd.Series(pd.Categorical.from_codes(codes, dtype=_DTYPE), score.index)
