# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
# pylint: disable=prefer-env-translation
"""Read one cell of a subscription history: text, periods, dates, amounts.

Every reader returns the value of a cell or raises :class:`Refused` with the code of
what is wrong. ``03/04/2024`` and ``1.234`` mean one thing or another depending on who
wrote them; :class:`Convention` decides that once per file, from the values that leave
no doubt, and never guesses.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import lru_cache

MAX_KEY = 128
MAX_TEXT = 4_096
MAX_EMAIL = 254
MAX_AMOUNT = Decimal(10) ** 12
MIN_YEAR, MAX_YEAR = 1970, 2200
#: Longest billing period by unit.
MAX_INTERVAL = {"days": 3_660, "weeks": 520, "months": 120, "years": 10}
#: Columns that are keys in the other system.
KEYS = frozenset({"subscription_ref", "customer_ref"})

_SHOWN = 60
# A file has far fewer different dates and amounts than rows.
_CACHE = 4_096

# Besides ASCII and C1 controls: line separators, and characters nobody sees that make
# equal names unequal (zero width) or show them in another order (bidi overrides).
_CONTROL = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200b\ufeff\u202a-\u202e\u2066-\u2069]"
)
# Spreadsheets compute cells that begin so (OWASP, CSV injection), full width as well.
_FORMULA = re.compile(r"[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]")
# A telephone number is a usual key of a telephone company, and no formula.
_PHONE = re.compile(r"\+\d+(?: \d+)*", re.ASCII)
_EMAIL = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\"]+\.[^@\s.,;<>\"]{2,}")
_PERIOD = re.compile(r"(\d{1,4}) ?(day|week|month|year)s?", re.ASCII)
_PERIOD_WORDS = {
    "daily": (1, "days"),
    "weekly": (1, "weeks"),
    "monthly": (1, "months"),
    "quarterly": (3, "months"),
    "yearly": (1, "years"),
    "annual": (1, "years"),
    "annually": (1, "years"),
}
_TIME = (
    r"(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?"
    r"(?: ?(?:[AaPp][Mm]|Z|UTC|[+-]\d{2}:?\d{2}))?)?"
)
_YEAR_FIRST = re.compile(rf"(\d{{4}})([-/.]?)(\d\d?)\2(\d\d?){_TIME}", re.ASCII)
_YEAR_LAST = re.compile(rf"(\d\d?)([-/.])(\d\d?)\2(\d{{4}}|\d\d){_TIME}", re.ASCII)
# Thousands are grouped by the other sign, and no group of thousands begins with 0.
_AMOUNTS = tuple(
    re.compile(
        rf"([+-]?)(\d+|[1-9]\d{{0,2}}(?:\{grouping}\d{{3}})+)(?:\{mark}(\d+))?",
        re.ASCII,
    )
    for mark, grouping in (".,", ",.")
)

# Collected by Odoo for translation, see history_file.
_lt = str

#: What is wrong with a cell and the way out, by the code of the problem.
MESSAGES = {
    "empty_cell": _lt("The %(column)s is empty: fill it in or remove the row."),
    "cell_too_long": _lt(
        "The %(column)s “%(value)s” has %(length)s characters, more than %(limit)s: "
        "shorten it."
    ),
    "control_character": _lt(
        "The %(column)s “%(value)s” contains a line break or an invisible control "
        "character: remove it."
    ),
    "formula": _lt(
        "The %(column)s “%(value)s” begins like a spreadsheet formula: remove the "
        "sign it begins with."
    ),
    "bad_email": _lt(
        "The %(column)s “%(value)s” is not one e-mail address: correct it or leave the "
        "cell empty."
    ),
    "bad_period": _lt(
        "The %(column)s “%(value)s” is not a billing period: write for example "
        "1 month, 12 months, 1 year, 1 week or 14 days (at most 10 years)."
    ),
    "unknown_currency": _lt(
        "The %(column)s “%(value)s” is not an active currency: activate it, or write "
        "the three-letter code of one that is."
    ),
    "bad_date": _lt(
        "The %(column)s “%(value)s” is not a date: write it as YYYY-MM-DD."
    ),
    "two_digit_year": _lt(
        "The %(column)s “%(value)s” has a year of two digits: write it as YYYY-MM-DD."
    ),
    "implausible_year": _lt(
        "The %(column)s “%(value)s” is not between the years %(first)s and %(last)s: "
        "correct it."
    ),
    "ambiguous_date": _lt(
        "The %(column)s “%(value)s” may be day first or month first, and the file does "
        "not tell which: write all dates as YYYY-MM-DD."
    ),
    "mixed_dates": _lt(
        "The %(column)s “%(value)s” has day and month in another order than the dates "
        "of the file (see line %(other_line)s): write all dates as YYYY-MM-DD."
    ),
    "bad_amount": _lt(
        "The %(column)s “%(value)s” is not an amount: write digits only, like 1234.50."
    ),
    "negative_amount": _lt(
        "The %(column)s “%(value)s” is negative: write the amount without discounts or "
        "credits, or 0."
    ),
    "amount_too_large": _lt(
        "The %(column)s “%(value)s” is larger than %(limit)s: correct the amount."
    ),
    "ambiguous_amount": _lt(
        "The %(column)s “%(value)s” may have decimals or thousands, and the file does "
        "not tell which: write it like 1234.00 or 1.2340."
    ),
    "mixed_amounts": _lt(
        "The %(column)s “%(value)s” uses another decimal sign than the amounts of the "
        "file (see line %(other_line)s): write all amounts like 1234.50."
    ),
}


class Refused(Exception):
    """Content that cannot be read.

    :param code: key of ``MESSAGES``
    :param values: what the message names
    """

    def __init__(self, code: str, **values: object):
        super().__init__(code)
        self.code = code
        self.values = values


def shown(raw: str) -> str:
    """Return a cell as a message shows it: short, and control characters visible."""
    text = raw if len(raw) <= _SHOWN else raw[: _SHOWN - 1] + "…"
    return _CONTROL.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


def clean(column: str, raw: str) -> str:
    """Return the text of a cell: stripped and in Unicode's normal form NFC.

    :raise Refused: ``cell_too_long``, ``control_character`` or ``formula``
    """
    text = raw.strip()
    if not text.isascii():
        text = unicodedata.normalize("NFC", text).strip()
    limit = MAX_KEY if column in KEYS else MAX_TEXT
    if len(text) > limit:
        raise Refused("cell_too_long", length=len(text), limit=limit)
    if not text.isprintable() and _CONTROL.search(text):
        raise Refused("control_character")
    # An amount with a sign is judged as an amount.
    if column != "mrr" and text and (_FORMULA.match(text) or raw[0] in "\t\r"):
        is_phone = column in KEYS and _PHONE.fullmatch(text)
        if not is_phone:
            raise Refused("formula")
    return text


def email(text: str) -> str:
    """Return an e-mail address, or nothing, as it is.

    :raise Refused: ``bad_email``
    """
    if text and (len(text) > MAX_EMAIL or not _EMAIL.fullmatch(text)):
        raise Refused("bad_email")
    return text


def period(text: str) -> tuple[int, str]:
    """Return a billing period as number and unit, ``quarterly`` as 3 months.

    :raise Refused: ``bad_period``
    """
    text = " ".join(text.lower().split())
    if text in _PERIOD_WORDS:
        return _PERIOD_WORDS[text]
    found = _PERIOD.fullmatch(text)
    if found:
        interval, unit = int(found.group(1)), found.group(2) + "s"
        if 1 <= interval <= MAX_INTERVAL[unit]:
            return interval, unit
    raise Refused("bad_period")


def products(text: str) -> tuple[str, ...]:
    """Return the names that ``;`` separates, in their order, empty ones left out.

    :raise Refused: ``formula`` when one of them begins like one
    """
    names = tuple(name for part in text.split(";") if (name := part.strip()))
    if any(_FORMULA.match(name) for name in names):
        raise Refused("formula")
    return names


def _day(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def date_readings(text: str) -> tuple[date | None, date | None]:
    """Return what a date means with the day first and with the month first.

    :raise Refused: ``bad_date``, ``two_digit_year`` or ``implausible_year``
    """
    if found := _YEAR_FIRST.fullmatch(text):
        year, sign, month, day = found.groups()
        if not sign and len(month + day) < 4:
            raise Refused("bad_date")
        readings = (_day(year, month, day),) * 2
    elif found := _YEAR_LAST.fullmatch(text):
        first, sign, second, year = found.groups()
        if len(year) == 2:
            raise Refused("two_digit_year")
        day_first = _day(year, second, first)
        # Dots are day first wherever dots are used.
        readings = day_first, day_first if sign == "." else _day(year, first, second)
    else:
        raise Refused("bad_date")
    if readings == (None, None):
        raise Refused("bad_date")
    if not MIN_YEAR <= int(year) <= MAX_YEAR:
        raise Refused("implausible_year", first=MIN_YEAR, last=MAX_YEAR)
    return readings


def amount_readings(text: str) -> tuple[Decimal | None, Decimal | None]:
    """Return what an amount means with decimal point and with decimal comma.

    Trailing zeros are dropped, so that the exponent counts the decimals in use.

    :raise Refused: ``bad_amount``, ``negative_amount`` or ``amount_too_large``
    """
    point, comma = (_amount(pattern.fullmatch(text)) for pattern in _AMOUNTS)
    known = [value for value in (point, comma) if value is not None]
    if not known:
        raise Refused("bad_amount")
    if min(known) < 0:
        raise Refused("negative_amount")
    if min(known) > MAX_AMOUNT:
        raise Refused("amount_too_large", limit=f"{MAX_AMOUNT:f}")
    return point, comma


def _amount(found: re.Match | None) -> Decimal | None:
    if not found:
        return None
    sign, whole, decimals = found.groups()
    whole = whole.replace(",", "").replace(".", "")
    decimals = (decimals or "").rstrip("0")
    value = Decimal(f"{whole}.{decimals}" if decimals else whole)
    return value.copy_negate() if sign == "-" and value else value


class Convention:
    """Which of two readings holds in a file.

    Show it all cells with :meth:`learn`, then let it :meth:`decide` on each. A value
    that can be read only one way is evidence; where the evidence is divided, the
    majority is the file's convention and the minority is refused.

    :param readings: returns both readings of a text, None for one that is impossible
    :param name: ``date`` or ``amount``, names the codes ``ambiguous_...`` and
        ``mixed_...s``
    """

    def __init__(self, readings: Callable[[str], tuple], name: str):
        self._readings = lru_cache(_CACHE)(readings)
        self._name = name
        self._count = [0, 0]
        self._line = [0, 0]

    def learn(self, line: int, raw: str) -> None:
        """Take a cell as evidence, if it is."""
        try:
            readings = self._readings(raw.strip())
        except Refused:
            return
        if None in readings:
            side = readings.index(None) ^ 1
            self._count[side] += 1
            self._line[side] = self._line[side] or line

    def decide(self, text: str):
        """Return the value of a cell.

        :raise Refused: what ``readings`` raises, ``ambiguous_...`` or ``mixed_...s``
        """
        readings = self._readings(text)
        if readings[0] == readings[1]:
            return readings[0]
        side = self._count.index(max(self._count))
        if None in readings:
            if readings[side] is None:
                raise Refused(f"mixed_{self._name}s", other_line=self._line[side])
        elif not any(self._count) or all(self._count):
            # Divided evidence says nothing about a value that may be either.
            raise Refused(f"ambiguous_{self._name}")
        return readings[side]
