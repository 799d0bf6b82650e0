"""What time is it? The only module of journeykit that asks the machine."""

from __future__ import annotations

from datetime import UTC, datetime


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
