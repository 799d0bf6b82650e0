"""Do workers do all kinds of work in turn, outlive a store that is gone, and wake when they are needed?"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from journeykit import (
    Accepted,
    Event,
    Journey,
    MemoryStore,
    On,
    Orchestrator,
    OutgoingMessage,
    Policy,
    Send,
    Wait,
    Workspace,
    hours,
)
from journeykit.adapters.postgres import PostgresStore
from journeykit.errors import StoreBusyError, StoreError, StoreSchemaError, UsageError
from journeykit.kernel import journal as j
from journeykit.ports import InboxRow, Receipt
from journeykit.runtime import TickCounts
from journeykit.runtime.looping import KEPT, RETRIES
from journeykit.time import SECOND

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
PATIENCE = 30.0


class SignedUp(Event):
    pass


class Seen(Event):
    pass


welcome = Journey("welcome", entry=On(SignedUp), steps=[Send("hello", via=["email"])])
later = Journey("later", entry=On(Seen), steps=[Wait(hours(1)), Wait(hours(1))])
WORKSPACE = Workspace(
    journeys=[welcome, later], timezone="UTC", policy=Policy(consent={"email": "opt-out"})
)


class Clock:
    def __init__(self) -> None:
        self.at = NOON

    def now(self) -> datetime:
        return self.at


class Post:
    def __init__(self) -> None:
        self.act: Callable[[OutgoingMessage], None] = lambda message: None
        self.sent: list[str] = []

    def send(self, message: OutgoingMessage) -> Receipt:
        self.sent.append(message.customer_id)
        self.act(message)
        return Accepted()


class Dozing:
    """Takes no time to wait, and calls `then` with the seconds that it would have taken."""

    def __init__(self, then: Callable[[float], None]) -> None:
        self.then = then

    def wait(self, seconds: float) -> bool:
        self.then(seconds)
        return False

    def wake(self) -> None:
        pass

    def close(self) -> None:
        pass


class Flaky(MemoryStore):
    """Fails `due` for as long as there are errors in its list, and dozes as it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.errors: list[Exception] = []
        self.then: Callable[[float], None] = lambda seconds: None

    def waker(self) -> Dozing:
        return Dozing(self.then)

    def due(self, now: int, **asked: Any) -> Any:
        if self.errors:
            raise self.errors.pop(0)
        return super().due(now, **asked)


def worker_on(store: Any, **options: Any) -> Orchestrator:
    return Orchestrator(
        WORKSPACE, store=store, channels={"email": options.pop("post", Post())},
        clock=options.pop("clock", Clock()), **options,
    )  # fmt: skip


# ---- in turns


def test_every_turn_takes_some_of_everything() -> None:
    """Each backlog is four turns high: none waits for the end of another."""
    post, clock = Post(), Clock()
    kit = worker_on(MemoryStore(), batch=10, post=post, clock=clock)
    names = [f"{kind}{number}" for kind in "abc" for number in range(40)]
    kit.identify_many({"customer_id": name} for name in names)
    kit.track_many({"customer_id": f"b{number}", "event": "seen"} for number in range(40))
    clock.at += timedelta(hours=1)
    kit.track_many({"customer_id": f"c{number}", "event": "signed_up"} for number in range(40))
    kit.inbox.track_many({"customer_id": f"a{number}", "event": "seen"} for number in range(40))

    def done() -> tuple[int, int, int]:
        moved = [  # once when they entered
            isinstance(one, j.Moved) for number in range(40) for one in kit.journal(f"b{number}")
        ]
        return 40 - kit.store.depth(99), sum(moved) - 40, len(post.sent)

    assert done() == (0, 0, 0)
    for turn in range(1, 5):
        assert kit.turn(TickCounts())
        assert done() == (10 * turn, 10 * turn, 10 * turn)


# ---- while the store is gone


def test_a_store_that_is_gone_for_a_while_ends_no_worker() -> None:
    store, post, pauses = Flaky(), Post(), list[float]()
    kit = worker_on(store, post=post)
    kit.identify("ann")
    kit.track("ann", SignedUp())
    store.errors = [StoreError("gone")] * 4 + [StoreBusyError("locked")] * 4

    def then(seconds: float) -> None:
        pauses.append(seconds)
        if not store.errors and post.sent:
            kit.stop()

    store.then = then
    counts = kit.run(idle=timedelta(minutes=7))
    grown = [pause / SECOND for pause in RETRIES]
    assert pauses == [*grown, 60, 60, 420]  # no spinning; then it sleeps as ever
    assert (counts.accepted, post.sent) == (1, ["ann"])


def test_its_patience_begins_anew_once_the_store_is_back() -> None:
    store, pauses = Flaky(), list[float]()
    kit = worker_on(store)
    store.errors = [StoreError("gone")] * 2

    def then(seconds: float) -> None:
        pauses.append(seconds)
        if pauses == [1, 2, 60]:
            store.errors = [StoreError("gone again")]
        if len(pauses) == 5:
            kit.stop()

    store.then = then
    kit.run(idle=timedelta(minutes=1))
    assert pauses == [1, 2, 60, 1, 60]


def test_stopping_ends_the_wait_for_a_store_that_is_gone() -> None:
    store = MemoryStore()

    def gone(now: int, **asked: Any) -> Any:
        failed.set()
        raise StoreError("gone")

    kit = worker_on(store)
    failed = threading.Event()
    store.due = gone  # type: ignore[method-assign]
    thread = threading.Thread(target=kit.run, daemon=True)
    thread.start()
    assert failed.wait(PATIENCE)
    kit.stop()
    thread.join(PATIENCE)
    assert not thread.is_alive()


@pytest.mark.parametrize(
    "error", [StoreSchemaError("too new"), UsageError("closed"), ZeroDivisionError()]
)
def test_what_waiting_does_not_mend_ends_it(error: Exception) -> None:
    store = Flaky()
    kit = worker_on(store)
    store.errors = [error]
    with pytest.raises(type(error)):
        kit.run()


def test_what_it_remembers_does_not_grow() -> None:
    """Documents that nobody can read, a hundred at a time, for as long as it runs."""
    store, turns = Flaky(), [0]
    clock = Clock()
    kit = worker_on(store, clock=clock)

    def then(seconds: float) -> None:
        turns[0] += 1
        if turns[0] > 25:
            kit.stop()
            return
        clock.at += timedelta(seconds=1)
        rows = [InboxRow(f"c{turns[0]}-{number}", 0, b"?") for number in range(100)]
        store.append(rows)

    store.then = then
    counts = kit.run()
    assert len(counts.failures) == KEPT
    assert counts.failures[-1].customer_id.startswith("c25-")


# ---- waking up


@contextmanager
def running(kit: Orchestrator) -> Iterator[None]:
    """It sleeps for an hour where nobody wakes it: no test would end."""
    thread = threading.Thread(target=kit.run, kwargs={"idle": timedelta(hours=1)}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        kit.stop()
        thread.join(PATIENCE)
        assert not thread.is_alive()


def test_what_is_put_into_the_inbox_wakes_it() -> None:
    post, sent = Post(), threading.Event()
    post.act = lambda message: sent.set()
    kit = worker_on(MemoryStore(), post=post)
    kit.identify("ann")
    with running(kit):
        kit.inbox.track("ann", SignedUp())
        assert sent.wait(PATIENCE)


@pytest.mark.parametrize("way", ["inbox", "transaction", "at once"])
def test_another_process_wakes_it_on_postgresql(way: str, fresh_postgres: str) -> None:
    """The other orchestrator knows nothing of this one: only the database tells."""
    post, sent = Post(), threading.Event()
    post.act = lambda message: sent.set()
    with ExitStack() as stack:
        stores = [stack.enter_context(PostgresStore(fresh_postgres)) for _ in range(2)]
        kit = worker_on(stores[0], post=post)
        front = worker_on(stores[1])
        front.identify("ann")
        listens = threading.Event()
        waker = stores[0].waker

        def noted() -> Any:
            made = waker()
            listens.set()
            return made

        stores[0].waker = noted  # type: ignore[method-assign]
        stack.enter_context(running(kit))
        assert listens.wait(PATIENCE)
        if way == "inbox":
            front.inbox.track("ann", SignedUp())
        elif way == "at once":
            front.track("ann", SignedUp())
        else:
            with psycopg.connect(fresh_postgres) as connection, front.using(connection) as tx:
                tx.track("ann", SignedUp())
        assert sent.wait(PATIENCE)
