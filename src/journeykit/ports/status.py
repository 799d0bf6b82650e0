"""How does a store stand? What an operator looks at first, counted by the store itself."""

from __future__ import annotations

from msgspec import Struct

COUNTED = 1_000_000
"""So many rows are counted at most: more of them are as bad."""


class Backlog(Struct, frozen=True):
    """Something that waits to be worked off.

    Attributes:
        ready: How many are due; at most `COUNTED`.
        oldest: Since when the longest waiting one is due, or None.
    """

    ready: int = 0
    oldest: int | None = None


class StoreStatus(Struct, frozen=True):
    """What a store says of itself.

    Attributes:
        schema: Number of the newest migration that has run, and `newest` that this code knows;
            both 0 for a store without a schema.
        clock: What the clock of the database shows; None where it has none of its own.
        due: Customers whose time has come, those parked apart.
        outbox: Messages and errands that are due and that no worker holds, those of parked
            customers apart.
        inbox: Customers for whom something lies in the inbox, those parked apart.
        leased: Rows of the outbox that workers hold.
        overdue_leases: Those of them whose lease is over: their worker has died, or takes
            longer than its lease. `oldest` is when the first lease ended.
        resting: Parked customers who are tried again by themselves.
        parked: Parked customers for whom somebody must say so.
        shelved: Rows of the outbox that are never due: somebody must say what became of them.
        hands: Announcements that nobody let go of.
        size: Bytes of the store, and `log` of what is not yet in its tables (a write-ahead
            log); None where nobody knows.
    """

    schema: int = 0
    newest: int = 0
    clock: int | None = None
    due: Backlog = Backlog()
    outbox: Backlog = Backlog()
    inbox: Backlog = Backlog()
    leased: int = 0
    overdue_leases: Backlog = Backlog()
    resting: int = 0
    parked: int = 0
    shelved: int = 0
    hands: int = 0
    size: int | None = None
    log: int | None = None
