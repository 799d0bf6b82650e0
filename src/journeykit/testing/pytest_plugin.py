"""What happened to whom, when a test failed? pytest shows the timelines below the traceback.

pytest loads this by itself where journeykit is installed. Every simulated customer that the
failing test, or a function that it called, has in its hand is told about.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from types import TracebackType
from typing import Any

import pytest

from journeykit.simulation import SimulatedCustomer, Simulation

MOST = 5
"""So many customers are told about: a test with a thousand of them stays readable."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    call: pytest.CallInfo[None],
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add a section for each customer to the report of a failed test."""
    report = yield
    if report.failed and call.excinfo is not None:
        people = {person.id: person for person in _people(call.excinfo.tb)}
        for person in list(people.values())[:MOST]:
            report.sections.append((f"What happened to {person.id}", _told(person)))
        if len(people) > MOST:
            more = f"{len(people) - MOST} more customers were there"
            report.sections.append(("What happened to others", more))
    return report


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
