"""Who answers a flow's calls? The host's ports, with a little knowledge of this process."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from journeykit.machine import Rules
from journeykit.ports import (
    Channel,
    Clock,
    Content,
    Function,
    Hand,
    Receipt,
    Renderer,
    Retry,
    Store,
)
from journeykit.runtime import calls as c
from journeykit.runtime import logs
from journeykit.runtime.controls import Heeding
from journeykit.runtime.hands import HANDS, Hands
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


def _hold(ports: Ports, call: c.Hold) -> Hand:
    hand = ports.store.hold(call.customer_ids, call.now, until=call.until, worker=ports.worker)
    ports.hands.open(hand, call.customer_ids)
    return hand


def _let_go(ports: Ports, call: c.LetGo) -> None:
    ports.hands.close(call.hand)
    ports.store.let_go(call.hand)


def _start(ports: Ports, call: c.Start) -> c.MayStart:
    if not ports.may_start():
        return "stop"
    return "go" if ports.hands.start(call.hand, call.customer_id) else "changed"


def _hand_over(ports: Ports, call: c.HandOver) -> Receipt:
    try:
        return ports.channels[call.message.channel].send(call.message)
    except Exception as error:
        logs.channel_failed(call.message, error)
        raise
    finally:
        ports.hands.sent(call.hand)


def _call_function(ports: Ports, call: c.CallFunction) -> object:
    name = call.context.function
    function = ports.functions.get(name)
    if function is None:  # an older version calls it
        missing = LookupError(f"no function {name!r} was given")
        logs.function_failed(call.context, missing)
        return Retry(str(missing))
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
        logs.render_failed(call.context, error)
        raise
    return content


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
    c.Due: lambda ports, call: ports.store.due(call.now, limit=call.limit),
    c.Claim: lambda ports, call: ports.store.claim(
        call.now, limit=call.limit, lease_until=call.lease_until, worker=ports.worker
    ),
    c.Unclaim: lambda ports, call: ports.store.unclaim(call.claims),
    c.Hold: _hold,
    c.LetGo: _let_go,
    c.KeepContent: lambda ports, call: ports.store.begin(call.contents),
    c.Versions: lambda ports, call: ports.store.versions(call.customer_ids),
    c.Render: _render,
    c.Start: _start,
    c.HandOver: _hand_over,
    c.CallFunction: _call_function,
    c.GoesOn: lambda ports, call: ports.may_start(),
    c.Take: lambda ports, call: ports.store.take(call.bucket, call.asked),
    c.Listed: lambda ports, call: ports.store.suppressed(call.addresses),
    c.List: _list,
    c.Unlist: lambda ports, call: ports.store.unsuppress(call.addresses),
    c.InHands: _in_hands,
    c.Rest: lambda ports, call: ports.hands.wait(call.span / SECOND),
}
