"""Who answers a flow's calls? The host's ports, with a little knowledge of this process."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from journeykit.machine import Rules
from journeykit.ports import (
    Channel,
    Clock,
    Content,
    Function,
    Hand,
    RenderContext,
    Renderer,
    Store,
)
from journeykit.runtime import calls as c
from journeykit.runtime import logs
from journeykit.runtime.controls import Heeding
from journeykit.runtime.couriers import Couriers
from journeykit.runtime.hands import HANDS, Hands
from journeykit.runtime.lines import Lines
from journeykit.runtime.parking import NotHereError
from journeykit.time import SECOND, to_micros


@dataclass(slots=True)
class Ports:
    """What a host provides.

    Attributes:
        may_start: Whether hand-overs may still start; a worker that is to stop says no.
        on_commit: Called after each commit that may have made something due.
        hands: What this process has in hand: one for the process, except in a simulation of
            several.
    """

    store: Store
    channels: Mapping[str, Channel]
    renderer: Renderer
    clock: Clock
    worker: str
    may_start: Callable[[], bool]
    on_commit: Callable[[], None]
    functions: Mapping[str, Function] = field(default_factory=dict)
    heeding: Heeding = field(default_factory=Heeding)
    hands: Hands = field(default=HANDS)
    lines: Lines = field(default_factory=Lines)
    couriers: Couriers = field(init=False)

    def __post_init__(self) -> None:
        self.couriers = Couriers(self.channels, self.lines)

    def now(self) -> int:
        """Return the present instant in micros."""
        return to_micros(self.clock.now(), what="clock")

    def perform(self, call: c.Call[Any]) -> Any:
        """Make one call."""
        return _PERFORM[type(call)](self, call)


def _commit(ports: Ports, call: c.Commit) -> Sequence[str]:
    stale = ports.store.commit(call.commits)
    if any(one.suppress for one in call.commits):
        ports.hands.note_everybody()
    ports.hands.note([one.customer_id for one in call.commits])
    ports.on_commit()
    return stale


def _heed(ports: Ports, call: c.Heed) -> Rules:
    return ports.heeding.rules(call.rules, ports.store, ports.now(), fresh=call.fresh)


def _list(ports: Ports, call: c.List) -> None:
    ports.store.suppress(call.rows)
    ports.hands.note_everybody()


def _append(ports: Ports, call: c.Append) -> None:
    ports.store.append(call.rows)
    ports.hands.note([one.customer_id for one in call.rows])
    ports.on_commit()


def _hold(ports: Ports, call: c.Hold) -> Hand:
    hand = ports.store.hold(call.customer_ids, call.now, until=call.until, worker=ports.worker)
    ports.hands.open(hand, call.customer_ids)
    return hand


def _let_go(ports: Ports, call: c.LetGo) -> None:
    ports.couriers.forget(call.hand)
    ports.hands.close(call.hand)
    ports.store.let_go(call.hand)


def _start(ports: Ports, call: c.Start) -> c.MayStart:
    if not ports.may_start():
        return "stop"
    return "go" if ports.hands.start(call.hand, call.customer_id) else "changed"


def _call_function(ports: Ports, call: c.CallFunction) -> object:
    name = call.context.function
    function = ports.functions.get(name)
    if function is None:
        raise NotHereError("function_missing", name, call.context.journey)
    try:
        return function(call.context)
    except Exception as error:
        logs.function_failed(call.context, error)
        raise


def _render(ports: Ports, call: c.Render) -> Content:
    try:
        content = ports.renderer.render(call.context)
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


def _in_hands(ports: Ports, call: c.InHands) -> Sequence[c.InHand]:
    found = []
    for hand in ports.store.hands(call.customer_id, ports.now()):
        here = ports.hands.is_here(hand)
        if not here or ports.hands.is_sending(hand, call.customer_id):
            found.append(c.InHand(hand, here))
    return found


_PERFORM: dict[type[c.Call[Any]], Callable[[Ports, Any], Any]] = {
    c.Now: lambda ports, call: ports.now(),
    c.Heed: _heed,
    c.Page: lambda ports, call: ports.store.customers(after=call.after, limit=call.limit),
    c.Erased: lambda ports, call: ports.store.erased(call.marks),
    c.Load: lambda ports, call: ports.store.load(call.customer_ids, profiles=call.profiles),
    c.JournalOf: lambda ports, call: list(ports.store.journal(call.customer_id)),
    c.Commit: _commit,
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
    c.Unpark: lambda ports, call: ports.store.unpark(call.customer_ids, call.now),
    c.ParkedOf: lambda ports, call: ports.store.parked(of=call.customer_ids),
    c.ParkedBehind: lambda ports, call: ports.store.parked(after=call.after, limit=call.limit),
    c.Shelved: lambda ports, call: ports.store.shelved(after=call.after, limit=call.limit),
    c.Lacks: lambda ports, call: ports.heeding.lacks(call),
    c.Definitions: lambda ports, call: ports.store.definitions(),
    c.Adopt: lambda ports, call: ports.heeding.adopt(call.rules),
    c.NextDue: lambda ports, call: ports.store.next_due(),
    c.Claim: lambda ports, call: ports.store.claim(
        call.now, limit=call.limit, lease_until=call.lease_until, worker=ports.worker
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
