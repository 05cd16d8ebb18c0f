# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from psycopg2 import IntegrityError

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..analytics.ledger import (
    CHANGE,
    CUSTOMER_CHANGE,
    DELETE,
    END,
    PAUSE,
    RESUME,
    START,
)
from .common import SubscriptionCase, day


@tagged("post_install", "-at_install")
class TestCustomer(SubscriptionCase):
    """A commercial partner as a customer of a company, with figures of the ledger."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.partner = cls.make_partner("Customer", is_company=True)

    def assertTotals(self, customer, **expected):
        customer.invalidate_recordset()
        expected = {
            name: day(value) if isinstance(value, str) else value
            for name, value in expected.items()
        }
        self.assertEqual({name: customer[name] for name in expected}, expected)

    # --- who is a customer ------------------------------------------------------------

    def test_contacts_share_the_customer_of_their_company(self):
        contact = self.make_partner("Contact", self.partner)
        below = self.make_partner("Contact of the Contact", contact)
        subscriptions = [self.subscribe(p) for p in (contact, below, self.partner)]
        customers = {subscription.customer_id for subscription in subscriptions}
        self.assertEqual(customers, {self.customer(self.partner)})
        self.assertEqual(self.customer(self.partner).partner_id, self.partner)

    def test_each_company_has_customers_of_its_own(self):
        other = self.make_company("Second Company")
        here = self.subscribe(self.partner, 10).customer_id
        there = self.subscribe(self.partner, 99, company=other).customer_id
        self.assertNotEqual(here, there)
        self.assertTotals(here, company_id=self.company, mrr=10, running_count=1)
        self.assertTotals(there, company_id=other, mrr=99, running_count=1)

    def test_ensure_makes_what_is_missing(self):
        Customer = self.env["subscription.customer"]
        known = Customer._ensure(self.partner, self.company)
        partners = self.partner | self.make_partner("Second")
        customers = Customer._ensure(partners, self.company)
        self.assertEqual(customers.partner_id, partners)
        self.assertIn(known, customers)
        self.assertEqual(Customer._ensure(partners, self.company), customers)

    def test_one_row_per_partner_and_company(self):
        customer = self.subscribe(self.partner).customer_id
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(IntegrityError) as caught,
            self.env.cr.savepoint(),
        ):
            customer.create(
                {"partner_id": self.partner.id, "company_id": self.company.id}
            )
        self.assertIn(
            "one customer per company", customer._sql_error_to_message(caught.exception)
        )

    # --- totals -----------------------------------------------------------------------

    def test_totals_of_several_subscriptions(self):
        self.subscribe(self.partner, 10, "2023-03-10", "2024-03-10")
        self.subscribe(self.partner, 20.5, "2022-05-01")
        self.subscribe(self.partner, 0, "2024-02-01")
        self.assertTotals(
            self.customer(self.partner),
            mrr=20.5,
            mrr_effective=20.5,
            subscription_count=3,
            running_count=2,
            first_start_date="2022-05-01",
            end_date=False,
        )

    def test_totals_of_a_customer_who_left(self):
        self.subscribe(self.partner, 10, "2022-01-15", "2024-02-29")
        self.subscribe(self.partner, 20, "2023-01-15", "2023-06-01")
        self.assertTotals(
            self.customer(self.partner),
            mrr=0,
            mrr_effective=0,
            subscription_count=2,
            running_count=0,
            first_start_date="2022-01-15",
            end_date="2024-02-29",
        )

    def test_totals_of_a_trial(self):
        trial = self.subscribe(self.partner, 0, "2024-02-01")
        customer = trial.customer_id
        self.assertTotals(
            customer, mrr=0, subscription_count=1, running_count=1, end_date=False
        )
        self.book(trial, ("2024-02-15", END, None))
        self.assertTotals(
            customer,
            subscription_count=1,
            running_count=0,
            first_start_date="2024-02-01",
            end_date="2024-02-15",
        )

    def test_totals_of_a_first_day_that_is_the_last(self):
        customer = self.subscribe(
            self.partner, 5, "2024-02-01", "2024-02-01"
        ).customer_id
        self.assertTotals(customer, running_count=0, mrr=0)

    def test_totals_of_a_customer_who_came_back(self):
        subscription = self.subscribe(self.partner, 10, "2022-01-15", "2023-01-15")
        self.book(subscription, ("2024-01-15", START, 30))
        self.assertTotals(
            subscription.customer_id,
            mrr=30,
            subscription_count=1,
            running_count=1,
            first_start_date="2022-01-15",
            end_date=False,
        )

    def test_totals_of_a_corrected_start(self):
        """A start that was taken back on its own day has never been."""
        subscription = self.subscribe(self.partner, 10, "2022-01-15")
        self.book(
            subscription,
            ("2022-01-15", END, None),
            ("2022-03-15", START, 10),
            known_on=day("2024-05-01"),
        )
        self.assertTotals(
            subscription.customer_id,
            mrr=10,
            subscription_count=1,
            running_count=1,
            first_start_date="2022-03-15",
        )

    def test_totals_of_several_currencies(self):
        """Foreign MRR counts at the rate of the day the figures are of."""
        self.get_currency("EUR", {"2024-01-01": 1.25, "2025-01-01": 1.5})
        self.subscribe(self.partner, 10)
        subscription = self.subscribe(self.partner, 100, currency="EUR")
        customer = self.customer(self.partner)
        self.assertEqual(customer.currency_id, self.company.currency_id)
        self.assertTotals(customer, mrr=160, mrr_effective=160)
        self.book(subscription, ("2024-02-01", CHANGE, 200), as_of=day("2024-06-30"))
        self.assertTotals(customer, mrr=260)

    def test_totals_effective(self):
        """An offer lowers the effective MRR, a pause takes it to 0, and it runs on."""
        subscription = self.subscribe(self.partner, 40)
        customer = subscription.customer_id
        offer = self.state(subscription, 40, effective=30)
        self.book(subscription, ("2024-03-01", CHANGE, offer))
        self.assertTotals(customer, mrr=40, mrr_effective=30)
        paused = self.state(subscription, 40, effective=30, paused=True)
        self.book(subscription, ("2024-04-01", PAUSE, paused))
        self.assertTotals(customer, mrr=40, mrr_effective=0, running_count=1)
        self.book(subscription, ("2024-05-01", RESUME, 40))
        self.assertTotals(customer, mrr=40, mrr_effective=40)

    def test_archived_records_still_count(self):
        subscription = self.subscribe(self.partner, 10)
        self.subscribe(self.partner, 5)
        customer = subscription.customer_id
        subscription.action_archive()
        self.partner.action_archive()
        customer._store_lives()
        self.assertTotals(customer, mrr=15, subscription_count=2, running_count=2)
        self.assertEqual(
            self.env["subscription.customer"]._ensure(self.partner, self.company),
            customer,
        )
        self.assertIn(subscription, customer.subscription_ids)

    def test_deleted_subscriptions_stay_in_the_past(self):
        subscription = self.subscribe(self.partner, 10, "2022-01-15")
        customer = subscription.customer_id
        self.book(subscription, ("2024-02-15", DELETE, None))
        subscription.unlink()
        customer._store_lives()
        self.assertTotals(
            customer,
            mrr=0,
            subscription_count=1,
            running_count=0,
            first_start_date="2022-01-15",
            end_date="2024-02-15",
        )

    def test_a_subscription_that_changes_customer(self):
        """The old one has left on that day, the new one is a customer since then."""
        subscription = self.subscribe(self.partner, 10, "2022-01-15")
        old = subscription.customer_id
        new = self.env["subscription.customer"]._ensure(
            self.make_partner("New"), self.company
        )
        subscription.customer_id = new
        state = self.state(subscription, 10, customer=new)
        self.book(subscription, ("2024-02-15", CUSTOMER_CHANGE, state))
        old._store_lives()
        self.assertTotals(
            old,
            mrr=0,
            subscription_count=1,
            running_count=0,
            first_start_date="2022-01-15",
            end_date="2024-02-15",
        )
        self.assertTotals(
            new,
            mrr=10,
            subscription_count=1,
            running_count=1,
            first_start_date="2024-02-15",
            end_date=False,
        )

    def test_totals_as_of_a_day(self):
        """What takes effect, or was recorded, after the day does not count yet."""
        subscription = self.subscribe(self.partner, 10, "2022-01-15")
        customer = subscription.customer_id
        self.book(subscription, ("2024-02-15", END, None), known_on=day("2024-03-01"))
        for as_of, running in (
            ("2022-01-14", 0),
            ("2022-01-15", 1),
            ("2024-02-15", 1),
            ("2024-02-29", 1),
            ("2024-03-01", 0),
        ):
            with self.subTest(as_of=as_of):
                customer._store_lives(day(as_of))
                self.assertTotals(customer, running_count=running)

    def test_store_touches_only_what_differs(self):
        """Invariant 2."""
        first = self.subscribe(self.partner, 10).customer_id
        second = self.subscribe(self.make_partner("Second"), 20).customer_id
        never = self.env["subscription.customer"]._ensure(
            self.make_partner("Never"), self.company
        )
        customers = first | second | never
        never._store_lives(self.as_of)
        before = self.versions(customers)
        customers._store_lives(self.as_of)
        self.assertEqual(self.versions(customers), before)
        second.mrr = 21
        self.env.flush_all()
        before = self.versions(customers)
        customers._store_lives(self.as_of)
        after = self.versions(customers)
        changed = {id_ for id_ in before if before[id_] != after[id_]}
        self.assertEqual(changed, {second.id})
        self.assertTotals(second, mrr=20)

    # --- successors -------------------------------------------------------------------

    def test_a_new_contract_continues_the_old_one(self):
        """It starts on the other's end or within the company's grace period."""
        self.company.subscription_grace_days = 3
        old = self.subscribe(self.partner, 10, "2023-01-15", "2024-01-15")
        new = self.subscribe(self.partner, 10, "2024-01-18", "2024-06-01")
        late = self.subscribe(self.partner, 10, "2024-06-05")
        self.assertEqual(new.predecessor_id, old)
        self.assertFalse(late.predecessor_id)
        self.assertFalse(old.predecessor_id)

    # --- deleting ---------------------------------------------------------------------

    def test_partner_with_history_cannot_be_deleted(self):
        contact = self.make_partner("Contact", self.partner)
        subscription = self.subscribe(contact, 10, "2023-01-15", "2024-01-15")
        for partner in (self.partner, contact):
            with self.assertRaisesRegex(UserError, "Archive"):
                partner.unlink()
            partner.action_archive()
            self.assertFalse(partner.active)
        self.assertTrue(subscription.customer_id.partner_id.exists())

    def test_partner_of_a_deleted_subscription_cannot_be_deleted(self):
        subscription = self.subscribe(self.partner)
        self.book(subscription, ("2024-02-15", DELETE, None))
        subscription.unlink()
        with self.assertRaisesRegex(UserError, "Customer.*Archive"):
            self.partner.unlink()

    def test_partner_without_history_can_be_deleted(self):
        customer = self.env["subscription.customer"]._ensure(self.partner, self.company)
        contact = self.make_partner("Contact")
        (self.partner | contact).unlink()
        self.assertFalse((self.partner | contact).exists())
        self.assertFalse(customer.exists())

    def test_customer_with_history_cannot_be_deleted(self):
        customer = self.subscribe(self.partner).customer_id
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(IntegrityError),
            self.env.cr.savepoint(),
        ):
            customer.unlink()
