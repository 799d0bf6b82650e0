"""What is kept of past events for conditions? How many, what sum, when last, and when each.

The single instants are kept only for streams that some condition asks about with `within`,
and only as far back as the longest such window.
"""

from __future__ import annotations

from bisect import insort
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal

from msgspec import Struct, field

# Not the context of the thread, with which a host may reckon as it likes.
EXACT = Context(prec=100, Emax=MAX_EMAX, Emin=MIN_EMIN)


class Tally(Struct, array_like=True, gc=False):
    """One stream of past events of one customer.

    Attributes:
        n: How many there were in all.
        total: Sum of the amounts, a decimal number as text.
        last: When the latest happened, in micros, or None.
        recent: (micros, amount as text) of the recent ones, by instant.
    """

    n: int = 0
    total: str = "0"
    last: int | None = None
    recent: list[tuple[int, str]] = field(default_factory=list)


def add_to_tally(tally: Tally, occurred: int, amount: str, windowed: bool) -> None:
    """Count one event."""
    tally.n += 1
    if amount:
        tally.total = str(EXACT.add(Decimal(tally.total), Decimal(amount)))
    if tally.last is None or occurred > tally.last:
        tally.last = occurred
    if windowed:
        keep_instant(tally, occurred, amount)


def keep_instant(tally: Tally, occurred: int, amount: str) -> None:
    """Keep when an event happened that was counted."""
    insort(tally.recent, (occurred, amount))


def prune_tally(tally: Tally, before: int) -> None:
    """Forget the single instants before `before`; the counts stay."""
    tally.recent = [one for one in tally.recent if one[0] >= before]
