# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Health rules: who is told of what, once, and until when."""

from datetime import timedelta

from freezegun import freeze_time
from psycopg2 import IntegrityError

from odoo.exceptions import AccessError
from odoo.tests import Form, tagged
from odoo.tools import SQL, mute_logger

from ..models import subscription_health_check
from .common import day
from .test_usage import UsageCase

TODAY = day("2025-06-30")


class HealthCase(UsageCase):
    """A customer with an account manager, and no rules but those of a test."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Rule = cls.env["subscription.health.rule"]
        cls.Rule.search([]).active = False
        cls.ann = cls.make_user("user", login="ann")
        cls.customer_of = cls.subscription.customer_id
        cls.customer_of.account_manager_id = cls.ann

    @classmethod
    def rule(cls, condition="drops_below", **values):
        """Return a rule on the MRR (10), unless it names something else."""
        if condition != "stopped":
            values = {"signal": "mrr_company", "limit": 8, **values}
        return cls.Rule.create(
            {
                "name": "Look at it",
                "condition": condition,
                "company_id": cls.company.id,
                "user_id": False,
                **values,
            }
        )

    def refresh(self, as_of=TODAY, company=None, failed=0):
        with freeze_time(f"{as_of} 12:00:00"):
            run = self.env["subscription.refresh"]._refresh_company(
                company or self.company, as_of, lambda: True
            )
        self.assertEqual(
            (run.state, run.error, run.failed_count), ("done", False, failed)
        )
        return run

    def sell(self, mrr, when, subscription=None):
        """Sell a subscription for another MRR from a day on, and look at that day."""
        with freeze_time(f"{when} 12:00:00"):
            self.book(
                subscription or self.subscription, (when, "change", mrr), as_of=when
            )
        return self.refresh(when)

    def alerts(self, rule=None):
        domain = [("rule_id", "=", rule.id)] if rule else []
        return self.env["subscription.health.alert"].search(domain, order="id")

    def activities(self, customer=None):
        return self.env["mail.activity"].search(
            [
                ("res_model", "=", "subscription.customer"),
                ("res_id", "=", (customer or self.customer_of).id),
            ]
        )


def after(days):
    return TODAY + timedelta(days=days)


@tagged("post_install", "-at_install")
class TestHealthRules(HealthCase):
    def test_account_manager_gets_one_activity_with_the_evidence(self):
        rule = self.rule(summary="Call them", note="Ask why.", deadline_days=4)
        self.refresh()
        self.assertFalse(self.activities())
        self.sell(5, after(1))
        activity = self.activities()
        self.assertRecordValues(
            activity,
            [
                {
                    "activity_type_id": self.env.ref("mail.mail_activity_data_todo").id,
                    "date_deadline": after(5),
                    "summary": "Call them",
                    "user_id": self.ann.id,
                    "automated": True,
                }
            ],
        )
        name = self.subscription.display_name
        for text in (name, "5.00", "10.00", "below", "07/01/2025", "Ask why."):
            self.assertIn(text, activity.note)
        self.assertRecordValues(
            self.alerts(rule),
            [
                {
                    "customer_id": self.customer_of.id,
                    "company_id": self.company.id,
                    "opened_on": after(1),
                    "closed_on": False,
                    "activity_id": activity.id,
                    "user_id": self.ann.id,
                }
            ],
        )
        self.refresh(after(1))
        self.sell(4, after(2))
        self.assertEqual(self.activities(), activity)

    def test_one_open_alert_for_all_subscriptions_of_a_customer(self):
        """Not by the checks alone: the database has no room for another."""
        rule = self.rule("above", limit=5)
        self.subscribe(self.partner, mrr=20)
        self.refresh()
        alert = self.alerts(rule)
        self.assertEqual(len(alert), 1)
        self.assertEqual(len(alert.evidence.splitlines()), 2)
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError):
            with self.env.cr.savepoint():
                alert.copy({"activity_id": False})

    def test_what_was_so_before_does_not_cross(self):
        crossing, level = self.rule(limit=20), self.rule("below", limit=20)
        self.refresh()
        self.assertFalse(self.alerts(crossing))
        self.assertEqual(len(self.alerts(level)), 1)

    def test_held_days(self):
        rule = self.rule(held_days=2)
        self.refresh()
        self.sell(5, after(1))
        self.sell(10, after(2))
        self.sell(5, after(3))
        self.refresh(after(4))
        self.assertFalse(self.alerts(rule))
        self.refresh(after(5))
        self.assertEqual(len(self.alerts(rule)), 1)
        self.assertIn("07/03/2025", self.alerts(rule).evidence)

    def test_it_is_done_by_itself_and_opened_again(self):
        rule = self.rule()
        self.refresh()
        self.sell(5, after(1))
        first = self.activities()
        self.sell(10, after(2))
        self.assertFalse(self.activities())
        self.assertFalse(first.active)
        self.assertIn("Look at it", first.feedback)
        self.assertIn("07/02/2025", first.feedback)
        self.assertEqual(self.alerts(rule).closed_on, after(2))
        self.sell(5, after(3))
        self.assertEqual(len(self.activities()), 1)
        self.assertEqual(self.alerts(rule).mapped("closed_on"), [after(2), False])

    def test_it_stays_until_a_person_has_done_it(self):
        rule = self.rule(closes_itself=False)
        self.refresh()
        self.sell(5, after(1))
        activity = self.activities()
        self.sell(10, after(2))
        self.sell(5, after(3))
        self.assertEqual(self.activities(), activity)
        self.assertEqual(len(self.alerts(rule)), 1)
        activity.action_feedback()
        self.sell(10, after(4))
        self.assertEqual(self.alerts(rule).closed_on, after(4))

    def test_done_by_a_person_it_is_not_asked_again(self):
        rule = self.rule()
        self.refresh()
        self.sell(5, after(1))
        self.activities().action_feedback(feedback="They paid less.")
        self.refresh(after(2))
        self.assertFalse(self.activities())
        self.assertEqual(len(self.alerts(rule)), 1)
        self.sell(10, after(3))
        self.sell(5, after(4))
        self.assertEqual(len(self.activities()), 1)

    def test_gone_for_all_subscriptions(self):
        rule = self.rule("above", limit=8)
        other = self.subscribe(self.partner, mrr=10)
        self.refresh()
        self.sell(5, after(1))
        self.assertFalse(self.alerts(rule).closed_on)
        self.assertTrue(self.activities())
        with freeze_time(f"{after(2)} 12:00:00"):
            self.book(other, (after(2), "end", None), as_of=after(2))
        self.refresh(after(2))
        self.assertEqual(self.alerts(rule).closed_on, after(2))

    def test_members_of_the_segment_only(self):
        inside = self.subscribe(self.make_partner("Inside"))
        outside = self.subscribe(self.make_partner("Pinned Out"))
        segment = self.env["subscription.segment"].create(
            {
                "name": "Some",
                "enter_domain": str([("id", "in", (inside | outside).ids)]),
                "user_id": self.ann.id,
            }
        )
        segment._pin(outside, "pinned_out", "Has just complained.")
        rule = self.rule("above", segment_id=segment.id)
        self.refresh()
        self.assertEqual(self.alerts(rule).customer_id, inside.customer_id)
        self.assertEqual(self.alerts(rule).user_id, self.ann)

    def test_who_gets_it(self):
        """Not who has left, is of another company or may not see customers."""
        other = self.make_company("Other Company")
        bea, stranger = (
            self.make_user("user", login="bea"),
            self.make_user("user", other, login="stranger"),
        )
        self.customer_of.account_manager_id = stranger
        outsider = self.make_user("internal", login="outsider")
        third = self.subscribe(self.make_partner("Third")).customer_id
        third.account_manager_id = outsider
        second = self.subscribe(self.make_partner("Second")).customer_id
        second.account_manager_id = self.ann
        self.ann.active = False
        rule = self.rule("above", user_id=bea.id)
        self.refresh()
        self.assertEqual(
            self.alerts(rule).customer_id, self.customer_of | second | third
        )
        self.assertEqual(self.alerts(rule).user_id, bea)
        nobody = self.rule("above")
        self.refresh()
        self.assertFalse(self.alerts(nobody).user_id)
        self.assertEqual(len(self.alerts(nobody).activity_id), 3)

    def test_companies_are_apart(self):
        """Invariant 4."""
        other = self.make_company("Other Company")
        theirs = self.subscribe(self.partner, company=other)
        own, shared = self.rule("above"), self.rule("above", company_id=False)
        self.refresh()
        self.assertEqual(self.alerts().customer_id, self.customer_of)
        self.refresh(company=other)
        self.assertEqual(self.alerts(own).customer_id, self.customer_of)
        self.assertEqual(
            self.alerts(shared).customer_id, self.customer_of | theirs.customer_id
        )
        seen = self.as_user(self.alerts(), self.ann).search([])
        self.assertEqual(seen.customer_id, self.customer_of)

    def test_second_refresh_writes_nothing(self):
        """Invariant 2."""
        self.rule(), self.rule("above")
        self.refresh()
        states = self.env["subscription.health.state"].search([])
        self.assertEqual(len(states), 2)
        before = self.versions(states), self.versions(self.alerts())
        self.refresh()
        self.refresh(after(1))
        self.assertEqual((self.versions(states), self.versions(self.alerts())), before)
        self.assertEqual(self.env["subscription.health.state"].search([]), states)

    def test_past_day_is_not_checked(self):
        self.rule("above")
        run = self.env["subscription.refresh"]._refresh_company(
            self.company, after(-1), lambda: True
        )
        self.assertEqual(run.state, "done")
        self.assertFalse(self.alerts())

    def test_changed_rule_begins_anew(self):
        rule = self.rule(limit=8)
        self.refresh()
        rule.limit = 20
        self.refresh(after(1))
        self.assertFalse(self.alerts(rule))
        self.sell(30, after(2))
        self.sell(10, after(3))
        self.assertEqual(len(self.alerts(rule)), 1)

    def test_rule_that_moves_to_another_company_closes_what_it_opened(self):
        rule = self.rule("above")
        self.refresh()
        self.assertTrue(self.activities())
        rule.company_id = self.make_company("Other Company")
        self.refresh(after(1))
        self.assertFalse(self.activities())
        self.assertEqual(self.alerts(rule).closed_on, after(1))
        self.assertFalse(
            self.env["subscription.health.state"].search([("rule_id", "=", rule.id)])
        )

    def test_deleted_rule_closes_what_it_opened(self):
        rule = self.rule("above")
        self.refresh()
        activity = self.activities()
        rule.unlink()
        self.assertFalse(self.activities())
        self.assertIn("Look at it", activity.feedback)

    def test_deleted_segment_closes_what_its_rules_opened(self):
        segment = self.env["subscription.segment"].create(
            {
                "name": "Own",
                "company_id": self.company.id,
                "enter_domain": f"[('id', '=', {self.subscription.id})]",
            }
        )
        rule = self.rule("above", segment_id=segment.id)
        self.refresh()
        self.assertTrue(self.activities())
        segment.unlink()
        self.env.invalidate_all()
        self.assertFalse(rule.exists())
        self.assertFalse(self.activities())

    def test_somebody_else_gets_what_a_user_who_left_had(self):
        """Odoo deletes the activities of whoever is archived."""
        rule = self.rule("above")
        self.refresh()
        self.ann.action_archive()
        bea = self.make_user("user", login="bea")
        self.customer_of.account_manager_id = bea
        self.refresh(after(1))
        self.assertEqual(self.activities().user_id, bea)
        closed = self.alerts(rule).sorted("id").mapped("closed_on")
        self.assertEqual(closed, [after(1), False])

    def test_handed_over_after_the_user_has_left(self):
        self.rule("above")
        self.refresh()
        self.ann.action_archive()
        bea = self.make_user("user", login="bea")
        self.customer_of._hand_over(bea)
        self.assertFalse(self.activities())
        self.refresh(after(1))
        self.assertEqual(self.activities().user_id, bea)

    def test_alerts_follow_a_hand_over(self):
        rule = self.rule("above")
        self.refresh()
        bea = self.make_user("user", login="bea")
        self.customer_of._hand_over(bea)
        self.assertEqual(self.alerts(rule).user_id, bea)
        self.assertEqual(self.activities().user_id, bea)

    def test_failure_stops_no_other(self):
        """Invariant 9."""
        second = self.subscribe(self.make_partner("Second")).customer_id
        self.env["sale.subscription"].flush_model()
        self.env.cr.execute(
            SQL(
                "ALTER TABLE subscription_health_alert ADD CHECK (customer_id <> %s)",
                self.customer_of.id,
            )
        )
        rule = self.rule("above")
        with mute_logger("odoo.sql_db"):
            run = self.refresh(failed=1)
        self.assertEqual(self.alerts(rule).customer_id, second)
        self.assertEqual(run.failure_ids.name, self.customer_of.display_name)
        self.assertFalse(self.activities())

    def test_rule_whose_signal_is_gone_stops_alone(self):
        broken, sound = self.rule("above"), self.rule("above")
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE subscription_health_rule SET signal = 'signal_gone' WHERE id = %s",
            broken.ids,
        )
        self.env.invalidate_all()
        manager = self.make_user("manager")
        run = self.refresh()
        self.assertEqual(len(self.alerts(sound)), 1)
        self.assertRecordValues(
            run.failure_ids, [{"model": broken._name, "res_id": broken.id}]
        )
        told = self.notices(manager)
        self.assertEqual(len(told), 1)
        self.assertIn("signal_gone", told.body)
        self.assertTrue(self.refresh(after(1)).failure_ids)
        self.assertEqual(self.notices(manager), told, "not each night")

    def notices(self, user):
        return self.env["mail.message"].search(
            [
                ("model", "=", "subscription.refresh"),
                ("notified_partner_ids", "in", user.partner_id.ids),
            ]
        )

    def test_many_customers_are_done_in_steps_and_gone_on_with(self):
        self.patch(subscription_health_check, "CUSTOMERS", 2)
        for number in range(4):
            self.subscribe(self.make_partner(f"Customer {number}"))
        first, second = self.rule("above"), self.rule("above", sequence=11)
        opened = self.steps(after(0), [("closed_on", "=", False)])
        self.assertEqual(opened, [0, 2, 4, 5, 7, 9, 10])
        self.assertEqual(len(self.alerts(first).activity_id), 5)
        self.assertEqual(len(self.alerts(second).customer_id), 5)
        self.assertEqual(len(self.alerts().activity_id), 10)
        first.limit = 1000
        closed = self.steps(after(1), [("closed_on", "!=", False)])
        self.assertEqual(closed, [0, 2, 4, 5])
        self.assertFalse(self.alerts(first).activity_id.filtered("active"))

    def steps(self, as_of, domain):
        """Refresh, broken off after each step; return how many alerts there were."""
        counts = [self.env["subscription.health.alert"].search_count(domain)]
        with freeze_time(f"{as_of} 12:00:00"):
            run = self.env["subscription.refresh"]._request(self.company, as_of)
            while run.state != "done":
                self.assertNotEqual(run.state, "failed", run.error)
                run._run(lambda: False)
                self.env.invalidate_all()
                counts.append(
                    self.env["subscription.health.alert"].search_count(domain)
                )
        return sorted(set(counts))

    def test_merged_customers_have_one_open_alert(self):
        """Invariant 11."""
        second = self.subscribe(self.make_partner("Second"))
        rule = self.rule("above")
        self.refresh()
        self.assertEqual(len(self.alerts(rule)), 2)
        self.env["base.partner.merge.automatic.wizard"]._merge(
            (self.partner | second.partner_id).ids, self.partner, extra_checks=False
        )
        self.assertEqual(len(self.alerts(rule)), 2)
        self.assertEqual(self.alerts(rule).customer_id, self.customer_of)
        self.assertEqual(len(self.activities()), 1)
        self.refresh(after(1))
        self.assertEqual(len(self.activities()), 1)

    def test_who_may_do_what(self):
        rule = self.rule("above")
        self.refresh()
        as_ann = self.as_user(rule, self.ann)
        self.assertEqual(as_ann.open_count, 1)
        with self.assertRaises(AccessError):
            as_ann.limit = 3
        with self.assertRaises(AccessError):
            self.as_user(self.alerts(rule), self.ann).closed_on = TODAY
        self.as_user(self.activities(), self.ann).action_feedback(feedback="Done")
        self.assertFalse(self.activities())
        manager = self.make_user("manager")
        with Form(self.as_user(self.Rule, manager)) as form:
            form.name = "Reports given up"
            form.condition = "stopped"
            form.feature_id = self.reports
        self.assertIn("Reports", form.record.question)
        action = self.as_user(self.alerts(rule), self.ann).action_open_customer()
        self.assertEqual(action["res_id"], self.customer_of.id)


@tagged("post_install", "-at_install")
class TestHealthOfUsage(HealthCase):
    """Rules on features and signals of usage."""

    @classmethod
    def use(cls, *days, subscription=None, feature="reports"):
        """Have a feature used on days, counted from today."""
        answer = cls.ingest(
            *(
                cls.item(str(after(number)), subscription=subscription, feature=feature)
                for number in days
            ),
            history=True,
        )
        assert not answer["errors"], answer

    def feed(self, first=-120, last=30):
        """Have somebody else use something every third day."""
        self.other = self.subscribe(self.make_partner("Other"))
        with freeze_time(f"{after(last)} 12:00:00"):
            self.use(*range(first, last, 3), subscription=self.other, feature="export")

    def test_stopped_using_a_feature(self):
        self.feed()
        rule = self.rule("stopped", feature_id=self.reports.id)
        # the weeks before the last two end 14 days ago
        self.use(-35, -28, -21, -14)
        self.refresh(after(-1))
        self.assertFalse(self.alerts(rule))
        self.refresh()
        activity = self.activities()
        self.assertEqual(len(activity), 1)
        for text in ("Reports", "4 of the 4 weeks", "05/20/2025", "06/16/2025"):
            self.assertIn(text, activity.note)
        # it goes on, though the weeks of use lie further and further back
        self.refresh(after(21))
        self.assertEqual(self.activities(), activity)
        with freeze_time(f"{after(22)} 12:00:00"):
            self.use(22)
        self.refresh(after(22))
        self.assertFalse(self.activities())
        self.assertEqual(self.alerts(rule).closed_on, after(22))

    def test_held_it_tells_of_the_weeks_before_it_stopped(self):
        self.feed()
        rule = self.rule("stopped", feature_id=self.reports.id, held_days=7)
        self.use(-35, -28, -21, -14)
        self.refresh()
        self.refresh(after(7))
        for text in ("4 of the 4 weeks", "05/20/2025", "06/16/2025"):
            self.assertIn(text, self.alerts(rule).evidence)

    def test_used_now_and_then_it_was_not_given_up(self):
        self.feed()
        rule = self.rule("stopped", feature_id=self.reports.id)
        self.use(-35, -28)
        self.refresh()
        self.use(-21, -13)
        self.refresh()
        self.assertFalse(self.alerts(rule))

    def test_paused_while_no_usage_is_reported(self):
        """Invariant 12: nothing opens or closes; the others go on."""
        self.feed(last=1)
        paused = self.rule("stopped", feature_id=self.reports.id)
        other = self.rule("below", limit=20)
        closed = self.rule("rises_above", signal="signal_days_since_use", limit=30)
        self.use(-35, -28, -21, -15, -14)
        self.assertFalse(paused.pause_reason)
        self.refresh(after(10))
        self.assertFalse(self.alerts(paused))
        self.assertFalse(self.alerts(closed))
        self.assertIn(self.customer_of, self.alerts(other).customer_id)
        for rule in (paused, closed):
            self.assertIn("06/30/2025", rule.pause_reason)
        self.assertFalse(other.pause_reason)

    def test_paused_while_one_feature_is_not_reported(self):
        """Invariant 12: others are; nothing opens, and managers are told once."""
        manager = self.make_user("manager")
        self.feed()
        second = self.subscribe(self.make_partner("Second"))
        rule = self.rule("stopped", feature_id=self.reports.id)
        self.rule("stopped", feature_id=self.reports.id, name="Another")
        for subscription in (self.subscription, second):
            self.use(-35, -28, -21, -14, subscription=subscription)
        self.refresh()
        self.refresh(after(1))
        self.assertFalse(self.alerts())
        self.assertIn("Reports", rule.pause_reason)
        self.assertFalse(self.rule("stopped", feature_id=self.export.id).pause_reason)
        told = self.env["mail.message"].search(
            [
                ("message_type", "=", "user_notification"),
                ("partner_ids", "in", manager.partner_id.ids),
            ]
        )
        self.assertEqual(len(told), 1)
        self.assertIn("Reports", told.body)
        # The first one of whom it is reported again does not accuse the others.
        with freeze_time(f"{after(2)} 12:00:00"):
            self.use(2, subscription=second)
        self.refresh(after(2))
        self.assertFalse(self.alerts())
        with freeze_time(f"{after(16)} 12:00:00"):
            self.use(16, subscription=second)
        self.refresh(after(16))
        self.assertFalse(rule.pause_reason)

    def test_open_alert_stays_while_one_feature_is_not_reported(self):
        """Invariant 12."""
        self.feed()
        users = [
            self.subscribe(self.make_partner(name)) for name in ("Second", "Third")
        ]
        rule = self.rule("stopped", feature_id=self.reports.id)
        self.use(-35, -28, -21, -14)
        for subscription in users:
            self.use(-35, -28, -21, -14, -1, subscription=subscription)
        self.refresh()
        self.assertEqual(self.alerts(rule).customer_id, self.customer_of)
        with freeze_time(f"{after(13)} 12:00:00"):
            self.book(self.subscription, (after(13), "end", None), as_of=after(13))
        self.refresh(after(13))
        self.assertTrue(rule.pause_reason)
        self.assertEqual(len(self.alerts(rule)), 1)
        self.assertFalse(self.alerts(rule).closed_on)

    def test_open_alert_stays_while_no_usage_is_reported(self):
        self.feed(last=1)
        rule = self.rule("rises_above", signal="signal_days_since_use", limit=13)
        self.use(-14)
        self.refresh(after(-1))
        self.refresh()
        activity = self.activities()
        self.assertIn("14 days", activity.note)
        with freeze_time(f"{after(10)} 12:00:00"):
            self.book(self.subscription, (after(10), "end", None), as_of=after(10))
        self.refresh(after(10))
        self.assertEqual(self.activities(), activity)
        self.assertTrue(rule.pause_reason)
        with freeze_time(f"{after(11)} 12:00:00"):
            self.use(11, subscription=self.other, feature="export")
        self.refresh(after(11))
        self.assertFalse(self.activities())
        self.assertFalse(rule.pause_reason)

    def test_what_is_not_known_neither_opens_nor_closes(self):
        """Invariant 12: a plan that has no limit any more uses no share of it."""
        self.feed()
        limit = self.env["subscription.feature.limit"].create(
            {
                "template_id": self.plan.id,
                "feature_id": self.reports.id,
                "usage_limit": 1,
            }
        )
        rule = self.rule("above", signal="signal_limit_share", limit=0.5)
        self.use(-3)
        self.refresh()
        activity = self.activities()
        self.assertEqual(len(activity), 1)
        self.assertIn("100 %", activity.note)
        limit.unlink()
        self.refresh(after(1))
        self.assertEqual(self.activities(), activity)
        self.assertFalse(self.alerts(rule).closed_on)

    def test_nothing_is_said_of_a_day_of_which_nothing_is_known(self):
        """Invariant 12."""
        self.feed()
        limit = self.env["subscription.feature.limit"].create(
            {
                "template_id": self.plan.id,
                "feature_id": self.reports.id,
                "usage_limit": 1,
            }
        )
        rule = self.rule("above", signal="signal_limit_share", limit=0.5, held_days=2)
        self.use(-3)
        self.refresh()
        limit.unlink()
        self.refresh(after(2))
        self.assertFalse(self.alerts(rule))

    def test_archived_feature_pauses(self):
        self.feed()
        rule = self.rule("stopped", feature_id=self.reports.id)
        self.use(-35, -28, -21, -14)
        self.reports.active = False
        self.refresh()
        self.assertFalse(self.alerts(rule))
        self.assertIn("archived", rule.pause_reason)

    def test_shipped_rules_ask_what_has_changed(self):
        shipped = self.env.ref(
            "subscription_segmentation.subscription_health_rule_silent"
        )
        shipped.active = True
        self.feed()
        self.use(-40)
        self.refresh()
        self.assertFalse(self.alerts(shipped))
        self.use(-29)
        self.refresh(after(1))
        self.refresh(after(2))
        self.assertEqual(self.alerts(shipped).customer_id, self.customer_of)
        self.assertIn("31 days", self.alerts(shipped).evidence)
