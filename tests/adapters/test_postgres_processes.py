"""Several processes and tasks, one PostgreSQL: killed, cancelled, asleep and woken."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from journeykit.adapters.postgres import PostgresStore
from journeykit.adapters.postgres_async import AsyncPostgresStore
from journeykit.errors import StoreBusyError, UsageError
from journeykit.ports import InboxRow
from journeykit.testing.store_materials import NOW, SECOND, commit, keys, message, write

Start = Callable[..., Any]
LATER = NOW + 60 * SECOND
PATIENCE = 30.0
ROW = InboxRow("ann", NOW, b"")

WORKER = """
    import sys
    from journeykit.adapters.postgres import PostgresStore
    store, now, later = PostgresStore(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    terms = dict(limit=9, lease_until=later, worker="w1")
    print(*store.due(now, **terms), flush=True)
    print(*store.waiting(now, **terms), flush=True)
    print(*(one.key for one in store.claim(now, **terms)), flush=True)
    sys.stdin.readline()
"""

IN_THE_MIDST = """
    import sys
    from journeykit.adapters import postgres_connection
    from journeykit.adapters.postgres import PostgresStore
    from journeykit.testing.store_materials import commit, message
    store, send, sent = PostgresStore(sys.argv[1]), postgres_connection._send, []

    def stop_behind_the_first(*args):
        if sent:
            print("stopped", flush=True)
            sys.stdin.readline()
        sent.append(args)
        return send(*args)

    postgres_connection._send = stop_behind_the_first
    store.commit([commit("ann", 1, due=7, put=[message("m2")]), commit("bob")])
"""


@pytest.fixture
def store(fresh_postgres: str) -> Iterator[PostgresStore]:
    with PostgresStore(fresh_postgres) as store:
        yield store


# ---- Killed


def test_leases_of_a_killed_worker_end(
    store: PostgresStore, fresh_postgres: str, child: Start
) -> None:
    write(store, commit("ann", due=NOW, put=[message("m1")]))
    store.append([InboxRow("bob", NOW, b"")])
    worker = child(WORKER, fresh_postgres, NOW, LATER)
    assert [worker.hear() for _ in range(3)] == ["ann", "bob", "m1"]
    worker.kill()

    def found(now: int) -> list[list[str]]:
        terms: dict[str, Any] = {"limit": 9, "lease_until": 2 * LATER, "worker": "w2"}
        claims = store.claim(now, **terms)
        return [
            list(store.due(now, **terms)), list(store.waiting(now, **terms)), keys(claims),
        ]  # fmt: skip

    assert found(LATER - 1) == [[], [], []]
    assert found(LATER) == [["ann"], ["bob"], ["m1"]]


def test_D1_nothing_is_left_of_a_commit_that_was_killed_in_its_midst(
    store: PostgresStore, fresh_postgres: str, child: Start
) -> None:
    write(store, commit("ann", put=[message("m1")]))
    other = child(IN_THE_MIDST, fresh_postgres)
    assert other.hear() == "stopped"
    hasty = PostgresStore(fresh_postgres, lock_timeout=timedelta(milliseconds=50))
    with hasty, pytest.raises(StoreBusyError):
        hasty.commit([commit("ann", 1)])
    other.kill()
    write(store, commit("ann", 1))  # waits until the server has seen that nobody is there
    assert store.customers() == ["ann"]
    assert store.next_due() == NOW  # the message that was there


# ---- Woken


@contextmanager
def asleep(waker: Any) -> Iterator[list[bool]]:
    """Let another thread sleep; the list has what the sleep came to, behind the block."""
    told: list[bool] = []
    thread = threading.Thread(target=lambda: told.append(waker.wait(PATIENCE)))
    thread.start()
    yield told
    thread.join(2 * PATIENCE)


@pytest.mark.parametrize(
    "act",
    [
        lambda store: store.append([ROW]),
        lambda store: store.commit([commit("ann", due=NOW + SECOND)]),
        lambda store: store.commit([commit("ann", put=[message("m1", NOW)])]),
    ],
)
def test_work_from_elsewhere_wakes(store: PostgresStore, fresh_postgres: str, act: Any) -> None:
    with PostgresStore(fresh_postgres) as other:
        waker = store.waker()
        assert not waker.wait(0)
        with asleep(waker) as told:
            act(other)
        assert told == [True]
        assert not waker.wait(0)
        store.append([ROW])  # what comes before the sleep counts as well, once
        assert waker.wait(PATIENCE)
        assert not waker.wait(0)
        waker.close()
        waker.close()


def test_what_is_due_much_later_wakes_nobody(store: PostgresStore) -> None:
    waker = store.waker()
    store.commit([commit("ann", due=NOW + 3600 * SECOND, at=NOW)])
    store.load(["ann"])
    assert not waker.wait(0)
    waker.close()


def test_another_thread_can_end_the_sleep(store: PostgresStore) -> None:
    waker = store.waker()
    with asleep(waker) as told:
        waker.wake()
    assert told == [True]
    for _ in range(100_000):
        waker.wake()  # as often as anybody likes
    assert waker.wait(0)
    waker.close()
    waker.wake()


def test_a_waker_that_lost_its_connection_finds_another(
    store: PostgresStore, fresh_postgres: str
) -> None:
    waker = store.waker()
    with psycopg.connect(fresh_postgres, autocommit=True) as db:
        db.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    woken = [waker.wait(0) for _ in range(4)]
    assert True in woken  # nobody knows what was missed
    assert not waker.wait(0)
    store.append([ROW])
    assert waker.wait(PATIENCE)
    waker.close()


def test_while_the_database_is_away_a_worker_sleeps(
    store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    waker = store.waker()
    waker.close()

    def away() -> None:
        raise psycopg.OperationalError("away")

    monkeypatch.setattr(store._database, "connect", away)
    waker = store.waker()
    assert not waker.wait(0.01)
    with asleep(waker) as told:
        waker.wake()
    assert told == [True]
    waker.close()


# ---- Awaited


def test_a_sleeping_task_whose_connection_is_lost_looks_for_itself(fresh_postgres: str) -> None:
    async def scene() -> None:
        async with AsyncPostgresStore(fresh_postgres) as store:
            waker = store.waker()
            assert await waker.wait(PATIENCE)
            sleep = asyncio.create_task(waker.wait(10 * PATIENCE))
            async with await psycopg.AsyncConnection.connect(fresh_postgres, autocommit=True) as db:
                await db.execute(
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            async with asyncio.timeout(PATIENCE):
                assert not await sleep
            assert await waker.wait(PATIENCE)  # it listens again
            await waker.close()

    asyncio.run(scene())


def test_tasks_share_few_connections_and_wake_each_other(fresh_postgres: str) -> None:
    async def scene() -> None:
        async with AsyncPostgresStore(fresh_postgres, connections=2) as store:
            await asyncio.gather(*(store.commit([commit(f"c{n}", due=NOW)]) for n in range(20)))
            assert len(await store.customers()) == 20
            taken = await asyncio.gather(
                *(store.due(NOW, limit=5, lease_until=LATER, worker=f"w{n}") for n in range(4))
            )
            assert sorted(len(one) for one in taken) == [5, 5, 5, 5]
            assert len({id for one in taken for id in one}) == 20
            waker = store.waker()
            assert await waker.wait(PATIENCE)  # nobody listened before
            assert not await waker.wait(0)
            sleep = asyncio.create_task(waker.wait(PATIENCE))
            await store.append([ROW])
            assert await sleep
            sleep = asyncio.create_task(waker.wait(PATIENCE))
            await asyncio.to_thread(waker.wake)
            assert await sleep
            await waker.close()
            await waker.close()
        with pytest.raises(UsageError, match="closed"):
            await store.next_due()

    asyncio.run(scene())


def test_a_call_that_is_cancelled_leaves_nothing_behind(fresh_postgres: str) -> None:
    waiting_for_us = (
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        " AND datname = current_database()"
    )

    async def scene() -> None:
        store = AsyncPostgresStore(fresh_postgres, connections=1)
        await store.commit([commit("ann")])
        async with await psycopg.AsyncConnection.connect(fresh_postgres) as other:
            await other.execute("UPDATE journeykit_customer SET version = version")
            task = asyncio.create_task(store.commit([commit("bob"), commit("ann", 1)]))
            while (await (await other.execute(waiting_for_us)).fetchone()) == (0,):
                await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await store.versions(["ann", "bob"]) == {"ann": 1}  # the only connection
        assert await store.commit([commit("ann", 1)]) == []
        await store.close()

    asyncio.run(scene())
