# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Train a model of churn on any table, and use it."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass

import numpy as np
import pandas as pd

from . import artefact, calibration, drift, explanation, forward
from .calibration import Sigmoid
from .candidates import NEEDED, Fitted, allowed
from .choice import choose
from .columns import Columns, label
from .errors import NotEnoughChurn
from .evaluation import Evaluation, by_segment, evaluate
from .leaks import leaks
from .threads import one_thread

#: So many numbers are made at a time of rows to predict.
_CELLS = 2_000_000
#: Rows by which importances are judged: a linear model's, and trees', which are slower.
_ROWS = {explanation.EXACT: 20_000, explanation.REPLACEMENT: 2_000}


@dataclass
class ChurnModel:
    """A trained model.

    :param columns: the columns it reads; a DataFrame may have them in any order, and
        others besides
    :param reference: see ``explanation.reference``
    :param report: how it was trained and how good it is, for JSON
    """

    columns: Columns
    fitted: Fitted
    calibration: Sigmoid
    reference: list
    report: dict

    @property
    def explanation(self) -> str:
        """How ``explain`` came about: ``exact`` or ``replacement``."""
        return explanation.method(self.fitted)

    @property
    def base(self) -> float:
        """Log-odds that contributions are added to."""
        return float(
            self.calibration.apply(explanation.base(self.fitted, self.reference))
        )

    def log_odds(self, X: pd.DataFrame) -> np.ndarray:
        """Return the log-odds of churn of each row."""
        return self._by_parts(X, lambda part: self.fitted.log_odds(part), ())

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Return the probability of churn of each row.

        :raise MissingColumns: a column that is needed is not there
        """
        from scipy.special import expit

        return expit(self.log_odds(X))

    def contributions(self, X: pd.DataFrame) -> pd.DataFrame:
        """Return what each column adds to the log-odds, rows and index as in ``X``."""
        return pd.DataFrame(
            self._contributions(X), index=X.index, columns=self.columns.names
        )

    def explain(self, X: pd.DataFrame, top: int = 3) -> pd.DataFrame:
        """Return the main reasons for and against churn of each row.

        :param top: how many of each sign
        :return: see ``explanation.reasons``; what is positive raises the log-odds
        """
        return explanation.reasons(
            self.columns.names,
            self.columns.values(X),
            X.index,
            self._contributions(X),
            top,
        )

    def evaluate(self, X: pd.DataFrame, y) -> Evaluation:
        """Return how good the predictions for these rows are."""
        return evaluate(label(y, len(X)), self.predict(X))

    def save(self, file) -> str:
        """Write the model to a path or a binary file.

        :return: its digest, by which ``load`` recognises it
        """
        return artefact.save(self, file)

    @one_thread
    def _by_parts(self, X, function, shape):
        matrix = self.columns.matrix(X)
        made = np.empty((len(matrix), *shape))
        step = max(_CELLS // max(sum(self.fitted.input.widths), 1), 1)
        for start in range(0, len(matrix), step):
            part = slice(start, start + step)
            made[part] = function(matrix[part])
        return self.calibration.apply(made)

    def _contributions(self, X):
        # The shift of the calibration is the base's, not the contributions'.
        made = self._by_parts(
            X,
            lambda part: explanation.contributions(self.fitted, self.reference, part),
            (len(self.columns.names),),
        )
        return made - self.calibration.shift


@one_thread
def train(
    X: pd.DataFrame,
    y,
    when=None,
    groups=None,
    *,
    horizon=None,
    segments: pd.DataFrame | None = None,
    seed: int = 0,
) -> ChurnModel:
    """Choose, fit, calibrate and judge a model of churn.

    The order of the rows and of the columns makes no difference.

    :param X: numbers, dates and categories, with gaps
    :param y: whether each row churned: booleans, or 0 and 1
    :param when: date of each observation; the last period is then kept apart, judges
        the choice and takes no part in it, and the final model learns from it too
    :param groups: what belongs together (the rows of one customer), never to be on both
        sides of a fold
    :param horizon: how long after an observation a churn counts: days, or a DateOffset;
        of use with ``when``
    :param segments: rows as in ``X``; how good it is for each value of each column goes
        into the report
    :raise NotEnoughChurn: fewer than 50 churns, or 50 that stayed
    :raise ValueError: a label, date or DataFrame that cannot be used
    """
    from scipy.special import expit

    started = time.monotonic()
    columns = Columns.learn(X)
    matrix = columns.matrix(X)
    y = label(y, len(X))
    churns = int(y.sum())
    if min(churns, len(y) - churns) < NEEDED:
        raise NotEnoughChurn(churns, len(y) - churns, NEEDED)
    when = None if when is None else forward.dates(when, len(y))
    groups = None if groups is None else _groups(groups, len(y))
    hashes = _hashes(matrix, y, when, groups)
    order = np.argsort(hashes, kind="stable")
    matrix, y = matrix[order], y[order]
    when = None if when is None else when[order]
    groups = None if groups is None else pd.factorize(groups[order])[0]
    kinds = columns.kinds

    parts = None if when is None else forward.split(when, y, horizon)
    own = np.ones(len(y), dtype=bool) if parts is None else parts[0]
    choice = choose(
        allowed(int(y[own].sum()), int((~y[own]).sum())),
        matrix[own],
        y[own],
        kinds,
        None if groups is None else groups[own],
        seed,
    )
    chosen = choice.chosen
    chosen_y = y[own][choice.rows]
    line, out_of_fold = Sigmoid(), chosen.log_odds[0]
    if chosen.calibrated:
        repeats = len(chosen.log_odds)
        line = Sigmoid.learn(chosen.log_odds.ravel(), np.tile(chosen_y, repeats))
        out_of_fold = calibration.cross_fitted(out_of_fold, chosen_y, choice.folds[0])

    fitted = Fitted.learn(chosen.candidate, matrix, y, kinds, seed)
    some = matrix[: _ROWS[explanation.method(fitted)]]
    reference = explanation.reference(fitted, some, kinds)
    size = np.abs(explanation.contributions(fitted, reference, some)).mean(axis=0)
    importances = dict(zip(columns.names, (line.slope * size).tolist(), strict=True))
    report = {
        "rows": len(y),
        "rows_fitted": fitted.rows,
        "churns": churns,
        "groups": None if groups is None else int(groups.max()) + 1,
        "window": None if when is None else [str(when.min()), str(when.max())],
        "choice": choice.as_dict(),
        "calibration": {
            "used": chosen.calibrated,
            "slope": line.slope,
            "shift": line.shift,
        },
        "cross_validated": _judged(chosen_y, out_of_fold),
        "segments": []
        if segments is None
        else by_segment(
            chosen_y,
            expit(out_of_fold),
            segments.iloc[order].iloc[np.flatnonzero(own)].iloc[choice.rows],
        ),
        "forward": None,
        "importances": dict(
            sorted(importances.items(), key=lambda item: (-item[1], item[0]))
        ),
        "leaks": leaks(
            matrix[own][choice.rows], chosen_y, kinds, columns.names, choice.folds[0]
        ),
        "ignored": dict(columns.ignored),
        "baseline": drift.sketch(matrix, kinds),
        "explanation": explanation.method(fitted),
        "versions": artefact.versions(),
        "data": hashlib.sha256(
            repr(columns.names).encode() + np.sort(hashes).tobytes()
        ).hexdigest(),
        "seed": seed,
    }
    if parts:
        earlier, later = parts
        before = Fitted.learn(
            chosen.candidate, matrix[earlier], y[earlier], kinds, seed
        )
        seen = line.apply(before.log_odds(matrix[later]))
        report["forward"] = {
            "from": str(when[later].min()),
            "trained_on": int(earlier.sum()),
            "trained_until": str(when[earlier].max()),
            **_judged(y[later], seen),
        }
    report["seconds"] = round(time.monotonic() - started, 2)
    return ChurnModel(columns, fitted, line, reference, report)


def _judged(y, log_odds):
    from scipy.special import expit

    return evaluate(y, expit(log_odds)).as_dict()


def _groups(groups, n):
    values = pd.Series(np.asarray(groups))
    if len(values) != n:
        raise ValueError(f"There are {n} rows and {len(values)} groups.")
    if values.isna().any():
        raise ValueError("Some groups are missing.")
    return pd.util.hash_array(values.astype(str).to_numpy(dtype=object))


def _hashes(matrix, y, when, groups):
    """Return a number for each row that depends on nothing but what is in it."""
    made = y.astype(np.uint64)
    more = [] if when is None else [when.astype(np.int64).astype(np.uint64)]
    more += [] if groups is None else [groups]
    for values in [*(matrix + 0.0).T, *more]:
        hashed = pd.util.hash_array(np.ascontiguousarray(values), categorize=False)
        made = pd.util.hash_array(made ^ hashed, categorize=False)
    return made
