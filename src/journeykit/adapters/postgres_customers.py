"""What is asked about customers? Documents, versions, events, journals, and who is due."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from journeykit.adapters.postgres_arrays import texts
from journeykit.adapters.postgres_steps import Statement, Steps, finish
from journeykit.ports import FOREVER, Definition, JournalRecord, StoredCustomer

_LOAD = """
    SELECT c.customer_id, c.version, c.body, NULL,
        EXISTS (SELECT 1 FROM {p}inbox i WHERE i.customer_id = c.customer_id),
        EXISTS (SELECT 1 FROM {p}parked k WHERE k.customer_id = c.customer_id)
    FROM {p}customer c WHERE c.customer_id = ANY (%s)
"""
_LOAD_WITH_PROFILES = """
    SELECT c.customer_id, c.version, c.body, p.body,
        EXISTS (SELECT 1 FROM {p}inbox i WHERE i.customer_id = c.customer_id),
        EXISTS (SELECT 1 FROM {p}parked k WHERE k.customer_id = c.customer_id)
    FROM {p}customer c LEFT JOIN {p}profile p ON p.customer_id = c.customer_id
    WHERE c.customer_id = ANY (%s)
"""
_VERSIONS = """
    SELECT c.customer_id, c.version FROM {p}customer c
    WHERE c.customer_id = ANY (%s)
        AND NOT EXISTS (SELECT 1 FROM {p}inbox i WHERE i.customer_id = c.customer_id)
"""
_SEEN = """
    SELECT s.customer_id, s.event_id, s.digest
    FROM unnest(%s::text[], %s::text[]) AS a (customer_id, event_id)
    JOIN {p}seen s ON s.customer_id = a.customer_id AND s.event_id = a.event_id
"""
ONE_AT_A_TIME = """
    SELECT pg_advisory_xact_lock({lock_leases}), set_config('synchronous_commit', 'off', true)
"""
"""Before leases are taken. They need not survive a crash of the server, so nobody waits for it."""

_DUE = """
    SELECT customer_id FROM {p}timer t
    WHERE due <= %(now)s::bigint AND NOT EXISTS (
        SELECT 1 FROM {p}lease l WHERE l.customer_id = t.customer_id AND l.until > %(now)s::bigint
    )
    ORDER BY due, customer_id LIMIT %(limit)s::bigint
"""
_LEASE_DUE = f"""
    WITH free AS MATERIALIZED ({_DUE.replace("customer_id FROM", "customer_id, due FROM")}),
    leased AS (
        INSERT INTO {{p}}lease (customer_id, until, worker)
        SELECT customer_id, %(until)s::bigint, %(worker)s::text FROM free
        ON CONFLICT (customer_id) DO UPDATE SET until = excluded.until, worker = excluded.worker
    )
    SELECT customer_id FROM free ORDER BY due, customer_id
"""
_NEXT_DUE = f"""
    WITH free (at) AS (SELECT min(at) FROM {{p}}outbox WHERE lease_until = 0),
        head AS (
            SELECT customer_id, at FROM {{p}}inbox WHERE NOT parked ORDER BY at, number LIMIT 1000
        )
    SELECT min(at) FROM (
        (
            SELECT due AS at FROM {{p}}timer t
            WHERE NOT EXISTS (SELECT 1 FROM {{p}}lease l WHERE l.customer_id = t.customer_id)
            ORDER BY due LIMIT 1
        )
        UNION ALL SELECT min(at) FROM head
            WHERE NOT EXISTS (SELECT 1 FROM {{p}}lease l WHERE l.customer_id = head.customer_id)
        UNION ALL SELECT min(until) FROM {{p}}lease
        UNION ALL SELECT at FROM free
        UNION ALL SELECT min(greatest(at, lease_until)) FROM {{p}}outbox
            WHERE lease_until > 0 AND at <= coalesce((SELECT at FROM free), {FOREVER})
        UNION ALL SELECT min(until) FROM {{p}}parked k
            WHERE EXISTS (SELECT 1 FROM {{p}}inbox i WHERE i.customer_id = k.customer_id AND i.parked)
    ) AS every WHERE at < {FOREVER}
"""
_JOURNAL = """
    SELECT customer_id, first_seq, at, entries FROM {p}journal
    WHERE customer_id = %s::text AND first_seq > %s::bigint ORDER BY customer_id, first_seq
"""
_CUSTOMERS = """
    SELECT customer_id FROM {p}customer
    WHERE customer_id > %s::text ORDER BY customer_id LIMIT %s::bigint
"""
_PUBLISH = """
    INSERT INTO {p}definition (journey, version, digest, body)
    VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING
"""
_DEFINITIONS = """
    SELECT journey, version, digest, body FROM {p}definition ORDER BY journey, version
"""


def load(customer_ids: Sequence[str], profiles: bool) -> Steps[Mapping[str, StoredCustomer]]:
    """Return customers that are there."""
    if not customer_ids:
        return {}
    text = _LOAD_WITH_PROFILES if profiles else _LOAD
    (found,) = yield from finish(Statement(text, (texts(customer_ids),)))
    return {row[0]: StoredCustomer(*row) for row in found.rows}


def versions(customer_ids: Sequence[str]) -> Steps[Mapping[str, int]]:
    """Return versions of customers for whom nothing waits."""
    if not customer_ids:
        return {}
    (found,) = yield from finish(Statement(_VERSIONS, (texts(customer_ids),)))
    return dict(found.rows)


def seen(events: Sequence[tuple[str, str]]) -> Steps[Mapping[tuple[str, str], str]]:
    """Return digests of events that are there."""
    if not events:
        return {}
    asked = texts([one[0] for one in events]), texts([one[1] for one in events])
    (found,) = yield from finish(Statement(_SEEN, asked))
    return {(customer, event): digest for customer, event, digest in found.rows}


def due(now: int, limit: int, lease_until: int, worker: str) -> Steps[Sequence[str]]:
    """Return who is due, and lease them where that lasts."""
    asked: dict[str, int | str] = {"now": now, "limit": max(0, limit)}
    if lease_until <= now:
        answers = yield from finish(Statement(_DUE, asked))
    else:
        asked |= {"until": lease_until, "worker": worker}
        answers = yield from finish(Statement(ONE_AT_A_TIME), Statement(_LEASE_DUE, asked))
    return [row[0] for row in answers[-1].rows]


def next_due() -> Steps[int | None]:
    """Return the earliest instant at which anything is due."""
    (found,) = yield from finish(Statement(_NEXT_DUE))
    at: int | None = found.rows[0][0]
    return at


def journal(customer_id: str, after: int) -> Steps[Sequence[JournalRecord]]:
    """Return the records behind `after`."""
    (found,) = yield from finish(Statement(_JOURNAL, (customer_id, after)))
    return [JournalRecord(*row) for row in found.rows]


def customers(after: str, limit: int) -> Steps[Sequence[str]]:
    """Return ids behind `after`."""
    (found,) = yield from finish(Statement(_CUSTOMERS, (after, max(0, limit))))
    return [row[0] for row in found.rows]


def publish(definitions: Sequence[Definition]) -> Steps[None]:
    """Keep definitions that are not there yet."""
    if not definitions:
        return
    ordered = sorted(definitions, key=lambda one: (one.journey, one.version))
    yield from finish(
        *(Statement(_PUBLISH, (one.journey, one.version, one.digest, one.body)) for one in ordered)
    )


def definitions() -> Steps[Sequence[Definition]]:
    """Return every definition."""
    (found,) = yield from finish(Statement(_DEFINITIONS))
    return [Definition(*row) for row in found.rows]
