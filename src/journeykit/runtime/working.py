"""What becomes of customers whose time has come, or of whom something was told?

They are loaded, decided on, and committed: first who has something in the inbox, then who is
due. Each has its turn whatever the backlog of the other.

Keeps true: every customer is decided on alone (O1); one whose document cannot be read, or on
whom code fails, is set aside and holds nobody up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from journeykit.machine import Rules
from journeykit.runtime import logs
from journeykit.runtime.calls import Due, Flow, Heed, Load, Now, Waiting
from journeykit.runtime.draining import drain
from journeykit.runtime.outcomes import Failure
from journeykit.runtime.parking import leave_alone, recovered
from journeykit.runtime.releasing import Decided, Terms, release
from journeykit.runtime.rounds import Delivered
from journeykit.runtime.script import decide, to_commit, wake_held
from journeykit.time import SECOND

LEASE = 30 * SECOND
"""How long customers whom a worker took are left to it."""


class Worked(msgspec.Struct):
    """What one round of customers came to.

    Attributes:
        advanced: Customers who were advanced; one whom somebody else advanced meanwhile is
            left alone.
        entries: Journal entries of all of them together.
        failures: Customers who were set aside.
        left: Whether more may be waiting for them.
        refused: Rows of the inbox that were dropped: their customer was erased.
        releasing: Of how many customers who were due the messages were to be handed over at once.
        sent: What came of that.
    """

    advanced: int = 0
    entries: int = 0
    failures: list[Failure] = msgspec.field(default_factory=list)
    left: bool = False
    refused: int = 0
    releasing: int = 0
    sent: Delivered | None = None


def work(rules: Rules, until: int, limit: int, terms: Terms | None = None) -> Flow[Worked]:
    """Decide on up to `limit` customers for whom something waits, and `limit` that are due.

    On `terms`, what those who are due release is handed over at once (`runtime.releasing`).
    """
    done = Worked()
    ids = yield from Waiting(until, limit, until + LEASE)
    if ids:
        yield from _drain(rules, ids, done)
    ids = yield from Due(until, limit, until + LEASE)
    if ids:
        yield from _advance(rules, ids, done, terms)
    return done


def _drain(rules: Rules, ids: Sequence[str], done: Worked) -> Flow[None]:
    drained = yield from drain(rules, ids)
    done.advanced += drained.advanced
    done.entries += drained.entries
    done.refused += drained.refused
    if drained.refused:
        logs.tell("inbox_refused", rows=drained.refused)
    done.left = done.left or bool(drained.advanced or drained.left or drained.refused)
    yield from _leave_alone(rules, drained.failed, done)


def _advance(rules: Rules, ids: Sequence[str], done: Worked, terms: Terms | None) -> Flow[None]:
    rules = yield from Heed(rules)
    profiles = rules.reads_profile or (terms is not None and terms.profiles)
    stored = yield from Load(ids, profiles)
    now = yield from Now()
    decided: list[Decided] = []
    failed: dict[str, Exception] = {}
    for customer_id, found in stored.items():
        if found.waiting:  # what arrived goes first (O3)
            continue
        try:
            decision = decide(rules, customer_id, found, (), now)
            decided.append(Decided(found, decision, to_commit(rules, decision, found.version)))
            done.entries += len(decision.entries)
        except Exception as error:
            failed[customer_id] = error
    released = yield from release(rules, decided, terms, failed, profiles=profiles)
    decided = [one for one in decided if one.found.customer_id not in failed]
    stale, states = released.stale, [one.decision.state for one in decided]
    done.advanced += len(decided) - len(stale)
    done.sent, done.releasing = released.sent, released.releasing
    if rules.paused:
        yield from wake_held(rules, states)
    over = [one.found.customer_id for one in decided if one.found.parked]
    idle = [state.id for state in states if not (state.messages or state.errands)]
    yield from recovered("work", [one for one in over if one not in stale], idle)
    yield from _leave_alone(rules, failed, done)
    behind = [customer_id for customer_id, found in stored.items() if found.waiting]
    if behind:
        done.left = True
        yield from _drain(rules, behind, done)


def _leave_alone(rules: Rules, failed: Mapping[str, Exception], done: Worked) -> Flow[None]:
    left = yield from leave_alone(rules, "work", failed)
    done.failures += left.failures
    done.left = done.left or left.again > 0
