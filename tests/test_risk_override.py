# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .common import SubscriptionCase, day

TODAY = "2025-06-30"


@tagged("post_install", "-at_install")
@freeze_time(f"{TODAY} 12:00:00")
class TestRiskOverride(SubscriptionCase):
    """A person knows better than the score, for a while and with a reason."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.today = day(TODAY)
        cls.subscription = cls.subscribe(cls.make_partner("Ada"))
        cls.subscription.write({"churn_risk": "low", "churn_risk_scored": "low"})

    def override(self, subscriptions=None, user=None, **values):
        """Set a risk through the wizard, as the list does; return the wizard."""
        subscriptions = subscriptions or self.subscription
        if user:
            subscriptions = self.as_user(subscriptions, user)
        context = {"active_model": subscriptions._name, "active_ids": subscriptions.ids}
        Wizard = subscriptions.env["subscription.risk.override"]
        with Form(Wizard.with_context(**context)) as form:
            form.risk = values.get("risk", "high")
            form.reason = values.get("reason", "Their budget was cut")
            form.until = values.get("until", "2025-07-31")
        wizard = form.record
        wizard.action_confirm()
        return wizard

    def risks(self, subscription=None):
        subscription = subscription or self.subscription
        return (
            subscription.churn_risk,
            subscription.churn_risk_scored,
            subscription.churn_risk_override,
        )

    def test_what_was_scored_stays_beside_it(self):
        user = self.make_user("manager")
        self.override(user=user)
        self.assertEqual(self.risks(), ("high", "low", "high"))
        self.assertRecordValues(
            self.subscription,
            [
                {
                    "churn_risk_override_reason": "Their budget was cut",
                    "churn_risk_override_until": day("2025-07-31"),
                    "churn_risk_override_user_id": user.id,
                }
            ],
        )
        self.as_user(self.subscription, user).action_remove_risk_override()
        self.assertEqual(self.risks(), ("low", "low", False))
        self.assertFalse(self.subscription.churn_risk_override_reason)
        self.assertFalse(self.subscription.churn_risk_override_until)
        self.assertFalse(self.subscription.churn_risk_override_user_id)

    def test_not_scored(self):
        subscription = self.subscribe(self.make_partner())
        self.override(subscription)
        self.assertEqual(self.risks(subscription), ("high", False, "high"))
        subscription.action_remove_risk_override()
        self.assertEqual(self.risks(subscription), (False, False, False))

    def test_holds_up_to_its_last_day(self):
        self.override(until="2025-07-31")
        overridden = self.subscription._churn_risk_overridden
        self.assertEqual(overridden(day("2025-07-31")), self.subscription)
        self.assertFalse(overridden(day("2025-08-01")))
        self.subscription._store_churn_risk(day("2025-07-31"))
        self.assertEqual(self.subscription.churn_risk, "high")
        self.subscription._store_churn_risk(day("2025-08-01"))
        self.assertEqual(self.risks(), ("low", "low", "high"))

    def test_today_is_the_last_day_that_may_be_chosen(self):
        self.override(until=TODAY)
        self.assertEqual(self.subscription.churn_risk, "high")
        with self.assertRaises(UserError):
            self.override(until="2025-06-29")

    def test_several_at_once_without_those_that_do_not_run(self):
        other = self.subscribe(self.make_partner())
        ended = self.subscribe(self.make_partner(), end="2025-03-01")
        wizard = self.override(self.subscription | other | ended, risk="medium")
        self.assertEqual(wizard.subscription_count, 2)
        self.assertEqual(self.risks(), ("medium", "low", "medium"))
        self.assertEqual(self.risks(other), ("medium", False, "medium"))
        self.assertEqual(self.risks(ended), (False, False, False))
        with self.assertRaises(UserError):
            self.override(ended)

    def test_groups_follow_each_other_as_people_think(self):
        for risk in ("high", "medium"):
            self.override(self.subscribe(self.make_partner()), risk=risk)
        groups = self.env["sale.subscription"]._read_group(
            [("company_id", "=", self.company.id)], ["churn_risk"], ["__count"]
        )
        self.assertEqual(groups, [("low", 1), ("medium", 1), ("high", 1)])

    def test_offered_on_form_and_list(self):
        action = self.subscription.action_override_churn_risk()
        wizard = self.env[action["res_model"]].with_context(**action["context"])
        self.assertEqual(wizard.new({}).subscription_ids.ids, self.subscription.ids)
        for kind, offered in (("manager", True), ("salesperson", True), ("agent", 0)):
            model = self.as_user(self.env["ir.actions.actions"], self.make_user(kind))
            bindings = model.get_bindings("sale.subscription").get("action", ())
            names = [binding["name"] for binding in bindings]
            self.assertEqual("Set Churn Risk by Hand" in names, offered, kind)

    def test_chatter(self):
        subscription = self.subscription.with_context(tracking_disable=False)
        self.env.flush_all()
        self.env.cr.precommit.run()
        before = subscription.message_ids
        self.override(subscription)
        self.env.flush_all()
        self.env.cr.precommit.run()
        values = (subscription.message_ids - before).sudo().tracking_value_ids
        self.assertEqual(
            set(values.field_id.mapped("name")),
            {
                "churn_risk_override",
                "churn_risk_override_reason",
                "churn_risk_override_until",
                "churn_risk_override_user_id",
            },
        )

    def test_who_may(self):
        for kind in ("salesperson", "manager"):
            user = self.make_user(kind)
            self.override(user=user)
            self.assertEqual(self.subscription.churn_risk_override_user_id, user)
            self.as_user(self.subscription, user).action_remove_risk_override()
            self.assertEqual(self.subscription.churn_risk, "low")
        for kind in ("user", "agent"):
            subscription = self.as_user(self.subscription, self.make_user(kind))
            self.assertEqual(subscription.churn_risk, "low")
            wizard = subscription.env["subscription.risk.override"]
            with self.subTest(kind), mute_logger("odoo.addons.base.models.ir_model"):
                with self.assertRaises(AccessError):
                    wizard.create({"risk": "high", "reason": "x"})
                with self.assertRaises(AccessError):
                    subscription.action_remove_risk_override()
        internal = self.as_user(self.subscription, self.make_user("internal"))
        with (
            mute_logger("odoo.addons.base.models.ir_model"),
            self.assertRaises(AccessError),
        ):
            internal.read(["churn_risk"])

    def test_other_company(self):
        """Invariant 4."""
        other = self.make_company("Second Company")
        there = self.subscribe(self.make_partner(), company=other)
        user = self.make_user("manager")
        user.group_ids |= self.env.ref("sales_team.group_sale_manager")
        with mute_logger("odoo.addons.base.models.ir_rule"):
            with self.assertRaises(AccessError):
                self.as_user(there, user).action_remove_risk_override()
            with self.assertRaises(AccessError):
                self.override(there, user=user)
        self.assertFalse(there.churn_risk_override)

    def test_only_through_the_wizard(self):
        """A risk by hand without reason, day or name would be worth nothing."""
        subscription = self.as_user(self.subscription, self.make_user("salesperson"))
        subscription.write(
            {
                "churn_risk": "high",
                "churn_risk_scored": "high",
                "churn_risk_override": "high",
                "churn_risk_override_until": "2099-01-01",
            }
        )
        self.assertEqual(self.risks(), ("low", "low", False))
        self.assertFalse(self.subscription.churn_risk_override_until)
