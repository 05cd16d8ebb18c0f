# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Usage comes in, once and whole, and grows old."""

import base64
import csv
import io
import json
from pathlib import Path

from freezegun import freeze_time
from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from ..models.subscription_usage_ingest import MAX_ROWS
from .common import SubscriptionCase, day

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
TODAY = "2025-06-30 12:00:00"


class UsageCase(SubscriptionCase):
    """A subscription that runs since January 2024, and features to use."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(freeze_time(TODAY))
        cls.partner = cls.make_partner("Customer")
        cls.subscription = cls.subscribe(cls.partner)
        cls.reports = cls.make_feature("reports", is_key=True)
        cls.export = cls.make_feature("export")

    @classmethod
    def make_feature(cls, code, **values):
        return cls.env["subscription.feature"].create(
            {"name": code.title(), "code": code, **values}
        )

    @classmethod
    def item(cls, when="2025-06-01", count=1, subscription=None, **values):
        """Return an item of usage; ``reports`` unless it names another feature."""
        named = {"subscription_id": (subscription or cls.subscription).id}
        return {"feature": "reports", "date": when, "count": count, **named, **values}

    @classmethod
    def ingest(cls, *items, **options):
        return cls.env["subscription.usage"].ingest(list(items), **options)

    def assertStored(self, answer, stored, unchanged=0):
        self.assertEqual(
            answer, {"stored": stored, "unchanged": unchanged, "errors": []}
        )

    def assertErrors(self, answer, *codes):
        self.assertEqual([error["code"] for error in answer["errors"]], list(codes))
        for error in answer["errors"]:
            self.assertTrue(error["message"])
            self.assertNotIn("%(", error["message"])

    def counts(self, subscription=None, feature=None):
        """Return ``{date: count}`` of what is stored."""
        domain = [
            ("subscription_id", "=", (subscription or self.subscription).id),
            ("feature_id", "=", (feature or self.reports).id),
        ]
        rows = self.env["subscription.usage"].search(domain)
        return {str(row.date): row.count for row in rows}


@tagged("post_install", "-at_install")
class TestUsageIngest(UsageCase):
    def test_total_of_a_day_replaces_the_one_before(self):
        self.assertStored(self.ingest(self.item(count=5)), 1)
        self.assertStored(self.ingest(self.item(count=5)), 0, 1)
        self.assertEqual(self.counts(), {"2025-06-01": 5})
        self.assertStored(self.ingest(self.item(count=3, seconds=60, users=2)), 1)
        self.assertStored(self.ingest(self.item(count=3, seconds=60, users=2)), 0, 1)
        self.assertEqual(self.counts(), {"2025-06-01": 3})
        row = self.env["subscription.usage"].search(
            [("subscription_id", "=", self.subscription.id)]
        )
        self.assertEqual((row.seconds, row.distinct_users), (60, 2))
        self.assertEqual(row.company_id, self.company)

    def test_last_total_of_a_call_counts(self):
        self.assertStored(self.ingest(self.item(count=5), self.item(count=7)), 2)
        self.assertEqual(self.counts(), {"2025-06-01": 7})

    def test_event_counts_once(self):
        events = [self.item(count=2, event_key=f"E-{n % 3}") for n in range(4)]
        self.assertStored(self.ingest(*events), 3, 1)
        self.assertEqual(self.counts(), {"2025-06-01": 6})
        self.assertStored(self.ingest(*events), 0, 4)
        self.assertEqual(self.counts(), {"2025-06-01": 6})
        more = self.item(event_key="E-4", seconds=30)
        self.assertStored(self.ingest(more, self.item(event_key="E-1", count=2)), 1, 1)
        self.assertEqual(self.counts(), {"2025-06-01": 7})

    def test_key_belongs_to_what_it_counts(self):
        """A key used again for something else loses nothing."""
        self.assertStored(
            self.ingest(
                self.item(event_key="1"),
                self.item(event_key="1", when="2025-06-02"),
                self.item(event_key="1", feature="export"),
            ),
            3,
        )
        self.assertEqual(self.counts(), {"2025-06-01": 1, "2025-06-02": 1})

    def test_sums_stay_in_their_column(self):
        top = 2**31 - 1
        self.ingest(self.item(count=top, seconds=top, event_key="1"))
        self.ingest(self.item(count=top, seconds=top, event_key="2"))
        self.assertEqual(self.counts(), {"2025-06-01": top})

    def test_time_falls_on_the_day_of_the_company(self):
        self.company.partner_id.tz = "America/New_York"
        self.ingest(
            self.item("2025-06-02T03:00:00Z"),
            self.item("2025-06-03T03:00:00"),
            self.item("2025-06-04T03:00:00-04:00"),
        )
        self.assertEqual(set(self.counts()), {"2025-06-01", "2025-06-02", "2025-06-04"})

    def test_subscription_is_found_by_id_import_key_and_reference(self):
        plan = self.make_plan("Coded", code="PRO")
        sub = self.subscribe(self.partner, template_id=plan.id, code="S-77")
        sub.subscription_ref = "IMPORTED"
        archived = self.subscribe(self.partner, code="S-78")
        archived.active = False
        item = {"feature": "reports", "date": "2025-06-01", "count": 1}
        for number, name in enumerate(
            (
                {"subscription_id": sub.id},
                {"subscription_ref": "IMPORTED"},
                {"subscription": "S-77"},
                {"subscription": "PRO/S-77"},
            )
        ):
            answer = self.ingest({**item, **name, "count": number + 1})
            self.assertStored(answer, 1)
        self.assertEqual(self.counts(sub), {"2025-06-01": 4})
        self.assertStored(self.ingest({**item, "subscription": "S-78"}), 1)
        self.assertErrors(
            self.ingest(
                {**item, "subscription": "IMPORTED"},
                {**item, "subscription_ref": "S-77"},
                {**item, "subscription_ref": "IMPORTED", "subscription": "S-77"},
                item,
            ),
            "subscription_unknown",
            "subscription_unknown",
            "subscription_missing",
            "subscription_missing",
        )
        self.subscribe(self.partner, code="S-77")
        self.assertErrors(
            self.ingest({**item, "subscription": "S-77"}), "subscription_ambiguous"
        )

    def test_bad_items_are_answered_and_the_rest_is_stored(self):
        items = [
            self.item(when=f"2025-{1 + n // 900:02}-{1 + n % 28:02}", event_key=str(n))
            for n in range(5000)
        ]
        items[17] = {**items[17], "count": -1}
        items[2500] = {**items[2500], "feature": "nothing"}
        items[4999] = "no item"
        answer = self.ingest(*items)
        self.assertEqual((answer["stored"], answer["unchanged"]), (4997, 0))
        self.assertEqual(
            [(error["index"], error["code"]) for error in answer["errors"]],
            [(17, "count_invalid"), (2500, "feature_unknown"), (4999, "item_invalid")],
        )
        self.assertEqual(sum(self.counts().values()), 4997)
        self.assertEqual(self.ingest(*items)["unchanged"], 4997)
        self.assertEqual(sum(self.counts().values()), 4997)

    def test_half_a_character_is_a_bad_item(self):
        """What a cut emoji leaves is valid JSON, and no text."""
        answer = self.ingest(
            self.item(event_key="a\ud83d"),
            {**self.item(subscription_id=None), "subscription": "a\ud83d"},
            self.item(),
        )
        self.assertErrors(answer, "event_key_invalid", "subscription_unknown")
        self.assertEqual(answer["stored"], 1)
        self.assertTrue(json.dumps(answer, ensure_ascii=False).encode())

    def test_every_error(self):
        for values, code in (
            ({"cuont": 1}, "field_unknown"),
            ({"subscription_id": -1}, "subscription_unknown"),
            ({"subscription_id": 2**31}, "subscription_unknown"),
            ({"subscription_id": "1"}, "subscription_unknown"),
            ({"subscription_id": True}, "subscription_unknown"),
            ({"subscription_id": None}, "subscription_missing"),
            ({"feature": "reports\0"}, "feature_unknown"),
            ({"feature": ["reports"]}, "feature_unknown"),
            ({"date": "2025-02-30"}, "date_invalid"),
            ({"date": "1999-12-31"}, "date_invalid"),
            ({"date": "20250601"}, "date_invalid"),
            ({"date": ["2025-06-01"]}, "date_invalid"),
            ({"date": None}, "date_invalid"),
            ({"date": "0001-01-01T00:00:00+14:00"}, "date_invalid"),
            ({"date": "2025-07-02"}, "date_future"),
            ({"count": 1.5}, "count_invalid"),
            ({"count": None}, "count_invalid"),
            ({"count": True}, "count_invalid"),
            ({"count": 2**31}, "count_invalid"),
            ({"seconds": -1}, "seconds_invalid"),
            ({"users": "2"}, "users_invalid"),
            ({"event_key": ""}, "event_key_invalid"),
            ({"event_key": "k" * 256}, "event_key_invalid"),
            ({"event_key": 7}, "event_key_invalid"),
        ):
            with self.subTest(**values):
                self.assertErrors(self.ingest({**self.item(), **values}), code)
        self.assertFalse(self.counts())
        self.assertStored(self.ingest(self.item("2025-07-01", count=0)), 1)

    def test_call_that_is_no_list_of_items_is_refused(self):
        for rows, options in (
            ({}, {}),
            (None, {}),
            ([self.item()] * (MAX_ROWS + 1), {}),
            ([self.item()], {"history": 1}),
        ):
            with self.assertRaises(UserError):
                self.env["subscription.usage"].ingest(rows, **options)
        self.assertFalse(self.counts())
        self.assertStored(self.ingest(), 0)

    def test_usage_before_the_start_is_stored(self):
        self.assertStored(self.ingest(self.item("2020-01-01"), history=True), 1)

    def test_feature_of_the_company_goes_before_the_shared_one(self):
        other = self.make_company("Second Company")
        self.make_feature("reports", company_id=other.id)
        own = self.make_feature("reports", company_id=self.company.id)
        self.ingest(self.item())
        self.assertEqual(self.counts(feature=own), {"2025-06-01": 1})
        self.assertFalse(self.counts())
        own.active = False
        self.ingest(self.item())
        self.assertEqual(self.counts(), {"2025-06-01": 1})
        self.reports.active = False
        self.assertErrors(self.ingest(self.item()), "feature_unknown")

    def test_code_is_unique(self):
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(IntegrityError),
            self.env.cr.savepoint(),
        ):
            self.make_feature("reports")

    def test_other_company(self):
        other = self.make_company("Second Company")
        theirs = self.subscribe(self.make_partner("Theirs"), company=other)
        theirs.subscription_ref = "T-1"
        item = {"feature": "reports", "date": "2025-06-01", "count": 1}
        self.assertErrors(
            self.ingest(
                {**item, "subscription_id": theirs.id},
                {**item, "subscription_ref": "T-1"},
            ),
            "subscription_unknown",
            "subscription_unknown",
        )
        answer = self.ingest({**item, "subscription_ref": "T-1"}, company_id=other.id)
        self.assertStored(answer, 1)
        rows = self.env["subscription.usage"].search(
            [("subscription_id", "=", theirs.id)]
        )
        self.assertEqual(rows.company_id, other)

    def test_who_may_report(self):
        usage = self.env["subscription.usage"]
        other = self.make_company("Second Company")
        for kind in ("user", "agent", "salesperson", "internal", "portal"):
            with self.subTest(kind), self.assertRaises(AccessError):
                self.as_user(usage, self.make_user(kind)).ingest([self.item()])
        manager = self.as_user(usage, self.make_user("manager"))
        self.assertStored(manager.ingest([self.item()]), 1)
        for company_id in (other.id, 0, "1", [self.company.id]):
            with self.assertRaises(AccessError):
                manager.ingest([self.item()], company_id=company_id)

    def test_who_sees_usage(self):
        other = self.make_company("Second Company")
        theirs = self.subscribe(self.make_partner("Theirs"), company=other)
        self.ingest(self.item())
        self.ingest(self.item(subscription=theirs), company_id=other.id)
        user = self.make_user("user")
        rows = self.as_user(self.env["subscription.usage"], user).search([])
        self.assertEqual(rows.subscription_id, self.subscription)
        with mute_logger("odoo.addons.base.models.ir_model"):
            for kind in ("internal", "portal"):
                with self.subTest(kind), self.assertRaises(AccessError):
                    self.as_user(rows, self.make_user(kind)).read(["count"])
            for kind in ("user", "manager"):
                person = self.env["res.users"].search(
                    [("login", "=", f"{kind}-{self.company.id}")]
                ) or self.make_user(kind)
                with self.subTest(kind), self.assertRaises(AccessError):
                    self.as_user(rows, person).write({"count": 0})

    def test_manager_edits_features_and_who_edits_plans_their_limits(self):
        manager, user = self.make_user("manager"), self.make_user("user")
        feature = self.as_user(self.reports, manager)
        feature.is_key = False
        with (
            mute_logger("odoo.addons.base.models.ir_model"),
            self.assertRaises(AccessError),
        ):
            self.as_user(self.reports, user).is_key = True
        plan = self.as_user(self.plan, self.make_user("salesperson"))
        plan.feature_limit_ids = [
            (0, 0, {"feature_id": self.reports.id, "usage_limit": 5})
        ]
        self.assertEqual(self.plan.copy().feature_limit_ids.usage_limit, 5)
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(IntegrityError),
            self.env.cr.savepoint(),
        ):
            self.plan.feature_limit_ids.usage_limit = 0
            self.env.flush_all()


@tagged("post_install", "-at_install")
class TestUsageMonths(UsageCase):
    """Old days become months that still say on which days there was use."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.subscription_usage_months = 6  # by the day from 2024-12-01 on

    def roll_up(self):
        while self.env["subscription.usage"]._gc_days()[1]:
            pass

    def rows(self):
        return [
            (str(row.date), row.count, row.is_month, f"{row.day_bits:b}")
            for row in self.env["subscription.usage"].search(
                [("subscription_id", "=", self.subscription.id)], order="date"
            )
        ]

    def test_days_become_months(self):
        self.ingest(
            self.item("2024-10-01", 1, seconds=5, users=3),
            self.item("2024-10-31", 2, seconds=5, users=2),
            self.item("2024-11-20", 4),
            self.item("2024-11-22", 8),
            self.item("2024-11-30", 0),
            self.item("2024-12-01", 16),
            history=True,
        )
        self.roll_up()
        self.assertEqual(
            self.rows(),
            [
                ("2024-10-31", 3, True, "1" + "0" * 29 + "1"),
                ("2024-11-22", 12, True, "101"),
                ("2024-12-01", 16, False, "1"),
            ],
        )
        october = self.env["subscription.usage"].search(
            [("date", "=", "2024-10-31"), ("company_id", "=", self.company.id)]
        )
        self.assertEqual((october.seconds, october.distinct_users), (10, 3))
        versions = self.versions(self.env["subscription.usage"].search([]))
        self.roll_up()
        self.assertEqual(
            self.versions(self.env["subscription.usage"].search([])), versions
        )

    def test_features_and_subscriptions_stay_apart(self):
        other = self.subscribe(self.make_partner())
        self.ingest(
            *(
                self.item(f"2024-10-0{n}", n, feature=feature, subscription=sub)
                for n in (1, 2)
                for feature in ("reports", "export")
                for sub in (self.subscription, other)
            )
        )
        self.roll_up()
        for sub in (self.subscription, other):
            for feature in (self.reports, self.export):
                self.assertEqual(self.counts(sub, feature), {"2024-10-02": 3})

    def test_month_takes_no_more_usage(self):
        """What is sent again after it was rolled up is not counted twice."""
        self.env["res.company"].search([]).subscription_usage_months = 6
        items = [
            self.item("2024-10-01"),
            self.item("2024-10-02", event_key="E-1"),
            self.item("2024-12-02", event_key="E-2"),
        ]
        self.ingest(*items, history=True)
        self.assertStored(self.ingest(*items), 0, 3)
        self.roll_up()
        answer = self.ingest(*items, self.item("2024-10-02", feature="export"))
        self.assertErrors(answer, "date_closed", "date_closed")
        self.assertEqual((answer["stored"], answer["unchanged"]), (1, 1))
        self.assertEqual(self.counts(), {"2024-10-02": 2, "2024-12-02": 1})
        self.assertEqual(
            self.env["subscription.usage.event"].search([]).mapped("date"),
            [day("2024-12-02")],
        )

    def test_month_stays_one_when_days_are_kept_for_longer(self):
        self.env["res.company"].search([]).subscription_usage_months = 6
        items = [self.item("2024-10-01", 5), self.item("2024-10-31", 7)]
        self.ingest(*items, history=True)
        self.roll_up()
        rows = self.rows()
        self.company.subscription_usage_months = 24
        self.assertErrors(self.ingest(*items), "date_closed", "date_closed")
        self.assertEqual(self.rows(), rows)

    def test_each_company_has_its_age(self):
        other = self.make_company("Second Company")
        theirs = self.subscribe(self.make_partner(), company=other)
        for when in ("2024-10-01", "2024-10-02"):
            self.ingest(
                self.item(when, subscription=theirs, event_key="E"),
                company_id=other.id,
            )
        self.roll_up()
        self.assertEqual(self.counts(theirs), {"2024-10-01": 1, "2024-10-02": 1})
        self.assertEqual(len(self.env["subscription.usage.event"].search([])), 2)


@tagged("post_install", "-at_install")
class TestPortalLogin(UsageCase):
    """Logins of customers count by themselves."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.login = cls.env.ref(
            "subscription_segmentation.subscription_feature_portal_login"
        )
        cls.person = cls.make_user("portal")
        cls.person.partner_id.parent_id = cls.partner

    def log_in(self, user=None):
        """Log in as the server does."""
        user = user or self.person
        user.with_user(user).sudo()._update_last_login()

    def logins(self, subscription=None):
        return self.counts(subscription, self.login)

    def test_counts_once_a_day_for_what_runs(self):
        ended = self.subscribe(self.partner, end="2025-03-01")
        other = self.make_company("Second Company")
        theirs = self.subscribe(self.partner, company=other)
        stranger = self.subscribe(self.make_partner("Stranger"))
        for now in (TODAY, "2025-06-30 20:00:00", "2025-07-01 08:00:00"):
            with freeze_time(now):
                self.log_in()
        self.assertEqual(self.logins(), {"2025-06-30": 1, "2025-07-01": 1})
        for subscription in (ended, theirs, stranger):
            self.assertFalse(self.logins(subscription))

    def test_counts_in_every_company_of_the_user_on_its_day(self):
        other = self.make_company("Second Company")
        other.partner_id.tz = "Pacific/Auckland"
        theirs = self.subscribe(self.partner, company=other)
        self.person.company_ids |= other
        with freeze_time("2025-06-30 14:00:00"):
            self.log_in()
        self.assertEqual(self.logins(), {"2025-06-30": 1})
        self.assertEqual(self.logins(theirs), {"2025-07-01": 1})

    def test_colleagues_do_not_count(self):
        user = self.make_user("user")
        user.partner_id.parent_id = self.partner
        self.log_in(user)
        self.assertFalse(self.logins())

    def test_archived_feature_turns_it_off(self):
        self.login.active = False
        self.log_in()
        self.assertFalse(self.logins())

    def test_no_failure_stops_a_login(self):
        self.env.cr.execute("ALTER TABLE subscription_usage RENAME TO lost")
        with (
            mute_logger("odoo.sql_db"),
            self.assertLogs("odoo.addons.subscription_segmentation", "ERROR"),
        ):
            self.log_in()
        self.env.cr.execute("ALTER TABLE lost RENAME TO subscription_usage")
        rows = self.env.execute_query(
            SQL(
                "SELECT COUNT(*) FROM res_users_log WHERE create_uid = %s",
                self.person.id,
            )
        )
        self.assertEqual(rows, [(1,)])
        self.assertFalse(self.logins())


@tagged("post_install", "-at_install")
class TestUsageImport(UsageCase):
    def import_file(self, content, user=None, **values):
        content = content.encode() if isinstance(content, str) else content
        wizard = self.env["subscription.usage.import"]
        if user:
            wizard = self.as_user(wizard, user)
        wizard = wizard.create({"file": base64.b64encode(content), **values})
        wizard.action_import()
        return wizard

    def test_file(self):
        self.subscription.subscription_ref = "S-1"
        content = (
            "Subscription Ref;Feature;Date;Count;Remark\n"
            "S-1;reports;2025-06-01;3;x\n"
            "S-1;chat;2025-06-01;2;y\n"
            "S-2;chat;2025-06-01;2;y\n"
            "S-1;chat;June;many;y\n"
        )
        wizard = self.import_file(content, self.make_user("manager"))
        self.assertTrue(wizard.history)
        self.assertEqual(
            (wizard.stored_count, wizard.unchanged_count, wizard.problem_count),
            (2, 0, 2),
        )
        lines = wizard.problems.splitlines()
        self.assertTrue(lines[0].startswith("Line 4: "), lines)
        self.assertIn("S-2", lines[0])
        self.assertTrue(lines[1].startswith("Line 5: "), lines)
        self.assertEqual(self.counts(), {"2025-06-01": 3})
        chat = self.env["subscription.feature"].search([("code", "=", "chat")])
        self.assertEqual((chat.company_id, chat.kind), (self.company, "feature"))
        row = self.env["subscription.usage"].search([("feature_id", "=", chat.id)])
        self.assertEqual((row.count, row.known_on), (2, day("2025-06-01")))
        again = self.import_file(content)
        self.assertFalse(again.history)
        self.assertEqual((again.stored_count, again.unchanged_count), (0, 2))

    def test_unknown_feature_is_a_problem_unless_it_is_added(self):
        content = (
            "subscription_id,feature,date,count\n"
            f"{self.subscription.id},chat,2025-06-01,2\n"
        )
        wizard = self.import_file(content, add_features=False)
        self.assertEqual((wizard.stored_count, wizard.problem_count), (0, 1))
        self.assertIn("chat", wizard.problems)

    def test_archived_feature_is_a_problem(self):
        features = self.env["subscription.feature"].with_context(active_test=False)
        for date, company in (
            ("2025-06-02", self.env["res.company"]),
            ("2025-06-03", self.company),
        ):
            old = self.make_feature(f"old{company.id}", company_id=company.id)
            old.active = False
            before = features.search_count([])
            wizard = self.import_file(
                "subscription_id,feature,date,count\n"
                f"{self.subscription.id},{old.code},2025-06-01,3\n"
                f"{self.subscription.id},reports,{date},4\n"
            )
            self.assertEqual((wizard.stored_count, wizard.problem_count), (1, 1))
            self.assertIn(old.code, wizard.problems)
            self.assertEqual(features.search_count([]), before)

    def test_file_that_cannot_be_read(self):
        for content in ("", "a,b\n1,2\n", "feature,date\nreports,2025-06-01\n"):
            with self.assertRaises(UserError):
                self.import_file(content)

    def test_only_managers_import(self):
        with (
            mute_logger("odoo.addons.base.models.ir_model"),
            self.assertRaises(AccessError),
        ):
            self.import_file("", self.make_user("user"))


@tagged("post_install", "-at_install", "slow")
class TestRealUsage(UsageCase):
    """25,000 rows of usage, most of them from before their subscription starts."""

    def test_ravenstack(self):
        folder = DATA / "ravenstack"
        if not folder.exists():
            self.skipTest(f"{folder} is missing: importing usage was NOT tested")
        wizard = self.make_wizard(
            (folder / "history.csv").read_bytes(), day("2024-12-31")
        )
        import_ = self.env["subscription.import"].browse(
            wizard.action_import()["res_id"]
        )
        while import_._work():
            pass
        content = (folder / "usage.csv").read_text()
        rows = list(csv.DictReader(io.StringIO(content)))
        content = content.replace("usage_id", "event_key", 1).encode()
        file = base64.b64encode(content)
        for expected in ((25000, 0), (0, 25000)):
            wizard = self.env["subscription.usage.import"].create(
                {"file": file, "history": True}
            )
            wizard.action_import()
            self.assertFalse(wizard.problems)
            self.assertEqual((wizard.stored_count, wizard.unchanged_count), expected)
        found = self.env["subscription.usage"]._read_group(
            [("company_id", "=", self.company.id)], [], ["count:sum", "__count"]
        )
        days = {(r["subscription_ref"], r["feature"], r["date"]) for r in rows}
        total = sum(int(row["count"]) for row in rows)
        self.assertEqual(found, [(total, len(days))])
