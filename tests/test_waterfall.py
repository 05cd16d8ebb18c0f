# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Opening + what customers did + drift = closing, and every number opens its rows."""

import json
from datetime import timedelta
from unittest.mock import patch

from odoo.exceptions import AccessError
from odoo.tests import HttpCase, tagged
from odoo.tools import SQL
from odoo.tools.json import json_default

from ..analytics.ledger import CHANGE, CHURN, END, KINDS, START
from .common import MODULE, SubscriptionCase, day

TODAY = day("2024-04-20")


class WaterfallCase(SubscriptionCase):
    def setUp(self):
        super().setUp()
        self.set_today(TODAY)

    def set_today(self, today):
        patcher = patch.object(
            self.registry["res.company"], "_subscription_today", lambda company: today
        )
        patcher.start()
        self.addCleanup(patcher.stop)

    def waterfall(self, *args, user=None, company=None):
        Waterfall = self.env["subscription.waterfall"]
        if user:
            Waterfall = self.as_user(Waterfall, user)
        if company:
            Waterfall = Waterfall.with_context(allowed_company_ids=company.ids)
        return Waterfall.get_waterfall(*args)

    def amounts(self, row):
        """Return the cells of a row that are not 0, rounded."""
        cells = {name: round(cell["amount"], 2) for name, cell in row["cells"].items()}
        return {name: amount for name, amount in cells.items() if amount}

    def assertMonths(self, data, *months):
        self.assertEqual([str(row["first"])[:7] for row in data["rows"]], list(months))


@tagged("post_install", "-at_install")
class TestWaterfallFigures(WaterfallCase):
    """What the screen is told, in one currency."""

    def test_a_month_of_each_kind(self):
        ada, bob = self.make_partner("Ada"), self.make_partner("Bob")
        first = self.subscribe(ada, 100, "2024-01-15")
        self.book(first, ("2024-02-10", CHANGE, 130), ("2024-02-20", CHANGE, 120))
        self.book(first, ("2024-03-10", END, None))
        self.subscribe(bob, 7, "2024-03-31")
        self.subscribe(ada, 50, "2024-04-01")
        self.subscribe(self.make_partner("Trial"), 0, "2024-04-02")
        data = self.waterfall()
        self.assertMonths(data, "2024-01", "2024-02", "2024-03", "2024-04")
        january, february, march, april = data["rows"]
        self.assertEqual(self.amounts(january), {"new": 100, "closing": 100})
        self.assertEqual(
            self.amounts(february),
            {"opening": 100, "expansion": 30, "contraction": -10, "closing": 120},
        )
        self.assertEqual(
            self.amounts(march),
            {"opening": 120, "new": 7, "churn": -120, "closing": 7},
        )
        self.assertEqual(
            self.amounts(april), {"opening": 7, "reactivation": 50, "closing": 57}
        )
        self.assertEqual(
            self.amounts(data["total"]),
            {
                "new": 107,
                "reactivation": 50,
                "expansion": 30,
                "contraction": -10,
                "churn": -120,
                "closing": 57,
            },
        )
        self.assertEqual([row["running"] for row in data["rows"]], [1, 1, 1, 3])
        self.assertEqual(data["as_of"], TODAY)
        self.assertFalse(data["ended_on"])
        # No foreign currency, no column for its drift.
        names = [column["name"] for column in data["columns"]]
        self.assertEqual(names, ["opening", *KINDS, "closing"])

    def test_transfer_is_no_movement(self):
        """A subscription that replaces another adds the difference only."""
        ada = self.make_partner("Ada")
        self.subscribe(ada, 40, "2024-03-01", "2024-04-05")
        self.subscribe(ada, 55, "2024-04-05")
        row = self.waterfall()["rows"][-1]
        self.assertEqual(
            self.amounts(row), {"opening": 40, "expansion": 15, "closing": 55}
        )

    def test_it_is_contracted_mrr(self):
        subscription = self.make_subscription(self.make_partner())
        self.book(
            subscription,
            ("2024-04-01", START, self.state(subscription, 10, effective=4)),
        )
        self.assertEqual(
            self.amounts(self.waterfall()["total"]), {"new": 10, "closing": 10}
        )

    def test_known_later_counts_on_its_date(self):
        subscription = self.subscribe(self.make_partner(), 10, "2024-02-01")
        self.book(subscription, ("2024-03-01", CHANGE, 12), known_on=day("2024-04-19"))
        march = self.waterfall()["rows"][-2]
        self.assertEqual(self.amounts(march)["expansion"], 2)

    def test_what_lies_ahead_is_left_out(self):
        self.subscribe(self.make_partner(), 10, "2024-04-20")
        self.subscribe(self.make_partner(), 99, "2024-04-21")
        data = self.waterfall()
        self.assertEqual(self.amounts(data["total"]), {"new": 10, "closing": 10})

    # --- which months ----------------------------------------------------------------

    def test_last_twelve_months_unless_told(self):
        self.subscribe(self.make_partner(), 10, "2022-06-15")
        self.subscribe(self.make_partner(), 20, "2024-04-01")
        data = self.waterfall()
        self.assertEqual(len(data["rows"]), 12)
        self.assertEqual(self.amounts(data["total"])["opening"], 10)
        self.assertEqual(data["rows"][0]["first"], day("2023-05-01"))
        self.assertEqual(len(self.waterfall(False, False, 0)["rows"]), 23)
        self.assertEqual(len(data["months"]), 23)
        self.assertMonths(self.waterfall(False, False, 2), "2024-03", "2024-04")

    def test_months_that_are_asked_for(self):
        self.subscribe(self.make_partner(), 10, "2024-01-15", "2024-03-15")
        self.subscribe(self.make_partner(), 20, "2024-04-10")
        data = self.waterfall("2024-02-01", "2024-03-01")
        self.assertMonths(data, "2024-02", "2024-03")
        self.assertEqual(data["as_of"], day("2024-03-31"))
        self.assertEqual(self.amounts(data["total"]), {"opening": 10, "churn": -10})
        # Months outside the history are left out.
        data = self.waterfall("0001-01-01", "9999-12-01")
        self.assertMonths(data, "2024-01", "2024-02", "2024-03", "2024-04")
        self.assertEqual(data["as_of"], TODAY)

    def test_history_that_has_ended(self):
        """An imported history ends with its last month, and it is said so."""
        self.subscribe(self.make_partner(), 10, "2013-10-01", "2020-02-01")
        data = self.waterfall()
        self.assertEqual(len(data["rows"]), 12)
        self.assertEqual(data["rows"][-1]["first"], day("2020-02-01"))
        self.assertEqual(data["as_of"], day("2020-02-29"))
        self.assertEqual(data["ended_on"], day("2020-02-01"))

    def test_a_quiet_month_is_no_end(self):
        self.subscribe(self.make_partner(), 10, "2024-03-01")
        data = self.waterfall()
        self.assertMonths(data, "2024-03", "2024-04")
        self.assertFalse(data["ended_on"])

    def test_no_movements(self):
        data = self.waterfall()
        self.assertFalse(data["rows"])
        self.assertTrue(data["can_import"])
        user, manager = self.make_user("user"), self.make_user("manager")
        self.assertFalse(self.waterfall(user=user)["can_import"])
        self.assertTrue(self.waterfall(user=manager)["can_import"])

    # --- who sees what ---------------------------------------------------------------

    def test_companies_do_not_see_each_other(self):
        partner = self.make_partner()
        other = self.make_company("Second Company", "EUR")
        self.subscribe(partner, 10, "2024-03-05")
        self.subscribe(partner, 99, "2024-04-05", company=other, currency="EUR")
        both = self.make_user("user", self.company | other)
        here = self.waterfall(user=both, company=self.company)
        there = self.waterfall(user=both, company=other)
        self.assertEqual(self.amounts(here["total"]), {"new": 10, "closing": 10})
        self.assertEqual(self.amounts(there["total"]), {"new": 99, "closing": 99})
        self.assertEqual(here["currency_id"], self.env.ref("base.USD").id)
        self.assertEqual(there["currency_id"], self.env.ref("base.EUR").id)
        # The company whose turn it is counts, whichever others are ticked beside it.
        for cell in here["total"]["cells"].values():
            rows = self.as_user(self.env[cell["model"]], both).search(cell["domain"])
            self.assertLessEqual(rows.company_id, self.company)
        stranger = self.make_user("user", other)
        with self.assertRaises(AccessError):
            self.waterfall(user=stranger, company=self.company)

    def test_who_may_not_read_movements(self):
        self.subscribe(self.make_partner())
        for kind in ("internal", "portal"):
            with self.subTest(kind=kind), self.assertRaises(AccessError):
                self.waterfall(user=self.make_user(kind))
        for kind in ("user", "agent", "salesperson", "manager"):
            with self.subTest(kind=kind):
                self.assertTrue(self.waterfall(user=self.make_user(kind))["rows"])

    def test_record_rules_are_respected(self):
        """A company that hides movements from its users hides their sums as well."""
        ada = self.subscribe(self.make_partner("Ada"), 10, "2024-04-01").customer_id
        self.subscribe(self.make_partner("Bob"), 99, "2024-04-02")
        self.env["ir.rule"].create(
            {
                "name": "Ada only",
                "model_id": self.env["ir.model"]._get("subscription.movement").id,
                "domain_force": f"[('customer_id', '=', {ada.id})]",
            }
        )
        total = self.waterfall(user=self.make_user("user"))["total"]
        self.assertEqual(self.amounts(total), {"new": 10, "closing": 10})

    # --- how it is asked for ---------------------------------------------------------

    def test_can_be_sent(self):
        self.subscribe(self.make_partner(), 10, "2024-04-01")
        data = json.loads(json.dumps(self.waterfall(), default=json_default))
        self.assertEqual(data["rows"][0]["first"], "2024-04-01")
        self.assertEqual(data["as_of"], "2024-04-20")
        self.assertIn(["kind", "=", CHURN], data["total"]["cells"]["churn"]["domain"])

    def test_needs_no_cursor_that_writes(self):
        self.assertTrue(self.env["subscription.waterfall"].get_waterfall._readonly)

    def test_number_of_queries_does_not_grow(self):
        def queries():
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.waterfall(False, False, 0)
            return self.env.cr.sql_log_count - before

        self.subscribe(self.make_partner(), 10, "2024-04-01")
        queries()
        few = queries()
        for month in range(1, 10):
            self.subscribe(self.make_partner(), 10, f"2023-{month:02}-01")
        self.assertEqual(queries(), few)

    def test_menu(self):
        menu = self.env.ref(f"{MODULE}.subscription_waterfall_menu")
        action = menu.action
        self.assertEqual(action.tag, "subscription_segmentation.waterfall")
        for kind, visible in (("user", True), ("internal", False)):
            ids = menu.with_user(self.make_user(kind))._visible_menu_ids()
            self.assertEqual(menu.id in ids, visible)


@tagged("post_install", "-at_install")
class TestWaterfallCurrencies(WaterfallCase):
    """The identity in company currency, to the cent, and the rows behind it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        rates = {
            "EUR": {
                "2024-01-01": 1.1,
                "2024-01-31": 1.13,
                "2024-02-14": 1.2,
                "2024-03-20": 1.05,
            },
            "GBP": {"2024-01-01": 1.3, "2024-04-20": 1.41},
        }
        for code, table in rates.items():
            cls.get_currency(code, table)
        ada, bob, eve, dan = (cls.make_partner(name) for name in "ABED")
        dollars = cls.subscribe(ada, 100.01, "2024-01-15")
        cls.book(dollars, ("2024-02-10", CHANGE, 150.37))
        euros = cls.subscribe(bob, 49.99, "2024-01-20", currency="EUR")
        cls.book(euros, ("2024-02-29", CHANGE, 33.33), ("2024-03-31", CHANGE, 61.7))
        cls.subscribe(eve, 20, "2024-02-01", "2024-03-10", currency="GBP")
        # In place of the one in pounds: a part of both is transfer.
        cls.subscribe(eve, 45, "2024-03-10", currency="EUR")
        cls.subscribe(dan, 10, "2024-01-05", "2024-02-05", currency="EUR")
        cls.subscribe(dan, 12.5, "2024-04-01", currency="GBP")

    def rate(self, movement, date):
        """The rate by Odoo's own conversion."""
        return self.env["res.currency"]._get_conversion_rate(
            movement.currency_id, self.company.currency_id, self.company, date
        )

    def search(self, cell):
        return self.env[cell["model"]].search(cell["domain"])

    def test_every_month_adds_up(self):
        """Invariant 3, with drift."""
        data = self.waterfall()
        self.assertEqual(len(data["rows"]), 4)
        self.assertIn("drift", [column["name"] for column in data["columns"]])
        for row in [*data["rows"], data["total"]]:
            amounts = {name: cell["amount"] for name, cell in row["cells"].items()}
            closing = amounts.pop("closing")
            self.assertAlmostEqual(sum(amounts.values()), closing, 4)
            self.assertAlmostEqual(row["difference"], 0, 6)
            self.assertTrue(amounts["drift"])
        for one, other in zip(data["rows"], data["rows"][1:], strict=False):
            self.assertEqual(
                one["cells"]["closing"]["amount"], other["cells"]["opening"]["amount"]
            )

    def test_numbers_are_those_of_their_rows(self):
        """Each cell opens rows that come to its amount."""
        data = self.waterfall()
        for row in [*data["rows"], data["total"]]:
            eve = row["first"] - timedelta(days=1)
            cells = row["cells"]
            for name, date in (("opening", eve), ("closing", row["last"])):
                amount = sum(
                    movement.mrr_delta * self.rate(movement, date)
                    for movement in self.search(cells[name])
                )
                self.assertAlmostEqual(cells[name]["amount"], amount, 4)
            for kind in KINDS:
                rows = self.search(cells[kind])
                self.assertLessEqual(set(rows.mapped("kind")), {kind})
                self.assertAlmostEqual(
                    cells[kind]["amount"], sum(rows.mapped("amount")), 2
                )
            rows = self.search(cells["drift"])
            self.assertNotIn(self.company.currency_id, rows.currency_id)
            drift = sum(
                movement.mrr_delta
                * (
                    self.rate(movement, row["last"])
                    - self.rate(movement, max(movement.date, eve))
                )
                for movement in rows
            )
            self.assertAlmostEqual(cells["drift"]["amount"], drift, 4)

    def test_any_months_are_part_of_all(self):
        """Whatever months are shown, their rows are the same."""
        everything = {row["first"]: row for row in self.waterfall()["rows"]}
        for period in (("2024-02-01", "2024-03-01"), ("2024-03-01", "2024-03-01")):
            data = self.waterfall(*period)
            self.assertEqual(
                data["rows"], [everything[row["first"]] for row in data["rows"]]
            )
            total = data["total"]["cells"]
            for name in ("drift", *KINDS):
                self.assertAlmostEqual(
                    total[name]["amount"],
                    sum(row["cells"][name]["amount"] for row in data["rows"]),
                    6,
                )
            self.assertAlmostEqual(data["total"]["difference"], 0, 6)

    def test_what_does_not_add_up_shows(self):
        """A transfer that nothing cancels is not passed off as drift."""
        before = self.waterfall()["total"]
        self.env.cr.execute(
            SQL(
                """
                UPDATE subscription_movement SET transfer_amount = transfer_amount + 5
                 WHERE id = (SELECT MIN(id) FROM subscription_movement
                              WHERE company_id = %s AND kind = 'new')
                """,
                self.company.id,
            )
        )
        after = self.waterfall()["total"]
        self.assertAlmostEqual(after["difference"], 5, 6)
        self.assertEqual(after["cells"]["drift"], before["cells"]["drift"])


@tagged("post_install", "-at_install", "browser")
class TestWaterfallScreen(SubscriptionCase, HttpCase):
    """The screen in a browser."""

    def test_screen(self):
        subscription = self.subscribe(self.make_partner("Ada"), 100, "2020-01-15")
        self.book(
            subscription, ("2021-05-10", CHANGE, 130.5), ("2021-06-02", END, None)
        )
        user = self.make_user("user", login="waterfall")
        self.start_tour("/odoo/mrr-waterfall", f"{MODULE}_waterfall", login=user.login)

    def test_empty_screen(self):
        manager = self.make_user("manager", login="waterfall")
        self.start_tour(
            "/odoo/mrr-waterfall", f"{MODULE}_waterfall_empty", login=manager.login
        )
