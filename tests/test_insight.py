# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Each score is explained by a sentence that follows from what is stored."""

from odoo.tests import tagged

from .common import SubscriptionCase, day

#: A monthly subscription as a refresh on 30 June 2025 leaves it; tests name the rest.
SCORED = {
    "rfm_recency": 12,
    "rfm_frequency": 24,
    "renewed_months": 24,
    "rfm_monetary": 30,
    "rfm_r": 5,
    "rfm_f": 5,
    "rfm_m": 3,
    "rfm_score": "553",
    "rfm_segment": "champions",
    "rfm_assumed": False,
    "lifecycle_stage": "loyal",
    "relationship_start_date": day("2023-06-18"),
    "tenure_months": 24,
    "tenure_band": "veteran",
    "next_renewal_date": day("2025-07-18"),
    "scored_on": day("2025-06-30"),
}


class InsightCase(SubscriptionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.partner = cls.make_partner("Ada")

    def scored(self, start="2023-06-18", end=None, plan=None, **values):
        """Return a subscription with scores, those of :data:`SCORED` unless told."""
        subscription = self.subscribe(
            self.partner, 30, start, end, template_id=(plan or self.plan).id
        )
        subscription.write({**SCORED, **values})
        return subscription


@tagged("post_install", "-at_install")
class TestInsight(InsightCase):
    # --- recency ----------------------------------------------------------------------

    def test_renewed_in_time(self):
        self.assertEqual(
            self.scored().insight_recency,
            "R 5: renewed 12 days ago, next renewal in 18 days",
        )

    def test_not_renewed_yet(self):
        subscription = self.scored(
            "2025-06-29",
            rfm_recency=1,
            rfm_frequency=0,
            next_renewal_date=day("2025-07-29"),
        )
        self.assertEqual(
            subscription.insight_recency,
            "R 5: started 1 day ago, next renewal in 29 days",
        )

    def test_overdue(self):
        """The last period began on 25 May and should have been renewed on 25 June."""
        subscription = self.scored("2023-06-25", rfm_r=4, rfm_recency=36)
        self.assertEqual(
            subscription.insight_recency,
            "R 4: renewal 5 days overdue, 1.16 periods after the last one began "
            "(R 4 up to 1.25)",
        )

    def test_long_overdue(self):
        subscription = self.scored("2023-06-25", rfm_r=1, rfm_recency=97)
        self.assertIn("renewal 66 days overdue", subscription.insight_recency)
        self.assertTrue(subscription.insight_recency.endswith("(R 1 beyond 2.00)"))

    def test_first_renewal_overdue(self):
        subscription = self.scored(
            "2025-05-25", rfm_r=4, rfm_recency=36, rfm_frequency=0
        )
        self.assertIn("R 4: first renewal 5 days overdue", subscription.insight_recency)

    def test_limits_are_those_of_the_company(self):
        self.company.subscription_recency_r4_ratio = 1.3
        subscription = self.scored("2023-06-25", rfm_r=4, rfm_recency=36)
        self.assertIn("(R 4 up to 1.30)", subscription.insight_recency)

    def test_the_period_is_that_of_the_plan(self):
        yearly = self.make_plan("Yearly", unit="years")
        subscription = self.scored(
            "2023-06-25", plan=yearly, rfm_r=4, rfm_recency=365 + 5 + 1
        )
        self.assertIn("renewal 6 days overdue", subscription.insight_recency)

    def test_a_period_of_the_31st_comes_back_to_the_31st(self):
        """28 February to 31 March: due on the 31st, one day before it was scored."""
        subscription = self.scored(
            "2024-01-31", rfm_r=4, rfm_recency=32, scored_on=day("2025-04-01")
        )
        self.assertIn("renewal 1 day overdue", subscription.insight_recency)

    def test_never_overdue_with_the_best_score(self):
        """Whatever the plan says today: R was 5 when it was scored."""
        subscription = self.scored(rfm_recency=90)
        self.assertNotIn("overdue", subscription.insight_recency)

    # --- frequency, monetary, segment -------------------------------------------------

    def test_frequency(self):
        self.assertEqual(
            self.scored().insight_frequency,
            "F 5: 24 renewals in a row, 24 months, in the top fifth of all",
        )
        self.assertEqual(
            self.scored(rfm_f=1, rfm_frequency=0, renewed_months=0).insight_frequency,
            "F 1: not renewed yet, in the bottom fifth of all",
        )
        weekly = self.scored(rfm_f=2, rfm_frequency=1, renewed_months=0.23)
        self.assertEqual(
            weekly.insight_frequency,
            "F 2: 1 renewal, 0.2 months, in the second fifth of all from the bottom",
        )

    def test_monetary(self):
        self.assertEqual(
            self.scored().insight_monetary.replace("\N{NO-BREAK SPACE}", " "),
            "M 3: MRR $ 30.00, in the middle fifth of all",
        )

    def test_segment(self):
        for f, m, mean in ((5, 3, "4"), (5, 4, "4.5, rounded up to 5")):
            self.assertEqual(
                self.scored(rfm_f=f, rfm_m=m).insight_segment,
                f"Champions: R 5, mean of F and M {mean}",
            )

    # --- lifecycle --------------------------------------------------------------------

    def test_lifecycle(self):
        for stage, limit in (
            ("onboarding", "stability from 3 months"),
            ("stability", "loyal from 12 months"),
            ("loyal", "from 12 months"),
        ):
            subscription = self.scored(lifecycle_stage=stage)
            self.assertEqual(
                subscription.insight_lifecycle,
                f"{stage.capitalize()}: 24 months since Jun 18, 2023 ({limit})",
            )

    def test_churned(self):
        subscription = self.subscribe(self.partner, 10, "2025-01-31", "2025-03-01")
        subscription.write({"lifecycle_stage": "churned", "tenure_months": 1})
        self.assertEqual(
            subscription.insight_lifecycle,
            "Churned: ended on Mar 1, 2025 after 1 month, without a successor",
        )
        self.assertEqual(
            subscription.insight_note,
            "Not scored, as it ended on Mar 1, 2025: only running subscriptions are.",
        )
        self.assertFalse(subscription.insight_recency)

    def test_continued_by_another(self):
        subscription = self.subscribe(self.partner, 10, "2025-01-31", "2025-03-01")
        self.subscribe(self.partner, 10, "2025-03-01")
        self.assertEqual(subscription.insight_lifecycle, "Ended on Mar 1, 2025")

    # --- notes ------------------------------------------------------------------------

    def test_nothing_to_note(self):
        self.assertFalse(self.scored().insight_note)

    def test_assumed(self):
        self.assertIn(
            "Renewals are assumed", self.scored(rfm_assumed=True).insight_note
        )

    def test_paused(self):
        subscription = self.scored()
        paused = self.state(subscription, 30, effective=0, paused=True)
        self.book(subscription, ("2025-06-20", "pause", paused))
        subscription.is_paused = True
        self.assertEqual(subscription.insight_note, "Paused since Jun 20, 2025.")

    def test_not_scored_yet(self):
        running = self.subscribe(self.partner)
        self.assertEqual(
            running.insight_note, "Not scored yet: the next refresh will score it."
        )
        not_started = self.make_subscription(self.partner)
        self.assertIn("it has not started", not_started.insight_note)

    def test_plan_without_a_period(self):
        """subscription_oca allows it, and the form must open all the same."""
        plan = self.make_plan("Odd", interval=0)
        subscription = self.scored(plan=plan, rfm_r=1, rfm_recency=99)
        self.assertIn("R 1: renewal", subscription.insight_recency)

    def test_new_record(self):
        self.assertIn(
            "it has not started", self.env["sale.subscription"].new({}).insight_note
        )

    # --- customers --------------------------------------------------------------------

    def test_customer(self):
        customer = self.subscribe(self.partner, 30, "2023-06-18").customer_id
        self.assertEqual(
            customer.insight_note, "Not scored yet: the next refresh will score it."
        )
        customer.write(SCORED)
        self.assertFalse(customer.insight_note)
        self.assertEqual(
            customer.insight_recency,
            "R 5: last renewal 12 days ago, next renewal on Jul 18, 2025",
        )
        self.assertIn("24 renewals in a row", customer.insight_frequency)
        self.assertIn("Loyal: 24 months since", customer.insight_lifecycle)

    def test_customer_who_left(self):
        customer = self.subscribe(
            self.partner, 10, "2025-01-31", "2025-03-01"
        ).customer_id
        customer.write({"lifecycle_stage": "churned", "tenure_months": 1})
        self.assertEqual(
            customer.insight_lifecycle, "Churned: left on Mar 1, 2025 after 1 month"
        )
        self.assertEqual(customer.insight_note, "Not scored, as no subscription runs.")

    def test_who_reads_it(self):
        subscription = self.scored()
        for kind in ("agent", "salesperson", "manager"):
            own = self.as_user(subscription, self.make_user(kind))
            self.assertTrue(own.insight_monetary)
