"""Which channel does a message take? Rules G4 and D3 of the contract, through the public API."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any

import pytest

from journeykit import (
    Address,
    Always,
    Event,
    Journey,
    On,
    Policy,
    Profile,
    QuietHours,
    Rejected,
    Retry,
    Send,
    Via,
    Wait,
    Workspace,
    count,
    days,
    field,
    hours,
    minutes,
)
from journeykit.errors import DefinitionError
from journeykit.kernel import journal as j

CHANNELS = ("email", "push", "sms")


class Joined(Event):
    pass


class Opened(Event):
    pass


class Answered(Event):
    by: str = "push"


class Shopper(Profile):
    channel: str | None = None
    push_enabled: bool = True
    email: Annotated[str | None, Address("email")] = None


RESPONSES = {
    "email": [On(Opened)],
    "push": [On(Answered, where=Answered.by == "push")],
    "sms": [On(Answered, where=Answered.by == "sms")],
}
COSTS = {"email": 0.001, "push": 0, "sms": 0.05}


def shop(via: Any, *, policy: dict[str, Any] | None = None, **send: Any) -> Workspace:
    return Workspace(
        journeys=[
            Journey(
                "welcome", entry=On(Joined), reentry=Always(), steps=[Send("hi", via=via, **send)]
            )
        ],
        profile=Shopper,
        timezone="UTC",
        policy=Policy(
            consent=dict.fromkeys(CHANNELS, "opt-out"),
            responses=RESPONSES,
            costs=COSTS,
            **(policy or {}),
        ),
    )


def entries(sim: Any) -> Any:
    return sim.runner.journal("ann")


def tried(sim: Any) -> list[str]:
    """Return the channels that the last message went through, in order."""
    channels: list[str] = []
    for entry in entries(sim):
        if isinstance(entry, j.Decided):
            channels = [entry.channel]
        elif isinstance(entry, j.Rerouted):
            channels.append(entry.channel)
    return channels


Make = Callable[..., Any]


@pytest.mark.parametrize(
    ("named", "order"),
    [
        (None, ("email", "push", "sms")),  # nothing known: as written
        ("push", ("push", "email", "sms")),
        ("sms", ("sms", "email", "push")),
        ("email", ("email", "push", "sms")),
        ("fax", ("email", "push", "sms")),  # not one of them
    ],
)
def test_G4_the_preferred_channel_goes_first(
    simulate: Make, named: str | None, order: tuple[str, ...]
) -> None:
    via = Via(*CHANNELS, by="preferred", preferred=Shopper.channel)
    sim, ann = simulate(shop(via), channel=named, email="ann@example.org")
    ann.track(Joined())
    assert orders(sim) == [order]


def orders(sim: Any) -> list[tuple[str, ...]]:
    return [entry.via for entry in entries(sim) if isinstance(entry, j.Decided)]


@pytest.mark.parametrize(
    ("answers", "order"),
    [
        ([], ("email", "push", "sms")),
        ([Opened()], ("email", "push", "sms")),
        ([Answered(by="sms")], ("sms", "email", "push")),
        ([Answered(by="push"), Answered(by="sms")], ("sms", "push", "email")),
        ([Answered(by="sms"), Answered(by="push"), Opened()], ("email", "push", "sms")),
        ([Answered(by="fax")], ("email", "push", "sms")),  # a response on no channel
    ],
)
def test_G4_the_channel_of_the_last_response_goes_first(
    simulate: Make, answers: list[Event], order: tuple[str, ...]
) -> None:
    sim, ann = simulate(shop(Via(*CHANNELS, by="last_engaged")), email="ann@example.org")
    for answer in answers:
        ann.track(answer)
        sim.advance(minutes(1))
    ann.track(Joined())
    assert orders(sim) == [order]


def test_G4_a_late_response_counts_by_when_it_happened(simulate: Make) -> None:  # O5
    sim, ann = simulate(shop(Via("email", "sms", by="last_engaged")), email="ann@example.org")
    ann.track(Answered(by="sms"))
    sim.advance(hours(1))
    ann.track(Opened(), occurred_at="2026-03-02 09:00")
    ann.track(Joined())
    assert orders(sim) == [("sms", "email")]


def test_G4_a_late_response_does_not_take_the_place_of_a_later_one(simulate: Make) -> None:  # O5
    sim, ann = simulate(shop(Via("sms", "email", by="last_engaged")), email="ann@example.org")
    ann.track(Answered(by="sms"), occurred_at="2026-03-02 09:50")
    ann.track(Opened(), occurred_at="2026-03-02 09:55")
    ann.track(Opened(), occurred_at="2026-03-02 09:00")
    ann.track(Joined())
    assert orders(sim) == [("email", "sms")]


def test_G4_a_repeated_response_does_not_count(simulate: Make) -> None:  # O8
    sim, ann = simulate(shop(["email"]), email="ann@example.org")
    for _ in range(3):
        ann.track(Opened(), id="o1")
    counted = [entry for entry in entries(sim) if isinstance(entry, j.Responded)]
    assert [(one.channel, one.hour) for one in counted] == [("email", 10)]  # Monday, 10:00


def test_G4_an_event_is_one_response_however_many_rules_name_it(simulate: Make) -> None:
    workspace = Workspace(
        journeys=[Journey("w", entry=On(Joined), steps=[Send("hi", via=["email"])])],
        profile=Shopper,
        timezone="UTC",
        policy=Policy(
            consent=dict.fromkeys(CHANNELS, "opt-out"),
            responses={"email": [On(Opened), On(Opened)], "push": [On(Opened)]},
        ),
    )
    sim, ann = simulate(workspace)
    ann.track(Opened())
    counted = [entry.channel for entry in entries(sim) if isinstance(entry, j.Responded)]
    assert counted == ["email", "push"]


def test_G4_the_cheapest_channel_goes_first(simulate: Make) -> None:
    sim, ann = simulate(shop(Via("sms", "email", "push", by="cheapest")), email="ann@example.org")
    ann.track(Joined())
    assert orders(sim) == [("push", "email", "sms")]
    assert [m.channel for m in ann.messages] == ["push"]


def test_G4_what_is_open_now_goes_before_what_opens_and_that_before_what_is_refused(
    simulate: Make,
) -> None:
    quiet = [
        QuietHours("09:00", "18:00", channels=["push"]),
        QuietHours("09:00", "12:00", channels=["sms"]),
    ]
    via = Via("email", "push", "sms", by="reachable")
    sim, ann = simulate(shop(via, policy={"quiet_hours": quiet}))  # no address for email
    ann.track(Joined())
    assert orders(sim) == [("sms", "push", "email")]


def test_G4_all_open_stay_as_they_are_written(simulate: Make) -> None:
    sim, ann = simulate(shop(Via("push", "email", "sms", by="reachable")), email="a@example.org")
    ann.track(Joined())
    assert orders(sim) == [("push", "email", "sms")]


@pytest.mark.parametrize(
    ("enabled", "channel"), [(True, "push"), (False, "email"), (None, "email")]
)
def test_G4_a_channel_that_does_not_reach_the_customer_is_passed_over(
    simulate: Make, enabled: bool | None, channel: str
) -> None:
    policy = {"reachable": {"push": field(Shopper.push_enabled) == True}}  # noqa: E712
    attributes = {"email": "ann@example.org", "push_enabled": bool(enabled)}
    _, ann = simulate(shop(["push", "email"], policy=policy), **attributes)
    ann.track(Joined())
    assert [m.channel for m in ann.messages] == [channel]
    assert ann.reasons("reroute") == ([] if enabled else ["unreachable"])


def test_G4_without_another_channel_it_is_dropped_as_unreachable(simulate: Make) -> None:
    policy = {"reachable": {"push": Shopper.channel == "push"}}
    _, ann = simulate(shop(["push"], policy=policy))
    ann.track(Joined())
    assert ann.reasons("drop") == ["unreachable"]
    assert "push does not reach the customer" in str(ann.timeline)


def test_G4_reachability_may_ask_about_the_past(simulate: Make) -> None:
    policy = {"reachable": {"push": count(Answered, within=days(30)) >= 1}}
    sim, ann = simulate(shop(["push", "sms"], policy=policy))
    ann.track(Joined())
    sim.advance(minutes(1))
    ann.track(Answered(by="push"))
    ann.track(Joined())
    sim.advance(days(31))
    ann.track(Joined())
    sim.advance(minutes(1))
    assert [m.channel for m in ann.messages] == ["sms", "push", "sms"]


def test_G4_a_response_may_depend_on_the_profile(simulate: Make) -> None:
    workspace = Workspace(
        journeys=[
            Journey(
                "w",
                entry=On(Joined),
                steps=[Send("hi", via=Via("sms", "email", by="last_engaged"))],
            )
        ],
        profile=Shopper,
        timezone="UTC",
        policy=Policy(
            consent=dict.fromkeys(CHANNELS, "opt-out"),
            responses={"email": [On(Opened, where=Shopper.channel == "email")]},
        ),
    )
    for channel, order in (("email", ("email", "sms")), ("sms", ("sms", "email"))):
        sim, ann = simulate(workspace, channel=channel)
        ann.track(Opened())
        ann.track(Joined())
        assert orders(sim) == [order]


def test_G4_reachability_is_asked_again_at_hand_over(host: Make) -> None:
    policy = {"reachable": {"push": field(Shopper.push_enabled) == True}}  # noqa: E712
    ann = host(shop(["push", "email"], policy=policy), email="ann@example.org")
    ann.track(Joined())
    ann.kit.identify("ann", {"push_enabled": False})
    ann.tick()
    ann.tick()
    assert [m.template for m in ann.channels["email"].accepted] == ["hi"]
    assert not ann.channels["push"].accepted


def test_G4_next_goes_by_the_order_of_the_message(simulate: Make) -> None:
    via = Via(*CHANNELS, by="preferred", preferred=Shopper.channel)
    quiet = [QuietHours("09:00", "18:00", channels=["sms"])]
    workspace = shop(via, policy={"quiet_hours": quiet}, on_quiet="next")
    sim, ann = simulate(workspace, channel="sms")  # no address for email
    ann.track(Joined())
    assert tried(sim) == ["sms", "email", "push"]
    assert [m.channel for m in ann.messages] == ["push"]


def test_G4_the_order_is_found_once_and_stands(simulate: Make) -> None:
    via = Via("email", "sms", by="last_engaged")
    quiet = [QuietHours("09:00", "18:00")]
    sim, ann = simulate(shop(via, policy={"quiet_hours": quiet}), email="ann@example.org")
    ann.track(Joined())
    ann.track(Answered(by="sms"))
    sim.advance(hours(12))
    assert [m.channel for m in ann.messages] == ["email"]


# ---- D3: from channel to channel


def test_D3_a_rejection_goes_on_in_the_order_of_the_message(simulate: Make) -> None:
    via = Via(*CHANNELS, by="preferred", preferred=Shopper.channel)
    sim, ann = simulate(shop(via), channel="sms", email="ann@example.org")
    sim.channel("sms").answer(Rejected("no such number"))
    sim.channel("email").answer(Rejected("no such box"))
    ann.track(Joined())
    sim.advance(hours(1))
    assert tried(sim) == ["sms", "email", "push"]
    assert [(m.channel, m.key) for m in ann.messages][-1][0] == "push"
    assert ann.reasons("reroute") == ["rejected", "rejected"]


def test_D3_when_all_reject_it_has_failed_once(simulate: Make) -> None:
    sim, ann = simulate(shop(Via("sms", "push", by="cheapest")))
    for name in ("sms", "push"):
        sim.channel(name).answer(Rejected("gone"))
    ann.track(Joined())
    sim.advance(days(1))
    answers = [entry.answer for entry in entries(sim) if isinstance(entry, j.Answered)]
    assert answers == ["rejected", "failed"]
    assert not ann.held
    assert not ann.received


def test_D2_while_nobody_knows_it_goes_through_no_other_channel(simulate: Make) -> None:
    policy = {"reachable": {"push": field(Shopper.push_enabled) == True}}  # noqa: E712
    sim, ann = simulate(shop(Via("sms", "push", by="cheapest"), policy=policy), push_enabled=True)
    sim.channel("push").answer(Retry("busy", after=timedelta(hours=1)))
    ann.track(Joined())
    sim.advance(minutes(1))
    ann.tell({"push_enabled": False})
    sim.advance(hours(3))
    assert len(sim.channel("push").handed_over) == 1
    assert not sim.channel("sms").handed_over
    assert ann.reasons("drop") == ["unreachable"]


# ---- what is refused when it is written


@pytest.mark.parametrize(
    ("via", "policy", "told"),
    [
        (Via("email", "sms", by="cheapest"), {"costs": {"email": 1}}, "nothing says what 'sms'"),
        (Via("email", "sms", by="last_engaged"), {"responses": {}}, "no event is a response"),
        (Via("email", "fax", by="reachable"), {}, "channel 'fax' of journey 'welcome'"),
    ],
)
def test_a_rule_that_has_nothing_to_go_by_is_refused(
    via: Via, policy: dict[str, Any], told: str
) -> None:
    settings = {"costs": COSTS, "responses": RESPONSES, **policy}
    with pytest.raises(DefinitionError, match=told):
        Workspace(
            journeys=[
                Journey("welcome", entry=On(Joined), steps=[Wait(hours(1)), Send("hi", via=via)])
            ],
            profile=Shopper,
            timezone="UTC",
            policy=Policy(consent=dict.fromkeys(CHANNELS, "opt-out"), **settings),
        )
