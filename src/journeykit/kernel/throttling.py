"""What does a throttle do to a message? It gets a place in the queue, and a turn (D5)."""

from __future__ import annotations

from journeykit.kernel.signals import Throttled
from journeykit.kernel.state import Message
from journeykit.kernel.turn import Turn
from journeykit.kernel.verdict import Verdict
from journeykit.time import DAY

_AHEAD = DAY


def throttle_verdict(message: Message, signal: Throttled) -> Verdict:
    """Return what the gate says of a message for which no token was left.

    Nobody overtakes in the queue, so a turn is the earliest instant at which the message can
    leave: one at which it has expired is no turn.
    """
    until, expires = signal.until, message.expires
    if expires is None or until < expires:
        return Verdict("hold", "throttle", until, signal.detail, "throttle")
    detail = {**signal.detail, "blocked_by": "throttle", "opens": until, "valid_until": expires}
    return Verdict("drop", "expired", None, detail, "throttle")


def place_in_queue(turn: Turn, message: Message) -> int:
    """Return the due instant with which a released message goes into the outbox.

    One that has waited for its turn lies before all that have not asked yet, and among those
    that have waited the earliest place comes first.
    """
    return turn.now if message.queued is None else message.queued - _AHEAD


def place_again(turn: Turn, message: Message) -> int:
    """Return the due instant of a released message that is to be claimed once more: as it was."""
    place = place_in_queue(turn, message)
    return place if message.until is None else min(place, message.until)


def waits_for_its_instant(turn: Turn, message: Message) -> bool:
    """Tell whether nothing that happens elsewhere lets a held message go before `until`.

    Its turn in the queue of a throttle; the end of its channel's rest; its own instant after an
    opening that has come.
    """
    if message.reason in ("throttle", "circuit_open", "channel_paused"):
        return True
    return message.opens is not None and message.opens <= turn.now
