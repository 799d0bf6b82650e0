"""A worker that may be killed: a drip to some customers, in virtual time, on a file.

Run as `python drip_worker.py FOLDER [SECONDS]`. Its channel appends each hand-over to a file
and syncs it: what a provider would know. The clock is the next due instant, and so needs no
keeping; whoever starts again begins at the beginning, and finds most of it done.

With SECONDS, it is killed so long after it has begun: by SIGKILL, wherever it is then. It says
how long it took, so that others can be killed before that, on whatever machine.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Timer
from time import perf_counter

from journeykit import (
    Accepted,
    Event,
    FrequencyCap,
    Journey,
    On,
    Orchestrator,
    OutgoingMessage,
    Policy,
    QuietHours,
    Rejected,
    Retry,
    Send,
    SQLiteStore,
    Wait,
    Workspace,
    days,
    hours,
)
from journeykit.ports import Receipt

BEGIN = datetime(2026, 3, 2, 12, tzinfo=UTC)
CUSTOMERS = 12
PORTION = 5


class SignedUp(Event):
    pass


drip = Journey(
    "drip",
    entry=On(SignedUp),
    steps=[
        Send("one", via=["email"]),
        Wait(hours(9)),
        Send("two", via=["email"]),
        Wait(days(1)),
        Send("three", via=["email"]),
    ],
)
workspace = Workspace(
    journeys=[drip],
    timezone="Europe/Berlin",
    policy=Policy(
        consent={"email": "opt-out"},
        quiet_hours=[QuietHours("21:00", "08:00")],
        caps=[FrequencyCap(2, per=timedelta(hours=30))],
    ),
)


class Clock:
    def __init__(self) -> None:
        self.at = BEGIN

    def now(self) -> datetime:
        return self.at


class FilingChannel:
    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def send(self, message: OutgoingMessage) -> Receipt:
        line = {"key": message.key, "to": message.customer_id, "template": message.template}
        line |= {"attempt": message.attempt, "text": message.content.text}
        os.write(self._file, json.dumps(line).encode() + b"\n")
        os.fsync(self._file)
        if message.template == "two" and message.attempt == 1 and message.customer_id > "c05":
            return Retry("busy", after=timedelta(minutes=7))
        if message.template == "three" and message.customer_id == "c03":
            return Rejected("gone")
        return Accepted(message.key)


def main(folder: Path) -> None:
    clock = Clock()
    with SQLiteStore(folder / "journeys.db", synchronous="normal") as store:
        kit = Orchestrator(
            workspace,
            store=store,
            channels={"email": FilingChannel(folder / "sent.jsonl")},
            clock=clock,
            worker="only",
            batch=PORTION,
        )
        names = [f"c{number:02}" for number in range(CUSTOMERS)]
        there = store.versions(names)
        kit.identify_many([{"customer_id": one} for one in names if one not in there])
        for one in names:
            kit.track(one, SignedUp(), id=f"s-{one}")
        kit.tick()
        while (due := kit.next_due()) is not None:
            clock.at = max(clock.at, due)
            kit.tick()


if __name__ == "__main__":
    if len(sys.argv) > 2:
        end = Timer(float(sys.argv[2]), os.kill, (os.getpid(), signal.SIGKILL))
        end.daemon = True
        end.start()
    begun = perf_counter()
    main(Path(sys.argv[1]))
    print(f"done {perf_counter() - begun}", flush=True)
