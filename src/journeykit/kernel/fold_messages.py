"""How do entries about messages change the state?"""

from __future__ import annotations

from collections.abc import Callable
from sys import intern
from typing import Any

from journeykit.kernel import journal as j
from journeykit.kernel.state import (
    CustomerState,
    Delivered,
    Message,
)


def _decided(state: CustomerState, entry: j.Decided) -> None:
    run = state.enrollments[entry.enrollment]
    run.message = entry.message
    run.asked += 1
    run.sent[run.step] = entry.message
    if run.receipts:
        run.receipts.pop(run.step, None)
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
    if entry.reason != "paused":
        message.paused = None
    elif message.paused is None:
        message.paused = entry.at
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
                entry.address,
            )
        )
    if message is None:
        return
    message.attempts += 1
    message.doubts = 0
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


def _doubted(state: CustomerState, entry: j.Doubted) -> None:
    message = state.messages[entry.message]
    message.doubts += 1
    message.doubted = entry.at
    message.unsure = True


def _clarified(state: CustomerState, entry: j.Clarified) -> None:
    message = state.messages[entry.message]
    message.doubts = 0
    message.status = "asked"
    message.until = None
    message.reason = ""


def _close(state: CustomerState, message_id: str, result: str) -> None:
    message = state.messages.pop(message_id)
    run = state.enrollments.get(message.enrollment)
    if run is not None and run.message == message_id:
        run.message = None
        run.results[run.step] = result


MESSAGES: dict[type[j.Entry], Callable[[CustomerState, Any], None]] = {
    j.Decided: _decided,
    j.Timed: _timed,
    j.Rerouted: _rerouted,
    j.Held: _held,
    j.Released: _released,
    j.Displaced: _displaced,
    j.Answered: _answered,
    j.Dropped: _dropped,
    j.Withdrawn: _withdrawn,
    j.Doubted: _doubted,
    j.Clarified: _clarified,
}
