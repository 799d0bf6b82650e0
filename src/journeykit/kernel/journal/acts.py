"""What did steps do that contact nobody?"""

from __future__ import annotations

from typing import Any

from msgspec import field

from journeykit.kernel.journal.base import Entry


class Assigned(Entry, tag="set"):
    """A `Set` step changed attributes of the profile."""

    enrollment: str
    attributes: dict[str, Any]
    zone: str | None
    addresses: dict[str, str]
    zones: dict[str, str] = field(default_factory=dict)
