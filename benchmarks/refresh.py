# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Run by `make bench` in an Odoo shell: what a refresh costs, beside a floor.

The floor is one UPDATE … FROM of the same columns on all subscriptions and customers
from ready tables, committed. Times are medians of five runs after a warm-up; RESULTS
names a file in which runs of other sizes leave theirs. First with RFM, lifecycle and
tenure alone, then with all that a refresh computes.
"""

import json
import os
import time
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from unittest.mock import patch

import pandas as pd

from odoo.tools import SQL

from odoo.addons.subscription_segmentation.benchmarks.population import vacuum
from odoo.addons.subscription_segmentation.models import scoring, subscription_refresh
from odoo.addons.subscription_segmentation.models.scoring import (
    LIFE,
    POSITION,
    RFM,
    TABLES,
    TOTALS,
)

RUNS = 5
LIST_RUNS = 25
SAMPLE = 300
MEBIBYTE = 1024 * 1024
#: The columns of RFM, lifecycle and tenure.
RFM_TABLES = {
    "sale.subscription": POSITION + LIFE + RFM,
    "subscription.customer": TOTALS + LIFE + RFM,
}


def commit():
    env.cr.commit()
    return True


def nothing():
    pass


def run(query, **values):
    env.cr.execute(SQL(query, **values))


def timed(work, before=nothing):
    """Return the median seconds of a piece of work, and all of them."""
    seconds = []
    for _run in range(RUNS + 1):
        before()
        env.invalidate_all()
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return median(seconds[1:])


def rfm_alone(stack):
    """Have a refresh compute and write RFM, lifecycle and tenure, and nothing else."""

    def replace(owner, **values):
        for name, value in values.items():
            stack.enter_context(patch.object(owner, name, value))

    def nothing_known(*_args, **_kwargs):
        return None

    def subscriptions_as_they_are(*args):
        return next(arg for arg in args if isinstance(arg, pd.DataFrame))

    stack.enter_context(patch.dict(TABLES, RFM_TABLES))
    replace(
        scoring,
        CUSTOMER_COLUMNS=RFM_TABLES["subscription.customer"],
        scorer=nothing_known,
        running_subscriptions=nothing_known,
        read_use=nothing_known,
        with_risk=subscriptions_as_they_are,
        with_recommendations=subscriptions_as_they_are,
        with_value=subscriptions_as_they_are,
        risks=lambda *_args: pd.DataFrame(),
        referrals=lambda *_args: pd.Series(dtype=int),
        worklist=lambda *_args: 0,
    )
    replace(subscription_refresh, SUBSCRIPTION_COLUMNS=RFM_TABLES["sale.subscription"])
    # Segments and health rules come after that.
    run_model = type(env["subscription.refresh"])
    replace(run_model, _begin_segmenting=run_model._finish)


def forget():
    """Empty the columns, so that every row differs, and clear what that leaves."""
    for model, names in TABLES.items():
        run(
            "UPDATE %(table)s SET %(columns)s",
            table=SQL.identifier(env[model]._table),
            columns=SQL(", ").join(
                SQL("%s = NULL", SQL.identifier(name)) for name in names
            ),
        )
    vacuum(env)


def refresh():
    company = env.company
    result = env["subscription.refresh"]._refresh_company(
        company, company._subscription_today(), commit
    )
    if result.state != "done" or result.failed_count:
        raise SystemExit(f"ERROR: the refresh failed: {result.error}")
    return result


def make_ready():
    """Keep what a refresh stored as the ready tables of the floor."""
    for model, names in TABLES.items():
        table = env[model]._table
        run("DROP TABLE IF EXISTS %(ready)s", ready=SQL.identifier(f"bench_{table}"))
        run(
            "CREATE TABLE %(ready)s AS SELECT id, %(columns)s FROM %(table)s",
            ready=SQL.identifier(f"bench_{table}"),
            table=SQL.identifier(table),
            columns=SQL(", ").join(map(SQL.identifier, names)),
        )
    env.cr.commit()


def floor():
    for model, names in TABLES.items():
        table = env[model]._table
        run(
            "UPDATE %(table)s record SET %(pairs)s FROM %(ready)s ready"
            " WHERE ready.id = record.id",
            table=SQL.identifier(table),
            ready=SQL.identifier(f"bench_{table}"),
            pairs=SQL(", ").join(
                SQL("%s = ready.%s", SQL.identifier(name), SQL.identifier(name))
                for name in names
            ),
        )
    env.cr.commit()


def write_records():
    """Return the seconds that the ORM takes for each subscription and its customer."""
    samples = []
    for model, names in TABLES.items():
        records = env[model].search([], limit=SAMPLE)
        samples += zip(records, records.read(names, load=None), strict=True)
    forget()
    env.invalidate_all()
    start = time.perf_counter()
    for record, values in samples:
        values.pop("id")
        record.write(values)
        record.flush_recordset()
    env.cr.commit()
    return (time.perf_counter() - start) / SAMPLE


def resident(name):
    """Return a figure of this process in MiB: VmRSS now or VmHWM at most."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) * 1024 / MEBIBYTE


def paired(ours, core):
    """Return the median seconds of two pieces of work that take turns.

    Lists take milliseconds: what disturbs one of them disturbs both.
    """
    seconds = [], []
    for _run in range(LIST_RUNS + 1):
        for work, took in zip((ours, core), seconds, strict=True):
            env.invalidate_all()
            start = time.perf_counter()
            work()
            took.append(time.perf_counter() - start)
    return [median(took[1:]) for took in seconds]


def lists():
    """Yield (model, work, our field, core field, seconds of each).

    As the list view asks: a page of 80, and a count that stops at 10,001.
    """

    def group(model, field):
        return lambda: env[model].formatted_read_group([], [field], ["__count"])

    def find(model, field, value):
        return lambda: env[model].web_search_read(
            [(field, "=", value)], {"name": {}}, limit=80, count_limit=10_001
        )

    for model, core, fields in (
        (
            "sale.subscription",
            "name",
            ("lifecycle_stage", "rfm_segment", "rfm_r", "tenure_band"),
        ),
        ("crm.lead", "stage_id", ("customer_lifecycle_stage", "customer_rfm_segment")),
    ):
        for field in fields:
            seconds = paired(group(model, field), group(model, core))
            yield model, "group", field, core, *seconds
    stage = env["crm.stage"].search([])[:1].id
    for model, core, value, field in (
        ("sale.subscription", "name", "Bench", "lifecycle_stage"),
        ("crm.lead", "stage_id", stage, "customer_lifecycle_stage"),
    ):
        seconds = paired(find(model, field, "loyal"), find(model, core, value))
        yield model, "filter", field, core, *seconds


def measure(label, floor_seconds):
    """Print what a refresh costs with every row changed and with nothing changed."""
    took = {
        "every row": timed(refresh, forget),
        "nothing": timed(refresh, lambda: vacuum(env)),
    }
    for what, seconds in took.items():
        text = f"refresh, {what} changed{label}"
        ratio = seconds / floor_seconds
        print(f"  {text:<46}{seconds:>9.3f} s{ratio:>8.2f} × floor", flush=True)
    return took


def compare(title, number, idle, models):
    """Print what refreshes cost beside their floor.

    :param idle: MiB of this process before the first of them
    :param models: churn models by what is said of them
    """
    vacuum(env)
    first = refresh()
    if first.changed_count != 2 * number:
        raise SystemExit(f"ERROR: {first.changed_count} rows changed of {2 * number}")
    memory = resident("VmHWM") - idle
    make_ready()
    print(f"\n{title}, {number:,} subscriptions and customers, medians of {RUNS} runs")
    floor_seconds = timed(floor, forget)
    print(f"  {'floor: one UPDATE … FROM per table':<46}{floor_seconds:>9.3f} s")
    took = []
    for label, model in models.items():
        env["subscription.churn.model"].search([]).state = "trained"
        env.flush_all()
        model.state = "in_use"
        took.append(measure(label, floor_seconds))
    record = write_records()
    ratio = record * number / took[0]["every row"]
    print(
        f"  {'ORM write of a subscription and its customer':<46}{record:>9.5f} s"
        f"{ratio:>8.1f} × the refresh's"
    )
    print(f"  {'memory growth of the process at most':<46}{memory:>9.0f} MiB")
    compare_sizes(title, number, took[0])


def compare_sizes(title, number, took):
    """Print how the time has grown since the runs of other sizes."""
    results = Path(os.environ["RESULTS"])
    lines = results.read_text().splitlines() if results.exists() else []
    for smaller in map(json.loads, lines):
        if smaller["title"] != title:
            continue
        for label, seconds in took.items():
            ratio = seconds / smaller[label]
            size = number / smaller["number"]
            print(
                f"  {label} changed: {ratio:.1f} × the time for {size:.0f} × the rows"
            )
    with results.open("a") as file:
        file.write(json.dumps({"title": title, "number": number, **took}) + "\n")


def main():
    number = int(os.environ["N"])
    linear, trees = env["subscription.churn.model"].search([], order="id")
    linear.state = "in_use"
    idle = resident("VmRSS")
    with ExitStack() as stack:
        rfm_alone(stack)
        compare("RFM, lifecycle and tenure alone", number, idle, {"": linear})
    models = {", linear model": linear, ", trees": trees}
    compare("All scores, segments and health", number, idle, models)
    refresh()
    vacuum(env)
    print(f"\nLists, medians of {LIST_RUNS} pairs")
    for model, work, field, core, ours, core_seconds in lists():
        label = f"{work} {model} by {field}"
        print(f"  {label:<46}{ours:>9.3f} s{ours / core_seconds:>8.2f} × by {core}")


main()
