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
) -> tuple[Applied, list[SeenEvent]]:
    """Leave out repeats (rule O8), then decide."""
    seen: dict[str, SeenEvent] = {}
    customer_id = arrival.customer_id
    digests = [arrival.digests.get(place) for place in range(len(arrival.signals))]
    told = Repeats(customer_id, known, seen, now + rules.remember)
    signals = told.left_out(arrival.signals, digests)
    decision = decide(
        rules,
        customer_id,
        found,
        signals,
        now,
        fire_now=False,
        waited=arrival.waited,
    )
    return Applied(decision, told.repeated, told.conflicting), list(seen.values())


class Repeats(msgspec.Struct):
    """Knows which inputs of a customer are repeats (rule O8).

    Attributes:
        known: What was committed before: customer and id to the digest of the content.
        seen: What comes now for the first time, to be remembered until `expires`.
        repeated, conflicting: Places of repeats with equal content, and with other content.
    """

    customer_id: str
    known: Mapping[tuple[str, str], str]
    seen: dict[str, SeenEvent]
    expires: int
    repeated: set[int] = msgspec.field(default_factory=set)
    conflicting: set[int] = msgspec.field(default_factory=set)

    def left_out(self, signals: Sequence[Signal], digests: Sequence[str | None]) -> list[Signal]:
        """Return the signals without repeats; what is in conflict says so instead."""
        first_ones: list[Signal] = []
        for place, (signal, digest) in enumerate(zip(signals, digests, strict=True)):
            if digest is not None and isinstance(signal, Identified):
                key = known_as(signal)
                first = self.seen.get(key)
                earlier = self.known.get((self.customer_id, key)) if first is None else first.digest
                if earlier == digest:
                    self.repeated.add(place)
                    continue
                if earlier is not None:
                    self.conflicting.add(place)
                    conflict = EventConflicted(signal.received, _called(signal), signal.id)
                    first_ones.append(conflict)
                    continue
                self.seen[key] = SeenEvent(key, digest, self.expires)
            first_ones.append(signal)
        return first_ones


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
) -> Decision:
    """Decode, advance."""
    profile: dict[str, Any] | None = {}
    if found is None:
        state = CustomerState(customer_id)
    else:
        state = decode_state(found.body)
        profile = None if found.profile is None else decode_json(found.profile)
    return advance(rules, state, signals, now, profile=profile, fire_now=fire_now, waited=waited)


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
