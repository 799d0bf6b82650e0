"""What does an operator ask of a worker? How the store stands, what is wrong, and to keep it small."""

from __future__ import annotations

from contextlib import suppress

from journeykit.ports import Observer, StoreStatus
from journeykit.runtime.calls import Flow, Now
from journeykit.runtime.desk import Desk
from journeykit.runtime.doctoring import Diagnosis, diagnose
from journeykit.runtime.pruning import prune
from journeykit.runtime.upkeep_calls import Status
from journeykit.runtime.verbs import verb
from journeykit.time import SECOND


class Upkeeping(Desk):
    """The calls by which a store is looked after."""

    _observer: Observer | None

    @verb
    def status(self) -> Flow[StoreStatus]:
        """Return how the store stands, and tell the observer what waits, and for how long.

        It counts along indexes, up to a million of each; once a minute is often enough.
        """
        now = yield from Now()
        found = yield from Status(now)
        if self._observer is not None:
            with suppress(Exception):  # a broken gauge stops nothing
                _tell_backlog(self._observer, found, now)
        return found

    @verb
    def doctor(self, *, deep: bool = False) -> Flow[Diagnosis]:
        """Return what is wrong with the store, or will be, and what to do about each of it.

        Args:
            deep: Whether to read every customer as well, and tell of open runs on versions that
                a newer one has followed.
        """
        return (yield from diagnose(self.rules, deep=deep))

    prune = verb(prune)


def _tell_backlog(observer: Observer, found: StoreStatus, now: int) -> None:
    backlogs = {"due": found.due, "outbox": found.outbox, "inbox": found.inbox}
    for name, backlog in backlogs.items():
        labels = {"of": name}
        waits = 0 if backlog.oldest is None else max(0, now - backlog.oldest)
        observer.gauge("journeykit.backlog", backlog.ready, labels)
        observer.gauge("journeykit.backlog.seconds", waits / SECOND, labels)
    observer.gauge("journeykit.backlog", found.parked, {"of": "parked"})
