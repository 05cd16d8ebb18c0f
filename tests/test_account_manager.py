# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Who looks after a customer: by the rule of the company, and by handing over."""

from datetime import timedelta
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools.translate import code_translations

from .common import MODULE, SubscriptionCase


@tagged("post_install", "-at_install")
class TestAccountManager(SubscriptionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ann = cls.make_user("salesperson", login="ann")
        cls.bob = cls.make_user("salesperson", login="bob")
        cls.partner = cls.make_partner("Customer", user_id=cls.ann.id)

    def refresh(self):
        Refresh = self.env["subscription.refresh"]
        today = self.company._subscription_today()
        run = Refresh._refresh_company(self.company, today, lambda: True)
        self.assertEqual(run.state, "done")

    def hand_over(self, customers, user, by=None, note=False):
        if by:
            customers = self.as_user(customers, by)
        action = customers.action_hand_over()
        wizard = customers.env[action["res_model"]].with_context(**action["context"])
        wizard.create({"user_id": user.id, "note": note}).action_confirm()

    # --- by rule ----------------------------------------------------------------------

    def test_nobody_is_named_without_a_rule(self):
        subscription = self.subscribe(self.partner, user_id=self.bob.id)
        self.refresh()
        self.assertFalse(subscription.customer_id.account_manager_id)

    def test_salesperson_of_the_contact(self):
        self.company.subscription_account_manager_rule = "contact"
        contact = self.make_partner("Contact", parent=self.partner)
        contact.user_id = self.bob
        customer = self.subscribe(contact).customer_id
        self.assertEqual(customer.account_manager_id, self.ann)

    def test_salesperson_of_the_oldest_running_subscription(self):
        self.company.subscription_account_manager_rule = "subscription"
        cleo = self.make_user("salesperson", login="cleo")
        self.subscribe(
            self.partner, start="2023-01-15", end="2024-01-15", user_id=cleo.id
        )
        customer = self.customer(self.partner)
        customer.account_manager_id = False
        old = self.subscribe(self.partner, start="2024-02-15")
        self.subscribe(self.partner, start="2024-03-15", user_id=self.ann.id)
        # The oldest one has nobody; the next is not asked instead.
        self.assertFalse(customer.account_manager_id)
        old.user_id = self.bob
        self.refresh()
        self.assertEqual(customer.account_manager_id, self.bob)

    def test_refresh_names_those_that_are_missing_and_leaves_others(self):
        first = self.subscribe(self.partner).customer_id
        second = self.subscribe(self.make_partner("Two", user_id=self.ann.id))
        second = second.customer_id
        second.account_manager_id = self.bob
        self.company.subscription_account_manager_rule = "contact"
        self.refresh()
        self.assertEqual(first.account_manager_id, self.ann)
        self.assertEqual(second.account_manager_id, self.bob)
        # Chosen or named stays, whatever becomes of the contact.
        self.partner.user_id = self.bob
        versions = self.versions(first | second)
        self.refresh()
        self.assertEqual(first.account_manager_id, self.ann)
        self.assertEqual(self.versions(first | second), versions)

    def test_only_users_of_the_company_who_are_there_are_named(self):
        self.company.subscription_account_manager_rule = "contact"
        other = self.make_company("Other")
        stranger = self.make_user("salesperson", other)
        gone = self.make_user("salesperson", login="gone")
        outsider = self.make_user("internal", login="outsider")
        partners = [
            self.make_partner(user.name, user_id=user.id)
            for user in (stranger, gone, outsider)
        ]
        gone.active = False
        for partner in partners:
            customer = self.subscribe(partner).customer_id
            self.assertFalse(customer.account_manager_id, partner.name)

    def test_companies_have_rules_of_their_own(self):
        other = self.make_company("Other")
        other.subscription_account_manager_rule = "contact"
        self.ann.company_ids |= other
        here = self.subscribe(self.partner).customer_id
        there = self.subscribe(self.partner, company=other).customer_id
        self.refresh()
        self.assertFalse(here.account_manager_id)
        self.assertEqual(there.account_manager_id, self.ann)

    # --- handing over -----------------------------------------------------------------

    def test_open_activities_go_along(self):
        subscription = self.subscribe(self.partner)
        customer = subscription.customer_id
        customer.account_manager_id = self.ann
        lead, won = self.env["crm.lead"].create(
            [
                {
                    "name": name,
                    "partner_id": self.partner.id,
                    "company_id": self.company.id,
                    "type": "opportunity",
                    "user_id": False,
                }
                for name in ("Open", "Won")
            ]
        )
        elsewhere = self.subscribe(self.make_partner("Other"))
        records = (customer, subscription, lead, won, elsewhere)
        today = self.company._subscription_today()
        own, foreign = [], []
        for record in records:
            for user, activities in ((self.ann, own), (self.env.user, foreign)):
                activities.append(
                    record.activity_schedule(
                        "mail.mail_activity_data_todo",
                        user_id=user.id,
                        date_deadline=today + timedelta(days=7),
                    )
                )
        done = customer.activity_schedule(
            "mail.mail_activity_data_todo", user_id=self.ann.id
        )
        done.action_done()
        won.stage_id = self.env["crm.stage"].search([("is_won", "=", True)], limit=1)
        self.hand_over(customer, self.bob, by=self.ann, note="Likes to be called")
        self.assertEqual(customer.account_manager_id, self.bob)
        self.assertEqual(
            [activity.user_id for activity in own],
            [self.bob, self.bob, self.bob, self.ann, self.ann],
        )
        self.assertEqual({activity.user_id for activity in foreign}, {self.env.user})
        self.assertEqual(done.user_id, self.ann)
        note = customer.message_ids.filtered(
            lambda message: message.message_type == "notification"
        )[:1]
        for words in (self.ann.name, self.bob.name, "3", "Likes to be called"):
            self.assertIn(words, note.body)

    def test_activities_on_contacts_and_tickets_go_along(self):
        """Of a partner that she looks after in another company, contacts' stay."""
        other = self.make_company("Other")
        self.ann.company_ids |= other
        shared = self.make_partner("Shared")
        (self.ann | self.bob).group_ids |= self.env.ref(
            "helpdesk_mgmt.group_helpdesk_user"
        )
        there = self.subscribe(shared, company=other).customer_id
        customers = (self.subscribe(self.partner) | self.subscribe(shared)).customer_id
        (customers | there).account_manager_id = self.ann
        contact = self.make_partner("Contact", parent=self.partner)
        ticket = self.env["helpdesk.ticket"].create(
            {
                "name": "Broken",
                "description": "<p>Help</p>",
                "partner_id": contact.id,
                "company_id": self.company.id,
            }
        )
        self.assertIn(ticket.subscription_customer_id, customers)
        activities = [
            record.activity_schedule(
                "mail.mail_activity_data_todo", user_id=self.ann.id
            )
            for record in (self.partner, contact, ticket, shared)
        ]
        self.hand_over(customers, self.bob, by=self.ann)
        self.assertEqual(
            [activity.user_id for activity in activities],
            [self.bob, self.bob, self.bob, self.ann],
        )
        self.assertEqual(there.account_manager_id, self.ann)

    def hand_over_lead_and_ticket(self, user, by):
        """Return the activities of the old manager on customer, lead and ticket."""
        cleo = self.make_user("manager", login="cleo")
        customer = self.subscribe(self.partner).customer_id
        customer.account_manager_id = cleo
        lead = self.env["crm.lead"].create(
            {
                "name": "Secret",
                "partner_id": self.partner.id,
                "company_id": self.company.id,
                "type": "opportunity",
                "user_id": self.env.user.id,
            }
        )
        ticket = self.env["helpdesk.ticket"].create(
            {
                "name": "Broken",
                "description": "<p>Help</p>",
                "partner_id": self.partner.id,
                "company_id": self.company.id,
            }
        )
        activities = self.env["mail.activity"].union(
            *(
                record.activity_schedule(
                    "mail.mail_activity_data_todo", user_id=cleo.id
                )
                for record in (customer, lead, ticket)
            )
        )
        self.hand_over(customer, user, by=by)
        self.assertEqual(customer.account_manager_id, user)
        body = customer.message_ids[:1].body
        self.assertIn("moved: 1", body)
        self.assertIn("2 of", body)
        return [activity.user_id for activity in activities], cleo

    def test_nobody_hands_herself_what_she_may_not_read(self):
        """A salesperson limited to her own leads."""
        users, cleo = self.hand_over_lead_and_ticket(self.ann, by=self.ann)
        self.assertEqual(users, [self.ann, cleo, cleo])

    def test_activities_stay_that_the_new_manager_may_not_read(self):
        boss = self.make_user("manager", login="boss")
        boss.group_ids |= self.env.ref("sales_team.group_sale_manager")
        boss.group_ids |= self.env.ref("helpdesk_mgmt.group_helpdesk_manager")
        reader = self.make_user("user", login="reader")
        users, cleo = self.hand_over_lead_and_ticket(reader, by=boss)
        self.assertEqual(users, [reader, cleo, cleo])

    def test_new_manager_is_told_in_her_language(self):
        self.env["res.lang"]._activate_lang("de_DE")
        self.bob.lang = "de_DE"
        words = {
            "Customers handed over to you": "Kunden für dich",
            "You are the account manager of %s.": "Du betreust jetzt %s.",
        }
        key = (MODULE, "de_DE")
        self.enterContext(
            patch.dict(code_translations.python_translations, {key: words})
        )
        customer = self.subscribe(self.partner).customer_id
        self.hand_over(customer, self.bob, by=self.ann)
        told = self.env["mail.message"].search(
            [
                ("message_type", "=", "user_notification"),
                ("partner_ids", "in", self.bob.partner_id.ids),
            ]
        )
        self.assertEqual(told.subject, "Kunden für dich")
        self.assertIn("Du betreust jetzt Customer", told.body)

    def test_new_manager_is_told_once(self):
        customers = self.env["subscription.customer"]
        for number in range(3):
            customers |= self.subscribe(self.make_partner(f"C {number}")).customer_id
        self.hand_over(customers, self.bob, by=self.ann)
        told = self.env["mail.message"].search(
            [
                ("message_type", "=", "user_notification"),
                ("partner_ids", "in", self.bob.partner_id.ids),
            ]
        )
        self.assertEqual(len(told), 1)
        self.assertIn("C 2", told.body)
        # Once more changes nothing.
        self.hand_over(customers, self.bob, by=self.ann)
        self.assertEqual(len(customers[0].message_ids - told), 1)

    def test_who_may_hand_over(self):
        customer = self.subscribe(self.partner).customer_id
        agent = self.make_user("agent")
        for kind in ("user", "agent", "internal"):
            user = agent if kind == "agent" else self.make_user(kind)
            with self.subTest(kind), self.assertRaises(AccessError):
                self.hand_over(customer, self.bob, by=user)
        for kind in ("manager", "salesperson"):
            with self.subTest(kind):
                self.hand_over(customer, self.bob, by=self.make_user(kind))
                customer.account_manager_id = False
        customer.account_manager_id = agent
        self.hand_over(customer, self.bob, by=agent)
        self.assertEqual(customer.account_manager_id, self.bob)

    def test_not_to_who_cannot_look_after_it(self):
        other = self.make_company("Other")
        customer = self.subscribe(self.partner).customer_id
        manager = self.make_user("manager", self.company | other)
        for user in (
            self.make_user("salesperson", other),
            self.make_user("internal"),
            self.make_user("portal"),
        ):
            with self.subTest(user.login), self.assertRaises(UserError):
                self.hand_over(customer, user, by=manager)

    def test_customers_of_another_company_are_not_handed_over(self):
        other = self.make_company("Other")
        customer = self.subscribe(self.partner, company=other).customer_id
        with self.assertRaises(AccessError):
            self.hand_over(customer, self.bob, by=self.ann)

    def test_nobody_writes_on_customers(self):
        customer = self.subscribe(self.partner).customer_id
        for kind in ("salesperson", "manager", "admin"):
            user = self.make_user(kind)
            with self.subTest(kind), self.assertRaises(AccessError):
                self.as_user(customer, user).account_manager_id = user

    def test_agents_write_notes_and_plan_activities(self):
        customer = self.subscribe(self.partner).customer_id
        agent = self.make_user("agent")
        own = self.as_user(customer, agent)
        own.message_post(body="Called")
        own.activity_schedule("mail.mail_activity_data_todo", user_id=agent.id)
        self.assertIn("Called", customer.message_ids[:1].body)

    def test_my_customers(self):
        customer = self.subscribe(self.partner).customer_id
        self.subscribe(self.make_partner("Other"))
        customer.account_manager_id = self.ann
        found = self.as_user(self.env["subscription.customer"], self.ann).search(
            [("account_manager_id", "=", self.ann.id)]
        )
        self.assertEqual(found.ids, customer.ids)

    def test_merge_keeps_manager_messages_and_activities(self):
        source, target = self.partner, self.make_partner("Target")
        customer = self.subscribe(source).customer_id
        keep = self.subscribe(target).customer_id
        customer.account_manager_id = self.ann
        customer.message_post(body="Remember")
        activity = customer.activity_schedule(
            "mail.mail_activity_data_todo", user_id=self.ann.id
        )
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge((source | target).ids, target)
        self.assertFalse(customer.exists())
        self.assertEqual(keep.account_manager_id, self.ann)
        self.assertEqual(activity.res_id, keep.id)
        self.assertIn("Remember", str(keep.message_ids.mapped("body")))

    def test_settings_show_the_rule(self):
        settings = self.env["res.config.settings"].create(
            {"subscription_account_manager_rule": "contact"}
        )
        settings.execute()
        self.assertEqual(self.company.subscription_account_manager_rule, "contact")
        self.assertTrue(self.env.ref(f"{MODULE}.subscription_customer_handover_action"))
