"""Who answers a flow's calls? The host's ports, with a little knowledge of this process.

Written once for ports that answer, and for ports that return what must be awaited for the
answer: a performer that does something with the answer of a port yields what the port
returned, and is sent the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from inspect import isgeneratorfunction
from typing import Any, TypeVar

from journeykit.machine import Rules
from journeykit.ports import (
    Channel,
    Claiming,
    Clock,
    Committed,
    Content,
    CustomerCommit,
    Function,
    Hand,
    JournalRecord,
    RenderContext,
    Renderer,
    Store,
)
from journeykit.runtime import calls as c
from journeykit.runtime import logs
from journeykit.runtime import operator_calls as operator
from journeykit.runtime import upkeep_calls as upkeep
from journeykit.runtime.controls import Heeding, note_changed
from journeykit.runtime.couriers import Couriers
from journeykit.runtime.drivers import drive
from journeykit.runtime.hands import HANDS, Hands
from journeykit.runtime.lines import Lines
from journeykit.runtime.parking import NotHereError
from journeykit.runtime.waking import Bell
from journeykit.time import SECOND, to_micros

R = TypeVar("R")
Steps = Generator[Any, Any, R]
"""Yields what a port returned, is sent its answer, and returns the answer to the flow."""


def _call(function: Callable[..., Any], *args: Any) -> Any:
    return function(*args)


@dataclass(slots=True)
class Ports:
    """What a host provides.

    Attributes:
        store: A `Store`, or one whose methods are coroutines.
        may_start: Whether hand-overs may still start; a worker that is to stop says no.
        on_commit: Called after each commit that may have made something due.
        hands: What this process has in hand: one for the process, except in a simulation of
            several.
        ask: How a channel, a renderer or a function of the host is called.
        waker: What a worker that dozes waits for.
    """

    store: Any
    channels: dict[str, Channel]
    renderer: Renderer
    clock: Clock
    worker: str
    may_start: Callable[[], bool]
    on_commit: Callable[[], None]
    functions: Mapping[str, Function] = field(default_factory=dict)
    heeding: Heeding = field(default_factory=Heeding)
    hands: Hands = field(default=HANDS)
    lines: Lines = field(default_factory=Lines)
    ask: Callable[..., Any] = _call
    couriers: Any = None
    waker: Any = field(default_factory=Bell)

    def __post_init__(self) -> None:
        if self.couriers is None:
            self.couriers = Couriers(self.channels, self.lines)

    def now(self) -> int:
        """Return the present instant in micros."""
        return to_micros(self.clock.now(), what="clock")

    def perform(self, call: c.Call[Any]) -> Any:
        """Make one call."""
        begun = _PERFORM[type(call)](self, call)
        return _finish(begun) if type(call) in _IN_STEPS else begun

    def begin(self, call: c.Call[Any]) -> Any:
        """Begin one call; return the answer, or what must be awaited for it."""
        return _PERFORM[type(call)](self, call)

    @staticmethod
    def is_in_steps(call: c.Call[Any]) -> bool:
        """Tell whether `begin` returns `Steps`."""
        return type(call) in _IN_STEPS


def ask_store(store: Store, flow: c.Flow[R]) -> R:
    """Run a flow that asks a store, and nothing else that a host provides."""

    nothing: Any = None
    ports = Ports(store, {}, nothing, nothing, "", lambda: False, lambda: None)
    return drive(flow, ports.perform)


def _finish(steps: Steps[R]) -> R:
    """Send in what is yielded: the ports of this kind have answered."""
    try:
        answer = next(steps)
        while True:
            answer = steps.send(answer)
    except StopIteration as stop:
        result: R = stop.value
        return result


def _commit(ports: Ports, call: c.Commit) -> Steps[Sequence[str]]:
    stale: Sequence[str] = yield ports.store.commit(call.commits)
    _note(ports, call.commits)
    return stale


def _commit_and_claim(ports: Ports, call: c.CommitAndClaim) -> Steps[Committed]:
    claiming = Claiming(call.now, call.lease_until, call.hold_until, ports.worker, call.limit)
    committed: Committed = yield ports.store.commit_and_claim(call.commits, claiming)
    _note(ports, call.commits)
    if committed.hand is not None:  # what comes in between is found by whoever asks next
        ids = [claim.customer_id for claim in committed.claims]
        ports.hands.open(committed.hand, ids)
    return committed


def _note(ports: Ports, commits: Sequence[CustomerCommit]) -> None:
    if any(one.suppress for one in commits):
        ports.hands.note_everybody()
    ports.hands.note([one.customer_id for one in commits])
    ports.on_commit()


def _heed(ports: Ports, call: c.Heed) -> Steps[Rules]:
    now = ports.now()
    paused = None if call.fresh else ports.heeding.known(now)
    if paused is None:
        changes = ports.heeding.changes()
        found = yield ports.store.controls()
        paused = ports.heeding.learn(found.body, now, changes)
    return ports.heeding.rules(call.rules, paused)


def _look_again(ports: Ports, _: operator.LookAgain) -> None:
    note_changed()
    ports.hands.note_everybody()


def _erase(ports: Ports, call: operator.Erase) -> Steps[bool]:
    was_there: bool = yield ports.store.erase(call.customer_id, mark=call.mark, at=call.at)
    ports.hands.note([call.customer_id])
    return was_there


def _journal_of(ports: Ports, call: c.JournalOf) -> Steps[Sequence[JournalRecord]]:
    return list((yield ports.store.journal(call.customer_id)))


def _list(ports: Ports, call: c.List) -> Steps[None]:
    yield ports.store.suppress(call.rows)
    ports.hands.note_everybody()


def _append(ports: Ports, call: c.Append) -> Steps[None]:
    yield ports.store.append(call.rows)
    ports.hands.note([one.customer_id for one in call.rows])
    ports.on_commit()


def _hold(ports: Ports, call: c.Hold) -> Steps[Hand]:
    hand: Hand = yield ports.store.hold(
        call.customer_ids, call.now, until=call.until, worker=ports.worker
    )
    ports.hands.open(hand, call.customer_ids)
    return hand


def _let_go(ports: Ports, call: c.LetGo) -> Steps[None]:
    ports.couriers.forget(call.hand)
    ports.hands.close(call.hand)
    yield ports.store.let_go(call.hand)


def _start(ports: Ports, call: c.Start) -> c.MayStart:
    if not ports.may_start():
        return "stop"
    return "go" if ports.hands.start(call.hand, call.customer_id) else "changed"


def _unpark(ports: Ports, call: c.Unpark) -> Steps[Sequence[str]]:
    woken: Sequence[str] = yield ports.store.unpark(call.customer_ids, call.now)
    if woken:
        ports.on_commit()
    return woken


def _call_function(ports: Ports, call: c.CallFunction) -> Steps[object]:
    name = call.context.function
    function = ports.functions.get(name)
    if function is None:
        raise NotHereError("function_missing", name, call.context.journey)
    try:
        return (yield ports.ask(function, call.context))
    except Exception as error:
        logs.function_failed(call.context, error)
        raise


def _render(ports: Ports, call: c.Render) -> Steps[Content]:
    try:
        content = yield ports.ask(ports.renderer.render, call.context)
        if not isinstance(content, Content):
            raise TypeError(f"a renderer returns Content, not {type(content).__name__}")
    except Exception as error:
        missing = not_here(call.context, ports.channels, ports.renderer)
        if missing is not None:
            raise missing from error
        logs.render_failed(call.context, error)
        raise
    return content


def not_here(
    context: RenderContext, channels: Collection[str], renderer: Renderer
) -> NotHereError | None:
    """Tell whether this worker lacks the channel or the template of a message.

    What its own workspace needs was there when it was started; a version that another worker
    has published since may need more.
    """
    if context.channel not in channels:
        return NotHereError("channel_missing", context.channel, context.journey)
    if renderer.missing(context.template, context.channel) is not None:
        return NotHereError("template_missing", context.template, context.journey)
    return None


def _in_hands(ports: Ports, call: c.InHands) -> Steps[Sequence[c.InHand]]:
    found = []
    announced = yield ports.store.hands(call.customer_id, ports.now())
    for hand in announced:
        here = ports.hands.is_here(hand)
        if not here or ports.hands.is_sending(hand, call.customer_id):
            found.append(c.InHand(hand, here))
    return found


_PERFORM: dict[type[c.Call[Any]], Callable[[Ports, Any], Any]] = {
    c.Now: lambda ports, call: ports.now(),
    c.Heed: _heed,
    operator.ReadControls: lambda ports, call: ports.store.controls(),
    operator.SetControls: lambda ports, call: ports.store.set_controls(
        call.body, expected=call.expected
    ),
    operator.LookAgain: _look_again,
    operator.Publish: lambda ports, call: ports.store.publish(call.definitions),
    operator.Recover: lambda ports, call: ports.store.recover(ports.worker),
    c.Page: lambda ports, call: ports.store.customers(after=call.after, limit=call.limit),
    operator.Erase: _erase,
    c.Erased: lambda ports, call: ports.store.erased(call.marks),
    c.Load: lambda ports, call: ports.store.load(call.customer_ids, profiles=call.profiles),
    c.JournalOf: _journal_of,
    c.Commit: _commit,
    c.CommitAndClaim: _commit_and_claim,
    c.Seen: lambda ports, call: ports.store.seen(call.events),
    c.Due: lambda ports, call: ports.store.due(
        call.now, limit=call.limit, lease_until=call.lease_until, worker=ports.worker
    ),
    c.Waiting: lambda ports, call: ports.store.waiting(
        call.now, limit=call.limit, lease_until=call.lease_until, worker=ports.worker
    ),
    c.InboxOf: lambda ports, call: ports.store.inbox(call.customer_ids, limit=call.limit),
    c.Append: _append,
    c.Discard: lambda ports, call: ports.store.discard(call.customer_id, call.numbers),
    c.Depth: lambda ports, call: ports.store.depth(call.limit),
    c.Park: lambda ports, call: ports.store.park(call.rows),
    c.Unpark: _unpark,
    c.ParkedOf: lambda ports, call: ports.store.parked(of=call.customer_ids),
    c.ParkedBehind: lambda ports, call: ports.store.parked(after=call.after, limit=call.limit),
    c.Shelved: lambda ports, call: ports.store.shelved(after=call.after, limit=call.limit),
    c.Lacks: lambda ports, call: ports.heeding.lacks(call),
    c.Definitions: lambda ports, call: ports.store.definitions(),
    c.Adopt: lambda ports, call: ports.heeding.adopt(call.rules),
    c.NextDue: lambda ports, call: ports.store.next_due(),
    c.Doze: lambda ports, call: ports.waker.wait(call.span / SECOND),
    upkeep.PruneJournals: lambda ports, call: ports.store.prune(call.cuts),
    upkeep.Forget: lambda ports, call: ports.store.forget(
        call.now, limit=call.limit, buckets=call.buckets
    ),
    upkeep.Buckets: lambda ports, call: ports.store.buckets(),
    upkeep.Status: lambda ports, call: ports.store.status(call.now),
    upkeep.OutboxOf: lambda ports, call: ports.store.outbox(call.customer_id),
    c.Claim: lambda ports, call: ports.store.claim(
        call.now,
        limit=call.limit,
        lease_until=call.lease_until,
        worker=ports.worker,
        without=call.without,
    ),
    c.Unclaim: lambda ports, call: ports.store.unclaim(call.claims),
    c.Hold: _hold,
    c.LetGo: _let_go,
    c.Begin: lambda ports, call: ports.store.begin(call.handing),
    c.Versions: lambda ports, call: ports.store.versions(call.customer_ids),
    c.Reaches: lambda ports, call: call.channel in ports.channels,
    c.Render: _render,
    c.Start: _start,
    c.Stay: lambda ports, call: ports.hands.sent(call.hand, call.customer_id),
    c.LinesNow: lambda ports, call: ports.lines,
    c.HandOver: lambda ports, call: ports.couriers.hand_over(call.parcels, call.hand, ports.hands),
    c.CallFunction: _call_function,
    c.GoesOn: lambda ports, call: ports.may_start(),
    c.Take: lambda ports, call: ports.store.take(call.bucket, call.asked),
    c.Listed: lambda ports, call: ports.store.suppressed(call.addresses),
    c.List: _list,
    c.Unlist: lambda ports, call: ports.store.unsuppress(call.addresses),
    c.InHands: _in_hands,
    c.Rest: lambda ports, call: ports.hands.wait(call.span / SECOND),
}
_IN_STEPS = frozenset(kind for kind, perform in _PERFORM.items() if isgeneratorfunction(perform))
