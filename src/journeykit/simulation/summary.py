"""What did it come to? Journals added up: by journey, by channel, for the whole workspace.

Read from the journals alone, never from counters of the process, so that a replay in one go
and one that was killed three times have the same summary.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

from journeykit.kernel import decode_entries
from journeykit.kernel import journal as j
from journeykit.ports import JournalRecord, Store


@dataclass(slots=True)
class JourneySummary:
    """One journey.

    Attributes:
        refused: Triggers that did not start a run, by reason.
        sent: Messages that a channel accepted.
        held: Messages that had to wait, by reason; one that waited for two counts for both.
        dropped: Messages that were not sent, by reason.
        failed: Messages that no channel took.
        withdrawn: Messages that were on their way when their run ended.
        goals: Goals reached.
        ended: Runs that are over, by status and reason.
    """

    entered: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    sent: int = 0
    held: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    failed: int = 0
    withdrawn: int = 0
    goals: int = 0
    ended: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def inside(self) -> int:
        """Runs that are still open."""
        return self.entered - sum(self.ended.values())


@dataclass(slots=True)
class Summary:
    """A whole workspace.

    Attributes:
        channels: Channel to what it answered: accepted, rejected, failed, retry.
        digest: Names all journals: equal digests, equal bytes.
        telling: The customer whose journal shows most different things in few lines.
    """

    customers: int = 0
    events: int = 0
    entries: int = 0
    journeys: dict[str, JourneySummary] = field(default_factory=dict)
    channels: dict[str, Counter[str]] = field(default_factory=dict)
    digest: str = ""
    telling: str = ""


_FEW = 60
_BOOKKEEPING = (j.Counted, j.Marked, j.Forgot, j.Latched, j.Responded, j.Timed, j.Released)
_COUNTED = frozenset(
    {
        j.Received,
        j.Entered,
        j.Refused,
        j.Met,
        j.Ended,
        j.Decided,
        j.Held,
        j.Dropped,
        j.Withdrawn,
        j.Answered,
    }
)
_TELLING = (j.Refused, j.Held, j.Dropped, j.Answered, j.Met, j.Ended)


def summarize(store: Store, journeys: Sequence[str] = ()) -> Summary:
    """Add up the journals of everybody in `store`.

    Args:
        journeys: These come first, in this order, also when nobody entered them.
    """
    summary = Summary(journeys={name: JourneySummary() for name in journeys})
    digest = blake2b(digest_size=16)
    best = (0, 0, 0)
    for customer_id in _everybody(store):
        summary.customers += 1
        records = list(store.journal(customer_id))
        _hash(digest.update, customer_id, records)
        entries = [entry for record in records for entry in decode_entries(record.entries)]
        summary.entries += len(entries)
        _Reader(summary).read(entries)
        worth, shown = _worth(entries)
        if shown <= _FEW and worth > best:
            best, summary.telling = worth, customer_id
    summary.digest = digest.hexdigest()
    return summary


def _everybody(store: Store) -> Iterator[str]:
    after = ""
    while batch := store.customers(after=after):
        yield from batch
        after = batch[-1]


def _hash(update: object, customer_id: str, records: Iterable[JournalRecord]) -> None:
    assert callable(update)
    for record in records:
        head = f"{customer_id}\x1f{record.first_seq}\x1f{record.at}\x1f{len(record.entries)}\x1f"
        update(head.encode())
        update(record.entries)


def _worth(entries: Iterable[j.Entry]) -> tuple[tuple[int, int, int], int]:
    """Return how much a journal has to tell, and how many lines that takes.

    First how many kinds of things happen, then how many different things, then brevity.
    """
    shapes = {_shape(entry) for entry in entries if isinstance(entry, _TELLING)}
    shown = sum(not isinstance(entry, _BOOKKEEPING) for entry in entries)
    return (len({shape[0] for shape in shapes}), len(shapes), -shown), shown


def _shape(entry: j.Entry) -> tuple[object, ...]:
    words = (getattr(entry, name, "") for name in ("reason", "answer", "status"))
    return (type(entry), *words)


class _Reader:
    """Reads one customer's journal; remembers which run and message belongs to which journey."""

    def __init__(self, summary: Summary) -> None:
        self._summary = summary
        self._runs: dict[str, str] = {}
        self._messages: dict[str, str] = {}
        self._held: set[tuple[str, str]] = set()

    def read(self, entries: Iterable[j.Entry]) -> None:
        for entry in entries:
            if type(entry) in _COUNTED:
                self._read(entry)

    def _of(self, journey: str) -> JourneySummary:
        return self._summary.journeys.setdefault(journey, JourneySummary())

    def _about(self, message: str) -> JourneySummary:
        return self._of(self._messages.get(message, "?"))

    def _read(self, entry: j.Entry) -> None:
        match entry:
            case j.Received():
                self._summary.events += 1
            case j.Entered(enrollment=run, journey=journey):
                self._runs[run] = journey
                self._of(journey).entered += 1
            case j.Refused(journey=journey, reason=reason):
                self._of(journey).refused[reason] += 1
            case j.Met(enrollment=run):
                self._of(self._runs[run]).goals += 1
            case j.Ended(enrollment=run, status=status, reason=reason):
                self._of(self._runs[run]).ended[status, reason] += 1
            case j.Decided(message=message, enrollment=run):
                self._messages[message] = self._runs[run]
            case j.Held(message=message, reason=reason):
                if (message, reason) not in self._held:
                    self._held.add((message, reason))
                    self._about(message).held[reason] += 1
            case j.Dropped(message=message, reason=reason):
                self._about(message).dropped[reason] += 1
            case j.Withdrawn(message=message):
                self._about(message).withdrawn += 1
            case j.Answered():
                self._answered(entry)
            case _:
                raise AssertionError(type(entry))

    def _answered(self, entry: j.Answered) -> None:
        answers = self._summary.channels.setdefault(entry.channel, Counter())
        answers[entry.answer] += 1
        if entry.answer == "accepted":
            self._about(entry.message).sent += 1
        elif entry.answer == "failed":
            self._about(entry.message).failed += 1
