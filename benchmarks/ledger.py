# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Run by `make bench` in an Odoo shell: what it takes to store what the ledger says.

N subscriptions of N customers with three movements each are made set-wise. Figures are
medians of five runs after a warm-up, each of all N rows; the floor is one UPDATE … FROM
of the same columns from a ready table.
"""

import os
import time
from datetime import date
from statistics import median

from odoo.tools import SQL

RUNS = 5
AS_OF = date(2025, 1, 1)
COLUMNS = (
    "is_running",
    "mrr",
    "mrr_effective",
    "mrr_company",
    "mrr_effective_company",
    "first_start_date",
    "end_date",
)


def run(query, **values):
    env.cr.execute(SQL(query, **values))


def fill(number):
    """Make subscriptions, customers and movements of the first company."""
    company = env.company
    values = {
        "number": number,
        "company": company.id,
        "currency": company.currency_id.id,
    }
    values["plan"] = env["sale.subscription.template"].create({"name": "Plan"}).id
    values["pricelist"] = env["product.pricelist"].create({"name": "Bench"}).id
    run(
        "INSERT INTO res_partner (name, complete_name, active, type, autopost_bills)"
        " SELECT 'Bench', 'Bench', TRUE, 'contact', 'ask'"
        " FROM generate_series(1, %(number)s)",
        **values,
    )
    run("UPDATE res_partner SET commercial_partner_id = id WHERE name = 'Bench'")
    run(
        "INSERT INTO subscription_customer (partner_id, company_id)"
        " SELECT id, %(company)s FROM res_partner WHERE name = 'Bench'",
        **values,
    )
    run(
        "INSERT INTO sale_subscription (partner_id, customer_id, company_id,"
        " template_id, pricelist_id, currency_id, active, name)"
        " SELECT partner_id, id, company_id, %(plan)s, %(pricelist)s, %(currency)s,"
        " TRUE, 'Bench' FROM subscription_customer",
        **values,
    )
    for day, event, running, delta in (
        ("2023-01-01", "start", 1, 20),
        ("2023-06-01", "change", 0, 5),
        ("2024-01-01", "end", -1, -25),
    ):
        run(
            "INSERT INTO subscription_movement (subscription_id, subscription_res_id,"
            " reference, customer_id, company_id, date, known_on, event, currency_id,"
            " running_delta, paused_delta, mrr_delta, mrr_effective_delta,"
            " company_rate) SELECT id, id, 'Bench', customer_id, company_id, %(day)s,"
            " %(day)s, %(event)s, currency_id, %(running)s, 0, %(delta)s, %(delta)s, 1"
            " FROM sale_subscription WHERE %(event)s <> 'end' OR id %% 5 = 0",
            day=day,
            event=event,
            running=running,
            delta=delta,
        )
    env.cr.commit()
    for table in (
        "sale_subscription",
        "subscription_movement",
        "subscription_customer",
    ):
        run("ANALYZE %(table)s", table=SQL.identifier(table))


def forget():
    """Empty the columns, so that the next run has every row to change."""
    run(
        "UPDATE sale_subscription SET (%(columns)s) = ROW(%(nulls)s)",
        columns=SQL(", ").join(SQL.identifier(name) for name in COLUMNS),
        nulls=SQL(", ").join(SQL("NULL") for _name in COLUMNS),
    )
    env.cr.commit()
    env.invalidate_all()


def timed(work, before=lambda: None):
    """Return the median seconds of a piece of work and its commit."""
    seconds = []
    for _run in range(RUNS + 1):
        before()
        start = time.perf_counter()
        work()
        env.cr.commit()
        seconds.append(time.perf_counter() - start)
    return median(seconds[1:])


def main():
    number = int(os.environ["N"])
    fill(number)
    subscriptions = env["sale.subscription"].search([("name", "=", "Bench")])
    customers = subscriptions.customer_id
    subscriptions._store_positions(AS_OF)
    columns = SQL(", ").join(SQL.identifier(name) for name in COLUMNS)
    run(
        "CREATE TABLE bench_ready AS SELECT id, %(columns)s FROM sale_subscription",
        columns=columns,
    )

    def floor():
        run(
            "UPDATE sale_subscription s SET %(pairs)s FROM bench_ready r"
            " WHERE r.id = s.id",
            pairs=SQL(", ").join(
                SQL("%s = r.%s", SQL.identifier(name), SQL.identifier(name))
                for name in COLUMNS
            ),
        )

    floor_seconds = timed(floor, forget)
    print(f"\n{number:,} subscriptions, medians of {RUNS} runs")
    print(f"  {'floor: one UPDATE … FROM, committed':<48}{floor_seconds:>8.3f} s")
    for label, work, before in (
        (
            "positions stored, every row changed",
            lambda: subscriptions._store_positions(AS_OF),
            forget,
        ),
        (
            "positions stored, nothing changed",
            lambda: subscriptions._store_positions(AS_OF),
            env.invalidate_all,
        ),
        (
            "movements classified, nothing changed",
            customers._classify_movements,
            env.invalidate_all,
        ),
    ):
        seconds = timed(work, before)
        print(f"  {label:<48}{seconds:>8.3f} s{seconds / floor_seconds:>8.2f} × floor")


main()
