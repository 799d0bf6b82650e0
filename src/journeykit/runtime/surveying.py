"""Who stands where at this moment? Every customer is read once, a page at a time."""

from __future__ import annotations

from msgspec import Struct

from journeykit.kernel import decode_state
from journeykit.runtime.calls import Flow, Load, Page

_PAGE = 500

Place = tuple[str, int, str]
"""Journey, version, step."""


class Crowd(Struct):
    """Open runs that stand at one place.

    Attributes:
        runs: How many there are.
        due: Of these, how many have a timer whose instant is past.
    """

    runs: int = 0
    due: int = 0


def survey(now: int) -> Flow[dict[Place, Crowd]]:
    """Return how many open runs stand where. One whose document cannot be read is left out."""
    found: dict[Place, Crowd] = {}
    after = ""
    while ids := (yield from Page(after, _PAGE)):
        after = ids[-1]
        for stored in (yield from Load(ids, False)).values():
            try:
                state = decode_state(stored.body)
            except Exception:
                continue
            for run in state.enrollments.values():
                crowd = found.setdefault((run.journey, run.version, run.step), Crowd())
                crowd.runs += 1
                crowd.due += run.due is not None and run.due <= now
    return dict(sorted(found.items()))
