"""Who carries messages to their channels? The worker's own thread, or threads of a channel.

A flow hands parcels over, and is told which of them were answered. Parcels of a channel that
takes one at a time are carried on the spot; the others in threads, as many for a channel as
its `Delivery.concurrency`, which live as long as the worker.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

from journeykit.ports import Channel, Hand, Receipt, Retry
from journeykit.runtime import logs
from journeykit.runtime.calls import Handed, Parcel
from journeykit.runtime.hands import Hands
from journeykit.runtime.lines import Lines


class Carriers(Protocol):
    """Threads that carry parcels; see `runtime.threads`."""

    def start(self, hand: int, channel: str, carry: Callable[[], Handed]) -> None:
        """Let a thread of a channel carry a parcel."""
        ...

    def ended(self, hand: int, *, waits: bool) -> list[Handed]:
        """Return what has been answered since the last time."""
        ...

    def forget(self, hand: int) -> None:
        """Nobody asks any more."""
        ...


class Couriers:
    """Carries parcels for one worker; its threads may call at the same time."""

    def __init__(self, channels: Mapping[str, Channel], lines: Lines) -> None:
        self._channels = channels
        self._lines = lines
        self._threads = _carriers() if lines.any_has_threads else None

    def hand_over(self, parcels: Sequence[Parcel], hand: Hand, hands: Hands) -> list[Handed]:
        """Start parcels; return those that have been answered, the one with the lowest number first.

        Where none has been, and some are on their way, it waits for one.
        """
        own: list[Parcel] = []
        for parcel in parcels:
            line = self._lines.line(parcel.channel)
            if self._threads is not None and line.has_threads:
                carry_one = partial(self._carry, parcel, hands, hands.round_of(hand))
                self._threads.start(hand.number, line.name, carry_one)
            else:
                own.append(parcel)
        done = [carry(self._channels, parcel) for parcel in own]
        if self._threads is not None:
            done += self._threads.ended(hand.number, waits=not done)
        for handed in done:
            for message in handed.parcel.messages:
                hands.sent(hand, message.customer_id)
        return sorted(done, key=lambda handed: handed.parcel.number)

    def forget(self, hand: Hand) -> None:
        """Nobody asks any more what becomes of what is on its way."""
        if self._threads is not None:
            self._threads.forget(hand.number)

    def _carry(self, parcel: Parcel, hands: Hands, round_: object) -> Handed:
        hands.carry(round_, [message.customer_id for message in parcel.messages])
        try:
            return carry(self._channels, parcel)
        except BaseException as error:  # in a thread of a channel's own it ends nothing else
            return failed(parcel, error)


def _carriers() -> Carriers:
    from journeykit.runtime.threads import Threads  # here, since it is not light

    return Threads()


def carry(channels: Mapping[str, Channel], parcel: Parcel) -> Handed:
    """Call the channel of a parcel."""
    channel: Any = channels[parcel.channel]
    try:
        if parcel.together:
            answer = channel.send_many(parcel.messages)
        else:
            answer = [channel.send(parcel.messages[0])]
    except Exception as error:
        return failed(parcel, error)
    return receipts_of(parcel, answer)


def receipts_of(parcel: Parcel, answer: object) -> Handed:
    """Return what a channel said of each message of a parcel.

    Where it gave another number of receipts than it got messages, nobody knows which is whose:
    all of them come again.
    """
    if isinstance(answer, list | tuple) and len(answer) == len(parcel.messages):
        return Handed(parcel, answer)
    what = f"{len(answer)} receipts" if isinstance(answer, Sequence) else type(answer).__name__
    told = Retry(f"channel {parcel.channel!r} answered {len(parcel.messages)} messages with {what}")
    return Handed(parcel, [told] * len(parcel.messages))


def failed(parcel: Parcel, error: BaseException) -> Handed:
    """Return what an exception of a channel says: nobody knows whether the messages left."""
    receipt: Receipt = Retry(f"{type(error).__name__} from channel {parcel.channel!r}")
    logs.channel_failed(parcel.messages[0], error)
    return Handed(parcel, [receipt] * len(parcel.messages))
