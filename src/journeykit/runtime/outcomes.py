"""What did a call do? Read off the journal entries that it wrote."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from journeykit.errors import JourneykitError, StoreError
from journeykit.kernel import journal as j


class Refusal(NamedTuple):
    """A journey that a trigger did not start, and why."""

    journey: str
    reason: str
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one call did to one customer.

    Attributes:
        repeated: The event id was used before with equal content; nothing was done.
        conflict: The event id was used before with other content; the first stays.
        entries: The journal entries of this call, oldest first.
    """

    customer_id: str
    entries: Sequence[j.Entry] = ()
    repeated: bool = False
    conflict: bool = False

    @property
    def entered(self) -> list[str]:
        """Journeys that a run of began."""
        return [entry.journey for entry in self.entries if isinstance(entry, j.Entered)]

    @property
    def refused(self) -> list[Refusal]:
        """Journeys that the trigger did not start."""
        return [
            Refusal(entry.journey, entry.reason, entry.key)
            for entry in self.entries
            if isinstance(entry, j.Refused)
        ]

    @property
    def moved(self) -> list[str]:
        """Steps that runs came to, in order."""
        return [entry.step for entry in self.entries if isinstance(entry, j.Moved)]

    @property
    def ended(self) -> list[tuple[str, str]]:
        """(status, reason) of the runs that ended."""
        return [
            (entry.status, entry.reason) for entry in self.entries if isinstance(entry, j.Ended)
        ]

    @property
    def retried(self) -> list[str]:
        """Ids of the runs that were parked, and try again."""
        return [entry.enrollment for entry in self.entries if isinstance(entry, j.Retried)]

    @property
    def goals(self) -> int:
        """How many goals were counted."""
        return sum(isinstance(entry, j.Met) for entry in self.entries)


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row of a batch that was refused: its place in the batch, and why."""

    index: int
    row: object
    error: JourneykitError


@dataclass(slots=True)
class BatchOutcome:
    """What `track_many` did: the outcomes of the good rows in order, and the bad rows."""

    outcomes: list[Outcome] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)

    @property
    def done(self) -> int:
        """How many rows were processed, repeats included."""
        return len(self.outcomes)


class Failure(NamedTuple):
    """A customer who could not be decided on, and why; see `TickCounts.failures`."""

    customer_id: str
    error: StoreError


@dataclass(slots=True)
class Carried:
    """What one round of errands came to.

    Attributes:
        done: Errands of which something became: an answer, a turn, a slot, or none of these yet.
        overtaken: Given back, because somebody else changed their customers.
        cut: Time ran out before all functions were called.
        stopped: The worker was told to stop.
    """

    done: int = 0
    overtaken: int = 0
    failures: list[Failure] = field(default_factory=list)
    cut: bool = False
    stopped: bool = False


@dataclass(slots=True)
class TickCounts:
    """What one `tick` came to.

    Attributes:
        advanced: Customers whose timers fired, or for whom something lay in the inbox.
        accepted, rejected, retried: Messages by what their channel answered.
        blocked: Messages that the gate stopped right before the hand-over.
        errands: Calls of functions that were answered, turns at a rate limit, and slots under
            entry caps: those that came, and those that did not come yet or at all.
        failures: Customers whom nobody could decide on, because their document cannot be
            read, or code failed on it. Nothing of them was changed; they are looked at again
            after a while, and hold up nobody else.
        refused: What the inbox had for customers who were erased since: it was dropped.
    """

    advanced: int = 0
    accepted: int = 0
    rejected: int = 0
    retried: int = 0
    blocked: int = 0
    failures: list[Failure] = field(default_factory=list)
    errands: int = 0
    refused: int = 0

    @property
    def handed_over(self) -> int:
        """How many times a channel was called."""
        return self.accepted + self.rejected + self.retried

    @property
    def did_something(self) -> bool:
        """Whether there was anything to do."""
        done = self.advanced or self.handed_over or self.blocked or self.errands
        return bool(done or self.failures or self.refused)

    def __iadd__(self, other: TickCounts) -> TickCounts:
        self.advanced += other.advanced
        self.accepted += other.accepted
        self.rejected += other.rejected
        self.retried += other.retried
        self.blocked += other.blocked
        self.failures += other.failures
        self.errands += other.errands
        self.refused += other.refused
        return self
