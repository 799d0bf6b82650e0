"""How do entries about what operators did read?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from journeykit.kernel import journal as j
from journeykit.model import START
from journeykit.runtime.telling_errands import Line


class RunTeller(Protocol):
    """What it takes to tell about runs.

    Attributes:
        runs: Id to the journey and the version of a run.
        messages: Id to the journey and the template of a message.
    """

    runs: dict[str, tuple[str, int]]
    messages: dict[str, tuple[str, str]]

    def journey(self, enrollment: str) -> str:
        """Return the journey of a run."""
        ...


def _migrated(t: RunTeller, e: j.Migrated) -> Line:
    journey = t.journey(e.enrollment)
    t.runs[e.enrollment] = journey, e.version
    where = ""
    if e.step == START:
        where = f", and leaves {e.before}"
    elif e.step != e.before:
        where = f", from {e.before} to {e.step}"
    return journey, "", f"moves to version {e.version}{where}"


def _pruned(t: RunTeller, e: j.Pruned) -> Line:
    for id, run in e.state.get("enrollments", {}).items():
        t.runs[id] = run["journey"], run["version"]
    for id, message in e.state.get("messages", {}).items():
        t.messages[id] = message["journey"], message["template"]
    return "", "", f"the journal begins here: {e.entries} older entries were removed"


def _spared(t: RunTeller, e: j.Spared) -> Line:
    text = f"{e.step}: not sent again, it was sent before the journey moved to this version"
    return t.journey(e.enrollment), "", text


OPERATED: dict[type[j.Entry], Callable[[Any, Any], Line]] = {
    j.Migrated: _migrated,
    j.Pruned: _pruned,
    j.Spared: _spared,
}
