"""Was everything right? Told from the provider's log, the host's diary and the final states.

The checker knows the scenario and the rules of the contract; it asks neither the kernel nor
the journal what should have been.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from datetime import datetime

from journeykit.kernel import CustomerState
from journeykit.testing.faults.provider import Contact
from journeykit.testing.faults.scenario import (
    ATTEMPTS,
    CAP,
    CAP_SPAN,
    QUIET_FROM,
    QUIET_UNTIL,
    WELCOME_WAITS,
    Person,
)
from journeykit.time import from_micros

_CHANNELS = {
    "one": "email",
    "two": "email",
    "three": "email",
    "reminder": "sms",
    "discount": "email",
}


def violations(
    people: Sequence[Person],
    contacts: Sequence[Contact],
    states: Mapping[str, CustomerState],
    accepted: Set[str],
    settled: Mapping[str, int],
    *,
    tolerance: int,
) -> Iterator[str]:
    """Yield every broken promise in words.

    Args:
        accepted: Keys of the messages that the journals call accepted.
        settled: When messages came to their end, by key.
        tolerance: By how much instants may differ: clocks that are wrong, calls under way.
    """
    by_customer: dict[str, list[Contact]] = defaultdict(list)
    for contact in contacts:
        by_customer[contact.customer_id].append(contact)
    for person in people:
        mine = by_customer.pop(person.id, [])
        yield from _keys(person, mine)
        yield from _repeats(person, mine, settled)
        yield from _completeness(person, mine, states.get(person.id))
        yield from _order(person, mine, tolerance)
        yield from _consent(person, mine)
        yield from _quiet(person, mine, tolerance)
        yield from _caps(person, mine, accepted, tolerance)
        yield from _exits(person, mine, tolerance)
    for stranger in by_customer:
        yield f"{stranger}: was contacted, and nobody told of this customer"


def _runs(person: Person, template: str) -> int:
    """Return how many runs may send a template: one for each sign-up, or cart."""
    kind = "sign_up" if _CHANNELS[template] == "email" and template != "discount" else "cart"
    return sum(action.kind == kind for action in person.actions)


def _keys(person: Person, contacts: Sequence[Contact]) -> Iterator[str]:
    """One message never has two keys, and one key is never two messages (D2)."""
    templates: dict[str, set[tuple[str, str]]] = defaultdict(set)
    keys: dict[str, set[str]] = defaultdict(set)
    for contact in contacts:
        templates[contact.key].add((contact.template, contact.channel))
        keys[contact.template].add(contact.key)
    for key, what in templates.items():
        if len(what) > 1:
            yield f"{person.id}: key {key} stands for {sorted(what)}"
    for template, of_it in keys.items():
        if len(of_it) > _runs(person, template):
            yield f"{person.id}: {template!r} went out under {len(of_it)} keys"


def _repeats(
    person: Person, contacts: Sequence[Contact], settled: Mapping[str, int]
) -> Iterator[str]:
    """A message that came to its end is not handed over again (D2)."""
    for contact in contacts:
        done = settled.get(contact.key)
        if done is not None and contact.start > done:
            yield (
                f"{person.id}: {contact.template!r} was handed over at {_at(contact.start)}, and "
                f"had come to its end at {_at(done)}"
            )


def _completeness(
    person: Person, contacts: Sequence[Contact], state: CustomerState | None
) -> Iterator[str]:
    """Nobody is forgotten: who never withdrew, and signed up, got every message (D1)."""
    if state is None:
        yield f"{person.id}: is lost"
        return
    if state.enrollments:
        left = [f"{run.journey} at {run.step}" for run in state.enrollments.values()]
        yield f"{person.id}: stands still in {', '.join(left)}"
    if state.messages:
        yield f"{person.id}: holds {len(state.messages)} messages for ever"
    if any(action.kind == "withdraw" for action in person.actions):
        return
    for template in ("one", "two", "three"):
        tries = [contact for contact in contacts if contact.template == template]
        if not any(contact.taken for contact in tries) and len(tries) < ATTEMPTS:
            yield f"{person.id}: never got {template!r}"


def _order(person: Person, contacts: Sequence[Contact], tolerance: int) -> Iterator[str]:
    """No message comes before its wait is over (T2)."""
    first: dict[str, int] = {}
    for contact in contacts:
        first.setdefault(contact.template, contact.start)
    for (before, after), span in WELCOME_WAITS.items():
        if after in first and first[after] - first.get(before, 0) < span - tolerance:
            yield f"{person.id}: {after!r} came too early, at {_at(first[after])}"
    carts = [action for action in person.actions if action.kind == "cart"]
    reminders = {one.key: one.start for one in reversed(contacts) if one.template == "reminder"}
    for told, start in zip(carts, sorted(reminders.values()), strict=False):
        if told.called is None or start < told.called + 3_600_000_000 - tolerance:
            yield f"{person.id}: a reminder came too early, at {_at(start)}"


def _consent(person: Person, contacts: Sequence[Contact]) -> Iterator[str]:
    """After a withdrawal returned, nothing begins on the channel until it is granted (G7)."""
    withdrawn: dict[str, int] = {}
    spans: list[tuple[str, int, int | None]] = []
    for action in person.actions:
        if action.kind == "withdraw" and action.done is not None:
            withdrawn[action.what] = action.done
        elif action.kind == "grant" and action.what in withdrawn and action.called is not None:
            spans.append((action.what, withdrawn.pop(action.what), action.called))
    spans += [(channel, since, None) for channel, since in withdrawn.items()]
    for channel, since, until in spans:
        for contact in contacts:
            inside = contact.start > since and (until is None or contact.start < until)
            if contact.channel == channel and inside:
                yield (
                    f"{person.id}: {contact.template!r} began at {_at(contact.start)}, and "
                    f"{channel} was withdrawn at {_at(since)}"
                )


def _quiet(person: Person, contacts: Sequence[Contact], tolerance: int) -> Iterator[str]:
    """Nothing begins in quiet hours, by the clock of the worker (G2)."""
    for contact in contacts:
        clock = from_micros(contact.clock)
        early = from_micros(contact.clock - tolerance)
        quiet = all(one.hour >= QUIET_FROM or one.hour < QUIET_UNTIL for one in (clock, early))
        late = from_micros(contact.clock + tolerance)
        if quiet and (late.hour >= QUIET_FROM or late.hour < QUIET_UNTIL):
            yield f"{person.id}: {contact.template!r} began at {clock:%d %H:%M:%S}, in quiet hours"


def _caps(
    person: Person, contacts: Sequence[Contact], accepted: Set[str], tolerance: int
) -> Iterator[str]:
    """In any week, no more messages than the cap allows are accepted (G3).

    One whose answer was lost, and that was withdrawn before the next attempt, is not counted:
    nobody knows of it.
    """
    taken: dict[str, int] = {}
    for contact in contacts:
        if contact.taken and contact.key in accepted:
            taken[contact.key] = min(contact.end, taken.get(contact.key, contact.end))
    ends = sorted(taken.values())
    for first, last in zip(ends, ends[CAP:], strict=False):
        if last - first < CAP_SPAN - tolerance:
            yield f"{person.id}: {CAP + 1} messages within a week, the last at {_at(last)}"


def _exits(person: Person, contacts: Sequence[Contact], tolerance: int) -> Iterator[str]:
    """Long after every cart was bought, no reminder of it begins (E2).

    An order that came hard upon its cart may seem to lie before it, by clocks that are wrong, and
    is then no exit of it (O5).
    """
    carts = [action for action in person.actions if action.kind == "cart"]
    orders = [action for action in person.actions if action.kind == "order"]
    told = {cart.what: cart.done for cart in carts}
    for order in orders:
        since = told[order.what]
        if since is None or order.called is None or order.called - since <= tolerance:
            return
    if not carts or len(carts) != len(orders) or any(one.done is None for one in orders):
        return
    last = max(one.done for one in orders if one.done is not None)
    for contact in contacts:
        if contact.template in ("reminder", "discount") and contact.start > last + tolerance:
            yield f"{person.id}: {contact.template!r} began after everything was bought"


def _at(micros: int) -> datetime:
    return from_micros(micros)
