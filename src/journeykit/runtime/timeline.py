"""Why did Ann get this, and why not that? The journal of one customer, told in sentences.

The sentences are in `runtime.telling`. Each journal entry is one line; those that only a
reader of the journal asks for are details, and not printed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class TimelineLine:
    """One thing that happened.

    Attributes:
        at: UTC.
        kind: The kind of journal entry, such as `hold` or `move`.
        journey: "" where no journey is concerned.
        reason: The stable reason code, or "".
        text: The sentence.
        is_detail: Whether the story is complete without it.
    """

    at: datetime
    kind: str
    journey: str
    reason: str
    text: str
    is_detail: bool = False


class Timeline:
    """All that happened to one customer, oldest first; printing it tells the story.

    Iterating gives every line, details included. Times are printed on the wall clock of the
    customer's zone of today.
    """

    def __init__(self, customer_id: str, timezone: str, lines: Iterable[TimelineLine]) -> None:
        self.customer_id = customer_id
        self.timezone = timezone
        self.lines = tuple(lines)

    def __iter__(self) -> Iterator[TimelineLine]:
        return iter(self.lines)

    def __len__(self) -> int:
        return len(self.lines)

    def __repr__(self) -> str:
        return f"Timeline({self.customer_id!r}, {len(self)} lines)"

    def about(self, journey: str) -> Timeline:
        """Return the lines about one journey."""
        return Timeline(
            self.customer_id,
            self.timezone,
            (line for line in self.lines if line.journey == journey),
        )

    def text(self, *, details: bool = False) -> str:
        """Return the story, one line per thing that happened; with `details`, every entry."""
        zone = ZoneInfo(self.timezone)
        rows = [f"{self.customer_id} ({self.timezone})"]
        for line in self.lines:
            if details or not line.is_detail:
                about = f"[{line.journey}] " if line.journey else ""
                rows.append(f"  {local_time(line.at, zone)}  {about}{line.text}")
        return "\n".join(rows)

    def __str__(self) -> str:
        return self.text()


def local_time(at: datetime, zone: ZoneInfo) -> str:
    """Return an instant as a wall clock of `zone` shows it; seconds only where there are some.

    In UTC where the wall clock leaves the calendar: `9999-12-31` is many a host's "no end".
    """
    try:
        wall = at.astimezone(zone)
    except OverflowError:
        wall = at
    return wall.strftime("%a %Y-%m-%d %H:%M:%S" if wall.second else "%a %Y-%m-%d %H:%M")
