"""Which versions are there? Publishing keeps every version, so that old runs can finish.

A definition that was edited under its old version number is refused (rule V3). Stored
definitions are read with the code of today and compared in canonical form, so that an
option which this release added, with its default, is no edit.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

from journeykit.errors import VersionError
from journeykit.model import Journey, Workspace
from journeykit.ports import Definition, Store


def publish(workspace: Workspace, store: Store) -> list[Journey]:
    """Keep the journeys of `workspace`; return the older versions that the store holds.

    Raises:
        VersionError: A journey differs from what was published under the same version.
    """
    _refuse_edits(workspace, _stored(store))
    store.publish([_definition(journey) for journey in workspace.journeys])
    stored = _stored(store)
    _refuse_edits(workspace, stored)  # somebody else may have published in between
    current = {(journey.name, journey.version) for journey in workspace.journeys}
    return [journey for journey in stored if (journey.name, journey.version) not in current]


def _stored(store: Store) -> list[Journey]:
    return [Journey.from_json(definition.body) for definition in store.definitions()]


def _refuse_edits(workspace: Workspace, stored: Sequence[Journey]) -> None:
    known = {(journey.name, journey.version): journey for journey in stored}
    for journey in workspace.journeys:
        before = known.get((journey.name, journey.version))
        if before is not None and before.canonical() != journey.canonical():
            raise VersionError(
                f"journey {journey.name!r} was edited, but is still called version "
                f"{journey.version}",
                place=f"Journey {journey.name!r}",
                remedy=f"publish the edit as version={_next(journey.name, stored)}; runs on the "
                "old version finish on it",
            )


def _next(name: str, stored: Sequence[Journey]) -> int:
    return max(journey.version for journey in stored if journey.name == name) + 1


def _definition(journey: Journey) -> Definition:
    body = journey.canonical()
    return Definition(
        journey.name, journey.version, blake2b(body, digest_size=16).hexdigest(), body
    )
