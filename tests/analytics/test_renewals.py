# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Renewals in a row, told by invoices, assumed without, through pauses and chains."""

from datetime import date, timedelta

import oracles
import pandas as pd
import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import given
from hypothesis import strategies as st
from oracles import Renewals, Run

from analytics.renewals import renewals

JAN = date(2024, 1, 1)
NOV = date(2024, 11, 21)


def found(runs, invoices=(), pauses=(), as_of=NOV):
    """Return {subscription: Renewals or None} of what the oracle takes."""
    index = pd.Index(list(runs), dtype="int64")
    result = renewals(
        pd.DataFrame(
            {
                "start_date": days([run.start for run in runs.values()]),
                "until": days([run.until for run in runs.values()]),
                "unit": pd.Categorical([run.unit for run in runs.values()]),
                "interval": [run.interval for run in runs.values()],
                "predecessor_id": pd.Series(
                    [run.predecessor for run in runs.values()], dtype="Int64"
                ).to_numpy(float, na_value=float("nan")),
            }
        ).set_index(index),
        pd.DataFrame(
            {
                "subscription_id": [row[0] for row in invoices],
                "period_start": days([row[1] for row in invoices]),
                "renewed": [row[2] for row in invoices],
            }
        ),
        pd.DataFrame(
            {
                "subscription_id": [row[0] for row in pauses],
                "pause_date": days([row[1] for row in pauses]),
                "resume_date": days([row[2] for row in pauses]),
            }
        ),
        as_of,
    )
    assert list(result.index) == list(runs)
    found = {}
    for key, row in zip(result.index, result.itertuples(index=False), strict=True):
        if pd.isna(row.last_renewal_date):
            assert all(pd.isna(value) for value in row)
            found[key] = None
            continue
        last = row.last_renewal_date.date()
        found[key] = Renewals(
            last, int(row.frequency), row.renewed_months, bool(row.assumed)
        )
        run = runs[key]
        period = oracles.boundary(last, run.unit, run.interval, 1) - last
        assert row.period_days == period.days
    return found


def days(values):
    return pd.Series(values, dtype="datetime64[s]")


def one(run, invoices=(), pauses=(), as_of=NOV):
    """Return the renewals of one subscription; invoices are days, or (day, False)."""
    rows = [(7, *row) if isinstance(row, tuple) else (7, row, True) for row in invoices]
    return found({7: run}, rows, [(7, *row) for row in pauses], as_of)[7]


def monthly(start, *numbers):
    """Return the days of a monthly calendar."""
    return [start + relativedelta(months=i) for i in numbers]


# Without invoices


def test_assumed_counts_the_boundaries_up_to_today():
    run = Run(JAN, NOV)
    assert one(run) == Renewals(date(2024, 11, 1), 10, 10, True)
    today = Run(date(2024, 1, 21), NOV)
    assert one(today) == Renewals(NOV, 10, 10, True)


def test_assumed_first_period_is_no_renewal():
    assert one(Run(NOV, NOV)) == Renewals(NOV, 0, 0, True)


def test_not_started_yet_is_missing():
    assert one(Run(date(2024, 12, 1), NOV)) is None


def test_ended_on_a_boundary_did_not_renew():
    run = Run(JAN, date(2024, 4, 1))
    assert one(run) == Renewals(date(2024, 3, 1), 2, 2, True)
    assert one(run, as_of=date(2024, 4, 1)).frequency == 3


@pytest.mark.parametrize(
    ("unit", "interval", "last", "number", "months"),
    [
        ("days", 10, date(2024, 11, 16), 32, 10.51),
        ("weeks", 2, date(2024, 11, 18), 23, 10.58),
        ("months", 1, date(2024, 11, 1), 10, 10),
        ("months", 3, date(2024, 10, 1), 3, 9),
        ("years", 1, JAN, 0, 0),
        ("months", 0, date(2024, 11, 1), 10, 10),
    ],
)
def test_mixed_periods(unit, interval, last, number, months):
    runs = {
        1: Run(JAN, NOV, "years", 5),
        2: Run(JAN, NOV, unit, interval),
        3: Run(JAN, NOV, "days", 1),
    }
    assert found(runs)[2] == Renewals(last, number, months, True)


def test_31st_of_the_month():
    run = Run(date(2024, 1, 31), date(2024, 4, 29))
    as_of = date(2024, 4, 29)
    assert one(run, as_of=as_of) == Renewals(date(2024, 3, 31), 2, 2, True)
    as_of = date(2024, 4, 30)
    assert one(run._replace(until=as_of), as_of=as_of).frequency == 3


def test_leap_day():
    start, as_of = date(2024, 2, 29), date(2025, 2, 28)
    run = Run(start, as_of, "years")
    assert one(run, as_of=as_of) == Renewals(as_of, 1, 12, True)


def test_assumed_leaves_out_what_begins_in_a_pause():
    run = Run(JAN, NOV)
    paused = (date(2024, 3, 1), date(2024, 5, 1))
    assert one(run, pauses=[paused]) == Renewals(date(2024, 11, 1), 8, 8, True)
    # Resumed on 1 May: that period begins.
    later = date(2024, 3, 2), date(2024, 5, 2)
    assert one(run, pauses=[later]).frequency == 8
    assert one(run, pauses=[(date(2024, 3, 2), date(2024, 3, 31))]).frequency == 10


def test_assumed_and_paused_still():
    run = Run(JAN, NOV)
    last = Renewals(date(2024, 6, 1), 5, 5, True)
    assert one(run, pauses=[(date(2024, 6, 2), None)]) == last
    assert one(run, pauses=[(JAN, None)]) == Renewals(JAN, 0, 0, True)


def test_the_day_of_resuming_is_not_paused():
    run, paused = Run(JAN, NOV), (date(2024, 8, 1), date(2024, 11, 1))
    assert one(run, pauses=[paused]) == Renewals(date(2024, 11, 1), 7, 7, True)
    invoices = monthly(JAN, *range(4))
    invoices[2] = (invoices[2], False)
    paused = date(2024, 2, 10), date(2024, 3, 1)
    assert one(run, invoices, [paused]).frequency == 1


def test_pauses_that_overlap_or_touch_count_once():
    run = Run(JAN, NOV)
    pauses = [
        (date(2024, 9, 20), None),
        (date(2024, 6, 20), date(2024, 9, 20)),
        (date(2024, 7, 20), date(2024, 8, 20)),
        (date(2024, 6, 10), date(2024, 6, 25)),
        (date(2024, 6, 5), date(2024, 6, 5)),
    ]
    expected = Renewals(date(2024, 6, 1), 5, 5, True)
    assert one(run, pauses=pauses) == expected


# With invoices


def test_invoices_in_time():
    run = Run(JAN, NOV)
    invoices = monthly(JAN, *range(11))
    assert one(run, invoices) == Renewals(date(2024, 11, 1), 10, 10, False)


def test_invoices_are_not_assumed_ahead():
    """Nothing was billed since May: the recency tells."""
    expected = Renewals(date(2024, 5, 1), 4, 4, False)
    assert one(Run(JAN, NOV), monthly(JAN, *range(5))) == expected


def test_dates_that_drift_at_the_end_of_months():
    """subscription_oca adds a month to the last date: 31st, 29th, 29th."""
    start = day = date(2024, 1, 31)
    drifting = [start]
    for _i in range(9):
        day += relativedelta(months=1)
        drifting.append(day)
    assert drifting[-1] == date(2024, 10, 29)
    expected = Renewals(date(2024, 10, 29), 9, 9, False)
    assert one(Run(start, NOV), drifting) == expected
    assert one(Run(start, NOV), monthly(start, *range(10))).frequency == 9


def test_billing_day_moved_by_hand():
    invoices = [*monthly(JAN, 0, 1, 2), *monthly(date(2024, 4, 15), *range(8))]
    expected = Renewals(date(2024, 11, 15), 10, 10, False)
    assert one(Run(JAN, NOV), invoices) == expected


def test_several_invoices_of_a_period_count_once():
    invoices = monthly(JAN, 0, 0, 1, 1, 1, 2)
    invoices += [date(2024, 3, 10), date(2024, 2, 15)]
    expected = Renewals(date(2024, 3, 1), 2, 2, False)
    assert one(Run(JAN, NOV), invoices) == expected


def test_half_a_period_after_another_is_a_further_one():
    """30 days: 14 are of the same period, 15 are not."""
    run = Run(JAN, NOV, "days", 30)
    first, second = JAN, JAN + timedelta(days=30)
    assert one(run, [first, second, second + timedelta(days=14)]).frequency == 1
    assert one(run, [first, second, second + timedelta(days=15)]).frequency == 2


def test_refunded_and_billed_again_in_a_period():
    invoices = monthly(JAN, 0, 1, 2)
    invoices[1] = (invoices[1], False)
    again = [*invoices, date(2024, 2, 9)]
    assert one(Run(JAN, NOV), invoices).frequency == 1
    assert one(Run(JAN, NOV), again) == Renewals(date(2024, 3, 1), 2, 2, False)


def test_unpaid_period_is_a_gap_once_a_later_one_is_renewed():
    invoices = monthly(JAN, *range(6))
    invoices[3] = (invoices[3], False)
    expected = Renewals(date(2024, 6, 1), 2, 2, False)
    assert one(Run(JAN, NOV), invoices) == expected


def test_unpaid_last_period_is_no_gap():
    invoices = monthly(JAN, *range(6))
    invoices[4:] = [(day, False) for day in invoices[4:]]
    expected = Renewals(date(2024, 4, 1), 3, 3, False)
    assert one(Run(JAN, NOV), invoices) == expected


def test_net_30_terms():
    """An open invoice renews until it is past due: what is unpaid alone is the last."""
    invoices = monthly(JAN, *range(4))
    as_of = date(2024, 4, 5)
    run = Run(JAN, as_of)
    open_ones = one(run, invoices, as_of=as_of)
    assert open_ones == Renewals(date(2024, 4, 1), 3, 3, False)
    past_due = [*invoices[:2], (invoices[2], False), invoices[3]]
    assert one(run, past_due, as_of=as_of).frequency == 1


def test_first_period_unpaid():
    assert one(Run(JAN, NOV), [(JAN, False)]) == Renewals(JAN, 0, 0, False)
    invoices = [(JAN, False), *monthly(JAN, 1, 2)]
    assert one(Run(JAN, NOV), invoices) == Renewals(date(2024, 3, 1), 2, 2, False)


def test_month_without_an_invoice_is_a_gap():
    expected = Renewals(date(2024, 7, 1), 3, 3, False)
    assert one(Run(JAN, NOV), monthly(JAN, 0, 1, 2, 4, 5, 6)) == expected


def test_one_and_a_half_periods_are_no_gap():
    run = Run(JAN, NOV, "days", 30)
    for later, frequency in ((75, 2), (76, 1)):
        invoices = [JAN + timedelta(days=i) for i in (0, 30, later)]
        assert one(run, invoices).frequency == frequency


def test_pause_explains_months_without_an_invoice():
    run, invoices = Run(JAN, NOV), monthly(JAN, 0, 1, 5, 6)
    paused = date(2024, 2, 20), date(2024, 6, 1)
    expected = Renewals(date(2024, 7, 1), 3, 3, False)
    assert one(run, invoices, [paused]) == expected
    assert one(run, invoices, [(date(2024, 2, 20), date(2024, 3, 20))]).frequency == 2


def test_credited_period_in_a_pause_is_no_gap():
    run, invoices = Run(JAN, NOV), monthly(JAN, *range(5))
    invoices[2] = (invoices[2], False)
    paused = date(2024, 2, 25), date(2024, 3, 25)
    assert one(run, invoices, [paused]) == Renewals(date(2024, 5, 1), 3, 3, False)


def test_credited_first_period_in_a_pause_takes_no_renewal_away():
    run, invoices = Run(JAN, NOV), [(JAN, False), *monthly(JAN, 1, 2)]
    expected = Renewals(date(2024, 3, 1), 2, 2, False)
    assert one(run, invoices, [(JAN, date(2024, 1, 20))]) == expected


def test_pause_of_another_subscription_explains_nothing():
    runs = {1: Run(JAN, NOV), 2: Run(JAN, NOV), 3: Run(JAN, NOV)}
    invoices = [(2, day, True) for day in monthly(JAN, 0, 1, 5, 6)]
    for other in (1, 3):
        pauses = [(other, JAN, None)]
        assert found(runs, invoices, pauses)[2].frequency == 2


def test_bill_made_some_days_before_the_start():
    expected = Renewals(date(2024, 2, 1), 1, 1, False)
    assert one(Run(JAN, NOV), [date(2023, 12, 20), date(2024, 2, 1)]) == expected


def test_invoices_of_an_earlier_run_are_left_out():
    earlier = monthly(date(2023, 6, 1), *range(7))
    assert one(Run(JAN, NOV), [*earlier, *monthly(JAN, 0, 1)]).frequency == 1
    # They tell nothing of this run, of which there is none yet.
    assert one(Run(JAN, NOV), earlier) == one(Run(JAN, NOV))


def test_invoice_on_the_end_is_of_no_period():
    run = Run(JAN, date(2024, 4, 1))
    expected = Renewals(date(2024, 3, 1), 2, 2, False)
    assert one(run, monthly(JAN, 0, 1, 2, 3)) == expected


def test_assumed_before_the_first_invoice():
    """Imported with its history and billed since: seven renewals were assumed."""
    run, invoices = Run(JAN, NOV), monthly(JAN, 8, 9, 10)
    assert one(run, invoices) == Renewals(date(2024, 11, 1), 10, 10, True)
    paused = date(2024, 2, 20), date(2024, 4, 20)
    assert one(run, invoices, [paused]).frequency == 8
    invoices[0] = (invoices[0], False)
    # After a gap only what was billed counts.
    assert one(run, invoices) == Renewals(date(2024, 11, 1), 2, 2, False)


def test_assumed_and_the_first_invoice_unpaid():
    run = Run(JAN, NOV)
    unpaid = [(date(2024, 9, 1), False)]
    assert one(run, unpaid) == Renewals(date(2024, 8, 1), 7, 7, True)


def test_first_period_sold_by_an_order_without_invoice():
    expected = Renewals(date(2024, 3, 1), 2, 2, True)
    assert one(Run(JAN, NOV), monthly(JAN, 1, 2)) == expected


def test_first_invoice_up_to_half_a_period_late_is_of_the_first_period():
    run = Run(JAN, NOV, "days", 30)
    assert one(run, [JAN + timedelta(days=14)]).frequency == 0
    late = one(run, [JAN + timedelta(days=15)])
    assert (late.frequency, late.assumed) == (1, True)


# Chains


def chain(*parts):
    """Return runs 1, 2, ... each continuing the one before: (start, until, unit)."""
    return {
        i: Run(start, until, unit, 1, i - 1 if i > 1 else None)
        for i, (start, until, unit) in enumerate(parts, 1)
    }


YEARS = [date(year, 1, 1) for year in (2022, 2023, 2024)]


def test_successors_continue_to_any_depth():
    runs = chain(
        (YEARS[0], YEARS[1], "years"),
        (YEARS[1], YEARS[2], "months"),
        (YEARS[2], NOV, "years"),
    )
    assert found(runs) == {
        1: Renewals(YEARS[0], 0, 0, True),
        2: Renewals(date(2023, 12, 1), 12, 12, True),
        3: Renewals(YEARS[2], 13, 24, True),
    }


def test_successor_of_invoiced_ones():
    runs = chain((YEARS[1], YEARS[2], "months"), (YEARS[2], NOV, "months"))
    first = [(1, day, True) for day in monthly(YEARS[1], *range(12))]
    second = [(2, day, True) for day in monthly(YEARS[2], *range(11))]
    assert found(runs, first + second)[2] == Renewals(date(2024, 11, 1), 22, 22, False)
    assert found(runs, first)[2] == Renewals(date(2024, 11, 1), 22, 22, True)
    assert found(runs, second)[2] == Renewals(date(2024, 11, 1), 22, 22, True)


@pytest.mark.parametrize(
    ("unpaid", "frequency"),
    [((1, 11), 10), ((1, 5), 17), ((2, 0), 10), ((2, 3), 7)],
)
def test_gap_anywhere_in_a_chain(unpaid, frequency):
    """The last period of the predecessor and the first of the successor count too."""
    runs = chain((YEARS[1], YEARS[2], "months"), (YEARS[2], NOV, "months"))
    invoices = [
        (key, start + relativedelta(months=i), (key, i) != unpaid)
        for key, start, number in ((1, YEARS[1], 12), (2, YEARS[2], 11))
        for i in range(number)
    ]
    assert found(runs, invoices)[2].frequency == frequency


def test_predecessor_not_billed_up_to_its_end():
    runs = chain((YEARS[1], YEARS[2], "months"), (YEARS[2], NOV, "months"))
    invoices = [(1, day, True) for day in monthly(YEARS[1], *range(6))]
    assert found(runs, invoices)[2].frequency == 10
    paused = [(1, date(2023, 6, 20), None)]
    assert found(runs, invoices, paused)[2].frequency == 16


def test_day_of_the_handover_counts_once():
    """The predecessor's next period would begin then, the successor's does."""
    runs = chain((date(2023, 11, 21), NOV, "years"), (NOV, NOV, "years"))
    assert found(runs) == {
        1: Renewals(date(2023, 11, 21), 0, 0, True),
        2: Renewals(NOV, 1, 12, True),
    }


def test_restarted_or_unknown_predecessors_do_not_count():
    runs = chain((date(2024, 6, 1), NOV, "months"), (JAN, NOV, "months"))
    assert found(runs)[2].frequency == 10
    assert found({2: runs[2]})[2].frequency == 10


def test_loops_are_cut():
    runs = {1: Run(JAN, NOV, predecessor=2), 2: Run(JAN, NOV, predecessor=1)}
    assert {key: row.frequency for key, row in found(runs).items()} == {1: 10, 2: 21}


# In general


def test_no_subscriptions():
    assert found({}) == {}


def test_unit_that_is_missing_is_no_score():
    assert found({1: Run(JAN, NOV)._replace(unit=None)}) == {1: None}


def test_period_of_ages_is_refused():
    with pytest.raises(OverflowError):
        one(Run(JAN, NOV, "years", 10**8))


runs = st.lists(
    st.builds(
        lambda start, length, unit, interval, before: Run(
            JAN + timedelta(days=start),
            min(JAN + timedelta(days=start + length), NOV),
            unit,
            interval,
            before,
        ),
        st.integers(0, 330),
        st.integers(0, 400),
        st.sampled_from(["days", "weeks", "months", "years"]),
        st.integers(-1, 40) | st.just(1),
        st.none() | st.integers(0, 6),
    ),
    max_size=6,
).map(lambda some: dict(enumerate(some)))
some_days = st.integers(-60, 330).map(lambda number: JAN + timedelta(days=number))
pauses = st.lists(
    st.tuples(st.integers(0, 6), some_days, st.none() | some_days), max_size=6
)
# Mostly in time, so that there is something to count.
invoices = st.lists(
    st.tuples(
        st.integers(0, 6),
        st.integers(0, 12),
        st.sampled_from([0, 0, 0, 1, -1, 10, 14, 15, 16, -15, -16]),
        st.sampled_from([True, True, True, False]),
    ),
    max_size=40,
)


@given(runs, pauses)
def test_assumed_equals_counting(some, breaks):
    assert found(some, (), breaks) == oracles.renewals(some, (), breaks, NOV)


@st.composite
def histories(draw):
    """Subscriptions with invoices on most of their boundaries."""
    some = draw(runs)
    rows = [
        (
            key,
            oracles.boundary(some[key].start, some[key].unit, some[key].interval, k)
            + timedelta(days=shift),
            renewed,
        )
        for key, k, shift, renewed in draw(invoices)
        if key in some
    ]
    for key, run in some.items():
        if draw(st.booleans()):
            most = oracles.elapsed(run.start, NOV, run.unit, run.interval) or 0
            for k in range(max(0, most - 12), most + 1):
                day = oracles.boundary(run.start, run.unit, run.interval, k)
                rows.append((key, day, True))
    return some, rows, draw(pauses)


@given(histories())
def test_equals_going_from_period_to_period(history):
    assert found(*history) == oracles.renewals(*history, NOV)


@given(histories(), st.randoms(use_true_random=False))
def test_order_of_rows_does_not_matter(history, random):
    shuffled = [
        list(some.items() if isinstance(some, dict) else some) for some in history
    ]
    for some in shuffled:
        random.shuffle(some)
    assert found(dict(shuffled[0]), *shuffled[1:]) == found(*history)


@given(runs, st.integers(0, 300), st.integers(0, 60))
def test_assumed_frequency_never_falls_while_it_runs(some, first, more):
    def on(day):
        running = {
            key: run._replace(until=day, predecessor=None) for key, run in some.items()
        }
        return found(running, as_of=day)

    day = JAN + timedelta(days=first)
    earlier, later = on(day), on(day + timedelta(days=more))
    for key, row in earlier.items():
        if row:
            assert row.frequency <= later[key].frequency
            assert row.last <= later[key].last


@given(histories())
def test_figures_are_within_what_they_can_be(history):
    some, rows, breaks = history
    for key, row in found(some, rows, breaks).items():
        if row:
            assert some[key].start <= row.last <= some[key].until
            assert row.frequency >= 0
            assert (row.months > 0) == (row.frequency > 0)


@given(histories())
def test_what_is_known_later_changes_nothing(history):
    """Invariant 1, as far as it is decided here: later rows are of no account."""
    some, rows, breaks = history
    later = [(key, NOV + timedelta(days=i), True) for key in some for i in range(1, 60)]
    assert found(some, [*rows, *later], breaks) == found(some, rows, breaks)
