# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Run by `make test` in an Odoo shell: is the ledger what ``two_years.py`` has lived?

Prints what differs, and "PASSED FAILED SKIPPED" as its last line.
"""

from collections import defaultdict

from odoo.addons.subscription_segmentation.signals.subscriptions import contracted_mrr


def check(env):
    """Yield what is wrong."""
    jobs = env["subscription.backfill"].search([])
    if jobs.mapped("state") != ["todo"]:
        yield f"one back-fill should wait after installation: {jobs.mapped('state')}"
    env.ref("subscription_segmentation.ir_cron_subscription_backfill")
    while jobs._work(limit=7):
        env.cr.commit()
    env.cr.commit()
    for failure in jobs.failure_ids:
        yield f"{failure.reference} failed: {failure.error}"
    yield from differences(env)
    again = jobs._start(jobs.company_id)
    before = env["subscription.movement"].search_count([])
    again._work()
    if env["subscription.movement"].search_count([]) != before:
        yield "a second run has booked something"


def differences(env):
    """Yield where the ledger is not the truth, and where today is not the lines."""
    env.cr.execute("SELECT * FROM truth")
    truth = defaultdict(list)
    for sub_id, day, event, delta, origin in env.cr.fetchall():
        truth[sub_id].append((day, event, float(delta), origin))
    if len(truth) < 15:
        yield f"only {len(truth)} subscriptions have lived"
    Subscription = env["sale.subscription"].with_context(active_test=False)
    subscriptions = Subscription.search([], order="id")
    lines = contracted_mrr(env, subscriptions.ids)["contracted"]
    for sub in subscriptions:
        rows = sorted(
            (row.date, row.event, row.mrr_delta, row.origin) for row in sub.movement_ids
        )
        told = sorted(truth[sub.id])
        name = f"{sub.name} ({sub.template_id.name})"
        if [row[:2] for row in rows] != [row[:2] for row in told] or any(
            abs(row[2] - other[2]) > 0.001 or row[3] != other[3]
            for row, other in zip(rows, told, strict=True)
        ):
            yield "\n   ".join(
                [f"{name} lived", *map(show, told), "but the ledger says"]
                + [
                    f"{row.date} {row.event} {row.mrr_delta} {row.origin}: {row.reason}"
                    for row in sub.movement_ids.sorted("date")
                ]
            )
        if set(sub.movement_ids.currency_id) - set(sub.currency_id):
            yield f"{name} is booked in another currency"
        expected = float(lines[sub.id]) if sub.is_running else 0
        if abs(sum(sub.movement_ids.mapped("mrr_delta")) - expected) > 0.001:
            yield f"the rows of {name} do not come to its lines"


def show(row):
    return " ".join(map(str, row))


problems = list(check(env))  # noqa: F821 # the shell's
for problem in problems:
    print(f"FAIL: installation on two years of history: {problem}")
print(f"{int(not problems)} {len(problems)} 0")
