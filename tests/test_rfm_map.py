# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Each running subscription lies in one cell of the map; each cell opens its own."""

import json
from itertools import product

from odoo.exceptions import AccessError
from odoo.tests import HttpCase, tagged
from odoo.tools.json import json_default

from ..analytics.rfm import GRID
from .common import MODULE, SubscriptionCase, day


class RfmCase(SubscriptionCase):
    @classmethod
    def score(cls, subscription, r, f, m, **values):
        """Store scores on a subscription as a refresh does."""
        fm = (f + m + 1) // 2
        subscription.write(
            {
                "rfm_r": r,
                "rfm_f": f,
                "rfm_m": m,
                "rfm_score": f"{r}{f}{m}",
                "rfm_segment": GRID[r - 1][fm - 1],
                "scored_on": cls.as_of,
                **values,
            }
        )
        return subscription

    @classmethod
    def subscribe_scored(cls, mrr, r, f, m, partner=None, **values):
        partner = partner or cls.make_partner()
        return cls.score(cls.subscribe(partner, mrr, **values), r, f, m)

    def get_map(self, user=None, company=None):
        Map = self.env["subscription.rfm.map"]
        if user:
            Map = self.as_user(Map, user)
        if company:
            Map = Map.with_context(allowed_company_ids=company.ids)
        return Map.get_map()

    def cells(self, data):
        """Return ``{(r, fm): (count, mrr)}`` of the cells that are not empty."""
        return {
            (cell["r"], cell["fm"]): (cell["count"], round(cell["mrr"], 2))
            for cell in data["cells"]
            if cell["count"]
        }


@tagged("post_install", "-at_install")
class TestRfmMap(RfmCase):
    def test_by_hand(self):
        self.subscribe_scored(100, 5, 5, 4)
        self.subscribe_scored(50.5, 5, 5, 5)
        self.subscribe_scored(20, 5, 4, 4)
        self.subscribe_scored(7, 5, 3, 4)
        self.subscribe_scored(3, 1, 1, 1)
        self.subscribe_scored(9, 2, 5, 2)
        data = self.get_map()
        self.assertEqual(
            self.cells(data),
            {
                (5, 5): (2, 150.5),
                (5, 4): (2, 27),
                (1, 1): (1, 3),
                (2, 4): (1, 9),
            },
        )
        segments = {
            segment["label"]: (segment["count"], segment["mrr"], segment["share"])
            for segment in data["segments"]
            if segment["count"]
        }
        self.assertEqual(
            segments,
            {
                "Champions": (4, 177.5, 177.5 / 189.5),
                "At Risk": (1, 9, 9 / 189.5),
                "Lost": (1, 3, 3 / 189.5),
            },
        )
        self.assertEqual(data["scored_on"], self.as_of)
        self.assertEqual(data["not_scored"], 0)

    def test_every_combination_is_found_by_its_cell_alone(self):
        partner = self.make_partner()
        every = self.env["sale.subscription"]
        for r, f, m in product((1, 5), range(1, 6), range(1, 6)):
            every |= self.subscribe_scored(1, r, f, m, partner)
        data = self.get_map()
        found = self.env["sale.subscription"]
        for cell in data["cells"]:
            own = found.search(cell["domain"])
            self.assertEqual(len(own), cell["count"])
            self.assertFalse(own & found)
            found |= own
        self.assertEqual(found, every)
        for segment in data["segments"]:
            own = found.search(segment["domain"])
            self.assertEqual(len(own), segment["count"])
            self.assertLessEqual(set(own.mapped("rfm_segment")), {segment["name"]})

    def test_rows_go_down_from_the_best(self):
        cells = self.get_map()["cells"]
        self.assertEqual(
            [(cell["r"], cell["fm"]) for cell in cells],
            [(r, fm) for r in (5, 4, 3, 2, 1) for fm in (1, 2, 3, 4, 5)],
        )
        self.assertEqual(cells[0]["segment"], "new")
        self.assertEqual(cells[24]["segment"], "cant_lose")

    def test_ended_and_unscored_ones_are_not_on_it(self):
        ended = self.subscribe(self.make_partner(), 10, "2024-01-15", "2024-05-01")
        # As between its end and the next refresh.
        self.score(ended, 5, 5, 5)
        waiting = self.subscribe(self.make_partner(), 10)
        data = self.get_map()
        self.assertFalse(self.cells(data))
        self.assertFalse(data["scored_on"])
        self.assertEqual(data["not_scored"], 1)
        found = self.env["sale.subscription"].search(data["not_scored_domain"])
        self.assertEqual(found, waiting)

    def test_amounts_are_in_company_currency(self):
        self.get_currency("EUR", {"2024-01-01": 1.25})
        self.subscribe_scored(10, 5, 5, 5, currency="EUR")
        self.assertEqual(self.cells(self.get_map()), {(5, 5): (1, 12.5)})

    # --- who sees what ----------------------------------------------------------------

    def test_companies_do_not_see_each_other(self):
        other = self.make_company("Second Company", "EUR")
        partner = self.make_partner()
        self.subscribe_scored(10, 5, 5, 5, partner)
        self.subscribe_scored(99, 1, 1, 1, partner, company=other, currency="EUR")
        both = self.make_user("user", self.company | other)
        here = self.get_map(both, self.company)
        there = self.get_map(both, other)
        self.assertEqual(self.cells(here), {(5, 5): (1, 10)})
        self.assertEqual(self.cells(there), {(1, 1): (1, 99)})
        self.assertEqual(there["currency_id"], self.env.ref("base.EUR").id)
        stranger = self.make_user("user", other)
        with self.assertRaises(AccessError):
            self.get_map(stranger, self.company)

    def test_who_may_not_read_subscriptions(self):
        self.subscribe_scored(10, 5, 5, 5)
        for kind in ("internal", "portal"):
            with self.subTest(kind=kind), self.assertRaises(AccessError):
                self.get_map(self.make_user(kind))
        for kind in ("user", "agent", "salesperson", "manager"):
            with self.subTest(kind=kind):
                self.assertTrue(self.cells(self.get_map(self.make_user(kind))))

    def test_record_rules_are_respected(self):
        ada = self.subscribe_scored(10, 5, 5, 5, self.make_partner("Ada"))
        self.subscribe_scored(99, 1, 1, 1, self.make_partner("Bob"))
        self.env["ir.rule"].create(
            {
                "name": "Ada only",
                "model_id": self.env["ir.model"]._get("sale.subscription").id,
                "domain_force": f"[('partner_id', '=', {ada.partner_id.id})]",
            }
        )
        data = self.get_map(self.make_user("user"))
        self.assertEqual(self.cells(data), {(5, 5): (1, 10)})

    def test_menu(self):
        menu = self.env.ref(f"{MODULE}.subscription_rfm_map_menu")
        self.assertEqual(menu.action.tag, "subscription_segmentation.rfm_map")
        for kind, visible in (("agent", True), ("internal", False)):
            ids = menu.with_user(self.make_user(kind))._visible_menu_ids()
            self.assertEqual(menu.id in ids, visible)

    # --- how it is asked for ----------------------------------------------------------

    def test_can_be_sent(self):
        self.subscribe_scored(10, 5, 5, 5)
        data = json.loads(json.dumps(self.get_map(), default=json_default))
        self.assertEqual(data["scored_on"], "2025-06-30")
        self.assertTrue(self.env["subscription.rfm.map"].get_map._readonly)

    def test_one_query(self):
        for number in range(5):
            self.subscribe_scored(10, number + 1, 5, 5)
        self.get_map()
        self.env.flush_all()
        before = self.env.cr.sql_log_count
        self.get_map()
        self.assertEqual(self.env.cr.sql_log_count - before, 1)


@tagged("post_install", "-at_install", "browser")
class TestRfmScreens(RfmCase, HttpCase):
    """The main path in a browser: list, subscription, map and back to the list."""

    def test_main_path(self):
        loyal = {
            "lifecycle_stage": "loyal",
            "relationship_start_date": day("2024-01-15"),
            "tenure_months": 17,
            "rfm_recency": 12,
            "rfm_frequency": 17,
            "renewed_months": 17,
            "rfm_monetary": 100,
            "next_renewal_date": day("2025-07-18"),
        }
        ada = self.subscribe_scored(100, 5, 5, 4, self.make_partner("Ada"))
        ada.write(loyal)
        bob = self.subscribe_scored(10, 2, 4, 3, self.make_partner("Bob"))
        bob.write({**loyal, "rfm_recency": 50})
        eve = self.subscribe_scored(5, 5, 1, 1, self.make_partner("Eve"))
        eve.write({"lifecycle_stage": "onboarding"})
        user = self.make_user("agent", login="rfm")
        self.start_tour(
            "/odoo/action-subscription_oca.sale_subscription_action",
            f"{MODULE}_scores",
            login=user.login,
        )

    def test_empty_map(self):
        self.subscribe(self.make_partner())
        user = self.make_user("user", login="rfm")
        self.start_tour("/odoo/rfm-map", f"{MODULE}_rfm_map_empty", login=user.login)
