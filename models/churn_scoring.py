# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Has the risk and the value of a company's subscriptions computed; writes nothing."""

import numpy as np
import pandas as pd

from ..analytics import clv, survival
from ..analytics.churn.bands import Limits, band
from ..analytics.churn.reasons import reasons
from ..analytics.churn.scorecard import Scorecard
from ..analytics.customers import high_value
from ..signals.kept_scores import last_scores, risks_by_hand
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
#: The signals that are kept on the subscription, see ``sale_subscription_signals.py``,
#: and to how many digits.
KEPT = {
    "overdue_amount": 6,  # it comes rounded to its currency
    "overdue_days": 0,
    "period_months": 6,
    "contraction_90d": 1,
    "expansion_90d": 1,
    "tickets_open": 0,
    "oldest_open_days": 0,
    "satisfaction_last": 1,
    "logins_30d": 0,
    "logins_change": 1,
    "days_since_use": 0,
    "active_days_30d": 0,
    "features_30d": 0,
    "features_change": 0,
    "key_features_dropped": 0,
    "key_features_90d": 0,
    "limit_share": 3,
    "days_since_message": 0,
}
PREFIX = "signal_"
SIGNALS = [PREFIX + name for name in KEPT]
#: In a month, as for the MRR.
DAYS_A_MONTH = 30.4375
#: Risks that are explained whatever it takes.
EXPLAINED = ["medium", "high"]
#: A score is told from this many signals that are known.
FEWEST_SIGNALS = 2


class Learned:
    """Scores with the model that the company has put to use."""

    name = "model"

    def __init__(self, model, horizon, company):
        self.model = model
        self.limits = _limits(company, "percent")
        #: How far ahead the scores look.
        self.months = horizon.months
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
    months = None  # points look at no time in particular

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
    record = env["subscription.churn.model"]._in_use(company)
    if model := record._load_or_refuse():
        return Learned(model, record._horizon(), company)
    return Points(env["subscription.scorecard.rule"]._rules(company), company)


def with_risk(env, company, as_of, frame, scored_by, invoices=None, use=None):
    """Return the subscriptions of a company with what is at risk.

    :param frame: from :func:`.scoring.subscription_scores`, all of the company
    :param scored_by: from :func:`scorer`
    :param invoices: from :func:`..signals.renewals.recurring_invoices`, if at hand
    :param use: from :func:`..signals.usage.read_use`, if at hand
    :return: the frame with :data:`CHURN` and :data:`SIGNALS`; missing of what does not
        run
    """
    running = frame[frame["is_running"]]
    signals = table(
        env,
        company,
        as_of,
        scores=frame,
        invoices=invoices,
        products=products_of(scored_by.names),
        use=use,
    ).reindex(running.index)
    scores = pd.Series(scored_by.scores(signals), running.index).round(1)
    notice = running.index.isin(notices(env, company, as_of).index)
    looked_at = [name for name in scored_by.names if name in signals]
    known = signals[looked_at].notna().sum(axis=1) >= FEWEST_SIGNALS
    scores = scores.where(known & ~notice)
    scored = scores.notna()
    past = last_scores(env, company, as_of).reindex(running.index)
    overridden = risks_by_hand(env, company, as_of).reindex(running.index)
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
    kept = signals[list(KEPT)].round(KEPT).add_prefix(PREFIX)
    return frame.join(result).join(kept)


def with_value(env, company, as_of, frame, scored_by):
    """Return the subscriptions of a company with what they are worth.

    :param frame: from :func:`with_risk`, all of the company
    :param scored_by: from :func:`scorer`; points are no probability, and leave the
        value to the past of the plan
    :return: the frame with :data:`VALUE`, missing of what does not run, and
        ``realised_revenue``
    """
    digits = company.currency_id.decimal_places
    frame = frame.assign(plan=frame["template_id"].astype(object))
    churn = frame["churn_score"] / 100 if scored_by.months else np.nan
    value = clv.lifetime_value(
        _worth(env, company, as_of, frame).assign(churn=churn),
        _survival(frame, as_of),
        company.subscription_discount_rate_percent / 100,
        company.subscription_clv_horizon_months,
        scored_by.months or 0,
    )[["clv", "clv_lower", "clv_upper"]].where(frame["is_running"])
    contracted = contracted_to_date(env, company, as_of).reindex(frame.index)
    return frame.join(value.round(digits)).assign(
        realised_revenue=frame["invoiced"].fillna(contracted).round(digits),
        is_high_value=high_value(
            value["clv"], company.subscription_high_value_percent / 100
        ),
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
