"""One of several workers on a throttled channel, each a process of its own, on one file.

Run as `python throttle_worker.py FOLDER NAME`, after `… FOLDER begin PEOPLE`. Its channel appends each hand-over to a file:
when it started, by the clock of the machine, and its key. It ends when nothing is left.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from journeykit import (
    Accepted,
    Event,
    Journey,
    On,
    Orchestrator,
    OutgoingMessage,
    Policy,
    Send,
    SQLiteStore,
    Throttle,
    Workspace,
    seconds,
)
from journeykit.adapters import SystemClock
from journeykit.ports import Receipt
from journeykit.time import to_micros

CLOCK = SystemClock()


class SignedUp(Event):
    pass


shop = Workspace(
    journeys=[Journey("hello", entry=On(SignedUp), steps=[Send("hello", via=["sms"])])],
    timezone="UTC",
    policy=Policy(
        consent={"sms": "opt-out"},
        throttles=[Throttle(50, per=seconds(1), burst=3, channels=["sms"])],
    ),
)


class Post:
    """A provider that keeps a list."""

    def __init__(self, folder: Path) -> None:
        self.file = os.open(folder / "sent", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def send(self, message: OutgoingMessage) -> Receipt:
        os.write(self.file, f"{to_micros(CLOCK.now())} {message.key}\n".encode())
        return Accepted()


def begin(folder: Path, people: int) -> None:
    """Let messages lie ready."""
    with SQLiteStore(folder / "shop.db") as store:
        kit = Orchestrator(shop, store=store, channels={"sms": Post(folder)})
        names = [f"c{number}" for number in range(people)]
        kit.identify_many([{"customer_id": one} for one in names])
        kit.track_many([{"customer_id": one, "event": "signed_up"} for one in names])


def work(folder: Path, name: str) -> None:
    """Tick until nothing waits."""
    with SQLiteStore(folder / "shop.db", synchronous="off") as store:
        kit = Orchestrator(shop, store=store, channels={"sms": Post(folder)}, worker=name, batch=20)
        while kit.next_due() is not None:
            kit.tick()


if __name__ == "__main__":
    if sys.argv[2] == "begin":
        begin(Path(sys.argv[1]), int(sys.argv[3]))
    else:
        work(Path(sys.argv[1]), sys.argv[2])
