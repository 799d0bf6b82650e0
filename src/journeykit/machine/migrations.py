"""Where does a run of an older version stand in the new one? Worked out once per version."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from journeykit.machine.table import CompiledStep, Table
from journeykit.model import EXIT, RESTART, Digest, Journey, Step, WaitFor

TIMED = frozenset({"wait", "wait_until", "wait_for", "wait_business_days", "wait_for_window"})
"""Kinds at which a run holds nothing but a timer: each may take it over from each."""

STANDING = TIMED | {"send", "digest", "call", "rate_limit", "start_journey"}
"""Kinds at which a run may stand still."""

Target = CompiledStep | str


class MigrationPlan:
    """How runs of one older version go over to the present one.

    Attributes:
        table: The present version.
        renamed: Step id to the id that it has now, where that is another. Where a step goes over
            to one that was there before, or is still there itself, each keeps what it has.
        emptied: Ids of digests that collect other events now: what they have is forgotten.
    """

    __slots__ = (
        "_asked", "_bounds", "_goals", "_graph", "_kinds", "_latches", "_targets", "emptied", "renamed", "table",
    )  # fmt: skip

    def __init__(self, old: Table, older: Journey, table: Table, newer: Journey) -> None:
        upgrade = newer.upgrade
        assert upgrade is not None
        self.table = table
        self.renamed = {
            one: there
            for one, there in upgrade.steps.items()
            if there not in (EXIT, RESTART) and there not in old.steps and one not in table.steps
        }
        self._targets = {
            name: target
            for name, step in old.steps.items()
            if step.kind in STANDING
            and (target := _target(step, upgrade.target(name), table)) is not None
        }
        self._kinds = {name: step.kind for name, step in old.steps.items()}
        self._asked = {
            name: _asked(step) for name, step in old.steps.items() if step.kind in _ASKING
        }
        self._latches: dict[str, str] = {}
        self.emptied: set[str] = set()
        for name in old.steps:
            here, there = _step(older, name), _step(newer, self.name(name))
            if isinstance(here, WaitFor) and isinstance(there, WaitFor):
                self._latches |= dict(_latches(name, here, self.name(name), there))
            elif isinstance(here, Digest) and there is not None and not _collects(there, here):
                self.emptied.add(name)
        self._graph = older.graph
        self._bounds = {name: step.plan for name, step in old.steps.items() if step.kind == "goto"}
        titles = {goal.title: goal.number for goal in table.goals}
        self._goals = {
            goal.number: titles[goal.title] for goal in old.goals if goal.title in titles
        }

    def target(self, step: str) -> Target | None:
        """Return where a run goes that stands at `step`: a step, `EXIT`, `RESTART`, or None.

        None where the new version has no counterpart that could take over what the run holds.
        """
        return self._targets.get(step)

    def keeps(self, step: str, target: CompiledStep) -> bool:
        """Tell whether a run goes on waiting at `target` for what it waits for at `step`."""
        if target.kind in _ASKING and self._asked.get(step) != _asked(target):
            return False  # what something else gives is not what the new version asks for
        return target.kind in TIMED or target.kind == self._kinds[step]

    def name(self, step: str) -> str:
        """Return the id that a step has in the new version, whether it is there or not."""
        return self.renamed.get(step, step)

    def latched(self, latched: Iterable[str]) -> list[str]:
        """Return what came early, by new ids: where the new version waits for it too."""
        return [self._latches[one] for one in latched if one in self._latches]

    def goals(self, met: Iterable[int]) -> list[int]:
        """Return the numbers that goals which were reached have in the new version."""
        return sorted(self._goals[number] for number in met if number in self._goals)

    def spared(self, step: str, results: Mapping[str, str], passed: Mapping[str, int]) -> list[str]:
        """Return the sends, by their new ids, that a run at `step` must not come to again.

        Their messages were accepted, and the old version would not have sent them once more.

        Args:
            passed: How often it went where a bounded `Goto` leads, among other things.
        """
        done = [one for one, result in results.items() if result == "accepted"]
        if not done:
            return []
        ahead = self._ahead(step, passed)
        return sorted({self.name(one) for one in done if one not in ahead})

    def _ahead(self, step: str, passed: Mapping[str, int]) -> set[str]:
        """Return the steps to which a run at `step` may come yet on the old version."""
        found: set[str] = set()
        waiting = [step]
        while waiting:
            here = waiting.pop()
            is_over = here in self._bounds and passed.get(here, 0) >= self._bounds[here]
            for outcome, there in self._graph.states[here].outcomes.items():
                if there not in found and not (is_over and outcome == "again"):
                    found.add(there)
                    waiting.append(there)
        return found


_ASKING = frozenset({"call", "start_journey"})


def _asked(step: CompiledStep) -> tuple[str, str | None]:
    """Return which function a `Call` calls, and what it gives; or which journey is started."""
    if step.kind == "start_journey":
        return step.plan.journey, None
    return step.plan.function, step.plan.gives


def _step(journey: Journey, name: str) -> Step | None:
    state = journey.graph.states.get(name)
    return None if state is None else state.step


def _collects(step: Step, earlier: Digest) -> bool:
    """Tell whether a step collects the same events as an earlier one, whatever must hold of them."""
    return isinstance(step, Digest) and step.on.event == earlier.on.event


def _latches(here: str, old: WaitFor, there: str, new: WaitFor) -> Iterator[tuple[str, str]]:
    """Yield what may stand in `latched` for a step, and what that is in the new version.

    A step that waits for the first of some events does not keep which of them came.
    """
    before = [what.canonical() for _, _, what in old.awaited]
    after = [what.canonical() for _, _, what in new.awaited]
    if old.is_plain:
        if new.is_plain and set(before) <= set(after):
            yield here, there
        elif not new.is_plain and len(before) == 1 and before[0] in after:
            yield here, f"{there}#{after.index(before[0])}"
        return
    for place, one in enumerate(before):
        if one in after:
            yield f"{here}#{place}", there if new.is_plain else f"{there}#{after.index(one)}"


def _target(step: CompiledStep, wanted: str, table: Table) -> Target | None:
    if wanted in (EXIT, RESTART):
        return wanted
    target = table.steps.get(wanted)
    if target is None:
        return None
    return target if step.kind in TIMED or target.kind == step.kind else None


def migrations_of(
    journeys: Iterable[Journey], tables: Mapping[tuple[str, int], Table]
) -> dict[tuple[str, int], MigrationPlan]:
    """Return by (journey, older version) how its runs move to the newest version.

    Args:
        journeys: All versions, the present ones with the older ones.
    """
    by_place = {(journey.name, journey.version): journey for journey in journeys}
    newest: dict[str, Journey] = {}
    for journey in by_place.values():
        if journey.name not in newest or journey.version > newest[journey.name].version:
            newest[journey.name] = journey
    plans = {}
    for (name, version), older in by_place.items():
        newer = newest[name]
        if newer.upgrade is not None and version < newer.version and newer.upgrade.takes(version):
            table = tables[name, newer.version]
            plans[name, version] = MigrationPlan(tables[name, version], older, table, newer)
    return plans
