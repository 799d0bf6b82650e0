"""What else could happen? Hypothesis strategies for instants, events, histories and journeys.

They aim: half of all instants lie within hours of a clock change, values repeat, so that
comparisons meet their edge, and journeys loop, branch and wait. Hand them your own classes:

    @given(histories([CartUpdated, OrderPlaced], customers=["ann", "bob"]))
    def test_nobody_is_written_to_at_night(history): ...

Needs hypothesis: `pip install journeykit[testing]`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple, TypeVar

from hypothesis import assume
from hypothesis import strategies as st

from journeykit.errors import InputError
from journeykit.model import (
    Attribute,
    Condition,
    Event,
    Profile,
    Result,
    ago,
    ahead,
    count,
    exists,
    last,
    not_,
    total,
    validate_event,
    wire,
)
from journeykit.model.fields import Kind
from journeykit.time import Duration, days, from_micros, hours, months, to_micros, zone

E = TypeVar("E", bound=Event)
# A gap at midnight, half an hour, a lost day, two changes a year either side of the equator.
_ZONES = (
    ("Europe/Berlin", 2026),
    ("America/New_York", 2026),
    ("Australia/Lord_Howe", 2026),
    ("America/Sao_Paulo", 2018),
    ("Africa/Casablanca", 2026),
    ("Pacific/Apia", 2011),
)
_ODD_LENGTHS = [
    *(hours(1), hours(24), days(1), days(7), months(1), months(1) + days(-1), days(1) + hours(-2)),
    Duration(micros=1),
]


_ORDERS = ["eq", "ne", "lt", "le", "gt", "ge"]
_WAYS = [*_ORDERS, "in", "not_in", "exists"]


class Happened(NamedTuple):
    """One event of a history."""

    at: datetime
    customer: str
    event: Event


@cache
def clock_changes() -> tuple[tuple[str, datetime], ...]:
    """Return some clock changes, as (zone, first instant of the new offset)."""
    found: list[tuple[str, datetime]] = []
    for name, year in _ZONES:
        start, end = (to_micros(datetime(y, 1, 1, tzinfo=UTC)) for y in (year, year + 1))
        change = zone(name).next_change(start, end)
        while change is not None:
            found.append((name, from_micros(change)))
            change = zone(name).next_change(change, end)
    return tuple(found)


_AWAY = (
    st.timedeltas(timedelta(hours=-4), timedelta(hours=4))
    | st.timedeltas(timedelta(days=-300), timedelta(days=300))
    | st.sampled_from([timedelta(), timedelta(microseconds=-1), timedelta(hours=1)])
)


@st.composite
def _moments(draw: st.DrawFn) -> tuple[datetime, str]:
    name, change = draw(st.sampled_from(clock_changes()))
    return change + draw(_AWAY), name


@cache
def moments() -> st.SearchStrategy[tuple[datetime, str]]:
    """An instant and a zone name: two thirds of them within four hours of a clock change."""
    return _moments()


@cache
def durations(*, negative: bool = False) -> st.SearchStrategy[Duration]:
    """A span longer than zero, calendar, elapsed or mixed; with `negative`, any sign."""
    part = st.integers(-40, 40) if negative else st.integers(0, 40)
    micros = st.integers(-(10**12), 10**12) if negative else st.integers(0, 10**12)
    mixed = st.builds(Duration, months=part, days=part, micros=micros)
    odd = st.sampled_from(_ODD_LENGTHS)
    return mixed | odd if negative else (mixed | odd).filter(_is_positive)


def _is_positive(span: Duration) -> bool:
    return not (span.is_zero or span.is_negative)


@cache
def _instants() -> st.SearchStrategy[datetime]:
    return moments().map(lambda moment: moment[0])


_PLACES = {  # no others can be told, or set
    "timezone": ["America/New_York", "Asia/Tokyo"],
    "country": ["US", "de", "ZZ"],
    "region": ["US-FL", "fl"],
}


@cache
def _values(kind: Kind, choices: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    if choices:
        return st.sampled_from(choices)
    match kind:
        case "text":
            return st.sampled_from(["", "a", "ab", "b", "é", "A b"])
        case "integer":
            return st.integers(-3, 3) | st.just(10**12)
        case "decimal":
            return st.sampled_from([Decimal(n) for n in ("-1", "0", "0.1", "0.10", "1", "1E+2")])
        case "float":
            return st.sampled_from([-1.5, 0.0, 0.1, 1.0, 1e300])
        case "boolean":
            return st.booleans()
        case "date":
            return _instants().map(datetime.date) | st.just(date(2028, 2, 29))
        case "instant":
            return _instants()
        case _:
            return st.just([])


def values(attribute: Attribute[Any]) -> st.SearchStrategy[Any]:
    """Values of a field, few enough that equal ones are drawn; as a program writes them."""
    if attribute.of == "profile" and attribute.name in _PLACES:
        return st.sampled_from(_PLACES[attribute.name])
    return _values(attribute.kind, attribute.choices)


def attributes_of(cls: type[Event] | type[Profile] | type[Result]) -> list[Attribute[Any]]:
    """Return the fields of a class as what conditions are written with."""
    return [getattr(cls, name) for name in cls.model_fields]


@st.composite
def events(draw: st.DrawFn, cls: type[E]) -> E:
    """An event: required fields drawn, optional ones now and then left out."""
    data: dict[str, Any] = {}
    for attribute in attributes_of(cls):
        info = cls.model_fields[attribute.name]
        if info.is_required() or draw(st.booleans()):
            wanted: Any = info.annotation
            odd = attribute.kind in ("list", "json")
            data[attribute.name] = draw(st.from_type(wanted) if odd else values(attribute))
    try:
        made = validate_event(cls, data)
    except InputError:  # a constraint that the class adds, such as Field(gt=0)
        assume(False)
        raise
    assert isinstance(made, cls)
    return made


@st.composite
def histories(
    draw: st.DrawFn,
    classes: Sequence[type[Event]],
    *,
    customers: Sequence[str] = ("ann", "bob"),
    max_size: int = 12,
) -> list[Happened]:
    """What happened, in the order of its instants, around one clock change; ties are common."""
    start, _ = draw(moments())
    gaps = st.sampled_from([timedelta(), timedelta(microseconds=1), timedelta(hours=1)])
    gaps |= st.timedeltas(timedelta(), timedelta(days=3))
    found: list[Happened] = []
    for _ in range(draw(st.integers(0, max_size))):
        start += draw(gaps)
        event = draw(st.sampled_from(classes).flatmap(events))
        found.append(Happened(start, draw(st.sampled_from(customers)), event))
    return found


@st.composite
def profiles(draw: st.DrawFn, cls: type[Profile]) -> dict[str, Any]:
    """Attributes of a customer in wire form, some of them not known."""
    known: dict[str, Any] = {}
    for attribute in attributes_of(cls):
        if attribute.name not in Profile.model_fields and draw(st.booleans()):
            known[attribute.name] = draw(values(attribute))
    told = wire(cls.model_validate(known))
    return {name: told[name] for name in known}


@st.composite
def conditions(
    draw: st.DrawFn,
    attributes: Sequence[Attribute[Any]],
    past: Sequence[type[Event]] = (),
    *,
    depth: int = 2,
) -> Condition:
    """A condition on some of the fields, and on past events."""
    way = draw(st.integers(0, 9)) if depth else 0
    if way > 6:
        inner = conditions(attributes, past, depth=depth - 1)
        if way == 7:
            return not_(draw(inner))
        return draw(inner) & draw(inner) if way == 8 else draw(inner) | draw(inner)
    if past and draw(st.integers(0, 3)) == 0:
        return draw(questions(draw(st.sampled_from(past))))
    return _comparison(draw, draw(st.sampled_from(attributes)), attributes)


def _comparison(
    draw: st.DrawFn, attribute: Attribute[Any], others: Sequence[Attribute[Any]]
) -> Condition:
    ways = [*(("eq", "ne", "in") if attribute.kind == "boolean" else _WAYS)]
    ways += ["contains", "starts"] if attribute.kind == "text" and not attribute.choices else []
    way = "exists" if attribute.kind in ("list", "json") else draw(st.sampled_from(ways))
    match way:
        case "exists":
            return exists(attribute)
        case "in" | "not_in":
            several = [draw(values(attribute)) for _ in range(draw(st.integers(1, 3)))]
            return attribute.in_(several) if way == "in" else attribute.not_in(several)
        case "contains":
            return attribute.contains(draw(values(attribute)))
        case "starts":
            return attribute.startswith(draw(values(attribute)))
    return _compared(attribute, way, _operand(draw, attribute, others))


def _operand(
    draw: st.DrawFn, attribute: Attribute[Any], others: Sequence[Attribute[Any]]
) -> object:
    """A constant, another field of the same kind, or an instant counted from now."""
    dated = others and attribute.kind in ("date", "instant")
    match draw(st.integers(0, 3)):
        case 0 if dated:
            return ago(draw(durations()))
        case 1 if dated:
            return ahead(draw(durations()))
        case 2 if others:
            return draw(st.sampled_from([one for one in others if one.kind == attribute.kind]))
        case _:
            return draw(values(attribute))


@st.composite
def questions(draw: st.DrawFn, event: type[Event]) -> Condition:
    """A question about past events of one type."""
    own = attributes_of(event)
    where = None
    if draw(st.booleans()) and own:
        where = _comparison(draw, draw(st.sampled_from(own)), [])
    within = draw(durations()) if draw(st.booleans()) else None
    numbers = [one for one in own if one.kind in ("integer", "decimal", "float")]
    way = draw(st.sampled_from(_ORDERS))
    match draw(st.sampled_from(["count", "last", "never", *(["total"] if numbers else [])])):
        case "count":
            return _compared(count(event, within=within, where=where), way, draw(st.integers(0, 3)))
        case "total":
            asked = total(draw(st.sampled_from(numbers)), within=within, where=where)
            return _compared(asked, way, draw(st.sampled_from([Decimal(0), Decimal("0.2")])))
        case "never":
            return not_(exists(last(event, where=where)))
    operand = ago(draw(durations())) if draw(st.booleans()) else draw(_instants())
    return _compared(last(event, where=where), way, operand)


def _compared(left: Any, way: str, right: Any) -> Condition:
    made: Condition = getattr(left, f"__{way}__")(right)
    return made


__all__ = [
    "Happened",
    "attributes_of",
    "clock_changes",
    "conditions",
    "durations",
    "events",
    "histories",
    "moments",
    "profiles",
    "questions",
    "values",
]
