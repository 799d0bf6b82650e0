"""Which entries of a journal count, and where does it begin? A pruned one begins with `Pruned`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from journeykit.kernel import journal as j
from journeykit.time import from_micros


def first_number(entries: Sequence[j.Entry]) -> int:
    """Return the number of the first entry."""
    first = entries[0] if entries else None
    return first.entries if isinstance(first, j.Pruned) else 1


def upto(entries: list[j.AnyEntry], seq: int) -> list[j.AnyEntry]:
    """Return the entries up to number `seq`: what was committed meanwhile is left out."""
    return entries[: seq - first_number(entries) + 1]


def can_be_replayed(entries: Sequence[j.Entry], seq: int) -> bool:
    """Tell whether the state of number `seq` follows from these entries."""
    return len(entries) == seq - first_number(entries) + 1


def begins(entries: Sequence[j.Entry]) -> datetime | None:
    """Return since when a journal tells; None where it tells everything."""
    first = entries[0] if entries else None
    return from_micros(first.at) if isinstance(first, j.Pruned) else None


def profile_told(entries: Sequence[j.Entry]) -> dict[str, Any]:
    """Return the attributes that the entries amount to."""
    profile: dict[str, Any] = {}
    for entry in entries:
        match entry:
            case j.Pruned():
                profile = dict(entry.profile)
            case j.Profiled() | j.Assigned():
                profile.update(entry.attributes)
            case _:
                pass
    return profile
