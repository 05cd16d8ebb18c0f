# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import json

import pandas as pd
from freezegun import freeze_time

from odoo.tests import tagged

from ..analytics.churn.reasons import reasons
from .common import SubscriptionCase, day


@tagged("post_install", "-at_install")
@freeze_time("2025-06-30 12:00:00")
class TestChurnScoring(SubscriptionCase):
    """Scores by the scorecard, what follows of them, and what is kept of the past."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Rule = cls.env["subscription.scorecard.rule"]
        cls.Rule.search([]).active = False
        # Two signals that every subscription of these tests has.
        cls.rules = cls.Rule.create(
            [
                {
                    "company_id": cls.company.id,
                    "signal": "tenure_months",
                    "weight": 3,
                    "no_risk": 24,
                    "full_risk": 0,
                },
                {
                    "company_id": cls.company.id,
                    "signal": "mrr",
                    "weight": 1,
                    "no_risk": 100,
                    "full_risk": 0,
                },
            ]
        )
        cls.new = cls.subscribe(cls.make_partner("New"), 10, "2025-06-15")
        cls.old = cls.subscribe(cls.make_partner("Old"), 100, "2020-01-15")
        cls.gone = cls.subscribe(
            cls.make_partner("Gone"), 50, "2024-01-15", "2025-01-15"
        )

    def refresh(self, as_of=None):
        run = self.env["subscription.refresh"]._refresh_company(
            self.company, as_of or self.as_of, lambda: True
        )
        self.assertEqual((run.state, run.error), ("done", False))
        self.env.invalidate_all()
        return run

    def test_scores_by_the_scorecard(self):
        """Points by the weighted rules, and the band they lie in."""
        self.refresh()
        # 3/4 of 100 for no month of tenure, 1/4 of 90 for 10 of MRR
        self.assertEqual(self.new.churn_score, 97.5)
        self.assertEqual(self.new.churn_risk, "high")
        self.assertEqual(self.new.churn_scored_by, "scorecard")
        self.assertEqual(self.new.mrr_at_risk, 10)
        self.assertEqual(self.old.churn_score, 0)
        self.assertEqual((self.old.churn_risk, self.old.mrr_at_risk), ("low", 0))
        self.assertEqual((self.gone.churn_state, self.gone.churn_risk), (False, False))

    def test_reasons_add_up(self):
        """The reasons of a score by points come to the score."""
        self.refresh()
        reasons = self.new.churn_reasons
        self.assertEqual(reasons[0][0], "tenure_months")
        self.assertAlmostEqual(sum(reason[1] for reason in reasons), 97.5, places=1)

    def test_twice_changes_nothing(self):
        self.refresh()
        subscriptions = self.new | self.old | self.gone
        history = self.env["subscription.score.history"].search([])
        before = self.versions(subscriptions), self.versions(history)
        self.assertEqual(self.refresh().changed_count, 0)
        self.assertEqual((self.versions(subscriptions), self.versions(history)), before)

    def test_missing_is_not_zero(self):
        """Fewer than two known signals: not enough data, and no score."""
        self.rules[0].signal = "satisfaction_last"
        self.refresh()
        self.assertEqual(self.new.churn_state, "not_enough_data")
        self.assertFalse(self.new.churn_scored_by)
        self.assertFalse(self.new.churn_risk)

    def test_notice_is_not_predicted(self):
        self.env["subscription.notice"].create(
            {
                "subscription_id": self.new.id,
                "date": day("2025-06-20"),
                "end_date": day("2025-08-01"),
            }
        )
        self.refresh()
        self.assertEqual(self.new.churn_state, "not_applicable")
        self.assertFalse(self.new.churn_risk)

    def test_a_person_overrides_until_a_day(self):
        """What a person says holds until her day; the scored risk stays beside it."""
        self.new._override_churn_risk("low", "Talked to them", day("2025-07-10"))
        self.refresh()
        self.assertEqual(
            (self.new.churn_risk, self.new.churn_risk_scored), ("low", "high")
        )
        self.assertEqual(self.new.mrr_at_risk, 0)
        with freeze_time("2025-07-11 12:00:00"):
            self.refresh(day("2025-07-11"))
        self.assertEqual(self.new.churn_risk, "high")

    def test_risk_has_inertia(self):
        """A high risk stays high until the score falls below where it ends."""
        self.refresh()
        self.rules[0].weight = 1
        self.rules[1].write({"no_risk": 30, "full_risk": 20})
        # now 55 points or so: not enough to become high, enough to stay
        self.rules[0].write({"no_risk": 1, "full_risk": -1})
        self.rules[1].write({"no_risk": 15, "full_risk": 5})
        with freeze_time("2025-07-01 12:00:00"):
            self.refresh(day("2025-07-01"))
        self.assertEqual(self.new.churn_score, 50)
        self.assertEqual(self.new.churn_risk, "high")
        newer = self.subscribe(self.make_partner("Newer"), 10, "2025-06-25")
        with freeze_time("2025-07-01 12:00:00"):
            self.refresh(day("2025-07-01"))
        self.assertEqual((newer.churn_score, newer.churn_risk), (50, "medium"))

    def test_points_and_probabilities_do_not_compare(self):
        """A risk by points does not hold against a model's probability."""
        self.refresh()
        self.env["subscription.score.history"].search([]).churn_scored_by = "model"
        self.rules[0].write({"no_risk": 1, "full_risk": -1})
        self.rules[1].write({"no_risk": 15, "full_risk": 5})
        self.env.flush_all()
        with freeze_time("2025-07-01 12:00:00"):
            self.refresh(day("2025-07-01"))
        self.assertEqual((self.new.churn_score, self.new.churn_risk), (50, "medium"))

    def test_the_past_is_not_rewritten(self):
        """A refresh as of a day before leaves kept scores and notices alone."""
        self.refresh()
        History = self.env["subscription.score.history"]
        before = self.versions(History.search([]))
        self.refresh(day("2025-06-20"))
        self.assertEqual(self.versions(History.search([])), before)

    def test_history_is_kept_once_a_month_and_at_each_change(self):
        History = self.env["subscription.score.history"]
        self.refresh()
        for text in ("2025-07-01", "2025-07-02", "2025-07-03"):
            with freeze_time(f"{text} 12:00:00"):
                self.refresh(day(text))
        kept = History.search([("subscription_id", "=", self.new.id)], order="date")
        self.assertEqual(kept.mapped("date"), [day("2025-06-30"), day("2025-07-01")])
        self.rules.unlink()
        self.rules = self.Rule.create(
            [
                {
                    "company_id": self.company.id,
                    "signal": name,
                    "no_risk": 0,
                    "full_risk": -1,
                }
                for name in ("mrr", "tenure_months")
            ]
        )
        with freeze_time("2025-07-04 12:00:00"):
            self.refresh(day("2025-07-04"))
        self.assertEqual(self.new.churn_risk, "low")
        kept = History.search([("subscription_id", "=", self.new.id)], order="date")
        self.assertEqual(kept[-1].date, day("2025-07-04"))
        self.assertEqual(len(kept), 3)
        self.assertLess(self.new.churn_score_change, 0)

    def test_customer_sums_up(self):
        """Score weighted by MRR, the highest risk, sums of the rest."""
        partner = self.make_partner("Two")
        new = self.subscribe(partner, 10, "2025-06-15")
        old = self.subscribe(partner, 90, "2020-01-15")
        self.refresh()
        customer = self.customer(partner)
        weighted = (10 * new.churn_score + 90 * old.churn_score) / 100
        self.assertAlmostEqual(customer.churn_score, round(weighted, 1))
        self.assertEqual(customer.churn_risk, "high")
        self.assertEqual(customer.mrr_at_risk, 10)
        self.assertAlmostEqual(customer.clv, new.clv + old.clv, places=2)

    def test_value(self):
        """CLV lies between its bounds; revenue so far counts what ran."""
        self.refresh()
        for subscription in self.new | self.old:
            self.assertLessEqual(subscription.clv_lower, subscription.clv)
            self.assertLessEqual(subscription.clv, subscription.clv_upper)
        self.assertGreater(self.old.clv, self.new.clv)
        self.assertFalse(self.gone.clv)
        # a year of 50, without invoices
        self.assertAlmostEqual(self.gone.realised_revenue, 366 / 30.4375 * 50, delta=1)

    def test_high_value_is_a_share(self):
        self.company.subscription_high_value_percent = 50
        self.refresh()
        self.assertTrue(self.old.is_high_value)
        self.assertFalse(self.new.is_high_value)

    def test_companies_do_not_meet(self):
        """Rules and scores of one company never touch another (invariant 4)."""
        other = self.make_company("Other")
        self.refresh()
        before = self.new.churn_score
        theirs = self.subscribe(
            self.make_partner("Theirs"), 10, "2025-06-15", company=other
        )
        self.Rule.create(
            {
                "company_id": other.id,
                "signal": "mrr",
                "no_risk": 1000,
                "full_risk": 0,
            }
        )
        self.env["subscription.refresh"]._refresh_company(
            other, self.as_of, lambda: True
        )
        self.refresh()
        self.assertEqual(self.new.churn_score, before)
        self.assertEqual(theirs.churn_state, "not_enough_data")

    def test_reasons_survive_any_text(self):
        """A category with quotes and commas is kept as it is."""
        texts = reasons(
            pd.DataFrame({"payment_method": [0.5]}, [self.new.id]),
            pd.DataFrame({"payment_method": ['Cheque, "crossed"']}, [self.new.id]),
        )
        self.assertEqual(
            json.loads(texts.iloc[0]), [["payment_method", 0.5, 'Cheque, "crossed"']]
        )
