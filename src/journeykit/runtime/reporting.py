"""How do reported events reach their customers? In their order, each answered on its own."""

from __future__ import annotations

from collections.abc import Sequence

from journeykit.errors import JourneykitError, StoreError
from journeykit.kernel import journal as j
from journeykit.machine import Rules
from journeykit.runtime.calls import Flow
from journeykit.runtime.draining import find_erased
from journeykit.runtime.erasing import absent
from journeykit.runtime.ingesting import ingest
from journeykit.runtime.intake import Asked, Reported
from journeykit.runtime.outcomes import Outcome
from journeykit.runtime.script import Applied, Arrival


def report(
    rules: Rules, reported: Sequence[Reported | Asked]
) -> Flow[list[Outcome | JourneykitError]]:
    """Report events; return one answer for each, in the order given.

    Several events of one customer are one commit. An id that comes twice within the batch
    counts as a repeat, as it would in two batches.
    """
    arrivals: dict[str, Arrival] = {}
    places: dict[str, list[int]] = {}
    for place, one in enumerate(reported):
        arrival = arrivals.setdefault(one.customer_id, Arrival(one.customer_id))
        arrival.add(one.signal, one.digest)
        places.setdefault(one.customer_id, []).append(place)
    refused: dict[str, StoreError] = {}
    applied = yield from ingest(rules, list(arrivals.values()), refused)
    answers: dict[int, Outcome | JourneykitError] = {}
    lost = yield from find_erased(
        rules, [one for one in places if one not in applied and one not in refused]
    )
    for customer_id, mine in places.items():
        found = applied.get(customer_id)
        if customer_id in refused:
            answers.update(dict.fromkeys(mine, refused[customer_id]))
        elif found is None:
            erased = lost.get(customer_id)
            answers.update((place, absent(customer_id, erased)) for place in mine)
        else:
            told = _answers(customer_id, found, len(mine))
            answers.update(zip(mine, told, strict=True))
    return [answers[place] for place in range(len(reported))]


def _answers(customer_id: str, applied: Applied, count: int) -> list[Outcome]:
    """Divide the entries of one commit among the events that caused them.

    What fired before the first event belongs to it; what follows from all of them, such as
    messages released at the end, belongs to the last.
    """
    shares: list[list[j.Entry]] = [[]]
    started = False
    for entry in applied.decision.entries:
        is_told = isinstance(entry, j.Received | j.Conflicted | j.Receipted)
        if is_told and not getattr(entry, "by", ""):  # what a step emitted follows from another
            if started:
                shares.append([])
            started = True
        shares[-1].append(entry)
    outcomes: list[Outcome] = []
    for place in range(count):
        if place in applied.repeated:
            outcomes.append(Outcome(customer_id, repeated=True))
        else:
            share = shares.pop(0)
            outcomes.append(Outcome(customer_id, share, conflict=place in applied.conflicting))
    return outcomes
