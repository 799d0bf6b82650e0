"""How does an input get in? Loaded, decided on and committed at once, a batch at a time.

Keeps true: what lies in the inbox for a customer is decided on before what is told at once: it
arrived earlier (O2).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from journeykit.errors import ContentionError, StoreError, UnknownCustomerError
from journeykit.machine import Rules
from journeykit.ports import CustomerCommit
from journeykit.runtime.calls import Flow, Heed, InboxOf, Load, Now, Seen
from journeykit.runtime.committing import commit_apart
from journeykit.runtime.draining import catch_up
from journeykit.runtime.learning import learn
from journeykit.runtime.parking import is_strange, recovered, stuck
from journeykit.runtime.script import (
    ATTEMPTS,
    Applied,
    Arrival,
    Identified,
    apply,
    known_as,
    to_commit,
    wake_held,
)


def ingest(
    rules: Rules, arrivals: Sequence[Arrival], refused: dict[str, StoreError] | None = None
) -> Flow[dict[str, Applied]]:
    """Apply signals to their customers, one arrival per customer; start over when overtaken.

    Args:
        refused: Receives the error of each customer who could not be decided on. Without it
            the first such error is raised when the others are done.

    Returns:
        What was done by customer. Customers that do not exist, and whom nothing creates, are
        absent from the answer; nothing was written for them.
    """
    done: dict[str, Applied] = {}
    failed: dict[str, StoreError] = {} if refused is None else refused
    pending = {arrival.customer_id: arrival for arrival in arrivals}
    for _ in range(ATTEMPTS):
        applied, stale = yield from _try_ingest(rules, pending, failed)
        done.update(applied)
        if not stale:
            break
        pending = {customer_id: pending[customer_id] for customer_id in stale}
    else:
        raise ContentionError(
            f"the customer was changed by others on {ATTEMPTS} attempts in a row",
            place="customer",
            value=next(iter(pending)),
            remedy="let one worker handle a customer's inputs, or try again",
            private=True,
        )
    if refused is None and failed:
        raise next(iter(failed.values()))
    return done


def _try_ingest(
    rules: Rules, pending: Mapping[str, Arrival], failed: dict[str, StoreError]
) -> Flow[tuple[dict[str, Applied], Sequence[str]]]:
    """Load first, then look event ids up: whoever commits in between makes this one stale."""
    rules = yield from Heed(rules)
    profiles = rules.reads_profile or any(arrival.creates for arrival in pending.values())
    stored = yield from Load(list(pending), profiles)
    strange: list[str] = []
    behind = [one for one, found in stored.items() if found.waiting]
    strangers = [one for one in pending if one not in stored]
    if strangers:  # what begins them may lie there
        behind += yield from InboxOf(strangers, 1)
    if behind:
        caught_up = yield from catch_up(rules, behind)
        for stranger in [one for one in strangers if _is_unknown(caught_up.failed.get(one))]:
            del caught_up.failed[stranger]
        failed.update((one, stuck(one, why)) for one, why in caught_up.failed.items())
        strange += [one for one, why in caught_up.failed.items() if is_strange(why)]
        stored = {**stored, **(yield from Load(behind, profiles))}
    pairs = [
        (key, known_as(signal))
        for key, arrival in pending.items()
        for place in arrival.digests
        if isinstance(signal := arrival.signals[place], Identified)
    ]
    known = (yield from Seen(pairs)) if pairs else {}
    now = yield from Now()
    commits: list[CustomerCommit] = []
    applied: dict[str, Applied] = {}
    for customer_id, arrival in pending.items():
        found = stored.get(customer_id)
        if customer_id in failed or (found is None and not arrival.creates):
            continue
        try:
            one, seen = apply(rules, arrival, found, known, _instant(arrival, now))
            if one.decision.entries or one.decision.drop:
                version = 0 if found is None else found.version
                commits.append(to_commit(rules, one.decision, version, seen=seen))
        except Exception as error:
            failed[customer_id] = stuck(customer_id, error)
            strange += [customer_id] if is_strange(error) else []
        else:
            applied[customer_id] = one
    begun = [one for one in applied if one not in stored]
    yield from recovered("work", begun, begun)  # what was told before anybody knew them
    objected: dict[str, Exception] = {}
    stale = yield from commit_apart(commits, objected)
    for customer_id in (*stale, *objected):
        del applied[customer_id]
    failed.update((one, stuck(one, why)) for one, why in objected.items())
    if rules.paused:
        yield from wake_held(rules, [one.decision.state for one in applied.values()])
    if strange and (yield from learn(rules)):
        for customer_id in strange:
            del failed[customer_id]
        stale = [*stale, *strange]
    return applied, stale


def _is_unknown(error: Exception | None) -> bool:
    """Tell whether nothing that lies there begins the customer: what is told at once may."""
    return isinstance(error, UnknownCustomerError)


def _instant(arrival: Arrival, now: int) -> int:
    """Return when an arrival is decided on: what did not wait, at its receipt.

    However long the call took, an input stands where its receipt puts it (O2): behind the
    timers that were due before.
    """
    return now if arrival.waited or not arrival.signals else arrival.signals[-1].received
