"""On which channel, and at which hour, does the customer answer? Counted from the host's events."""

from __future__ import annotations

from journeykit.kernel import journal as j
from journeykit.kernel.places import zone_of_address
from journeykit.kernel.signals import EventArrived
from journeykit.kernel.state import CustomerState
from journeykit.kernel.turn import Turn
from journeykit.time import DAY, HOUR, Zone

HOURS = 7 * 24
_MONDAY = 4 * DAY  # 1970-01-05, the first Monday, in wall micros


def note_responses(turn: Turn, event: EventArrived) -> None:
    """Count the event on each channel on which it is a response, by when it happened (O5)."""
    rules = turn.rules.responses.get(event.name)
    if rules is None:
        return
    turn.event = event.data
    counted: list[str] = []
    for channel, guard in rules:
        if channel not in counted and (guard is None or guard(turn)):
            counted.append(channel)
            hour = hour_of_week(_zone(turn, channel).wall(event.occurred))
            turn.emit(j.Responded(turn.stamp, channel, event.occurred, hour))


def hour_of_week(wall: int) -> int:
    """Return 0 for Monday 00:00 to 01:00 of the local clock, up to 167."""
    return (wall - _MONDAY) // HOUR % HOURS


def _zone(turn: Turn, channel: str) -> Zone:
    state: CustomerState = turn.state
    found = zone_of_address(state, channel) if state.zone is None else None
    return turn.zone if found is None else found
