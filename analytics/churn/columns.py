# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Any DataFrame as one matrix of numbers, and back to its columns.

A column is a *number* (booleans, durations in days and numbers stored as text too), a
*date* (in days since 1970) or a *category*. In the matrix a missing or infinite number
is NaN; a category is the position of its level, NaN where missing and ``OTHER`` where
the level was rare or never seen in training. Rows are told apart by position, never by
index; columns by the text of their name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date

import numpy as np
import pandas as pd

from .errors import MissingColumns

NUMBER, DATE, CATEGORY = "number", "date", "category"

#: A level that was rare or unknown in training.
OTHER = -1
#: A level with fewer rows in training is ``OTHER``.
RARE = 5
#: The most levels that are told apart; the most frequent are kept.
MOST_LEVELS = 255

#: The share of the filled cells that must read as numbers (or as dates).
_MOSTLY = 0.95
#: A category of numbers with more levels than this is read as numbers.
_FEW = 20
#: Texts that stand for no value in a column of numbers.
_NOT_A_NUMBER = {"", "-", "?", "na", "n/a", "nan", "none", "null"}
#: Larger numbers count as this.
_HUGE = 1e30
#: Names of columns that identify the row, when all their values differ.
_ID_NAME = r"(?:^|[\s_.])(?:id|ids|uuid|guid|ref|key|number|no|nr)$|(?:Id|ID)$"
_DATE_TEXT = r"\d{4}-\d{2}-\d{2}(?:[T ].*)?"


@dataclass(frozen=True)
class Column:
    """How one column is read.

    :param levels: the texts of a category's levels
    """

    name: str
    kind: str
    levels: tuple[str, ...] = ()

    def numbers(self, values: pd.Series) -> np.ndarray:
        """Return the values as floats."""
        if self.kind == NUMBER:
            return _numbers(values)
        if self.kind == DATE:
            return _days(values)
        codes, texts = _texts(values)
        place = {level: float(n) for n, level in enumerate(self.levels)}
        # One more for the code -1, which is "missing".
        to = np.array([place.get(text, OTHER) for text in texts] + [np.nan])
        return to[codes]


@dataclass(frozen=True)
class Columns:
    """The columns that a model reads, in the order of the matrix.

    :param ignored: the reason for each column that is left out: ``empty``, ``constant``
        or ``identifier`` (a different text in most rows, or numbers that count or name
        the rows)
    """

    columns: tuple[Column, ...]
    ignored: Mapping[str, str] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """The names of the columns that are read."""
        return [column.name for column in self.columns]

    @property
    def kinds(self) -> list[str]:
        """The kind of each."""
        return [column.kind for column in self.columns]

    @classmethod
    def learn(cls, frame: pd.DataFrame) -> Columns:
        """Return how the columns of this DataFrame are to be read.

        The label plays no part, nor does the order of the rows or columns.
        """
        columns, ignored = [], {}
        for name, values in sorted(_by_name(frame).items()):
            column = _column(name, values)
            reason = _reason_to_ignore(column, values)
            if reason:
                ignored[name] = reason
            else:
                columns.append(column)
        if not columns:
            raise ValueError("No column of the DataFrame says anything.")
        return cls(tuple(columns), ignored)

    def matrix(self, frame: pd.DataFrame) -> np.ndarray:
        """Return the matrix; columns that are not known are passed over.

        :raise MissingColumns: a column that is needed is not there
        """
        by_name = _by_name(frame)
        missing = [name for name in self.names if name not in by_name]
        if missing:
            raise MissingColumns(missing)
        matrix = np.empty((len(frame), len(self.columns)))
        for n, column in enumerate(self.columns):
            matrix[:, n] = column.numbers(by_name[column.name])
        return matrix

    def values(self, frame: pd.DataFrame) -> list[pd.Series]:
        """Return the columns that are read as they are in the DataFrame."""
        by_name = _by_name(frame)
        return [by_name[name] for name in self.names]

    def as_dict(self) -> dict:
        """Return the same for JSON."""
        return {
            "columns": [asdict(column) for column in self.columns],
            "ignored": dict(self.ignored),
        }

    @classmethod
    def from_dict(cls, data: dict) -> Columns:
        """Return what ``as_dict`` told."""
        columns = (
            Column(one["name"], one["kind"], tuple(one["levels"]))
            for one in data["columns"]
        )
        return cls(tuple(columns), data["ignored"])


def label(y, n: int) -> np.ndarray:
    """Return the label as booleans.

    :param y: booleans, or 0 and 1, n of them, in the order of the rows
    :raise ValueError: other values, missing ones, or another number of them
    """
    values = pd.Series(np.asarray(y) if isinstance(y, list | tuple) else y)
    if len(values) != n:
        raise ValueError(f"There are {n} rows and {len(values)} labels.")
    if values.isna().any():
        raise ValueError("Some labels are missing.")
    if not pd.api.types.is_bool_dtype(values.dtype):
        if not set(values.unique()) <= {0, 1}:
            raise ValueError("The label must be boolean, or 0 and 1.")
    return values.to_numpy(dtype=bool)


def _by_name(frame):
    if not isinstance(frame, pd.DataFrame):
        raise TypeError("A pandas DataFrame is needed.")
    names = [str(name) for name in frame.columns]
    if len(set(names)) < len(names):
        double = sorted({name for name in names if names.count(name) > 1})
        raise ValueError(f"Columns of the same name: {', '.join(double)}.")
    return {name: frame.iloc[:, n] for n, name in enumerate(names)}


def _column(name, values):
    kind = _kind(values)
    if kind != CATEGORY:
        return Column(name, kind)
    codes, texts = _texts(values)
    counts = np.bincount(codes[codes >= 0], minlength=len(texts))
    often = sorted(
        (-count, text)
        for count, text in zip(counts.tolist(), texts, strict=True)
        if count >= RARE
    )
    return Column(name, kind, tuple(sorted(text for _, text in often[:MOST_LEVELS])))


def _kind(values):
    dtype = values.dtype
    types = pd.api.types
    if isinstance(dtype, pd.CategoricalDtype):
        categories = dtype.categories
        if types.is_datetime64_any_dtype(categories.dtype):
            return DATE
        numeric = types.is_numeric_dtype(categories.dtype)
        many = dtype.ordered or len(categories) > _FEW
        return NUMBER if numeric and many else CATEGORY
    if types.is_datetime64_any_dtype(dtype) or isinstance(dtype, pd.PeriodDtype):
        return DATE
    if types.is_timedelta64_dtype(dtype) or types.is_numeric_dtype(dtype):
        return CATEGORY if types.is_complex_dtype(dtype) else NUMBER
    filled = values[values.notna()]
    if not len(filled):
        return NUMBER
    if filled.map(lambda value: isinstance(value, date)).mean() >= _MOSTLY:
        return DATE
    text = _strip(filled)
    if text.str.fullmatch(_DATE_TEXT).mean() >= _MOSTLY:
        return DATE
    text = text[~text.str.lower().isin(_NOT_A_NUMBER)]
    if len(text) and not text.str.fullmatch(r"0\d+").any():
        if pd.to_numeric(text, errors="coerce").notna().mean() >= _MOSTLY:
            return NUMBER
        if text.str.lower().isin(["true", "false"]).all():
            return NUMBER
    return CATEGORY


def _reason_to_ignore(column, values):
    read = column.numbers(values)
    filled = read[~np.isnan(read)]
    if not len(filled):
        return "empty"
    if column.kind == CATEGORY:
        texts = _texts(values)[1]
        if len(texts) > max(50, len(filled) / 2):
            return "identifier"
    low, high = filled.min(), filled.max()
    if low == high and len(filled) == len(read):
        return "constant"
    if column.kind == NUMBER and len(read) == len(filled) > 50:
        whole = pd.api.types.is_integer_dtype(values.dtype) or (
            not pd.api.types.is_float_dtype(values.dtype) and (filled % 1 == 0).all()
        )
        if whole and len(np.unique(filled)) == len(read):
            named = pd.Series([column.name]).str.contains(_ID_NAME).any()
            if named or high - low == len(read) - 1:
                return "identifier"
    return None


def _numbers(values):
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(values.cat.categories.dtype)
    types = pd.api.types
    if types.is_timedelta64_dtype(values.dtype):
        numbers = values.dt.total_seconds().to_numpy(float) / 86400
    elif types.is_bool_dtype(values.dtype) or types.is_numeric_dtype(values.dtype):
        numbers = values.to_numpy(dtype=float, na_value=np.nan)
    else:
        text = _strip(values).str.lower().replace({"true": "1", "false": "0"})
        numbers = pd.to_numeric(text, errors="coerce").to_numpy(float, na_value=np.nan)
    # The forest computes in single precision.
    return np.clip(np.where(np.isfinite(numbers), numbers, np.nan), -_HUGE, _HUGE)


def _days(values):
    if isinstance(values.dtype, pd.PeriodDtype):
        values = values.dt.to_timestamp()
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(object)
    if pd.api.types.is_numeric_dtype(values.dtype):
        return np.full(len(values), np.nan)
    if not pd.api.types.is_datetime64_any_dtype(values.dtype):
        values = values.astype(object).where(values.notna(), None)
    stamps = pd.to_datetime(values, errors="coerce", utc=True, format="mixed")
    seconds = (stamps - pd.Timestamp(0, tz="UTC")).dt.total_seconds()
    return seconds.to_numpy(float, na_value=np.nan) / 86400


def _strip(values):
    return values.astype(object).map(str, na_action="ignore").astype("str").str.strip()


def _texts(values):
    """Return for each row the position of its text, -1 where missing; and the texts.

    A whole number has the same text as an int, a float or a decimal.
    """
    if isinstance(values.dtype, pd.CategoricalDtype):
        codes, uniques = values.cat.codes.to_numpy(), values.cat.categories
    else:
        if values.dtype == object:
            values = values.map(_text, na_action="ignore")
        codes, uniques = pd.factorize(values)
    texts = [_text(value) for value in uniques]
    # Different values may have the same text.
    names, place = np.unique(np.array(texts, dtype=object), return_inverse=True)
    return np.append(place, -1)[codes], names.tolist()


def _text(value):
    if isinstance(value, float | np.floating) and value == np.floor(value):
        return str(int(value)) if np.isfinite(value) else str(value)
    return str(value)
