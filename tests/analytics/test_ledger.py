# Copyright 2026 subscription_segmentation contributors
# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The ledger adds up, whatever happens to a subscription and in whatever order."""

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import life

from analytics import ledger
from analytics.ledger import Event, Posting, State, balances, book, classify

DAY = date(2024, 1, 1)
DAYS = [DAY + timedelta(days=i) for i in range(12)]

amounts = st.integers(0, 50_000).map(lambda cents: Decimal(cents) / 100)
states = st.builds(
    State,
    customer=st.sampled_from(["ada", "bob"]),
    currency=st.sampled_from(["EUR", "USD"]),
    contracted=amounts,
    effective=amounts,
    paused=st.booleans(),
)
names = st.sampled_from(
    [
        ledger.START,
        ledger.END,
        ledger.CHANGE,
        ledger.PAUSE,
        ledger.RESUME,
        ledger.CUSTOMER_CHANGE,
        ledger.ARCHIVE,
        ledger.DELETE,
    ]
)
events = st.builds(
    Event,
    date=st.sampled_from(DAYS),
    event=names,
    state=st.one_of(st.none(), states),
)
#: What is learned at once: events in the order of their dates.
lessons = st.lists(events, min_size=1, max_size=5).map(
    lambda some: sorted(some, key=lambda event: event.date)
)


def state(contracted, customer="ada", currency="EUR", **values):
    values = {"effective": Decimal(contracted), **values}
    return State(customer, currency, Decimal(contracted), **values)


def legs(what):
    """The balances that a state means, written independently of the module."""
    if what is None:
        return {}
    effective = 0 if what.paused else what.effective
    return {
        (what.customer, what.currency): (1, what.paused, what.contracted, effective)
    }


@given(st.lists(lessons, max_size=6))
def test_any_sequence_of_events_adds_up(all_lessons):
    """Invariant 3: at every date rows sum to the state of the event that prevails."""
    rows = []
    truth = dict.fromkeys(DAYS)
    for lesson in all_lessons:
        rows += book(rows, lesson, known_on=DAYS[-1])
        for event in lesson:
            truth.update({day: event.state for day in DAYS if day >= event.date})
    for day in DAYS:
        assert balances(rows, as_of=day) == legs(truth[day])


@given(st.lists(lessons, max_size=6))
def test_what_was_known_never_changes(all_lessons):
    """Rows recorded later do not alter the balances known by an earlier day."""
    rows, seen = [], {}
    for lesson, known_on in zip(all_lessons, DAYS, strict=False):
        rows += book(rows, lesson, known_on=known_on)
        seen[known_on] = [balances(rows, as_of=day) for day in DAYS]
    for known_on, then in seen.items():
        assert [balances(rows, as_of=day, known_by=known_on) for day in DAYS] == then


@given(st.lists(lessons, max_size=6))
def test_replay_gives_the_same_rows(all_lessons):
    def replay():
        rows = []
        for lesson in all_lessons:
            rows += book(rows, lesson)
        return rows

    assert replay() == replay()


@given(lessons)
def test_what_is_known_already_gives_no_row(lesson):
    rows = book([], lesson)
    assert book(rows, lesson[-1:]) == []


@given(st.lists(lessons, max_size=6))
def test_nothing_runs_below_zero(all_lessons):
    rows = []
    for lesson in all_lessons:
        rows += book(rows, lesson)
    for day in DAYS:
        for balance in balances(rows, as_of=day).values():
            assert balance.running == 1
            assert balance.paused in (0, 1)
            assert balance.contracted >= 0 and balance.effective >= 0


def test_events_out_of_order_are_refused():
    late, early = Event(DAYS[1], "end", None), Event(DAYS[0], "start", state("10"))
    with pytest.raises(ValueError):
        book([], [late, early])


def booked(*some):
    """Rows as (date, event, customer, currency, running, contracted, effective)."""
    return [
        (
            row.date,
            row.event,
            row.customer,
            row.currency,
            row.delta.running,
            row.delta.contracted,
            row.delta.effective,
        )
        for row in book([], [Event(*event) for event in some])
    ]


def test_trial_at_zero_starts_and_ends():
    assert booked((DAYS[0], "start", state("0")), (DAYS[3], "end", None)) == [
        (DAYS[0], "start", "ada", "EUR", 1, 0, 0),
        (DAYS[3], "end", "ada", "EUR", -1, 0, 0),
    ]


def test_pause_keeps_contracted_and_empties_effective():
    rows = booked(
        (DAYS[0], "start", state("30")),
        (DAYS[1], "pause", state("30", paused=True)),
        (DAYS[2], "resume", state("30")),
    )
    assert rows[1:] == [
        (DAYS[1], "pause", "ada", "EUR", 0, 0, -30),
        (DAYS[2], "resume", "ada", "EUR", 0, 0, 30),
    ]


def test_customer_change_ends_at_one_and_starts_at_the_other():
    rows = booked(
        (DAYS[0], "start", state("30")),
        (DAYS[1], "customer_change", state("30", customer="bob")),
    )
    assert rows[1:] == [
        (DAYS[1], "customer_change", "ada", "EUR", -1, -30, -30),
        (DAYS[1], "customer_change", "bob", "EUR", 1, 30, 30),
    ]


def test_change_of_currency_ends_one_leg_and_starts_another():
    rows = booked(
        (DAYS[0], "start", state("30")),
        (DAYS[1], "change", state("33", currency="USD")),
    )
    assert rows[1:] == [
        (DAYS[1], "end", "ada", "EUR", -1, -30, -30),
        (DAYS[1], "start", "ada", "USD", 1, 33, 33),
    ]


@pytest.mark.parametrize("event", ["archive", "delete"])
def test_archived_or_deleted_running_subscription_books_its_end(event):
    rows = booked((DAYS[0], "start", state("30")), (DAYS[1], event, None))
    assert rows[1:] == [(DAYS[1], event, "ada", "EUR", -1, -30, -30)]
    assert booked((DAYS[0], event, None)) == []


def test_end_learned_late_cancels_what_came_after():
    rows = book(
        [],
        [Event(DAYS[0], "start", state("30")), Event(DAYS[5], "change", state("40"))],
    )
    rows += book(rows, [Event(DAYS[2], "end", None)], known_on=DAYS[9])
    assert [(r.date, r.known_on, r.event, r.delta.contracted) for r in rows[2:]] == [
        (DAYS[2], DAYS[9], "end", -30),
        (DAYS[5], DAYS[9], "change", -10),
    ]


def test_life_of_a_subscription():
    assert life([]) is None
    running = book([], [Event(DAYS[1], "start", state("1"))])
    assert life(running) == (DAYS[1], None)
    ended = running + book(running, [Event(DAYS[3], "end", None)])
    assert life(ended) == (DAYS[1], DAYS[3])
    restarted = ended + book(ended, [Event(DAYS[5], "start", state("1"))])
    assert life(restarted) == (DAYS[1], None)
    first_day = book(
        [], [Event(DAYS[1], "start", state("1")), Event(DAYS[1], "end", None)]
    )
    assert life(first_day) == (DAYS[1], DAYS[1])
    corrected = running + book(
        running,
        [Event(DAYS[1], "end", None), Event(DAYS[4], "start", state("1"))],
        known_on=DAYS[9],
    )
    assert life(corrected) == (DAYS[4], None)


# --- kinds ---------------------------------------------------------------------------

RATES = {"EUR": Decimal(1), "USD": Decimal("0.913242009132")}
postings = st.lists(
    st.builds(
        Posting,
        key=st.uuids(),
        date=st.sampled_from(DAYS[:4]),
        subscription=st.integers(1, 3),
        event=st.sampled_from(["start", "end", "change"]),
        currency=st.just("EUR"),
        delta=st.integers(-5_000, 5_000).map(lambda cents: Decimal(cents) / 100),
        rate=st.just(Decimal(1)),
    ),
    max_size=15,
    unique_by=lambda posting: posting.key,
)


@given(postings)
def test_kinds_sum_per_customer_and_day(rows):
    """Transfer sums to zero; the rest is one kind and is the day's net."""
    result = classify(rows)
    assert set(result) == {row.key for row in rows}
    days = defaultdict(list)
    for row in rows:
        days[row.date].append(row)
    balance = Decimal(0)
    for _day, day_rows in sorted(days.items()):
        net = sum(row.delta for row in day_rows)
        assert sum(result[row.key][1] for row in day_rows) == 0
        rest = defaultdict(Decimal)
        for row in day_rows:
            kind, transfer = result[row.key]
            rest[kind] += row.amount - transfer
            assert (kind == ledger.NEUTRAL) == (row.delta == 0)
            assert abs(transfer) <= abs(row.amount) and transfer * row.amount >= 0
        assert rest.pop(ledger.NEUTRAL, 0) == rest.pop(ledger.TRANSFER, 0) == 0
        if net:
            assert list(rest.values()) == [net]
            (kind,) = rest
            assert (kind in (ledger.NEW, ledger.REACTIVATION)) == (balance == 0)
            assert (kind == ledger.CHURN) == (balance + net == 0 and balance != 0)
        else:
            assert not rest
        balance += net


@given(postings, st.randoms(use_true_random=False))
def test_order_within_a_day_does_not_matter(rows, random):
    """Sums by subscription, kind and day are the same for any order of arrival."""

    def picture(some):
        result = classify(some)
        sums = defaultdict(Decimal)
        for row in some:
            kind, transfer = result[row.key]
            sums[row.date, row.subscription, row.event, kind] += transfer
        return sums

    shuffled = list(rows)
    random.shuffle(shuffled)
    assert picture(rows) == picture(shuffled)


def kinds(*rows):
    """Kind and transfer of rows given as (day, subscription, delta[, currency])."""
    some = []
    for key, (day, subscription, delta, *currency) in enumerate(rows):
        (currency,) = currency or ["EUR"]
        some.append(
            Posting(
                key,
                DAYS[day],
                subscription,
                "change",
                currency,
                Decimal(delta),
                RATES[currency],
            )
        )
    result = classify(some)
    return [result[key] for key in range(len(rows))]


def test_the_five_kinds():
    assert [
        kind
        for kind, _transfer in kinds(
            (0, 1, "10"),
            (1, 2, "5"),
            (2, 1, "-3"),
            (3, 1, "-7"),
            (4, 2, "-5"),
            (5, 1, "4"),
        )
    ] == ["new", "expansion", "contraction", "contraction", "churn", "reactivation"]


def test_renewal_into_a_successor_is_transfer():
    """One ends, the next starts on the same day: neither churn nor new."""
    assert kinds((0, 1, "10"), (5, 1, "-10"), (5, 2, "12")) == [
        ("new", 0),
        ("transfer", -10),
        ("expansion", 10),
    ]


def test_trial_is_neutral_and_its_conversion_new():
    assert kinds((0, 1, "0"), (3, 1, "8")) == [("neutral", 0), ("new", 0)]


def test_losing_one_of_two_is_contraction():
    assert kinds((0, 1, "10"), (0, 2, "10"), (1, 2, "-10"))[2] == ("contraction", 0)


def test_change_of_currency_is_transfer_at_the_rate_of_the_day():
    expected = Decimal(90)
    assert kinds((0, 1, "90"), (1, 1, "-90"), (1, 1, "100", "USD"))[1:] == [
        ("transfer", -expected),
        ("expansion", expected),
    ]
