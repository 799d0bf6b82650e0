"""What does a step put into the profile, an event or a run that it starts? Compiled getters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from journeykit.machine.guards import Reading, compile_value
from journeykit.machine.tally import EXACT
from journeykit.model import Append, Emit, FieldRef, Increment, Set, StartJourney
from journeykit.model.values import from_wire
from journeykit.time import Duration

Getter = Callable[[Reading], Any]
OUT_OF_RANGE: Final = object()
"""What a getter of an `Increment` gives where no value of the kind is the sum."""


def change_of(step: Set | Increment | Append) -> tuple[str, Getter]:
    """Return the attribute that a step changes, and what gives its new value."""
    field = step.field.field
    match step:
        case Set():
            return field, given(step.value)
        case Increment():
            return field, _sum_of(step)
        case Append():
            return field, _longer(step)


def given(value: object) -> Getter:
    """Return what gives a constant, or the value of a field."""
    if isinstance(value, FieldRef):
        return compile_value(value, incoming=None)
    return lambda reading: value


class Given:
    """A mapping of constants and fields; an empty field is left out."""

    __slots__ = ("_constants", "_getters")

    def __init__(self, values: Mapping[str, object]) -> None:
        fields = {k: v for k, v in values.items() if isinstance(v, FieldRef)}
        self._constants = {k: v for k, v in values.items() if k not in fields}
        self._getters = [(k, compile_value(v, incoming=None)) for k, v in fields.items()]

    def read(self, reading: Reading) -> dict[str, Any]:
        """Return the values that count now, in wire form."""
        found = dict(self._constants)
        for name, read in self._getters:
            value = read(reading)
            if value is not None:
                found[name] = value
        return found


class EmitPlan:
    """One compiled `Emit`."""

    __slots__ = ("event", "fields")

    def __init__(self, step: Emit) -> None:
        self.event = step.event
        self.fields = Given(step.fields)


class StartPlan:
    """One compiled `StartJourney`. `key` gives the value that tells the runs apart, or None."""

    __slots__ = ("data", "journey", "key", "timeout", "waits")

    def __init__(self, step: StartJourney) -> None:
        self.journey = step.journey
        self.key = given(step.key)
        self.data = Given(step.data)
        self.waits = step.wait_for_end
        self.timeout: Duration | None = step.timeout


def _sum_of(step: Increment) -> Getter:
    kind, by = step.field.kind, given(step.by)
    read = compile_value(step.field, incoming=None)

    def total(reading: Reading) -> Any:
        have, more = read(reading) or 0, by(reading) or 0
        if kind == "decimal":
            summed: Any = str(EXACT.add(Decimal(have), Decimal(more)))
        else:
            summed = have + more
        wire = from_wire(kind, summed)
        return OUT_OF_RANGE if wire is None else wire

    return total


def _longer(step: Append) -> Getter:
    item, keep, unique = given(step.value), step.keep, step.unique
    read = compile_value(step.field, incoming=None)

    def longer(reading: Reading) -> list[Any]:
        have, value = list(read(reading) or ()), item(reading)
        if value is None or (unique and value in have):
            return have
        return [*have, value][-keep:]

    return longer
