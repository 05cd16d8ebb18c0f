# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Run by `make test` in an Odoo shell: a killed journey sends each message once.

Invariant 7. The process that does journeys, and the one that sends the mails, are
killed at random moments while messages are due. The last line: "PASSED FAILED SKIPPED".
"""

import os
import random
import sys
import time
from collections import Counter, defaultdict

from odoo.fields import Command

from odoo.addons.subscription_segmentation.benchmarks.population import fill
from odoo.addons.subscription_segmentation.models.subscription_journey_run import LOCK
from odoo.addons.subscription_segmentation.tests.interruption import processes
from odoo.addons.subscription_segmentation.tests.interruption.processes import (
    kill,
    start_process,
)
from odoo.addons.subscription_segmentation.tests.smtp_sink import SmtpSink

MESSAGES = 2_000
TIMES = 20
DUE = (
    "SELECT COUNT(*) FROM subscription_journey_delivery"
    " WHERE state = 'waiting' AND next_try_at <= now() AT TIME ZONE 'UTC'"
)
#: The server shows the locks of all its databases.
HELD = (
    "SELECT COUNT(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = %s"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
SENT = "SELECT res_id, COUNT(*) FROM {} WHERE {} GROUP BY 1"


def query(text, *args):
    return processes.query(env, text, *args)


def count(text, *args):
    [[number]] = query(text, *args)
    return number


def prepare(port):
    """Have messages due; return the subscriptions."""
    env["ir.cron"].search([]).write({"active": False})
    env["ir.mail_server"].search([]).unlink()
    env["ir.mail_server"].create(
        {
            "name": "Sink",
            "smtp_host": "127.0.0.1",
            "smtp_port": port,
            "smtp_encryption": "none",
        }
    )
    env.company.write(
        {
            "email": "hello@example.com",
            "subscription_contact_limit": 0,
            "subscription_quiet_from_hour": 0,
            "subscription_quiet_to_hour": 0,
        }
    )
    env.company.partner_id.tz = "UTC"
    fill(env, MESSAGES)
    query(
        "UPDATE res_partner SET email = 'c' || id || '@example.com',"
        " email_normalized = 'c' || id || '@example.com' WHERE name LIKE 'Bench %%'"
    )
    query(
        "UPDATE sale_subscription SET is_running = TRUE, next_renewal_date = %s",
        env.company._subscription_today(),
    )
    env.invalidate_all()
    journey = env["subscription.journey"].create(
        {
            "name": "Killed",
            "active": True,
            "anchor": "renewal",
            "company_id": env.company.id,
            "step_ids": [
                Command.create(
                    {
                        "name": "Step",
                        "local_hour": 0,
                        "variant_ids": [
                            Command.create({"subject": name, "name": name})
                            for name in ("A", "B")
                        ],
                    }
                )
            ],
        }
    )
    for variant in journey.step_ids.variant_ids:
        variant.body_html = '<p>Dear <t t-out="object.partner_id.name"/></p>'
        # Mails are kept, so that they can be counted.
        variant._mailing(env.company, "en_US").keep_archives = True
    env.cr.commit()
    return env["sale.subscription"].search([])


def journeys(own):
    own["subscription.journey"]._cron_run()


def queue(own):
    while True:
        own["mail.mail"].process_email_queue()
        own.cr.commit()
        time.sleep(0.02)


def settled():
    """Wait until the server has noticed that a process is gone."""
    end = time.monotonic() + 60
    while count(HELD, LOCK % 2**32):
        if time.monotonic() > end:
            raise AssertionError("the lock of a killed process stays")
        time.sleep(0.02)


def differences(subscriptions, received):
    """Return what is not as it should be, in words."""
    problems = []
    ids = set(subscriptions.ids)
    for table, condition in (
        (
            "mail_mail m JOIN mail_message n ON n.id = m.mail_message_id",
            "n.model = 'sale.subscription'",
        ),
        ("mailing_trace", "model = 'sale.subscription'"),
    ):
        found = dict(query(SENT.format(table, condition)))
        if found != dict.fromkeys(ids, 1):
            more = [id_ for id_, number in found.items() if number > 1]
            problems.append(f"{table}: {len(ids - found.keys())} lost, {more} twice")
    for table, column in (
        ("subscription_contact", "subscription_id"),
        ("subscription_journey_delivery WHERE state = 'done'", "subscription_id"),
    ):
        found = Counter(row[0] for row in query(f"SELECT {column} FROM {table}"))
        if found != dict.fromkeys(ids, 1):
            problems.append(f"{table}: not one for each")
    if open_ := count(
        "SELECT COUNT(*) FROM subscription_journey_enrolment WHERE state = 'running'"
    ):
        problems.append(f"{open_} enrolments did not end")
    copies = defaultdict(set)
    for message_id, recipient in received:
        copies[recipient].add(message_id)
    addresses = {f"c{partner.id}@example.com" for partner in subscriptions.partner_id}
    if copies.keys() != addresses:
        problems.append(f"{len(addresses - copies.keys())} have received nothing")
    if several := [address for address, some in copies.items() if len(some) > 1]:
        problems.append(f"{len(several)} received copies with several Message-IDs")
    return problems


def main():
    with SmtpSink() as sink:
        subscriptions = prepare(sink.port)
        chance = random.Random()
        failed, left = 0, []
        # The first moments are those of the enrolment.
        for number in range(TIMES):
            begin = time.monotonic()
            started = [start_process(env, journeys), start_process(env, queue)]
            # Not all is done before the last time.
            goal = MESSAGES * (number + chance.random()) / TIMES
            while time.monotonic() < begin + 60:
                done = count(
                    "SELECT COUNT(*) FROM subscription_journey_delivery"
                    " WHERE state = 'done'"
                )
                if done >= goal:
                    break
            time.sleep(chance.uniform(0, 0.2))
            for process in started:
                kill(process)
            settled()
            waiting = count(DUE)
            mails = count("SELECT COUNT(*) FROM mail_mail")
            left.append(waiting)
            done = count(
                "SELECT COUNT(*) FROM subscription_journey_delivery"
                " WHERE state = 'done'"
            )
            if mails != done:
                failed += 1
                print(
                    f"FAIL: killed when {waiting} were due: {mails} mails, {done} done"
                )
        process = start_process(env, journeys)
        os.waitpid(process, 0)
        process = start_process(env, queue)
        end = time.monotonic() + 300
        while count("SELECT COUNT(*) FROM mail_mail WHERE state = 'outgoing'"):
            if time.monotonic() > end:
                break
            time.sleep(0.2)
        kill(process)
        received = [
            (one.message["Message-ID"], address)
            for one in sink.received
            for address in one.recipients
        ]
        problems = differences(subscriptions, received)
        for problem in problems:
            print(f"FAIL: {problem}")
        print(
            f"killed {TIMES} times, when {left} were due; {len(received)} copies of"
            f" {MESSAGES} messages"
        )
        return TIMES - failed + int(not problems), failed + int(bool(problems))


passed, failed = main()
print(passed, failed, 0)
sys.stdout.flush()
