"""The one module that asks the machine."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

import pytest

from journeykit.adapters import SystemClock, clocks


def test_the_system_clock_tells_utc_with_microseconds(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = datetime(2026, 3, 1, 12, 30, 5, 123_456, UTC)

    class Machine:
        """Answers only those who ask for UTC."""

        @staticmethod
        def now(zone: tzinfo) -> datetime:
            assert zone is UTC
            return shown

    monkeypatch.setattr(clocks, "datetime", Machine)
    assert SystemClock().now() is shown
    assert repr(SystemClock()) == "SystemClock()"
