# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The main job on whole histories: they arrive to the cent and add up every month.

The files lie beside the checkout, in ``../shared/data``; without them these tests skip.
"""

from datetime import date
from pathlib import Path

import pandas as pd

from odoo.tests import tagged

from .common import SubscriptionCase, day

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


# The tag lets the test command run it beside the others.
@tagged("post_install", "-at_install", "slow", "whole_history")
class TestRealHistory(SubscriptionCase):
    def import_file(self, name, as_of):
        """Import a file of the data folder; return it as the test reads it itself."""
        path = DATA / name / "history.csv"
        if not path.exists():
            self.skipTest(f"{path} is missing: importing {name} was NOT tested")
        wizard = self.make_wizard(path.read_bytes(), as_of)
        wizard.action_preview()
        self.assertFalse(wizard.problem_ids)
        import_ = self.env["subscription.import"].browse(
            wizard.action_import()["res_id"]
        )
        while import_._work():
            pass
        self.assertEqual((import_.state, import_.failed_count), ("done", 0))
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
        frame["mrr"] = frame["mrr"].astype(float)
        frame["start"] = frame["start_date"].map(date.fromisoformat)
        frame["end"] = frame["end_date"].map(
            lambda x: date.fromisoformat(x or "9999-12-31")
        )
        return frame[frame["start"] <= as_of]

    def assertSummary(self, as_of, **expected):
        found = self.env["subscription.movement"]._summary(self.company, as_of)
        self.assertEqual({key: found[key] for key in expected}, expected)

    def assertMonthsAddUp(self, frame, as_of, first):
        """Each month's opening and closing are what the file says, without a rest."""
        waterfall = self.env["subscription.waterfall"].get_waterfall(
            date_from=first, date_to=as_of
        )
        months = waterfall["rows"]
        self.assertEqual(months[0]["first"], first)
        closing = 0.0
        for month in months:
            running = frame[
                (frame["start"] <= month["last"]) & (frame["end"] > month["last"])
            ]
            cells = {name: cell["amount"] for name, cell in month["cells"].items()}
            self.assertAlmostEqual(cells["opening"], closing, 2)
            closing = cells["closing"]
            self.assertAlmostEqual(closing, running["mrr"].sum(), 2, month["last"])
            self.assertEqual(month["running"], len(running))
            self.assertAlmostEqual(
                sum(cells.values()) - closing - closing, 0, 2, month["first"]
            )
            self.assertEqual(month["difference"], 0)

    def assertSecondRunWritesNothing(self, name, as_of):
        tables = ("sale_subscription", "subscription_movement", "subscription_customer")
        states = "SELECT " + ", ".join(
            f"(SELECT SUM(xmin::text::bigint + hashtext(ctid::text)) FROM {table})"
            for table in tables
        )
        self.env.flush_all()
        self.env.cr.execute(states)
        before = self.env.cr.fetchone()
        wizard = self.make_wizard((DATA / name / "history.csv").read_bytes(), as_of)
        wizard.action_preview()
        self.assertEqual((wizard.new_count, wizard.changed_count), (0, 0))
        self.env.flush_all()
        self.env.cr.execute(states)
        self.assertEqual(self.env.cr.fetchone(), before)

    def test_telco(self):
        as_of = day("2020-02-01")
        frame = self.import_file("telco", as_of)
        self.assertSummary(
            as_of,
            customers=7043,
            active_customers=5174,
            running=5174,
            ended=1869,
            contracted=316985.75,
            effective=316985.75,
        )
        ends = self.env["sale.subscription"]._read_group(
            [("company_id", "=", self.company.id), ("end_date", "!=", False)],
            ["end_date:day"],
            ["__count"],
        )
        self.assertEqual(
            {end: count for end, count in ends},
            frame[frame["end"] <= as_of]["end"].value_counts().to_dict(),
        )
        self.assertMonthsAddUp(frame, as_of, day("2013-10-01"))
        self.assertSecondRunWritesNothing("telco", as_of)

    def test_ravenstack(self):
        as_of = day("2024-12-31")
        frame = self.import_file("ravenstack", as_of)
        self.assertSummary(
            as_of, customers=500, running=4514, ended=486, contracted=10159608.0
        )
        subscriptions = self.env["sale.subscription"].search(
            [("company_id", "=", self.company.id)]
        )
        self.assertEqual(
            len(subscriptions.filtered(lambda s: s.end_date == s.first_start_date)), 13
        )
        trials = subscriptions.filtered(
            lambda s: not any(s.sale_subscription_line_ids.mapped("price_subtotal"))
        )
        self.assertEqual(len(trials), 778)
        self.assertMonthsAddUp(frame, as_of, frame["start"].min().replace(day=1))
