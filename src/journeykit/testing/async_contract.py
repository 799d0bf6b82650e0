"""Do these coroutines keep every promise? `check_async_store` and `check_async_channel` tell.

They are put through the promises of `check_store` and `check_channel`, which see them through a
loop that runs in a thread of its own; and through those that only coroutines can break.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import wraps
from inspect import isawaitable, iscoroutinefunction
from typing import Any, Generic, TypeVar, cast

from journeykit.ports import AsyncChannel, AsyncStore, Channel, Store
from journeykit.testing.channel_contract import broken_by_channel, complain_of_channel
from journeykit.testing.store_contract import broken_by_store, complain_of_store, told_of
from journeykit.testing.store_materials import NOW, commit, expect, expect_equal, message, told

S = TypeVar("S", bound=AsyncStore)
C = TypeVar("C", bound=AsyncChannel)
T = TypeVar("T")
Made = Callable[[], T | Awaitable[T]]

_PATIENCE_SECONDS = 60
_STEPS = 25


class Loop:
    """An event loop in a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Loop:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_PATIENCE_SECONDS)
        if not self._thread.is_alive():
            self._loop.close()

    def run(self, awaited: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the loop; return its answer."""
        return asyncio.run_coroutine_threadsafe(awaited, self._loop).result(_PATIENCE_SECONDS)

    def make(self, make: Made[T]) -> T:
        """Call `make` within the loop."""
        return self.run(_made(make))


async def _made(make: Made[T]) -> T:
    made = make()
    return (await made) if isawaitable(made) else made


class Seen(Generic[T]):
    """Something with coroutines, seen as if it had none. `within` is the thing itself."""

    def __init__(self, within: T, loop: Loop) -> None:
        self.within = within
        self._loop = loop

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.within, name)
        if not iscoroutinefunction(found):
            return found

        @wraps(found)
        def call(*args: Any, **kwargs: Any) -> Any:
            return self._loop.run(found(*args, **kwargs))

        return call


def check_async_store(
    make: Callable[[], S | Awaitable[S]],
    *,
    reopen: Callable[[S], AsyncStore | Awaitable[AsyncStore]] | None = None,
) -> None:
    """Put fresh stores from `make` through every promise, one store per promise.

    It needs no test framework, and must not be called from within an event loop: it has one of
    its own, in which `make` and `reopen` are called too, and may be coroutine functions.

    Args:
        make: Returns a new store with nothing in it; each is closed after its promise.
        reopen: Opens the data of a store once more, as a second process would, while the
            first stays open. Give it for a store that outlives its process.

    Raises:
        AssertionError: Lists every promise that was broken, by name, and how.
    """
    with Loop() as loop:

        def seen() -> Store:
            return cast(Store, Seen(loop.make(make), loop))

        def again(store: Store) -> Store:
            assert reopen is not None
            within = cast("Seen[S]", store).within
            return cast(Store, Seen(loop.make(lambda: reopen(within)), loop))

        broken = broken_by_store(seen, reopen=again if reopen else None)
        for promise in ASYNC_STORE_PROMISES:
            try:
                loop.run(_kept(promise, make))
            except Exception as error:  # whatever it raises, the promise is not kept
                broken.append((told_of(promise, error), error))
    complain_of_store(broken)


def check_async_channel(
    make: Callable[[], C | Awaitable[C]],
    *,
    address: str = "ann@example.com",
    sent: Callable[[C], Sequence[str]] | None = None,
    tasks: bool = True,
) -> None:
    """Put fresh channels from `make` through every promise of `check_channel`.

    It must not be called from within an event loop: it has one of its own, in which `make` is
    called too, and may be a coroutine function.

    Args:
        make, address, sent: As for `check_channel`.
        tasks: Say False for a channel that is for one task only.

    Raises:
        AssertionError: Lists every promise that was broken, by name, and how.
    """
    with Loop() as loop:

        def seen() -> Channel:
            channel = loop.make(make)
            expect(
                iscoroutinefunction(getattr(channel, "send", None)),
                "send is no coroutine function; check_channel is for such a channel",
            )
            return cast(Channel, Seen(channel, loop))

        def names(channel: Channel) -> Sequence[str]:
            assert sent is not None
            return sent(cast("Seen[C]", channel).within)

        broken = broken_by_channel(seen, address, names if sent else None, threads=tasks)
    complain_of_channel(broken)


async def _kept(promise: Callable[[S], Awaitable[None]], make: Made[S]) -> None:
    store = await _made(make)
    try:
        await asyncio.wait_for(promise(store), _PATIENCE_SECONDS)
    finally:
        await asyncio.wait_for(store.close(), _PATIENCE_SECONDS)


# ---- what only coroutines can break


async def has_coroutines(store: AsyncStore) -> None:
    """Every method is a coroutine function."""
    names = [name for name in vars(AsyncStore) if not name.startswith("_")]
    plain = [name for name in names if not iscoroutinefunction(getattr(store, name, None))]
    expect_equal(plain, [], "methods that are no coroutine functions")


async def leaves_the_loop_to_others(store: AsyncStore) -> None:
    """While a call waits, the other tasks of the loop go on."""
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    counting = asyncio.ensure_future(count())
    await asyncio.sleep(0)
    before = turns
    for version in range(10):
        await store.commit([commit("ann", version)])
    counting.cancel()
    expect(turns - before >= 10, f"others got {turns - before} turns during ten commits")


async def is_whole_after_a_cancellation(store: AsyncStore) -> None:
    """A call that is cancelled wrote all of it or nothing, and the store can still be used."""
    for step in range(_STEPS):
        ann, key = f"ann-{step}", f"key-{step}"
        wanted = commit(ann, put=[message(key, customer=ann)], entries=[{"n": step}])
        await _cancelled(store.commit([wanted]), step)
        found = (await store.load([ann])).get(ann)
        written = {
            "the document": found is not None,
            "the journal": bool(list(await store.journal(ann))),
            "the outbox": await _is_queued(store, key),
        }
        expect(len(set(written.values())) == 1, f"cancelled after {step} steps: {written}")
        version = 0 if found is None else found.version
        stale = await store.commit([commit(ann, version, first_seq=2)])
        expect_equal(list(stale), [], f"stale ones behind a commit cancelled after {step} steps")


async def serves_others_after_a_cancellation(store: AsyncStore) -> None:
    """What was cancelled while it waited for its turn holds up nobody."""
    for step in range(_STEPS):
        calls = [store.append([told("ann", f"{step}-{number}".encode())]) for number in range(4)]
        waiting = [asyncio.ensure_future(one) for one in calls]
        for _ in range(step):
            await asyncio.sleep(0)
        waiting[0].cancel()
        waiting[2].cancel()
        answers = await asyncio.gather(*waiting, return_exceptions=True)
        failed = [one for one in (answers[1], answers[3]) if isinstance(one, BaseException)]
        expect_equal(failed, [], f"what others got after {step} steps")
    rows = (await store.inbox(["ann"], limit=10 * _STEPS)).get("ann", ())
    bodies = {row.body for row in rows}
    lost = [n for n in range(_STEPS) if not {f"{n}-1".encode(), f"{n}-3".encode()} <= bodies]
    expect_equal(lost, [], "rounds in which what nobody cancelled was lost")
    expect_equal(len(rows), len(bodies), "rows, each of them once")


async def _cancelled(call: Coroutine[Any, Any, object], steps: int) -> None:
    """Let a call run for so many steps of the loop, and cancel it."""
    running = asyncio.ensure_future(call)
    for _ in range(steps):
        await asyncio.sleep(0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def _is_queued(store: AsyncStore, key: str) -> bool:
    until = NOW + 1
    claims = await store.claim(NOW, limit=10_000, lease_until=until, worker="w1")
    await store.unclaim(claims)
    return key in {one.key for one in claims}


ASYNC_STORE_PROMISES: tuple[Callable[[Any], Awaitable[None]], ...] = (
    has_coroutines,
    leaves_the_loop_to_others,
    is_whole_after_a_cancellation,
    serves_others_after_a_cancellation,
)
