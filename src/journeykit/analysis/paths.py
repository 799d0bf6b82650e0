"""How long does a run take from one step to another, at least and at most?

Counted on the elapsed clock, with what calendars can do to it: a month has 28 to 31 days, and
a day may be an hour shorter or longer. Messages are taken to be accepted at once: retries and
holds make a path longer, never shorter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from heapq import heappop, heappush
from typing import NamedTuple

from journeykit.model import (
    START,
    Digest,
    Journey,
    Send,
    Step,
    Wait,
    WaitBusinessDays,
    WaitFor,
    WaitUntil,
)
from journeykit.model.spans import longest, shortest
from journeykit.time import DAY, HOUR

_AT_ONCE = (
    "append", "branch", "consent", "emit", "exit", "experiment", "goto", "increment", "set", "split",
)  # fmt: skip


class Stay(NamedTuple):
    """How long a run stays at a step; `most` is None where there is no bound."""

    least: int
    most: int | None


def stay_at(step: Step | None, outcome: str) -> Stay:
    """Return how long a run stays at a step that it leaves by an outcome."""
    stay = _stay(step, outcome)
    return stay._replace(least=0) if outcome.startswith("goal_") else stay


def _stay(step: Step | None, outcome: str) -> Stay:
    match step:
        case None:
            return Stay(0, 0)
        case Wait():
            return Stay(shortest(step.duration), longest(step.up_to or step.duration))
        case WaitFor(timeout=timeout):
            return Stay(shortest(timeout) if outcome == "timeout" else 0, longest(timeout))
        case Digest(sliding=False, window=window):
            return Stay(0, longest(window))
        case WaitUntil(moment=None, cron=None):
            days = 1 if step.days is None else 7
            return Stay(0, (days + 1) * DAY + HOUR)  # a date can be left out (T3)
        case WaitBusinessDays(count=count):
            return Stay(max(0, (count - 1) * DAY - HOUR), None)  # holidays make it longer
        case Send():
            return Stay(0, 0)
        case _:
            return Stay(0, 0 if step.kind in _AT_ONCE else None)


def earliest(journey: Journey) -> Mapping[str, int]:
    """Return for each state the shortest time from the entry to it."""
    states = journey.graph.states
    found: dict[str, int] = {}
    waiting = [(0, START)]
    while waiting:
        at, name = heappop(waiting)
        if name in found:
            continue
        found[name] = at
        for outcome, target in states[name].outcomes.items():
            heappush(waiting, (at + stay_at(states[name].step, outcome).least, target))
    return found


def nearest(journey: Journey, state: str, wanted: Callable[[Step], bool]) -> Mapping[str, int]:
    """Return the steps that are wanted and come next behind a message that was accepted.

    Args:
        state: The `Send` step of the message; or `START`, for what comes next to the entry.

    Returns:
        Of each the longest time from leaving `state` to coming there; steps to which there is
        a path without a bound, or through a loop, are left out.
    """
    states = journey.graph.states
    first = states[state].outcomes.get("enter" if state == START else "done")
    if first is None:
        return {}

    def following(name: str) -> list[tuple[str, str]]:
        step = states[name].step
        ends = step is not None and wanted(step)
        return [] if ends else list(states[name].outcomes.items())

    sources: dict[str, int] = {first: 0}
    waiting = [first]
    while waiting:
        for _, target in following(waiting.pop()):
            if target not in sources:
                sources[target] = 0
                waiting.append(target)
            sources[target] += 1
    latest: dict[str, int | None] = {first: 0}
    ready = [name for name, count in sources.items() if not count]
    done: dict[str, int] = {}
    while ready:  # what lies on a loop, or behind one, never gets ready
        name = ready.pop()
        at, step = latest[name], states[name].step
        if at is not None and step is not None and wanted(step):
            done[name] = at
        for outcome, target in following(name):
            stay = stay_at(step, outcome).most
            further = None if at is None or stay is None else at + stay
            known = latest.get(target, 0)
            latest[target] = None if further is None or known is None else max(known, further)
            sources[target] -= 1
            if not sources[target]:
                ready.append(target)
    return done
