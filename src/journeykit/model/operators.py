"""What may be asked of which field, and compared with what? One rule for code and for JSON.

Each function says why not, as the problem and the remedy, or None where all is well.
"""

from __future__ import annotations

from typing import Literal

from journeykit.model.fields import Kind
from journeykit.model.values import NAMED, ORDERED, WANTED

Op = Literal[
    "eq", "ne", "lt", "le", "gt", "ge", "in", "not_in", "exists", "contains", "starts_with"
]
SIGNS: dict[str, str] = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
MANY: tuple[Op, ...] = ("in", "not_in")
PARTS: tuple[Op, ...] = ("contains", "starts_with")
Objection = tuple[str, str] | None


def objection_to(kind: Kind, op: Op) -> Objection:
    """Say why a field of this kind cannot be asked `op`, other than whether it exists."""
    if kind == "json":
        return "the field is a structure", "ask exists(...), or keep what matters in its own field"
    if op == "starts_with" and kind != "text":
        return f"the field is {NAMED[kind]}, and only a text starts with something", "compare it"
    if op == "contains" and kind not in ("text", "list"):
        return f"the field is {NAMED[kind]}: it contains nothing", "compare it"
    if kind == "list" and op != "contains":
        return "a list cannot be compared", "ask contains(item)"
    if op in ("lt", "le", "gt", "ge") and kind not in ORDERED:
        return f"{NAMED[kind]} has no order", "use == or !="
    return None


def objection_to_part(kind: Kind, value: object) -> Objection:
    """Say why nothing of this kind can contain `value`, or start with it."""
    if kind == "text" and not isinstance(value, str):
        return "a text contains text only", "give a string"
    if not isinstance(value, str | int) or isinstance(value, bool):
        return "a list is asked for a text or a whole number", "give a string or a whole number"
    return None


def objection_to_pair(kind: Kind, other: Kind) -> Objection:
    """Say why fields of these kinds cannot be compared."""
    if kind == other:
        return None
    return f"the one is {NAMED[kind]}, the other {NAMED[other]}", "compare fields of one kind"


def objection_to_moment(kind: Kind) -> Objection:
    """Say why a field of this kind cannot be compared with an instant counted from now."""
    if kind in ("date", "instant"):
        return None
    return f"the field is {NAMED[kind]}, and no moment", f"give {WANTED[kind]}"
