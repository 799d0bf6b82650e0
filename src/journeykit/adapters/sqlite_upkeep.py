"""How does an operator look at the file, and keep it small?"""

from __future__ import annotations

from collections.abc import Sequence

from journeykit.adapters.sqlite_connection import Database
from journeykit.adapters.sqlite_prune import bucket_names, cut_journals, forget
from journeykit.adapters.sqlite_status import read_status, rows_of
from journeykit.ports import ClaimedMessage
from journeykit.ports.pruning import JournalCut
from journeykit.ports.status import StoreStatus


class SQLiteUpkeep:
    """The part of `SQLiteStore` that no journey needs."""

    _database: Database

    def status(self, now: int) -> StoreStatus:
        """See `Upkeep.status`."""
        with self._database.reading() as db:
            return read_status(db, self._database.path, now)

    def prune(self, cuts: Sequence[JournalCut]) -> Sequence[str]:
        """See `Upkeep.prune`. What is removed is overwritten, as in `SQLiteStore.erase`."""
        if not cuts:
            return ()
        with self._database.writing() as db:
            return cut_journals(db, cuts)

    def forget(self, now: int, *, limit: int, buckets: Sequence[str] = ()) -> int:
        """See `Upkeep.forget`. What is removed is overwritten, as in `SQLiteStore.erase`."""
        with self._database.writing() as db:
            forgotten = forget(db, now, limit, buckets)
        self._database.checkpoint()
        return forgotten

    def outbox(self, customer_id: str) -> Sequence[ClaimedMessage]:
        """See `Upkeep.outbox`. It looks through the whole outbox."""
        with self._database.reading() as db:
            return rows_of(db, customer_id)

    def checkpoint(self) -> bool:
        """Move the `-wal` file into the file and empty it; tell whether nobody was in the way."""
        return self._database.checkpoint()

    def buckets(self) -> Sequence[str]:
        """See `Upkeep.buckets`."""
        with self._database.reading() as db:
            return bucket_names(db)
