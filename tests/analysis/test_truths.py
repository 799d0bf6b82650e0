"""What is proven of a condition holds for every customer; what is not, for none of these."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import pairwise, product
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import event as note
from hypothesis import strategies as st

from journeykit.analysis.subject import Subject
from journeykit.analysis.truths import Domain, culprits, truth_of
from journeykit.analysis.wording import condition_in_words
from journeykit.machine import Reading, Tally, add_to_tally, amount_text, compile_condition
from journeykit.model import (
    All,
    AnyOf,
    Comparison,
    Condition,
    Journey,
    On,
    PastComparison,
    Wait,
    Workspace,
    ago,
    ahead,
    count,
    exists,
    field,
    in_,
    last,
    not_,
    parts_of,
    total,
    wire,
)
from journeykit.testing.samples import Customer, OrderPlaced
from journeykit.testing.strategies import attributes_of, conditions, events, moments, profiles
from journeykit.time import days, hours, months, to_micros, zone

C, O = Customer, OrderPlaced
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
shop = Workspace(
    journeys=[Journey("j", entry=On(OrderPlaced), steps=[Wait(hours(1))])],
    timezone="UTC",
    profile=Customer,
)
subject = Subject(shop)

CASES: list[tuple[Any, str | None]] = [
    ((C.visits > 3) & (C.visits < 4), "never"),
    ((C.visits > 3) & (C.visits < 5), None),
    ((C.visits >= 3) & (C.visits <= 3), None),
    ((C.spent > 3) & (C.spent < 4), None),
    ((C.spent > 3) & (C.spent < Decimal("3.0")), "never"),
    ((C.score > 0.1) & (C.score < 0.1), "never"),
    ((C.visits == 1) & (C.visits == 2), "never"),
    ((C.visits != 1) | (C.visits == 1), None),  # a customer without visits has neither
    ((O.pieces != 1) | (O.pieces == 1), "always"),  # an order always has pieces
    ((C.plan == "free") & (C.plan == "pro"), "never"),
    ((C.plan == "free") | (C.plan == "pro"), "always"),
    ((C.plan != "free") & (C.plan != "pro"), "never"),
    (not_((C.plan == "free") | (C.plan == "pro")), "never"),
    (in_(C.plan, ["free", "pro"]), "always"),
    (in_(O.paid_by, ["card"]) | (O.paid_by == "invoice"), "always"),
    (field(C.vip) == True, None),  # noqa: E712
    ((field(C.vip) == True) | (field(C.vip) == False), "always"),  # noqa: E712
    (exists(C.plan), "always"),
    (exists(C.visits), None),
    (exists(C.visits) | not_(exists(C.visits)), "always"),
    (not_(exists(C.visits)) & (C.visits > 3), "never"),
    (not_(exists(C.trial_ends)) & (C.trial_ends < ago(days(3))), "never"),
    (exists(C.trial_ends) & (C.trial_ends < ago(days(3))), None),
    ((C.trial_ends < ago(days(3))) & not_(C.trial_ends < ago(days(3))), "never"),
    ((C.trial_ends < ago(days(3))) & (C.trial_ends > ahead(days(3))), "never"),
    ((C.trial_ends > ahead(days(3))) & (C.trial_ends < ahead(days(7))), None),
    ((C.trial_ends > ahead(days(7))) & (C.trial_ends < ahead(days(3))), "never"),
    ((C.trial_ends > ahead(days(1))) & (C.trial_ends < ahead(hours(24))), None),  # 25 hours
    ((C.trial_ends > ahead(months(1))) & (C.trial_ends < ahead(days(30))), None),
    ((C.trial_ends > ahead(months(1))) & (C.trial_ends < ahead(days(20))), "never"),
    ((C.trial_ends >= ahead(hours(1))) & (C.trial_ends < ago(hours(0))), "never"),
    ((C.trial_ends > ahead(days(7))) & (C.trial_ends < NOON), None),
    ((C.trial_ends > ago(-months(1))) & (C.trial_ends < ahead(days(27))), None),  # of 28 and an hour
    ((C.trial_ends > ago(-months(1))) & (C.trial_ends < ahead(days(20))), "never"),
    ((C.born > ago(days(1))) & (C.born < ago(days(2))), None),  # a date can be left out
    ((C.born > ago(days(3))) & (C.born < ago(days(30))), "never"),
    ((C.born > date(2000, 1, 1)) & (C.born < date(2000, 1, 2)), "never"),
    ((C.born > date(2000, 1, 1)) & (C.born < date(2000, 1, 3)), None),
    ((C.name > "a") & (C.name < "a\0"), "never"),
    ((C.name > "a") & (C.name < "b"), None),
    (C.name < "", "never"),
    ((C.name == "ann") & field(C.name).startswith("b"), "never"),
    ((C.name == "ann") & field(C.name).startswith("a"), None),
    (field(C.name).contains("x") & not_(field(C.name).contains("x")), "never"),
    (count(O) < 0, "never"),
    (count(O) >= 0, "always"),
    ((count(O) > 2) & (count(O) < 3), "never"),
    ((count(O) > 2) & (count(O, within=days(3)) < 3), None),
    (total(O.amount) >= 0, None),
    (exists(last(O)) & (last(O) < ago(days(3))), None),
    ((last(O) < ago(days(60))) & (last(O) >= ago(days(30))), "never"),
    ((last(O) < ago(days(30))) & (last(O) >= ago(days(60))), None),
    ((last(O) < ago(days(30))) | (last(O) >= ago(days(60))), None),  # there may be none
    (not_(exists(last(O))) & (last(O) < ago(days(3))), "never"),
    ((C.visits < C.visits), None),
    (((C.visits > 1) | (C.spent > 1)) & (C.visits < 1) & (C.spent < 1), "never"),
    (All(all=()), "always"),
    (AnyOf(any=()), "never"),
    (AnyOf(any=(All(all=()), C.visits > 3)), "always"),
    ((C.visits > 1) & (C.spent > 1) & (C.plan == "pro") & (C.visits < 1), "never"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("condition", "truth"), CASES, ids=lambda v: v if isinstance(v, str) else None
)
def test_what_is_told_of_a_condition(condition: Condition, truth: str | None) -> None:
    assert truth_of(condition, subject.domains(None, "order_placed")) == truth


def test_a_trigger_may_lack_what_an_event_at_hand_has() -> None:
    condition = (O.pieces != 1) | (O.pieces == 1)
    assert truth_of(condition, subject.domains(None, None)) is None


def test_too_many_cases_are_not_told_rather_than_tried_for_ever() -> None:
    fields = [Comparison(of="e", field=f"f{n}", kind="integer", op="gt", value=n) for n in range(9)]
    odd = AnyOf(any=tuple(one & other for one, other in pairwise(fields)))
    assert truth_of(odd & ~odd) is None


def test_the_culprits_are_as_few_as_can_be() -> None:
    condition = (C.visits > 1) & (C.plan == "pro") & (C.visits < 1) & (C.spent > 1)
    found = culprits(condition, subject.domains(None, None))
    assert condition_in_words(found) == "profile.visits > 1 and profile.visits < 1"
    assert culprits(C.visits > 1) == (C.visits > 1)
    alone = (C.visits > 1) & (count(O) < 0)
    assert culprits(alone) == (count(O) < 0)


readings = st.tuples(moments(), profiles(Customer), events(OrderPlaced), st.lists(moments()))


@given(conditions(attributes_of(Customer) + attributes_of(OrderPlaced), [OrderPlaced]), readings)
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_proven_is_never_seen_otherwise(
    condition: Condition, drawn: tuple[Any, dict[str, Any], OrderPlaced, list[Any]]
) -> None:
    (now, name), told, event, past = drawn
    reading = Reading()
    reading.now, reading.zone = to_micros(now), zone(name)
    known = {k: v for k, v in wire(Customer()).items() if v is not None}
    reading.profile = {**known, **told}
    reading.event = wire(event)
    reading.past = {}
    for leaf in parts_of(condition):
        if isinstance(leaf, PastComparison) and past:
            tally = reading.past[leaf.stream.id] = Tally()
            for at, _ in past:
                amount = amount_text(reading.event.get(leaf.field.field)) if leaf.field else ""
                add_to_tally(tally, to_micros(at), amount, leaf.within is not None)
    truth = truth_of(condition, subject.domains(None, "order_placed"))
    note(str(truth))
    holds = compile_condition(condition, incoming="order_placed")(reading)
    assert truth != ("never" if holds else "always"), condition_in_words(condition)


# ---- nothing is missed where everything can be tried

_OPS = ["eq", "ne", "lt", "le", "gt", "ge"]
leaves = st.builds(
    lambda name, op, value: Comparison(
        of="profile", field=name, kind="integer", op=op, value=value
    ),
    st.sampled_from(["x", "y"]),
    st.sampled_from(_OPS),
    st.integers(-1, 1),
) | st.builds(
    lambda name: Comparison(of="profile", field=name, kind="integer", op="exists"),
    st.sampled_from(["x", "y"]),
)
small = st.recursive(
    leaves,
    lambda inner: (
        inner.map(not_)
        | st.lists(inner, min_size=1, max_size=3).map(lambda parts: All(all=tuple(parts)))
        | st.lists(inner, min_size=1, max_size=3).map(lambda parts: AnyOf(any=tuple(parts)))
    ),
    max_leaves=6,
)


@given(small, st.booleans())
@settings(max_examples=300, deadline=None)
def test_over_whole_numbers_it_misses_nothing_within_one_group(
    condition: Condition, may_be_missing: bool
) -> None:
    def domain(of: str, name: str) -> Domain:
        return Domain(may_be_missing=may_be_missing)

    guard = compile_condition(condition, incoming=None)
    seen = set()
    values = [*([None] if may_be_missing else []), *range(-3, 4)]
    for x, y in product(values, values):
        reading = Reading()
        reading.profile = {k: v for k, v in (("x", x), ("y", y)) if v is not None}
        seen.add(guard(reading))
    tried = None if len(seen) == 2 else "always" if seen == {True} else "never"
    assert truth_of(condition, domain) == tried
