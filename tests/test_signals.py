# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What is read from the database, as of a date."""

from datetime import date

import pandas as pd

from odoo.fields import Command
from odoo.tests import tagged

from ..analytics.period import MONTHS
from ..signals.positions import positions
from ..signals.rates import company_rates
from ..signals.subscriptions import contracted_mrr
from .common import SubscriptionCase, day


@tagged("post_install", "-at_install")
class TestSignals(SubscriptionCase):
    def mrr(self, unit, interval, *lines):
        subscription = self.make_subscription(
            self.make_partner(),
            template_id=self.make_plan(unit=unit, interval=interval).id,
            sale_subscription_line_ids=[Command.create(line) for line in lines],
        )
        return (
            contracted_mrr(self.env, subscription.ids).loc[subscription.id].contracted
        )

    def line(self, price, **values):
        product = self.env["product.product"].create({"name": "Seat"})
        return {"product_id": product.id, "name": "Seat", "price_unit": price, **values}

    def test_mrr_by_period(self):
        """The months in one period, a month having 30.4375 days; halves round up."""
        for price, unit, interval, mrr in (
            (1200, "years", 1, 100),
            (300, "months", 3, 100),
            (100, "weeks", 1, 434.82),
            (50, "weeks", 1, 217.41),
            (1, "days", 1, 30.44),
            (2, "days", 1, 60.88),
            (1, "months", 8, 0.13),
            (0, "months", 1, 0),
        ):
            self.assertIn(unit, MONTHS)
            self.assertEqual(self.mrr(unit, interval, self.line(price)), mrr, unit)

    def test_mrr_sums_lines_untaxed_and_after_discount(self):
        tax = self.env["account.tax"].create(
            {
                "name": "20 %",
                "amount": 20,
                "company_id": self.company.id,
                "country_id": self.env.ref("base.us").id,
                "tax_group_id": self.env["account.tax.group"]
                .create({"name": "VAT", "company_id": self.company.id})
                .id,
            }
        )
        lines = [
            self.line(200, discount=50, tax_ids=[Command.set(tax.ids)]),
            self.line(10, product_uom_qty=3),
        ]
        self.assertEqual(self.mrr("months", 1, *lines), 130)
        self.assertEqual(self.mrr("months", 1), 0)

    def test_mrr_follows_a_change_of_price(self):
        """The stored total of the subscription goes stale, its lines do not."""
        subscription = self.make_subscription(
            self.make_partner(),
            sale_subscription_line_ids=[Command.create(self.line(10))],
        )
        subscription.sale_subscription_line_ids.price_unit = 12
        frame = contracted_mrr(self.env, subscription.ids)
        self.assertEqual(frame.loc[subscription.id].contracted, 12)

    def test_positions_as_of_a_date(self):
        subscription = self.subscribe(
            self.make_partner(), 10, "2024-01-15", "2024-03-15"
        )
        for when, expected in (
            ("2024-01-14", None),
            ("2024-01-15", (10, 1, date(2024, 1, 15), None)),
            ("2024-03-14", (10, 1, date(2024, 1, 15), None)),
            ("2024-03-15", (0, 0, date(2024, 1, 15), date(2024, 3, 15))),
        ):
            frame = positions(self.env, self.company, day(when), subscription.ids)
            found = None
            if expected:
                row = frame.loc[subscription.id]
                found = (
                    row.contracted,
                    row.running,
                    row.first_start_date.date(),
                    None if pd.isna(row.end_date) else row.end_date.date(),
                )
            self.assertEqual(found, expected, when)
            self.assertEqual(len(frame), bool(expected))

    def test_positions_know_only_what_was_known(self):
        """An end of March that was learned in May was unknown in April."""
        subscription = self.subscribe(self.make_partner(), 10, "2024-01-15")
        before = positions(self.env, self.company, day("2024-04-30"), subscription.ids)
        self.book(subscription, ("2024-03-15", "end", None), known_on=day("2024-05-20"))
        after = positions(self.env, self.company, day("2024-04-30"), subscription.ids)
        self.assertTrue(before.equals(after))
        later = positions(self.env, self.company, day("2024-05-20"), subscription.ids)
        self.assertEqual(later.loc[subscription.id].end_date.date(), day("2024-03-15"))

    def test_rates_are_those_of_odoo(self):
        currency = self.get_currency("EUR", {"2024-01-01": 1.25, "2024-02-01": 1.1})
        dates = [day(text) for text in ("2023-06-01", "2024-01-31", "2024-02-01")]
        found = company_rates(
            self.env, self.company, {(currency.id, when) for when in dates}
        )
        for when in dates:
            self.assertAlmostEqual(
                float(found[currency.id, when]),
                currency._get_conversion_rate(
                    currency, self.company.currency_id, self.company, when
                ),
            )
