# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Rates of exchange as Odoo keeps them."""

from bisect import bisect_right
from collections import defaultdict
from decimal import Decimal

from odoo.tools import SQL

#: Stored rates are rounded to this; amounts at a rate stay exact decimals.
PRECISION = Decimal("1e-12")


def company_rates(env, company, pairs):
    """Return units of the company's currency for one unit of a currency, by date.

    :param pairs: iterable of (currency id, date)
    :return: ``{(currency id, date): Decimal}``, by Odoo's own rule (``_get_rates``):
        the last rate on or before the date, else the first one, else 1, and the
        company's own before shared ones; one query for all
    """
    base = company.currency_id
    pairs = set(pairs)
    foreign = {currency_id for currency_id, _day in pairs} - {base.id}
    if not foreign:
        return {pair: Decimal(1) for pair in pairs}
    stored = _stored_rates(env, company, {*foreign, base.id})
    return {
        (currency_id, day): Decimal(1)
        if currency_id == base.id
        else (_on(stored, base.id, day) / _on(stored, currency_id, day)).quantize(
            PRECISION
        )
        for currency_id, day in pairs
    }


def in_company_currency(env, company, as_of, currency_ids, *amounts):
    """Return amounts in company currency, rounded as Odoo does where it converts.

    :param currency_ids: Series, missing: the company's
    :param amounts: Series with the same index
    :return: list of them
    """
    pairs = {(int(id_), as_of) for id_ in currency_ids.dropna().unique()}
    rates = {
        currency_id: float(rate)
        for (currency_id, _day), rate in company_rates(env, company, pairs).items()
    }
    rates = currency_ids.map(rates).fillna(1.0)
    foreign = rates != 1
    results = [series.copy() for series in amounts]
    for series in results:
        converted = series[foreign] * rates[foreign]
        series[foreign] = converted.map(company.currency_id.round)
    return results


def _stored_rates(env, company, currency_ids):
    """Return ``{currency id: [(days, rates)]}``, those of the company before shared."""
    env["res.currency.rate"].flush_model()
    rows = env.execute_query(
        SQL(
            """
            SELECT currency_id,
                   ARRAY_AGG(name ORDER BY name),
                   ARRAY_AGG(rate::float8 ORDER BY name)
              FROM res_currency_rate
             WHERE currency_id = ANY(%s)
               AND rate IS NOT NULL
               AND (company_id = %s OR company_id IS NULL)
          GROUP BY currency_id, company_id
          ORDER BY currency_id, company_id NULLS LAST
            """,
            list(currency_ids),
            company.root_id.id,
        )
    )
    stored = defaultdict(list)
    for currency_id, days, rates in rows:
        stored[currency_id].append((days, rates))
    return stored


def _on(stored, currency_id, day):
    """Return units of a currency for one of all rates' common unit, as Odoo has it."""
    for days, rates in stored[currency_id]:
        number = bisect_right(days, day)
        if number:
            return Decimal(repr(rates[number - 1]))
    for _days, rates in stored[currency_id]:
        return Decimal(repr(rates[0]))
    return Decimal(1)


def has_rate(env, company, currency):
    """Return whether a currency has a rate; Odoo takes 1 where there is none."""
    if currency == company.currency_id:
        return True
    domain = [
        ("currency_id", "=", currency.id),
        ("company_id", "in", (False, company.root_id.id)),
    ]
    return bool(env["res.currency.rate"].search_count(domain, limit=1))
