"""What can be tried from a shell? `journeykit demo`, `simulate` and `explain`."""

from journeykit.cli.entry import main

__all__ = ["main"]
