"""What holds for every workspace and every history? The state is its journal, and no loose ends."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from journeykit import Event, Profile, Workspace
from journeykit.kernel import (
    CancelAsked,
    ConsentConfirmed,
    ConsentTold,
    EnrollAsked,
    EventArrived,
    EventConflicted,
    PreferencesTold,
    ProfileTold,
    ReceiptTold,
    SuppressionTold,
    encode_entries,
    next_due,
)
from journeykit.machine import compile_workspace
from journeykit.model import RECEIPTS, wire
from journeykit.testing.journeys import workspaces
from journeykit.testing.strategies import durations, moments, profiles
from journeykit.testing.strategies import events as drawn_events
from journeykit.time import DAY, HOUR, to_micros

GAPS = st.sampled_from([0, 1, HOUR, DAY, 40 * DAY]) | st.integers(0, 5 * DAY)
LATE = st.sampled_from([0, 0, 0, 1, HOUR, 3 * DAY])
ANSWERS: Any = st.sampled_from(["accepted", "accepted", "rejected", "retry", "closed", "throttled"])
LASTS = durations()
WORDS = st.sampled_from(["email", "push", "sms", "email/offers", "sms/offers"])
ZONES = st.sampled_from(["Europe/Berlin", "America/New_York", "Pacific/Apia", None])
Action = tuple[Any, ...]


def actions(classes: tuple[type[Event], ...], person: type[Profile]) -> st.SearchStrategy[Action]:
    """What may happen to a customer, as (what, ...)."""
    event = st.sampled_from(classes).flatmap(drawn_events)
    channel = st.sampled_from(["email", "push", "sms"])
    return st.one_of(
        st.tuples(st.just("event"), event, LATE),
        st.tuples(st.just("event"), event, LATE),
        st.tuples(st.just("event"), st.just(classes[0]()), LATE),
        st.tuples(st.just("due"), st.sampled_from([0, 0, 1, -1])),
        st.tuples(st.just("answer"), ANSWERS, st.none() | st.integers(0, DAY), st.booleans()),
        st.tuples(st.just("answer"), st.just("accepted"), st.none(), st.just(False)),
        st.tuples(st.just("zone"), ZONES),
        st.tuples(st.just("profile"), profiles(person)),
        st.tuples(st.just("consent"), channel, st.sampled_from(["", "offers"]), st.booleans()),
        st.tuples(st.just("implied"), channel, st.sampled_from(["", "offers"]), LASTS),
        st.tuples(st.just("confirm"), channel, st.sampled_from(["", "offers"])),
        st.tuples(st.just("prefer"), st.dictionaries(WORDS, st.booleans(), max_size=3)),
        st.tuples(st.just("suppress"), channel, st.booleans()),
        st.tuples(st.just("enroll"), st.none() | st.just("k")),
        st.tuples(st.just("cancel"), st.none() | st.just("k")),
        st.tuples(st.just("clock"), st.integers(-2 * DAY, 2 * DAY)),
        st.tuples(st.just("conflict")),
        st.tuples(st.just("pause"), st.booleans()),
        st.tuples(st.just("receipt"), st.sampled_from(RECEIPTS), LATE, st.integers(0, 3)),
    )


def act(stage: Any, number: int, action: Action) -> None:
    """Do one thing, at `stage.now`."""
    now = stage.now
    journey = stage.rules.workspace.journeys[0].name
    match action:
        case ("event", event, late):
            signal = EventArrived(
                now, type(event).__wire_name__, wire(event), now - late, f"e{number}"
            )
            stage.advance(signal, fire_now=number % 2 == 0)
        case ("due", more):
            due = min([at for _, at in stage.outbox.values()], default=None)
            timers = [at for at in (due, next_due(stage.state)) if at is not None]
            if timers:
                stage.now = max(now, min(timers) + more)
            stage.advance()
        case ("answer", kind, after, dead):
            more = {"after": after} if kind in ("retry", "throttled") else {}
            stage.answer(kind, **more, dead_address=dead and kind == "rejected")
        case ("zone", name):
            stage.advance(ProfileTold(now, stage.told({"timezone": name})))
        case ("profile", attributes):
            stage.advance(ProfileTold(now, stage.told(attributes)))
        case ("consent", channel, topic, granted):
            stage.advance(ConsentTold(now, channel, topic, granted, "test"))
        case ("implied", channel, topic, lasts):
            stage.advance(ConsentTold(now, channel, topic, True, "test", lasts))
        case ("confirm", channel, topic):
            stage.advance(ConsentConfirmed(now, channel, topic, "test"))
        case ("prefer", choices):
            first = stage.advance(PreferencesTold(now, choices, "page")).entries
            again = stage.advance(PreferencesTold(now, choices, "page")).entries
            sources = {getattr(entry, "source", "") for entry in again}
            others = {getattr(entry, "source", "") for entry in first} - {"", "page"}
            assert "page" not in sources or others  # a journey took it back in between
        case ("suppress", channel, suppressed):
            address = stage.state.addresses.get(channel, "ann")
            stage.advance(SuppressionTold(now, channel, address, suppressed, "host"))
        case ("enroll", key):
            stage.advance(EnrollAsked(now, journey, key, {}, ""))
        case ("cancel", key):
            stage.advance(CancelAsked(now, journey, key, "enough"))
        case ("receipt", what, late, which):
            sent = [key for run in stage.state.enrollments.values() for key in run.sent.values()]
            sent += [line.message for line in stage.state.ledger] + ["unknown"]
            key = sent[which % len(sent)]
            stage.advance(ReceiptTold(now, key, what, now - late, dead_address=what == "bounced"))
        case ("clock", by):
            stage.now += by
        case ("pause", pauses):
            every = frozenset(stage.rules.current)
            stage.rules = stage.rules.pausing(every if pauses else frozenset())
            stage.advance()
        case _:
            stage.advance(EventConflicted(now, "joined", f"e{number}"))


@st.composite
def scripts(draw: st.DrawFn, classes: Any, person: Any) -> tuple[Workspace, int, list[Any]]:
    """A workspace, a first instant near a clock change, and (gap, action) pairs."""
    workspace = draw(workspaces(classes, person))
    start, _ = draw(moments())
    pairs = st.lists(st.tuples(GAPS, actions(classes, person)), max_size=15)
    return workspace, to_micros(start), draw(pairs)


def play(stage: type[Any], script: tuple[Workspace, int, list[Any]]) -> Any:
    """Play a script; `stage` checks everything after each step."""
    workspace, start, pairs = script
    told = stage(compile_workspace(workspace), start)
    for number, (gap, action) in enumerate(pairs):
        told.now += gap
        act(told, number, action)
    for _ in range(5):  # let what is open go on
        act(told, 99, ("due", 0))
        told.answer("accepted")
    return told


@pytest.fixture(scope="session")
def drawn(events: Any, person: Any) -> st.SearchStrategy[Any]:
    return scripts(events, person)


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_the_state_is_its_journal_and_has_no_loose_ends(
    data: st.DataObject, drawn: Any, stage: Any
) -> None:
    script = data.draw(drawn)
    first = play(stage, script)

    # O4: same definitions, seed, inputs and clock: the same journal, byte for byte.
    again = play(stage, script)
    assert encode_entries(again.journal) == encode_entries(first.journal)
