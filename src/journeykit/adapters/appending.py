"""How does a host's own transaction carry what it tells? Rows appended on its connection.

Which connection it is, is known by its class, so that nothing is imported that the host does not
use: `sqlite3`, psycopg, asyncpg, SQLAlchemy's connections and sessions, Django's connections.

Keeps true:
    * all of it happens under a savepoint of the transaction that is open: an error leaves the
      transaction as usable as it was;
    * nothing is committed, and nothing outlives the host's rollback (F3).
"""

from __future__ import annotations

import re
import sqlite3
import sys
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import suppress
from typing import Any, Literal, NamedTuple, NoReturn

from msgspec import Struct

from journeykit.adapters.appending_errors import check_file, named
from journeykit.errors import UsageError, WrongDatabaseError
from journeykit.ports import InboxRow
from journeykit.ports.appending import Appendable, AppendingSQL

Style = Literal["qmark", "format", "dollar"]
Execute = Callable[[str, Sequence[Any]], Any]

_PARAMETER = re.compile(r"(?<!:):([a-z_]+)")
_SAVEPOINT = "journeykit_using"
_REMEDY = (
    "a sqlite3 or psycopg connection, a SQLAlchemy Connection or Session, or Django's connection; "
    "on an AsyncOrchestrator a psycopg or asyncpg connection, or a SQLAlchemy AsyncConnection or "
    "AsyncSession"
)


class Statement(NamedTuple):
    """Something to execute on the host's connection."""

    sql: str
    parameters: Sequence[Any] = ()


Statements = Generator[Statement, None, None]


class Foreign(Struct):
    """A connection of the host's, with a transaction that is open.

    Attributes:
        execute: Executes a statement; on an asynchronous connection it is awaited.
        is_async: Whether it is one.
        opening: What begins a transaction where none is open, but one would be by itself.
        sqlite: The connection beneath, where it is one of `sqlite3`.
    """

    dialect: str
    style: Style
    execute: Execute
    is_async: bool = False
    opening: Sequence[str] = ()
    sqlite: sqlite3.Connection | None = None


class JoinedTransaction:
    """See `Joined`."""

    def __init__(self, how: AppendingSQL, foreign: Foreign) -> None:
        self._how = how
        self._foreign = foreign

    def begin(self) -> None:
        """Begin a savepoint."""
        self._carry(_opening(self._foreign))

    def end(self, rows: Sequence[InboxRow], *, failed: bool) -> None:
        """Append the rows and release the savepoint; roll back to it where something failed."""
        self._carry(_closing(self._foreign, self._how, rows, failed=failed))

    def _carry(self, statements: Statements) -> None:
        try:
            one = next(statements)
            while True:
                try:
                    self._foreign.execute(*one)
                except BaseException as error:  # a cancelled task too leaves no savepoint
                    one = statements.throw(named(error, self._how))
                else:
                    one = next(statements)
        except StopIteration:
            return


class AsyncJoinedTransaction:
    """See `AsyncJoined`."""

    def __init__(self, how: AppendingSQL, foreign: Foreign) -> None:
        self._how = how
        self._foreign = foreign

    async def begin(self) -> None:
        """Begin a savepoint."""
        await self._carry(_opening(self._foreign))

    async def end(self, rows: Sequence[InboxRow], *, failed: bool) -> None:
        """Append the rows and release the savepoint; roll back to it where something failed."""
        await self._carry(_closing(self._foreign, self._how, rows, failed=failed))

    async def _carry(self, statements: Statements) -> None:
        try:
            one = next(statements)
            while True:
                try:
                    await self._foreign.execute(*one)
                except BaseException as error:  # a cancelled task too leaves no savepoint
                    one = statements.throw(named(error, self._how))
                else:
                    one = next(statements)
        except StopIteration:
            return


def join(store: object, connection: object) -> JoinedTransaction:
    """Return the transaction that is open on a host's connection, to append in.

    Raises:
        UsageError: The inbox of this store cannot be appended to on another connection, this is
            no connection that is known here, or no transaction is open on it.
        WrongDatabaseError: It is to another database than the store's.
    """
    how = _appending_of(store)
    return JoinedTransaction(how, _foreign_of(connection, how, is_async=False))


def join_async(store: object, connection: object) -> AsyncJoinedTransaction:
    """Return the transaction that is open on a host's asynchronous connection, to append in.

    Raises:
        UsageError, WrongDatabaseError: As for `join`.
    """
    how = _appending_of(store)
    return AsyncJoinedTransaction(how, _foreign_of(connection, how, is_async=True))


def _appending_of(store: object) -> AppendingSQL:
    if not isinstance(store, Appendable):
        raise UsageError(
            "the inbox of this store cannot be written to on another connection",
            place="using(...)",
            value=type(store).__name__,
            remedy="use SQLiteStore(path, shared=True) or PostgresStore, or append with kit.inbox",
        )
    return store.appending


def _foreign_of(connection: object, how: AppendingSQL, *, is_async: bool) -> Foreign:
    looks = (_sqlite, _psycopg, _asyncpg, _sqlalchemy, _django)
    found = next((one for one in (look(connection) for look in looks) if one is not None), None)
    kind = f"{type(connection).__module__}.{type(connection).__qualname__}"
    if found is None:
        raise UsageError(
            "this is no connection that journeykit can append on",
            place="using(connection)", value=kind, remedy=_REMEDY,
        )  # fmt: skip
    if found.is_async != is_async:
        raise UsageError(
            f"this connection is {'asynchronous' if found.is_async else 'synchronous'}",
            place="using(connection)",
            value=kind,
            remedy="an Orchestrator takes synchronous ones, an AsyncOrchestrator asynchronous ones",
        )
    if found.dialect != how.dialect:
        raise WrongDatabaseError(
            f"the connection is to {found.dialect}, the store is in {how.dialect}",
            place="using(connection)",
            value=how.place,
            remedy="hand in a connection to the database that has journeykit's tables",
        )
    if found.sqlite is not None:
        check_file(found.sqlite, how)
    return found


def _opening(foreign: Foreign) -> Statements:
    for sql in foreign.opening:
        yield Statement(sql)
    yield Statement(f"SAVEPOINT {_SAVEPOINT}")


def _closing(
    foreign: Foreign, how: AppendingSQL, rows: Sequence[InboxRow], *, failed: bool
) -> Statements:
    if failed:
        yield from _rolling_back()
        return
    try:
        yield from _appending(foreign, how, rows)
    except BaseException:
        with suppress(Exception):  # the connection is gone: the first error is the one to tell
            yield from _rolling_back()
        raise
    yield Statement(f"RELEASE SAVEPOINT {_SAVEPOINT}")


def _rolling_back() -> Statements:
    yield Statement(f"ROLLBACK TO SAVEPOINT {_SAVEPOINT}")
    yield Statement(f"RELEASE SAVEPOINT {_SAVEPOINT}")


def _appending(foreign: Foreign, how: AppendingSQL, rows: Sequence[InboxRow]) -> Statements:
    if not rows:
        return
    sets: list[dict[str, Any]]
    if how.dialect == "sqlite":
        sets = [{"customer_id": row.customer_id, "at": row.at, "body": row.body} for row in rows]
    else:
        sets = [
            {
                "customer_ids": [row.customer_id for row in rows],
                "ats": [row.at for row in rows],
                "bodies": [row.body for row in rows],
            }
        ]
    for statement in how.statements:
        names = _PARAMETER.findall(statement)
        sql = _in_style(statement, foreign.style)
        for given in sets:
            yield Statement(sql, [given[name] for name in names])


def _in_style(statement: str, style: Style) -> str:
    """Return SQL with the parameters as the driver writes them."""
    if style == "format" and _PARAMETER.search(statement):
        return _PARAMETER.sub("%s", statement.replace("%", "%%"))
    places = iter(range(1, 100))
    return _PARAMETER.sub(lambda _: "?" if style == "qmark" else f"${next(places)}", statement)


# ---- what hosts have in their hands


def _is(connection: object, module: str, *names: str) -> bool:
    """Tell whether it is of one of these classes; if nobody has imported the module, it is not."""
    found = sys.modules.get(module)
    return isinstance(
        connection, tuple(getattr(found, one) for one in names if hasattr(found, one))
    )


def _sqlite(connection: Any) -> Foreign | None:
    if not isinstance(connection, sqlite3.Connection):
        return None
    opening = _sqlite_opening(connection)
    return Foreign("sqlite", "qmark", connection.execute, opening=opening, sqlite=connection)


def _sqlite_opening(connection: sqlite3.Connection) -> Sequence[str]:
    """Begin where the module would have begun by itself, and with the lock that is needed."""
    if connection.in_transaction:
        return ()
    if connection.isolation_level is None or getattr(connection, "autocommit", False) is True:
        _refuse_autocommit("connection.execute('BEGIN IMMEDIATE')")
    return ("BEGIN IMMEDIATE",)


def _psycopg(connection: Any) -> Foreign | None:
    is_async = _is(connection, "psycopg", "AsyncConnection")
    if not is_async and not _is(connection, "psycopg", "Connection"):
        return None
    if connection.autocommit and connection.info.transaction_status == 0:
        _refuse_autocommit("with connection.transaction():")

    def execute(sql: str, parameters: Sequence[Any]) -> Any:
        return connection.execute(sql, parameters or None)

    return Foreign("postgresql", "format", execute, is_async)


def _asyncpg(connection: Any) -> Foreign | None:
    is_pooled = _is(connection, "asyncpg.pool", "PoolConnectionProxy")
    if not is_pooled and not _is(connection, "asyncpg.connection", "Connection"):
        return None
    if not connection.is_in_transaction():
        _refuse_autocommit("async with connection.transaction():")

    def execute(sql: str, parameters: Sequence[Any]) -> Awaitable[Any]:
        done: Awaitable[Any] = connection.execute(sql, *parameters)
        return done

    return Foreign("postgresql", "dollar", execute, is_async=True)


def _sqlalchemy(connection: Any) -> Foreign | None:
    if _is(connection, "sqlalchemy.orm", "Session", "scoped_session"):
        return _sqlalchemy(connection.connection())
    if _is(connection, "sqlalchemy.engine", "Connection"):
        return _sqlalchemy_connection(connection)
    if _is(connection, "sqlalchemy.ext.asyncio", "AsyncSession", "AsyncConnection"):
        return _sqlalchemy_async(connection)
    return None


def _sqlalchemy_connection(connection: Any) -> Foreign:
    dialect, style = _dialect_of(connection)

    def execute(sql: str, parameters: Sequence[Any]) -> None:
        connection.exec_driver_sql(sql, tuple(parameters) or None)

    raw = connection.connection.driver_connection
    begin: Sequence[str] = ()
    if isinstance(raw, sqlite3.Connection):
        begin = _sqlite_opening(raw)
    elif _is(raw, "psycopg", "Connection", "AsyncConnection") and raw.autocommit:
        _refuse_autocommit("an engine without isolation_level='AUTOCOMMIT'")
    beneath = raw if isinstance(raw, sqlite3.Connection) else None
    return Foreign(dialect, style, execute, opening=begin, sqlite=beneath)


def _sqlalchemy_async(connection: Any) -> Foreign:
    dialect, style = _dialect_of(connection)

    def execute(sql: str, parameters: Sequence[Any]) -> Awaitable[Any]:
        def run(inner: Any) -> None:
            found = _sqlalchemy(inner)
            assert found is not None
            found.execute(sql, parameters)

        done: Awaitable[Any] = connection.run_sync(run)
        return done

    return Foreign(dialect, style, execute, is_async=True)


def _dialect_of(connection: Any) -> tuple[str, Style]:
    bind = connection.get_bind() if hasattr(connection, "get_bind") else connection
    found = bind.dialect
    styles: dict[str, Style] = {"qmark": "qmark", "numeric_dollar": "dollar"}
    return found.name, styles.get(found.paramstyle, "format")


def _django(connection: Any) -> Foreign | None:
    is_proxy = _is(connection, "django.utils.connection", "ConnectionProxy")
    if not is_proxy and not _is(connection, "django.db.backends.base.base", "BaseDatabaseWrapper"):
        return None
    if not connection.in_atomic_block:
        _refuse_autocommit("with transaction.atomic():")

    def execute(sql: str, parameters: Sequence[Any]) -> None:
        if sql.startswith("ROLLBACK TO"):  # as `atomic` does: what was marked ends with that
            connection.needs_rollback = False
        with connection.cursor() as cursor:
            cursor.execute(sql, list(parameters) or None)

    raw = connection.connection
    beneath = raw if isinstance(raw, sqlite3.Connection) else None
    return Foreign(connection.vendor, "format", execute, sqlite=beneath)


def _refuse_autocommit(how: str) -> NoReturn:
    raise UsageError(
        "no transaction is open on this connection, so there is none to append in",
        place="using(connection)",
        remedy=f"open one first, such as by {how}; or use kit.inbox, which needs none",
    )
