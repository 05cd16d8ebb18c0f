# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo.exceptions import UserError
from odoo.tests import tagged

from ..analytics.ledger import (
    ARCHIVE,
    CHANGE,
    CHURN,
    CONTRACTION,
    CUSTOMER_CHANGE,
    DELETE,
    END,
    EXPANSION,
    NEUTRAL,
    NEW,
    PAUSE,
    REACTIVATION,
    RESUME,
    START,
    TRANSFER,
)
from .common import SubscriptionCase, day


@tagged("post_install", "-at_install")
class TestMovement(SubscriptionCase):
    """The ledger of records: facts that are booked, and what is derived from them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.partner = cls.make_partner("Customer", is_company=True)

    def rows(self, movements, *names):
        """Return values of movements, the oldest first."""
        movements = movements.sorted(lambda row: (row.date, row.id))
        return [tuple(row[name] for name in names) for row in movements]

    # --- facts ------------------------------------------------------------------------

    def test_what_a_row_says(self):
        self.get_currency("EUR", {"2024-01-01": 1.25, "2024-06-01": 2})
        subscription = self.make_subscription(self.partner, currency="EUR")
        movement = self.book(subscription, ("2024-03-01", START, 10))
        values = {
            "subscription_id": subscription,
            "subscription_res_id": subscription.id,
            "reference": subscription.display_name,
            "customer_id": self.customer(self.partner),
            "company_id": self.company,
            "date": day("2024-03-01"),
            "known_on": day("2024-03-01"),
            "event": START,
            "currency_id": subscription.currency_id,
            "running_delta": 1,
            "paused_delta": 0,
            "mrr_delta": 10,
            "mrr_effective_delta": 10,
            "company_rate": 1.25,
            "kind": NEW,
            "transfer_amount": 0,
        }
        self.assertEqual({name: movement[name] for name in values}, values)

    def test_facts_cannot_be_changed(self):
        """Not even by the superuser."""
        movement = self.subscribe(self.partner).movement_ids
        for name, value in (
            ("mrr_delta", 11),
            ("mrr_effective_delta", 11),
            ("running_delta", 2),
            ("paused_delta", 1),
            ("date", "2024-02-01"),
            ("known_on", "2024-02-01"),
            ("event", END),
            ("customer_id", False),
            ("company_id", False),
            ("currency_id", False),
            ("company_rate", 3),
            ("subscription_id", False),
            ("subscription_res_id", 1),
            ("reference", "Other"),
            ("import_id", False),
        ):
            with (
                self.subTest(field=name),
                self.assertRaisesRegex(UserError, "cannot be changed.*T-.*instead"),
            ):
                movement.sudo().write({name: value, "kind": CHURN})
        self.assertEqual((movement.mrr_delta, movement.kind), (10, NEW))

    def test_facts_cannot_be_deleted(self):
        movement = self.subscribe(self.partner).movement_ids
        with self.assertRaisesRegex(UserError, "cannot be deleted.*T-.*undo"):
            movement.sudo().unlink()
        self.assertTrue(movement.exists())

    def test_imported_facts_cannot_be_deleted(self):
        import_ = self.import_history({})
        with self.assertRaisesRegex(UserError, "cannot be deleted"):
            import_.movement_ids.sudo().unlink()
        import_.action_undo()
        self.assertFalse(import_.movement_ids)

    def test_derived_columns_can_be_set_again(self):
        movement = self.subscribe(self.partner).movement_ids
        movement.kind = EXPANSION
        movement.customer_id._classify_movements()
        self.assertEqual(movement.kind, NEW)

    def test_deleted_subscription_keeps_its_rows(self):
        subscription = self.subscribe(self.partner, 10)
        name, id_ = subscription.display_name, subscription.id
        self.book(subscription, ("2024-03-01", DELETE, None))
        movements = subscription.movement_ids
        subscription.unlink()
        self.assertEqual(
            self.rows(
                movements, "event", "mrr_delta", "reference", "subscription_res_id"
            ),
            [(START, 10, name, id_), (DELETE, -10, name, id_)],
        )
        self.assertFalse(movements.subscription_id)

    # --- kinds ------------------------------------------------------------------------

    def test_events_and_kinds_of_a_life(self):
        subscription = self.make_subscription(self.partner)
        paused = self.state(subscription, 8, paused=True)
        movements = self.book(
            subscription,
            ("2024-01-01", START, 10),
            ("2024-02-01", CHANGE, 15),
            ("2024-03-01", CHANGE, 8),
            ("2024-04-01", PAUSE, paused),
            ("2024-05-01", RESUME, 8),
            ("2024-06-01", END, None),
            ("2024-07-01", START, 20),
            ("2024-08-01", ARCHIVE, None),
        )
        self.assertEqual(
            self.rows(
                movements,
                "event",
                "kind",
                "running_delta",
                "paused_delta",
                "mrr_delta",
                "mrr_effective_delta",
            ),
            [
                (START, NEW, 1, 0, 10, 10),
                (CHANGE, EXPANSION, 0, 0, 5, 5),
                (CHANGE, CONTRACTION, 0, 0, -7, -7),
                (PAUSE, NEUTRAL, 0, 1, 0, -8),
                (RESUME, NEUTRAL, 0, -1, 0, 8),
                (END, CHURN, -1, 0, -8, -8),
                (START, REACTIVATION, 1, 0, 20, 20),
                (ARCHIVE, CHURN, -1, 0, -20, -20),
            ],
        )
        self.assertEqual(subscription.mrr, 0)
        self.assertEqual(subscription.first_start_date, day("2024-01-01"))
        self.assertEqual(subscription.end_date, day("2024-08-01"))

    def test_a_row_that_joins_a_day_changes_its_kinds(self):
        """One subscription ends on the day another one starts: no churn, no new."""
        old = self.subscribe(self.partner, 30, "2023-01-01", "2024-01-01")
        self.assertEqual(old.movement_ids.sorted("date")[1].kind, CHURN)
        new = self.subscribe(self.partner, 50, "2024-01-01")
        movements = (old | new).movement_ids.filtered(
            lambda row: row.date == day("2024-01-01")
        )
        self.assertEqual(
            self.rows(movements, "event", "kind", "transfer_amount"),
            [(END, TRANSFER, -30), (START, EXPANSION, 30)],
        )
        report = self.env["subscription.movement.report"]
        self.assertEqual(
            dict(
                report._read_group(
                    [("movement_id", "in", movements.ids)], ["kind"], ["amount:sum"]
                )
            ),
            {TRANSFER: 0, EXPANSION: 20},
        )

    def test_a_row_in_the_past_changes_later_kinds(self):
        self.subscribe(self.partner, 30, "2024-01-01")
        early = self.subscribe(self.partner, 5, "2023-01-01")
        self.assertEqual(
            self.rows(early.customer_id.movement_ids, "kind"), [(NEW,), (EXPANSION,)]
        )

    def test_kinds_are_of_one_customer(self):
        """Another customer, or this one in another company, has no part in them."""
        company = self.make_company("Second Company")
        self.subscribe(self.partner, 30, "2023-01-01", "2024-01-01")
        elsewhere = self.subscribe(self.partner, 30, "2024-01-01", company=company)
        another = self.subscribe(self.make_partner("Another"), 30, "2024-01-01")
        self.assertEqual(elsewhere.movement_ids.kind, NEW)
        self.assertEqual(another.movement_ids.kind, NEW)
        self.assertEqual(
            self.rows(self.customer(self.partner).movement_ids, "kind"),
            [(NEW,), (CHURN,)],
        )

    def test_change_of_customer(self):
        """The MRR leaves one customer and comes to the other, running all the time."""
        subscription = self.subscribe(self.partner, 10)
        old = subscription.customer_id
        new = old._ensure(self.make_partner("New"), self.company)
        subscription.customer_id = new
        state = self.state(subscription, 10)
        movements = self.book(subscription, ("2024-03-01", CUSTOMER_CHANGE, state))
        self.assertEqual(
            self.rows(movements, "customer_id", "event", "kind", "mrr_delta"),
            [(old, CUSTOMER_CHANGE, CHURN, -10), (new, CUSTOMER_CHANGE, NEW, 10)],
        )
        self.assertEqual(
            (subscription.mrr, subscription.end_date, subscription.is_running),
            (10, False, True),
        )

    # --- what is known when -----------------------------------------------------------

    def test_correction_is_known_on_its_day(self):
        """A later correction adds rows, and leaves what was known before alone."""
        subscription = self.subscribe(self.partner, 10, "2024-01-15")
        before = self.versions(subscription.movement_ids)
        correction = self.book(
            subscription, ("2024-02-15", CHANGE, 12), known_on=day("2024-05-01")
        )
        self.assertEqual(
            self.rows(correction, "date", "known_on", "mrr_delta"),
            [(day("2024-02-15"), day("2024-05-01"), 2)],
        )
        after = self.versions(subscription.movement_ids)
        self.assertEqual({id_: after[id_] for id_ in before}, before)
        for as_of, mrr in (("2024-04-30", 10), ("2024-05-01", 12)):
            subscription.customer_id._store_lives(day(as_of))
            self.assertEqual(subscription.mrr, mrr)

    def test_repeated_booking_adds_nothing(self):
        subscription = self.subscribe(self.partner, 10, "2024-01-15")
        steps = [("2024-01-15", START, 10)]
        self.assertFalse(self.book(subscription, *steps))
        before = self.versions(subscription)
        self.assertFalse(self.book(subscription, *steps))
        self.assertEqual(self.versions(subscription), before)

    def test_change_of_currency(self):
        """One leg ends and another starts; the customer has neither left nor come."""
        self.get_currency("EUR", {"2024-01-01": 2})
        subscription = self.subscribe(self.partner, 10)
        subscription.pricelist_id = self.get_pricelist("EUR")
        movements = self.book(subscription, ("2024-03-01", CHANGE, 5))
        self.assertEqual(
            self.rows(movements, "event", "mrr_delta", "kind"),
            [(END, -10, TRANSFER), (START, 5, TRANSFER)],
        )
        self.assertEqual(subscription.mrr, 5)
        self.assertEqual(subscription.mrr_company, 10)
        self.assertFalse(subscription.end_date)
        self.assertEqual(subscription.customer_id.running_count, 1)

    # --- the sum of it ----------------------------------------------------------------

    def test_summary(self):
        company = self.make_company("Second Company")
        self.subscribe(self.partner, 999, company=company)
        self.get_currency("EUR", {"2023-01-01": 2, "2024-06-01": 3})
        self.subscribe(self.partner, 10, "2023-03-01", "2024-03-01")
        self.subscribe(self.partner, 20, "2024-03-01")
        self.subscribe(self.make_partner("Two"), 5, "2024-02-01", currency="EUR")
        self.subscribe(self.make_partner("Gone"), 7, "2023-02-01", "2023-12-01")
        self.subscribe(self.make_partner("Trial"), 0, "2024-04-01")
        summary = self.env["subscription.movement"]._summary(
            self.company, day("2024-06-30")
        )
        movements = summary.pop("movements")
        self.assertEqual(
            summary,
            {
                "customers": 4,
                "active_customers": 3,
                "running": 3,
                "ended": 2,
                "contracted": 35,
                "effective": 35,
            },
        )
        self.assertEqual(
            movements,
            [
                ("New", 1, 10),
                ("Reactivation", 0, 0),
                ("Expansion", 1, 10),
                ("Contraction", 0, 0),
                ("Churn", 1, -7),
            ],
        )
