"""Ports, filled in. `journeykit.adapters.smtp` has the email channel: it brings the standard
library's mail and TLS along, for those who send by it."""

from journeykit.adapters.clocks import SystemClock
from journeykit.adapters.console import ConsoleChannel
from journeykit.adapters.memory import MemoryStore
from journeykit.adapters.recording import RecordingChannel
from journeykit.adapters.sqlite import SQLiteStore
from journeykit.adapters.templates import TemplateNames, Templates
from journeykit.adapters.tokens import OneClick, Tokens

__all__ = [
    "ConsoleChannel",
    "MemoryStore",
    "OneClick",
    "RecordingChannel",
    "SQLiteStore",
    "SystemClock",
    "TemplateNames",
    "Templates",
    "Tokens",
]
