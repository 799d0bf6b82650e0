"""What survives a SIGKILL before any statement? A scenario, killed at every numbered place.

A process of its own, since it forks: for each place it lets a child play the scenario, which
kills itself there, and a second child that goes on with what the first was doing, on the same
store under the same worker name. Places are the statements that reach the database, commits
included, and for each hand-over the moments before and after the provider took it.

Run as `python tests/kill_harness.py sqlite FOLDER STEP OFFSET` or `... postgres FOLDER STEP
OFFSET URL`; prints one JSON line: how many places there are, how many were tried, and every
promise that was broken.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sqlite3
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import psycopg

import postgres_server
from journeykit import (
    Accepted,
    Address,
    Event,
    FrequencyCap,
    Journey,
    On,
    Orchestrator,
    OutgoingMessage,
    Policy,
    Profile,
    QuietHours,
    Rejected,
    Retry,
    Send,
    SQLiteStore,
    Wait,
    Workspace,
    hours,
)
from journeykit.adapters.postgres import PostgresStore
from journeykit.ports import Receipt, Store


class SignedUp(Event):
    pass


class OfferSeen(Event):
    pass


class Left(Event):
    pass


class Person(Profile):
    email: Annotated[str | None, Address("email")] = None


workspace = Workspace(
    journeys=[
        Journey(
            "welcome",
            entry=On(SignedUp),
            steps=[Send("one", via=["email"]), Wait(hours(1)), Send("two", via=["email"])],
        ),
        Journey(
            "offers",
            entry=On(OfferSeen),
            exits=[On(Left)],
            steps=[Send("offer", via=["sms"])],
        ),
    ],
    profile=Person,
    timezone="Europe/Berlin",
    policy=Policy(
        consent={"email": "opt-in", "sms": "opt-in"},
        quiet_hours=[QuietHours("21:00", "08:00", channels=["sms"])],
        caps=[FrequencyCap(5, per=timedelta(days=7))],
    ),
)
PEOPLE = {"ann": "ann@example.org", "bob": "dead@example.org", "cy": "cy@example.org"}
EVENING = datetime(2026, 3, 2, 20, 30, tzinfo=UTC)  # 21:30 in Berlin: quiet for sms
_DOUBTS = ("doubt",)
"""Entries that only a crash brings: nobody told what became of a hand-over."""


class Places:
    """Counts the places that a life comes to, and ends it at one of them."""

    def __init__(self, kill_at: int) -> None:
        self.kill_at = kill_at
        self.count = 0

    def come(self) -> None:
        if self.count == self.kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        self.count += 1


class Provider:
    """Writes every message down before it answers; what it answers depends on the message alone."""

    def __init__(self, log: Path, places: Places) -> None:
        self._log = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self._places = places

    def send(self, message: OutgoingMessage) -> Receipt:
        self._places.come()
        line = [message.key, message.customer_id, message.template, message.attempt]
        os.write(self._log, json.dumps(line).encode() + b"\n")
        self._places.come()
        if message.address.startswith("dead"):
            return Rejected("no such mailbox")
        if message.template == "two" and message.attempt == 1:
            return Retry("busy", after=timedelta(minutes=10))
        return Accepted(message.key)


class Host:
    """Plays the scenario, and writes down how far it came."""

    def __init__(self, folder: Path, store: Store, places: Places) -> None:
        self._place, self._time = folder / "place", folder / "time"
        self.store = store
        self._at = EVENING
        if self._time.exists():
            self._at = datetime.fromisoformat(self._time.read_text())
        provider = Provider(folder / "provider.log", places)
        self.kit = Orchestrator(
            workspace, store=store, channels={"email": provider, "sms": provider}, clock=self,
            worker="only", batch=2,
        )  # fmt: skip

    def now(self) -> datetime:
        return self._at

    def run(self) -> None:
        done = int(self._place.read_text()) if self._place.exists() else 0
        for number, (at, act) in enumerate(self._script()):
            if number < done:
                continue
            while (due := self.kit.next_due()) is not None and due < at:
                self._pass_time(max(self._at, due))
                self.kit.tick()
            self._pass_time(max(self._at, at))
            act()
            self.kit.tick()
            _write(self._place, str(number + 1))

    def _pass_time(self, at: datetime) -> None:
        self._at = at
        _write(self._time, at.isoformat())

    def _script(self) -> Iterator[tuple[datetime, Callable[[], object]]]:
        kit = self.kit
        yield EVENING, self._make_known
        for name in PEOPLE:
            yield EVENING, lambda name=name: kit.track(name, SignedUp(), id=f"s-{name}")
        rows = [{"customer_id": n, "event": "offer_seen", "id": f"o-{n}"} for n in ("ann", "cy")]
        yield EVENING + timedelta(minutes=5), lambda: kit.track_many(rows)
        # cy leaves while the offer is held for the night: it is withdrawn
        yield EVENING + timedelta(hours=3), lambda: kit.inbox.track("cy", Left(), id="l-cy")
        yield EVENING + timedelta(days=2), lambda: None

    def _make_known(self) -> None:
        known = self.store.versions(list(PEOPLE))
        self.kit.identify_many([
            {"customer_id": name, "attributes": {"email": email}, "consents": ["email", "sms"]}
            for name, email in PEOPLE.items()
            if name not in known
        ])  # fmt: skip


def _write(path: Path, text: str) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_text(text)
    fresh.replace(path)


# ---- lives, each in a process of its own


def _open(kind: str, folder: Path, url: str, places: Places) -> Store:
    if kind == "sqlite":
        connect = sqlite3.connect

        def traced(*args: Any, **options: Any) -> sqlite3.Connection:
            connection = connect(*args, **options)
            connection.set_trace_callback(lambda _: places.come())
            return connection

        sqlite3.connect = traced  # type: ignore[assignment]  # in this child alone
        return SQLiteStore(folder / "journeys.db", synchronous="off")
    for owner, name in (
        (psycopg.Cursor, "execute"), (psycopg.Cursor, "executemany"), (psycopg.Connection, "commit"),
    ):  # fmt: skip
        _numbered(owner, name, places)
    return PostgresStore(url)


def _numbered(owner: Any, name: str, places: Places) -> None:
    before = getattr(owner, name)

    def method(self: Any, *args: Any, **options: Any) -> Any:
        places.come()
        return before(self, *args, **options)

    setattr(owner, name, method)


def _live(kind: str, folder: Path, url: str, kill_at: int) -> int:
    """Play in a child; return its wait status. It leaves its count, and the journals, behind."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    try:
        logging.disable(logging.CRITICAL)
        places = Places(kill_at)
        store = _open(kind, folder, url, places)
        Host(folder, store, places).run()
        (folder / "places").write_text(str(places.count))
        left = store.claim(1 << 60, limit=9, lease_until=1 << 61, worker="w")
        told = {
            name: [e for r in store.journal(name) for e in json.loads(r.entries)] for name in PEOPLE
        }
        (folder / "end").write_text(json.dumps({"journals": told, "left": len(left)}))
        store.close()
    except BaseException:
        (folder / "error").write_text(traceback.format_exc())
        os._exit(1)
    os._exit(0)


class Calm:
    """What an undisturbed life leaves behind."""

    def __init__(self, folder: Path) -> None:
        end = json.loads((folder / "end").read_text())
        self.journals = end["journals"]
        self.places = int((folder / "places").read_text())
        self.calls = _calls(folder)


def _calls(folder: Path) -> Counter[tuple[str, str, str]]:
    log = folder / "provider.log"
    lines = log.read_text().splitlines() if log.exists() else []
    return Counter((key, customer, what) for key, customer, what, _ in map(json.loads, lines))


def broken(calm: Calm, folder: Path) -> Iterator[str]:
    """Yield what is not as in the undisturbed life."""
    if (folder / "error").exists():
        yield f"the second life failed: {(folder / 'error').read_text()}"
        return
    end = json.loads((folder / "end").read_text())
    calls = _calls(folder)
    if set(calls) != set(calm.calls):
        yield f"other messages or keys: {set(calls) ^ set(calm.calls)}"
    for call, times in calls.items():
        if times > calm.calls[call] + 1:
            yield f"{call} was handed over {times} times"
    for name, entries in end["journals"].items():
        told = [entry for entry in entries if entry[0] not in _DOUBTS]
        if told != calm.journals[name]:
            yield f"the journal of {name} differs"
    if end["left"]:
        yield f"{end['left']} messages were left in the outbox"


def main() -> None:
    kind, base, step, offset = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    url = sys.argv[5] if len(sys.argv) > 5 else ""
    wrong: list[str] = []

    def life_at(place: int) -> tuple[Path, int]:
        folder = base / str(place)
        folder.mkdir(parents=True)
        with ExitStack() as stack:
            mine = stack.enter_context(postgres_server.database(url)) if url else ""
            status = _live(kind, folder, mine, place)
            if place >= 0:
                if not os.WIFSIGNALED(status):
                    wrong.append(f"place {place}: the first life did not come there")
                status = _live(kind, folder, mine, -1)
        return folder, status

    calm = Calm(life_at(-1)[0])
    tried = 0
    for place in range(offset, calm.places, step):
        folder, _ = life_at(place)
        wrong += [f"place {place}: {what}" for what in broken(calm, folder)]
        tried += 1
    print(json.dumps({"store": kind, "places": calm.places, "kills": tried, "broken": wrong}))


if __name__ == "__main__":
    main()
