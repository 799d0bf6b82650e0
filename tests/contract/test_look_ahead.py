"""The most important first: a cap with `look_ahead` (rule G3), through the public API."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal

import pytest

from journeykit import (
    Always,
    Branch,
    Consent,
    Event,
    Exit,
    FrequencyCap,
    Goto,
    Journey,
    On,
    Policy,
    Profile,
    QuietHours,
    Send,
    Set,
    Simulation,
    Split,
    Wait,
    WaitFor,
    WaitUntil,
    When,
    Workspace,
    days,
    hours,
    minutes,
)
from journeykit.kernel import journal as j
from journeykit.model import Step

FIRST = FrequencyCap(1, per="day", look_ahead=hours(6))


class Seen(Event):
    until: datetime | None = None


class Bought(Event):
    gone: datetime = datetime(2026, 3, 2, 11, tzinfo=UTC)


class Stopped(Event):
    pass


class Person(Profile):
    plan: Literal["free", "pro"] = "free"


def news(**more: Any) -> Journey:
    """The lesser message."""
    send = Send("news", via=more.pop("via", ["email"]), **more)
    return Journey("news", entry=On(Seen), reentry=Always(), steps=[send])


def offer(*steps: Step, exits: Sequence[Any] = ()) -> Journey:
    """The run in which something more important may come."""
    return Journey("offer", entry=On(Bought), reentry=Always(), steps=list(steps), exits=exits)


BEST = Send("offer", via=["email"], priority=5)


def play(
    *journeys: Journey,
    at: str = "2026-03-02 10:00",
    caps: Sequence[FrequencyCap] = (FIRST,),
    quiet: Sequence[QuietHours] = (),
) -> tuple[Simulation, Any]:
    workspace = Workspace(
        journeys=list(journeys),
        profile=Person,
        events=[Seen, Bought, Stopped],
        timezone="Europe/Berlin",
        policy=Policy(
            consent={"email": "opt-out", "sms": "opt-out", "push": "opt-in"},
            quiet_hours=list(quiet),
            caps=list(caps),
        ),
    )
    sim = Simulation(workspace, at=at)
    return sim, sim.customer("ann")


def sent(sim: Simulation) -> list[str]:
    sim.settle()
    return [f"{m.template} {m.at.astimezone(sim.now.tzinfo):%d %H:%M}" for m in sim.accepted("ann")]


FIRST_COMES_THE_BEST = ["offer 02 12:00", "news 03 00:00"]
AT_ONCE = ["news 02 10:00", "offer 03 00:00"]


def way(*steps: Step) -> list[Step]:
    return [Wait(hours(2)), *steps]


WAYS: list[tuple[str, list[Step], list[str]]] = [
    ("a wait", way(BEST), FIRST_COMES_THE_BEST),
    ("a moment", [WaitUntil(at="12:00"), BEST], FIRST_COMES_THE_BEST),
    (
        "a time-out",
        [WaitFor(On(Stopped), timeout=hours(2), on_timeout=[BEST])],
        FIRST_COMES_THE_BEST,
    ),
    ("two waits", [Wait(hours(1)), Wait(hours(1)), BEST], FIRST_COMES_THE_BEST),
    (
        "a branch that holds",
        way(Branch(When(Person.plan == "free", [BEST]), otherwise=[Exit()])),
        FIRST_COMES_THE_BEST,
    ),
    (
        "a branch that leads away",
        way(Branch(When(Person.plan == "pro", [BEST]), otherwise=[Exit()])),
        ["news 02 10:00"],
    ),
    (
        "an attribute set on the way",
        way(Set(Person.plan, "pro"), Branch(When(Person.plan == "pro", [BEST]))),
        FIRST_COMES_THE_BEST,
    ),
    (
        "a consent given on the way",
        way(Consent("grant", channels=["sms"]), BEST),
        FIRST_COMES_THE_BEST,
    ),
    ("an equal one", way(Send("offer", via=["email"])), AT_ONCE),
    (
        "an equal one before it",
        way(Send("other", via=["sms"]), BEST),
        ["news 02 10:00", "other 03 00:00", "offer 04 00:00"],
    ),
    ("a transactional one", way(Send("offer", via=["email"], priority=5, transactional=True)),
     ["news 02 10:00", "offer 02 12:00"]),
    ("one without consent", way(Send("offer", via=["push"], priority=5)), ["news 02 10:00"]),
    (
        "one whose second channel is open",
        way(Send("offer", via=["push", "email"], priority=5)),
        FIRST_COMES_THE_BEST,
    ),
    ("exactly at the end of the span", [Wait(hours(6)), BEST], ["offer 02 16:00", "news 03 00:00"]),
    ("a minute beyond the span", [Wait(hours(6) + minutes(1)), BEST], AT_ONCE),
    ("one that has expired by then", [Wait(hours(2)), Send("offer", via=["email"], priority=5, valid_until=Bought.gone)], ["news 02 10:00"]),
]


@pytest.mark.parametrize(("steps", "leave"), [pytest.param(s, l, id=i) for i, s, l in WAYS])
def test_G3_a_lesser_message_makes_room_for_what_a_run_comes_to(
    steps: list[Step], leave: list[str]
) -> None:
    sim, ann = play(news(), offer(*steps))
    ann.track(Bought())
    ann.track(Seen())
    sim.advance(days(4))
    assert sent(sim) == leave
