"""How are things counted in a sentence, and what is the command called here?"""

from __future__ import annotations

import sys
from pathlib import Path
from shutil import which


def counted(number: int, noun: str) -> str:
    """Return `1 row`, `2 rows`, `2,357 customers`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {_plural(noun)}"


def _plural(noun: str) -> str:
    return f"{noun[:-1]}ies" if noun.endswith("y") and noun[-2] not in "aeou" else f"{noun}s"


def typed_name() -> str:
    """Return what to type for `journeykit`: as it was typed, where it is not on the path."""
    started = Path(sys.argv[0])
    if started.name == "__main__.py":
        return f"{sys.orig_argv[0]} -m journeykit"
    if started.name != "journeykit" or which("journeykit") == str(started):
        return "journeykit"
    return str(started)
