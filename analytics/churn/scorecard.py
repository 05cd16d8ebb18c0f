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
KINDS = ("above", "below", "category")


@dataclass(frozen=True)
class Rule:
    """What one signal says of the risk.

    :param signal: the name of the column
    :param weight: against those of the other rules, above 0
    :param kind: of ``KINDS``: ``above`` and ``below``, the risk grows as the signal
        rises or falls from ``start`` (0 points up to there) to ``full`` (100 points
        from there on), in between in proportion; ``category``, 100 points for one of
        ``values`` and 0 for others
    :param reason: why, for people
    """

    signal: str
    weight: float
    kind: str
    start: float = 0.0
    full: float = 0.0
    values: frozenset[str] = frozenset()
    reason: str = ""

    def check(self) -> None:
        """Raise what is wrong with the rule.

        :raise ValueError: its weight is not above 0, its kind does not exist, its
            limits do not go the way of its kind, or no category is named
        """
        if not 0 < self.weight < np.inf:
            raise ValueError(f"The weight of {self.signal} is not above 0")
        if self.kind not in KINDS:
            raise ValueError(f"There is no rule of the kind {self.kind}")
        if self.kind == "category" and not self.values:
            raise ValueError(f"The rule of {self.signal} names no category")
        if self.kind == "above" and not self.start < self.full:
            raise ValueError(f"The limits of {self.signal} do not rise")
        if self.kind == "below" and not self.start > self.full:
            raise ValueError(f"The limits of {self.signal} do not fall")

    def points(self, values: pd.Series) -> np.ndarray:
        """Return 0 to 100 of each value of the signal, NaN where it is missing."""
        if self.kind == "category":
            inside = values.isin(self.values).to_numpy(dtype=float)
            return np.where(values.isna(), np.nan, 100 * inside)
        number = values.to_numpy(dtype=float, na_value=np.nan)
        share = (number - self.start) / (self.full - self.start)
        return 100 * np.clip(share, 0, 1)


#: The rules a company begins with. Shares and changes are 1 for 100 %.
DEFAULT_RULES = (
    Rule(
        "overdue_days",
        15,
        "above",
        5,
        45,
        reason="Who stops paying has often decided already; a few days are the post.",
    ),
    Rule(
        "failed_payments_180d",
        10,
        "above",
        0,
        3,
        reason="Cards that expire end subscriptions without anybody deciding it.",
    ),
    Rule(
        "late_share",
        6,
        "above",
        0.2,
        0.8,
        reason="Paying later and later shows doubt or trouble; one late bill does not.",
    ),
    Rule(
        "contraction_90d",
        8,
        "above",
        0,
        50,
        reason="A smaller contract is the step before none.",
    ),
    Rule(
        "oldest_open_days",
        8,
        "above",
        3,
        21,
        reason="An answer that does not come is a reason to leave.",
    ),
    Rule(
        "tickets_open",
        4,
        "above",
        1,
        4,
        reason="One open ticket is usual, several are a problem.",
    ),
    Rule(
        "satisfaction_last",
        8,
        "below",
        4,
        1,
        reason="The last answer of support left them content, or not.",
    ),
    Rule(
        "days_since_use",
        12,
        "above",
        7,
        45,
        reason="What is not used will not be paid for.",
    ),
    Rule(
        "logins_change",
        10,
        "below",
        -10,
        -70,
        reason="Falling use comes weeks before the notice.",
    ),
    Rule(
        "key_features_dropped",
        6,
        "above",
        0,
        2,
        reason="Who gives up a key feature has found another way.",
    ),
    Rule(
        "tenure_months",
        8,
        "below",
        12,
        0,
        reason="Most who leave do so in the first year.",
    ),
    Rule(
        "nps",
        5,
        "below",
        8,
        3,
        reason="Detractors leave more often than promoters.",
    ),
)


class Scorecard:
    """Rules that have been checked.

    :raise ValueError: see :meth:`Rule.check`
    """

    def __init__(self, rules: Sequence[Rule] = DEFAULT_RULES) -> None:
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
