"""How late are timers with 1,000,000 customers waiting, of whom 500 fall due each second?

A worker (`Orchestrator.run`) on a SQLite file, with the clock of the system. Late is how long
after its instant a customer's message was handed over. `timers.py 300` runs five minutes.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Timer
from time import perf_counter

import _waiting
from _bench import report

from journeykit import Accepted, OutgoingMessage, SQLiteStore
from journeykit.adapters import SystemClock
from journeykit.ports import Receipt
from journeykit.time import to_micros

WAITING = 1_000_000
PER_SECOND = 500
SECONDS = 30
_FAR = 3600 * 1_000_000


def _now() -> int:
    return to_micros(SystemClock().now())


class Lateness:
    """A channel that looks at its watch.

    Attributes:
        late: Seconds after the instant at which the customer's timer was due.
    """

    def __init__(self) -> None:
        self.late: list[float] = []
        self.begins = 0
        self.first = 0

    def due(self, number: int) -> int:
        """Return when the timer of a customer is due, in micros."""
        return self.begins + (number - self.first) * 1_000_000 // PER_SECOND

    def send(self, message: OutgoingMessage) -> Receipt:
        due = self.due(int(message.customer_id.removeprefix("customer-")))
        self.late.append((_now() - due) / 1e6)
        return Accepted()


def measure(folder: Path, seconds: int) -> tuple[list[float], float]:
    """Return how late each message was, and how long it took to set everything up."""
    channel, began = Lateness(), perf_counter()
    wanted = seconds * PER_SECOND
    channel.first = WAITING - wanted
    with SQLiteStore(folder / "timers.db", synchronous="normal") as store:
        _waiting.fill(store, channel.first, lambda _: _now() + _FAR)
    with SQLiteStore(folder / "timers.db") as store:
        channel.begins = _now() + 3_000_000
        _waiting.fill(store, wanted, channel.due, first=channel.first)
        took = perf_counter() - began
        kit = _waiting.orchestrator(store, channel)
        Timer((channel.begins - _now()) / 1e6 + seconds + 2, kit.stop).start()
        kit.run()
    assert len(channel.late) == wanted, len(channel.late)
    return channel.late, took


def main() -> None:
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    with TemporaryDirectory() as folder:
        late, took = measure(Path(folder), seconds)
    late.sort()
    worst = late[len(late) * 999 // 1000]
    report(
        f"timers: {PER_SECOND} due per second for {seconds} s, {WAITING:,} pending, on SQLite",
        ratio=worst / 1.0,
        limit=1.0,
        value=round(worst, 3),
        unit="seconds that 99.9 % are late at most",
        median=round(late[len(late) // 2], 3),
        latest=round(late[-1], 3),
        early=sum(one < 0 for one in late),
        setting_up=round(took),
    )


if __name__ == "__main__":
    main()
