"""Who carries messages to their channels? The worker's own thread, or threads of a channel.

A flow hands parcels over, and is told which of them were answered. Parcels of a channel that
takes one at a time are carried on the spot; the others in threads, as many for a channel as
its `Delivery.concurrency`, which live as long as the worker.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from threading import Lock
from typing import Any

from journeykit.ports import Channel, Hand, Receipt, Retry
from journeykit.runtime import logs
from journeykit.runtime.calls import Handed, Parcel
from journeykit.runtime.hands import Hands
from journeykit.runtime.lines import Lines


class Couriers:
    """Carries parcels for one worker; its threads may call at the same time."""

    def __init__(self, channels: Mapping[str, Channel], lines: Lines) -> None:
        self._channels = channels
        self._lines = lines
        self._lock = Lock()
        self._pools: dict[str, ThreadPoolExecutor] = {}
        self._flying: dict[int, set[Future[Handed]]] = {}

    def hand_over(self, parcels: Sequence[Parcel], hand: Hand, hands: Hands) -> list[Handed]:
        """Start parcels; return those that have been answered, the one with the lowest number first.

        Where none has been, and some are on their way, it waits for one.
        """
        flying = self._flying.get(hand.number) or set()
        own: list[Parcel] = []
        round_ = None
        for parcel in parcels:
            if self._lines.line(parcel.channel).has_threads:
                if round_ is None:
                    round_ = hands.round_of(hand)
                flying.add(self._pool(parcel.channel).submit(self._carry, parcel, hands, round_))
            else:
                own.append(parcel)
        if flying:
            self._flying[hand.number] = flying
        done = [carry(self._channels, parcel) for parcel in own]
        if flying:
            ended, left = wait(flying, 0 if done else None, FIRST_COMPLETED)
            done += [future.result() for future in ended]
            if left:
                self._flying[hand.number] = left
            else:
                del self._flying[hand.number]
        for handed in done:
            for message in handed.parcel.messages:
                hands.sent(hand, message.customer_id)
        return sorted(done, key=lambda handed: handed.parcel.number)

    def forget(self, hand: Hand) -> None:
        """Nobody asks any more what becomes of what is on its way."""
        self._flying.pop(hand.number, None)

    def _pool(self, channel: str) -> ThreadPoolExecutor:
        with self._lock:
            pool = self._pools.get(channel)
            if pool is None:
                threads = self._lines.line(channel).delivery.concurrency
                name = f"journeykit-{channel}"
                pool = self._pools[channel] = ThreadPoolExecutor(threads, thread_name_prefix=name)
            return pool

    def _carry(self, parcel: Parcel, hands: Hands, round_: object) -> Handed:
        hands.carry(round_, [message.customer_id for message in parcel.messages])
        try:
            return carry(self._channels, parcel)
        except BaseException as error:  # in a thread of a channel's own it ends nothing else
            return failed(parcel, error)


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
