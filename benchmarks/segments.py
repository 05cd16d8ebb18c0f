# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Run by `make bench` in an Odoo shell: what segments cost, beside floors.

The floor of an evaluation is one INSERT … SELECT of the same memberships and tags from
ready tables and one DELETE of them, each committed. That of a new ticket is the same
ticket without us, in turns with ours.
"""

import time
from contextlib import ExitStack
from statistics import median
from unittest.mock import patch

from odoo.tools import SQL

from odoo.addons.subscription_segmentation.benchmarks.population import vacuum
from odoo.addons.subscription_segmentation.models.subscription_segment_link_sync import (  # noqa: E501
    KINDS,
)

RUNS = 5
TICKETS = 200
#: Conditions of the fifteen segments that the addon brings, so that all have members.
CONDITIONS = [
    *(("rfm_m", score) for score in range(1, 6)),
    *(("rfm_f", score) for score in range(1, 6)),
    *(("lifecycle_stage", stage) for stage in ("onboarding", "stability", "loyal")),
    *(("tenure_band", band) for band in ("mid_term", "veteran")),
]
#: What an evaluation writes.
TABLES = [
    "subscription_segment_membership",
    "subscription_segment_link",
    *(env[kind.model]._fields[kind.field].relation for kind in KINDS.values()),
]


def run(query, **values):
    env.cr.execute(SQL(query, **values))


def median_of(*steps):
    """Return the median seconds of steps that belong together.

    :param steps: pairs of a piece of work and of what comes before it, untimed
    """
    totals = []
    for _run in range(RUNS + 1):
        total = 0
        for work, before in steps:
            before()
            env.cr.commit()
            env.invalidate_all()
            start = time.perf_counter()
            work()
            env.cr.commit()
            total += time.perf_counter() - start
        totals.append(total)
    return median(totals[1:])


def clean():
    vacuum(env, TABLES)


# --- evaluation -----------------------------------------------------------------------


def evaluate():
    today = env.company._subscription_today()
    env["subscription.segment"]._evaluate_company(env.company, today)


def set_domains(domains):
    for id_, domain in domains.items():
        run(
            "UPDATE subscription_segment SET enter_domain = %(domain)s,"
            " stay_domain = NULL, minimum_stay_days = 0, ticket_priority = NULL"
            " WHERE id = %(id)s",
            id=id_,
            domain=domain,
        )


def evaluations():
    """Print what it costs to have all leave and enter, and to find nothing changed."""
    segments = env["subscription.segment"].search([])
    domains = {
        segment.id: str([(field, "=", value)])
        for segment, (field, value) in zip(segments, CONDITIONS, strict=True)
    }
    nobody = dict.fromkeys(domains, "[('id', '=', 0)]")

    def all_out():
        set_domains(nobody)
        clean()

    def all_in():
        set_domains(domains)
        run("DELETE FROM subscription_segment_membership WHERE date_to IS NOT NULL")
        clean()

    all_in()
    evaluate()
    counts = {}
    for table in TABLES:
        names = {
            "table": SQL.identifier(table),
            "ready": SQL.identifier(f"ready_{table}"),
        }
        run("CREATE TABLE %(ready)s AS SELECT * FROM %(table)s", **names)
        run("SELECT COUNT(*) FROM %(table)s", **names)
        counts[table] = env.cr.fetchone()[0]
    unchanged = median_of((evaluate, clean))
    changed = median_of((evaluate, all_out), (evaluate, all_in))

    def insert():
        for table in TABLES:
            run(
                "INSERT INTO %(table)s SELECT * FROM %(ready)s",
                table=SQL.identifier(table),
                ready=SQL.identifier(f"ready_{table}"),
            )

    def delete():
        for table in TABLES:
            run("DELETE FROM %(table)s", table=SQL.identifier(table))

    delete()
    floor = median_of((insert, clean), (delete, clean))
    tags = sum(counts[table] for table in TABLES[2:])
    print(
        f"\n{len(domains)} segments, {counts[TABLES[0]]:,} memberships, {tags:,} tags, "
        f"medians of {RUNS} runs"
    )
    print(f"  {'floor: INSERT … SELECT and DELETE of these':<46}{floor:>9.3f} s")
    for label, seconds in (("all", changed), ("nothing", unchanged)):
        text = f"evaluation, {label} changed"
        print(f"  {text:<46}{seconds:>9.3f} s{seconds / floor:>8.2f} × floor")
    insert()
    env.cr.commit()


# --- new tickets ----------------------------------------------------------------------


def without_us(stack):
    """Take away what we do when a ticket is made."""
    Ticket = type(env["helpdesk.ticket"])

    def no_customer(tickets):
        tickets.subscription_customer_id = False

    stack.enter_context(
        patch.object(Ticket, "_follow_segments", lambda *_a, **_k: None)
    )
    stack.enter_context(
        patch.object(Ticket, "_compute_subscription_customer_id", no_customer)
    )


def make_ticket(partner):
    """Return the seconds and queries of a new ticket."""
    env.invalidate_all()
    queries, start = env.cr.sql_log_count, time.perf_counter()
    env["helpdesk.ticket"].create(
        {"name": "Bench", "description": "<p>Bench</p>", "partner_id": partner.id}
    )
    env.flush_all()
    return time.perf_counter() - start, env.cr.sql_log_count - queries


def tickets(label, partner):
    """Print what a ticket of a customer costs, in turns with and without us."""
    ours, floor = [], []
    for _run in range(TICKETS + 1):
        for figures in (ours, floor):
            with ExitStack() as stack:
                if figures is floor:
                    without_us(stack)
                figures.append(make_ticket(partner))
    env.cr.rollback()
    (seconds, queries), (plain, plain_queries) = (
        [median(column) for column in zip(*figures[1:], strict=True)]
        for figures in (ours, floor)
    )
    print(
        f"  {label:<46}{1000 * seconds:>8.2f} ms{seconds / plain:>8.2f} × without us, "
        f"{queries - plain_queries:.0f} queries more"
    )


def main():
    evaluations()
    segment = env["subscription.segment"].search([])[0]
    segment.write({"tag_tickets": True, "ticket_priority": "3"})
    customer = segment.membership_ids[:1].customer_id
    print(f"\nA new ticket, medians of {TICKETS} pairs")
    tickets("of no customer", env["res.partner"].create({"name": "Nobody"}))
    tickets("tagged and raised", customer.partner_id)
    customer.subscription_ids.membership_ids.unlink()
    env.cr.commit()
    tickets("of a customer in no segment", customer.partner_id)


main()
