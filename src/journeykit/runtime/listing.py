"""What does a decision change on the list of suppressed addresses?"""

from __future__ import annotations

from collections.abc import Collection

from journeykit.kernel import address_mark
from journeykit.kernel import journal as j
from journeykit.machine import Rules
from journeykit.ports import Suppression

Place = tuple[str, str]
"""Where an address stands on the list: the channel, and what stands for the address."""


def place_of(rules: Rules, channel: str, address: str) -> Place:
    """Return where an address stands on the list."""
    return channel, address_mark(rules.seed, address)


_CHANGES = frozenset((j.Suppressed, j.Unsuppressed))


def changes_of(rules: Rules, entries: Collection[j.Entry]) -> tuple[list[Suppression], list[Place]]:
    """Return what a decision puts on the list, and what it takes off.

    What was found on the list is not put there again: it may have been taken off meanwhile.
    """
    if _CHANGES.isdisjoint(map(type, entries)):
        return [], []
    added: dict[Place, Suppression] = {}
    removed: dict[Place, None] = {}
    for entry in entries:
        if isinstance(entry, j.Suppressed) and not entry.listed:
            place = place_of(rules, entry.channel, entry.address)
            added[place] = Suppression(*place, entry.reason, entry.at)
            removed.pop(place, None)
        elif isinstance(entry, j.Unsuppressed):
            place = place_of(rules, entry.channel, entry.address)
            removed[place] = None
            added.pop(place, None)
    return list(added.values()), list(removed)
