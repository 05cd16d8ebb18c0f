# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Run by `make test` in Odoo shells: a killed refresh ends as if it had not been.

Invariant 2. STEP=kill kills processes that refresh at random moments of each phase,
sees that each segment has the members of the day before or those of today, and finishes
what they left; STEP=leave leaves one in the middle for the database server to be broken
down; STEP=finish finishes it. The last line: "PASSED FAILED SKIPPED".
"""

import os
import random
import signal
import sys
import time
import traceback
from datetime import timedelta

from odoo import sql_db
from odoo.api import SUPERUSER_ID, Environment

from odoo.addons.subscription_segmentation.benchmarks.population import fill
from odoo.addons.subscription_segmentation.models import subscription_refresh
from odoo.addons.subscription_segmentation.models.scoring import (
    CUSTOMER_COLUMNS,
    SUBSCRIPTION_COLUMNS,
)

SUBSCRIPTIONS = 2_500
PHASES = {
    "reconciling": "reconcile_seconds",
    "computing": "compute_seconds",
    "applying": "apply_seconds",
    "segmenting": "segment_seconds",
}
#: Conditions of segments: none has the members that it had the day before.
SEGMENTS = (
    "[('rfm_m', '>=', 3)]",
    "[('rfm_f', '<=', 2), ('is_running', '=', True)]",
    "[('lifecycle_stage', '=', 'loyal')]",
    "[('days_to_renewal', '<=', 15)]",
    "[]",
)
TIMES = 10
#: One in so many has lines that the ledger has not heard of.
MISSED = 50
LOCK = subscription_refresh.LOCK
#: The server shows the locks of all its databases.
HELD = (
    "locktype = 'advisory' AND classid = %s AND database ="
    " (SELECT oid FROM pg_database WHERE datname = current_database())"
)

# Small batches: many moments to be killed at.
subscription_refresh.BATCH = 200
subscription_refresh.BOOKED = 10


def commit():
    env.cr.commit()
    env.invalidate_all()
    return True


def query(text, *args):
    env.cr.execute(text, args)
    return env.cr.fetchall() if env.cr.description else None


def reset():
    """Take back all that a refresh has written."""
    query("DELETE FROM subscription_movement WHERE origin = 'reconciled'")
    for table, names in (
        ("sale_subscription", SUBSCRIPTION_COLUMNS),
        ("subscription_customer", CUSTOMER_COLUMNS),
    ):
        query(f"UPDATE {table} SET " + ", ".join(f"{name} = NULL" for name in names))
    query("DELETE FROM subscription_refresh")
    query("UPDATE subscription_customer SET primary_segment_id = NULL")
    query("DELETE FROM subscription_segment_membership")
    query(
        "INSERT INTO subscription_segment_membership"
        " (segment_id, subscription_id, company_id, date_from, kind)"
        " SELECT segment.id, subscription.id, subscription.company_id, %s,"
        " 'automatic' FROM sale_subscription subscription, subscription_segment segment"
        " WHERE segment.active AND (subscription.id + segment.id) %% 3 = 0",
        env.company._subscription_today() - timedelta(1),
    )
    commit()


def members():
    """Return the members of each segment, as one hash."""
    return dict(
        query(
            "SELECT segment_id, md5(string_agg(subscription_id::text, ','"
            " ORDER BY subscription_id)) FROM subscription_segment_membership"
            " WHERE date_to IS NULL GROUP BY 1"
        )
    )


def fingerprint():
    """Return what a refresh has written, a hash for each table."""
    parts = {}
    for table, names in (
        ("sale_subscription", ["id", *SUBSCRIPTION_COLUMNS]),
        ("subscription_customer", ["id", "primary_segment_id", *CUSTOMER_COLUMNS]),
        (
            "subscription_segment_membership",
            ["segment_id", "subscription_id", "date_from", "date_to", "kind"],
        ),
        (
            "subscription_movement",
            ["subscription_res_id", "date", "event", "mrr_delta", "origin", "kind"],
        ),
    ):
        columns = ", ".join(names)
        [[parts[table]]] = query(
            f"SELECT md5(string_agg(row::text, ';' ORDER BY row::text))"
            f" FROM (SELECT {columns} FROM {table}) AS row"
        )
    return parts


def leftovers():
    """Return locks and staging tables that should be gone."""
    return query(
        f"SELECT 'lock' FROM pg_locks WHERE {HELD}"
        " UNION ALL SELECT relname FROM pg_class"
        " WHERE relname LIKE '%%\\_refresh\\_%%' AND relpersistence = 'u'"
        " AND relkind = 'r'",
        LOCK % 2**32,
    )


def is_locked():
    held = query(f"SELECT 1 FROM pg_locks WHERE {HELD}", LOCK % 2**32)
    commit()
    return bool(held)


def refresh(env, commit):
    company = env["res.company"].browse(env.company.id)
    return env["subscription.refresh"]._refresh_company(
        company, company._subscription_today(), commit
    )


def go_on():
    """Finish the run that was left; return the last one."""
    run = env["subscription.refresh"].search([], limit=1)
    run._run(commit)
    return run


def start_process():
    """Return the number of a process that refreshes, with connections of its own."""
    process = os.fork()
    if process:
        return process
    try:
        name = env.cr.dbname
        pool = sql_db.ConnectionPool(4)
        cr = sql_db.Connection(pool, name, sql_db.connection_info_for(name)[1]).cursor()
        child = Environment(cr, SUPERUSER_ID, {})

        def child_commit():
            cr.commit()
            return True

        refresh(child, child_commit)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(0)


def kill_in(phase, after):
    """Kill a refresh some seconds after a phase began; return the state it left."""
    process = start_process()
    state = None
    end = time.monotonic() + 60
    while state not in (phase, "done") and time.monotonic() < end:
        [[state]] = query("SELECT MAX(state) FROM subscription_refresh")
        commit()
        time.sleep(0.002)
    time.sleep(after)
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    while is_locked():  # the server ends a statement before it notices
        if time.monotonic() > end:
            raise AssertionError("the lock of a killed process stays")
        time.sleep(0.05)
    [[state]] = query("SELECT MAX(state) FROM subscription_refresh")
    commit()
    return state


def prepare():
    """Make the company, refresh it undisturbed; return hash and seconds by phase."""
    env["ir.cron"].search([]).write({"active": False})
    fill(env, SUBSCRIPTIONS)
    env["subscription.segment"].search([]).action_archive()
    env["subscription.segment"].create(
        [
            {"name": f"Segment {number}", "sequence": number, "enter_domain": domain}
            for number, domain in enumerate(SEGMENTS)
        ]
    )
    query(
        "UPDATE sale_subscription_line SET price_subtotal = price_subtotal + 1"
        " WHERE sale_subscription_id %% %s = 0",
        MISSED,
    )
    reset()
    run = refresh(env, commit)
    if (run.state, run.failed_count) != ("done", 0) or not run.booked_count:
        raise AssertionError(f"The undisturbed run: {run.state}, {run.error}")
    seconds = {phase: run[name] for phase, name in PHASES.items()}
    return fingerprint(), seconds


def kill():
    expected, seconds = prepare()
    today = members()
    reset()
    yesterday = members()
    chance = random.Random()
    failed = 0
    for phase, duration in seconds.items():
        left = []
        for _time in range(TIMES):
            reset()
            after = chance.uniform(0, duration)
            left.append(kill_in(phase, after))
            mixed = [
                segment
                for segment, some in members().items()
                if some not in (yesterday.get(segment), today.get(segment))
            ]
            if mixed:
                print(f"FAIL: segments {mixed} are neither yesterday's nor today's")
                failed += 1
            run = go_on()
            found = fingerprint()
            others = [name for name in expected if found[name] != expected[name]]
            if run.state != "done" or others or leftovers():
                print(f"FAIL: killed {after:.3f} s into {phase}: {run.state}, {others}")
                failed += 1
        print(f"killed in {phase} ({duration:.2f} s), left as {sorted(left)}")
    reset()
    query("CREATE TABLE IF NOT EXISTS expected (fingerprint text)")
    query("INSERT INTO expected VALUES (%s)", str(expected))
    commit()
    return len(seconds) * TIMES - failed, failed


def leave():
    """Stop in the middle of applying."""

    def until_half_is_applied():
        commit()
        return run.state != "applying" or run.done_count < 0.75 * run.total_count

    run = env["subscription.refresh"]._request(
        env.company, env.company._subscription_today()
    )
    run._run(until_half_is_applied)
    print(f"left {run.state} after {run.changed_count} rows")
    return 0, int(run.state != "applying")


def finish():
    run = env["subscription.refresh"].search([], limit=1)
    [[filled]] = query(
        f"SELECT EXISTS (SELECT FROM sale_subscription_refresh_{run.id})"
    )
    print(f"staging tables {'kept' if filled else 'lost'}")
    run = go_on()
    [[expected]] = query("SELECT fingerprint FROM expected")
    same = run.state == "done" and str(fingerprint()) == expected and not leftovers()
    if not same:
        print(f"FAIL: after a breakdown of the server: {run.state} {run.error}")
    return int(same), int(not same)


passed, failed = {"kill": kill, "leave": leave, "finish": finish}[os.environ["STEP"]]()
print(passed, failed, 0)
sys.stdout.flush()
