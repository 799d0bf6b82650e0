"""Each promise that only coroutines can break is broken on purpose, and the check notices."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from journeykit.adapters import MemoryStore, RecordingChannel, SQLiteStore
from journeykit.adapters.threaded import ThreadedStore
from journeykit.ports import (
    CustomerCommit,
    InboxRow,
    OutgoingMessage,
    Receipt,
    Rejected,
)
from journeykit.testing import async_contract as promises
from journeykit.testing import check_async_channel, check_async_store
from journeykit.testing.async_contract import ASYNC_STORE_PROMISES


class Plain(ThreadedStore):
    """Keeps every promise."""

    def __init__(self) -> None:
        super().__init__(MemoryStore(), threads=1)


class HasAPlainMethod(Plain):
    """What looks is a coroutine, what counts is not."""

    def recover(self, worker: str) -> Any:
        return super().recover(worker)


class BlocksTheLoop(Plain):
    """It has coroutines, and none of them ever waits."""

    async def commit(self, commits: Sequence[CustomerCommit]) -> Sequence[str]:
        return self._store.commit(commits)


class WritesInParts(Plain):
    """The document is written, then comes a pause, then the rest."""

    async def commit(self, commits: Sequence[CustomerCommit]) -> Sequence[str]:
        (one,) = commits
        if one.put and not one.expected:
            document = CustomerCommit(one.customer_id, 0, one.body, None)
            self._store.commit([document])
            await asyncio.sleep(0)
            late = CustomerCommit(
                one.customer_id, 1, one.body, None, 1, one.at, one.journal, put=one.put
            )
            return self._store.commit([late])
        return await super().commit(commits)


class KeepsTheLock(Plain):
    """Whoever is cancelled behind the lock takes it along."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = asyncio.Lock()

    async def commit(self, commits: Sequence[CustomerCommit]) -> Sequence[str]:
        await asyncio.wait_for(self._lock.acquire(), 0.2)
        stale = await super().commit(commits)
        self._lock.release()
        return stale


class LosesTheQueue(Plain):
    """One connection, one queue: a cancellation empties it for all."""

    def __init__(self) -> None:
        super().__init__()
        self._calls: set[asyncio.Future[None]] = set()

    async def append(self, rows: Sequence[InboxRow]) -> None:
        mine = asyncio.ensure_future(super().append(rows))
        self._calls.add(mine)
        try:
            await asyncio.shield(mine)
        except asyncio.CancelledError:
            for call in self._calls:
                call.cancel()
            raise
        finally:
            self._calls.discard(mine)


class AppendsTwice(Plain):
    """What was cut off is done once more, to be sure."""

    async def append(self, rows: Sequence[InboxRow]) -> None:
        try:
            await super().append(rows)
        except asyncio.CancelledError:
            self._store.append(rows)
            raise


SABOTAGE: Sequence[tuple[Callable[[Any], Awaitable[None]], type[Plain]]] = [
    (promises.has_coroutines, HasAPlainMethod),
    (promises.leaves_the_loop_to_others, BlocksTheLoop),
    (promises.is_whole_after_a_cancellation, WritesInParts),
    (promises.is_whole_after_a_cancellation, KeepsTheLock),
    (promises.serves_others_after_a_cancellation, LosesTheQueue),
    (promises.serves_others_after_a_cancellation, AppendsTwice),
]


def complaint(promise: Callable[[Any], Awaitable[None]], make: type[Plain]) -> str:
    async def act() -> None:
        store = make()
        try:
            await promise(store)
        finally:
            await store.close()

    try:
        asyncio.run(act())
    except (AttributeError, NameError, TypeError):
        raise  # a fault of the saboteur's own proves nothing
    except Exception as error:
        return repr(error)
    return ""


@pytest.mark.parametrize(
    ("promise", "saboteur"), SABOTAGE, ids=lambda one: getattr(one, "__name__", None)
)
def test_each_saboteur_is_noticed(
    promise: Callable[[Any], Awaitable[None]], saboteur: type[Plain]
) -> None:
    assert complaint(promise, saboteur)
    assert complaint(promise, Plain) == ""


def test_no_promise_is_without_a_saboteur() -> None:
    assert {promise for promise, _ in SABOTAGE} == set(ASYNC_STORE_PROMISES)


class NeverStale(BlocksTheLoop):
    """Breaks a promise that is no matter of coroutines, and one that is."""

    async def commit(self, commits: Sequence[CustomerCommit]) -> Sequence[str]:
        await super().commit(commits)
        return []


def test_the_complaint_names_what_is_broken_of_both_kinds() -> None:
    with pytest.raises(AssertionError) as raised:
        check_async_store(NeverStale)
    said = str(raised.value)
    assert said.startswith("the store breaks its contract (ports/store.py):\n")
    assert "  writes_nothing_of_a_stale_commit: " in said
    assert "  leaves_the_loop_to_others: While a call waits, the other tasks" in said


def test_a_store_that_keeps_every_promise_passes_and_may_be_made_by_a_coroutine() -> None:
    async def make() -> Plain:
        await asyncio.sleep(0)
        return Plain()

    check_async_store(make)


@pytest.mark.slow
def test_a_store_of_threads_on_a_file_passes_twice_opened(tmp_path: Path) -> None:
    paths: dict[int, Path] = {}

    def make() -> ThreadedStore:
        path = tmp_path / f"{len(paths)}.db"
        store = ThreadedStore(SQLiteStore(path))
        paths[id(store)] = path
        kept.append(store)
        return store

    kept: list[ThreadedStore] = []
    check_async_store(make, reopen=lambda store: ThreadedStore(SQLiteStore(paths[id(store)])))


# ---- channels


class Channel:
    """Keeps every promise."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._within = RecordingChannel()

    async def send(self, message: OutgoingMessage) -> Receipt:
        await asyncio.sleep(0)
        self.names.append(self.name_of(message))
        return self._within.send(message)

    def name_of(self, message: OutgoingMessage) -> str:
        return message.key


class AcceptsNobody(Channel):
    async def send(self, message: OutgoingMessage) -> Receipt:
        return Rejected("no such user")


class ForgetsTheKey(Channel):
    def name_of(self, message: OutgoingMessage) -> str:
        return f"{message.key}-{message.attempt}"


class MixesTasksUp(Channel):
    """Keeps the message that it is at in itself."""

    at: OutgoingMessage

    async def send(self, message: OutgoingMessage) -> Receipt:
        self.at = message
        await asyncio.sleep(0.001)
        return await super().send(self.at)


def names(channel: Channel) -> Sequence[str]:
    return channel.names


@pytest.mark.parametrize(
    ("saboteur", "broken"),
    [
        (AcceptsNobody, "accepts_a_plain_message"),
        (ForgetsTheKey, "keeps_the_key"),
        (MixesTasksUp, "serves_several_threads"),
    ],
)
def test_a_channel_that_breaks_a_promise_is_noticed(saboteur: type[Channel], broken: str) -> None:
    with pytest.raises(AssertionError, match=f"(?s)the channel breaks its contract.*  {broken}: "):
        check_async_channel(saboteur, sent=names)


def test_a_channel_that_keeps_every_promise_passes() -> None:
    check_async_channel(Channel, sent=names)
    check_async_channel(MixesTasksUp, sent=names, tasks=False)


def test_a_channel_without_coroutines_is_told_so() -> None:
    with pytest.raises(AssertionError, match="check_channel is for such a channel"):
        check_async_channel(RecordingChannel)  # type: ignore[type-var]  # what is wrong
