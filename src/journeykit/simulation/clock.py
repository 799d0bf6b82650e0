"""What time is it in a simulation? Whatever the script says."""

from __future__ import annotations

from datetime import datetime

from journeykit.time import from_micros


class VirtualClock:
    """A `Clock` that moves only when told."""

    def __init__(self, micros: int) -> None:
        self.micros = micros

    def now(self) -> datetime:
        """Return the present virtual instant, UTC."""
        return from_micros(self.micros)
