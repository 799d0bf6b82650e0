"""Do held messages leave one after the other, and never before their time? (D5, G4, O4)"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeykit import (
    Event,
    FrequencyCap,
    Journey,
    On,
    Policy,
    Profile,
    QuietHours,
    Rejected,
    Retry,
    Send,
    Simulation,
    Wait,
    Workspace,
    days,
    hours,
    minutes,
)
from journeykit.errors import DefinitionError
from journeykit.kernel import journal as j

MORNING = datetime(2026, 3, 3, 8, tzinfo=UTC)
HALF_AN_HOUR = timedelta(minutes=30)
SPREAD: Any = {"via": ["sms"], "spread": minutes(30)}
NIGHT = QuietHours("21:00", "08:00")


class SignedUp(Event):
    pass


class Shopper(Profile):
    plan: str = "free"


def shop(*steps: Any, quiet: QuietHours = NIGHT, **policy: Any) -> Workspace:
    policy.setdefault("quiet_hours", [quiet])
    policy.setdefault("consent", {"sms": "opt-out", "email": "opt-out"})
    journey = Journey("welcome", entry=On(SignedUp), steps=list(steps or [Send("hello", **SPREAD)]))
    return Workspace(journeys=[journey], profile=Shopper, timezone="UTC", policy=Policy(**policy))


def play(workspace: Workspace, people: int = 40, at: str = "2026-03-02 22:00") -> Any:
    sim = Simulation(workspace, at=at, tz="UTC")
    customers = [sim.customer(f"c{number}") for number in range(people)]
    for one in customers:
        one.track(SignedUp())
    return sim, customers


def held(customer: Any) -> list[j.Held]:
    entries = customer._stage.runner.journal(customer.id)
    return [entry for entry in entries if isinstance(entry, j.Held)]


def test_held_messages_leave_within_the_span_behind_the_opening_each_by_itself() -> None:
    """D5: not everybody's 08:00 is the same instant."""
    sim, customers = play(shop())
    until = [one.held[0].until for one in customers]
    sim.advance_to("12:00")
    went = [one.messages[0].at for one in customers]
    assert went == until
    assert all(MORNING <= at < MORNING + HALF_AN_HOUR for at in went)
    assert len(set(went)) == 40
    early = sum(at < MORNING + HALF_AN_HOUR / 2 for at in went)
    assert 10 <= early <= 30


def test_the_share_is_a_keyed_hash() -> None:
    """O4: the same again, and another with another seed."""

    def instants(workspace: Workspace) -> list[Any]:
        return [one.held[0].until for one in play(workspace, 5)[1]]

    first = instants(shop())
    assert instants(shop()) == first
    assert instants(shop().model_copy(update={"seed": "other"})) != first


def test_the_journal_tells_the_opening_and_the_instant() -> None:
    _, (ann,) = play(shop(), 1)
    (entry,) = held(ann)
    assert entry.reason == "quiet_hours"
    assert entry.opens == MORNING.timestamp() * 1_000_000
    assert entry.until is not None
    assert entry.until > entry.opens


def test_who_is_not_held_goes_at_once() -> None:
    """D5."""
    _, (ann,) = play(shop(), 1, at="2026-03-02 12:00")
    assert ann.received == ["hello"]
    assert held(ann) == []


def test_without_spread_all_go_at_the_opening() -> None:
    sim, customers = play(shop(Send("hello", via=["sms"])), 3)
    sim.advance_to("12:00")
    assert [one.messages[0].at for one in customers] == [MORNING] * 3
    assert [entry.opens for one in customers for entry in held(one)] == [None] * 3


def test_the_span_is_cut_to_what_is_left_of_the_validity() -> None:
    """G4: the end excluded."""
    steps = (Send("hello", **SPREAD, valid_for=hours(10) + minutes(1)),)
    sim, customers = play(shop(*steps))
    sim.advance_to("12:00")
    went = [one.messages[0].at for one in customers]
    assert all(MORNING <= at < MORNING + timedelta(minutes=1) for at in went)
    assert len(set(went)) == 40


def test_a_change_elsewhere_does_not_release_it_before_its_instant() -> None:
    """G1: as long as the opening is the same."""
    sim, customers = play(shop(caps=[FrequencyCap(9, per="day")]), 20)
    sim.advance_to("08:00")
    waiting = {one: one.held[0].until for one in customers if one.held}
    assert len(waiting) >= 15
    for one in waiting:
        one.tell({"plan": "pro"})
    assert {one: one.held[0].until for one in waiting if one.held} == waiting
    sim.advance_to("09:00")
    assert all(one.messages[0].at == until for one, until in waiting.items())


def test_an_opening_that_comes_sooner_is_spread_as_well() -> None:
    """D5, G4: the profile moves to where it is day; the message still does not leave at once."""
    sim, customers = play(shop(), 20)
    for one in customers:
        one.tell({"timezone": "America/New_York"})
    now = sim.now
    assert {one.held[0].reason for one in customers} == {"spread"}
    sim.advance(hours(1))
    went = [one.messages[0].at for one in customers]
    assert all(now <= at < now + HALF_AN_HOUR for at in went)
    assert len(set(went)) == 20


def test_a_gate_that_closed_meanwhile_moves_it_to_the_next_opening() -> None:
    """G1: it is judged by the whole gate at its own instant."""
    sim, customers = play(shop(Send("hello", via=["sms"], spread=hours(20))), 30)
    sim.advance_to("2026-03-06 12:00")
    went = [one.messages[0].at for one in customers]
    assert all(8 <= at.hour < 21 for at in went)
    assert any(at.date() > MORNING.date() for at in went)
    assert {len(held(one)) for one in customers} >= {1, 2}


def test_caps_are_spread_too() -> None:
    """D5, G3."""
    steps = (Send("one", via=["sms"]), Send("two", **SPREAD))
    workspace = shop(*steps, quiet_hours=[], caps=[FrequencyCap(1, per="day")])
    sim, customers = play(workspace, 20, at="2026-03-02 12:00")
    sim.advance(days(2))
    went = [one.messages[1].at for one in customers]
    midnight = datetime(2026, 3, 3, tzinfo=UTC)
    assert all(midnight <= at < midnight + HALF_AN_HOUR for at in went)
    assert len(set(went)) == 20


def test_a_slot_that_comes_back_is_taken_within_the_span() -> None:
    """G3: a message that failed gives its slot back; who waited for it leaves some time after."""
    first = Journey("first", entry=On(SignedUp), steps=[Send("one", via=["email"], priority=9)])
    second = Journey(
        "second", entry=On(SignedUp), steps=[Send("two", via=["sms"], spread=minutes(30))]
    )
    policy = Policy(
        consent={"sms": "opt-out", "email": "opt-out"}, caps=[FrequencyCap(1, per=days(9))]
    )
    sim = Simulation(
        Workspace(journeys=[first, second], timezone="UTC", policy=policy), at="2026-03-02 12:00"
    )
    sim.channel("email").answer(Retry(after=timedelta(hours=1)), Rejected())
    ann = sim.customer("ann")
    ann.track(SignedUp())
    assert ann.held[0].reason == "frequency_cap"
    sim.advance(hours(1))
    assert ann.held[0].reason == "spread"
    sim.advance(minutes(30))
    assert ann.received == ["two"]


def test_a_retry_that_waits_out_the_night_is_spread_and_keeps_its_key() -> None:
    """D2, D3."""
    sim = Simulation(shop(), at="2026-03-02 20:50", tz="UTC")
    sim.channel("sms").answer(Retry(after=timedelta(minutes=20)))
    ann = sim.customer("ann")
    ann.track(SignedUp())
    sim.advance_to("12:00")
    first, second = sim.channel("sms").handed_over
    assert first.key == second.key
    assert MORNING < second.at < MORNING + HALF_AN_HOUR


@settings(max_examples=30, deadline=None)
@given(
    span=st.sampled_from([minutes(1), minutes(45), hours(13), days(2)]),
    start=st.integers(0, 23),
    length=st.integers(1, 22),
    valid=st.none() | st.integers(1, 50),
    moves=st.lists(
        st.tuples(st.integers(0, 40), st.sampled_from(["Asia/Tokyo", "UTC"])), max_size=3
    ),
)
def test_nothing_leaves_in_quiet_hours_too_late_or_never(
    span: Any, start: int, length: int, valid: int | None, moves: list[tuple[int, str]]
) -> None:
    """G1, G2, G4: whatever the span, whatever happens in between."""
    quiet = QuietHours(f"{start:02}:00", f"{(start + length) % 24:02}:00")
    validity = {} if valid is None else {"valid_for": hours(valid)}
    workspace = shop(
        Send("hello", via=["sms"], spread=span, **validity), Wait(hours(1)), quiet=quiet
    )
    sim, (ann,) = play(workspace, 1)
    begun = sim.now
    for later, zone in sorted(moves):
        sim.advance_to(max(sim.now, begun + timedelta(hours=later)))
        ann.tell({"timezone": zone})
    sim.advance(days(400))
    assert not ann.held
    assert ann.received == ["hello"] or ann.reasons("drop") == ["expired"]
    for message in ann.messages:
        if valid is not None:
            assert message.at < begun + timedelta(hours=valid)
        if not moves:
            assert not quiet_at(message.at.hour, start, length)


def quiet_at(hour: int, start: int, length: int) -> bool:
    return (hour - start) % 24 < length


def test_a_span_that_is_none_is_refused() -> None:
    with pytest.raises(DefinitionError, match="spread"):
        Send("hello", via=["sms"], spread=minutes(0))
