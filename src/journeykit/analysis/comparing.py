"""Where do two values differ? Option by option, by what they say in the data form."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from pydantic_core import to_jsonable_python

from journeykit.analysis.captions import holds_steps, value_in_words
from journeykit.model import Condition, FieldRef, Frozen, Step
from journeykit.time import Duration

T = TypeVar("T")


def all_frozen(*values: Any) -> bool:
    """Tell whether these are all lists of values of ours."""
    return all(
        isinstance(value, tuple) and all(isinstance(one, Frozen) for one in value)
        for value in values
    )


def data_of(value: Any) -> Any:
    """Return a value as it stands in the data form."""
    match value:
        case Frozen():
            return value.model_dump(mode="json")
        case Duration():
            return str(value)
        case tuple() | list():
            return [data_of(one) for one in value]
        case Mapping():
            return {str(key): data_of(one) for key, one in value.items()}
        case _:
            return to_jsonable_python(value, fallback=str)


def same(one: Any, other: Any) -> bool:
    """Tell whether two values have one canonical form: 1, 1.0 and True are three."""
    if one is other:
        return True
    return type(one) is type(other) and _spelled(one) == _spelled(other)


def _spelled(value: Any) -> str:
    return json.dumps(data_of(value), sort_keys=True)


def options_between(
    old: Frozen, new: Frozen, without: Iterable[str] = ()
) -> Iterator[tuple[str, Any, Any]]:
    """Yield (option, old, new) of what differs, the steps within apart."""
    for name in type(new).model_fields:
        if name in without or name == "type":
            continue
        before, after = getattr(old, name), getattr(new, name)
        if same(before, after):
            continue
        if _steps_only(before) and _steps_only(after):
            continue
        if type(before) is type(after) and isinstance(before, Frozen) and not _is_leaf(before):
            for option, was, now in options_between(before, after):
                yield f"{name}.{option}", was, now
        elif (holds_steps(before) or holds_steps(after)) and all_frozen(before, after):
            yield from _ways_of(name, before, after)
        else:
            yield name, _stepless(before), _stepless(after)


def _is_leaf(value: Frozen) -> bool:
    """Tell whether a value reads best as a whole."""
    return isinstance(value, Condition | FieldRef)


def _steps_only(value: Any) -> bool:
    return isinstance(value, tuple) and all(isinstance(one, Step) for one in value)


def _stepless(value: Any) -> Any:
    return "steps" if _steps_only(value) and value else value


def _ways_of(name: str, old: Sequence[Any], new: Sequence[Any]) -> Iterator[tuple[str, Any, Any]]:
    """Tell what became of the ways of a step: its arms by name, the others by number."""
    before, after = (
        {getattr(one, "name", str(number)): one for number, one in enumerate(ways)}
        for ways in (old, new)
    )
    for key in dict.fromkeys((*before, *after)):
        was, now, place = before.get(key), after.get(key), f"{name}[{key}]"
        if was is None or now is None or type(was) is not type(now):
            yield place, _way(was), _way(now)
        else:
            for option, one, other in options_between(was, now):
                yield f"{place}.{option}", one, other
    orders = [[key for key in a if key in b] for a, b in ((before, after), (after, before))]
    if orders[0] != orders[1]:
        yield f"{name} order", ", ".join(orders[0]), ", ".join(orders[1])


def _way(way: Any) -> str | None:
    """Return a way without the steps in it."""
    if way is None:
        return None
    said = (getattr(way, name) for name in type(way).model_fields)
    return " ".join(value_in_words(one) for one in said if not holds_steps(one) and one != ())


def matched(
    old: Sequence[T], new: Sequence[T], name: Callable[[T], str]
) -> tuple[list[tuple[T, T]], list[T], list[T]]:
    """Return what belongs together, equal ones first, and what has nothing on the other side."""
    pairs: list[tuple[int, int]] = []
    for alike in (same, lambda one, other: name(one) == name(other)):
        for place, one in enumerate(old):
            if any(place == at for at, _ in pairs):
                continue
            for other_place, other in enumerate(new):
                if all(other_place != at for _, at in pairs) and alike(one, other):
                    pairs.append((place, other_place))
                    break
    pairs.sort()
    gone = [one for place, one in enumerate(old) if all(place != at for at, _ in pairs)]
    come = [one for place, one in enumerate(new) if all(place != at for _, at in pairs)]
    return [(old[a], new[b]) for a, b in pairs], gone, come


def place_of(items: Sequence[T], item: T) -> int:
    """Return where an item stands; it is told by being the same, not by being equal."""
    return next(place for place, one in enumerate(items) if one is item)
