"""Ports, filled in."""

from journeykit.adapters.clocks import SystemClock, pause
from journeykit.adapters.console import ConsoleChannel
from journeykit.adapters.memory import MemoryStore
from journeykit.adapters.recording import RecordingChannel
from journeykit.adapters.smtp import SMTPChannel
from journeykit.adapters.sqlite import SQLiteStore
from journeykit.adapters.templates import TemplateNames, Templates

__all__ = [
    "ConsoleChannel",
    "MemoryStore",
    "RecordingChannel",
    "SMTPChannel",
    "SQLiteStore",
    "SystemClock",
    "TemplateNames",
    "Templates",
    "pause",
]
