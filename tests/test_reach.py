# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import datetime

from freezegun import freeze_time

from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import SubscriptionCase


@tagged("post_install", "-at_install")
class TestReach(SubscriptionCase):
    def make(self, name, end=None, **values):
        partner = self.make_partner(name, **values)
        return self.subscribe(partner, **({"end": end} if end else {}))

    def reasons(self, subscriptions, channel="email", **kwargs):
        reach = subscriptions._reach(channel, **kwargs)
        return [reach[sub.id].reason for sub in subscriptions]

    def test_who_is_not_reached_and_why(self):
        fine = self.make("Fine", email="fine@example.com")
        silent = self.make("Silent")
        listed = self.make("Listed", email="listed@example.com")
        self.env["mail.blacklist"]._add("listed@example.com")
        refused = self.make("Refused", email="refused@example.com")
        refused.customer_id.is_contact_refused = True
        closed = self.make("Closed", "2024-03-01", email="closed@example.com")
        again = self.subscribe(fine.partner_id)
        everyone = fine + silent + listed + refused + closed + again
        self.assertEqual(
            self.reasons(everyone),
            [None, "no_address", "blacklisted", "refused", "closed", "duplicate"],
        )
        self.assertEqual(self.reasons(closed, with_closed=True), [None])
        self.assertEqual(self.reasons(refused, transactional=True), [None])
        self.assertEqual(self.reasons(again + silent, None), [None, None])

    def test_limit_of_messages(self):
        sub = self.make("Fine", email="fine@example.com")
        self.company.subscription_contact_limit = 2
        contacts = self.env["subscription.contact"]
        with freeze_time("2024-06-01 12:00"):
            contacts._record("email", {sub.id: sub.partner_id.id})
            contacts._record("email", {sub.id: sub.partner_id.id}, transactional=True)
            self.assertEqual(self.reasons(sub), [None])
            contacts._record("sms", {sub.id: sub.partner_id.id})
            self.assertEqual(self.reasons(sub), ["too_recent"])
            self.assertEqual(self.reasons(sub, transactional=True), [None])
        with freeze_time("2024-06-08 12:01"):
            self.assertEqual(self.reasons(sub), [None])

    def test_first_address_of_the_contacts(self):
        """The contact for invoices, else that of the subscription, else the firm."""
        firm = self.make_partner("Firm", email="firm@example.com", is_company=True)
        office = self.make_partner("Office", firm, type="invoice")
        user = self.make_partner("User", firm)
        sub = self.subscribe(user)
        sub.partner_invoice_id = office
        for contact, address in ((firm, "firm"), (user, "user"), (office, "office")):
            contact.email = f"{address}@example.com"
            [reach] = sub._reach("email").values()
            self.assertEqual(
                (reach.partner_id, reach.address, reach.reason),
                (contact.id, f"{address}@example.com", None),
            )
        self.assertEqual(sub._recipients("email"), {sub.id: office.id})
        self.assertEqual(self.reasons(sub, "sms"), ["no_address"])

    def test_paused_is_reached_and_a_draft_is_not(self):
        paused = self.make("Paused", email="paused@example.com")
        paused.is_paused = True
        draft = self.open_subscription(self.make_partner(email="draft@example.com"))
        self.assertEqual(self.reasons(paused + draft), [None, "closed"])

    def test_companies_count_for_themselves(self):
        other = self.make_company("Second Company")
        self.company.subscription_contact_limit = 1
        other.subscription_contact_limit = 2
        partner = self.make_partner("Both", email="both@example.com")
        sub = self.subscribe(partner)
        theirs = self.subscribe(partner, company=other)
        self.assertEqual(self.reasons(sub + theirs), [None, None])
        contacts = self.env["subscription.contact"]
        contacts._record("email", dict.fromkeys((sub + theirs).ids, partner.id))
        self.assertEqual(self.reasons(sub + theirs), ["too_recent", None])
        other.subscription_contact_limit = 0
        contacts._record("email", dict.fromkeys(theirs.ids, partner.id))
        self.assertEqual(self.reasons(theirs), [None])

    def test_limit_of_one_choice(self):
        """Two addresses of a customer are not both reached where one is the limit."""
        firm = self.make_partner("Firm", is_company=True)
        contacts = [
            self.make_partner(name, firm, email=f"{name}@example.com")
            for name in ("one", "two")
        ]
        subs = self.subscribe(contacts[0], 10) + self.subscribe(contacts[1], 20)
        for sub in subs:
            sub.partner_invoice_id = sub.partner_id
        self.assertEqual(self.reasons(subs), [None, None])
        self.company.subscription_contact_limit = 1
        # The dearer one stands for the other.
        self.assertEqual(self.reasons(subs), ["too_recent", None])

    def test_merge_keeps_the_log(self):
        keep = self.make("Keep", email="keep@example.com")
        gone = self.make("Gone", email="gone@example.com")
        campaign = self.env["subscription.campaign"]._begin(
            "email", "Spring", keep + gone, {}
        )
        for sub in keep + gone:
            self.env["subscription.contact"]._record(
                "email", {sub.id: sub.partner_id.id}, campaign.id
            )
        gone.customer_id.action_refuse_contact()
        customer = keep.customer_id
        gone.customer_id._merge_into(customer)
        self.assertEqual(len(customer.contact_ids), 2)
        self.assertTrue(customer.is_contact_refused)
        self.assertEqual(campaign.member_ids.customer_id, customer)

    def test_who_may_say_that_no_messages_are_wanted(self):
        sub = self.make("Fine", email="fine@example.com")
        customer = sub.customer_id
        for kind in ("user", "agent"):
            as_user = self.as_user(customer, self.make_user(kind))
            self.assertFalse(as_user.may_refuse_contact)
            with self.assertRaises(AccessError):
                as_user.action_refuse_contact()
        owner = self.make_user("user", login="owner")
        customer._hand_over(owner)
        for user in (self.make_user("manager"), self.make_user("salesperson"), owner):
            self.assertTrue(self.as_user(customer, user).may_refuse_contact)
            self.as_user(customer, user).action_refuse_contact()
            self.assertTrue(customer.is_contact_refused)
            self.assertIn("no messages", customer.message_ids[:1].body)
            self.as_user(customer, user).action_allow_contact()
            self.assertFalse(customer.is_contact_refused)
        with self.assertRaises(AccessError):
            self.as_user(customer, owner).write({"is_contact_refused": True})

    def test_quiet_hours(self):
        paris = self.make("Paris", tz="Europe/Paris").customer_id
        nowhere = self.make("Nowhere").customer_id
        both = paris + nowhere
        self.company.partner_id.tz = "UTC"
        quiet = both._quiet_until(datetime(2024, 6, 5, 7, 30))
        self.assertEqual(quiet, {nowhere.id: datetime(2024, 6, 5, 8, 0)})
        quiet = both._quiet_until(datetime(2024, 6, 5, 20, 0))
        self.assertEqual(
            quiet,
            {
                paris.id: datetime(2024, 6, 6, 6, 0),
                nowhere.id: datetime(2024, 6, 6, 8, 0),
            },
        )
        # Over noon, and not at all.
        self.company.subscription_quiet_from_hour = 12.5
        self.company.subscription_quiet_to_hour = 13.5
        quiet = both._quiet_until(datetime(2024, 1, 5, 12, 0))
        self.assertEqual(quiet, {paris.id: datetime(2024, 1, 5, 12, 30)})
        self.company.subscription_quiet_to_hour = 12.5
        self.assertFalse(both._quiet_until(datetime(2024, 1, 5, 12, 0)))
