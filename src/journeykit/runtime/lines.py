"""What does this process know of its channels? How they are called, and which of them rest.

A channel rests because it asked for that, or because its circuit is open: it failed so often
in a row that it is left alone for a while. Then one message goes first, and the others follow
if it was answered.

Each process knows this for itself. That costs no statement on the way of a message, and a
network that fails between one worker and the provider does not stop the others; the price is
that each worker finds out by itself, with as many hand-overs as it takes.

Keeps true: only answers and the clock change it, so that a clock that jumps back ends a rest
at worst, and never lengthens one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from journeykit.errors import UsageError
from journeykit.ports import Accepted, Channel, Circuit, Delivery, Receipt, Rejected, Retry
from journeykit.runtime.guards import Guard
from journeykit.time import Duration, shift, zone


class Rest(NamedTuple):
    """A channel takes nothing until an instant, and why: a reason of the kernel's."""

    until: int
    reason: str
    detail: dict[str, Any]


class Line:
    """One channel: its options, and what its answers have told so far.

    Attributes:
        is_trying: Whether it has rested, its circuit being open, and nobody knows yet whether
            it answers again: one message goes first.
    """

    __slots__ = ("_failures", "_rest", "_since", "_trips", "delivery", "is_trying", "name")

    def __init__(self, name: str, delivery: Delivery) -> None:
        self.name = name
        self.delivery = delivery
        self.is_trying = False
        self._failures = 0
        self._trips = 0
        self._since = 0
        self._rest: Rest | None = None

    @property
    def has_threads(self) -> bool:
        """Whether its messages go in threads, or tasks, of its own: several at a time may."""
        return self.delivery.concurrency > 1 or self.delivery.batch > 1

    def rests(self, now: int) -> Rest | None:
        """Return why it takes nothing now, or None."""
        rest = self._rest
        if rest is None:
            return None
        if self._since <= now < rest.until:
            return rest
        self._rest = None
        return None

    def learn(self, receipt: Receipt, after: int | None, now: int) -> Rest | None:
        """Take an answer into account; return the rest that begins with it, or None.

        Args:
            after: The delay that the answer names, in micros, or None.
        """
        before = self._rest
        if isinstance(receipt, Accepted | Rejected) or after is not None:
            self._answered()
            if isinstance(receipt, Retry) and receipt.whole_channel and after:
                self._pause(after, now)
        else:
            self._failed(now)
        return None if self._rest is before else self._rest

    def _answered(self) -> None:
        self._failures = self._trips = 0
        self.is_trying = False
        if self._rest is not None and self._rest.reason == "circuit_open":
            self._rest = None

    def _pause(self, after: int, now: int) -> None:
        until = now + after
        if self._rest is None or self._rest.until < until:
            self._since, self._rest = now, Rest(until, "channel_paused", {"channel": self.name})

    def _failed(self, now: int) -> None:
        circuit = self.delivery.circuit
        self._failures += 1
        if circuit is None or self.rests(now) is not None:  # it was on its way when that began
            return
        if self.is_trying or self._failures >= circuit.after:
            span = min(_micros(circuit.pause, now) << min(self._trips, 30), _longest(circuit, now))
            detail = {"channel": self.name, "failures": self._failures}
            self._trips += 1
            self._since, self._rest = now, Rest(now + span, "circuit_open", detail)
            self.is_trying = True


def _longest(circuit: Circuit, now: int) -> int:
    return max(_micros(circuit.pause, now), _micros(circuit.longest, now))


def _micros(span: timedelta | Duration, now: int) -> int:
    return shift(now, Duration.of(span), zone("UTC")) - now


class Lines:
    """The channels of one worker, by name; one that no option names has the plain ones.

    Raises:
        UsageError: Options for a channel that was not given, or for more messages at a time
            than a channel without `send_many` takes.
    """

    __slots__ = ("_lines", "guard")

    def __init__(
        self,
        channels: Mapping[str, Channel] = {},
        delivery: Mapping[str, Delivery] = {},
        guard: Guard | None = None,
    ) -> None:
        self._lines: dict[str, Line] = {}
        self.guard = guard
        for name, options in delivery.items():
            if not isinstance(options, Delivery):
                raise UsageError(
                    "the options of a channel are a Delivery",
                    place=f"delivery[{name!r}]",
                    value=options,
                    remedy="such as Delivery(concurrency=8)",
                )
            if name not in channels:
                raise UsageError(
                    "there are options for a channel that was not given",
                    place=f"delivery[{name!r}]",
                    remedy=f"given are {', '.join(sorted(channels)) or 'none'}",
                )
            if options.batch > 1 and not callable(getattr(channels[name], "send_many", None)):
                raise UsageError(
                    "this channel takes one message at a time: it has no send_many",
                    place=f"delivery[{name!r}].batch",
                    value=options.batch,
                    remedy="write send_many(messages), which returns one receipt for each, or "
                    "leave batch at 1",
                )
            self._lines[name] = Line(name, options)

    @property
    def any_has_threads(self) -> bool:
        """Whether several messages may be on their way at a time on any channel."""
        return any(line.has_threads for line in self._lines.values())

    def line(self, channel: str) -> Line:
        """Return what is known of a channel."""
        line = self._lines.get(channel)
        if line is None:
            line = self._lines.setdefault(channel, Line(channel, _PLAIN))
        return line


_PLAIN = Delivery()
