# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Rates of exchange as Odoo keeps them."""

from decimal import Decimal

#: Stored rates are rounded to this; amounts at a rate stay exact decimals.
PRECISION = Decimal("1e-12")


def company_rates(env, company, pairs):
    """Return units of the company's currency for one unit of a currency, by date.

    :param pairs: iterable of (currency id, date)
    :return: ``{(currency id, date): Decimal}``, by Odoo's own rule: the last rate on or
        before the date, else the first one, else 1
    """
    Currency = env["res.currency"]
    base = company.currency_id
    result = {}
    foreign = {}
    for currency_id, day in pairs:
        if currency_id == base.id:
            result[currency_id, day] = Decimal(1)
        else:
            foreign.setdefault(day, set()).add(currency_id)
    for day, currency_ids in foreign.items():
        rates = (Currency.browse(currency_ids) | base)._get_rates(company, day)
        for currency_id in currency_ids:
            rate = Decimal(repr(rates[base.id])) / Decimal(repr(rates[currency_id]))
            result[currency_id, day] = rate.quantize(PRECISION)
    return result


def has_rate(env, company, currency):
    """Return whether a currency has a rate; Odoo takes 1 where there is none."""
    if currency == company.currency_id:
        return True
    domain = [
        ("currency_id", "=", currency.id),
        ("company_id", "in", (False, company.root_id.id)),
    ]
    return bool(env["res.currency.rate"].search_count(domain, limit=1))
