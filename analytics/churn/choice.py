# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Which candidate is used, decided on training rows alone.

Repeated, stratified cross-validation (groups never on both sides of a fold); the
candidate with the least log-loss sets the mark, and the simplest that is not worse by
more than chance is used. "One standard deviation" is that of the *paired* difference
of the fold losses, corrected for folds that share training rows (Nadeau and Bengio,
"Inference for the Generalization Error", 2003): the losses themselves vary with the
rows that happen to be in a fold, which is the same for all and says nothing of the
models. It never gives away more than ``MOST_LOSS`` log-loss, one percent of what
knowing the rate alone would cost, or ``MOST_AUC``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from . import calibration
from .candidates import Candidate, Fitted
from .evaluation import auc

FOLDS = 5
#: Repeats of the folds, by the most rows for which they are done.
REPEATS = ((1_000, 3), (3_000, 2))
#: The choice is made on so many rows; of more, as many are drawn.
MOST_ROWS = 20_000
MOST_LOSS = 0.003
MOST_AUC = 0.005
#: Only candidates that come this close in the first repeat take part in the others.
CLOSE = 0.01


@dataclass
class Tried:
    """A candidate's cross-validation.

    :param log_odds: out-of-fold, one row for each repeat
    :param calibrated: whether sigmoid calibration lowers the log-loss
    :param losses: log-loss of each fold and repeat, calibrated where that is better
    """

    candidate: Candidate
    log_odds: np.ndarray
    calibrated: bool
    losses: np.ndarray
    auc: float

    def as_dict(self) -> dict:
        """Return the figures."""
        return {
            "name": self.candidate.name,
            "log_loss": float(self.losses.mean()),
            "log_loss_sd": float(self.losses.std(ddof=1)),
            "auc": self.auc,
            "calibrated": self.calibrated,
        }


@dataclass
class Choice:
    """The candidate to use.

    :param why: ``least_loss`` or ``simpler``
    :param rows: which of the rows were used
    :param folds: the fold of each of these rows, one row for each repeat
    """

    tried: list[Tried]
    chosen: Tried
    best: Tried
    why: str
    rows: np.ndarray
    folds: np.ndarray

    def as_dict(self) -> dict:
        """Return the figures."""
        return {
            "candidates": [tried.as_dict() for tried in self.tried],
            "chosen": self.chosen.candidate.name,
            "best": self.best.candidate.name,
            "why": self.why,
            "rows": len(self.rows),
            "folds": FOLDS,
            "repeats": len(self.folds),
        }


def choose(candidates, matrix, y, kinds, groups, seed) -> Choice:
    """Try the candidates and return the one to use.

    :param groups: code of each row's group, or None
    """
    rows = draw(y, groups, MOST_ROWS, seed)
    matrix, y = matrix[rows], y[rows]
    groups = None if groups is None else groups[rows]
    repeats = next((times for most, times in REPEATS if len(y) <= most), 1)
    folds = np.array([split(y, groups, seed + n) for n in range(repeats)])
    tried = [try_out(one, matrix, y, kinds, folds[:1], seed) for one in candidates]
    best = _best(tried)
    if repeats > 1:
        tried = [
            try_out(one.candidate, matrix, y, kinds, folds, seed, one.log_odds)
            if _excess(one, best) <= max(CLOSE, _deviation(one, best))
            else one
            for one in tried
        ]
        best = _best([one for one in tried if len(one.log_odds) == repeats])
    null = calibration.log_loss(np.full(len(y), np.log(y.mean() / (1 - y.mean()))), y)
    chosen = next(one for one in tried if _as_good(one, best, null))
    why = "least_loss" if chosen is best else "simpler"
    return Choice(tried, chosen, best, why, rows, folds)


def try_out(candidate, matrix, y, kinds, folds, seed, known=()) -> Tried:
    """Cross-validate one candidate over the given folds.

    :param known: out-of-fold log-odds of the first repeats
    """
    log_odds = np.empty(folds.shape)
    log_odds[: len(known)] = known if len(known) else 0
    for repeat in range(len(known), len(folds)):
        for fold in range(FOLDS):
            here = folds[repeat] == fold
            fitted = Fitted.learn(
                candidate, matrix[~here], y[~here], kinds, seed, trial=True
            )
            log_odds[repeat, here] = fitted.log_odds(matrix[here])
    raw = _losses(log_odds, y, folds)
    lines = [
        calibration.cross_fitted(z, y, fold_of)
        for z, fold_of in zip(log_odds, folds, strict=True)
    ]
    straight = _losses(np.array(lines), y, folds)
    calibrated = bool(straight.mean() < raw.mean())
    return Tried(
        candidate,
        log_odds,
        calibrated,
        straight if calibrated else raw,
        float(np.mean([auc(y, z) for z in log_odds])),
    )


def split(y, groups, seed) -> np.ndarray:
    """Return the fold of each row."""
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    kind = StratifiedKFold if groups is None else StratifiedGroupKFold
    folds = np.zeros(len(y), dtype=int)
    parts = kind(FOLDS, shuffle=True, random_state=seed).split(y, y, groups)
    for fold, (_, here) in enumerate(parts):
        folds[here] = fold
    return folds


def draw(y, groups, most, seed) -> np.ndarray:
    """Return the positions of at most so many rows, whole groups at a time."""
    if len(y) <= most:
        return np.arange(len(y))
    random = np.random.default_rng(seed)
    if groups is None:
        return np.sort(random.permutation(len(y))[:most])
    order = random.permutation(groups.max() + 1)
    size = np.bincount(groups, minlength=len(order))[order]
    taken = np.zeros(len(order), dtype=bool)
    taken[order[np.cumsum(size) <= most]] = True
    return np.flatnonzero(taken[groups])


def _losses(log_odds, y, folds):
    return np.array(
        [
            calibration.log_loss(z[fold_of == fold], y[fold_of == fold])
            for z, fold_of in zip(log_odds, folds, strict=True)
            for fold in range(FOLDS)
        ]
    )


def _best(tried):
    return min(tried, key=lambda one: one.losses.mean())


def _paired(one, best):
    """Return the differences in the folds both have seen."""
    seen = min(len(one.losses), len(best.losses))
    return one.losses[:seen] - best.losses[:seen]


def _excess(one, best):
    return _paired(one, best).mean()


def _deviation(one, best):
    excess = _paired(one, best)
    return excess.std(ddof=1) * np.sqrt(1 / len(excess) + 1 / (FOLDS - 1))


def _as_good(one, best, null):
    room = min(_deviation(one, best), MOST_LOSS, 0.01 * null)
    return _excess(one, best) <= room and one.auc >= best.auc - MOST_AUC
