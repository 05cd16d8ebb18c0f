# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Sigmoid calibration: a straight line through the log-odds.

Platt, "Probabilistic outputs for support vector machines" (1999), with his targets that
stay off 0 and 1. As the line is straight, contributions in log-odds stay additive: each
is multiplied by the slope.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Sigmoid:
    """Calibrated log-odds = slope * log-odds + shift; the usual changes nothing."""

    slope: float = 1.0
    shift: float = 0.0

    @classmethod
    def learn(cls, log_odds: np.ndarray, y: np.ndarray) -> Sigmoid:
        """Return the line that makes the labels most likely.

        Where a higher score does not mean more churn there is none; nothing is changed.
        """
        from scipy.optimize import minimize
        from scipy.special import expit

        churns = int(y.sum())
        high, low = (churns + 1) / (churns + 2), 1 / (len(y) - churns + 2)
        target = np.where(y, high, low)

        def loss(line):
            z = line[0] * log_odds + line[1]
            error = expit(z) - target
            value = np.logaddexp(0, z) - target * z
            return value.mean(), np.array([(error * log_odds).mean(), error.mean()])

        line = minimize(loss, np.array([1.0, 0.0]), jac=True, method="BFGS").x
        return cls(float(line[0]), float(line[1])) if line[0] > 0 else cls()

    def apply(self, log_odds: np.ndarray) -> np.ndarray:
        """Return the calibrated log-odds."""
        return self.slope * log_odds + self.shift


def cross_fitted(log_odds, y, folds) -> np.ndarray:
    """Return out-of-fold log-odds, each fold calibrated by the other folds."""
    made = np.empty_like(log_odds)
    for fold in np.unique(folds):
        here = folds == fold
        line = Sigmoid.learn(log_odds[~here], y[~here])
        made[here] = line.apply(log_odds[here])
    return made


def log_loss(log_odds: np.ndarray, y: np.ndarray) -> float:
    """Return the mean log-loss of log-odds."""
    return float((np.logaddexp(0, log_odds) - y * log_odds).mean())
