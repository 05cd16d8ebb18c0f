# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from freezegun import freeze_time
from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from ..analytics.ledger import END
from ..hooks import uninstall_hook
from ..signals.notices import notice_events, notices
from .common import SubscriptionCase, day

TODAY = "2025-06-30"


@tagged("post_install", "-at_install")
@freeze_time(f"{TODAY} 12:00:00")
class TestNotice(SubscriptionCase):
    """Scheduled churn: notice is given of what still runs."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.today = day(TODAY)
        cls.reason = cls.env["sale.subscription.close.reason"].create(
            {"name": "Too dear", "churn_type": "voluntary"}
        )
        cls.subscription = cls.subscribe(cls.make_partner("Ada"))

    def give(self, subscription=None, user=None, **values):
        model = self.env["subscription.notice"].with_context(lang="en_US")
        return (self.as_user(model, user) if user else model).create(
            {
                "subscription_id": (subscription or self.subscription).id,
                "end_date": "2025-07-31",
                **values,
            }
        )

    def stored(self, subscription=None):
        subscription = subscription or self.subscription
        return subscription.notice_date, subscription.notice_end_date

    def known(self, as_of, **kwargs):
        """Return ``{subscription id: (given, end)}`` as was known on a day."""
        frame = notices(self.env, self.company, day(as_of), **kwargs)
        return {
            id_: (row.notice_date.date(), row.notice_end_date.date())
            for id_, row in frame.iterrows()
        }

    def assertRefused(self, message, **values):
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(IntegrityError) as caught,
            self.env.cr.savepoint(),
        ):
            self.give(**values)
        model = self.env["subscription.notice"]
        self.assertIn(message, model._sql_error_to_message(caught.exception))

    # ----------------------------------------------------------------- recording

    def test_button_records_who_when_and_for_when(self):
        user = self.make_user("salesperson")
        subscription = self.as_user(self.subscription, user)
        action = subscription.action_record_notice()
        Notice = subscription.env[action["res_model"]]
        with Form(Notice.with_context(**action["context"])) as form:
            form.date = "2025-06-27"
            form.end_date = "2025-07-31"
            form.given_by = "payment_provider"
            form.close_reason_id = self.reason.with_env(Notice.env)
        notice = self.subscription.notice_ids
        self.assertEqual(
            (notice.date, notice.known_on, notice.end_date),
            (day("2025-06-27"), self.today, day("2025-07-31")),
        )
        self.assertEqual((notice.user_id, notice.given_by), (user, "payment_provider"))
        self.assertEqual((notice.state, notice.churn_type), ("open", "voluntary"))
        self.assertEqual(notice.company_id, self.company)
        self.assertEqual(self.stored(), (day("2025-06-27"), day("2025-07-31")))
        self.assertTrue(self.subscription.is_running)
        self.assertTrue(self.subscription.in_progress)

    def test_chatter_and_activity_of_the_responsible(self):
        responsible = self.make_user("salesperson")
        self.subscription.user_id = responsible
        notice = self.give(close_reason_id=self.reason.id)
        message = self.subscription.message_ids[:1]
        for text in ("06/30/2025", "07/31/2025", "Customer", "Too dear"):
            self.assertIn(text, message.body)
        activity = self.subscription.activity_ids
        self.assertEqual(
            (activity.user_id, activity.date_deadline), (responsible, notice.end_date)
        )
        notice.action_withdraw()
        self.assertFalse(self.subscription.activity_ids)
        self.assertIn("withdrawn", self.subscription.message_ids[:1].body)

    def test_activity_of_the_recorder_where_nobody_is_responsible(self):
        user = self.make_user("manager")
        self.give(user=user)
        self.assertEqual(self.subscription.activity_ids.user_id, user)

    def test_withdrawing_keeps_the_row(self):
        notice = self.give()
        self.subscription.action_withdraw_notice()
        self.assertEqual((notice.withdrawn_on, notice.state), (self.today, "withdrawn"))
        self.assertEqual(self.stored(), (False, False))
        with self.assertRaises(UserError):
            notice.action_withdraw()
        self.give(end_date="2025-08-31")
        self.assertEqual(self.stored(), (self.today, day("2025-08-31")))
        self.assertEqual(len(self.subscription.notice_ids), 2)

    def test_one_open_notice(self):
        self.give()
        self.assertRefused("given already")

    def test_dates(self):
        self.assertRefused("in the future", date="2025-07-01")
        self.assertRefused("before notice", end_date="2025-06-29")
        self.give(end_date=TODAY)

    def test_only_running_subscriptions(self):
        ended = self.subscribe(self.make_partner(), end="2025-03-01")
        with self.assertRaises(UserError):
            self.give(ended)

    def test_facts_stay(self):
        user = self.make_user("manager")
        notice = self.give(user=user)
        notice.note = "Called twice"
        for name in ("date", "end_date", "known_on", "withdrawn_on"):
            with self.subTest(name), self.assertRaises(UserError):
                notice.write({name: "2025-06-01"})
        with self.assertRaises(AccessError), mute_logger("odoo.addons.base.models"):
            notice.unlink()
        told = self.give(
            self.subscribe(self.make_partner()), user=user, known_on="2024-01-01"
        )
        self.assertEqual(told.known_on, self.today)

    def test_deleted_with_the_subscription(self):
        notice = self.give()
        self.subscription.unlink()
        self.assertFalse(notice.exists())

    # ------------------------------------------------------------------- its end

    def test_closed_with_the_subscription(self):
        notice = self.give()
        self.book(self.subscription, (TODAY, END, None))
        self.assertEqual((notice.closed_on, notice.state), (self.today, "closed"))
        self.assertEqual(self.stored(), (False, False))
        self.assertFalse(self.subscription.activity_ids)

    def test_closed_when_subscription_oca_closes_it(self):
        subscription = self.open_subscription(self.make_partner())
        subscription.action_start_subscription()
        self.env.cr.precommit.run()
        notice = self.give(subscription)
        subscription.close_subscription(self.reason.id)
        self.env.cr.precommit.run()
        self.assertEqual(notice.state, "closed")
        self.assertEqual(self.stored(subscription), (False, False))

    def test_change_and_pause_close_nothing(self):
        notice = self.give()
        self.subscription.is_paused = True
        self.env.cr.precommit.run()
        self.assertTrue(self.subscription.is_running)
        self.assertEqual(notice.state, "open")

    def test_refresh_closes_what_was_known_to_end(self):
        """An end that was booked before its day, as imports of history do."""
        self.book(self.subscription, ("2025-08-01", END, None))
        self.assertTrue(self.subscription.is_running)
        notice = self.give()
        with freeze_time("2025-08-02 12:00:00"):
            self.env["subscription.refresh"]._refresh_company(
                self.company, day("2025-08-02"), lambda: True
            )
        self.assertFalse(self.subscription.is_running)
        self.assertEqual(notice.closed_on, day("2025-08-02"))

    def test_no_to_do_is_left_behind(self):
        """Invariant 13."""
        other = self.subscription.activity_schedule(summary="Call her")
        self.give()
        uninstall_hook(self.env)
        self.assertEqual(self.subscription.activity_ids, other)

    # ------------------------------------------------------------------- screens

    def test_filters(self):
        other = self.subscribe(self.make_partner())
        quiet = self.subscribe(self.make_partner())
        self.give(end_date=self.today + timedelta(days=30))
        self.give(other, end_date=self.today + timedelta(days=31))
        ours = self.subscription | other | quiet
        Subscription = self.env["sale.subscription"]

        def find(*domain):
            return Subscription.search([("id", "in", ours.ids), *domain])

        self.assertEqual(find(("notice_date", "!=", False)), self.subscription | other)
        self.assertEqual(find(("days_to_notice_end", "<=", 30)), self.subscription)
        self.assertEqual(find(("days_to_notice_end", "=", False)), quiet)
        self.assertEqual(other.days_to_notice_end, 31)
        groups = Subscription._read_group(
            [("id", "in", ours.ids)], ["notice_end_date:month"], ["__count"]
        )
        self.assertEqual([count for _month, count in groups], [2, 1])

    # -------------------------------------------------------------------- rights

    def test_who_may(self):
        for kind in ("salesperson", "manager"):
            user = self.make_user(kind)
            notice = self.give(user=user)
            self.as_user(notice, user).action_withdraw()
            self.assertTrue(notice.withdrawn_on)
        notice = self.give()
        for kind in ("user", "agent"):
            user = self.make_user(kind)
            self.assertEqual(self.as_user(notice, user).end_date, notice.end_date)
            with self.subTest(kind), mute_logger("odoo.addons.base.models.ir_model"):
                for call in (
                    lambda user=user: self.give(
                        self.subscribe(self.make_partner()), user=user
                    ),
                    self.as_user(notice, user).action_withdraw,
                    self.as_user(self.subscription, user).action_withdraw_notice,
                    lambda user=user: self.as_user(notice, user).write({"note": "x"}),
                ):
                    with self.assertRaises(AccessError):
                        call()
        with self.assertRaises(AccessError):
            self.as_user(notice, self.make_user("internal")).read(["note"])
        self.assertFalse(notice.withdrawn_on)

    def test_other_company(self):
        """Nobody reads or gives notice in a company that is not hers (Invariant 4)."""
        other = self.make_company("Second Company")
        there = self.subscribe(self.make_partner(), company=other)
        notice = self.give(there)
        self.assertEqual(notice.company_id, other)
        user = self.make_user("manager")
        user.group_ids |= self.env.ref("sales_team.group_sale_manager")
        self.assertFalse(self.as_user(notice, user).search([]))
        with mute_logger("odoo.addons.base.models.ir_rule"):
            with self.assertRaises(AccessError):
                self.as_user(notice, user).read(["note"])
            with self.assertRaises(AccessError):
                self.as_user(notice, user).action_withdraw()
            with self.assertRaises(AccessError):
                self.give(self.subscribe(self.make_partner(), company=other), user=user)
        self.assertFalse(self.known("2025-12-31"))

    def test_nobody_writes_what_is_stored_on_the_subscription(self):
        user = self.make_user("salesperson")
        self.as_user(self.subscription, user).write({"notice_date": TODAY})
        self.assertFalse(self.subscription.notice_date)

    # ------------------------------------------------------------------- signals

    def test_signal_knows_what_was_known(self):
        """Invariant 1."""
        notice = self.give(date="2025-06-10")
        given = {self.subscription.id: (day("2025-06-10"), day("2025-07-31"))}
        self.assertEqual(self.known("2025-06-29"), {})
        self.assertEqual(self.known(TODAY), given)
        self.assertEqual(self.known(TODAY, ids=[self.subscription.id]), given)
        self.assertEqual(self.known(TODAY, ids=[0]), {})
        with freeze_time("2025-07-10 12:00:00"):
            notice.action_withdraw()
            later = self.give(date="2025-07-01", end_date="2025-09-30")
        self.assertEqual(self.known("2025-07-09"), given)
        self.assertEqual(
            self.known("2025-07-10"),
            {self.subscription.id: (day("2025-07-01"), day("2025-09-30"))},
        )
        with freeze_time("2025-09-30 12:00:00"):
            self.book(
                self.subscription, ("2025-09-15", END, None), as_of=day("2025-09-30")
            )
        self.assertEqual(later.state, "closed")
        # When it was carried out was not known before.
        self.assertTrue(self.known("2025-09-29"))
        self.assertEqual(self.known("2025-09-30"), {})

    def test_events(self):
        self.give(date="2025-06-10")
        self.subscription.notice_ids.action_withdraw()
        with freeze_time("2025-07-10 12:00:00"):
            self.give()
        frame = notice_events(self.env, self.company, day("2025-07-10"))
        self.assertEqual(list(frame.subscription_id), [self.subscription.id] * 2)
        self.assertEqual(
            list(frame.notice_date.dt.date), [day("2025-06-10"), day("2025-07-10")]
        )
        self.assertEqual(list(frame.known_on.dt.date), [self.today, day("2025-07-10")])
        self.assertEqual(frame.withdrawn_on[0].date(), self.today)
        self.assertTrue(frame.withdrawn_on.isna()[1])
        self.assertEqual(len(notice_events(self.env, self.company, self.today)), 1)
        early = notice_events(self.env, self.company, day("2025-06-29"))
        self.assertTrue(early.empty)

    def test_withdrawal_is_not_known_before(self):
        notice = self.give()
        with freeze_time("2025-07-10 12:00:00"):
            notice.action_withdraw()
        frame = notice_events(self.env, self.company, day("2025-07-09"))
        self.assertTrue(frame.withdrawn_on.isna().all())

    # ------------------------------------------------------------- close reasons

    def test_shipped_reasons_have_a_type(self):
        expensive = self.env.ref("subscription_oca.close_reason_expensive")
        ended = self.env.ref("subscription_oca.close_reason_ended")
        other = self.env.ref("subscription_oca.close_reason_other")
        self.assertEqual(expensive.churn_type, "voluntary")
        self.assertEqual(ended.churn_type, "end_of_need")
        self.assertFalse(other.churn_type)
        expensive.churn_type = "involuntary"
        self.env["sale.subscription.close.reason"]._set_shipped_types()
        self.assertEqual(expensive.churn_type, "involuntary")


# Slow, because Odoo's merge looks through every foreign key.
@tagged("post_install", "-at_install", "slow")
@freeze_time(f"{TODAY} 12:00:00")
class TestNoticeMerge(SubscriptionCase):
    def test_merge_keeps_notices(self):
        """Invariant 11."""
        keep, gone = self.make_partner("Keep"), self.make_partner("Gone")
        self.subscribe(keep)
        subscription = self.subscribe(gone)
        notice = self.env["subscription.notice"].create(
            {"subscription_id": subscription.id, "end_date": "2025-07-31"}
        )
        wizard = self.env["base.partner.merge.automatic.wizard"]
        wizard._merge((keep | gone).ids, keep)
        self.env.invalidate_all()
        self.assertEqual((notice.state, notice.partner_id), ("open", keep))
        self.assertEqual(subscription.notice_end_date, day("2025-07-31"))
