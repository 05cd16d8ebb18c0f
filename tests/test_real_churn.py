# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Churn on whole histories: one that can be predicted, and one that cannot."""

from freezegun import freeze_time

from odoo.tests import tagged

from ..analytics.churn.panel import Horizon
from ..models.churn_backtest import backtest
from .common import day
from .real_data import RealDataCase


# The tag lets the test command run it beside the others.
@tagged("post_install", "-at_install", "slow", "whole_history")
class TestRealChurn(RealDataCase):
    def test_telco_forward(self):
        """Learned by November, it tells who of December's leaves in January."""
        self.import_file("telco", day("2020-02-01"))
        result = backtest(
            self.env, self.company, day("2019-12-15"), Horizon.parse("1m")
        )
        found = result.evaluation
        self.assertEqual(found.n, 5390)
        self.assertEqual(found.churns, 460)
        self.assertGreaterEqual(found.auc, 0.855)
        self.assertLessEqual(found.log_loss, 0.222)
        self.assertGreaterEqual(found.brier_skill, 0.15)
        named = set(result.reasons.index)
        self.assertLessEqual({"plan", "tenure_months", "payment_method"}, named)
        self.assertTrue(any(name.startswith("product_") for name in named), named)

    @freeze_time("2024-12-31 12:00:00")
    def test_ravenstack_is_refused(self):
        """Nobody can tell who leaves: it says so, and the scorecard scores."""
        as_of = day("2024-12-31")
        self.import_file("ravenstack", as_of)
        self.import_tickets()
        self.import_usage()
        model = self.env["subscription.churn.model"]._request(self.company)
        model._train(lambda: True)
        self.assertEqual((model.state, model.error), ("refused", False))
        self.assertGreater(model.churn_count, 50)
        self.assertTrue(model.refusal)
        run = self.env["subscription.refresh"]._refresh_company(
            self.company, as_of, lambda: True
        )
        self.assertEqual((run.state, run.error, run.failed_count), ("done", False, 0))
        running = self.env["sale.subscription"].search(
            [("company_id", "=", self.company.id), ("is_running", "=", True)]
        )
        self.assertEqual(set(running.mapped("churn_scored_by")), {"scorecard"})
        self.assertGreater(len(set(running.mapped("churn_score"))), 20)
