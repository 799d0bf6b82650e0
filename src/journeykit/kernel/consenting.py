"""What does a customer's word on consent change? Yes, no, a confirmation, a page of choices."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from journeykit.errors import InputError
from journeykit.kernel import journal as j
from journeykit.kernel.consent import Standing, grant_counts, may_confirm, standing
from journeykit.kernel.state import CustomerState
from journeykit.kernel.turn import Turn
from journeykit.machine import Reading, Rules
from journeykit.time import Duration, shift, to_micros

_CALENDAR_ENDS = to_micros(datetime(9999, 12, 31, tzinfo=UTC))


def say(
    turn: Turn,
    channel: str,
    topic: str,
    granted: bool,
    source: str,
    lasts: Duration | None = None,
    since: int | None = None,
) -> None:
    """Record a yes or a no; what an implied yes does not change is journaled too.

    Args:
        since: From when an implied yes lasts; from now if not given.
    """
    until, counts = None, True
    if granted and lasts is not None:
        try:
            until = shift(turn.now if since is None else since, lasts, turn.zone)
        except InputError:
            until = _CALENDAR_ENDS
        counts = grant_counts(turn.state.consents, channel, topic, until)
    turn.emit(j.Consented(turn.stamp, channel, topic, granted, source, until, counts))


def confirm(turn: Turn, channel: str, topic: str, source: str) -> None:
    """Record that a customer confirmed a yes."""
    counts = may_confirm(turn.state.consents, channel, topic, turn.now)
    turn.emit(j.Confirmed(turn.stamp, channel, topic, source, counts))


def prefer(turn: Turn, choices: dict[str, bool], source: str) -> None:
    """Let a page of choices stand: what differs becomes a yes or a no, channels first.

    So that a topic can be chosen on its own after its channel was turned off in one go.
    """
    for key in sorted(choices, key=lambda key: ("/" in key, key)):
        channel, _, topic = key.partition("/")
        found = standing_of(turn.rules, turn.state, turn, channel, topic)
        if choices[key] is not is_chosen(found) or (
            not choices[key] and _may_come(turn.rules, found, channel, topic)
        ):
            say(turn, channel, topic, choices[key], source)


def standing_of(
    rules: Rules, state: CustomerState, reading: Reading, channel: str, topic: str
) -> Standing:
    """Return how consent stands at the instant of `reading`."""
    return standing(state.consents, channel, topic, rules.gate.consent, reading, reading.now)


def reading_of(
    rules: Rules, state: CustomerState, profile: dict[str, Any] | None, now: int
) -> Reading:
    """Return what conditions read of a customer at an instant; `profile` is what was told."""
    return Turn(rules, state, profile, now)


def is_chosen(found: Standing) -> bool:
    """Tell whether a page of choices shows a tick: a yes that stands, or none was needed."""
    return found.status in ("granted", "pending") or found.allowed


def _may_come(rules: Rules, found: Standing, channel: str, topic: str) -> bool:
    """Tell whether messages may come for want of a no, though no yes was given."""
    return found.status in ("none", "expired") and any(
        channel == one and topic in ("", about) for one, about in rules.objectionable
    )
