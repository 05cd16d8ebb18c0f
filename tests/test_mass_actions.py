# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What is done with many subscriptions at once, and taken back."""

from datetime import timedelta

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from .common import SubscriptionCase, day

TODAY = "2025-06-30"


class MassActionCase(SubscriptionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ann = cls.make_user("salesperson", login="ann")
        cls.bob = cls.make_user("salesperson", login="bob")
        cls.marketer = cls.make_user("manager", login="marketer")
        cls.ann.group_ids |= cls.env.ref("sales_team.group_sale_salesman_all_leads")

    @classmethod
    def sell(cls, name, mrr=10, end=None, **values):
        partner = cls.make_partner(name, **values)
        return cls.subscribe(partner, mrr, **({"end": end} if end else {}))

    @classmethod
    def make_portal_user(cls, partner, companies=None):
        return cls.env["res.users"].create(
            {
                "login": f"portal-{partner.id}",
                "partner_id": partner.id,
                "company_id": (companies or cls.company)[:1].id,
                "company_ids": [fields.Command.set((companies or cls.company).ids)],
                "group_ids": [fields.Command.set(cls.env.ref("base.group_portal").ids)],
            }
        )

    def wizard(self, kind, records, user=None, **values):
        """Open the wizard of an action on what was chosen, as the lists do."""
        if user:
            records = self.as_user(records, user)
        context = {"active_model": records._name, "active_ids": records.ids}
        name = f"subscription.{kind}"
        with Form(records.env[name].with_context(**context)) as form:
            for field, value in values.items():
                if field.endswith("_ids"):
                    for record in value:
                        getattr(form, field).add(record)
                else:
                    setattr(form, field, value)
        return form.record

    def act(self, kind, records, user=None, **values):
        """Do it; return the campaigns that it leaves."""
        before = self.env["subscription.campaign"].search([])
        self.wizard(kind, records, user, **values).action_confirm()
        return self.env["subscription.campaign"].search([]) - before

    def reasons(self, campaign):
        return {
            member.subscription_id: member.reason or None
            for member in campaign.member_ids
        }

    def undo(self, campaign, user=None):
        (self.as_user(campaign, user) if user else campaign).action_undo()


@tagged("post_install", "-at_install")
class TestMassActions(MassActionCase):
    """What all actions have in common, by the example of tags."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tag = cls.env["sale.subscription.tag"].create({"name": "Mine"})

    def test_preview_counts_and_names(self):
        open_ = self.sell("Open")
        closed = self.sell("Closed", end="2024-06-01")
        wizard = self.wizard("mass.tag", open_ | closed, subscription_tag_ids=self.tag)
        self.assertEqual((wizard.chosen_count, wizard.reached_count), (2, 1))
        self.assertEqual(
            wizard.excluded,
            [{"reason": "Subscription closed", "number": 1, "names": ["Closed"]}],
        )
        self.assertEqual(wizard.reached_names, "Open")
        wizard.with_closed = True
        self.assertEqual((wizard.reached_count, wizard.excluded or []), (2, []))
        self.assertEqual(wizard.reached_names, "Open, Closed")

    def test_preview_names_the_first_and_counts_the_others(self):
        many = self.env["sale.subscription"].union(*map(self.sell, "ABCDEFG"))
        segment = self.env["subscription.segment"].create({"name": "Known"})
        wizard = self.wizard(
            "segment.pin", many, segment_id=segment, reason="They said so"
        )
        self.assertEqual(wizard.reached_count, 7)
        self.assertRegex(wizard.reached_names, r"^[A-G](, [A-G]){4} and 2 more$")

    def test_a_campaign_and_a_line_in_each_chatter(self):
        open_ = self.sell("Open")
        closed = self.sell("Closed", end="2024-06-01")
        campaign = self.act(
            "mass.tag", open_ | closed, self.marketer, subscription_tag_ids=self.tag
        )
        self.assertEqual(self.reasons(campaign), {open_: None, closed: "closed"})
        self.assertEqual(campaign.user_id, self.marketer)
        self.assertIn(campaign.name, open_.message_ids[:1].body)
        self.assertNotIn(campaign.name, str(closed.message_ids.mapped("body")))

    def test_customers_and_leads_stand_for_their_subscriptions(self):
        own = self.sell("One")
        lead = self.env["crm.lead"].create(
            {
                "name": "More",
                "partner_id": own.partner_id.id,
                "company_id": self.company.id,
            }
        )
        for records in (own.customer_id, lead):
            wizard = self.wizard("mass.tag", records, subscription_tag_ids=self.tag)
            self.assertEqual(wizard.subscription_ids, own)

    def test_a_campaign_for_each_company(self):
        other = self.make_company("Other")
        here = self.sell("Here")
        there = self.subscribe(self.make_partner("There"), company=other)
        both = self.make_user("manager", self.company | other, login="both")
        campaigns = self.act(
            "mass.tag", here | there, both, subscription_tag_ids=self.tag
        )
        self.assertEqual(
            {own.company_id: own.member_ids.subscription_id for own in campaigns},
            {self.company: here, other: there},
        )

    def test_nothing_chosen(self):
        none = self.env["sale.subscription"]
        wizard = self.wizard("mass.tag", none, subscription_tag_ids=self.tag)
        self.assertEqual(wizard.chosen_count, 0)
        with self.assertRaisesRegex(UserError, "Nobody would be reached"):
            wizard.action_confirm()

    def test_archived_subscriptions(self):
        own = self.sell("Archived")
        own.active = False
        campaign = self.act(
            "mass.tag", own, subscription_tag_ids=self.tag, with_closed=True
        )
        self.assertEqual((self.reasons(campaign), own.tag_ids), ({own: None}, self.tag))

    def test_who_may(self):
        """Managers and salespeople; opportunities are for those who sell."""
        own = self.sell("One")
        names = ("notify", "call", "manager", "tag")
        for kind in ("user", "agent", "internal", "portal"):
            user = self.make_user(kind)
            for name in names:
                with self.subTest(kind=kind, name=name), self.assertRaises(AccessError):
                    self.as_user(self.env[f"subscription.mass.{name}"], user).create(
                        {"subscription_ids": own.ids, "name": "No"}
                    )
        with self.assertRaises(AccessError):
            self.act("mass.opportunity", own, self.marketer)

    def test_subscriptions_of_another_company_are_out_of_reach(self):
        other = self.make_company("Other")
        there = self.subscribe(self.make_partner("There"), company=other)
        with self.assertRaises(AccessError):
            self.act("mass.tag", there, self.ann, subscription_tag_ids=self.tag)

    def test_actions_are_bound_to_the_lists(self):
        """Where each is offered, and to whom."""
        bound = {
            "sale.subscription": set(),
            "subscription.customer": set(),
            "crm.lead": set(),
        }
        bindings = self.as_user(self.env["ir.actions.actions"], self.ann)
        for model, found in bound.items():
            for action in bindings.get_bindings(model).get("action", ()):
                found.add(action["name"])
        everywhere = {
            "Notify",
            "Call List",
            "Assign Account Manager",
            "Add or Remove Tags",
        }
        more = {"Create Upsell Opportunities", "Pin in or out of a Segment"}
        self.assertLessEqual(everywhere, bound["crm.lead"])
        for model in ("sale.subscription", "subscription.customer"):
            self.assertLessEqual(everywhere | more, bound[model])

    def test_control_group(self):
        many = self.env["sale.subscription"].union(
            *(self.sell(f"C {number}") for number in range(30))
        )
        campaign = self.act(
            "mass.tag", many, subscription_tag_ids=self.tag, holdout_percent=20
        )
        control = many._held_out(campaign.name, 20)
        self.assertTrue(control)
        self.assertEqual(
            {own.id for own, why in self.reasons(campaign).items() if why}, control
        )
        self.assertEqual(self.tag, (many - many.browse(control)).tag_ids)
        self.assertFalse(many.browse(control).tag_ids)

    def test_undone_once(self):
        campaign = self.act("mass.tag", self.sell("A"), subscription_tag_ids=self.tag)
        with self.assertRaises(AccessError):
            self.undo(campaign, self.make_user("user"))
        self.undo(campaign, self.marketer)
        with self.assertRaises(UserError):
            self.undo(campaign, self.marketer)


@tagged("post_install", "-at_install")
@freeze_time(f"{TODAY} 12:00:00")
class TestMassTag(MassActionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.mine = cls.env["sale.subscription.tag"].create({"name": "Mine"})
        cls.vip = cls.env["res.partner.category"].create({"name": "VIP"})

    def test_add_and_take_back(self):
        one, two = self.sell("One"), self.sell("Two")
        two.tag_ids = self.mine
        campaign = self.act(
            "mass.tag",
            one | two,
            self.ann,
            subscription_tag_ids=self.mine,
            partner_tag_ids=self.vip,
        )
        self.assertEqual((one | two).tag_ids, self.mine)
        self.assertEqual((one | two).partner_id.category_id, self.vip)
        self.undo(campaign, self.ann)
        self.assertFalse(one.tag_ids)
        self.assertEqual(two.tag_ids, self.mine, "It was there before")
        self.assertFalse((one | two).partner_id.category_id)

    def test_remove_and_take_back(self):
        one, two = self.sell("One"), self.sell("Two")
        one.tag_ids = self.mine
        campaign = self.act(
            "mass.tag", one | two, action="remove", subscription_tag_ids=self.mine
        )
        self.assertEqual(self.reasons(campaign), {one: None, two: "unchanged"})
        self.assertFalse(one.tag_ids)
        self.undo(campaign)
        self.assertEqual(one.tag_ids, self.mine)
        self.assertFalse(two.tag_ids)

    def make_segment(self):
        segment = self.env["subscription.segment"].create(
            {
                "name": "Big",
                "company_id": self.company.id,
                "enter_domain": "[('mrr', '>', 20)]",
                "tag_subscriptions": True,
                "tag_partners": False,
                "tag_leads": False,
                "tag_tickets": False,
                "subscription_tag_id": self.mine.id,
            }
        )
        segment._evaluate(self.company, day(TODAY))
        return segment

    def states(self, own):
        links = self.env["subscription.segment.link"].search(
            [("kind", "=", "subscription"), ("res_id", "=", own.id)]
        )
        links.invalidate_recordset()
        return links.mapped("state")

    def test_a_tag_of_a_segment_becomes_the_persons(self):
        own = self.sell("Big", 30)
        segment = self.make_segment()
        self.assertEqual((own.tag_ids, self.states(own)), (self.mine, ["owned"]))
        campaign = self.act("mass.tag", own, subscription_tag_ids=self.mine)
        self.assertEqual(self.states(own), ["found"])
        # Once more there is nothing to change.
        wizard = self.wizard("mass.tag", own, subscription_tag_ids=self.mine)
        self.assertEqual(wizard.reached_count, 0)
        self.undo(campaign)
        self.assertEqual((own.tag_ids, self.states(own)), (self.mine, ["owned"]))
        campaign = self.act("mass.tag", own, subscription_tag_ids=self.mine)
        segment.unlink()
        self.assertEqual(own.tag_ids, self.mine, "A person wanted it")
        self.undo(campaign)
        self.assertFalse(own.tag_ids, "Nobody wants it any more")

    def test_a_tag_of_a_segment_taken_and_given_back(self):
        own = self.sell("Big", 30)
        segment = self.make_segment()
        campaign = self.act(
            "mass.tag", own, action="remove", subscription_tag_ids=self.mine
        )
        self.assertEqual((len(own.tag_ids), self.states(own)), (0, ["removed"]))
        again = self.act("mass.tag", own, subscription_tag_ids=self.mine)
        self.assertEqual(self.states(own), ["found"])
        self.undo(again)
        self.assertEqual((len(own.tag_ids), self.states(own)), (0, ["removed"]))
        self.undo(campaign)
        self.assertEqual((own.tag_ids, self.states(own)), (self.mine, ["owned"]))
        segment.unlink()
        self.assertFalse(own.tag_ids)

    def test_tags_of_customers_need_the_right_to_change_contacts(self):
        own = self.sell("One")
        with self.assertRaises(AccessError):
            self.act("mass.tag", own, self.marketer, partner_tag_ids=self.vip)

    def test_a_tag_that_is_gone_is_not_given_back(self):
        own = self.sell("One")
        own.tag_ids = self.mine
        campaign = self.act(
            "mass.tag", own, action="remove", subscription_tag_ids=self.mine
        )
        self.mine.unlink()
        self.undo(campaign)
        self.assertFalse(own.tag_ids)

    def test_choose_a_tag(self):
        with self.assertRaisesRegex(UserError, "Choose a tag"):
            self.act("mass.tag", self.sell("One"))


@tagged("post_install", "-at_install")
@freeze_time(f"{TODAY} 12:00:00")
class TestMassCall(MassActionCase):
    def callees(self, number):
        return self.env["sale.subscription"].union(
            *(
                self.sell(f"C {i}", 10 + i, phone=f"+1 202 555 01{i:02}")
                for i in range(number)
            )
        )

    def test_spread_over_the_days_people_work(self):
        """The 30th of June 2025 is a Monday; Friday is closed."""
        self.company.resource_calendar_id = self.env["resource.calendar"].create(
            {"name": "Week", "company_id": self.company.id, "tz": "UTC"}
        )
        self.env["resource.calendar.leaves"].create(
            {
                "name": "Feast",
                "calendar_id": self.company.resource_calendar_id.id,
                "date_from": "2025-07-04 00:00:00",
                "date_to": "2025-07-04 23:59:59",
            }
        )
        many = self.callees(12)
        many.customer_id.account_manager_id = self.ann
        many[0].customer_id.account_manager_id = self.bob
        campaign = self.act(
            "mass.call", many, self.marketer, per_day=2, date_from=day("2025-07-03")
        )
        found = {}
        for own in many.activity_ids:
            self.assertEqual(own.activity_type_id.category, "phonecall")
            found.setdefault(own.user_id, []).append(str(own.date_deadline))
        self.assertEqual(sorted(found[self.bob]), ["2025-07-03"])
        self.assertEqual(
            sorted(found[self.ann]),
            ["2025-07-03"] * 2
            + ["2025-07-07"] * 2
            + ["2025-07-08"] * 2
            + ["2025-07-09"] * 2
            + ["2025-07-10"] * 2
            + ["2025-07-11"],
        )
        # The highest MRR first.
        first = many[-1].activity_ids
        self.assertEqual(str(first.date_deadline), "2025-07-03")
        # Logged, so that the limit of messages counts it.
        contacts = self.env["subscription.contact"].search(
            [("campaign_id", "=", campaign.id)]
        )
        self.assertEqual(len(contacts), 12)
        self.assertEqual(set(contacts.mapped("channel")), {"call"})

    def test_each_person_is_told_once(self):
        many = self.callees(3)
        many.customer_id.account_manager_id = self.ann
        self.act("mass.call", many, self.marketer)
        told = self.env["mail.message"].search(
            [
                ("message_type", "=", "user_notification"),
                ("partner_ids", "in", self.ann.partner_id.ids),
            ]
        )
        self.assertEqual(len(told), 1)
        self.assertIn("3 for you", told.body)

    def test_no_second_open_one_of_a_campaign(self):
        own = self.callees(1)
        campaign = self.act("mass.call", own, name="Spring")
        again = self.wizard("mass.call", own, name="Spring")
        self.assertEqual(again.excluded[0]["reason"], "Planned already")
        self.assertEqual(self.wizard("mass.call", own, name="Else").reached_count, 1)
        own.activity_ids.action_done()
        self.assertEqual(self.wizard("mass.call", own, name="Spring").reached_count, 1)
        self.assertTrue(campaign)

    def test_who_calls(self):
        own = self.callees(1)
        own.user_id = self.bob
        cases = [
            (False, "manager", self.bob),
            (self.ann, "manager", self.ann),
            (self.ann, "agent", self.bob),
        ]
        for number, (manager, to, expected) in enumerate(cases):
            own.customer_id.account_manager_id = manager
            self.act("mass.call", own, name=f"{number}", assign_to=to)
            self.assertEqual(own.activity_ids.sorted("id")[-1:].user_id, expected)
        # Who has gone calls nobody.
        self.ann.active = False
        self.bob.active = False
        self.company.subscription_contact_limit = 0
        self.act("mass.call", own, self.marketer, name="Gone")
        self.assertEqual(own.activity_ids.sorted("id")[-1:].user_id, self.marketer)

    def test_a_person_who_may_not_see_the_customer(self):
        other = self.make_company("Other")
        stranger = self.make_user("salesperson", other, login="stranger")
        with self.assertRaisesRegex(UserError, "choose somebody else"):
            self.act(
                "mass.call",
                self.callees(1),
                assign_to="chosen",
                user_id=stranger,
            )

    def test_preview_of_who_calls_how_many(self):
        many = self.callees(7)
        many.customer_id.account_manager_id = self.ann
        shares = self.wizard("mass.call", many).shares
        self.assertEqual(
            [(row["reason"], row["number"], len(row["names"])) for row in shares],
            [(self.ann.name, 7, 5)],
        )

    def test_taking_back_removes_open_ones(self):
        one, two = self.callees(2)
        campaign = self.act("mass.call", one | two)
        one.activity_ids.action_done()
        mine = two.activity_schedule("mail.mail_activity_data_todo")
        self.undo(campaign)
        self.assertEqual(two.activity_ids, mine)
        self.assertIn("1", campaign.message_ids[:1].body)

    def test_calls_taken_back_do_not_count(self):
        own = self.callees(1)
        for number in range(3):
            self.undo(self.act("mass.call", own, name=f"Try {number}"))
        contacts = self.env["subscription.contact"].search(
            [("customer_id", "=", own.customer_id.id)]
        )
        self.assertFalse(contacts)
        self.assertEqual(self.wizard("mass.call", own, name="Last").reached_count, 1)

    def test_no_phone_no_call(self):
        campaign = self.act("mass.call", self.callees(1) | self.sell("Mute"))
        self.assertEqual(
            sorted(filter(None, self.reasons(campaign).values())), ["no_address"]
        )


@tagged("post_install", "-at_install")
class TestMassManager(MassActionCase):
    def managers(self, subscriptions):
        return [own.customer_id.account_manager_id for own in subscriptions]

    def test_one_person(self):
        own = self.sell("One")
        own.customer_id.account_manager_id = self.bob
        campaign = self.act(
            "mass.manager", own, self.marketer, user_ids=self.ann, note="Be nice"
        )
        self.assertEqual(own.customer_id.account_manager_id, self.ann)
        self.assertIn("Be nice", own.customer_id.message_ids[:1].body)
        again = self.wizard("mass.manager", own, user_ids=self.ann)
        self.assertEqual(again.excluded[0]["reason"], "Nothing to change")
        self.undo(campaign, self.marketer)
        self.assertEqual(own.customer_id.account_manager_id, self.bob)

    def test_taken_back_only_where_unchanged(self):
        one, two, three = subs = [self.sell(name) for name in "ABC"]
        one.customer_id.account_manager_id = self.bob
        everyone = one | two | three
        campaign = self.act("mass.manager", everyone, user_ids=self.ann)
        self.assertEqual(self.managers(subs), [self.ann] * 3)
        three.customer_id._hand_over(self.marketer)
        self.undo(campaign)
        self.assertEqual(
            self.managers(subs), [self.bob, self.env["res.users"], self.marketer]
        )

    def test_what_she_had_to_do_before_stays_hers(self):
        own = self.sell("One")
        own.customer_id.account_manager_id = self.bob
        his, hers = (
            own.activity_schedule("mail.mail_activity_data_todo", user_id=user.id)
            for user in (self.bob, self.ann)
        )
        campaign = self.act("mass.manager", own, user_ids=self.ann)
        self.assertEqual((his | hers).user_id, self.ann)
        since = own.activity_schedule(
            "mail.mail_activity_data_todo", user_id=self.ann.id
        )
        self.undo(campaign)
        self.assertEqual((his | since).user_id, self.bob)
        self.assertEqual(hers.user_id, self.ann)

    def test_each_as_many(self):
        team = self.env["crm.team"].create(
            {
                "name": "Team",
                "company_id": self.company.id,
                "member_ids": [fields.Command.set((self.ann | self.bob).ids)],
            }
        )
        subs = [self.sell(f"C {mrr}", mrr) for mrr in (10, 20, 30, 40)]
        everyone = self.env["sale.subscription"].union(*subs)
        wizard = self.wizard("mass.manager", everyone, team_id=team)
        self.assertEqual(
            {row["reason"]: row["number"] for row in wizard.shares},
            {self.ann.name: 2, self.bob.name: 2},
        )
        wizard.action_confirm()
        found = self.managers(subs)
        self.assertEqual((found.count(self.ann), found.count(self.bob)), (2, 2))

    def test_by_what_they_have(self):
        has = self.sell("Has", 100)
        has.customer_id.account_manager_id = self.ann
        subs = [self.sell(f"C {mrr}", mrr) for mrr in (60, 50, 40, 10)]
        everyone = self.env["sale.subscription"].union(*subs)
        both = self.ann | self.bob
        for method, expected in (
            # By number: Ann has one already; she comes first when they have the same.
            ("number", [self.bob, self.ann, self.bob, self.ann]),
            # By MRR: 100 against 0, then 60, then 110, which is more than 100.
            ("mrr", [self.bob, self.bob, self.ann, self.bob]),
        ):
            with self.subTest(method):
                everyone.customer_id.account_manager_id = False
                self.act("mass.manager", everyone, user_ids=both, method=method)
                found = self.managers(subs)
                self.assertEqual(found, expected)

    def test_by_language(self):
        self.env["res.lang"]._activate_lang("de_DE")
        self.env["res.lang"]._activate_lang("de_CH")
        self.bob.lang = "de_DE"
        swiss = self.sell("Swiss", lang="de_CH")
        others = [self.sell(f"C {number}") for number in range(3)]
        everyone = swiss.union(*others)
        self.act(
            "mass.manager", everyone, user_ids=self.ann | self.bob, by_language=True
        )
        self.assertEqual(swiss.customer_id.account_manager_id, self.bob)
        self.assertEqual(set(self.managers(others)), {self.ann})

    def test_only_where_there_is_none(self):
        one, two = self.sell("One"), self.sell("Two")
        one.customer_id.account_manager_id = self.bob
        campaign = self.act(
            "mass.manager", one | two, user_ids=self.ann, only_missing=True
        )
        self.assertEqual(self.reasons(campaign), {one: "managed", two: None})
        self.assertEqual(self.managers([one, two]), [self.bob, self.ann])

    def test_companies_get_people_of_their_own(self):
        other = self.make_company("Other")
        cleo = self.make_user("salesperson", other, login="cleo")
        here = self.sell("Here")
        there = self.subscribe(self.make_partner("There"), company=other)
        both = self.make_user("manager", self.company | other, login="both")
        self.act("mass.manager", here | there, both, user_ids=self.ann | cleo)
        self.assertEqual(self.managers([here, there]), [self.ann, cleo])
        with self.assertRaisesRegex(UserError, "works for Other"):
            self.act("mass.manager", there, both, user_ids=self.ann)

    def test_choose_somebody(self):
        with self.assertRaisesRegex(UserError, "Choose who"):
            self.act("mass.manager", self.sell("One"))


@tagged("post_install", "-at_install")
class TestMassOpportunity(MassActionCase):
    def leads(self, subscriptions):
        return self.env["crm.lead"].search(
            [("subscription_id", "in", subscriptions.ids)]
        )

    def test_one_for_each_customer(self):
        contact = self.make_partner("Contact", parent=self.make_partner("Firm"))
        big = self.subscribe(contact, 100)
        small = self.subscribe(contact.parent_id, 20)
        big.customer_id.account_manager_id = self.bob
        campaign = self.act("mass.opportunity", big | small, self.ann, title="Plan XL")
        lead = self.leads(big | small)
        self.assertRecordValues(
            lead,
            [
                {
                    "name": "Plan XL",
                    "type": "opportunity",
                    "partner_id": contact.parent_id.id,
                    "subscription_id": big.id,
                    "subscription_customer_id": big.customer_id.id,
                    "company_id": self.company.id,
                    "user_id": self.bob.id,
                    # 20 % of 12 times (100 + 20)
                    "expected_revenue": 288,
                }
            ],
        )
        self.assertEqual(self.reasons(campaign), {big: None, small: "duplicate"})

    def test_an_open_one_of_the_title_is_enough(self):
        own = self.sell("One")
        self.act("mass.opportunity", own, title="Plan XL")
        self.leads(own).name = "Called otherwise"
        again = self.wizard("mass.opportunity", own, title="plan xl")
        self.assertEqual(again.excluded[0]["reason"], "Has an open opportunity")
        other = self.wizard("mass.opportunity", own, title="Plan XXL")
        self.assertEqual(other.reached_count, 1)
        self.leads(own).action_set_lost()
        again = self.wizard("mass.opportunity", own, title="Plan XL")
        self.assertEqual(again.reached_count, 1)

    def test_one_that_the_person_may_not_see_counts(self):
        own = self.sell("One")
        self.env["crm.lead"].create(
            {
                "name": "Plan XL",
                "type": "opportunity",
                "partner_id": own.partner_id.id,
                "company_id": self.company.id,
                "user_id": self.ann.id,
            }
        )
        wizard = self.wizard("mass.opportunity", own, self.bob, title="Plan XL")
        self.assertEqual(wizard.reached_count, 0)

    def test_record_rules_of_salespeople(self):
        """Bob sees his own only: he makes none for Ann."""
        own = self.sell("One")
        own.customer_id.account_manager_id = self.ann
        with self.assertRaises(AccessError):
            self.act("mass.opportunity", own, self.bob)
        self.act(
            "mass.opportunity", own, self.bob, assign_to="chosen", user_id=self.bob
        )
        self.assertEqual(self.leads(own).user_id, self.bob)

    def test_nobody_yet(self):
        own = self.sell("One")
        own.customer_id.account_manager_id = self.bob
        self.act("mass.opportunity", own, self.ann, assign_to="rules")
        self.assertFalse(self.leads(own).user_id)

    def test_who_cannot_sell_gets_none(self):
        own = self.sell("One")
        own.customer_id.account_manager_id = self.make_user("agent")
        self.act("mass.opportunity", own, self.ann)
        self.assertEqual(self.leads(own).user_id, self.ann)

    def test_untouched_ones_are_archived(self):
        subs = [self.sell(f"C {number}") for number in range(5)]
        everyone = self.env["sale.subscription"].union(*subs)
        campaign = self.act("mass.opportunity", everyone, self.ann)
        first, noted, moved, planned, given = (self.leads(own) for own in subs)
        noted.message_post(body="Talked", message_type="comment")
        moved.stage_id = self.env["crm.stage"].search(
            [("id", "!=", moved.stage_id.id), ("is_won", "=", False)], limit=1
        )
        planned.activity_schedule("mail.mail_activity_data_todo")
        given.user_id = self.bob
        self.undo(campaign, self.ann)
        self.assertEqual(
            [lead.active for lead in (first, noted, moved, planned, given)],
            [False, True, True, True, True],
        )


@tagged("post_install", "-at_install")
class TestMassPin(MassActionCase):
    def test_a_pin_leaves_a_campaign_and_is_taken_back(self):
        segment = self.env["subscription.segment"].create(
            {
                "name": "Big",
                "company_id": self.company.id,
                "enter_domain": "[('mrr', '>', 1000)]",
            }
        )
        one, two = self.sell("One"), self.sell("Two", end="2024-06-01")
        campaign = self.act(
            "segment.pin", one | two, self.ann, segment_id=segment, reason="I know"
        )
        self.assertEqual(self.reasons(campaign), {one: None, two: None})
        self.assertEqual((one | two).segment_ids, segment)
        segment._pin(two, "pinned_out", "No")
        self.undo(campaign, self.ann)
        self.assertFalse((one | two).segment_ids)
        self.assertEqual(
            segment._pinned(one | two), {two.id: "pinned_out"}, "Changed since"
        )
        campaign = self.act(
            "segment.pin", one | two, segment_id=segment, action="unpin"
        )
        self.assertEqual(self.reasons(campaign), {one: "unchanged", two: None})
        with self.assertRaises(UserError):
            self.undo(campaign)


@tagged("post_install", "-at_install")
class TestMassNotify(MassActionCase):
    def test_colleagues_are_told_once(self):
        one, two, alone = (self.sell(name) for name in ("One", "Two", "Alone"))
        one.message_subscribe((self.ann | self.marketer).partner_id.ids)
        two.customer_id.message_subscribe(self.ann.partner_id.ids)
        one.customer_id.account_manager_id = self.bob
        gone = self.make_user("internal", login="no-right")
        alone.message_subscribe((gone.partner_id | alone.partner_id).ids)
        campaign = self.act(
            "mass.notify",
            one | two | alone,
            self.marketer,
            audience="team",
            subject="Take care",
            body="<p>They wait</p>",
        )
        self.assertEqual(
            self.reasons(campaign), {one: None, two: None, alone: "nobody"}
        )
        told = self.env["mail.message"].search([("subject", "=", "Take care")])
        found = {message.partner_ids: message.body for message in told}
        self.assertEqual(
            found.keys(),
            {user.partner_id for user in (self.ann, self.bob, self.marketer)},
        )
        self.assertIn("They wait", found[self.ann.partner_id])
        self.assertIn("Two", found[self.ann.partner_id])
        self.assertNotIn("Two", found[self.bob.partner_id])
        self.assertIn("They wait", str(campaign.message_ids.mapped("body")))
        with self.assertRaises(UserError):
            self.undo(campaign)

    def test_portal_users_get_a_mail_and_see_it(self):
        firm = self.make_partner("Firm", email="firm@example.com")
        contact = self.make_partner("Contact", parent=firm, email="c@example.com")
        user = self.make_portal_user(contact)
        big, small = self.subscribe(firm, 100), self.subscribe(firm, 10)
        none = self.sell("None", email="none@example.com")
        none |= self.subscribe(none.partner_id)
        everyone = big | small | none
        campaign = self.act(
            "mass.notify",
            everyone,
            self.marketer,
            subject="New prices",
            body="<p>From May on</p>",
        )
        self.assertEqual(
            self.reasons(campaign),
            {big: None, small: "duplicate", **dict.fromkeys(none, "no_portal")},
        )
        mail = self.env["mail.mail"].search([("subject", "=", "New prices")])
        self.assertEqual(mail.recipient_ids, contact)
        contacted = self.env["subscription.contact"].search(
            [("campaign_id", "=", campaign.id)]
        )
        self.assertRecordValues(
            contacted,
            [
                {
                    "channel": "notice",
                    "partner_id": contact.id,
                    "customer_id": big.customer_id.id,
                    "is_transactional": False,
                }
            ],
        )
        shown = self.as_user(self.env["subscription.portal.message"], user)._for_user()
        self.assertEqual(shown.name, "New prices")
        self.undo(campaign, self.marketer)
        self.assertFalse(shown._for_user())

    def test_blacklisted_and_strange_portal_users_are_not_written_to(self):
        other = self.make_company("Other")
        listed = self.sell("Listed", email="listed@example.com")
        self.make_portal_user(listed.partner_id)
        self.env["mail.blacklist"]._add("listed@example.com")
        stranger = self.sell("Stranger", email="stranger@example.com")
        self.make_portal_user(stranger.partner_id, other)
        wizard = self.wizard(
            "mass.notify", listed | stranger, subject="Hello", body="<p>You</p>"
        )
        self.assertEqual(
            [(row["reason"], row["number"]) for row in wizard.excluded],
            [("No portal user", 2)],
        )

    def test_who_sees_a_message(self):
        """The customer's own users of the company: to its day, or until put away."""
        firm, stranger = self.make_partner("Firm"), self.make_partner("Stranger")
        other = self.make_company("Other")
        customer = self.subscribe(firm).customer_id
        ann = self.make_portal_user(self.make_partner("A", parent=firm))
        bob = self.make_portal_user(self.make_partner("B", parent=firm))
        elsewhere = self.make_portal_user(self.make_partner("C", parent=firm), other)
        foreign = self.make_portal_user(stranger)
        Message = self.env["subscription.portal.message"]
        today = self.company._subscription_today()
        message = Message.create(
            {
                "name": "Hello",
                "body": "<p>You</p>",
                "customer_id": customer.id,
                "company_id": self.company.id,
                "until": today,
            }
        )

        def seeing():
            return [
                bool(self.as_user(Message, user)._for_user())
                for user in (ann, bob, elsewhere, foreign, self.ann)
            ]

        self.assertEqual(seeing(), [True, True, False, False, False])
        for user in (elsewhere, foreign):
            with self.assertRaises(AccessError):
                self.as_user(message, user).read(["body"])
        with self.assertRaises(AccessError):
            self.as_user(message, ann).read(["dismissed_user_ids"])
        with self.assertRaises(AccessError):
            self.as_user(message, ann).write({"until": today})
        self.as_user(message, foreign)._dismiss()
        self.as_user(message, ann)._dismiss()
        self.assertEqual(seeing()[:2], [False, True])
        self.assertEqual(message.dismissed_user_ids, ann)
        message.until = today - timedelta(days=1)
        self.assertEqual(seeing()[:2], [False, False])

    def test_mails_wait_for_the_end_of_quiet_hours(self):
        own = self.sell("Sleeper", email="s@example.com", tz="UTC")
        self.make_portal_user(own.partner_id)
        now = fields.Datetime.now()
        self.company.subscription_quiet_from_hour = now.hour
        self.company.subscription_quiet_to_hour = (now.hour + 2) % 24
        awake = self.sell("Awake", email="a@example.com", tz="Pacific/Auckland")
        self.make_portal_user(awake.partner_id)
        campaign = self.act(
            "mass.notify", own | awake, subject="Not now", body="<p>Sleep</p>"
        )
        mails = self.env["mail.mail"].search([("subject", "=", "Not now")])
        found = {mail.recipient_ids: mail.scheduled_date for mail in mails}
        self.assertGreater(found[own.partner_id], now)
        self.assertFalse(found[awake.partner_id])
        self.undo(campaign)
        self.assertEqual(set(mails.mapped("state")), {"cancel"})

    def test_each_customer_gets_a_mail_of_its_own(self):
        """Nobody reads of the campaign, or of the others."""
        self.company.subscription_quiet_from_hour = 0
        self.company.subscription_quiet_to_hour = 0
        one, two = (
            self.sell(name, email=f"{name}@example.com") for name in ("one", "two")
        )
        for own in (one, two):
            self.make_portal_user(own.partner_id)
        self.act(
            "mass.notify",
            one | two,
            self.marketer,
            name="Those we may lose",
            subject="Hello",
            body="<p>You</p>",
        )
        mails = self.env["mail.mail"].search([("subject", "=", "Hello")])
        self.assertEqual(mails.recipient_ids, (one | two).partner_id)
        outgoing = [mail for own in mails for mail in own._prepare_outgoing_list()]
        self.assertEqual(
            sorted(str(mail["email_to_normalized"]) for mail in outgoing),
            ["['one@example.com']", "['two@example.com']"],
        )
        for mail in outgoing:
            self.assertIn("You", mail["body"])
            self.assertNotIn("lose", str(mail))
