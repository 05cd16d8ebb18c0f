# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What usage says of subscriptions, as of a date and never otherwise."""

import base64
from datetime import timedelta
from random import Random

import numpy as np
import pandas as pd
from freezegun import freeze_time

from odoo.tests import tagged

from ..signals.usage import SIGNALS, feed_outage, usage
from .common import day
from .test_usage import DATA, UsageCase

NAMES = [signal.name for signal in SIGNALS]
LOGINS = ["logins_30d", "logins_change"]
FEATURES = [
    "features_30d",
    "features_change",
    "key_features_dropped",
    "key_features_90d",
    "limit_share",
]
CHANGES = ["logins_change", "features_change"]


class UsageSignalCase(UsageCase):
    def signals(self, as_of="2025-06-30", company=None, ids=None):
        frame = usage(self.env, company or self.company, day(as_of), ids)
        self.assertEqual(list(frame.columns), NAMES)
        self.assertTrue((frame.dtypes == "float64").all())
        return frame

    def values(self, as_of="2025-06-30", subscription=None):
        """Return ``{name: value}`` of what is known."""
        frame = self.signals(as_of)
        id_ = (subscription or self.subscription).id
        return frame.loc[id_].dropna().to_dict() if id_ in frame.index else {}

    def load(self, *items):
        """Store what was known on the day it happened."""
        answer = self.ingest(*items, history=True)
        self.assertFalse(answer["errors"])

    def feed(self, first="2024-06-01", last="2025-07-01", step=3):
        """Let another subscription of the plan be used all the time."""
        self.other = self.subscribe(self.make_partner("Other"))
        days = [
            str(when.date()) for when in pd.date_range(last, first, freq=f"-{step}D")
        ]
        self.load(
            *(
                self.item(when, feature=feature, subscription=self.other)
                for when in days
                for feature in ("export", "login")
            )
        )


@tagged("post_install", "-at_install")
class TestUsageSignals(UsageSignalCase):
    def test_values(self):
        self.feed()
        for code in ("chat", "old"):
            self.make_feature(code, is_key=True)
        self.make_feature("video")
        self.plan.feature_limit_ids = [
            (0, 0, {"feature_id": feature.id, "usage_limit": limit})
            for feature, limit in ((self.export, 10), (self.reports, 1))
        ]
        self.load(
            self.item("2025-06-30", 1, feature="login"),
            self.item("2025-06-01", 1, feature="login"),
            self.item("2025-05-31", 4, feature="login"),
            self.item("2025-05-02", 1, feature="login"),
            self.item("2025-05-01", 9, feature="login"),
            self.item("2025-06-10", 3, feature="export"),
            self.item("2025-06-11", 1, feature="export"),
            self.item("2025-06-12", 0, feature="video"),
            self.item("2025-05-10", 3, feature="export"),
            self.item("2025-05-10", 3, feature="video"),
            self.item("2025-05-01", 3, feature="reports"),
            self.item("2025-04-02", 3, feature="chat"),
            self.item("2025-04-01", 3, feature="old"),
        )
        self.assertEqual(
            self.values(),
            {
                "logins_30d": 2,
                "logins_change": -60,
                "days_since_use": 0,
                "active_days_30d": 4,
                "features_30d": 1,
                "features_change": -1,
                "key_features_dropped": 2,
                "key_features_90d": 2,
                "limit_share": 0.4,
            },
        )
        self.assertEqual(self.values("2025-06-29")["days_since_use"], 18)
        self.assertEqual(self.values("2025-06-12")["days_since_use"], 1)

    def test_many_features(self):
        """More than fit into one word of bits."""
        codes = [f"f{n}" for n in range(50)]
        for number, code in enumerate(codes):
            self.make_feature(code, is_key=number % 2)
        self.feed()
        self.load(
            *(
                self.item(when, feature=code)
                for when, some in (
                    ("2025-06-10", codes[5:40]),
                    ("2025-05-10", codes[:45]),
                    ("2025-04-10", codes[44:]),
                )
                for code in some
            )
        )
        values = self.values()
        self.assertEqual(values["features_30d"], 35)
        self.assertEqual(values["features_change"], -10)
        # 1, 3 and 41, 43, 45, 47, 49
        self.assertEqual(values["key_features_dropped"], 7)

    def test_key_features_used(self):
        """In 90 days or since the start, where all of these days are known."""
        self.feed()
        new = self.subscribe(self.make_partner(), start="2025-06-10")
        self.assertNotIn("key_features_90d", self.values())
        self.load(self.item("2025-06-05", subscription=self.other))
        self.assertNotIn("key_features_90d", self.values(), "not reported so long")
        self.assertNotIn("key_features_90d", self.values(subscription=self.other))
        self.assertEqual(self.values(subscription=new)["key_features_90d"], 0)
        self.load(
            self.item("2025-06-09", subscription=new),
            self.item("2025-06-20", subscription=new, feature="export"),
        )
        self.assertEqual(self.values(subscription=new)["key_features_90d"], 0)
        self.load(self.item("2025-06-10", subscription=new))
        self.assertEqual(self.values(subscription=new)["key_features_90d"], 1)
        self.load(self.item("2025-01-10", subscription=self.other))
        self.load(self.item("2025-03-31"))
        self.assertEqual(self.values()["key_features_90d"], 0)
        self.assertEqual(self.values("2025-06-28")["key_features_90d"], 1)
        self.assertEqual(self.values(subscription=self.other)["key_features_90d"], 1)

    @freeze_time("2025-08-01 12:00:00")
    def test_key_features_after_a_gap(self):
        self.load(self.item("2025-01-10"))
        self.feed(last="2025-04-10")
        self.feed(first="2025-04-25")
        new = self.subscribe(self.make_partner(), start="2025-06-10")
        self.assertNotIn("key_features_90d", self.values())
        self.assertIn("key_features_dropped", self.values())
        self.assertEqual(self.values(subscription=new)["key_features_90d"], 0)
        as_of = "2025-07-24"
        self.feed(first="2025-07-02", last=as_of)
        self.assertNotIn("key_features_90d", self.values("2025-07-23"))
        self.assertEqual(self.values(as_of)["key_features_90d"], 0)

    def test_nothing_is_known_without_usage(self):
        self.assertFalse(self.values())
        self.feed(first="2025-06-01")
        self.assertFalse(self.values("2025-05-31"))
        self.assertIsNone(feed_outage(self.env, self.company, day("2025-05-31")))

    def test_young_feed(self):
        """Days from before the feed began are not days without use."""
        self.feed(first="2025-06-10")
        self.load(self.item("2025-06-28"))
        self.assertEqual(self.values(), {"days_since_use": 2})
        self.feed(first="2025-06-01", last="2025-06-07")
        known = self.values()
        self.assertEqual(known["active_days_30d"], 1)
        self.assertFalse(known.keys() & set(CHANGES))

    def test_outage(self):
        """A feed that stops for everyone says nothing of anyone."""
        self.feed(last="2025-06-23")
        self.load(self.item("2025-06-01"))
        self.assertIn("active_days_30d", self.values("2025-06-29"))
        self.assertIsNone(feed_outage(self.env, self.company, day("2025-06-29")))
        self.assertFalse(self.values("2025-06-30"))
        self.assertEqual(
            feed_outage(self.env, self.company, day("2025-06-30")), day("2025-06-23")
        )

    @freeze_time("2025-12-01 12:00:00")
    def test_after_an_outage(self):
        self.feed(last="2025-06-23")
        self.feed(first="2025-07-05", last="2025-11-30")
        self.load(self.item("2025-06-20"))
        back = self.values("2025-07-10", self.other)
        self.assertEqual(list(back), ["days_since_use"])
        self.assertLess(back["days_since_use"], 3)
        self.assertFalse(self.values("2025-07-10"))
        later = self.values("2025-08-10", self.other)
        self.assertIn("active_days_30d", later)
        self.assertFalse(later.keys() & set(CHANGES))
        self.assertTrue(set(LOGINS) < self.values("2025-09-15", self.other).keys())

    def test_never_used(self):
        """It counts since it started, or since its plan is measured at all."""
        self.feed(first="2025-04-01")
        new = self.subscribe(self.make_partner(), start="2025-06-10")
        self.assertEqual(self.values(subscription=new)["days_since_use"], 20)
        self.assertEqual(self.values(subscription=new)["active_days_30d"], 0)
        since = self.env["subscription.usage"].search(
            [("company_id", "=", self.company.id)], order="date", limit=1
        )
        self.assertEqual(
            self.values()["days_since_use"], (day("2025-06-30") - since.date).days
        )
        self.assertEqual(self.values()["features_30d"], 0)
        unmeasured = self.subscribe(
            self.make_partner(), template_id=self.make_plan("Unmeasured").id
        )
        self.assertFalse(self.values(subscription=unmeasured))

    def test_usage_before_the_start_does_not_count(self):
        self.feed()
        late = self.subscribe(self.make_partner(), start="2025-06-15")
        self.load(
            self.item("2025-06-14", 7, subscription=late),
            self.item("2025-06-14", 7, subscription=late, feature="login"),
            self.item("2023-12-31", 7),
        )
        values = self.values(subscription=late)
        self.assertEqual((values["features_30d"], values["logins_30d"]), (0, 0))
        self.assertEqual((values["active_days_30d"], values["days_since_use"]), (0, 15))
        self.assertFalse(values.keys() & set(CHANGES))
        self.load(self.item("2025-06-15", 7, subscription=late))
        values = self.values(subscription=late)
        self.assertEqual((values["features_30d"], values["active_days_30d"]), (1, 1))
        first = self.env["subscription.usage"].search(
            [("subscription_id", "=", self.other.id)], order="date", limit=1
        )
        self.assertLess(first.date, day("2024-07-01"))
        self.assertEqual(
            self.values()["days_since_use"],
            (day("2025-06-30") - day("2024-01-15")).days,
        )

    def test_portal_logins_only(self):
        """Whoever never came to the portal is not known to have stopped coming."""
        portal = self.env.ref(
            "subscription_segmentation.subscription_feature_portal_login"
        )
        with freeze_time("2025-03-01 12:00:00"):
            self.load(self.item("2025-03-01", feature=portal.code))
        unknown = self.subscribe(self.make_partner())
        self.load(self.item("2025-05-20", feature=portal.code))
        values = self.values()
        self.assertEqual(
            values,
            {
                "logins_30d": 0,
                "logins_change": -100,
                "days_since_use": 41,
                "active_days_30d": 0,
            },
        )
        self.assertFalse(self.values(subscription=unknown))
        self.assertIsNone(feed_outage(self.env, self.company, day("2025-06-30")))

    def test_portal_logins_beside_a_feed_without_logins(self):
        login = self.env.ref("subscription_segmentation.subscription_feature_login")
        self.feed()
        self.env["subscription.usage"].flush_model()
        self.env.cr.execute(
            "DELETE FROM subscription_usage WHERE feature_id = %s", [login.id]
        )
        self.load(
            self.item("2025-04-01", feature="portal_login"),
            self.item("2025-06-01", feature="portal_login"),
        )
        self.assertEqual(self.values()["logins_30d"], 1)
        other = self.values(subscription=self.other)
        self.assertIn("active_days_30d", other)
        self.assertFalse(other.keys() & set(LOGINS))

    def test_companies_are_apart(self):
        self.feed()
        self.load(self.item("2025-06-20"))
        expected = self.signals()
        second = self.make_company("Second Company")
        theirs = self.subscribe(self.make_partner("Theirs"), company=second)
        self.assertTrue(self.signals(company=second).empty)
        self.ingest(
            *(
                self.item(f"2025-0{month}-20", 9, subscription=theirs, feature=feature)
                for month in (4, 5, 6)
                for feature in ("reports", "login")
            ),
            company_id=second.id,
            history=True,
        )
        pd.testing.assert_frame_equal(self.signals(), expected)
        frame = self.signals(as_of="2025-06-21", company=second)
        self.assertEqual(frame.index.tolist(), theirs.ids)

    def test_some_are_as_all(self):
        self.feed()
        quiet = self.subscribe(self.make_partner("Quiet"))
        self.load(self.item("2025-06-20"))
        everything = self.signals()
        for id_ in (self.subscription.id, self.other.id, quiet.id):
            pd.testing.assert_frame_equal(
                self.signals(ids=[id_]), everything.loc[[id_]]
            )

    def test_past_signal_never_changes_when_data_is_added(self):
        """Invariant 1: late totals, corrections and events change no past day."""
        random = Random(7)
        self.plan.feature_limit_ids = [
            (0, 0, {"feature_id": self.export.id, "usage_limit": 10})
        ]
        self.feed(first="2025-01-01", last="2025-04-01", step=2)
        subs = [self.subscription, self.other, self.subscribe(self.make_partner("3"))]
        seen = {}
        today = day("2025-04-01")
        for number in range(90):
            with freeze_time(f"{today} 12:00:00"):
                self.ingest(
                    *(
                        self.item(
                            str(today - timedelta(days=random.choice((0, 1, 1, 2, 9)))),
                            random.randrange(5),
                            subscription=random.choice(subs),
                            feature=random.choice(("reports", "export", "login")),
                            **({"event_key": str(number)} if number % 3 else {}),
                        )
                        for _item in range(4)
                    )
                )
                if number % 10 == 9:
                    seen[today] = self.signals(str(today))
            today += timedelta(days=1)
        corrections = self.env["subscription.usage.correction"].search_count([])
        self.assertGreater(corrections, 20)
        self.assertGreater(
            sum(frame.notna().sum().sum() for frame in seen.values()), 90
        )
        self.tell(subs[0], "2025-07-01", template_id=self.make_plan("Other").id)
        with freeze_time(f"{today} 12:00:00"):
            for when in seen:
                self.ingest(
                    *(
                        self.item(str(when), 7, subscription=sub, feature=feature)
                        for sub in subs
                        for feature in ("reports", "export", "login")
                    )
                )
            for when, frame in seen.items():
                pd.testing.assert_frame_equal(self.signals(str(when)), frame)


@tagged("post_install", "-at_install")
class TestUsageSignalMonths(UsageSignalCase):
    def setUp(self):
        super().setUp()
        self.feed(first="2024-02-01")
        self.load(
            self.item("2024-07-20"),
            self.item("2024-08-03"),
            self.item("2024-09-02"),
            self.item("2024-10-20"),
            self.item("2024-10-22"),
            self.item("2024-10-22", feature="export"),
            self.item("2024-09-05", 4, feature="login"),
            self.item("2024-10-05", 2, feature="login"),
        )
        self.company.subscription_usage_months = 6  # by the day from 2024-12-01 on

    def roll_up(self):
        while self.env["subscription.usage"]._gc_days()[1]:
            pass

    def test_end_of_a_month(self):
        before = self.values("2024-10-31")
        today = self.signals()
        self.roll_up()
        self.assertEqual(self.values("2024-10-31"), before)
        self.assertEqual(before["active_days_30d"], 3)
        self.assertEqual(before["logins_change"], -50)
        pd.testing.assert_frame_equal(self.signals(), today)

    def test_reported_on_the_next_day(self):
        """Those who used it until the last day of a month are seen at its end."""
        known = {}
        for name in ("daily", "late"):
            known[name] = self.subscribe(self.make_partner(name.title()))
        for when in pd.date_range("2024-07-01", "2024-11-30"):
            with freeze_time(when + timedelta(days=1, hours=2)):
                self.ingest(self.item(f"{when:%Y-%m-%d}", subscription=known["daily"]))
        with freeze_time("2024-11-20 12:00"):
            self.ingest(self.item("2024-10-20", subscription=known["late"]))
        self.roll_up()
        self.assertEqual(
            self.values("2024-10-31", known["daily"])["active_days_30d"], 30
        )
        self.assertFalse(
            self.values("2024-10-31", known["late"]).get("active_days_30d")
        )

    def test_within_a_month_it_is_the_month_before(self):
        self.roll_up()
        expected = self.values("2024-09-30")
        found = self.values("2024-10-15")
        self.assertEqual(found.pop("days_since_use"), 40)
        self.assertEqual(expected.pop("days_since_use"), 25)
        self.assertEqual(found, expected)

    def test_no_outage_in_months(self):
        self.roll_up()
        for as_of in ("2024-10-31", "2024-11-30", "2025-01-15", "2025-02-28"):
            self.assertIsNone(feed_outage(self.env, self.company, day(as_of)))
            self.assertIn("active_days_30d", self.values(as_of), as_of)


@tagged("post_install", "-at_install", "slow")
class TestRealUsageSignals(UsageSignalCase):
    """RavenStack, where most of the usage lies before its subscription."""

    def test_ravenstack(self):
        folder = DATA / "ravenstack"
        if not folder.exists():
            self.skipTest(f"{folder} is missing: signals of usage were NOT compared")
        as_of = day("2024-12-31")
        wizard = self.make_wizard((folder / "history.csv").read_bytes(), as_of)
        import_ = self.env["subscription.import"].browse(
            wizard.action_import()["res_id"]
        )
        while import_._work():
            pass
        file = (folder / "usage.csv").read_bytes()
        self.env["subscription.usage.import"].create(
            {
                "file": base64.b64encode(file.replace(b"usage_id", b"event_key", 1)),
                "history": True,
            }
        ).action_import()
        known = self.signals("2024-12-31")
        refs = self.env["sale.subscription"].search_read(
            [("subscription_ref", "!=", False), ("company_id", "=", self.company.id)],
            ["subscription_ref", "is_running"],
        )
        running = {r["subscription_ref"]: r["id"] for r in refs if r["is_running"]}
        rows = pd.read_csv(folder / "usage.csv", parse_dates=["date"])
        starts = pd.read_csv(folder / "history.csv", index_col="subscription_ref")[
            "start_date"
        ]
        rows = rows[rows["subscription_ref"].isin(running) & (rows["count"] > 0)]
        rows = rows[
            rows["date"] >= pd.to_datetime(rows["subscription_ref"].map(starts))
        ]
        rows["id"] = rows["subscription_ref"].map(running)
        rows["age"] = (pd.Timestamp(as_of) - rows["date"]).dt.days
        found = known.loc[list(running.values())]
        last = rows.groupby("id")["age"].min().reindex(found.index)
        seen = last.notna()
        self.assertGreater(seen.sum(), 1000)
        np.testing.assert_array_equal(found["days_since_use"][seen], last[seen])
        recent = rows[rows["age"] < 30].groupby("id")
        for name, expected in (
            ("active_days_30d", recent["date"].nunique()),
            ("features_30d", recent["feature"].nunique()),
        ):
            np.testing.assert_array_equal(
                found[name][seen], expected.reindex(found.index).fillna(0)[seen]
            )
        self.assertTrue(found[LOGINS].isna().all().all())
