"""Does everything that is read exist? Definitions name fields; here they meet the classes.

A definition can be loaded without its classes, and an old version may outlive them. What
runs must read fields that there are, and all entry events must have what later steps read.
"""

from __future__ import annotations

from collections.abc import Iterator

from journeykit.errors import DefinitionError, InputError
from journeykit.model import (
    RESULT,
    Condition,
    Event,
    FieldRef,
    FrequencyCap,
    Profile,
    Result,
    Set,
    Workspace,
    conditions_of,
    kinds_of,
    past_streams,
    reads,
    reads_of,
    refuse_unknown_places,
    steps_of,
)


def check_readings(workspace: Workspace) -> None:
    """Refuse a workspace that reads an event or a field that there is not.

    Raises:
        DefinitionError: With the place, the field, and the fields that there are.
    """
    classes: dict[str, type[Event] | type[Profile] | type[Result]] = {
        **workspace.event_classes,
        **workspace.result_classes,
    }
    for place, ref, events in _readings(workspace):
        for name in events:
            known: type[Event] | type[Profile] | type[Result] = workspace.profile
            if name != "profile":
                if name not in classes:
                    raise DefinitionError(
                        f"the class of event {name!r} is not known here",
                        place=place,
                        remedy="give the class: Workspace(events=[...])",
                    )
                known = classes[name]
            if ref is not None:
                _check(place, ref, name, known, others=events)


def check_places(workspace: Workspace) -> None:
    """Refuse a `Set` of a zone, a country or a region that there is not (rule T7).

    Raises:
        DefinitionError: With the place and the value.
    """
    zones = ("timezone", *workspace.profile.address_zones().values())
    for journey in workspace.journeys:
        for place, step in steps_of(journey):
            if isinstance(step, Set) and isinstance(step.value, str):
                try:
                    refuse_unknown_places({step.field.field: step.value}, zones)
                except InputError as error:
                    raise DefinitionError(
                        error.problem,
                        place=f"Journey {journey.name!r} › {place} › value",
                        value=step.value,
                        remedy=error.remedy,
                    ) from None


def _check(
    place: str,
    ref: FieldRef,
    name: str,
    known: type[Event] | type[Profile] | type[Result],
    others: list[str],
) -> None:
    kinds = kinds_of(known)
    kind = kinds.get(ref.field)
    if kind is None and name != ref.of:
        raise DefinitionError(
            f"it reads {ref.of}.{ref.field}, but a run may also start with {name}, which has no "
            f"field {ref.field!r}",
            place=place,
            remedy=f"read a field that {' and '.join(others)} have in common, or split the journey",
        )
    if kind is None:
        raise DefinitionError(
            f"{name} has no field {ref.field!r}",
            place=place,
            remedy=f"the fields of {known.__name__} are {', '.join(kinds) or 'none'}",
        )
    if kind != ref.kind:
        raise DefinitionError(
            f"it reads {name}.{ref.field} as kind {ref.kind!r}, and it is of kind {kind!r}",
            place=place,
            remedy=f"raise the version and write the field as {kind!r}",
        )


def _readings(workspace: Workspace) -> Iterator[tuple[str, FieldRef | None, list[str]]]:
    """Yield (place, field read, the events or profile that must have it)."""
    for journey in workspace.journeys:
        entries = [entry.gives for entry in journey.entry if entry.gives is not None]
        title = f"Journey {journey.name!r}"
        for asked in conditions_of(journey):
            yield from _past(f"{title} › {asked.place}", asked.condition)
        for read in reads_of(journey):
            of = read.ref.of
            if of == "step":
                continue
            alone = of in ("profile", read.incoming) or of.startswith(RESULT)
            yield f"{title} › {read.place}", read.ref, [of] if alone else entries
    policy = workspace.policy
    rules = [(place, rule.where) for place, rule in policy.clock_rules]
    rules += [(place, cap.where) for place, cap in policy.cap_rules]
    rules += [(place, rule.where) for place, rule in policy.strict_rules]
    for place, where in rules:
        if where is not None:
            title = f"Policy.{place} › where"
            yield from _past(title, where)
            yield from ((title, ref, [ref.of]) for ref in reads(where))
    for place, cap in policy.cap_rules:
        if isinstance(cap, FrequencyCap) and cap.own_limit is not None:
            yield f"Policy.{place} › own_limit", cap.own_limit, ["profile"]
    for place, condition in policy.conditions_on_channels:
        title = f"Policy.{place}"
        yield from _past(title, condition)
        yield from ((title, ref, [ref.of]) for ref in reads(condition))


def _past(place: str, condition: Condition) -> Iterator[tuple[str, FieldRef | None, list[str]]]:
    for stream, _ in past_streams(condition):
        yield place, stream.field, [stream.event]
        if stream.where is not None:
            yield from ((place, ref, [stream.event]) for ref in reads(stream.where))
