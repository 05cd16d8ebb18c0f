# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Who is in the shipped segments, by what their words say."""

from ast import literal_eval

import pandas as pd

from odoo.fields import Domain
from odoo.tools import SQL

from ..signals.frame import read
from .real_data import RealDataCase

READ = """
    SELECT sub.id, sub.is_running, sub.lifecycle_stage, sub.tenure_band,
           sub.tenure_months, sub.first_start_date, sub.end_date,
           sub.next_renewal_date, sub.notice_date, sub.churn_risk, sub.is_high_value,
           sub.rfm_r, sub.rfm_f, sub.rfm_m, sub.rfm_frequency, sub.rfm_segment,
           sub.signal_overdue_days AS overdue, sub.signal_contraction_90d AS lost,
           sub.signal_period_months AS period, sub.signal_key_features_90d AS keys,
           sub.signal_days_since_use AS unused, sub.signal_active_days_30d AS active,
           sub.signal_limit_share AS share, sub.signal_features_change AS breadth,
           sub.signal_logins_change AS logins, sub.signal_tickets_open AS tickets,
           plan.is_premium, customer.running_count, customer.referral_count,
           customer.nps_score,
           EXISTS (
               SELECT FROM helpdesk_ticket ticket
                 JOIN helpdesk_ticket_stage stage ON stage.id = ticket.stage_id
                WHERE ticket.subscription_customer_id = sub.customer_id
                  AND NOT COALESCE(stage.closed, FALSE)
                  AND ticket.active
                  AND ticket.priority IN ('2', '3')
           ) AS urgent
      FROM sale_subscription sub
      JOIN sale_subscription_template plan ON plan.id = sub.template_id
 LEFT JOIN subscription_customer customer ON customer.id = sub.customer_id
     WHERE sub.company_id = %s AND sub.active
"""
FLAGS = ["is_running", "is_high_value", "is_premium", "urgent"]
DATES = ["first_start_date", "end_date", "next_renewal_date", "notice_date"]


def expected(frame, as_of):
    """Return who is in which segment, in words of pandas: NaN compares with nothing."""
    today = pd.Timestamp(as_of)
    runs, stage = frame["is_running"], frame["lifecycle_stage"]
    grown = stage.isin(["stability", "loyal"]) & runs
    risk, renewal = frame["churn_risk"], frame["next_renewal_date"]
    soon = (renewal >= today) & (renewal <= today + pd.Timedelta(days=30))
    soon &= frame["notice_date"].isna()
    half_year = today - pd.Timedelta(days=180)
    two_weeks = frame["first_start_date"] <= today - pd.Timedelta(days=14)
    paying = frame["is_premium"] | (frame["rfm_m"] == 5)
    using = (frame["share"] >= 0.5) | (frame["active"] >= 15)
    praising = (frame["referral_count"] >= 1) | (frame["nps_score"] >= 9)
    growing = (frame["share"] >= 0.8) | (frame["breadth"] > 0)
    return {
        "high_value_at_risk": frame["is_high_value"] & risk.isin(["medium", "high"]),
        "high_churn_risk": (risk == "high")
        | ((frame["logins"] <= -50) & (frame["tickets"] > 0)),
        "payment_late": frame["overdue"] > 0,
        "onboarding_stuck": runs
        & (stage == "onboarding")
        & two_weeks
        & (frame["keys"] == 0),
        "silent": grown & (frame["unused"] >= 30),
        "downgraded_recently": frame["lost"] > 0,
        "first_renewal_ahead": runs & (frame["rfm_frequency"] == 0) & soon,
        "renewal_30_days": runs & (frame["period"] > 1) & soon,
        "star": grown & growing & ~frame["urgent"],
        "high_value_advocate": runs & (risk == "low") & paying & using & praising,
        "best_customers": (frame["rfm_r"] >= 4)
        & (frame["rfm_f"] >= 4)
        & (frame["rfm_m"] >= 4),
        "new_champions": (frame["rfm_segment"] == "champions")
        & (frame["tenure_band"] == "new"),
        "onboarding": runs & (stage == "onboarding"),
        "loyal_24_months": runs & (frame["tenure_months"] >= 24),
        "win_back": (stage == "churned")
        & (frame["end_date"] >= half_year)
        & (frame["running_count"] == 0),
    }


class SegmentsCase(RealDataCase):
    def assertMembers(self, as_of):
        """Check the members of all shipped segments; return how many there are."""
        frame = read(
            self.env,
            SQL(READ, self.company.id),
            dates=DATES,
        ).set_index("id")
        frame[FLAGS] = frame[FLAGS].eq(True)
        wanted = expected(frame, as_of)
        Membership = self.env["subscription.segment.membership"]
        segments = self.env["subscription.segment"].search([("key", "!=", False)])
        self.assertEqual(set(segments.mapped("key")), set(wanted))
        counts = {}
        for segment in segments:
            members = Membership.search(
                [
                    ("segment_id", "=", segment.id),
                    ("company_id", "=", self.company.id),
                    ("date_to", "=", False),
                    ("kind", "=", "automatic"),
                ]
            ).subscription_id
            domain = Domain(literal_eval(segment.enter_domain))
            found = self.env["sale.subscription"].search(
                domain & Domain("company_id", "=", self.company.id)
            )
            self.assertEqual(set(members.ids), set(found.ids), segment.key)
            told = wanted[segment.key]
            self.assertEqual(set(members.ids), set(told.index[told]), segment.key)
            counts[segment.key] = len(members)
        return counts

    def assertSettled(self, as_of):
        """A second refresh, and evaluating again, change no row."""
        rows = self.env["subscription.segment.membership"].search(
            [("company_id", "=", self.company.id)]
        )
        before = self.versions(rows)
        self.assertEqual(self.refresh(as_of).changed_count, 0)
        for segment in self.env["subscription.segment"].search([("key", "!=", False)]):
            segment._evaluate(self.company, as_of)
        again = rows.search([("company_id", "=", self.company.id)])
        self.assertEqual(self.versions(again), before)
