# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What is read from the database, as of a date."""

from datetime import date, timedelta
from random import Random

import pandas as pd

from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import SQL

from ..analytics import ledger
from ..analytics.period import MONTHS
from ..analytics.succession import Span, predecessors
from ..models.scoring import subscription_lives
from ..signals.frame import read
from ..signals.positions import pauses, positions, relationships
from ..signals.rates import company_rates
from ..signals.subscriptions import contracted_mrr
from .common import SubscriptionCase, day

#: Known as it is now only.
BILLING = ["unit", "interval", "next_invoice_date"]


@tagged("post_install", "-at_install")
class TestSignals(SubscriptionCase):
    def mrr(self, unit, interval, *lines):
        subscription = self.make_subscription(
            self.make_partner(),
            template_id=self.make_plan(unit=unit, interval=interval).id,
            sale_subscription_line_ids=[Command.create(line) for line in lines],
        )
        return (
            contracted_mrr(self.env, subscription.ids).loc[subscription.id].contracted
        )

    def line(self, price, **values):
        product = self.env["product.product"].create({"name": "Seat"})
        return {"product_id": product.id, "name": "Seat", "price_unit": price, **values}

    def test_mrr_by_period(self):
        """The months in one period, a month having 30.4375 days; halves round up."""
        for price, unit, interval, mrr in (
            (1200, "years", 1, 100),
            (300, "months", 3, 100),
            (100, "weeks", 1, 434.82),
            (50, "weeks", 1, 217.41),
            (1, "days", 1, 30.44),
            (2, "days", 1, 60.88),
            (1, "months", 8, 0.13),
            (0, "months", 1, 0),
        ):
            self.assertIn(unit, MONTHS)
            self.assertEqual(self.mrr(unit, interval, self.line(price)), mrr, unit)

    def test_mrr_sums_lines_untaxed_and_after_discount(self):
        tax = self.env["account.tax"].create(
            {
                "name": "20 %",
                "amount": 20,
                "company_id": self.company.id,
                "country_id": self.env.ref("base.us").id,
                "tax_group_id": self.env["account.tax.group"]
                .create({"name": "VAT", "company_id": self.company.id})
                .id,
            }
        )
        lines = [
            self.line(200, discount=50, tax_ids=[Command.set(tax.ids)]),
            self.line(10, product_uom_qty=3),
        ]
        self.assertEqual(self.mrr("months", 1, *lines), 130)
        self.assertEqual(self.mrr("months", 1), 0)

    def test_mrr_follows_a_change_of_price(self):
        """The stored total of the subscription goes stale, its lines do not."""
        subscription = self.make_subscription(
            self.make_partner(),
            sale_subscription_line_ids=[Command.create(self.line(10))],
        )
        subscription.sale_subscription_line_ids.price_unit = 12
        frame = contracted_mrr(self.env, subscription.ids)
        self.assertEqual(frame.loc[subscription.id].contracted, 12)

    def test_positions_as_of_a_date(self):
        subscription = self.subscribe(
            self.make_partner(), 10, "2024-01-15", "2024-03-15"
        )
        for when, expected in (
            ("2024-01-14", None),
            ("2024-01-15", (10, 1, date(2024, 1, 15), None)),
            ("2024-03-14", (10, 1, date(2024, 1, 15), None)),
            ("2024-03-15", (0, 0, date(2024, 1, 15), date(2024, 3, 15))),
        ):
            frame = positions(self.env, self.company, day(when), subscription.ids)
            found = None
            if expected:
                row = frame.loc[subscription.id]
                found = (
                    row.contracted,
                    row.running,
                    row.first_start_date.date(),
                    None if pd.isna(row.end_date) else row.end_date.date(),
                )
            self.assertEqual(found, expected, when)
            self.assertEqual(len(frame), bool(expected))

    def test_positions_know_only_what_was_known(self):
        """An end of March that was learned in May was unknown in April."""
        subscription = self.subscribe(self.make_partner(), 10, "2024-01-15")
        before = positions(self.env, self.company, day("2024-04-30"), subscription.ids)
        self.book(subscription, ("2024-03-15", "end", None), known_on=day("2024-05-20"))
        after = positions(self.env, self.company, day("2024-04-30"), subscription.ids)
        self.assertTrue(before.equals(after))
        later = positions(self.env, self.company, day("2024-05-20"), subscription.ids)
        self.assertEqual(later.loc[subscription.id].end_date.date(), day("2024-03-15"))

    def test_one_life_of_several_runs(self):
        """A break of the grace days (7) does not end a run, a day more does."""
        for restart, run_start in (
            ("2024-03-15", "2024-01-15"),
            ("2024-03-22", "2024-01-15"),
            ("2024-03-23", "2024-03-23"),
        ):
            sub = self.subscribe(self.make_partner(), 10, "2024-01-15", "2024-03-15")
            self.book(sub, (restart, "start", 12), ("2024-09-01", "end", None))
            for as_of, start, end in (
                ("2024-03-14", "2024-01-15", None),
                (restart, run_start, None),
                ("2024-09-01", run_start, "2024-09-01"),
            ):
                found = self.row(positions, as_of, sub)
                self.assertEqual(found["first_start_date"], "2024-01-15")
                self.assertEqual((found["run_start"], found["end_date"]), (start, end))
        self.company.subscription_grace_days = 8
        self.assertEqual(
            self.row(positions, "2024-09-01", sub)["run_start"], "2024-01-15"
        )

    def test_ended_on_the_day_it_started(self):
        sub = self.subscribe(self.make_partner(), 10, "2024-01-15", "2024-01-15")
        found = self.row(positions, "2024-02-01", sub)
        for column in ("first_start_date", "run_start", "end_date"):
            self.assertEqual(found[column], "2024-01-15")
        self.assertEqual(found["running"], 0)

    def test_position_names_the_leg_with_something_in_it(self):
        sub = self.subscribe(self.make_partner("Zoe"), 10, "2024-01-15")
        first = sub.customer_id
        other = self.env["subscription.customer"]._ensure(
            self.make_partner("Ada"), self.company
        )
        euro = self.get_currency("EUR")
        self.book(
            sub, ("2024-02-01", "customer_change", self.state(sub, 10, customer=other))
        )
        self.book(sub, ("2024-03-01", "customer_change", self.state(sub, 10)))
        state = ledger.State(first.id, euro.id, 8, 8, True)
        self.book(sub, ("2024-04-01", "pause", state), ("2024-05-01", "end", None))
        dollar = sub.currency_id.id
        for as_of, customer, currency, paused, contracted in (
            ("2024-01-31", first, dollar, 0, 10),
            ("2024-02-01", other, dollar, 0, 10),
            ("2024-03-01", first, dollar, 0, 10),
            ("2024-04-01", first, euro.id, 1, 8),
            ("2024-05-01", first, euro.id, 0, 0),
        ):
            found = self.row(positions, as_of, sub)
            self.assertEqual(found["customer_id"], customer.id, as_of)
            self.assertEqual(found["currency_id"], currency, as_of)
            self.assertEqual(found["paused"], paused, as_of)
            self.assertEqual(found["contracted"], contracted, as_of)

    def test_position_names_the_leg_that_runs_after_a_correction(self):
        """A handing-over that was taken back leaves later rows with the other."""
        sub = self.subscribe(self.make_partner(), 10, "2024-01-15")
        other = self.env["subscription.customer"]._ensure(
            self.make_partner(), self.company
        )
        for when, mrr in (("2024-02-01", 10), ("2024-04-01", 12)):
            state = self.state(sub, mrr, customer=other)
            self.book(sub, (when, "customer_change", state))
        self.book(sub, ("2024-02-01", "customer_change", self.state(sub, 10)))
        found = self.row(positions, "2024-05-01", sub)
        self.assertEqual(found["customer_id"], sub.customer_id.id)

    def test_pauses(self):
        sub = self.subscribe(self.make_partner(), 10, "2024-01-15")
        paused = self.state(sub, 10, paused=True)
        self.book(
            sub,
            ("2024-02-01", "pause", paused),
            ("2024-02-20", "change", self.state(sub, 12, paused=True)),
            ("2024-03-01", "resume", 12),
            ("2024-04-01", "pause", paused),
            ("2024-05-01", "end", None),
            ("2024-06-01", "start", paused),
        )
        first = ("2024-02-01", "2024-03-01")
        for as_of, expected in (
            ("2024-01-31", []),
            ("2024-02-29", [("2024-02-01", None)]),
            ("2024-03-01", [first]),
            ("2024-04-01", [first, ("2024-04-01", None)]),
            ("2024-05-01", [first, ("2024-04-01", "2024-05-01")]),
            (
                "2024-06-01",
                [first, ("2024-04-01", "2024-05-01"), ("2024-06-01", None)],
            ),
        ):
            for ids in (None, sub.ids):
                frame = pauses(self.env, self.company, day(as_of), ids)
                self.assertLessEqual(set(frame.subscription_id), {sub.id})
                self.assertEqual(
                    [
                        (self.text(row.pause_date), self.text(row.resume_date))
                        for row in frame.itertuples()
                    ],
                    expected,
                    as_of,
                )

    def test_relationship_goes_on_through_short_breaks(self):
        partner = self.make_partner()
        self.subscribe(partner, 10, "2024-01-15", "2024-03-15")
        self.subscribe(partner, 10, "2024-02-01", "2024-04-01")
        self.subscribe(partner, 10, "2024-04-08", "2024-06-01")
        last = self.subscribe(partner, 10, "2024-06-09")
        customer = last.customer_id
        for as_of, start, end, count, running in (
            ("2024-03-15", "2024-01-15", None, 2, 1),
            ("2024-04-01", "2024-01-15", "2024-04-01", 2, 0),
            ("2024-04-08", "2024-01-15", None, 3, 1),
            ("2024-06-01", "2024-01-15", "2024-06-01", 3, 0),
            ("2024-06-09", "2024-06-09", None, 4, 1),
        ):
            found = self.row(relationships, as_of, customer)
            self.assertEqual(
                found,
                {
                    "start_date": start,
                    "end_date": end,
                    "first_start_date": "2024-01-15",
                    "subscription_count": count,
                    "running_count": running,
                },
                as_of,
            )

    def test_relationship_of_one_who_was_handed_over(self):
        """For the one who gave it away it ended, for the other it starts."""
        sub = self.subscribe(self.make_partner(), 10, "2024-01-15")
        other = self.env["subscription.customer"]._ensure(
            self.make_partner(), self.company
        )
        self.book(
            sub, ("2024-02-01", "customer_change", self.state(sub, 10, customer=other))
        )
        gone = self.row(relationships, "2024-03-01", sub.customer_id)
        self.assertEqual(gone["end_date"], "2024-02-01")
        here = self.row(relationships, "2024-03-01", other)
        self.assertEqual((here["start_date"], here["end_date"]), ("2024-02-01", None))

    def test_relationships_agree_with_stored_totals(self):
        subscriptions = self.random_histories(60)
        customers = subscriptions.customer_id
        for when in ("2024-03-01", "2024-05-15", "2024-12-31"):
            customers._store_lives(day(when))
            frame = relationships(self.env, self.company, day(when))
            for customer in customers:
                stored = [
                    customer.first_start_date or None,
                    customer.end_date or None,
                    customer.subscription_count,
                    customer.running_count,
                ]
                found = [None, None, 0, 0]
                if customer.id in frame.index:
                    row = frame.loc[customer.id]
                    found = [
                        row.first_start_date.date(),
                        None if pd.isna(row.end_date) else row.end_date.date(),
                        row.subscription_count,
                        row.running_count,
                    ]
                self.assertEqual(
                    found, [value or None for value in stored[:2]] + stored[2:]
                )

    def test_predecessors_are_those_of_all_spans(self):
        """Though only customers who may have any are looked at."""
        self.random_histories(150)
        chains = 0
        for when in ("2024-03-01", "2024-04-10", "2024-12-31"):
            frame = positions(self.env, self.company, day(when))
            spans = [
                Span(
                    row.Index,
                    row.customer_id,
                    row.first_start_date.date(),
                    None if pd.isna(row.end_date) else row.end_date.date(),
                )
                for row in frame.itertuples()
            ]
            for grace in (0, 3, 7):
                self.company.subscription_grace_days = grace
                lives = subscription_lives(self.env, self.company, day(when))
                expected = predecessors(spans, grace)
                found = lives["predecessor_id"].dropna().astype(int).to_dict()
                self.assertEqual(found, expected)
                chains += len(expected)
        self.assertGreater(chains, 20)

    def test_past_signals_never_change_when_data_is_added(self):
        """Invariant 1, for all that is read from the ledger."""
        as_of = day("2024-04-10")
        subscriptions = self.random_histories(40)
        customers = subscriptions.customer_id

        def signals(company):
            env = self.env
            lives = subscription_lives(env, company, as_of)
            return [
                positions(env, company, as_of),
                pauses(env, company, as_of),
                relationships(env, company, as_of),
                lives.drop(columns=BILLING).dropna(subset="first_start_date"),
            ]

        before = signals(self.company)
        self.assertTrue(all(len(frame) for frame in before))
        for number, sub in enumerate(subscriptions):
            # Learned later, about the past and about the future.
            start = day("2024-02-01") + timedelta(days=number)
            self.book(
                sub,
                (start, "start", 33),
                (start + timedelta(days=9), "pause", self.state(sub, 33, paused=True)),
                (start + timedelta(days=40), "end", None),
                known_on=day("2024-04-11"),
            )
        partner = customers[0].partner_id
        self.subscribe(partner, 10, "2024-04-11")
        for one, other in zip(before, signals(self.company), strict=True):
            # What is missing of those not started makes other types.
            pd.testing.assert_frame_equal(one, other, check_dtype=False)

    def test_companies_are_read_apart(self):
        """Invariant 4."""
        other = self.make_company("Second Company")
        partner = self.make_partner()
        ours = self.subscribe(partner, 10, "2024-01-15", "2024-03-15")
        theirs = self.subscribe(partner, 20, "2024-03-15", company=other)
        paused = self.state(theirs, 20, paused=True)
        self.book(theirs, ("2024-04-01", "pause", paused))
        for company, sub, count in ((self.company, ours, 0), (other, theirs, 1)):
            args = self.env, company, self.as_of
            self.assertEqual(positions(*args).index.tolist(), sub.ids)
            self.assertEqual(relationships(*args).index.tolist(), sub.customer_id.ids)
            self.assertEqual(len(pauses(*args)), count)
        args = self.env, self.company, self.as_of
        self.assertTrue(positions(*args, theirs.ids).empty)
        self.assertTrue(relationships(*args, theirs.customer_id.ids).empty)
        self.assertTrue(pauses(*args, theirs.ids).empty)

    def test_read_gives_what_the_database_has(self):
        query = SQL(
            """
            SELECT *
              FROM (VALUES
                (1, 'NA', TRUE, 1.25, DATE '2024-02-29'),
                (NULL, %s, FALSE, NULL, NULL)
              ) AS sample (number, text, flag, amount, day)
             WHERE 7 %% 4 = 3 AND %s
            """,
            "100 %, 'ö\"\n",
            True,
        )
        frame = read(self.env, query, {"number": "Int64"}, ("day",))
        self.assertEqual(str(frame.day.dtype), "datetime64[s]")
        self.assertEqual(frame.flag.tolist(), [True, False])
        self.assertEqual(frame.text.tolist(), ["NA", "100 %, 'ö\"\n"])
        self.assertEqual(frame.number.isna().tolist(), [False, True])
        self.assertEqual(frame.amount[0], 1.25)
        self.assertTrue(frame.loc[1, ["amount", "day"]].isna().all())
        self.assertEqual(frame.day[0].date(), date(2024, 2, 29))
        none = read(
            self.env, SQL("SELECT 1 AS a, NULL::date AS b WHERE FALSE"), {}, "b"
        )
        self.assertEqual((len(none), str(none.b.dtype)), (0, "datetime64[s]"))

    def test_read_sees_its_own_transaction(self):
        partner = self.make_partner("Only Here")
        partner.flush_recordset()
        query = SQL("SELECT name FROM res_partner WHERE id = %s", partner.id)
        self.assertEqual(read(self.env, query).name.tolist(), ["Only Here"])

    def test_read_through_the_cursor_of_browser_tests(self):
        with self.enter_registry_test_mode(), self.registry.cursor() as cursor:
            frame = read(self.env(cr=cursor), SQL("SELECT 1 AS number"))
        self.assertEqual(frame.number.tolist(), [1])

    # --- helpers ----------------------------------------------------------------------

    def text(self, timestamp):
        return None if pd.isna(timestamp) else str(timestamp.date())

    def row(self, signal, as_of, record):
        """Return the row of a record, alone and among all; dates as text."""
        alone = signal(self.env, self.company, day(as_of), record.ids)
        together = signal(self.env, self.company, day(as_of)).loc[record.ids]
        pd.testing.assert_frame_equal(alone, together)
        return {
            name: self.text(value)
            if name.endswith("_date") or name == "run_start"
            else value
            for name, value in alone.loc[record.id].items()
        }

    def random_histories(self, number):
        """Return subscriptions of some customers with random lives, always the same."""
        random = Random(number)
        customers = self.env["subscription.customer"]._ensure(
            self.env["res.partner"].create(
                [{"name": f"Partner {n}"} for n in range(number // 3)]
            ),
            self.company,
        )
        subscriptions = self.env["sale.subscription"]
        events = {}
        for _number in range(number):
            # Half of them on few customers, so that these have many.
            some = random.choice([customers, customers[:4]])
            customer = random.choice(some)
            sub = self.make_subscription(customer.partner_id)
            subscriptions += sub
            when = day("2024-01-01") + timedelta(days=random.randint(0, 60))
            steps = []
            for _run in range(random.choice([1, 1, 2])):
                steps.append(ledger.Event(when, "start", self.state(sub, 10)))
                when += timedelta(days=random.choice([0, 20, 30, 40]))
                if random.random() < 0.3:
                    paused = self.state(sub, 10, paused=True)
                    steps.append(ledger.Event(when, "pause", paused))
                    when += timedelta(days=random.randint(0, 20))
                if random.random() < 0.2:
                    new = self.state(sub, 10, customer=random.choice(customers))
                    steps.append(ledger.Event(when, "customer_change", new))
                    when += timedelta(days=random.randint(0, 20))
                if random.random() < 0.2:
                    break
                steps.append(ledger.Event(when, "end", None))
                when += timedelta(days=random.randint(0, 15))
            events[sub] = steps
        self.env["subscription.movement"]._book(events, self.as_of)
        return subscriptions

    def test_rates_are_those_of_odoo(self):
        """Own and shared rates, none, before the first; one query for all."""
        branch = self.env["res.company"].create(
            {"name": "Branch", "parent_id": self.company.id}
        )
        euro = self.get_currency("EUR", {"2024-01-01": 1.25, "2024-02-01": 1.1})
        pound = self.get_currency("GBP")
        krone = self.get_currency("NOK")
        krone.rate_ids.unlink()
        # Shared by all companies; some also before the company's own.
        for currency, when, rate in (
            (pound, "2024-01-10", 0.7300000000000001),
            (pound, "2024-03-10", 1 / 3),
            (euro, "2023-03-10", 17.0),
            (self.company.currency_id, "2024-01-20", 1.07),
        ):
            self.env["res.currency.rate"].search(
                [("currency_id", "=", currency.id), ("name", "=", when)]
            ).unlink()
            self.env["res.currency.rate"].create(
                {
                    "currency_id": currency.id,
                    "name": when,
                    "rate": rate,
                    "company_id": False,
                }
            )
        days = [day("2023-01-01") + timedelta(days=n) for n in range(0, 600, 7)]
        days += [day("2024-01-01"), day("2024-02-01"), day("2024-01-31")]
        currencies = euro + pound + krone + self.company.currency_id
        pairs = {(currency.id, when) for currency in currencies for when in days}
        for company in (self.company, branch):
            self.env.flush_all()
            with self.assertQueryCount(1):
                found = company_rates(self.env, company, pairs)
            self.assertEqual(found.keys(), pairs)
            for when in days:
                rates = currencies._get_rates(company, when)
                for currency in currencies:
                    expected = rates[company.currency_id.id] / rates[currency.id]
                    self.assertAlmostEqual(
                        float(found[currency.id, when]), expected, delta=1e-12
                    )
