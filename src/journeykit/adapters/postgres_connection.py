"""How are steps sent? Each runs as one transaction on a connection of the pool.

Keeps true:
    * whatever ends a transaction early, nothing of it is written, and no connection goes back
      to the pool in the midst of one;
    * plans do not depend on statistics: rows are always found by an index, in the order in
      which they are asked for, so that two transactions lock them in one order;
    * what a host's own pool has set on a connection is as it was when the connection goes back;
    * a connection that the server closed while it was idle is not used.
"""

from __future__ import annotations

import os
import select
import struct
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from datetime import timedelta
from typing import Any, ParamSpec, TypeVar

import psycopg
from psycopg.rows import tuple_row
from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.pool import PoolProxiedConnection

from journeykit.adapters.postgres_errors import TRANSIENT, is_lost, named
from journeykit.adapters.postgres_schema import Names
from journeykit.adapters.postgres_steps import Answer, Batch, Statement, Steps
from journeykit.errors import StoreError, UsageError

P = ParamSpec("P")
R = TypeVar("R")

TRIES = 5
"""How often a transaction is begun that others make fail."""

BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
_SET = """
    SELECT set_config('lock_timeout', %s, true), set_config('jit', 'off', true),
        set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true),
        set_config('enable_mergejoin', 'off', true)
"""
_WAKE = "SELECT pg_notify('{wakes}', '')"


class Texts:
    """The statements of one store, with the names of its tables in them."""

    def __init__(self, names: Names, lock_timeout: timedelta) -> None:
        if not timedelta(milliseconds=1) <= lock_timeout <= timedelta(days=1):
            raise UsageError(
                "a lock_timeout lies between a millisecond and a day",
                place="PostgresStore.lock_timeout",
                value=lock_timeout,
            )
        names.check()
        self.names = names
        self.patience = lock_timeout.total_seconds()
        self.first = (
            Statement(BEGIN),
            Statement(_SET, (str(lock_timeout // timedelta(milliseconds=1)),)),
        )
        self.commit = (Statement("COMMIT"),)
        self.commit_and_wake = (Statement("COMMIT"), Statement(_WAKE))
        self._filled: dict[str, bytes] = {}

    def filled(self, text: str) -> bytes:
        """Return a statement as it is sent."""
        found = self._filled.get(text)
        if found is None:
            found = self._filled[text] = self.names.fill(text).encode()
        return found

    def sent(self, batch: Batch, *, begins: bool) -> list[Statement]:
        """Return what to send for a batch: with the beginning and the end of the transaction."""
        statements = [*self.first, *batch.statements] if begins else list(batch.statements)
        if batch.last:
            statements += self.commit_and_wake if batch.wakes else self.commit
        return statements

    def own(self, batch: Batch, answers: list[Answer], *, begins: bool) -> list[Answer]:
        """Return the answers to what the batch itself asked."""
        start = len(self.first) if begins else 0
        return answers[start : start + len(batch.statements)]


class Database:
    """A pool of connections, and whose it is.

    Args:
        address: A url, or a host's own engine.
    """

    def __init__(self, address: str | URL | Engine, texts: Texts) -> None:
        self.texts = texts
        self._process = os.getpid()
        self._owned = not isinstance(address, Engine)
        self._engine = address if isinstance(address, Engine) else _engine(address)
        self._closed = False
        dialect = self._engine.dialect
        if (dialect.name, dialect.driver) != ("postgresql", "psycopg"):
            raise UsageError(
                "an engine for PostgreSQL uses psycopg 3 here",
                place="PostgresStore",
                value=f"{dialect.name}+{dialect.driver}",
                remedy="create_engine('postgresql+psycopg://…')",
            )

    @property
    def url(self) -> URL:
        """Where the database is."""
        return self._engine.url

    @property
    def place(self) -> str:
        """Where the tables are, for messages; without a password."""
        plain = self.url.set(drivername="postgresql")
        return f"{plain.render_as_string(hide_password=True)} {self.texts.names.place}*"

    def run(self, steps: Callable[P, Steps[R]], *args: P.args, **kwargs: P.kwargs) -> R:
        """Return what the steps return, run as one transaction."""
        with self._named_errors():
            for _ in range(TRIES - 1):
                with suppress(*TRANSIENT):
                    return self._once(steps(*args, **kwargs))
            return self._once(steps(*args, **kwargs))

    def close(self) -> None:
        """Let go of the pool, if it is the store's own."""
        if self._closed or os.getpid() != self._process:
            return
        self._closed = True
        if self._owned:
            self._engine.dispose()

    def _once(self, steps: Steps[R]) -> R:
        with self._lent() as connection:
            answers: list[Answer] | None = None
            begins, ended = True, False
            while True:
                try:
                    batch = next(steps) if answers is None else steps.send(answers)
                except StopIteration as done:
                    if not begins and not ended:
                        _send(connection, self.texts, list(self.texts.commit))
                    result: R = done.value
                    return result
                sent = self.texts.sent(batch, begins=begins)
                answers = self.texts.own(batch, _send(connection, self.texts, sent), begins=begins)
                begins, ended = False, batch.last

    @contextmanager
    def _lent(self) -> Iterator[psycopg.Connection[Any]]:
        if self._closed:
            raise UsageError("this store is closed", place=self.place, remedy="open a new one")
        if os.getpid() != self._process:
            raise UsageError(
                "this store was opened before the process forked",
                place=self.place,
                remedy="open stores after the fork, each process its own",
            )
        lent = self._living()
        connection: psycopg.Connection[Any] = lent.driver_connection  # type: ignore[assignment]
        committing = connection.autocommit
        try:
            connection.autocommit = True
            yield connection
        except BaseException as error:
            with suppress(psycopg.Error):  # the first error is the one to tell
                if not isinstance(error, Exception) or is_lost(error):
                    lent.invalidate()
                elif connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
                    connection.execute("ROLLBACK")
            raise
        finally:
            if lent.is_valid and not connection.closed:
                with suppress(psycopg.Error):
                    connection.autocommit = committing
            lent.close()

    def _living(self) -> PoolProxiedConnection:
        while True:
            lent = self._engine.raw_connection()
            if lent.driver_connection is not None and is_open(lent.driver_connection):
                return lent
            lent.invalidate()
            lent.close()

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            cause = error.orig if isinstance(error.orig, Exception) else error
            raise named(cause, self.place, self.texts.patience) from error
        except SQLAlchemyError as error:
            raise StoreError(
                f"no connection to be had: {type(error).__name__}",
                place=self.place,
                remedy="let the pool have more connections, or use fewer threads",
            ) from error
        except (psycopg.Error, UnicodeEncodeError, OverflowError, struct.error) as error:
            raise named(error, self.place, self.texts.patience) from error


def is_open(connection: Any) -> bool:
    """Tell whether the server has not closed an idle connection, without asking it."""
    if connection.closed:
        return False
    poller = select.poll()
    poller.register(connection.fileno(), select.POLLIN)
    if not poller.poll(0):
        return True
    try:
        connection.pgconn.consume_input()
    except psycopg.Error:
        return False
    return bool(connection.pgconn.status == psycopg.pq.ConnStatus.OK)


def _send(
    connection: psycopg.Connection[Any], texts: Texts, statements: list[Statement]
) -> list[Answer]:
    together: AbstractContextManager[Any] = (
        connection.pipeline() if psycopg.Pipeline.is_supported() else nullcontext()
    )
    cursors = []
    with together:
        for text, parameters in statements:
            cursor = psycopg.Cursor(connection, row_factory=tuple_row)
            cursors.append(cursor)
            cursor.execute(texts.filled(text), parameters or None, binary=True)
    return [
        Answer(cursor.fetchall() if cursor.description else [], cursor.rowcount)
        for cursor in cursors
    ]


def _engine(address: str | URL) -> Engine:
    return create_engine(address_of(address))


def address_of(address: str | URL) -> URL:
    """Return a url for psycopg, whichever way the host writes it.

    Raises:
        UsageError: It is no url of a PostgreSQL database.
    """
    try:
        url = make_url(address)
    except ArgumentError:
        url = None
    if url is None or url.drivername.partition("+")[0] not in ("postgresql", "postgres"):
        raise UsageError(
            "no address of a PostgreSQL database",
            place="PostgresStore",
            value=url.drivername if url else None,
            remedy="postgresql://user@host/database",
        )
    return url.set(drivername="postgresql+psycopg")
