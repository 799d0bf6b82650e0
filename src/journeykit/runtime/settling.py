"""How is an answer kept? Committed with what follows from it, at once or on the newest state.

Keeps true: an answer that may have been committed is never committed again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from journeykit.errors import StoreBusyError, StoreError
from journeykit.kernel import Signal, advance
from journeykit.ports import CustomerCommit
from journeykit.runtime.calls import Flow, Now
from journeykit.runtime.committing import commit_apart
from journeykit.runtime.ingesting import ingest
from journeykit.runtime.outcomes import Failure
from journeykit.runtime.parking import leave_alone, recovered
from journeykit.runtime.rounds import Member, Round, stick
from journeykit.runtime.script import Arrival, decode_json, to_commit, wake_held

_COMMITS = 3


def settle(round_: Round, customers: Sequence[Member]) -> Flow[None]:
    """Commit what channels and the gate said, on the state that was loaded for the round.

    Where somebody else changed a customer meanwhile, the answers are applied to the newest
    state instead.
    """
    commits: list[CustomerCommit] = []
    waiting: dict[str, tuple[Member, list[Signal]]] = {}
    now = yield from Now()
    for customer in customers:
        signals: list[Signal] = [
            *customer.unknown, *customer.answers, *customer.listed.values(), *customer.closed,
        ]  # fmt: skip
        if not signals:
            continue
        commit = _commit_of(round_, customer, signals, now)
        round_.done.blocked += len(customer.closed)
        for answer in customer.answers:
            round_.unsettled.pop(answer.message, None)
        for closed in customer.closed:
            round_.unsettled.pop(closed.message, None)
        customer.answers, customer.listed, customer.closed = [], {}, []
        customer.unknown = []
        if commit is not None:
            commits.append(commit)
            waiting[commit.customer_id] = customer, signals
    if commits:
        yield from _commit(round_, commits, waiting)
    if round_.stuck:
        failed, round_.stuck = round_.stuck, {}
        left = yield from leave_alone(round_.rules, "delivery", failed)
        round_.done.failures += left.failures
        round_.done.overtaken += left.again


def _commit(
    round_: Round,
    commits: Sequence[CustomerCommit],
    waiting: Mapping[str, tuple[Member, list[Signal]]],
) -> Flow[None]:
    objected: dict[str, Exception] = {}
    stale = yield from commit_patiently(commits, objected)
    for customer_id, error in objected.items():
        stick(round_, customer_id, error)
    if round_.rules.paused:
        yield from wake_held(round_.rules, [one.state for one, _ in waiting.values()])
    parked = [one for one, (customer, _) in waiting.items() if customer.stored.parked]
    parked = [one for one in parked if one not in stale and one not in objected]
    yield from recovered("delivery", parked)
    arrivals = []
    for customer_id in stale:
        if customer_id in waiting:
            customer, signals = waiting[customer_id]
            customer.overtaken = True
            arrivals.append(Arrival(customer_id, signals))
    if arrivals:
        refused: dict[str, StoreError] = {}
        yield from ingest(round_.rules, arrivals, refused)
        round_.done.failures += [Failure(*one) for one in refused.items()]


def commit_patiently(
    commits: Sequence[CustomerCommit], failed: dict[str, Exception]
) -> Flow[list[str]]:
    """Try again where the store is busy: these answers are known to nobody else.

    Args:
        failed: Receives the error of each customer whose commit the store refuses.
    """
    for _ in range(_COMMITS - 1):
        try:
            stale = yield from commit_apart(commits, failed)
        except StoreBusyError:  # nothing was written
            continue
        return stale
    stale = yield from commit_apart(commits, failed)
    return stale


def _commit_of(
    round_: Round, customer: Member, signals: Sequence[Signal], now: int
) -> CustomerCommit | None:
    stored = customer.stored
    try:
        profile = decode_json(stored.profile) if stored.profile else None
        decision = advance(round_.rules, customer.state, signals, now, profile=profile)
        commit = to_commit(round_.rules, decision, stored.version)
    except Exception as error:
        stick(round_, stored.customer_id, error)
        return None
    customer.stored = msgspec.structs.replace(
        stored,
        version=stored.version + 1,
        body=commit.body,
        profile=stored.profile if commit.profile is None else commit.profile,
    )
    return commit
