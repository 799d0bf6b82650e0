"""One business event for many customers: each gets it once, whatever happens in the middle."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from journeykit import (
    AfterExit,
    Event,
    Exit,
    Journey,
    MemoryStore,
    On,
    Orchestrator,
    Profile,
    Simulation,
    SQLiteStore,
    Wait,
    Workspace,
    count,
    days,
    hours,
)
from journeykit.errors import (
    InvalidEventError,
    NaiveInstantError,
    StoreError,
    UnknownEventError,
    UnknownJourneyError,
    UsageError,
)
from journeykit.kernel import journal as j
from journeykit.ports import CustomerCommit, Store
from journeykit.simulation import VirtualClock
from journeykit.time import to_micros


class BackInStock(Event):
    item: str = "shoe"


class Bought(Event):
    item: str = "shoe"


class Looked(Event):
    pass


class Person(Profile):
    city: str = ""
    visits: int = 0


SHOP = Workspace(
    journeys=[
        Journey("back", entry=On(BackInStock), steps=[Exit("told")], reentry=AfterExit()),
        Journey("watch", entry=On(Looked), steps=[Wait(hours(9))]),
        Journey("fans", entry=On(Looked, where=count(Bought, within=days(7)) > 5), steps=[Exit()]),
    ],
    profile=Person,
    timezone="UTC",
    events=[Bought],
)
NAMES = [f"c{number:02}" for number in range(25)]


def known(store: Store, batch: int = 4) -> Orchestrator:
    clock = VirtualClock(to_micros(datetime(2026, 3, 2, 10, tzinfo=UTC)))
    kit = Orchestrator(SHOP, store=store, channels={}, clock=clock, batch=batch)
    kit.identify_many(
        {"customer_id": name, "attributes": {"city": "Tbilisi" if n % 2 else "Batumi"}}
        for n, name in enumerate(NAMES)
    )
    return kit


@pytest.fixture(params=["memory", "sqlite"])
def kit(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    store: Any = MemoryStore() if request.param == "memory" else SQLiteStore(tmp_path / "a.db")
    yield known(store)
    store.close()


def received(kit: Orchestrator, event: str = "back_in_stock") -> list[str]:
    """Return whom the event was reported to, once for each time."""
    return [
        name
        for name in NAMES
        for entry in kit.journal(name)
        if isinstance(entry, j.Received) and entry.name == event
    ]


def test_to_ids(kit: Orchestrator) -> None:
    names = iter(["c03", "nobody", "c01", "c03", "c20", "c21", "c22"])
    outcome = kit.broadcast(BackInStock(item="hat"), to=names, id="b1")
    assert (outcome.reached, outcome.unknown) == (5, ["nobody"])
    assert (outcome.repeated, outcome.conflicts, outcome.failed) == (0, 0, [])
    assert received(kit) == ["c01", "c03", "c20", "c21", "c22"]
    (entry,) = [e for e in kit.journal("c20") if isinstance(e, j.Received)]
    assert (entry.id, entry.data) == ("b1", {"item": "hat"})
    assert kit.journal("c20")[-1].reason == "told"  # type: ignore[union-attr]


def test_a_name_that_comes_again_in_a_later_batch_is_a_repeat(kit: Orchestrator) -> None:
    outcome = kit.broadcast(BackInStock(), to=[*NAMES[:5], "c00"], id="b1")
    assert (outcome.reached, outcome.repeated) == (5, 1)


def test_what_is_no_id_holds_nobody_up(kit: Orchestrator) -> None:  # F1
    given: Any = [7, None, "", [], "c01", {}, *NAMES[:5]]
    outcome = kit.broadcast(BackInStock(), to=given, id="b1")
    assert (outcome.reached, outcome.unknown) == (5, [])
    assert [name for name, _ in outcome.failed] == ["7", "None", "", "[]", "{}"]
    assert all("a customer id must be a string" in str(error) for _, error in outcome.failed)
    assert received(kit) == NAMES[:5]


def test_where_a_condition_holds(kit: Orchestrator) -> None:
    outcome = kit.broadcast(
        "back_in_stock", {"item": "hat"}, where=Person.city == "Tbilisi", id="b"
    )
    assert outcome.reached == 12
    assert received(kit) == NAMES[1::2]


def test_where_the_past_is_asked_about(kit: Orchestrator) -> None:
    for name in ("c02", "c07"):
        kit.track(name, Bought())
    for asked in (count(Bought, within=days(7)) >= 1, count(Bought) >= 1):
        assert (
            kit.broadcast(BackInStock(), where=asked, id=f"b-{asked.model_dump_json()}").reached
            == 2
        )


def test_to_those_who_are_in_a_journey(kit: Orchestrator) -> None:
    for name in ("c02", "c07"):
        kit.track(name, Looked())
    assert kit.broadcast(BackInStock(), running="watch", id="b").reached == 2
    assert received(kit) == ["c02", "c07"]
    assert kit.broadcast(BackInStock(), running="back", id="b2").reached == 0


def test_a_repeat_reports_to_nobody_twice(kit: Orchestrator) -> None:  # O8
    kit.track("c05", BackInStock(), id="b1")
    first = kit.broadcast(BackInStock(), where=Person.visits == 0, id="b1")
    assert (first.reached, first.repeated) == (24, 1)
    again = kit.broadcast(BackInStock(), where=Person.visits == 0, id="b1")
    assert (again.reached, again.repeated) == (0, 25)
    other = kit.broadcast(BackInStock(item="hat"), to=NAMES, id="b1")
    assert (other.reached, other.conflicts) == (0, 25)
    assert received(kit) == NAMES


def test_the_event_happened_at_one_instant(kit: Orchestrator) -> None:
    kit.broadcast(BackInStock(), to=NAMES, id="b", occurred_at=datetime(2026, 3, 2, 9, tzinfo=UTC))
    occurred = {
        entry.occurred
        for name in NAMES
        for entry in kit.journal(name)
        if isinstance(entry, j.Received)
    }
    assert occurred == {to_micros(datetime(2026, 3, 2, 9, tzinfo=UTC))}


class Killed(BaseException):
    """The process is gone."""


class Dying:
    """A store that dies at one of its commits."""

    def __init__(self, store: Store, at: int, *, after: bool, kind: type[BaseException]) -> None:
        self._store, self._at, self._after, self._kind = store, at, after, kind

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def commit(self, commits: Any) -> Any:
        self._at -= 1
        if self._at != -1:
            return self._store.commit(commits)
        if self._after:
            self._store.commit(commits)
        raise self._kind("the disk is on fire")


@pytest.mark.parametrize("kind", [Killed, StoreError])
@pytest.mark.parametrize("after", [False, True])
def test_wherever_it_is_cut_off_calling_again_does_the_rest(
    after: bool, kind: type[BaseException]
) -> None:
    for at in range(7):
        store = MemoryStore()
        known(store)
        dying: Any = Dying(store, at, after=after, kind=kind)
        clock = VirtualClock(to_micros(datetime(2026, 3, 2, 10, tzinfo=UTC)))
        kit = Orchestrator(SHOP, store=dying, channels={}, clock=clock, batch=4)
        with pytest.raises(kind):
            kit.broadcast(BackInStock(), where=Person.visits == 0, id="b1")
        clock.micros += 60_000_000
        again = kit.broadcast(BackInStock(), where=Person.visits == 0, id="b1")
        assert again.reached + again.repeated == 25
        assert again.repeated == 4 * (at + after) if at < 6 else again.repeated >= 24
        assert received(kit) == NAMES


REFUSED: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({}, UsageError, "exactly one way"),
    ({"to": ["c01"], "running": "back"}, UsageError, "exactly one way"),
    ({"to": "c01"}, UsageError, "a list of customer ids"),
    ({"to": 7}, UsageError, "a list of customer ids"),
    ({"running": "bakc"}, UnknownJourneyError, "did you mean 'back'"),
    ({"where": True}, UsageError, "where= is a condition"),
    ({"where": BackInStock.item == "hat"}, UsageError, "is no field of the profile"),
    ({"where": count(BackInStock) > 1}, UsageError, "it is not counted"),
    ({"where": count(Bought, within=days(90)) > 1}, UsageError, "none so far back"),
    ({"to": ["c01"], "id": "#1"}, UsageError, "an event id must be a string"),
    ({"to": ["c01"], "id": None}, UsageError, "an event id must be a string"),
    ({"to": ["c01"], "event": "back"}, UnknownEventError, "no such event"),
    ({"to": ["c01"], "event": "bought", "data": {"item": 7}}, InvalidEventError, "bought.item"),
    ({"to": ["c01"], "occurred_at": datetime(2026, 3, 2)}, NaiveInstantError, "zone"),
]


@pytest.mark.parametrize(("given", "kind", "words"), REFUSED)
def test_what_makes_no_sense_is_refused(
    given: dict[str, Any], kind: type[Exception], words: str
) -> None:
    kit = known(MemoryStore())
    with pytest.raises(kind, match=words):
        kit.broadcast(given.pop("event", BackInStock()), **{"id": "b", **given})
    assert received(kit) == []


def test_a_customer_who_cannot_be_decided_on_holds_nobody_up() -> None:
    store = MemoryStore()
    kit = known(store)
    found = store.load(["c07"])["c07"]
    store.commit([CustomerCommit("c07", found.version, b"{", None)])
    outcome = kit.broadcast(BackInStock(), where=Person.visits == 0, id="b")
    assert outcome.reached == 24
    assert [(name, type(error)) for name, error in outcome.failed] == [("c07", StoreError)]


def test_a_simulation_broadcasts_too() -> None:
    sim = Simulation(SHOP, at="2026-03-02 10:00")
    people = [sim.customer(name) for name in NAMES]
    assert (
        sim.broadcast(BackInStock(), to=NAMES, id="b", occurred_at="2026-03-02 09:00").reached == 25
    )
    assert all("told" in str(person.timeline) for person in people)
    assert sim.broadcast(BackInStock(), running="watch", id="c").reached == 0
    with sim.downtime(), pytest.raises(UsageError, match="nothing runs that could broadcast"):
        sim.broadcast(BackInStock(), to=NAMES, id="d")
