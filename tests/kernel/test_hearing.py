"""Which runs hear an event? An index by key gives the same answer as asking every run."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeykit import (
    AfterExit,
    Always,
    Digest,
    Event,
    Goal,
    Journey,
    On,
    Send,
    Wait,
    WaitFor,
    Workspace,
    days,
    hours,
)
from journeykit.kernel import CustomerState, EventArrived, advance, encode_entries, encode_state
from journeykit.machine import Rules, compile_workspace


class Opened(Event):
    case: str | None = None
    number: int = 0


class Told(Event):
    case: str | None = None
    number: int = 0


class Closed(Event):
    case: str | None = None
    number: int = 0


NOW = 1_772_442_000_000_000
START = {
    "case": On(Opened, key=Opened.case),
    "number": On(Opened, key=Opened.number),
    "none": On(Opened),
}
KEYS = {"case": Told.case, "number": Told.number, "none": None}


def journey(name: str, start: str, told: str, closed: str) -> Journey:
    """A journey whose parts are keyed by different fields."""
    heard = On(Told, key=KEYS[told])
    ends = {"case": Closed.case, "number": Closed.number, "none": None}[closed]
    return Journey(
        name,
        entry=START[start],
        reentry=Always() if start == "none" else AfterExit(),
        goal=Goal(On(Closed, key=ends)),
        steps=[
            WaitFor(heard, timeout=days(1), since="step"),
            Digest(heard, window=hours(1)),
            Wait(hours(1)),
            WaitFor(heard, timeout=days(1)),
            Send("end", via=["email"]),
        ],
    )


FIELDS = st.sampled_from(["case", "number", "none"])
KEYED = st.tuples(st.sampled_from(["case", "number"]), FIELDS, FIELDS)
JOURNEYS = st.lists(KEYED | st.just(("none", "none", "none")), min_size=1, max_size=3)
FACTS = st.tuples(
    st.sampled_from(["opened", "opened", "told", "told", "closed"]),
    st.sampled_from([None, "1", "2"]),
    st.sampled_from([1, 2]),
    st.sampled_from([0, 1, 3_600_000_000, 86_400_000_000]),
)


def played(rules: Rules, facts: list[Any]) -> tuple[bytes, bytes]:
    state, now, entries = CustomerState("ann"), NOW, []
    for number, (name, case, count, gap) in enumerate(facts):
        now += gap
        event = EventArrived(now, name, {"case": case, "number": count}, now, f"e{number}")
        entries += advance(rules, state, [event], now).entries
    return encode_entries(entries), encode_state(state)


def compiled(written: list[tuple[str, str, str]]) -> Rules:
    journeys = [journey(f"j{n}", *fields) for n, fields in enumerate(written)]
    policy: Any = {"consent": {"email": "opt-out"}}
    return compile_workspace(Workspace(journeys=journeys, timezone="UTC", policy=policy))


@settings(max_examples=150, deadline=None)
@given(JOURNEYS, st.lists(FACTS, max_size=14))
def test_the_index_changes_nothing(written: list[Any], facts: list[Any]) -> None:  # E1
    indexed, asked = compiled(written), compiled(written)
    asked.hearers = dict.fromkeys(asked.hearers, ())
    assert played(indexed, facts) == played(asked, facts)


@pytest.mark.parametrize(
    ("written", "keys"),
    [
        ([("case", "case", "case")], {"told": 1, "closed": 1}),
        ([("case", "case", "case"), ("number", "number", "number")], {"told": 2, "closed": 2}),
        ([("case", "case", "none")], {"told": 1, "closed": 0}),  # without a key: every run
        ([("case", "case", "case"), ("case", "none", "case")], {"told": 0, "closed": 1}),
    ],
)
def test_an_event_finds_its_runs_by_the_keys_that_are_read(
    written: list[Any], keys: dict[str, int]
) -> None:
    assert {event: len(found) for event, found in compiled(written).hearers.items()} == keys


def test_nobody_hears_what_no_table_hears() -> None:
    assert "viewed" not in compiled([("none", "none", "none")]).hearers
