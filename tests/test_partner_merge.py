# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import SQL

from ..analytics.ledger import (
    CHANGE,
    CHURN,
    CUSTOMER_CHANGE,
    END,
    EXPANSION,
    NEW,
    PAUSE,
    START,
    TRANSFER,
)
from .common import SubscriptionCase, day

TODAY = "2025-06-30"
LINK = "subscription_customer_id"


# Slow, because Odoo's merge looks through every foreign key.
@tagged("post_install", "-at_install", "slow")
@freeze_time(f"{TODAY} 12:00:00")
class TestPartnerMerge(SubscriptionCase):
    """Merging partners loses no history and leaves nothing behind (Invariant 11)."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.make_company("Second Company")
        cls.keep = cls.make_partner("Keep", is_company=True)
        cls.gone = cls.make_partner("Gone", is_company=True)

    def merge(self, target, *sources, user=None):
        """Merge partners, and check all that must hold after any merge."""
        partners = target.union(*sources)
        before = self.ledger()
        wizard = self.env["base.partner.merge.automatic.wizard"]
        if user:
            wizard = self.as_user(wizard, user)
        wizard._merge(partners.ids, target.with_env(wizard.env))
        self.env.flush_all()
        self.env.invalidate_all()
        for source in sources:
            self.assertFalse(source.exists())
        self.assertLedgerKept(before)
        self.assertConsistent()

    def ledger(self):
        """Return all rows of the ledger without their customers."""
        self.env.flush_all()
        return set(
            self.env.execute_query(
                SQL(
                    "SELECT id, subscription_res_id, company_id, date, known_on, event,"
                    " currency_id, running_delta, mrr_delta, mrr_effective_delta"
                    " FROM subscription_movement"
                )
            )
        )

    def assertLedgerKept(self, before):
        """Every row is there as it was; further ones say nothing but today's change."""
        after = self.ledger()
        self.assertLessEqual(before, after)
        booked = self.env["subscription.movement"].browse(
            row[0] for row in after - before
        )
        self.assertLessEqual(set(booked.mapped("event")), {CUSTOMER_CHANGE})
        self.assertLessEqual(set(booked.mapped("date")), {day(TODAY)})
        for name in ("mrr_delta", "mrr_effective_delta", "running_delta"):
            self.assertEqual(sum(booked.mapped(name)), 0)

    def assertConsistent(self):
        """Customers, links and figures are as if made from scratch."""
        Customer = self.env["subscription.customer"]
        customers = Customer.search([])
        for customer in customers:
            partner = customer.partner_id
            self.assertTrue(partner.exists())
            self.assertEqual(partner.commercial_partner_id, partner)
        for table, column in self.env["base.partner.merge.automatic.wizard"]._get_fk_on(
            "res_partner"
        ):
            self.assertFalse(
                self.env.execute_query(
                    SQL(
                        "SELECT 1 FROM %(table)s WHERE %(column)s IS NOT NULL"
                        " AND %(column)s NOT IN (SELECT id FROM res_partner)",
                        table=SQL.identifier(table),
                        column=SQL.identifier(column),
                    )
                )
            )
        # No contact's link is wrong, missing or dangling, in any company.
        expected = {}
        by_partner = Customer._by_partner(customers.partner_id)
        for (partner_id, company_id), customer in by_partner.items():
            expected.setdefault(partner_id, {})[str(company_id)] = customer.id
        rows = self.env.execute_query(
            SQL(
                "SELECT id, commercial_partner_id, subscription_customer_id"
                " FROM res_partner"
            )
        )
        for id_, commercial, links in rows:
            self.assertEqual(links, expected.get(commercial), id_)
        for model in ("crm.lead", "helpdesk.ticket"):
            for record in self.env[model].with_context(active_test=False).search([]):
                key = (record.partner_id.commercial_partner_id.id, record.company_id.id)
                self.assertEqual(
                    record.subscription_customer_id,
                    by_partner.get(key, Customer),
                    record,
                )
        # What runs belongs to the customer that the ledger says, and to its partner.
        for subscription in self.env["sale.subscription"].search([]):
            rows = subscription.movement_ids
            running = {}
            for row in rows:
                running.setdefault(row.customer_id, 0)
                running[row.customer_id] += row.running_delta
            holders = [customer for customer, number in running.items() if number]
            if subscription.is_running:
                self.assertEqual(holders, [subscription.customer_id])
                self.assertEqual(
                    subscription.customer_id.partner_id,
                    subscription.partner_id.commercial_partner_id,
                )
            else:
                self.assertFalse(holders)
        # Kinds, totals and chains are what deriving them again gives.
        derived = (
            self.env["subscription.movement"].search([]),
            self.env["sale.subscription"].with_context(active_test=False).search([]),
            customers,
        )
        versions = [self.versions(records) for records in derived]
        for customer in customers:
            customer._classify_movements()
            customer._store_lives()
        self.assertEqual([self.versions(records) for records in derived], versions)

    def documents(self, partner, company=None):
        values = {
            "name": "Document",
            "partner_id": partner.id,
            "company_id": (company or self.company).id,
        }
        team = self.env["crm.team"].create(
            {"name": "Team", "company_id": values["company_id"]}
        )
        lead = self.env["crm.lead"].create(
            {**values, "team_id": team.id, "user_id": False}
        )
        ticket = self.env["helpdesk.ticket"].create(
            {**values, "description": "<p>Help</p>"}
        )
        return lead, ticket

    def assertTotals(self, customer, **expected):
        self.assertEqual({name: customer[name] for name in expected}, expected)

    # --- which partners are customers -------------------------------------------------

    def test_both_are_customers_of_the_company(self):
        """History, subscriptions and links come together at the partner that stays."""
        old = self.subscribe(self.gone, 30, "2023-01-01", "2024-01-01")
        new = self.subscribe(self.keep, 50, "2024-01-01")
        archived = self.subscribe(self.gone, 5, "2023-06-01")
        archived.action_archive()
        contact = self.make_partner("Contact", self.gone)
        of_contact = self.subscribe(contact, 7, "2023-07-01")
        documents = [
            *self.documents(self.gone),
            *self.documents(contact),
            *self.documents(self.keep),
        ]
        customer, emptied = new.customer_id, old.customer_id
        self.merge(self.keep, self.gone)
        self.assertFalse(emptied.exists())
        subscriptions = old | new | archived | of_contact
        self.assertEqual(subscriptions.customer_id, customer)
        self.assertEqual(len(customer.movement_ids), 5)
        self.assertTotals(
            customer,
            mrr=62,
            mrr_effective=62,
            subscription_count=4,
            running_count=3,
            first_start_date=day("2023-01-01"),
            end_date=False,
        )
        for record in (*documents, self.keep, contact):
            self.assertEqual(record[LINK], customer)
            self.assertEqual(record.customer_mrr, 62)
        self.assertEqual(contact.commercial_partner_id, self.keep)

    def test_kinds_are_derived_again(self):
        """What was churn of one and new of the other is a renewal of the one left."""
        old = self.subscribe(self.gone, 30, "2023-01-01", "2024-01-01")
        new = self.subscribe(self.keep, 50, "2024-01-01")
        end = old.movement_ids.filtered(lambda row: row.event == END)
        start = new.movement_ids
        self.assertEqual((end.kind, start.kind), (CHURN, NEW))
        self.merge(self.keep, self.gone)
        self.assertEqual((end.kind, end.transfer_amount), (TRANSFER, -30))
        self.assertEqual((start.kind, start.transfer_amount), (EXPANSION, 30))
        self.assertEqual(new.predecessor_id, old)

    def test_only_the_partner_that_goes_is_a_customer(self):
        subscription = self.subscribe(self.gone, 30)
        customer = subscription.customer_id
        documents = [*self.documents(self.gone), *self.documents(self.keep)]
        self.merge(self.keep, self.gone)
        self.assertEqual(customer.partner_id, self.keep)
        self.assertEqual(subscription.customer_id, customer)
        for record in (*documents, self.keep):
            self.assertEqual(record[LINK], customer)

    def test_only_the_partner_that_stays_is_a_customer(self):
        customer = self.subscribe(self.keep, 30).customer_id
        contact = self.make_partner("Contact", self.gone)
        documents = [*self.documents(self.gone), *self.documents(contact)]
        self.assertFalse(documents[0][LINK])
        self.merge(self.keep, self.gone)
        for record in (*documents, contact, self.keep):
            self.assertEqual(record[LINK], customer)

    def test_customers_of_different_companies(self):
        here = self.subscribe(self.keep, 10).customer_id
        there = self.subscribe(self.gone, 20, company=self.other).customer_id
        self.merge(self.keep, self.gone)
        self.assertEqual((here | there).partner_id, self.keep)
        self.assertEqual(self.keep.with_company(self.company).customer_mrr, 10)
        self.assertEqual(self.keep.with_company(self.other).customer_mrr, 20)

    def test_customers_of_both_companies(self):
        kept, emptied = [], []
        for company in (self.company, self.other):
            kept.append(self.subscribe(self.keep, 10, company=company).customer_id)
            emptied.append(self.subscribe(self.gone, 20, company=company).customer_id)
        self.merge(self.keep, self.gone)
        for customer, gone in zip(kept, emptied, strict=True):
            self.assertFalse(gone.exists())
            self.assertTotals(customer, mrr=30, running_count=2)

    def test_three_at_once(self):
        third = self.make_partner("Third", is_company=True)
        subscriptions = self.env["sale.subscription"]
        for partner, company in (
            (self.gone, self.company),
            (third, self.company),
            (third, self.other),
            (self.gone, self.other),
            (self.keep, self.other),
        ):
            subscriptions |= self.subscribe(partner, 10, company=company)
        self.merge(self.keep, self.gone, third)
        self.assertEqual(subscriptions.customer_id.partner_id, self.keep)
        self.assertEqual(len(subscriptions.customer_id), 2)
        self.assertEqual(sorted(subscriptions.customer_id.mapped("mrr")), [20, 30])

    def test_twice(self):
        third = self.make_partner("Third", is_company=True)
        subscriptions = self.subscribe(self.keep, 10)
        subscriptions |= self.subscribe(self.gone, 20)
        subscriptions |= self.subscribe(third, 30)
        self.merge(self.gone, self.keep)
        self.merge(third, self.gone)
        self.assertEqual(subscriptions.customer_id.partner_id, third)
        self.assertEqual(len(subscriptions.movement_ids), 3)
        self.assertTotals(subscriptions.customer_id, mrr=60, subscription_count=3)

    def test_none_is_a_customer(self):
        self.documents(self.gone)
        self.merge(self.keep, self.gone)
        self.assertFalse(self.keep[LINK])

    # --- who may ----------------------------------------------------------------------

    def test_by_a_person_without_rights_to_the_ledger(self):
        """Also customers of a company that is not hers are merged."""
        user = self.make_user("internal")
        user.group_ids |= self.env.ref("base.group_partner_manager")
        subscriptions = self.subscribe(self.keep, 10, company=self.other)
        subscriptions |= self.subscribe(self.gone, 20, company=self.other)
        self.merge(self.keep, self.gone, user=user)
        self.assertTotals(subscriptions.customer_id, mrr=30, partner_id=self.keep)

    def test_by_a_salesperson(self):
        user = self.make_user("salesperson")
        user.group_ids |= self.env.ref("base.group_partner_manager")
        subscriptions = self.subscribe(self.keep, 10) | self.subscribe(self.gone, 20)
        self.merge(self.keep, self.gone, user=user)
        self.assertTotals(subscriptions.customer_id, mrr=30, partner_id=self.keep)

    # --- contacts ---------------------------------------------------------------------

    def test_contact_moves_to_another_customer(self):
        """Its subscription changes customer today; what was before stays."""
        contact = self.make_partner("Contact", self.gone)
        target = self.make_partner("Target", self.keep)
        moved = self.subscribe(contact, 10, "2023-01-01")
        ended = self.subscribe(contact, 5, "2023-01-01", "2024-01-01")
        archived = self.subscribe(contact, 3, "2023-01-01")
        archived.action_archive()
        self.subscribe(self.gone, 100, "2023-02-01")
        self.subscribe(self.keep, 1000, "2023-02-01")
        documents = self.documents(contact)
        old, new = self.customer(self.gone), self.customer(self.keep)
        self.merge(target, contact)
        for subscription, mrr in ((moved, 10), (archived, 3)):
            self.assertEqual(subscription.customer_id, new)
            self.assertEqual(subscription.mrr, mrr)
            booked = subscription.movement_ids.filtered(
                lambda row: row.date == day(TODAY)
            )
            self.assertEqual(
                {
                    row.customer_id: (row.event, row.mrr_delta, row.known_on)
                    for row in booked
                },
                {
                    old: (CUSTOMER_CHANGE, -mrr, day(TODAY)),
                    new: (CUSTOMER_CHANGE, mrr, day(TODAY)),
                },
            )
        self.assertEqual(ended.customer_id, old)
        self.assertEqual(len(ended.movement_ids), 2)
        self.assertTotals(
            old,
            mrr=100,
            subscription_count=4,
            running_count=1,
            first_start_date=day("2023-01-01"),
        )
        self.assertTotals(new, mrr=1013, subscription_count=3, running_count=3)
        for record in (*documents, target):
            self.assertEqual(record[LINK], new)

    def test_contact_moves_to_who_was_no_customer(self):
        contact = self.make_partner("Contact", self.gone)
        target = self.make_partner("Target", self.keep)
        below = self.make_partner("Below", contact)
        subscription = self.subscribe(below, 10, "2023-01-01")
        old = subscription.customer_id
        documents = self.documents(below)
        self.merge(target, contact)
        new = subscription.customer_id
        self.assertEqual(new.partner_id, self.keep)
        self.assertTotals(
            new, mrr=10, running_count=1, first_start_date=day(TODAY), end_date=False
        )
        self.assertTotals(
            old,
            partner_id=self.gone,
            mrr=0,
            running_count=0,
            first_start_date=day("2023-01-01"),
            end_date=day(TODAY),
        )
        for record in (*documents, below, target, self.keep):
            self.assertEqual(record[LINK], new)
        self.assertEqual(self.gone[LINK], old)

    def test_contact_moves_after_all_has_ended(self):
        """History alone makes nobody a customer."""
        contact = self.make_partner("Contact", self.gone)
        target = self.make_partner("Target", self.keep)
        subscription = self.subscribe(contact, 10, "2023-01-01", "2024-01-01")
        self.merge(target, contact)
        self.assertEqual(subscription.customer_id.partner_id, self.gone)
        self.assertFalse(self.customer(self.keep))

    def test_contact_moves_within_its_company(self):
        contact = self.make_partner("Contact", self.keep)
        target = self.make_partner("Target", self.keep)
        subscription = self.subscribe(contact, 10)
        self.merge(target, contact)
        self.assertEqual(len(subscription.movement_ids), 1)
        self.assertEqual(subscription.customer_id.partner_id, self.keep)

    def test_contact_moves_to_nobody(self):
        """A contact of a customer merged into a person of its own."""
        contact = self.make_partner("Contact", self.gone)
        documents = self.documents(contact)
        customer = self.subscribe(self.gone, 10).customer_id
        person = self.make_partner("Person")
        self.merge(person, contact)
        # Odoo hands the parent of the contact over to the person.
        self.assertEqual(person.parent_id, self.gone)
        for record in (*documents, person):
            self.assertEqual(record[LINK], customer)

    def test_customer_becomes_a_contact(self):
        """A person who subscribed turns out to be a contact of another customer."""
        person = self.make_partner("Person")
        subscription = self.subscribe(person, 10, "2023-01-01")
        documents = self.documents(person)
        contact = self.make_partner("Contact", self.keep)
        for existing in (True, False):
            with self.subTest(keep_is_customer=existing), self.env.cr.savepoint() as s:
                if existing:
                    self.subscribe(self.keep, 20)
                self.merge(person, contact)
                self.assertEqual(person.commercial_partner_id, self.keep)
                customer = subscription.customer_id
                self.assertEqual(customer.partner_id, self.keep)
                self.assertTotals(
                    customer,
                    mrr=30 if existing else 10,
                    first_start_date=day("2023-01-01"),
                )
                self.assertEqual(len(subscription.movement_ids), 1)
                for record in (*documents, person, self.keep):
                    self.assertEqual(record[LINK], customer)
                s.rollback()
                self.env.invalidate_all()

    def test_person_merged_into_a_contact(self):
        person = self.make_partner("Person")
        subscription = self.subscribe(person, 10, "2023-01-01")
        contact = self.make_partner("Contact", self.keep)
        self.merge(contact, person)
        self.assertEqual(contact.commercial_partner_id, self.keep)
        self.assertEqual(subscription.customer_id.partner_id, self.keep)
        self.assertEqual(len(subscription.movement_ids), 1)

    def test_company_merged_into_a_contact(self):
        """Odoo makes a company of the contact: it is a customer of its own then."""
        contact = self.make_partner("Contact", self.keep)
        of_company = self.subscribe(self.gone, 10, "2023-01-01")
        of_contact = self.subscribe(contact, 20, "2023-01-01")
        of_keep = self.subscribe(self.keep, 40, "2023-01-01")
        below = self.make_partner("Below", contact)
        documents = [*self.documents(self.gone), *self.documents(below)]
        self.merge(contact, self.gone)
        self.assertEqual(contact.commercial_partner_id, contact)
        customer = of_company.customer_id
        self.assertEqual(customer.partner_id, contact)
        self.assertEqual(of_contact.customer_id, customer)
        self.assertTotals(
            customer, mrr=30, running_count=2, first_start_date=day("2023-01-01")
        )
        self.assertTotals(of_keep.customer_id, mrr=40, partner_id=self.keep)
        for record in (*documents, contact, below):
            self.assertEqual(record[LINK], customer)

    def test_state_and_future_go_along(self):
        """What is booked for later days, and a pause, hold for the new customer."""
        contact = self.make_partner("Contact", self.gone)
        target = self.make_partner("Target", self.keep)
        self.get_currency("EUR", {"2023-01-01": 2})
        paused = self.make_subscription(contact, currency="EUR")
        self.book(
            paused,
            ("2023-01-01", START, 10),
            ("2025-01-01", PAUSE, self.state(paused, 10, effective=8, paused=True)),
        )
        leaving = self.subscribe(contact, 6, "2023-01-01")
        self.book(leaving, ("2025-08-01", CHANGE, 4), ("2025-09-01", END, None))
        coming = self.subscribe(contact, 7, "2025-12-01")
        old = self.customer(self.gone)
        known = self.env["subscription.movement"].search([])
        self.merge_only(target, contact)
        new = self.customer(self.keep)
        booked = known.search([]) - known
        self.assertEqual(set(booked.mapped("known_on")), {day(TODAY)})

        def balances(subscription, as_of):
            rows = subscription.movement_ids.filtered(
                lambda row: row.date <= day(as_of)
            )
            names = ("running_delta", "paused_delta", "mrr_delta")
            names += ("mrr_effective_delta",)
            sums = {
                customer: tuple(
                    sum(row[name] for row in rows if row.customer_id == customer)
                    for name in names
                )
                for customer in (old, new)
            }
            return sums[old], sums[new]

        nothing = (0, 0, 0, 0)
        self.assertEqual(balances(paused, TODAY), (nothing, (1, 1, 10, 0)))
        self.assertEqual(balances(leaving, TODAY), (nothing, (1, 0, 6, 6)))
        self.assertEqual(balances(leaving, "2025-08-01"), (nothing, (1, 0, 4, 4)))
        self.assertEqual(balances(leaving, "2025-09-01"), (nothing, nothing))
        self.assertEqual(balances(coming, TODAY), (nothing, nothing))
        self.assertEqual(balances(coming, "2025-12-01"), (nothing, (1, 0, 7, 7)))
        self.assertTotals(new, mrr=26, mrr_effective=6, running_count=2)

    def merge_only(self, target, *sources):
        self.env["base.partner.merge.automatic.wizard"]._merge(
            target.union(*sources).ids, target
        )
        self.env.flush_all()
        self.env.invalidate_all()

    def test_today_is_the_company_s(self):
        """The change takes effect on the day it is there."""
        self.company.partner_id.tz = "Pacific/Kiritimati"
        contact = self.make_partner("Contact", self.gone)
        subscription = self.subscribe(contact, 10)
        self.merge_only(self.make_partner("Target", self.keep), contact)
        booked = subscription.movement_ids.filtered(
            lambda row: row.event == CUSTOMER_CHANGE
        )
        self.assertEqual(set(booked.mapped("date")), {day("2025-07-01")})
        self.assertEqual(set(booked.mapped("known_on")), {day("2025-07-01")})

    # --- others are left alone --------------------------------------------------------

    def test_others_are_left_alone(self):
        """Neither rows of other customers nor those of their contacts are written."""
        bystander = self.make_partner("Bystander", is_company=True)
        contact = self.make_partner("Contact", bystander)
        subscription = self.subscribe(bystander, 10)
        records = [
            bystander | contact,
            subscription,
            subscription.customer_id,
            subscription.movement_ids,
            *self.documents(contact),
        ]
        self.subscribe(self.keep, 10)
        self.subscribe(self.gone, 20)
        before = [self.versions(record) for record in records]
        self.merge(self.keep, self.gone)
        for record, version in zip(records, before, strict=True):
            self.assertEqual(self.versions(record), version, record._name)

    def test_refused_merge_changes_nothing(self):
        contact = self.make_partner("Contact", self.gone)
        subscription = self.subscribe(contact, 10)
        with self.assertRaises(UserError):
            self.merge_only(self.gone, contact)
        self.assertEqual(subscription.customer_id.partner_id, self.gone)
        self.assertEqual(len(subscription.movement_ids), 1)
