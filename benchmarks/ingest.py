# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Run by `make bench` in an Odoo shell: how fast usage is stored, beside plain COPY.

Calls of 10,000 items each, committed. The floor is one COPY of the same rows into a
table of the same columns, keys and indexes, committed too.
"""

import io
import os
import time
from datetime import timedelta

from odoo.tools import SQL

from odoo.addons.subscription_segmentation.benchmarks.population import fill
from odoo.addons.subscription_segmentation.models.subscription_usage_ingest import (
    MAX_ROWS,
)

CALLS = 20
FEATURES = 10
COLUMNS = (
    "subscription_id, feature_id, company_id, date, known_on, count, is_month, day_bits"
)


def items(ids, codes, today, how):
    """Return CALLS lists of items, each for another subscription, feature and day."""
    count = CALLS * MAX_ROWS
    all_ = [
        {
            "subscription_id": ids[n % len(ids)],
            "feature": codes[n // len(ids) % len(codes)],
            "date": (today - timedelta(days=n % 7)).isoformat(),
            "count": 1 + n % 9,
            **({"event_key": f"E-{n}"} if how == "events" else {}),
        }
        for n in range(count)
    ]
    return [all_[start : start + MAX_ROWS] for start in range(0, count, MAX_ROWS)]


def report(label, seconds, note=""):
    rate = CALLS * MAX_ROWS / seconds
    print(f"  {label:<46}{rate:>9,.0f} rows/s{note}")
    return rate


def send(calls, expected):
    start = time.perf_counter()
    for call in calls:
        answer = env["subscription.usage"].ingest(call)
        if answer[expected] != len(call):
            raise SystemExit(f"ERROR: {answer}")
        env.cr.commit()
    return time.perf_counter() - start


def floor(calls, features):
    lines = [
        "\t".join(
            map(
                str,
                (
                    item["subscription_id"],
                    features[item["feature"]],
                    env.company.id,
                    item["date"],
                    item["date"],
                    item["count"],
                    "f",
                    1,
                ),
            )
        )
        for call in calls
        for item in call
    ]
    env.cr.execute("CREATE SEQUENCE bench_usage_id")
    env.cr.execute(
        "CREATE TABLE bench_usage (LIKE subscription_usage INCLUDING ALL,"
        " FOREIGN KEY (subscription_id) REFERENCES sale_subscription,"
        " FOREIGN KEY (feature_id) REFERENCES subscription_feature,"
        " FOREIGN KEY (company_id) REFERENCES res_company)"
    )
    env.cr.commit()
    start = time.perf_counter()
    env.cr.copy_expert(
        f"COPY bench_usage ({COLUMNS}) FROM STDIN", io.StringIO("\n".join(lines))
    )
    env.cr.commit()
    return time.perf_counter() - start


def empty():
    env.cr.execute(SQL("TRUNCATE subscription_usage, subscription_usage_event"))
    env.cr.commit()


def main():
    env["ir.cron"].search([]).write({"active": False})
    if not env["sale.subscription"].search_count([], limit=1):
        fill(env, int(os.environ["N"]))
    ids = env["sale.subscription"].search([], order="id").ids
    codes = [f"bench_{n}" for n in range(FEATURES)]
    made = env["subscription.feature"].create([{"name": c, "code": c} for c in codes])
    env.cr.commit()
    today = env.company._subscription_today()
    totals, events = (items(ids, codes, today, how) for how in ("totals", "events"))
    features = dict(zip(codes, made.ids, strict=True))
    print(f"\nUsage of {len(ids):,} subscriptions, {CALLS} calls of {MAX_ROWS:,} rows")
    plain = report("floor: one plain COPY", floor(totals, features))
    for label, calls, expected in (
        ("day totals, all new", totals, "stored"),
        ("day totals, sent again", totals, "unchanged"),
        ("events, all new", events, "stored"),
        ("events, sent again", events, "unchanged"),
    ):
        if expected == "stored":
            empty()
        seconds = send(calls, expected)
        share = CALLS * MAX_ROWS / seconds / plain
        report(label, seconds, f"{share:>8.2f} × COPY")
    empty()


main()
