# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The screens open for everybody who works with customers."""

from lxml import etree

from odoo.tests import Form, tagged

from .common import SubscriptionCase


# Slow, because making users is.
@tagged("post_install", "-at_install", "slow")
class TestScreens(SubscriptionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.subscription = cls.subscribe(cls.make_partner("Ada"), 10)

    def read_form(self, record):
        """Read what the form of a record shows, as its screen does."""
        arch = etree.fromstring(record.get_view(view_type="form")["arch"])
        specification = {
            name: {"fields": {"display_name": {}}}
            if record._fields[name].relational
            else {}
            for name in arch.xpath("//field[not(ancestor::field)]/@name")
        }
        return record.web_read(specification)[0]

    def test_who_works_with_customers_opens_subscriptions_and_customers(self):
        for kind in ("agent", "manager", "salesperson", "user"):
            user = self.make_user(kind)
            for record in (
                self.subscription,
                self.subscription.customer_id,
                self.subscription.movement_ids,
            ):
                with self.subTest(kind, model=record._name):
                    values = self.read_form(self.as_user(record, user))
                    self.assertEqual(values["id"], record.id)

    def test_only_salespeople_see_orders(self):
        for kind, seen in (("agent", False), ("salesperson", True)):
            user = self.make_user(kind)
            arch = self.as_user(self.subscription, user).get_view(view_type="form")
            self.assertEqual("action_view_sale_order_ids" in arch["arch"], seen)

    def test_salesperson_edits_a_subscription(self):
        user = self.make_user("salesperson")
        with Form(self.as_user(self.subscription, user)) as form:
            form.description = "Likes blue"
        self.assertEqual(self.subscription.description, "Likes blue")
        self.assertEqual(self.subscription.mrr, 10)
