# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Usage comes in through Odoo's External API, and nothing else can be reached."""

import ast
from datetime import datetime, timedelta
from pathlib import Path

from odoo.exceptions import AccessError, ValidationError
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from .common import MODULE
from .test_usage import UsageCase

INGEST = f"{MODULE}.group_usage_ingest"
MODES = ("read", "write", "create", "unlink")
ROOT = Path(__file__).resolve().parents[1]


class IngestCase(UsageCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.group = cls.env.ref(INGEST)
        cls.feed, cls.portal = (
            new_test_user(
                cls.env,
                login,
                groups,
                company_id=cls.company.id,
                company_ids=cls.company.ids,
            )
            for login, groups in (
                ("feed", f"base.group_portal,{INGEST}"),
                ("visitor", "base.group_portal"),
            )
        )


@tagged("post_install", "-at_install")
class TestUsageReach(IngestCase):
    """All that a feed can reach is what every portal user can, and the one method."""

    def test_same_models_as_any_portal_user(self):
        Access = self.env["ir.model.access"]
        for mode in MODES:
            with self.subTest(mode):
                self.assertEqual(
                    Access.with_user(self.feed)._get_allowed_models(mode),
                    Access.with_user(self.portal)._get_allowed_models(mode),
                )

    def test_nothing_of_ours_but_what_is_listed(self):
        """Rights of portal users to the models of this addon: their own messages."""
        ours = (
            self.env["ir.model"]
            .search([])
            .filtered(
                lambda model: MODULE in model.modules.split(", ")
                and model._fields  # every model we define or extend
                and self.env[model.model]._original_module == MODULE
            )
        )
        self.assertIn("subscription.usage", ours.mapped("model"))
        Access = self.env["ir.model.access"].with_user(self.feed)
        for mode in MODES:
            reached = set(ours.mapped("model")) & Access._get_allowed_models(mode)
            listed = {"subscription.portal.message"} if mode == "read" else set()
            self.assertEqual(reached, listed, mode)

    def test_group_gives_nothing_else(self):
        """No right, rule, menu, view, action or field mentions the group."""
        for name in ("model_access", "rule_groups", "menu_access", "view_access"):
            self.assertFalse(self.group[name], name)
        self.assertFalse(self.group.implied_ids)
        self.assertFalse(self.group.implied_by_ids)
        for model in self.env.values():
            for field in model._fields.values():
                self.assertNotIn(INGEST, field.groups or "", field)
        named = [
            str(path.relative_to(ROOT))
            for path in sorted(ROOT.rglob("*.py"))
            if path.relative_to(ROOT).parts[0] in ("models", "wizards", "report")
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Constant) and node.value == INGEST
        ]
        self.assertEqual(named, ["models/subscription_usage_ingest.py"])

    def test_only_with_the_group(self):
        usage = self.env["subscription.usage"]
        self.assertStored(
            self.as_user(usage, self.feed).ingest([self.item(count=2)]), 1
        )
        with self.assertRaises(AccessError):
            self.as_user(usage, self.portal).ingest([self.item()])
        self.assertEqual(self.counts(), {"2025-06-01": 2})

    def test_only_its_companies(self):
        other = self.make_company("Second Company")
        usage = self.as_user(self.env["subscription.usage"], self.feed)
        with self.assertRaises(AccessError):
            usage.ingest([], company_id=other.id)
        with self.assertRaises(AccessError):
            usage.with_context(allowed_company_ids=other.ids).ingest(
                [], company_id=other.id
            )

    def test_api_keys(self):
        """A key needs Odoo's own permission for portal users and lasts up to a year."""
        Description = self.env["res.users.apikeys.description"].with_user(self.feed)
        self.env["ir.config_parameter"].set_param("portal.allow_api_keys", False)
        with self.assertRaises(AccessError):
            Description.check_access_make_key()
        self.env["ir.config_parameter"].set_param("portal.allow_api_keys", True)
        Description.check_access_make_key()
        keys = self.env["res.users.apikeys"].with_user(self.feed)
        keys._check_expiration_date(datetime.now() + timedelta(days=364))
        with self.assertRaises(ValidationError):
            keys._check_expiration_date(datetime.now() + timedelta(days=367))


@tagged("post_install", "-at_install")
class TestUsageApi(HttpCase, IngestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["ir.config_parameter"].set_param("portal.allow_api_keys", True)
        # The database compares their end with the real time: they have none.
        cls.keys = {
            user: cls.env["res.users.apikeys"]
            .with_user(user)
            .sudo()
            ._generate(None, "feed", None)
            for user in (cls.feed, cls.portal)
        }

    def post(self, path, user=None, key=None, **body):
        key = key or self.keys[user or self.feed]
        return self.url_open(
            f"/json/2/{path}",
            json={"context": {}, **body},
            headers={"Authorization": f"Bearer {key}"},
        )

    def test_ingest(self):
        rows = [self.item(count=4), self.item(count=-4), self.item(event_key="E-1")]
        answer = self.post("subscription.usage/ingest", rows=rows)
        self.assertEqual(answer.status_code, 200, answer.text)
        answer = answer.json()
        (error,) = answer.pop("errors")
        self.assertEqual((error["index"], error["code"]), (1, "count_invalid"))
        self.assertIn("-4", error["message"])
        self.assertEqual(answer, {"stored": 2, "unchanged": 0})
        self.assertEqual(self.counts(), {"2025-06-01": 5})
        again = self.post("subscription.usage/ingest", rows=rows[2:]).json()
        self.assertEqual((again["stored"], again["unchanged"]), (0, 1))

    def test_history(self):
        rows = [self.item("2024-06-01")]
        self.post("subscription.usage/ingest", rows=rows, history=True)
        known_on = self.env["subscription.usage"].search(
            [("subscription_id", "=", self.subscription.id)]
        )
        self.assertEqual(str(known_on.known_on), "2024-06-01")

    @mute_logger("odoo.http", "odoo.addons.base.models.ir_model")
    def test_refused(self):
        rows = [self.item()]
        for path, options, status in (
            ("subscription.usage/ingest", {"user": self.portal, "rows": rows}, 403),
            ("subscription.usage/ingest", {"key": "0" * 40, "rows": rows}, 401),
            ("subscription.usage/ingest", {"rows": "many"}, 422),
            ("subscription.usage/ingest", {"rows": rows, "company_id": 1}, 403),
            ("subscription.usage/ingest", {"ids": [1], "rows": rows}, 422),
            ("subscription.usage/ingest", {"lines": rows}, 422),
            ("subscription.usage/_store", {}, 403),
            ("subscription.usage/search_read", {}, 403),
            ("subscription.usage/create", {"vals_list": [{}]}, 403),
            ("subscription.feature/search_read", {}, 403),
            ("sale.subscription/search_read", {}, 403),
            ("subscription.customer/search_read", {}, 403),
        ):
            with self.subTest(path, **options):
                answer = self.post(path, **options)
                self.assertEqual(answer.status_code, status, answer.text[:200])
        self.assertFalse(self.counts())
