# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What old records say of the life of a subscription, as events for the ledger.

Nobody wrote the history down while it happened; invoices and changes kept in the
chatter tell it. Each event carries a note ``(origin, reason)``: what is *invoiced* or
*tracked* is a fact, the rest is *assumed*, and the reason names what it rests on. What
the events come to today is what the subscription is today.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from dateutil.relativedelta import relativedelta

from .ledger import ARCHIVE, CHANGE, END, PAUSE, RESUME, START, Event, State

INVOICED = "invoiced"
TRACKED = "tracked"
ASSUMED = "assumed"
ORIGINS = (INVOICED, TRACKED, ASSUMED)


class Invoice(NamedTuple):
    """A recurring invoice that stands; ``mrr``: its net amount per month, if known."""

    date: date
    mrr: Decimal | None


class StageChange(NamedTuple):
    """Whether a subscription was in progress before and after (None: not known)."""

    date: date
    ran: bool | None
    runs: bool | None


class PauseChange(NamedTuple):
    date: date
    paused: bool


@dataclass(frozen=True)
class Evidence:
    """What the database holds about one subscription; lists are in order of time.

    :param lines: what the lines come to per month now
    :param lines_written_on: when a line was last written (None: there is none)
    :param written_on: when the subscription itself was last written
    :param in_progress: its stage says that it runs
    :param running: it does run: it is not archived and its start has come
    :param sold_on: when it was made and started by an order, if it was
    :param finish_date: the day on which its term ends, if it has one
    """

    today: date
    customer: Hashable
    currency: Hashable
    lines: Decimal
    created_on: date
    written_on: date
    lines_written_on: date | None = None
    sold_on: date | None = None
    start_date: date | None = None
    finish_date: date | None = None
    in_progress: bool = False
    running: bool = False
    paused: bool = False
    archived: bool = False
    unit: str = "months"
    interval: int = 1
    invoices: tuple[Invoice, ...] = ()
    stages: tuple[StageChange, ...] = ()
    pauses: tuple[PauseChange, ...] = ()

    def state(self, mrr: Decimal, paused: bool) -> State:
        return State(self.customer, self.currency, mrr, mrr, paused)

    @property
    def present(self) -> State | None:
        """What it is today; None: it does not run."""
        return self.state(self.lines, self.paused) if self.running else None

    @property
    def invoiced_until(self) -> dict[date, date]:
        """The first day that each invoice does not pay for, by its date."""
        period = relativedelta(**{self.unit: self.interval})
        return {invoice.date: invoice.date + period for invoice in self.invoices}


@dataclass
class Run:
    """From its start up to its end (None: it goes on) a subscription ran."""

    start: date
    start_note: tuple[str, str]
    end: date | None = None
    end_event: str = END
    end_note: tuple[str, str] | None = None

    def covers(self, day: date) -> bool:
        return self.start <= day and (self.end is None or day < self.end)


def events(evidence: Evidence) -> list[Event]:
    """Return the events of a subscription that the ledger knows nothing of."""
    evidence = replace(
        evidence,
        invoices=tuple(i for i in evidence.invoices if i.date <= evidence.today),
    )
    return [event for run in _runs(evidence) for event in _run_events(evidence, run)]


# --- when it ran ----------------------------------------------------------------------


def _runs(evidence):
    """Return the runs of a subscription, the oldest first."""
    runs = _tracked_runs(evidence)
    if not (runs and runs[-1].end is None) and _ran_untracked(evidence):
        runs.append(_start_untracked(evidence, runs, evidence.today))
    if runs and runs[-1].end is None and not evidence.running:
        if evidence.in_progress and evidence.archived:
            _end_archived(evidence, runs[-1])
        elif evidence.in_progress and not evidence.invoices:
            runs.pop()  # its start was put off
        else:
            _end_untracked(evidence, runs[-1], evidence.today)
    return _with_invoices_before(evidence, runs)


def _ran_untracked(evidence):
    """Return whether it ran (again) without a change of its stage that says so."""
    if evidence.in_progress:
        return evidence.running or evidence.archived
    return bool((evidence.invoices or evidence.sold_on) and not evidence.stages)


def _tracked_runs(evidence):
    """Return what changes of the stage tell; the last run may still go on."""
    runs = []
    for change in evidence.stages:
        open_run = runs[-1] if runs and runs[-1].end is None else None
        if change.ran and not open_run:
            open_run = _start_untracked(evidence, runs, change.date)
            runs.append(open_run)
        elif change.ran is False and open_run:
            _end_untracked(evidence, open_run, change.date)
            open_run = None
        if change.runs and not open_run:
            runs.append(Run(change.date, (TRACKED, "stage")))
        elif change.runs is False and open_run:
            open_run.end, open_run.end_note = change.date, (TRACKED, "stage")
    return runs


def _start_untracked(evidence, runs, until):
    """Return a run that has begun, nobody knows when, by a day."""
    since = runs[-1].end if runs else None
    invoice = next(
        (
            invoice
            for invoice in evidence.invoices
            if invoice.date <= until and (since is None or invoice.date > since)
        ),
        None,
    )
    # Odoo tracks no change in the transaction that creates a record.
    if evidence.sold_on and since is None:
        sold_on = min(evidence.sold_on, until)
        if invoice is None or sold_on <= invoice.date:
            return Run(sold_on, (TRACKED, "sale order"))
    if invoice:
        return Run(invoice.date, (INVOICED, _name(invoice)))
    start, reason = evidence.start_date, "start date"
    if start is None or start > until:
        start, reason = min(evidence.created_on, until), "creation date"
    if since is not None and start < since:
        start = since
    return Run(start, (ASSUMED, reason))


def _end_untracked(evidence, run, until):
    """End a run that is over, nobody knows since when, by a day."""
    found = [
        (paid_until, "end of the last invoiced period")
        for day, paid_until in evidence.invoiced_until.items()
        if run.start <= day <= until
    ][-1:]
    if evidence.finish_date and run.start <= evidence.finish_date <= until:
        found.append((evidence.finish_date, "finish date"))
    end, reason = min(found or [(evidence.written_on, "last change")])
    run.end = max(run.start, min(end, until))
    run.end_note = (ASSUMED, reason)


def _end_archived(evidence, run):
    run.end = max(run.start, min(evidence.written_on, evidence.today))
    run.end_event = ARCHIVE
    run.end_note = (ASSUMED, "archived, last change")


def _with_invoices_before(evidence, runs):
    """Let invoices from before the first tracked start count as a run.

    Where the start follows within the last period paid for, it is the same run.
    """
    if not runs or runs[0].start_note[0] != TRACKED:
        return runs
    earlier = [i for i in evidence.invoices if i.date < runs[0].start]
    if not earlier:
        return runs
    first, last = earlier[0], earlier[-1]
    paid_until = evidence.invoiced_until[last.date]
    if paid_until >= runs[0].start:
        runs[0] = replace(
            runs[0], start=first.date, start_note=(INVOICED, _name(first))
        )
        return runs
    before = Run(
        first.date,
        (INVOICED, _name(first)),
        paid_until,
        end_note=(ASSUMED, "end of the last invoiced period"),
    )
    return [before, *runs]


# --- what it came to ------------------------------------------------------------------


def _run_events(evidence, run):
    """Return the events of one run."""
    used = _amounts(evidence)
    mrr, note = _start_amount(evidence, run, used)
    paused = _paused_before(evidence, run.start)
    result = [Event(run.start, START, evidence.state(mrr, paused), note)]
    for day, _rank, name, value, step_note in _steps(evidence, run, used, mrr):
        if name == CHANGE:
            if value == mrr:
                continue
            mrr = value
        else:
            paused = value
        result.append(Event(day, name, evidence.state(mrr, paused), step_note))
    if run.end:
        result.append(Event(run.end, run.end_event, None, run.end_note))
    elif paused != evidence.paused:
        name = PAUSE if evidence.paused else RESUME
        note = (ASSUMED, "as it is now")
        result.append(Event(evidence.today, name, evidence.present, note))
    return result


def _steps(evidence, run, used, mrr):
    """Return changes of amount, then pauses, of each day that a run covers."""
    steps = [
        (day, 0, CHANGE, invoice.mrr, (INVOICED, _name(invoice)))
        for day, invoice in used.items()
        if run.covers(day) and day > run.start
    ]
    last = steps[-1][3] if steps else mrr
    if run.end is None and last != evidence.lines:
        day = _lines_changed_on(evidence, run)
        steps.append((day, 0, CHANGE, evidence.lines, (ASSUMED, "lines now")))
    steps += [
        (day, 1, PAUSE if paused else RESUME, paused, (TRACKED, "pause"))
        for day, paused in evidence.pauses
        if run.covers(day)
    ]
    return sorted(steps, key=lambda step: step[:2])


def _lines_changed_on(evidence, run):
    """Return the day since which the lines come to what they come to now."""
    written = evidence.lines_written_on
    seen = [invoice.date for invoice in evidence.invoices if invoice.mrr is not None]
    last_known = max([run.start, *seen])
    if written and last_known <= written <= evidence.today:
        return written
    return evidence.today


def _amounts(evidence):
    """Return ``{date: Invoice}`` of those that tell an amount, the last of a day.

    Not all show one, and what is billed for a pause is billed in arrears.
    """
    spans, since = [], None
    for day, paused in evidence.pauses:
        if paused and since is None:
            since = day
        elif not paused and since is not None:
            spans.append((since, day))
            since = None
    if since is not None:
        spans.append((since, date.max))
    return {
        invoice.date: invoice
        for invoice in evidence.invoices
        if invoice.mrr is not None
        and not any(start < invoice.date < end for start, end in spans)
    }


def _start_amount(evidence, run, used):
    """Return the MRR of the first day of a run and the note of its start."""
    origin, reason = run.start_note
    own = [i for day, i in used.items() if run.covers(day) or day == run.start]
    before = [i for day, i in used.items() if day < run.start]
    after = [i for day, i in used.items() if run.end and day >= run.end]
    written = evidence.lines_written_on
    if own:
        invoice, sure = own[0], True
    elif run.end is None and (not before or (written and written <= run.start)):
        invoice, sure = None, False
    else:
        invoice, sure = next(iter([*before[-1:], *after]), None), False
    amount = invoice.mrr if invoice else evidence.lines
    source = _name(invoice) if invoice else "lines now"
    if source != reason:
        reason = f"{reason}, {source}"
    return amount, (origin if sure else ASSUMED, reason)


def _paused_before(evidence, day):
    earlier = [change.paused for change in evidence.pauses if change.date < day]
    return earlier[-1] if earlier else False


def _name(invoice):
    return f"invoice of {invoice.date}"
