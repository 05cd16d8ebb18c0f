# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Renewals of subscriptions whose billing period changed."""

from datetime import date, timedelta

import oracles
import pandas as pd
from dateutil.relativedelta import relativedelta
from hypothesis import given
from hypothesis import strategies as st
from oracles import Run

from analytics.legs import split
from analytics.renewals import renewals

JAN = date(2024, 1, 1)
NOV = date(2024, 11, 21)
YEARLY = ("years", 1)
MONTHLY = ("months", 1)
QUARTERLY = ("months", 3)


def days(values):
    return pd.Series(values, dtype="datetime64[s]")


def frame(rows, *names):
    """Return rows as a DataFrame; columns that end in date or start hold days."""
    columns = zip(*rows, strict=True) if rows else [[]] * len(names)
    return pd.DataFrame(
        {
            name: days(list(values)) if name.endswith(("date", "start")) else values
            for name, values in zip(names, columns, strict=True)
        }
    )


def legs_of(runs, history=(), invoices=(), pauses=(), as_of=NOV, ended=()):
    """Return what ``split`` makes of runs, of which some ended on the day."""
    index = pd.Index(list(runs), dtype="int64")
    subscriptions = pd.DataFrame(
        {
            "start_date": days([run.start for run in runs.values()]).to_numpy(),
            "until": days([run.until for run in runs.values()]).to_numpy(),
            "unit": pd.Categorical([run.unit for run in runs.values()]),
            "interval": [run.interval for run in runs.values()],
            "predecessor_id": pd.array(
                [run.predecessor for run in runs.values()], "Int64"
            ),
        },
        index,
    )
    return split(
        subscriptions,
        days(
            [
                run.until - timedelta(days=run.until < as_of or key in ended)
                for key, run in runs.items()
            ]
        ).set_axis(index),
        frame(
            [(key, day, *period) for key, day, period in history],
            "subscription_id",
            "date",
            "unit",
            "interval",
        ),
        frame(invoices, "subscription_id", "period_start", "renewed"),
        frame(pauses, "subscription_id", "pause_date", "resume_date"),
    )


def renewed(runs, *told, as_of=NOV, **more):
    """Return {subscription: (last renewal, frequency, months, assumed, days)}."""
    result = renewals(*legs_of(runs, *told, as_of=as_of, **more), as_of)
    result = result.loc[list(runs)]
    return {
        key: None
        if pd.isna(row.last_renewal_date)
        else (
            row.last_renewal_date.date(),
            int(row.frequency),
            row.renewed_months,
            bool(row.assumed),
            int(row.period_days),
        )
        for key, row in zip(result.index, result.itertuples(index=False), strict=True)
    }


def one(*periods, invoices=(), pauses=(), run=None, as_of=NOV):
    """Return the renewals of one subscription.

    ``periods`` are (day, period); invoices are days, or (day, False).
    """
    rows = [(7, *row) if isinstance(row, tuple) else (7, row, True) for row in invoices]
    history = [(7, *row) for row in periods]
    paused = [(7, *row) for row in pauses]
    return renewed({7: run or Run(JAN, NOV)}, history, rows, paused, as_of=as_of)[7]


def monthly(start, *numbers):
    """Return the days of a monthly calendar."""
    return [start + relativedelta(months=i) for i in numbers]


# Told by invoices


def test_months_that_became_years():
    """January to March by month, in mid March sold by the year, billed from April."""
    billed = monthly(JAN, 0, 1, 2, 3)
    then = (JAN, MONTHLY), (date(2024, 3, 15), YEARLY)
    assert one(*then, invoices=billed) == (date(2024, 4, 1), 3, 14, False, 365)


def test_change_takes_effect_with_the_first_invoice():
    """Until then the period before goes on, and it shows that it is overdue."""
    then = (JAN, MONTHLY), (date(2024, 3, 15), YEARLY)
    billed = monthly(JAN, 0, 1, 2)
    assert one(*then, invoices=billed) == (date(2024, 3, 1), 2, 2, False, 31)


def test_change_that_is_billed_on_its_day():
    billed = [*monthly(JAN, 0, 1, 2), date(2024, 3, 15)]
    then = (JAN, MONTHLY), (date(2024, 3, 15), YEARLY)
    assert one(*then, invoices=billed) == (date(2024, 3, 15), 3, 14, False, 365)


def test_years_that_became_months():
    """The year that was paid goes on; months are billed after it."""
    start = date(2023, 2, 1)
    run = Run(start, NOV, *MONTHLY)
    then = (start, YEARLY), (date(2023, 7, 1), MONTHLY)
    assert one(*then, invoices=[start], run=run) == (start, 0, 0, False, 365)
    billed = [start, *monthly(start, 12, 13, 14)]
    assert one(*then, invoices=billed, run=run) == (
        date(2024, 4, 1),
        3,
        3,
        False,
        30,
    )


def test_nothing_of_the_new_period_was_paid():
    """The last renewal is that of the period before, as with any unpaid invoice."""
    billed = [*monthly(JAN, 0, 1, 2), (date(2024, 4, 1), False)]
    then = (JAN, MONTHLY), (date(2024, 3, 15), QUARTERLY)
    assert one(*then, invoices=billed) == (date(2024, 3, 1), 2, 2, False, 31)


def test_first_of_the_new_periods_was_not_paid():
    """The row is broken once a later one is."""
    billed = [*monthly(JAN, 0, 1, 2), (date(2024, 4, 1), False), date(2024, 7, 1)]
    then = (JAN, MONTHLY), (date(2024, 3, 15), QUARTERLY)
    assert one(*then, invoices=billed) == (date(2024, 7, 1), 1, 3, False, 92)


def test_gap_before_the_change():
    billed = [JAN, date(2024, 2, 1), date(2024, 4, 1), date(2024, 7, 1)]
    then = (JAN, MONTHLY), (date(2024, 3, 15), QUARTERLY)
    assert one(*then, invoices=billed) == (date(2024, 7, 1), 1, 3, False, 92)
    paused = [(date(2024, 2, 20), date(2024, 4, 1))]
    assert one(*then, invoices=billed, pauses=paused)[1:3] == (3, 7)


def test_gap_at_the_change():
    """What was not billed is not assumed, as it was billed before."""
    billed = [*monthly(JAN, 0, 1, 2), date(2024, 6, 1), date(2024, 9, 1)]
    then = (JAN, MONTHLY), (date(2024, 3, 15), QUARTERLY)
    assert one(*then, invoices=billed) == (date(2024, 9, 1), 1, 3, False, 91)


def test_first_invoice_after_the_change():
    """A sale order billed what came before: those periods are assumed."""
    then = (JAN, MONTHLY), (date(2024, 3, 1), QUARTERLY)
    billed = [date(2024, 6, 1), date(2024, 9, 1)]
    assert one(*then, invoices=billed) == (date(2024, 9, 1), 4, 10, True, 91)


# Assumed


def test_assumed_changes_where_a_period_begins():
    then = (JAN, MONTHLY), (date(2024, 3, 15), QUARTERLY)
    assert one(*then) == (date(2024, 10, 1), 5, 11, True, 92)
    on_the_day = (JAN, MONTHLY), (date(2024, 4, 1), QUARTERLY)
    assert one(*on_the_day) == (date(2024, 10, 1), 5, 11, True, 92)
    too_early = date(2024, 3, 20)
    run = Run(JAN, too_early)
    assert one(*then, run=run, as_of=too_early) == (date(2024, 3, 1), 2, 2, True, 31)


def test_assumed_does_not_change_in_a_pause():
    then = (JAN, MONTHLY), (date(2024, 3, 15), QUARTERLY)
    paused = [(date(2024, 3, 20), date(2024, 5, 10))]
    # Months begin on 1 February and March, quarters on 1 June and September.
    assert one(*then, pauses=paused) == (date(2024, 9, 1), 4, 8, True, 91)
    assert one(*then, pauses=[(date(2024, 3, 20), None)])[:3] == (
        date(2024, 3, 1),
        2,
        2,
    )


def test_31st_comes_back():
    """A change that never took effect leaves the calendar alone."""
    start = date(2024, 1, 31)
    then = (start, MONTHLY), (date(2024, 2, 10), YEARLY), (date(2024, 2, 20), MONTHLY)
    assert one(*then, run=Run(start, NOV)) == (date(2024, 10, 31), 9, 9, True, 30)


def test_several_changes():
    then = (
        (JAN, MONTHLY),
        (date(2024, 3, 1), QUARTERLY),
        (date(2024, 8, 1), ("weeks", 2)),
    )
    # 1 February and March (its first quarter), June; from September on each 2 weeks.
    months = round(1 + 3 + 3 + 6 * 14 / 30.4375, 2)
    assert one(*then) == (date(2024, 11, 10), 9, months, True, 14)


# Runs and chains


def test_changes_outside_of_the_run_do_not_count():
    """What held when it began counts, a change of later days does not."""
    run = Run(date(2024, 5, 1), NOV, *QUARTERLY)
    then = (JAN, MONTHLY), (date(2024, 3, 1), QUARTERLY), (date(2024, 12, 1), YEARLY)
    assert one(*then, run=run) == (date(2024, 11, 1), 2, 6, True, 92)


def test_first_terms_hold_before_they_were_told():
    then = (date(2024, 6, 1), MONTHLY), (date(2024, 8, 15), QUARTERLY)
    assert one(*then) == (date(2024, 9, 1), 8, 10, True, 91)


def test_successors_of_what_changed():
    runs = {
        1: Run(JAN, date(2024, 9, 1), *QUARTERLY),
        2: Run(date(2024, 9, 1), NOV, *MONTHLY, 1),
        3: Run(JAN, NOV),
    }
    history = [(1, JAN, MONTHLY), (1, date(2024, 3, 1), QUARTERLY)]
    # Months in February, quarters in March and June; months from September on.
    assert renewed(runs, history) == {
        1: (date(2024, 6, 1), 3, 7, True, 92),
        2: (date(2024, 11, 1), 6, 10, True, 30),
        3: (date(2024, 11, 1), 10, 10, True, 30),
    }


def test_change_of_the_successor():
    runs = {1: Run(JAN, date(2024, 4, 1)), 2: Run(date(2024, 4, 1), NOV, "years", 1, 1)}
    history = [(2, date(2024, 4, 1), MONTHLY), (2, date(2024, 7, 1), YEARLY)]
    assert renewed(runs, history)[2] == (date(2024, 7, 1), 6, 17, True, 365)


def test_ended_on_the_day_of_the_change():
    """Be it today: it did not go on with the new period."""
    runs = {1: Run(JAN, NOV, *YEARLY), 2: Run(NOV, NOV, *MONTHLY, 1)}
    history = [(1, JAN, MONTHLY), (1, NOV, YEARLY)]
    assert renewed(runs, history, ended=[1])[2] == (NOV, 11, 11, True, 30)


# In general

periods = st.sampled_from(
    [MONTHLY, QUARTERLY, YEARLY, ("weeks", 1), ("weeks", 2), ("days", 10)]
)
some_days = st.integers(-60, 330).map(lambda number: JAN + timedelta(days=number))
histories = st.dictionaries(some_days, periods, min_size=1, max_size=5).map(
    lambda rows: sorted(rows.items())
)
invoices = st.dictionaries(some_days, st.booleans(), max_size=14).map(
    lambda rows: sorted(rows.items())
)
pauses = st.lists(
    st.tuples(some_days, st.integers(1, 90)).map(
        lambda row: (row[0], row[0] + timedelta(days=row[1]))
    ),
    max_size=2,
)
starts = st.integers(0, 200).map(lambda number: JAN + timedelta(days=number))


def by_hand(run, history, invoices, pauses, last_day):
    """Return the legs of one run, one after the other: [start, (unit, interval)]."""
    history = [row for row in history if row[0] <= last_day]
    early = [row for row in history if row[0] <= run.start]
    now = early[-1] if early else history[0]
    paused_days = {
        first + timedelta(days=i)
        for first, resumed in pauses
        for i in range((resumed - first).days)
    }
    half = oracles.boundary(run.start, *now[1], 1) - run.start
    billed = [
        row
        for row in invoices
        if 2 * (run.start - row[0]) < half and row[0] <= last_day
    ]
    legs = [[run.start, now[1]]]
    for day, period in history[history.index(now) + 1 :]:
        start, held = legs[-1]
        if start >= day:
            legs[-1][1] = period
            continue
        later = [when for when, _renewed in billed if when >= day]
        options = later[:1]
        if not any(when < day for when, _renewed in billed):
            k = 1
            while True:
                boundary = oracles.boundary(start, *held, k)
                if boundary >= day and boundary not in paused_days:
                    break
                k += 1
            options.append(boundary)
        legs.append([min(options, default=date.max), period])
    paid = [when for when, was_renewed in billed if was_renewed]
    while len(legs) > 1:
        start = legs[-1][0]
        unpaid = start > paid[-1] if paid else billed and start >= billed[0][0]
        if start <= last_day and not unpaid:
            break
        legs.pop()
    merged = legs[:1]
    for leg in legs[1:]:
        if leg[1] != merged[-1][1]:
            merged.append(leg)
    return merged


@given(starts, histories, invoices, pauses)
def test_equals_legs_made_by_hand(start, history, invoices, pauses):
    """Each leg is a subscription of its own that continues the one before."""
    if history[0][0] > NOV:
        return
    run = Run(start, NOV, *[row for row in history if row[0] <= NOV][-1][1])
    found = one(*history, invoices=invoices, pauses=pauses, run=run)
    legs = by_hand(run, history, invoices, pauses, NOV)
    ends = [leg[0] for leg in legs[1:]] + [NOV]
    runs = {
        i: Run(begin, end, *period, i - 1 if i else None)
        for i, ((begin, period), end) in enumerate(zip(legs, ends, strict=True))
    }
    rows = [
        (max(i for i, leg in enumerate(legs) if i == 0 or leg[0] <= day), day, renewed)
        for day, renewed in invoices
    ]
    paused = [(i, *row) for i in runs for row in pauses]
    expected = oracles.renewals(runs, rows, paused, NOV)[len(legs) - 1]
    assert found[:4] == expected


@given(starts, periods, invoices, pauses, st.lists(some_days, max_size=3))
def test_without_a_change_nothing_changes(start, period, invoices, pauses, told):
    """Not even when the same is told several times."""
    run = Run(start, NOV, *period)
    plain = one(invoices=invoices, pauses=pauses, run=run)
    again = [(day, period) for day in sorted({JAN, *told})]
    assert one(*again, invoices=invoices, pauses=pauses, run=run) == plain


@given(starts, histories, invoices, pauses, some_days)
def test_later_changes_never_alter_a_past_day(start, history, invoices, pauses, as_of):
    """Invariant 1."""
    run = Run(start, as_of)
    known = [row for row in history if row[0] <= as_of]
    if not known:
        return
    run = run._replace(unit=known[-1][1][0], interval=known[-1][1][1])
    told = {"invoices": invoices, "pauses": pauses, "run": run, "as_of": as_of}
    assert one(*history, **told) == one(*known, **told)
