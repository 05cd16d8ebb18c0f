# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What people do to subscriptions is booked as they do it."""

import logging

from freezegun import freeze_time

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from ..analytics.ledger import (
    ARCHIVE,
    CHANGE,
    CHURN,
    CUSTOMER_CHANGE,
    DELETE,
    END,
    EXPANSION,
    NEW,
    PAUSE,
    REACTIVATION,
    RESUME,
    START,
    TRANSFER,
)
from ..models import sale_subscription_template
from .common import SubscriptionCase, day

TODAY = "2025-03-10"
LATER = "2025-04-20"
LOGGER = "odoo.addons.subscription_segmentation.models.sale_subscription_ledger"


def on(text):
    """Do something on another day."""
    return freeze_time(f"{text} 12:00:00")


@freeze_time(f"{TODAY} 12:00:00")
class LiveCase(SubscriptionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.partner = cls.make_partner("Customer", is_company=True)

    def start(self, price=10, partner=None, **values):
        """Return a subscription that started today."""
        subscription = self.open_subscription(partner or self.partner, price, **values)
        subscription.action_start_subscription()
        self.env.cr.flush()
        return subscription

    def booked(self, subscription, *names):
        """Return values of the movements of a subscription, in order of booking."""
        self.env.cr.flush()
        rows = self.env["subscription.movement"].search(
            [("subscription_res_id", "in", subscription.ids)], order="id"
        )
        return [tuple(row[name] for name in names) for row in rows]

    def assertBooked(self, subscription, *expected):
        """Compare movements as (date, event, MRR) with the ledger."""
        self.assertEqual(
            self.booked(subscription, "date", "event", "mrr_delta"),
            [(day(when), event, delta) for when, event, delta in expected],
        )

    def break_ledger(self, code="P0001"):
        """Let the database refuse movements; return how to mend it."""
        self.env.flush_all()
        self.env.cr.execute(
            """
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql
                AS $$ BEGIN RAISE EXCEPTION USING ERRCODE = TG_ARGV[0]; END $$;
            CREATE TRIGGER refuse BEFORE INSERT ON subscription_movement
                FOR EACH ROW EXECUTE FUNCTION refuse(%s);
            """,
            (code,),
        )

        def mend():
            self.env.cr.execute("DROP TRIGGER refuse ON subscription_movement")

        return mend


@tagged("post_install", "-at_install")
@freeze_time(f"{TODAY} 12:00:00")
class TestLiveHistory(LiveCase):
    # --- starting ---------------------------------------------------------------------

    def test_a_draft_is_nothing_to_the_ledger(self):
        subscription = self.open_subscription(self.partner)
        self.assertBooked(subscription)
        self.assertFalse(subscription.customer_id)
        self.assertFalse(self.customer(self.partner))

    def test_start_by_button(self):
        subscription = self.open_subscription(self.make_partner("C", self.partner))
        subscription.action_start_subscription()
        self.assertBooked(subscription, (TODAY, START, 10))
        movement = subscription.movement_ids
        self.assertEqual(
            (movement.known_on, movement.origin, movement.reason, movement.kind),
            (day(TODAY), "recorded", False, NEW),
        )
        customer = self.customer(self.partner)
        self.assertEqual(subscription.customer_id, customer)
        self.assertEqual(
            (subscription.is_running, subscription.mrr, customer.mrr), (True, 10, 10)
        )

    def test_start_by_stage_drag(self):
        subscription = self.open_subscription(self.partner)
        subscription.web_save(
            {"stage_id": self.get_stage("in_progress").id}, specification={}
        )
        self.assertBooked(subscription, (TODAY, START, 10))

    def test_another_stage_of_progress_in_the_evening_west_of_utc(self):
        """The stage dates the start anew, by a day that has not come here: no churn."""
        self.company.partner_id.tz = "America/Los_Angeles"
        dunning = self.get_stage("in_progress").copy({"name": "Dunning"})
        subscription = self.start()
        with freeze_time("2025-04-21 01:00:00"):
            subscription.stage_id = dunning
            self.env.cr.flush()
            self.assertEqual(subscription.date_start, day("2025-04-21"))
            self.assertEqual(self.booked(subscription, "event"), [(START,)])
            self.assertTrue(subscription.is_running)

    def test_amounts_as_the_currency_rounds_them(self):
        """Invariant 2: also where that is no power of ten."""
        chf = self.get_currency("CHF", {"2024-01-01": 1})
        chf.rounding = 0.05
        plan = self.make_plan("Yearly", interval=12)
        subscription = self.open_subscription(
            self.partner, 100, currency="CHF", template_id=plan.id
        )
        subscription.action_start_subscription()
        self.env.cr.flush()
        subscription._reconcile("reconciled")
        self.assertEqual(self.booked(subscription, "mrr_delta"), [(8.35,)])
        self.assertEqual(subscription.mrr, 8.35)

    def test_ended_one_of_another_company_is_refreshed(self):
        """It stays with its customer of the company in which it ran."""
        other = self.make_company("Second Company", "USD")
        subscription = self.start()
        subscription.close_subscription()
        self.env.cr.flush()
        subscription.company_id = other
        self.env.cr.flush()
        subscription.action_refresh_subscription()
        self.assertEqual(subscription.customer_id.company_id, self.company)
        self.assertFalse(subscription.is_running)

    def test_start_by_cron(self):
        subscription = self.open_subscription(
            self.partner, stage_id=self.get_stage("pre").id, date_start=TODAY
        )
        self.assertBooked(subscription)
        self.prepare_billing()
        self.env["sale.subscription"].cron_subscription_management()
        self.assertBooked(subscription, (TODAY, START, 10))

    def test_created_running(self):
        """It starts on the day that is given, but not before that has come."""
        values = {"stage_id": self.get_stage("in_progress").id}
        past = self.open_subscription(self.partner, date_start="2025-01-01", **values)
        self.assertEqual(
            self.booked(past, "date", "known_on", "event", "mrr_delta"),
            [(day("2025-01-01"), day(TODAY), START, 10)],
        )
        future = self.open_subscription(self.partner, date_start=LATER, **values)
        self.assertBooked(future)

    def test_created_running_without_a_start(self):
        """The default of subscription_oca is the day on which the server started."""
        undated = self.open_subscription(
            self.partner, stage_id=self.get_stage("in_progress").id
        )
        undated.with_context(
            subscription_history_is_told=True
        ).date_start = "2025-01-01"
        self.assertBooked(undated, (TODAY, START, 10))

    def test_start_long_after_it_was_drawn_up(self):
        """subscription_oca sets the start to the day of starting, and so do we."""
        subscription = self.open_subscription(self.partner, date_start="2024-01-01")
        subscription.action_start_subscription()
        self.assertBooked(subscription, (TODAY, START, 10))

    def test_today_is_that_of_the_company(self):
        self.company.partner_id.tz = "Pacific/Kiritimati"  # 14 hours ahead of UTC
        self.assertBooked(self.start(), ("2025-03-11", START, 10))

    def prepare_billing(self):
        """Give the company the accounts and the journal that invoices need."""
        income, receivable = self.env["account.account"].create(
            [
                {
                    "name": type_,
                    "code": code,
                    "account_type": type_,
                    "company_ids": self.company.ids,
                }
                for code, type_ in (("400", "income"), ("120", "asset_receivable"))
            ]
        )
        self.env["account.journal"].create(
            {
                "name": "Sales",
                "code": "SAL",
                "type": "sale",
                "company_id": self.company.id,
                "default_account_id": income.id,
            }
        )
        self.get_product().property_account_income_id = income
        self.partner.property_account_receivable_id = receivable

    def make_order(self, user=None, plan=None, partner=None):
        """Return a quotation of a product with a plan."""
        product = self.env["product.product"].create(
            {
                "name": "Subscribable",
                "type": "service",
                "list_price": 30,
                "taxes_id": [Command.clear()],
                "subscribable": True,
                "subscription_template_id": (plan or self.plan).id,
            }
        )
        Order = self.env["sale.order"]
        if user:
            Order = self.as_user(Order, user)
        return Order.create(
            {
                "partner_id": (partner or self.partner).id,
                "pricelist_id": self.get_pricelist().id,
                "order_line": [
                    Command.create({"product_id": product.id, "product_uom_qty": 2})
                ],
            }
        )

    def test_sale_order_confirmed_by_a_salesperson(self):
        """Who may not write movements."""
        user = self.make_user("salesperson")
        order = self.make_order(user)
        order.action_confirm()
        self.assertBooked(order.sudo().subscription_ids, (TODAY, START, 60))
        movement = order.sudo().subscription_ids.movement_ids
        self.assertEqual(movement.create_uid, user)
        with self.assertRaises(AccessError):
            movement.with_user(user).check_access("create")

    def test_order_that_bills_a_subscription_starts_no_second_one(self):
        """Mode "sale order & invoice": what it bills is there already."""
        self.prepare_billing()
        plan = self.make_plan("Both", invoicing_mode="sale_and_invoice")
        order = self.make_order(plan=plan)
        order.order_line.product_id.property_account_income_id = (
            self.get_product().property_account_income_id
        )
        order.action_confirm()
        subscription = order.subscription_ids
        subscription.generate_invoice()
        generated = subscription.sale_order_ids.subscription_ids
        self.assertTrue(generated)
        self.assertEqual(generated.stage_id.type, "in_progress")
        self.assertBooked(generated)
        self.assertBooked(subscription, (TODAY, START, 60))
        self.assertEqual(self.customer(self.partner).mrr, 60)

    # --- amounts ----------------------------------------------------------------------

    def test_lines(self):
        for change, delta in (
            (Command.update(0, {"price_unit": 12}), 2),
            (Command.update(0, {"product_uom_qty": 3}), 20),
            (Command.update(0, {"discount": 25}), -2.5),
            (Command.delete(0), -10),
            (self.new_line(5), 5),
        ):
            subscription = self.start()
            line = subscription.sale_subscription_line_ids
            operation, id_, values = change
            with self.subTest(change=change), on(LATER):
                subscription.write(
                    {
                        "sale_subscription_line_ids": [
                            (operation, id_ if operation == 0 else line.id, values)
                        ]
                    }
                )
                self.assertBooked(
                    subscription, (TODAY, START, 10), (LATER, CHANGE, delta)
                )
                self.assertEqual(subscription.mrr, 10 + delta)

    def test_lines_by_themselves(self):
        """The same, written on the lines and not on the subscription.

        One that moves to another subscription gets the price of the list again, 10.
        """
        subscription = self.start()
        line = subscription.sale_subscription_line_ids
        with on("2025-04-01"):
            line.price_unit = 12
            self.env.cr.flush()
        with on("2025-04-02"):
            more = line.create(
                {**self.new_line(5)[2], "sale_subscription_id": subscription.id}
            )
            self.env.cr.flush()
        with on("2025-04-03"):
            line.unlink()
            self.env.cr.flush()
        other = self.start(7)
        with on("2025-04-04"):
            more.sale_subscription_id = other
            self.env.cr.flush()
        self.assertBooked(
            subscription,
            (TODAY, START, 10),
            ("2025-04-01", CHANGE, 2),
            ("2025-04-02", CHANGE, 5),
            ("2025-04-03", CHANGE, -12),
            ("2025-04-04", CHANGE, -5),
        )
        self.assertBooked(other, (TODAY, START, 7), ("2025-04-04", CHANGE, 10))
        self.assertTrue(subscription.is_running)

    def test_lines_through_the_form(self):
        subscription = self.start()
        lines = "sale_subscription_line_ids"
        with on("2025-04-01"), Form(subscription) as form:
            with getattr(form, lines).edit(0) as line:
                line.price_unit = 12
        self.env.cr.flush()
        with on("2025-04-02"), Form(subscription) as form:
            with getattr(form, lines).edit(0) as line:
                line.product_uom_qty = 2
        with on("2025-04-02"):
            self.env.cr.flush()
        with on("2025-04-03"):
            with Form(subscription) as form, getattr(form, lines).new() as line:
                line.product_id = self.get_product()
                line.price_unit = 6
            self.env.cr.flush()
        with on("2025-04-04"):
            with Form(subscription) as form, getattr(form, lines).edit(1) as line:
                line.discount = 50
            self.env.cr.flush()
        with on("2025-04-05"):
            with Form(subscription) as form:
                getattr(form, lines).remove(0)
            self.env.cr.flush()
        self.assertBooked(
            subscription,
            (TODAY, START, 10),
            (TODAY, CHANGE, 2),
            ("2025-04-02", CHANGE, 12),
            ("2025-04-03", CHANGE, 6),
            ("2025-04-04", CHANGE, -3),
            ("2025-04-05", CHANGE, -24),
        )

    def test_form_of_a_salesperson(self):
        user = self.make_user("salesperson")
        subscription = self.start()
        with on(LATER):
            with Form(self.as_user(subscription, user)) as form:
                with form.sale_subscription_line_ids.edit(0) as line:
                    line.price_unit = 12
            self.assertBooked(subscription, (TODAY, START, 10), (LATER, CHANGE, 2))

    def test_another_plan(self):
        subscription = self.start(1200)
        with on(LATER):
            subscription.template_id = self.make_plan("Yearly", unit="years")
            self.assertBooked(
                subscription, (TODAY, START, 1200), (LATER, CHANGE, -1100)
            )

    def test_another_period_of_the_plan(self):
        """All its running subscriptions change."""
        plan = self.make_plan("Quarter", interval=3)
        first = self.start(300, template_id=plan.id)
        second = self.start(600, template_id=plan.id)
        draft = self.open_subscription(self.partner, template_id=plan.id)
        with on(LATER):
            plan.recurring_interval = 6
            self.assertBooked(first, (TODAY, START, 100), (LATER, CHANGE, -50))
        self.assertBooked(second, (TODAY, START, 200), (LATER, CHANGE, -100))
        self.assertBooked(draft)

    def test_another_period_of_many_is_left_to_the_refresh(self):
        plan = self.make_plan("Quarter", interval=3)
        subscriptions = self.start(300, template_id=plan.id)
        subscriptions |= self.start(600, template_id=plan.id)
        self.patch(sale_subscription_template, "MANY", 1)
        with on(LATER):
            plan.recurring_interval = 6
            self.assertEqual(len(self.booked(subscriptions, "event")), 2)
            subscriptions._reconcile("reconciled")
            self.assertEqual(len(self.booked(subscriptions, "event")), 4)

    def test_many_edits_are_one_movement(self):
        subscription = self.start()
        with on(LATER):
            line = subscription.sale_subscription_line_ids
            line.price_unit = 100
            line.price_unit = 20
            line.discount = 50
            line.product_uom_qty = 3
            self.assertBooked(subscription, (TODAY, START, 10), (LATER, CHANGE, 20))

    def test_edits_that_cancel_out_are_none(self):
        subscription = self.start()
        before = self.versions(subscription.movement_ids)
        line = subscription.sale_subscription_line_ids
        line.price_unit = 100
        line.price_unit = 10
        subscription.action_pause()
        subscription.action_resume()
        self.assertBooked(subscription, (TODAY, START, 10))
        self.assertEqual(self.versions(subscription.movement_ids), before)

    def test_an_announced_end_survives_a_change_of_price(self):
        subscription = self.start()
        self.book(subscription, ("2025-06-01", END, None))
        subscription.write({"stage_id": self.get_stage("in_progress").id})
        with on(LATER):
            subscription.sale_subscription_line_ids.unlink()
            subscription.write({"sale_subscription_line_ids": [self.new_line(25)]})
            self.env.cr.flush()
        balance = self.booked(subscription, "date", "mrr_delta", "running_delta")
        later = [row for row in balance if row[0] == day("2025-06-01")]
        self.assertEqual(sum(row[1] for row in later), -25)
        self.assertEqual(sum(row[2] for row in later), -1)

    # --- pausing ----------------------------------------------------------------------

    def test_pause_and_resume(self):
        subscription = self.start()
        with on("2025-04-01"):
            subscription.action_pause()
            self.env.cr.flush()
            self.assertEqual((subscription.mrr, subscription.mrr_effective), (10, 0))
        with on("2025-04-02"):
            subscription.sale_subscription_line_ids.price_unit = 12
            self.env.cr.flush()
        with on("2025-04-03"):
            subscription.action_resume()
            self.env.cr.flush()
        names = ("date", "event", "mrr_delta", "mrr_effective_delta", "paused_delta")
        self.assertEqual(
            self.booked(subscription, *names),
            [
                (day(TODAY), START, 10, 10, 0),
                (day("2025-04-01"), PAUSE, 0, -10, 1),
                (day("2025-04-02"), CHANGE, 2, 0, 0),
                (day("2025-04-03"), RESUME, 0, 12, -1),
            ],
        )

    def test_pause_by_wizard_and_resume_by_cron(self):
        subscription = self.start()
        subscription.recurring_next_date = "2026-01-01"
        wizard = self.env["sale.subscription.pause.wizard"].with_context(
            active_id=subscription.id
        )
        wizard.create({"paused_until": LATER}).button_confirm()
        self.env.cr.flush()
        with on(LATER):
            subscription.cron_subscription_management()
            self.assertEqual(
                self.booked(subscription, "date", "event"),
                [(day(TODAY), START), (day(TODAY), PAUSE), (day(LATER), RESUME)],
            )

    # --- ending -----------------------------------------------------------------------

    def test_close_by_wizard(self):
        subscription = self.start()
        reason = self.env["sale.subscription.close.reason"].create({"name": "Price"})
        wizard = self.env["close.reason.wizard"].with_context(active_id=subscription.id)
        with on(LATER):
            wizard.create({"close_reason_id": reason.id}).button_confirm()
            self.assertBooked(subscription, (TODAY, START, 10), (LATER, END, -10))
        self.assertEqual(subscription.close_reason_id, reason)
        self.assertEqual(self.booked(subscription, "kind"), [(NEW,), (CHURN,)])
        self.assertEqual(
            (subscription.is_running, subscription.mrr, subscription.end_date),
            (False, 0, day(LATER)),
        )

    def test_close_by_stage_drag(self):
        subscription = self.start()
        with on(LATER):
            subscription.web_save(
                {"stage_id": self.get_stage("post").id}, specification={}
            )
            self.assertBooked(subscription, (TODAY, START, 10), (LATER, END, -10))

    def test_close_by_the_cron(self):
        plan = self.make_plan(
            "One month", recurring_rule_boundary="limited", recurring_rule_count=1
        )
        subscription = self.start(template_id=plan.id)
        subscription.recurring_next_date = "2026-01-01"
        with on(LATER):
            subscription.cron_subscription_management()
            self.assertBooked(subscription, (TODAY, START, 10), (LATER, END, -10))

    def test_restart(self):
        subscription = self.start()
        with on("2025-04-01"):
            subscription.close_subscription()
            self.env.cr.flush()
        with on(LATER):
            subscription.action_start_subscription()
            self.assertBooked(
                subscription,
                (TODAY, START, 10),
                ("2025-04-01", END, -10),
                (LATER, START, 10),
            )
        self.assertEqual(self.booked(subscription, "kind")[-1], (REACTIVATION,))
        self.assertEqual(subscription.first_start_date, day(TODAY))

    def test_archive_and_unarchive(self):
        subscription = self.start()
        with on("2025-04-01"):
            subscription.action_archive()
            self.env.cr.flush()
        with on(LATER):
            subscription.action_unarchive()
            self.assertBooked(
                subscription,
                (TODAY, START, 10),
                ("2025-04-01", ARCHIVE, -10),
                (LATER, START, 10),
            )

    def test_delete(self):
        subscription = self.start()
        name, customer = subscription.display_name, subscription.customer_id
        gone = subscription.browse(subscription.id)
        with on(LATER):
            subscription.unlink()
        self.assertBooked(gone, (TODAY, START, 10), (LATER, DELETE, -10))
        self.assertEqual(
            self.booked(gone, "reference", "subscription_id"),
            [(name, gone.browse())] * 2,
        )
        self.assertEqual((customer.mrr, customer.end_date), (0, day(LATER)))

    def test_deleting_takes_back_what_was_announced(self):
        subscription = self.start()
        self.book(subscription, ("2025-06-01", CHANGE, 50))
        gone = subscription.browse(subscription.id)
        with on(LATER):
            subscription.sudo().with_context(
                subscription_history_is_told=False
            ).unlink()
        sums = {}
        for when, delta in self.booked(gone, "date", "mrr_delta"):
            sums[when] = sums.get(when, 0) + delta
        self.assertEqual(sums, {day(TODAY): 10, day(LATER): -10, day("2025-06-01"): 0})

    # --- to whom it belongs -----------------------------------------------------------

    def test_change_of_customer(self):
        subscription = self.start()
        old = subscription.customer_id
        with on(LATER):
            subscription.partner_id = self.make_partner("Other")
            self.env.cr.flush()
        new = self.customer(subscription.partner_id)
        self.assertEqual(subscription.customer_id, new)
        self.assertEqual(
            self.booked(subscription, "date", "customer_id", "event", "mrr_delta"),
            [
                (day(TODAY), old, START, 10),
                (day(LATER), old, CUSTOMER_CHANGE, -10),
                (day(LATER), new, CUSTOMER_CHANGE, 10),
            ],
        )
        self.assertEqual((old.mrr, old.running_count, new.mrr), (0, 0, 10))

    def test_contact_of_the_same_customer(self):
        subscription = self.start()
        subscription.partner_id = self.make_partner("Contact", self.partner)
        self.assertBooked(subscription, (TODAY, START, 10))

    def test_contact_that_moves_to_another_company(self):
        """With what is below it; what has ended stays."""
        contact = self.make_partner("Contact", self.partner)
        below = self.make_partner("Below", contact)
        subscription = self.start(partner=below)
        ended = self.start(partner=contact)
        ended.close_subscription()
        self.env.cr.flush()
        target = self.make_partner("Target", is_company=True)
        with on(LATER):
            contact.parent_id = target
            self.assertBooked(
                subscription,
                (TODAY, START, 10),
                (LATER, CUSTOMER_CHANGE, -10),
                (LATER, CUSTOMER_CHANGE, 10),
            )
        self.assertEqual(subscription.customer_id, self.customer(target))
        self.assertEqual(ended.customer_id, self.customer(self.partner))
        with on("2025-05-01"):
            contact.is_company = True
            self.env.cr.flush()
        self.assertEqual(subscription.customer_id, self.customer(contact))
        self.assertEqual(subscription.customer_id.partner_id, contact)

    def test_partner_changed_while_closed(self):
        """The customer follows when it starts again."""
        subscription = self.start()
        old = subscription.customer_id
        subscription.close_subscription()
        self.env.cr.flush()
        subscription.partner_id = self.make_partner("Other")
        self.env.cr.flush()
        self.assertEqual(subscription.customer_id, old)
        subscription.action_start_subscription()
        self.env.cr.flush()
        self.assertEqual(subscription.customer_id.partner_id, subscription.partner_id)

    def test_change_of_company(self):
        """Each company keeps its own part, at its own rates."""
        other = self.make_company("Second Company", "EUR")
        self.get_currency("USD", {"2024-01-01": 0.5}, company=other)
        subscription = self.start()
        old = subscription.customer_id
        with on(LATER):
            subscription.company_id = other
            self.env.cr.flush()
        new = self.customer(self.partner, other)
        names = ("date", "company_id", "customer_id", "mrr_delta", "company_rate")
        self.assertEqual(
            self.booked(subscription, *names),
            [
                (day(TODAY), self.company, old, 10, 1),
                (day(LATER), self.company, old, -10, 1),
                (day(LATER), other, new, 10, 0.5),
            ],
        )
        self.assertEqual((old.mrr, old.end_date, new.mrr), (0, day(LATER), 5))

    def test_change_of_currency(self):
        self.get_currency("EUR", {"2024-01-01": 2})
        subscription = self.start()
        with on(LATER):
            subscription.pricelist_id = self.get_pricelist("EUR")
            subscription.sale_subscription_line_ids.price_unit = 6
            self.env.cr.flush()
        self.assertEqual(
            self.booked(subscription, "event", "currency_id", "mrr_delta", "kind"),
            [
                (START, self.get_currency("USD"), 10, NEW),
                (END, self.get_currency("USD"), -10, TRANSFER),
                (START, self.get_currency("EUR"), 6, EXPANSION),
            ],
        )
        self.assertEqual(subscription.mrr_company, 12)

    def test_companies_and_currencies_side_by_side(self):
        """In one transaction, by a person of one of them."""
        self.get_currency("EUR", {"2024-01-01": 2})
        other = self.make_company("Second Company", "EUR")
        here = self.open_subscription(self.partner, 10, currency="EUR")
        there = self.open_subscription(self.partner, 20, currency="EUR", company=other)
        (here | there).action_start_subscription()
        self.assertBooked(here, (TODAY, START, 10))
        self.assertBooked(there, (TODAY, START, 20))
        self.assertEqual(self.customer(self.partner).mrr, 20)
        self.assertEqual(self.customer(self.partner, other).mrr, 20)

    # --- a corrected start ------------------------------------------------------------

    def test_corrected_start(self):
        """It moves, and was learned today."""
        subscription = self.start()
        with on(LATER):
            subscription.date_start = "2025-01-15"
            self.assertEqual(
                self.booked(subscription, "date", "known_on", "event", "mrr_delta"),
                [
                    (day(TODAY), day(TODAY), START, 10),
                    (day("2025-01-15"), day(LATER), START, 10),
                    (day(TODAY), day(LATER), END, -10),
                ],
            )
            self.assertEqual(subscription.first_start_date, day("2025-01-15"))

    def test_start_corrected_to_a_later_day(self):
        subscription = self.start()
        with on("2025-04-01"):
            subscription.sale_subscription_line_ids.price_unit = 12
            self.env.cr.flush()
        with on(LATER):
            subscription.write({"date_start": "2025-03-20"})
            self.env.cr.flush()
            self.assertEqual(subscription.first_start_date, day("2025-03-20"))
            self.assertEqual(subscription.mrr, 12)
        sums = {}
        for when, delta in self.booked(subscription, "date", "mrr_delta"):
            sums[when] = sums.get(when, 0) + delta
        self.assertEqual(
            sums, {day(TODAY): 0, day("2025-03-20"): 10, day("2025-04-01"): 2}
        )

    def test_start_and_price_corrected_at_once(self):
        subscription = self.start()
        with on(LATER):
            subscription.write(
                {
                    "date_start": "2025-01-15",
                    "sale_subscription_line_ids": [self.new_line(5)],
                }
            )
            self.env.cr.flush()
        sums = {}
        for when, delta in self.booked(subscription, "date", "mrr_delta"):
            sums[when] = sums.get(when, 0) + delta
        self.assertEqual(sums, {day("2025-01-15"): 10, day(TODAY): 0, day(LATER): 5})

    def test_start_corrected_to_the_future(self):
        """It does not run until then."""
        subscription = self.start()
        with on("2025-04-01"):
            subscription.date_start = LATER
            self.assertBooked(
                subscription, (TODAY, START, 10), ("2025-04-01", END, -10)
            )
        with on(LATER):
            subscription._reconcile("reconciled")
            self.assertEqual(self.booked(subscription, "event")[-1], (START,))

    def test_a_stage_corrects_no_start(self):
        """subscription_oca sets the start date whenever the stage is written."""
        subscription = self.start()
        with on(LATER):
            subscription.stage_id = subscription.stage_id
            self.env.cr.flush()
            self.assertEqual(subscription.date_start, day(LATER))
        self.assertBooked(subscription, (TODAY, START, 10))

    def test_a_start_that_is_given_with_the_stage_of_progress_is_no_correction(self):
        """subscription_oca overwrites it with today."""
        subscription = self.start()
        with on(LATER):
            subscription.write(
                {
                    "stage_id": self.get_stage("in_progress").id,
                    "date_start": "2025-01-15",
                }
            )
            self.env.cr.flush()
            self.assertEqual(subscription.date_start, day(LATER))
        self.assertBooked(subscription, (TODAY, START, 10))

    def test_start_corrected_and_closed_at_once(self):
        subscription = self.start()
        with on(LATER):
            subscription.write(
                {"stage_id": self.get_stage("post"), "date_start": "2025-01-15"}
            )
            self.env.cr.flush()
            self.assertEqual(
                (subscription.first_start_date, subscription.end_date),
                (day("2025-01-15"), day(LATER)),
            )
        sums = {}
        for when, delta in self.booked(subscription, "date", "mrr_delta"):
            sums[when] = sums.get(when, 0) + delta
        self.assertEqual(sums, {day("2025-01-15"): 10, day(TODAY): 0, day(LATER): -10})

    def test_start_of_another_one_corrected_while_one_is_started(self):
        """By what a database adds to starting, in the context of the writer."""
        other = self.start()
        subscription = self.open_subscription(self.partner)
        inherited = type(subscription).calculate_recurring_next_date

        def corrects(self, start_date):
            other.with_env(self.env).date_start = "2025-01-15"
            return inherited(self, start_date)

        self.patch(type(subscription), "calculate_recurring_next_date", corrects)
        with on(LATER):
            subscription.action_start_subscription()
            self.env.cr.flush()
            self.assertEqual(other.first_start_date, day("2025-01-15"))
        self.assertBooked(subscription, (LATER, START, 10))

    # --- faults of ours ---------------------------------------------------------------

    def assertFault(self, action, level=logging.ERROR, **fault):
        """Something runs to its end, though the ledger refuses; this is logged."""
        mend = self.break_ledger(**fault)
        with (
            mute_logger("odoo.sql_db"),
            self.assertLogs(LOGGER, level) as logs,
        ):
            action()
            self.env.cr.flush()
        self.assertEqual([record.levelno for record in logs.records], [level])
        self.assertIn("the next refresh", logs.output[0])
        mend()

    def test_fault_at_a_sale_order(self):
        order = self.make_order(self.make_user("salesperson"))
        self.assertFault(order.action_confirm)
        subscription = order.sudo().subscription_ids
        self.assertEqual((order.state, len(subscription)), ("sale", 1))
        self.assertEqual(subscription.stage_id.type, "in_progress")
        self.assertBooked(subscription)
        with on(LATER):
            subscription._reconcile("reconciled")
            self.assertBooked(subscription, (LATER, START, 60))

    def test_fault_at_billing(self):
        self.prepare_billing()
        first, second = (
            self.open_subscription(
                self.partner, stage_id=self.get_stage("pre").id, date_start=TODAY
            )
            for _number in range(2)
        )
        self.env.cr.flush()
        self.assertFault(first.cron_subscription_management)
        for subscription in (first, second):
            self.assertEqual(len(subscription.invoice_ids), 1)
            self.assertTrue(subscription.in_progress)
            self.assertBooked(subscription)

    def test_fault_at_an_invoice(self):
        self.prepare_billing()
        subscription = self.start()

        def bill():
            subscription.sale_subscription_line_ids.price_unit = 12
            subscription.manual_invoice()

        self.assertFault(bill)
        self.assertEqual(subscription.invoice_ids.amount_untaxed, 12)
        self.assertBooked(subscription, (TODAY, START, 10))

    def test_fault_at_deleting(self):
        subscription = self.start()
        gone = subscription.browse(subscription.id)
        self.assertFault(subscription.unlink)
        self.assertFalse(gone.exists())
        self.assertBooked(gone, (TODAY, START, 10))
        to_reconcile = gone._to_reconcile(self.company)
        self.assertIn(gone, to_reconcile)
        with on(LATER):
            to_reconcile._reconcile("reconciled")
            self.assertBooked(gone, (TODAY, START, 10), (LATER, DELETE, -10))

    def test_concurrent_change_outside_of_a_request(self):
        """Odoo would not repeat it, and a billing run would be lost as a whole."""
        subscription = self.open_subscription(self.partner)
        self.env.cr.flush()
        self.assertFault(
            subscription.action_start_subscription, level=logging.INFO, code="40001"
        )
        self.assertEqual(subscription.stage_id.type, "in_progress")
        self.assertBooked(subscription)
        with on(LATER):
            subscription._reconcile("reconciled")
            self.assertBooked(subscription, (LATER, START, 10))

    def test_fault_loses_no_hook_of_others(self):
        """Nor what they have changed before."""
        subscription = self.open_subscription(self.partner)
        called = []
        subscription.action_start_subscription()
        self.env.cr.precommit.add(lambda: called.append(True))
        self.partner.name = "Renamed"
        self.assertFault(lambda: None)
        self.assertEqual(called, [True])
        self.env.invalidate_all()
        self.assertEqual(self.partner.name, "Renamed")

    def test_rolled_back_with_its_cause(self):
        subscription = self.start()
        with self.assertRaises(ValueError), self.env.cr.savepoint():
            subscription.sale_subscription_line_ids.price_unit = 99
            raise ValueError
        self.assertBooked(subscription, (TODAY, START, 10))
