"""How does a journey pause, and go on? (rule V2)

What waits keeps waiting, and exits and goals still count. No run begins, and no message leaves:
it is held until the journey goes on, and passes the gate again then.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from difflib import get_close_matches

from msgspec import Struct

from journeykit.errors import UnknownJourneyError
from journeykit.kernel import CustomerState, is_set_free
from journeykit.machine import Rules
from journeykit.runtime.calls import Flow, Page
from journeykit.runtime.controls import Operated, PauseSet, change_controls, read_controls
from journeykit.runtime.script import touch
from journeykit.time import from_micros


class Pause(Struct, frozen=True):
    """A journey that pauses, since when, and why."""

    journey: str
    since: datetime
    reason: str = ""


def set_pause(journey: str, reason: str, now: int) -> Flow[None]:
    """Let a journey pause. One that pauses already keeps its instant and its reason."""

    def pause(operated: Operated) -> None:
        operated.paused.setdefault(journey, PauseSet(now, reason))
        operated.waking.discard(journey)

    yield from change_controls(pause)


def end_pause(journey: str) -> Flow[None]:
    """Let a journey go on; until `note_woken`, somebody may be held for it still."""

    def end(operated: Operated) -> None:
        if operated.paused.pop(journey, None) is not None:
            operated.waking.add(journey)

    yield from change_controls(end)


def note_woken(journeys: Collection[str]) -> Flow[None]:
    """Note that nobody is held any more for journeys that go on."""
    yield from change_controls(lambda operated: operated.waking.difference_update(journeys))


def pauses() -> Flow[Mapping[str, Pause]]:
    """Return the journeys that pause, by name."""
    found = (yield from read_controls()).paused
    return {
        name: Pause(name, from_micros(found[name].since), found[name].reason)
        for name in sorted(found)
    }


def wake_all(rules: Rules, limit: int) -> Flow[int]:
    """Judge what was held for a pause that is over; return how many customers it was held for."""
    return (yield from sweep(rules, limit, is_set_free))


def sweep(rules: Rules, limit: int, concerns: Callable[[Rules, CustomerState], bool]) -> Flow[int]:
    """Let the rules act on everybody whom they concern, `limit` customers to a transaction.

    What was done stays done: a sweep that was cut off begins anew, and finds less to do.
    """
    done, after = 0, ""
    while ids := (yield from Page(after, limit)):
        after = ids[-1]
        done += yield from touch(rules, ids, concerns)
    return done


def check_known_journey(rules: Rules, journey: object) -> None:
    """Refuse a journey of which no version is known; one that left the workspace still is."""
    known = sorted({name for name, _ in rules.tables})
    if journey in known:
        return
    near = get_close_matches(str(journey), known, 1)
    raise UnknownJourneyError(
        "no version of such a journey was ever published",
        place="journey",
        value=journey,
        remedy=f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}",
    )
