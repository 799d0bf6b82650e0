"""What are stores tested with? Small commits, rows and claims, and one way to complain."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence

from journeykit.ports import (
    ClaimedMessage,
    CustomerCommit,
    InboxRow,
    OutboxRow,
    ParkedCustomer,
    SeenEvent,
    Store,
    Suppression,
)

NOW = 1_772_000_000_000_000
"""A moment in February 2026, in micros."""

SECOND = 1_000_000

_PATIENCE_SECONDS = 60


def expect(holds: bool, otherwise: str) -> None:
    """Complain unless `holds`. Not an `assert`: the checks also run under `python -O`."""
    if not holds:
        raise AssertionError(otherwise)


def expect_equal(found: object, wanted: object, what: str) -> None:
    """Complain unless `found` equals `wanted`."""
    expect(found == wanted, f"{what}: expected {_short(wanted)}, got {_short(found)}")


def expect_refusal(call: Callable[[], object], what: str) -> None:
    """Complain unless `call` raises."""
    try:
        call()
    except Exception:  # which error is the store's affair; that nothing was written is ours
        return
    raise AssertionError(f"{what} was accepted")


def commit(  # every argument is a column of the tables in the checks
    customer: str,
    expected: int = 0,
    *,
    body: bytes | None = None,
    due: int | None = None,
    put: Sequence[OutboxRow] = (),
    drop: Sequence[str] = (),
    seen: Sequence[SeenEvent] = (),
    profile: bytes | None = None,
    first_seq: int = 1,
    entries: Sequence[object] = (),
    at: int = NOW,
    suppress: Sequence[Suppression] = (),
    unsuppress: Sequence[tuple[str, str]] = (),
    taken: Sequence[int] = (),
) -> CustomerCommit:
    """Return a commit of `customer` on version `expected`, with a body that tells its version."""
    return CustomerCommit(
        customer_id=customer,
        expected=expected,
        body=f"{customer} {expected + 1}".encode() if body is None else body,
        next_due=due,
        first_seq=first_seq,
        at=at,
        journal=json.dumps(list(entries)).encode() if entries else b"",
        profile=profile,
        put=put,
        drop=drop,
        seen=seen,
        suppress=suppress,
        unsuppress=unsuppress,
        taken=taken,
    )


def message(
    key: str, due: int = NOW, *, customer: str = "ann", channel: str = "email"
) -> OutboxRow:
    """Return an outbox row."""
    return OutboxRow(key=key, customer_id=customer, channel=channel, due=due)


def told(customer: str, body: bytes = b"hi", at: int = NOW) -> InboxRow:
    """Return a row for the inbox."""
    return InboxRow(customer, at, body)


def bodies(store: Store, customer: str = "ann") -> list[bytes]:
    """Return what lies in the inbox for a customer, in order."""
    return [row.body for row in store.inbox([customer], limit=100).get(customer, ())]


def numbers(store: Store, customer: str = "ann") -> list[int]:
    """Return the numbers of what lies in the inbox for a customer, in order."""
    return [row.number for row in store.inbox([customer], limit=100).get(customer, ())]


def parked(customer: str, until: int, *, at: int = NOW, attempts: int = 1) -> ParkedCustomer:
    """Return how a customer is parked."""
    return ParkedCustomer(customer, until, at, attempts, "RuntimeError")


def write(store: Store, *commits: CustomerCommit) -> None:
    """Commit, and complain when the store calls any of it stale."""
    stale = store.commit(commits)
    expect(not stale, f"the store calls commits stale that are not: {_short(list(stale))}")


def queue(store: Store, *rows: OutboxRow) -> None:
    """Put `rows` into the outbox of a store that has no customer "ann" yet."""
    write(store, commit("ann", put=rows))


def claim(
    store: Store,
    now: int = NOW,
    *,
    limit: int = 100,
    lease_until: int = NOW + 60 * SECOND,
    worker: str = "w1",
) -> list[ClaimedMessage]:
    """Claim, with a minute's lease unless told otherwise."""
    return list(store.claim(now, limit=limit, lease_until=lease_until, worker=worker))


def keys(claims: Sequence[ClaimedMessage]) -> list[str]:
    """Return the keys of `claims`, in their order."""
    return [one.key for one in claims]


def together(work: Callable[[int], None], *, threads: int = 6) -> None:
    """Run `work(0)`, `work(1)`, … at the same time; raise the first error of any."""
    start = threading.Barrier(threads)
    errors: list[BaseException] = []

    def run(number: int) -> None:
        try:
            start.wait()
            work(number)
        except BaseException as error:  # carried over to the caller's thread
            errors.append(error)

    running = [
        threading.Thread(target=run, args=(number,), daemon=True) for number in range(threads)
    ]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join(_PATIENCE_SECONDS)
    if errors:
        raise errors[0]
    expect(not any(thread.is_alive() for thread in running), "the store hangs under threads")


def _short(value: object, limit: int = 200) -> str:
    text = repr(value)
    return text if len(text) <= limit else f"{text[:limit]}…"
