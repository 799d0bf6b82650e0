"""How does a condition read? Close to how it is written, with fields by their wire names."""

from __future__ import annotations

from typing import Any

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
from journeykit.model.fields import RESULT
from journeykit.model.operators import SIGNS
from journeykit.model.spans import in_words

_QUOTED = ("text", "list")
_OF_STEPS = {"integer": "collected", "list": "receipts"}
_PARTS = {"contains": "contains", "starts_with": "starts with"}


def condition_in_words(condition: Condition) -> str:
    """Return a condition in words: `cart_updated.total >= 20 and not profile.plan == 'free'`."""
    match condition:
        case All():
            return " and ".join(map(_part, condition.all)) or "everything"
        case AnyOf():
            return " or ".join(map(_part, condition.any)) or "nothing"
        case Not():
            return f"not {_part(condition.not_)}"
        case PastComparison():
            return _past(condition)
        case Comparison():
            return _comparison(condition)
        case _:
            return condition.canonical().decode()


def field_in_words(ref: FieldRef) -> str:
    """Return how a field is named: `profile.plan`, `outcome('reminder')`, `lead_score.score`."""
    if ref.of == "step":
        return f"{_OF_STEPS.get(ref.kind, 'outcome')}({ref.field!r})"
    return f"{ref.of.removeprefix(RESULT)}.{ref.field}"


def constant_in_words(kind: str, value: Any) -> str:
    """Return how a value in wire form reads: texts in quotes, numbers and dates without."""
    return repr(value) if kind in _QUOTED or not isinstance(value, str) else value


def operand_in_words(kind: str, value: Any) -> str:
    """Return how the right side of a comparison reads."""
    match value:
        case FieldRef():
            return field_in_words(value)
        case RelativeMoment(ago=None, ahead=ahead) if ahead is not None:
            return f"{in_words(ahead)} from now" if ahead else "now"
        case RelativeMoment(ago=ago) if ago is not None:
            return f"{in_words(ago)} ago" if ago else "now"
        case tuple():
            return ", ".join(constant_in_words(kind, one) for one in value)
        case _:
            return constant_in_words(kind, value)


def _part(condition: Condition) -> str:
    words = condition_in_words(condition)
    joined = isinstance(condition, All | AnyOf) and " " in words
    return f"({words})" if joined else words


def _comparison(leaf: Comparison) -> str:
    left = field_in_words(FieldRef(of=leaf.of, field=leaf.field, kind=leaf.kind))
    if leaf.op == "exists":
        return f"{left} exists"
    if leaf.of == "step" and leaf.op == "contains":
        return f"receipt({leaf.field!r}, {leaf.value!r})"
    right = operand_in_words(leaf.kind, leaf.value)
    if leaf.op in ("in", "not_in"):
        return f"{left} is {'one' if leaf.op == 'in' else 'none'} of {right}"
    return f"{left} {SIGNS.get(leaf.op) or _PARTS[leaf.op]} {right}"


def question_in_words(leaf: PastComparison) -> str:
    """Return what is asked about the past: `count(order_placed) within 30 days`."""
    what = leaf.event if leaf.field is None else field_in_words(leaf.field)
    where = "" if leaf.where is None else f" where {condition_in_words(leaf.where)}"
    within = "" if leaf.within is None else f" within {in_words(leaf.within)}"
    return f"{leaf.past}({what}{where}){within}"


def _past(leaf: PastComparison) -> str:
    question = question_in_words(leaf)
    if leaf.op == "exists":
        return f"{question} exists"
    kind = {"last": "instant"}.get(leaf.past, "integer")
    return f"{question} {SIGNS[leaf.op]} {operand_in_words(kind, leaf.value)}"
