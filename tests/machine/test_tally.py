"""What is kept of past events: how many, what sum, when last, and the recent instants."""

from __future__ import annotations

import operator
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from journeykit import Event, count, hours, total
from journeykit.machine import (
    Reading,
    Tally,
    add_to_tally,
    amount_text,
    compile_condition,
    prune_tally,
)
from journeykit.machine.guards import turning_events


class Paid(Event):
    amount: int = 1


PAST = st.lists(
    st.tuples(st.integers(0, 9), st.sampled_from(["", "1", "0.1", "1E+2", "-3"])), max_size=20
)


def tally_of(past: list[tuple[int, str]], *, windowed: bool) -> Tally:
    made = Tally()
    for at, amount in past:
        add_to_tally(made, at, amount, windowed)
    return made


@given(PAST)
def test_a_tally_says_what_was_counted_in_whatever_order(past: list[tuple[int, str]]) -> None:
    made = tally_of(past, windowed=True)

    assert made.n == len(past)
    assert Decimal(made.total) == sum((Decimal(amount or 0) for _, amount in past), Decimal(0))
    assert made.last == max((at for at, _ in past), default=None)
    assert made.recent == sorted(past)


@given(PAST, st.integers(0, 10))
def test_pruning_forgets_instants_and_no_counts(past: list[tuple[int, str]], before: int) -> None:
    whole, pruned = tally_of(past, windowed=True), tally_of(past, windowed=True)
    prune_tally(pruned, before)

    assert (pruned.n, pruned.total, pruned.last) == (whole.n, whole.total, whole.last)
    assert pruned.recent == [one for one in whole.recent if one[0] >= before]


@given(PAST)
def test_instants_are_kept_only_where_a_window_asks(past: list[tuple[int, str]]) -> None:
    assert tally_of(past, windowed=False).recent == []


def test_an_amount_that_is_missing_adds_nothing() -> None:
    assert amount_text(None) == ""
    assert amount_text("1.5") == "1.5"
    assert amount_text(3) == "3"


@given(
    PAST,
    st.sampled_from([operator.lt, operator.le, operator.gt, operator.ge, operator.eq]),
    st.integers(-3, 6),
    st.sampled_from(["count", "total"]),
)
def test_only_events_that_turn_the_answer_are_looked_at(
    past: list[tuple[int, str]], sign: Any, value: int, asked: str
) -> None:
    made = tally_of(past, windowed=True)
    question = {
        "count": count(Paid, within=hours(1)),
        "total": total(Paid.amount, within=hours(1)),
    }[asked]
    leaf = sign(question, value)
    guard = compile_condition(leaf, incoming=None)
    reading = Reading()
    reading.past = {leaf.stream.id: made}
    span = 3_600_000_000
    answers = []
    for since in range(-1, 11):  # what happened at `since` has passed
        reading.now = since + span
        answers.append(guard(reading))
    turned = {since for since in range(10) if answers[since + 1] is not answers[since]}
    assert turned <= set(turning_events(leaf, made))


def test_of_many_events_in_a_window_few_are_looked_at() -> None:
    made = tally_of([(at, "1") for at in range(1_000)], windowed=True)
    assert list(turning_events(count(Paid, within=hours(1)) >= 3, made)) == [997]
    assert list(turning_events(total(Paid.amount, within=hours(1)) == 3, made)) == [997, 996]
