# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What subscriptions cost and hold, as of a date."""

from odoo.fields import Command
from odoo.tests import tagged

from ..signals.price import price, product_signals
from .common import SubscriptionCase, day


@tagged("post_install", "-at_install")
class TestSignalPrice(SubscriptionCase):
    def assertPrice(self, as_of, subscription, **expected):
        self.assertSignals(price, as_of, subscription, **expected)

    def test_changes_in_percent_of_the_mrr_then(self):
        sub = self.subscribe(self.make_partner(), 100, "2024-01-01")
        self.book(sub, ("2024-03-01", "change", 150), ("2024-05-01", "change", 120))
        for as_of, expected in (
            ("2024-02-29", {"contraction_30d": 0, "expansion_30d": 0}),
            ("2024-03-01", {"contraction_30d": 0, "expansion_30d": 50}),
            ("2024-03-30", {"expansion_30d": 50}),
            ("2024-03-31", {"expansion_30d": 0, "expansion_90d": 50}),
            ("2024-05-01", {"contraction_30d": 20, "contraction_90d": 30}),
            ("2024-05-30", {"contraction_30d": 20, "expansion_90d": 0}),
            ("2024-08-27", {"contraction_180d": 30, "expansion_180d": 50}),
            ("2024-08-28", {"contraction_180d": 20, "expansion_180d": 0}),
            ("2024-10-28", {"contraction_180d": 0}),
        ):
            self.assertPrice(as_of, sub, **expected)

    def test_starts_are_no_changes(self):
        """Nor is an end and a start again, for less or in another currency."""
        sub = self.subscribe(self.make_partner(), 100, "2024-01-01", "2024-02-01")
        self.book(sub, ("2024-02-20", "start", 50), ("2024-03-01", "change", 60))
        none = {"contraction_90d": 0, "expansion_90d": 0}
        self.assertPrice("2024-01-10", sub, **none)
        self.assertPrice("2024-02-20", sub, **none)
        self.assertPrice("2024-03-01", sub, contraction_90d=0, expansion_90d=20)

    def test_nothing_to_compare_with_is_missing(self):
        trial = self.subscribe(self.make_partner(), 0, "2024-01-01")
        self.book(trial, ("2024-02-01", "change", 30))
        self.assertPrice("2024-02-10", trial, expansion_30d=None)
        self.assertPrice("2024-03-10", trial, expansion_30d=0, expansion_90d=None)

    def test_terms_and_the_median_of_the_plan(self):
        """Ended ones and other plans do not count; without terms it is missing."""
        other = self.make_plan("Other")
        subs = [
            self.subscribe(self.make_partner(), mrr, "2024-01-01", end, template_id=id_)
            for mrr, end, id_ in (
                (10, None, self.plan.id),
                (20, None, self.plan.id),
                (60, None, self.plan.id),
                (500, "2024-02-01", self.plan.id),
                (70, None, other.id),
            )
        ]
        self.forget_terms(subs[-1])
        self.assertPrice("2024-03-01", subs[2], mrr=60, mrr_to_plan_median=3)
        self.assertPrice("2024-01-31", subs[2], mrr_to_plan_median=60 / 40)
        self.assertPrice(
            "2024-03-01",
            subs[4],
            mrr=70,
            mrr_to_plan_median=None,
            product_count=None,
            discount=None,
        )

    def test_products_and_discount(self):
        first, second = self.env["product.product"].create(
            [{"name": "First"}, {"name": "Second"}]
        )
        subs = [self.subscribe(self.make_partner(), 10, "2024-01-01") for _ in range(3)]
        for sub, products in zip(subs, (first, first + second, first), strict=True):
            lines = [
                self.new_line(10, product_id=product.id, discount=20)
                for product in products
            ]
            self.tell(
                sub,
                "2024-01-01",
                sale_subscription_line_ids=[Command.clear(), *lines],
            )
        names = [f"product_{product.id}" for product in first + second]
        frame = price(self.env, self.company, day("2024-02-01"))
        self.assertEqual(list(frame.columns[-2:]), names)
        self.assertEqual(frame.loc[subs[0].id, names].tolist(), [1, 0])
        self.assertPrice("2024-02-01", subs[1], product_count=2, discount=0.2)
        self.assertPrice("2024-02-01", subs[1], **dict.fromkeys(names, 1))
        # A model keeps the columns that it was trained with.
        frame = price(
            self.env, self.company, day("2024-02-01"), products=[second.id, 0]
        )
        self.assertEqual(frame.loc[subs[1].id, "product_0"], 0)
        self.assertEqual(list(frame.columns[-2:]), [names[1], "product_0"])
        labels = [signal.label for signal in product_signals(self.env, [first.id, 0])]
        self.assertEqual(labels, [first.display_name, "0"])

    def test_company_currency(self):
        self.get_currency("EUR", {"2024-01-01": 1.25, "2024-03-01": 1.1})
        sub = self.subscribe(self.make_partner(), 100, "2024-01-01", currency="EUR")
        self.assertPrice("2024-02-01", sub, mrr=125, expansion_90d=0)
        self.assertPrice("2024-03-01", sub, mrr=110, contraction_30d=0)
