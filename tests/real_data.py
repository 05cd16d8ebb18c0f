# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Whole histories, which lie beside the checkout; without them the tests skip."""

from datetime import date
from pathlib import Path

import pandas as pd

from .common import SubscriptionCase

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


class RealDataCase(SubscriptionCase):
    def import_file(self, name, as_of, plan=None):
        """Import a file of the data folder; return it as the test reads it itself.

        :param plan: only the subscriptions to a plan
        """
        path = DATA / name / "history.csv"
        if not path.exists():
            self.skipTest(f"{path} is missing: importing {name} was NOT tested")
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
        content = path.read_bytes()
        if plan:
            frame = frame[frame["plan"] == plan]
            content = frame.to_csv(index=False).encode()
        wizard = self.make_wizard(content, as_of)
        wizard.action_preview()
        self.assertFalse(wizard.problem_ids)
        import_ = self.env["subscription.import"].browse(
            wizard.action_import()["res_id"]
        )
        while import_._work():
            pass
        self.assertEqual((import_.state, import_.failed_count), ("done", 0))
        frame = frame.assign(mrr=frame["mrr"].astype(float))
        frame["start"] = frame["start_date"].map(date.fromisoformat)
        frame["end"] = frame["end_date"].map(
            lambda x: date.fromisoformat(x or "9999-12-31")
        )
        return frame[frame["start"] <= as_of]

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
