# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""How good probabilities of churn were, seen against what happened."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

#: A model must be better than chance by so much, with 95 % certainty.
AUC_LIMIT = 0.55
#: The log-loss by which another model may be better without being called better.
SAME_LOSS = 0.001
#: Groups of the calibration table.
BANDS = 10
_Z = 1.959963984540054


@dataclass(frozen=True)
class Evaluation:
    """Figures of one set of rows; None where they make no sense.

    :param n: rows
    :param churns: rows that churned
    :param base_rate: share that churned
    :param auc: chance that a churn has the higher probability of a pair
    :param auc_lower: lower 95 % bound (DeLong), with ``auc_upper``
    :param pr_auc: average precision
    :param brier: mean squared error
    :param brier_skill: 1 - Brier / Brier of these rows' own rate; 0 knows nothing
    :param log_loss: mean log-loss, natural logarithm
    :param lift_10: churn rate of the tenth with the highest probability / base rate
    :param recall_10: share of the churns in that tenth
    :param ece: expected calibration error over the bands
    :param calibration: bands of equal size from the lowest on: n, predicted, observed
    :param gain: share of the rows from the highest on and share of the churns in them
    """

    n: int
    churns: int
    base_rate: float | None
    auc: float | None
    auc_lower: float | None
    auc_upper: float | None
    pr_auc: float | None
    brier: float | None
    brier_skill: float | None
    log_loss: float | None
    lift_10: float | None
    recall_10: float | None
    ece: float | None
    calibration: list[dict]
    gain: list[list[float]]

    def as_dict(self) -> dict:
        """Return the same for JSON."""
        return asdict(self)


def evaluate(y: np.ndarray, probability: np.ndarray) -> Evaluation:
    """Return the figures; equal probabilities share what they come to.

    :param y: booleans
    """
    n, churns = len(y), int(y.sum())
    base = churns / n if n else None
    figures = dict.fromkeys(
        "auc auc_lower auc_upper pr_auc brier_skill lift_10 recall_10".split()
    )
    gain = []
    if 0 < churns < n:
        area, deviation = delong(y, probability)
        recall = _recall(y, probability)
        gain = [[step / 20, recall(step / 20)] for step in range(21)]
        figures = {
            "auc": area,
            "auc_lower": max(0.0, area - _Z * deviation),
            "auc_upper": min(1.0, area + _Z * deviation),
            "pr_auc": _average_precision(y, probability),
            "brier_skill": 1
            - float(np.mean((probability - y) ** 2)) / (base * (1 - base)),
            "lift_10": recall(0.1) / 0.1,
            "recall_10": recall(0.1),
        }
    table = _calibration(y, probability)
    kept = np.clip(probability, 1e-15, 1 - 1e-15)
    return Evaluation(
        n=n,
        churns=churns,
        base_rate=base,
        brier=float(np.mean((probability - y) ** 2)) if n else None,
        log_loss=float(-np.mean(np.log(np.where(y, kept, 1 - kept)))) if n else None,
        ece=sum(b["n"] * abs(b["predicted"] - b["observed"]) for b in table) / n
        if n
        else None,
        calibration=table,
        gain=gain,
        **figures,
    )


def by_segment(y: np.ndarray, probability: np.ndarray, segments) -> list[dict]:
    """Return how good the probabilities are for parts of the rows.

    :param segments: DataFrame with a column for each way to divide the rows
    :return: ``column``, ``value``, ``n``, ``churns``, ``predicted`` and ``observed``
        (means) and ``auc`` (None without churns, or without stays), the largest first
    """
    result = []
    for column in segments:
        groups = segments[column].astype(object).fillna("").to_numpy()
        for value in sorted(set(groups), key=lambda one: (-(groups == one).sum(), one)):
            some = groups == value
            n, churns = int(some.sum()), int(y[some].sum())
            result.append(
                {
                    "column": column,
                    "value": str(value),
                    "n": n,
                    "churns": churns,
                    "predicted": float(probability[some].mean()),
                    "observed": churns / n,
                    "auc": auc(y[some], probability[some]) if 0 < churns < n else None,
                }
            )
    return result


def refusals(evaluation: Evaluation, in_use: Evaluation | None = None) -> list[str]:
    """Return the reasons not to use a model that did like this.

    :param in_use: how the model in use did on the same rows
    :return: of ``auc`` (its lower bound is at most 0.55: chance), ``brier_skill`` (it
        knows no more than the rate) and ``worse`` (than the one in use)
    """
    reasons = []
    if evaluation.auc_lower is None or evaluation.auc_lower <= AUC_LIMIT:
        reasons.append("auc")
    if evaluation.brier_skill is None or evaluation.brier_skill <= 0:
        reasons.append("brier_skill")
    if in_use and in_use.log_loss is not None and evaluation.log_loss is not None:
        if evaluation.log_loss > in_use.log_loss + SAME_LOSS:
            reasons.append("worse")
    return reasons


def auc(y: np.ndarray, score: np.ndarray) -> float:
    """Return the area under the ROC curve; ties count half."""
    ranks = _midranks(score)
    churns = int(y.sum())
    above = ranks[y].sum() - churns * (churns + 1) / 2
    return float(above / (churns * (len(y) - churns)))


def delong(y: np.ndarray, score: np.ndarray) -> tuple[float, float]:
    """Return the AUC and its standard deviation.

    DeLong, DeLong and Clarke-Pearson, Biometrics 44 (1988) 837-845, by mid-ranks: Sun
    and Xu, IEEE Signal Processing Letters 21 (2014) 1389-1393.
    """
    y = np.asarray(y, dtype=bool)
    churned, stayed = score[y], score[~y]
    m, n = len(churned), len(stayed)
    ranks = _midranks(score)
    # Of each churn the share of stays below it, of each stay that of churns above.
    below = (ranks[y] - _midranks(churned)) / n
    above = 1 - (ranks[~y] - _midranks(stayed)) / m
    variance = sum(
        share.var(ddof=1) / len(share) for share in (below, above) if len(share) > 1
    )
    return float(below.mean()), float(np.sqrt(variance))


def _midranks(values):
    from scipy.stats import rankdata

    return rankdata(values)


def _counts(y, probability):
    """Return rows and churns of each distinct probability, the highest first."""
    _, place = np.unique(-probability, return_inverse=True)
    return np.bincount(place), np.bincount(place, weights=y)


def _average_precision(y, probability):
    rows, churns = _counts(y, probability)
    precision = np.cumsum(churns) / np.cumsum(rows)
    return float((precision * churns).sum() / churns.sum())


def _recall(y, probability):
    rows, churns = (np.r_[0, np.cumsum(c)] for c in _counts(y, probability))
    return lambda share: float(np.interp(share * rows[-1], rows, churns) / churns[-1])


def _calibration(y, probability):
    from scipy.stats import rankdata

    if not len(y):
        return []
    # Equal probabilities share a band, so that the order of the rows does not matter.
    band = np.ceil((rankdata(probability) - 0.5) / len(y) * BANDS).astype(int)
    return [
        {
            "n": int(here.sum()),
            "predicted": float(probability[here].mean()),
            "observed": float(y[here].mean()),
        }
        for here in (band == number for number in range(BANDS + 1))
        if here.any()
    ]
