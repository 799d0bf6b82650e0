"""How is the inbox drained? Per customer in its order, each row exactly once in effect.

What lies in the inbox arrived while nothing decided on it: it goes before every timer (O3), and
only when all of it is decided on does time act on the customer.

Keeps true:
    * rows leave the inbox with the commit that decided on them, or not at all;
    * what was told of somebody whom nobody knows stays until somebody does; what was told of a
      customer who was erased is refused (F4).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from journeykit.kernel import (
    CustomerState,
    Decision,
    EnrollAsked,
    EventArrived,
    Signal,
    advance,
    customer_mark,
    decode_state,
)
from journeykit.machine import Rules
from journeykit.ports import CustomerCommit, InboxRow, SeenEvent, StoredCustomer
from journeykit.runtime.calls import Discard, Erased, Flow, Heed, InboxOf, Load, Now, Seen
from journeykit.runtime.committing import commit_apart
from journeykit.runtime.erasing import absent
from journeykit.runtime.inbox import Told, from_row
from journeykit.runtime.parking import NotHereError, recovered
from journeykit.runtime.script import (
    Identified,
    Repeats,
    decode_json,
    known_as,
    to_commit,
    wake_held,
)

ROWS = 10_000
"""How many rows are read at a time, all customers together, at least a few of each."""

BYTES = 32 * 1024 * 1024
"""About how large they may be."""

_ASKED_FIRST = 20  # customers whose rows tell how large those of the others may be
_FEWEST, _MOST = 10, 1000  # of one customer
_SEARCHED = 20_000  # of one whom nobody knows, for what begins it


class Drained(Struct):
    """What a round over the inbox came to.

    Attributes:
        advanced: Customers on whom something was decided.
        entries: Journal entries of all of them together.
        left: Customers for whom more may lie there: there was more than was read, or somebody
            else was faster.
        failed: What kept customers from being decided on.
        refused: How many rows were dropped, because their customer was erased.
    """

    advanced: int = 0
    entries: int = 0
    left: list[str] = field(default_factory=list)
    failed: dict[str, Exception] = field(default_factory=dict)
    refused: int = 0


class _Mail(Struct):
    """What is decided on at once for one customer.

    Attributes:
        told: What was told, by the number of its row.
        more: Whether more lies there that is to be decided on before time acts.
        refused: The numbers of rows that leave the inbox undecided.
    """

    told: list[tuple[int, Told]]
    more: bool
    refused: list[int] = field(default_factory=list)


def catch_up(rules: Rules, ids: Sequence[str]) -> Flow[Drained]:
    """Decide on everything that lies in the inbox for these customers."""
    done = yield from drain(rules, ids)
    while done.left:
        more = yield from drain(rules, done.left)
        done.advanced += more.advanced
        done.entries += more.entries
        done.left = more.left
        done.failed.update(more.failed)
        done.refused += more.refused
    return done


def drain(rules: Rules, ids: Sequence[str]) -> Flow[Drained]:
    """Decide on what lies in the inbox for these customers, as much as one decision takes."""
    done = Drained()
    rules = yield from Heed(rules)
    while ids:
        count, share = yield from _room(ids)
        yield from _drain(rules, ids[:count], share, done)
        ids = ids[count:]
    return done


def _room(ids: Sequence[str]) -> Flow[tuple[int, int]]:
    """Return how many of these customers are taken at a time, and how many rows of each."""
    first = yield from InboxOf(ids[:_ASKED_FIRST], _FEWEST)
    largest = max((len(row.body) for rows in first.values() for row in rows), default=0)
    most = min(ROWS, BYTES // (largest + 1))
    share = min(max(most // len(ids), _FEWEST), _MOST)
    return max(most // share, 1), share


def _drain(rules: Rules, ids: Sequence[str], share: int, done: Drained) -> Flow[None]:
    stored = yield from Load(ids, True)
    rows = yield from InboxOf(ids, share)
    strangers = [one for one in rows if one not in stored]
    erased = (yield from find_erased(rules, strangers)) if strangers else {}
    now = yield from Now()
    mails: dict[str, _Mail] = {}
    for customer_id, mine in rows.items():
        found = stored.get(customer_id)
        more = len(mine) >= share
        if found is None and more:  # what begins it may lie behind
            most = BYTES // (max(len(row.body) for row in mine) + 1)
            most = max(share, min(most, _SEARCHED))
            mine = (yield from InboxOf([customer_id], most)).get(customer_id, mine)
        try:
            told, unread = _read(rules, mine)
            more = more or unread
            if found is None:
                told, refused = _begin(customer_id, told, erased.get(customer_id))
                done.refused += len(refused)
                if not told:
                    yield from Discard(customer_id, refused)
                    continue
                mails[customer_id] = _Mail(told[:share], more, refused)
            else:
                mails[customer_id] = _Mail(told, more)
        except Exception as error:
            done.failed[customer_id] = error
    if mails:
        yield from _decide(rules, done, mails, stored, now)


def find_erased(rules: Rules, customer_ids: Sequence[str]) -> Flow[dict[str, int]]:
    """Return when those of these customers, of whom there is none, were erased who were."""
    if not customer_ids:
        return {}
    marks = {customer_mark(rules.seed, one): one for one in customer_ids}
    found = yield from Erased(list(marks))
    return {marks[mark]: at for mark, at in found.items()}


def _read(rules: Rules, rows: Sequence[InboxRow]) -> tuple[list[tuple[int, Told]], bool]:
    """Return what was told, up to what this worker cannot read; whether something is behind.

    Raises:
        NotHereError, StoreError: The very first row cannot be read.
    """
    told: list[tuple[int, Told]] = []
    for row in rows:
        try:
            one = from_row(row)
            for signal in one.signals:
                _refuse_unknown(rules, signal)
        except Exception:
            if not told:
                raise
            return told, True
        told.append((row.number, one))
    return told, False


def _refuse_unknown(rules: Rules, signal: Signal) -> None:
    """What was checked at the door is known to some worker, if not to this one."""
    if isinstance(signal, EventArrived) and signal.name not in rules.event_classes:
        raise NotHereError("event_unknown", signal.name, "")
    if isinstance(signal, EnrollAsked) and signal.journey not in rules.current:
        raise NotHereError("journey_unknown", signal.journey, signal.journey)


def _begin(
    customer_id: str, told: list[tuple[int, Told]], erased: int | None
) -> tuple[list[tuple[int, Told]], list[int]]:
    """Order what was told of a customer who is not there: what begins it comes first.

    Returns:
        What is to be decided on, and the numbers of the rows that are refused.

    Raises:
        UnknownCustomerError: Nothing of it begins a customer whom nobody knows.
    """
    first = next((place for place, (_, one) in enumerate(told) if one.creates), None)
    if erased is not None:
        refused = told if first is None else told[:first]
        return told[len(refused) :], [number for number, _ in refused]
    if first is None:
        raise absent(customer_id, None)
    return [told[first], *told[:first], *told[first + 1 :]], []


def _decide(
    rules: Rules,
    done: Drained,
    mails: Mapping[str, _Mail],
    stored: Mapping[str, StoredCustomer],
    now: int,
) -> Flow[None]:
    pairs = [
        (customer_id, known_as(signal))
        for customer_id, mail in mails.items()
        for _, one in mail.told
        for signal, digest in zip(one.signals, one.digests, strict=True)
        if digest is not None and isinstance(signal, Identified)
    ]
    known = (yield from Seen(pairs)) if pairs else {}
    commits: list[CustomerCommit] = []
    states: dict[str, CustomerState] = {}
    entries: dict[str, int] = {}
    for customer_id, mail in mails.items():
        found = stored.get(customer_id)
        try:
            decision, seen = _decide_one(rules, customer_id, found, mail, known, now)
            version = 0 if found is None else found.version
            numbers = [*mail.refused, *(number for number, _ in mail.told)]
            commits.append(to_commit(rules, decision, version, seen=seen, taken=numbers))
        except Exception as error:
            done.failed[customer_id] = error
        else:
            states[customer_id] = decision.state
            entries[customer_id] = len(decision.entries)
    begun = [one for one in states if one not in stored]
    yield from recovered("work", begun, begun)
    objected: dict[str, Exception] = {}
    stale = yield from commit_apart(commits, objected)
    for customer_id in (*stale, *objected):
        del states[customer_id], entries[customer_id]
    done.failed.update(objected)
    yield from recovered("work", [one for one in states if one in stored and stored[one].parked])
    done.advanced += len(states)
    done.entries += sum(entries.values())
    done.left += [*stale, *(one for one in states if mails[one].more)]
    if rules.paused:
        yield from wake_held(rules, list(states.values()))


def _decide_one(
    rules: Rules,
    customer_id: str,
    found: StoredCustomer | None,
    mail: _Mail,
    known: Mapping[tuple[str, str], str],
    now: int,
) -> tuple[Decision, list[SeenEvent]]:
    """Decide on one call after the other, as if each had been made at once; then time may act."""
    state = CustomerState(customer_id) if found is None else decode_state(found.body)
    profile: dict[str, Any] | None = {}
    if found is not None:
        profile = None if found.profile is None else decode_json(found.profile)
    whole = Decision(state, [], {}, set(), None, None)
    seen: dict[str, SeenEvent] = {}
    repeats = Repeats(customer_id, known, seen, now + rules.remember)
    late = max((place for place, (_, one) in enumerate(mail.told) if _is_late(one, now)), default=0)
    for place, (_, one) in enumerate(mail.told):
        signals = [_not_after(now, one) for one in repeats.left_out(one.signals, one.digests)]
        more = mail.more or place < late
        decision = advance(rules, state, signals, now, profile=profile, fire_now=False, more=more)
        profile = profile if decision.profile is None else decision.profile
        _add(whole, decision)
    return whole, list(seen.values())


def _is_late(one: Told, now: int) -> bool:
    return any(signal.received < now for signal in one.signals)


def _not_after(now: int, signal: Signal) -> Signal:
    """The clock of whoever told it may be ahead of ours."""
    return signal if signal.received <= now else replace(signal, received=now)


def _add(whole: Decision, then: Decision) -> None:
    """Take what follows from the next call into one commit."""
    whole.entries += then.entries
    for key in then.drop:
        whole.put.pop(key, None)
    whole.drop |= then.drop
    whole.put.update(then.put)
    whole.profile = whole.profile if then.profile is None else then.profile
    whole.next_due = then.next_due
