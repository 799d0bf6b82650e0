"""Compiled conditions mean what they say: a table by hand, then a naive interpreter."""

from __future__ import annotations

import calendar
import operator
from dataclasses import dataclass
from dataclasses import field as attribute
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import event as note
from hypothesis import strategies as st

from journeykit.machine import (
    Reading,
    Tally,
    add_to_tally,
    amount_text,
    compile_condition,
    compile_workspace,
)
from journeykit.model import (
    All,
    AnyOf,
    Branch,
    Comparison,
    Condition,
    Exit,
    FieldRef,
    Journey,
    Not,
    On,
    PastComparison,
    RelativeMoment,
    Wait,
    When,
    Workspace,
    ago,
    ahead,
    count,
    exists,
    field,
    in_,
    last,
    not_,
    outcome,
    total,
    wire,
)
from journeykit.testing.samples import Customer, OrderPlaced, PageSeen
from journeykit.testing.strategies import (
    Happened,
    attributes_of,
    conditions,
    events,
    histories,
    moments,
    profiles,
)
from journeykit.time import Duration, days, hours, months, to_micros, zone

NOW = datetime(2026, 3, 29, 12, tzinfo=UTC)  # the day on which Berlin springs forward
VISITS: Any = Customer.visits
BORN: Any = Customer.born
TRIAL: Any = Customer.trial_ends
NAME: Any = Customer.name
TAGS: Any = Customer.interests
SPENT: Any = Customer.spent
VIP: Any = Customer.vip


def reading(profile: dict[str, Any] | None = None, **facts: Any) -> Reading:
    made = Reading()
    made.profile = profile or {}
    made.now = to_micros(facts.pop("now", NOW))
    made.zone = zone(facts.pop("zone", "Europe/Berlin"))
    for name, value in facts.items():
        setattr(made, name, value)
    return made


def holds(condition: Any, made: Reading, incoming: str | None = None) -> bool:
    answer = compile_condition(condition, incoming=incoming)(made)
    assert isinstance(answer, bool)
    return answer


@pytest.mark.parametrize(
    ("condition", "profile", "expected"),
    [
        (VISITS == 3, {"visits": 3}, True),
        (VISITS == 3, {"visits": 4}, False),
        (VISITS != 3, {"visits": 4}, True),
        (VISITS < 3, {"visits": 3}, False),
        (VISITS <= 3, {"visits": 3}, True),
        (VISITS > 3, {"visits": 3}, False),
        (VISITS >= 3, {"visits": 3}, True),
        (in_(VISITS, [1, 3]), {"visits": 3}, True),
        (in_(VISITS, [1, 3]), {"visits": 2}, False),
        (VISITS.not_in([1, 3]), {"visits": 2}, True),
        # What has no value is neither equal nor unequal to anything: only exists and not_ tell.
        *(
            (op(VISITS, 3), {}, False)
            for op in (operator.eq, operator.ne, operator.lt, operator.ge)
        ),
        *((op(VISITS, 3), {"visits": None}, False) for op in (operator.eq, operator.ne)),
        (in_(VISITS, [3]), {}, False),
        (VISITS.not_in([3]), {}, False),
        (not_(VISITS == 3), {}, True),
        (exists(VISITS), {}, False),
        (exists(VISITS), {"visits": None}, False),
        (exists(VISITS), {"visits": 0}, True),
        (not_(exists(VISITS)), {}, True),
        (NAME.contains("n"), {}, False),
        (NAME.startswith(""), {}, False),
        (TAGS.contains("tea"), {}, False),
        # decimals are numbers, although they travel as text
        (SPENT == 20, {"spent": "20.00"}, True),
        (SPENT > 9, {"spent": "10"}, True),  # as text, "10" < "9"
        (in_(SPENT, [Decimal("0.10")]), {"spent": "0.1"}, True),
        (SPENT.not_in([Decimal("1E+2")]), {"spent": "100"}, False),
        (Customer.spent == SPENT, {"spent": "1.0"}, True),
        # texts
        (NAME < "b", {"name": "a"}, True),
        (NAME.contains("nn"), {"name": "Ann"}, True),
        (NAME.contains("N"), {"name": "Ann"}, False),
        (NAME.contains(""), {"name": ""}, True),
        (NAME.startswith("An"), {"name": "Ann"}, True),
        (NAME.startswith("nn"), {"name": "Ann"}, False),
        (TAGS.contains("tea"), {"interests": ["tea", "go"]}, True),
        (TAGS.contains("te"), {"interests": ["tea"]}, False),
        (exists(TAGS), {"interests": []}, True),
        (VIP == True, {"vip": True}, True),  # noqa: E712
        (VIP == False, {"vip": True}, False),  # noqa: E712
        # dates and instants; one instant has many spellings
        (date(2000, 1, 2) > BORN, {"born": "2000-01-01"}, True),
        (date(2000, 1, 1) == BORN, {"born": "2000-01-01"}, True),
        (in_(BORN, [date(2000, 1, 1)]), {"born": "2000-01-01"}, True),
        (TRIAL == NOW, {"trial_ends": "2026-03-29T14:00:00+02:00"}, True),
        (TRIAL > NOW, {"trial_ends": "2026-03-29T12:00:00.000001Z"}, True),
        # counted from now, on the customer's clock: two days ago it was 14:00 before the change
        (ago(days(2)) == TRIAL, {"trial_ends": "2026-03-27T13:00:00Z"}, True),
        (ago(hours(48)) == TRIAL, {"trial_ends": "2026-03-27T12:00:00Z"}, True),
        (ahead(days(1)) >= TRIAL, {"trial_ends": "2026-03-30T12:00:00Z"}, True),
        (ahead(days(1)) >= TRIAL, {"trial_ends": "2026-03-30T12:00:00.000001Z"}, False),
        (ago(months(1)) == TRIAL, {"trial_ends": "2026-02-28T13:00:00Z"}, True),  # clamped: T2
        (ago(days(1)) == BORN, {"born": "2026-03-28"}, True),
        (ahead(months(1)) == BORN, {"born": "2026-04-29"}, True),
        # It is 14:00, and 13 hours ago it was midnight: one hour was skipped.
        (ago(hours(13)) > BORN, {"born": "2026-03-28"}, True),
        (ago(hours(13) + Duration(micros=1)) > BORN, {"born": "2026-03-28"}, False),
        (ago(days(1)) > TRIAL, {}, False),
        # joined
        ((VISITS == 1) & (VIP == True), {"visits": 1, "vip": True}, True),  # noqa: E712
        ((VISITS == 1) & (VIP == True), {"visits": 1, "vip": False}, False),  # noqa: E712
        ((VISITS == 1) | (VISITS == 2) | (VISITS == 3), {"visits": 3}, True),
        ((VISITS == 1) | (VISITS == 2), {"visits": 3}, False),
        ((VISITS > 1) & (VISITS > 2) & (VISITS > 3), {"visits": 3}, False),
        (not_((VISITS == 1) | (VISITS == 2)), {"visits": 3}, True),
        (All(all=()), {}, True),
        (AnyOf(any=()), {}, False),
    ],
)
def test_a_condition_on_the_profile(
    condition: Any, profile: dict[str, Any], expected: bool
) -> None:
    assert holds(condition, reading(profile)) is expected


def test_a_date_is_compared_with_the_customers_own_date() -> None:
    late = datetime(2026, 3, 29, 23, tzinfo=UTC)
    for name, day in (("Europe/Berlin", "2026-03-30"), ("America/New_York", "2026-03-29")):
        assert holds(ahead(hours(0)) == BORN, reading({"born": day}, now=late, zone=name))


def test_fields_are_read_from_where_they_belong() -> None:
    made = reading(
        {"name": "p"}, event={"cart": "e"}, trigger={"cart": "t"}, results={"hello": "failed"}
    )
    cart: Any = OrderPlaced.cart
    assert holds(cart == "e", made, incoming="order_placed")
    assert holds(cart == "t", made, incoming="page_seen")
    assert holds(cart == "t", made)
    assert holds(outcome("hello") == "failed", made)
    assert not holds(outcome("other") == "failed", made)
    assert not holds(not_(exists(outcome("hello"))), made)
    # one kind of fact with another
    assert holds(cart != Customer.name, made)
    assert not holds(cart == Customer.name, reading(trigger={"cart": "t"}))


# ---- the past: (seconds before now, amount), newest last


def tally(*past: tuple[float, str]) -> Tally:
    made = Tally()
    for seconds, amount in past:
        add_to_tally(made, to_micros(NOW - timedelta(seconds=seconds)), amount, windowed=True)
    return made


HOUR = 3600
BOUGHT = tally((90 * 86400, "5"), (2 * 86400, "10.10"), (HOUR, ""), (HOUR, "0.20"))


@pytest.mark.parametrize(
    ("condition", "past", "expected"),
    [
        (count(OrderPlaced) == 4, BOUGHT, True),
        (count(OrderPlaced) >= 5, BOUGHT, False),
        (count(OrderPlaced) == 0, None, True),
        (count(OrderPlaced) != 0, None, False),
        (count(OrderPlaced, within=hours(2)) == 2, BOUGHT, True),
        # as G3 counts: later than t - L, so that exactly L ago is out
        (count(OrderPlaced, within=hours(1)) == 0, BOUGHT, True),
        (count(OrderPlaced, within=hours(1) + Duration(micros=1)) == 2, BOUGHT, True),
        (count(OrderPlaced, within=days(365)) == 4, BOUGHT, True),
        # one calendar day ago was 13:00 UTC, 23 hours back: the clock sprang forward
        (count(OrderPlaced, within=days(1)) == 1, tally((23 * HOUR - 1, "")), True),
        (count(OrderPlaced, within=days(1)) == 1, tally((23 * HOUR, "")), False),
        (count(OrderPlaced, within=hours(24)) == 1, tally((23 * HOUR, "")), True),
        (total(OrderPlaced.amount) == Decimal("15.30"), BOUGHT, True),
        (total(OrderPlaced.amount) > Decimal("15.30"), BOUGHT, False),
        (total(OrderPlaced.amount, within=days(3)) == Decimal("10.3"), BOUGHT, True),
        (total(OrderPlaced.amount) == 0, None, True),
        (total(OrderPlaced.amount, within=hours(1)) == 0, BOUGHT, True),
        (last(OrderPlaced) == NOW - timedelta(hours=1), BOUGHT, True),
        (last(OrderPlaced) >= ago(hours(1)), BOUGHT, True),
        (last(OrderPlaced) > ago(hours(1)), BOUGHT, False),
        (last(OrderPlaced) < ahead(hours(1)), BOUGHT, True),
        # while there was none, nothing holds of the last one, != included
        (last(OrderPlaced) != NOW, None, False),
        (last(OrderPlaced) < NOW, None, False),
        (exists(last(OrderPlaced)), None, False),
        (exists(last(OrderPlaced)), BOUGHT, True),
        (not_(exists(last(OrderPlaced))), None, True),
    ],
)
def test_a_question_about_the_past(condition: Any, past: Tally | None, expected: bool) -> None:
    made = reading()
    if past is not None:
        made.past = {condition_stream(condition): past}
    assert holds(condition, made) is expected


def condition_stream(condition: Any) -> str:
    leaf = condition.not_ if isinstance(condition, Not) else condition
    assert isinstance(leaf, PastComparison)
    return leaf.stream.id


def test_questions_share_a_stream_only_if_they_ask_the_same() -> None:
    gift: Any = OrderPlaced.gift
    streams = {
        condition_stream(one)
        for one in (
            count(OrderPlaced) >= 1,
            count(PageSeen) >= 1,
            count(OrderPlaced, where=gift == True) >= 1,  # noqa: E712
            count(OrderPlaced, where=gift == False) >= 1,  # noqa: E712
            total(OrderPlaced.amount) >= 1,
            total(OrderPlaced.pieces) >= 1,
        )
    }
    assert len(streams) == 6
    assert condition_stream(count(OrderPlaced) >= 1) == condition_stream(last(OrderPlaced) < NOW)
    assert condition_stream(count(OrderPlaced, within=days(1)) >= 1) in streams


# ---- the oracle: what a condition says, word by word, with datetimes and no tricks


@dataclass
class World:
    now: datetime
    zone: str
    profile: dict[str, Any]
    trigger: dict[str, Any]
    history: list[Happened] = attribute(default_factory=list)


def shifted(instant: datetime, span: Duration, name: str) -> datetime:
    if span.is_calendar:
        there = instant.astimezone(ZoneInfo(name))
        number = there.year * 12 + there.month - 1 + span.months
        year, month = number // 12, number % 12 + 1
        day = min(there.day, calendar.monthrange(year, month)[1])
        there = there.replace(year=year, month=month, day=day, fold=0)
        # In a gap, zoneinfo takes the offset before it: later by the gap's length (T3).
        instant = (there + timedelta(days=span.days)).replace(fold=0).astimezone(UTC)
    return instant + timedelta(microseconds=span.micros)


def meant(condition: Condition, world: World) -> bool:
    match condition:
        case All():
            return all(meant(part, world) for part in condition.all)
        case AnyOf():
            return any(meant(part, world) for part in condition.any)
        case Not():
            return not meant(condition.not_, world)
        case PastComparison():
            return past_meant(condition, world)
        case Comparison():
            return comparison_meant(condition, world)
    raise AssertionError(condition)


def value(kind: str, told: Any) -> Any:
    if told is None or kind not in ("decimal", "date", "instant"):
        return told
    if kind == "decimal":
        return Decimal(told)
    return date.fromisoformat(told) if kind == "date" else datetime.fromisoformat(told)


def comparison_meant(leaf: Comparison, world: World) -> bool:
    def told(of: str, name: str) -> Any:
        return value(leaf.kind, (world.profile if of == "profile" else world.trigger).get(name))

    left = told(leaf.of, leaf.field)
    if leaf.op == "exists" or left is None:
        return leaf.op == "exists" and left is not None
    if isinstance(leaf.value, tuple):
        found = left in [value(leaf.kind, one) for one in leaf.value]
        return found if leaf.op == "in" else not found
    if leaf.op == "contains":
        return leaf.value in left
    if leaf.op == "starts_with":
        return bool(left[: len(str(leaf.value))] == leaf.value)
    if isinstance(leaf.value, FieldRef):
        right = told(leaf.value.of, leaf.value.field)
        if right is None:
            return False
    elif isinstance(leaf.value, RelativeMoment):
        right = shifted(world.now, leaf.value.offset, world.zone)
        if leaf.kind == "date":
            right = right.astimezone(ZoneInfo(world.zone)).date()
    else:
        right = value(leaf.kind, leaf.value)
    return bool(getattr(operator, leaf.op)(left, right))


def past_meant(leaf: PastComparison, world: World) -> bool:
    since = None if leaf.within is None else shifted(world.now, -leaf.within, world.zone)
    found = [
        (at, wire(event))
        for at, _, event in world.history
        if type(event).__wire_name__ == leaf.event
        and (since is None or at > since)
        and (leaf.where is None or meant(leaf.where, World(at, "UTC", {}, wire(event))))
    ]
    if leaf.op == "exists":
        return bool(found)
    if leaf.past == "last":
        if not found:
            return False
        left: Any = max(at for at, _ in found)
        if isinstance(leaf.value, RelativeMoment):
            right: Any = shifted(world.now, leaf.value.offset, world.zone)
        else:
            right = datetime.fromisoformat(str(leaf.value))
    elif leaf.past == "count":
        left, right = len(found), leaf.value
    else:
        assert leaf.field is not None
        left = sum((Decimal(str(data[leaf.field.field])) for _, data in found), Decimal(0))
        right = Decimal(str(leaf.value))
    return bool(getattr(operator, leaf.op)(left, right))


FIELDS = [*attributes_of(OrderPlaced), *attributes_of(Customer)]


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    conditions(FIELDS, [OrderPlaced, PageSeen]),
    moments(),
    profiles(Customer),
    events(OrderPlaced),
    histories([OrderPlaced, PageSeen], customers=["ann"]),
    st.data(),
)
def test_a_compiled_condition_means_what_it_says(
    condition: Condition,
    moment: tuple[datetime, str],
    profile: dict[str, Any],
    trigger: OrderPlaced,
    history: list[Happened],
    data: st.DataObject,
) -> None:
    now, name = moment
    if history and data.draw(st.booleans()):  # soon after what happened, or just then
        now = history[-1].at + data.draw(st.sampled_from([timedelta(), timedelta(hours=1)]))
    world = World(now, name, profile, wire(trigger), history)
    rules = compile_workspace(
        Workspace(
            journeys=[
                Journey(
                    "asking",
                    entry=On(OrderPlaced),
                    steps=[Wait(hours(1)), Branch(When(condition, [Exit()]))],
                )
            ],
            events=[PageSeen],
            profile=Customer,
            timezone="UTC",
        )
    )
    made = reading(profile, now=now, zone=name, trigger=wire(trigger))
    past: dict[str, Tally] = {}
    for at, _, happened in history:
        made.event = wire(happened)
        for stream in rules.streams.get(type(happened).__wire_name__, ()):
            if stream.guard is None or stream.guard(made):
                amount = "" if stream.amount is None else amount_text(stream.amount(made))
                counted = past.setdefault(stream.id, Tally())
                add_to_tally(counted, to_micros(at), amount, windowed=stream.reach is not None)
    made.event, made.past = {}, past
    [(guard, _)] = rules.table("asking", 1).steps["branch_2"].plan

    expected = meant(condition, world)
    note(str(expected))
    assert guard(made) is expected


def test_the_hosts_decimal_context_does_not_matter() -> None:  # O4
    from decimal import localcontext

    asked: Any = total(OrderPlaced.amount) == Decimal("1000000.01")
    within: Any = total(OrderPlaced.amount, within=days(1)) == Decimal("1000000.01")
    with localcontext(prec=3):
        past = tally((HOUR, "1000000"), (HOUR, "0.01"))
        made = reading()
        made.past = {condition_stream(asked): past, condition_stream(within): past}
        assert holds(asked, made)
        assert holds(within, made)


def test_a_field_of_its_own_precise_type() -> None:
    assert holds(field(Customer.visits) >= 3, reading({"visits": 3}))
