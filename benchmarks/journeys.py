# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Run by `make bench` in an Odoo shell: what journeys cost, beside floors.

The floor of an enrolment is one INSERT … SELECT of the same enrolments and deliveries
from ready tables, that of a selection the plain SELECT of the rows that are due. An
e-mail step is compared with mass_mailing alone: an ordinary mailing to contacts, to
whom none of our code applies, with the same text and as many placeholders, in turns.
Both leave their mails in the queue: no server takes part.
"""

import os
import time
import warnings
from statistics import median

from odoo import fields
from odoo.fields import Command
from odoo.tools import SQL

from odoo.addons.subscription_segmentation.benchmarks.population import fill, vacuum
from odoo.addons.subscription_segmentation.models.subscription_journey_run import BATCH

RUNS = 3
SELECTIONS = 15
#: Messages each way, so many at a time as a step sends.
MESSAGES = 1_000
TABLES = ("subscription_journey_enrolment", "subscription_journey_delivery")
#: How many deliveries there are for each subscription, and how many of 100 are due.
DELIVERIES = 10
DUE = 5
TEXT = (
    '<div><p>Dear <t t-out="{name}"/>,</p><p>thank you for <t t-out="{thing}"/>.'
    ' See <a href="https://example.com/news">what is new</a> until'
    ' <t t-out="{day}"/>.</p><a href="/unsubscribe_from_list">Unsubscribe</a></div>'
)
OURS = {
    "name": "object.partner_id.name",
    "thing": "object.template_id.name",
    "day": "object.next_renewal_date",
}
PLAIN = {"name": "object.name", "thing": "object.lang", "day": "object.create_date"}


def run(query, **values):
    env.cr.execute(SQL(query, **values))


def count(table):
    run("SELECT COUNT(*) FROM %(table)s", table=SQL.identifier(table))
    return env.cr.fetchone()[0]


def timed(work):
    env.invalidate_all()
    start = time.perf_counter()
    work()
    env.cr.commit()
    return time.perf_counter() - start


def show(label, seconds, floor=None):
    ratio = f"{seconds / floor:>8.2f} × floor" if floor else ""
    print(f"  {label:<46}{seconds:>9.3f} s{ratio}", flush=True)


def make_journey():
    """Return a journey with a message before, on and after the renewal."""
    return env["subscription.journey"].create(
        {
            "name": "Bench",
            "active": True,
            "anchor": "renewal",
            "company_id": env.company.id,
            "enrol_domain": "[('is_running', '=', True)]",
            "holdout_percent": 10,
            "reentry": "always",
            "step_ids": [
                Command.create(
                    {
                        "name": f"Day {day}",
                        "offset_days": day,
                        "variant_ids": [
                            Command.create(
                                {
                                    "name": name,
                                    "subject": f"{name} of day {day}",
                                    "body_html": TEXT.format(**OURS),
                                }
                            )
                            for name in ("A", "B")
                        ],
                    }
                )
                for day in (-7, 0, 3)
            ],
        }
    )


# --- enrolment ------------------------------------------------------------------------


def empty():
    run("TRUNCATE subscription_journey_enrolment, subscription_journey_delivery")
    vacuum(env, TABLES)


def insert():
    for table in TABLES:
        run(
            "INSERT INTO %(table)s SELECT * FROM %(ready)s",
            table=SQL.identifier(table),
            ready=SQL.identifier(f"ready_{table}"),
        )


def enrolment(journey):
    """Print what it costs to enrol all, and to find everybody enrolled."""

    def enrol():
        journey._enrol(env.company)

    empty()
    timed(enrol)
    for table in TABLES:
        run(
            "CREATE TABLE %(ready)s AS SELECT * FROM %(table)s",
            table=SQL.identifier(table),
            ready=SQL.identifier(f"ready_{table}"),
        )
    vacuum(env, [f"ready_{table}" for table in TABLES])
    floors, ours, again = [], [], []
    for _run in range(RUNS):
        empty()
        floors.append(timed(insert))
        empty()
        ours.append(timed(enrol))
        again.append(timed(enrol))
    print(
        f"\nEnrolment of {count(TABLES[0]):,}, with {count(TABLES[1]):,} deliveries, "
        f"medians of {RUNS} runs"
    )
    floor = median(floors)
    show("floor: INSERT … SELECT of these", floor)
    show("enrolment", median(ours), floor)
    show("the next time, nobody new", median(again))


# --- selection ------------------------------------------------------------------------


def selection(number):
    """Print what it costs to find what is due among ten times as many deliveries."""
    now = fields.Datetime.now()
    run("UPDATE subscription_journey_delivery SET state = 'done', done_at = due_at")
    run(
        """
        INSERT INTO subscription_journey_delivery (
            enrolment_id, journey_id, step_id, variant_id, subscription_id,
            customer_id, company_id, anchor_date, due_at, next_try_at, done_at, state,
            attempts
        )
        SELECT enrolment_id, journey_id, step_id, variant_id, subscription_id,
               customer_id, company_id, anchor_date - n, due_at, due.at,
               CASE WHEN share.past THEN due_at END,
               CASE WHEN share.past THEN 'done' ELSE 'waiting' END, 0
          FROM generate_series(1, %(times)s) AS n
    CROSS JOIN subscription_journey_delivery delivery
    CROSS JOIN LATERAL (
               SELECT (delivery.id * 7 + n * 13) %% 100 AS part) AS lot
    CROSS JOIN LATERAL (SELECT lot.part >= 30 AS past) AS share
    CROSS JOIN LATERAL (
               SELECT %(now)s::timestamp
                      + CASE WHEN lot.part < %(due)s THEN -1 ELSE 1 END
                        * make_interval(hours => 1 + lot.part::int)) AS due (at)
         LIMIT %(number)s - (SELECT COUNT(*) FROM subscription_journey_delivery)
        """,
        times=DELIVERIES,
        now=now,
        due=DUE,
        number=DELIVERIES * number,
    )
    vacuum(env, TABLES)
    found = []

    def plain():
        run(
            "SELECT id, step_id FROM subscription_journey_delivery"
            " WHERE state = 'waiting' AND next_try_at <= %(now)s ORDER BY id",
            now=fields.Datetime.now(),
        )
        found[:] = env.cr.fetchall()

    def ours():
        found[:] = env["subscription.journey.delivery"]._due()

    floors, seconds = [], []
    for _run in range(SELECTIONS + 1):
        floors.append(timed(plain))
        due = len(found)
        seconds.append(timed(ours))
        if sum(len(ids) for _step, ids in found) != due:
            raise SystemExit("ERROR: the floor finds others")
    print(
        f"\nSelection of {due:,} that are due among {count(TABLES[1]):,} deliveries, "
        f"medians of {SELECTIONS} runs"
    )
    floor = median(floors[1:])
    show("floor: SELECT of these", floor)
    show("selection", median(seconds[1:]), floor)


# --- an e-mail step -------------------------------------------------------------------


def messages(journey):
    """Print what a message of a step costs, beside one of mass_mailing alone."""
    empty()
    run("UPDATE subscription_journey SET enrolled_on = NULL")
    run(
        "UPDATE res_partner SET email = 'c' || id || '@example.com',"
        " email_normalized = 'c' || id || '@example.com', lang = 'en_US'"
        " WHERE name LIKE 'Bench %%'"
    )
    env.invalidate_all()
    journey._enrol(env.company)
    now, step = fields.Datetime.now(), journey.step_ids[0]
    run(
        "UPDATE subscription_journey_delivery SET due_at = %(now)s, next_try_at ="
        " %(now)s WHERE step_id = %(step)s",
        now=now,
        step=step.id,
    )
    vacuum(env, (*TABLES, "res_partner"))
    env.invalidate_all()
    Delivery = env["subscription.journey.delivery"]
    ids = dict(Delivery._due())[step]
    mailing = (
        env["mailing.mailing"]
        .create(
            {
                "name": "Plain",
                "subject": "Plain",
                "body_html": TEXT.format(**PLAIN),
                "mailing_type": "mail",
                "mailing_model_id": env["ir.model"]._get_id("res.partner"),
                "email_from": env.company.email_formatted,
                "reply_to_mode": "update",
                "state": "done",
                "sent_date": now,
            }
        )
        .with_context(default_force_send=False)
    )
    env.cr.commit()
    ours, plain = [], []
    for number in range(MESSAGES // BATCH + 1):
        some = ids[number * BATCH : (number + 1) * BATCH]
        if len(some) < BATCH:
            raise SystemExit("ERROR: too few subscriptions for so many messages")
        partners = Delivery.browse(some).subscription_id.partner_id.ids
        before = env["mail.mail"].search_count([])
        plain.append(timed(lambda ids=partners: mailing.action_send_mail(ids)))
        between = env["mail.mail"].search_count([])
        ours.append(
            timed(
                lambda ids=some: Delivery._do_safely(ids, lambda *_a: env.cr.commit())
            )
        )
        after = env["mail.mail"].search_count([])
        if (between - before, after - between) != (BATCH, BATCH):
            raise SystemExit(
                f"ERROR: {between - before} messages alone, {after - between} ours"
            )
    print(f"\nMessages, medians of {MESSAGES // BATCH} pairs of {BATCH} each way")
    floor = median(plain[1:]) / BATCH
    for label, seconds in (
        ("mass_mailing alone", floor),
        ("a journey's e-mail step", median(ours[1:]) / BATCH),
    ):
        ratio = "" if seconds is floor else f"{seconds / floor:>8.2f} × alone"
        print(f"  {label:<46}{1000 * seconds:>8.2f} ms{ratio}")


def main():
    # Odoo's mailings call what Odoo calls outdated, and tell the trace each time.
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    number = int(os.environ["N"])
    env["ir.cron"].search([]).write({"active": False})
    if not env["sale.subscription"].search_count([], limit=1):
        fill(env, number)
    env.company.email = "hello@example.com"
    env.company.write(
        {"subscription_quiet_from_hour": 0, "subscription_quiet_to_hour": 0}
    )
    today = env.company._subscription_today()
    run(
        "UPDATE sale_subscription SET is_running = TRUE, next_renewal_date = %(day)s",
        day=fields.Date.add(today, days=7),
    )
    vacuum(env)
    env.invalidate_all()
    journey = make_journey()
    env.cr.commit()
    enrolment(journey)
    selection(number)
    messages(journey)


main()
