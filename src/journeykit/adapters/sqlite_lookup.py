"""How are a thousand rows asked for at once? In a few statements of a few sizes.

A list of values is cut into chunks, and each chunk is filled up with NULL, which matches
nothing, to one of four sizes. So there are four texts per question, and all of them stay
compiled. (A JSON array in one parameter is as fast, but SQLite's JSON ends a text at its
first NUL, and two ids could become one.)
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Any

_SIZES = (1, 10, 100, 500)

_SEEN = """
    WITH asked (customer_id, event_id) AS (VALUES {})
    SELECT a.customer_id, a.event_id, s.digest
    FROM asked a
    CROSS JOIN journeykit_customer c ON c.customer_id = a.customer_id
    CROSS JOIN journeykit_seen s ON s.customer = c.id AND s.event_id = a.event_id
"""

_SUPPRESSED = """
    WITH asked (channel, address) AS (VALUES {})
    SELECT s.channel, s.address, s.reason, s.at
    FROM asked a
    CROSS JOIN journeykit_suppression s ON s.channel = a.channel AND s.address = a.address
"""

_ERASED = "SELECT mark, at FROM journeykit_erased WHERE mark IN ({})"


def select_by_ids(
    db: sqlite3.Connection, statement: str, ids: Sequence[str]
) -> list[tuple[Any, ...]]:
    """Return the rows of `statement` for all of `ids`, in no order.

    Args:
        statement: Ends in `IN ({})`, or has the braces where the values go.
    """
    rows: list[tuple[Any, ...]] = []
    with _one_moment(db, len(ids)):
        for size, values in _chunks(ids, None):
            rows += db.execute(statement.format(_marks("?", size)), values)
    return rows


def select_seen(
    db: sqlite3.Connection, events: Sequence[tuple[str, str]]
) -> Mapping[tuple[str, str], str]:
    """Return the digest for each (customer id, event id) that is there."""
    found: dict[tuple[str, str], str] = {}
    with _one_moment(db, len(events)):
        for size, pairs in _chunks(events, (None, None)):
            values = list(chain.from_iterable(pairs))
            for customer, event, digest in db.execute(_SEEN.format(_marks("(?,?)", size)), values):
                found[customer, event] = digest
    return found


def select_suppressed(
    db: sqlite3.Connection, addresses: Sequence[tuple[str, str]]
) -> list[tuple[str, str, str, int]]:
    """Return the rows of the list for each (channel, address) that is there."""
    rows: list[tuple[str, str, str, int]] = []
    with _one_moment(db, len(addresses)):
        for size, pairs in _chunks(addresses, (None, None)):
            values = list(chain.from_iterable(pairs))
            rows += db.execute(_SUPPRESSED.format(_marks("(?,?)", size)), values)
    return rows


def select_erased(db: sqlite3.Connection, marks: Sequence[str]) -> dict[str, int]:
    """Return the instant for each mark that is there."""
    return dict(select_by_ids(db, _ERASED, marks))


@contextmanager
def _one_moment(db: sqlite3.Connection, asked: int) -> Iterator[None]:
    """Let all chunks of one question see the same commits."""
    if asked <= _SIZES[-1] or db.in_transaction:
        yield
        return
    db.execute("BEGIN")
    try:
        yield
    finally:
        db.execute("COMMIT")


def _chunks(items: Sequence[Any], filler: object) -> Iterator[tuple[int, list[Any]]]:
    for start in range(0, len(items), _SIZES[-1]):
        chunk = list(items[start : start + _SIZES[-1]])
        size = next(size for size in _SIZES if size >= len(chunk))
        yield size, chunk + [filler] * (size - len(chunk))


def _marks(mark: str, size: int) -> str:
    return ",".join([mark] * size)
