"""However many events one customer has, the document stays of a size, and nothing slows down."""

from __future__ import annotations

import sys
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeykit import (
    Event,
    Goal,
    Journey,
    MemoryStore,
    On,
    Once,
    Orchestrator,
    Policy,
    Wait,
    Workspace,
    count,
    days,
    hours,
    total,
)
from journeykit.errors import DefinitionError
from journeykit.kernel import decode_state, forgetting, replay
from journeykit.kernel import journal as j
from journeykit.model import MOST_KEPT
from journeykit.simulation import VirtualClock

START = 1_772_445_600_000_000
SECOND = 1_000_000


class Viewed(Event):
    item: str = ""
    amount: int = 1


class Joined(Event):
    cart: str = ""


def shop() -> Workspace:
    """Everything that grows with events: exits, goals, keys, counts within windows."""
    carts = Journey(
        "carts",
        entry=On(Joined, key=Joined.cart),
        reentry=Once(),
        steps=[Wait(hours(1))],
        exits=[On(Viewed, key=Viewed.item), count(Viewed, within=days(30)) >= 900],
        goal=Goal(On(Viewed, where=Viewed.amount > 5), within=days(2), ends_run=True),
    )
    rich = Journey(
        "rich",
        entry=On(Viewed, where=total(Viewed.amount, within=days(60)) >= 10**9),
        exits=[On(Joined)],
        steps=[Wait(hours(1))],
    )
    return Workspace(
        journeys=[carts, rich], timezone="UTC", policy=Policy(consent={"email": "opt-out"})
    )


class Host:
    def __init__(self) -> None:
        self.clock = VirtualClock(START)
        self.store = MemoryStore()
        self.kit = Orchestrator(shop(), store=self.store, channels={}, clock=self.clock)
        self.kit.identify("ann", {})

    def state(self) -> Any:
        return decode_state(self.store.load(["ann"])["ann"].body)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> int:
    """As if far fewer were too many."""
    monkeypatch.setattr(forgetting, "MOST_KEPT", 8)
    monkeypatch.setattr(forgetting, "_BEYOND", 10)
    monkeypatch.setattr(sys.modules["journeykit.kernel.advance"], "MOST_KEPT", 0)
    return 10


def test_the_latest_are_kept_of_whatever_grows(few: int) -> None:
    host = Host()
    for number in range(60):
        host.clock.micros += SECOND
        host.kit.track("ann", Joined(cart=f"c{number}"))
        host.kit.track("ann", Viewed(item=f"c{number}", amount=number))
    state = host.state()
    assert replay("ann", host.kit.journal("ann")) == state
    keyed = [name for name in state.history if "/" in name]
    assert len(keyed) <= few
    assert keyed[-1] == "carts/c59"
    assert sum(map(len, state.marks.values())) <= few
    assert max(len(tally.recent) for tally in state.tallies.values()) <= few
    latest = host.clock.micros
    assert {tally.recent[-1][0] for tally in state.tallies.values()} == {latest}
    assert [tally.n for tally in state.tallies.values()] == [60, 60]  # how many there were at all
    refused = host.kit.track("ann", Joined(cart="c59")).refused
    assert [(one.journey, one.reason) for one in refused] == [("carts", "already_entered")]
    assert [e for e in host.kit.journal("ann") if isinstance(e, j.Forgot) and e.most]


events = st.lists(
    st.tuples(st.sampled_from(["joined", "viewed"]), st.integers(0, 20), st.integers(0, 3)),
    max_size=60,
)


@given(events)
def test_what_is_forgotten_is_in_the_journal(course: Any) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(forgetting, "MOST_KEPT", 4)
        patched.setattr(forgetting, "_BEYOND", 5)
        patched.setattr(sys.modules["journeykit.kernel.advance"], "MOST_KEPT", 0)
        host = Host()
        for kind, number, seconds in course:
            host.clock.micros += seconds * SECOND
            event: Any = (
                Joined(cart=f"c{number}") if kind == "joined" else Viewed(item=f"c{number}")
            )
            host.kit.track("ann", event)
        state = host.state()
        assert replay("ann", host.kit.journal("ann")) == state
        assert sum(map(len, state.marks.values())) <= 5 + 2
        assert len(state.history) <= 5 + 2


def test_a_count_that_nobody_can_reach_is_refused() -> None:
    _ = count(Viewed, within=days(30)) >= MOST_KEPT
    _ = count(Viewed) >= MOST_KEPT + 1
    with pytest.raises(DefinitionError, match="the latest 1000 are counted"):
        _ = count(Viewed, within=days(30)) >= MOST_KEPT + 1


@pytest.mark.slow
def test_a_hundred_thousand_events_of_one_customer_cost_each_the_same() -> None:
    host = Host()
    took: list[float] = []
    sizes: list[int] = []
    for chunk in range(20):
        began = time.perf_counter()
        for part in range(50):
            rows = []
            for number in range(100):
                host.clock.micros += SECOND
                name = f"{chunk}-{part}-{number}"
                event = "joined" if number % 20 == 0 else "viewed"
                field = "cart" if event == "joined" else "item"
                rows.append(
                    {"customer_id": "ann", "event": event, "data": {field: name}, "id": name}
                )
            assert not host.kit.track_many(rows).bad
        took.append(time.perf_counter() - began)
        sizes.append(len(host.store.load(["ann"])["ann"].body))
    print({"events": 100_000, "seconds": round(sum(took), 1), "bytes": sizes[-1]})
    assert max(sizes[2:]) < 1.3 * min(sizes[2:])
    assert max(sizes) < 300_000
    assert sorted(took[10:])[5] < 2 * sorted(took[2:8])[3]
