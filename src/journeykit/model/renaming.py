"""Which step does a step mean within a part? Its references to other steps, written anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from journeykit.model.base import Frozen
from journeykit.model.conditions import Comparison
from journeykit.model.fields import FieldRef
from journeykit.model.steps import Step

F = TypeVar("F", bound=Frozen)


def renamed(value: F, full: Callable[[str], str]) -> F:
    """Return a value in which every step id went through `full`.

    That is, the fields of conditions and references about steps, and those that a class names
    in `_step_ids`. Steps within a step are left alone: they are states of their own.
    """
    changes = {
        name: changed
        for name, old in value.__dict__.items()
        if (changed := _renamed(old, full)) is not old
    }
    about_step = isinstance(value, Comparison | FieldRef) and value.of == "step"
    for name in ("field",) if about_step else value._step_ids:
        old = getattr(value, name)
        if isinstance(old, str) and full(old) != old:
            changes[name] = full(old)
    return value.model_copy(update=changes) if changes else value


def _renamed(value: Any, full: Callable[[str], str]) -> Any:
    if isinstance(value, Step):
        return value
    if isinstance(value, Frozen):
        return renamed(value, full)
    if isinstance(value, tuple):
        parts = tuple(_renamed(part, full) for part in value)
        return parts if any(a is not b for a, b in zip(parts, value, strict=True)) else value
    if isinstance(value, Mapping):
        found = {key: _renamed(part, full) for key, part in value.items()}
        return found if any(found[key] is not value[key] for key in value) else value
    return value
