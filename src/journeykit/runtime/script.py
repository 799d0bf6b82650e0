"""In what order are ports called? Written once, as flows; a driver makes the calls.

Keeps true:
    * a decision, its journal, its timers and its outbox rows are one commit (D1);
    * a channel is called only after the gate has passed the message with the state of that
      very moment, and with the key that the message always had (G1, D2);
    * whatever a batch holds, every customer in it is decided on alone (O1).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from journeykit.errors import ContentionError
from journeykit.kernel import (
    CustomerState,
    Decision,
    EventArrived,
    EventConflicted,
    Signal,
    advance,
    decode_state,
    encode_entries,
    encode_state,
)
from journeykit.machine import Rules
from journeykit.ports import CustomerCommit, OutboxRow, SeenEvent, StoredCustomer
from journeykit.runtime.calls import Commit, Due, Flow, Load, Now, Seen

ATTEMPTS = 20
encode_json = msgspec.json.encode
decode_json = msgspec.json.decode


class Arrival(msgspec.Struct):
    """Signals for one customer.

    Attributes:
        digests: Place in `signals` to digest of the content, for the events that carry the
            host's id.
        creates: Whether the signals may begin a customer: being identified does.
        waited: Whether they arrived some time ago, while nothing ran (rule O3).
    """

    customer_id: str
    signals: list[Signal] = msgspec.field(default_factory=list)
    digests: dict[int, str] = msgspec.field(default_factory=dict)
    creates: bool = False
    waited: bool = False

    def add(self, signal: Signal, digest: str | None = None) -> None:
        """Append a signal, with the digest of its content if it is an event with an id."""
        if digest is not None:
            self.digests[len(self.signals)] = digest
        self.signals.append(signal)


class Applied(msgspec.Struct):
    """What became of an arrival: the decision, and the events that were repeats."""

    decision: Decision
    repeated: set[int]
    conflicting: set[int]


def ingest(rules: Rules, arrivals: Sequence[Arrival]) -> Flow[dict[str, Applied]]:
    """Apply signals to their customers, one arrival per customer; start over when overtaken.

    Returns:
        What was done by customer. Customers that do not exist, and whom nothing creates, are
        absent from the answer; nothing was written for them.
    """
    done: dict[str, Applied] = {}
    pending = {arrival.customer_id: arrival for arrival in arrivals}
    for _ in range(ATTEMPTS):
        applied, stale = yield from _try_ingest(rules, pending)
        done.update(applied)
        if not stale:
            return done
        pending = {customer_id: pending[customer_id] for customer_id in stale}
    raise ContentionError(
        f"customer {next(iter(pending))!r} was changed by others on {ATTEMPTS} attempts in a row",
        remedy="let one worker handle a customer's inputs, or try again",
    )


def _try_ingest(
    rules: Rules, pending: Mapping[str, Arrival]
) -> Flow[tuple[dict[str, Applied], Sequence[str]]]:
    """Load first, then look event ids up: whoever commits in between makes this one stale."""
    profiles = rules.reads_profile or any(arrival.creates for arrival in pending.values())
    stored = yield from Load(list(pending), profiles)
    pairs = [
        (key, signal.id)
        for key, arrival in pending.items()
        for place in arrival.digests
        if isinstance(signal := arrival.signals[place], EventArrived)
    ]
    known = (yield from Seen(pairs)) if pairs else {}
    now = yield from Now()
    commits: list[CustomerCommit] = []
    applied: dict[str, Applied] = {}
    for customer_id, arrival in pending.items():
        found = stored.get(customer_id)
        if found is None and not arrival.creates:
            continue
        one, seen = _apply(rules, arrival, found, known, _instant(arrival, now))
        applied[customer_id] = one
        if one.decision.entries:
            version = 0 if found is None else found.version
            commits.append(to_commit(one.decision, version, seen=seen))
    stale = (yield from Commit(commits)) if commits else ()
    for customer_id in stale:
        del applied[customer_id]
    return applied, stale


def _instant(arrival: Arrival, now: int) -> int:
    """Return when an arrival is decided on: what did not wait, at its receipt.

    However long the call took, an input stands where its receipt puts it (O2): behind the
    timers that were due before.
    """
    return now if arrival.waited or not arrival.signals else arrival.signals[-1].received


def _apply(
    rules: Rules,
    arrival: Arrival,
    found: StoredCustomer | None,
    known: Mapping[tuple[str, str], str],
    now: int,
) -> tuple[Applied, list[SeenEvent]]:
    """Leave out repeats (rule O8), then decide."""
    signals: list[Signal] = []
    seen: dict[str, SeenEvent] = {}
    repeated: set[int] = set()
    conflicting: set[int] = set()
    for place, signal in enumerate(arrival.signals):
        digest = arrival.digests.get(place)
        if digest is not None and isinstance(signal, EventArrived):
            first = seen.get(signal.id)
            earlier = known.get((arrival.customer_id, signal.id)) if first is None else first.digest
            if earlier == digest:
                repeated.add(place)
                continue
            if earlier is not None:
                conflicting.add(place)
                signals.append(EventConflicted(signal.received, signal.name, signal.id))
                continue
            seen[signal.id] = SeenEvent(signal.id, digest, now + rules.remember)
        signals.append(signal)
    decision = decide(rules, arrival.customer_id, found, signals, now, fire_now=False)
    return Applied(decision, repeated, conflicting), list(seen.values())


def work(rules: Rules, until: int, limit: int) -> Flow[tuple[int, int]]:
    """Advance up to `limit` customers that are due; return (advanced, journal entries).

    A customer whom somebody else advanced in the meantime is left alone.
    """
    ids = yield from Due(until, limit)
    if not ids:
        return 0, 0
    stored = yield from Load(ids, rules.reads_profile)
    now = yield from Now()
    commits: list[CustomerCommit] = []
    entries = 0
    for customer_id, found in stored.items():
        decision = decide(rules, customer_id, found, (), now)
        entries += len(decision.entries)
        commits.append(to_commit(decision, found.version))
    stale = (yield from Commit(commits)) if commits else ()
    return len(commits) - len(stale), entries


def decide(
    rules: Rules,
    customer_id: str,
    found: StoredCustomer | None,
    signals: Sequence[Signal],
    now: int,
    *,
    fire_now: bool = True,
) -> Decision:
    """Decode, advance."""
    if found is None:
        state, profile = CustomerState(customer_id), {}
    else:
        state = decode_state(found.body)
        profile = None if found.profile is None else decode_json(found.profile)
    return advance(rules, state, signals, now, profile=profile, fire_now=fire_now)


def to_commit(
    decision: Decision, version: int, *, seen: Sequence[SeenEvent] = ()
) -> CustomerCommit:
    """Return what the store is to write for a decision that was made on `version`."""
    state, entries = decision.state, decision.entries
    return CustomerCommit(
        state.id,
        version,
        encode_state(state),
        decision.next_due,
        state.seq - len(entries) + 1,
        state.clock,
        encode_entries(entries) if entries else b"",
        None if decision.profile is None else encode_json(decision.profile),
        [OutboxRow(key, state.id, channel, due) for key, (channel, due) in decision.put.items()]
        if decision.put
        else (),
        list(decision.drop) if decision.drop else (),
        seen,
    )


def profile_of(found: StoredCustomer) -> Mapping[str, Any]:
    """Return the attributes of a customer that was loaded with its profile."""
    return decode_json(found.profile) if found.profile is not None else {}
