# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""RavenStack: 500 customers with 5,000 subscriptions, tickets and usage.

The files lie beside the checkout, in ``../shared/data``; without them these tests skip.
"""

from freezegun import freeze_time

from odoo.tests import tagged

from .common import day
from .real_history import HistoryCase
from .real_segments import SegmentsCase

AS_OF = day("2024-12-31")


# The tag lets the test command run it beside the others.
@tagged("post_install", "-at_install", "slow", "whole_history")
@freeze_time("2024-12-31 12:00:00")
class TestRealRavenstack(HistoryCase, SegmentsCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.frame = cls.import_file("ravenstack", AS_OF)
        cls.tickets = cls.import_tickets()
        cls.features, _stored = cls.import_usage()

    def test_history(self):
        """It arrives to the cent, and adds up every month."""
        self.assertSummary(
            AS_OF, customers=500, running=4514, ended=486, contracted=10159608.0
        )
        subscriptions = self.env["sale.subscription"].search(
            [("company_id", "=", self.company.id)]
        )
        self.assertEqual(
            len(subscriptions.filtered(lambda s: s.end_date == s.first_start_date)), 13
        )
        trials = subscriptions.filtered(
            lambda s: not any(s.sale_subscription_line_ids.mapped("price_subtotal"))
        )
        self.assertEqual(len(trials), 778)
        self.assertMonthsAddUp(
            self.frame, AS_OF, self.frame["start"].min().replace(day=1)
        )
        for grace, onboarding, stability, loyal in (
            (7, 1833, 2095, 586),
            (0, 1856, 2076, 582),
        ):
            self.company.subscription_grace_days = grace
            self.refresh(AS_OF)
            counts = self.assertLifecycle(self.frame, AS_OF, grace)
            # How many exactly depends on which of several successors is taken.
            self.assertAlmostEqual(counts["onboarding"], onboarding, delta=5)
            self.assertAlmostEqual(counts["stability"], stability, delta=5)
            self.assertAlmostEqual(counts["loyal"], loyal, delta=5)
            self.assertEqual(sum(counts.values()), 4514)

    def test_segments(self):
        """The members of the shipped ones are those that their words say."""
        tickets, features = self.tickets, self.features
        stages = tickets.stage_id.search([("closed", "=", False)])
        tickets[::4].with_context(tracking_disable=True).stage_id = stages[:1]
        tickets[::8].priority = "3"
        features[:3].is_key = True
        plans = self.env["sale.subscription"].search([]).template_id
        plans[:1].is_premium = True
        plans.feature_limit_ids = [
            (0, 0, {"feature_id": feature.id, "usage_limit": 20})
            for feature in features[:2]
        ]
        customers = self.env["subscription.customer"].search([])
        for giver, partner in zip(
            customers[::5].partner_id, customers[1::5].partner_id, strict=False
        ):
            partner.referred_by_id = giver
        self.env["subscription.nps"].create(
            [
                {
                    "partner_id": customer.partner_id.id,
                    "company_id": self.company.id,
                    "date": "2024-12-01",
                    "score": number % 11,
                }
                for number, customer in enumerate(customers[::3])
            ]
        )
        # Raised afterwards, a ticket would be urgent that was not when Star was found.
        self.env["subscription.segment"].search([]).ticket_priority = False
        self.refresh(AS_OF)
        counts = self.assertMembers(AS_OF)
        empty = {key for key, count in counts.items() if not count}
        # No invoice is imported and no price changes, all began less than 24 months
        # ago, and all customers have several, of which some run.
        self.assertEqual(
            empty,
            {"payment_late", "downgraded_recently", "loyal_24_months", "win_back"},
            counts,
        )
        self.assertSettled(AS_OF)

    def test_churn_is_refused(self):
        """Nobody can tell who leaves: it says so, and the scorecard scores."""
        model = self.env["subscription.churn.model"]._request(self.company)
        model._train(lambda: True)
        self.assertEqual((model.state, model.error), ("refused", False))
        self.assertGreater(model.churn_count, 50)
        self.assertTrue(model.refusal)
        run = self.env["subscription.refresh"]._refresh_company(
            self.company, AS_OF, lambda: True
        )
        self.assertEqual((run.state, run.error, run.failed_count), ("done", False, 0))
        running = self.env["sale.subscription"].search(
            [("company_id", "=", self.company.id), ("is_running", "=", True)]
        )
        self.assertEqual(set(running.mapped("churn_scored_by")), {"scorecard"})
        self.assertGreater(len(set(running.mapped("churn_score"))), 20)
