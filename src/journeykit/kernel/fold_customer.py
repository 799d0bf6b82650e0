"""How do entries about the customer change the state?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from journeykit.kernel import journal as j
from journeykit.kernel.keeping import keep_most
from journeykit.kernel.state import (
    ConsentRecord,
    CustomerState,
    Mark,
    Responses,
    consent_key,
    suppression_key,
)
from journeykit.machine import Tally, add_to_tally, keep_instant, prune_tally


def _profiled(state: CustomerState, entry: j.Profiled | j.Assigned) -> None:
    if state.ledger and state.addresses != entry.addresses:
        for line in state.ledger:  # where it went is told with what has no address any more
            address = state.addresses.get(line.channel, state.id)
            if not line.address and entry.addresses.get(line.channel, state.id) != address:
                line.address = address
    state.zone = entry.zone
    state.addresses = entry.addresses
    state.zones = entry.zones


def _consented(state: CustomerState, entry: j.Consented) -> None:
    if not entry.counts:
        return
    consents = state.consents
    if not entry.topic and not entry.granted:  # G7: withdrawing the channel covers all
        topics = [key for key in consents if key.startswith(f"{entry.channel}/")]
        for key in topics:
            if consents[key].granted:  # a topic withdrawn on its own stays so
                del consents[key]
    key = consent_key(entry.channel, entry.topic)
    record = ConsentRecord(entry.granted, entry.at, entry.source, entry.until)
    before = consents.get(key)
    stood = before is not None and before.granted and not _is_over(before, entry.at)
    if record.granted and before is not None and stood:  # what was confirmed stays so
        record.confirmed, record.confirmed_by = before.confirmed, before.confirmed_by
    consents[key] = record


def _is_over(record: ConsentRecord, now: int) -> bool:
    return record.until is not None and now >= record.until


def _confirmed(state: CustomerState, entry: j.Confirmed) -> None:
    if entry.counts:
        record = state.consents[consent_key(entry.channel, entry.topic)]
        record.confirmed, record.confirmed_by = entry.at, entry.source


def _suppressed(state: CustomerState, entry: j.Suppressed) -> None:
    state.suppressed[suppression_key(entry.channel, entry.address)] = entry.reason


def _unsuppressed(state: CustomerState, entry: j.Unsuppressed) -> None:
    state.suppressed.pop(suppression_key(entry.channel, entry.address), None)


def _counted(state: CustomerState, entry: j.Counted) -> None:
    tally = state.tallies.get(entry.stream)
    if tally is None:
        tally = state.tallies[entry.stream] = Tally()
    if entry.known:
        keep_instant(tally, entry.occurred, entry.amount)
    else:
        add_to_tally(tally, entry.occurred, entry.amount, entry.windowed)


def _marked(state: CustomerState, entry: j.Marked) -> None:
    mark = Mark(entry.occurred, entry.at, entry.data)
    state.marks.setdefault(entry.mark, []).append(mark)


def _responded(state: CustomerState, entry: j.Responded) -> None:
    known = state.responses.get(entry.channel)
    if known is None:
        known = state.responses[entry.channel] = Responses(entry.occurred)
    known.last = max(known.last, entry.occurred)
    known.hours[entry.hour] = known.hours.get(entry.hour, 0) + 1


def _forgot(state: CustomerState, entry: j.Forgot) -> None:
    state.ledger = [line for line in state.ledger if line.at >= entry.ledger]
    kept = {
        name: [mark for mark in marks if mark.received >= entry.marks]
        for name, marks in state.marks.items()
    }
    state.marks = {name: marks for name, marks in kept.items() if marks}
    for stream, before in entry.tallies.items():
        prune_tally(state.tallies[stream], before)
    if entry.most:
        keep_most(state, entry.most)


CUSTOMER: dict[type[j.Entry], Callable[[CustomerState, Any], None]] = {
    j.Profiled: _profiled,
    j.Assigned: _profiled,
    j.Consented: _consented,
    j.Confirmed: _confirmed,
    j.Suppressed: _suppressed,
    j.Unsuppressed: _unsuppressed,
    j.Counted: _counted,
    j.Marked: _marked,
    j.Responded: _responded,
    j.Forgot: _forgot,
}
