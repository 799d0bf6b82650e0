"""Conditions read like what was written; explained, with what was compared."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from journeykit import Result, collected, receipt
from journeykit.analysis.explaining import explain_condition
from journeykit.analysis.wording import condition_in_words
from journeykit.machine import Reading, Tally, compile_condition
from journeykit.model import (
    All,
    AnyOf,
    Condition,
    ago,
    ahead,
    count,
    exists,
    field,
    in_,
    last,
    not_,
    outcome,
    parts_of,
    total,
    wire,
)
from journeykit.testing.samples import Customer, OrderPlaced
from journeykit.testing.strategies import attributes_of, conditions, events, profiles
from journeykit.time import days, hours, to_micros, zone

C, O = Customer, OrderPlaced


class LeadScore(Result):
    score: int


WORDS: list[tuple[Any, str]] = [
    (C.plan == "free", "profile.plan == 'free'"),
    (C.visits != 3, "profile.visits != 3"),
    (C.spent >= Decimal("19.90"), "profile.spent >= 19.90"),
    (field(C.vip) == True, "profile.vip == True"),  # noqa: E712
    (C.born < date(2000, 1, 2), "profile.born < 2000-01-02"),
    (C.trial_ends < ago(days(3)), "profile.trial_ends < 3 days ago"),
    (C.trial_ends > ahead(hours(5)), "profile.trial_ends > 5 hours from now"),
    (C.trial_ends > ahead(hours(0)), "profile.trial_ends > now"),
    (C.trial_ends > ago(hours(0)), "profile.trial_ends > now"),
    (C.trial_ends > O.paid_at, "profile.trial_ends > order_placed.paid_at"),
    (in_(C.plan, ["free", "pro"]), "profile.plan is one of 'free', 'pro'"),
    (not_(in_(C.visits, [1, 2])), "not profile.visits is one of 1, 2"),
    (exists(C.visits), "profile.visits exists"),
    (field(C.name).startswith("A"), "profile.name starts with 'A'"),
    (field(C.interests).contains("jazz"), "profile.interests contains 'jazz'"),
    (count(O) > 2, "count(order_placed) > 2"),
    (count(O, within=days(30)) > 2, "count(order_placed) within 30 days > 2"),
    (count(O, where=O.pieces > 1) > 2, "count(order_placed where order_placed.pieces > 1) > 2"),
    (total(O.amount) > 2, "total(order_placed.amount) > 2"),
    (last(O) < ago(days(3)), "last(order_placed) < 3 days ago"),
    (last(O) < datetime(2026, 1, 1, tzinfo=UTC), "last(order_placed) < 2026-01-01T00:00:00+00:00"),
    (exists(last(O)), "last(order_placed) exists"),
    (outcome("hello") == "dropped", "outcome('hello') == 'dropped'"),
    (receipt("hello", "opened"), "receipt('hello', 'opened')"),
    (collected("news") >= 3, "collected('news') >= 3"),
    (LeadScore.score >= 5, "lead_score.score >= 5"),
    ((C.plan == "free") & (C.visits > 1), "profile.plan == 'free' and profile.visits > 1"),
    (
        not_((C.plan == "free") | (C.visits > 1)) & (C.visits > 2),
        "not (profile.plan == 'free' or profile.visits > 1) and profile.visits > 2",
    ),
    (All(all=()), "everything"),
    (AnyOf(any=()), "nothing"),
]


@pytest.mark.parametrize(("condition", "words"), WORDS, ids=[words for _, words in WORDS])
def test_a_condition_reads_as_it_is_written(condition: Condition, words: str) -> None:
    assert condition_in_words(condition) == words


def reading_of(told: dict[str, Any], event: OrderPlaced | None = None) -> Reading:
    reading = Reading()
    reading.now, reading.zone = to_micros(datetime(2026, 3, 1, tzinfo=UTC)), zone("UTC")
    reading.profile = told
    reading.event = {} if event is None else wire(event)
    return reading


def test_the_values_of_the_past_are_told() -> None:
    reading = reading_of({})
    condition = (
        (count(O) > 2) & (count(O, within=days(3)) > 2) & (total(O.amount, within=days(3)) > 5)
        & (total(O.amount) > 5) & (last(O) > ago(days(3)))
    )  # fmt: skip
    at = reading.now - 1
    for leaf in parts_of(condition):
        reading.past = {
            **reading.past,
            leaf.stream.id: Tally(3, "4.5", at, [(at - 10**12, "9"), (at, "1.5"), (at, "")]),  # type: ignore[attr-defined]
        }
    told = explain_condition(condition, reading)
    assert [part.values for part in told.parts] == [
        "count was 3", "count was 2", "total was 1.5", "total was 4.5",
        "it was 2026-02-28T23:59:59.999999+00:00, 3 days ago was 2026-02-26T00:00:00+00:00",
    ]  # fmt: skip
    reading.past = {}
    told = explain_condition(condition, reading)
    assert [part.values for part in told.parts][-1].startswith("there was none, ")
    assert told.parts[1].values == "count was 0"


def test_the_reasons_are_the_comparisons_that_decided() -> None:
    reading = reading_of({"plan": "free", "visits": 3})
    told = explain_condition((C.plan == "pro") & ((C.visits > 1) | (C.visits < 0)), reading)
    assert [one.text for one in told.reasons] == ["profile.plan == 'pro'"]
    told = explain_condition((C.plan == "pro") | not_(C.visits > 1), reading)
    assert [one.text for one in told.reasons] == ["profile.plan == 'pro'", "profile.visits > 1"]
    assert str(told).splitlines()[0].endswith(" was false")


@given(
    conditions(attributes_of(Customer) + attributes_of(OrderPlaced), [OrderPlaced]),
    profiles(Customer),
    events(OrderPlaced),
)
@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_an_explanation_says_what_the_guard_says(
    condition: Condition, told: dict[str, Any], event: OrderPlaced
) -> None:
    reading = reading_of(told, event)
    explained = explain_condition(condition, reading, incoming="order_placed")
    assert explained.holds is compile_condition(condition, incoming="order_placed")(reading)
    assert explained.text == condition_in_words(condition)
    assert len(list(explained.lines())) >= 1
