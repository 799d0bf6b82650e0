"""A disk that is full, a database that is locked or gone, a clock that goes back: nothing is lost.

Each ends in a clear error or a bounded wait; and when it is over, every message has left once,
under one key.
"""

from __future__ import annotations

import resource
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL, Identifier, Literal

from journeykit import (
    Accepted,
    Event,
    Journey,
    MemoryStore,
    On,
    Orchestrator,
    Policy,
    Retry,
    Send,
    SQLiteStore,
    Wait,
    Workspace,
    hours,
)
from journeykit.errors import StoreBusyError, StoreError, UsageError
from journeykit.kernel import decode_state, replay
from journeykit.kernel import journal as j
from journeykit.ports import OutgoingMessage, Receipt, Store
from journeykit.simulation import VirtualClock

START = 1_772_445_600_000_000  # 2026-03-02 10:00
SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
PEOPLE = [f"c{number:03}" for number in range(120)]


class Joined(Event):
    note: str = ""


class Log:
    """A channel whose provider keeps keys, and counts what it was handed."""

    def __init__(self) -> None:
        self.handed: Counter[str] = Counter()
        self.keys: dict[tuple[str, str], set[str]] = {}
        self.before_send: Callable[[], Any] = lambda: None
        self.answers: list[Receipt] = []

    def send(self, message: OutgoingMessage) -> Receipt:
        self.before_send()
        self.handed[message.key] += 1
        self.keys.setdefault((message.customer_id, message.template), set()).add(message.key)
        return self.answers.pop(0) if self.answers else Accepted()


def shop() -> Workspace:
    steps = [Wait(hours(1)), Send("one", via=["email"]), Wait(hours(1)), Send("two", via=["email"])]
    return Workspace(
        journeys=[Journey("w", entry=On(Joined), steps=steps)],
        timezone="UTC",
        policy=Policy(consent={"email": "opt-out"}),
    )


class Host:
    def __init__(self, store: Store) -> None:
        self.store = store
        self.clock = VirtualClock(START)
        self.log = Log()
        self.kit = Orchestrator(
            shop(), store=store, channels={"email": self.log}, clock=self.clock, batch=50
        )

    def enter(self, people: list[str] = PEOPLE) -> Host:
        self.kit.identify_many([{"customer_id": one} for one in people])
        rows = [{"customer_id": one, "event": "joined", "id": "e1"} for one in people]
        assert not self.kit.track_many(rows).bad
        return self

    def let_pass(self, micros: int) -> Host:
        self.clock.micros += micros
        return self

    def check(self, people: list[str] = PEOPLE, *, most: int = 1) -> None:
        """Everybody got both messages, each under one key, handed over `most` times at most."""
        assert {len(keys) for keys in self.log.keys.values()} == {1}
        assert sorted(self.log.keys) == sorted((one, t) for one in people for t in ("one", "two"))
        assert max(self.log.handed.values()) <= most
        assert self.kit.parked() == []
        for one in people[:: max(1, len(people) // 20)]:
            journal = self.kit.journal(one)
            assert replay(one, journal) == decode_state(self.store.load([one])[one].body)
            assert [e.at for e in journal] == sorted(e.at for e in journal)
            answers = [e.answer for e in journal if isinstance(e, j.Answered) and not e.late]
            assert answers.count("accepted") == 2


def until_done(host: Host, free: Callable[[], Any], errors: tuple[type[Exception], ...]) -> int:
    """Tick through both hours; let `free` end what is wrong as soon as it is told."""
    told = 0
    for _ in range(3):
        host.let_pass(HOUR)
        try:
            host.kit.tick()
        except errors:
            told += 1
            free()
            host.kit.tick()
    return told


# ---- SQLite


@contextmanager
def no_page_more(store: SQLiteStore) -> Iterator[Callable[[], None]]:
    """The database may not grow; what is freed can be used again, as on a disk."""
    connection: Any = store._database._connection
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")
    yield lambda: connection.execute("PRAGMA max_page_count = 1073741823")


@contextmanager
def no_byte_more(store: SQLiteStore) -> Iterator[Callable[[], None]]:
    """No file of this process may grow beyond the size that its log has now."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    files = [store.path, Path(f"{store.path}-wal")]
    most = max(file.stat().st_size for file in files) + 40_000

    def free() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
    try:
        yield free
    finally:
        free()


@pytest.mark.parametrize("full", [no_page_more, no_byte_more])
@pytest.mark.parametrize("when", ["before", "between"])
def test_a_disk_that_is_full_in_the_middle_of_a_tick(
    full: Any, when: str, tmp_path: Path
) -> None:  # D1
    with SQLiteStore(tmp_path / "a.db") as store:
        host = Host(store).enter()
        if when == "between":  # room for the decisions, not for what channels said
            calls = iter(range(1000))
            limits: list[Any] = []
            entered: list[Any] = []

            def limit() -> None:
                if next(calls) == 20:
                    entered.append(full(store))
                    limits.append(entered[0].__enter__())

            host.log.before_send = limit
            told = until_done(host, lambda: limits[0](), (StoreError,))
            entered[0].__exit__(None, None, None)
        else:
            with full(store) as free:
                told = until_done(host, free, (StoreError,))
        assert told == 1
        # What was handed over and could not be noted comes once more, under its key (D2).
        host.check(most=1 if when == "before" else 2)


def test_input_that_finds_the_disk_full_is_stored_as_a_whole_or_not_at_all(tmp_path: Path) -> None:
    with SQLiteStore(tmp_path / "a.db") as store:
        host = Host(store)
        host.kit.identify_many([{"customer_id": one} for one in PEOPLE])
        note = "x" * 2000
        rows = [
            {"customer_id": one, "event": "joined", "data": {"note": note}, "id": "e1"}
            for one in PEOPLE
        ]
        with no_page_more(store) as free:
            error = _first_error(lambda: host.kit.track_many(rows))
            assert "full" in str(error)
            before = [len(host.kit.journal(one)) for one in PEOPLE]
            free()
        outcome = host.kit.track_many(rows)
        assert (outcome.done, outcome.bad) == (len(PEOPLE), [])
        fresh = [not one.repeated for one in outcome.outcomes]
        assert fresh == [count == 1 for count in before]
        assert all(len(host.kit.customer(one).enrollments) == 1 for one in PEOPLE)


def _first_error(call: Callable[[], Any]) -> StoreError:
    for _ in range(50):
        try:
            call()
        except StoreError as error:
            return error
    raise AssertionError("the disk never was full")


def test_a_database_that_somebody_else_holds_is_waited_for_and_then_told(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with (
        SQLiteStore(path, busy_timeout=timedelta(milliseconds=20)) as store,
        closing(sqlite3.connect(path, isolation_level=None)) as other,
    ):
        host = Host(store).enter()
        calls = iter(range(1000))
        host.log.before_send = lambda: next(calls) == 20 and other.execute("BEGIN IMMEDIATE")
        told = until_done(host, lambda: other.execute("ROLLBACK"), (StoreBusyError,))
        assert told == 1
        host.check(most=2)


# ---- PostgreSQL


@contextmanager
def on_postgres(url: str, **options: Any) -> Iterator[Any]:
    from journeykit.adapters.postgres import PostgresStore

    store = PostgresStore(url, **options)
    try:
        yield store
    finally:
        store.close()


@pytest.mark.parametrize("when", ["due", "sent"])
def test_a_table_that_somebody_locks_is_waited_for_and_then_told(
    fresh_postgres: str, when: str
) -> None:
    patience = timedelta(milliseconds=50)
    with (
        on_postgres(fresh_postgres, lock_timeout=patience) as store,
        psycopg.connect(fresh_postgres) as other,
    ):
        host = Host(store).enter()
        name = store.names.schema or "public"
        tables = other.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = %s", [name]
        ).fetchall()

        def lock() -> None:
            listed = ", ".join(f'"{name}"."{table}"' for (table,) in tables)
            other.execute(f"LOCK TABLE {listed} IN ACCESS EXCLUSIVE MODE".encode())

        other.rollback()
        if when == "due":
            lock()
        else:
            calls = iter(range(1000))
            host.log.before_send = lambda: next(calls) == 20 and lock()
        told = until_done(host, other.rollback, (StoreBusyError,))
        assert told == 1
        host.check(most=2)


@pytest.mark.parametrize("when", ["due", "sent"])
def test_a_database_that_is_gone_and_comes_back(fresh_postgres: str, when: str) -> None:
    """Every connection breaks, and no new one is let in until the database is back."""
    name = conninfo_to_dict(fresh_postgres)["dbname"]
    with (
        on_postgres(fresh_postgres) as store,
        psycopg.connect(fresh_postgres, dbname="postgres", autocommit=True) as admin,
    ):
        host = Host(store).enter()

        def open_(allowed: bool) -> None:
            statement = SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
            admin.execute(statement.format(Identifier(name), Literal(allowed)))

        def leave() -> None:
            open_(False)
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
            )

        if when == "due":
            leave()
        else:
            calls = iter(range(1000))
            host.log.before_send = lambda: next(calls) == 20 and leave()
        for _ in range(3):  # for as long as it is gone, each call says so
            host.let_pass(HOUR if when == "due" else 0)
            if when == "sent":
                host.let_pass(HOUR)
            with pytest.raises(StoreError, match="PostgreSQL"):
                host.kit.tick()
        open_(True)
        for _ in range(3):
            host.let_pass(HOUR).kit.tick()
        host.check(most=2)


def test_what_postgresql_cannot_hold_is_refused_at_the_door_and_all_else_is_kept(
    fresh_postgres: str,
) -> None:  # F1
    with on_postgres(fresh_postgres) as store:
        host = Host(store)
        for wrong in ("a\0b", "\0", "\ud800"):
            with pytest.raises(UsageError, match="customer_id"):
                host.kit.identify(wrong, {})
        anything = "".join(chr(0x10000 + n * 524287 % 0xF0000) for n in range(651))
        with pytest.raises(UsageError, match="1300 bytes"):
            host.kit.identify(anything[:326], {})
        longest = anything[:325]
        host.kit.identify(longest, {})
        with pytest.raises(UsageError, match="without NUL"):
            host.kit.track(longest, Joined(), id="a\0b")
        for note in ("a\0b", "\\u0000", "\u202e", "\x1f", "\U0010ffff", "'; DROP TABLE x; --"):
            host.kit.track(longest, Joined(note=note), id=anything[325:649] + note[:1].strip("\0"))
            told = [e for e in host.kit.journal(longest) if isinstance(e, j.Received)]
            assert told[-1].data["note"] == note
        state = decode_state(store.load([longest])[longest].body)
        assert replay(longest, host.kit.journal(longest)) == state


# ---- clocks


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
@pytest.mark.parametrize("back", ["tick", "send"])
def test_O9_a_clock_that_goes_back_an_hour_fires_nothing_twice(
    kind: str, back: str, tmp_path: Path
) -> None:
    store: Any = MemoryStore() if kind == "memory" else SQLiteStore(tmp_path / "a.db")
    host = Host(store).enter()
    if back == "send":  # while messages are on their way
        calls = iter(range(1000))

        def jump() -> None:
            if next(calls) == 30:
                host.clock.micros -= HOUR

        host.log.before_send = jump
    host.let_pass(HOUR + MINUTE).kit.tick()
    if back == "tick":
        host.let_pass(-HOUR).kit.tick()
    host.enter()  # the very same events, told again
    for _ in range(40):
        host.let_pass(10 * MINUTE).kit.tick()
    host.check()
    store.close()


jumps = st.lists(
    st.tuples(
        st.sampled_from(["tick", "turn", "track", "fail", "identify"]),
        st.sampled_from([-3 * HOUR, -HOUR, -MINUTE, -1, 0, 1, MINUTE, HOUR // 2, HOUR, 2 * HOUR]),
    ),
    max_size=25,
)


@given(jumps)
@settings(max_examples=60)
def test_O9_wherever_the_clock_goes_each_message_leaves_once(course: Any) -> None:
    host = Host(MemoryStore())
    people = ["ann", "bob"]
    host.enter(people)
    for act, jump in course:
        host.clock.micros = max(START - 5 * HOUR, host.clock.micros + jump)
        if act == "tick":
            host.kit.tick()
        elif act == "turn":
            host.kit.turn(_counts())
        elif act == "track":
            host.kit.track("ann", Joined(), id="e1")
        elif act == "identify":
            host.kit.identify("bob", {})
        else:
            host.log.answers.append(Retry(after=timedelta(minutes=5)))
    host.log.answers.clear()
    host.clock.micros = max(host.clock.micros, START)
    for _ in range(40):
        host.let_pass(HOUR).kit.tick()
    host.check(people, most=1 + sum(act == "fail" for act, _ in course))


def _counts() -> Any:
    from journeykit.runtime import TickCounts

    return TickCounts()
