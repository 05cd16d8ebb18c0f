# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Old records are read as a person would read them, and lead to what is there today."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from analytics import backfill
from analytics.backfill import Evidence, Invoice, PauseChange, StageChange
from analytics.ledger import balances, book

TODAY = date(2024, 12, 31)


def day(text):
    return date.fromisoformat(f"2024-{text}")


def evidence(**values):
    """Return evidence about a monthly subscription that runs for 10.00."""
    values = {
        "today": TODAY,
        "customer": "ada",
        "currency": "EUR",
        "lines": Decimal(10),
        "created_on": day("01-01"),
        "written_on": day("01-01"),
        "lines_written_on": day("01-01"),
        "start_date": day("01-01"),
        "in_progress": True,
        "running": True,
        **values,
    }
    return Evidence(**values)


def invoices(*pairs):
    return tuple(Invoice(day(when), mrr and Decimal(mrr)) for when, mrr in pairs)


def started(when):
    return StageChange(day(when), False, True)


def stopped(when):
    return StageChange(day(when), True, False)


def story(what):
    """Return events as (day, event, MRR and * while paused, origin, reason)."""
    return [
        (
            f"{event.date:%m-%d}",
            event.event,
            event.state and f"{event.state.contracted}{'*' * event.state.paused}",
            *event.note,
        )
        for event in backfill.events(what)
    ]


OVER = {"in_progress": False, "running": False}


def test_a_tracked_start_takes_the_amount_of_its_first_invoice():
    found = evidence(
        stages=(started("02-01"),),
        invoices=invoices(("02-01", 8), ("03-01", 8), ("04-01", 10)),
    )
    assert story(found) == [
        ("02-01", "start", "8", "tracked", "stage, invoice of 2024-02-01"),
        ("04-01", "change", "10", "invoiced", "invoice of 2024-04-01"),
    ]


def test_a_start_that_nobody_tracked_is_that_of_the_first_invoice():
    found = evidence(invoices=invoices(("03-05", 10)))
    assert story(found) == [
        ("03-05", "start", "10", "invoiced", "invoice of 2024-03-05")
    ]


def test_an_invoice_without_an_amount_tells_its_day_alone():
    found = evidence(invoices=invoices(("03-05", None)))
    assert story(found) == [
        ("03-05", "start", "10", "assumed", "invoice of 2024-03-05, lines now")
    ]
    found = evidence(
        invoices=invoices(("03-05", 8), ("05-05", None)), lines_written_on=day("04-04")
    )
    assert story(found)[1:] == [("04-04", "change", "10", "assumed", "lines now")]


def test_an_order_starts_what_it_makes():
    found = evidence(sold_on=day("02-20"), invoices=invoices(("03-01", 10)))
    assert story(found) == [
        ("02-20", "start", "10", "tracked", "sale order, invoice of 2024-03-01")
    ]
    moved_here = replace(found, sold_on=day("05-05"))
    assert story(moved_here)[0][0] == "03-01"
    over = replace(found, **OVER, stages=(stopped("05-01"),), invoices=())
    assert [row[0] for row in story(over)] == ["02-20", "05-01"]


def test_without_invoices_the_start_date_and_the_lines_are_assumed():
    found = evidence(start_date=day("05-05"))
    assert story(found) == [
        ("05-05", "start", "10", "assumed", "start date, lines now")
    ]


def test_a_tracked_start_without_invoices_has_an_assumed_amount():
    assert story(evidence(stages=(started("02-01"),))) == [
        ("02-01", "start", "10", "assumed", "stage, lines now")
    ]


def test_a_draft_that_never_ran_has_no_history():
    assert story(evidence(**OVER)) == []


def test_an_invoice_shortly_before_the_tracked_start_begins_the_same_run():
    found = evidence(stages=(started("02-20"),), invoices=invoices(("02-01", 10)))
    assert story(found) == [
        ("02-01", "start", "10", "invoiced", "invoice of 2024-02-01")
    ]


def test_an_invoice_long_before_the_tracked_start_is_a_run_of_its_own():
    found = evidence(stages=(started("08-01"),), invoices=invoices(("02-01", 9)))
    assert story(found) == [
        ("02-01", "start", "9", "invoiced", "invoice of 2024-02-01"),
        ("03-01", "end", None, "assumed", "end of the last invoiced period"),
        ("08-01", "start", "10", "assumed", "stage, lines now"),
    ]


def test_a_tracked_end_and_a_second_start():
    found = evidence(
        stages=(started("02-01"), stopped("05-10"), started("09-01")),
        invoices=invoices(("02-01", 8), ("09-01", 10)),
    )
    assert story(found) == [
        ("02-01", "start", "8", "tracked", "stage, invoice of 2024-02-01"),
        ("05-10", "end", None, "tracked", "stage"),
        ("09-01", "start", "10", "tracked", "stage, invoice of 2024-09-01"),
    ]


def test_invoices_between_tracked_runs_start_nothing():
    found = evidence(
        **OVER,
        stages=(started("02-01"), stopped("03-01")),
        invoices=invoices(("02-01", 8), ("06-01", 9)),
    )
    assert [row[:3] for row in story(found)] == [
        ("02-01", "start", "8"),
        ("03-01", "end", None),
    ]


def test_a_restart_without_invoices_takes_the_lines_if_they_are_older():
    stages = (started("02-01"), stopped("05-10"), started("09-01"))
    found = evidence(stages=stages, invoices=invoices(("02-01", 8)))
    assert story(found)[2:] == [("09-01", "start", "10", "assumed", "stage, lines now")]
    assert story(replace(found, lines_written_on=day("10-03")))[2:] == [
        ("09-01", "start", "8", "assumed", "stage, invoice of 2024-02-01"),
        ("10-03", "change", "10", "assumed", "lines now"),
    ]


def test_an_untracked_end_is_that_of_the_last_invoiced_period():
    found = evidence(**OVER, invoices=invoices(("01-31", 10), ("02-29", 10)))
    end = ("03-29", "end", None, "assumed", "end of the last invoiced period")
    assert story(found)[1:] == [end]
    late = replace(found, invoices=invoices(("12-15", 10)))
    assert story(late)[1:] == [("12-31", *end[1:])]
    limited = replace(found, finish_date=day("03-10"))
    assert story(limited)[1:] == [("03-10", "end", None, "assumed", "finish date")]


def test_an_archived_subscription_ends_when_it_was_last_written():
    found = evidence(
        running=False,
        archived=True,
        written_on=day("06-06"),
        stages=(started("02-01"),),
        invoices=invoices(("02-01", 10)),
    )
    assert story(found)[1:] == [
        ("06-06", "archive", None, "assumed", "archived, last change")
    ]


def test_an_archived_subscription_that_was_closed_before_ended_then():
    found = evidence(
        **OVER,
        archived=True,
        written_on=day("06-06"),
        stages=(started("02-01"), stopped("05-01")),
    )
    assert story(found)[1:] == [("05-01", "end", None, "tracked", "stage")]


def test_a_subscription_that_ran_before_anything_was_tracked():
    found = evidence(**OVER, stages=(stopped("05-01"),), start_date=day("02-02"))
    assert story(found) == [
        ("02-02", "start", "10", "assumed", "start date, lines now"),
        ("05-01", "end", None, "tracked", "stage"),
    ]
    # A restart moves the start date; it says nothing of the first run any more.
    again = replace(found, start_date=day("08-08"))
    assert story(again)[0][0] == "01-01"


def test_an_unknown_stage_neither_starts_nor_ends():
    found = evidence(
        stages=(
            started("02-01"),
            StageChange(day("03-01"), True, None),
            StageChange(day("04-01"), None, True),
        ),
    )
    assert [row[:2] for row in story(found)] == [("02-01", "start")]


def test_a_start_that_was_put_off_has_not_come():
    found = evidence(stages=(started("02-01"),), running=False)
    assert story(found) == []


def test_lines_that_differ_from_the_last_invoice():
    found = evidence(
        invoices=invoices(("02-01", 8), ("03-01", 8)), lines_written_on=day("03-20")
    )
    change = ("change", "10", "assumed", "lines now")
    assert story(found)[1:] == [("03-20", *change)]
    older = replace(found, lines_written_on=day("02-20"))
    assert story(older)[1:] == [("12-31", *change)]


def test_pauses_are_tracked_and_what_is_billed_for_them_changes_nothing():
    found = evidence(
        stages=(started("02-01"),),
        pauses=(PauseChange(day("03-10"), True), PauseChange(day("06-10"), False)),
        invoices=invoices(("02-01", 10), ("03-01", 10), ("05-01", 99), ("07-01", 10)),
    )
    assert story(found)[1:] == [
        ("03-10", "pause", "10*", "tracked", "pause"),
        ("06-10", "resume", "10", "tracked", "pause"),
    ]


def test_a_change_of_lines_before_a_pause_keeps_its_place():
    found = evidence(
        invoices=invoices(("02-01", 8)),
        lines_written_on=day("03-01"),
        pauses=(PauseChange(day("04-01"), True),),
        paused=True,
    )
    assert [row[:3] for row in story(found)] == [
        ("02-01", "start", "8"),
        ("03-01", "change", "10"),
        ("04-01", "pause", "10*"),
    ]


def test_a_subscription_that_restarts_while_paused_stays_paused():
    found = evidence(
        stages=(started("02-01"), stopped("05-10"), started("09-01")),
        pauses=(PauseChange(day("03-10"), True),),
        paused=True,
    )
    assert [row[:3] for row in story(found)] == [
        ("02-01", "start", "10"),
        ("03-10", "pause", "10*"),
        ("05-10", "end", None),
        ("09-01", "start", "10*"),
    ]


def test_a_pause_that_nobody_tracked_is_seen_today():
    found = evidence(paused=True)
    assert story(found)[1:] == [("12-31", "pause", "10*", "assumed", "as it is now")]


# --- whatever is found ----------------------------------------------------------------

days = st.integers(0, 365).map(lambda n: TODAY - timedelta(days=n))
amounts = st.integers(0, 5).map(lambda tens: Decimal(10 * tens))
maybe = st.sampled_from([True, False, None])


def in_order(values):
    return st.lists(values, max_size=5).map(
        lambda some: tuple(sorted(some, key=lambda value: value[0]))
    )


@st.composite
def anything(draw):
    in_progress, archived = draw(st.booleans()), draw(st.booleans())
    return Evidence(
        today=TODAY,
        customer="ada",
        currency="EUR",
        lines=draw(amounts),
        created_on=draw(days),
        written_on=draw(days),
        lines_written_on=draw(st.none() | days),
        sold_on=draw(st.none() | days),
        start_date=draw(st.none() | st.dates(day("01-01"), date(2025, 3, 1))),
        finish_date=draw(st.none() | st.dates(day("01-01"), date(2025, 3, 1))),
        in_progress=in_progress,
        running=in_progress and not archived and draw(st.booleans()),
        archived=archived,
        paused=draw(st.booleans()),
        unit=draw(st.sampled_from(["days", "weeks", "months", "years"])),
        interval=draw(st.integers(1, 3)),
        invoices=draw(in_order(st.builds(Invoice, days, st.none() | amounts))),
        stages=draw(in_order(st.builds(StageChange, days, maybe, maybe))),
        pauses=draw(in_order(st.builds(PauseChange, days, st.booleans()))),
    )


@given(anything())
def test_the_ledger_ends_up_with_what_is_there_today(found):
    rows = book([], backfill.events(found))
    assert balances(rows) == balances(rows, as_of=TODAY)
    expected = {}
    if found.running:
        effective = Decimal(0) if found.paused else found.lines
        expected = {("ada", "EUR"): (1, found.paused, found.lines, effective)}
    assert balances(rows) == expected


@given(anything())
def test_a_subscription_never_runs_twice_nor_ends_before_it_starts(found):
    rows = book([], backfill.events(found))
    running = 0
    for row in rows:
        running += row.delta.running
        assert running in (0, 1)
    assert [row.date for row in rows] == sorted(row.date for row in rows)


@given(anything())
def test_each_event_says_how_it_is_known(found):
    for event in backfill.events(found):
        origin, reason = event.note
        assert origin in backfill.ORIGINS
        assert reason


@given(anything())
def test_an_amount_that_was_never_seen_is_never_told(found):
    seen = {found.lines, *(invoice.mrr for invoice in found.invoices)} - {None}
    for event in backfill.events(found):
        assert event.state is None or event.state.contracted in seen
