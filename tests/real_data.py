# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Whole histories, which lie beside the checkout; without them the tests skip."""

from datetime import date
from pathlib import Path
from unittest import SkipTest

import pandas as pd

from .common import SubscriptionCase

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


class RealDataCase(SubscriptionCase):
    @classmethod
    def import_file(cls, name, as_of, plan=None):
        """Import a file of the data folder; return it as the test reads it itcls.

        :param plan: only the subscriptions to a plan
        """
        path = DATA / name / "history.csv"
        if not path.exists():
            raise SkipTest(f"{path} is missing: importing {name} was NOT tested")
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
        content = path.read_bytes()
        if plan:
            frame = frame[frame["plan"] == plan]
            content = frame.to_csv(index=False).encode()
        wizard = cls.make_wizard(content, as_of)
        wizard.action_preview()
        if wizard.problem_ids:
            raise AssertionError(wizard.problem_ids.mapped("reason"))
        import_ = cls.env["subscription.import"].browse(
            wizard.action_import()["res_id"]
        )
        while import_._work():
            pass
        if (import_.state, import_.failed_count) != ("done", 0):
            raise AssertionError(f"{import_.state}: {import_.failed_count} failed")
        # What was written a moment ago is not in the statistics of the database.
        cls.env.flush_all()
        cls.env.cr.execute("ANALYZE")
        frame = frame.assign(mrr=frame["mrr"].astype(float))
        frame["start"] = frame["start_date"].map(date.fromisoformat)
        frame["end"] = frame["end_date"].map(
            lambda x: date.fromisoformat(x or "9999-12-31")
        )
        return frame[frame["start"] <= as_of]

    @classmethod
    def refresh(cls, as_of):
        run = cls.env["subscription.refresh"]._refresh_company(
            cls.company, as_of, lambda: True
        )
        if (run.state, run.error, run.failed_count) != ("done", False, 0):
            raise AssertionError(f"{run.state}: {run.error}, {run.failed_count} failed")
        cls.env.invalidate_all()
        return run

    @classmethod
    def import_tickets(cls):
        """Import tickets with what customers said of them, as Odoo would have."""
        frame = pd.read_csv(DATA / "ravenstack" / "tickets.csv", dtype=str)
        partners = {
            partner.ref: partner.id
            for partner in cls.env["res.partner"].search([("ref", "like", "A-")])
        }
        stages = cls.env["helpdesk.ticket.stage"].search([])
        closed = stages.filtered("closed")[:1]
        tickets = cls.env["helpdesk.ticket"].create(
            [
                {
                    "name": row.ticket_id,
                    "description": row.ticket_id,
                    "company_id": cls.company.id,
                    "partner_id": partners.get(row.customer_ref),
                    "stage_id": closed.id,
                }
                for row in frame.itertuples()
            ]
        )
        cls.env.flush_all()
        for ticket, row in zip(tickets, frame.itertuples(), strict=True):
            cls.env.cr.execute(
                "UPDATE helpdesk_ticket SET create_date = %s, closed_date = %s"
                " WHERE id = %s",
                (row.submitted_at, row.closed_at, ticket.id),
            )
        rated = frame["satisfaction_score"].notna()
        model = cls.env["ir.model"]._get_id("helpdesk.ticket")
        ratings = cls.env["rating.rating"].create(
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
        cls.env.flush_all()
        for rating, closed_at in zip(
            ratings, frame.loc[rated, "closed_at"], strict=True
        ):
            cls.env.cr.execute(
                "UPDATE rating_rating SET create_date = %s, write_date = %s"
                " WHERE id = %s",
                (closed_at, closed_at, rating.id),
            )
        cls.env.invalidate_all()
        return tickets

    @classmethod
    def import_usage(cls):
        """Report the usage, most of which is older than its subscription."""
        frame = pd.read_csv(DATA / "ravenstack" / "usage.csv", dtype=str)
        features = cls.env["subscription.feature"].create(
            [
                {"name": code, "code": code, "company_id": cls.company.id}
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
            answer = cls.env["subscription.usage"].ingest(
                rows[start : start + 10_000], history=True
            )
            if answer["errors"]:
                raise AssertionError(answer["errors"][:1])
            stored += answer["stored"]
        return features, stored
