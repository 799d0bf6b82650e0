"""What can be said of a journey without running it? Pure, and beside the kernel."""

from journeykit.analysis.hooks import check

__all__ = ["check"]
