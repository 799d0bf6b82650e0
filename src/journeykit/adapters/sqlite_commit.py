"""What does a commit change in which table? Sorted out first, then written table by table.

Runs inside a write transaction that somebody else began and ends.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from journeykit.adapters.commits import entries_in, refuse_hole
from journeykit.adapters.sqlite_inbox import take_rows
from journeykit.adapters.sqlite_lookup import select_by_ids
from journeykit.adapters.sqlite_parking import KEEP_OWN_DUE, parked_until
from journeykit.adapters.sqlite_shared import list_addresses, unlist_addresses
from journeykit.ports import CustomerCommit, Suppression

_HEADS = """
    SELECT customer_id, version, id, next_seq, journal
    FROM journeykit_customer WHERE customer_id IN ({})
"""
_LAST_IDS = """
    SELECT (SELECT coalesce(max(id), 0) FROM journeykit_customer),
           (SELECT coalesce(max(id), 0) FROM journeykit_journal),
           (SELECT floor FROM journeykit_fence)
"""
_INSERT_CUSTOMER = """
    INSERT INTO journeykit_customer (version, next_seq, journal, next_due, body, id, customer_id)
    VALUES (?, ?, ?, ?, ?, ?, ?)
"""
_UPDATE_CUSTOMER = """
    UPDATE journeykit_customer
    SET version = ?, next_seq = ?, journal = ?, next_due = ?, body = ? WHERE id = ?
"""
_INSERT_RECORD = """
    INSERT INTO journeykit_journal (id, previous, customer, first_seq, at, entries)
    VALUES (?, ?, ?, ?, ?, ?)
"""
_KEEP_PROFILE = "INSERT OR REPLACE INTO journeykit_profile (customer, body) VALUES (?, ?)"
_DROP = "DELETE FROM journeykit_outbox WHERE key = ?"
_PUT = """
    INSERT INTO journeykit_outbox (key, customer_id, channel, due) VALUES (?, ?, ?, ?)
    ON CONFLICT (key) DO UPDATE SET
        customer_id = excluded.customer_id, channel = excluded.channel, due = excluded.due,
        lease_until = NULL, worker = NULL, begun = 0
"""
_REMEMBER = """
    INSERT OR REPLACE INTO journeykit_seen (customer, event_id, digest, expires)
    VALUES (?, ?, ?, ?)
"""
_OLDEST_SEEN = "SELECT expires FROM journeykit_seen ORDER BY id LIMIT 1"
_FORGET = """
    DELETE FROM journeykit_seen
    WHERE id IN (SELECT id FROM journeykit_seen ORDER BY id LIMIT ?) AND expires < ?
"""


def write_commits(db: sqlite3.Connection, commits: Sequence[CustomerCommit]) -> list[str]:
    """Write those of `commits` that are not stale; return the ids of the stale ones.

    Raises:
        UsageError: A journal is not a JSON array.
        StoreError: A journal does not begin where the stored one ends.
    """
    ids = [commit.customer_id for commit in commits]
    heads = {row[0]: row[1:] for row in select_by_ids(db, _HEADS, ids)}
    last_customer, last_record, floor = db.execute(_LAST_IDS).fetchone()
    rows = _Rows(last_customer, last_record, floor, parked_until(db, ids))
    stale = []
    for commit in commits:
        head = heads.get(commit.customer_id)
        if commit.expected != (head[0] if head else 0):
            stale.append(commit.customer_id)
        elif head:
            rows.change(commit, *head[1:])
        else:
            rows.add(commit)
    rows.write(db)
    return stale


class _Rows:
    """What each table is to receive."""

    def __init__(
        self, last_customer: int, last_record: int, floor: int, parked: Mapping[str, int]
    ) -> None:
        self._floor = floor
        self._parked = parked
        self._last_customer = last_customer
        self._last_record = last_record
        self._at: int | None = None
        self._added: list[tuple[Any, ...]] = []
        self._changed: list[tuple[Any, ...]] = []
        self._records: list[tuple[Any, ...]] = []
        self._profiles: list[tuple[Any, ...]] = []
        self._dropped: list[tuple[str]] = []
        self._put: list[tuple[Any, ...]] = []
        self._seen: list[tuple[Any, ...]] = []
        self._taken: list[tuple[str, Sequence[int]]] = []
        self._own_due: list[tuple[int | None, str]] = []
        self._lists: list[tuple[Sequence[Suppression], Sequence[tuple[str, str]]]] = []

    def add(self, commit: CustomerCommit) -> None:
        """Take up a customer that is not there yet."""
        self._last_customer += 1
        row = self._row(commit, self._last_customer, 1, None, self._floor)
        self._added.append((*row, commit.customer_id))

    def change(self, commit: CustomerCommit, id: int, next_seq: int, journal: int | None) -> None:
        """Take up a customer that is there, with what is stored of it."""
        self._changed.append(self._row(commit, id, next_seq, journal, commit.expected))

    def write(self, db: sqlite3.Connection) -> None:
        """Put everything into its table."""
        for statement, rows in (
            (_INSERT_CUSTOMER, self._added),
            (_UPDATE_CUSTOMER, self._changed),
            (_INSERT_RECORD, self._records),
            (_KEEP_PROFILE, self._profiles),
            (_DROP, self._dropped),
            (_PUT, self._put),
            (KEEP_OWN_DUE, self._own_due),
        ):
            if rows:
                db.executemany(statement, rows)
        for suppressed, unsuppressed in self._lists:  # two customers may have one address
            list_addresses(db, suppressed)
            unlist_addresses(db, unsuppressed)
        if self._taken:
            take_rows(db, self._taken)
        if self._seen:
            self._forget_expired(db)
            db.executemany(_REMEMBER, self._seen)

    def _row(
        self, commit: CustomerCommit, id: int, next_seq: int, journal: int | None, version: int
    ) -> tuple[Any, ...]:
        if commit.journal:
            entries = entries_in(commit)
            if entries:
                refuse_hole(commit, next_seq)
                self._last_record += 1
                self._records.append(
                    (self._last_record, journal, id, commit.first_seq, commit.at, commit.journal)
                )
                next_seq += entries
                journal = self._last_record
        if commit.profile is not None:
            self._profiles.append((id, commit.profile))
        if commit.drop:
            self._dropped += [(key,) for key in commit.drop]
        if commit.put:
            self._put += [(row.key, row.customer_id, row.channel, row.due) for row in commit.put]
        if commit.suppress or commit.unsuppress:
            self._lists.append((commit.suppress, commit.unsuppress))
        if commit.seen:
            self._seen += [(id, one.event_id, one.digest, one.expires) for one in commit.seen]
            self._at = commit.at if self._at is None else min(self._at, commit.at)
        if commit.taken:
            self._taken.append((commit.customer_id, commit.taken))
        due = commit.next_due
        if commit.customer_id in self._parked:
            self._own_due.append((due, commit.customer_id))
            due = None if due is None else max(due, self._parked[commit.customer_id])
        return version + 1, next_seq, journal, due, commit.body, id

    def _forget_expired(self, db: sqlite3.Connection) -> None:
        """Forget some of the oldest event ids, at twice the rate at which new ones come."""
        oldest = db.execute(_OLDEST_SEEN).fetchone()
        if oldest and self._at is not None and oldest[0] < self._at:
            db.execute(_FORGET, (2 * len(self._seen) + 10, self._at))
