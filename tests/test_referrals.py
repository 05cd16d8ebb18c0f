# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Who brought whom, from the lead to the customer, and how many of them came."""

from freezegun import freeze_time

from odoo.exceptions import ValidationError
from odoo.tests import Form, tagged

from ..signals.referrals import referrals
from .common import SubscriptionCase, day


class ReferralCase(SubscriptionCase):
    """A friend that a contact of a company has referred."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.giver = cls.make_partner("Giver", is_company=True)
        cls.contact = cls.make_partner("Ann", cls.giver)
        cls.partner = cls.make_partner("Friend", referred_by_id=cls.contact.id)

    def lead(self, **values):
        return self.env["crm.lead"].create(
            {"name": "Lead", "company_id": self.company.id, **values}
        )

    def counts(self, as_of="2025-06-30", company=None, ids=None):
        """Return ``{name: count}`` of those who referred any."""
        company = company or self.company
        found = referrals(self.env, company, day(as_of), ids)
        customers = self.env["subscription.customer"].browse(found.index.tolist())
        self.assertLessEqual(customers.company_id, company)
        return dict(zip(customers.mapped("partner_id.name"), found, strict=True))

    def refresh(self):
        run = self.env["subscription.refresh"]._refresh_company(
            self.company, self.as_of, lambda: True
        )
        self.assertEqual(run.state, "done")
        self.env.invalidate_all()
        return run


@tagged("post_install", "-at_install")
@freeze_time("2025-06-30 12:00:00")
class TestReferrals(ReferralCase):
    def test_new_documents_take_it_over(self):
        self.assertEqual(
            self.lead(partner_id=self.partner.id).referred_by_id, self.contact
        )
        colleague = self.make_partner("Colleague", self.partner)
        sub = self.open_subscription(colleague)
        self.assertEqual(sub.referred_by_id, self.contact)
        named = self.lead(partner_id=self.partner.id, referred_by_id=self.giver.id)
        self.assertEqual(named.referred_by_id, self.giver)
        self.assertFalse(self.lead(partner_id=self.giver.id).referred_by_id)
        # Ann works for whom she brought.
        hers = self.make_partner("Bob", self.make_partner("Her"), type="contact")
        hers.parent_id.referred_by_id = hers
        self.assertFalse(self.lead(partner_id=hers.id).referred_by_id)

    def test_form(self):
        with Form(self.env["crm.lead"]) as form:
            form.name = "Lead"
            form.partner_id = self.partner
            self.assertEqual(form.referred_by_id, self.contact)
            form.referred_by_id = self.giver
        lead = form.save()
        self.assertEqual(lead.referred_by_id, self.giver)
        lead.partner_id = self.make_partner("Other", referred_by_id=self.contact.id)
        self.assertEqual(lead.referred_by_id, self.giver, "what was said stays")

    def test_conversion_passes_it_on(self):
        new = self.lead(
            partner_name="New Ltd", contact_name="Eve", referred_by_id=self.contact.id
        )
        new._handle_partner_assignment()
        self.assertEqual(new.partner_id.commercial_partner_id.name, "New Ltd")
        self.assertEqual(
            new.partner_id.commercial_partner_id.referred_by_id, self.contact
        )
        self.assertEqual(
            self.open_subscription(new.partner_id).referred_by_id, self.contact
        )
        known = self.make_partner("Known")
        lead = self.lead(referred_by_id=self.contact.id)
        lead._handle_partner_assignment(force_partner_id=known.id)
        self.assertEqual(known.referred_by_id, self.contact)
        again = self.lead(referred_by_id=self.giver.id)
        again._handle_partner_assignment(force_partner_id=known.id)
        self.assertEqual(known.referred_by_id, self.contact)
        own = self.lead(referred_by_id=self.contact.id)
        own.partner_id = self.giver
        own._handle_partner_assignment()
        self.assertEqual(self.giver.referred_by_id, self.contact)

    def test_merged_leads_keep_it(self):
        leads = self.lead(partner_id=self.giver.id) | self.lead(
            partner_id=self.giver.id, referred_by_id=self.partner.id
        )
        self.assertEqual(leads.merge_opportunity().referred_by_id, self.partner)

    def test_merged_with_the_lead_of_the_giver(self):
        leads = self.lead(partner_id=self.contact.id) | self.lead(
            referred_by_id=self.contact.id
        )
        merged = leads.merge_opportunity()
        self.assertEqual(merged.partner_id, self.contact)
        self.assertFalse(merged.referred_by_id)

    def test_nobody_refers_itself(self):
        with self.assertRaises(ValidationError):
            self.partner.referred_by_id = self.partner
        with self.assertRaises(ValidationError):
            self.lead(partner_id=self.partner.id, referred_by_id=self.partner.id)
        sub = self.open_subscription(self.partner)
        with self.assertRaises(ValidationError):
            sub.referred_by_id = self.partner

    def test_counted_from_the_first_day_on(self):
        self.subscribe(self.giver)
        self.subscribe(self.contact)
        self.assertEqual(self.counts(), {})
        self.subscribe(self.partner, start="2025-03-10", end="2025-05-01")
        self.subscribe(self.partner, start="2025-04-01")
        self.assertEqual(self.counts(), {"Giver": 1})
        self.assertEqual(self.counts("2025-03-10"), {"Giver": 1})
        self.assertEqual(self.counts("2025-03-09"), {})
        # By a contact of the customer, and by a subscription.
        third = self.make_partner("Third")
        self.make_partner("Third's", third, referred_by_id=self.giver.id)
        self.subscribe(third, start="2025-02-01")
        fourth = self.subscribe(self.make_partner("Fourth"), start="2025-02-01")
        fourth.referred_by_id = self.contact
        self.assertEqual(self.counts(), {"Giver": 3})
        self.assertEqual(self.counts("2025-02-10"), {"Giver": 2})
        # Its own people are no other customers.
        self.make_partner("Own", self.giver, referred_by_id=self.contact.id)
        self.subscribe(self.giver, start="2025-02-01").referred_by_id = self.contact
        # One that has not started is none yet.
        self.open_subscription(self.make_partner("Idea", referred_by_id=self.giver.id))
        self.assertEqual(self.counts(), {"Giver": 3})
        everyone = self.env["subscription.customer"].search([])
        self.assertEqual(self.counts(ids=everyone.ids), {"Giver": 3})
        others = everyone - self.customer(self.giver)
        self.assertEqual(self.counts(ids=others.ids), {})

    def test_corrected_start_counts_when_known(self):
        self.subscribe(self.giver)
        sub = self.make_subscription(self.partner)
        self.book(sub, ("2025-03-10", "start", 10), known_on=day("2025-06-01"))
        self.assertEqual(self.counts("2025-05-31"), {})
        self.assertEqual(self.counts("2025-06-01"), {"Giver": 1})

    def test_companies_are_apart(self):
        """Invariant 4."""
        other = self.make_company("Second Company")
        both = (self.company + other).ids
        self.env = self.env(context=dict(self.env.context, allowed_company_ids=both))
        for company in (self.company, other):
            self.subscribe(self.giver, company=company)
        sub = self.subscribe(self.make_partner("Third"), company=other)
        sub.referred_by_id = self.giver
        self.assertEqual(self.counts(), {})
        self.assertEqual(self.counts(company=other), {"Giver": 1})
        self.subscribe(self.partner)
        self.assertEqual(self.counts(), {"Giver": 1})
        self.assertEqual(self.counts(company=other), {"Giver": 1})

    def test_stored_by_the_refresh(self):
        self.subscribe(self.giver)
        self.subscribe(self.partner)
        self.refresh()
        customer = self.customer(self.giver)
        self.assertEqual(customer.referral_count, 1)
        self.assertEqual(self.customer(self.partner).referral_count, 0)
        self.assertEqual(self.refresh().changed_count, 0)
        action = customer.action_open_referrals()
        found = self.env[action["res_model"]].search(action["domain"])
        self.assertEqual(found, self.customer(self.partner))
        self.partner.referred_by_id = False
        self.customer(self.partner).subscription_ids.referred_by_id = False
        self.refresh()
        self.assertEqual(customer.referral_count, 0)


# Slow, because Odoo's merge looks through every foreign key.
@tagged("post_install", "-at_install", "slow")
@freeze_time("2025-06-30 12:00:00")
class TestReferralsMerged(ReferralCase):
    """Invariant 11."""

    def merge(self, target, *sources):
        wizard = self.env["base.partner.merge.automatic.wizard"]
        wizard._merge(target.union(*sources).ids, target)
        self.env.flush_all()
        self.env.invalidate_all()

    def test_merged_giver_keeps_its_referrals(self):
        old = self.make_partner("Old")
        for partner in (self.giver, old, self.partner):
            self.subscribe(partner)
        self.subscribe(self.make_partner("Second", referred_by_id=old.id))
        self.merge(self.giver, old)
        self.assertEqual(self.customer(self.giver).referral_count, 2)

    def test_merged_customers_count_once(self):
        twin = self.make_partner("Twin", referred_by_id=self.giver.id)
        for partner in (self.giver, self.partner, twin):
            self.subscribe(partner)
        self.refresh()
        self.assertEqual(self.customer(self.giver).referral_count, 2)
        self.merge(self.partner, twin)
        self.assertEqual(self.customer(self.giver).referral_count, 1)

    def test_merged_with_who_referred_it(self):
        ann = self.make_partner("Ann alone")
        bob = self.make_partner("Bob", referred_by_id=ann.id)
        subscription = self.open_subscription(bob)
        lead = self.lead(partner_id=bob.id)
        self.assertEqual(subscription.referred_by_id | lead.referred_by_id, ann)
        self.merge(bob, ann)
        for record in (bob, subscription, lead):
            self.assertFalse(record.referred_by_id)
        subscription.partner_id = bob
