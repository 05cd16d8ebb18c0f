# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What a campaign was worth: from the ledger, as of 30 and 90 days after, in words."""

import pandas as pd
from freezegun import freeze_time

from odoo.exceptions import AccessError
from odoo.tests import tagged

from ..signals.outcomes import outcomes, standing
from .common import SubscriptionCase, day

STARTED = "2025-03-01"


class UpliftCase(SubscriptionCase):
    def setUp(self):
        super().setUp()
        # Whatever the actions are called that leave campaigns.
        Campaign = type(self.env["subscription.campaign"])
        self.patch(Campaign, "_selection_kind", lambda self: [("any", "Any")])

    def campaign(self, reached, held_out, excluded=(), started=STARTED, company=None):
        """Return a campaign of subscriptions, begun at noon."""
        self.env.flush_all()
        Campaign = self.env["subscription.campaign"]
        some = self.env["sale.subscription"].union(*held_out, *excluded)
        return Campaign.create(
            {
                "name": "Thanks",
                "kind": "any",
                "company_id": (company or self.company).id,
                "started_at": f"{started} 12:00:00",
                "member_ids": [
                    (
                        0,
                        0,
                        {
                            "subscription_id": sub.id,
                            "customer_id": sub.customer_id.id,
                            "company_id": sub.company_id.id,
                            "reason": "control"
                            if sub in held_out
                            else "no_address"
                            if sub in excluded
                            else False,
                        },
                    )
                    for sub in some.union(*reached)
                ],
            }
        )

    def rows(self, *subs, date=STARTED, is_control=False):
        return pd.DataFrame(
            {
                "customer_id": [sub.customer_id.id for sub in subs],
                "date": pd.to_datetime([date] * len(subs)),
                "is_control": is_control,
            }
        )

    def outcome(self, subscription, days=30, as_of="2025-06-30", date=STARTED):
        rows = self.rows(subscription, date=date)
        frame = outcomes(self.env, subscription.company_id, rows, days, day(as_of))
        found = frame.reset_index().to_dict("records")
        return found[0] if found else None


@tagged("post_install", "-at_install")
class TestOutcomes(UpliftCase):
    def test_what_became_of_a_customer(self):
        sub = self.subscribe(self.make_partner(), 10)
        self.book(sub, ("2025-03-20", "change", 15), ("2025-04-10", "end", None))
        found = self.outcome(sub)
        self.assertEqual((found["stayed"], found["mrr"]), (True, 5))
        found = self.outcome(sub, 40)
        self.assertEqual((found["stayed"], found["mrr"]), (False, -10))
        # The first day that it does not run is the 40th after.
        self.assertTrue(self.outcome(sub, 39)["stayed"])

    def test_what_happened_on_the_day_itself_counts(self):
        sub = self.subscribe(self.make_partner(), 10)
        self.book(sub, (STARTED, "change", 12))
        self.assertEqual(self.outcome(sub)["mrr"], 2)
        self.assertEqual(self.outcome(sub, date="2025-03-02")["mrr"], 0)

    def test_days_that_are_not_over(self):
        sub = self.subscribe(self.make_partner(), 10)
        self.assertIsNone(self.outcome(sub, 30, "2025-03-30"))
        self.assertIsNotNone(self.outcome(sub, 30, "2025-03-31"))

    def test_customer_with_another_subscription_stays(self):
        partner = self.make_partner()
        sub = self.subscribe(partner, 10, end="2025-03-10")
        self.subscribe(partner, 7, start="2025-03-15")
        found = self.outcome(sub)
        self.assertEqual((found["stayed"], found["mrr"]), (True, -3))

    def test_first_row_of_a_customer_counts(self):
        sub = self.subscribe(self.make_partner(), 10, end="2025-03-20")
        rows = pd.concat([self.rows(sub, date="2025-03-15"), self.rows(sub)])
        frame = outcomes(self.env, self.company, rows, 15, day("2025-06-30"))
        self.assertEqual(frame["stayed"].tolist(), [True])

    def test_currency_of_the_company(self):
        rates = {"2025-01-01": 2, "2025-03-20": 4}
        self.get_currency("EUR", rates)
        sub = self.make_subscription(self.make_partner(), "EUR")
        self.book(sub, ("2024-01-15", "start", 10), ("2025-03-10", "change", 12))
        self.assertEqual(self.outcome(sub)["mrr"], 12 * 4 - 10 * 2)

    def test_past_outcomes_never_change_when_data_is_added(self):
        """Invariant 1; what was recorded late counts where it belongs."""
        sub = self.subscribe(self.make_partner(), 10)
        before = self.outcome(sub, 30, "2025-04-05")
        self.book(sub, ("2025-03-25", "end", None), known_on=day("2025-04-10"))
        self.keep(sub, "2025-04-20", 99)
        self.assertEqual(str(self.outcome(sub, 30, "2025-04-05")), str(before))
        self.assertTrue(before["stayed"])
        self.assertFalse(self.outcome(sub, 30, "2025-04-10")["stayed"])

    def test_other_companies_are_not_looked_at(self):
        second = self.make_company("Second Company")
        partner = self.make_partner()
        sub = self.subscribe(partner, 10, end="2025-03-10")
        self.subscribe(partner, 50, company=second)
        found = self.outcome(sub)
        self.assertEqual((found["stayed"], found["mrr"]), (False, -10))

    # --- CLV --------------------------------------------------------------------------

    def keep(self, sub, when, clv):
        self.env["subscription.score.history"].create(
            {
                "subscription_id": sub.id,
                "company_id": sub.company_id.id,
                "date": when,
                "churn_score": 10,
                "churn_risk_scored": "low",
                "churn_scored_by": "scorecard",
                "clv": clv,
            }
        )

    def clv(self, sub, when, as_of="2025-06-30"):
        days = pd.Series(pd.to_datetime([when]), index=sub.customer_id.ids)
        frame = standing(self.env, sub.company_id, days, day(as_of))
        value = frame["clv"].iloc[0]
        return None if pd.isna(value) else value

    def test_clv_as_last_kept(self):
        partner = self.make_partner()
        one, two = self.subscribe(partner), self.subscribe(partner)
        self.keep(one, "2025-02-27", 100)
        self.assertIsNone(self.clv(one, "2025-02-28"), "the other one's is missing")
        self.keep(two, "2025-02-28", 20)
        self.keep(two, "2025-03-05", 50)
        self.assertEqual(self.clv(one, "2025-02-28"), 120)
        self.assertEqual(self.clv(one, "2025-03-05"), 150)
        self.assertEqual(self.clv(one, "2025-04-03"), 150)
        self.assertIsNone(self.clv(one, "2025-04-04"), "kept too long ago")
        self.book(one, ("2025-04-10", "end", None))
        self.assertEqual(self.clv(one, "2025-04-09"), None)
        self.assertIsNone(self.clv(one, "2025-04-10"))
        self.keep(two, "2025-04-08", 60)
        self.assertEqual(self.clv(one, "2025-04-10"), 60)
        self.book(two, ("2025-04-11", "end", None))
        self.assertEqual(self.clv(one, "2025-04-11"), 0)

    def test_notice_leaves_nothing_to_expect(self):
        sub = self.subscribe(self.make_partner())
        self.keep(sub, "2025-03-01", 100)
        with freeze_time("2025-03-10 12:00:00"):
            notice = self.env["subscription.notice"].create(
                {
                    "subscription_id": sub.id,
                    "date": "2025-03-10",
                    "end_date": "2025-09-01",
                }
            )
            self.env.flush_all()
        self.assertEqual(self.clv(sub, "2025-03-09"), 100)
        self.assertEqual(self.clv(sub, "2025-03-10"), 0)
        self.assertEqual(self.clv(sub, "2025-03-10", "2025-03-09"), 100)
        notice.withdrawn_on = "2025-03-15"
        self.assertEqual(self.clv(sub, "2025-03-14"), 0)
        self.assertEqual(self.clv(sub, "2025-03-15"), 100)

    def test_refresh_keeps_the_clv(self):
        sub = self.subscribe(self.make_partner())
        with freeze_time("2025-06-30 12:00:00"):
            self.env["subscription.refresh"]._refresh_company(
                self.company, self.as_of, lambda: True
            )
        self.env.invalidate_all()
        self.assertGreater(sub.clv, 0)
        kept = sub.score_history_ids
        self.assertEqual(kept.mapped("clv"), [sub.clv] * len(kept))
        self.assertEqual(len(kept), sub.churn_state == "scored")


@tagged("post_install", "-at_install")
class TestCampaignUplift(UpliftCase):
    """Customers who got a second subscription, stayed as they were, or left."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        ends = {"same": (64, ""), "left": (46, "2025-03-20"), "grew": (40, "")}
        rows = [
            cls.row(f"{kind}-{n}", end_date=end)
            for kind, (number, end) in ends.items()
            for n in range(number)
        ]
        more = {"mrr": "2.00", "start_date": "2025-03-10"}
        rows += [
            {**row, **more, "subscription_ref": f"more-{row['subscription_ref']}"}
            for row in rows
            if row["subscription_ref"].startswith("grew")
        ]
        cls.import_history(*rows)
        cls.same, cls.left, cls.grew = (
            cls.env["sale.subscription"].search(
                [
                    ("subscription_ref", "=like", f"{kind}-%"),
                    ("company_id", "=", cls.company.id),
                ]
            )
            for kind in ends
        )

    @classmethod
    def row(cls, ref, **values):
        return {
            "subscription_ref": ref,
            "customer_ref": ref,
            "customer_name": ref,
            **values,
        }

    def example(self):
        """56 of 70 against 48 of 80 stayed (Newcombe 1998, table II)."""
        reached = self.grew | self.same[:16] | self.left[:14]
        return reached, self.same[16:] | self.left[14:]

    def words(self, campaign, today="2025-06-30", user=None):
        """Return what the campaign says 30 and 90 days after."""
        if user:
            campaign = self.as_user(campaign, user)
        campaign.invalidate_recordset()
        with freeze_time(f"{today} 12:00:00"):
            return [
                [campaign[f"uplift_{name}_{days}"] for name in ("stayed", "mrr", "clv")]
                for days in (30, 90)
            ]

    def test_in_words(self):
        reached, held_out = self.example()
        others = [
            self.subscribe(self.make_partner(), end="2025-03-02") for _n in range(9)
        ]
        campaign = self.campaign(reached, held_out, others)
        user = self.make_user("user")
        after_30, after_90 = self.words(campaign, user=user)
        self.assertEqual(after_30[0], "20 more of 100 stayed (5 to 33)")
        # By hand: (40 * 2 - 14 * 10) / 70 + 32 * 10 / 80.
        self.assertTrue(
            after_30[1].startswith("$\N{NO-BREAK SPACE}3.14 more per customer ($"),
            after_30[1],
        )
        self.assertEqual(
            after_30[2], "Not enough yet: too few customers with a CLV kept."
        )
        self.assertEqual(after_90, after_30)
        waiting = "Not enough yet: %s days are not over."
        self.assertEqual(
            self.words(campaign, "2025-03-30"),
            [[waiting % 30, False, False], [waiting % 90, False, False]],
        )
        after_30, after_90 = self.words(campaign, "2025-03-31")
        self.assertEqual(after_30[0], "20 more of 100 stayed (5 to 33)")
        self.assertEqual(after_90[0], waiting % 90)

    def test_the_other_way_round(self):
        reached, held_out = self.example()
        campaign = self.campaign(held_out, reached)
        self.assertEqual(
            self.words(campaign)[0][0], "20 fewer of 100 stayed (-33 to -5)"
        )
        self.assertIn("less per customer", self.words(campaign)[0][1])

    def test_it_could_be_chance(self):
        reached = self.same[:33] | self.left[:2]
        held_out = self.same[33:63] | self.left[2:4]
        self.assertEqual(
            self.words(self.campaign(reached, held_out))[0],
            [
                "1 more of 100 stayed (-13 to 15: could be chance)",
                "Not enough yet: too few customers with a change.",
                "Not enough yet: too few customers with a CLV kept.",
            ],
        )

    def test_too_few(self):
        campaign = self.campaign(self.same[:31], self.same[31:60])
        self.assertEqual(
            self.words(campaign)[0],
            [
                "Too few to tell: 31 customers reached and 29 held out; 30 of each "
                "are needed.",
                False,
                False,
            ],
        )

    def test_nobody_held_out(self):
        campaign = self.campaign(self.same[:3], [])
        nobody = "Nobody was held out to compare with."
        self.assertEqual(self.words(campaign), [[nobody, False, False]] * 2)
        self.assertEqual(
            self.words(self.campaign([], [])), [[nobody, False, False]] * 2
        )
        new = self.env["subscription.campaign"].new({"company_id": self.company.id})
        self.assertEqual(new.uplift_stayed_30, nobody)

    def test_day_of_the_company(self):
        """Begun at 23:00 UTC on the last day of February, which is March there."""
        self.company.partner_id.tz = "Asia/Tokyo"
        campaign = self.campaign(self.same[:2], self.same[2:4])
        campaign.started_at = "2025-02-28 23:00:00"
        self.assertEqual(self.company._subscription_zone(), "Asia/Tokyo")
        rows = campaign._read_uplift_rows()
        self.assertEqual({str(when.date()) for when in rows["date"]}, {"2025-03-01"})

    def test_customers_of_other_companies_do_not_count(self):
        """Invariant 4: a subscription that has gone to another company."""
        campaign = self.campaign(self.same[:31], self.same[31:61])
        second = self.make_company("Second Company")
        theirs = self.subscribe(self.make_partner(), company=second)
        campaign.member_ids[0].customer_id = theirs.customer_id
        self.assertEqual(len(campaign._read_uplift_rows()), 60)

    def test_several_at_once_and_companies_apart(self):
        reached, held_out = self.example()
        campaign = self.campaign(reached, held_out)
        second = self.make_company("Second Company")
        theirs = [
            self.subscribe(sub.partner_id, 99, company=second) for sub in held_out[:5]
        ]
        other = self.campaign(theirs[:2], theirs[2:], company=second)
        both = campaign | other
        with freeze_time("2025-06-30 12:00:00"):
            self.assertEqual(
                both.mapped("uplift_stayed_30"),
                [
                    "20 more of 100 stayed (5 to 33)",
                    "Too few to tell: 2 customers reached and 3 held out; 30 of each "
                    "are needed.",
                ],
            )
        with self.assertRaises(AccessError):
            self.as_user(other, self.make_user("user")).read(["uplift_stayed_30"])
