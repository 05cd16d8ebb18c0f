# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A billing period: months in it, amounts per period and per month, its boundaries."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from itertools import count

from dateutil.relativedelta import relativedelta

#: Months in one unit of a period: a month has 30.4375 days, a year 12 months.
MONTHS = {
    "days": Fraction(16, 487),
    "weeks": Fraction(7 * 16, 487),
    "months": Fraction(1),
    "years": Fraction(12),
}


def monthly(
    amount: Decimal, unit: str, interval: int, rounding: Decimal = Decimal("0.01")
) -> Decimal:
    """Return the MRR of ``amount`` per period in whole ``rounding``, halves up."""
    mrr = Fraction(amount) / (MONTHS[unit] * interval)
    return _round(mrr / Fraction(rounding), 0) * rounding


def per_period(mrr: Decimal, unit: str, interval: int, digits: int = 2) -> Decimal:
    """Return the amount per period that comes nearest to ``mrr``.

    Of a period shorter than a month it may miss the MRR by some hundredths, as an
    amount has no smaller parts.
    """
    return _round(Fraction(mrr) * MONTHS[unit] * interval, digits)


def split(amount: Decimal, parts: int, digits: int = 2) -> list[Decimal]:
    """Return ``amount`` in ``parts`` that differ by one smallest unit at most."""
    smallest = Decimal(1).scaleb(-digits)
    whole, rest = divmod(int(amount / smallest), parts)
    return [(whole + (i < rest)) * smallest for i in range(parts)]


def next_boundary(start: date, unit: str, interval: int, after: date) -> date:
    """Return the first day after ``after`` on which a period of ``start`` begins.

    Counted from the start, so that a period of the 31st comes back to the 31st.
    """
    days = max((after - start).days, 0)
    # Not more periods than fit even when every month has 31 days.
    fit = int(days / (31 * float(MONTHS[unit]) * interval))
    for periods in count(fit):
        boundary = start + relativedelta(**{unit: interval * periods})
        if boundary > after:
            return boundary


def _round(value, digits):
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    return exact.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
