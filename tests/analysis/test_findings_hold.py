"""What a finding says can never happen does not happen, in random journeys with random histories."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal

from hypothesis import HealthCheck, given, settings
from hypothesis import event as note

from journeykit import Address, Event, Journey, Profile, Result, Retry, Simulation, Workspace
from journeykit.analysis.subject import Subject
from journeykit.analysis.truths import truth_of
from journeykit.kernel import journal as j
from journeykit.model import Finding, Findings, On, Send, WaitFor, conditions_of
from journeykit.testing.journeys import workspaces
from journeykit.testing.strategies import Happened, histories


class Joined(Event):
    plan: Literal["free", "pro"] = "free"
    seats: int = 1


class Bought(Event):
    cart: str = "a"
    amount: Decimal = Decimal(1)


class Person(Profile):
    plan: Literal["free", "pro"] = "free"
    visits: int | None = None
    trial_ends: datetime | None = None
    email: Annotated[str | None, Address("email")] = None


class Score(Result):
    score: int = 0


EVENTS = [Joined, Bought]
GIVES: dict[str, type[Result] | None] = {"score": Score}
TOLD = [{"plan": "pro"}, {"visits": 0}, {"visits": 3}, {"visits": -1}, {"plan": "free"}]


def journals(workspace: Workspace, history: Sequence[Happened]) -> Iterator[list[Any]]:
    def score(context: Any) -> Any:
        return Retry() if context.attempt < 2 else Score(score=len(context.key) % 7)

    sim = Simulation(workspace, at=history[0].at, functions={"score": score})
    for name in ("ann", "bob"):
        sim.customer(name, {"email": name}, consent=["email", "push", "sms"])
    for number, one in enumerate(history):
        sim.advance_to(one.at)
        sim.runner.identify(one.customer, TOLD[number % len(TOLD)])
        sim.track(one.customer, one.event)
    sim.advance(timedelta(days=90))
    sim.settle()
    for name in ("ann", "bob"):
        yield sim.runner.journal(name)


Left = tuple[str, str, str]  # journey, step, outcome


def happened(entries: Sequence[Any]) -> tuple[set[Left], set[tuple[str, Any]]]:
    """Return which steps were left by which outcome, and what else came about."""
    places: dict[str, tuple[str, str]] = {}
    templates: dict[str, tuple[str, str]] = {}
    left: set[Left] = set()
    other: set[tuple[str, Any]] = set()
    for entry in entries:
        match entry:
            case j.Entered():
                places[entry.enrollment] = entry.journey, "start"
                other.add(("entered", (entry.journey, entry.event)))
            case j.Moved():
                journey, step = places[entry.enrollment]
                left.add((journey, step, entry.outcome))
                places[entry.enrollment] = journey, entry.step
            case j.Decided():
                templates[entry.message] = places[entry.enrollment]
            case j.Met():
                other.add(("met", (places[entry.enrollment][0], entry.goal)))
            case j.Refused(reason="condition_false"):
                other.add(("refused", (entry.journey, entry.detail.get("event", ""))))
            case j.Answered(answer="accepted") if entry.message in templates:
                other.add(("sent", templates[entry.message]))
    return left, other


def impossible(
    workspace: Workspace, journey: Journey, found: Findings
) -> Iterator[tuple[str, Any]]:
    """Yield what cannot come about, as `happened` would tell it."""
    states = {state.path: (name, state.step) for name, state in journey.graph.states.items()}
    name = journey.name
    for finding in found.about(name):
        at, _, rest = finding.place.rpartition(" › ")
        way = re.fullmatch(r"whens\[(\d+)\]", rest) or re.search(r"› whens\[(\d+)\]$", at)
        number = re.search(r"\[(\d+)\]", finding.place)
        if way and finding.code in ("JK101", "JK201"):
            path = at if finding.code == "JK101" else at.rpartition(" › ")[0]
            if "can never hold" in finding.why and not as_a_whole(workspace, journey, finding):
                continue
            yield "left", (name, states[path][0], f"when_{int(way[1]) + 1}")
        elif way and finding.code in ("JK205", "JK206"):
            path = at.rpartition(" › ")[0]
            yield "left", (name, states[path][0], f"when_{int(way[1]) + 1}")
        elif finding.code == "JK205" and number and finding.place.startswith("goal"):
            yield "met", (name, int(number[1]))
        elif finding.code == "JK101" and isinstance(states[at][1], WaitFor):
            outcomes = dict(awaited(states[at][1]))
            if outcomes[rest] != "event":  # else others lead there too
                yield "left", (name, states[at][0], outcomes[rest])
        elif finding.code == "JK101":
            yield "left", (name, states[at][0], "otherwise")
        elif finding.code == "JK104":
            step_id, step = states[at] if at in states else states[at.rpartition(" › ")[0]]
            if isinstance(step, WaitFor) and step.is_plain and len(step.on) == 1:
                yield "left", (name, step_id, "event")
        elif finding.code == "JK203" and "so nobody enters there" in finding.why:
            which = re.search(r"entry\[(\d+)\]", finding.why)
            entry = journey.entry[int(which[1])] if which else None
            if isinstance(entry, On):
                yield "entered", (name, entry.event)
        elif finding.code == "JK204" and number and "›" not in finding.place:
            yield "met", (name, int(number[1]))
        elif finding.code == "JK401":
            step_id, step = states[finding.place]
            assert isinstance(step, Send)
            yield "sent", (name, step_id)


def awaited(step: Any) -> Iterator[tuple[str, str]]:
    """Yield the place of each thing that a step waits for, and its outcome."""
    for place, outcome, _ in step.awaited:
        yield place.removesuffix(" › what"), outcome


def as_a_whole(workspace: Workspace, journey: Journey, finding: Finding) -> bool:
    """Tell whether the condition as a whole never holds, and not a part of it."""
    subject = Subject(workspace)
    return any(
        asked.place == finding.place
        and truth_of(asked.condition, subject.domains(journey, asked.incoming)) == "never"
        for asked in conditions_of(journey)
    )


@given(workspaces(EVENTS, Person, functions=GIVES), histories(EVENTS).filter(bool))
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_cannot_happen_does_not(workspace: Workspace, history: list[Happened]) -> None:
    found = workspace.check()
    never = {one for journey in workspace.journeys for one in impossible(workspace, journey, found)}
    for code in sorted(set(found.codes)):
        note(code)
    if not never:
        return
    note("something cannot happen")
    for entries in journals(workspace, history):
        left, other = happened(entries)
        assert not never & ({("left", one) for one in left} | other)
