# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Reads the signals of a company as of a date and has them scored; writes nothing."""

import pandas as pd

from ..analytics import lifecycle
from ..analytics.customers import aggregate
from ..analytics.score import Limits, describe
from ..analytics.succession import Span, predecessors
from ..signals.positions import pauses, positions, relationships
from ..signals.rates import company_rates
from ..signals.renewals import recurring_invoices
from ..signals.billing import billing
from ..signals.successors import candidates

#: What a refresh stores, in the order of its tables.
SCORES = [
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
    "lifecycle_stage",
    "relationship_start_date",
    "tenure_months",
    "tenure_band",
    "next_renewal_date",
    "scored_on",
]
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
SUBSCRIPTION_COLUMNS = POSITION + SCORES
CUSTOMER_COLUMNS = TOTALS + SCORES


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


def describe_subscriptions(env, company, as_of, ids=None):
    """Return position and scores of a company's subscriptions, but F and M.

    :param ids: only these; predecessors that are left out are not followed
    :return: DataFrame indexed by subscription id: ``customer_id``, :data:`POSITION`
        and what :func:`..analytics.score.describe` says
    """
    frame = billing(env, company, ids)
    frame = frame.join(positions(env, company, as_of, ids))
    known = candidates(env, company, as_of, company.subscription_grace_days, ids)
    chain = predecessors(
        (Span(*span) for span in known), company.subscription_grace_days
    )
    chain = {sub: pred for sub, pred in chain.items() if pred in frame.index}
    frame["predecessor_id"] = frame.index.to_series().map(chain)
    frame["running"] = frame["running"].eq(1)
    for amount in ("contracted", "effective"):
        frame[amount] = frame[amount].fillna(0.0)
        frame[f"{amount}_company"] = _in_company_currency(
            env, company, as_of, frame["currency_id"], frame[amount]
        )
    frame["monetary"] = frame["contracted_company"]
    scores = describe(
        frame,
        recurring_invoices(env, company, as_of, ids),
        pauses(env, company, as_of, ids),
        as_of,
        company_limits(company),
    )
    position = frame.rename(
        columns={
            "running": "is_running",
            "contracted": "mrr",
            "effective": "mrr_effective",
            "contracted_company": "mrr_company",
            "effective_company": "mrr_effective_company",
        }
    )[["customer_id", *POSITION]]
    return position.join(scores)


def _in_company_currency(env, company, as_of, currency_ids, amounts):
    """Return amounts at the rate of a day, rounded; what is in it already is left."""
    base = company.currency_id
    foreign = currency_ids.notna() & (currency_ids != base.id)
    if not foreign.any():
        return amounts
    pairs = {(int(id_), as_of) for id_ in currency_ids[foreign].unique()}
    rates = {
        currency_id: float(rate)
        for (currency_id, _day), rate in company_rates(env, company, pairs).items()
    }
    converted = amounts[foreign] * currency_ids[foreign].map(rates)
    result = amounts.copy()
    result[foreign] = converted.map(base.round)
    return result


def describe_customers(env, company, as_of, subscriptions):
    """Return totals and scores of a company's customers.

    :param subscriptions: their ranked subscriptions, as described above
    :return: DataFrame indexed by customer id: :data:`CUSTOMER_COLUMNS`
    """
    limits = company_limits(company)
    env["subscription.customer"].flush_model()
    env.cr.execute(
        "SELECT id FROM subscription_customer WHERE company_id = %s", [company.id]
    )
    index = pd.Index([row[0] for row in env.cr.fetchall()], name="id")
    frame = relationships(env, company, as_of).reindex(index)
    for count in ("subscription_count", "running_count"):
        frame[count] = frame[count].fillna(0).astype(int)
    money = (
        subscriptions.groupby("customer_id")[["mrr_company", "mrr_effective_company"]]
        .sum()
        .reindex(index)
        .fillna(0.0)
    )
    digits = company.currency_id.decimal_places
    frame["mrr"] = money["mrr_company"].round(digits)
    frame["mrr_effective"] = money["mrr_effective_company"].round(digits)
    running = frame["running_count"] > 0
    months = lifecycle.whole_months(
        frame["start_date"], frame["end_date"].fillna(pd.Timestamp(as_of))
    )
    started = frame["first_start_date"].notna()
    frame["relationship_start_date"] = frame["start_date"]
    frame["tenure_months"] = months
    frame["tenure_band"] = lifecycle.band(
        months, limits.mid_term_months, limits.veteran_months
    ).where(started, None)
    frame["lifecycle_stage"] = lifecycle.stage(
        months, running, limits.stability_months, limits.loyal_months
    ).where(started, None)
    scored = aggregate(subscriptions[subscriptions["is_running"]])
    frame = frame.join(scored)
    frame["rfm_monetary"] = frame["rfm_monetary"].round(digits)
    frame["scored_on"] = pd.Series(pd.Timestamp(as_of), index).where(running)
    return frame[CUSTOMER_COLUMNS]
