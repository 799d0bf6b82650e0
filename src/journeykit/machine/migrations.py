"""Where does a run of an older version stand in the new one? Worked out once per version."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from journeykit.machine.table import CompiledStep, Table
from journeykit.model import EXIT, RESTART, Journey, Send, WaitFor, ancestors

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
    """

    __slots__ = (
        "_ahead", "_calls", "_goals", "_kinds", "_same_waits", "_targets", "renamed", "table",
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
        self._calls = {
            name: _called(step) for name, step in old.steps.items() if step.kind == "call"
        }
        self._same_waits = {
            name
            for name in old.steps
            if (awaited := _awaited(older, name)) and awaited == _awaited(newer, self.name(name))
        }
        sends = [name for name, state in older.graph.states.items() if isinstance(state.step, Send)]
        self._ahead = ancestors(older.graph, sends)
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
        if target.kind == "call" and self._calls.get(step) != _called(target):
            return False  # what another function gives is not what the new version asks for
        return target.kind in TIMED or target.kind == self._kinds[step]

    def name(self, step: str) -> str:
        """Return the id that a step has in the new version, whether it is there or not."""
        return self.renamed.get(step, step)

    def latched(self, latched: Iterable[str]) -> list[str]:
        """Return what came early, by new ids: for steps that are there, and wait for the same."""
        kept = []
        for one in latched:
            step, place, number = one.partition("#")
            if step in self._same_waits:
                kept.append(f"{self.name(step)}{place}{number}")
        return kept

    def goals(self, met: Iterable[int]) -> list[int]:
        """Return the numbers that goals which were reached have in the new version."""
        return sorted(self._goals[number] for number in met if number in self._goals)

    def spared(self, step: str, results: Mapping[str, str]) -> list[str]:
        """Return the sends, by their new ids, that a run at `step` must not come to again.

        Their messages were accepted, and the old version would not have sent them once more.
        """
        ahead = self._ahead[step]
        done = [one for one, result in results.items() if result == "accepted"]
        return sorted({self.name(one) for one in done if one not in ahead})


def _called(step: CompiledStep) -> tuple[str, str | None]:
    """Return which function a `Call` calls, and what it gives."""
    return step.plan.function, step.plan.gives


def _awaited(journey: Journey, step: str) -> list[bytes]:
    """Return what a `WaitFor` waits for, piece by piece; nothing for other steps."""
    state = journey.graph.states.get(step)
    found = None if state is None else state.step
    if not isinstance(found, WaitFor):
        return []
    return [what.canonical() for _, _, what in found.awaited]


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
