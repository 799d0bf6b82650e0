"""How do a million customers come to wait? As copies of one, written by the store itself."""

from __future__ import annotations

from collections.abc import Callable

from _drip import NOON, Hand, Nothing, SignedUp

from journeykit import (
    Journey,
    MemoryStore,
    On,
    Orchestrator,
    Policy,
    Send,
    Wait,
    Workspace,
    days,
)
from journeykit.kernel import decode_state
from journeykit.ports import CustomerCommit, Store
from journeykit.time import to_micros

_BATCH = 10_000
_DUE = to_micros(NOON) + 86_400_000_000

later = Workspace(
    journeys=[
        Journey("later", entry=On(SignedUp), steps=[Wait(days(1)), Send("one", via=["email"])])
    ],
    timezone="UTC",
    policy=Policy(consent={"email": "opt-out"}),
)


def orchestrator(store: Store, channel: object, clock: object = None) -> Orchestrator:
    """Return a worker of the journey in which they wait."""
    given = {} if clock is None else {"clock": clock}
    return Orchestrator(later, store=store, channels={"email": channel}, batch=1_000, **given)  # type: ignore[arg-type]


def fill(store: Store, customers: int, due: Callable[[int], int], *, first: int = 0) -> None:
    """Let so many more customers wait, from number `first` on; number n is due at `due(n)`."""
    orchestrator(store, Nothing(), Hand())  # publishes the journey
    copies = _Copies()
    for start in range(first, first + customers, _BATCH):
        numbers = range(start, min(first + customers, start + _BATCH))
        assert not store.commit([copies.of(number, due(number)) for number in numbers])


class _Copies:
    """Copies of a customer who is there."""

    def __init__(self) -> None:
        store = MemoryStore()
        kit = orchestrator(store, Nothing(), Hand())
        kit.identify("customer-0000000", {})
        kit.track("customer-0000000", SignedUp())
        found = store.load(["customer-0000000"], profiles=True)["customer-0000000"]
        (entered,) = decode_state(found.body).enrollments
        (*_, newest) = records = list(store.journal("customer-0000000"))
        entries = b"[" + b",".join(one.entries[1:-1] for one in records) + b"]"
        self._profile = found.profile
        self._at = newest.at
        self._parts = [(found.body, entries), (b"customer-0000000", entered.encode())]
        assert str(_DUE).encode() in found.body

    def of(self, number: int, due: int) -> CustomerCommit:
        """Return what makes customer `number` wait until `due`."""
        (body, entries), (name, enrollment) = self._parts
        own = b"customer-%07d" % number
        run = b"%020x" % number
        instant = str(_DUE).encode()
        body, entries = (
            text.replace(name, own).replace(enrollment, run).replace(instant, str(due).encode())
            for text in (body, entries)
        )
        return CustomerCommit(own.decode(), 0, body, due, 1, self._at, entries, self._profile)
