"""What is measured while a worker works? Every call of a port, between the question and its answer.

A flow that is observed is the same flow: its calls and answers pass through unchanged, whoever
drives it. Without an observer there is nothing in between.
"""

from __future__ import annotations

import re
from collections import Counter
from contextlib import suppress
from time import perf_counter
from typing import Any, TypeVar

from journeykit.ports import Accepted, Observer, Rejected
from journeykit.runtime import calls as c
from journeykit.runtime.calls import Call, Flow
from journeykit.runtime.parking import split_reason

R = TypeVar("R")

_NOT_PORTS = frozenset(
    (c.Now, c.Start, c.Stay, c.GoesOn, c.Rest, c.Doze, c.LinesNow, c.Adopt, c.Lacks)
)


def observe(flow: Flow[R], observer: Observer) -> Flow[R]:
    """Return the flow, with measures of its calls told to `observer`."""
    watch = _Watch(observer)
    try:
        call = next(flow)
        while True:
            start = perf_counter()
            watch.asked(call, start)
            try:
                answer = yield call
            except BaseException as error:
                watch.failed(call, perf_counter() - start, error)
                call = flow.throw(error)
            else:
                watch.answered(call, perf_counter() - start, answer)
                call = flow.send(answer)
    except StopIteration as stop:
        result: R = stop.value
        return result
    finally:
        flow.close()


class _Watch:
    """Turns calls and answers into measures."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._under_way: dict[tuple[int, int], float] = {}

    def asked(self, call: Call[Any], at: float) -> None:
        if isinstance(call, c.HandOver):
            for parcel in call.parcels:
                self._under_way[call.hand.number, parcel.number] = at

    def answered(self, call: Call[Any], seconds: float, answer: Any) -> None:
        with suppress(Exception):
            self._span(call, seconds, None)
            match call:
                case c.Commit():
                    self._count("commits", len(call.commits) - len(answer))
                    self._count("conflicts", len(answer))
                case c.HandOver():
                    self._handed(call, answer)
                case c.Park():
                    for reason, number in Counter(row.reason for row in call.rows).items():
                        self._count("parked", number, reason=split_reason(reason)[1])

    def failed(self, call: Call[Any], seconds: float, error: BaseException) -> None:
        with suppress(Exception):
            self._span(call, seconds, type(error).__name__)

    def _span(self, call: Call[Any], seconds: float, error: str | None) -> None:
        labels = {} if error is None else {"error": error}
        match call:
            case c.HandOver():
                return
            case c.Render():
                name, labels["template"] = "render", call.context.template
            case c.CallFunction():
                name, labels["function"] = "function", call.context.function
            case _ if type(call) in _NOT_PORTS:
                return
            case _:
                name, labels["call"] = "store", _snake(type(call).__name__)
        self._observer.span(f"journeykit.{name}.seconds", seconds, labels)

    def _handed(self, call: c.HandOver, answer: Any) -> None:
        now = perf_counter()
        told: Counter[tuple[str, str]] = Counter()
        for handed in answer:
            channel = handed.parcel.channel
            start = self._under_way.pop((call.hand.number, handed.parcel.number), now)
            labels = {"channel": channel}
            self._observer.span("journeykit.channel.seconds", now - start, labels)
            told.update((channel, _answer(receipt)) for receipt in handed.receipts)
        for (channel, said), number in told.items():
            self._count("messages", number, channel=channel, answer=said)

    def _count(self, name: str, number: int, **labels: str) -> None:
        if number:
            self._observer.count(f"journeykit.{name}", number, labels)


def _answer(receipt: object) -> str:
    if isinstance(receipt, Accepted):
        return "accepted"
    return "rejected" if isinstance(receipt, Rejected) else "retried"


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
