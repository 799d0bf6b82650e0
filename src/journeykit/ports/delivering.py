"""How does a host want its channels to be called? Options, one set for each channel."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from journeykit.errors import UsageError
from journeykit.time import Duration


@dataclass(frozen=True, slots=True)
class Circuit:
    """When a channel is left alone: a provider that is down is not called a thousand times.

    After the pause one message goes first. Is it taken, the others follow; if not, the channel
    rests again, twice as long.

    Attributes:
        after: How many hand-overs in a row must have failed: by an exception, or by `Retry`
            that names no delay. Every other answer ends the row.
        pause: How long the channel rests the first time, such as `minutes(1)`. Days are days of
            UTC.
        longest: How long it rests at most.

    Raises:
        UsageError: `after` is less than 1, or a pause is not longer than zero.
    """

    after: int = 20
    pause: timedelta | Duration = timedelta(minutes=1)
    longest: timedelta | Duration = timedelta(minutes=30)

    def __post_init__(self) -> None:
        _check_count("Circuit.after", self.after)
        for name, span in (("pause", self.pause), ("longest", self.longest)):
            _check_span(f"Circuit.{name}", span)


@dataclass(frozen=True, slots=True)
class Delivery:
    """How messages are handed to one channel.

    Attributes:
        concurrency: How many calls of the channel one worker makes at a time. With 1 it calls
            from its own thread, one after the other with all other such channels; with more,
            from so many threads of this channel's own, while other channels go on.
        batch: How many messages one call takes at most: more than 1 for a channel that has
            `send_many`.
        circuit: When the channel is left alone; None for never. Each worker finds that out by
            itself, and forgets it when it ends.
        on_unknown: What becomes of a message that was on its way when its worker died, so that
            nobody knows whether it arrived. `repeat` hands it over again under the same key;
            `hold` lets it wait until somebody who looked it up says so with `settle`.

    Raises:
        UsageError: A count is less than 1, or `on_unknown` is something else.
    """

    concurrency: int = 1
    batch: int = 1
    circuit: Circuit | None = None
    on_unknown: Literal["repeat", "hold"] = "repeat"

    def __post_init__(self) -> None:
        _check_count("Delivery.concurrency", self.concurrency)
        _check_count("Delivery.batch", self.batch)
        if self.on_unknown not in ("repeat", "hold"):
            raise UsageError(
                "there is no such choice",
                place="Delivery.on_unknown",
                value=self.on_unknown,
                remedy="'repeat' or 'hold'",
            )
        if self.circuit is not None and not isinstance(self.circuit, Circuit):
            raise UsageError(
                "circuit must be a Circuit",
                place="Delivery.circuit",
                value=self.circuit,
                remedy="such as Circuit(after=20, pause=minutes(1)), or None",
            )


def _check_count(place: str, count: object) -> None:
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        raise UsageError(
            "a whole number of at least 1 is needed", place=place, value=count, remedy="such as 1"
        )


def _check_span(place: str, span: object) -> None:
    is_span = isinstance(span, timedelta | Duration)
    if isinstance(span, timedelta | Duration):
        read = Duration.of(span)
        is_span = not (read.is_zero or read.is_negative)
    if not is_span:
        raise UsageError(
            "a span of time that is longer than zero is needed",
            place=place,
            value=span,
            remedy="such as minutes(1)",
        )
