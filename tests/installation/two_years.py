# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Run by `make test` in an Odoo shell without our addon: two years of subscriptions.

Everything is done with Odoo's own methods on the day it happens. What happened is
written into the table ``truth``, which ``check.py`` compares with the ledger later.
"""

from collections import defaultdict
from datetime import datetime, time, timedelta

from dateutil.relativedelta import relativedelta
from freezegun import freeze_time

from odoo import Command, fields
from odoo.tools import config

# Nothing leaves the machine, and invoices are printed as HTML.
config["test_enable"] = True

TODAY = fields.Date.today()
FIRST = (TODAY - relativedelta(months=24)).replace(day=1)
LAST = FIRST + relativedelta(months=24)  # the first of this month


def on(month, day=1):
    """Return a day, the months counted from the beginning."""
    return FIRST + relativedelta(months=month, day=day)


class Books:
    """What really happens to subscriptions, told as the ledger should know it."""

    def __init__(self):
        self.levels = defaultdict(float)
        self.rows = []

    def tell(self, sub, event, mrr, origin, day=None):
        """Something happens; ``day``: the first on which a record shows it."""
        delta = round(mrr - self.levels[sub.id], 2)
        self.levels[sub.id] = mrr
        self.rows.append((sub.id, day or fields.Date.today(), event, delta, origin))


class Company:
    """A company with a chart of accounts that sells seats in several ways."""

    def __init__(self, env):
        self.env = env
        env["account.chart.template"].try_loading("generic_coa", env.company)
        self.income = env["account.account"].search(
            [("account_type", "=", "income")], limit=1
        )
        self.seat = self.make_product("Seat")
        self.monthly = self.make_plan("Monthly", "invoice")
        self.yearly = self.make_plan("Yearly", "invoice", "years")
        self.by_order = self.make_plan("By Order", "sale_and_invoice")
        self.drafts = self.make_plan("Drafts", "draft")
        self.term = self.make_plan(
            "Half a Year",
            "invoice",
            recurring_rule_boundary="limited",
            recurring_rule_count=6,
        )
        euro = env.ref("base.EUR")
        euro.active = True
        Pricelist = env["product.pricelist"]
        self.dollars = Pricelist.create({"name": "USD"})
        self.euros = Pricelist.create({"name": "EUR", "currency_id": euro.id})
        self.numbers = iter(range(1, 100))

    def make_plan(self, name, mode, unit="months", **values):
        return self.env["sale.subscription.template"].create(
            {
                "name": name,
                "recurring_rule_type": unit,
                "invoicing_mode": mode,
                **values,
            }
        )

    def make_product(self, name, plan=None):
        return self.env["product.product"].create(
            {
                "name": name,
                "type": "service",
                "invoice_policy": "order",
                "property_account_income_id": self.income.id,
                "subscribable": bool(plan),
                "subscription_template_id": plan and plan.id,
            }
        )

    def make_partner(self):
        number = next(self.numbers)
        return self.env["res.partner"].create(
            {"name": f"Customer {number}", "email": f"c{number}@example.com"}
        )

    def create(self, price, plan, product=None, pricelist=None, **values):
        """Return a draft, made as the form makes it."""
        return self.env["sale.subscription"].create(
            {
                "partner_id": self.make_partner().id,
                "template_id": plan.id,
                "pricelist_id": (pricelist or self.dollars).id,
                "date_start": fields.Date.today(),
                "recurring_next_date": fields.Date.today(),
                "sale_subscription_line_ids": [
                    Command.create(
                        {"product_id": (product or self.seat).id, "price_unit": price}
                    )
                ],
                **values,
            }
        )

    def order(self, *products):
        order = self.env["sale.order"].create(
            {
                "partner_id": self.make_partner().id,
                "pricelist_id": self.dollars.id,
                "order_line": [
                    Command.create({"product_id": product.id, "price_unit": price})
                    for product, price in products
                ],
            }
        )
        order.action_confirm()
        return order

    def pay(self, invoice, amount=None):
        wizard = (
            self.env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"amount": amount} if amount else {})
        )
        wizard.action_create_payments()

    def refund(self, invoice, price=None):
        """Credit an invoice, in full or by a net amount."""
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"journal_id": invoice.journal_id.id, "date": fields.Date.today()})
        )
        refund = self.env["account.move"].browse(wizard.refund_moves()["res_id"])
        if price:
            refund.invoice_line_ids.price_unit = price
        refund.action_post()

    def stage(self, name):
        return self.env.ref(f"subscription_oca.subscription_stage_{name}")


class History:
    """The subscriptions of the company: who does what on which day."""

    def __init__(self, company, books):
        self.c = company
        self.books = books
        self.env = company.env
        self.subs = {}
        self.plans = defaultdict(list)

    def at(self, month, day, act):
        self.plans[on(month, day)].append(act)

    def start(
        self, name, price, plan, month, day=1, mrr=None, origin="tracked", **vals
    ):
        """Create a draft and start it by the button, on a day."""
        mrr = price if mrr is None else mrr

        def create():
            self.subs[name] = self.c.create(price, plan, **vals)

        def begin():
            sub = self.subs[name]
            sub.action_start_subscription()
            self.books.tell(sub, "start", mrr, origin)

        self.plans[on(month, day) - timedelta(days=3)].append(create)
        self.at(month, day, begin)

    def reprice(
        self, name, price, month, day=1, mrr=None, origin="invoiced", seen=None
    ):
        def act():
            sub = self.subs[name]
            sub.sale_subscription_line_ids.price_unit = price
            value = price if mrr is None else mrr
            if origin:
                self.books.tell(sub, "change", value, origin, seen)

        self.at(month, day, act)

    def close(self, name, month, day=1, reason="close_reason_use"):
        def act():
            sub = self.subs[name]
            wizard = self.env["close.reason.wizard"].with_context(active_id=sub.id)
            reason_id = self.env.ref(f"subscription_oca.{reason}").id
            wizard.create({"close_reason_id": reason_id}).button_confirm()
            self.books.tell(sub, "end", 0, "tracked")

        self.at(month, day, act)

    def on_sub(self, name, month, day, act):
        self.at(month, day, lambda: act(self.subs[name]))

    def tell(self, name, event, origin="tracked"):
        sub = self.subs[name]
        self.books.tell(sub, event, self.books.levels[sub.id], origin)

    # --- the stories ------------------------------------------------------------------

    def write(self):
        self.steady()
        self.pauses()
        self.ends()
        self.sold()
        self.billed_by_order()
        self.refunded()
        self.special()

    def steady(self):
        """Amounts that change: on the day of an invoice, in between, after the last."""
        self.start("steady", 100, self.c.monthly, 10, 10)
        self.reprice("steady", 130, 14, 10)
        # Nothing shows a change in mid-period before the next invoice.
        self.reprice("steady", 90, 17, 20, seen=on(18, 10))
        self.start("yearly", 1200, self.c.yearly, 2, 15, mrr=100)
        self.reprice("yearly", 1440, 14, 15, mrr=120)
        self.reprice("yearly", 1800, 20, 3, mrr=150, origin="assumed")
        self.start("trial", 0, self.c.monthly, 18)
        self.reprice("trial", 60, 19)

    def pauses(self):
        def pause(sub):
            sub.action_pause()
            self.tell("paused", "pause")

        def resume(sub):
            sub.action_resume()
            self.tell("paused", "resume")

        self.start("paused", 40, self.c.monthly, 13)
        self.on_sub("paused", 15, 20, pause)
        self.on_sub("paused", 18, 20, resume)  # and is billed for the months between

    def ends(self):
        self.start("back", 30, self.c.monthly, 12)
        self.close("back", 14, 15)
        self.reprice("back", 35, 17, origin=None)
        self.at(17, 1, lambda: self.subs["back"].action_start_subscription())
        self.at(
            17, 1, lambda: self.books.tell(self.subs["back"], "start", 35, "tracked")
        )

        def drag(sub):
            sub.write({"stage_id": self.c.stage("closed").id})
            self.books.tell(sub, "end", 0, "tracked")

        self.start("dragged", 25, self.c.monthly, 4)
        self.on_sub("dragged", 6, 20, drag)

        def archive(sub):
            sub.action_archive()
            self.books.tell(sub, "archive", 0, "assumed")

        self.start("archived", 20, self.c.monthly, 8)
        self.on_sub("archived", 10, 7, archive)

        # subscription_oca's cron closes it.
        self.start("term", 15, self.c.term, 7)
        self.at(13, 1, lambda: self.books.tell(self.subs["term"], "end", 0, "tracked"))

        def create():
            self.subs["draft"] = self.c.create(77, self.c.monthly)

        self.at(9, 1, create)

        # Waits in the stage before, until the cron starts it.
        def ready():
            self.subs["ready"] = sub = self.c.create(45, self.c.monthly)
            sub.write({"stage_id": self.c.stage("ready").id, "date_start": on(20)})

        self.at(19, 10, ready)
        self.at(
            20, 1, lambda: self.books.tell(self.subs["ready"], "start", 45, "tracked")
        )

    def sold(self):
        """An order of two plans and a fee, invoiced some days later."""
        seats = self.c.make_product("Seat by the Month", self.c.monthly)
        sites = self.c.make_product("Site by the Year", self.c.yearly)

        def sell():
            self.sale = self.c.order((seats, 50), (sites, 240), (self.c.seat, 500))
            for sub in self.sale.subscription_ids:
                yearly = sub.template_id == self.c.yearly
                self.books.tell(sub, "start", 20 if yearly else 50, "tracked")
                self.subs["site" if yearly else "sold"] = sub

        self.at(17, 3, sell)
        self.at(17, 6, lambda: self.sale._create_invoices().action_post())

    def billed_by_order(self):
        self.start("ordered", 70, self.c.by_order, 16)
        self.reprice("ordered", 80, 19)
        # Each of its orders makes a further subscription, which never runs.
        echo = self.c.make_product("Seat That Echoes", self.c.drafts)
        self.start("echoing", 55, self.c.by_order, 21, product=echo)

    def refunded(self):
        self.start("refunded", 65, self.c.monthly, 14)
        self.reprice("refunded", 999, 17, origin=None)
        self.reprice("refunded", 65, 17, 2, origin=None)

        def last_invoice(sub):
            return sub.invoice_ids.sorted("invoice_date")[-1]

        self.on_sub("refunded", 17, 3, lambda sub: self.c.refund(last_invoice(sub)))
        self.on_sub("refunded", 19, 3, lambda sub: self.c.refund(last_invoice(sub), 30))
        # Paid in time, late, and not at all.
        for month in (11, 12, 13):
            self.on_sub("steady", month, 12, lambda sub: self.c.pay(last_invoice(sub)))
        for month in (15, 19):
            self.on_sub("paused", month, 30, lambda sub: self.c.pay(last_invoice(sub)))

    def special(self):
        # No invoice is ever posted: what it came to is assumed.
        self.start("drafts", 75, self.c.drafts, 20, origin="assumed")
        self.start("euro", 42, self.c.monthly, 19, pricelist=self.c.euros)


def main(env):
    with freeze_time(datetime.combine(FIRST, time(9))) as clock:
        env.cr._now = (
            fields.Datetime.now()
        )  # the cursor asks the database's clock otherwise
        books = Books()
        history = History(Company(env), books)
        history.write()
        env.cr.commit()
        day = FIRST
        while day <= TODAY:
            due = {sub.recurring_next_date for sub in history.subs.values()}
            if day in history.plans or day in due or day.day == 1:
                clock.move_to(datetime.combine(day, time(12)))
                env.cr._now = fields.Datetime.now()
                for act in history.plans.pop(day, ()):
                    act()
                env["sale.subscription"].cron_subscription_management()
                env.cr.commit()
            day += timedelta(days=1)
    env.cr.execute(
        "CREATE TABLE truth (subscription_id int, date date, event text,"
        " delta numeric, origin text)"
    )
    for row in books.rows:
        env.cr.execute("INSERT INTO truth VALUES (%s, %s, %s, %s, %s)", row)
    env.cr.commit()


main(env)  # noqa: F821 # the shell's
