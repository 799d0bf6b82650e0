"""Does this condition hold? Compiled once to closures; no pydantic when customers come.

A comparison with a field that has no value does not hold, whatever the operator, `!=` and
`not_in` included; `exists` and `not_` tell the difference.
"""

from __future__ import annotations

import operator
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import reduce
from typing import Any

from journeykit.machine.stamps import date_of, instant_of
from journeykit.machine.tally import EXACT, Tally
from journeykit.model import (
    RESULT,
    All,
    AnyOf,
    Comparison,
    Condition,
    FieldRef,
    Not,
    PastComparison,
    RelativeMoment,
)
from journeykit.time import DAY, Zone, shift, zone

Guard = Callable[["Reading"], bool]
Read = Callable[["Reading"], Any]
Convert = Callable[[Any], Any]


_NOTHING: dict[str, Any] = {}


class Nobody:
    """What is read of a run where there is none: no receipts, nothing collected."""

    receipts: Mapping[str, Sequence[str]] = {}
    collected: Mapping[str, Any] = {}


class Reading:
    """Everything a condition may look at.

    Attributes:
        event: Wire fields of the event at hand.
        trigger: Wire fields of the event that started the run.
        profile: Wire attributes of the customer.
        now: Micros.
        zone: The customer's zone.
        past: Tallies by stream id.
        results: What became of the run's messages, by step id.
        run: The run itself, for its `receipts` and what it `collected`.
        answers: What functions gave to the run, by wire name such as `result.lead_score`.
    """

    __slots__ = ("answers", "event", "now", "past", "profile", "results", "run", "trigger", "zone")

    def __init__(self) -> None:
        self.event: Mapping[str, Any] = {}
        self.trigger: Mapping[str, Any] = {}
        self.profile: Mapping[str, Any] = {}
        self.now = 0
        self.zone: Zone = zone("UTC")
        self.past: Mapping[str, Tally] = {}
        self.results: Mapping[str, str] = {}
        self.run: Any = Nobody
        self.answers: Mapping[str, Mapping[str, Any]] = _NOTHING


_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
}


def compile_condition(condition: Condition, *, incoming: str | None) -> Guard:
    """Return a closure that says whether `condition` holds.

    Args:
        incoming: The event type at hand, whose fields are read from `reading.event`.
            Any other event is the one that started the run: `reading.trigger`.
    """
    match condition:
        case All():
            return _all([compile_condition(c, incoming=incoming) for c in condition.all])
        case AnyOf():
            return _any([compile_condition(c, incoming=incoming) for c in condition.any])
        case Not():
            inner = compile_condition(condition.not_, incoming=incoming)
            return lambda reading: not inner(reading)
        case PastComparison():
            return _past(condition)
        case Comparison():
            return _comparison(condition, incoming)
        case _:
            raise AssertionError(f"no guard for {condition!r}")


def compile_value(ref: FieldRef | Comparison, *, incoming: str | None) -> Callable[[Reading], Any]:
    """Return a closure that reads a field in wire form; None where it has no value."""
    name = ref.field
    if ref.of == "profile":
        return lambda reading: reading.profile.get(name)
    if ref.of.startswith(RESULT):
        of = ref.of
        return lambda reading: reading.answers.get(of, _NOTHING).get(name)
    if ref.of == "step":
        return _step(name, ref.kind)
    if ref.of == incoming:
        return lambda reading: reading.event.get(name)
    return lambda reading: reading.trigger.get(name)


def _step(step: str, kind: str) -> Read:
    """Read what became of a step: its outcome, the receipts of its message, what it collected."""
    if kind == "list":
        return lambda reading: reading.run.receipts.get(step)
    if kind == "integer":

        def length(reading: Reading) -> int:
            found = reading.run.collected.get(step)
            return 0 if found is None else len(found.done)

        return length
    return lambda reading: reading.results.get(step)


def _all(guards: list[Guard]) -> Guard:
    if len(guards) == 2:
        first, second = guards
        return lambda reading: first(reading) and second(reading)
    return lambda reading: all(guard(reading) for guard in guards)


def _any(guards: list[Guard]) -> Guard:
    if len(guards) == 2:
        first, second = guards
        return lambda reading: first(reading) or second(reading)
    return lambda reading: any(guard(reading) for guard in guards)


def _comparison(leaf: Comparison, incoming: str | None) -> Guard:
    read = compile_value(leaf, incoming=incoming)
    if leaf.op == "exists":
        return lambda reading: read(reading) is not None
    convert = _CONVERT[leaf.kind]
    if leaf.op in ("contains", "starts_with"):
        return _text_guard(leaf, read)
    if leaf.op in ("in", "not_in"):
        return _membership(leaf, read, convert)
    order = _ORDER[leaf.op]
    if isinstance(leaf.value, FieldRef):
        other = compile_value(leaf.value, incoming=incoming)
        return _pair_guard(read, other, convert, order)
    if isinstance(leaf.value, RelativeMoment):
        return _moment_guard(leaf, read, order)
    constant = leaf.value if convert is None else convert(leaf.value)
    if leaf.of == incoming and convert is None:
        return _event_guard(leaf.field, constant, order)
    if leaf.op == "eq":
        return _equal_guard(read, constant, convert)
    if convert is None:

        def plain(reading: Reading) -> bool:
            value = read(reading)
            return value is not None and order(value, constant)

        return plain

    def converted(reading: Reading) -> bool:
        value = read(reading)
        return value is not None and order(convert(value), constant)

    return converted


def _event_guard(name: str, constant: Any, order: Callable[[Any, Any], bool]) -> Guard:
    """The commonest guard, with one call less: the event's own field against a constant."""

    def guard(reading: Reading) -> bool:
        value = reading.event.get(name)
        return value is not None and order(value, constant)

    return guard


def _equal_guard(read: Read, constant: Any, convert: Convert | None) -> Guard:
    if convert is None:
        return lambda reading: bool(read(reading) == constant)

    def equal(reading: Reading) -> bool:
        value = read(reading)
        return value is not None and bool(convert(value) == constant)

    return equal


def _pair_guard(
    read: Read, other: Read, convert: Convert | None, order: Callable[[Any, Any], bool]
) -> Guard:
    def guard(reading: Reading) -> bool:
        left, right = read(reading), other(reading)
        if left is None or right is None:
            return False
        if convert is None:
            return order(left, right)
        return order(convert(left), convert(right))

    return guard


def _text_guard(leaf: Comparison, read: Read) -> Guard:
    wanted: Any = leaf.value
    begins = leaf.op == "starts_with"

    def guard(reading: Reading) -> bool:
        value = read(reading)
        if value is None:
            return False
        return value.startswith(wanted) if begins else wanted in value

    return guard


def _membership(leaf: Comparison, read: Read, convert: Convert | None) -> Guard:
    assert isinstance(leaf.value, tuple)
    values = frozenset(value if convert is None else convert(value) for value in leaf.value)
    wanted = leaf.op == "in"

    def guard(reading: Reading) -> bool:
        value = read(reading)
        if value is None:
            return False
        return ((value if convert is None else convert(value)) in values) is wanted

    return guard


def _moment_guard(leaf: Comparison, read: Read, order: Callable[[Any, Any], bool]) -> Guard:
    """Compare with an instant counted from now; a date with the local date of that instant."""
    assert isinstance(leaf.value, RelativeMoment)
    offset = leaf.value.offset
    is_date = leaf.kind == "date"

    def guard(reading: Reading) -> bool:
        value = read(reading)
        if value is None:
            return False
        moment = shift(reading.now, offset, reading.zone)
        if is_date:
            return order(date_of(value) // DAY, reading.zone.wall(moment) // DAY)
        return order(instant_of(value), moment)

    return guard


def _past(leaf: PastComparison) -> Guard:
    stream, order = leaf.stream.id, _ORDER.get(leaf.op)
    if leaf.past == "last":
        return _last(leaf, stream)
    assert order is not None
    constant: Any = Decimal(str(leaf.value)) if leaf.past == "total" else leaf.value
    measure = _total if leaf.past == "total" else _count
    within = leaf.within

    def guard(reading: Reading) -> bool:
        tally = reading.past.get(stream)
        if tally is None:
            return order(0, constant)
        since = None if within is None else shift(reading.now, -within, reading.zone)
        return order(measure(tally, since), constant)

    return guard


def _count(tally: Tally, since: int | None) -> int:
    if since is None:
        return tally.n
    return len(tally.recent) - _first_after(tally, since)


def _total(tally: Tally, since: int | None) -> Decimal:
    if since is None:
        return Decimal(tally.total)
    recent = tally.recent[_first_after(tally, since) :]
    return reduce(EXACT.add, (Decimal(amount) for _, amount in recent if amount), Decimal(0))


def _first_after(tally: Tally, since: int) -> int:
    return bisect_right(tally.recent, since, key=operator.itemgetter(0))


def turning_events(leaf: PastComparison, tally: Tally) -> Iterator[int]:
    """Yield when those events happened that change the answer as they pass out of the window."""
    order, is_count = _ORDER[leaf.op], leaf.past == "count"
    constant: Any = leaf.value if is_count else Decimal(str(leaf.value))
    measured: Any = 0 if is_count else Decimal(0)
    holds = order(measured, constant)
    for occurred, amount in reversed(tally.recent):
        if is_count:
            measured += 1
        elif amount:
            measured = EXACT.add(measured, Decimal(amount))
        held, holds = holds, order(measured, constant)
        if holds is not held:
            yield occurred


def _last(leaf: PastComparison, stream: str) -> Guard:
    if leaf.op == "exists":
        return lambda reading: stream in reading.past
    order = _ORDER[leaf.op]
    value = leaf.value
    fixed = None if isinstance(value, RelativeMoment) else instant_of(str(value))
    offset = value.offset if isinstance(value, RelativeMoment) else None

    def guard(reading: Reading) -> bool:
        tally = reading.past.get(stream)
        if tally is None or tally.last is None:
            return False
        moment = fixed if offset is None else shift(reading.now, offset, reading.zone)
        return order(tally.last, moment)

    return guard


_CONVERT: dict[str, Convert | None] = {
    "text": None,
    "integer": None,
    "float": None,
    "boolean": None,
    "decimal": Decimal,
    "date": date_of,
    "instant": instant_of,
    "list": None,
    "json": None,
}
