"""Can a condition ever hold, and can it ever fail? Worked out, not tried.

The constants that a condition compares a field with part its values into finitely many cells:
below the first, the first itself, between it and the next, and so on. Within a cell the
condition cannot tell values apart, so one value of each decides. What no cell can tell (a
comparison with another field, with a part of a text) is taken as free to hold or not. Moments
counted from now are constants too where their order is sure whatever the calendar does.

Keeps true:
    * `never` and `always` are proven: no values exist that would give the other answer;
    * where it cannot be told, or would take too long, the answer is None.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise, product
from math import prod
from typing import Any, Literal, NamedTuple

from journeykit.machine import date_of, instant_of
from journeykit.model import (
    All,
    AnyOf,
    Comparison,
    Condition,
    FieldRef,
    Not,
    PastComparison,
    RelativeMoment,
    parts_of,
)
from journeykit.time import DAY, HOUR

Truth = Literal["always", "never"] | None
MOST_CASES = 4096
_CONTRARY: dict[Truth, Truth] = {"always": "never", "never": "always", None: None}
_DISCRETE = ("integer", "date", "instant")


class Domain(NamedTuple):
    """Which values a field can have: its choices where they are few, and whether it may have none."""

    choices: Sequence[Any] = ()
    may_be_missing: bool = True


Domains = Callable[[str, str], Domain]


class _Point(NamedTuple):
    """A value that stands for its cell; `exact` where it is the only one of it."""

    value: Any
    exact: bool


_MISSING = _Point(None, True)
_ANY = _Point("", False)
_FREE = (_Point(False, True), _Point(True, True))
Key = tuple[str, ...]
Case = Mapping[Key, _Point]


def anything(of: str, field: str) -> Domain:  # noqa: ARG001 - a `Domains`
    """Know nothing of any field."""
    return Domain()


def truth_of(condition: Condition, domains: Domains = anything) -> Truth:
    """Return whether a condition holds always, never, or (None) that depends."""
    match condition:
        case Not():
            return _CONTRARY[truth_of(condition.not_, domains)]
        case All():
            found = [_enumerated(All(all=group), domains) for group in _apart(condition.all)]
            return _joined(found, "never", "always")
        case AnyOf():
            found = [_enumerated(AnyOf(any=group), domains) for group in _apart(condition.any)]
            return _joined(found, "always", "never")
        case _:
            return _enumerated(condition, domains)


def culprits(condition: Condition, domains: Domains = anything) -> Condition:
    """Return the fewest parts of a condition joined by `&` that never hold together."""
    if not isinstance(condition, All):
        return condition
    parts = list(condition.all)
    for part in condition.all:
        fewer = [one for one in parts if one is not part]
        if fewer and truth_of(All(all=tuple(fewer)), domains) == "never":
            parts = fewer
    return parts[0] if len(parts) == 1 else All(all=tuple(parts))


def _joined(found: Sequence[Truth], strong: Truth, weak: Truth) -> Truth:
    if strong in found:
        return strong
    return weak if all(one == weak for one in found) else None


def _apart(parts: Iterable[Condition]) -> list[tuple[Condition, ...]]:
    """Return the parts in groups that have no field in common, so that each is its own matter."""
    groups: list[tuple[set[Key], list[Condition]]] = []
    for part in parts:
        keys = {key for leaf in parts_of(part) for key in (*_keys(leaf), _atom(leaf))}
        mine = [part]
        for group in [group for group in groups if group[0] & keys]:
            groups.remove(group)
            keys |= group[0]
            mine = [*group[1], *mine]
        groups.append((keys, mine))
    return [tuple(mine) for _, mine in groups]


def _enumerated(condition: Condition, domains: Domains) -> Truth:
    """Look at every case."""
    condition = _ranked(condition)
    leaves = list(parts_of(condition))
    places: dict[Key, Sequence[_Point]] = {}
    for leaf in leaves:
        for key in _keys(leaf):
            if key not in places:
                places[key] = list(_points(key, leaves, domains))
        if not _is_told_by_cells(leaf):
            places[_atom(leaf)] = _FREE
    if prod(map(len, places.values())) > MOST_CASES:
        return None
    seen: set[bool] = set()
    for points in product(*places.values()):
        seen.add(_holds(condition, dict(zip(places, points, strict=True))))
        if len(seen) == 2:
            return None
    return "always" if seen == {True} else "never"


def _holds(condition: Condition, case: Case) -> bool:
    match condition:
        case All():
            return all(_holds(part, case) for part in condition.all)
        case AnyOf():
            return any(_holds(part, case) for part in condition.any)
        case Not():
            return not _holds(condition.not_, case)
        case _:
            return _leaf_holds(condition, case)


# ---- leaves


def _keys(leaf: Condition) -> list[Key]:
    """Return what a leaf looks at."""
    match leaf:
        case Comparison():
            keys: list[Key] = [(leaf.of, leaf.field, leaf.kind)]
            if isinstance(leaf.value, FieldRef):
                keys.append((leaf.value.of, leaf.value.field, leaf.value.kind))
            return keys
        case PastComparison():
            kind = {"count": "integer", "total": "decimal"}.get(leaf.past, "instant")
            return [("#past", leaf.past, leaf.stream.id, str(leaf.within), kind)]
        case _:
            return []


def _atom(leaf: Condition) -> Key:
    return ("#leaf", leaf.canonical().decode())


def _is_told_by_cells(leaf: Condition) -> bool:
    if not isinstance(leaf, Comparison | PastComparison):
        return False
    if leaf.op == "exists":
        return True
    fixed = not isinstance(leaf.value, FieldRef | RelativeMoment)
    return fixed and leaf.op not in ("contains", "starts_with")


def _leaf_holds(leaf: Condition, case: Case) -> bool:
    points = [case[key] for key in _keys(leaf)]
    if any(point.value is None for point in points):
        return False
    if _is_told_by_cells(leaf):
        assert isinstance(leaf, Comparison | PastComparison)
        return leaf.op == "exists" or _compares(leaf, points[0].value)
    if isinstance(leaf, Comparison) and len(points) == 1 and points[0].exact:
        if leaf.op == "contains":
            return leaf.value in points[0].value
        if leaf.op == "starts_with":
            return bool(points[0].value.startswith(leaf.value))
    return bool(case[_atom(leaf)].value)


def _compares(leaf: Comparison | PastComparison, value: Any) -> bool:
    kind = _keys(leaf)[0][-1]
    if leaf.op in ("in", "not_in"):
        assert isinstance(leaf.value, tuple)
        return (value in [_number(kind, one) for one in leaf.value]) is (leaf.op == "in")
    constant = _number(kind, leaf.value)
    match leaf.op:
        case "eq":
            return bool(value == constant)
        case "ne":
            return bool(value != constant)
        case "lt":
            return bool(value < constant)
        case "le":
            return bool(value <= constant)
        case "gt":
            return bool(value > constant)
        case _:
            return bool(value >= constant)


# ---- moments counted from now


def _ranked(condition: Condition) -> Condition:
    """Write moments counted from now as constants of the same order.

    Those are left as they are that are compared with what is compared with constants too, or
    whose order the calendar decides: a month ago, and 30 days ago.
    """
    moments: dict[Key, dict[RelativeMoment, tuple[int, int]] | None] = {}
    for leaf in parts_of(condition):
        if isinstance(leaf, Comparison | PastComparison) and leaf.op != "exists":
            key = _keys(leaf)[0]
            known = moments.setdefault(key, {})
            if isinstance(leaf.value, RelativeMoment) and known is not None:
                known[leaf.value] = _bounds(leaf.value)
            elif not isinstance(leaf.value, FieldRef):
                moments[key] = None
    ranks = {key: _ranks(known, key[-1]) for key, known in moments.items() if known}
    return _with_ranks(condition, ranks) if any(ranks.values()) else condition


def _bounds(moment: RelativeMoment) -> tuple[int, int]:
    """Return how far from now a moment is, at least and at most."""
    span = moment.offset
    ends = sorted((span.days + span.months * length) * DAY + span.micros for length in (28, 31))
    if not span.is_calendar:
        return ends[0], ends[1]
    left_out = DAY  # a date that is not there makes the way to it shorter (T3)
    back = span.days + span.months * 28 < 0
    return ends[0] - HOUR - (0 if back else left_out), ends[1] + HOUR + (left_out if back else 0)


def _ranks(known: Mapping[RelativeMoment, tuple[int, int]], kind: str) -> dict[RelativeMoment, str]:
    """Return constants in the order of the moments; none where that is not sure."""
    apart = DAY + HOUR if kind == "date" else 1
    bounds = sorted(set(known.values()))
    if any(later[0] - earlier[1] < apart for earlier, later in pairwise(bounds)):
        return {}
    if len({moment.offset for moment in known}) > len(bounds):
        return {}
    year = 2000  # any will do: two constants of the same order are as good as the moments
    end = "" if kind == "date" else "T00:00:00Z"
    return {moment: f"{year + bounds.index(at)}-01-01{end}" for moment, at in known.items()}


def _with_ranks(
    condition: Condition, ranks: Mapping[Key, Mapping[RelativeMoment, str]]
) -> Condition:
    match condition:
        case All(all=parts):
            return All(all=tuple(_with_ranks(part, ranks) for part in parts))
        case AnyOf(any=parts):
            return AnyOf(any=tuple(_with_ranks(part, ranks) for part in parts))
        case Not(not_=part):
            return ~_with_ranks(part, ranks)
        case Comparison() | PastComparison() if isinstance(condition.value, RelativeMoment):
            rank = ranks.get(_keys(condition)[0], {}).get(condition.value)
            if rank is not None:
                return condition.model_copy(update={"value": rank})
    return condition


# ---- cells


def _points(key: Key, leaves: Iterable[Condition], domains: Domains) -> Iterator[_Point]:
    kind = key[-1]
    if key[0] == "#past":
        domain = Domain(may_be_missing=key[1] == "last")
        least = 0 if key[1] == "count" else None
    else:
        domain, least = domains(key[0], key[1]), None
    if domain.may_be_missing:
        yield _MISSING
    if domain.choices and kind in ("text", "integer"):
        yield from (_Point(choice, True) for choice in domain.choices)
    elif kind == "boolean":
        yield from _FREE
    elif kind in ("list", "json"):
        yield _ANY
    elif kind == "text":
        yield from _texts(sorted(_constants(key, leaves)))
    else:
        found = sorted(_constants(key, leaves) or {_number(kind, _ZERO[kind])})
        points = _discrete(found) if kind in _DISCRETE else _dense(found)
        yield from (point for point in points if least is None or point.value >= least)


_ZERO = {
    "integer": 0,
    "decimal": "0",
    "float": 0.0,
    "date": "1970-01-01",
    "instant": "1970-01-01T00:00:00+00:00",
}


def _constants(key: Key, leaves: Iterable[Condition]) -> set[Any]:
    """Return what a field is compared with."""
    found: set[Any] = set()
    for leaf in leaves:
        if _is_told_by_cells(leaf) and key in _keys(leaf):
            assert isinstance(leaf, Comparison | PastComparison)
            if leaf.op != "exists":
                values = leaf.value if isinstance(leaf.value, tuple) else (leaf.value,)
                found.update(_number(key[-1], value) for value in values)
    return found


def _number(kind: str, value: Any) -> Any:
    """Return a constant so that it can be compared: exactly, also where it is written as a float."""
    match kind:
        case "decimal" | "float":
            return Fraction(Decimal(value))
        case "date":
            return date_of(value) // DAY
        case "instant":
            return instant_of(value)
        case _:
            return value


def _texts(found: Sequence[str]) -> Iterator[_Point]:
    """Between two texts there is the one's next, unless that is the other."""
    if not found or found[0]:
        yield _Point("", False)
    for number, text in enumerate(found):
        yield _Point(text, True)
        following = f"{text}\0"
        if number + 1 == len(found) or following != found[number + 1]:
            yield _Point(following, False)


def _discrete(found: Sequence[int]) -> Iterator[_Point]:
    yield _Point(found[0] - 1, False)
    for number, value in enumerate(found):
        yield _Point(value, True)
        if number + 1 == len(found) or value + 1 < found[number + 1]:
            yield _Point(value + 1, False)


def _dense(found: Sequence[Fraction]) -> Iterator[_Point]:
    yield _Point(found[0] - 1, False)
    for number, value in enumerate(found):
        yield _Point(value, True)
        last = number + 1 == len(found)
        yield _Point(value + 1 if last else (value + found[number + 1]) / 2, False)
