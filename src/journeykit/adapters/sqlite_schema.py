"""What does the file look like? Numbered migrations, and whose file it is.

A database belongs to journeykit when it has the table `journeykit_schema`, which holds one
row for each migration that ran. Files of other programs are refused before anything is
written to them, unless the host says that it shares its file.

Three choices that are not plain to see:
    * documents of 500 bytes and more want rowid tables; clustered ones split their pages;
    * the journal has no index. Each record names the one before it (`previous`) and each
      customer the newest (`journal`), so that writing a record only ever touches the end of
      the table. Under customers in random order an index costs a quarter of the whole
      commit. Reading one customer's journal follows the chain by primary key;
    * free and leased messages have an index each, so that claiming never steps over rows
      that others hold.

A migration that was released never changes; the next one gets the next number.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Set
from pathlib import Path

from journeykit.errors import StoreSchemaError

PREFIX = "journeykit_"
"""What the names of all tables and indexes begin with, unless told otherwise."""

_FIRST = (
    """
    CREATE TABLE journeykit_customer (
        id          INTEGER PRIMARY KEY,
        customer_id TEXT    NOT NULL UNIQUE,
        version     INTEGER NOT NULL,
        next_seq    INTEGER NOT NULL,
        journal     INTEGER,
        next_due    INTEGER,
        body        BLOB    NOT NULL
    )
    """,
    """
    CREATE INDEX journeykit_customer_due ON journeykit_customer (next_due, customer_id)
        WHERE next_due IS NOT NULL
    """,
    """
    CREATE TABLE journeykit_profile (
        customer INTEGER PRIMARY KEY,
        body     BLOB NOT NULL
    )
    """,
    """
    CREATE TABLE journeykit_journal (
        id        INTEGER PRIMARY KEY,
        previous  INTEGER,
        customer  INTEGER NOT NULL,
        first_seq INTEGER NOT NULL,
        at        INTEGER NOT NULL,
        entries   BLOB    NOT NULL
    )
    """,
    """
    CREATE TABLE journeykit_seen (
        id       INTEGER PRIMARY KEY,
        customer INTEGER NOT NULL,
        event_id TEXT    NOT NULL,
        digest   TEXT    NOT NULL,
        expires  INTEGER NOT NULL,
        UNIQUE (customer, event_id)
    )
    """,
    """
    CREATE TABLE journeykit_outbox (
        id          INTEGER PRIMARY KEY,
        key         TEXT    NOT NULL UNIQUE,
        customer_id TEXT    NOT NULL,
        channel     TEXT    NOT NULL,
        due         INTEGER NOT NULL,
        token       INTEGER NOT NULL DEFAULT 0,
        lease_until INTEGER,
        worker      TEXT,
        content     BLOB
    )
    """,
    """
    CREATE INDEX journeykit_outbox_free ON journeykit_outbox (due, key)
        WHERE lease_until IS NULL
    """,
    """
    CREATE INDEX journeykit_outbox_leased ON journeykit_outbox (lease_until)
        WHERE lease_until IS NOT NULL
    """,
    """
    CREATE TABLE journeykit_fence (
        id    INTEGER PRIMARY KEY CHECK (id = 1),
        token INTEGER NOT NULL
    )
    """,
    "INSERT INTO journeykit_fence (id, token) VALUES (1, 0)",
    """
    CREATE TABLE journeykit_hand (
        number    INTEGER PRIMARY KEY,
        worker    TEXT    NOT NULL,
        until     INTEGER NOT NULL,
        customers BLOB    NOT NULL
    )
    """,
    """
    CREATE TABLE journeykit_definition (
        journey TEXT    NOT NULL,
        version INTEGER NOT NULL,
        digest  TEXT    NOT NULL,
        body    BLOB    NOT NULL,
        PRIMARY KEY (journey, version)
    )
    """,
)

_SHARED = (
    """
    CREATE TABLE journeykit_bucket (
        name    TEXT    PRIMARY KEY,
        full_at INTEGER NOT NULL,
        turn    INTEGER NOT NULL
    )
    """,
    """
    CREATE TABLE journeykit_suppression (
        channel TEXT    NOT NULL,
        address TEXT    NOT NULL,
        reason  TEXT    NOT NULL,
        at      INTEGER NOT NULL,
        PRIMARY KEY (channel, address)
    ) WITHOUT ROWID
    """,
)

_OPERATED = (
    """
    CREATE TABLE journeykit_controls (
        id      INTEGER PRIMARY KEY CHECK (id = 1),
        version INTEGER NOT NULL,
        body    BLOB    NOT NULL
    )
    """,
    """
    CREATE TABLE journeykit_erased (
        mark TEXT    PRIMARY KEY,
        at   INTEGER NOT NULL
    ) WITHOUT ROWID
    """,
    "ALTER TABLE journeykit_fence ADD COLUMN floor INTEGER NOT NULL DEFAULT 0",
)

_DURABLE = (
    """
    CREATE TABLE journeykit_inbox (
        number      INTEGER PRIMARY KEY AUTOINCREMENT,
        customer_id TEXT    NOT NULL,
        at          INTEGER NOT NULL,
        body        BLOB    NOT NULL
    )
    """,
    "CREATE INDEX journeykit_inbox_customer ON journeykit_inbox (customer_id)",
    """
    CREATE TABLE journeykit_waiting (
        customer_id TEXT    PRIMARY KEY,
        since       INTEGER NOT NULL,
        until       INTEGER NOT NULL DEFAULT 0
    ) WITHOUT ROWID
    """,
    "CREATE INDEX journeykit_waiting_first ON journeykit_waiting (until, since, customer_id)",
    """
    CREATE TABLE journeykit_parked (
        customer_id TEXT    PRIMARY KEY,
        until       INTEGER NOT NULL,
        at          INTEGER NOT NULL,
        attempts    INTEGER NOT NULL,
        reason      TEXT    NOT NULL,
        own_due     INTEGER
    ) WITHOUT ROWID
    """,
    "ALTER TABLE journeykit_outbox ADD COLUMN begun INTEGER NOT NULL DEFAULT 0",
)

MIGRATIONS: tuple[tuple[str, ...], ...] = (_FIRST, _SHARED, _OPERATED, _DURABLE)
"""The statements of migration 1, 2, …; the schema version is the number of those that ran."""


def schema_version(
    db: sqlite3.Connection, path: Path, *, prefix: str = PREFIX, shared: bool = False
) -> int:
    """Return how many migrations have run: 0 where none has. Changes nothing.

    Args:
        prefix: What the tables begin with instead of `journeykit_`.
        shared: Whether the file may hold another program's tables as well.

    Raises:
        StoreSchemaError: Another program's tables, or a newer journeykit's.
    """
    tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master")}
    if f"{prefix}schema" not in tables:
        if tables and not shared and not _are_ours(tables):
            raise StoreSchemaError(
                "this SQLite file belongs to another program",
                place=str(path),
                value=sorted(tables)[:5],
                remedy="give journeykit a file of its own, or say shared=True if both are yours",
            )
        return 0
    newest = db.execute(f"SELECT max(version) FROM {prefix}schema").fetchone()
    version: int = newest[0] or 0
    if version > len(MIGRATIONS):
        raise StoreSchemaError(
            f"the file has schema version {version}, this journeykit knows {len(MIGRATIONS)}",
            place=str(path),
            remedy="update journeykit, or open a copy from before the update",
        )
    return version


def migrate(
    db: sqlite3.Connection, path: Path, *, prefix: str = PREFIX, shared: bool = False
) -> None:
    """Bring the schema to the newest version; do nothing when it is there.

    All missing migrations run in one transaction that begins with the write lock, so two
    processes may do this at once: the second finds the work done.
    """
    if schema_version(db, path, prefix=prefix, shared=shared) == len(MIGRATIONS):
        return
    db.execute("BEGIN IMMEDIATE")
    try:
        version = schema_version(db, path, prefix=prefix, shared=shared)
        for statement in statements_from(version, prefix=prefix):
            db.execute(statement)
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def statements_from(version: int, *, prefix: str = PREFIX) -> list[str]:
    """Return all that brings a schema of `version` up to date, for one transaction."""
    if version == len(MIGRATIONS):
        return []
    found = ["CREATE TABLE IF NOT EXISTS journeykit_schema (version INTEGER PRIMARY KEY)"]
    for number, statements in enumerate(MIGRATIONS[version:], start=version + 1):
        found += statements
        found.append(f"INSERT INTO journeykit_schema (version) VALUES ({number})")
    return [statement.replace(PREFIX, prefix) for statement in found]


def _are_ours(tables: Set[str]) -> bool:
    """Tell whether some journeykit, under whatever prefix, made this file."""
    begun = {name.removesuffix("schema") for name in tables if name.endswith("schema")}
    return any({f"{one}customer", f"{one}journal"} <= tables for one in begun)
