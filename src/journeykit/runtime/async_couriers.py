"""Who carries messages to their channels in an event loop? A task for each parcel.

As `runtime.couriers`, with tasks for threads: a channel whose `send` is a coroutine function is
awaited, any other one works in a thread, for which it never waits (`runtime.threads`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from journeykit.ports import Hand
from journeykit.runtime.async_driver import CallCancelledError, ask
from journeykit.runtime.calls import Handed, Parcel
from journeykit.runtime.couriers import failed, receipts_of
from journeykit.runtime.hands import Hands, enter_flow
from journeykit.runtime.lines import Lines
from journeykit.runtime.threads import MOST


class AsyncCouriers:
    """Carries parcels for one worker; its tasks may call at the same time."""

    def __init__(self, channels: Mapping[str, Any], lines: Lines) -> None:
        self._channels = channels
        self._lines = lines
        self._threads = ThreadPoolExecutor(MOST, thread_name_prefix="journeykit-channel")
        self._flying: dict[int, dict[asyncio.Task[Handed], Parcel]] = {}

    async def hand_over(self, parcels: Sequence[Parcel], hand: Hand, hands: Hands) -> list[Handed]:
        """Start parcels; return those that have been answered, the one with the lowest number first.

        Where none has been, and some are on their way, it waits for one. Cancelled, it cancels
        what is on its way, and still returns what was answered.
        """
        flying = self._flying.setdefault(hand.number, {})
        round_ = hands.round_of(hand)
        own = []
        for parcel in parcels:
            task = asyncio.create_task(self._carry(parcel, hands, round_))
            flying[task] = parcel
            if not self._lines.line(parcel.channel).has_threads:
                own.append(task)
        interrupted = False
        try:
            await self._wait(own or list(flying))
        except asyncio.CancelledError:
            interrupted = True
            await _end(flying)
        done = []
        for task in [task for task in flying if task.done()]:
            parcel = flying.pop(task)
            if not task.cancelled():
                done.append(task.result())
            elif not interrupted:  # nobody but the channel has cancelled it
                done.append(failed(parcel, CallCancelledError(parcel.channel)))
            for message in parcel.messages:
                hands.sent(hand, message.customer_id)
        if not flying:
            del self._flying[hand.number]
        if interrupted and not done:
            raise asyncio.CancelledError
        return sorted(done, key=lambda handed: handed.parcel.number)

    def forget(self, hand: Hand) -> None:
        """Nobody asks any more what becomes of what is on its way."""
        for task in self._flying.pop(hand.number, ()):
            task.cancel()

    async def _wait(self, tasks: Sequence[asyncio.Task[Handed]]) -> None:
        if tasks:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)

    async def _carry(self, parcel: Parcel, hands: Hands, round_: object) -> Handed:
        enter_flow()  # of this task's own context
        hands.carry(round_, [message.customer_id for message in parcel.messages])
        channel = self._channels[parcel.channel]
        try:
            if parcel.together:
                answer = await ask(channel.send_many, parcel.messages, executor=self._threads)
            else:
                answer = [await ask(channel.send, parcel.messages[0], executor=self._threads)]
        except Exception as error:
            return failed(parcel, error)
        return receipts_of(parcel, answer)


async def _end(flying: Mapping[asyncio.Task[Handed], Parcel]) -> None:
    """Cancel tasks, and wait until they have ended, however often that is cancelled."""
    for task in flying:
        task.cancel()
    while not all(task.done() for task in flying):
        try:
            await asyncio.wait(flying)
        except asyncio.CancelledError:
            continue
