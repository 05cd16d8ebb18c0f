# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Which subscriptions run, whose they are and what they are worth, as of a date.

What several sources need, read once for all of them.
"""

from .positions import positions
from .rates import in_company_currency
from .terms import terms

MRR = ["mrr", "mrr_company"]
#: What only scores know.
SCORES = ["next_renewal_date", "tenure_months", "rfm_frequency"]


def running_subscriptions(env, company, as_of, scores=None):
    """Return all of a company that run as of a date.

    :param scores: what ``models/scoring.py`` says of all of them, if it was asked:
        columns as below
    :return: DataFrame indexed by subscription id: ``customer_id``, ``currency_id``,
        ``first_start_date``, ``mrr`` (contracted, in that currency), ``mrr_company``,
        :data:`SCORES`, missing without, and what it was sold as, see
        :func:`.terms.terms`
    """
    if scores is not None:
        frame = scores[scores["is_running"]]
    else:
        frame = positions(env, company, as_of)
        frame = frame[frame["running"].eq(1)].rename(columns={"contracted": "mrr"})
        (frame["mrr_company"],) = in_company_currency(
            env, company, as_of, frame["currency_id"], frame["mrr"]
        )
        frame = frame.assign(**dict.fromkeys(SCORES, float("nan")))
    frame = frame[["customer_id", "currency_id", "first_start_date", *MRR, *SCORES]]
    frame = frame.astype({"customer_id": "int64"}).rename_axis("id")
    return frame.join(terms(env, company, as_of))


def chosen(running, ids):
    """Return those of :func:`running_subscriptions` that ids name (None: all)."""
    return running if ids is None else running[running.index.isin(ids)]


def customers_of(running, ids):
    """Return the ids of the customers whose subscriptions ids name (None: of all)."""
    if ids is None:
        return None
    return chosen(running, ids)["customer_id"].unique().tolist()


def of_customers(running, frame):
    """Return what is known of customers for each of their subscriptions.

    :param frame: DataFrame indexed by customer id
    :return: DataFrame indexed by subscription id, missing where it is
    """
    return frame.reindex(running["customer_id"]).set_axis(running.index)
