"""How do entries about segments and timers change the state?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from journeykit.kernel import journal as j
from journeykit.kernel.state import CustomerState, Membership, Timer


def _segmented(state: CustomerState, entry: j.Segmented) -> None:
    if entry.inside is None:
        state.segments.pop(entry.segment, None)
        return
    known, before = state.segments.get(entry.segment), None
    if known is not None and entry.since is not None:
        before = known.before if known.inside is entry.inside else known.since
    state.segments[entry.segment] = Membership(entry.inside, entry.since, entry.look, before)


def _armed(state: CustomerState, entry: j.Armed) -> None:
    if entry.gone:
        state.armed.pop(entry.entry, None)
    else:
        state.armed[entry.entry] = Timer(entry.due, entry.last)


WATCHED: dict[type[j.Entry], Callable[[CustomerState, Any], None]] = {
    j.Segmented: _segmented,
    j.Armed: _armed,
}
