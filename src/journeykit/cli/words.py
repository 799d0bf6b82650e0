"""How are things counted in a sentence?"""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """Return `1 row`, `2 rows`, `2,357 customers`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {_plural(noun)}"


def _plural(noun: str) -> str:
    return f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
