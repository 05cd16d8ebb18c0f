# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""How long and how closely a subscription and its customer are with us, as of a date.

A notice given is no signal: what is announced is not predicted.
"""

import pandas as pd

from odoo.tools import SQL
from odoo.tools.translate import LazyTranslate

from .frame import only, read
from .nps import nps
from .positions import known, runs
from .running import chosen, customers_of, of_customers, running_subscriptions
from .signal import Signal

# pylint: disable=prefer-env-translation
_lt = LazyTranslate(__name__)  # there is no environment yet

NO_SCORES = "When it was read without scores."
NO_ANSWER = "When no contact of the customer answered yet."
SIGNALS = (
    Signal(
        "tenure_months",
        "number",
        "months",
        _lt("Tenure"),
        _lt("Whole months since the start of the chain of its predecessors."),
        NO_SCORES,
    ),
    Signal(
        "renewals",
        "number",
        "",
        _lt("Renewals"),
        _lt("Consecutive renewals without a gap, up to now."),
        NO_SCORES,
    ),
    Signal(
        "gaps",
        "number",
        "",
        _lt("Interruptions"),
        _lt("How often it ended and came back after more than the days of grace."),
        "Never.",
    ),
    Signal(
        "reactivations",
        "number",
        "",
        _lt("Reactivations"),
        _lt(
            "How often the customer had no running subscription for more than the days "
            "of grace, and came back."
        ),
        "Never.",
    ),
    Signal(
        "other_subscriptions",
        "number",
        "",
        _lt("Other subscriptions"),
        _lt("Running subscriptions of the customer besides this one."),
        "Never.",
    ),
    Signal(
        "customer_mrr_share",
        "number",
        "share",
        _lt("Share of the customer's MRR"),
        _lt("MRR divided by that of all running subscriptions of the customer."),
        "When the customer pays nothing.",
    ),
    Signal(
        "nps",
        "number",
        "0 to 10",
        _lt("NPS"),
        _lt("How likely the customer is to recommend us, by the latest answer."),
        NO_ANSWER,
    ),
    Signal(
        "nps_days",
        "number",
        "days",
        _lt("Days since the NPS answer"),
        _lt("Days since the latest answer of the customer."),
        NO_ANSWER,
    ),
)


def relationship(env, company, as_of, ids=None, running=None):
    """Return :data:`SIGNALS` of running subscriptions.

    :param running: see :func:`.running.running_subscriptions`, if it is at hand
    """
    if running is None:
        running = running_subscriptions(env, company, as_of)
    env["subscription.movement"].flush_model()
    own, customers = chosen(running, ids), customers_of(running, ids)
    groups = running.groupby("customer_id")["mrr_company"]
    together = of_customers(own, groups.agg(["size", "sum"]))
    gaps = _gaps(env, company, as_of, "subscription_res_id", ids)
    back = _gaps(env, company, as_of, "customer_id", customers)
    return pd.DataFrame(
        {
            "tenure_months": own["tenure_months"].astype(float),
            "renewals": own["rfm_frequency"].astype(float),
            "gaps": gaps.reindex(own.index, fill_value=0.0),
            "reactivations": of_customers(own, back).fillna(0.0),
            "other_subscriptions": together["size"] - 1.0,
            "customer_mrr_share": own["mrr_company"]
            / together["sum"].where(together["sum"] > 0),
        }
    ).join(of_customers(own, nps(env, company, as_of, customers)))


def _gaps(env, company, as_of, column, ids):
    """Return how often subscriptions or customers came back, those that did, by id.

    :param column: of the movements that tells who
    """
    # Hardly any ever ended: the others are left out before they are looked at.
    ended = SQL(
        "%(column)s IN (SELECT %(column)s FROM subscription_movement"
        " WHERE %(known)s AND running_delta < 0)",
        column=SQL.identifier(column),
        known=known(company, as_of, only(column, ids)),
    )
    return read(
        env,
        SQL(
            "SELECT id, gaps FROM (%s) AS run WHERE gaps > 0",
            runs(company, as_of, column, ended),
        ),
        {"id": "int64", "gaps": "float64"},
    ).set_index("id")["gaps"]
