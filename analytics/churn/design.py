# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The inputs of the learners: what a column becomes before a model sees it.

Linear models get standardised numbers or splines, and a column for each frequent level;
trees get the numbers as they are. Both are learned on training rows alone and say from
which source column each of their own columns comes.
"""

from __future__ import annotations

import numpy as np

from .columns import CATEGORY, OTHER, RARE

#: Levels with a smaller share of the rows are pooled.
POOLED = 0.001
#: The most levels of a category with a column of their own.
OWN = {"linear": 60, "trees": 10}
#: A number with at most so many values is also a category to a spline.
FEW_VALUES = 12
KNOTS = 5
DEGREE = 3
#: Above this skewness a number enters a linear model by its logarithm.
SKEWED = 2.0
#: So many rows of the average rate are added to a level's own.
SMOOTHING = 20.0
#: Folds by which the rate of a level is learned for the training rows.
RATE_FOLDS = 5
#: The most numbers that are made of training rows; of more, the first rows are taken.
MOST_CELLS = 16_000_000


class Linear:
    """Columns for a linear model.

    :param parts: one dict for each source column, plain enough for JSON
    """

    name = "linear"

    def __init__(self, parts: list[dict]):
        self.parts = parts

    @classmethod
    def learn(cls, matrix, y, kinds, spline):
        """Return the input learned from training rows, and what it makes of them."""
        make = _spline if spline else _number
        parts = [
            _category(x, OWN["linear"]) if kind == CATEGORY else make(x)
            for x, kind in zip(matrix.T, kinds, strict=True)
        ]
        made = cls(parts)
        return made, made.transform(matrix[: room(made)])

    def transform(self, matrix: np.ndarray) -> np.ndarray:
        """Return the columns for the model."""
        return np.hstack([self.block(n, matrix) for n in range(len(self.parts))])

    def block(self, n: int, matrix: np.ndarray) -> np.ndarray:
        """Return the columns that come from source column ``n``."""
        return _apply(self.parts[n], matrix[:, n])

    @property
    def widths(self) -> list[int]:
        """How many columns come from each source column."""
        return [_width(part) for part in self.parts]


class Trees:
    """Columns for trees: a level's own column, or its rate where there are many."""

    name = "trees"

    def __init__(self, parts: list[dict]):
        self.parts = parts

    @classmethod
    def learn(cls, matrix, y, kinds):
        """Return the input learned from training rows, and what it makes of them.

        The rate of a level is learned from other rows than those it is made for, as
        trees would otherwise read the label of a rare level from it.
        """
        parts, blocks = [], []
        folds = np.arange(len(y)) % RATE_FOLDS
        for x, kind in zip(matrix.T, kinds, strict=True):
            if kind != CATEGORY:
                part = {"is": "same"}
                block = _apply(part, x)
            elif len(np.unique(x[~np.isnan(x)])) <= OWN["trees"]:
                part = _category(x, OWN["trees"])
                block = _apply(part, x)
            else:
                part = _rate(x, y)
                block = np.empty((len(x), 1))
                for fold in range(RATE_FOLDS):
                    here = folds == fold
                    others = _rate(x[~here], y[~here])
                    block[here] = _apply(others, x[here])
            parts.append(part)
            blocks.append(block)
        made = cls(parts)
        most = room(made)
        return made, np.hstack([block[:most] for block in blocks])

    transform = Linear.transform
    block = Linear.block
    widths = Linear.widths


def room(made: Linear | Trees) -> int:
    """Return for how many training rows there is room."""
    return MOST_CELLS // max(sum(made.widths), 1)


def _number(x):
    known = x[~np.isnan(x)]
    part = {"is": "number", "missing": bool(len(known) < len(x)), "log": None}
    if not len(known):
        known = np.zeros(1)
    part["low"], part["high"] = float(known.min()), float(known.max())
    part["fill"] = float(np.median(known))
    if abs(_skewness(known)) > SKEWED:
        unit = float(np.median(np.abs(known[known != 0])))
        logged = _log(known, unit)
        if abs(_skewness(logged)) < abs(_skewness(known)):
            part["log"], known = unit, logged
    spread = float(known.std())
    part["centre"], part["scale"] = float(known.mean()), spread or 1.0
    return part


def _spline(x):
    part = _number(x)
    known = x[~np.isnan(x)]
    values = np.unique(known)
    if len(values) <= FEW_VALUES:
        if len(values) > 2:
            often = [v for v in values if (known == v).sum() >= RARE]
            part["values"] = [float(v) for v in often]
        return part
    z = _standard(part, known)
    knots = np.unique(np.quantile(z, np.linspace(0, 1, KNOTS)))
    if len(knots) < KNOTS - 1:
        # Many rows share a value: by values instead of rows.
        knots = np.unique(np.quantile(np.unique(z), np.linspace(0, 1, KNOTS)))
    part["knots"] = knots.tolist()
    return part


def _category(x, most):
    known = x[~np.isnan(x)]
    codes, counts = np.unique(known, return_counts=True)
    needed = max(RARE, POOLED * len(x))
    often = sorted(
        (-count, code)
        for code, count in zip(codes.tolist(), counts.tolist(), strict=True)
        if code != OTHER and count >= needed
    )
    levels = sorted(int(code) for _, code in often[:most])
    return {
        "is": "category",
        "levels": levels,
        "pooled": bool(len(codes) > len(levels)),
        "missing": bool(len(known) < len(x)),
    }


def _rate(x, y):
    """Return the smoothed log-odds of each level, by its code; missing is a level."""
    codes = np.where(np.isnan(x), OTHER - 1, x).astype(int) + 2
    counts = np.bincount(codes)
    churns = np.bincount(codes, weights=y)
    base = (y.sum() + 0.5) / (len(y) + 1)
    rates = (churns + SMOOTHING * base) / (counts + SMOOTHING)
    return {
        "is": "rate",
        "rates": np.log(rates / (1 - rates)).tolist(),
        "base": float(np.log(base / (1 - base))),
    }


def _apply(part, x):
    if part["is"] == "same":
        return x[:, None]
    if part["is"] == "rate":
        rates = np.array(part["rates"] + [part["base"]])
        codes = np.where(np.isnan(x), OTHER - 1, x).astype(int) + 2
        return rates[np.minimum(codes, len(rates) - 1)][:, None]
    missing = np.isnan(x)
    block = np.zeros((len(x), _width(part)))
    if part["is"] == "category":
        levels = part["levels"]
        for n, level in enumerate(levels):
            block[:, n] = x == level
        if part["pooled"]:
            block[:, len(levels)] = ~missing & ~np.isin(x, levels)
    else:
        filled = np.where(missing, part["fill"], x)
        z = _standard(part, filled)
        block[:, 0] = z
        for n, value in enumerate(part.get("values", ())):
            block[:, n + 1] = x == value
        if "knots" in part:
            _bases(part["knots"], z, block[:, 1:])
    if part["missing"]:
        block[:, -1] = missing
    return block


def _width(part):
    if part["is"] in ("same", "rate"):
        return 1
    if part["is"] == "category":
        return len(part["levels"]) + part["pooled"] + part["missing"]
    width = 1 + part["missing"] + len(part.get("values", ()))
    return width + (len(part["knots"]) + DEGREE - 1 if "knots" in part else 0)


def _bases(knots, z, out):
    """Write the B-splines of the knots, constant beyond the outer ones."""
    from scipy.interpolate import BSpline

    steps = np.r_[[knots[0]] * DEGREE, knots, [knots[-1]] * DEGREE]
    z = np.clip(z, knots[0], knots[-1])
    made = BSpline.design_matrix(z, steps, DEGREE)
    rows = np.repeat(np.arange(len(z)), DEGREE + 1)
    out[rows, made.indices] = made.data


def _standard(part, x):
    x = np.clip(x, part["low"], part["high"])
    if part["log"] is not None:
        x = _log(x, part["log"])
    return (x - part["centre"]) / part["scale"]


def _log(x, unit):
    return np.sign(x) * np.log1p(np.abs(x) / unit)


def _skewness(x):
    spread = x.std()
    if not spread:
        return 0.0
    return float((((x - x.mean()) / spread) ** 3).mean())
