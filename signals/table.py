# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""All signals of the subscriptions of a company as of a date, side by side.

The same code makes the rows that a model is trained on and those that it scores.
"""

from .engagement import SIGNALS as ENGAGEMENT
from .engagement import engagement
from .payments import SIGNALS as PAYMENTS
from .payments import payments
from .price import PREFIX, price, product_signals
from .price import SIGNALS as PRICE
from .relationship import SIGNALS as RELATIONSHIP
from .relationship import relationship
from .running import chosen, running_subscriptions
from .support import SIGNALS as SUPPORT
from .support import support
from .usage import SIGNALS as USAGE
from .usage import usage

#: Where signals come from: what to call, and what it returns.
SOURCES = {
    "payments": (payments, PAYMENTS),
    "price": (price, PRICE),
    "support": (support, SUPPORT),
    "usage": (usage, USAGE),
    "engagement": (engagement, ENGAGEMENT),
    "relationship": (relationship, RELATIONSHIP),
}
#: All by name, but for the products of a company, see :func:`signals_of`.
SIGNALS = {
    signal.name: signal for _source, signals in SOURCES.values() for signal in signals
}


def table(
    env,
    company,
    as_of,
    ids=None,
    scores=None,
    invoices=None,
    products=None,
    use=None,
):
    """Return all signals of the subscriptions that run as of a date.

    :param ids: only these; what they are compared with is all of the company
    :param scores: of all of the company, see ``models/scoring.subscription_scores``;
        what only they know is missing without
    :param invoices: see :func:`.renewals.recurring_invoices` with the same ids, if they
        are at hand
    :param products: ids of those with a column (None: the most frequent ones). A model
        has to be given those that it was trained with
    :param use: see :func:`.usage.read_use` with the same ids and of the same scores, if
        it is at hand
    :return: DataFrame indexed by subscription id: :data:`SIGNALS` and one column for
        each product
    """
    if use:
        running = use.running
    else:
        running = running_subscriptions(env, company, as_of, scores)
    given = {
        "payments": {"running": running, "invoices": invoices},
        "price": {"running": running, "products": products},
        "usage": {"running": running, "use": use},
    }
    result = chosen(running, ids)[[]]
    for name, (source, _signals) in SOURCES.items():
        kwargs = given.get(name, {"running": running})
        result = result.join(source(env, company, as_of, ids, **kwargs))
    return result


def signals_of(env, names):
    """Return what columns mean, in their order, those of products too."""
    products = [int(name.removeprefix(PREFIX)) for name in names if name not in SIGNALS]
    known = SIGNALS | {signal.name: signal for signal in product_signals(env, products)}
    return [known[name] for name in names]
