"""How does an entry change the state? Written once: deciding and replaying both use it.

Keeps true:
    * `replay` over a customer's whole journal gives the state that was stored with it;
    * nothing else in journeykit changes a `CustomerState`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from sys import intern
from typing import Any

from journeykit.kernel import journal as j
from journeykit.kernel.state import (
    ConsentRecord,
    CustomerState,
    Delivered,
    Enrollment,
    History,
    Mark,
    Message,
    Responses,
    consent_key,
    history_key,
    suppression_key,
)
from journeykit.machine import START, Tally, add_to_tally, prune_tally


def apply(state: CustomerState, entry: j.Entry) -> None:
    """Change `state` in place by one entry."""
    state.seq += 1
    state.clock = entry.at
    APPLY[type(entry)](state, entry)


def replay(customer_id: str, entries: Iterable[j.Entry]) -> CustomerState:
    """Return the state that `entries`, a customer's whole journal, amount to."""
    state = CustomerState(customer_id)
    for entry in entries:
        apply(state, entry)
    return state


def _nothing(state: CustomerState, entry: j.Entry) -> None:
    """Entries that only tell."""


def _profiled(state: CustomerState, entry: j.Profiled | j.Assigned) -> None:
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


def _entered(state: CustomerState, entry: j.Entered) -> None:
    state.enrollments[entry.enrollment] = Enrollment(
        entry.enrollment,
        entry.journey,
        entry.version,
        START,
        entry.entered,
        entry.event,
        entry.key,
        entry.data,
        at=entry.at,
    )
    key = history_key(entry.journey, entry.key)
    past = state.history.get(key)
    if past is None:
        state.history[key] = History(entry.entered)
    else:
        past.entered = max(past.entered, entry.entered)
        past.entries += 1


def _moved(state: CustomerState, entry: j.Moved) -> None:
    move_run(state.enrollments[entry.enrollment], entry)


def move_run(run: Enrollment, entry: j.Moved) -> None:
    """Apply the commonest entry to its run; the kernel, which has the run, calls it at once."""
    if entry.passed is not None:
        run.passed[run.step] = entry.passed
    if run.latched and run.step in run.latched:  # O7: cleared when the step is left
        run.latched.remove(run.step)
    run.step = entry.step
    if run.due != entry.due:  # asking is cheaper than setting, and most moves change nothing here
        run.due = entry.due
    if run.message is not None:
        run.message = None
    if run.at != entry.at:
        run.at = entry.at


def _rescheduled(state: CustomerState, entry: j.Rescheduled) -> None:
    state.enrollments[entry.enrollment].due = entry.due


def _foreseen(state: CustomerState, entry: j.Foreseen) -> None:
    state.enrollments[entry.enrollment].leaves = entry.leaves


def _latched(state: CustomerState, entry: j.Latched) -> None:
    state.enrollments[entry.enrollment].latched.append(entry.step)


def _met(state: CustomerState, entry: j.Met) -> None:
    state.enrollments[entry.enrollment].met.append(entry.goal)


def _ended(state: CustomerState, entry: j.Ended) -> None:
    del state.enrollments[entry.enrollment]


def _decided(state: CustomerState, entry: j.Decided) -> None:
    run = state.enrollments[entry.enrollment]
    run.message = entry.message
    run.asked += 1
    state.messages[entry.message] = Message(
        entry.message,
        run.id,
        run.journey,
        entry.template,
        entry.channel,
        entry.at,
        entry.topic,
        entry.priority,
        entry.transactional,
        expires=entry.expires,
        legal_basis=intern(entry.legal_basis),  # a default is left out if it is the very object
        tags=entry.tags,
        via=entry.via,
    )


def _timed(state: CustomerState, entry: j.Timed) -> None:
    state.messages[entry.message].sends = entry.sends


def _rerouted(state: CustomerState, entry: j.Rerouted) -> None:
    message = state.messages[entry.message]
    message.channel = entry.channel
    message.route = entry.route
    message.opens = None
    message.status = "asked"
    message.until = None
    message.reason = ""
    message.unsure = False


def _held(state: CustomerState, entry: j.Held) -> None:
    message = state.messages[entry.message]
    if entry.reason == "throttle" and entry.until is not None:
        message.turns += 1
        message.queued = entry.until - message.turns
    if message.opens is not None and message.opens <= entry.at:
        message.missed += 1
    message.status = "held"
    message.until = entry.until
    message.reason = entry.reason
    message.opens = entry.opens
    if entry.reason != "look_ahead":
        message.makes_room = None
    elif message.makes_room is None:
        message.makes_room = entry.at


def _released(state: CustomerState, entry: j.Released) -> None:
    message = state.messages[entry.message]
    message.status = "released"
    message.until = entry.at
    message.reason = ""
    message.opens = None


def _displaced(state: CustomerState, entry: j.Displaced) -> None:
    message = state.messages[entry.message]
    message.status = "asked"
    message.until = None


def _answered(state: CustomerState, entry: j.Answered) -> None:
    accepted = entry.answer == "accepted"
    message = state.messages.get(entry.message)
    known = message is None and any(line.message == entry.message for line in state.ledger)
    if accepted and not known:
        state.ledger.append(
            Delivered(
                entry.at,
                entry.message,
                entry.channel,
                entry.journey,
                entry.topic,
                entry.transactional,
                entry.template,
                entry.tags,
            )
        )
    if message is None:
        return
    message.attempts += 1
    if accepted:
        _close(state, entry.message, "accepted")
    elif entry.answer == "failed":
        _close(state, entry.message, "failed")
    else:
        message.until = entry.until
        if entry.channel == message.channel:
            message.unsure = entry.answer == "retry"
        if entry.answer == "rejected":
            message.rejected.append(entry.channel)


def _dropped(state: CustomerState, entry: j.Dropped) -> None:
    _close(state, entry.message, "dropped")


def _withdrawn(state: CustomerState, entry: j.Withdrawn) -> None:
    _close(state, entry.message, "withdrawn")


def _close(state: CustomerState, message_id: str, result: str) -> None:
    message = state.messages.pop(message_id)
    run = state.enrollments.get(message.enrollment)
    if run is not None and run.message == message_id:
        run.message = None
        run.results[run.step] = result


APPLY: dict[type[j.Entry], Callable[[CustomerState, Any], None]] = {
    j.Received: _nothing,
    j.Conflicted: _nothing,
    j.Profiled: _profiled,
    j.Assigned: _profiled,
    j.Consented: _consented,
    j.Confirmed: _confirmed,
    j.Suppressed: _suppressed,
    j.Unsuppressed: _unsuppressed,
    j.Commanded: _nothing,
    j.Counted: _counted,
    j.Marked: _marked,
    j.Responded: _responded,
    j.Forgot: _forgot,
    j.Entered: _entered,
    j.Refused: _nothing,
    j.Moved: _moved,
    j.Rescheduled: _rescheduled,
    j.Foreseen: _foreseen,
    j.Latched: _latched,
    j.Met: _met,
    j.Ended: _ended,
    j.Decided: _decided,
    j.Timed: _timed,
    j.Rerouted: _rerouted,
    j.Held: _held,
    j.Released: _released,
    j.Displaced: _displaced,
    j.Answered: _answered,
    j.Dropped: _dropped,
    j.Withdrawn: _withdrawn,
}
