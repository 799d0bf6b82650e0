"""How are steps sent? Each runs as one transaction on a connection of the pool.

Keeps true:
    * whatever ends a transaction early, nothing of it is written, and no connection goes back
      to the pool in the midst of one;
    * what a host's own pool has set on a connection is as it was when the connection goes back;
    * a connection that the server closed while it was idle is not used.
"""

from __future__ import annotations

import os
import select
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from typing import Any, ParamSpec, TypeVar

import psycopg
from psycopg.rows import tuple_row
from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.pool import PoolProxiedConnection

from journeykit.adapters.postgres_course import Course, Texts
from journeykit.adapters.postgres_errors import TRANSIENT, named
from journeykit.adapters.postgres_steps import Answer, Statement, Steps
from journeykit.errors import StoreError, UsageError

P = ParamSpec("P")
R = TypeVar("R")

TRIES = 5
"""How often a transaction is begun that others make fail."""


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

    def connect(self) -> psycopg.Connection[Any]:
        """Return a new connection that the pool does not know, and that its user closes."""
        with self._named_errors():
            lent = self._living()
            connection: psycopg.Connection[Any] = lent.driver_connection  # type: ignore[assignment]
            lent.detach()
            connection.autocommit = True
            return connection

    def close(self) -> None:
        """Let go of the pool, if it is the store's own."""
        if self._closed or os.getpid() != self._process:
            return
        self._closed = True
        if self._owned:
            self._engine.dispose()

    def _once(self, steps: Steps[R]) -> R:
        course = Course(steps, self.texts)
        if course.over:
            return course.result
        with self._lent() as connection:
            while not course.over:
                course.go_on(_send(connection, self.texts, course.statements))
        return course.result

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
                if not isinstance(error, Exception) or isinstance(error, psycopg.Error):
                    lent.invalidate()  # what it believes to be prepared may never have come there
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
    try:
        while poller.poll(0):  # something to read: a farewell and the end, or a notice
            connection.pgconn.consume_input()
    except psycopg.Error:
        return False
    return True


def _send(
    connection: psycopg.Connection[Any], texts: Texts, statements: list[Statement]
) -> list[Answer]:
    together = psycopg.Pipeline.is_supported()
    cursors: list[psycopg.Cursor[tuple[Any, ...]]] = []
    first: psycopg.Error | None = None
    try:
        with connection.pipeline() if together else nullcontext():
            try:
                for text, parameters in statements:
                    cursor = psycopg.Cursor(connection, row_factory=tuple_row)
                    cursors.append(cursor)
                    cursor.execute(texts.filled(text), parameters or None, binary=True)
            except psycopg.Error as error:  # those behind it only say that they were not run
                first = error
    except psycopg.Error as error:
        raise first or error from None
    if first is not None:
        raise first
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
    except (ArgumentError, ValueError):  # the latter for a port that is no number
        url = None
    if url is None or url.drivername.partition("+")[0] not in ("postgresql", "postgres"):
        raise UsageError(
            "no address of a PostgreSQL database",
            place="PostgresStore",
            value=url.drivername if url else "no url",
            remedy="postgresql://user@host/database",
        )
    return url.set(drivername="postgresql+psycopg")
