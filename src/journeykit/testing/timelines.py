"""What happened to whom, when a test failed? The timelines of the customers at hand.

`journeykit_pytest` shows them below the traceback. Every simulated customer that the failing
test, or a function that it called, has in its hand is told about.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import Any

from journeykit.simulation import SimulatedCustomer, Simulation

MOST = 5
"""So many customers are told about: a test with a thousand of them stays readable."""


def timelines(traceback: TracebackType) -> list[tuple[str, str]]:
    """Return (title, timeline) for the customers that the frames of a traceback hold."""
    people = {person.id: person for person in _people(traceback)}
    told = [(f"What happened to {person.id}", _told(person)) for person in people.values()][:MOST]
    if len(people) > MOST:
        told.append(("What happened to others", f"{len(people) - MOST} more customers were there"))
    return told


def _told(person: SimulatedCustomer) -> str:
    """Return the timeline as it is: nothing that is still due is worked off for it."""
    try:
        return str(person.story)
    except Exception as error:
        return f"there is no timeline: {error}"


def _people(traceback: TracebackType | None) -> Iterator[SimulatedCustomer]:
    """Yield the customers at hand, those of the innermost function first."""
    frames = []
    while traceback is not None:
        frames.append(traceback.tb_frame)
        traceback = traceback.tb_next
    for frame in reversed(frames):
        if frame.f_globals.get("__name__", "").startswith("journeykit."):
            continue  # of our own functions, only the callers are of interest
        values = list(frame.f_locals.values())
        owner = frame.f_locals.get("self")
        values += list(getattr(owner, "__dict__", {}).values())
        for value in values:
            yield from _within(value)


def _within(value: Any) -> Iterator[SimulatedCustomer]:
    if isinstance(value, SimulatedCustomer):
        yield value
    elif isinstance(value, Simulation):
        yield from value.people.values()
    elif isinstance(value, list | tuple):
        for one in value:
            if isinstance(one, SimulatedCustomer | Simulation):
                yield from _within(one)
