# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The models that may be chosen, the simplest first, and one of them fitted."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import numpy as np

from .design import Linear, Trees

#: Fewer churns, or fewer that stayed, teach nothing.
NEEDED = 50
#: With fewer than this only the two that can stand it.
SAFE = 200
#: The forest is slow and large: up to so many rows.
FOREST_ROWS = 5_000


@dataclass(frozen=True)
class Candidate:
    """One kind of model.

    :param input: ``linear``, ``spline`` or ``trees``
    :param small: stands fewer than ``SAFE`` churns
    """

    name: str
    input: str
    small: bool = False

    @property
    def linear(self) -> bool:
        """Whether it adds up what the columns say."""
        return self.input != "trees"

    def estimator(self, seed: int, trial: bool = False):
        """Return the scikit-learn model, not yet fitted.

        :param trial: to be compared only; a third of the trees then makes a forest
        """
        from sklearn.ensemble import (
            HistGradientBoostingClassifier,
            RandomForestClassifier,
        )
        from sklearn.linear_model import LogisticRegression

        if self.linear:
            strength = 0.1 if self.name == "logistic_strong" else 1.0
            return LogisticRegression(C=strength, max_iter=500)
        if self.name == "forest":
            return RandomForestClassifier(
                100 if trial else 300, min_samples_leaf=5, n_jobs=1, random_state=seed
            )
        sizes = {}
        if self.name == "boosting_small":
            sizes = {
                "learning_rate": 0.05,
                "max_iter": 150,
                "max_leaf_nodes": 8,
                "min_samples_leaf": 20,
                "l2_regularization": 1.0,
            }
        return HistGradientBoostingClassifier(
            early_stopping=False, random_state=seed, **sizes
        )


#: The simplest first.
CANDIDATES = (
    Candidate("logistic_strong", "linear", small=True),
    Candidate("logistic", "linear"),
    Candidate("logistic_spline", "spline"),
    Candidate("forest", "trees", small=True),
    Candidate("boosting_small", "trees"),
    Candidate("boosting", "trees"),
)


def allowed(churns: int, stays: int) -> list[Candidate]:
    """Return the candidates for so many of either."""
    rows, least = churns + stays, min(churns, stays)
    return [
        candidate
        for candidate in CANDIDATES
        if (least >= SAFE or candidate.small)
        and (candidate.name != "forest" or rows <= FOREST_ROWS)
    ]


@dataclass
class Fitted:
    """A candidate after it has seen training rows.

    :param rows: how many rows it has seen
    :param edge: probabilities of a forest are kept this far from 0 and 1
    """

    candidate: Candidate
    input: Linear | Trees
    estimator: object
    rows: int
    edge: float

    @classmethod
    def learn(cls, candidate, matrix, y, kinds, seed, trial=False):
        """Fit a candidate to all the rows, or to the first for which there is room.

        :param matrix: rows in an order that says nothing
        """
        if candidate.linear:
            learned, inputs = Linear.learn(
                matrix, y, kinds, spline=candidate.input == "spline"
            )
        else:
            learned, inputs = Trees.learn(matrix, y, kinds)
        rows = len(inputs)
        estimator = candidate.estimator(seed, trial).fit(inputs, y[:rows])
        return cls(candidate, learned, estimator, rows, 0.5 / (rows + 1))

    def log_odds(self, matrix: np.ndarray) -> np.ndarray:
        """Return the log-odds of churn, before calibration."""
        return self.log_odds_of(self.input.transform(matrix))

    def log_odds_of(self, inputs: np.ndarray) -> np.ndarray:
        """Return the same of rows that are already input."""
        if hasattr(self.estimator, "decision_function"):
            return self.estimator.decision_function(inputs)
        share = self.estimator.predict_proba(inputs)[:, 1]
        return self._odds(share)

    def replacer(self, inputs: np.ndarray):
        """Return a function that tells how the log-odds differ from replaced inputs.

        It takes the positions of some of the rows, these rows with other values, and a
        slice of the columns that were replaced.

        Of a boosting only the trees that look at these columns are asked again, most of
        them look at a few: several times faster.
        """
        if self.candidate.name == "forest":
            whole = self.log_odds_of(inputs)
            return lambda rows, replaced, part: (
                whole[rows] - self.log_odds_of(replaced)
            )
        trees = self.estimator._predictors
        each = np.column_stack(
            [self._trees([tree]).decision_function(inputs) for tree in trees]
        )
        start = self.estimator._baseline_prediction.item()

        def difference(rows, replaced, part):
            used = [n for n, tree in enumerate(trees) if _looks_at(tree, part)]
            if not used:
                return 0.0
            some = self._trees([trees[n] for n in used])
            before = (each[np.ix_(rows, used)] - start).sum(axis=1)
            return before - (some.decision_function(replaced) - start)

        return difference

    def _trees(self, trees):
        made = copy.copy(self.estimator)
        made._predictors = trees
        return made

    def _odds(self, share):
        share = np.clip(share, self.edge, 1 - self.edge)
        return np.log(share / (1 - share))


def _looks_at(tree, part):
    nodes = tree[0].nodes
    used = nodes["feature_idx"][nodes["is_leaf"] == 0]
    return bool(((used >= part.start) & (used < part.stop)).any())
