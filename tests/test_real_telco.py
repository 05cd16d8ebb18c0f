# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Telco: 7,043 customers of whom one in four leaves, and it can be told who.

The file lies beside the checkout, in ``../shared/data``; without it these tests skip.
"""

from freezegun import freeze_time

from odoo.tests import tagged

from ..analytics.churn.panel import Horizon
from ..models.churn_backtest import backtest
from .common import day
from .real_history import HistoryCase
from .real_segments import SegmentsCase

AS_OF = day("2020-02-01")


# The tag lets the test command run it beside the others.
@tagged("post_install", "-at_install", "slow", "whole_history")
@freeze_time("2020-02-01 12:00:00")
class TestRealTelco(HistoryCase, SegmentsCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.frame = cls.import_file("telco", AS_OF)
        cls.refresh(AS_OF)

    def test_history(self):
        """It arrives to the cent, and adds up every month."""
        self.assertSummary(
            AS_OF,
            customers=7043,
            active_customers=5174,
            running=5174,
            ended=1869,
            contracted=316985.75,
            effective=316985.75,
        )
        ended = self.frame[self.frame["end"] <= AS_OF]
        ends = self.env["sale.subscription"]._read_group(
            [("company_id", "=", self.company.id), ("end_date", "!=", False)],
            ["end_date:day"],
            ["__count"],
        )
        self.assertEqual(
            {end: count for end, count in ends},
            ended["end"].value_counts().to_dict(),
        )
        self.assertMonthsAddUp(self.frame, AS_OF, day("2013-10-01"))
        self.assertSecondRunWritesNothing("telco", AS_OF)
        self.assertEqual(
            self.assertLifecycle(self.frame, AS_OF, 7),
            {"onboarding": 359, "stability": 711, "loyal": 4104},
        )
        self.assertRfm(self.frame, AS_OF)
        self.assertEqual(self.refresh(AS_OF).changed_count, 0)

    def test_segments(self):
        """The members of the shipped ones are those that their words say."""
        counts = self.assertMembers(AS_OF)
        # All 1,869 that left did so in the last four months.
        self.assertEqual(counts["win_back"], 1869)
        for key in ("onboarding", "loyal_24_months", "best_customers"):
            self.assertGreater(counts[key], 100, counts)
        # Nothing is known of payments, usage and tickets: nobody is said to be late.
        for key in ("payment_late", "silent", "star", "onboarding_stuck"):
            self.assertEqual(counts[key], 0, counts)
        self.assertSettled(AS_OF)

    def test_churn_forward(self):
        """Learned by November, it tells who of December's leaves in January."""
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
