# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What campaigns, journeys and offers were worth: from the ledger, in words."""

import pandas as pd
from freezegun import freeze_time

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import Form, tagged

from ..signals.outcomes import outcomes, standing
from .common import SubscriptionCase, day
from .mailings import MailingCase

STARTED = "2025-03-01"


class UpliftCase(SubscriptionCase):
    def setUp(self):
        super().setUp()
        # Whatever the actions are called that leave campaigns.
        Campaign = type(self.env["subscription.campaign"])
        self.patch(Campaign, "_selection_kind", lambda self: [("any", "Any")])

    def campaign(
        self, reached, held_out, excluded=(), started=STARTED, company=None, **values
    ):
        """Return a campaign of subscriptions, begun at noon and done at once."""
        self.env.flush_all()
        Campaign = self.env["subscription.campaign"]
        some = self.env["sale.subscription"].union(*held_out, *excluded)
        return Campaign.create(
            {
                "name": "Thanks",
                "kind": "any",
                "company_id": (company or self.company).id,
                "started_at": f"{started} 12:00:00",
                **values,
                "member_ids": [
                    (
                        0,
                        0,
                        {
                            "subscription_id": sub.id,
                            "customer_id": sub.customer_id.id,
                            "company_id": sub.company_id.id,
                            **self.how(sub, held_out, excluded, started),
                        },
                    )
                    for sub in some.union(*reached)
                ],
            }
        )

    def how(self, sub, held_out, excluded, when):
        if sub in held_out:
            return {"reason": "control", "held_out_at": f"{when} 12:00:00"}
        if sub in excluded:
            return {"reason": "no_address"}
        return {"reached_at": f"{when} 12:00:00"}

    def rows(self, *subs, date=STARTED, is_control=False, stratum="one"):
        return pd.DataFrame(
            {
                "customer_id": [sub.customer_id.id for sub in subs],
                "date": pd.to_datetime([date] * len(subs)),
                "is_control": is_control,
                "stratum": stratum,
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

    def test_customer_on_both_sides(self):
        """The first day counts; who is on both sides on that day is on neither."""
        first, second = (self.subscribe(self.make_partner()) for _n in range(2))
        rows = pd.concat(
            [
                self.rows(first, date="2025-03-05"),
                self.rows(first, second, is_control=True),
                self.rows(second),
                self.rows(second, date="2025-03-05"),
            ]
        )
        frame = outcomes(self.env, self.company, rows, 30, day("2025-06-30"))
        self.assertEqual(frame["is_control"].to_dict(), {first.customer_id.id: True})

    def test_currency_of_the_company(self):
        rates = {"2025-01-01": 2, "2025-03-20": 4}
        self.get_currency("EUR", rates)
        sub = self.make_subscription(self.make_partner(), "EUR")
        self.book(sub, ("2024-01-15", "start", 10), ("2025-03-10", "change", 12))
        # What the rate did is no gain.
        self.assertEqual(self.outcome(sub)["mrr"], (12 - 10) * 2)
        self.assertEqual(self.outcome(sub, date="2025-03-15")["mrr"], 0)

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

    def test_clv_of_before_is_not_what_came_of_it(self):
        sub = self.subscribe(self.make_partner())
        self.keep(sub, "2025-02-28", 100)
        # In the night before: nothing had been done yet.
        self.keep(sub, STARTED, 110)
        self.assertTrue(pd.isna(self.outcome(sub)["clv"]))
        self.keep(sub, "2025-03-02", 130)
        self.assertEqual(self.outcome(sub)["clv"], 30)

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


class WorthCase(UpliftCase):
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
        """Return what a record says 30 and 90 days after."""
        if user:
            campaign = self.as_user(campaign, user)
        campaign.invalidate_recordset()
        with freeze_time(f"{today} 12:00:00"):
            return [
                [campaign[f"uplift_{name}_{days}"] for name in ("stayed", "mrr", "clv")]
                for days in (30, 90)
            ]


@tagged("post_install", "-at_install")
class TestCampaignUplift(WorthCase):
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
            after_30[2],
            "Not known: no CLV was kept of more than 5 % of a side, or too few have "
            "changed.",
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
                "Not known: no CLV was kept of more than 5 % of a side, or too few "
                "have changed.",
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
        late = "2025-02-28 23:00:00"
        campaign.started_at = late
        campaign.member_ids.filtered("reached_at").reached_at = late
        campaign.member_ids.filtered("held_out_at").held_out_at = late
        self.assertEqual(self.company._subscription_zone(), "Asia/Tokyo")
        rows = campaign._read_uplift_rows()
        self.assertEqual({str(when.date()) for when in rows["date"]}, {"2025-03-01"})

    def test_who_waits_or_was_dropped_is_on_neither_side(self):
        reached, held_out = self.example()
        campaign = self.campaign(reached, held_out)
        left = campaign.member_ids.filtered(
            lambda member: member.reached_at and member.subscription_id in self.left
        )
        left[:7].reached_at = False
        left[7:].write({"reached_at": False, "reason": "blacklisted"})
        # 56 of 56 against 48 of 80.
        self.assertEqual(self.words(campaign)[0][0], "40 more of 100 stayed (28 to 51)")
        campaign.member_ids.reached_at = False
        waiting = "Not enough yet: nobody was reached so far."
        self.assertEqual(self.words(campaign), [[waiting, False, False]] * 2)

    def test_what_was_taken_back_was_worth_nothing(self):
        campaign = self.campaign(*self.example())
        campaign.undone_at = "2025-03-02"
        back = "What was done was taken back."
        self.assertEqual(self.words(campaign), [[back, False, False]] * 2)

    def test_undo_of_a_mailing_stops_the_rest_only(self):
        kinds = [("any", "Any"), ("email", "E-mail")]
        Campaign = type(self.env["subscription.campaign"])
        self.patch(Campaign, "_selection_kind", lambda self: kinds)
        campaign = self.campaign(*self.example(), kind="email")
        campaign.undone_at = "2025-03-02"
        self.assertEqual(self.words(campaign)[0][0], "20 more of 100 stayed (5 to 33)")

    def test_campaign_that_does_not_know_when_it_held_out(self):
        campaign = self.campaign(*self.example())
        campaign.member_ids.held_out_at = False
        self.assertEqual(self.words(campaign)[0][0], "20 more of 100 stayed (5 to 33)")

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


@tagged("post_install", "-at_install")
class TestOtherUplift(WorthCase):
    """The same of journeys and offers."""

    # --- journeys ---------------------------------------------------------------------

    def journey(self, reached, held_out, when=STARTED, journey=None, **values):
        """Return a journey on which subscriptions were enrolled at noon."""
        journey = journey or self.env["subscription.journey"].create(
            {"name": "Welcome", "company_id": self.company.id, **values}
        )
        self.env["subscription.journey.enrolment"].create(
            [
                {
                    "journey_id": journey.id,
                    "subscription_id": sub.id,
                    "customer_id": sub.customer_id.id,
                    "company_id": sub.company_id.id,
                    "anchor_date": when,
                    "enrolled_at": f"{when} 12:00:00",
                    "is_control": is_control,
                    "state": "done",
                }
                for some, is_control in ((reached, False), (held_out, True))
                for sub in some
            ]
        )
        return journey

    def test_journey_in_words(self):
        reached, held_out = self.example()
        journey = self.journey(reached, held_out)
        # Whatever became of the steps: who was enrolled counts.
        enrolments = journey.enrolment_ids.filtered(lambda own: not own.is_control)
        enrolments[:20].write({"state": "stopped", "stop_reason": "closed"})
        after_30, after_90 = self.words(journey, user=self.make_user("user"))
        self.assertEqual(after_30[0], "20 more of 100 stayed (5 to 33)")
        self.assertIn("3.14 more per customer", after_30[1])
        self.assertEqual(after_90, after_30)
        waiting = "Not enough yet: 30 days are not over."
        self.assertEqual(self.words(journey, "2025-03-30")[0][0], waiting)
        self.assertEqual(self.words(journey, "2025-03-31")[0], after_30)

    def test_dialog(self):
        journey = self.journey(*self.example())
        for record, words in (
            (journey, "20 more of"),
            (self.campaign(*self.example(), holdout_percent=20), "20 more of"),
            (self.offer(), "It was never made"),
        ):
            record = self.as_user(record, self.make_user("user", login=record._name))
            action = record.action_open_uplift()
            with freeze_time("2025-06-30 12:00:00"):
                form = Form(record, view=action["views"][0][0])
                self.assertIn(words, form.uplift_stayed_30)

    def test_journey_without_a_control_group(self):
        journey = self.journey(self.same[:3], [])
        nobody = "Nobody was held out to compare with."
        self.assertEqual(self.words(journey), [[nobody, False, False]] * 2)

    def test_control_group_that_comes_later(self):
        """Months without one tell nothing: those who left then make no difference."""
        reached, held_out = self.example()
        journey = self.journey(self.left[14:] | self.same[16:], [], "2025-02-10")
        self.journey(reached, held_out, journey=journey)
        self.assertEqual(self.words(journey)[0][0], "20 more of 100 stayed (5 to 33)")

    def test_first_enrolment_counts(self):
        """Also if a customer was put on the other side later, by another share."""
        reached, held_out = self.example()
        journey = self.journey(reached, held_out)
        self.journey(held_out[:40], reached[:20], "2025-03-02", journey)
        self.assertEqual(self.words(journey)[0][0], "20 more of 100 stayed (5 to 33)")

    def test_journey_of_all_companies(self):
        """Each company sees its own customers, in its own currency."""
        reached, held_out = self.example()
        second = self.make_company("Second Company")
        theirs = [
            self.subscribe(sub.partner_id, 99, company=second) for sub in reached[:5]
        ]
        journey = self.journey(reached, held_out, company_id=False)
        self.journey(theirs[:2], theirs[2:], journey=journey)
        self.assertEqual(self.words(journey)[0][0], "20 more of 100 stayed (5 to 33)")
        self.assertEqual(
            self.words(journey.with_company(second))[0][0],
            "Too few to tell: 2 customers reached and 3 held out; 30 of each are "
            "needed.",
        )

    # --- offers -----------------------------------------------------------------------

    def offer(self, **values):
        return self.env["subscription.offer"].create(
            {"name": "20 % off", "kind": "discount", "discount": 20, **values}
        )

    def test_offer_in_words(self):
        offer = self.offer()
        reached, held_out = self.example()
        self.campaign(reached, held_out, offer_id=offer.id)
        # Made without a control group, and another offer.
        some = [self.subscribe(self.make_partner(), end="2025-03-05") for _n in "1234"]
        self.campaign(some, [], offer_id=offer.id)
        self.campaign(some, self.same[:9], offer_id=self.offer().id)
        after_30, after_90 = self.words(offer, user=self.make_user("user"))
        self.assertEqual(after_30[0], "20 more of 100 stayed (5 to 33)")
        self.assertIn("3.14 more per customer", after_30[1])
        self.assertEqual(after_90, after_30)

    def offered(self, journey, offer, *subscriptions, when=STARTED):
        """Have a journey make an offer to subscriptions enrolled on a day."""
        step = journey.step_ids.filtered(lambda own: own.offer_id == offer)
        if not step:
            step = {"name": "Offer", "channel": "offer", "offer_id": offer.id}
            journey.step_ids = [Command.create(step)]
            step = journey.step_ids[-1]
        for sub in subscriptions:
            grants, _refused = offer._grant(sub, key=f"journey:{step.id}:{when}")
            self.assertEqual(len(grants), 1)

    def test_offer_of_a_journey(self):
        """All who were enrolled, whatever became of the step; and a campaign beside."""
        offer = self.offer()
        reached, held_out = self.example()
        journey = self.journey(reached, held_out)
        self.offered(journey, offer, reached[0])
        self.assertEqual(self.words(offer)[0][0], "20 more of 100 stayed (5 to 33)")
        # Who got it on the journey is no news to a campaign later.
        self.campaign(held_out, reached, started="2025-03-02", offer_id=offer.id)
        self.assertEqual(self.words(offer)[0][0], "20 more of 100 stayed (5 to 33)")

    def test_offer_of_a_journey_that_never_made_it(self):
        """A step for it takes no credit for what the journey did without."""
        offer = self.offer()
        journey = self.journey(*self.example())
        self.offered(journey, offer)
        self.assertIn("It was never made", self.words(offer)[0][0])

    def test_offer_of_a_journey_since_it_made_it(self):
        """Neither the same month before nor a month without it counts."""
        offer = self.offer()
        same, left = self.same, self.left
        journey = self.journey(self.grew, left[:30])
        self.journey(same[:31], same[31:62], "2025-03-05", journey)
        self.journey(left[30:], same[62:], "2025-04-05", journey)
        self.offered(journey, offer, same[0], when="2025-03-05")
        self.assertEqual(
            self.words(offer)[0][0], "0 more of 100 stayed (-11 to 11: could be chance)"
        )

    def test_share_that_is_changed_within_a_month(self):
        """Those who stay under one share, those who leave under another: no worth."""
        journey = self.journey(self.same[:50], self.same[50:60])
        journey.enrolment_ids.holdout_percent = 5
        self.journey(
            self.grew[:10] | self.left[:20],
            self.grew[10:20] | self.left[20:40],
            "2025-03-05",
            journey,
        )
        self.assertEqual(
            self.words(journey)[0][0],
            "0 more of 100 stayed (-19 to 20: could be chance)",
        )

    def test_offer_that_was_never_made_with_a_control_group(self):
        offer = self.offer()
        self.campaign(self.same[:3], [], offer_id=offer.id)
        nobody = (
            "It was never made with a control group: leave one out when you make it "
            "to many, to find out."
        )
        self.assertEqual(self.words(offer), [[nobody, False, False]] * 2)

    def test_campaigns_of_an_offer_are_compared_each_by_itself(self):
        """Two offers to those who all stay, one to those who mostly leave: no worth.

        Thrown together 60 of 90 stayed against 10 of 40.
        """
        offer = self.offer()
        self.campaign(self.same[:50], self.same[50:60], offer_id=offer.id)
        stayed, gone = self.grew, self.left
        self.campaign(
            stayed[:10] | gone[:20],
            stayed[10:20] | gone[20:40],
            started="2025-03-05",
            offer_id=offer.id,
        )
        self.assertEqual(
            self.words(offer)[0][0],
            "0 more of 100 stayed (-19 to 20: could be chance)",
        )

    def test_offer_that_was_taken_back(self):
        offer = self.offer()
        campaign = self.campaign(*self.example(), offer_id=offer.id)
        campaign.undone_at = "2025-03-02"
        self.assertIn("It was never made", self.words(offer)[0][0])

    def test_enrolment_that_was_undone(self):
        reached, held_out = self.example()
        journey = self.journey(reached, held_out)
        journey.enrolment_ids.state = "running"
        journey.enrolment_ids._undo()
        nobody = "Nobody was held out to compare with."
        self.assertEqual(self.words(journey), [[nobody, False, False]] * 2)

    def test_offer_of_companies_apart(self):
        """Invariant 4."""
        offer = self.offer()
        self.campaign(*self.example(), offer_id=offer.id)
        second = self.make_company("Second Company")
        theirs = [
            self.subscribe(sub.partner_id, 99, company=second) for sub in self.same[:5]
        ]
        self.campaign(theirs[:2], theirs[2:], company=second, offer_id=offer.id)
        self.assertEqual(self.words(offer)[0][0], "20 more of 100 stayed (5 to 33)")
        self.assertIn(
            "2 customers reached", self.words(offer.with_company(second))[0][0]
        )

    def test_expected_value_of_an_offer_that_was_measured(self):
        offer = self.offer()
        self.campaign(*self.example(), offer_id=offer.id)
        some = self.same[:2]
        some.clv = 100
        with freeze_time("2025-06-30 12:00:00"):
            cost, text = offer._worth(some)
            # 3 months of 10 at 20 % each; 20 % of 200.
            self.assertEqual(cost, 12)
            self.assertIn(
                "28.00 (uplift 20.0 %", text.replace("\N{NO-BREAK SPACE}", "")
            )
        with freeze_time("2025-03-30 12:00:00"):
            self.assertIn(
                "not known yet. Not enough yet: 30 days are not over.",
                offer._worth(some)[1],
            )

    def test_what_could_be_chance_is_no_uplift(self):
        offer = self.offer()
        self.campaign(
            self.same[:33] | self.left[:2],
            self.same[33:63] | self.left[2:4],
            offer_id=offer.id,
        )
        self.same[0].clv = 100
        with freeze_time("2025-06-30 12:00:00"):
            text = offer._worth(self.same[0])[1]
        self.assertIn("not known yet. 1 more of 100 stayed (-13 to 15: could", text)
        self.assertNotIn("control group", text)

    def test_nobody_looks_until_an_uplift_is_found(self):
        """Sure after 30 days, chance after 90: the later look decides."""
        reached, held_out = self.example()
        offer = self.offer()
        self.campaign(reached, held_out, offer_id=offer.id)
        for sub in reached & self.same:
            self.book(sub, ("2025-05-01", "end", None))
        after_30, after_90 = self.words(offer)
        self.assertEqual(after_30[0], "20 more of 100 stayed (5 to 33)")
        self.assertIn("could be chance", after_90[0])
        with freeze_time("2025-06-30 12:00:00"):
            self.assertEqual(offer._uplift(self.company), (None, after_90[0]))


@tagged("post_install", "-at_install")
class TestWhenItCounts(MailingCase):
    """From which day a campaign by e-mail counts, on both sides."""

    def test_day_of_sending(self):
        for number in range(30):
            self.make_customer(f"C{number}")
        with freeze_time("2025-03-01 12:00:00"):
            campaign = self.campaign(
                self.env["sale.subscription"].search(
                    [("company_id", "=", self.company.id)]
                ),
                holdout_percent=20,
            )
            rows = campaign._read_uplift_rows()
            self.assertTrue(rows["is_control"].all(), "nobody was reached yet")
        with freeze_time("2025-03-10 12:00:00"):
            self.send()
        rows = campaign._read_uplift_rows()
        self.assertEqual(len(rows), 30)
        self.assertEqual(rows["is_control"].sum(), campaign.control_count)
        self.assertTrue(0 < campaign.control_count < 15)
        self.assertEqual({str(when.date()) for when in rows["date"]}, {"2025-03-10"})

    def test_later_sending_leaves_the_control_group_as_it_was(self):
        for number in range(30):
            self.make_customer(f"C{number}")
        with freeze_time("2025-03-01 12:00:00"):
            campaign = self.campaign(
                segment_id=self.make_segment().id, holdout_percent=20
            )
        with freeze_time("2025-03-10 12:00:00"):
            self.send()
        control = campaign.member_ids.filtered("held_out_at")
        self.assertGreater(len(control), 2)
        names = ["reason", "held_out_at", "mrr_company", "rfm_frequency"]
        before, rows = control.read(names), campaign._read_uplift_rows()
        self.book(control[0].subscription_id, ("2025-04-01", "end", None))
        control[1].subscription_id.sudo().write({"rfm_frequency": 9, "mrr_company": 3})
        for number in range(30):
            self.make_customer(f"D{number}")
        # As a retry does, or the version that has won.
        campaign.mailing_ids.state = "in_queue"
        with freeze_time("2025-04-10 12:00:00"):
            self.send()
            self.assertEqual(control.read(names), before)
            self.assertEqual(campaign.control_churned_count, 1)
        later = campaign.member_ids.filtered("held_out_at") - control
        self.assertTrue(later, "one that is new is held out from then on")
        self.assertEqual(campaign.member_count, 60)
        # Those of April had stayed till then, which nobody asked of the first ones.
        order = ["is_control", "customer_id"]
        self.assertEqual(
            campaign._read_uplift_rows().sort_values(order).to_dict("list"),
            rows.sort_values(order).to_dict("list"),
        )

    def test_next_morning_is_the_same_sending(self):
        for number in range(20):
            self.make_customer(f"C{number}")
        with freeze_time("2025-03-10 12:00:00"):
            campaign = self.campaign(
                self.env["sale.subscription"].search(
                    [("company_id", "=", self.company.id)]
                ),
                holdout_percent=20,
            )
            self.send()
        reached = campaign.member_ids.filtered("reached_at")
        reached[0].reached_at = "2025-03-11 08:00:00"
        self.assertEqual(len(campaign._read_uplift_rows()), 20)
        reached[0].reached_at = "2025-03-12 08:00:00"
        self.assertEqual(len(campaign._read_uplift_rows()), 19)
