# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
# pylint: disable=prefer-env-translation
"""Read a subscription history that another billing system exported as CSV.

:func:`read` takes the bytes of the file and returns its rows and every problem found,
each with its line and the way out. It writes nothing and never raises for bad content.
How bytes become records stands in :mod:`.history_records`, how one cell is read in
:mod:`.history_cells`.

One row is one subscription. The first line names the columns, in any order:

* ``subscription_ref``, ``customer_ref``: keys, up to 128 characters, compared exactly
* ``customer_name``, ``plan``: text
* ``email``: one address or nothing; the column may be missing
* ``period``: billing period (``1 month``, ``12 months``, ``14 days``, ``yearly`` ...)
* ``start_date``, ``end_date``: days, the end is empty while the subscription runs and
  may equal the start
* ``mrr``: amount per month in ``currency``, not negative
* ``currency``: three-letter code
* ``products``: names separated by ``;``, or nothing
* ``payment_method``: text or nothing; the column may be missing

Other columns are ignored and reported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import lru_cache
from itertools import islice

from . import history_cells as cells
from . import history_records as files
from .history_cells import Refused
from .history_records import Record

MAX_BYTES = files.MAX_BYTES
#: Problems that are kept; further ones are only counted.
MAX_PROBLEMS = 1_000

COLUMNS = (
    "subscription_ref",
    "customer_ref",
    "customer_name",
    "email",
    "plan",
    "period",
    "start_date",
    "end_date",
    "mrr",
    "currency",
    "products",
    "payment_method",
)
#: Columns that a file may lack.
OPTIONAL_COLUMNS = frozenset({"email", "payment_method"})
#: Columns whose cells may be empty.
EMPTY_ALLOWED = OPTIONAL_COLUMNS | {"end_date", "products"}
# The other columns repeat much, so that their cells are read from a cache.
_UNIQUE_COLUMNS = cells.KEYS | {"customer_name", "email"}
_CACHE = 2_048

# Odoo collects what stands in `_lt(...)` for translation; who shows a problem
# translates: `env._(MESSAGES[problem.code], **problem.values)`.
_lt = str

#: What is wrong and the way out, by the code of the problem.
MESSAGES = {
    "no_rows": _lt(
        "The file has a first line and no rows below it: export the history again."
    ),
    "cell_count": _lt(
        "This row has %(found)s cells and the first line has %(expected)s: put cells "
        "that contain the delimiter in quotation marks."
    ),
    "duplicate_subscription": _lt(
        "Subscription “%(value)s” stands with other content in line %(other_line)s: "
        "keep one of the two rows, or give one another subscription_ref."
    ),
    "customer_conflict": _lt(
        "The %(column)s of customer “%(customer)s” is “%(value)s” here and "
        "“%(other_value)s” in line %(other_line)s: write the same in both."
    ),
    "end_before_start": _lt(
        "The subscription ends on %(end)s before it starts on %(start)s: correct one "
        "of the dates."
    ),
    "too_many_decimals": _lt(
        "%(value)s has more decimals than the %(places)s of %(currency)s: round it."
    ),
    **cells.MESSAGES,
    **files.MESSAGES,
}


@dataclass(frozen=True, slots=True)
class Row:
    """One subscription; rows that differ in their line only are equal.

    :param line: physical line of the file where the row starts, from 1
    :param interval: length of the billing period in ``unit``
    :param unit: ``days``, ``weeks``, ``months`` or ``years``
    :param end_date: day it ended, None while it runs
    :param mrr: amount per month in ``currency``, without trailing zeros
    """

    line: int = field(compare=False)
    subscription_ref: str
    customer_ref: str
    customer_name: str
    email: str
    plan: str
    interval: int
    unit: str
    start_date: date
    end_date: date | None
    mrr: Decimal
    currency: str
    products: tuple[str, ...]
    payment_method: str


@dataclass(frozen=True)
class Problem:
    """Something that keeps the file from being imported.

    :param line: physical line of the file, 0 for the file as a whole
    :param code: key of ``MESSAGES``; stays the same between releases
    :param column: name of the column, empty for a whole row or file
    :param values: what the message names, ``column`` and ``value`` (the cell) included
    """

    line: int
    code: str
    column: str
    values: dict[str, object]

    @property
    def message(self) -> str:
        """One English sentence: what is wrong and the way out, without the line."""
        return MESSAGES[self.code] % self.values


@dataclass
class HistoryFile:
    """What a file contains; it is fit for import when ``problems`` is empty.

    :param rows: the rows without a problem, in the order of the file
    :param problems: the first ``MAX_PROBLEMS``, ordered by line
    :param problem_count: number of all problems
    :param ignored: rows left out because they start after ``as_of``
    :param end_ignored: ends after ``as_of``; these rows are running
    :param repeated: rows left out because they repeat an earlier one exactly
    :param delimiter: character between the cells, empty when not found out
    :param encoding: ``utf-8``, ``utf-8-sig`` (with BOM), ``utf-16`` or ``windows-1252``
    :param ignored_columns: names of the columns that are not read
    """

    rows: list[Row] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    problem_count: int = 0
    ignored: int = 0
    end_ignored: int = 0
    repeated: int = 0
    delimiter: str = ""
    encoding: str = ""
    ignored_columns: tuple[str, ...] = ()

    def refuse(self, line: int, refused: Refused, column: str = "", raw: str = ""):
        """Note a problem; beyond ``MAX_PROBLEMS`` count it only."""
        self.problem_count += 1
        if len(self.problems) < MAX_PROBLEMS:
            values = {"column": column, "value": cells.shown(raw), **refused.values}
            self.problems.append(Problem(line, refused.code, column, values))


def read(
    content: bytes, as_of: date, *, currencies: Mapping[str, int] | None = None
) -> HistoryFile:
    """Read a history as it was known on a day.

    :param content: the bytes of the file
    :param as_of: rows that start later are left out, later ends are not known yet
    :param currencies: number of decimals by code of each active currency; None takes
        every code of three letters, with 2 decimals
    :return: rows and problems; bad content never raises
    """
    result = HistoryFile()
    try:
        result.encoding = files.encoding_of(content)
        result.delimiter = files.delimiter_of(content, result.encoding, COLUMNS)
        rows = _rows(content, result, currencies)
    except Refused as refused:
        result.refuse(0, refused)
    else:
        result.rows = _known(rows, as_of, result)
    return result


def _rows(
    content: bytes, result: HistoryFile, currencies: Mapping[str, int] | None
) -> list[Row]:
    """Return the rows without a problem; note the problems of the others.

    :raise Refused: there is no header, no row, or a column is missing or there twice
    """

    def records() -> Iterator[Record]:
        return files.records(content, result.encoding, result.delimiter)

    line, header = next(records(), (0, Refused("empty_file")))
    if isinstance(header, Refused):
        result.refuse(line, header)
        return []
    columns, ignored = files.columns_of(header, COLUMNS, OPTIONAL_COLUMNS)
    result.ignored_columns = tuple(cells.shown(name) for name in ignored)
    reader = _Reader(result, columns, len(header), currencies)
    # Twice through the file, so that it never stands in memory as a whole.
    for line, record in islice(records(), 1, None):
        reader.learn(line, record)
    for line, record in islice(records(), 1, None):
        reader.add(line, record)
    if not reader.count:
        raise Refused("no_rows")
    return reader.rows()


def _known(rows: Iterable[Row], as_of: date, result: HistoryFile) -> list[Row]:
    """Return the rows as they were known on a day, and count what was cut."""
    known = []
    for row in rows:
        if row.start_date > as_of:
            result.ignored += 1
            continue
        if row.end_date and row.end_date > as_of:
            result.end_ignored += 1
            row = replace(row, end_date=None)
        known.append(row)
    return known


class _Reader:
    """Turn records into rows, after learning the conventions of the file."""

    def __init__(
        self,
        result: HistoryFile,
        columns: Mapping[str, int],
        width: int,
        currencies: Mapping[str, int] | None,
    ):
        self._result = result
        self._columns = columns
        self._width = width
        self._currencies = currencies
        # Start and end are written by the same hand: one convention for both.
        dates = cells.Convention(cells.date_readings, "date")
        amounts = cells.Convention(cells.amount_readings, "amount")
        self._conventions = {"start_date": dates, "end_date": dates, "mrr": amounts}
        self._parsers = {
            "email": cells.email,
            "period": cells.period,
            "start_date": dates.decide,
            "end_date": lambda text: dates.decide(text) if text else None,
            "mrr": amounts.decide,
            "currency": self._currency,
            "products": cells.products,
        }
        self._readers = {column: self._cell_reader(column) for column in columns}
        # Line and row, or line and values when the row is bad: it may be repeated too.
        self._by_ref: dict[str, tuple[int, Row | tuple]] = {}
        # Line and value of the first row of a customer that has one.
        self._customers: dict[str, dict[str, tuple[int, str]]] = {
            "customer_name": {},
            "email": {},
        }
        self.count = 0

    def rows(self) -> list[Row]:
        """Return the rows without a problem."""
        return [row for _line, row in self._by_ref.values() if isinstance(row, Row)]

    def learn(self, line: int, record: list[str] | Refused) -> None:
        """Learn from a record how the file writes dates and amounts."""
        if isinstance(record, Refused) or len(record) != self._width:
            return
        for column, convention in self._conventions.items():
            convention.learn(line, record[self._columns[column]])

    def add(self, line: int, record: list[str] | Refused) -> None:
        """Judge a record; keep it as a row, or note its problems."""
        self.count += 1
        if isinstance(record, Refused):
            return self._result.refuse(line, record)
        if len(record) != self._width:
            refused = Refused("cell_count", found=len(record), expected=self._width)
            return self._result.refuse(line, refused)
        values = dict.fromkeys(COLUMNS, "")
        bad = set()
        for column, index in self._columns.items():
            try:
                values[column] = self._readers[column](record[index])
            except Refused as refused:
                values[column] = record[index]
                bad.add(column)
                self._result.refuse(line, refused, column, record[index])
        for column, refused in self._contradictions(line, values, bad):
            bad.add(column)
            self._result.refuse(line, refused, column, str(values[column]))
        if "subscription_ref" not in bad:
            self._keep(line, values, bad)

    def _cell_reader(self, column: str) -> Callable[[str], object]:
        """Return the function that reads the cells of a column."""
        parse = self._parsers.get(column, str)

        def read_cell(raw: str):
            text = cells.clean(column, raw)
            if not text and column not in EMPTY_ALLOWED:
                raise Refused("empty_cell")
            return parse(text)

        if column in _UNIQUE_COLUMNS:
            return read_cell
        return lru_cache(_CACHE)(read_cell)

    def _currency(self, text: str) -> str:
        code = text.upper()
        if self._currencies is None:
            known = len(code) == 3 and code.isascii() and code.isalpha()
        else:
            known = code in self._currencies
        if not known:
            raise Refused("unknown_currency")
        return code

    def _contradictions(
        self, line: int, values: dict, bad: set[str]
    ) -> Iterator[tuple[str, Refused]]:
        """Yield what is wrong between the good cells of a row, and with other rows."""
        start, end = values["start_date"], values["end_date"]
        if end and bad.isdisjoint({"start_date", "end_date"}) and end < start:
            yield "end_date", Refused("end_before_start", start=start, end=end)
        if bad.isdisjoint({"mrr", "currency"}):
            code = values["currency"]
            places = 2 if self._currencies is None else self._currencies[code]
            if -values["mrr"].as_tuple().exponent > places:
                yield "mrr", Refused("too_many_decimals", places=places, currency=code)
        if "customer_ref" not in bad:
            for column in self._customers:
                if column not in bad and values[column]:
                    yield from self._conflict(line, values, column)

    def _conflict(
        self, line: int, values: dict, column: str
    ) -> Iterator[tuple[str, Refused]]:
        """Yield that an earlier row of the customer says something else."""
        customer, value = values["customer_ref"], values[column]
        seen = self._customers[column]
        first_line, first = seen.setdefault(customer, (line, value))
        if first == value:
            return
        # The case of an address tells nobody apart.
        if column == "email" and first.lower() == value.lower():
            return
        yield (
            column,
            Refused(
                "customer_conflict",
                customer=cells.shown(customer),
                other_value=cells.shown(first),
                other_line=first_line,
            ),
        )

    def _keep(self, line: int, values: dict, bad: set[str]) -> None:
        """Keep a row, unless one with its key is there."""
        ref = values["subscription_ref"]
        if bad:
            row = tuple(values.values())
        else:
            interval, unit = values.pop("period")
            row = Row(line, interval=interval, unit=unit, **values)
        first_line, first = self._by_ref.setdefault(ref, (line, row))
        if first is row:
            return
        if first == row:
            self._result.repeated += 1
        else:
            refused = Refused("duplicate_subscription", other_line=first_line)
            self._result.refuse(line, refused, "subscription_ref", ref)
