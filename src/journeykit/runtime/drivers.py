"""Who makes the calls of a flow? A driver: it performs each call and sends the answer in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from journeykit.runtime.calls import Call, Flow

R = TypeVar("R")


class LeakedStopIteration(RuntimeError):
    """A port raised StopIteration, which would otherwise end the flow in silence."""


def drive(flow: Flow[R], perform: Callable[[Call[Any]], Any]) -> R:
    """Run `flow` to its end, making each call with `perform`.

    What a call raises is thrown in at its `yield`, so that a flow uses an ordinary `try`. So
    is Ctrl-C: a flow may still put its things in order, and raises it again.
    """
    try:
        call = next(flow)
        while True:
            try:
                answer = perform(call)
            except StopIteration as leaked:
                call = flow.throw(LeakedStopIteration(f"{type(call).__name__}: {leaked!r}"))
            except (Exception, KeyboardInterrupt, SystemExit) as error:
                call = flow.throw(error)
            else:
                call = flow.send(answer)
    except StopIteration as stop:
        result: R = stop.value
        return result
