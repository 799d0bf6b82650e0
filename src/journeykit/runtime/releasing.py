"""How does a message leave in the very round that decided on it? Its commit takes it in hand.

Who releases messages by the clock alone has everything at hand that a hand-over needs: the
state, its version, and the instant. So the commit also claims what it puts into the outbox and
announces it (`Store.commit_and_claim`), and the round of hand-overs begins with what is known
here, instead of finding, loading and decoding it all once more.

What lies in the outbox already is not overtaken: this is done only while channels keep up, and
for customers of whom nothing else lies there.

Keeps true:
    * a hand-over starts only if its customer is still as it was committed: that is asked after
      the announcement, as a load would be (G7), and who has something in the inbox waits;
    * what is not handed over is given back, whatever happens.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress

from msgspec import Struct
from msgspec.structs import replace

from journeykit.errors import RefusedCommitError
from journeykit.kernel import Decision
from journeykit.machine import Rules
from journeykit.ports import CustomerCommit, StoredCustomer
from journeykit.runtime.behind import give_back
from journeykit.runtime.calls import (
    CommitAndClaim,
    Flow,
    LetGo,
    Load,
    Now,
    Unclaim,
    Versions,
)
from journeykit.runtime.committing import commit_apart
from journeykit.runtime.delivery import HOLD, SKEW, carry_round, round_of
from journeykit.runtime.rounds import Delivered, Member, Round


class Decided(Struct):
    """A customer on whom was decided.

    Attributes:
        found: As it was loaded.
    """

    found: StoredCustomer
    decision: Decision
    commit: CustomerCommit


class Terms(Struct):
    """On what terms a round of work hands over what it releases.

    Attributes:
        until: Up to when work is taken; on a clock that shows less by now, nothing leaves here.
        limit: How many messages at most.
        lease: For how long they are in hand.
        profiles: Whether it is worth loading customers with their profiles: many of them will
            be handed something.
    """

    until: int
    limit: int
    lease: int
    profiles: bool


class Released(Struct):
    """What became of decisions: who was stale, how many released messages, what was sent."""

    stale: Sequence[str]
    releasing: int = 0
    sent: Delivered | None = None


def release(
    rules: Rules,
    decided: Sequence[Decided],
    terms: Terms | None,
    failed: dict[str, Exception],
    *,
    profiles: bool,
) -> Flow[Released]:
    """Commit decisions; on `terms`, hand over at once what they release.

    Args:
        failed: Receives the error of each customer whose commit the store refuses.
        profiles: Whether the customers were loaded with their profiles.
    """
    if not decided:
        return Released(())
    now = yield from Now()
    leaving: dict[str, Decided] = {}
    if terms is not None and now >= terms.until:
        leaving = {
            one.commit.customer_id: one for one in decided if _leaves(rules, one.decision, now)
        }
    rest = [one.commit for one in decided if one.commit.customer_id not in leaving]
    stale = yield from commit_apart(rest, failed)
    if terms is None or not leaving:
        return Released(stale)
    span = min(terms.lease, HOLD)
    try:
        committed = yield from CommitAndClaim(
            [one.commit for one in leaving.values()],
            now,  # they were decided after `until`, if only by a moment
            terms.limit,
            now + terms.lease,
            now + span,
        )
    except RefusedCommitError:  # nothing was written: without the one, they leave a round later
        stale += yield from commit_apart([one.commit for one in leaving.values()], failed)
        return Released(stale)
    stale += committed.stale
    done = Released(stale, len(leaving))
    if committed.hand is not None:
        claims = sorted(committed.claims, key=lambda claim: (claim.due, claim.key))
        last_start = now + span - min(SKEW, span // 6)
        round_ = round_of(rules, committed.hand, claims, now, last_start)
        done.sent = yield from _carry(round_, leaving, profiles=profiles)
    return done


def _leaves(rules: Rules, decision: Decision, now: int) -> bool:
    """Tell whether all that a customer has in the outbox is what was decided now, and may go."""
    put = decision.put
    if not put:
        return False
    for channel, due in put.values():
        if channel.startswith("#") or channel in rules.gate.throttles or due > now:
            return False
    return not decision.state.errands and all(
        message.status != "released" or message.id in put
        for message in decision.state.messages.values()
    )


def _carry(round_: Round, leaving: Mapping[str, Decided], *, profiles: bool) -> Flow[Delivered]:
    """Tell a round what is known of its customers, and carry it out."""
    ids = list({claim.customer_id: None for claim in round_.unsent.values()})
    members = {id: _member(leaving[id]) for id in ids}
    try:
        if profiles:
            newest = yield from Versions(ids)
        else:
            newest = yield from _read_profiles(members)
        round_.now = round_.checked = yield from Now()
        overtaken = {
            id for id, member in members.items() if newest.get(id) != member.stored.version
        }
        if overtaken:
            round_.done.overtaken += yield from give_back(round_.unsent, overtaken)
    except (Exception, KeyboardInterrupt, SystemExit):
        with suppress(Exception):
            yield from Unclaim(list(round_.unsent.values()))
        with suppress(Exception):
            yield from LetGo(round_.hand)
        raise
    round_.customers = {id: member for id, member in members.items() if id not in overtaken}
    return (yield from carry_round(round_, list(round_.unsent.values())))


def _member(one: Decided) -> Member:
    """Return a customer as it was committed."""
    found, commit = one.found, one.commit
    profile = found.profile if commit.profile is None else commit.profile
    stored = StoredCustomer(found.customer_id, commit.expected + 1, commit.body, profile)
    return Member(stored, one.decision.state)


def _read_profiles(members: Mapping[str, Member]) -> Flow[dict[str, int]]:
    """Add the profiles; return the versions that they belong to."""
    stored = yield from Load(list(members), True)
    for id, found in stored.items():
        members[id].stored = replace(members[id].stored, profile=found.profile)
    return {id: found.version for id, found in stored.items() if not found.waiting}
