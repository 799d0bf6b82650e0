"""Where does each step of a journey stand? With its id, in which list, and behind which step."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from journeykit.model import Goto, Journey, Part, Step

Container = tuple[str, str]
"""The id of the step that a list of steps belongs to, and the outcome that leads to it."""


@dataclass(frozen=True, slots=True)
class Placed:
    """One step of a journey.

    Attributes:
        id: Its id; of a `Part` its name, of a `Goto` where it leads.
        within: The list that it stands in.
        after: Id of the step before it in this list, or "".
    """

    id: str
    step: Step
    within: Container
    after: str


def placed_steps(journey: Journey) -> dict[str, Placed]:
    """Return all steps of a journey by id, in the order of the source."""
    ids = {state.path: state.id for state in journey.graph.states.values()}
    found: dict[str, Placed] = {}
    for placed in _placed(journey.steps, "", ("", ""), "", ids):
        id = placed.id
        while id in found:  # two Gotos of one label
            id += "'"
        found[id] = Placed(id, placed.step, placed.within, placed.after)
    return found


def _placed(
    steps: Sequence[Step], path: str, within: Container, prefix: str, ids: dict[str, str]
) -> Iterator[Placed]:
    after = ""
    for number, step in enumerate(steps):
        here = f"{path}steps[{number}]"
        id = ids.get(here) or f"{prefix}{_name(step)}"
        yield Placed(id, step, within, after)
        inside = f"{id}." if isinstance(step, Part) else prefix
        for outcome, place, inner in step.inner():
            yield from _placed(inner, f"{here} › {place} › ", (id, outcome), inside, ids)
        after = id


def _name(step: Step) -> str:
    if isinstance(step, Goto):
        return f"goto_{step.target}"
    return str(getattr(step, "name", step.kind))


def kept_in_order(old: Sequence[str], new: Sequence[str]) -> frozenset[str]:
    """Return a largest set of what both have, in which no two have changed places."""
    place = {name: number for number, name in enumerate(old)}
    tails: list[int] = []
    chains: list[tuple[str, ...]] = []
    for name in new:
        if name in place:
            length = bisect_left(tails, place[name])
            chain = (*(chains[length - 1] if length else ()), name)
            tails[length:length + 1] = [place[name]]  # fmt: skip
            chains[length:length + 1] = [chain]  # fmt: skip
    return frozenset(chains[-1] if chains else ())
