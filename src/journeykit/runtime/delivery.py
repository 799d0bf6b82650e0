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

from journeykit.kernel import CALL, decode_state
from journeykit.machine import Rules
from journeykit.ports import ClaimedMessage, Content, Hand, Retry
from journeykit.runtime.answers import context_of
from journeykit.runtime.behind import clear_inbox, give_back
from journeykit.runtime.calls import (
    Begin,
    Claim,
    Flow,
    Heed,
    Hold,
    LetGo,
    LinesNow,
    Load,
    Now,
    Reaches,
    Render,
    Unclaim,
)
from journeykit.runtime.doubting import note_unknown
from journeykit.runtime.errands import carry_out
from journeykit.runtime.handing import ROUND, collect, hand_over_all
from journeykit.runtime.judging import judged
from journeykit.runtime.parking import NotHereError
from journeykit.runtime.resting import leave_out_resting
from journeykit.runtime.rounds import Delivered, Going, Member, Round, answered, stick
from journeykit.runtime.settling import settle
from journeykit.runtime.suppressing import leave_out_listed
from journeykit.runtime.throttling import queue_up
from journeykit.runtime.withholding import withhold
from journeykit.runtime.writable import UnfitContentError, content_bytes
from journeykit.time import SECOND

HOLD = 30 * SECOND
"""How long an announcement lasts where its worker dies."""

SKEW = 5 * SECOND
"""By how much the clocks of two workers may differ."""

_content = msgspec.json.Decoder(Content)


def deliver(
    rules: Rules, until: int, limit: int, lease: int, without: frozenset[str] = frozenset()
) -> Flow[Delivered]:
    """Hand over up to `limit` messages that are due, and settle what their channels say.

    Errands lie in the outbox too, and are carried out behind them (`runtime.errands`).

    Args:
        without: Channels of which nothing is taken in hand.
    """
    now = yield from Now()
    claims = yield from Claim(until, limit, now + lease, without)
    errands = [claim for claim in claims if claim.channel.startswith("#")]
    if not errands:
        done = yield from _deliver(rules, claims, now, lease)
        done.claimed = len(claims)
        return done
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
        if carried.cut:
            done.left.add(CALL)
    done.claimed = len(claims)
    return done


def _deliver(
    rules: Rules, claims: Sequence[ClaimedMessage], now: int, lease: int
) -> Flow[Delivered]:
    if not claims:
        return Delivered()
    ids = list({claim.customer_id: None for claim in claims})
    span = min(lease, HOLD)
    try:
        hand = yield from Hold(ids, now, now + span)
    except (Exception, KeyboardInterrupt, SystemExit):
        with suppress(Exception):
            yield from Unclaim(claims)
        raise
    round_ = round_of(rules, hand, claims, now, now + span - min(SKEW, span // 6))
    try:
        behind = yield from _open(round_, ids)
    except (Exception, KeyboardInterrupt, SystemExit):
        yield from _abandon(round_)
        raise
    done = yield from carry_round(round_, list(round_.unsent.values()))
    if behind:
        done.failures += yield from clear_inbox(rules, behind)
    return done


def round_of(
    rules: Rules, hand: Hand, claims: Sequence[ClaimedMessage], now: int, last_start: int
) -> Round:
    """Return a round of claimed messages; its customers are still to be told to it."""
    unsent = {claim.key: claim for claim in claims}
    return Round(rules, hand, unsent, dict(unsent), now, last_start)


def carry_round(round_: Round, claims: Sequence[ClaimedMessage]) -> Flow[Delivered]:
    """Carry out a round whose customers are known; let its hand go, whatever happens.

    What was in doubt already goes alone, before anything else is: should it be what kills
    workers, it kills nothing else with it.
    """
    try:
        round_.rules = yield from Heed(round_.rules, fresh=True)
        round_.lines = yield from LinesNow()
        claims = yield from note_unknown(round_, claims)
        going = queue_up(round_, withhold(round_, judged(round_, claims)))
        going = leave_out_resting(round_, (yield from leave_out_listed(round_, going)))
        doubted = [one for one in going if one.message.doubts]
        ends = round_.now + ROUND
        for one in doubted:
            if round_.now >= ends or round_.done.stopped:
                round_.done.cut = True
                break
            yield from _hand_over(round_, [one])
            yield from settle(round_, [one.customer])
        if doubted:
            going = [one for one in going if not one.message.doubts]
        if not round_.done.stopped:
            yield from _hand_over(round_, going)
        yield from settle(round_, list(round_.customers.values()))
        if round_.unsent:
            left = list(round_.unsent.values())
            round_.done.overtaken += sum(
                round_.customers[one.customer_id].overtaken for one in left
            )
            if round_.done.cut:
                round_.done.left = {one.channel for one in left}
            yield from Unclaim(left)
    except (Exception, KeyboardInterrupt, SystemExit):
        yield from _abandon(round_)
        raise
    yield from LetGo(round_.hand)
    return round_.done


def _hand_over(round_: Round, going: Sequence[Going]) -> Flow[None]:
    ready = yield from _render(round_, going)
    yield from hand_over_all(round_, ready)


def _abandon(round_: Round) -> Flow[None]:
    """Something failed, or somebody pressed Ctrl-C: keep the answers that are there."""
    with suppress(Exception):  # the first error is the one to tell
        yield from collect(round_)
    with suppress(Exception):
        yield from settle(round_, list(round_.customers.values()))
    with suppress(Exception):
        yield from Unclaim(list(round_.unsent.values()))
    with suppress(Exception):
        yield from LetGo(round_.hand)


def _open(round_: Round, ids: Sequence[str]) -> Flow[list[str]]:
    """Load the customers; return those for whom something waits, whose messages are given back."""
    stored = yield from Load(ids, True)
    behind = [customer_id for customer_id, found in stored.items() if found.waiting]
    if behind:
        round_.done.overtaken += yield from give_back(round_.unsent, set(behind))
    round_.now = round_.checked = yield from Now()
    for customer_id in ids:
        found = stored.get(customer_id)
        if found is not None and found.waiting:
            continue
        if found is None:
            error = LookupError("a message waits for a customer who is not there")
            stick(round_, customer_id, error)
            continue
        try:
            round_.customers[customer_id] = Member(found, decode_state(found.body))
        except Exception as error:
            stick(round_, customer_id, error)
    return behind


def _render(round_: Round, going: Sequence[Going]) -> Flow[list[Going]]:
    """Render what was not rendered before, and keep it before anything is handed over.

    A message whose template fails is answered with a retry, and leaves this round.
    """
    ready: list[Going] = []
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
                content = yield from Render(context)
                body = content_bytes(content, round_.rules.workspace.max_content_bytes)
            elif not (yield from Reaches(channel)):
                raise NotHereError("channel_missing", channel, one.message.journey)
            one.content = _content.decode(body)  # also at first, so that retries are equal to it
            if one.claim.content is None:
                one.fresh = body
        except NotHereError as error:
            stick(round_, one.claim.customer_id, error)
        except UnfitContentError as error:
            detail = f"template {one.message.template!r} failed: {error}"
            answered(round_, one, Retry(detail), "")
        except Exception as error:
            detail = f"template {one.message.template!r} failed: {type(error).__name__}"
            answered(round_, one, Retry(detail), "")
        else:
            ready.append(one)
        round_.now = yield from Now()
    beginning = [
        one
        for one in ready
        if one.content is not None
        and one.claim.key in round_.unsent
        and not _is_held_back(round_, one)
    ]
    if beginning:
        yield from Begin([(one.claim, one.fresh) for one in beginning])
        for one in beginning:
            one.begun = True
    return ready


def _is_held_back(round_: Round, one: Going) -> bool:
    """Tell whether its beginning is told later, right before it leaves."""
    return round_.lines.line(one.message.channel).delivery.on_unknown == "hold"
