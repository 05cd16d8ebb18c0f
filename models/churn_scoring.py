# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Has the risk and the value of a company's subscriptions computed; writes nothing."""

import json

import numpy as np
import pandas as pd

from odoo.tools import SQL

from ..analytics import clv, survival
from ..analytics.churn.bands import Limits, band
from ..analytics.churn.scorecard import Scorecard
from ..signals.frame import read
from ..signals.margins import margins
from ..signals.notices import notices
from ..signals.price import products_of
from ..signals.revenue import contracted_to_date
from ..signals.table import table

CHURN = [
    "churn_state",
    "churn_score",
    "churn_score_change",
    "churn_risk_scored",
    "churn_risk",
    "churn_scored_by",
    "churn_reasons",
    "mrr_at_risk",
]
VALUE = ["clv", "clv_lower", "clv_upper", "is_high_value"]
#: Reasons kept of each direction.
REASONS = 3
#: In a month, as for the MRR.
DAYS_A_MONTH = 30.4375
#: Risks that are explained whatever it takes.
EXPLAINED = ["medium", "high"]
#: A score is told from this many signals that are known.
FEWEST_SIGNALS = 2


class Learned:
    """Scores with the model that the company has put to use."""

    name = "model"

    def __init__(self, model, company):
        self.model = model
        self.limits = _limits(company, "percent")
        #: Replacing values of trees takes its time: only those at risk are explained.
        self.explains_all = model.explanation == "exact"

    @property
    def names(self):
        """The signals that are looked at."""
        return self.model.columns.names

    def scores(self, signals):
        """Return probabilities in percent."""
        return 100 * self.model.predict(signals)

    def reasons(self, signals):
        """Return contributions in log-odds, a column for each signal."""
        return self.model.contributions(signals)


class Points:
    """Scores with the company's scorecard."""

    name = "scorecard"
    explains_all = True

    def __init__(self, rules, company):
        self.card = Scorecard(rules)
        self.limits = _limits(company, "points")
        self.names = [rule.signal for rule in self.card.rules]

    def scores(self, signals):
        return self.card.score(signals)

    def reasons(self, signals):
        return self.card.contributions(signals)


def _limits(company, unit):
    return Limits(
        **{name: company[f"subscription_risk_{name}_{unit}"] for name in Limits._fields}
    )


def scorer(env, company):
    """Return what scores a company: the model in use, else its scorecard."""
    model = env["subscription.churn.model"]._in_use(company)._load_or_refuse()
    if model:
        return Learned(model, company)
    return Points(env["subscription.scorecard.rule"]._rules(company), company)


def with_risk(env, company, as_of, frame, invoices=None):
    """Return the subscriptions of a company with what is at risk.

    :param frame: from :func:`.scoring.subscription_scores`, all of the company
    :param invoices: from :func:`..signals.renewals.recurring_invoices`, if at hand
    :return: the frame with :data:`CHURN`; missing of what does not run
    """
    running = frame[frame["is_running"]]
    scored_by = scorer(env, company)
    signals = table(
        env,
        company,
        as_of,
        scores=frame,
        invoices=invoices,
        products=products_of(scored_by.names),
    ).reindex(running.index)
    scores = pd.Series(scored_by.scores(signals), running.index).round(1)
    notice = running.index.isin(notices(env, company, as_of).index)
    looked_at = [name for name in scored_by.names if name in signals]
    known = signals[looked_at].notna().sum(axis=1) >= FEWEST_SIGNALS
    scores = scores.where(known & ~notice)
    scored = scores.notna()
    past = _past(env, company, as_of).reindex(running.index)
    overridden = _overridden(env, company, as_of).reindex(running.index)
    # Points and probabilities do not compare.
    alike = past["churn_scored_by"] == scored_by.name
    risk = band(scores, past["churn_risk_scored"].where(alike), scored_by.limits)
    explained = signals[scored & (scored_by.explains_all | risk.isin(EXPLAINED))]
    result = pd.DataFrame(
        {
            "churn_state": np.select(
                [notice, scored], ["not_applicable", "scored"], "not_enough_data"
            ),
            "churn_score": scores,
            "churn_score_change": (scores - past["churn_score"]).where(alike).round(1),
            "churn_risk_scored": risk,
            "churn_risk": overridden.fillna(risk),
            "churn_scored_by": pd.Series(scored_by.name, running.index).where(scored),
            "churn_reasons": reasons(scored_by.reasons(explained), explained).reindex(
                running.index
            ),
        }
    )
    result["mrr_at_risk"] = running["mrr_company"].where(
        result["churn_risk"] == "high", 0.0
    )
    return frame.join(result)


def reasons(contributions, signals):
    """Return the signals that push scores most, up and down, as texts of JSON.

    ``[[signal, contribution, value], …]``, the strongest of those that raise the score
    first, then the strongest of those that lower it.

    :param contributions: one column for each signal, 0 or missing: none
    """
    names = contributions.columns.to_numpy(dtype=object)
    values = contributions.to_numpy(dtype=float, na_value=0.0)
    number = min(REASONS, values.shape[1])
    texts = [[] for _row in range(len(values))]
    known = {name: _values(signals[name]) for name in names if name in signals}
    for sign in (1, -1):
        order = np.argsort(-sign * values, axis=1, kind="stable")[:, :number]
        strength = np.take_along_axis(values, order, axis=1).round(2)
        for column, amounts in zip(order.T, strength.T, strict=True):
            pairs = zip(column.tolist(), amounts.tolist(), strict=True)
            for row, (place, amount) in enumerate(pairs):
                if sign * amount > 0:
                    name = names[place]
                    value = known[name][row] if name in known else "null"
                    texts[row].append(f'["{name}",{amount:g},{value}]')
    return pd.Series(
        [f"[{','.join(parts)}]" for parts in texts], contributions.index, dtype=object
    )


def _values(column):
    """Return the values of a signal as texts of JSON."""
    codes, values = pd.factorize(column)
    if pd.api.types.is_numeric_dtype(values.dtype):
        texts = [f"{value:.6g}" for value in values.astype(float)]
    else:
        texts = [json.dumps(str(value)) for value in values]
    return np.array([*texts, "null"], dtype=object)[codes].tolist()


def with_value(env, company, as_of, frame):
    """Return the subscriptions of a company with what they are worth.

    :param frame: from :func:`with_risk`, all of the company
    :return: the frame with :data:`VALUE`, missing of what does not run, and
        ``realised_revenue``
    """
    digits = company.currency_id.decimal_places
    frame = frame.assign(plan=frame["template_id"].astype(object))
    scored = frame["churn_scored_by"] == Learned.name
    value = clv.lifetime_value(
        _worth(env, company, as_of, frame).assign(
            churn=(frame["churn_score"] / 100).where(scored)
        ),
        _survival(frame, as_of),
        company.subscription_discount_rate_percent / 100,
        company.subscription_clv_horizon_months,
        _horizon_months(company),
    )[["clv", "clv_lower", "clv_upper"]].where(frame["is_running"])
    contracted = contracted_to_date(env, company, as_of).reindex(frame.index)
    return frame.join(value.round(digits)).assign(
        realised_revenue=frame["invoiced"].fillna(contracted).round(digits),
        is_high_value=high_value(value["clv"], company),
    )


def high_value(values, company):
    """Return which are among the company's share of highest values, equal ones alike.

    :param values: CLV, missing of what does not run
    :return: missing where they are
    """
    known = values.dropna()
    number = int(len(known) * company.subscription_high_value_percent / 100)
    least = known.nlargest(number).iloc[-1] if number else np.inf
    return ((known >= least) & (known > 0)).astype(object).reindex(values.index)


def customer_risks(subscriptions, company):
    """Return the risk and value of customers.

    :param subscriptions: from :func:`with_value`
    :return: DataFrame indexed by customer id: the score weighted by MRR, the highest
        risk, and sums
    """
    running = subscriptions[subscriptions["is_running"]]
    scored = running[running["churn_score"].notna()]
    weights = scored["mrr_company"].where(scored["mrr_company"] > 0, 0.0)
    customer = scored["customer_id"]
    total = weights.groupby(customer).sum()
    weighted = (scored["churn_score"] * weights).groupby(customer).sum() / total
    plain = scored["churn_score"].groupby(customer).mean()
    order = pd.CategoricalDtype(["low", "medium", "high"], ordered=True)
    by_customer = running.groupby("customer_id")
    result = pd.DataFrame(
        {
            "churn_score": weighted.where(total > 0, plain).round(1),
            "churn_risk": running["churn_risk"]
            .astype(order)
            .groupby(running["customer_id"])
            .max()
            .astype(object),
            **{
                name: by_customer[name].sum()
                for name in ("mrr_at_risk", "clv", "clv_lower", "clv_upper")
            },
        }
    )
    realised = subscriptions.groupby("customer_id")["realised_revenue"].sum()
    result = result.reindex(result.index.union(realised.index))
    result["realised_revenue"] = realised
    result["is_high_value"] = high_value(result["clv"], company)
    return result.round(
        dict.fromkeys(
            ("mrr_at_risk", "clv", "clv_lower", "clv_upper", "realised_revenue"),
            company.currency_id.decimal_places,
        )
    )


def _worth(env, company, as_of, frame):
    """Return what :func:`..analytics.clv.lifetime_value` needs besides the score."""
    until = (frame["next_renewal_date"] - pd.Timestamp(as_of)).dt.days
    lived = survival.periods_lived(_contracts(frame), as_of)["periods"]
    return pd.DataFrame(
        {
            "plan": frame["plan"],
            "unit": frame["unit"],
            "interval": frame["interval"],
            "periods": lived.reindex(frame.index),
            "months_to_renewal": until / DAYS_A_MONTH,
            "mrr": frame["mrr_company"],
            "margin": margins(env, company)
            .reindex(frame.index)
            .fillna(company.subscription_gross_margin_percent / 100),
        }
    )


def _survival(frame, as_of):
    """Return how long the company's subscriptions stay, by plan and period."""
    contracts = _contracts(frame)
    lived = survival.periods_lived(contracts, as_of)
    return survival.fit(contracts.join(lived, how="inner"))


def _contracts(frame):
    return pd.DataFrame(
        {
            "plan": frame["plan"],
            "start_date": frame["run_start"],
            "end_date": frame["end_date"],
            "unit": frame["unit"],
            "interval": frame["interval"],
            "has_successor": frame.index.isin(frame["predecessor_id"].dropna()),
        }
    )


def _horizon_months(company):
    return company.subscription_churn_horizon_days / DAYS_A_MONTH


def _past(env, company, as_of):
    """Return the last score that was kept before a date."""
    env["subscription.score.history"].flush_model()
    return read(
        env,
        SQL(
            """
            SELECT own.id, last.churn_score, last.churn_risk_scored,
                   last.churn_scored_by
              FROM sale_subscription own
        CROSS JOIN LATERAL (
                  SELECT churn_score, churn_risk_scored, churn_scored_by
                    FROM subscription_score_history
                   WHERE subscription_id = own.id AND date < %(as_of)s
                ORDER BY date DESC
                   LIMIT 1
              ) AS last
             WHERE own.company_id = %(company)s
            """,
            company=company.id,
            as_of=as_of,
        ),
        {
            "id": "int64",
            "churn_score": "float64",
            "churn_risk_scored": "object",
            "churn_scored_by": "object",
        },
    ).set_index("id")


def _overridden(env, company, as_of):
    """Return the risks that persons have set and that still hold on a date."""
    env["sale.subscription"].flush_model()
    return read(
        env,
        SQL(
            """
            SELECT id, churn_risk_override AS risk
              FROM sale_subscription
             WHERE company_id = %s AND churn_risk_override IS NOT NULL
               AND COALESCE(churn_risk_override_until >= %s, TRUE)
            """,
            company.id,
            as_of,
        ),
        {"id": "int64", "risk": "object"},
    ).set_index("id")["risk"]
