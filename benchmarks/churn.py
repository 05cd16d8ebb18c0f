# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Run by `make bench` in an Odoo shell: the company to measure and its churn models.

Prints how long training takes. Who leaves is made up: what matters here is the size of
the models, not what they know.
"""

import base64
import io
import os
import time
from unittest.mock import patch

import numpy as np
import pandas as pd

from odoo.addons.subscription_segmentation.analytics.churn import model as churn
from odoo.addons.subscription_segmentation.analytics.churn import train
from odoo.addons.subscription_segmentation.analytics.churn.candidates import CANDIDATES
from odoo.addons.subscription_segmentation.benchmarks.population import fill, vacuum
from odoo.addons.subscription_segmentation.models.churn_panel import observed
from odoo.addons.subscription_segmentation.signals.price import frequent_products

#: Kinds of models that the refresh is measured with.
LINEAR, TREES = "logistic_spline", "boosting_small"
ROWS = 50_000
COLUMNS = 40


def observe(env, company):
    """Return the signals of the company of today and made-up outcomes."""
    today = company._subscription_today()
    products = frequent_products(env, company, today)
    signals = observed(env, company, today, products)
    chance = np.random.default_rng(1)
    odds = -1 - signals["tenure_months"] / 12 + signals["tickets_open"].fillna(0)
    odds += signals["overdue_days"].fillna(0) / 10
    left = chance.random(len(signals)) < 1 / (1 + np.exp(-odds.to_numpy()))
    return signals, left


def keep(env, company, name, signals, left):
    """Keep a model of a kind, learned from some of the rows.

    :param name: of :data:`CANDIDATES`
    """
    one = [candidate for candidate in CANDIDATES if candidate.name == name]
    some = slice(0, ROWS // 5)
    with patch.object(churn, "allowed", lambda *_counts: one):
        model = train(signals[some], left[some])
    content = io.BytesIO()
    digest = model.save(content)
    env["subscription.churn.model"].create(
        {
            "company_id": company.id,
            "known_by": company._subscription_today(),
            "horizon": "90d",
            "state": "trained",
            "algorithm": name,
            "report": model.report,
            "artefact_digest": digest,
            "artefact": base64.b64encode(content.getvalue()),
        }
    )


def training_seconds(signals, left):
    """Return how long training takes with so many rows and columns, and what it chose.

    Rows and columns are repeated with noise where there are too few.
    """
    chance = np.random.default_rng(2)
    rows = chance.integers(0, len(signals), ROWS)
    frame = signals.iloc[rows].reset_index(drop=True)
    numbers = frame.select_dtypes("number").dropna(axis=1, how="all")
    missing = COLUMNS - frame.notna().any().sum()
    if missing > 0:
        noise = {
            f"noise_{n}": numbers.iloc[:, n % numbers.shape[1]]
            + chance.normal(size=len(frame))
            for n in range(missing)
        }
        frame = frame.join(pd.DataFrame(noise, frame.index))
    begin = time.perf_counter()
    model = train(frame, left[rows])
    return time.perf_counter() - begin, model.report["choice"]["chosen"]


def main():
    env["ir.cron"].search([]).write({"active": False})
    fill(env, int(os.environ["N"]))
    vacuum(env)
    signals, left = observe(env, env.company)
    for name in (LINEAR, TREES):
        keep(env, env.company, name, signals, left)
    env.cr.commit()
    seconds, chosen = training_seconds(signals, left)
    size = f"{ROWS:,} rows × {COLUMNS} columns"
    print(f"\ntraining, {size}: {seconds:.1f} s, {chosen} chosen")


main()
