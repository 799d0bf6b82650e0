"""What wakes a worker in an event loop? LISTEN, on a connection apart, or a ring in this process.

While the database is away it sleeps as if nobody could wake it. A wait that had to connect first,
or whose connection is lost, ends at once, since nobody knows what was missed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import psycopg


class AsyncPostgresWaker:
    """Hears of work that any process leaves in the database.

    See `journeykit.ports.waking.AsyncWaker`.

    Args:
        connect: Opens a connection.
        channel: What is listened to.
    """

    def __init__(
        self, connect: Callable[[], Awaitable[psycopg.AsyncConnection[Any]]], channel: str
    ) -> None:
        self._connect = connect
        self._channel = channel
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._rung = asyncio.Event()

    async def wait(self, seconds: float) -> bool:
        """Wait until it is woken, at most so long; tell whether it was."""
        self._loop = asyncio.get_running_loop()
        if self._connection is None and await self._listens():
            return True
        ears: list[asyncio.Future[bool]] = [asyncio.ensure_future(self._rung.wait())]
        if self._connection is not None:
            ears.append(asyncio.ensure_future(self._heard(self._connection, seconds)))
        try:
            done, _ = await asyncio.wait(
                ears, timeout=max(0.0, seconds), return_when=asyncio.FIRST_COMPLETED
            )
            return any(one.result() for one in done)
        finally:
            self._rung.clear()
            for one in ears:
                one.cancel()
            await asyncio.gather(*ears, return_exceptions=True)

    def wake(self) -> None:
        """End the wait, or the next one."""
        if self._loop is None:
            self._rung.set()
        else:
            with suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(self._rung.set)

    async def close(self) -> None:
        """Close the connection. Calling it twice is fine."""
        await self._let_go()

    async def _listens(self) -> bool:
        """Begin to listen, if there is a connection to be had."""
        try:
            self._connection = await self._connect()
            await self._connection.execute(f"LISTEN {self._channel}".encode())
        except Exception:  # whatever keeps it from listening: the worker looks for itself
            await self._let_go()
        return self._connection is not None

    async def _heard(self, connection: psycopg.AsyncConnection[Any], seconds: float) -> bool:
        try:
            async for _ in connection.notifies(timeout=max(0.0, seconds), stop_after=1):
                return True
        except psycopg.Error:
            await self._let_go()  # the wait ends: nobody knows what was missed
        return False

    async def _let_go(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(psycopg.Error):
                await connection.close()
