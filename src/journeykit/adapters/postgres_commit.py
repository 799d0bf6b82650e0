"""What does a commit change in which table? Two round trips, however many customers.

The first changes the documents of all whose version still fits, which locks them; the second
writes what else belongs to those. Rows are always touched in the order of their customers, and
tables in one order, so two commits never wait for each other in a circle.

A line in the table of timers is found by where it stands: at `next_due`, or at the end of the
parking if that is later. So it needs no index beside the one that tells who is due.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from journeykit.adapters.commits import entries_in, refuse_hole, refuse_repeated_customers
from journeykit.adapters.postgres_arrays import blobs, integers, texts
from journeykit.adapters.postgres_shared import list_addresses, unlist_addresses
from journeykit.adapters.postgres_steps import Statement, Steps, ask, finish
from journeykit.ports import (
    ClaimedMessage,
    Claiming,
    Committed,
    CustomerCommit,
    Hand,
    OutboxRow,
    SeenEvent,
    Suppression,
)

_CHANGE = """
    UPDATE {p}customer c
    SET version = n.expected + 1, next_seq = c.next_seq + n.entries,
        next_due = n.next_due, body = n.body
    FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bytea[])
        AS n (customer_id, expected, first_seq, entries, next_due, body)
        JOIN {p}customer o ON o.customer_id = n.customer_id
    WHERE c.customer_id = n.customer_id AND c.version = n.expected
        AND (n.entries = 0 OR c.next_seq = n.first_seq)
    RETURNING c.customer_id, o.next_due
"""
KEEP_ERASURES_OUT = "SELECT pg_advisory_xact_lock_shared({lock_erasure})"
_ADD = """
    INSERT INTO {p}customer (customer_id, version, next_seq, next_due, body)
    SELECT n.customer_id, (SELECT floor FROM {p}fence) + 1, n.entries + 1, n.next_due, n.body
    FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::bytea[])
        AS n (customer_id, entries, next_due, body)
    ON CONFLICT (customer_id) DO NOTHING
    RETURNING customer_id, NULL::bigint
"""
_PARKED = "SELECT customer_id, until FROM {p}parked WHERE customer_id = ANY (%s)"
_HEADS = "SELECT customer_id, version, next_seq FROM {p}customer WHERE customer_id = ANY (%s)"
END_TIMER = """
    DELETE FROM {p}timer t USING unnest(%s::bigint[], %s::text[]) AS n (due, customer_id)
    WHERE t.due = n.due AND t.customer_id = n.customer_id
"""
SET_TIMER = """
    INSERT INTO {p}timer (due, customer_id) SELECT * FROM unnest(%s::bigint[], %s::text[])
    ON CONFLICT (due, customer_id) DO NOTHING
"""
_KEEP_PROFILES = """
    INSERT INTO {p}profile (customer_id, body) SELECT * FROM unnest(%s::text[], %s::bytea[])
    ON CONFLICT (customer_id) DO UPDATE SET body = excluded.body
"""
_RECORD = """
    INSERT INTO {p}journal (customer_id, first_seq, at, entries)
    SELECT * FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::bytea[])
"""
_REMEMBER = """
    INSERT INTO {p}seen (customer_id, event_id, digest, expires)
    SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::bigint[])
    ON CONFLICT (customer_id, event_id)
    DO UPDATE SET digest = excluded.digest, expires = excluded.expires
"""
_FORGET = """
    DELETE FROM {p}seen s USING (
        SELECT customer_id, event_id FROM {p}seen
        WHERE expires < %s::bigint ORDER BY expires LIMIT %s::bigint FOR UPDATE SKIP LOCKED
    ) AS gone
    WHERE s.customer_id = gone.customer_id AND s.event_id = gone.event_id
"""
_DROP = """
    DELETE FROM {p}outbox o USING unnest(%s::text[], %s::text[]) AS n (customer_id, key)
    WHERE o.customer_id = n.customer_id AND o.key = n.key
"""
_PUT = """
    INSERT INTO {p}outbox AS o (customer_id, key, channel, due, at, token, lease_until, worker)
    SELECT n.customer_id, n.key, n.channel, n.due, n.at,
        CASE WHEN n.lease_until > 0 THEN f.token ELSE 0 END,
        n.lease_until, CASE WHEN n.lease_until > 0 THEN %s::text END
    FROM (SELECT CASE WHEN %s::bool THEN nextval('{p}token') END AS token) AS f,
        unnest(%s::text[], %s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[])
        AS n (customer_id, key, channel, due, at, lease_until)
    ON CONFLICT (customer_id, key) DO UPDATE SET
        channel = excluded.channel, due = excluded.due, at = excluded.at, begun = false,
        lease_until = excluded.lease_until, worker = excluded.worker,
        token = greatest(excluded.token, o.token + (excluded.lease_until > 0)::int)
    RETURNING key, token, content
"""
_TAKE = """
    DELETE FROM {p}inbox i USING unnest(%s::text[], %s::bigint[]) AS n (customer_id, number)
    WHERE i.customer_id = n.customer_id AND i.number = n.number
"""
END_LEASES = "DELETE FROM {p}lease WHERE customer_id = ANY (%s)"
FORGET_HANDS = "DELETE FROM {p}hand WHERE until <= %s::bigint"
HOLD = """
    INSERT INTO {p}hand (number, worker, until, customers)
    VALUES (nextval('{p}token'), %s::text, %s::bigint, %s) RETURNING number
"""


SOON = 60 * 1_000_000
"""Workers are woken for what is due within a minute; they look for themselves no more rarely."""


class _Change(NamedTuple):
    """A commit, how many journal entries it brings, and when it was due before."""

    commit: CustomerCommit
    entries: int
    was_due: int | None = None


class _Put(NamedTuple):
    """A row for the outbox, since when it may be claimed, and until when it is in hand."""

    row: OutboxRow
    at: int
    lease_until: int = 0


def commit(commits: Sequence[CustomerCommit], claiming: Claiming | None) -> Steps[Committed]:
    """Write those of `commits` that are not stale; claim what they put, if that is asked for.

    Raises:
        UsageError: Two commits are for one customer, or a journal is not a JSON array.
        StoreError: A journal does not begin where the stored one ends.
    """
    refuse_repeated_customers(commits)
    if not commits:
        return Committed()
    changes = [_Change(one, entries_in(one)) for one in sorted(commits, key=_customer)]
    fresh, parked = yield from _write_documents(changes)
    written = {one.commit.customer_id for one in fresh}
    stale = [one.customer_id for one in commits if one.customer_id not in written]
    if stale:
        yield from _refuse_holes([one for one in changes if one.commit.customer_id not in written])
    kept = commits if not stale else [one for one in commits if one.customer_id in written]
    puts = _puts(kept, parked, claiming)
    statements = [*_timers(fresh, parked), *_columns(fresh), *_lists(kept), *_outbox(fresh)]
    if puts:
        statements.append(_put(puts, claiming))
    held = sorted({one.row.customer_id for one in puts if one.lease_until})
    if claiming is None or not held:
        yield from finish(*statements, wakes=_wakes(kept))
        return Committed(stale)
    answers = yield from finish(
        *statements,
        Statement(FORGET_HANDS, (claiming.now,)),
        Statement(HOLD, (claiming.worker, claiming.hold_until, texts(held))),
        wakes=_wakes(kept),
    )
    tokens = {key: (token, content) for key, token, content in answers[-3].rows}
    claims = [
        ClaimedMessage(r.key, r.customer_id, r.channel, r.due, *tokens[r.key])
        for r, _, lease_until in puts
        if lease_until
    ]
    return Committed(stale, claims, Hand(answers[-1].rows[0][0], claiming.hold_until))


def _customer(commit: CustomerCommit) -> str:
    return commit.customer_id


def _write_documents(changes: Sequence[_Change]) -> Steps[tuple[list[_Change], Mapping[str, int]]]:
    """Write documents where the version fits; return those, and until when who is parked."""
    statements = []
    known = [one for one in changes if one.commit.expected != 0]
    if known:
        statements.append(
            Statement(
                _CHANGE,
                (
                    texts([one.commit.customer_id for one in known]),
                    integers([one.commit.expected for one in known]),
                    integers([one.commit.first_seq for one in known]),
                    integers([one.entries for one in known]),
                    integers([one.commit.next_due for one in known]),
                    blobs([one.commit.body for one in known]),
                ),
            )
        )
    added = [one for one in changes if one.commit.expected == 0]
    if added:
        statements.append(Statement(KEEP_ERASURES_OUT))
        statements.append(
            Statement(
                _ADD,
                (
                    texts([one.commit.customer_id for one in added]),
                    integers([one.entries for one in added]),
                    integers([one.commit.next_due for one in added]),
                    blobs([one.commit.body for one in added]),
                ),
            )
        )
    ids = texts([one.commit.customer_id for one in changes])
    answers = yield from ask(*statements, Statement(END_LEASES, (ids,)), Statement(_PARKED, (ids,)))
    written = dict(row for answer in answers[:-2] for row in answer.rows if len(row) == 2)
    fresh = []
    for one in changes:
        if one.commit.customer_id in written:
            if one.commit.expected == 0 and one.entries:
                refuse_hole(one.commit, 1)
            fresh.append(one._replace(was_due=written[one.commit.customer_id]))
    return fresh, dict(answers[-1].rows)


def _refuse_holes(refused: Sequence[_Change]) -> Steps[None]:
    """Let those be stale that are; complain about one whose version would have fitted."""
    (found,) = yield from ask(
        Statement(_HEADS, (texts([one.commit.customer_id for one in refused]),))
    )
    heads = {id: (version, next_seq) for id, version, next_seq in found.rows}
    for one in refused:
        version, next_seq = heads.get(one.commit.customer_id, (0, 1))
        if one.entries and version == one.commit.expected:
            refuse_hole(one.commit, next_seq)


def _timers(fresh: Sequence[_Change], parked: Mapping[str, int]) -> list[Statement]:
    ended: list[tuple[int, str]] = []
    begun: list[tuple[int, str]] = []
    for one in fresh:
        id, until = one.commit.customer_id, parked.get(one.commit.customer_id, 0)
        was = None if one.was_due is None else max(one.was_due, until)
        due = None if one.commit.next_due is None else max(one.commit.next_due, until)
        if due == was:
            continue
        if was is not None:
            ended.append((was, id))
        if due is not None:
            begun.append((due, id))
    return [
        Statement(text, (integers([due for due, _ in rows]), texts([id for _, id in rows])))
        for text, rows in ((END_TIMER, ended), (SET_TIMER, begun))
        if rows
    ]


def _columns(fresh: Sequence[_Change]) -> list[Statement]:
    """Return what goes into the tables that a customer has beside its document."""
    statements = []
    profiles = [(one.commit.customer_id, one.commit.profile) for one in fresh]
    profiles = [pair for pair in profiles if pair[1] is not None]
    if profiles:
        ids, bodies = zip(*profiles, strict=True)
        statements.append(Statement(_KEEP_PROFILES, (texts(ids), blobs(bodies))))
    records = [one.commit for one in fresh if one.entries]
    if records:
        statements.append(
            Statement(
                _RECORD,
                (
                    texts([one.customer_id for one in records]),
                    integers([one.first_seq for one in records]),
                    integers([one.at for one in records]),
                    blobs([one.journal for one in records]),
                ),
            )
        )
    taken = [
        (one.commit.customer_id, number) for one in fresh for number in sorted(one.commit.taken)
    ]
    if taken:
        statements.append(take_rows(taken))
    return [*statements, *_seen(fresh)]


def take_rows(taken: Sequence[tuple[str, int]]) -> Statement:
    """Return what removes rows of the inbox."""
    ids = texts([id for id, _ in taken])
    return Statement(_TAKE, (ids, integers([number for _, number in taken])))


def _seen(fresh: Sequence[_Change]) -> list[Statement]:
    rows: dict[tuple[str, str], SeenEvent] = {}
    for one in fresh:
        for event in one.commit.seen:
            rows[one.commit.customer_id, event.event_id] = event
    if not rows:
        return []
    places = sorted(rows)
    columns = (
        texts([place[0] for place in places]),
        texts([place[1] for place in places]),
        texts([rows[place].digest for place in places]),
        integers([rows[place].expires for place in places]),
    )
    at = min(one.commit.at for one in fresh if one.commit.seen)
    return [Statement(_REMEMBER, columns), Statement(_FORGET, (at, 2 * len(rows) + 10))]


def _lists(kept: Iterable[CustomerCommit]) -> list[Statement]:
    """Return what becomes of addresses when one commit after another changes the list."""
    added: dict[tuple[str, str], Suppression] = {}
    removed: set[tuple[str, str]] = set()
    for one in kept:
        for row in one.suppress:
            added.setdefault((row.channel, row.address), row)
        for place in one.unsuppress:
            removed.add(place)
            added.pop(place, None)
    statements = [unlist_addresses(sorted(removed))] if removed else []
    return [*statements, list_addresses(list(added.values()))] if added else statements


def _outbox(fresh: Sequence[_Change]) -> list[Statement]:
    gone = sorted({(one.commit.customer_id, key) for one in fresh for key in one.commit.drop})
    if not gone:
        return []
    return [Statement(_DROP, (texts([id for id, _ in gone]), texts([key for _, key in gone])))]


def _puts(
    kept: Iterable[CustomerCommit], parked: Mapping[str, int], claiming: Claiming | None
) -> list[_Put]:
    """Return what to put, in this order, and what of it is claimed at once."""
    rows = {row.key: row for one in kept for row in one.put}
    room = max(0, claiming.limit) if claiming else 0
    puts = []
    for row in rows.values():
        at = max(row.due, parked.get(row.customer_id, 0))
        lease_until = 0
        if claiming and room and at <= claiming.now:
            lease_until = claiming.lease_until
            room -= 1
        puts.append(_Put(row, at, lease_until))
    return puts


def _put(puts: Sequence[_Put], claiming: Claiming | None) -> Statement:
    ordered = sorted(puts, key=lambda one: (one.row.customer_id, one.row.key))
    return Statement(
        _PUT,
        (
            claiming.worker if claiming else None,
            claiming is not None,
            texts([one.row.customer_id for one in ordered]),
            texts([one.row.key for one in ordered]),
            texts([one.row.channel for one in ordered]),
            integers([one.row.due for one in ordered]),
            integers([one.at for one in ordered]),
            integers([one.lease_until for one in ordered]),
        ),
    )


def _wakes(kept: Iterable[CustomerCommit]) -> bool:
    """Tell whether workers have something to do soon."""
    return any(
        (one.next_due is not None and one.next_due <= one.at + SOON)
        or any(row.due <= one.at + SOON for row in one.put)
        for one in kept
    )
