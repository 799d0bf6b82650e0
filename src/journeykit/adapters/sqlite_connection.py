"""How is the file opened, shared between threads, and what do SQLite's errors mean?

One connection behind one lock serves every thread. SQLite lets one writer in at a time
anyway, and a connection per thread would each keep a page cache that every commit of
another throws away.

Keeps true:
    * a write transaction begins with the write lock, so it never fails half-way because
      somebody else was faster;
    * whatever ends a transaction early, nothing of it is written and no lock is left behind;
    * nothing is written to a file that is not journeykit's, unless the host shares its own;
    * a process that inherited an open file by a fork does not open it a second time: SQLite
      would take the parent's locks for its own, and what it commits could be lost.
"""

from __future__ import annotations

import os
import re
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal
from weakref import WeakSet

from journeykit.adapters.sqlite_schema import MIGRATIONS, PREFIX, migrate, schema_version
from journeykit.errors import StoreBusyError, StoreError, StoreSchemaError, UsageError

Synchronous = Literal["full", "normal", "off"]

_OLDEST_SQLITE = (3, 35)
"""The first with RETURNING."""

_PAGE_BYTES = 8192
_CACHE_KIB = 65_536
_CHECKPOINT_PAGES = 2000
_WAL_BYTES_KEPT = 64 * 1024 * 1024
_STATEMENTS_KEPT = 512
_RETRY_SECONDS = 0.02
_PREFIX = re.compile(r"[a-z][a-z0-9_]{0,40}_")

_open_here: WeakSet[Database] = WeakSet()
"""Open files of this process, and those that it inherited: not a cache, a fact about locks."""


class Database:
    """An open file with journeykit's newest schema.

    Args:
        path: The file; it is made when it is not there, its folder is not.
        synchronous: `"full"`: what was committed survives a power failure. `"normal"`: it
            survives a crash of the process; a power failure may take the last commits.
            `"off"`: a power failure may ruin the file.
        busy_timeout: How long to wait for other threads and processes.
        prefix: What the names of tables begin with. With another one than `journeykit_`, each
            statement is looked up under the name that it has then.
        shared: Whether another program's tables may lie in the file as well.
        may_migrate: Whether an older schema is brought to the newest one, or refused.
        read_only: Whether nothing may be written, nor the schema changed.
    """

    def __init__(
        self,
        path: Path,
        *,
        synchronous: Synchronous,
        busy_timeout: timedelta,
        prefix: str = PREFIX,
        shared: bool = False,
        may_migrate: bool = True,
        read_only: bool = False,
    ) -> None:
        self.path = path
        self._may_migrate = may_migrate
        self._read_only = read_only
        self.prefix = prefix
        self._shared = shared
        self._seconds = busy_timeout.total_seconds()
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        _refuse_impossible(path, synchronous, busy_timeout, prefix)
        _refuse_inherited(path)
        with self._named_errors():
            connection = self._connect()
            try:
                self._prepare(connection, synchronous)
            except BaseException:
                connection.close()
                raise
        self._connection = connection
        _open_here.add(self)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Lend the connection for statements that change nothing."""
        self._refuse_other_process()
        if not self._lock.acquire(timeout=self._seconds):
            raise self._busy("another thread of this process")
        try:
            if self._connection is None:
                raise UsageError(
                    "this store is closed", place=str(self.path), remedy="open a new SQLiteStore"
                )
            with self._named_errors():
                yield self._connection
        finally:
            self._lock.release()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Lend the connection inside one write transaction: all of it, or nothing."""
        if self._read_only:
            raise UsageError(
                "this store was opened to be read only",
                place=str(self.path),
                remedy="open it with read_only=False where something is to change",
            )
        with self.reading() as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):  # the first error is the one to tell
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
                raise

    def checkpoint(self) -> bool:
        """Move the log into the file and empty it; tell whether nobody was in the way."""
        with self.reading() as connection:
            connection.execute("PRAGMA busy_timeout = 0")
            try:
                busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            finally:
                connection.execute(f"PRAGMA busy_timeout = {round(self._seconds * 1000)}")
        return not busy

    def close(self) -> None:
        """Close the file. Again, or in a child process that inherited it: nothing happens."""
        if os.getpid() != self._process:
            return  # closing it here would let go of what the parent still uses
        with self._lock:
            _open_here.discard(self)
            connection, self._connection = self._connection, None
            if connection is not None:
                with self._named_errors():
                    connection.close()

    def _connect(self) -> sqlite3.Connection:
        prefixed = self.prefix != PREFIX
        connection = sqlite3.connect(
            f"{self.path.resolve().as_uri()}?mode=ro" if self._read_only else self.path,
            uri=self._read_only,
            timeout=self._seconds,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=_STATEMENTS_KEPT,
            factory=_Prefixed if prefixed else sqlite3.Connection,
        )
        if isinstance(connection, _Prefixed):
            connection.prefix = self.prefix
        return connection

    def _prepare(self, connection: sqlite3.Connection, synchronous: Synchronous) -> None:
        whose: dict[str, Any] = {"prefix": self.prefix, "shared": self._shared}
        version = schema_version(connection, self.path, **whose)  # before anything is written
        if version < len(MIGRATIONS) and (self._read_only or not self._may_migrate):
            raise StoreSchemaError(
                f"the file has schema version {version}, this journeykit needs {len(MIGRATIONS)}",
                place=str(self.path),
                remedy=f"run: journeykit migrate {self.path}",
            )
        if self._read_only:
            connection.execute("PRAGMA query_only = on")
            return
        connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")  # of a file not yet there
        self._switch_to_wal(connection)
        connection.execute(f"PRAGMA synchronous = {synchronous}")
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
        connection.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES_KEPT}")
        connection.execute("PRAGMA temp_store = memory")
        connection.execute("PRAGMA secure_delete = on")  # an old version is deleted as well (F4)
        migrate(connection, self.path, **whose)

    def _switch_to_wal(self, connection: sqlite3.Connection) -> None:
        """Turn write-ahead logging on; SQLite refuses it at once, not after a time-out, while
        somebody else writes to the file or is doing the same."""
        end = time.monotonic() + self._seconds
        while True:
            try:
                mode = connection.execute("PRAGMA journal_mode = wal").fetchone()[0]
                break
            except sqlite3.OperationalError as error:
                if not _is_busy(error) or time.monotonic() >= end:
                    raise
                time.sleep(_RETRY_SECONDS)
        if mode != "wal":
            raise StoreError(
                "this file cannot have a write-ahead log",
                place=str(self.path),
                value=mode,
                remedy="put it on a local disk that allows shared memory",
            )

    def _refuse_other_process(self) -> None:
        if os.getpid() != self._process:
            raise UsageError(
                "this store was opened before the process forked",
                place=str(self.path),
                remedy="open stores after the fork, each process its own",
            )

    def is_inherited(self, path: Path) -> bool:
        """Tell whether this is `path`, opened before the process forked."""
        return os.getpid() != self._process and self.path.exists() and self.path.samefile(path)

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self._named(error) from error
        except (UnicodeEncodeError, OverflowError) as error:
            raise StoreError(
                f"a value that SQLite cannot hold: {error}",
                place=str(self.path),
                remedy="ids are Unicode text without lone surrogates, integers have 64 bits",
            ) from error

    def _named(self, error: sqlite3.Error) -> StoreError:
        if _is_busy(error):
            return self._busy("another process")
        if _code(error) == sqlite3.SQLITE_NOTADB:
            return StoreSchemaError(
                "this file is not an SQLite database",
                place=str(self.path),
                remedy="give journeykit a file of its own; one not yet there is made",
            )
        return StoreError(f"SQLite says: {error}", place=str(self.path), remedy=_remedy(error))

    def _busy(self, who: str) -> StoreBusyError:
        return StoreBusyError(
            f"{who} held the store for more than {self._seconds:g} s",
            place=str(self.path),
            remedy="end long transactions there, or raise busy_timeout; calling again is safe",
        )


class _Prefixed(sqlite3.Connection):
    """A connection on which tables begin with another prefix than the statements say."""

    prefix = PREFIX

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._meant: dict[str, str] = {}

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        return super().execute(self._mean(sql), parameters)

    def executemany(self, sql: str, parameters: Any, /) -> sqlite3.Cursor:
        return super().executemany(self._mean(sql), parameters)

    def _mean(self, sql: str) -> str:
        meant = self._meant.get(sql)
        if meant is None:
            meant = self._meant[sql] = sql.replace(PREFIX, self.prefix)
        return meant


def _refuse_impossible(path: Path, synchronous: str, busy_timeout: timedelta, prefix: str) -> None:
    if synchronous not in ("full", "normal", "off"):
        raise UsageError(
            "unknown setting",
            place="SQLiteStore.synchronous",
            value=synchronous,
            remedy="one of 'full', 'normal', 'off'",
        )
    if not timedelta(0) <= busy_timeout <= timedelta(days=1):
        raise UsageError(
            "a busy_timeout lies between zero and a day",
            place="SQLiteStore.busy_timeout",
            value=busy_timeout,
        )
    if not _PREFIX.fullmatch(prefix) or prefix.startswith("sqlite_"):
        raise UsageError(
            "a prefix is a few lower-case letters, digits and underscores, and ends in one",
            place="SQLiteStore.prefix",
            value=prefix,
            remedy="such as 'journeykit_', or 'shop_a_'",
        )
    if path.name == ":memory:":
        raise UsageError("a store needs a file", value=":memory:", remedy="use MemoryStore()")
    if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
        raise StoreError(
            "this Python was built with an SQLite that is too old",
            value=sqlite3.sqlite_version,
            remedy="SQLite 3.35 or newer is needed",
        )
    if not path.parent.is_dir():
        raise StoreError(
            "the folder does not exist", place=str(path), remedy=f"create {str(path.parent)!r}"
        )
    if path.is_dir():
        raise StoreError("this is a folder", place=str(path), remedy="name a file in it")


def _refuse_inherited(path: Path) -> None:
    if path.exists() and any(one.is_inherited(path) for one in list(_open_here)):
        raise UsageError(
            "this process inherited the open file from its parent, and shares its locks",
            place=str(path),
            remedy="close the store before forking, or open stores only after the fork",
        )


def _code(error: sqlite3.Error) -> int:
    """Return the primary result code, 0 where the sqlite3 module raised by itself."""
    code = getattr(error, "sqlite_errorcode", 0)
    return int(code or 0) & 0xFF


def _is_busy(error: sqlite3.Error) -> bool:
    return _code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _remedy(error: sqlite3.Error) -> str:
    return {
        sqlite3.SQLITE_FULL: "free some space; nothing of this call was written",
        sqlite3.SQLITE_READONLY: "make the file and its folder writable",
        sqlite3.SQLITE_CANTOPEN: "check that the file and its folder may be read and written",
        sqlite3.SQLITE_CORRUPT: "the file is damaged: restore it from a copy",
    }.get(_code(error), "")
