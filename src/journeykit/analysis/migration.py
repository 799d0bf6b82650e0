"""What changes for whom when one version of a journey replaces another? From the definitions alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from journeykit.model import Journey, Send

BY_TIME = frozenset({"enters", "leaves", "scheduled", "on_date"})
"""Kinds of entries that customers who are there already meet only after a backfill."""


class MessageChange(Struct, frozen=True):
    """How a `Send` step differs between two versions.

    Attributes:
        step: Its id in the new version; in the old one where it is gone.
        change: `added`, `removed` or `changed`.
        differences: Option to what it was and what it is; empty unless it changed.
    """

    step: str
    change: str
    differences: Mapping[str, tuple[object, object]]

    def __str__(self) -> str:
        if self.change != "changed":
            return f"{self.step}: {self.change}"
        told = (f"{name} {was!r} → {now!r}" for name, (was, now) in self.differences.items())
        return f"{self.step}: {', '.join(told)}"


def message_changes(old: Journey, new: Journey) -> tuple[MessageChange, ...]:
    """Return which messages change, in the order of the new version, then those that are gone.

    A step is compared with the one of the same id, else with the one of which the new version's
    map says that it goes over to it.
    """
    before, after = dict(_sends(old)), dict(_sends(new))
    upgrade = new.upgrade
    renamed = upgrade.steps.items() if upgrade is not None else ()
    came_from = {
        there: one
        for one, there in renamed
        if one in before and there not in before and one not in after
    }
    found: list[MessageChange] = []
    for name, step in after.items():
        earlier = before.pop(came_from.get(name, name), None)
        if earlier is None:
            found.append(MessageChange(name, "added", {}))
        elif differences := _differences(earlier, step):
            found.append(MessageChange(name, "changed", differences))
    found += [MessageChange(name, "removed", {}) for name in before]
    return tuple(found)


def needs_backfill(old: Journey | None, new: Journey) -> bool:
    """Tell whether the new version has an entry by time or by a state that the old one had not.

    Customers who are there already come to it only when the host says so.
    """
    known = {entry.canonical() for entry in old.entry} if old is not None else set()
    return any(
        getattr(entry, "type", "on") in BY_TIME and entry.canonical() not in known
        for entry in new.entry
    )


def _sends(journey: Journey) -> Iterator[tuple[str, Send]]:
    for name, state in journey.graph.states.items():
        if isinstance(state.step, Send):
            yield name, state.step


def _differences(old: Send, new: Send) -> dict[str, tuple[object, object]]:
    was, now = old.model_dump(mode="json"), new.model_dump(mode="json")
    return {
        name: (was.get(name), now.get(name))
        for name in now
        if name != "label" and was.get(name) != now.get(name)
    }
