# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The signals that a subscription keeps: those it was scored by, and none that is 0."""

from ast import literal_eval

from lxml import etree

from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import SQL

from ..models.churn_scoring import KEPT, PREFIX
from ..models.scoring import subscription_scores
from ..signals.table import SIGNALS, table
from .common import day
from .invoices import InvoiceCase
from .test_usage import UsageCase
from .touchpoints import TouchpointCase

FIELDS = [PREFIX + name for name in KEPT]


@tagged("post_install", "-at_install")
class TestSaleSubscriptionSignals(InvoiceCase, TouchpointCase, UsageCase):
    """A customer who is behind with everything, one who is silent, one who left."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.book(
            cls.subscription,
            ("2024-01-01", "start", 100),
            ("2025-05-01", "change", 75),
        )
        cls.invoice("2025-06-01", 100)
        cls.rate(cls.ticket("2025-06-10"), "2025-06-20", 2)
        cls.write_message("2025-06-25")
        cls.make_feature("chat", is_key=True)
        cls.plan.feature_limit_ids = [
            (0, 0, {"feature_id": cls.export.id, "usage_limit": 9})
        ]
        cls.other = cls.subscribe(cls.make_partner("Other"))
        cls.ingest(
            *(
                cls.item(
                    f"2025-{month}-{date}", feature=feature, subscription=cls.other
                )
                for month in ("01", "02", "03", "04", "05", "06")
                for date in ("01", "05", "10", "15", "20", "25", "28")
                for feature in ("reports", "login")
            ),
            cls.item("2025-06-20", 4, feature="export"),
            cls.item("2025-06-20", 1, feature="login"),
            cls.item("2025-05-20", 4, feature="login"),
            history=True,
        )
        cls.unmeasured = cls.subscribe(
            cls.make_partner("Quiet"), template_id=cls.make_plan("Unmeasured").id
        )
        cls.left = cls.subscribe(cls.make_partner("Left"), end="2025-06-01")
        cls.subscriptions = cls.subscription | cls.other | cls.unmeasured | cls.left

    def refresh(self):
        run = self.env["subscription.refresh"]._refresh_company(
            self.company, self.as_of, lambda: True
        )
        self.assertEqual((run.state, run.failed_count), ("done", 0))
        self.env.invalidate_all()
        return run

    def find(self, *domain):
        domain = [("id", "in", self.subscriptions.ids), *domain]
        found = self.env["sale.subscription"].search(domain)
        self.assertEqual(found, self.subscriptions.filtered_domain(domain))
        return found

    def test_kept_as_scored(self):
        self.refresh()
        self.assertEqual(
            {name: self.subscription[name] for name in FIELDS},
            {
                "signal_overdue_amount": 100,
                "signal_overdue_days": 29,
                "signal_period_months": 1,
                "signal_contraction_90d": 25,
                "signal_expansion_90d": 0,
                "signal_tickets_open": 1,
                "signal_oldest_open_days": 20,
                "signal_satisfaction_last": 2,
                "signal_logins_30d": 1,
                "signal_logins_change": -75,
                "signal_days_since_use": 10,
                "signal_active_days_30d": 1,
                "signal_features_30d": 1,
                "signal_features_change": 1,
                "signal_key_features_dropped": 0,
                "signal_key_features_90d": 0,
                "signal_limit_share": 0.444,
                "signal_days_since_message": 5,
            },
        )
        scores = subscription_scores(self.env, self.company, self.as_of)
        signals = table(self.env, self.company, self.as_of, scores=scores)
        for sub in self.subscriptions - self.left:
            expected = signals.loc[sub.id, list(KEPT)].astype(object)
            expected = expected.where(expected.notna(), None)
            for name, digits in KEPT.items():
                found, value = sub[PREFIX + name], expected[name]
                if value is None:
                    self.assertIs(found, False, name)
                else:
                    self.assertAlmostEqual(found, value, digits, name)
                    self.assertIsNot(found, False, name)

    def test_one_alone_is_kept_like_all(self):
        self.refresh()
        kept = self.subscription.read(FIELDS)
        self.subscription.write(dict.fromkeys(FIELDS, False))
        self.env["subscription.refresh"]._refresh_records(self.subscription)
        self.assertEqual(self.subscription.read(FIELDS), kept)

    def test_what_is_not_known_is_not_found(self):
        """Invariant 12: it is NULL, on screen nothing, and below or above no number."""
        self.refresh()
        [stored] = self.env.execute_query(
            SQL(
                "SELECT %s FROM sale_subscription WHERE id = %s",
                SQL(", ").join(map(SQL.identifier, FIELDS)),
                self.left.id,
            )
        )
        self.assertEqual(set(stored), {None})
        self.assertEqual(
            set(self.left.read(FIELDS)[0].values()) - {self.left.id}, {False}
        )
        for name in FIELDS:
            found = self.find(
                "|", "|", (name, "<=", 0), (name, ">=", -1), (name, "=", 0)
            )
            self.assertEqual(found, self.find((name, "!=", False)), name)
            self.assertNotIn(self.left, found)
            self.assertIn(self.subscription, found)
            self.assertIn(self.left, self.find((name, "=", False)))
        unknown = self.find(("signal_days_since_use", "=", False))
        self.assertEqual(unknown, self.unmeasured | self.left)
        # Nobody of it ever wrote.
        self.assertFalse(self.other.signal_days_since_message)
        self.assertEqual(
            self.find(("signal_key_features_90d", "=", 0)), self.subscription
        )
        exported = self.left.export_data(["signal_logins_30d", "signal_limit_share"])
        self.assertEqual(exported["datas"], [["", ""]])

    def test_stops_running(self):
        self.refresh()
        self.assertTrue(self.other.signal_days_since_use)
        self.book(self.other, ("2025-06-29", "end", None))
        self.env.invalidate_all()
        self.assertEqual({self.other[name] for name in FIELDS}, {False})
        self.refresh()
        self.assertEqual({self.other[name] for name in FIELDS}, {False})

    def test_second_refresh_changes_no_row(self):
        """Invariant 2."""
        self.refresh()
        before = self.versions(self.subscriptions)
        self.assertEqual(self.refresh().changed_count, 0)
        self.assertEqual(self.versions(self.subscriptions), before)

    def test_filters(self):
        self.refresh()
        arch = self.env["sale.subscription"].get_view(view_type="search")["arch"]
        search = etree.fromstring(arch)

        def found(name):
            [node] = search.xpath(f"//filter[@name='{name}']")
            return self.find(*literal_eval(node.get("domain")))

        self.assertEqual(found("payment_overdue"), self.subscription)
        self.assertFalse(found("not_used_30"))
        self.subscription.signal_days_since_use = 30
        self.assertEqual(found("not_used_30"), self.subscription)

    def test_told_once(self):
        """Labels and helps are those of the signals; all are stored, none is edited."""
        own = self.env["sale.subscription"]._fields
        self.assertEqual({name for name in own if name.startswith(PREFIX)}, set(FIELDS))
        described = self.env["sale.subscription"].fields_get(FIELDS)
        for name in FIELDS:
            signal = SIGNALS[name.removeprefix(PREFIX)]
            self.assertEqual(
                described[name]["string"].lower(), str(signal.label).lower()
            )
            self.assertTrue(described[name]["help"].startswith(str(signal.help)), name)
            self.assertTrue(described[name]["readonly"] and described[name]["store"])

    def test_who_may_see_them(self):
        self.refresh()
        seller = self.as_user(self.subscription, self.make_user("salesperson"))
        self.assertEqual(seller.signal_overdue_days, 29)
        stranger = self.as_user(
            self.subscription, self.make_user("internal", login="stranger")
        )
        with self.assertRaises(AccessError):
            stranger.read(["signal_overdue_days"])
        self.assertFalse(stranger.fields_get(FIELDS))
        self.assertEqual(set(seller.fields_get(FIELDS)), set(FIELDS))
        manager = self.make_user("manager")
        manager.group_ids |= self.env.ref("sales_team.group_sale_manager")
        theirs = self.as_user(self.subscription, manager)
        theirs.write({"signal_overdue_days": 1, "description": "Seen"})
        self.assertEqual((theirs.signal_overdue_days, theirs.description), (29, "Seen"))
        self.assertFalse(any(self.subscription.copy()[name] for name in FIELDS))

    def test_companies_are_apart(self):
        """Invariant 4."""
        second = self.make_company("Second Company")
        both = (self.company + second).ids
        self.env = self.env(context=dict(self.env.context, allowed_company_ids=both))
        theirs = self.subscribe(self.partner, company=second)
        self.refresh()
        self.assertFalse(theirs.signal_period_months)
        self.assertEqual(day("2025-06-30"), self.subscription.scored_on)
