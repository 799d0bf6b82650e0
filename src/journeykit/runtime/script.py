"""In what order are ports called? Written once, as flows; a driver makes the calls.

Keeps true:
    * a decision, its journal, its timers and its outbox rows are one commit (D1);
    * a channel is called only after the gate has passed the message with the state of that
      very moment, and with the key that the message always had (G1, D2);
    * whatever a batch holds, every customer in it is decided on alone (O1): one whose document
      cannot be read, or on whom code fails, is set aside and holds nobody up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import msgspec

from journeykit.kernel import (
    NEVER,
    CustomerState,
    Decision,
    EnrollAsked,
    EventArrived,
    EventConflicted,
    ReceiptTold,
    Signal,
    advance,
    decode_state,
    encode_entries,
    encode_state,
    is_set_free,
)
from journeykit.machine import Rules
from journeykit.ports import (
    CustomerCommit,
    OutboxRow,
    SeenEvent,
    StoredCustomer,
)
from journeykit.runtime.calls import Commit, Flow, Heed, Load, Now
from journeykit.runtime.listing import changes_of

Identified = EventArrived | EnrollAsked | ReceiptTold
"""What may carry an id of the host's, so that a repeat is known (rule O8)."""

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


def apply(
    rules: Rules,
    arrival: Arrival,
    found: StoredCustomer | None,
    known: Mapping[tuple[str, str], str],
    now: int,
    *,
    more: bool = False,
) -> tuple[Applied, list[SeenEvent]]:
    """Leave out repeats (rule O8), then decide. `more`: as for `advance`."""
    signals: list[Signal] = []
    seen: dict[str, SeenEvent] = {}
    repeated: set[int] = set()
    conflicting: set[int] = set()
    for place, signal in enumerate(arrival.signals):
        digest = arrival.digests.get(place)
        if digest is not None and isinstance(signal, Identified):
            key = known_as(signal)
            first = seen.get(key)
            earlier = known.get((arrival.customer_id, key)) if first is None else first.digest
            if earlier == digest:
                repeated.add(place)
                continue
            if earlier is not None:
                conflicting.add(place)
                signals.append(EventConflicted(signal.received, _called(signal), signal.id))
                continue
            seen[key] = SeenEvent(key, digest, now + rules.remember)
        signals.append(signal)
    decision = decide(
        rules,
        arrival.customer_id,
        found,
        signals,
        now,
        fire_now=False,
        waited=arrival.waited,
        more=more,
    )
    return Applied(decision, repeated, conflicting), list(seen.values())


def known_as(signal: Identified) -> str:
    """Return under which id it is remembered: an event's never begins with '#'."""
    if isinstance(signal, EventArrived):
        return signal.id
    return f"#{'enroll' if isinstance(signal, EnrollAsked) else 'receipt'} {signal.id}"


def _called(signal: Identified) -> str:
    """Return what the timeline calls it."""
    if isinstance(signal, EventArrived):
        return signal.name
    return signal.journey if isinstance(signal, EnrollAsked) else signal.receipt


def touch(
    rules: Rules, ids: Sequence[str], concerns: Callable[[Rules, CustomerState], bool]
) -> Flow[int]:
    """Let the newest rules act on those of `ids` whom they concern; return how many changed.

    A customer who cannot be decided on is left to the next tick, which sets it aside.
    """
    changed = 0
    for _ in range(ATTEMPTS):
        stored = yield from Load(ids, rules.reads_profile)
        now = yield from Now()
        commits: list[CustomerCommit] = []
        for customer_id, found in stored.items():
            with suppress(Exception):
                if concerns(rules, decode_state(found.body)):
                    decision = decide(rules, customer_id, found, (), now, fire_now=False)
                    if decision.entries:
                        commits.append(to_commit(rules, decision, found.version))
        ids = (yield from Commit(commits)) if commits else ()
        changed += len(commits) - len(ids)
        if not ids:
            break
    return changed


def wake_held(rules: Rules, states: Iterable[CustomerState]) -> Flow[None]:
    """Let go at once what was held for a pause that has ended meanwhile: nobody else may come."""
    held = [
        state.id
        for state in states
        if any(message.reason == "paused" for message in state.messages.values())
        or any(errand.until == NEVER for errand in state.errands.values())
    ]
    if held:
        newest = yield from Heed(rules, fresh=True)
        if not rules.paused <= newest.paused:
            yield from touch(newest, held, is_set_free)


def decide(
    rules: Rules,
    customer_id: str,
    found: StoredCustomer | None,
    signals: Sequence[Signal],
    now: int,
    *,
    fire_now: bool = True,
    waited: bool = False,
    more: bool = False,
) -> Decision:
    """Decode, advance."""
    profile: dict[str, Any] | None = {}
    if found is None:
        state = CustomerState(customer_id)
    else:
        state = decode_state(found.body)
        profile = None if found.profile is None else decode_json(found.profile)
    return advance(
        rules, state, signals, now, profile=profile, fire_now=fire_now, waited=waited, more=more
    )


def to_commit(
    rules: Rules,
    decision: Decision,
    version: int,
    *,
    seen: Sequence[SeenEvent] = (),
    taken: Sequence[int] = (),
) -> CustomerCommit:
    """Return what the store is to write for a decision that was made on `version`."""
    state, entries = decision.state, decision.entries
    added, removed = changes_of(rules, entries)
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
        added,
        removed,
        taken,
    )


def profile_of(found: StoredCustomer) -> Mapping[str, Any]:
    """Return the attributes of a customer that was loaded with its profile."""
    return decode_json(found.profile) if found.profile is not None else {}
