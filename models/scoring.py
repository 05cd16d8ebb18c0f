# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Reads the signals of a company as of a date and has them scored; writes nothing."""

import pandas as pd

from ..analytics.customers import aggregate, risks, worklist
from ..analytics.rfm import rank
from ..analytics.score import Limits, life, recency_and_frequency, relationship
from ..analytics.succession import Span, predecessors
from ..signals.billing import billing
from ..signals.customers import customer_ids
from ..signals.positions import pauses, positions, relationships
from ..signals.rates import in_company_currency
from ..signals.referrals import referrals
from ..signals.renewals import recurring_invoices
from ..signals.revenue import invoiced
from ..signals.running import running_subscriptions
from ..signals.terms import terms, terms_history
from ..signals.usage import read_use
from .churn_scoring import CHURN, SIGNALS, VALUE, scorer, with_risk, with_value
from .recommending import RECOMMENDED, with_recommendations

POSITION = [
    "is_running",
    "mrr",
    "mrr_effective",
    "mrr_company",
    "mrr_effective_company",
    "first_start_date",
    "end_date",
    "predecessor_id",
]
TOTALS = [
    "mrr",
    "mrr_effective",
    "subscription_count",
    "running_count",
    "first_start_date",
    "end_date",
]
LIFE = [
    "lifecycle_stage",
    "relationship_start_date",
    "tenure_months",
    "tenure_band",
    "next_renewal_date",
]
RFM = [
    "rfm_recency",
    "rfm_frequency",
    "renewed_months",
    "rfm_monetary",
    "rfm_r",
    "rfm_f",
    "rfm_m",
    "rfm_score",
    "rfm_segment",
    "rfm_assumed",
    "scored_on",
]
#: What only those that run have.
SUBSCRIPTION_SCORES = RFM + CHURN + VALUE + SIGNALS + RECOMMENDED
CUSTOMER_SCORES = (
    RFM + ["churn_score", "churn_risk", "mrr_at_risk", "worklist_amount"] + VALUE
)
SUBSCRIPTION_COLUMNS = POSITION + LIFE + SUBSCRIPTION_SCORES + ["realised_revenue"]
CUSTOMER_COLUMNS = (
    TOTALS + LIFE + CUSTOMER_SCORES + ["realised_revenue", "referral_count"]
)
#: What a refresh writes.
TABLES = {
    "sale.subscription": SUBSCRIPTION_COLUMNS,
    "subscription.customer": CUSTOMER_COLUMNS,
}


def company_limits(company):
    """Return what the company has set."""
    return Limits(
        recency=(
            company.subscription_recency_r5_ratio,
            company.subscription_recency_r4_ratio,
            company.subscription_recency_r3_ratio,
            company.subscription_recency_r2_ratio,
        ),
        stability_months=company.subscription_stability_months,
        loyal_months=company.subscription_loyal_months,
        mid_term_months=company.subscription_mid_term_months,
        veteran_months=company.subscription_veteran_months,
    )


def subscription_lives(env, company, as_of, ids=None):
    """Return where subscriptions of a company stand as of a date, by the ledger.

    :param ids: only these; predecessors that are left out are not followed
    :return: DataFrame indexed by subscription id: ``customer_id``, :data:`POSITION`,
        :data:`LIFE`, and what :func:`subscription_scores` needs besides
    """
    frame = billing(env, company, as_of, ids)
    lives = positions(env, company, as_of, ids)
    # Deleted since, it ran all the same.
    gone = lives[~lives.index.isin(frame.index) & lives["running"].eq(1)]
    if not gone.empty:
        sold = terms(env, company, as_of, gone.index)
        sold = sold[["template_id", "unit", "interval"]]
        frame = pd.concat([frame, sold.reindex(gone.index)]).sort_index()
    frame = frame.join(lives)
    if as_of < company._subscription_today():
        frame["next_invoice_date"] = pd.NaT  # it is known as it is now only
    frame["running"] = frame["running"].eq(1)
    frame["predecessor_id"] = _predecessors(frame, company.subscription_grace_days)
    frame["mrr"] = frame["contracted"].fillna(0.0)
    frame["mrr_effective"] = frame["effective"].fillna(0.0)
    frame["mrr_company"], frame["mrr_effective_company"] = in_company_currency(
        env, company, as_of, frame["currency_id"], frame["mrr"], frame["mrr_effective"]
    )
    frame["is_running"] = frame["running"]
    return frame.join(life(frame, as_of, company_limits(company)))


def subscription_scores(env, company, as_of, ids=None, invoices=None):
    """Return the above with all of RFM but what comes of a comparison.

    :param invoices: from :func:`..signals.renewals.recurring_invoices` with the same
        ids, if they are at hand
    :return: the DataFrame of :func:`subscription_lives` with the columns of
        :func:`..analytics.score.recency_and_frequency`, and ``invoiced`` (so far,
        company currency, missing without invoices)
    """
    frame = subscription_lives(env, company, as_of, ids)
    if invoices is None:
        invoices = recurring_invoices(env, company, as_of, ids)
    frame["invoiced"] = invoiced(env, company, as_of, invoices)
    scores = recency_and_frequency(
        frame.assign(monetary=frame["mrr_company"]),
        invoices,
        pauses(env, company, as_of, ids),
        terms_history(env, company, as_of, ids, several=True),
        as_of,
        company_limits(company),
    )
    return frame.join(scores)


def customer_lives(env, company, as_of, subscriptions, ids=None):
    """Return where customers of a company stand as of a date, by the ledger.

    :param subscriptions: all of theirs, from :func:`subscription_lives`
    :param ids: only these customers
    :return: DataFrame indexed by customer id: :data:`TOTALS` and :data:`LIFE`
    """
    frame = relationships(env, company, as_of, ids)
    if ids is None:
        ids = customer_ids(env, company)
    index = pd.Index(ids, name="id", dtype="int64")
    frame = frame.reindex(index)
    for count in ("subscription_count", "running_count"):
        frame[count] = frame[count].fillna(0).astype(int)
    groups = subscriptions.groupby("customer_id")
    digits = company.currency_id.decimal_places
    for name in ("mrr", "mrr_effective"):
        amounts = groups[f"{name}_company"].sum().reindex(index)
        frame[name] = amounts.fillna(0.0).round(digits)
    frame["next_renewal_date"] = groups["next_renewal_date"].min().reindex(index)
    until = frame["end_date"].fillna(pd.Timestamp(as_of))
    running = frame["running_count"] > 0
    return frame.join(
        relationship(frame["start_date"], until, running, company_limits(company))
    )[TOTALS + LIFE]


def company_scores(env, company, as_of, subscriptions, invoices=None):
    """Return all that a refresh stores.

    :param subscriptions: all of the company, from :func:`subscription_scores`
    :param invoices: from :func:`..signals.renewals.recurring_invoices`, if at hand
    :return: two DataFrames: ``subscriptions`` with :data:`SUBSCRIPTION_COLUMNS`
        complete, and :data:`CUSTOMER_COLUMNS` by customer
    """
    scored_by = scorer(env, company)
    running = running_subscriptions(env, company, as_of, subscriptions)
    use = read_use(env, company, as_of, running=running)
    subscriptions = with_risk(
        env, company, as_of, rank(subscriptions), scored_by, invoices, use
    )
    subscriptions = with_recommendations(env, subscriptions, use)
    subscriptions = with_value(env, company, as_of, subscriptions, scored_by)
    customers = customer_lives(env, company, as_of, subscriptions)
    scores = aggregate(subscriptions[subscriptions["is_running"]])
    scores = scores.drop(columns="next_renewal_date").assign(
        rfm_monetary=scores["rfm_monetary"].round(company.currency_id.decimal_places),
        scored_on=pd.Timestamp(as_of),
    )
    customers = customers.join(scores).join(
        risks(
            subscriptions,
            company.subscription_high_value_percent / 100,
            company.currency_id.decimal_places,
        )
    )
    customers["referral_count"] = referrals(env, company, as_of).reindex(
        customers.index, fill_value=0
    )
    customers["worklist_amount"] = worklist(
        customers, as_of, company.currency_id.decimal_places
    )
    return subscriptions, customers[CUSTOMER_COLUMNS]


def _predecessors(frame, grace_days):
    """Return the predecessor of each subscription, missing without.

    Only customers with several subscriptions of which one has ended can have any.
    """
    several = frame["customer_id"].duplicated(keep=False)
    several &= frame["first_start_date"].notna()
    left = frame["customer_id"][several & frame["end_date"].notna()]
    some = frame[several & frame["customer_id"].isin(left)]
    starts, ends = (
        some[name].astype(object).where(some[name].notna(), None)
        for name in ("first_start_date", "end_date")
    )
    chain = predecessors(
        map(Span, some.index, some["customer_id"], starts, ends), grace_days
    )
    return frame.index.to_series().map(chain).astype("Int64")
