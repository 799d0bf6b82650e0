"""How do entries about segments and the calendar read?"""

from __future__ import annotations

from collections.abc import Callable

from journeykit.kernel import journal as j

Told = tuple[str, str, str, bool]
"""The journey, the reason code, the sentence, and whether it is a detail."""


def told_segment(
    inside: dict[str, bool | None], e: j.Segmented, local: Callable[[int], str]
) -> Told:
    """Tell of a segment, which stood as `inside` says before."""
    name, before = e.segment.rpartition("/")[0], inside.get(e.segment)
    inside[e.segment] = e.inside
    if e.inside is None:
        return "", "", f"the segment {name} is no more", True
    changes = "" if e.look is None else f"; time alone changes that {local(e.look)}"
    is_first = before is None and e.since is None
    if is_first or before is e.inside or (before is None and not e.inside):
        where = "inside" if e.inside else "outside"
        return "", "", f"{where} of the segment {name}{changes}", True
    late = "" if e.since is None or e.since >= e.at else f" {local(e.since)}"
    if e.inside:
        return "", "segment_entered", f"came to belong to the segment {name}{late}", False
    return "", "segment_left", f"no longer belongs to the segment {name}{late}", False


def told_timer(e: j.Armed, by: str, local: Callable[[int], str]) -> Told:
    """Tell of the timer of an entry; `by` is what it goes by, where that is known."""
    journey = e.entry.rpartition("/")[0]
    entry = f"the entry {by}" if by else "an entry by the calendar"
    if e.gone:
        return journey, "", f"{entry} is no more", True
    when = "not due" if e.due is None else f"due {local(e.due)}"
    return journey, "", f"{entry} is {when}", True
