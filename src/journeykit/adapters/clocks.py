"""What time is it, and how does one wait? The only module that asks the machine."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta


class SystemClock:
    """The clock of the machine, in UTC with microseconds.

    It jumps when an operator or a time server sets it. Two answers may be equal.
    """

    __slots__ = ()

    def now(self) -> datetime:
        """Return the present instant."""
        return datetime.now(UTC)  # noqa: TID251 - the one place

    def __repr__(self) -> str:
        return "SystemClock()"


def pause(span: timedelta) -> None:
    """Let this thread sleep for `span`."""
    time.sleep(span.total_seconds())
