"""Where is the example? In the wheel below the package, in a checkout beside `src`."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

from journeykit.cli.target import load_file
from journeykit.errors import UsageError


def example_folder() -> Path:
    """Return the folder of the record shop.

    Raises:
        UsageError: The installation is without it.
    """
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "examples" / "cdnow", package.parents[1] / "examples" / "cdnow"):
        if (folder / "workspace.py").is_file():
            return folder
    raise UsageError(
        "the example is not installed", place=str(package), remedy="install journeykit from a wheel"
    )


def load_example() -> tuple[ModuleType, ModuleType]:
    """Return the modules of the example: its workspace and its history."""
    folder = example_folder()
    workspace = load_file(folder / "workspace.py", "journeykit_cdnow_workspace")
    history = load_file(folder / "history.py", "journeykit_cdnow_history")
    return workspace, history
