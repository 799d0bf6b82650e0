"""What can be said of a journey without running it? Pure, and beside the kernel."""

from journeykit.analysis.drawing import picture
from journeykit.analysis.hooks import check, diff
from journeykit.model.differences import Change, Diff

__all__ = ["Change", "Diff", "check", "diff", "picture"]
