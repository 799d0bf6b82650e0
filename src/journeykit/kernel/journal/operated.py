"""What did operators do to runs?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from journeykit.kernel.journal.base import Entry


class Migrated(Entry, tag="migrate"):
    """A run of an older version moved to another one, and stands at `step` there.

    Its timer, its trigger and its message stay. `renamed` are the ids under which things are
    kept of steps, old to new, where the new version calls them otherwise. The rest is what the
    run keeps, by the names of the new version: the events that came early, goals that were
    met, and sends that it must not come to again. `via` is the order of channels that its open
    message keeps, where it had that of its step. `emptied` are digests, by their old ids, that
    collect other events now. `due` is set where the new version gives it a timer that it had
    not; `untimed` says that it has none any more.
    """

    enrollment: str
    before: str
    version: int
    step: str
    renamed: dict[str, str]
    latched: list[str]
    met: list[int]
    spared: list[str]
    via: tuple[str, ...] = ()
    emptied: Sequence[str] = ()
    due: int | None = None
    untimed: bool = False


class Pruned(Entry, tag="prune"):
    """What was before was removed; so the customer stood then.

    It stands for `entries` entries, and has the number of the last of them. `state` is the
    document of the customer, `profile` what had been told of the attributes.
    """

    entries: int
    state: dict[str, Any]
    profile: dict[str, Any]


class Spared(Entry, tag="spare"):
    """A run came to a `Send` whose message it had sent before it was moved: not again."""

    enrollment: str
    step: str
