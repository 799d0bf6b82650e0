"""How many were where, by the journals: nobody is lost, and the picture adds up."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from journeykit.errors import UnknownJourneyError
from journeykit.model import (
    COMPLETED,
    EXITED,
    START,
    Always,
    Branch,
    Exit,
    Goal,
    Journey,
    Migrate,
    On,
    Policy,
    Send,
    Wait,
    When,
    Workspace,
)
from journeykit.simulation import Simulation
from journeykit.testing.samples import Customer, OrderPlaced, PageSeen
from journeykit.time import days, hours

STEPS = [
    Wait(hours(1), label="hour"),
    Send("hello", via=["email"]),
    Branch(When(Customer.vip == True, [Exit("vip")]), label="vip"),  # noqa: E712
    Wait(days(2), label="rest"),
]


ORDER = OrderPlaced(cart="c", amount=Decimal(3))


def shop(**options: object) -> Workspace:
    shared = {"entry": On(PageSeen), "steps": STEPS, "reentry": Always(), **options}
    return Workspace(
        journeys=[Journey("j", **shared), Journey("other", entry=On(OrderPlaced), steps=STEPS)],  # type: ignore[arg-type]
        profile=Customer,
        timezone="UTC",
        policy=Policy(consent={"email": "opt-out"}),
    )


def play() -> Simulation:
    sim = Simulation(shop(goal=Goal(On(OrderPlaced))), at="2026-03-01 08:00")
    people = {name: sim.customer(name, {"vip": name == "ann"}) for name in ("ann", "bob", "cleo")}
    people["dan"] = sim.customer("dan")
    for one in people.values():
        one.track(PageSeen(page="/"))
    sim.advance(hours(2))
    people["bob"].track(ORDER)
    people["cleo"].track(PageSeen(page="/"))
    return sim


def test_who_came_where_and_stands_there_now() -> None:
    counts = play().counts("j")

    assert counts.entered == {
        START: 5, "hour": 5, "hello": 4, "vip": 4, "rest": 3, "exit_3.when_1.1": 1,
    }  # fmt: skip
    assert counts.here == {"hour": 1, "rest": 2}
    assert counts.took[START, "enter"] == 5
    assert counts.took["hour", "done"] == 4
    assert counts.took["vip", "when_1"] == 1
    assert counts.took["vip", "otherwise"] == 3
    assert "rest" not in {step for step, _ in counts.took}


def test_it_is_laid_over_the_picture() -> None:
    sim = play()
    journey = sim.runner.workspace.journeys[0]
    text = journey.mermaid(sim.counts("j"))
    assert '("Wait 2 days<br>(rest)<br>3 entered<br>2 here now")' in text
    assert '-->|"profile.vip = True<br>1"|' in text


def test_another_journey_counts_by_itself() -> None:
    sim = play()
    assert sim.counts("other").entered == {START: 1, "hour": 1}
    with pytest.raises(UnknownJourneyError):
        sim.counts("nobody's")


def test_a_run_that_was_moved_counts_from_where_it_went_on() -> None:
    sim = play()
    old = sim.runner.workspace.journeys[0]
    sim.publish(shop(version=2, upgrade=Migrate()))
    sim.settle()

    counts = sim.counts("j")
    assert counts.here == {"hour": 1, "rest": 2}
    assert counts.entered == {"hour": 1, "rest": 2}
    assert not counts.took
    sim.advance(days(3))
    assert sim.counts("j").entered[COMPLETED] == 3
    assert old.version == 1


def lawful(examples: int) -> settings:
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large]
    return settings(max_examples=examples, deadline=None, suppress_health_check=slow)


@lawful(20)
@given(
    st.lists(
        st.tuples(
            st.sampled_from("abc"), st.integers(0, 60), st.sampled_from([PageSeen(page="/"), ORDER])
        ),
        max_size=15,
    )
)
def test_what_comes_in_goes_out_or_stands_there(
    happened: list[tuple[str, int, PageSeen | OrderPlaced]],
) -> None:
    sim = Simulation(shop(), at="2026-03-01 08:00")
    people = {name: sim.customer(name, {"vip": name == "a"}) for name in "abc"}
    for name, wait, event in happened:
        sim.advance(hours(wait))
        people[name].track(event)
    counts = sim.counts("j")
    runs = (run for one in people.values() for run in one.enrollments)
    inside = Counter(run.step for run in runs if run.journey == "j")
    assert counts.here == dict(inside)
    for step, came in counts.entered.items():
        left = sum(n for (source, _), n in counts.took.items() if source == step)
        if step not in (COMPLETED, EXITED) and not step.startswith("exit"):
            assert came == left + counts.here.get(step, 0)
