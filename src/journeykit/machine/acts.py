"""Do acting steps put in what the classes take? Events, items of lists, data of a run."""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Final, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from journeykit.errors import DefinitionError, InputError
from journeykit.model import (
    Address,
    Append,
    Emit,
    Event,
    FieldRef,
    Journey,
    On,
    Profile,
    Set,
    StartJourney,
    Workspace,
    kinds_of,
    steps_of,
    validate_part,
    validate_profile,
)
from journeykit.model.kinds import item_kind
from journeykit.model.values import NAMED

_PLAIN: Final = (bool, int, Decimal, float, str, datetime, date, type(None), list, tuple, Any)
_HOLDING: Final = (list, tuple, Sequence, Union, types.UnionType)


def check_acts(workspace: Workspace) -> None:
    """Refuse what surely fails when a run comes to it.

    Raises:
        DefinitionError: With the place, the value, and what the class takes.
    """
    named = {journey.name: journey for journey in workspace.journeys}
    classes, narrow = workspace.event_classes, narrow_fields(workspace.profile)
    for journey in workspace.journeys:
        for path, step in steps_of(journey):
            place = f"Journey {journey.name!r} › {path}"
            match step:
                case Set() if step.field.field in narrow and not isinstance(
                    step.value, FieldRef | None
                ):
                    _check_constant(place, step, workspace)
                case Emit():
                    _check_event(place, step, classes[step.event])
                case Append():
                    _check_item(place, step, workspace)
                case StartJourney():
                    _check_data(place, step, named[step.journey], classes)


def _check_event(place: str, step: Emit, cls: type[Event]) -> None:
    _refuse_unfit(f"{place} › fields", step.fields, cls)
    missing = [
        name for name, info in cls.model_fields.items()
        if info.is_required() and name not in step.fields
    ]  # fmt: skip
    if missing:
        raise DefinitionError(
            f"{step.event}.{missing[0]} is missing, and has no default",
            place=f"{place} › fields",
            remedy=f"give {', '.join(missing)}",
        )


def _refuse_unfit(place: str, given: Mapping[str, Any], cls: type[Event]) -> None:
    """Refuse constants that an event does not take, and fields of another kind."""
    kinds = kinds_of(cls)
    for name, value in given.items():
        if isinstance(value, FieldRef) and name in kinds:
            if value.kind != kinds[name]:
                raise DefinitionError(
                    f"{cls.__wire_name__}.{name} is {NAMED[kinds[name]]}, and "
                    f"{value.of}.{value.field} is {NAMED[value.kind]}",
                    place=f"{place} › {name}",
                    remedy="give a field of the same kind",
                )
            continue
        try:
            validate_part(cls, {name: None if isinstance(value, FieldRef) else value})
        except InputError as error:
            raise DefinitionError(
                error.problem, place=f"{place} › {name}", remedy=error.remedy,
                **({} if isinstance(value, FieldRef) else {"value": value}),
            ) from None  # fmt: skip


def narrow_fields(profile: type[Profile]) -> frozenset[str]:
    """Return the attributes whose class takes less than what their kinds can hold."""
    validated = {
        name
        for found in profile.__pydantic_decorators__.field_validators.values()
        for name in found.info.fields
    }
    narrow = {name for name, info in profile.model_fields.items() if _is_narrow(info)}
    return frozenset(narrow | (validated & profile.model_fields.keys()))


def _is_narrow(info: FieldInfo) -> bool:
    return any(not isinstance(mark, Address) for mark in info.metadata) or _has_rules(
        info.annotation
    )


def _has_rules(annotation: Any) -> bool:
    """Tell whether a type is more than one of the kinds: choices, bounds, or a class of its own."""
    if annotation in _PLAIN or annotation is Ellipsis:
        return False
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        marks = args[1:]
        return any(not isinstance(mark, Address) for mark in marks) or _has_rules(args[0])
    return origin not in _HOLDING or any(map(_has_rules, args))


def _check_constant(place: str, step: Set, workspace: Workspace) -> None:
    """Refuse a constant that the class does not take."""
    try:
        validate_profile(workspace.profile, {step.field.field: step.value})
    except InputError as error:
        raise DefinitionError(
            error.problem, place=f"{place} › value", value=step.value, remedy=error.remedy
        ) from None


def _check_item(place: str, step: Append, workspace: Workspace) -> None:
    """Refuse an item that the list does not hold, or would hold as something else."""
    name, item = step.field.field, step.value
    problem, remedy = "the list holds it as something else", "give it as the list holds it"
    if isinstance(item, FieldRef):
        kind = item_kind(workspace.profile.model_fields[name].annotation)
        if kind is None or kind == item.kind:
            return
        raise DefinitionError(
            f"an item of profile.{name} is {NAMED[kind]}, and {item.of}.{item.field} is "
            f"{NAMED[item.kind]}",
            place=f"{place} › value", remedy="give a field of the same kind",
        )  # fmt: skip
    try:
        [held] = validate_profile(workspace.profile, {name: [item]})[name]
        if held == item and isinstance(held, bool) is isinstance(item, bool):
            return
    except InputError as error:
        problem, remedy = error.problem, error.remedy
    raise DefinitionError(problem, place=f"{place} › value", value=item, remedy=remedy)


def _check_data(
    place: str, step: StartJourney, journey: Journey, classes: Mapping[str, type[Event]]
) -> None:
    """Refuse data that the entry events know, and of which none takes it; the rest is free."""
    entries = [classes[entry.event] for entry in journey.entry if isinstance(entry, On)]
    for name, value in step.data.items():
        wrong: DefinitionError | None = None
        knowing = [cls for cls in entries if name in cls.model_fields]
        for cls in knowing:
            try:
                _refuse_unfit(f"{place} › data", {name: value}, cls)
                break
            except DefinitionError as error:
                wrong = wrong or error
        else:
            if wrong is not None:
                raise wrong
