# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Making an offer to many, from the list to taking it back."""

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .common import MODULE
from .offers import TODAY, OfferCase


@freeze_time(f"{TODAY} 12:00:00")
class WizardCase(OfferCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.subs = cls.env["sale.subscription"].union(
            *(
                cls.start(partner=cls.make_partner(name, email=f"{name}@example.com"))
                for name in ("Ann", "Ben", "Cem")
            )
        )
        cls.offer = cls.make_offer(yearly_cap=1)

    def open(self, subscriptions, **values):
        """Return the wizard as it opens from the list."""
        model = subscriptions.env["subscription.offer.wizard"].with_context(
            active_model=subscriptions._name, active_ids=subscriptions.ids
        )
        form = Form(model)
        for name, value in {"offer_id": self.offer, **values}.items():
            form[name] = value
        return form.save()

    def confirm(self, wizard):
        action = wizard.action_confirm()
        self.env.cr.flush()
        return self.env["subscription.campaign"].browse(action["res_id"])


@tagged("post_install", "-at_install")
@freeze_time(f"{TODAY} 12:00:00")
class TestOfferWizard(WizardCase):
    def test_who_gets_it_who_does_not_and_for_how_much(self):
        ann, ben, cem = self.subs
        self.grant(self.offer, ann)
        cem.close_subscription()
        self.env.cr.flush()
        wizard = self.open(self.subs)
        self.assertEqual((wizard.chosen_count, wizard.reached_count), (3, 1))
        self.assertEqual(wizard.cost, 60)
        self.assertIn("not known yet", wizard.worth)
        self.assertFalse(wizard.is_many)
        self.assertCountEqual(
            [(line["reason"], line["names"]) for line in wizard.excluded],
            [
                (
                    "Has an offer of this kind already",
                    [ann.partner_id.display_name],
                ),
                ("Subscription closed", [cem.partner_id.display_name]),
            ],
        )
        campaign = self.confirm(wizard)
        self.assertEqual((campaign.kind, campaign.offer_id), ("offer", self.offer))
        self.assertEqual(campaign.offer_grant_ids.subscription_id, ben)
        self.assertEqual(campaign.offer_grant_ids.granted_by, self.env.user)
        self.assertEqual(
            {row.subscription_id: row.reason for row in campaign.member_ids},
            {ann: "offer_open", ben: False, cem: "closed"},
        )
        self.bill(TODAY)
        self.assertBilled(ben, 80)

    def test_who_is_reached_is_asked_once_a_change(self):
        wizard = self.env.registry["subscription.offer.wizard"]
        asked = []

        def counted(own):
            asked.append(own)
            return reach(own)

        reach = wizard._reach
        form = Form(
            self.env["subscription.offer.wizard"].with_context(
                active_model=self.subs._name, active_ids=self.subs.ids
            )
        )
        self.patch(wizard, "_reach", counted)
        form.offer_id = self.offer
        self.assertEqual(form.cost, 180)
        self.assertEqual(len(asked), 1)

    def test_what_it_was_worth_is_asked_once_an_offer(self):
        offers = self.env.registry["subscription.offer"]
        asked = []

        def counted(own, company):
            asked.append(own.id)
            return 0.5, ""

        form = Form(
            self.env["subscription.offer.wizard"].with_context(
                active_model=self.subs._name, active_ids=self.subs.ids
            )
        )
        self.patch(offers, "_uplift", counted)
        form.offer_id = self.offer
        self.assertEqual(asked, [self.offer.id])
        self.assertIn("uplift 50.0 %", form.worth)
        form.name = "Another"
        form.holdout_percent = 10
        self.assertIn("uplift 50.0 %", form.worth)
        self.assertEqual(asked, [self.offer.id])

    def test_what_is_not_known_is_not_0(self):
        program = self.make_program("percent")
        offer = self.make_offer(kind="points", program_id=program.id, points=10)
        wizard = self.open(self.subs, offer_id=offer)
        self.assertIs(wizard.cost, False)
        self.assertIn("not known", wizard.worth)
        campaign = self.confirm(wizard)
        self.assertEqual(set(campaign.offer_grant_ids.mapped("cost")), {False})

    def test_control_group(self):
        """Who is left out gets nothing, and it is seen."""
        wizard = self.open(self.subs, holdout_percent=20, name="A name that leaves out")
        held = self.subs._held_out(wizard.name, 20)
        while not held or len(held) == len(self.subs):
            wizard.name += "!"
            held = self.subs._held_out(wizard.name, 20)
        campaign = self.confirm(wizard)
        self.assertEqual(
            campaign.offer_grant_ids.subscription_id,
            self.subs.filtered(lambda sub: sub.id not in held),
        )
        control = campaign.member_ids.filtered(lambda row: row.reason == "control")
        self.assertEqual(set(control.subscription_id.ids), held)

    def test_all_subscriptions_of_customers(self):
        second = self.start(partner=self.subs[0].partner_id)
        wizard = self.open(self.subs[0].customer_id)
        self.assertEqual(wizard.subscription_ids, self.subs[0] | second)
        self.assertEqual(wizard.reached_count, 1)

    def test_nobody(self):
        wizard = self.open(self.subs)
        self.grant(self.offer, self.subs)
        with self.assertRaises(UserError):
            wizard.action_confirm()

    def test_undo(self):
        """What was not used is taken back, invoices stay."""
        campaign = self.confirm(self.open(self.subs))
        self.bill(TODAY)
        self.subs[0].close_subscription()
        self.env.cr.flush()
        campaign.action_undo()
        states = campaign.offer_grant_ids.sorted("subscription_id").mapped("state")
        self.assertEqual(sorted(states), ["revoked", "revoked", "void"])
        self.bill("2025-04-10")
        self.assertBilled(self.subs[0], 80)
        self.assertBilled(self.subs[1], 80, 100)

    def test_two_companies(self):
        other = self.make_company("Second Company", "EUR")
        there = self.start(company=other, partner=self.make_partner("Dot"))
        wizard = self.open(self.subs | there)
        self.assertIs(wizard.cost, False)
        self.assertIn("Second Company: ", wizard.worth)
        action = wizard.action_confirm()
        campaigns = self.env["subscription.campaign"].search(action["domain"])
        self.assertEqual(campaigns.company_id, self.company | other)
        for campaign in campaigns:
            self.assertEqual(campaign.offer_grant_ids.company_id, campaign.company_id)


# Slow, because making users is.
@tagged("post_install", "-at_install", "slow")
@freeze_time(f"{TODAY} 12:00:00")
class TestOfferRights(WizardCase):
    def test_who_may(self):
        for kind, may in (
            ("manager", True),
            ("salesperson", False),
            ("user", False),
            ("internal", False),
        ):
            with self.subTest(kind):
                user = self.make_user(kind)
                wizard = self.as_user(self.env["subscription.offer.wizard"], user)
                self.assertEqual(
                    self.as_user(self.offer, user).has_access("write"), may
                )
                self.assertEqual(
                    wizard.has_access("create"), kind in ("manager", "salesperson")
                )
                grants = self.as_user(self.env["subscription.offer.grant"], user)
                self.assertFalse(grants.has_access("create"))
                self.assertEqual(grants.has_access("read"), kind != "internal")

    def test_salesperson_makes_offers_to_own_subscriptions(self):
        user = self.make_user("salesperson")
        own, other = self.subs[:2]
        own.user_id = user
        as_user = self.open(self.as_user(own, user))
        campaign = as_user.env["subscription.campaign"].browse(
            as_user.action_confirm()["res_id"]
        )
        grant = campaign.offer_grant_ids
        self.assertEqual(grant.granted_by, user)
        grant.action_revoke()
        self.assertEqual(grant.sudo().state, "revoked")
        # What others bill by hand carries it as well.
        self.grant(self.make_offer(), own)
        self.as_user(own, user).manual_invoice()
        self.assertBilled(own, 80)

    def test_manager_makes_offers_of_each_kind(self):
        """Without the right to write on subscriptions, invoices or loyalty cards."""
        user = self.make_user("manager")
        sub = self.subs[0]
        for values in (
            {},
            {"kind": "free_product", "product_id": self.product.id},
            {"kind": "pause"},
            {
                "kind": "plan_switch",
                "template_id": self.plan.id,
                "product_id": self.product.id,
            },
            {"kind": "points", "program_id": self.make_program().id, "points": 5},
        ):
            with self.subTest(values):
                offer = self.make_offer(**values)
                as_user = self.open(self.as_user(sub, user), offer_id=offer)
                self.assertTrue(as_user.worth)
                action = as_user.action_confirm()
                campaign = as_user.env["subscription.campaign"].browse(action["res_id"])
                self.assertEqual(campaign.offer_grant_ids.granted_by, user)
                campaign.action_undo()
                self.assertEqual(campaign.offer_grant_ids.state, "revoked")

    def test_user_cannot_take_back(self):
        user = self.make_user("user")
        grant = self.grant(self.offer, self.subs[0])
        with (
            mute_logger("odoo.addons.base.models.ir_model"),
            self.assertRaises(AccessError),
        ):
            self.as_user(grant, user).action_revoke()

    def test_nothing_of_other_companies(self):
        other = self.make_company("Second Company")
        there = self.start(company=other, partner=self.make_partner("Dot"))
        offer = self.make_offer(company_id=other.id)
        grant = self.grant(offer, there)
        self.grant(self.offer, self.subs[0])
        manager = self.make_user("manager")
        for records in (offer, grant):
            with self.subTest(model=records._name):
                model = self.as_user(self.env[records._name], manager)
                self.assertNotIn(records.id, model.search([]).ids)
                self.assertTrue(model.search([]))

    def test_screens(self):
        self.grant(self.offer, self.subs[0])
        manager = self.make_user("manager")
        for xml_id in ("subscription_offer_action", "subscription_offer_grant_action"):
            action = self.env["ir.actions.act_window"]._for_xml_id(f"{MODULE}.{xml_id}")
            model = self.as_user(self.env[action["res_model"]], manager)
            for view_type in ("list", "form", "search"):
                arch = model.get_view(view_type=view_type)["arch"]
                self.assertTrue(arch)
            with Form(model.search([], limit=1)) as form:
                self.assertTrue(form)
