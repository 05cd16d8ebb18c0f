# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import base64
import pickle
import random
from datetime import date, timedelta

import pandas as pd
from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..analytics.churn.columns import Columns
from ..analytics.churn.panel import Horizon
from ..models.churn_panel import lives, outcome, panel
from .common import SubscriptionCase, day


@tagged("post_install", "-at_install")
@freeze_time("2025-06-30 12:00:00")
class TestChurnModel(SubscriptionCase):
    """Training on the company's own past, judging, using and refusing models."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Model = cls.env["subscription.churn.model"]

    def make_past(self, number=400, seed=1, leaving=None):
        """Import subscriptions of two plans, one of which is left ten times as often.

        :param leaving: chance to leave per month, by plan
        """
        leaving = leaving or {"Flex": 0.15, "Fix": 0.01}
        chance = random.Random(seed)
        rows = []
        for n in range(number):
            plan = ("Flex", "Fix")[n % 2]
            start = date(2024, 1, 1) + timedelta(days=chance.randrange(300))
            end, last = start, date(2025, 6, 20)
            while end < last:
                end += timedelta(days=chance.randrange(25, 35))
                if chance.random() < leaving[plan]:
                    break
            rows.append(
                {
                    "subscription_ref": f"S-{n}",
                    "customer_ref": f"C-{n}",
                    "customer_name": f"Customer {n}",
                    "plan": plan,
                    "start_date": str(start),
                    "end_date": str(end) if end < last else "",
                    "mrr": str(chance.randrange(10, 60)),
                    "payment_method": chance.choice(["Card", "Transfer"]),
                }
            )
        self.import_history(*rows)

    def train(self):
        model = self.Model._request(self.company)
        model._train(lambda: True)
        return model

    def refresh(self):
        run = self.env["subscription.refresh"]._refresh_company(
            self.company, self.as_of, lambda: True
        )
        self.assertEqual((run.state, run.error), ("done", False))
        self.env.invalidate_all()

    def running(self):
        return self.env["sale.subscription"].search(
            [("company_id", "=", self.company.id), ("is_running", "=", True)]
        )

    def test_train_use_and_score(self):
        """A model is trained, put to use by a person, and scores with reasons."""
        self.make_past()
        model = self.train()
        self.assertEqual((model.state, model.error), ("trained", False))
        self.assertGreater(model.auc_lower, 0.55)
        self.assertGreater(model.brier_skill, 0)
        self.assertIn("%", model.verdict)
        flex = self.env["sale.subscription.template"].search([("name", "=", "Flex")])
        by_plan = {
            row["value"]: row["observed"]
            for row in model.report["segments"]
            if row["column"] == "plan"
        }
        self.assertGreater(by_plan[str(flex.id)], 0.1)
        self.assertIn("Flex", [row["label"] for row in model.summary["segments"]])
        self.refresh()
        self.assertEqual(set(self.running().mapped("churn_scored_by")), {"scorecard"})
        model.action_activate()
        self.refresh()
        scored = self.running().filtered(lambda sub: sub.churn_state == "scored")
        self.assertEqual(set(scored.mapped("churn_scored_by")), {"model"})
        flex, fix = (
            scored.filtered(lambda sub, n=name: sub.template_id.name == n)
            for name in ("Flex", "Fix")
        )
        mean = {
            name: sum(subs.mapped("churn_score")) / len(subs)
            for name, subs in (("Flex", flex), ("Fix", fix))
        }
        self.assertGreater(mean["Flex"], 3 * mean["Fix"])
        self.assertIn("plan", [reason[0] for reason in flex[0].churn_reasons])

    def test_another_way_to_score_crosses_no_limit(self):
        """Health rules do not take points for percent."""
        Rule = self.env["subscription.health.rule"]
        Rule.search([]).active = False
        rules = Rule.create(
            [
                {
                    "name": f"{condition} {limit}",
                    "company_id": self.company.id,
                    "condition": condition,
                    "signal": "churn_score",
                    "limit": limit,
                }
                for condition in ("drops_below", "rises_above")
                for limit in (5, 10, 20, 40)
            ]
        )
        self.make_past()
        model = self.train()
        self.refresh()
        states = self.env["subscription.health.state"].search([])
        self.assertEqual(states.rule_id, rules)
        model.action_activate()
        self.refresh()
        self.assertIn("model", self.running().mapped("churn_scored_by"))
        self.assertFalse(rules.alert_ids)

    def test_nothing_to_learn(self):
        """Without a past there is no model, and it says why."""
        self.subscribe(self.make_partner(), 10, "2025-06-15")
        model = self.train()
        self.assertEqual(model.state, "refused")
        self.assertIn("scorecard", model.refusal)
        with self.assertRaises(UserError):
            model.action_activate()

    def test_too_few_churns(self):
        self.make_past(number=40)
        model = self.train()
        self.assertEqual(model.state, "refused")
        self.assertIn("50", model.refusal)

    def test_no_signal_is_refused(self):
        """Those who leave at random cannot be told from those who stay."""
        self.make_past(leaving={"Flex": 0.06, "Fix": 0.06})
        model = self.train()
        self.assertEqual(model.state, "refused")
        self.assertIn("AUC", model.refusal)
        with self.assertRaises(UserError):
            model.action_activate()

    def test_tampered_file_is_refused(self):
        """The scorecard takes over, and the managers are told (invariant 8)."""
        self.make_past()
        manager = self.make_user("manager")
        model = self.train()
        model.action_activate()
        model.artefact = base64.b64encode(pickle.dumps({"not": "a model"}))
        with mute_logger(
            "odoo.addons.subscription_segmentation.models.subscription_churn_model"
        ):
            self.refresh()
        self.assertEqual(model.state, "refused")
        self.assertEqual(set(self.running().mapped("churn_scored_by")), {"scorecard"})
        self.assertIn(manager, model.activity_ids.user_id)

    def test_file_that_cannot_be_read_is_not_put_to_use(self):
        self.make_past()
        model = self.train()
        model.artefact = base64.b64encode(b"not a model")
        with self.assertRaisesRegex(UserError, "cannot be put to use"):
            model.action_activate()
        self.assertEqual(model.state, "trained")

    def test_one_in_use_per_company(self):
        self.make_past()
        first = self.train()
        first.action_activate()
        second = first.copy({"state": "trained"})
        second.write(
            {
                "artefact": first.artefact,
                "artefact_digest": first.artefact_digest,
                "report": first.report,
            }
        )
        second.action_activate()
        self.assertEqual((first.state, second.state), ("trained", "in_use"))
        with self.assertRaises(UserError):
            second.action_archive()
        second.action_deactivate()
        second.action_archive()
        self.assertFalse(second.active)

    def test_panel_looks_at_the_past_only(self):
        """What happens later changes no earlier row (invariant 1)."""
        self.make_past(number=60)
        horizon = Horizon.parse("30d")
        before = panel(self.env, self.company, day("2025-03-31"), horizon)
        running = self.running().filtered(
            lambda sub: sub.first_start_date < day("2025-01-01")
        )
        running[0].stage_id = self.get_stage("post")
        running[1].sale_subscription_line_ids.price_unit = 500
        running[2].sale_subscription_line_ids = [self.new_line(5)]
        self.env.flush_all()
        self.env.cr.precommit.run()
        self.assertFalse(running[0].is_running)
        after = panel(self.env, self.company, day("2025-03-31"), horizon)
        pd.testing.assert_frame_equal(before.signals, after.signals)
        pd.testing.assert_series_equal(before.churned, after.churned)

    def test_plan_is_no_number_though_one_came_later(self):
        self.make_past(number=60)
        plan = self.make_plan("Brand New")
        for _number in range(6):
            self.subscribe(self.make_partner(), 10, "2025-03-15", template_id=plan.id)
        rows = panel(self.env, self.company, day("2025-05-31"), Horizon.parse("30d"))
        learned = Columns.learn(rows.signals).columns
        self.assertEqual(
            {c.name: c.kind for c in learned if c.name in ("plan", "payment_method")},
            {"plan": "category", "payment_method": "category"},
        )

    def test_successor_is_no_churn(self):
        partner = self.make_partner()
        old = self.subscribe(partner, 10, "2024-01-15", "2024-06-15")
        self.subscribe(partner, 20, "2024-06-18")
        runs = lives(self.env, self.company, self.as_of).set_index("subscription_id")
        self.assertTrue(runs.loc[old.id, "has_successor"])

    def test_drift_is_measured(self):
        self.make_past()
        model = self.train()
        model.action_activate()
        model._measure_drift()
        self.assertEqual(model.drift_date, self.as_of)
        self.assertTrue(model.drift)

    def test_nobody_writes_what_was_found(self):
        """A refused model is not put to use by writing its state."""
        self.make_past(number=40)
        model = self.as_user(self.train(), self.make_user("manager"))
        for values in ({"state": "in_use"}, {"artefact": b"", "artefact_digest": "1"}):
            with self.assertRaises(AccessError):
                model.write(values)
        model.active = False

    def test_who_gave_notice_is_not_learned_from(self):
        """Neither while it was open, whatever became of it later."""
        self.make_past(number=60)
        day_ = day("2025-03-31")
        saved = self.running().filtered(
            lambda sub: sub.first_start_date < day("2025-01-01")
        )[0]
        notice = self.env["subscription.notice"].create(
            {
                "subscription_id": saved.id,
                "date": day("2025-03-15"),
                "end_date": day("2025-08-01"),
                "known_on": day("2025-03-15"),
            }
        )
        notice.withdrawn_on = day("2025-04-10")
        past = lives(self.env, self.company, self.as_of)
        horizon = Horizon.parse("30d")
        found = outcome(self.env, self.company, past, day_, horizon)
        self.assertNotIn(saved.id, found.index)
        later = outcome(self.env, self.company, past, day("2025-04-30"), horizon)
        self.assertIn(saved.id, later.index)

    def test_one_that_fails_stops_no_other(self):
        """Invariant 9: all companies have their turn."""
        self.make_past(number=40)
        other = self.make_company("Other")
        self.subscribe(self.make_partner("Theirs"), 10, "2024-01-15", company=other)
        broken = self.Model.create(
            {
                "company_id": self.company.id,
                "known_by": self.as_of,
                "horizon": "90d",
                "state": "in_use",
            }
        )
        with (
            mute_logger(
                "odoo.addons.subscription_segmentation.models.subscription_churn_model",
                "odoo.addons.subscription_segmentation.models"
                ".subscription_churn_training",
            ),
            self.enter_registry_test_mode(),
        ):
            self.env.ref(
                "subscription_segmentation.ir_cron_subscription_churn_model"
            ).method_direct_trigger()
        self.assertEqual(broken.state, "refused")
        self.assertEqual(
            self.Model.search([("company_id", "=", other.id)]).state, "refused"
        )

    def test_broken_off_too_often(self):
        self.make_past(number=40)
        model = self.Model._request(self.company)
        model.try_count = 3
        model._train(lambda: True)
        self.assertEqual(model.state, "failed")
        self.assertIn("limit_time_real_cron", model.error)

    def test_access(self):
        """Managers train; users and other companies do not see models."""
        self.make_past(number=40)
        model = self.train()
        user = self.make_user("user")
        with self.assertRaises(AccessError):
            self.as_user(model, user).read(["state"])
        other = self.make_company("Other")
        manager = self.make_user("manager", other, "manager-other")
        self.assertFalse(
            self.as_user(self.Model, manager).search([("id", "=", model.id)])
        )
