"""Why does a condition hold, or not? Part by part, with the values that were compared.

The answer of every part is that of the guard which decides when customers come; there is no
second interpreter.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Context, Decimal
from functools import reduce
from zoneinfo import ZoneInfo

from journeykit.analysis.wording import (
    condition_in_words,
    constant_in_words,
    field_in_words,
    operand_in_words,
)
from journeykit.machine import Reading, compile_condition, compile_value, instant_of
from journeykit.model import (
    All,
    AnyOf,
    Comparison,
    Condition,
    FieldRef,
    Not,
    PastComparison,
    RelativeMoment,
)
from journeykit.time import from_micros, shift


@dataclass(frozen=True, slots=True)
class Explained:
    """What became of a condition, or of a part of one.

    Attributes:
        text: The condition in words.
        holds: Whether it held.
        values: What was read, in words, such as `total was 12`; "" of what has parts.
        parts: What it is made of; empty for a comparison.
    """

    text: str
    holds: bool
    values: str = ""
    parts: tuple[Explained, ...] = ()

    @property
    def reasons(self) -> tuple[Explained, ...]:
        """The comparisons that decided: those without which the answer would be another."""
        return tuple(_deciding(self))

    def lines(self, indent: str = "") -> Iterator[str]:
        """Yield it as a tree, one line per part."""
        said = f": {self.values}" if self.values else ""
        yield f"{indent}{self.text} was {'true' if self.holds else 'false'}{said}"
        for part in self.parts:
            yield from part.lines(f"{indent}  ")

    def __str__(self) -> str:
        return "\n".join(self.lines())


def explain_condition(
    condition: Condition, reading: Reading, *, incoming: str | None = None
) -> Explained:
    """Ask a condition part by part.

    Args:
        incoming: The event type at hand; as for `compile_condition`.
    """
    text = condition_in_words(condition)
    match condition:
        case All(all=inner) | AnyOf(any=inner) if inner:
            parts = tuple(explain_condition(one, reading, incoming=incoming) for one in inner)
            held = [part.holds for part in parts]
            return Explained(
                text, all(held) if isinstance(condition, All) else any(held), "", parts
            )
        case Not():
            part = explain_condition(condition.not_, reading, incoming=incoming)
            return Explained(text, not part.holds, "", (part,))
        case _:
            holds = compile_condition(condition, incoming=incoming)(reading)
            return Explained(text, holds, _values(condition, reading, incoming))


def _deciding(explained: Explained) -> Iterator[Explained]:
    if not explained.parts:
        yield explained
        return
    parts = explained.parts
    if len(parts) > 1:
        same = [part for part in parts if part.holds is explained.holds]
        parts = tuple(same) if len(same) < len(parts) else parts
    for part in parts:
        yield from _deciding(part)


# ---- what was read


def _values(leaf: Condition, reading: Reading, incoming: str | None) -> str:
    match leaf:
        case Comparison():
            refs = [FieldRef(of=leaf.of, field=leaf.field, kind=leaf.kind)]
            if isinstance(leaf.value, FieldRef):
                refs.append(leaf.value)
            told = [_value(ref, reading, incoming) for ref in refs]
            return ", ".join([*told, *_moment(leaf, reading)])
        case PastComparison():
            return ", ".join([_past(leaf, reading), *_moment(leaf, reading)])
        case _:
            return ""


def _value(ref: FieldRef, reading: Reading, incoming: str | None) -> str:
    value = compile_value(ref, incoming=incoming)(reading)
    name = field_in_words(ref) if ref.of == "step" else ref.field
    if value is None:
        return f"{name} had no value"
    if ref.kind == "instant":
        return f"{name} was {_local(instant_of(value), reading)}"
    return f"{name} was {constant_in_words(ref.kind, value)}"


def _moment(leaf: Comparison | PastComparison, reading: Reading) -> Iterator[str]:
    """Yield what a moment counted from now came to."""
    if isinstance(leaf.value, RelativeMoment):
        moment = _local(shift(reading.now, leaf.value.offset, reading.zone), reading)
        is_date = isinstance(leaf, Comparison) and leaf.kind == "date"
        words = operand_in_words("instant", leaf.value)
        yield f"{words} was {moment[:10] if is_date else moment}"


def _local(micros: int, reading: Reading) -> str:
    """Return an instant as the customer's clock showed it, with its distance to UTC."""
    return from_micros(micros).astimezone(ZoneInfo(reading.zone.name)).isoformat()


def _past(leaf: PastComparison, reading: Reading) -> str:
    tally = reading.past.get(leaf.stream.id)
    within = leaf.within
    if leaf.past == "last":
        if tally is None or tally.last is None:
            return "there was none"
        return f"it was {_local(tally.last, reading)}"
    if tally is None:
        return f"{leaf.past} was 0"
    if within is None:
        return f"{leaf.past} was {tally.n if leaf.past == 'count' else tally.total}"
    since = shift(reading.now, -within, reading.zone)
    return f"{leaf.past} was {_windowed(leaf, reading, since)}"


def _windowed(leaf: PastComparison, reading: Reading, since: int) -> str:
    recent = [amount for at, amount in reading.past[leaf.stream.id].recent if at > since]
    if leaf.past == "count":
        return str(len(recent))
    return f"{reduce(_EXACT.add, (Decimal(amount) for amount in recent if amount), Decimal(0)):f}"


_EXACT = Context(prec=100)
