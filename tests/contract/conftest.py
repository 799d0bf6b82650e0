"""The same script, run three ways: in a simulation, and by an orchestrator on each store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from journeykit import MemoryStore, Orchestrator, SQLiteStore, Workspace
from journeykit.kernel import encode_entries
from journeykit.kernel import journal as j
from journeykit.simulation import ScriptedChannel, Simulation, VirtualClock
from journeykit.time import to_micros


def instant(text: str) -> datetime:
    """`2026-03-02 10:00`, with seconds and micros if wanted, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class Host:
    """An orchestrator whose clock stands still until it is set. It does not tick by itself."""

    def __init__(self, workspace: Workspace, store: Any, at: str) -> None:
        self.clock = VirtualClock(to_micros(instant(at)))
        self.channels = {name: ScriptedChannel(name) for name in workspace.policy.consent}
        self.kit = Orchestrator(workspace, store=store, channels=self.channels, clock=self.clock)

    def at(self, moment: str) -> Host:
        """Set the clock; nothing else happens."""
        self.clock.micros = to_micros(instant(moment))
        return self

    def tick(self) -> None:
        self.kit.tick()

    def track(self, event: Any, **more: Any) -> Any:
        if isinstance(more.get("occurred_at"), str):
            more["occurred_at"] = instant(more["occurred_at"])
        return self.kit.track("ann", event, **more)

    @property
    def steps(self) -> list[str]:
        """Where the open runs stand."""
        return [run.step for run in self.kit.customer("ann").enrollments]

    @property
    def ended(self) -> list[tuple[str, str]]:
        """(status, reason) of the runs that ended, in order."""
        return [
            (entry.status, entry.reason)
            for entry in self.kit.journal("ann")
            if isinstance(entry, j.Ended)
        ]

    @property
    def sent(self) -> list[str]:
        """Templates that were accepted, by channel and order."""
        return [m.template for channel in self.channels.values() for m in channel.accepted]

    @property
    def refused(self) -> list[str]:
        """Reasons for which triggers did not enter."""
        return [e.reason for e in self.kit.journal("ann") if isinstance(e, j.Refused)]

    @property
    def journal(self) -> bytes:
        return encode_entries(self.kit.journal("ann"))


@pytest.fixture(params=["memory", "sqlite"])
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., Host]]:
    """Return a maker of hosts, each with its own store and with Ann identified."""
    stores: list[Any] = []

    def make(workspace: Workspace, at: str = "2026-03-02 10:00", **attributes: Any) -> Host:
        if request.param == "memory":
            store: Any = MemoryStore()
        else:
            store = SQLiteStore(tmp_path / f"{len(stores)}.db")
            stores.append(store)
        made = Host(workspace, store, at)
        made.kit.identify("ann", {"timezone": "UTC", **attributes})
        return made

    yield make
    for store in stores:
        store.close()


@pytest.fixture
def simulate() -> Callable[..., Any]:
    """Return a maker of (simulation, Ann); texts are read in UTC."""

    def make(workspace: Workspace, at: str = "2026-03-02 10:00", **attributes: Any) -> Any:
        sim = Simulation(workspace, at=at, tz="UTC")
        return sim, sim.customer("ann", attributes)

    return make
