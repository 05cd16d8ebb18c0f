# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Holds a churn model against a day of the past; writes nothing."""

from datetime import timedelta
from typing import NamedTuple

import pandas as pd

from ..analytics.churn import ChurnModel, train
from ..analytics.churn.evaluation import Evaluation
from ..signals.price import products_of
from .churn_panel import lives, observed, outcome, panel


class Backtest(NamedTuple):
    """A model of what was known a horizon before a day, and how it did from then on.

    ``reasons`` counts, for the tenth with the highest scores, which signals were among
    the three that pushed most.
    """

    model: ChurnModel
    evaluation: Evaluation
    reasons: pd.Series


def backtest(env, company, at, horizon, step=None):
    """Train on what was known one horizon before ``at``, then score that day.

    What happened afterwards takes no part in any choice.

    :param at: the day that is scored; its horizon must have passed by today
    :param horizon: :class:`..analytics.churn.panel.Horizon`
    :return: :class:`Backtest`, None if there was nothing to learn from
    :raise NotEnoughChurn: too few had left by then
    """
    rows = panel(env, company, horizon.start(at), horizon, anchor=at, step=step)
    if rows is None:
        return None
    model = train(
        rows.signals,
        rows.churned,
        when=rows.when,
        groups=rows.customers,
        horizon=horizon.offset,
    )
    # Whether an end is continued is known when the grace period is over.
    known_by = horizon.end(at) + timedelta(days=company.subscription_grace_days)
    past = lives(env, company, min(known_by, company._subscription_today()))
    happened = outcome(env, company, past, at, horizon)["churned"]
    products = products_of(model.columns.names)
    signals = observed(env, company, at, products, happened.index)
    happened = happened[signals.index]
    scores = pd.Series(model.predict(signals), signals.index)
    highest = signals.loc[scores.nlargest(max(len(scores) // 10, 1)).index]
    reasons = model.explain(highest, top=3)
    reasons = reasons[reasons["contribution"] > 0]
    return Backtest(
        model, model.evaluate(signals, happened), reasons["source"].value_counts()
    )
