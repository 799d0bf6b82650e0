"""Where does a host on one machine keep its customers? In one SQLite file.

Every call is one transaction, and a call with a thousand rows waits for the disk as often
as one with a single row: prefer large batches. Reading never waits for other processes;
writers wait for each other.

Beyond the port:
    * ties of `due` are ordered by customer id;
    * content is kept for the newest claim of a row only;
    * a commit with new event ids forgets up to twice as many that expired before its `at`,
      oldest first, so that their table stops growing after one period;
    * fencing tokens, and numbers of hands, come from one counter for the whole file, so they
      stay apart even where a key leaves the outbox and comes back;
    * asking for work when nothing is due writes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from os import PathLike
from pathlib import Path
from typing import Self

from journeykit.adapters.commits import refuse_repeated_customers
from journeykit.adapters.sqlite_commit import write_commits
from journeykit.adapters.sqlite_connection import Database, Synchronous
from journeykit.adapters.sqlite_customers import (
    select_customers,
    select_due,
    select_journal,
    select_next_due,
    select_page,
    select_versions,
)
from journeykit.adapters.sqlite_inbox import (
    APPENDING,
    append_rows,
    count_rows,
    select_rows,
    select_waiting,
    take_rows,
)
from journeykit.adapters.sqlite_lookup import (
    select_erased,
    select_seen,
    select_suppressed,
)
from journeykit.adapters.sqlite_operated import erase_customer, read_controls, write_controls
from journeykit.adapters.sqlite_outbox import (
    begin_rows,
    claim_put,
    claim_rows,
    hold_hand,
    let_go_of,
    may_claim,
    recover_worker,
    select_hands,
    select_shelved,
    unclaim_rows,
)
from journeykit.adapters.sqlite_parking import (
    park_customers,
    select_parked,
    unpark_customers,
)
from journeykit.adapters.sqlite_schema import PREFIX
from journeykit.adapters.sqlite_shared import list_addresses, take_tokens, unlist_addresses
from journeykit.adapters.sqlite_upkeep import SQLiteUpkeep
from journeykit.ports import (
    AppendingSQL,
    ClaimedMessage,
    Claiming,
    Committed,
    Controls,
    CustomerCommit,
    Definition,
    Hand,
    InboxRow,
    JournalRecord,
    ParkedCustomer,
    StoredCustomer,
    Suppression,
    Taken,
    Taking,
)

_PUBLISH = """
    INSERT OR IGNORE INTO journeykit_definition (journey, version, digest, body)
    VALUES (?, ?, ?, ?)
"""
_DEFINITIONS = """
    SELECT journey, version, digest, body FROM journeykit_definition ORDER BY journey, version
"""


class SQLiteStore(SQLiteUpkeep):
    """A store in one file, for any number of threads and processes of one machine.

    Args:
        path: The file; made when it is not there. Its folder must exist.
        synchronous: `"full"` (the default): what a method wrote survives a power failure.
            `"normal"`: it survives a crash of the process, but a power failure may take the
            last commits. `"off"`: a power failure may ruin the file.
        busy_timeout: How long to wait for other threads and processes.
        shared: Let journeykit's tables lie beside others in the host's own file, which is
            refused otherwise. The file is switched to a write-ahead log for good, and as long
            as one side writes the other waits.
        prefix: What the names of all tables begin with; several stores with different ones may
            lie in one file and know nothing of each other.
        migrate: Whether to bring the schema to the newest version; if not, an older one is refused.
        read_only: Open a file that is there for reading; every method that writes is refused.

    Raises:
        StoreSchemaError: The file is no SQLite database, another program's, or a newer
            journeykit's.
        StoreBusyError: Somebody held the file for longer than `busy_timeout`. Any method
            may raise it; nothing was written then.
        StoreError: The folder does not exist, or the file cannot be opened.
        UsageError: The store was closed, is read only, or was opened before the process forked: close it before
            a fork, or open stores only after it. A child that inherited an open store cannot
            open the file at all.
    """

    def __init__(
        self,
        path: str | PathLike[str],
        *,
        synchronous: Synchronous = "full",
        busy_timeout: timedelta = timedelta(seconds=10),
        shared: bool = False,
        prefix: str = PREFIX,
        migrate: bool = True,
        read_only: bool = False,
    ) -> None:
        self._database = Database(
            Path(path), synchronous=synchronous, busy_timeout=busy_timeout, prefix=prefix,
            shared=shared, may_migrate=migrate, read_only=read_only,
        )  # fmt: skip

    @property
    def path(self) -> Path:
        """The file."""
        return self._database.path

    @property
    def appending(self) -> AppendingSQL:
        """What `append` executes, for a host's own connection to the file."""
        prefix = self._database.prefix
        statements = [one.replace(PREFIX, prefix) for one in APPENDING]
        return AppendingSQL("sqlite", statements, str(self.path))

    def load(
        self, customer_ids: Sequence[str], *, profiles: bool = False
    ) -> Mapping[str, StoredCustomer]:
        """See `Store.load`."""
        with self._database.reading() as db:
            return select_customers(db, customer_ids, profiles=profiles)

    def versions(self, customer_ids: Sequence[str]) -> Mapping[str, int]:
        """See `Store.versions`."""
        with self._database.reading() as db:
            return select_versions(db, customer_ids)

    def commit(self, commits: Sequence[CustomerCommit]) -> Sequence[str]:
        """See `Store.commit`.

        Raises:
            UsageError: Two commits are for one customer, or a journal is not a JSON array.
            StoreError: A journal does not begin where the stored one ends.
        """
        refuse_repeated_customers(commits)
        if not commits:
            return ()
        with self._database.writing() as db:
            return write_commits(db, commits)

    def commit_and_claim(self, commits: Sequence[CustomerCommit], claiming: Claiming) -> Committed:
        """See `Store.commit_and_claim`; for what it raises, `commit`."""
        refuse_repeated_customers(commits)
        if not commits:
            return Committed()
        now, worker = claiming.now, claiming.worker
        with self._database.writing() as db:
            stale = write_commits(db, commits)
            left = set(stale)
            put = (row for one in commits if one.customer_id not in left for row in one.put)
            claims = claim_put(db, put, claiming)
            if not claims:
                return Committed(stale)
            ids = list(dict.fromkeys(claim.customer_id for claim in claims))
            return Committed(stale, claims, hold_hand(db, ids, now, claiming.hold_until, worker))

    def seen(self, events: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], str]:
        """See `Store.seen`."""
        with self._database.reading() as db:
            return select_seen(db, events)

    def due(self, now: int, *, limit: int, lease_until: int = 0, worker: str = "") -> Sequence[str]:
        """See `Store.due`. Leases nobody: `expected` decides who comes first."""
        with self._database.reading() as db:
            return select_due(db, now, limit)

    def append(self, rows: Sequence[InboxRow]) -> None:
        """See `Store.append`."""
        if rows:
            with self._database.writing() as db:
                append_rows(db, rows)

    def waiting(
        self, now: int, *, limit: int, lease_until: int = 0, worker: str = ""
    ) -> Sequence[str]:
        """See `Store.waiting`. Leases nobody, as `due`."""
        with self._database.reading() as db:
            return select_waiting(db, now, limit)

    def inbox(self, customer_ids: Sequence[str], *, limit: int) -> Mapping[str, Sequence[InboxRow]]:
        """See `Store.inbox`."""
        with self._database.reading() as db:
            return select_rows(db, customer_ids, limit)

    def depth(self, limit: int) -> int:
        """See `Store.depth`."""
        with self._database.reading() as db:
            return count_rows(db, limit)

    def discard(self, customer_id: str, numbers: Sequence[int]) -> None:
        """See `Store.discard`."""
        if numbers:
            with self._database.writing() as db:
                take_rows(db, [(customer_id, numbers)])

    def park(self, rows: Sequence[ParkedCustomer]) -> None:
        """See `Store.park`."""
        if rows:
            with self._database.writing() as db:
                park_customers(db, rows)

    def unpark(self, customer_ids: Sequence[str], now: int) -> Sequence[str]:
        """See `Store.unpark`."""
        if not customer_ids:
            return ()
        with self._database.writing() as db:
            return unpark_customers(db, customer_ids)

    def parked(
        self, *, of: Sequence[str] | None = None, after: str = "", limit: int = 1000
    ) -> Sequence[ParkedCustomer]:
        """See `Store.parked`."""
        with self._database.reading() as db:
            return select_parked(db, of, after, limit)

    def shelved(self, *, after: str = "", limit: int = 1000) -> Sequence[str]:
        """See `Store.shelved`."""
        with self._database.reading() as db:
            return select_shelved(db, after, limit)

    def claim(
        self,
        now: int,
        *,
        limit: int,
        lease_until: int,
        worker: str,
        without: Collection[str] = (),
    ) -> Sequence[ClaimedMessage]:
        """See `Store.claim`."""
        with self._database.reading() as db:
            if limit <= 0 or not may_claim(db, now):
                return ()
        with self._database.writing() as db:
            return claim_rows(db, now, limit, lease_until, worker, without)

    def unclaim(self, claims: Sequence[ClaimedMessage]) -> None:
        """See `Store.unclaim`."""
        if claims:
            with self._database.writing() as db:
                unclaim_rows(db, claims)

    def recover(self, worker: str) -> int:
        """See `Store.recover`."""
        with self._database.writing() as db:
            return recover_worker(db, worker)

    def hold(self, customer_ids: Sequence[str], now: int, *, until: int, worker: str) -> Hand:
        """See `Store.hold`."""
        with self._database.writing() as db:
            return hold_hand(db, customer_ids, now, until, worker)

    def let_go(self, hand: Hand) -> None:
        """See `Store.let_go`."""
        with self._database.writing() as db:
            let_go_of(db, hand)

    def hands(self, customer_id: str | None, now: int) -> Sequence[Hand]:
        """See `Store.hands`."""
        with self._database.reading() as db:
            return select_hands(db, customer_id, now)

    def take(self, bucket: str, asked: Taking) -> Taken:
        """See `Store.take`."""
        with self._database.writing() as db:
            return take_tokens(db, bucket, asked)

    def suppress(self, rows: Sequence[Suppression]) -> None:
        """See `Store.suppress`."""
        if rows:
            with self._database.writing() as db:
                list_addresses(db, rows)

    def unsuppress(self, addresses: Sequence[tuple[str, str]]) -> None:
        """See `Store.unsuppress`."""
        if addresses:
            with self._database.writing() as db:
                unlist_addresses(db, addresses)

    def suppressed(
        self, addresses: Sequence[tuple[str, str]]
    ) -> Mapping[tuple[str, str], Suppression]:
        """See `Store.suppressed`."""
        if not addresses:
            return {}
        with self._database.reading() as db:
            rows = select_suppressed(db, addresses)
        return {(row[0], row[1]): Suppression(*row) for row in rows}

    def begin(self, handing: Sequence[tuple[ClaimedMessage, bytes | None]]) -> None:
        """See `Store.begin`."""
        if handing:
            with self._database.writing() as db:
                begin_rows(db, handing)

    def next_due(self) -> int | None:
        """See `Store.next_due`."""
        with self._database.reading() as db:
            return select_next_due(db)

    def journal(self, customer_id: str, *, after: int = 0) -> Iterable[JournalRecord]:
        """See `Store.journal`."""
        with self._database.reading() as db:
            return select_journal(db, customer_id, after)

    def customers(self, *, after: str = "", limit: int = 1000) -> Sequence[str]:
        """See `Store.customers`."""
        with self._database.reading() as db:
            return select_page(db, after, limit)

    def publish(self, definitions: Sequence[Definition]) -> None:
        """See `Store.publish`."""
        if definitions:
            rows = [(one.journey, one.version, one.digest, one.body) for one in definitions]
            with self._database.writing() as db:
                db.executemany(_PUBLISH, rows)

    def definitions(self) -> Sequence[Definition]:
        """See `Store.definitions`."""
        with self._database.reading() as db:
            return [Definition(*row) for row in db.execute(_DEFINITIONS)]

    def controls(self) -> Controls:
        """See `Store.controls`."""
        with self._database.reading() as db:
            return read_controls(db)

    def set_controls(self, body: bytes, *, expected: int) -> bool:
        """See `Store.set_controls`."""
        with self._database.writing() as db:
            return write_controls(db, body, expected)

    def erase(self, customer_id: str, *, mark: str, at: int) -> bool:
        """See `Store.erase`. It looks through the whole outbox.

        What is deleted is overwritten in the file, and the `-wal` file beside it is emptied,
        unless somebody reads at that moment; see `checkpoint`. Copies keep what they have.
        """
        with self._database.writing() as db:
            there = erase_customer(db, customer_id, mark, at)
        self._database.checkpoint()
        return there

    def erased(self, marks: Sequence[str]) -> Mapping[str, int]:
        """See `Store.erased`."""
        with self._database.reading() as db:
            return select_erased(db, marks)

    def close(self) -> None:
        """See `Store.close`. The last one to close the file also removes its `-wal` file."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"SQLiteStore({str(self.path)!r})"
