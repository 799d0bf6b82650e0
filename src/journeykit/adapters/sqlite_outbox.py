"""Which messages may go, and who holds them? Claims and announcements in the file.

Rows of a parked customer stay where they are until a claim would meet them; then they are
laid aside: leased, to nobody, until the parking ends. So parking somebody never looks through
all rows, and no claim steps over the same ones twice.

Runs inside a transaction that somebody else began and ends.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import msgspec

from journeykit.adapters.sqlite_lookup import select_by_ids
from journeykit.adapters.sqlite_parking import parked_until
from journeykit.ports import FOREVER, ClaimedMessage, Claiming, Hand, OutboxRow

_ANYTHING_TO_CLAIM = """
    SELECT EXISTS (SELECT 1 FROM journeykit_outbox WHERE lease_until IS NULL AND due <= :now)
        OR EXISTS (SELECT 1 FROM journeykit_outbox WHERE lease_until <= :now)
"""
_END_LEASES = """
    UPDATE journeykit_outbox SET lease_until = NULL, worker = NULL WHERE lease_until <= ?
"""
_NEXT_TOKEN = "UPDATE journeykit_fence SET token = token + 1 RETURNING token"
_CLAIM = """
    UPDATE journeykit_outbox SET token = ?, lease_until = ?, worker = ?
    WHERE id IN (
        SELECT id FROM journeykit_outbox o
        WHERE lease_until IS NULL AND due <= ? AND NOT EXISTS (
            SELECT 1 FROM journeykit_parked p WHERE p.customer_id = o.customer_id AND p.until > ?
        )
        ORDER BY due, key LIMIT ?
    )
    RETURNING key, customer_id, channel, due, token, content, begun
"""
_CLAIM_OTHERS = _CLAIM.replace(
    "ORDER BY", "AND channel NOT IN (SELECT value FROM json_each(?)) ORDER BY"
)
_ANYBODY_PARKED = "SELECT EXISTS (SELECT 1 FROM journeykit_parked)"
_LAY_ASIDE = """
    UPDATE journeykit_outbox SET worker = NULL, lease_until = (
        SELECT until FROM journeykit_parked p WHERE p.customer_id = journeykit_outbox.customer_id
    )
    WHERE lease_until IS NULL AND {} AND EXISTS (
        SELECT 1 FROM journeykit_parked p
        WHERE p.customer_id = journeykit_outbox.customer_id AND p.until > ?
    )
"""
_LAY_ALL_ASIDE = _LAY_ASIDE.format("due <= ?")
_LAY_FIRST_ASIDE = _LAY_ASIDE.format("(due, key) < (?, ?)")
_UNCLAIM = """
    UPDATE journeykit_outbox SET lease_until = NULL, worker = NULL, begun = 0
    WHERE key = ? AND token = ?
"""
_RECOVER = """
    UPDATE journeykit_outbox SET lease_until = NULL, worker = NULL
    WHERE lease_until IS NOT NULL AND worker = ?
"""
_BEGIN = """
    UPDATE journeykit_outbox SET begun = 1, content = coalesce(?, content)
    WHERE key = ? AND token = ?
"""
_CONTENTS = "SELECT key, content FROM journeykit_outbox WHERE content IS NOT NULL AND key IN ({})"
_PUT_IN_HAND = """
    UPDATE journeykit_outbox SET token = ?, lease_until = ?, worker = ? WHERE key = ?
"""
_FORGET_HANDS = "DELETE FROM journeykit_hand WHERE until <= ?"
_RECOVER_HANDS = "DELETE FROM journeykit_hand WHERE worker = ?"
_HOLD = "INSERT INTO journeykit_hand (number, worker, until, customers) VALUES (?, ?, ?, ?)"
_LET_GO = "DELETE FROM journeykit_hand WHERE number = ?"
_HANDS = "SELECT number, until, customers FROM journeykit_hand WHERE until > ? ORDER BY number"
_SHELVED = """
    SELECT DISTINCT customer_id FROM journeykit_outbox
    WHERE lease_until IS NULL AND due >= ? AND customer_id > ? ORDER BY customer_id LIMIT ?
"""

_encode_ids = msgspec.json.encode
_decode_ids = msgspec.json.Decoder(set[str]).decode


def may_claim(db: sqlite3.Connection, now: int) -> bool:
    """Tell whether claiming is worth a write."""
    return bool(db.execute(_ANYTHING_TO_CLAIM, {"now": now}).fetchone()[0])


def claim_rows(
    db: sqlite3.Connection,
    now: int,
    limit: int,
    lease_until: int,
    worker: str,
    without: Collection[str] = (),
) -> list[ClaimedMessage]:
    """Lease what may go."""
    db.execute(_END_LEASES, (now,))
    token = _next_token(db)
    terms: tuple[object, ...] = (token, lease_until, worker, now, now)
    if without:
        rows = db.execute(_CLAIM_OTHERS, (*terms, json.dumps(sorted(without)), limit)).fetchall()
    else:
        rows = db.execute(_CLAIM, (*terms, limit)).fetchall()
    rows.sort(key=lambda row: (row[3], row[0]))
    if db.execute(_ANYBODY_PARKED).fetchone()[0]:
        if len(rows) < limit:
            db.execute(_LAY_ALL_ASIDE, (now, now))
        else:
            db.execute(_LAY_FIRST_ASIDE, (rows[-1][3], rows[-1][0], now))
    return [
        ClaimedMessage(key, customer, channel, due, token, content, bool(begun))
        for key, customer, channel, due, token, content, begun in rows
    ]


def claim_put(
    db: sqlite3.Connection, rows: Iterable[OutboxRow], claiming: Claiming
) -> list[ClaimedMessage]:
    """Lease those of `rows`, which have just been put, that may go."""
    now = claiming.now
    put = [row for row in {row.key: row for row in rows}.values() if row.due <= now]
    parked = parked_until(db, [row.customer_id for row in put])
    put = [row for row in put if parked.get(row.customer_id, 0) <= now][: max(0, claiming.limit)]
    if not put:
        return []
    token = _next_token(db)
    terms = (token, claiming.lease_until, claiming.worker)
    db.executemany(_PUT_IN_HAND, [(*terms, row.key) for row in put])
    contents = dict(select_by_ids(db, _CONTENTS, [row.key for row in put]))
    return [
        ClaimedMessage(r.key, r.customer_id, r.channel, r.due, token, contents.get(r.key))
        for r in put
    ]


def unclaim_rows(db: sqlite3.Connection, claims: Sequence[ClaimedMessage]) -> None:
    """Give rows back."""
    db.executemany(_UNCLAIM, [(claim.key, claim.token) for claim in claims])


def begin_rows(
    db: sqlite3.Connection, handing: Sequence[tuple[ClaimedMessage, bytes | None]]
) -> None:
    """Note that rows are about to be handed over."""
    db.executemany(_BEGIN, [(content, claim.key, claim.token) for claim, content in handing])


def recover_worker(db: sqlite3.Connection, worker: str) -> int:
    """End what a worker holds; return how many rows."""
    db.execute(_RECOVER_HANDS, (worker,))
    return db.execute(_RECOVER, (worker,)).rowcount


def select_shelved(db: sqlite3.Connection, after: str, limit: int) -> list[str]:
    """Return customers with rows that are never due."""
    return [row[0] for row in db.execute(_SHELVED, (FOREVER, after, max(0, limit)))]


def hold_hand(
    db: sqlite3.Connection, customer_ids: Sequence[str], now: int, until: int, worker: str
) -> Hand:
    """Announce hand-overs."""
    db.execute(_FORGET_HANDS, (now,))
    number = _next_token(db)
    db.execute(_HOLD, (number, worker, until, _encode_ids(customer_ids)))
    return Hand(number, until)


def let_go_of(db: sqlite3.Connection, hand: Hand) -> None:
    """End an announcement."""
    db.execute(_LET_GO, (hand.number,))


def select_hands(db: sqlite3.Connection, customer_id: str | None, now: int) -> list[Hand]:
    """Return the announcements that stand."""
    rows: list[tuple[Any, ...]] = db.execute(_HANDS, (now,)).fetchall()
    return [
        Hand(number, until)
        for number, until, customers in rows
        if customer_id is None or customer_id in _decode_ids(customers)
    ]


def _next_token(db: sqlite3.Connection) -> int:
    ((token,),) = db.execute(_NEXT_TOKEN).fetchall()
    return int(token)
