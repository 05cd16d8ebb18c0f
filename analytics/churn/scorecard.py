# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The scorecard: weighted rules on signals give points, where no model has been learnt.

Points are 0 to 100, 100 the highest risk of churn; they are no probability. Each rule
gives its signal 0 to 100 points; the score is their weighted mean over the signals that
are known. A missing signal is left out, with its weight: it is never zero. With fewer
than ``MIN_SIGNALS`` known there is no score.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

#: Fewer known signals are not enough data.
MIN_SIGNALS = 2


@dataclass(frozen=True)
class Rule:
    """What one signal says of the risk.

    :param signal: the name of the column
    :param weight: against those of the other rules, above 0
    :param start: 0 points up to there, seen from the other limit
    :param full: 100 points from there on; in between in proportion. Below ``start``
        where the risk grows as the signal falls
    """

    signal: str
    weight: float
    start: float
    full: float

    def check(self) -> None:
        """Raise what is wrong with the rule.

        :raise ValueError: its weight is not above 0, or its limits are one or none
        """
        if not 0 < self.weight < np.inf:
            raise ValueError(f"The weight of {self.signal} is not above 0")
        if not abs(self.full - self.start) > 0:
            raise ValueError(f"The limits of {self.signal} do not differ")

    def points(self, values: pd.Series) -> np.ndarray:
        """Return 0 to 100 of each value of the signal, NaN where it is missing."""
        number = values.to_numpy(dtype=float, na_value=np.nan)
        share = (number - self.start) / (self.full - self.start)
        return 100 * np.clip(share, 0, 1)


class Scorecard:
    """Rules that have been checked.

    :raise ValueError: see :meth:`Rule.check`
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        for rule in rules:
            rule.check()
        self.rules = tuple(rules)

    def contributions(self, signals: pd.DataFrame) -> pd.DataFrame:
        """Return the points that each signal adds to the score.

        :param signals: one column per signal; one that is not there is missing
        :return: same index, a column per signal of the rules: they add up to the score;
            NaN where the signal is missing or there is not enough data
        """
        known = [rule for rule in self.rules if rule.signal in signals]
        columns = list(dict.fromkeys(rule.signal for rule in known))
        weighted = pd.DataFrame(0.0, signals.index, columns)
        weights = weighted.copy()
        for rule in known:
            points = rule.points(signals[rule.signal])
            weighted[rule.signal] += rule.weight * points
            weights[rule.signal] += np.where(np.isnan(points), 0, rule.weight)
        enough = weighted.notna().sum(axis=1) >= MIN_SIGNALS
        total = weights.sum(axis=1).where(enough)
        signals_of_rules = list(dict.fromkeys(rule.signal for rule in self.rules))
        return weighted.div(total, axis=0).reindex(columns=signals_of_rules)

    def score(self, signals: pd.DataFrame) -> pd.Series:
        """Return the points of each row, 0 to 100, NaN: not enough data."""
        # min_count: a sum of nothing is missing, not 0.
        return self.contributions(signals).sum(axis=1, min_count=1).clip(0, 100)
