"""What does a worker do all day? It takes turns while there is work, and dozes while there is none.

Every turn takes a batch of the inbox, one of what is due, and one of the outbox, so that none
of them waits for the end of another.

Keeps true:
    * a store that is gone ends no worker: it tries again, with growing pauses, until it is back;
    * what a worker remembers does not grow with what it does.
"""

from __future__ import annotations

from collections.abc import Callable

from journeykit.errors import StoreError, StoreSchemaError
from journeykit.runtime import logs
from journeykit.runtime.calls import Doze, Flow, NextDue, Now
from journeykit.runtime.outcomes import TickCounts
from journeykit.time import SECOND

BREATH = SECOND // 50
"""The shortest pause: what is due this soon is not worth less."""

RETRIES = (SECOND, 2 * SECOND, 5 * SECOND, 15 * SECOND, 30 * SECOND, 60 * SECOND)
"""The pauses while the store cannot be used: the last one again and again."""

KEPT = 1000
"""How many failures are remembered, the newest."""


def keep_working(
    take_turn: Callable[[TickCounts], Flow[bool]],
    total: TickCounts,
    idle: int,
    is_over: Callable[[], bool],
) -> Flow[None]:
    """Take turns until it is over; doze where there is nothing to do, at most for `idle`."""
    failed = 0
    while not is_over():
        try:
            goes_on = yield from take_turn(total)
            pause = 0 if goes_on or is_over() else (yield from _until_next(idle))
        except StoreError as error:
            if isinstance(error, StoreSchemaError):  # it does not get better by waiting
                raise
            pause = RETRIES[min(failed, len(RETRIES) - 1)]
            failed += 1
            logs.tell("store_error", error=type(error).__name__, retry=pause // SECOND)
        else:
            failed = 0
        del total.failures[:-KEPT]
        if pause and not is_over():
            yield from Doze(pause)


def _until_next(idle: int) -> Flow[int]:
    due = yield from NextDue()
    if due is None:
        return idle
    now = yield from Now()
    return min(idle, max(BREATH, due - now))
