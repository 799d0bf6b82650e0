"""Does the timeline tell what was compared, where a condition decided?"""

from __future__ import annotations

from journeykit import (
    Branch,
    Event,
    Journey,
    On,
    Profile,
    Simulation,
    Wait,
    When,
    Workspace,
    days,
    hours,
)


class CartUpdated(Event):
    total: int


class Shopper(Profile):
    plan: str = "free"


def _shop(least: int = 20) -> Simulation:
    cart = Journey(
        "cart",
        entry=On(CartUpdated, where=(CartUpdated.total >= least) & (Shopper.plan == "free")),
        exits=[Shopper.plan == "pro"],
        steps=[Branch(When(Shopper.plan == "pro", [Wait(hours(1))])), Wait(days(1))],
    )
    other = Journey("other", entry=On(CartUpdated), steps=[Wait(days(1))])
    workspace = Workspace(journeys=[cart, other], profile=Shopper, timezone="UTC")
    sim = Simulation(workspace, at="2026-03-01 12:00")
    sim.customer("ann")
    return sim


def _told(sim: Simulation, reason: str) -> list[str]:
    return [line.text for line in sim.explain("ann") if line.reason == reason]


def test_a_refused_entry_is_told_with_the_values_of_then() -> None:
    sim = _shop()
    sim.track("ann", CartUpdated(total=12))
    sim.identify("ann", {"plan": "pro"})
    sim.track("ann", CartUpdated(total=19))
    first, second = _told(sim, "condition_false")
    assert first.endswith("; cart_updated.total >= 20 was false: total was 12")
    assert second.endswith(
        "; cart_updated.total >= 20 was false: total was 19"
        "; profile.plan == 'free' was false: plan was 'pro'"
    )


def test_an_exit_by_condition_is_told_with_the_values_of_then() -> None:
    sim = _shop()
    sim.track("ann", CartUpdated(total=30))
    sim.identify("ann", {"plan": "pro"})
    sim.identify("ann", {"plan": "free"})
    (line,) = _told(sim, "exit_condition")
    assert line.endswith("; profile.plan == 'pro' was true: plan was 'pro'")


def test_only_the_latest_refusals_tell_values() -> None:
    sim = _shop()
    for total in range(25):
        sim.track("ann", CartUpdated(total=total - 10))
    told = _told(sim, "condition_false")
    assert [line.endswith(f"total was {n - 10}") for n, line in enumerate(told)] == [
        n >= 5 for n in range(25)
    ]


def test_what_no_condition_decided_is_told_as_ever() -> None:
    sim = _shop(least=0)
    sim.track("ann", CartUpdated(total=1))
    sim.advance(days(2))
    assert not [line for line in sim.explain("ann") if " was true" in line.text]
