"""How do thousands of customers share one transaction? Their flows run side by side.

The third driver of the runtime's flows, beside the one for a single flow and its async twin.
Every flow runs until it needs the store; then it waits until nobody can go on without it.
The kind of call that most flows wait for is made for all of them at once.

Keeps true:
    * each flow gets the very answers that it would get alone: flows that touch different
      customers cannot tell that they are not alone;
    * the order of everything depends on the flows, never on the machine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, Protocol, TypeVar

from journeykit.runtime.calls import Call, Flow

Who = TypeVar("Who")
WhoAsks = TypeVar("WhoAsks", contravariant=True)


class Performer(Protocol[WhoAsks]):
    """Makes port calls for whom the flows speak."""

    def at_once(self, who: WhoAsks, call: Call[Any]) -> bool:
        """Tell whether `call` needs nobody's company."""
        ...

    def alone(self, who: WhoAsks, call: Call[Any]) -> Any:
        """Make one call and return its answer; what it raises goes into the flow."""
        ...

    def together(self, asking: Sequence[tuple[WhoAsks, Any]]) -> Sequence[Any]:
        """Make calls of one kind and return an answer for each; what it raises ends the run."""
        ...


class _Running(Generic[Who]):
    """A flow that waits for the answer to a call."""

    __slots__ = ("call", "flow", "who")

    def __init__(self, who: Who, flow: Flow[Any]) -> None:
        self.who = who
        self.flow = flow
        self.call: Call[Any] | None = None

    def go_on(self, performer: Performer[Who], answer: Any) -> bool:
        """Run until the store is needed; return False when the flow has ended."""
        try:
            call = self.flow.send(answer)
            while performer.at_once(self.who, call):
                try:
                    answer = performer.alone(self.who, call)
                except Exception as error:
                    call = self.flow.throw(error)
                else:
                    call = self.flow.send(answer)
        except StopIteration:
            return False
        self.call = call
        return True


def run_together(
    flows: Iterator[tuple[Who, Flow[Any]]],
    performer: Performer[Who],
    *,
    width: int,
    after_round: Callable[[], None],
) -> None:
    """Run all flows to their ends, up to `width` of them at a time.

    Args:
        after_round: Called after each call that was made together.
    """
    waiting: dict[object, list[_Running[Who]]] = {}
    running = 0
    while True:
        for who, flow in flows if running < width else ():
            one = _Running(who, flow)
            if one.go_on(performer, None):
                waiting.setdefault(_kind(one.call), []).append(one)
                running += 1
            if running >= width:
                break
        if not waiting:
            return
        kind = max(waiting, key=lambda kind: len(waiting[kind]))
        asking = waiting.pop(kind)
        answers = performer.together([(one.who, one.call) for one in asking])
        for one, answer in zip(asking, answers, strict=True):
            if one.go_on(performer, answer):
                waiting.setdefault(_kind(one.call), []).append(one)
            else:
                running -= 1
        after_round()


def _kind(call: Any) -> object:
    """Return what calls must have in common to be made together."""
    return type(call), getattr(call, "profiles", None)
