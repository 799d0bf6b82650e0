"""How does an operator look at the database, and keep it small?"""

from __future__ import annotations

from collections.abc import Sequence

from journeykit.adapters.postgres_arrays import blobs, integers, texts
from journeykit.adapters.postgres_schema import MIGRATIONS, TABLES
from journeykit.adapters.postgres_steps import Answer, Statement, Steps, ask, finish
from journeykit.ports import FOREVER, ClaimedMessage, JournalCut
from journeykit.ports.status import COUNTED, Backlog, StoreStatus

_MOST = f"LIMIT {COUNTED}"
_BACKLOGS = (
    f"SELECT due AS at FROM {{p}}timer WHERE due <= %(now)s::bigint {_MOST}",
    f"""
    SELECT due AS at FROM {{p}}outbox
    WHERE at <= %(now)s::bigint AND lease_until = 0 {_MOST}
    """,
    f"""
    SELECT min(at) AS at FROM (
        SELECT customer_id, at FROM {{p}}inbox WHERE NOT parked AND at <= %(now)s::bigint {_MOST}
    ) AS few GROUP BY customer_id
    """,
    f"""
    SELECT lease_until AS at FROM {{p}}outbox
    WHERE lease_until <= %(now)s::bigint AND worker IS NOT NULL {_MOST}
    """,
)
_BACKLOG = "SELECT count(*), min(at) FROM ({}) AS ready"
_SIZES = " + ".join(f"pg_total_relation_size('{{p}}{one}')" for one in TABLES)
_COUNTS = f"""
    SELECT (SELECT max(version) FROM {{p}}schema),
        (extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
        (SELECT count(*) FROM (SELECT 1 FROM {{p}}outbox WHERE worker IS NOT NULL {_MOST}) AS few),
        (
            SELECT count(*) FROM {{p}}parked
            WHERE until > %(now)s::bigint AND until < {FOREVER}
        ),
        (SELECT count(*) FROM {{p}}parked WHERE until >= {FOREVER}),
        (
            SELECT count(*) FROM (
                SELECT 1 FROM {{p}}outbox
                WHERE at >= {FOREVER} AND due >= {FOREVER} AND lease_until = 0 {_MOST}
            ) AS few
        ),
        (SELECT count(*) FROM {{p}}hand WHERE until > %(now)s::bigint),
        {_SIZES}
"""
_LOCK = """
    SELECT customer_id, version FROM {p}customer
    WHERE customer_id = ANY (%s) ORDER BY customer_id FOR UPDATE
"""
_REMOVE = """
    DELETE FROM {p}journal j USING unnest(%s::text[], %s::bigint[]) AS n (customer_id, upto)
    WHERE j.customer_id = n.customer_id AND j.first_seq <= n.upto
"""
_REPLACE = """
    INSERT INTO {p}journal (customer_id, first_seq, at, entries)
    SELECT * FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::bytea[])
"""
_FORGET_SEEN = """
    DELETE FROM {p}seen s USING (
        SELECT customer_id, event_id FROM {p}seen
        WHERE expires < %s::bigint ORDER BY expires LIMIT %s::bigint FOR UPDATE SKIP LOCKED
    ) AS gone
    WHERE s.customer_id = gone.customer_id AND s.event_id = gone.event_id
"""
_FORGET_HANDS = "DELETE FROM {p}hand WHERE until <= %s::bigint"
_FORGET_BUCKETS = "DELETE FROM {p}bucket WHERE name = ANY (%s)"
_BUCKETS = "SELECT name FROM {p}bucket ORDER BY name"
_OUTBOX_OF = """
    SELECT key, customer_id, channel, due, token, content, begun FROM {p}outbox
    WHERE customer_id = %s::text ORDER BY key
"""


def status(now: int) -> Steps[StoreStatus]:
    """Return how the store stands."""
    asked = {"now": now}
    answers = yield from finish(
        *(Statement(_BACKLOG.format(text), asked) for text in _BACKLOGS),
        Statement(_COUNTS, asked),
    )
    due, outbox, inbox, overdue = map(_backlog, answers[:-1])
    ((schema, clock, leased, resting, parked, shelved, hands, size),) = answers[-1].rows
    return StoreStatus(
        schema=schema,
        newest=len(MIGRATIONS),
        clock=clock,
        due=due,
        outbox=outbox,
        inbox=inbox,
        leased=leased,
        overdue_leases=overdue,
        resting=resting,
        parked=parked,
        shelved=shelved,
        hands=hands,
        size=size,
    )


def prune(cuts: Sequence[JournalCut]) -> Steps[Sequence[str]]:
    """Replace the beginnings of journals; return the ids of customers who changed meanwhile."""
    if not cuts:
        return ()
    (found,) = yield from ask(Statement(_LOCK, (texts([one.customer_id for one in cuts]),)))
    versions = dict(found.rows)
    fresh = [one for one in cuts if versions.get(one.customer_id) == one.version]
    ids, uptos = texts([one.customer_id for one in fresh]), integers([one.upto for one in fresh])
    columns = (
        ids,
        uptos,
        integers([one.at for one in fresh]),
        blobs([one.entries for one in fresh]),
    )
    yield from finish(Statement(_REMOVE, (ids, uptos)), Statement(_REPLACE, columns))
    kept = {one.customer_id for one in fresh}
    return [one.customer_id for one in cuts if one.customer_id not in kept]


def forget(now: int, limit: int, buckets: Sequence[str]) -> Steps[int]:
    """Remove what has had its time, and buckets; return how many rows that were."""
    answers = yield from finish(
        Statement(_FORGET_SEEN, (now, max(0, limit))),
        Statement(_FORGET_HANDS, (now,)),
        Statement(_FORGET_BUCKETS, (texts(buckets),)),
    )
    return sum(one.touched for one in answers)


def bucket_names() -> Steps[Sequence[str]]:
    """Return the names of all buckets."""
    (found,) = yield from finish(Statement(_BUCKETS))
    return [row[0] for row in found.rows]


def outbox(customer_id: str) -> Steps[Sequence[ClaimedMessage]]:
    """Return what lies in the outbox for a customer."""
    (found,) = yield from finish(Statement(_OUTBOX_OF, (customer_id,)))
    return [ClaimedMessage(*row) for row in found.rows]


def _backlog(answer: Answer) -> Backlog:
    return Backlog(*answer.rows[0])
