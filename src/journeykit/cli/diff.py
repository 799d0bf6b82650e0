"""What changed between two definitions? In words for people, as JSON for programs."""

from __future__ import annotations

import json

from journeykit.analysis import Diff, diff
from journeykit.cli.target import load_definition
from journeykit.errors import UsageError
from journeykit.model import Journey, Workspace


def compare(old: str, new: str) -> Diff:
    """Compare what two targets name: two workspaces, or two journeys.

    Where one is a journey and the other a workspace, the journey of that name is compared.

    Raises:
        UsageError: There is no such definition, or nothing of one name.
    """
    one, other = load_definition(old), load_definition(new)
    if isinstance(one, Journey) and isinstance(other, Workspace):
        return diff(one, journey_of(other, one.name, new))
    if isinstance(one, Workspace) and isinstance(other, Journey):
        return diff(journey_of(one, other.name, old), other)
    return diff(one, other)


def journey_of(found: Journey | Workspace, name: str | None, target: str) -> Journey:
    """Return a journey by name; the only one, where no name is given.

    Raises:
        UsageError: There is no such journey, or none is named and there are several.
    """
    journeys = (found,) if isinstance(found, Journey) else found.journeys
    known = ", ".join(journey.name for journey in journeys) or "none"
    if name is None and len(journeys) == 1:
        return journeys[0]
    for journey in journeys:
        if journey.name == name:
            return journey
    problem = "there are several journeys" if name is None else f"there is no journey {name!r}"
    raise UsageError(problem, place=target, remedy=f"name one of: {known}")


def as_json(found: Diff) -> str:
    """Return the changes as JSON."""
    return json.dumps(found.to_dict(), indent=2, ensure_ascii=False)
