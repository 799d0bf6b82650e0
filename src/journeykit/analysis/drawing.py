"""How does a picture become a file? Mermaid text as SVG or PNG, without network or browser.

The package `mermaidx` draws it, an extra; it is imported where something is drawn.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

from journeykit.errors import UsageError

_ROOM = {"maxEdges": 5_000, "maxTextSize": 5_000_000}
PictureKind = Literal["svg", "png"]


def picture(text: str, kind: PictureKind, *, scale: float = 2.0) -> bytes:
    """Return what Mermaid draws of a text, as bytes of a file.

    Args:
        scale: How many pixels of a PNG go into one of the picture.

    Raises:
        UsageError: mermaidx is not installed, or cannot draw it; or there is no such kind.
    """
    if kind not in get_args(PictureKind):
        raise UsageError("there is no such kind of picture", value=kind, remedy="draw svg or png")
    drawn = _mermaidx().render(text, config=_ROOM)
    try:
        if kind == "png":
            png: bytes = drawn.png(scale=scale, background="#ffffff")
            return png
        return str(drawn.svg()).encode()
    except RuntimeError as error:
        raise UsageError(
            f"this cannot be drawn: {error}", remedy="write .mmd, and see it elsewhere"
        ) from None


def _mermaidx() -> Any:
    try:
        import mermaidx
    except ModuleNotFoundError:
        raise UsageError(
            "drawing needs the package mermaidx, which is not installed",
            remedy="pip install 'journeykit[draw]', or write .mmd, which other programs draw",
        ) from None
    return mermaidx
