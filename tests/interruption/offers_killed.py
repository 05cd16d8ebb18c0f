# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Run by `make test` in an Odoo shell: killed processes give no offer twice.

Those who grant offers, bill and end what was granted are killed at random moments and
begin anew. In the end everything is as if they had not been: each offer was granted
once, so many periods carry it and the next does not, and the ledger adds up. The last
line: "PASSED FAILED SKIPPED".
"""

import random
import sys
import time
from typing import NamedTuple

from odoo import fields
from odoo.fields import Command
from odoo.tools import config, split_every

from odoo.addons.subscription_segmentation.tests.interruption.processes import (
    kill,
    query,
    settle,
    start_process,
)

# Nothing leaves the machine, and invoices are printed as HTML.
config["test_enable"] = True

CHUNK = 4
PERIODS = 3
POINTS = 10
#: Invoices that the scheduler makes in a second, at least.
SPEED = 20


class Group(NamedTuple):
    """Subscriptions that get the same, half of them by each way of billing."""

    number: int
    #: what they are offered, beside points
    offers: tuple
    #: what their periods cost
    bills: tuple
    #: what has become of what they were granted, and when it was used
    states: dict
    uses: tuple
    contracted: float
    effective: float
    points: int = POINTS


GROUPS = {
    "used": Group(
        20,
        ("two", "gift"),
        (80, 80, 100),
        {"two": "used", "gift": "used"},
        (("two", 0), ("two", 1), ("gift", 0)),
        100,
        100,
    ),
    "revoked": Group(
        12,
        ("six",),
        (80, 80, 80),
        {"six": "revoked"},
        (("six", 0), ("six", 1), ("six", 2)),
        100,
        # The period that runs was billed before.
        80,
        points=0,
    ),
    "closed": Group(
        12,
        ("six",),
        (80, 80, 80),
        {"six": "void"},
        (("six", 0), ("six", 1), ("six", 2)),
        0,
        0,
    ),
    "switched": Group(8, ("light",), (60, 60, 60), {"light": "used"}, (), 60, 60),
    "paused": Group(6, ("pause",), (), {"pause": "active"}, (), 100, 0),
    "resumed": Group(6, ("pause",), (), {"pause": "revoked"}, (), 100, 100, points=0),
}
MODES = ("invoice", "sale_and_invoice")


def commit():
    env.cr.commit()
    env.invalidate_all()


def count(text, *args):
    [[number]] = query(env, text, *args)
    return number


class Company:
    """A company that has made offers, and what was promised."""

    def __init__(self):
        env["ir.cron"].search([]).write({"active": False})
        env["account.chart.template"].try_loading("generic_coa", env.company)
        self.today = env.company._subscription_today()
        self.first = fields.Date.subtract(self.today, months=2, days=5)
        self.ahead = fields.Date.add(self.today, days=10)
        self.seat = self.make_product("Seat", 100)
        self.gift = self.make_product("Gift", 7)
        self.offers = self.make_offers()
        self.subs = {name: self.start(group) for name, group in GROUPS.items()}
        commit()

    def make_product(self, name, price):
        income = env["account.account"].search([("account_type", "=", "income")])
        return env["product.product"].create(
            {
                "name": name,
                "type": "service",
                "invoice_policy": "order",
                "list_price": price,
                "taxes_id": [Command.clear()],
                "property_account_income_id": income[:1].id,
            }
        )

    def make_plan(self, name, mode):
        return env["sale.subscription.template"].create(
            {"name": name, "recurring_rule_type": "months", "invoicing_mode": mode}
        )

    def make_offers(self):
        program = env["loyalty.program"].create(
            {
                "name": "Stars",
                "program_type": "loyalty",
                "company_id": False,
                "currency_id": env.company.currency_id.id,
            }
        )
        light = self.make_product("Light", 60)
        return {
            name: env["subscription.offer"].create(
                {"name": name, "yearly_cap": 0, "rest_days": 0, **values}
            )
            for name, values in {
                "two": {"kind": "discount", "discount": 20, "period_count": 2},
                "six": {"kind": "discount", "discount": 20, "period_count": 6},
                "gift": {
                    "kind": "free_product",
                    "product_id": self.gift.id,
                    "period_count": 1,
                },
                "light": {
                    "kind": "plan_switch",
                    "template_id": self.make_plan("Light", "invoice").id,
                    "product_id": light.id,
                },
                "pause": {"kind": "pause", "pause_months": 1},
                "points": {
                    "kind": "points",
                    "program_id": program.id,
                    "points": POINTS,
                },
            }.items()
        }

    def start(self, group):
        """Return the subscriptions of a group, of which three periods are due."""
        plans = [self.make_plan(mode, mode) for mode in MODES]
        partners = env["res.partner"].create(
            [
                {"name": f"Customer {n}", "email": f"customer{n}@example.com"}
                for n in range(group.number)
            ]
        )
        pricelist = env["product.pricelist"].search([], limit=1) or env[
            "product.pricelist"
        ].create({"name": "Prices"})
        subs = env["sale.subscription"].create(
            [
                {
                    "partner_id": partner.id,
                    "template_id": plans[n % len(plans)].id,
                    "pricelist_id": pricelist.id,
                    "date_start": self.today,
                    "recurring_next_date": self.today,
                    "sale_subscription_line_ids": [
                        Command.create({"product_id": self.seat.id, "price_unit": 100})
                    ],
                }
                for n, partner in enumerate(partners)
            ]
        )
        for sub in subs:
            sub.action_start_subscription()
        subs.recurring_next_date = self.first if group.bills else self.ahead
        return subs

    def period(self, number):
        """Return the first day of a period."""
        day = self.first
        for _month in range(number):
            day = fields.Date.add(day, months=1)
        return day

    # --- what is done -----------------------------------------------------------------

    def grant(self, own):
        """Grant everybody what is theirs, from the beginning."""
        wanted = [
            (offer, ids)
            for name, group in GROUPS.items()
            for offer in (*group.offers, "points")
            for ids in split_every(CHUNK, self.subs[name].ids)
        ]
        random.shuffle(wanted)
        for offer, ids in wanted:
            some = own["sale.subscription"].browse(ids)
            own["subscription.offer"].browse(self.offers[offer].id)._grant(
                some, key="promised"
            )
            own.cr.commit()

    def bill(self, own):
        """Run the scheduler until all periods are billed, each run one transaction."""
        for _run in range(PERIODS):
            own["sale.subscription"].cron_subscription_management()
            own.cr.commit()

    def bill_and_commit(self, own):
        """Do so with a commit after each invoice, in a process of its own."""
        model = own.registry["sale.subscription"]
        generate = model.generate_invoice

        def generate_invoice(sub):
            generate(sub)
            sub.env.cr.commit()

        model.generate_invoice = generate_invoice
        self.bill(own)

    def end(self, own):
        """Take back, and close, from the beginning; keep up as every night."""
        Grant = own["subscription.offer.grant"]
        tasks = [("close", (id_,)) for id_ in self.subs["closed"].ids]
        for name in ("revoked", "resumed"):
            grants = Grant.search([("subscription_id", "in", self.subs[name].ids)])
            tasks += [("revoke", ids) for ids in split_every(CHUNK, grants.ids)]
        random.shuffle(tasks)
        for task, ids in tasks:
            if task == "revoke":
                Grant.browse(ids)._revoke()
            elif (sub := own["sale.subscription"].browse(ids)).in_progress:
                sub.close_subscription()
            own.cr.commit()
        Grant._keep_up([])

    # --- what has become of it --------------------------------------------------------

    def twice(self):
        """Say what was granted, used or ended twice."""
        problems = []
        for what, text in (
            (
                "granted",
                "SELECT subscription_id FROM subscription_offer_grant"
                " GROUP BY subscription_id, offer_id HAVING COUNT(*) > 1",
            ),
            (
                "used",
                "SELECT given.subscription_id FROM subscription_offer_use used"
                " JOIN subscription_offer_grant given ON given.id = used.grant_id"
                " JOIN subscription_offer offer ON offer.id = given.offer_id"
                " GROUP BY given.id, offer.period_count"
                " HAVING COUNT(*) > offer.period_count",
            ),
            (
                "with points",
                "SELECT partner_id FROM loyalty_card"
                f" GROUP BY partner_id HAVING SUM(points) NOT IN (0, {POINTS})",
            ),
            (
                "paused or resumed",
                "SELECT subscription.id FROM sale_subscription subscription"
                " JOIN subscription_offer_grant given"
                " ON given.subscription_id = subscription.id AND given.kind = 'pause'"
                " WHERE subscription.recurring_next_date <> CASE given.state"
                " WHEN 'active' THEN given.next_date_before + INTERVAL '1 month'"
                " ELSE given.next_date_before END",
            ),
        ):
            if rows := query(env, text):
                problems.append(f"{what} twice: {sorted(row[0] for row in rows)}")
        return problems

    def differences(self):
        """Return what is not as it would be undisturbed, in words."""
        env["subscription.offer.grant"]._keep_up([])
        commit()
        problems = []
        for name, group in GROUPS.items():
            for sub in self.subs[name]:
                found, expected = self.found(sub), self.expected(name, group)
                problems += [
                    f"{name} {sub.id} ({sub.template_id.invoicing_mode}): {what} is"
                    f" {found[what]}, not {expected[what]}"
                    for what in expected
                    if found[what] != expected[what]
                ]
        return problems

    def expected(self, name, group):
        next_dates = {
            "closed": False,
            "paused": fields.Date.add(self.ahead, months=1),
            "resumed": self.ahead,
        }
        mrr = (group.contracted, group.effective)
        points = {"points": "used" if group.points else "revoked"}
        return {
            "grants": group.states | points,
            "uses": sorted((offer, self.period(n)) for offer, n in group.uses),
            "invoices": list(group.bills),
            "gifts": group.offers.count("gift"),
            "next date": next_dates.get(name, self.period(PERIODS)),
            "points": group.points,
            "booked": mrr,
            "stored": mrr,
        }

    def found(self, sub):
        moves = sub.invoice_ids | sub.sale_order_ids.invoice_ids
        grants = sub.offer_grant_ids
        cards = env["loyalty.card"].search([("partner_id", "=", sub.partner_id.id)])
        rows = env["subscription.movement"].search([("subscription_id", "=", sub.id)])
        lines = moves.invoice_line_ids
        return {
            "grants": {grant.offer_id.name: grant.state for grant in grants},
            "uses": sorted(
                (use.grant_id.offer_id.name, use.period_start)
                for use in grants.use_ids
                if use.stands
            ),
            "invoices": moves.sorted("id").mapped("amount_untaxed"),
            "gifts": sum(line.product_id == self.gift for line in lines),
            "next date": sub.recurring_next_date,
            "points": sum(cards.mapped("points")),
            "booked": (
                sum(rows.mapped("mrr_delta")),
                sum(rows.mapped("mrr_effective_delta")),
            ),
            "stored": (sub.mrr, sub.mrr_effective),
        }


class Phase(NamedTuple):
    """Work that is killed so many times, and how far it has got: a query."""

    name: str
    work: object
    times: int
    progress: str
    total: int


def main():
    company = Company()
    chance = random.Random()
    billed = sum(group.number for group in GROUPS.values() if group.bills)
    granted = sum(group.number * (len(group.offers) + 1) for group in GROUPS.values())
    ended = GROUPS["closed"].number + sum(
        GROUPS[name].number * 2 for name in ("revoked", "resumed")
    )
    invoices = "SELECT COUNT(*) FROM account_move WHERE move_type = 'out_invoice'"
    phases = (
        Phase(
            "granting",
            company.grant,
            6,
            "SELECT COUNT(*) FROM subscription_offer_grant",
            granted,
        ),
        Phase("billing", company.bill_and_commit, 6, invoices, billed * PERIODS // 2),
        # Of a whole run nothing is seen before its end.
        Phase("billing in one", company.bill, 3, invoices, None),
        Phase(
            "ending",
            company.end,
            5,
            "SELECT COUNT(*) FROM subscription_offer_grant"
            " WHERE state IN ('revoked', 'void')",
            ended,
        ),
    )
    passed, failed = 0, 0
    for phase in phases:
        left = []
        for number in range(phase.times):
            process = start_process(env, phase.work, mail_notify_force_send=False)
            if phase.total:
                goal = phase.total * (number + chance.random()) / phase.times
                end = time.monotonic() + 60
                while count(phase.progress) < goal and time.monotonic() < end:
                    time.sleep(0.005)
                time.sleep(chance.uniform(0, 0.1))
            else:
                time.sleep(chance.uniform(0, billed / SPEED))
            kill(process)
            settle(env, process)
            left.append(count(phase.progress))
            problems = company.twice()
            for problem in problems:
                print(f"FAIL: killed while {phase.name}: {problem}")
            passed += not problems
            failed += bool(problems)
        print(f"killed {phase.times} times while {phase.name}, at {left}")
        if phase.name != "billing":
            phase.work(env(context={"mail_notify_force_send": False}))
            commit()
    # Whoever asks again gets nothing more.
    company.grant(env)
    company.end(env)
    commit()
    problems = company.twice() + company.differences()
    for problem in problems:
        print(f"FAIL: {problem}")
    return passed + (not problems), failed + bool(problems)


passed, failed = main()
print(passed, failed, 0)
sys.stdout.flush()
