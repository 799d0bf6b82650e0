"""What does the database look like? Numbered migrations, and whose tables they are.

Every table about customers has `customer_id` in its primary key, so each can be partitioned by
it, and texts are compared byte by byte, which is the order of code points.

Four choices that are not plain to see:
    * when a customer is due stands in a table apart, so that a document that changes its instant
      touches no index (it is updated in place). That table has no index but the one by instant:
      who commits knows where its line stands;
    * who is being worked on stands in a small table of leases: taking one touches none of the
      pages over which a million timers are strewn;
    * `at`, in the outbox, is `due`, or the end of the parking if that is later;
    * a page of documents and of messages is filled by part only, which leaves room for updates
      in place; queues are vacuumed early.

A migration that was released never changes; the next one gets the next number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import sha256
from typing import NamedTuple

from journeykit.adapters.postgres_steps import Statement, Steps, ask
from journeykit.errors import StoreError, StoreSchemaError, UsageError

_QUEUE = (
    "autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, "
    "autovacuum_analyze_scale_factor = 0.1"
)

_FIRST = (
    """
    CREATE TABLE {p}customer (
        customer_id text COLLATE "C" PRIMARY KEY,
        version     bigint NOT NULL,
        next_seq    bigint NOT NULL,
        next_due    bigint,
        body        bytea  NOT NULL
    ) WITH (fillfactor = 85)
    """,
    f"""
    CREATE TABLE {{p}}timer (
        due         bigint NOT NULL,
        customer_id text COLLATE "C" NOT NULL,
        PRIMARY KEY (due, customer_id)
    ) WITH ({_QUEUE})
    """,
    """
    CREATE TABLE {p}profile (
        customer_id text COLLATE "C" PRIMARY KEY,
        body        bytea NOT NULL
    )
    """,
    """
    CREATE TABLE {p}journal (
        first_seq   bigint NOT NULL,
        at          bigint NOT NULL,
        customer_id text COLLATE "C" NOT NULL,
        entries     bytea  NOT NULL,
        PRIMARY KEY (customer_id, first_seq)
    )
    """,
    """
    CREATE TABLE {p}seen (
        expires     bigint NOT NULL,
        customer_id text COLLATE "C" NOT NULL,
        event_id    text COLLATE "C" NOT NULL,
        digest      text COLLATE "C" NOT NULL,
        PRIMARY KEY (customer_id, event_id)
    )
    """,
    "CREATE INDEX {n}seen_expires ON {p}seen (expires)",
    f"""
    CREATE TABLE {{p}}outbox (
        due         bigint  NOT NULL,
        at          bigint  NOT NULL,
        token       bigint  NOT NULL,
        lease_until bigint  NOT NULL,
        begun       boolean NOT NULL DEFAULT false,
        customer_id text COLLATE "C" NOT NULL,
        key         text COLLATE "C" NOT NULL,
        channel     text COLLATE "C" NOT NULL,
        worker      text COLLATE "C",
        content     bytea,
        PRIMARY KEY (customer_id, key)
    ) WITH (fillfactor = 70, {_QUEUE})
    """,
    "CREATE INDEX {n}outbox_at ON {p}outbox (at, key)",
    f"""
    CREATE TABLE {{p}}inbox (
        number      bigint  GENERATED ALWAYS AS IDENTITY,
        at          bigint  NOT NULL,
        parked      boolean NOT NULL DEFAULT false,
        customer_id text COLLATE "C" NOT NULL,
        body        bytea   NOT NULL,
        PRIMARY KEY (customer_id, number)
    ) WITH ({_QUEUE})
    """,
    "CREATE INDEX {n}inbox_at ON {p}inbox (at, number) WHERE NOT parked",
    f"""
    CREATE TABLE {{p}}lease (
        customer_id text COLLATE "C" PRIMARY KEY,
        until       bigint NOT NULL,
        worker      text COLLATE "C" NOT NULL
    ) WITH ({_QUEUE})
    """,
    """
    CREATE TABLE {p}parked (
        customer_id text COLLATE "C" PRIMARY KEY,
        until       bigint NOT NULL,
        at          bigint NOT NULL,
        attempts    bigint NOT NULL,
        reason      text COLLATE "C" NOT NULL
    )
    """,
    "CREATE INDEX {n}parked_until ON {p}parked (until)",
    "CREATE SEQUENCE {p}token",
    f"""
    CREATE TABLE {{p}}hand (
        number    bigint PRIMARY KEY,
        until     bigint NOT NULL,
        worker    text COLLATE "C" NOT NULL,
        customers text[] COLLATE "C" NOT NULL
    ) WITH ({_QUEUE})
    """,
    """
    CREATE TABLE {p}bucket (
        name    text COLLATE "C" PRIMARY KEY,
        full_at bigint NOT NULL,
        turn    bigint NOT NULL
    )
    """,
    """
    CREATE TABLE {p}suppression (
        channel text COLLATE "C" NOT NULL,
        address text COLLATE "C" NOT NULL,
        reason  text COLLATE "C" NOT NULL,
        at      bigint NOT NULL,
        PRIMARY KEY (channel, address)
    )
    """,
    """
    CREATE TABLE {p}controls (
        id      integer PRIMARY KEY CHECK (id = 1),
        version bigint  NOT NULL,
        body    bytea   NOT NULL
    )
    """,
    "INSERT INTO {p}controls (id, version, body) VALUES (1, 0, '')",
    """
    CREATE TABLE {p}erased (
        mark text COLLATE "C" PRIMARY KEY,
        at   bigint NOT NULL
    )
    """,
    """
    CREATE TABLE {p}fence (
        id    integer PRIMARY KEY CHECK (id = 1),
        floor bigint  NOT NULL
    )
    """,
    "INSERT INTO {p}fence (id, floor) VALUES (1, 0)",
    """
    CREATE TABLE {p}definition (
        journey text COLLATE "C" NOT NULL,
        version bigint NOT NULL,
        digest  text COLLATE "C" NOT NULL,
        body    bytea  NOT NULL,
        PRIMARY KEY (journey, version)
    )
    """,
)

MIGRATIONS: tuple[tuple[str, ...], ...] = (_FIRST,)
"""The statements of migration 1, 2, …; the schema version is the number of those that ran."""

TABLES = (
    "customer", "timer", "profile", "journal", "seen", "outbox", "inbox", "lease", "parked", "hand",
    "bucket", "suppression", "controls", "erased", "fence", "definition", "schema",
)  # fmt: skip
"""The tables of the newest schema."""

_ENCODING = "SELECT current_setting('server_encoding'), current_setting('client_encoding')"
_SCHEMA_IS_THERE = "SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = %s::text)"
_IS_THERE = """
    SELECT EXISTS (
        SELECT 1 FROM pg_catalog.pg_tables
        WHERE tablename = '{n}schema' AND schemaname = ANY ({schemas})
    )
"""
"""By a query: `to_regclass` may answer from what the session knew before it had to wait."""

_VERSION = "SELECT coalesce(max(version), 0) FROM {p}schema"
_LOCK = "SELECT pg_advisory_xact_lock({lock_migration})"
_SCHEMA_TABLE = "CREATE TABLE IF NOT EXISTS {p}schema (version bigint PRIMARY KEY)"
_RAN = "INSERT INTO {p}schema (version) VALUES ({number})"


class Names(NamedTuple):
    """Where the tables are: `schema` (None: wherever the connection looks), and their prefix."""

    schema: str | None = None
    prefix: str = "journeykit_"

    def check(self) -> None:
        """Refuse what is no plain name.

        Raises:
            UsageError: It would need quotes, or is too long.
        """
        for what, name in (("schema", self.schema), ("prefix", self.prefix)):
            if name is not None and not re.fullmatch(r"(?!pg_)[a-z_][a-z0-9_]{0,39}", name):
                raise UsageError(
                    f"no name for the {what} of a store",
                    place=f"PostgresStore.{what}",
                    value=name,
                    remedy="up to 40 of a-z, 0-9 and _, not beginning with a digit or pg_",
                )

    @property
    def place(self) -> str:
        """The beginning of every name of a table."""
        return f"{self.schema}.{self.prefix}" if self.schema else self.prefix

    @property
    def quoted(self) -> str:
        """The same as it stands in SQL, where `order` alone would be no name."""
        return f'"{self.schema}".{self.prefix}' if self.schema else self.prefix

    @property
    def _shared(self) -> str:
        """What stands for the tables between processes, whether they name the usual schema or not."""
        return f"{self.schema or 'public'}.{self.prefix}"

    @property
    def wakes(self) -> str:
        """The channel on which workers are woken."""
        return f"journeykit_{sha256(self._shared.encode()).hexdigest()[:16]}"

    def fill(self, text: str) -> str:
        """Return a statement with the names in it."""
        locks = {f"lock_{what}": self._lock(what) for what in ("erasure", "leases", "migration")}
        schemas = f"ARRAY['{self.schema}']" if self.schema else "current_schemas(false)"
        return text.format(p=self.quoted, n=self.prefix, schemas=schemas, wakes=self.wakes, **locks)

    def _lock(self, what: str) -> int:
        named = sha256(f"journeykit {self._shared} {what}".encode()).digest()
        return int.from_bytes(named[:8], signed=True)


def bring_up(names: Names, *, may_migrate: bool) -> Steps[None]:
    """Bring the schema to the newest version; do nothing when it is there.

    All missing migrations run in one transaction, behind a lock, so two processes may do this
    at once: the second finds the work done.

    Raises:
        StoreSchemaError: The schema is newer than this code; or older, and must not be changed.
        StoreError: The database, or the connection, has another encoding than UTF-8.
    """
    (encodings,) = yield from ask(Statement(_ENCODING))
    if any(one.upper() != "UTF8" for one in encodings.rows[0]):
        raise StoreError(
            "a store needs a database and a connection that hold any Unicode text",
            place="encodings of server and client",
            value=encodings.rows[0],
            remedy="create the database with ENCODING 'UTF8'",
        )
    version = yield from schema_version()
    if version == len(MIGRATIONS):
        return
    if not may_migrate:
        raise StoreSchemaError(
            f"the schema has version {version}, this journeykit needs {len(MIGRATIONS)}"
            if version
            else "journeykit has no tables there",
            place=f"{names.place}*",
            remedy="run `journeykit migrate` with the url of the database, or open the store "
            "with migrate=True"
            + (
                ""
                if version
                else "; if they are elsewhere, say where: schema=, prefix=, url#schema"
            ),
        )
    yield from ask(Statement(_LOCK))
    version = yield from schema_version()
    if names.schema:
        (there,) = yield from ask(Statement(_SCHEMA_IS_THERE, (names.schema,)))
        if not there.rows[0][0]:
            yield from ask(Statement(f'CREATE SCHEMA "{names.schema}"'))
    yield from ask(*map(Statement, _statements(version)))


def migration_script(names: Names, since: int = 0) -> str:
    """Return the SQL of every migration behind version `since`, to be run by hand."""
    lines = [f'CREATE SCHEMA IF NOT EXISTS "{names.schema}"'] if names.schema else []
    lines += [names.fill(text).strip() for text in _statements(since)]
    body = "".join(f"{_dedented(line)};\n" for line in lines)
    return f"BEGIN;\n{body}COMMIT;\n" if lines else ""


def reader_script(names: Names, reader: str) -> str:
    """Return the SQL that lets a user read the tables, and nothing else; it grants no log-in."""
    who = '"' + reader.replace('"', '""') + '"'
    tables = ", ".join(f"{names.quoted}{table}" for table in TABLES)
    lines = [f'GRANT USAGE ON SCHEMA "{names.schema}" TO {who}'] if names.schema else []
    lines.append(f"GRANT SELECT ON {tables} TO {who}")
    return "".join(f"{line};\n" for line in lines)


def schema_version() -> Steps[int]:
    """Return how many migrations have run: 0 where none has. Changes nothing."""
    (there,) = yield from ask(Statement(_IS_THERE))
    if not there.rows[0][0]:
        return 0
    (found,) = yield from ask(Statement(_VERSION))
    version: int = found.rows[0][0]
    if version > len(MIGRATIONS):
        raise StoreSchemaError(
            f"the schema has version {version}, this journeykit knows {len(MIGRATIONS)}",
            remedy="update journeykit, or restore a backup from before the update",
        )
    return version


def _statements(since: int) -> Iterator[str]:
    if since == len(MIGRATIONS):
        return
    if since == 0:
        yield _SCHEMA_TABLE
    for number, statements in enumerate(MIGRATIONS[since:], start=since + 1):
        yield from statements
        yield _RAN.replace("{number}", str(number))


def _dedented(text: str) -> str:
    return re.sub(r"\n    ", "\n", text)
