"""Which messages may go, and who holds them? Claims and announcements.

A claim picks rows that nobody else is picking (`SKIP LOCKED`), and leases them without moving
them in the index: the rows of a lease are few, and stepping over them is cheaper. Only parking
moves rows, so that nobody steps over those that rest.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from journeykit.adapters.postgres_arrays import blobs, integers, texts
from journeykit.adapters.postgres_commit import FORGET_HANDS, HOLD
from journeykit.adapters.postgres_steps import Statement, Steps, finish
from journeykit.ports import FOREVER, ClaimedMessage, Hand

_CLAIM = """
    WITH free AS MATERIALIZED (
        SELECT customer_id, key FROM {p}outbox
        WHERE at <= %s::bigint AND lease_until <= %s::bigint
        ORDER BY at, key LIMIT %s::bigint FOR NO KEY UPDATE SKIP LOCKED
    ), fence AS MATERIALIZED (
        SELECT nextval('{p}token') AS token WHERE EXISTS (SELECT 1 FROM free)
    )
    UPDATE {p}outbox o
    SET token = greatest(fence.token, o.token + 1), lease_until = %s::bigint, worker = %s::text
    FROM free, fence WHERE o.customer_id = free.customer_id AND o.key = free.key
    RETURNING o.key, o.customer_id, o.channel, o.due, o.token, o.content, o.begun
"""
_CLAIM_OTHERS = _CLAIM.replace("ORDER BY", "AND channel <> ALL (%s::text[]) ORDER BY")
_UNCLAIM = """
    UPDATE {p}outbox o SET lease_until = 0, worker = NULL, begun = false
    FROM unnest(%s::text[], %s::text[], %s::bigint[]) AS n (customer_id, key, token)
    WHERE o.customer_id = n.customer_id AND o.key = n.key AND o.token = n.token
"""
_BEGIN = """
    UPDATE {p}outbox o SET begun = true, content = coalesce(n.content, o.content)
    FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::bytea[])
        AS n (customer_id, key, token, content)
    WHERE o.customer_id = n.customer_id AND o.key = n.key AND o.token = n.token
"""
_RECOVER = "UPDATE {p}outbox SET lease_until = 0, worker = NULL WHERE worker = %s::text"
_RECOVER_HANDS = "DELETE FROM {p}hand WHERE worker = %s::text"
_RECOVER_LEASES = "DELETE FROM {p}lease WHERE worker = %s::text"
_LET_GO = "DELETE FROM {p}hand WHERE number = %s::bigint"
_HANDS = "SELECT number, until FROM {p}hand WHERE until > %s::bigint ORDER BY number"
_HANDS_OF = """
    SELECT number, until FROM {p}hand
    WHERE until > %s::bigint AND %s::text = ANY (customers) ORDER BY number
"""
_SHELVED = """
    SELECT DISTINCT customer_id FROM {p}outbox
    WHERE due >= %s::bigint AND at >= %s::bigint AND lease_until = 0 AND customer_id > %s::text
    ORDER BY customer_id LIMIT %s::bigint
"""


def claim(
    now: int, limit: int, lease_until: int, worker: str, without: Collection[str] = ()
) -> Steps[Sequence[ClaimedMessage]]:
    """Lease what may go."""
    statement, others = (_CLAIM_OTHERS, (texts(sorted(without)),)) if without else (_CLAIM, ())
    asked = (now, now, *others, max(0, limit), lease_until, worker)
    (found,) = yield from finish(Statement(statement, asked))
    return [ClaimedMessage(*row) for row in sorted(found.rows, key=lambda row: (row[3], row[0]))]


def unclaim(claims: Sequence[ClaimedMessage]) -> Steps[None]:
    """Give rows back."""
    if not claims:
        return
    yield from finish(Statement(_UNCLAIM, _places(sorted(claims, key=_place))), wakes=True)


def begin(handing: Sequence[tuple[ClaimedMessage, bytes | None]]) -> Steps[None]:
    """Note that rows are about to be handed over."""
    if not handing:
        return
    ordered = sorted(handing, key=lambda one: _place(one[0]))
    places = _places([claim for claim, _ in ordered])
    yield from finish(Statement(_BEGIN, (*places, blobs([content for _, content in ordered]))))


def recover(worker: str) -> Steps[int]:
    """End what a worker holds; return how many rows of the outbox."""
    answers = yield from finish(
        Statement(_RECOVER_LEASES, (worker,)),
        Statement(_RECOVER, (worker,)),
        Statement(_RECOVER_HANDS, (worker,)),
    )
    return answers[1].touched


def hold(customer_ids: Sequence[str], now: int, until: int, worker: str) -> Steps[Hand]:
    """Announce hand-overs."""
    answers = yield from finish(
        Statement(FORGET_HANDS, (now,)),
        Statement(HOLD, (worker, until, texts(customer_ids))),
    )
    return Hand(answers[-1].rows[0][0], until)


def let_go(hand: Hand) -> Steps[None]:
    """End an announcement."""
    yield from finish(Statement(_LET_GO, (hand.number,)))


def hands(customer_id: str | None, now: int) -> Steps[Sequence[Hand]]:
    """Return the announcements that stand."""
    if customer_id is None:
        (found,) = yield from finish(Statement(_HANDS, (now,)))
    else:
        (found,) = yield from finish(Statement(_HANDS_OF, (now, customer_id)))
    return [Hand(*row) for row in found.rows]


def shelved(after: str, limit: int) -> Steps[Sequence[str]]:
    """Return customers with rows that are never due."""
    (found,) = yield from finish(Statement(_SHELVED, (FOREVER, FOREVER, after, max(0, limit))))
    return [row[0] for row in found.rows]


def _place(claim: ClaimedMessage) -> tuple[str, str]:
    return claim.customer_id, claim.key


def _places(claims: Sequence[ClaimedMessage]) -> tuple[object, ...]:
    return (
        texts([claim.customer_id for claim in claims]),
        texts([claim.key for claim in claims]),
        integers([claim.token for claim in claims]),
    )
