# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Domains that people write, read as of a day.

A domain is a list of literals, as the domain editor writes it; nothing in it is
evaluated. Relative dates ("today -30d") count from the day that is asked for. Relations
lead to records of the company and to those of no company, never to another company's.
"""

from ast import literal_eval
from datetime import date

from odoo.fields import Domain
from odoo.tools.date_utils import parse_date

COMPARISONS = {"=", "!=", "in", "not in", "<", "<=", ">", ">="}
#: What is not true of any record, by what is true of one.
NEGATIVES = {
    "!=": "=",
    "<>": "=",
    "not in": "in",
    "not like": "like",
    "not ilike": "ilike",
    "not =like": "=like",
    "not =ilike": "=ilike",
}


def read_domain(env, text, model, days):
    """Return the domain of a text, its dates fixed as of a day.

    :param model: of the records it speaks of; company and time zone are in its context
    :param days: from today to that day
    :raise Exception: the text is no domain: names what is wrong
    """
    try:
        value = literal_eval(text.strip())
    except (SyntaxError, ValueError) as error:
        raise ValueError(
            env._(
                "%s is no list of conditions. Write values as they are, and dates that "
                "depend on the day as 'today -30d'.",
                text,
            )
        ) from error
    if not isinstance(value, list):
        raise TypeError(env._("%s is no list of conditions.", text))
    return _fixed(Domain(value), model, days)


def _fixed(domain, model, days):
    """Return a domain as of so many days from today, and of one company only.

    Relative dates become dates. Paths become conditions on the records they lead over,
    as Odoo reads them, so that those of other companies can be left out.
    """

    def moment(value):
        if not isinstance(value, str) or value[:1].isdigit():
            return value
        terms = value.split()
        # Offsets follow one on another: the way to the day is just the first.
        base = terms.pop(0) if terms and terms[0] in ("today", "now") else "now"
        return parse_date(" ".join([base, f"{days:+}d", *terms]), model.env)

    def condition(leaf):
        name, _dot, rest = leaf.field_expr.partition(".")
        operator, value = leaf.operator, leaf.value
        field = model._fields.get(name)
        if field is None:
            return leaf
        if rest and field.relational:
            operator, value = "any", [(rest, operator, value)]
        if operator in ("any", "not any"):
            if isinstance(value, Domain | list | tuple):
                comodel = model.env[field.comodel_name] if field.relational else model
                value = _fixed(Domain(value), comodel, days) & _own(comodel)
            return Domain(name, operator, value)
        if field.relational:
            return _among(leaf, field, model.env[field.comodel_name])
        if not rest and field.type in ("date", "datetime") and operator in COMPARISONS:
            if isinstance(value, str):
                value = moment(value)
            elif not isinstance(value, bool | date) and value is not None:
                value = [moment(one) for one in value]
        return Domain(leaf.field_expr, operator, value)

    return domain.map_conditions(condition)


def _own(model):
    """Return the domain of the records of the company, and of no company.

    By Odoo's own rule of what may be linked: of users, those who may work in it.
    """
    field = model._fields.get("company_id")
    if field is None or not field.store or field.comodel_name != "res.company":
        return Domain.TRUE
    return Domain(model._check_company_domain(model.env.company))


def _among(leaf, field, comodel):
    """Return a condition on several records that looks at those of the company only.

    A single one is left to who linked it, what is computed to its own search.
    """
    own = _own(comodel)
    computed = not field.store and not field.related
    if field.type == "many2one" or computed or own.is_true():
        return leaf
    operator = NEGATIVES.get(leaf.operator, leaf.operator)
    value = leaf.value
    if operator in ("=", "in"):
        values = value if isinstance(value, list | tuple | set) else [value]
        names = [one for one in values if isinstance(one, str) and one]
        ids = [one for one in values if one and not isinstance(one, str)]
        found = Domain("id", "in", ids) | Domain("display_name", "in", names)
        domain = Domain(field.name, "any", found & own)
        if not all(values):
            domain |= Domain(field.name, "not any", own)
    elif operator in ("child_of", "parent_of"):
        domain = Domain(field.name, "any", Domain("id", operator, value) & own)
    elif operator.endswith("like"):
        found = Domain("display_name", operator, value)
        domain = Domain(field.name, "any", found & own)
    else:
        return leaf
    return domain if operator == leaf.operator else ~domain
