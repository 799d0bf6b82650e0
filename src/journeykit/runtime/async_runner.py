"""What does a host hold in its hand that lives in an event loop? An `AsyncRunner`.

The verbs are those of a `Runner`, and so are the flows: this only awaits what they ask for.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from datetime import timedelta
from inspect import isawaitable
from types import MappingProxyType
from typing import Any, TypeVar, cast

from journeykit.errors import UsageError
from journeykit.machine import compile_workspace
from journeykit.model import Workspace
from journeykit.ports import (
    AnyFunction,
    AsyncChannel,
    AsyncRenderer,
    AsyncStore,
    Channel,
    Clock,
    Delivery,
    Observer,
    Renderer,
    TokenSigner,
)
from journeykit.runtime import calls as c
from journeykit.runtime.async_couriers import AsyncCouriers
from journeykit.runtime.async_driver import ask, drive_async
from journeykit.runtime.async_waking import AsyncBell
from journeykit.runtime.calls import Flow
from journeykit.runtime.fitting import is_async
from journeykit.runtime.guards import OnlyTo
from journeykit.runtime.hands import Hands, enter_flow
from journeykit.runtime.lines import Lines
from journeykit.runtime.performing import Ports, Steps
from journeykit.runtime.runner import Verbs
from journeykit.runtime.verbs import Awaits
from journeykit.time import SECOND

R = TypeVar("R")


class AsyncRunner(Verbs, Awaits):
    """Runs a workspace in an event loop: a `Runner` whose calls are coroutines.

    `async with AsyncRunner(...) as kit:`, or `await kit.open()`, publishes the workspace; before
    that nothing can be called.

    Args:
        workspace: Its journeys are published to the store, when this is opened.
        store: An `AsyncStore`, such as `AsyncPostgresStore(...)` or `ThreadedStore(SQLiteStore(...))`.
        channels: One for each channel that a journey sends through. One whose `send` is a
            coroutine function is awaited; any other one works in a thread.
        renderer: Turns templates into content. What holds for channels holds for its `render`.
        clock: Tells the time.
        worker: Name of this worker, for leases; see `Runner`.
        lease: How long a claimed message is kept from other workers.
        batch: Customers or messages per transaction.
        tokens: Signs and reads the tokens of links, such as `journeykit.adapters.Tokens`.
        functions: What `Call` steps call, by name; they are called as channels are.
        only_to: Whom this host may write to at all; see `Runner`.
        observer: Is told counts and spans of time.
        delivery: How channels are called, by name: how many messages at a time, and when they
            are left alone. A channel that is not named takes one message after the other.

    Raises:
        DefinitionError: A journey sends through a channel, or calls a function, that is not
            given.
        TemplateError: The renderer lacks a template of theirs.
        UsageError: The store has no coroutines.
    """

    def __init__(
        self,
        workspace: Workspace,
        *,
        store: AsyncStore,
        channels: Mapping[str, Channel | AsyncChannel],
        renderer: Renderer | AsyncRenderer,
        clock: Clock,
        worker: str = "",
        lease: timedelta = timedelta(minutes=5),
        batch: int = 1000,
        tokens: TokenSigner | None = None,
        functions: Mapping[str, AnyFunction] = MappingProxyType({}),
        only_to: OnlyTo | None = None,
        observer: Observer | None = None,
        delivery: Mapping[str, Delivery] = MappingProxyType({}),
    ) -> None:
        if not is_async(getattr(store, "load", None)):
            raise UsageError(
                "the store of an async host has coroutines",
                place="store",
                value=type(store).__name__,
                remedy="such as AsyncPostgresStore(...), or ThreadedStore(store)",
            )
        self._store = store
        self._is_open = False
        given = cast("dict[str, Channel]", dict(channels))
        lines = Lines(given, delivery)
        ports = Ports(
            store,
            given,
            cast(Renderer, renderer),
            clock,
            worker,
            self._may_start,
            self._committed,
            cast("dict[str, Any]", dict(functions)),
            lines=lines,
            ask=ask,
            couriers=AsyncCouriers(given, lines),
        )
        super().__init__(
            workspace,
            ports,
            lease=lease,
            batch=batch,
            tokens=tokens,
            only_to=only_to,
            observer=observer,
        )
        self._rules = compile_workspace(workspace)

    @property
    def store(self) -> AsyncStore:
        """The store that was given."""
        return self._store

    async def open(self) -> None:
        """Publish the workspace, and take back what this worker held before it was ended.

        Raises:
            DefinitionError, TemplateError: An older version, on which open runs are to finish,
                needs what is not given.
            VersionError: A published journey was edited under its old version.
        """
        await self._drive(self._start(self.workspace))
        self._is_open = True

    async def publish(
        self,
        workspace: Workspace,
        *,
        channels: Mapping[str, Channel | AsyncChannel] = MappingProxyType({}),
        functions: Mapping[str, AnyFunction] = MappingProxyType({}),
    ) -> None:
        """Let another workspace run here, and move the open runs that are to move.

        Refused as a whole, before anything changes, where it makes no sense; see
        `Runner.publish`.
        """
        await self.drive(self._publish(workspace, channels, functions))

    async def drive(self, flow: Flow[R]) -> R:
        """Run a flow on this runner's ports, and await what it asks for.

        Raises:
            UsageError: This was not opened.
        """
        if not self._is_open:
            flow.close()
            raise UsageError(
                "this was not opened, so its journeys are not published yet",
                place=type(self).__name__,
                remedy=f"async with {type(self).__name__}(...) as kit, or await kit.open()",
            )
        return await self._drive(flow)

    async def _drive(self, flow: Flow[R]) -> R:
        entered = enter_flow()
        try:
            return await drive_async(self._watched(flow), self._perform)
        finally:
            self._ports.hands.leave_flow(entered)

    def _perform(self, call: c.Call[Any]) -> Any:
        """Begin one call; return the answer, or what must be awaited for it."""
        ports = self._ports
        if isinstance(call, c.Rest):
            return _rest(ports.hands, call.span / SECOND)
        begun = ports.begin(call)
        return _walk(begun) if ports.is_in_steps(call) else begun


def _walk(steps: Steps[Any]) -> Any:
    """Take steps as far as nothing is to be awaited; return the answer, or the rest of the way."""
    try:
        asked = next(steps)
        while not isawaitable(asked):
            asked = steps.send(asked)
    except StopIteration as stop:
        return stop.value
    return _go_on(steps, asked)


async def _go_on(steps: Steps[R], asked: Awaitable[Any]) -> R:
    try:
        while True:
            try:
                answer = await asked
            except BaseException as error:
                asked = steps.throw(error)
            else:
                asked = steps.send(answer)
    except StopIteration as stop:
        result: R = stop.value
        return result


async def _rest(hands: Hands, seconds: float) -> bool:
    """Wait until a hand-over of this process ends, at most so long; tell whether one did."""
    bell = AsyncBell()
    stop_listening = hands.listen(bell.wake)
    try:
        return await bell.wait(seconds)
    finally:
        stop_listening()
