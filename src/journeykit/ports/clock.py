"""What time is it? The one question that only the host can answer."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the present instant. `adapters.clocks.SystemClock` is the usual one."""

    def now(self) -> datetime:
        """Return an aware datetime. It may jump; journeykit never goes back with it."""
        ...
