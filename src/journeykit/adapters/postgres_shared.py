"""What do all workers share, and what did operators do? Buckets, lists, controls, erasures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from journeykit.adapters.postgres_arrays import integers, texts
from journeykit.adapters.postgres_steps import Statement, Steps, ask, finish
from journeykit.ports import Bucket, Controls, Suppression, Taken, Taking, take_from

_FIRST_BUCKET = """
    INSERT INTO {p}bucket (name, full_at, turn) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING
"""
_BUCKET = "SELECT full_at, turn FROM {p}bucket WHERE name = %s::text FOR UPDATE"
_KEEP_BUCKET = "UPDATE {p}bucket SET full_at = %s, turn = %s WHERE name = %s::text"
_LIST = """
    INSERT INTO {p}suppression (channel, address, reason, at)
    SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::bigint[])
    ON CONFLICT DO NOTHING
"""
_UNLIST = """
    DELETE FROM {p}suppression s USING unnest(%s::text[], %s::text[]) AS n (channel, address)
    WHERE s.channel = n.channel AND s.address = n.address
"""
_LISTED = """
    SELECT s.channel, s.address, s.reason, s.at
    FROM unnest(%s::text[], %s::text[]) AS n (channel, address)
    JOIN {p}suppression s ON s.channel = n.channel AND s.address = n.address
"""
_CONTROLS = "SELECT version, body FROM {p}controls"
_SET_CONTROLS = """
    UPDATE {p}controls SET version = version + 1, body = %s WHERE version = %s::bigint
"""
_KEEP_ADDITIONS_OUT = "SELECT pg_advisory_xact_lock({lock_erasure})"
_MARK = """
    INSERT INTO {p}erased (mark, at) VALUES (%s, %s)
    ON CONFLICT (mark) DO UPDATE SET at = excluded.at
"""
_HEAD = "SELECT version, next_due FROM {p}customer WHERE customer_id = %s::text FOR UPDATE"
_RAISE_FLOOR = "UPDATE {p}fence SET floor = greatest(floor, %s::bigint)"
_ERASE_TIMER = """
    DELETE FROM {p}timer WHERE customer_id = %(customer)s::text AND due IN (
        SELECT greatest(c.next_due, k.until)
        FROM {p}customer c LEFT JOIN {p}parked k ON k.customer_id = c.customer_id
        WHERE c.customer_id = %(customer)s::text
    )
"""
_ERASE = (
    _ERASE_TIMER,
    *(
        f"DELETE FROM {{p}}{table} WHERE customer_id = %(customer)s::text"
        for table in ("journal", "seen", "profile", "outbox", "inbox", "lease", "parked")
    ),
    "DELETE FROM {p}customer WHERE customer_id = %(customer)s::text",
)
_FORGET_IN_HANDS = """
    UPDATE {p}hand SET customers = array_remove(customers, %(customer)s::text COLLATE "C")
    WHERE until <= %(at)s::bigint AND %(customer)s::text = ANY (customers)
"""
_ERASED = "SELECT mark, at FROM {p}erased WHERE mark = ANY (%s)"


def take(name: str, asked: Taking) -> Steps[Taken]:
    """Take tokens out of a bucket."""
    first = Bucket()
    _, found = yield from ask(
        Statement(_FIRST_BUCKET, (name, first.full, first.turn)), Statement(_BUCKET, (name,))
    )
    after, taken = take_from(Bucket(*found.rows[0]), asked)
    yield from finish(Statement(_KEEP_BUCKET, (after.full, after.turn, name)))
    return taken


def list_addresses(rows: Sequence[Suppression]) -> Statement:
    """Return what puts addresses on the list."""
    first: dict[tuple[str, str], Suppression] = {}
    for row in rows:
        first.setdefault((row.channel, row.address), row)
    ordered = [first[place] for place in sorted(first)]
    return Statement(
        _LIST,
        (
            texts([row.channel for row in ordered]),
            texts([row.address for row in ordered]),
            texts([row.reason for row in ordered]),
            integers([row.at for row in ordered]),
        ),
    )


def unlist_addresses(addresses: Sequence[tuple[str, str]]) -> Statement:
    """Return what takes addresses off the list."""
    return Statement(_UNLIST, _places(sorted(set(addresses))))


def suppress(rows: Sequence[Suppression]) -> Steps[None]:
    """Put addresses on the list."""
    if not rows:
        return
    yield from finish(list_addresses(rows))


def unsuppress(addresses: Sequence[tuple[str, str]]) -> Steps[None]:
    """Take addresses off the list."""
    if not addresses:
        return
    yield from finish(unlist_addresses(addresses))


def suppressed(
    addresses: Sequence[tuple[str, str]],
) -> Steps[Mapping[tuple[str, str], Suppression]]:
    """Return those that are on the list."""
    if not addresses:
        return {}
    (found,) = yield from finish(Statement(_LISTED, _places(addresses)))
    return {(row[0], row[1]): Suppression(*row) for row in found.rows}


def controls() -> Steps[Controls]:
    """Return what operators have set."""
    (found,) = yield from finish(Statement(_CONTROLS))
    return Controls(*found.rows[0])


def set_controls(body: bytes, expected: int) -> Steps[bool]:
    """Replace what operators have set, if it is still of the expected version."""
    (changed,) = yield from finish(Statement(_SET_CONTROLS, (body, expected)))
    return changed.touched == 1


def erase(customer_id: str, mark: str, at: int) -> Steps[bool]:
    """Delete every row about a customer, and keep the mark.

    Nobody adds a customer meanwhile: it might miss by how much the versions of this one are past.
    """
    _, _, head = yield from ask(
        Statement(_KEEP_ADDITIONS_OUT),
        Statement(_MARK, (mark, at)),
        Statement(_HEAD, (customer_id,)),
    )
    raised = [Statement(_RAISE_FLOOR, (row[0],)) for row in head.rows]
    yield from finish(
        *raised,
        *(Statement(text, {"customer": customer_id}) for text in _ERASE),
        Statement(_FORGET_IN_HANDS, {"customer": customer_id, "at": at}),
    )
    return bool(head.rows)


def erased(marks: Sequence[str]) -> Steps[Mapping[str, int]]:
    """Return the instant for each mark that is there."""
    if not marks:
        return {}
    (found,) = yield from finish(Statement(_ERASED, (texts(marks),)))
    return dict(found.rows)


def _places(places: Sequence[tuple[str, str]]) -> tuple[object, ...]:
    return texts([one[0] for one in places]), texts([one[1] for one in places])
