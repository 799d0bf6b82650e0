"""What have operators set for all workers? Which journeys pause, and which versions moved in.

One small document in the store. A worker reads it once for each round of work, and does so
again only when a little time has passed, or somebody in this process has changed it; before
messages are handed over it is always read anew, after the round was announced (`Hold`). So
whoever sets a pause either comes before the reading, or finds the announcement.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from journeykit.errors import ContentionError
from journeykit.machine import Rules
from journeykit.runtime import logs
from journeykit.runtime.calls import Flow, Lacks
from journeykit.runtime.operator_calls import LookAgain, ReadControls, SetControls
from journeykit.time import SECOND

_RECHECK = SECOND // 10
_ATTEMPTS = 20


class PauseSet(msgspec.Struct, frozen=True, omit_defaults=True):
    """Since when a journey pauses, and why."""

    since: int
    reason: str = ""


class Operated(msgspec.Struct, omit_defaults=True):
    """The document.

    Attributes:
        paused: The journeys that pause, by name.
        moved: By journey, the version to which all runs that can have been moved.
        waking: Journeys that go on, for which somebody may be held still.
        over: By journey, older versions on which nobody was when they were last asked about.
    """

    paused: dict[str, PauseSet] = msgspec.field(default_factory=dict)
    moved: dict[str, int] = msgspec.field(default_factory=dict)
    waking: set[str] = msgspec.field(default_factory=set)
    over: dict[str, set[int]] = msgspec.field(default_factory=dict)


_decode = msgspec.json.Decoder(Operated).decode
_encode = msgspec.json.encode


class _Changes:
    """How often the controls of any store were changed by this process."""

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0


_CHANGES = _Changes()


def note_changed() -> None:
    """Let every worker of this process read the controls anew before it goes on."""
    _CHANGES.count += 1


def operated_of(body: bytes) -> Operated:
    """Return what operators have set, from what the store keeps of it."""
    return _decode(body) if body else Operated()


def read_controls() -> Flow[Operated]:
    """Return what operators have set."""
    return operated_of((yield from ReadControls()).body)


def change_controls(change: Callable[[Operated], None]) -> Flow[None]:
    """Change what operators have set; start over where somebody else came first.

    Raises:
        ContentionError: Somebody else came first on every attempt.
    """
    for _ in range(_ATTEMPTS):
        found = yield from ReadControls()
        before, after = operated_of(found.body), operated_of(found.body)
        change(after)
        if after == before or (yield from SetControls(_encode(after), found.version)):
            yield from LookAgain()
            return
    raise ContentionError(
        f"the controls were changed by others on {_ATTEMPTS} attempts in a row", remedy="try again"
    )


class Heeding:
    """What one worker knows of the controls; its threads may ask at the same time."""

    __slots__ = ("_heeded", "_known", "_lacking", "_learned")

    def __init__(self) -> None:
        self._learned: Rules | None = None
        self._lacking: set[Lacks] = set()
        self._known: tuple[int, int, frozenset[str]] | None = None  # changes, instant, journeys
        self._heeded: tuple[Rules, Rules] | None = None

    def known(self, now: int) -> frozenset[str] | None:
        """Return the journeys that pause, or None where that is to be read anew."""
        known = self._known
        if known is None or known[0] != _CHANGES.count or not known[1] <= now < known[1] + _RECHECK:
            return None
        return known[2]

    @staticmethod
    def changes() -> int:
        """Return how often this process has changed controls: asked before they are read."""
        return _CHANGES.count

    def learn(self, body: bytes, now: int, changes: int) -> frozenset[str]:
        """Take in what was read; return the journeys that pause."""
        paused = frozenset(operated_of(body).paused)
        self._known = changes, now, paused
        return paused

    def rules(self, rules: Rules, paused: frozenset[str]) -> Rules:
        """Return the rules with these journeys pausing; the same ones as the last time."""
        learned = self._learned
        if learned is not None and learned.workspace is rules.workspace:
            rules = learned
        if rules.paused == paused:
            return rules
        heeded = self._heeded
        if heeded is None or heeded[0] is not rules or heeded[1].paused != paused:
            heeded = self._heeded = (rules, rules.pausing(paused))
        return heeded[1]

    def adopt(self, rules: Rules) -> None:
        """Go by these rules, for as long as their workspace is the one that runs."""
        self._learned = rules
        logs.tell("version_learned", versions=len(rules.tables))

    def lacks(self, lacking: Lacks) -> None:
        """Log what this worker lacks, once."""
        if lacking not in self._lacking:
            self._lacking.add(lacking)
            logs.tell(
                "missing_here",
                code=lacking.code,
                what=lacking.what,
                journey=lacking.journey,
                version=lacking.version,
            )
