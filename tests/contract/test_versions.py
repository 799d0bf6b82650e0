"""Versions, as far as a run stays on its own: rules V1 and V3."""

from __future__ import annotations

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
    Policy,
    Send,
    SQLiteStore,
    Wait,
    WaitFor,
    Workspace,
    days,
    hours,
)
from journeykit.errors import VersionError
from journeykit.simulation import ScriptedChannel, VirtualClock

NOON = 1_772_452_800_000_000  # 2026-03-02 12:00 UTC
HOUR = 3_600_000_000


class Begun(Event):
    pass


class Paid(Event):
    pass


def version(number: int, *steps: Any, **more: Any) -> Workspace:
    journey = Journey(
        "j",
        **{"version": number, "entry": On(Begun), "reentry": AfterExit(), "steps": steps, **more},
    )
    return Workspace(
        journeys=[journey], timezone="UTC", policy=Policy(consent={"email": "opt-out"}),
        events=[Paid],
    )  # fmt: skip


OLD = version(1, Wait(hours(2)), Send("old", via=["email"]), Wait(hours(2)), Exit("old-end"))
NEW = version(2, Wait(hours(1)), Exit("new-end"), exits=On(Paid))


class Restarted:
    """A store that outlives its orchestrators."""

    def __init__(self, store: Any) -> None:
        self.store = store
        self.clock = VirtualClock(NOON)
        self.channel = ScriptedChannel("email")

    def start(self, workspace: Workspace) -> Orchestrator:
        return Orchestrator(
            workspace, store=self.store, channels={"email": self.channel}, clock=self.clock
        )


@pytest.fixture(params=["memory", "sqlite"])
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    store: Any = MemoryStore() if request.param == "memory" else SQLiteStore(tmp_path / "v.db")
    yield Restarted(store)
    if request.param == "sqlite":
        store.close()


def ends(kit: Orchestrator) -> list[str]:
    return [line.reason for line in kit.explain("ann") if line.kind == "end"]


def test_a_run_stays_on_the_version_that_it_entered(host: Any) -> None:  # V1
    kit = host.start(OLD)
    kit.identify("ann")
    kit.track("ann", Begun())

    kit = host.start(NEW)
    assert kit.track("ann", Paid()).ended == [], "the exit is the new version's"
    assert [one.reason for one in kit.track("ann", Begun()).refused] == ["already_inside"]
    for _ in range(4):
        host.clock.micros += HOUR
        kit.tick()
    assert [message.template for message in host.channel.accepted] == ["old"]
    assert ends(kit) == ["old-end"]


def test_new_entries_go_to_the_new_version(host: Any) -> None:  # V1
    host.start(OLD).identify("ann")
    kit = host.start(NEW)
    kit.track("ann", Begun())
    assert [run.version for run in kit.customer("ann").enrollments] == [2]
    assert kit.track("ann", Paid()).ended == [("exited", "paid")]


def test_history_and_remembered_exits_reach_across_versions(host: Any) -> None:  # V1, O5
    first = version(1, Wait(hours(1)), exits=On(Paid))
    second = version(2, Wait(days(1)), exits=On(Paid))
    kit = host.start(first)
    kit.identify("ann")
    kit.track("ann", Paid())
    host.clock.micros += HOUR
    kit = host.start(second)
    happened = host.clock.now().replace(hour=11)
    late = kit.track("ann", Begun(), occurred_at=happened)
    assert [one.reason for one in late.refused] == ["exit_already_happened"]


def test_an_older_version_is_refused_and_its_steps_may_come_back_under_a_new_number(
    host: Any,
) -> None:  # V3
    """A roll-back is a version of its own; those on version 2 finish on it."""
    host.start(OLD).identify("ann")
    host.start(NEW).track("ann", Begun())
    with pytest.raises(VersionError, match=r"older than version 2, which was published.*version=3"):
        host.start(OLD)
    steps = OLD.journeys[0].steps
    kit = host.start(version(3, *steps))
    host.clock.micros += HOUR
    kit.tick()
    assert ends(kit) == ["new-end"]
    kit.track("ann", Begun())
    assert [run.version for run in kit.customer("ann").enrollments] == [3]


def test_runs_of_a_journey_that_was_taken_away_finish(host: Any) -> None:  # V1
    kit = host.start(version(1, WaitFor(On(Paid), timeout=hours(5)), Send("x", via=["email"])))
    kit.identify("ann")
    kit.track("ann", Begun())
    other = Journey("other", entry=On(Begun), steps=[Wait(days(9))])
    kit = host.start(
        Workspace(journeys=[other], timezone="UTC", events=[Paid],
                  policy=Policy(consent={"email": "opt-out"}))
    )  # fmt: skip
    kit.track("ann", Paid())
    kit.tick()
    assert [message.template for message in host.channel.accepted] == ["x"]


def test_an_edit_under_an_old_number_is_refused(host: Any) -> None:  # V3
    kit = host.start(OLD)
    kit.identify("ann")
    kit.track("ann", Begun())
    edited = version(1, Wait(hours(3)), Send("old", via=["email"]))
    with pytest.raises(VersionError, match=r"'j'.*version"):
        host.start(edited)
    host.start(NEW)
    with pytest.raises(VersionError, match="version=3"):
        host.start(edited)
    kit = host.start(NEW)  # and nothing was changed by it
    for _ in range(4):
        host.clock.micros += HOUR
        kit.tick()
    assert ends(kit) == ["old-end"]


def test_the_same_again_is_no_edit(host: Any) -> None:  # V3
    for _ in range(3):
        host.start(Workspace.from_json(OLD.to_json(), events=[Begun, Paid]))
