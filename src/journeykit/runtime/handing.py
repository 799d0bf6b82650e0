"""In what order do messages leave? In lanes: channels do not wait for each other.

A channel that takes several messages at a time has a lane of its own; those that take one are
carried by the worker itself, and share one.

Keeps true:
    * one customer's messages leave one after the other, in their order, each judged with what
      was answered before (G1, G3, D4);
    * each hand-over asks last whether it may start (G7), also one that goes with others;
    * hand-overs start for `ROUND`, and beyond that only while one that began before is still on
      its way: the others need not wait for it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import islice

from msgspec import Struct, field

from journeykit.ports import Delivery, Rejected
from journeykit.runtime import logs
from journeykit.runtime.answers import outgoing_of
from journeykit.runtime.calls import (
    Begin,
    Flow,
    Handed,
    HandOver,
    Heed,
    Now,
    Parcel,
    Start,
    Stay,
    Versions,
)
from journeykit.runtime.judging import allowed
from journeykit.runtime.resting import leave_out_resting
from journeykit.runtime.rounds import Flying, Going, Member, Round, answered, stick
from journeykit.runtime.settling import settle
from journeykit.runtime.suppressing import is_dead, leave_out_listed, note_dead
from journeykit.runtime.throttling import spend, take_token
from journeykit.time import SECOND

ROUND = SECOND // 2
"""How long templates are rendered, and then messages handed over, before the next claim."""

RECHECK = SECOND // 10
"""How old what is known of commits of other processes may be."""

_SHARED = ""


class _Lane(Struct):
    """Messages that leave one after the other, or so many at a time.

    Attributes:
        is_over: Nothing of it starts in this round any more.
    """

    name: str
    queue: deque[Going] = field(default_factory=deque)
    is_over: bool = False


class _Desk(Struct):
    """What is to be handed over.

    Attributes:
        turns: Of customers to whom several messages are to go: those that are left, in order.
        ends: Until when hand-overs start.
        started: Whether one has.
        settled: When answers were stored last.
    """

    lanes: dict[str, _Lane]
    turns: dict[str, list[Going]]
    ends: int
    settled: int
    started: bool = False

    def is_next(self, one: Going) -> bool:
        """Tell whether all earlier messages to the same customer are done."""
        turns = self.turns.get(one.claim.customer_id)
        return turns is None or turns[0] is one

    def is_done(self, one: Going) -> None:
        """The next message to the customer may leave."""
        turns = self.turns.get(one.claim.customer_id)
        if turns is not None and one in turns:
            turns.remove(one)
            if not turns:
                del self.turns[one.claim.customer_id]


def hand_over_all(round_: Round, ready: Sequence[Going]) -> Flow[None]:
    """Hand over what is ready, and note what channels said; settle some of it on the way."""
    round_.now = yield from Now()
    ends = min(round_.now + ROUND, round_.last_start)
    desk = _Desk({}, _turns(ready), ends, round_.now)
    for one in ready:
        channel = one.message.channel
        name = channel if round_.lines.line(channel).has_threads else _SHARED
        desk.lanes.setdefault(name, _Lane(name)).queue.append(one)
    while True:
        parcels: list[Parcel] = []
        began = round_.now
        for lane in sorted(desk.lanes.values(), key=_is_shared):
            yield from _fill(round_, desk, lane, parcels)
        if parcels and round_.now >= round_.last_start:
            yield from _take_back(round_, parcels)
            parcels = []
        elif round_.now - began >= ROUND:
            parcels = yield from _start_again(round_, parcels)
        if not parcels and not round_.flying:
            return
        handed = yield from HandOver(parcels, round_.hand)
        round_.now = yield from Now()
        for one_parcel in handed:
            for one in land(round_, one_parcel):
                desk.is_done(one)
        if round_.flying and round_.now - desk.settled >= ROUND:
            yield from settle(round_, list(round_.customers.values()))
            desk.settled = round_.now = yield from Now()


def collect(round_: Round) -> Flow[None]:
    """Wait for what is on its way; nothing starts any more."""
    while round_.flying:
        handed = yield from HandOver((), round_.hand)
        if not handed:
            return
        round_.now = yield from Now()
        for one in handed:
            land(round_, one)


def land(round_: Round, handed: Handed) -> Sequence[Going]:
    """Note what a channel said of the messages of a parcel."""
    flying = round_.flying.pop(handed.parcel.number)
    line = round_.lines.line(handed.parcel.channel)
    for one, message, receipt in zip(flying.members, flying.messages, handed.receipts, strict=True):
        signal = answered(round_, one, receipt, message.address)
        rest = line.learn(receipt, signal.after, round_.now)
        if rest is not None:
            logs.tell("channel_rests", channel=line.name, reason=rest.reason)
        if isinstance(receipt, Rejected):
            note_dead(round_, one)
    return flying.members


def _turns(ready: Sequence[Going]) -> dict[str, list[Going]]:
    turns: dict[str, list[Going]] = {}
    for one in ready:
        turns.setdefault(one.claim.customer_id, []).append(one)
    return {customer: mine for customer, mine in turns.items() if len(mine) > 1}


def _is_shared(lane: _Lane) -> bool:
    """The worker's own lane comes last: what goes in threads is on its way by then."""
    return lane.name == _SHARED


def _fill(round_: Round, desk: _Desk, lane: _Lane, parcels: list[Parcel]) -> Flow[None]:
    """Send as much on its way as the channel takes at a time."""
    aside: list[Going] = []
    while lane.queue and not lane.is_over:
        slots, batch = _room(round_, lane)
        if slots <= 0:
            break
        yield from _begin(round_, list(islice(lane.queue, slots * batch)))
        members = yield from _gather(round_, desk, lane, batch, aside)
        if members:
            parcels.append(_pack(round_, lane, members))
            desk.started = True
    lane.queue.extendleft(reversed(aside))


def _room(round_: Round, lane: _Lane) -> tuple[int, int]:
    """Return how many calls a lane may make now, and how many messages go in each."""
    under_way = sum(one.lane == lane.name for one in round_.flying.values())
    if lane.name == _SHARED:
        return 1 - under_way, 1
    line = round_.lines.line(lane.name)
    if line.is_trying:
        return 1 - under_way, 1
    return line.delivery.concurrency - under_way, line.delivery.batch


def _begin(round_: Round, leaving: Sequence[Going]) -> Flow[None]:
    """Tell the store what is about to leave, where a doubt would be a person's work.

    Elsewhere that was told when contents were kept: one statement for the whole round.
    """
    handing = [
        one
        for one in leaving
        if not one.begun and one.content is not None and not one.customer.overtaken
    ]
    if handing:
        yield from Begin([(one.claim, one.fresh) for one in handing])
        for one in handing:
            one.begun = True
        round_.now = yield from Now()


def _gather(
    round_: Round, desk: _Desk, lane: _Lane, most: int, aside: list[Going]
) -> Flow[list[Going]]:
    """Return messages that leave in one call now, each of which was told to start."""
    members: list[Going] = []
    while lane.queue and len(members) < most and not lane.is_over:
        one = lane.queue.popleft()
        if one.claim.key not in round_.unsent or one.customer.overtaken:
            desk.is_done(one)
        elif not desk.is_next(one):
            aside.append(one)
        elif _is_out(round_, desk):
            round_.done.cut = lane.is_over = True
        else:
            if not one.begun:  # it goes in the place of one that does not leave now
                yield from _begin(round_, [one])
            may_start = yield from _try_start(round_, desk, lane, one)
            if may_start == "go":
                members.append(one)
            elif may_start == "no":
                desk.is_done(one)
    return members


def _is_out(round_: Round, desk: _Desk) -> bool:
    """Tell whether it is too late for another hand-over in this round."""
    if round_.now >= round_.last_start:
        return True
    if round_.now < desk.ends or not desk.started:
        return False
    return all(one.started >= desk.ends for one in round_.flying.values())


def _try_start(round_: Round, desk: _Desk, lane: _Lane, one: Going) -> Flow[str]:
    """Return `go`, `no`, or `over` where nothing of the lane starts any more."""
    if round_.now - round_.checked >= RECHECK:
        rest = [other for other_lane in desk.lanes.values() for other in other_lane.queue]
        asked = round_.now
        yield from _recheck([other.customer for other in (one, *rest)])
        round_.checked, round_.now = asked, (yield from Now())
        if one.customer.overtaken:
            return "no"
    if not leave_out_resting(round_, [one]) or (round_.dead and is_dead(round_, one)):
        return "no"
    throttle = round_.rules.gate.throttles.get(one.message.channel)
    if throttle is not None and not (yield from take_token(round_, throttle, [one, *lane.queue])):
        return "no"
    if one.content is None:
        round_.done.cut = lane.is_over = True
        return "over"
    may_start = yield from _may_start(round_, one)
    if may_start == "stop":
        round_.done.stopped = True
        for other_lane in desk.lanes.values():
            other_lane.is_over = True
        return "over"
    if may_start == "late":
        round_.done.cut = lane.is_over = True
        return "over"
    if may_start == "go" and throttle is not None and not (yield from spend(round_, throttle)):
        yield from Stay(round_.hand, one.claim.customer_id)
        round_.done.cut = lane.is_over = True
        return "over"
    return may_start


def _may_start(round_: Round, one: Going) -> Flow[str]:
    """Return `go`, `stop`, `late`, or `no` where the gate or somebody else was in between.

    However long the store took to answer: what starts, starts in time.
    """
    customer = one.customer
    if customer.answers:  # what the channel said of another message may forbid this one (D4)
        yield from settle(round_, [customer])
        round_.now = yield from Now()
    while not customer.overtaken:
        if round_.now >= round_.last_start:
            return "late"
        asked = (round_.now, customer.stored.version, round_.rules.paused)
        if one.judged != asked:
            try:
                message = allowed(round_, customer, one.claim)
            except Exception as error:
                stick(round_, one.claim.customer_id, error)
                return "no"
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
        round_.now = yield from Now()
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


def _take_back(round_: Round, parcels: Sequence[Parcel]) -> Flow[None]:
    """The store took so long over others that the announcement is too old: nothing leaves."""
    for parcel in parcels:
        for one in round_.flying.pop(parcel.number).members:
            yield from Stay(round_.hand, one.claim.customer_id)
            round_.unsent[one.claim.key] = one.claim
    round_.done.cut = True


def _start_again(round_: Round, parcels: Sequence[Parcel]) -> Flow[list[Parcel]]:
    """Ask once more where the store took long over others: who withdraws waits a moment only."""
    still: list[Parcel] = []
    for parcel in parcels:
        may_start = True
        for one in round_.flying[parcel.number].members:
            if (yield from Start(round_.hand, one.claim.customer_id)) != "go":
                one.customer.overtaken = True
                may_start = False
        if may_start:
            still.append(parcel)
        else:
            yield from _take_back(round_, [parcel])
    return still


def _pack(round_: Round, lane: _Lane, members: Sequence[Going]) -> Parcel:
    """Put messages on their way: from here on nobody knows."""
    channel = members[0].message.channel
    messages = []
    for one in members:
        assert one.content is not None
        messages.append(outgoing_of(one.message, one.customer.state, one.content, round_.now))
        del round_.unsent[one.claim.key]
    round_.parcels += 1
    number = round_.parcels
    round_.flying[number] = Flying(members, messages, round_.now, lane.name)
    delivery: Delivery = round_.lines.line(channel).delivery
    return Parcel(number, channel, messages, delivery.batch > 1)
