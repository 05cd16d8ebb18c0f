# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Comparing all subscriptions with the ledger finds what no hook has seen."""

from freezegun import freeze_time
from psycopg2.errors import SerializationFailure

from odoo import SUPERUSER_ID, api
from odoo.sql_db import db_connect
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..analytics.ledger import (
    ARCHIVE,
    CHANGE,
    CUSTOMER_CHANGE,
    DELETE,
    END,
    PAUSE,
    RESUME,
    START,
)
from .common import day
from .test_live_history import LATER, TODAY, LiveCase, on


@tagged("post_install", "-at_install")
@freeze_time(f"{TODAY} 12:00:00")
class TestReconciliation(LiveCase):
    def change(self, records, **values):
        """Write behind the back of all hooks, as a migration or the ORM itself does."""
        records.flush_recordset()
        for name, value in values.items():
            self.env.cr.execute(
                f"UPDATE {records._table} SET {name} = %s WHERE id = ANY(%s)",
                (value, records.ids),
            )
        records.invalidate_recordset()

    def reconcile(self, subscriptions=None, company=None):
        Subscription = self.env["sale.subscription"]
        if subscriptions is None:
            subscriptions = Subscription._to_reconcile(company or self.company)
        return subscriptions._reconcile("reconciled")

    def assertFound(self, subscription, event, delta, reason):
        """The reconciliation of another day books one movement, and then no more."""
        with on(LATER):
            movement = self.reconcile()
            self.assertEqual(
                (movement.date, movement.known_on, movement.event, movement.mrr_delta),
                (day(LATER), day(LATER), event, delta),
            )
            self.assertEqual((movement.origin, movement.reason), ("reconciled", reason))
            self.assertEqual(movement.subscription_res_id, subscription.id)
            self.assertFalse(self.reconcile())

    def test_price(self):
        subscription = self.start()
        self.change(subscription.sale_subscription_line_ids, price_subtotal=12.5)
        self.assertFound(subscription, CHANGE, 2.5, "MRR 10.00 → 12.50")
        self.assertEqual((subscription.mrr, subscription.customer_id.mrr), (12.5, 12.5))

    def test_orphaned_lines_do_not_count(self):
        """subscription_oca leaves lines behind when they are cleared."""
        subscription = self.start()
        line = subscription.sale_subscription_line_ids
        self.change(line, sale_subscription_id=None)
        self.assertFound(subscription, CHANGE, -10, "MRR 10.00 → 0.00")
        self.assertTrue(subscription.is_running)

    def test_stage_that_begins_to_count(self):
        """Nobody wrote on the subscription, its stage became one of progress."""
        stage = self.env["sale.subscription.stage"].create({"name": "S", "type": "pre"})
        subscription = self.open_subscription(self.partner, stage_id=stage.id)
        self.env.cr.flush()
        self.change(subscription, date_start=TODAY)
        stage.type = "in_progress"
        self.assertFound(subscription, START, 10, "started")
        self.assertEqual(subscription.customer_id, self.customer(self.partner))

    def test_start_that_has_come(self):
        subscription = self.open_subscription(
            self.partner,
            date_start="2025-04-01",
            stage_id=self.get_stage("in_progress").id,
        )
        self.assertFalse(self.reconcile())
        self.assertFound(subscription, START, 10, "started")

    def test_end(self):
        subscription = self.start()
        self.change(subscription, stage_id=self.get_stage("post").id)
        self.assertFound(subscription, END, -10, "ended")

    def test_archived(self):
        subscription = self.start()
        self.change(subscription, active=False)
        self.assertFound(subscription, ARCHIVE, -10, "ended")

    def test_deleted(self):
        subscription = self.start()
        name = subscription.display_name
        self.env.cr.execute(
            "DELETE FROM sale_subscription WHERE id = %s", (subscription.id,)
        )
        self.env.invalidate_all()
        self.assertFound(subscription, DELETE, -10, "ended")
        customer = self.customer(self.partner)
        self.assertEqual(set(customer.movement_ids.mapped("reference")), {name})
        self.assertEqual((customer.mrr, customer.running_count), (0, 0))

    def test_paused_and_resumed(self):
        subscription = self.start()
        self.change(subscription, is_paused=True)
        self.assertFound(subscription, PAUSE, 0, "paused")
        self.assertEqual(subscription.mrr_effective, 0)
        self.change(subscription, is_paused=False)
        with on("2025-05-01"):
            self.assertEqual(
                (self.reconcile().event, subscription.mrr_effective), (RESUME, 10)
            )

    def test_customer(self):
        subscription = self.start()
        other = self.make_partner("Other")
        self.change(subscription, partner_id=other.id)
        with on(LATER):
            movements = self.reconcile()
        self.assertEqual(
            sorted(
                (row.customer_id.partner_id.name, row.event, row.mrr_delta, row.reason)
                for row in movements
            ),
            [
                ("Customer", CUSTOMER_CHANGE, -10, "customer"),
                ("Other", CUSTOMER_CHANGE, 10, "customer"),
            ],
        )
        self.assertEqual(self.customer(self.partner).mrr, 0)

    def test_currency_of_the_price_list(self):
        """The ORM computes it on the subscription again without calling write.

        Not at once, as subscription_oca depends on the choice of the list alone.
        """
        self.get_currency("EUR", {"2024-01-01": 2})
        subscription = self.start()
        euro = self.get_currency("EUR")
        subscription.pricelist_id.currency_id = euro
        self.env.add_to_compute(subscription._fields["currency_id"], subscription)
        self.env.cr.flush()
        self.assertEqual(subscription.currency_id, euro)
        with on(LATER):
            movements = self.reconcile()
            self.assertEqual(
                sorted((row.event, row.mrr_delta, row.reason) for row in movements),
                [(END, -10, "currency"), (START, 10, "currency")],
            )
            self.assertFalse(self.reconcile())

    def test_company(self):
        """Found from where it was, with what it is elsewhere."""
        other = self.make_company("Second Company", "EUR")
        subscription = self.start()
        self.change(subscription, company_id=other.id)
        with on(LATER):
            movements = self.reconcile()
            self.assertFalse(self.reconcile(company=other))
        self.assertEqual(
            sorted((row.company_id.name, row.mrr_delta) for row in movements),
            [("First Company", -10), ("Second Company", 10)],
        )

    def test_several_at_once(self):
        """Also of two companies; other customers are left alone."""
        other = self.make_company("Second Company")
        subscriptions = [
            self.start(10),
            self.start(20, company=other),
            self.start(30),
            self.start(40, partner=self.make_partner("Other")),
        ]
        changed, elsewhere, same, of_other = subscriptions
        self.change(changed.sale_subscription_line_ids, price_subtotal=11)
        self.change(elsewhere.sale_subscription_line_ids, price_subtotal=22)
        union = self.env["sale.subscription"].union(*subscriptions)
        before = self.versions(union)
        customer = self.versions(of_other.customer_id)
        with on(LATER):
            movements = self.reconcile(union)
        self.assertEqual(
            {row.subscription_id: row.mrr_delta for row in movements},
            {changed: 1, elsewhere: 2},
        )
        after = self.versions(union)
        self.assertEqual(after[of_other.id], before[of_other.id])
        self.assertNotEqual(after[changed.id], before[changed.id])
        self.assertEqual(self.versions(of_other.customer_id), customer)
        self.assertEqual(same.mrr, 30)

    def test_what_agrees_is_left_alone(self):
        """Running, paused, ended, archived, deleted, draft, free and imported."""
        self.start()
        self.start(0)
        self.start().action_pause()
        self.start().close_subscription()
        self.start().action_archive()
        self.start().unlink()
        self.open_subscription(self.partner)
        self.import_history(
            {"start_date": "2024-01-15"},
            {
                "subscription_ref": "S-2",
                "start_date": "2024-01-15",
                "end_date": "2024-06-01",
                "mrr": "9.99",
            },
            as_of=day(TODAY),
        )
        self.subscribe(self.partner, 33.33, "2024-05-01")
        self.subscribe(self.partner, 33.33, "2024-05-01", "2024-06-01")
        self.env.cr.flush()
        tables = [
            self.env[name].with_context(active_test=False).search([])
            for name in (
                "sale.subscription",
                "subscription.customer",
                "subscription.movement",
            )
        ]
        before = [self.versions(records) for records in tables]
        with on(LATER):
            self.assertFalse(self.reconcile())
        self.assertEqual([self.versions(records) for records in tables], before)
        self.assertFalse(self.env["subscription.movement"].search([]) - tables[2])

    def test_what_was_changed_by_hand_wins_over_the_file(self):
        """An imported subscription lives on here."""
        import_ = self.import_history({"start_date": "2024-01-15"}, as_of=day(TODAY))
        subscription = import_.line_ids.subscription_id
        subscription = self.env["sale.subscription"].browse(subscription.id)
        with on(LATER):
            subscription.sale_subscription_line_ids.price_unit = 15
            self.assertBooked(
                subscription, ("2024-01-15", START, 10), (LATER, CHANGE, 5)
            )
        self.assertEqual(
            self.booked(subscription, "origin"), [("imported",), ("recorded",)]
        )


@tagged("post_install", "-at_install")
class TestSameCustomerTwice(LiveCase):
    def test_two_make_the_same_customer(self):
        """The second one is asked to repeat its transaction, as Odoo does by itself."""
        connection = db_connect(self.env.cr.dbname)
        with connection.cursor() as first, connection.cursor() as second:
            ids = []
            try:
                for cr in (first, second):
                    env = api.Environment(cr, SUPERUSER_ID, {})
                    partner = env.ref("base.partner_root")
                    company = env.ref("base.main_company")
                    ensure = env["subscription.customer"]._ensure
                    if cr is first:
                        second.execute("SELECT 1")  # its snapshot is of before
                        ids = ensure(partner, company).ids
                        cr.commit()  # pylint: disable=invalid-commit
                        continue
                    with (
                        mute_logger("odoo.sql_db"),
                        self.assertRaises(SerializationFailure),
                    ):
                        ensure(partner, company)
                    cr.rollback()
                    self.assertEqual(ensure(partner, company).ids, ids)
            finally:
                second.rollback()
                first.execute(
                    "UPDATE res_partner SET subscription_customer_id = NULL"
                    " WHERE commercial_partner_id IN ("
                    "SELECT partner_id FROM subscription_customer WHERE id = ANY(%s))",
                    (ids,),
                )
                first.execute(
                    "DELETE FROM subscription_customer WHERE id = ANY(%s)", (ids,)
                )
                first.commit()  # pylint: disable=invalid-commit
