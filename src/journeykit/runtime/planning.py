"""What would publishing do? Worked out on the customers of now, before anything changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from journeykit.analysis.migration import MessageChange, message_changes, needs_backfill
from journeykit.machine import CompiledStep, MigrationPlan, Rules, compile_workspace
from journeykit.machine.migrations import TIMED
from journeykit.model import EXIT, RESTART, Journey, Workspace
from journeykit.ports import Store
from journeykit.runtime.calls import Flow
from journeykit.runtime.performing import ask_store
from journeykit.runtime.publishing import nowhere, objections, older_than, stored_journeys, stranded
from journeykit.runtime.surveying import Crowd, Place, survey


class Standing(Struct, frozen=True):
    """Open runs at one step of one version, and what would become of them.

    Attributes:
        runs: How many stand there.
        target: Where they would go: a step of the new version, `EXIT`, `RESTART`, or "" where
            they finish on their version.
        at_once: How many would be released at once: their timer is past, or nothing holds them
            where they go.
        stranded: Whether they are to move and have nowhere to go: publishing is refused.
    """

    version: int
    step: str
    runs: int
    target: str = ""
    at_once: int = 0
    stranded: bool = False

    def __str__(self) -> str:
        if self.stranded:
            goes = "have nowhere to go"
        elif not self.target:
            goes = "finish there"
        else:
            goes = {EXIT: "end", RESTART: "begin anew"}.get(self.target, f"go to {self.target!r}")
        now = f", {self.at_once} released at once" if self.at_once else ""
        return f"{self.runs} at {self.step!r} of version {self.version} {goes}{now}"


class JourneyPlan(Struct, frozen=True):
    """What would become of one journey.

    Attributes:
        change: `new`, `changed`, `same` or `removed` (its open runs finish).
        version: The version that would run; None for one that is removed.
        standings: Its open runs, by version and step.
        messages: How its messages differ from those of the newest version published.
        backfill: Whether customers who are there already come to a new entry only by a backfill.
        unknown: What its map names and no version published has: ids of steps, and versions.
    """

    journey: str
    change: str
    version: int | None
    standings: tuple[Standing, ...] = ()
    messages: tuple[MessageChange, ...] = ()
    backfill: bool = False
    unknown: tuple[str, ...] = ()


class Plan(Struct, frozen=True):
    """What publishing a workspace would do; `str` tells it.

    Attributes:
        refusals: Why it would be refused; empty where it would not.
    """

    journeys: tuple[JourneyPlan, ...]
    refusals: tuple[str, ...] = ()

    @property
    def refused(self) -> bool:
        """Whether publishing would be refused."""
        return bool(self.refusals)

    def __getitem__(self, journey: str) -> JourneyPlan:
        return next(one for one in self.journeys if one.journey == journey)

    def __str__(self) -> str:
        return "\n".join(_lines(self))


def plan_for(store: Store, workspace: Workspace, now: int) -> Plan:
    """Return what publishing `workspace` to `store` would do; nothing is written."""
    return ask_store(store, draw_up(workspace, now))


def draw_up(workspace: Workspace, now: int) -> Flow[Plan]:
    """Return what publishing `workspace` would do; nothing is written."""
    stored = yield from stored_journeys()
    refusals = [str(one) for one in objections(workspace, stored)]
    rules = compile_workspace(workspace, older_than(workspace, stored))
    crowds = yield from survey(now)
    lost = nowhere(rules, crowds)
    known = {(journey.name, journey.version) for journey in stored}
    journeys: list[JourneyPlan] = []
    for journey in workspace.journeys:
        mine = {place: crowd for place, crowd in lost.items() if place[0] == journey.name}
        if mine and (journey.name, journey.version) not in known:
            refusals.append(str(stranded(mine)))
        journeys.append(_planned(journey, stored, _standings(rules, journey.name, crowds)))
    names = {journey.name for journey in workspace.journeys}
    journeys += [
        JourneyPlan(name, "removed", None, _standings(rules, name, crowds))
        for name in sorted({journey.name for journey in stored} - names)
    ]
    return Plan(tuple(journeys), tuple(refusals))


def _planned(
    journey: Journey, stored: Sequence[Journey], standings: tuple[Standing, ...]
) -> JourneyPlan:
    before = max(
        (one for one in stored if one.name == journey.name),
        key=lambda one: one.version,
        default=None,
    )
    if before is None:
        change = "new"
    else:
        change = "same" if before.canonical() == journey.canonical() else "changed"
    messages = () if before is None else message_changes(before, journey)
    backfill = needs_backfill(before, journey)
    unknown = tuple(_unknown(journey, stored))
    return JourneyPlan(
        journey.name, change, journey.version, standings, messages, backfill, unknown
    )


def _unknown(journey: Journey, stored: Sequence[Journey]) -> Iterator[str]:
    """Yield what the map of a journey names in vain: most likely it is written wrong."""
    upgrade = journey.upgrade
    older = [one for one in stored if one.name == journey.name and one.version < journey.version]
    if upgrade is None or not older:
        return
    ids = {name for one in older if upgrade.takes(one.version) for name in one.graph.states}
    yield from (repr(name) for name in upgrade.steps if name not in ids)
    known = {one.version for one in older}
    yield from (f"version {one}" for one in upgrade.from_versions or () if one not in known)


def _standings(rules: Rules, journey: str, crowds: Mapping[Place, Crowd]) -> tuple[Standing, ...]:
    return tuple(
        _standing(place, crowd, rules.migrations.get(place[:2]))
        for place, crowd in crowds.items()
        if place[0] == journey
    )


def _standing(place: Place, crowd: Crowd, plan: MigrationPlan | None) -> Standing:
    _, version, step = place
    if plan is None:
        return Standing(version, step, crowd.runs, at_once=crowd.due)
    target = plan.target(step)
    if target is None:
        return Standing(version, step, crowd.runs, stranded=True)
    if not isinstance(target, CompiledStep):
        first = plan.table.start.moves["enter"].kind
        goes = target == RESTART and first not in TIMED
        return Standing(version, step, crowd.runs, target, crowd.runs if goes else 0)
    if plan.keeps(step, target):
        at_once = crowd.due
    else:
        at_once = 0 if target.kind == "digest" else crowd.runs
    return Standing(version, step, crowd.runs, target.id, at_once)


def _lines(plan: Plan) -> Iterator[str]:
    for one in plan.journeys:
        version = "" if one.version is None else f", version {one.version}"
        yield f"{one.journey}: {one.change}{version}"
        yield from (f"  {standing}" for standing in one.standings)
        yield from (f"  message {change}" for change in one.messages)
        yield from (f"  the map names {name}, which was never published" for name in one.unknown)
        if one.backfill:
            yield "  who is there already comes in with kit.backfill(...) only"
    yield from (f"refused: {why}" for why in plan.refusals)
