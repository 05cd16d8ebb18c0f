# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Churn on whole histories: one that can be predicted, and one that cannot."""

import pandas as pd
from freezegun import freeze_time

from odoo.tests import tagged

from ..analytics.churn.panel import Horizon
from ..models.churn_backtest import backtest
from .common import day
from .real_data import DATA, RealDataCase


# The tag lets the test command run it beside the others.
@tagged("post_install", "-at_install", "slow", "whole_history")
class TestRealChurn(RealDataCase):
    def test_telco_forward(self):
        """Learned by November, it tells who of December's leaves in January."""
        self.import_file("telco", day("2020-02-01"))
        result = backtest(
            self.env, self.company, day("2019-12-15"), Horizon.parse("1m")
        )
        found = result.evaluation
        self.assertEqual(found.n, 5390)
        self.assertEqual(found.churns, 460)
        self.assertGreaterEqual(found.auc, 0.855)
        self.assertLessEqual(found.log_loss, 0.222)
        self.assertGreaterEqual(found.brier_skill, 0.15)
        named = set(result.reasons.index)
        self.assertLessEqual({"plan", "tenure_months", "payment_method"}, named)
        self.assertTrue(any(name.startswith("product_") for name in named), named)

    def import_tickets(self):
        """Import tickets with what customers said of them, as Odoo would have."""
        frame = pd.read_csv(DATA / "ravenstack" / "tickets.csv", dtype=str)
        partners = {
            partner.ref: partner.id
            for partner in self.env["res.partner"].search([("ref", "like", "A-")])
        }
        stages = self.env["helpdesk.ticket.stage"].search([])
        closed = stages.filtered("closed")[:1]
        tickets = self.env["helpdesk.ticket"].create(
            [
                {
                    "name": row.ticket_id,
                    "description": row.ticket_id,
                    "company_id": self.company.id,
                    "partner_id": partners.get(row.customer_ref),
                    "stage_id": closed.id,
                }
                for row in frame.itertuples()
            ]
        )
        self.env.flush_all()
        for ticket, row in zip(tickets, frame.itertuples(), strict=True):
            self.env.cr.execute(
                "UPDATE helpdesk_ticket SET create_date = %s, closed_date = %s"
                " WHERE id = %s",
                (row.submitted_at, row.closed_at, ticket.id),
            )
        rated = frame["satisfaction_score"].notna()
        model = self.env["ir.model"]._get_id("helpdesk.ticket")
        ratings = self.env["rating.rating"].create(
            [
                {
                    "res_model_id": model,
                    "res_id": ticket.id,
                    "partner_id": ticket.partner_id.id,
                    "rating": float(row.satisfaction_score),
                    "consumed": True,
                }
                for ticket, row, has in zip(
                    tickets, frame.itertuples(), rated, strict=True
                )
                if has
            ]
        )
        self.env.flush_all()
        for rating, closed_at in zip(
            ratings, frame.loc[rated, "closed_at"], strict=True
        ):
            self.env.cr.execute(
                "UPDATE rating_rating SET create_date = %s, write_date = %s"
                " WHERE id = %s",
                (closed_at, closed_at, rating.id),
            )
        self.env.invalidate_all()
        return tickets

    def import_usage(self):
        """Report the usage, most of which is older than its subscription."""
        frame = pd.read_csv(DATA / "ravenstack" / "usage.csv", dtype=str)
        features = self.env["subscription.feature"].create(
            [
                {"name": code, "code": code, "company_id": self.company.id}
                for code in sorted(frame["feature"].unique())
            ]
        )
        rows = [
            {
                "subscription_ref": row.subscription_ref,
                "feature": row.feature,
                "date": row.date,
                "count": int(row.number),
                "event_key": row.usage_id,
            }
            for row in frame.rename(columns={"count": "number"}).itertuples(index=False)
        ]
        stored = 0
        for start in range(0, len(rows), 10_000):
            answer = self.env["subscription.usage"].ingest(
                rows[start : start + 10_000], history=True
            )
            self.assertFalse(answer["errors"][:1])
            stored += answer["stored"]
        return features, stored

    @freeze_time("2024-12-31 12:00:00")
    def test_ravenstack_is_refused(self):
        """Nobody can tell who leaves: it says so, and the scorecard scores."""
        as_of = day("2024-12-31")
        self.import_file("ravenstack", as_of)
        self.import_tickets()
        self.import_usage()
        model = self.env["subscription.churn.model"]._request(self.company)
        model._train(lambda: True)
        self.assertEqual((model.state, model.error), ("refused", False))
        self.assertGreater(model.churn_count, 50)
        self.assertTrue(model.refusal)
        run = self.env["subscription.refresh"]._refresh_company(
            self.company, as_of, lambda: True
        )
        self.assertEqual((run.state, run.error, run.failed_count), ("done", False, 0))
        running = self.env["sale.subscription"].search(
            [("company_id", "=", self.company.id), ("is_running", "=", True)]
        )
        self.assertEqual(set(running.mapped("churn_scored_by")), {"scorecard"})
        self.assertGreater(len(set(running.mapped("churn_score"))), 20)
