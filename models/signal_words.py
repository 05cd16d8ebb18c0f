# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Says signals and their values as a person would, in the user's language."""

# Sentences are made lazily here, and translated for the reader where they are told.
# pylint: disable=prefer-env-translation

from typing import NamedTuple

from odoo.exceptions import MissingError
from odoo.tools.misc import formatLang
from odoo.tools.translate import LazyGettext, LazyTranslate

from ..signals.price import PREFIX as PRODUCT
from ..signals.table import SIGNALS

_lt = LazyTranslate(__name__)


class Words(NamedTuple):
    """Sentences of one signal, each of which may have a place for its value.

    :param some: for a value
    :param none: for 0, if it says something else
    :param fewer: for a value below 0, which is told without its sign
    """

    some: LazyGettext
    none: LazyGettext | None = None
    fewer: LazyGettext | None = None


#: The signals that have words of their own; all others are told as label and value.
WORDS = {
    "overdue_amount": Words(
        _lt("%(value)s are overdue"), _lt("Nothing to pay is overdue")
    ),
    "overdue_days": Words(_lt("Overdue for %(value)s"), _lt("No payment is overdue")),
    "late_share": Words(
        _lt("%(value)s of the last invoices were paid late"),
        _lt("The last invoices were paid in time"),
    ),
    "mean_days_late": Words(
        _lt("Invoices are paid %(value)s late on average"),
        _lt("The last invoices were not late"),
    ),
    "failed_payments_180d": Words(
        _lt("Payments that failed in the last 180 days: %(value)s"),
        _lt("No payment failed in the last 180 days"),
    ),
    "days_to_renewal": Words(_lt("Renews in %(value)s"), _lt("Renews today")),
    "contraction_90d": Words(
        _lt("MRR went down by %(value)s in 90 days"),
        _lt("MRR did not go down in 90 days"),
    ),
    "expansion_90d": Words(
        _lt("MRR went up by %(value)s in 90 days"),
        _lt("MRR did not go up in 90 days"),
    ),
    "mrr_to_plan_median": Words(_lt("MRR is %(value)s of what is usual for its plan")),
    "tickets_open": Words(_lt("Tickets open now: %(value)s"), _lt("No ticket is open")),
    "oldest_open_days": Words(
        _lt("A ticket has been open for %(value)s"), _lt("No ticket is waiting")
    ),
    "satisfaction_last": Words(_lt("Last rating of our support: %(value)s of 5")),
    "logins_change": Words(
        _lt("Logins: up %(value)s against the 30 days before"),
        _lt("Logins: as many as in the 30 days before"),
        _lt("Logins: down %(value)s against the 30 days before"),
    ),
    "features_change": Words(
        _lt("Uses %(value)s more features than in the 30 days before"),
        _lt("Uses as many features as in the 30 days before"),
        _lt("Uses %(value)s fewer features than in the 30 days before"),
    ),
    "days_since_use": Words(_lt("Last used %(value)s ago"), _lt("Used today")),
    "key_features_dropped": Words(
        _lt("Key features not used any more: %(value)s"),
        _lt("No key feature was given up"),
    ),
    "opted_out": Words(
        _lt("Opted out of mailings"), _lt("Did not opt out of mailings")
    ),
    "tenure_months": Words(
        _lt("With us for %(value)s"), _lt("With us for less than a month")
    ),
    "nps": Words(_lt("NPS answer: %(value)s of 10")),
}


def label(env, name):
    """Return what a person calls a signal."""
    if name.startswith(PRODUCT) and name not in SIGNALS:
        product = _product(env, name)
        return env._("Holds %s", product.display_name if product else name)
    signal = SIGNALS.get(name)
    return _first_capital(_text(env, signal.label)) if signal else name


def meaning(env, name):
    """Return what a signal says, and when it is not known."""
    signal = SIGNALS.get(name)
    if not signal:
        return ""
    missing = _text(env, signal.missing)
    return env._(
        "%(help)s Not known: %(missing)s",
        help=_text(env, signal.help),
        missing=missing[:1].lower() + missing[1:],
    )


def unit(env, name):
    """Return the unit of a signal, empty of a mere count."""
    signal = SIGNALS.get(name)
    return _text(env, signal.unit) if signal else ""


def value(env, company, name, amount):
    """Return the value of a signal with its unit.

    :param company: amounts are in its currency
    :param amount: number or text; None: not known
    """
    if amount is None:
        return env._("not known")
    if isinstance(amount, str):
        return level(env, name, amount)
    signal = SIGNALS.get(name)
    measure = signal and source(signal.unit)
    if measure == "company currency":
        return formatLang(env, amount, currency_obj=company.currency_id)
    if measure in ("share", "ratio"):
        return env._("%s %%", _number(env, 100 * amount, 0))
    if measure == "percent":
        return env._("%s %%", _number(env, amount, 0))
    number = _number(env, amount, 1)
    if measure == "days":
        return env._("1 day") if amount == 1 else env._("%s days", number)
    if measure == "months":
        return env._("1 month") if amount == 1 else env._("%s months", number)
    if measure == "hours":
        return env._("1 hour") if amount == 1 else env._("%s hours", number)
    return number


def sentence(env, company, name, amount):
    """Return a signal and its value as a sentence without a full stop."""
    is_product = name.startswith(PRODUCT) and name not in SIGNALS
    if is_product and amount is not None:
        product = _product(env, name)
        title = product.display_name if product else name
        return env._("Holds %s", title) if amount else env._("Does not hold %s", title)
    words = WORDS.get(name)
    if amount is None:
        return env._("%s: not known", label(env, name))
    if words is None or isinstance(amount, str):
        return env._(
            "%(signal)s: %(value)s",
            signal=label(env, name),
            value=value(env, company, name, amount),
        )
    text = words.some
    if not amount and words.none is not None:
        text = words.none
    elif amount < 0 and words.fewer is not None:
        text, amount = words.fewer, -amount
    sentence_ = env._(text)  # pylint: disable=gettext-variable
    return sentence_ % {"value": value(env, company, name, amount)}


def source(text):
    """Return a text of a signal as it was written, whoever reads it."""
    return str(getattr(text, "_source", text))


def remember(env, reasons):
    """Read at once what reasons name, so that telling each takes no query.

    :param reasons: (signal, contribution, value) each
    """
    products, plans = set(), set()
    for name, _contribution, amount in reasons:
        number = name.removeprefix(PRODUCT)
        if name.startswith(PRODUCT) and number.isdecimal():
            products.add(int(number))
        elif name == "plan" and str(amount).isdecimal():
            plans.add(int(amount))
    for model, ids in (
        ("product.product", products),
        ("sale.subscription.template", plans),
    ):
        if ids:
            env[model].sudo().browse(ids).exists().mapped("display_name")


def _product(env, name):
    """Return the product of a column, none if it was deleted."""
    number = name.removeprefix(PRODUCT)
    if not number.isdecimal():
        return None
    return _existing(env["product.product"].sudo().browse(int(number)))


def _existing(record):
    """Return a record, none if it was deleted; one that was read is not looked up."""
    try:
        return record if record.display_name else None
    except MissingError:
        return None


def level(env, name, text):
    """Return a level of a category: a plan is known by its id."""
    if name == "plan" and text.isdecimal():
        plan = _existing(env["sale.subscription.template"].sudo().browse(int(text)))
        return plan.display_name if plan else text
    return text


def _number(env, amount, digits):
    """Return a number with no more digits than it needs."""
    amount = round(amount, digits)
    return formatLang(env, amount, digits=0 if amount == int(amount) else digits)


def _text(env, text):
    """Return a text of a signal, which may be one to be translated."""
    if isinstance(text, LazyGettext):
        return env._(text)  # pylint: disable=gettext-variable
    return str(text)


def _first_capital(text):
    return text[:1].upper() + text[1:]
