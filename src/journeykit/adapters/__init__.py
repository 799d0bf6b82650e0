"""Ports, filled in."""

from journeykit.adapters.clocks import SystemClock
from journeykit.adapters.memory import MemoryStore
from journeykit.adapters.sqlite import SQLiteStore
from journeykit.adapters.templates import TemplateNames, Templates

__all__ = ["MemoryStore", "SQLiteStore", "SystemClock", "TemplateNames", "Templates"]
