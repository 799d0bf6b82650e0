"""How waits, receipts and digests read in the timeline."""

from __future__ import annotations

from journeykit import (
    Case,
    Digest,
    Event,
    Hours,
    Journey,
    On,
    Policy,
    Profile,
    Receipt,
    Send,
    Simulation,
    Wait,
    WaitBusinessDays,
    WaitFor,
    WaitForWindow,
    Workspace,
    days,
    hours,
    seconds,
)


class Begun(Event):
    pass


class Paid(Event):
    pass


class Person(Profile):
    vip: bool = False


def test_every_wait_says_for_what_and_until_when() -> None:
    both = [On(Paid), Receipt("opened", of="hello")]
    workspace = Workspace(
        journeys=[
            Journey(
                "j",
                entry=On(Begun),
                steps=[
                    Send("hello", via=["email"]),
                    Wait(seconds(0), up_to=seconds(1)),
                    Wait(hours(1), up_to=hours(1) + seconds(1)),
                    WaitFor(both, need="all", timeout=days(1), since="step"),
                    WaitFor([Case(On(Paid)), Person.vip == True], timeout=days(2)),  # noqa: E712
                    Digest(On(Paid), window=hours(1), sliding=True, label="list"),
                    WaitBusinessDays(0, at="09:00"),
                    WaitBusinessDays(1),
                    WaitBusinessDays(2, at="10:00"),
                    WaitForWindow(Hours("12:00", "13:00")),
                ],
            )
        ],
        profile=Person,
        timezone="UTC",
        policy=Policy(consent={"email": "opt-out"}),
    )
    sim = Simulation(workspace, at="2026-03-06 12:00")
    ann = sim.customer("ann")
    ann.track(Begun())
    sim.advance(hours(2))
    ann.track(Paid())
    ann.opens("hello")
    ann.track(Paid())
    sim.settle()
    sim.advance(seconds(60))
    ann.track(Paid())
    sim.advance(days(9))
    told = [line.text for line in ann.timeline if line.journey == "j" and not line.is_detail]
    assert told[3:] == [
        "waits for a time between 1 hour and 1 hour and 1 second, until Fri 2026-03-06 13:00",
        "waits for paid and hello opened, 1 day at most, until Sat 2026-03-07 13:00",
        "part of what it waits for at wait_for_4 has come",
        "part of what it waits for at wait_for_5 has come",
        "collected at list",
        "hello: opened",
        "part of what it waits for at wait_for_4 has come",
        "what it waited for came",
        "case 1 came first; collects paid, until Fri 2026-03-06 15:00",
        "collected at list, until Fri 2026-03-06 15:00",
        "collected at list, until Fri 2026-03-06 15:01",
        "waits for the next business day, until Mon 2026-03-09 09:00",
        "waits 1 business day, until Tue 2026-03-10 09:00",
        "waits 2 business days, until Thu 2026-03-12 10:00",
        "waits for its hours, until Thu 2026-03-12 12:00",
        "came to its end",
    ]
