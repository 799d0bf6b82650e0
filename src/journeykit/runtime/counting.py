"""How many were where? Read from the journals, to be laid over the picture of a journey."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from journeykit.kernel import decode_entries
from journeykit.kernel import journal as j
from journeykit.model import START, Counts, Journey
from journeykit.ports import Store
from journeykit.runtime.calls import Flow, JournalOf, Page
from journeykit.runtime.performing import ask_store

_PAGE = 1000


def counts_of(store: Store, journey: Journey) -> Counts:
    """Count the runs of one version of a journey: who came where, who stands there now.

    A run that was moved from another version counts from the step at which it went on.
    Everybody's journal is read; where that was pruned, what it said is not counted.
    """
    return ask_store(store, count_runs(journey))


def count_runs(journey: Journey) -> Flow[Counts]:
    """Count the runs of one version of a journey, as `counts_of` does."""
    count = _Count(journey)
    after = ""
    while ids := (yield from Page(after, _PAGE)):
        after = ids[-1]
        for customer_id in ids:
            records = yield from JournalOf(customer_id)
            count.read(entry for record in records for entry in decode_entries(record.entries))
    return Counts(dict(count.entered), dict(count.here), dict(count.took))


class _Count:
    """Adds up journals, one customer after the other."""

    def __init__(self, journey: Journey) -> None:
        self._journey = journey
        self.entered: Counter[str] = Counter()
        self.here: Counter[str] = Counter()
        self.took: Counter[tuple[str, str]] = Counter()

    def read(self, entries: Iterable[j.Entry]) -> None:
        """Add one customer's journal."""
        ours: set[str] = set()  # runs of this journey, of whichever version
        stands: dict[str, str] = {}
        for entry in entries:
            match entry:
                case j.Entered(enrollment=run, journey=name, version=version):
                    if name == self._journey.name:
                        ours.add(run)
                        self._place(stands, run, version, START)
                case j.Moved(enrollment=run, outcome=outcome, step=step):
                    if run in stands:
                        self.took[stands[run], outcome] += 1
                        self._place(stands, run, self._journey.version, step)
                case j.Pruned(state=state):
                    for run, open_run in state.get("enrollments", {}).items():
                        if open_run["journey"] == self._journey.name:
                            ours.add(run)
                            if open_run["version"] == self._journey.version:
                                stands[run] = open_run["step"]
                case j.Migrated(enrollment=run, version=version, step=step):
                    if run in ours:
                        self._place(stands, run, version, step)
                case j.Ended(enrollment=run):
                    stands.pop(run, None)
                case _:
                    pass
        self.here.update(stands.values())

    def _place(self, stands: dict[str, str], run: str, version: int, step: str) -> None:
        if version == self._journey.version:
            stands[run] = step
            self.entered[step] += 1
        else:
            stands.pop(run, None)
