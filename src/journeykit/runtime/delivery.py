"""How does a message get out? Claim, judge, render once, hand over, settle.

Answers are settled whenever `SETTLE_AFTER` has passed since the last time, so that a crash
in the middle of a slow batch forgets few of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import msgspec

from journeykit.kernel import (
    ChannelAnswered,
    CustomerState,
    Facts,
    GateClosed,
    Message,
    Signal,
    advance,
    decode_state,
    may_hand_over,
    zone_of,
)
from journeykit.machine import Reading, Rules
from journeykit.ports import (
    Accepted,
    ClaimedMessage,
    Content,
    CustomerCommit,
    OutgoingMessage,
    Receipt,
    Rejected,
    RenderContext,
    Retry,
    StoredCustomer,
)
from journeykit.runtime.calls import (
    Claim,
    Commit,
    Flow,
    HandOver,
    KeepContent,
    Load,
    Now,
    Render,
    Unclaim,
    Versions,
)
from journeykit.runtime.script import (
    Arrival,
    decode_json,
    encode_json,
    ingest,
    profile_of,
    to_commit,
)
from journeykit.time import SECOND, from_micros

_MICROSECOND = timedelta(microseconds=1)
SETTLE_AFTER = SECOND // 2
_content = msgspec.json.Decoder(Content)


@dataclass(slots=True)
class Delivered:
    """What one round of hand-overs came to."""

    claimed: int = 0
    accepted: int = 0
    rejected: int = 0
    retried: int = 0
    blocked: int = 0
    answers: list[tuple[str, Receipt]] = field(default_factory=list)


@dataclass(slots=True)
class _Customer:
    """A customer in this round: as stored, decoded, and what channels said meanwhile."""

    stored: StoredCustomer
    state: CustomerState
    answers: list[Signal] = field(default_factory=list)
    closed: list[Signal] = field(default_factory=list)


def deliver(rules: Rules, until: int, limit: int) -> Flow[Delivered]:
    """Hand over up to `limit` messages that are due, and settle what their channels say."""
    round_ = Delivered()
    claims = yield from Claim(until, limit)
    if not claims:
        return round_
    round_.claimed = len(claims)
    stored = yield from Load(list({claim.customer_id: None for claim in claims}), True)
    customers = {
        customer_id: _Customer(found, decode_state(found.body))
        for customer_id, found in stored.items()
    }
    now = yield from Now()
    going: list[tuple[ClaimedMessage, _Customer, Message]] = []
    for claim in claims:
        customer = customers[claim.customer_id]
        message = _allowed(rules, customer, claim, now)
        if message is None:
            customer.closed.append(GateClosed(now, claim.key))
        else:
            going.append((claim, customer, message))
    contents = yield from _render(rules, going, now)
    yield from _hand_over_all(rules, customers, going, contents, now, round_)
    yield from _settle(rules, list(customers.values()), round_)
    return round_


def _allowed(rules: Rules, customer: _Customer, claim: ClaimedMessage, now: int) -> Message | None:
    """Return the message if it may be handed over now (G1: the state at hand-over decides)."""
    state = customer.state
    message = state.messages.get(claim.key)
    if message is None or message.status != "released" or message.channel != claim.channel:
        return None
    zone = zone_of(rules, state)
    reading = Reading()
    reading.now = now
    reading.zone = zone
    reading.past = state.tallies
    if rules.reads_profile:
        reading.profile = profile_of(customer.stored)
    facts = Facts(
        state=state,
        gate=rules.gate,
        declared=rules.declared,
        now=now,
        zone=zone,
        zone_known=state.zone is not None,
        reading=reading,
    )
    verdict = may_hand_over(facts, rules, message)
    return message if verdict.action == "allow" else None


def _render(
    rules: Rules, going: Sequence[tuple[ClaimedMessage, _Customer, Message]], now: int
) -> Flow[dict[str, Content]]:
    """Render what was not rendered before, and keep it before anything is handed over.

    A message whose template fails is answered with a retry, and leaves this round.
    """
    contents: dict[str, Content] = {}
    fresh: list[tuple[ClaimedMessage, bytes]] = []
    for claim, customer, message in going:
        if claim.content is not None:
            contents[claim.key] = _content.decode(claim.content)
            continue
        try:
            content = yield from Render(_context(customer, message))
            body = encode_json(content)
        except Exception as error:
            detail = f"template {message.template!r} failed: {type(error).__name__}"
            customer.answers.append(_answer(rules, customer, message, Retry(detail), now))
            continue
        contents[claim.key] = content
        fresh.append((claim, body))
    if fresh:
        yield from KeepContent(fresh)
    return contents


def _context(customer: _Customer, message: Message) -> RenderContext:
    run = customer.state.enrollments[message.enrollment]
    profile: Mapping[str, Any] = profile_of(customer.stored)
    return RenderContext(
        customer.state.id,
        message.template,
        message.channel,
        run.journey,
        run.step,
        message.id,
        profile,
        run.data,
        run.results,
        profile.get("locale"),
    )


def _hand_over_all(
    rules: Rules,
    customers: Mapping[str, _Customer],
    going: Sequence[tuple[ClaimedMessage, _Customer, Message]],
    contents: Mapping[str, Content],
    judged: int,
    round_: Delivered,
) -> Flow[None]:
    settled = judged
    overtaken: list[ClaimedMessage] = []
    for claim, customer, message in going:
        content = contents.get(claim.key)
        if content is None:
            continue
        newest = yield from Versions([claim.customer_id])
        if newest.get(claim.customer_id) != customer.stored.version:  # G7
            overtaken.append(claim)
            continue
        now = yield from Now()
        if now != judged and _allowed(rules, customer, claim, now) is None:
            customer.closed.append(GateClosed(now, claim.key))
            continue
        outgoing = _outgoing(customer, message, content, now)
        receipt = yield from _hand_over(outgoing)
        now = yield from Now()
        round_.answers.append((claim.key, receipt))
        answer = _answer(rules, customer, message, receipt, now, outgoing.address)
        customer.answers.append(answer)
        if now - settled >= SETTLE_AFTER:
            yield from _settle(rules, [customer], round_)
            settled = now
    if overtaken:
        yield from Unclaim(overtaken)


def _hand_over(message: OutgoingMessage) -> Flow[Receipt]:
    try:
        receipt = yield from HandOver(message)
    except Exception as error:  # nobody knows whether it left: the same key comes again
        return Retry(f"{type(error).__name__} from channel {message.channel!r}")
    return receipt


def _outgoing(customer: _Customer, message: Message, content: Content, now: int) -> OutgoingMessage:
    state = customer.state
    run = state.enrollments[message.enrollment]
    return OutgoingMessage(
        message.id,
        state.id,
        message.channel,
        state.addresses.get(message.channel, state.id),
        message.template,
        content,
        run.journey,
        run.step,
        message.topic or None,
        from_micros(now),
        message.attempts + 1,
    )


def _answer(
    rules: Rules,
    customer: _Customer,
    message: Message,
    receipt: Receipt,
    now: int,
    address: str = "",
) -> ChannelAnswered:
    where = (now, message.id, message.channel, address)
    about = {
        "journey": message.journey,
        "topic": message.topic,
        "transactional": message.transactional,
    }
    match receipt:
        case Accepted():
            return ChannelAnswered(*where, "accepted", receipt.provider_id, **about)
        case Rejected():
            return ChannelAnswered(
                *where, "rejected", receipt.reason, receipt.dead_address, **about
            )
        case Retry():
            after = None
            if receipt.after is not None:
                after = max(0, receipt.after // _MICROSECOND)
            return ChannelAnswered(*where, "retry", receipt.reason, after=after, **about)
        case _:
            detail = f"channel {message.channel!r} answered {type(receipt).__name__}"
            return ChannelAnswered(*where, "retry", detail, **about)


def _settle(rules: Rules, customers: Sequence[_Customer], round_: Delivered) -> Flow[None]:
    """Commit what channels and the gate said, on the state that was loaded for the round.

    Where somebody else changed a customer meanwhile, the answers are applied to the newest
    state instead.
    """
    commits: list[CustomerCommit] = []
    waiting: dict[str, list[Signal]] = {}
    now = yield from Now()
    for customer in customers:
        signals = customer.answers + customer.closed
        if not signals:
            continue
        _tally(round_, customer)
        profile = decode_json(customer.stored.profile) if customer.stored.profile else None
        decision = advance(rules, customer.state, signals, now, profile=profile)
        commits.append(to_commit(decision, customer.stored.version))
        waiting[customer.stored.customer_id] = signals
        customer.answers, customer.closed = [], []
        customer.stored = msgspec.structs.replace(
            customer.stored,
            version=customer.stored.version + 1,
            profile=customer.stored.profile
            if decision.profile is None
            else encode_json(decision.profile),
        )
    if not commits:
        return
    stale = yield from Commit(commits)
    if stale:
        yield from ingest(
            rules, [Arrival(customer_id, waiting[customer_id]) for customer_id in stale]
        )


def _tally(round_: Delivered, customer: _Customer) -> None:
    for signal in customer.answers:
        assert isinstance(signal, ChannelAnswered)
        if signal.answer == "accepted":
            round_.accepted += 1
        elif signal.answer == "rejected":
            round_.rejected += 1
        else:
            round_.retried += 1
    round_.blocked += len(customer.closed)
