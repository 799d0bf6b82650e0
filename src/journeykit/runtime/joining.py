"""Where do the calls go that decide nothing? To the store's inbox, or into a host's transaction."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, TypeVar

from journeykit.errors import UsageError
from journeykit.machine import Rules
from journeykit.ports import InboxRow
from journeykit.ports.appending import AsyncJoined, Joined
from journeykit.runtime.appending import Bounded, Telling
from journeykit.runtime.calls import Append, Call, Flow, Now
from journeykit.runtime.drivers import drive
from journeykit.runtime.verbs import Awaits, Drives

R = TypeVar("R")


class Inbox(Bounded, Drives):
    """Tells something at once to the store, and lets workers decide on it: `kit.inbox`."""

    def __init__(self, worker: Drives, rules: Callable[[], Rules], limit: int | None) -> None:
        self._worker = worker
        self._rules_now = rules
        self.bound(limit)

    @property
    def rules(self) -> Rules:
        """The compiled workspace."""
        return self._rules_now()

    def drive(self, flow: Flow[R]) -> R:
        """Return what the flow returns."""
        return self._worker.drive(flow)


class AsyncInbox(Bounded, Awaits):
    """The same for an `AsyncOrchestrator`."""

    def __init__(self, worker: Awaits, rules: Callable[[], Rules], limit: int | None) -> None:
        self._worker = worker
        self._rules_now = rules
        self.bound(limit)

    @property
    def rules(self) -> Rules:
        """The compiled workspace."""
        return self._rules_now()

    async def drive(self, flow: Flow[R]) -> R:
        """Return what the flow returns."""
        return await self._worker.drive(flow)


class Transaction(Telling, Drives):
    """What is told within a host's transaction: checked now, appended at the end of the block."""

    def __init__(self, rules: Rules, now: Callable[[], int]) -> None:
        self._rules = rules
        self._now = now
        self._rows: list[InboxRow] = []
        self._over = False

    @property
    def rules(self) -> Rules:
        """The compiled workspace."""
        return self._rules

    @property
    def rows(self) -> list[InboxRow]:
        """What is to be appended."""
        return self._rows

    def close(self) -> None:
        """Take nothing any more."""
        self._over = True

    def drive(self, flow: Flow[R]) -> R:
        """Return what the flow returns; nothing leaves this object."""
        return drive(flow, self._perform)

    def _perform(self, call: Call[Any]) -> Any:
        if isinstance(call, Now):
            return self._now()
        assert isinstance(call, Append)
        if self._over:
            raise UsageError(
                "the block in which this could be told is over",
                place="using(connection)",
                remedy="tell it within `with kit.using(connection) as tx:`",
            )
        self._rows += call.rows
        return None


class Using:
    """`with kit.using(connection) as tx:` what is told in it is part of the host's transaction."""

    def __init__(self, joined: Joined, rules: Rules, now: Callable[[], int]) -> None:
        self._joined = joined
        self._told = Transaction(rules, now)

    def __enter__(self) -> Transaction:
        self._joined.begin()
        return self._told

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._told.close()
        if error is None:
            self._joined.end(self._told.rows, failed=False)
            return
        with suppress(Exception):  # the host's transaction may be over: its own error is told
            self._joined.end((), failed=True)


class AsyncUsing:
    """`async with kit.using(connection) as tx:` the same; `tx` itself is not awaited."""

    def __init__(self, joined: AsyncJoined, rules: Rules, now: Callable[[], int]) -> None:
        self._joined = joined
        self._told = Transaction(rules, now)

    async def __aenter__(self) -> Transaction:
        await self._joined.begin()
        return self._told

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._told.close()
        if error is None:
            await self._joined.end(self._told.rows, failed=False)
            return
        with suppress(Exception):  # the host's transaction may be over: its own error is told
            await self._joined.end((), failed=True)
