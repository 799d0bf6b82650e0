"""How does a message get out? Claim, announce, judge, render once, hand over, settle.

Keeps true:
    * a hand-over starts only if the state that it was judged with was loaded after the
      announcement (`Hold`): a withdrawal that has returned was heeded, or has waited (G7);
    * a round takes `ROUND` and one hand-over at most: what is not done by then is given back,
      so that a crash leaves few answers in doubt and a withdrawal does not wait for long.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import msgspec

from journeykit.kernel import Facts, GateClosed, Message, decode_state, may_hand_over, zone_of
from journeykit.machine import Reading, Rules
from journeykit.ports import ClaimedMessage, Content, Receipt, Rejected, Retry
from journeykit.runtime.answers import context_of, outgoing_of
from journeykit.runtime.calls import (
    Claim,
    Flow,
    HandOver,
    Heed,
    Hold,
    KeepContent,
    LetGo,
    Load,
    Now,
    Render,
    Start,
    Unclaim,
    Versions,
)
from journeykit.runtime.errands import carry_out
from journeykit.runtime.rounds import Delivered, Going, Member, Round, answered, fail, stick
from journeykit.runtime.script import encode_json, profile_of
from journeykit.runtime.settling import settle
from journeykit.runtime.suppressing import is_dead, leave_out_listed, note_dead
from journeykit.runtime.throttling import queue_up, spend, take_token
from journeykit.time import SECOND

ROUND = SECOND // 2
"""How long templates are rendered, and then messages handed over, before the next claim."""

RECHECK = SECOND // 10
"""How old what is known of commits of other processes may be."""

HOLD = 30 * SECOND
"""How long an announcement lasts where its worker dies."""

SKEW = 5 * SECOND
"""By how much the clocks of two workers may differ."""

_content = msgspec.json.Decoder(Content)


def deliver(rules: Rules, until: int, limit: int, lease: int) -> Flow[Delivered]:
    """Hand over up to `limit` messages that are due, and settle what their channels say.

    Errands lie in the outbox too, and are carried out behind them (`runtime.errands`).
    """
    now = yield from Now()
    claims = yield from Claim(until, limit, now + lease)
    errands = [claim for claim in claims if claim.channel.startswith("#")]
    if not errands:
        return (yield from _deliver(rules, claims, now, lease))
    try:
        messages = [claim for claim in claims if not claim.channel.startswith("#")]
        done = yield from _deliver(rules, messages, now, lease)
    except (Exception, KeyboardInterrupt, SystemExit):
        with suppress(Exception):
            yield from Unclaim(errands)
        raise
    if done.stopped:
        yield from Unclaim(errands)
    else:
        carried = yield from carry_out(rules, errands)
        done.add(carried)
    return done


def _deliver(
    rules: Rules, claims: Sequence[ClaimedMessage], now: int, lease: int
) -> Flow[Delivered]:
    if not claims:
        return Delivered()
    ids = list({claim.customer_id: None for claim in claims})
    span = min(lease, HOLD)
    hand = yield from Hold(ids, now, now + span)
    last_start = now + span - min(SKEW, span // 6)
    unsent = {claim.key: claim for claim in claims}
    round_ = Round(rules, hand, unsent, dict(unsent), now, last_start)
    try:
        yield from _open(round_, ids)
        going = queue_up(round_, _judge(round_, claims))
        going = yield from leave_out_listed(round_, going)
        ready = yield from _render(round_, going)
        yield from _hand_over_all(round_, ready)
        yield from settle(round_, list(round_.customers.values()))
        if round_.unsent:
            left = list(round_.unsent.values())
            round_.done.overtaken = sum(round_.customers[one.customer_id].overtaken for one in left)
            yield from Unclaim(left)
    except (Exception, KeyboardInterrupt, SystemExit):
        yield from _abandon(round_)
        raise
    yield from LetGo(hand)
    return round_.done


def _abandon(round_: Round) -> Flow[None]:
    """Something failed, or somebody pressed Ctrl-C: keep the answers that are there."""
    with suppress(Exception):  # the first error is the one to tell
        yield from settle(round_, list(round_.customers.values()))
    with suppress(Exception):
        yield from Unclaim(list(round_.unsent.values()))
    with suppress(Exception):
        yield from LetGo(round_.hand)


def _open(round_: Round, ids: Sequence[str]) -> Flow[None]:
    round_.rules = yield from Heed(round_.rules, fresh=True)
    stored = yield from Load(ids, True)
    round_.now = round_.checked = yield from Now()
    for customer_id in ids:
        found = stored.get(customer_id)
        if found is None:
            error = LookupError("a message waits for a customer who is not there")
            fail(round_, customer_id, error)
            continue
        try:
            round_.customers[customer_id] = Member(found, decode_state(found.body))
        except Exception as error:
            stick(round_, found, error)


def _judge(round_: Round, claims: Sequence[ClaimedMessage]) -> list[Going]:
    """Return what may go now; note for the others that the gate is closed."""
    going: list[Going] = []
    for claim in claims:
        customer = round_.customers.get(claim.customer_id)
        if customer is None:
            continue
        try:
            message = _allowed(round_, customer, claim)
        except Exception as error:
            stick(round_, customer.stored, error)
            continue
        if message is not None:
            judged = (round_.now, customer.stored.version, round_.rules.paused)
            going.append(Going(claim, customer, message, judged))
    return going


def _allowed(round_: Round, customer: Member, claim: ClaimedMessage) -> Message | None:
    """Return the message if it may be handed over now (G1: the state at hand-over decides)."""
    rules, state, now = round_.rules, customer.state, round_.now
    message = state.messages.get(claim.key)
    if message is not None and message.status == "released" and message.channel == claim.channel:
        zone = zone_of(rules, state)
        reading = Reading()
        reading.now = now
        reading.zone = zone
        reading.past = state.tallies
        if rules.reads_profile:
            reading.profile = rules.attributes(profile_of(customer.stored))
        facts = Facts(
            state=state,
            gate=rules.gate,
            declared=rules.declared,
            now=now,
            zone=zone,
            zone_known=state.zone is not None,
            reading=reading,
        )
        if may_hand_over(facts, rules, message).action == "allow":
            return message
    customer.closed.append(GateClosed(now, claim.key))
    round_.unsent.pop(claim.key, None)
    return None


def _render(round_: Round, going: Sequence[Going]) -> Flow[list[Going]]:
    """Render what was not rendered before, and keep it before anything is handed over.

    A message whose template fails is answered with a retry, and leaves this round.
    """
    ready: list[Going] = []
    fresh: list[tuple[ClaimedMessage, bytes]] = []
    ends = round_.now + ROUND
    room = {name: rule.most_in(2 * ROUND) for name, rule in round_.rules.gate.throttles.items()}
    for one in going:
        if ready and round_.now >= ends:
            round_.done.cut = True
            break
        if one.customer.overtaken:
            continue
        body = one.claim.content
        channel = one.message.channel
        if channel in room:
            if room[channel] <= 0 and body is None:  # its throttle lets it wait anyway
                ready.append(one)
                continue
            room[channel] -= 1
        try:
            if body is None:
                context = context_of(
                    round_.rules, one.customer.stored, one.message, one.customer.state
                )
                body = encode_json((yield from Render(context)))
            one.content = _content.decode(body)  # also at first, so that retries are equal to it
            if one.claim.content is None:
                fresh.append((one.claim, body))
        except Exception as error:
            detail = f"template {one.message.template!r} failed: {type(error).__name__}"
            answered(round_, one, Retry(detail), "")
        else:
            ready.append(one)
        round_.now = yield from Now()
    if fresh:
        yield from KeepContent(fresh)
    return ready


def _hand_over_all(round_: Round, ready: Sequence[Going]) -> Flow[None]:
    round_.now = yield from Now()
    ends = min(round_.now + ROUND, round_.last_start)
    throttles = round_.rules.gate.throttles
    for place, one in enumerate(ready):
        if one.claim.key not in round_.unsent or one.customer.overtaken:
            continue
        if round_.now >= (ends if place else round_.last_start):
            round_.done.cut = True
            return
        if round_.now - round_.checked >= RECHECK:
            yield from _recheck([one.customer for one in ready[place:]])
            round_.checked = round_.now
        if round_.dead and is_dead(round_, one):
            continue
        throttle = throttles.get(one.message.channel)
        if throttle is not None and not (yield from take_token(round_, throttle, ready[place:])):
            continue
        if one.content is None:
            round_.done.cut = True
            return
        may_start = yield from _may_start(round_, one)
        if may_start == "stop":
            round_.done.stopped = True
            return
        if may_start == "go":
            if throttle is not None and not (yield from spend(round_, throttle)):
                round_.done.cut = True
                return
            yield from _hand_over(round_, one)


def _may_start(round_: Round, one: Going) -> Flow[str]:
    """Return `go`, `stop`, or `no` where the gate or somebody else was in between."""
    customer = one.customer
    if customer.answers:  # what the channel said of another message may forbid this one (D4)
        yield from settle(round_, [customer])
    while not customer.overtaken:
        asked = (round_.now, customer.stored.version, round_.rules.paused)
        if one.judged != asked:
            message = _allowed(round_, customer, one.claim)
            if message is None:
                return "no"
            one.message, one.judged = message, asked
        may_start = yield from Start(round_.hand, customer.stored.customer_id)
        if may_start != "changed":
            return may_start
        yield from _recheck([customer])
        round_.rules = yield from Heed(round_.rules, fresh=True)
        if (yield from _is_listed(round_, one)):
            return "no"
    return "no"


def _is_listed(round_: Round, one: Going) -> Flow[bool]:
    """Ask the list of suppressed addresses again: somebody may have written on it."""
    if one.customer.overtaken:
        return False
    may_go = yield from leave_out_listed(round_, [one])
    return not may_go


def _recheck(customers: Sequence[Member]) -> Flow[None]:
    """Find out whom others have changed since; their messages are given back."""
    newest = yield from Versions(list({one.stored.customer_id: None for one in customers}))
    for customer in customers:
        if newest.get(customer.stored.customer_id) != customer.stored.version:
            customer.overtaken = True


def _hand_over(round_: Round, one: Going) -> Flow[None]:
    assert one.content is not None
    outgoing = outgoing_of(one.message, one.customer.state, one.content, round_.now)
    del round_.unsent[one.claim.key]  # from here on nobody knows
    receipt: Receipt
    try:
        receipt = yield from HandOver(outgoing, round_.hand)
    except Exception as error:  # the same key comes again
        receipt = Retry(f"{type(error).__name__} from channel {one.message.channel!r}")
    round_.now = yield from Now()
    answered(round_, one, receipt, outgoing.address)
    if isinstance(receipt, Rejected):
        note_dead(round_, one)
