"""Which step follows which? Nested lists unrolled into states and named outcomes.

Reading a journey from top to bottom, each step becomes a state. Its id is its label; else,
for a `Send`, its template where the journey sends it once; else its kind and its place in
the lists, such as `wait_1` or `send_4.when_1.2`. Within a `Part`, the same holds of the part,
and its name comes first: `reminders.wait_1`. Neither a `Part` nor a `Goto` without a bound is
a state. Outcomes lead from state to state: `done`, `timeout`, `event`, `when_1`, `otherwise`,
`arm_<name>`, `dropped`, `failed`, `blocked`, `skip`, `again`, `exit`; and from every state
that a run can stand at, `goal_<n>` to where people jump who reach the goal.

Keeps true:
    * every state can be reached from the start;
    * every loop contains a state that lets time pass (rule E5), but for the jump to a goal,
      which a run takes once;
    * every state has a way on, or ends the run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from journeykit.model import steps as s
from journeykit.model.base import Wrong
from journeykit.model.renaming import renamed

START = "start"
COMPLETED = "completed"
EXITED = "exited"
RESERVED = (START, COMPLETED, EXITED)
AGAIN = "again"
JUMP = "goal_"


@dataclass(slots=True)
class GraphState:
    """One state: the step behind it, where that stands, and which outcome leads where.

    A step within a `Part` names the part's own steps by their full ids here.
    """

    id: str
    step: s.Step | None
    path: str
    outcomes: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Graph:
    """All states of a journey by id, in the order of the source; `START` comes first.

    Attributes:
        jumps: Outcome `goal_<n>` to the state at which those go on who reach that goal; it is
            an outcome of every state that has a step which does not end the run, and of the
            start, for those whose trigger came later than the goal.
    """

    states: dict[str, GraphState]
    jumps: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Place:
    step: s.Step
    place: str  # 4.when_1.2, and 4.part.2 within a part
    path: str  # steps[3] › whens[0] › steps[1]
    part: str  # reminders. within a part, else ""
    local: str  # its place within the part: 2


def draw(steps: Sequence[s.Step], jumps: Mapping[str, tuple[str, str]] | None = None) -> Graph:
    """Return the graph of a journey's steps.

    Args:
        jumps: Outcome `goal_<n>` to the label at which a run goes on, and the path of the goal.

    Raises:
        Wrong: No steps, a label that is missing, reserved or used twice, a step that
            nothing leads to, or a loop in which no time passes.
    """
    if not steps:
        raise Wrong("a journey without steps does nothing", "give at least one step", "steps")
    linker = _Linker(list(_places(steps, "", "")))
    graph = linker.graph
    graph.states[START].outcomes["enter"] = linker.link(steps, "", COMPLETED, COMPLETED)
    for outcome, (label, path) in (jumps or {}).items():
        graph.jumps[outcome] = linker.target(label, "", path, "goto=")
    for state in graph.states.values() if graph.jumps else ():
        if state.id == START or (state.step is not None and not state.step.ends_run):
            state.outcomes |= graph.jumps
    _refuse_unreachable(graph)
    _refuse_timeless_loops(graph)
    return graph


def _places(
    steps: Sequence[s.Step], place: str, path: str, part: str = "", local: str = ""
) -> Iterator[_Place]:
    for number, step in enumerate(steps, 1):
        here, there = f"{place}{number}", f"{path}steps[{number - 1}]"
        yield _Place(step, here, there, part, f"{local}{number}")
        inside = f"{part}{step.name}." if isinstance(step, s.Part) else None
        for outcome, field_path, inner in step.inner():
            scope = (part, f"{local}{number}.{outcome}.") if inside is None else (inside, "")
            yield from _places(inner, f"{here}.{outcome}.", f"{there} › {field_path} › ", *scope)


def _is_state(step: s.Step) -> bool:
    """Tell whether a run can come to stand at a step; the others only say where to go on."""
    if isinstance(step, s.Goto):
        return step.at_most is not None
    return not isinstance(step, s.Part)


class _Linker:
    """Gives every place its id, then connects outcome by outcome."""

    def __init__(self, places: Sequence[_Place]) -> None:
        self._labels = _labels(places)
        self._ids = _ids(places, self._labels)
        self._places = {place.place: place for place in places}
        known = frozenset(self._ids.values())
        states = [GraphState(START, None, "")]
        states += [
            GraphState(self._ids[place.place], _full(place, known), place.path)
            for place in places
            if _is_state(place.step)
        ]
        states += [GraphState(COMPLETED, None, ""), GraphState(EXITED, None, "")]
        self.graph = Graph({state.id: state for state in states})

    def link(self, steps: Sequence[s.Step], place: str, after: str, after_next: str) -> str:
        """Connect a list that goes on at `after`; return the state at which it begins.

        `after_next` is where a step goes on that leaves out the next one, when there is no
        next one within the list.
        """
        heads = [self._head(step, f"{place}{number}") for number, step in enumerate(steps, 1)]
        heads += [after, after_next]
        for number, step in enumerate(steps, 1):
            here = f"{place}{number}"
            if isinstance(step, s.Part):
                self.link(step.steps, f"{here}.{s.PART}.", heads[number], heads[number + 1])
            elif _is_state(step) and not step.ends_run:
                self._connect(step, here, heads[number], heads[number + 1])
        return heads[0]

    def _connect(self, step: s.Step, place: str, following: str, skipping: str) -> None:
        outcomes = self.graph.states[self._ids[place]].outcomes
        for outcome, _, steps in step.inner():
            outcomes[outcome] = self.link(steps, f"{place}.{outcome}.", following, skipping)
        if isinstance(step, s.Goto):
            here = self._places[place]
            outcomes[AGAIN] = self.target(step.target, here.part, here.path, "Goto")
        outcomes.update(dict.fromkeys(step.outcomes, following))
        if step.skips:
            outcomes["skip"] = skipping
        outcomes["exit"] = EXITED

    def target(self, label: str, part: str, path: str, what: str) -> str:
        """Return the state to which a label leads that is named within `part`."""
        found = self._find(label, part, path, what)
        return self._head(found.step, found.place)

    def _head(self, step: s.Step, place: str) -> str:
        """Return the id of the step at `place`, or of the one to which a jump or a part leads."""
        path = self._places[place].path
        seen: list[str] = []
        gone: set[str] = set()
        while not _is_state(step):
            if place in gone:
                circle = " → ".join([*seen, seen[0]])
                raise Wrong(
                    f"these Gotos lead in a circle: {circle}",
                    "let one of them lead to a step",
                    path,
                )
            gone.add(place)
            if isinstance(step, s.Part):
                step, place = step.steps[0], f"{place}.{s.PART}.1"
                continue
            assert isinstance(step, s.Goto)
            seen.append(step.target)
            found = self._find(step.target, self._places[place].part, path, "Goto")
            step, place = found.step, found.place
        return self._ids[place]

    def _find(self, label: str, part: str, path: str, what: str) -> _Place:
        """Return the place of a label: in the part that names it, else in those around it."""
        scope = part
        while True:
            if scope + label in self._labels:
                return self._labels[scope + label]
            if not scope:
                break
            scope = scope[: scope.rstrip(".").rfind(".") + 1]
        known = ", ".join(map(repr, sorted(self._labels))) or "there are none so far"
        named = f"{what}({label!r})" if what == "Goto" else f"{what}{label!r}"
        raise Wrong(
            f"{named} leads to a label that the journey does not have",
            f"give a step label={label!r}, or name one of the labels: {known}",
            path,
        )


def _labels(places: Sequence[_Place]) -> dict[str, _Place]:
    labels: dict[str, _Place] = {}
    for place in places:
        is_part = isinstance(place.step, s.Part)
        own = place.step.name if isinstance(place.step, s.Part) else place.step.label
        if own is None:
            continue
        label = place.part + own
        if label in labels or label in RESERVED:
            why = "is used twice" if label in labels else "is reserved"
            what = "name of a part" if is_part else "label"
            raise Wrong(f"the {what} {label!r} {why}", f"choose another {what}", place.path)
        labels[label] = place
    return labels


def _ids(places: Sequence[_Place], labels: Mapping[str, _Place]) -> dict[str, str]:
    """Return step ids by place.

    Raises:
        Wrong: A label is the id that another step has by its place.
    """
    templates = Counter((p.part, p.step.template) for p in places if isinstance(p.step, s.Send))
    taken = {*labels, *RESERVED}
    ids: dict[str, str] = {}
    owners: dict[str, _Place] = {}
    for place in places:
        step, part = place.step, place.part
        name = f"{part}{step.label or f'{step.kind}_{place.local}'}"
        if step.label is None and isinstance(step, s.Send) and templates[part, step.template] == 1:
            sent = part + step.template
            name = sent if sent not in taken else name
        ids[place.place] = name
        if _is_state(step):
            other = owners.setdefault(name, place)
            if other is not place:
                labelled = place if step.label is not None else other
                raise Wrong(
                    f"{name!r} is the id of another step too", "choose another label",
                    labelled.path,
                )  # fmt: skip
    return ids


def _full(place: _Place, known: frozenset[str]) -> s.Step:
    """Return a step whose references to steps of its part are written as full ids."""
    if not place.part:
        return place.step

    def full(name: str) -> str:
        scope = place.part
        while scope and scope + name not in known:
            scope = scope[: scope.rstrip(".").rfind(".") + 1]
        return scope + name

    return renamed(place.step, full)


def _refuse_unreachable(graph: Graph) -> None:
    reached = {START, COMPLETED, EXITED}
    waiting = [START]
    while waiting:
        for target in graph.states[waiting.pop()].outcomes.values():
            if target not in reached:
                reached.add(target)
                waiting.append(target)
    for name, state in graph.states.items():
        if name not in reached:
            raise Wrong(
                "nothing leads to this step",
                "a step behind a Goto or an Exit needs a label that a Goto or a Goal names",
                state.path,
            )


def lets_time_pass(step: s.Step | None) -> bool:
    """Tell whether a run that comes to `step` again and again comes there at later instants."""
    return step is not None and step.lets_time_pass


def _refuse_timeless_loops(graph: Graph) -> None:
    def timeless(name: str) -> Iterator[str]:
        for outcome, to in graph.states[name].outcomes.items():
            instant = outcome != "timeout" and outcome not in graph.jumps
            if instant and not lets_time_pass(graph.states[to].step):
                yield to

    for component in _components(graph, timeless):
        first = component[-1]
        if len(component) > 1 or first in timeless(first):
            circle = " → ".join(_circle(first, timeless))
            raise Wrong(
                f"the loop {circle} lets no time pass",
                "put a Wait, a WaitFor or a WaitUntil with a time of day into it",
                graph.states[first].path,
            )


def _circle(first: str, following: Callable[[str], Iterator[str]]) -> list[str]:
    """Return the shortest way from `first` back to it; there is one."""
    came_from = dict.fromkeys(following(first), first)
    waiting = list(came_from)
    for name in waiting:
        for to in following(name):
            if to not in came_from:
                came_from[to] = name
                waiting.append(to)
    way = [first, came_from[first]]
    while way[-1] != first:
        way.append(came_from[way[-1]])
    return way[::-1]


def on_loops(graph: Graph) -> frozenset[str]:
    """Return the ids of the states from which a run can come back to the same state."""

    def following(name: str) -> Iterator[str]:
        return iter(graph.states[name].outcomes.values())

    return frozenset(
        name
        for component in _components(graph, following)
        for name in component
        if len(component) > 1 or name in following(name)
    )


def ancestors(graph: Graph, targets: Iterable[str]) -> dict[str, frozenset[str]]:
    """Return for each state those of `targets` that a run may reach after it."""
    wanted = frozenset(targets)
    found: dict[str, frozenset[str]] = {}

    def following(name: str) -> Iterator[str]:
        return iter(graph.states[name].outcomes.values())

    for component in _components(graph, following):  # those that it leads to have gone before
        reached: set[str] = set()
        for name in component:
            for target in following(name):
                reached.update(found.get(target, ()))
                if target in wanted:
                    reached.add(target)
        found.update(dict.fromkeys(component, frozenset(reached)))
    return found


def _components(graph: Graph, following: Callable[[str], Iterator[str]]) -> Iterator[list[str]]:
    """Yield sets of states that lead to one another, each latest first (Tarjan, 1972)."""
    number: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    on_stack: set[str] = set()
    for root in graph.states:
        ways = [] if root in number else [(root, following(root))]
        while ways:
            name, targets = ways[-1]
            if name not in number:
                number[name] = low[name] = len(number)
                stack.append(name)
                on_stack.add(name)
            for target in targets:
                if target not in number:
                    ways.append((target, following(target)))
                    break
                if target in on_stack:
                    low[name] = min(low[name], number[target])
            else:
                ways.pop()
                if ways:
                    low[ways[-1][0]] = min(low[ways[-1][0]], low[name])
                if low[name] == number[name]:
                    place = stack.index(name)
                    component = stack[place:][::-1]
                    del stack[place:]
                    on_stack.difference_update(component)
                    yield component
