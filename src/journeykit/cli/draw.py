"""How does a journey look? Drawn into a file: Mermaid text, SVG or PNG."""

from __future__ import annotations

from pathlib import Path
from typing import cast, get_args

from journeykit.analysis.drawing import PictureKind, picture
from journeykit.cli.diff import journey_of
from journeykit.cli.looking import look_into
from journeykit.cli.target import load_definition
from journeykit.errors import UsageError
from journeykit.model import Counts, Journey
from journeykit.model.pictures import Direction
from journeykit.runtime import counts_of

_TEXT = (".mmd", ".mermaid", ".md")


def draw_journey(
    target: str,
    journey: str | None,
    *,
    output: Path | None,
    counts: str | Path | None,
    direction: str,
) -> str | None:
    """Draw a journey; return the text where it is to be shown and not written.

    Raises:
        UsageError: There is no such journey, no such file, or nothing to draw with.
    """
    if direction not in get_args(Direction):
        raise UsageError(
            "this is no direction", place="--direction", value=direction,
            remedy=f"it is one of {', '.join(get_args(Direction))}",
        )  # fmt: skip
    found = journey_of(load_definition(target), journey, target)
    told = None if counts is None else _counts(counts, found)
    text = found.mermaid(told, direction=cast(Direction, direction))
    if output is None:
        return text
    drawn = _drawn(text, output)
    try:
        output.write_bytes(drawn)
    except OSError as error:
        raise UsageError(
            f"it cannot be written: {error.strerror}", place=str(output),
            remedy="name a file in a folder that exists",
        ) from None  # fmt: skip
    return None


def _drawn(text: str, output: Path) -> bytes:
    kind = output.suffix.lower()
    if kind in _TEXT:
        return (f"```mermaid\n{text}```\n" if kind == ".md" else text).encode()
    if kind not in (".svg", ".png"):
        raise UsageError(
            "a picture of this kind cannot be written", place="--output", value=str(output),
            remedy="name it .svg, .png or .mmd",
        )  # fmt: skip
    return picture(text, cast(PictureKind, kind[1:]))


def _counts(db: str | Path, journey: Journey) -> Counts:
    with look_into(db) as store:
        return counts_of(store, journey)
