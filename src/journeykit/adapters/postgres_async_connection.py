"""How are steps sent by a host with an event loop? As by the other, awaited.

Keeps true: what is cancelled in the midst of a transaction leaves nothing of it behind; its
connection is closed, not used again.
"""

from __future__ import annotations

import asyncio
import os
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext, suppress
from typing import Any, ParamSpec, TypeVar

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row
from sqlalchemy.engine import URL

from journeykit.adapters.postgres_connection import TRIES, address_of, is_open
from journeykit.adapters.postgres_course import Course, Texts
from journeykit.adapters.postgres_errors import TRANSIENT, named
from journeykit.adapters.postgres_steps import Answer, Statement, Steps
from journeykit.errors import UsageError

P = ParamSpec("P")
R = TypeVar("R")

Connection = psycopg.AsyncConnection[Any]


class AsyncDatabase:
    """A pool of connections for one event loop.

    Args:
        first: Steps to be run before any others, once.
    """

    def __init__(
        self,
        address: str | URL,
        texts: Texts,
        first: Callable[[], Steps[None]],
        *,
        connections: int,
    ) -> None:
        if connections < 1:
            raise UsageError(
                "a pool has at least one connection",
                place="AsyncPostgresStore.connections",
                value=connections,
            )
        self.texts = texts
        self._url = address_of(address).set(drivername="postgresql")
        self._first: Callable[[], Steps[None]] | None = first
        self._opening = asyncio.Lock()
        self._room = asyncio.Semaphore(connections)
        self._idle: list[Connection] = []
        self._process = os.getpid()
        self._closed = False

    @property
    def place(self) -> str:
        """Where the tables are, for messages; without a password."""
        return f"{self._url.render_as_string(hide_password=True)} {self.texts.names.place}*"

    async def open(self) -> None:
        """Run the first steps, if they have not been run."""
        if self._first is not None:
            async with self._opening:
                if self._first is not None:
                    await self._patiently(self._first)
                    self._first = None

    async def run(self, steps: Callable[P, Steps[R]], *args: P.args, **kwargs: P.kwargs) -> R:
        """Return what the steps return, run as one transaction."""
        await self.open()
        return await self._patiently(lambda: steps(*args, **kwargs))

    async def connect(self) -> Connection:
        """Return a new connection that the pool does not know, and that its user closes."""
        return await psycopg.AsyncConnection.connect(
            self._url.render_as_string(hide_password=False), autocommit=True
        )

    async def close(self) -> None:
        """Close what is idle; what is lent is closed when it comes back."""
        self._closed = True
        while self._idle:
            await self._idle.pop().close()

    async def _patiently(self, steps: Callable[[], Steps[R]]) -> R:
        try:
            for _ in range(TRIES - 1):
                with suppress(*TRANSIENT):
                    return await self._once(steps())
            return await self._once(steps())
        except (psycopg.Error, UnicodeEncodeError, OverflowError, struct.error) as error:
            raise named(error, self.place, self.texts.patience) from error

    async def _once(self, steps: Steps[R]) -> R:
        course = Course(steps, self.texts)
        if course.over:
            return course.result
        async with self._lent() as connection:
            while not course.over:
                course.go_on(await _send(connection, self.texts, course.statements))
        return course.result

    @asynccontextmanager
    async def _lent(self) -> AsyncIterator[Connection]:
        self._refuse_impossible()
        async with self._room:
            connection = await self._living()
            failed = False
            try:
                yield connection
            except BaseException as error:
                failed = isinstance(error, psycopg.Error)
                if isinstance(error, Exception) and not failed:
                    with suppress(psycopg.Error):  # the first error is the one to tell
                        if connection.info.transaction_status != TransactionStatus.IDLE:
                            await connection.execute("ROLLBACK")
                raise
            finally:
                idle = connection.info.transaction_status == TransactionStatus.IDLE
                if idle and not failed and not self._closed:  # see the other connection
                    self._idle.append(connection)
                else:
                    connection.pgconn.finish()

    async def _living(self) -> Connection:
        while self._idle:
            connection = self._idle.pop()
            if is_open(connection):
                return connection
            connection.pgconn.finish()
        return await self.connect()

    def _refuse_impossible(self) -> None:
        if self._closed:
            raise UsageError("this store is closed", place=self.place, remedy="open a new one")
        if os.getpid() != self._process:
            raise UsageError(
                "this store was opened before the process forked",
                place=self.place,
                remedy="open stores after the fork, each process its own",
            )


async def _send(connection: Connection, texts: Texts, statements: list[Statement]) -> list[Answer]:
    together = psycopg.AsyncPipeline.is_supported()
    cursors: list[psycopg.AsyncCursor[tuple[Any, ...]]] = []
    first: psycopg.Error | None = None
    try:
        async with connection.pipeline() if together else nullcontext():
            try:
                for text, parameters in statements:
                    cursor = psycopg.AsyncCursor(connection, row_factory=tuple_row)
                    cursors.append(cursor)
                    await cursor.execute(texts.filled(text), parameters or None, binary=True)
            except psycopg.Error as error:  # those behind it only say that they were not run
                first = error
    except psycopg.Error as error:
        raise first or error from None
    if first is not None:
        raise first
    return [
        Answer(await cursor.fetchall() if cursor.description else [], cursor.rowcount)
        for cursor in cursors
    ]
