# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import SQL

from ..hooks import post_init_hook
from .common import SubscriptionCase, day

IN_PROGRESS = "subscription_oca.subscription_stage_in_progress"
CLOSED = "subscription_oca.subscription_stage_closed"


@tagged("post_install", "-at_install")
class TestBackfill(SubscriptionCase):
    """What old records say of subscriptions is booked once, whatever stops it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Subscriptions that change before it is done are left to it.
        cls.backfill = cls.env["subscription.backfill"].create(
            {"company_id": cls.company.id}
        )
        cls.partner = cls.make_partner("Ada")
        cls.journal = cls.open_books(cls.company)
        cls.receivable = cls.partner.property_account_receivable_id
        cls.product = cls.env["product.product"].create(
            {"name": "Seat", "type": "service", "taxes_id": False}
        )

    @classmethod
    def open_books(cls, company):
        """Return the journal of sales of a company that may bill the partner."""
        receivable, income = cls.env["account.account"].create(
            [
                {
                    "name": account_type,
                    "code_mapping_ids": [
                        Command.create({"company_id": company.id, "code": code})
                    ],
                    "account_type": account_type,
                    "company_ids": [Command.set(company.ids)],
                }
                for code, account_type in (
                    ("100", "asset_receivable"),
                    ("400", "income"),
                )
            ]
        )
        partner = cls.partner.with_company(company)
        partner.property_account_receivable_id = receivable
        return cls.env["account.journal"].create(
            {
                "name": "Sales",
                "code": "SAL",
                "type": "sale",
                "company_id": company.id,
                "default_account_id": income.id,
            }
        )

    # --- what databases are full of ---------------------------------------------------

    def make_old(self, price=10, stage=IN_PROGRESS, **values):
        """Return a subscription that runs since 2024-01-15, by its start date only."""
        subscription = self.make_subscription(
            self.partner,
            sale_subscription_line_ids=[
                Command.create(
                    {
                        "product_id": self.product.id,
                        "price_unit": price,
                        "tax_ids": False,
                    }
                )
            ],
            **values,
        )
        subscription.write({"stage_id": self.env.ref(stage).id})
        subscription.date_start = day("2024-01-15")
        return subscription

    def bill(
        self, when, *prices, subscription=False, lines=(), post=True, journal=None
    ):
        """Return an invoice of a day, with lines or for lines of orders."""
        journal = journal or self.journal
        Move = self.env["account.move"].with_context(
            allowed_company_ids=journal.company_id.ids
        )
        invoice = Move.create(
            {
                "move_type": "out_invoice",
                "partner_id": self.partner.id,
                "journal_id": journal.id,
                "invoice_date": when,
                "subscription_id": subscription and subscription.id,
                "invoice_line_ids": [
                    Command.create(
                        {"name": "Seat", "price_unit": price, "tax_ids": False}
                    )
                    for price in prices
                ]
                + [
                    Command.create(
                        {
                            "name": line.name,
                            "price_unit": line.price_unit,
                            "tax_ids": False,
                            "sale_line_ids": [Command.link(line.id)],
                        }
                    )
                    for line in lines
                ],
            }
        )
        if post:
            invoice.action_post()
        return invoice

    def refund(self, invoice, price):
        refund = invoice._reverse_moves([{"invoice_date": invoice.invoice_date}])
        refund.invoice_line_ids.price_unit = price
        refund.action_post()

    def order(self, *products, **values):
        return self.env["sale.order"].create(
            {
                "partner_id": self.partner.id,
                "company_id": self.company.id,
                "order_line": [
                    Command.create(
                        {
                            "product_id": product.id,
                            "price_unit": price,
                            "tax_ids": False,
                        }
                    )
                    for product, price in products
                ],
                **values,
            }
        )

    def stage(self, xmlid):
        return {"stage_id": self.env.ref(xmlid).id}

    # --- looking ----------------------------------------------------------------------

    def work(self, limit=500):
        while self.backfill._work(limit):
            pass

    def story(self, subscription):
        """Return what the ledger says of a subscription."""
        return [
            (str(row.date), row.event, row.mrr_delta, row.origin, row.reason)
            for row in subscription.movement_ids.sorted(lambda row: (row.date, row.id))
        ]

    # --- evidence ---------------------------------------------------------------------

    def test_without_any_record_the_start_date_counts(self):
        subscription = self.make_old(12)
        self.work()
        self.assertEqual(
            self.story(subscription),
            [("2024-01-15", "start", 12, "assumed", "start date, lines now")],
        )
        self.assertTrue(subscription.is_running)
        self.assertEqual(subscription.mrr, 12)
        self.assertEqual(subscription.customer_id, self.customer(self.partner))
        self.assertEqual(subscription.movement_ids.known_on, day("2024-01-15"))

    def test_invoices_of_the_subscription(self):
        subscription = self.make_old(12)
        self.bill("2024-02-01", 6, 2, subscription=subscription)
        self.bill("2024-03-01", 12, subscription=subscription)
        self.bill("2024-04-01", 99, subscription=subscription, post=False)
        self.work()
        self.assertEqual(
            self.story(subscription),
            [
                ("2024-02-01", "start", 8, "invoiced", "invoice of 2024-02-01"),
                ("2024-03-01", "change", 4, "invoiced", "invoice of 2024-03-01"),
            ],
        )

    def test_invoices_of_its_orders_count_with_its_own_lines(self):
        subscription, other = self.make_old(12), self.make_old(12)
        orders = [
            self.order((self.product, price), order_subscription_id=sub.id)
            for sub, price in ((subscription, 8), (other, 30))
        ]
        self.bill("2024-02-01", lines=[line for o in orders for line in o.order_line])
        self.work()
        self.assertEqual(self.story(subscription)[0][:3], ("2024-02-01", "start", 8))
        self.assertEqual(self.story(other)[0][:3], ("2024-02-01", "start", 30))

    def test_the_order_that_sold_it_counts_with_the_lines_of_its_plan(self):
        yearly = self.make_plan("Yearly", unit="years")
        sold = [
            self.env["product.product"].create(
                {
                    "name": name,
                    "type": "service",
                    "subscribable": bool(plan),
                    "subscription_template_id": plan and plan.id,
                }
            )
            for name, plan in (("Set-up", False), ("Seat", self.plan), ("Site", yearly))
        ]
        order = self.order(*zip(sold, (500, 8, 120), strict=True))
        seat = self.make_old(8, sale_order_id=order.id)
        site = self.make_old(120, sale_order_id=order.id, template_id=yearly.id)
        self.bill("2024-02-01", lines=order.order_line)
        self.work()
        self.assertEqual(
            self.story(seat),
            [("2024-02-01", "start", 8, "invoiced", "invoice of 2024-02-01")],
        )
        self.assertEqual(
            self.story(site),
            [("2024-02-01", "start", 10, "invoiced", "invoice of 2024-02-01")],
        )

    def test_one_that_an_order_of_another_one_created_never_ran(self):
        first = self.make_old(12)
        order = self.order((self.product, 12), order_subscription_id=first.id)
        others = self.make_old(12, sale_order_id=order.id)
        others |= self.make_old(12, sale_order_id=order.id, stage=CLOSED)
        self.work()
        self.assertFalse(others.movement_ids)
        self.assertEqual(self.backfill.done_count, 3)

    def test_an_invoice_that_was_reversed_tells_nothing(self):
        subscription = self.make_old(12)
        self.refund(self.bill("2024-02-01", 99, subscription=subscription), 99)
        self.refund(self.bill("2024-03-01", 12, subscription=subscription), 5)
        self.work()
        self.assertEqual(
            self.story(subscription),
            [("2024-03-01", "start", 12, "invoiced", "invoice of 2024-03-01")],
        )

    def test_a_refund_that_was_only_reconciled_reverses_too(self):
        subscription = self.make_old(12)
        invoice = self.bill("2024-02-01", 99, subscription=subscription)
        refund = invoice._reverse_moves([{"invoice_date": invoice.invoice_date}])
        refund.reversed_entry_id = False
        refund.action_post()
        lines = (invoice | refund).line_ids
        lines.filtered(lambda line: line.account_id == self.receivable).reconcile()
        self.work()
        self.assertEqual(self.story(subscription)[0][:3], ("2024-01-15", "start", 12))

    def test_invoices_of_another_company_tell_nothing(self):
        """Invariant 4, and it would be an amount in another currency."""
        subscription = self.make_old(12)
        other = self.open_books(self.make_company("Second Company", "EUR"))
        invoice = self.bill("2024-02-01", 99, subscription=subscription, journal=other)
        self.assertEqual(invoice.currency_id.name, "EUR")
        self.work()
        self.assertEqual(
            self.story(subscription),
            [("2024-01-15", "start", 12, "assumed", "start date, lines now")],
        )

    def test_refunds_of_another_company_reverse_nothing(self):
        subscription = self.make_old(12)
        invoice = self.bill("2024-02-01", 12, subscription=subscription)
        other = self.open_books(self.make_company("Second Company", "EUR"))
        foreign = self.bill("2024-02-01", 99, subscription=subscription, journal=other)
        refund = foreign._reverse_moves([{"invoice_date": foreign.invoice_date}])
        refund.action_post()
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                "UPDATE account_move SET reversed_entry_id = %s WHERE id = %s",
                invoice.id,
                refund.id,
            )
        )
        self.work()
        self.assertEqual(self.story(subscription)[0][:3], ("2024-02-01", "start", 12))

    def test_an_invoice_in_a_foreign_currency_tells_a_day_and_no_amount(self):
        """In that of the company it tells the amount of lines in another one."""
        self.get_currency("EUR", {"2024-01-01": 2})
        pound = self.get_currency("GBP", {"2024-01-01": 3})
        subscription = self.make_old(12, currency="EUR")
        invoice = self.bill("2024-02-01", 99, subscription=subscription, post=False)
        invoice.currency_id = pound
        invoice.action_post()
        self.bill("2024-03-01", 8, subscription=subscription)
        self.work()
        self.assertEqual(
            [row[:4] for row in self.story(subscription)],
            [
                ("2024-02-01", "start", 8, "invoiced"),
                (str(subscription.create_date.date()), "change", 4, "assumed"),
            ],
        )
        euro = self.get_currency("EUR")
        self.assertEqual(subscription.movement_ids.currency_id, euro)

    def test_changes_of_stage_and_pauses_are_tracked_in_the_company_s_zone(self):
        self.company.partner_id.tz = "America/New_York"
        subscription = self.make_old(
            12, stage="subscription_oca.subscription_stage_draft"
        )
        self.tracked("2024-02-02 03:00", subscription, **self.stage(IN_PROGRESS))
        self.tracked("2024-03-03 12:00", subscription, is_paused=True)
        self.tracked("2024-04-04 12:00", subscription, is_paused=False)
        self.tracked("2024-05-06 02:00", subscription, **self.stage(CLOSED))
        self.work()
        self.assertEqual(
            self.story(subscription),
            [
                ("2024-02-01", "start", 12, "assumed", "stage, lines now"),
                ("2024-03-03", "pause", 0, "tracked", "pause"),
                ("2024-04-04", "resume", 0, "tracked", "pause"),
                ("2024-05-05", "end", -12, "tracked", "stage"),
            ],
        )
        self.assertEqual(subscription.end_date, day("2024-05-05"))

    def test_a_stage_that_was_deleted_tells_nothing(self):
        trial = self.env["sale.subscription.stage"].create(
            {"name": "Trial", "type": "in_progress"}
        )
        subscription = self.make_old(
            12, stage="subscription_oca.subscription_stage_draft"
        )
        self.tracked("2024-02-01", subscription, stage_id=trial.id)
        self.tracked("2024-03-01", subscription, **self.stage(IN_PROGRESS))
        trial.unlink()
        self.work()
        self.assertEqual(self.story(subscription)[0][:2], ("2024-03-01", "start"))

    def test_an_archived_one_ended(self):
        subscription = self.make_old(12)
        subscription.active = False
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                "UPDATE sale_subscription SET write_date = %s WHERE id = %s",
                "2024-06-06 12:00:00",
                subscription.id,
            )
        )
        self.work()
        self.assertEqual(
            [row[:3] for row in self.story(subscription)],
            [("2024-01-15", "start", 12), ("2024-06-06", "archive", -12)],
        )
        self.assertFalse(subscription.is_running)

    def test_a_draft_has_no_history_and_its_partner_is_no_customer(self):
        newcomer = self.make_partner("Newcomer")
        draft = self.make_subscription(self.partner)
        draft.write({"partner_id": newcomer.id, "customer_id": False})
        self.work()
        self.assertFalse(draft.movement_ids)
        self.assertFalse(self.customer(newcomer))

    # --- step by step -----------------------------------------------------------------

    def test_it_goes_on_where_it_was_stopped_and_never_twice(self):
        subscriptions = self.env["sale.subscription"].union(
            *(self.make_old(price) for price in range(5))
        )
        self.assertEqual(self.backfill._work(2), 3)
        self.assertEqual(self.backfill.state, "running")
        self.assertEqual(self.backfill.progress, 40)
        self.work(2)
        self.assertEqual(self.backfill.state, "done")
        self.assertEqual(self.backfill.done_count, 5)
        self.assertEqual(subscriptions.mapped("mrr"), [0, 1, 2, 3, 4])
        before = self.versions(subscriptions), self.versions(subscriptions.movement_ids)
        self.backfill = self.backfill._start(self.company)
        self.work()
        self.assertEqual(self.backfill.total, 0)
        after = self.versions(subscriptions), self.versions(subscriptions.movement_ids)
        self.assertEqual(before, after)

    def test_history_that_the_ledger_knows_is_left_alone(self):
        known = self.subscribe(self.partner, 10)
        self.bill("2023-12-01", 8, subscription=known)
        self.work()
        self.assertEqual(known.movement_ids.mapped("origin"), ["recorded"])

    def test_other_companies_are_left_alone(self):
        """Invariant 4."""
        other = self.make_subscription(
            self.partner, company=self.make_company("Second Company")
        )
        other.write(self.stage(IN_PROGRESS))
        other_rows = other.movement_ids
        self.work()
        self.assertEqual(other.movement_ids, other_rows)

    def test_one_that_fails_is_named_and_stops_no_other(self):
        """Invariant 9."""
        # Its periods end beyond the calendar.
        endless = self.make_plan("Endless", interval=9999, unit="years")
        good, bad, also_good = (
            self.make_old(12, template_id=plan.id)
            for plan in (self.plan, endless, self.plan)
        )
        self.bill("2024-02-01", 8, subscription=bad)
        bad.write(self.stage(CLOSED))
        self.work()
        failure = self.backfill.failure_ids
        self.assertEqual(failure.subscription_id, bad)
        self.assertIn("year", failure.error)
        self.assertEqual(self.backfill.state, "done")
        self.assertEqual(self.backfill.done_count, 2)
        self.assertTrue(good.is_running and also_good.is_running)
        bad.template_id = self.plan
        self.backfill = self.backfill._start(self.company)
        self.work()
        self.assertFalse(self.backfill.failure_ids)
        self.assertEqual(self.story(bad)[0][:3], ("2024-02-01", "start", 8))

    def test_what_it_will_still_take_is_left_to_it(self):
        first, second = self.make_old(1), self.make_old(2)
        known = self.subscribe(self.partner, 10)
        self.assertEqual((first | second | known)._left_to_backfill(), first | second)
        self.assertFalse((first | second)._reconcile())
        self.backfill._work(1)
        self.assertEqual((first | second)._left_to_backfill(), second)
        self.work()
        self.assertFalse((first | second)._left_to_backfill())

    def test_what_failed_is_left_to_it_until_it_is_run_again(self):
        endless = self.make_plan("Endless", interval=9999, unit="years")
        bad = self.make_old(12, template_id=endless.id)
        self.bill("2024-02-01", 8, subscription=bad)
        bad.write(self.stage(CLOSED))
        self.work()
        self.assertEqual(self.backfill.failure_ids.subscription_id, bad)
        good = self.make_old(10)
        bad.template_id = self.plan
        bad.write(self.stage(IN_PROGRESS))
        (bad | good)._reconcile("reconciled")
        self.assertTrue(good.movement_ids)
        self.assertFalse(bad.movement_ids)
        action = self.backfill.action_run_again()
        self.backfill = self.backfill.browse(action["res_id"])
        self.assertEqual(self.backfill.total, 1)
        self.work()
        self.assertEqual(self.story(bad)[0][:3], ("2024-02-01", "start", 8))

    def test_what_failed_once_and_has_no_history_is_not_left_to_it_for_ever(self):
        draft = self.open_subscription(self.partner)
        self.env["subscription.backfill.failure"].create(
            {
                "backfill_id": self.backfill.id,
                "subscription_id": draft.id,
                "reference": draft.name,
            }
        )
        self.work()
        self.assertEqual(draft._left_to_backfill(), draft)
        self.backfill = self.backfill._start(self.company)
        self.work()
        self.assertFalse(draft._left_to_backfill())
        draft.action_start_subscription()
        self.env.cr.flush()
        self.assertEqual(draft.movement_ids.event, "start")

    def test_the_scheduled_job_finishes_it(self):
        subscription = self.make_old(12)
        job = "subscription_segmentation.ir_cron_subscription_backfill"
        with self.enter_registry_test_mode():
            self.env.ref(job).method_direct_trigger()
        self.env.invalidate_all()
        self.assertEqual(self.backfill.state, "done")
        self.assertTrue(subscription.is_running)

    def test_installing_starts_it_where_there_are_subscriptions(self):
        empty, old = self.make_company("Empty"), self.make_company("Old")
        archived = self.make_subscription(self.partner, company=old)
        archived.active = False
        self.backfill.state = "done"
        unfinished = [("state", "!=", "done")]
        self.backfill.search(unfinished).unlink()
        post_init_hook(self.env)
        companies = self.backfill.search(unfinished).company_id
        self.assertIn(old, companies)
        self.assertNotIn(empty, companies)

    # --- people -----------------------------------------------------------------------

    def test_a_manager_watches_it_and_runs_it_again(self):
        self.make_old(12)
        seat = self.make_old(10)
        self.bill("2024-02-01", 10, subscription=seat)
        mine = self.as_user(self.backfill, self.make_user("manager"))
        mine.action_continue()
        self.work()
        found = mine.read(["invoiced_count", "tracked_count", "assumed_count"])[0]
        found.pop("id")
        self.assertEqual(
            found, {"invoiced_count": 1, "tracked_count": 0, "assumed_count": 1}
        )
        action = mine.action_open_movements()
        shown = mine.env[action["res_model"]].search(action["domain"])
        self.assertEqual(len(shown), 2)
        again = self.backfill.browse(mine.action_run_again()["res_id"])
        self.assertEqual((again.state, again.total), ("todo", 0))

    def test_others_do_not_see_it(self):
        with self.assertRaises(AccessError):
            self.as_user(self.backfill, self.make_user("user")).action_continue()
        foreign = self.make_user("manager", self.make_company("Second Company"))
        self.assertFalse(self.as_user(self.backfill, foreign).search([]))

    def test_days_do_not_lie_ahead(self):
        """An invoice made ahead of its period does not start it yet."""
        subscription = self.make_old(12)
        today = self.company._subscription_today()
        self.bill(today + timedelta(days=20), 99, subscription=subscription)
        self.work()
        self.assertEqual(subscription.mrr, 12)
        self.assertEqual(len(subscription.movement_ids), 1)
