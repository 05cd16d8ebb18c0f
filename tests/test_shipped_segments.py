# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The segments that the addon brings: who is in them, and who just is not."""

from ast import literal_eval

from freezegun import freeze_time

from odoo.tests import tagged

from .touchpoints import TouchpointCase

#: What a subscription is unless a row says otherwise: in no segment at all.
NOBODY = {
    "is_running": True,
    "lifecycle_stage": "stability",
    "tenure_band": "new",
    "tenure_months": 4,
    "first_start_date": "2025-02-01",
    "end_date": False,
    "next_renewal_date": "2025-08-01",
    "churn_risk_override": False,
    "churn_risk": "low",
    "is_high_value": False,
    "rfm_r": 3,
    "rfm_f": 3,
    "rfm_m": 3,
    "rfm_frequency": 3,
    "rfm_segment": "need_attention",
    "signal_overdue_days": 0,
    "signal_contraction_90d": 0,
    "signal_period_months": 1,
    "signal_key_features_90d": 1,
    "signal_days_since_use": 1,
    "signal_active_days_30d": 14,
    "signal_limit_share": 0.49,
    "signal_features_change": 0,
    "signal_logins_change": 0,
    "signal_tickets_open": 0,
}
ONBOARDING = {"lifecycle_stage": "onboarding", "tenure_months": 1}
ADVOCATE = {"rfm_m": 5, "signal_limit_share": 0.5, "nps_score": 9}
BEST = {"rfm_r": 4, "rfm_f": 4, "rfm_m": 4}
LEFT = {
    "is_running": False,
    "lifecycle_stage": "churned",
    "churn_risk": False,
    "end_date": "2025-01-01",
    "next_renewal_date": False,
    "running_count": 0,
    **{name: False for name in NOBODY if name.startswith(("signal_", "rfm_"))},
}
STUCK = {
    **ONBOARDING,
    "first_start_date": "2025-06-16",
    "signal_key_features_90d": 0,
}
FIRST = {"rfm_frequency": 0, "next_renewal_date": "2025-07-30"}
#: By key: those who are in, and those who just are not.
CASES = {
    "high_value_at_risk": (
        [
            {"is_high_value": True, "churn_risk": "medium"},
            {"is_high_value": True, "churn_risk": "high"},
        ],
        [{"is_high_value": True}, {"churn_risk": "medium"}],
    ),
    "high_churn_risk": (
        [
            {"churn_risk": "high"},
            {"signal_logins_change": -50, "signal_tickets_open": 1},
        ],
        [
            {"churn_risk": "medium"},
            {"signal_logins_change": -49.9, "signal_tickets_open": 1},
            {"signal_logins_change": -100, "signal_tickets_open": 0},
            {"signal_logins_change": False, "signal_tickets_open": 1},
            {"signal_logins_change": -50, "signal_tickets_open": False},
        ],
    ),
    "payment_late": (
        [{"signal_overdue_days": 1}],
        [{"signal_overdue_days": 0}, {"signal_overdue_days": False}],
    ),
    "onboarding_stuck": (
        [STUCK],
        [
            {**STUCK, "first_start_date": "2025-06-17"},
            {**STUCK, "lifecycle_stage": "stability"},
            {**STUCK, "signal_key_features_90d": 1},
            {**STUCK, "signal_key_features_90d": False},
        ],
    ),
    "silent": (
        [
            {"signal_days_since_use": 30},
            {"signal_days_since_use": 99, "lifecycle_stage": "loyal"},
        ],
        [
            {"signal_days_since_use": 29},
            {"signal_days_since_use": False},
            {"signal_days_since_use": 30, **ONBOARDING},
        ],
    ),
    "downgraded_recently": (
        [{"signal_contraction_90d": 0.1}],
        [{"signal_contraction_90d": 0}, {"signal_contraction_90d": False}],
    ),
    "first_renewal_ahead": (
        [FIRST, {**FIRST, "next_renewal_date": "2025-06-30"}],
        [
            {**FIRST, "rfm_frequency": 1},
            {**FIRST, "next_renewal_date": "2025-07-31"},
            {**FIRST, "next_renewal_date": "2025-06-29"},
            {**FIRST, "notice_date": "2025-06-20"},
            LEFT,
        ],
    ),
    "renewal_30_days": (
        [
            {"signal_period_months": 3, "next_renewal_date": "2025-07-30"},
            {"signal_period_months": 12, "next_renewal_date": "2025-06-30"},
        ],
        [
            {"signal_period_months": 1, "next_renewal_date": "2025-07-30"},
            {"signal_period_months": 3, "next_renewal_date": "2025-07-31"},
            {
                "signal_period_months": 3,
                "next_renewal_date": "2025-07-30",
                "notice_date": "2025-06-20",
            },
            {"signal_period_months": False, "next_renewal_date": "2025-07-30"},
        ],
    ),
    "star": (
        [
            {"signal_limit_share": 0.8},
            {"signal_features_change": 1, "signal_limit_share": False},
            {"signal_limit_share": 0.8, "tickets": [("1", False), ("3", True)]},
        ],
        [
            {"signal_limit_share": 0.79},
            {"signal_limit_share": 0.8, **ONBOARDING},
            {"signal_limit_share": 0.8, "tickets": [("2", False)]},
            {"signal_features_change": 1, "tickets": [("0", False), ("3", False)]},
            {"signal_limit_share": False, "signal_features_change": False},
        ],
    ),
    "high_value_advocate": (
        [
            ADVOCATE,
            {**ADVOCATE, "rfm_m": 1, "premium": True},
            {**ADVOCATE, "signal_limit_share": False, "signal_active_days_30d": 15},
            {**ADVOCATE, "nps_score": False, "referral_count": 1},
        ],
        [
            {**ADVOCATE, "rfm_m": 4},
            {**ADVOCATE, "signal_limit_share": 0.49},
            {**ADVOCATE, "nps_score": 8},
            {**ADVOCATE, "nps_score": False},
            {**ADVOCATE, "churn_risk": "medium"},
            {**ADVOCATE, "churn_risk": False},
            {
                **ADVOCATE,
                "signal_limit_share": False,
                "signal_active_days_30d": False,
            },
        ],
    ),
    "best_customers": (
        [BEST],
        [{**BEST, name: 3} for name in BEST],
    ),
    "new_champions": (
        [{"rfm_segment": "champions"}],
        [
            {"rfm_segment": "champions", "tenure_band": "mid_term"},
            {"rfm_segment": "loyal"},
        ],
    ),
    "onboarding": (
        [ONBOARDING],
        [{"lifecycle_stage": "stability"}, LEFT],
    ),
    "loyal_24_months": (
        [{"tenure_months": 24}],
        [{"tenure_months": 23}, {**LEFT, "tenure_months": 30}],
    ),
    "win_back": (
        [LEFT],
        [
            {**LEFT, "end_date": "2024-12-31"},
            {**LEFT, "running_count": 1},
            {**LEFT, "lifecycle_stage": False},
        ],
    ),
}
OF_CUSTOMERS = {"running_count": 1, "referral_count": 0, "nps_score": False}


@tagged("post_install", "-at_install")
@freeze_time("2025-06-30 12:00:00")
class TestShippedSegments(TouchpointCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.segments = (
            cls.env["subscription.segment"]
            .search([])
            .filtered(lambda segment: segment.get_external_id()[segment.id])
        )
        cls.premium = cls.make_plan("Premium", is_premium=True)

    def scored(self, name, tickets=(), premium=False, **values):
        """Return a subscription of a customer of its own, as a refresh left it."""
        values = {**NOBODY, **OF_CUSTOMERS, **values}
        sub = self.make_subscription(
            self.make_partner(name),
            **({"template_id": self.premium.id} if premium else {}),
        )
        for priority, closed in tickets:
            self.ticket(
                "2025-06-01",
                sub.partner_id,
                priority=priority,
                stage_id=(self.done if closed else self.new).id,
            )
        sub.customer_id.write({key: values.pop(key) for key in OF_CUSTOMERS})
        sub.write(values)
        return sub

    def members(self, segment, domain="enter_domain"):
        domain = [*literal_eval(segment[domain]), ("company_id", "=", self.company.id)]
        return self.env["sale.subscription"].search(domain)

    def test_they_are_all_there(self):
        self.assertEqual(set(self.segments.mapped("key")), set(CASES))
        self.assertEqual(len(self.segments), 15)
        self.assertEqual(len(set(self.segments.mapped("sequence"))), 15)
        for segment in self.segments:
            self.assertGreater(len(segment.description), 60, segment.name)
            self.assertTrue(segment.color)
            self.assertFalse(segment.company_id or segment.user_id)
        self.assertEqual(
            {s.key: s.ticket_priority for s in self.segments if s.ticket_priority},
            {"high_churn_risk": "2", "high_value_at_risk": "3"},
        )
        self.assertEqual(
            set(self.segments.filtered("tag_partners").mapped("key")),
            {"best_customers", "high_value_advocate"},
        )

    def test_what_a_user_changes_is_kept(self):
        data = self.env["ir.model.data"].search(
            [
                ("model", "=", "subscription.segment"),
                ("res_id", "in", self.segments.ids),
            ]
        )
        self.assertEqual(data.mapped("noupdate"), [True] * 15)

    def test_who_is_in_and_who_is_not(self):
        rows = {
            (key, side, number): self.scored(f"{key} {side} {number}", **values)
            for key, sides in CASES.items()
            for side, some in zip(("in", "out"), sides, strict=True)
            for number, values in enumerate(some)
        }
        self.env.flush_all()
        self.env.invalidate_all()
        for segment in self.segments:
            with self.subTest(segment.key):
                members = self.members(segment)
                found = {
                    side: [
                        (side, number)
                        for (key, side_, number), sub in rows.items()
                        if key == segment.key and side_ == side and sub in members
                    ]
                    for side in ("in", "out")
                }
                self.assertEqual(len(found["in"]), len(CASES[segment.key][0]), found)
                self.assertFalse(found["out"])
                # In Python too.
                everyone = members.union(*rows.values())
                domain = literal_eval(segment.enter_domain)
                self.assertEqual(members, everyone.filtered_domain(domain) & members)

    def test_nobody_in_particular(self):
        nobody = self.scored("Nobody")
        unknown = self.scored(
            "Unknown",
            churn_risk=False,
            **{name: False for name in NOBODY if name.startswith("signal_")},
        )
        for segment in self.segments:
            self.assertFalse(self.members(segment) & (nobody | unknown), segment.key)

    def test_who_enters_would_stay(self):
        """To stay asks for no more than to enter does."""
        rows = {
            key: [self.scored(f"{key} {n}", **values) for n, values in enumerate(some)]
            for key, (some, _outside) in CASES.items()
        }
        staying = self.segments.filtered("stay_domain")
        self.assertTrue(staying)
        for segment in staying:
            members = self.members(segment, "stay_domain")
            for sub in rows[segment.key]:
                self.assertIn(sub, members, segment.key)
        slack = {
            "high_churn_risk": {"signal_logins_change": -25, "signal_tickets_open": 1},
            "star": {"signal_limit_share": 0.7},
            "best_customers": {"rfm_r": 3, "rfm_f": 3, "rfm_m": 4},
            "high_value_at_risk": {"churn_risk": "medium"},
            "high_value_advocate": {
                **ADVOCATE,
                "rfm_m": 4,
                "signal_limit_share": 0.4,
            },
        }
        self.assertEqual(set(slack), set(staying.mapped("key")))
        for segment in staying:
            sub = self.scored(f"{segment.key} slack", **slack[segment.key])
            self.assertNotIn(sub, self.members(segment), segment.key)
            self.assertIn(sub, self.members(segment, "stay_domain"), segment.key)
            gone = self.scored(f"{segment.key} gone", **LEFT)
            self.assertNotIn(gone, self.members(segment, "stay_domain"), segment.key)
