"""Which step follows which? Nested lists unrolled into states and named outcomes.

Reading a journey from top to bottom, each step becomes a state. Its id is its label; else,
for a `Send`, its template where the journey sends it once; else its kind and its place in
the lists, such as `wait_1` or `send_4.when_1.2`. Outcomes lead from state to state: `done`,
`timeout`, `event`, `when_1`, `otherwise`, `arm_<name>`, `dropped`, `failed`, `blocked`,
`skip`, `exit`.

Keeps true:
    * every state can be reached from the start;
    * every loop contains a state that lets time pass (rule E5);
    * every state has a way on, or ends the run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from journeykit.model import steps as s
from journeykit.model.base import Wrong

START = "start"
COMPLETED = "completed"
EXITED = "exited"
RESERVED = (START, COMPLETED, EXITED)


@dataclass(slots=True)
class GraphState:
    """One state: the step behind it, where that stands, and which outcome leads where."""

    id: str
    step: s.Step | None
    path: str
    outcomes: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Graph:
    """All states of a journey by id, in the order of the source; `START` comes first."""

    states: dict[str, GraphState]


@dataclass(frozen=True, slots=True)
class _Place:
    step: s.Step
    place: str  # 4.when_1.2
    path: str  # steps[3] › whens[0] › steps[1]


def draw(steps: Sequence[s.Step]) -> Graph:
    """Return the graph of a journey's steps.

    Raises:
        Wrong: No steps, a label that is missing, reserved or used twice, a step that
            nothing leads to, or a loop in which no time passes.
    """
    if not steps:
        raise Wrong("a journey without steps does nothing", "give at least one step", "steps")
    linker = _Linker(list(_places(steps, "", "")))
    graph = linker.graph
    graph.states[START].outcomes["enter"] = linker.link(steps, "", COMPLETED, COMPLETED)
    _refuse_unreachable(graph)
    _refuse_timeless_loops(graph)
    return graph


def _places(steps: Sequence[s.Step], place: str, path: str) -> Iterator[_Place]:
    for number, step in enumerate(steps, 1):
        here, there = f"{place}{number}", f"{path}steps[{number - 1}]"
        yield _Place(step, here, there)
        for outcome, field_path, inner in step.inner():
            yield from _places(inner, f"{here}.{outcome}.", f"{there} › {field_path} › ")


class _Linker:
    """Gives every place its id, then connects outcome by outcome."""

    def __init__(self, places: Sequence[_Place]) -> None:
        self._labels = _labels(places)
        self._ids = _ids(places, self._labels)
        self._paths = {place.place: place.path for place in places}
        states = [GraphState(START, None, "")]
        states += [
            GraphState(self._ids[place.place], place.step, place.path)
            for place in places
            if not isinstance(place.step, s.Goto)
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
            if not isinstance(step, s.Goto) and not step.ends_run:
                self._connect(step, f"{place}{number}", heads[number], heads[number + 1])
        return heads[0]

    def _connect(self, step: s.Step, place: str, following: str, skipping: str) -> None:
        outcomes = self.graph.states[self._ids[place]].outcomes
        for outcome, _, steps in step.inner():
            outcomes[outcome] = self.link(steps, f"{place}.{outcome}.", following, skipping)
        outcomes.update(dict.fromkeys(step.outcomes, following))
        if step.skips:
            outcomes["skip"] = skipping
        outcomes["exit"] = EXITED

    def _head(self, step: s.Step, place: str) -> str:
        """Return the id of the step at `place`, or of the step that a `Goto` there leads to."""
        path = self._paths[place]
        seen: list[str] = []
        while isinstance(step, s.Goto):
            if step.target in seen:
                circle = " → ".join([*seen, step.target])
                raise Wrong(
                    f"these Gotos lead in a circle: {circle}",
                    "let one of them lead to a step",
                    path,
                )
            if step.target not in self._labels:
                known = ", ".join(map(repr, sorted(self._labels))) or "there are none so far"
                raise Wrong(
                    f"Goto({step.target!r}) leads to a label that the journey does not have",
                    f"give a step label={step.target!r}, or name one of the labels: {known}",
                    path,
                )
            seen.append(step.target)
            found = self._labels[step.target]
            step, place = found.step, found.place
        return self._ids[place]


def _labels(places: Sequence[_Place]) -> dict[str, _Place]:
    labels: dict[str, _Place] = {}
    for place in places:
        label = place.step.label
        if label is None:
            continue
        if label in labels or label in RESERVED:
            why = "is used twice" if label in labels else "is reserved"
            raise Wrong(f"the label {label!r} {why}", "choose another label", place.path)
        labels[label] = place
    return labels


def _ids(places: Sequence[_Place], labels: Mapping[str, _Place]) -> dict[str, str]:
    """Return step ids by place."""
    templates = Counter(p.step.template for p in places if isinstance(p.step, s.Send))
    taken = {*labels, *RESERVED}
    ids: dict[str, str] = {}
    for place in places:
        step = place.step
        name = step.label or f"{step.kind}_{place.place}"
        if step.label is None and isinstance(step, s.Send) and templates[step.template] == 1:
            name = step.template if step.template not in taken else name
        ids[place.place] = name
    return ids


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
                "a step behind a Goto or an Exit needs a label that some Goto names",
                state.path,
            )


def lets_time_pass(step: s.Step | None) -> bool:
    """Tell whether a run that comes to `step` again and again comes there at later instants."""
    return step is not None and step.lets_time_pass


def _refuse_timeless_loops(graph: Graph) -> None:
    def timeless(name: str) -> Iterator[str]:
        targets = graph.states[name].outcomes.values()
        return (to for to in targets if not lets_time_pass(graph.states[to].step))

    for component in _components(graph, timeless):
        first = component[-1]
        if len(component) > 1 or first in timeless(first):
            raise Wrong(
                f"the loop {' → '.join([*reversed(component), first])} lets no time pass",
                "put a Wait, a WaitFor or a WaitUntil with a time of day into it",
                graph.states[first].path,
            )


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
    sources: dict[str, list[str]] = {name: [] for name in graph.states}
    for name, state in graph.states.items():
        for target in state.outcomes.values():
            sources[target].append(name)
    found: dict[str, set[str]] = {name: set() for name in graph.states}
    for target in targets:
        waiting = list(sources[target])
        while waiting:
            name = waiting.pop()
            if target not in found[name]:
                found[name].add(target)
                waiting.extend(sources[name])
    return {name: frozenset(reached) for name, reached in found.items()}


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
