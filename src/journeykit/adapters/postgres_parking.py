"""Who is left alone? Parked customers, each until an instant.

What a parked customer has in the outbox and among the timers is moved to the end of the parking,
and its rows in the inbox are marked; so nobody who looks for work steps over them. A row of the
inbox that was told later carries no mark, whichever number it has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from journeykit.adapters.postgres_arrays import integers, texts
from journeykit.adapters.postgres_commit import END_LEASES, END_TIMER, SET_TIMER
from journeykit.adapters.postgres_steps import Statement, Steps, ask, finish
from journeykit.ports import ParkedCustomer

_LOCK = """
    SELECT customer_id, next_due FROM {p}customer
    WHERE customer_id = ANY (%s) ORDER BY customer_id FOR UPDATE
"""
_UNTIL = """
    SELECT customer_id, until FROM {p}parked
    WHERE customer_id = ANY (%s) ORDER BY customer_id FOR UPDATE
"""
_PARK = """
    INSERT INTO {p}parked (customer_id, until, at, attempts, reason)
    SELECT * FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::text[])
    ON CONFLICT (customer_id) DO UPDATE SET until = excluded.until, at = excluded.at,
        attempts = excluded.attempts, reason = excluded.reason
"""
_LAY_ASIDE = """
    UPDATE {p}outbox o SET lease_until = 0, worker = NULL, at = greatest(o.due, n.until)
    FROM unnest(%s::text[], %s::bigint[]) AS n (customer_id, until)
    WHERE o.customer_id = n.customer_id
"""
_MARK = """
    UPDATE {p}inbox i SET parked = true FROM unnest(%s::text[]) AS n (customer_id)
    WHERE i.customer_id = n.customer_id AND NOT i.parked
"""
_UNMARK = """
    UPDATE {p}inbox i SET parked = false FROM unnest(%s::text[]) AS n (customer_id)
    WHERE i.customer_id = n.customer_id AND i.parked
"""
_UNPARK = "DELETE FROM {p}parked WHERE customer_id = ANY (%s)"
_LISTED = """
    SELECT customer_id, until, at, attempts, reason FROM {p}parked
    WHERE customer_id > %s::text ORDER BY customer_id LIMIT %s::bigint
"""
_OF = """
    SELECT customer_id, until, at, attempts, reason FROM {p}parked
    WHERE customer_id = ANY (%s) ORDER BY customer_id
"""


def park(rows: Sequence[ParkedCustomer]) -> Steps[None]:
    """Park customers, anew if they are."""
    if not rows:
        return
    last = {row.customer_id: row for row in rows}
    ordered = [last[id] for id in sorted(last)]
    ids, untils = texts(sorted(last)), integers([row.until for row in ordered])
    dues, before = yield from _locked(ids)
    columns = (
        ids,
        untils,
        integers([row.at for row in ordered]),
        integers([row.attempts for row in ordered]),
        texts([row.reason for row in ordered]),
    )
    yield from finish(
        Statement(_PARK, columns),
        *_moved(dues, before, {row.customer_id: row.until for row in ordered}),
        Statement(_LAY_ASIDE, (ids, untils)),
        Statement(_MARK, (ids,)),
        Statement(END_LEASES, (ids,)),
    )


def unpark(customer_ids: Sequence[str]) -> Steps[Sequence[str]]:
    """End the parking of customers; return who was parked."""
    if not customer_ids:
        return ()
    dues, before = yield from _locked(texts(sorted(set(customer_ids))))
    if not before:
        yield from finish()
        return []
    ids = texts(sorted(before))
    yield from finish(
        Statement(_UNPARK, (ids,)),
        *_moved({id: due for id, due in dues.items() if id in before}, before, {}),
        Statement(_LAY_ASIDE, (ids, integers([0] * len(before)))),
        Statement(_UNMARK, (ids,)),
        wakes=True,
    )
    return sorted(before)


def parked(of: Sequence[str] | None, after: str, limit: int) -> Steps[Sequence[ParkedCustomer]]:
    """Return who is parked, ordered by id."""
    if of is None:
        (found,) = yield from finish(Statement(_LISTED, (after, max(0, limit))))
    else:
        (found,) = yield from finish(Statement(_OF, (texts(of),)))
    return [ParkedCustomer(*row) for row in found.rows]


def _locked(ids: object) -> Steps[tuple[Mapping[str, int | None], Mapping[str, int]]]:
    """Let nobody commit these customers; return when they are due, and until when parked."""
    dues, untils = yield from ask(Statement(_LOCK, (ids,)), Statement(_UNTIL, (ids,)))
    return dict(dues.rows), dict(untils.rows)


def _moved(
    dues: Mapping[str, int | None], before: Mapping[str, int], after: Mapping[str, int]
) -> list[Statement]:
    """Return what moves timers from the end of one parking to that of another."""
    moves = [
        (id, max(due, before.get(id, 0)), max(due, after.get(id, 0)))
        for id, due in dues.items()
        if due is not None
    ]
    if not moves:
        return []
    ids = texts([id for id, _, _ in moves])
    return [
        Statement(END_TIMER, (integers([old for _, old, _ in moves]), ids)),
        Statement(SET_TIMER, (integers([new for _, _, new in moves]), ids)),
    ]
