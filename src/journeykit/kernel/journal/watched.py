"""What changed by itself, or was looked at again? Segments, and what the calendar starts."""

from __future__ import annotations

from journeykit.kernel.journal.base import Entry


class Segmented(Entry, tag="segment", omit_defaults=True):
    """A customer came to belong to a segment, or no longer does, or it was looked at again.

    `inside` is None where the workspace has the segment no more. `since` is when it became
    so, None where it was so when it was first looked at. `look` is when time alone changes it.
    """

    segment: str
    inside: bool | None
    since: int | None = None
    look: int | None = None


class Armed(Entry, tag="arm", omit_defaults=True):
    """An entry that goes by the calendar starts a run at `due`, if that is set.

    `last` is what the clock showed when it last did. `gone` where the workspace has the entry
    no more.
    """

    entry: str
    due: int | None = None
    last: int | None = None
    gone: bool = False
