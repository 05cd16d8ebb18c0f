# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Churn risk, its reasons, models and scorecard as people see them."""

from ast import literal_eval
from datetime import timedelta

import pandas as pd
from freezegun import freeze_time
from lxml import etree

from odoo.exceptions import AccessError
from odoo.tests import HttpCase, tagged

from ..analytics.churn.scorecard import Scorecard
from .common import MODULE, SubscriptionCase

LEAVES, STAYS = 0.7, -0.4
#: A training's report as analytics/churn/model.py makes it, in short.
MEASURED = {
    "n": 400,
    "churns": 60,
    "auc": 0.81,
    "calibration": [
        {"n": 200, "predicted": 0.05, "observed": 0.04},
        {"n": 200, "predicted": 0.3, "observed": 0.26},
    ],
    "gain": [[0, 0], [0.1, 0.41], [0.5, 0.9], [1, 1]],
}
REPORT = {
    "rows": 400,
    "rows_fitted": 400,
    "churns": 60,
    "groups": 380,
    "choice": {
        "candidates": [
            {
                "name": name,
                "log_loss": log_loss,
                "log_loss_sd": 0.01,
                "auc": 0.8,
                "calibrated": False,
            }
            for name, log_loss in (("logistic", 0.312), ("boosting", 0.311))
        ],
        "chosen": "logistic",
        "best": "boosting",
        "why": "simpler",
    },
    "calibration": {"used": False, "slope": 1.0, "shift": 0.0},
    "cross_validated": MEASURED,
    "forward": {
        **MEASURED,
        "from": "2025-04-30T00:00:00",
        "trained_on": 300,
        "trained_until": "2025-01-31T00:00:00",
    },
    "importances": {"tenure_months": 0.8, "logins_change": 0.4, "mrr": 0.0},
    "leaks": [{"column": "mrr", "why": "auc", "auc": 0.97}],
    "ignored": {"nps": "empty"},
    "explanation": "exact",
    "versions": {"scikit-learn": "1.7.0", "skops": "0.13.0"},
    "data": "0123456789abcdef" * 4,
    "seed": 0,
}


class ChurnScreenCase(SubscriptionCase):
    def scored(self, name="Ada", score=70.0, risk="high", **values):
        """Return a running subscription with a score, and its customer's risk."""
        subscription = self.subscribe(self.make_partner(name), 10)
        subscription.write(
            {
                "churn_state": "scored",
                "churn_score": score,
                "churn_risk": risk,
                "churn_risk_scored": risk,
                "churn_scored_by": "scorecard",
                "scored_on": self.company._subscription_today(),
                **values,
            }
        )
        subscription.customer_id.write({"churn_risk": risk, "churn_score": score})
        return subscription

    def keep(self, subscription, date, risk, score=50.0, **values):
        """Keep a score of the past."""
        return self.env["subscription.score.history"].create(
            {
                "subscription_id": subscription.id,
                "company_id": subscription.company_id.id,
                "date": date,
                "churn_score": score,
                "churn_risk_scored": risk,
                "churn_scored_by": "scorecard",
                **values,
            }
        )

    def make_model(self, **values):
        return self.env["subscription.churn.model"].create(
            {
                "company_id": self.company.id,
                "known_by": self.as_of,
                "horizon": "90d",
                "state": "trained",
                "algorithm": "logistic",
                "report": REPORT,
                "recall": 0.41,
                "forward_recall": 0.41,
                "auc": 0.81,
                **values,
            }
        )


@tagged("post_install", "-at_install")
class TestChurnScreens(ChurnScreenCase):
    def find(self, name, model="sale.subscription"):
        """Return what a filter finds in the company."""
        arch = etree.fromstring(self.env[model].get_view(None, "search")["arch"])
        (domain,) = arch.xpath(f"//filter[@name='{name}']/@domain")
        return self.env[model].search(
            [("company_id", "=", self.company.id), *literal_eval(domain)]
        )

    # --- filters and groups -----------------------------------------------------------

    def test_risk_filters(self):
        high = self.scored("High", is_high_value=True)
        medium = self.scored("Medium", 40, "medium")
        low = self.scored("Low", 10, "low", is_high_value=True)
        unknown = self.subscribe(self.make_partner("Unknown"), 10)
        unknown.churn_state = "not_enough_data"
        self.assertEqual(self.find("high_risk"), high)
        self.assertEqual(self.find("medium_risk"), medium)
        self.assertEqual(self.find("high_value_at_risk"), high)
        self.assertEqual(self.find("churn_not_enough_data"), unknown)
        customers = self.find("high_risk", "subscription.customer")
        self.assertEqual(customers, high.customer_id)
        self.assertNotIn(low, self.find("high_value_at_risk"))

    def test_score_ranges(self):
        """A limit belongs to the range above; what is not scored is in none."""
        scores = (0, 19.9, 20, 60, 79.9, 80, 100)
        some = {score: self.scored(str(score), score) for score in scores}
        self.subscribe(self.make_partner("Unknown"), 10)
        expected = {
            "80": some[80] | some[100],
            "60": some[60] | some[79.9],
            "40": self.env["sale.subscription"],
            "20": some[20],
            "0": some[0] | some[19.9],
        }
        own = [("company_id", "=", self.company.id)]
        groups = dict(
            self.env["sale.subscription"]._read_group(
                own, ["churn_score_range"], ["id:recordset"]
            )
        )
        for name, subscriptions in expected.items():
            with self.subTest(name):
                self.assertEqual(self.find(f"churn_score_{name}"), subscriptions)
                found = subscriptions.search([*own, ("churn_score_range", "=", name)])
                self.assertEqual(found, subscriptions)
                self.assertEqual(groups.get(name, found.browse()), subscriptions)
                for subscription in subscriptions:
                    self.assertEqual(subscription.churn_score_range, name)
        self.assertEqual(len(groups[False]), 1)

    @freeze_time("2025-07-03 12:00:00")
    def test_changed_this_week(self):
        """A kept row is a change only where its risk differs from the one before."""
        some = {}
        for name, rows in {
            "first": [("2025-07-01", "high")],
            "same": [("2025-06-02", "high"), ("2025-07-01", "high")],
            "changed": [("2025-06-02", "low"), ("2025-07-01", "high")],
            "back": [
                ("2025-06-02", "low"),
                ("2025-06-28", "high"),
                ("2025-07-01", "low"),
            ],
            "long ago": [("2025-05-02", "low"), ("2025-06-26", "high")],
        }.items():
            some[name] = self.scored(name)
            for date, risk in rows:
                self.keep(some[name], date, risk)
        changed = some["changed"] | some["back"]
        self.assertEqual(self.find("churn_risk_changed"), changed)
        everyone = self.env["sale.subscription"].union(*some.values())
        self.assertEqual(everyone.filtered("churn_risk_changed"), changed)

    def test_partners_are_found_by_their_customers_risk(self):
        subscription = self.scored()
        nobody = self.make_partner("Nobody")
        unscored = self.subscribe(self.make_partner("Unscored"), 10).partner_id
        for partner in subscription.partner_id | nobody | unscored:
            partner.company_id = self.company
        Partner = self.env["res.partner"]
        own = [("company_id", "=", self.company.id)]
        found = Partner.search([*own, ("customer_churn_risk", "=", "high")])
        self.assertEqual(found, subscription.partner_id)
        # What was not scored has no score, which is not one below 100.
        found = Partner.search([*own, ("customer_churn_score", "<", 100)])
        self.assertEqual(found, subscription.partner_id)
        found = Partner.search([*own, ("customer_churn_score", "=", False)])
        self.assertLessEqual(nobody | unscored, found)
        self.assertNotIn(subscription.partner_id, found)

    # --- words ------------------------------------------------------------------------

    def test_reasons_are_sentences(self):
        for name, value, text in (
            ("overdue_days", 34, "Overdue for 34 days"),
            ("overdue_days", 1, "Overdue for 1 day"),
            ("overdue_days", 0, "No payment is overdue"),
            ("late_share", 0.666, "67 % of the last invoices were paid late"),
            (
                "logins_change",
                -62,
                "Logins: down 62 % against the 30 days before",
            ),
            ("logins_change", 20, "Logins: up 20 % against the 30 days before"),
            ("days_since_use", 45, "Last used 45 days ago"),
            ("tenure_months", 1, "With us for 1 month"),
            ("tenure_months", 0, "With us for less than a month"),
            ("nps", 3, "NPS answer: 3 of 10"),
            ("payment_method", "Mailed check", "Payment method: Mailed check"),
            ("product_count", 3, "Products: 3"),
            ("tickets_open", None, "Open tickets: not known"),
        ):
            with self.subTest(signal=name, value=value):
                subscription = self.scored(churn_reasons=[[name, LEAVES, value]])
                self.assertEqual(subscription.churn_reason.lower(), text.lower())

    def test_reasons_on_products(self):
        product = self.get_product()
        column = f"product_{product.id}"
        reasons = [[column, LEAVES, 0], ["product_0", STAYS, 1]]
        insight = self.scored(churn_reasons=reasons).churn_insight
        name = product.display_name
        self.assertEqual(insight["raise"][0]["text"], f"Does not hold {name}")
        self.assertEqual(insight["lower"][0]["text"], "Holds product_0")

    def test_reasons_raise_or_lower(self):
        insight = self.scored(
            churn_reasons=[
                ["overdue_days", 0.8, 34],
                ["late_share", 0.2, 0.5],
                ["tenure_months", STAYS, 30],
            ]
        ).churn_insight
        signals = {
            way: [reason["signal"] for reason in insight[way]]
            for way in ("raise", "lower")
        }
        self.assertEqual(
            signals,
            {"raise": ["overdue_days", "late_share"], "lower": ["tenure_months"]},
        )
        shares = [reason["share"] for reason in insight["raise"]]
        self.assertEqual(shares, [1, 0.25])

    def test_no_reason_is_told_where_none_speaks_for_leaving(self):
        reasons = [["tenure_months", STAYS, 30]]
        self.assertFalse(self.scored(churn_reasons=reasons).churn_reason)

    @freeze_time("2025-06-30 12:00:00")
    def test_what_changed_since_the_score_kept_before(self):
        subscription = self.scored(
            churn_reasons=[["overdue_days", 3, 34], ["late_share", 1, 0.5]]
        )
        then = [["late_share", 1, 0.5], ["days_since_use", 2, 20]]
        self.keep(subscription, "2025-05-01", "low", churn_reasons=[])
        self.keep(subscription, "2025-06-01", "medium", churn_reasons=then)
        # That of today is the score itself.
        self.keep(subscription, "2025-06-30", "high", churn_reasons=[])
        insight = subscription.churn_insight
        self.assertEqual(insight["came"], ["Overdue for 34 days"])
        self.assertEqual(insight["went"], ["Last used 20 days ago"])
        self.assertEqual(insight["compared_with"], "Jun 1, 2025")
        self.assertEqual(
            [row[0][5:] for row in insight["history"]],
            [
                "05-01",
                "06-01",
                "06-30",
            ],
        )

    def test_says_what_the_score_is(self):
        subscription = self.scored()
        self.assertIn("not a probability", subscription.churn_note)
        subscription.churn_scored_by = "model"
        self.assertIn("within 90 days", subscription.churn_note)
        self.make_model(state="in_use", horizon="1m")
        subscription.invalidate_recordset(["churn_note"])
        self.assertIn("within 1 month", subscription.churn_note)
        subscription.churn_state = "not_enough_data"
        self.assertIn("not a score of 0", subscription.churn_note)
        subscription.write(
            {"churn_state": "not_applicable", "notice_end_date": "2025-08-01"}
        )
        self.assertIn("Aug 1, 2025", subscription.churn_note)
        subscription.churn_state = subscription.churn_scored_by = False
        self.assertIn("Not scored yet", subscription.churn_note)

    # --- what was predicted and what happened -----------------------------------------

    def outcome(self, subscription):
        """Return when each kept score's subscription left, by the day of the score."""
        self.env.invalidate_all()
        rows = self.env["subscription.churn.outcome"].search(
            [("subscription_id", "=", subscription.id)], order="date"
        )
        return [(str(row.date), row.left_date and str(row.left_date)) for row in rows]

    @freeze_time("2025-06-30 12:00:00")
    def test_outcome(self):
        for name, end, left in (
            ("within", "2025-04-01", "2025-04-01"),
            ("on the last day", "2025-04-03", "2025-04-03"),
            ("after", "2025-04-04", False),
            ("stays", None, False),
        ):
            subscription = self.subscribe(self.make_partner(name), 10, end=end)
            self.keep(subscription, "2025-01-03", "high")
            with self.subTest(name):
                self.assertEqual(self.outcome(subscription), [("2025-01-03", left)])

    @freeze_time("2025-06-30 12:00:00")
    def test_outcome_is_told_when_the_horizon_has_passed(self):
        """And with it the days in which a successor may still begin."""
        subscription = self.subscribe(self.make_partner(), 10)
        # 90 days of horizon and 7 of grace
        for date in ("2025-03-24", "2025-04-25"):
            self.keep(subscription, date, "high")
        self.assertEqual(self.outcome(subscription), [("2025-03-24", False)])
        self.company.subscription_churn_horizon_days = 30
        self.assertEqual(len(self.outcome(subscription)), 2)

    @freeze_time("2025-06-30 12:00:00")
    def test_outcome_counts_the_first_score_of_a_month(self):
        """Who moves from risk to risk does not count more often than others."""
        subscription = self.subscribe(self.make_partner(), 10)
        for date, risk in (
            ("2025-01-02", "low"),
            ("2025-01-20", "high"),
            ("2025-02-01", "high"),
        ):
            self.keep(subscription, date, risk)
        dates = [date for date, _left in self.outcome(subscription)]
        self.assertEqual(dates, ["2025-01-02", "2025-02-01"])

    @freeze_time("2025-06-30 12:00:00")
    def test_outcome_of_those_who_go_on(self):
        """A successor continues it, as does a new start within the grace."""
        partner = self.make_partner()
        old = self.subscribe(partner, 10, end="2025-02-15")
        new = self.subscribe(partner, 10, "2025-02-17")
        new.predecessor_id = old
        self.keep(old, "2025-01-03", "high")
        self.assertEqual(self.outcome(old), [("2025-01-03", False)])
        new.predecessor_id = False
        self.assertEqual(self.outcome(old), [("2025-01-03", "2025-02-15")])

    @freeze_time("2025-06-30 12:00:00")
    def test_notice_is_an_outcome(self):
        subscription = self.subscribe(self.make_partner(), 10)
        self.keep(subscription, "2025-01-03", "high")
        notice = self.env["subscription.notice"].create(
            {
                "subscription_id": subscription.id,
                "date": "2025-03-01",
                "known_on": "2025-03-01",
                "end_date": "2025-12-31",
            }
        )
        self.assertEqual(self.outcome(subscription), [("2025-01-03", "2025-03-01")])
        notice.action_withdraw()
        self.assertEqual(self.outcome(subscription), [("2025-01-03", False)])

    @freeze_time("2025-06-30 12:00:00")
    def test_outcome_of_other_companies_is_theirs(self):
        """Invariant 4."""
        other = self.make_company("Other")
        subscription = self.subscribe(self.make_partner(), 10, company=other)
        self.keep(subscription, "2025-01-03", "high")
        user = self.make_user("user")
        Outcome = self.as_user(self.env["subscription.churn.outcome"], user)
        self.assertFalse(Outcome.search([]))

    # --- models and scorecard ---------------------------------------------------------

    def test_summary_of_a_training(self):
        summary = self.make_model(drift=[]).summary
        self.assertEqual(
            [(one["label"], one["chosen"]) for one in summary["candidates"]],
            [("Logistic", True), ("Boosted trees", False)],
        )
        self.assertIn("Boosted trees was better by no more", summary["choice"])
        # The labels of the signals; what weighs nothing is left out.
        self.assertEqual(
            [(one["name"], one["share"]) for one in summary["signals"]],
            [("tenure_months", 1), ("logins_change", 0.5)],
        )
        self.assertNotEqual(summary["signals"][1]["label"], "logins_change")
        self.assertIn("0.970", summary["leaks"][0])
        self.assertEqual(len(summary["measured"]), 2)

    def test_a_refused_training_opens(self):
        model = self.make_model(
            state="refused", report=False, refusal="3 of 20 left", algorithm=False
        )
        self.assertFalse(model.summary)
        self.assertEqual(model.verdict, "3 of 20 left")

    def test_only_managers_see_models_and_rules(self):
        names = ("subscription.churn.model", "subscription.scorecard.rule")
        for kind in ("user", "agent", "salesperson"):
            user = self.make_user(kind)
            for name in names:
                with self.subTest(kind, model=name), self.assertRaises(AccessError):
                    self.as_user(self.env[name], user).search([])
        manager = self.make_user("manager")
        for name in names:
            self.as_user(self.env[name], manager).search([])

    def test_rules_to_begin_with(self):
        rules = self.env["subscription.scorecard.rule"]
        rules = rules.search([("company_id", "=", False)])
        self.assertTrue(all(rules.mapped("reason")))
        signals = rules.mapped("signal")
        self.assertCountEqual(signals, set(signals))
        card = Scorecard(rules._rules(self.company))
        healthy = {rule.signal: rule.no_risk for rule in rules}
        ill = {rule.signal: rule.full_risk for rule in rules}
        scores = card.score(pd.DataFrame([healthy, ill], dtype=float))
        self.assertEqual(scores.tolist(), [0, 100])
        self.assertAlmostEqual(sum(rules.mapped("weight_share")), 1)

    @freeze_time("2025-06-30 12:00:00")
    def test_scorecard_is_tested(self):
        """It tells what the refresh would store, and stores nothing."""
        self.env["subscription.scorecard.rule"].create(
            [
                {
                    "company_id": self.company.id,
                    "signal": name,
                    "weight": weight,
                    "no_risk": no_risk,
                    "full_risk": 0,
                }
                for name, weight, no_risk in (
                    ("tenure_months", 3, 24),
                    ("mrr", 1, 100),
                    ("nps", 1, 10),
                )
            ]
        )
        self.subscribe(self.make_partner("Old"), 100, "2020-01-15")
        new = self.subscribe(self.make_partner("New"), 10, "2025-06-15")
        manager = self.make_user("manager")
        rules = self.as_user(self.env["subscription.scorecard.rule"], manager)
        action = rules.action_test()
        test = rules.env[action["res_model"]].browse(action["res_id"])
        self.assertEqual(test.range_ids.mapped("count"), [1, 0, 0, 0, 1, 0])
        test.subscription_id = new
        test.action_score()
        self.assertEqual(test.points, 97.5)
        self.assertEqual(test.line_ids.mapped("added"), [75, 22.5, 0])
        self.assertEqual(test.line_ids.mapped("is_known"), [True, True, False])
        self.assertEqual(test.line_ids[2].value, "not known")
        self.assertFalse(new.churn_state)


@tagged("post_install", "-at_install")
class TestChurnTours(ChurnScreenCase, HttpCase):
    """The main paths in a browser."""

    def test_agent_sees_who_is_about_to_leave_and_why(self):
        ada = self.scored(
            "Ada",
            72.5,
            churn_reasons=[
                ["overdue_days", 20, 34],
                ["tenure_months", STAYS, 30],
            ],
            mrr_at_risk=10,
        )
        today = self.company._subscription_today()
        self.keep(ada, today - timedelta(days=70), "low", 10, churn_reasons=[])
        self.keep(ada, today - timedelta(days=40), "medium", 40, churn_reasons=[])
        self.scored("Bob", 5, "low")
        user = self.make_user("agent", login="churn")
        self.start_tour(
            "/odoo/action-subscription_oca.sale_subscription_action",
            f"{MODULE}_churn",
            login=user.login,
        )

    def test_manager_judges_a_model_and_tests_the_scorecard(self):
        self.make_model()
        self.subscribe(self.make_partner("Ada"), 10)
        user = self.make_user("manager", login="churn")
        self.start_tour("/odoo/churn-models", f"{MODULE}_churn_model", login=user.login)
