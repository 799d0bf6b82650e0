"""Which versions are there? Publishing keeps every version, so that old runs can finish.

A definition that was edited under its old version number is refused (rule V3), and so is one
that is older than what was published. Stored definitions are read with the code of today and
compared in canonical form, so that an option which this release added, with its default, is
no edit.

A version that lets older runs come over to it is refused where somebody would be nowhere
(rule V1). So is a workspace without what an older version needs on which somebody stays. All
of that is asked before anything is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b

from journeykit.errors import DefinitionError, JourneykitError, TemplateError, VersionError
from journeykit.machine import Rules, compile_workspace
from journeykit.model import Journey, Workspace
from journeykit.ports import Definition
from journeykit.runtime.calls import Definitions, Flow
from journeykit.runtime.controls import Operated, change_controls, read_controls
from journeykit.runtime.operator_calls import Publish
from journeykit.runtime.surveying import Crowd, Place, survey


def publish(workspace: Workspace, fit: Callable[[Journey], None]) -> Flow[list[Journey]]:
    """Keep the journeys of `workspace`; return the older versions that the store holds.

    Args:
        fit: Raises an error where a journey needs what is not there.

    Raises:
        DefinitionError, TemplateError: An older version does, and open runs are to finish on it.
        VersionError: A journey differs from what was published under the same version, is
            older than what was published, or has no place for somebody who is to come over.
    """
    stored = yield from stored_journeys()
    for refusal in objections(workspace, stored):
        raise refusal
    yield from _refuse_stranded(workspace, stored)
    yield from _refuse_unfit(workspace, stored, fit)
    if (yield from read_controls()).over:
        yield from change_controls(lambda operated: _note_current(operated, workspace.journeys))
    there = {(journey.name, journey.version) for journey in stored}
    new = [one for one in workspace.journeys if (one.name, one.version) not in there]
    if new:  # else nothing is written, so that a store that is read only can be asked
        yield from Publish([_definition(journey) for journey in new])
        stored = yield from stored_journeys()
        for refusal in objections(workspace, stored):  # somebody may have published in between
            raise refusal
    return older_than(workspace, stored)


def stored_journeys() -> Flow[list[Journey]]:
    """Return every version that was ever published."""
    return [Journey.from_json(definition.body) for definition in (yield from Definitions())]


def older_than(workspace: Workspace, stored: Iterable[Journey]) -> list[Journey]:
    """Return the versions that the workspace does not have itself."""
    current = {(journey.name, journey.version) for journey in workspace.journeys}
    return [journey for journey in stored if (journey.name, journey.version) not in current]


def objections(workspace: Workspace, stored: Sequence[Journey]) -> Iterator[VersionError]:
    """Yield what speaks against publishing, as far as the versions alone tell (rule V3)."""
    known = {(journey.name, journey.version): journey for journey in stored}
    for journey in workspace.journeys:
        newest = max((one.version for one in stored if one.name == journey.name), default=0)
        before = known.get((journey.name, journey.version))
        if before is not None and before.canonical() != journey.canonical():
            yield VersionError(
                f"journey {journey.name!r} was edited, but is still called version "
                f"{journey.version}",
                place=f"Journey {journey.name!r}",
                remedy=f"publish the edit as version={newest + 1}; runs on the old version finish "
                "on it",
            )
        elif journey.version < newest:
            yield VersionError(
                f"version {journey.version} of journey {journey.name!r} is older than version "
                f"{newest}, which was published",
                place=f"Journey {journey.name!r}",
                remedy=f"to go back, publish the old steps as version={newest + 1}",
            )


def nowhere(rules: Rules, crowds: Mapping[Place, Crowd]) -> dict[Place, Crowd]:
    """Return those who are to come over, and whose step has no counterpart."""
    return {
        place: crowd
        for place, crowd in crowds.items()
        if (plan := rules.migrations.get(place[:2])) is not None and plan.target(place[2]) is None
    }


def stranded(places: Mapping[Place, Crowd]) -> VersionError:
    """Return the error that names the steps without a counterpart, and how many stand there."""
    told = ", ".join(
        f"{step!r} of version {version} ({crowd.runs})"
        for (_, version, step), crowd in places.items()
    )
    journey, _, step = next(iter(places))
    return VersionError(
        f"open runs stand at steps that have no counterpart in the new version: {told}",
        place=f"Journey {journey!r} › upgrade",
        remedy=f"say where they go, such as Migrate({{{step!r}: EXIT}}), or to a step of the same "
        "kind",
    )


def _refuse_stranded(workspace: Workspace, stored: Sequence[Journey]) -> Flow[None]:
    known = {(journey.name, journey.version) for journey in stored}
    names = {one.name for one in stored}
    if not any(
        journey.upgrade is not None
        and journey.name in names
        and (journey.name, journey.version) not in known
        for journey in workspace.journeys
    ):
        return
    rules = compile_workspace(workspace, older_than(workspace, stored))
    lost = nowhere(rules, (yield from survey(0)))
    for journey in workspace.journeys:
        places = {place: crowd for place, crowd in lost.items() if place[0] == journey.name}
        if places and (journey.name, journey.version) not in known:
            raise stranded(places)


def _refuse_unfit(
    workspace: Workspace, stored: Sequence[Journey], fit: Callable[[Journey], None]
) -> Flow[None]:
    unfit: dict[tuple[str, int], JourneykitError] = {}
    older = older_than(workspace, stored)
    for journey in older:
        try:
            fit(journey)
        except (DefinitionError, TemplateError) as error:
            unfit[journey.name, journey.version] = error
    if not unfit:
        return
    over = (yield from read_controls()).over
    asked = {(name, version) for name, version in unfit if version not in over.get(name, ())}
    if not asked:  # to look through all customers at every start would be slow
        return
    moving = compile_workspace(workspace, older).migrations
    peopled = {place[:2] for place in (yield from survey(0))}
    for place in sorted(peopled & asked):
        if place not in moving:
            raise unfit[place]
    known = {(journey.name, journey.version) for journey in stored}
    if all((journey.name, journey.version) in known for journey in workspace.journeys):
        # else a worker that ran until now may let somebody in yet
        yield from change_controls(lambda operated: _note_over(operated, asked - peopled))


def _note_over(operated: Operated, places: Iterable[tuple[str, int]]) -> None:
    for name, version in places:
        operated.over.setdefault(name, set()).add(version)


def _note_current(operated: Operated, journeys: Iterable[Journey]) -> None:
    """A version that runs again, after its journey had been gone, is not over any more."""
    for journey in journeys:
        operated.over.get(journey.name, set()).discard(journey.version)


def _definition(journey: Journey) -> Definition:
    body = journey.canonical()
    return Definition(
        journey.name, journey.version, blake2b(body, digest_size=16).hexdigest(), body
    )
