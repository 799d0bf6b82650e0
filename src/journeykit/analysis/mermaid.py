"""How does a journey look? Mermaid text, from the same graph that the kernel runs on.

Steps are nodes and outcomes are edges. What holds at every step is said once: `exit`, by
which every run may end at any time, has an edge only where a step itself chooses it; goals
and exits stand in nodes of their own.

Keeps true: for every outcome of the machine but those there is an edge, and no other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import get_args

from journeykit.analysis.captions import (
    cap_in_words,
    caption,
    entry_in_words,
    goal_in_words,
    outcome_in_words,
    value_in_words,
)
from journeykit.errors import UsageError
from journeykit.model import START, Condition, GraphState, Journey, On, Receipt, Send, Step
from journeykit.model.graph import JUMP
from journeykit.model.pictures import Counts, Direction

_WIDTH = 22
_MOST_ROUND = 5
"""How many lines a node may have whose ends are half circles."""

_SPECIAL = re.compile(
    r"""[^\w .,:()/=+?!'·–−≥≤≠%-]"""  # all but plain letters, digits and marks
    r"""|(?<![^\W_])_|_(?![^\W_])"""  # _emphasis_, not cart_reminder
    r"""|^[-+]|^\d+(?=[.)])"""  # an item of a list
    r"""|%(?=%)|:(?=fa-)"""  # a comment, an icon
)
_PAIR = re.compile(r"\$(?=\$)|\\(?=n)")  # a formula, a line break
_SIGNS = {" >= ": " ≥ ", " <= ": " ≤ ", " != ": " ≠ ", " == ": " = "}
_LINE = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")
_STYLES = {
    "start": "fill:#e5e7eb,stroke:#374151,color:#111827",
    "send": "fill:#dbeafe,stroke:#2563eb,color:#111827",
    "wait": "fill:#fef9c3,stroke:#a16207,color:#111827",
    "way": "fill:#ede9fe,stroke:#7c3aed,color:#111827",
    "act": "fill:#dcfce7,stroke:#15803d,color:#111827",
    "finish": "fill:#f3f4f6,stroke:#6b7280,color:#111827",
    "note": "fill:#ffffff,stroke:#9ca3af,color:#374151,stroke-dasharray:4 3",
}
_SHAPES = {
    "start": ("([", "])"),
    "send": ("[", "]"),
    "wait": ("(", ")"),
    "way": ("{{", "}}"),
    "act": ("[", "]"),
    "finish": ("([", "])"),
    "note": ("[", "]"),
}


@dataclass(frozen=True, slots=True)
class Edge:
    """All outcomes that lead from one state to another."""

    source: str
    target: str
    outcomes: tuple[str, ...]


def edges_of(journey: Journey) -> tuple[Edge, ...]:
    """Return the edges of the picture, in the order of the source."""
    jumps = journey.graph.jumps
    found: dict[tuple[str, str], list[str]] = {}
    for state in journey.graph.states.values():
        for outcome, target in state.outcomes.items():
            if outcome not in jumps and (outcome != "exit" or _may_exit(state.step)):
                found.setdefault((state.id, target), []).append(outcome)
    return tuple(Edge(*ends, tuple(outcomes)) for ends, outcomes in found.items())


def _may_exit(step: Step | None) -> bool:
    """Tell whether an option of the step chooses to exit."""
    return step is not None and any(
        getattr(step, name) == "exit" for name in type(step).model_fields if name != "type"
    )


def mermaid(journey: Journey, counts: Counts | None = None, direction: Direction = "TD") -> str:
    """Return a Mermaid flowchart of a journey; see `Journey.mermaid`."""
    known = get_args(Direction)
    if direction not in known:
        raise UsageError(
            "this is no direction", value=direction, remedy=f"it is one of {', '.join(known)}"
        )
    if counts is not None and not isinstance(counts, Counts):
        raise UsageError(
            "these are no counts", value=counts, remedy="give kit.counts(...) or sim.counts(...)"
        )
    edges = edges_of(journey)
    drawn = {START, *(edge.source for edge in edges), *(edge.target for edge in edges)}
    graph = journey.graph
    ids = _ids([name for name in graph.states if name in drawn])
    lines = [f"flowchart {direction}"]
    groups: dict[str, list[str]] = {}
    for name, id in ids.items():
        state = graph.states[name]
        group = _group(state)
        groups.setdefault(group, []).append(id)
        lines.append(f"    {_node(id, group, _words(journey, state, counts))}")
    for edge in edges:
        words = _edge_words(graph.states[edge.source], edge, counts)
        lines.append(f"    {_arrow(ids[edge.source], ids[edge.target], words)}")
    for number, (id, words, target) in enumerate(_notes(journey)):
        groups.setdefault("note", []).append(f"{id}_{number}")
        lines.append(f"    {_node(f'{id}_{number}', 'note', words)}")
        if target in ids:
            jumped = _jumped(f"{JUMP}{number + 1}", counts)  # goals come before exits
            lines.append(f"    {id}_{number} -.->{jumped} {ids[target]}")
    for group, members in groups.items():
        lines.append(f"    classDef {group} {_STYLES[group]}")
        lines.append(f"    class {','.join(members)} {group}")
    return "\n".join(lines) + "\n"


def _ids(names: Sequence[str]) -> dict[str, str]:
    """Return ids that are no word of Mermaid's, and that a reader recognises."""
    ids: dict[str, str] = {}
    for name in names:
        id = "s_" + re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_")
        while id in ids.values():
            id += "_"
        ids[name] = id
    return ids


def _group(state: GraphState) -> str:
    step = state.step
    if step is None:
        return "start" if state.id == START else "finish"
    if step.ends_run:
        return "finish"
    if isinstance(step, Send):
        return "send"
    if step.kind in ("branch", "split", "experiment"):
        return "way"
    return "wait" if step.lets_time_pass or "wait" in step.kind else "act"


def _words(journey: Journey, state: GraphState, counts: Counts | None) -> list[str]:
    """Return what a node says, line by line."""
    if state.id == START:
        lines = [f"{journey.name} v{journey.version}", *_entry_words(journey)]
    elif state.step is None:
        lines = [state.id.capitalize()]
    else:
        lines = caption(state.step).split(" · ", 1)
        if state.step.label is not None and state.id not in lines[0].split():
            lines.append(f"({state.id})")
    lines = [part for line in lines for part in _wrapped(line)]
    if counts is not None:
        entered, here = counts.entered.get(state.id, 0), counts.here.get(state.id, 0)
        lines += [f"{entered:,} entered", *([f"{here:,} here now"] if here else [])]
    return lines


def _entry_words(journey: Journey) -> Iterator[str]:
    for entry in journey.entry:
        yield entry_in_words(entry)
    if journey.reentry.type != "once":
        yield f"re-entry: {value_in_words(journey.reentry).lower()}"
    for cap in journey.entry_caps:
        yield f"at most {cap_in_words(cap)}"
    for word, instant in (("from", journey.opens), ("until", journey.closes)):
        if instant is not None:
            yield f"{word} {value_in_words(instant)}"
    if journey.holdout:
        yield f"{100 * journey.holdout:.3g} % held out"


def _notes(journey: Journey) -> Iterator[tuple[str, list[str], str]]:
    """Yield what holds at every step: an id, what to say, and where it leads."""
    for number, goal in enumerate(journey.goal, 1):
        target = journey.graph.jumps.get(f"{JUMP}{number}", "")
        ends = "" if target or not goal.ends_run else ": the run ends"
        yield "goal", _wrapped(f"Goal {goal_in_words(goal)}{ends}"), target
    for rule in journey.exits:
        how = "when " if isinstance(rule, Condition) else "on "
        how = how if isinstance(rule, Condition | On | Receipt) else ""  # leaves lapsed
        yield "leave", _wrapped(f"Exit: {how}{value_in_words(rule)}"), ""


def _wrapped(words: str) -> list[str]:
    for written, shown in _SIGNS.items():
        words = words.replace(written, shown)
    return wrap(words, _WIDTH)


def _edge_words(state: GraphState, edge: Edge, counts: Counts | None) -> list[str]:
    all_ways = {name for name in state.outcomes if not name.startswith(JUMP) and name != "exit"}
    words = ""
    if set(edge.outcomes) != all_ways and state.id != START:
        said = [outcome_in_words(state.step, name) for name in edge.outcomes]
        words = "otherwise" if "done" in edge.outcomes else " / ".join(said)
    lines = _wrapped(words)
    if counts is not None:
        lines.append(f"{sum(counts.took.get((state.id, name), 0) for name in edge.outcomes):,}")
    return lines


def _jumped(outcome: str, counts: Counts | None) -> str:
    if counts is None:
        return ""
    return f'|"{sum(times for (_, by), times in counts.took.items() if by == outcome):,}"|'


def _node(id: str, group: str, lines: Sequence[str]) -> str:
    is_round = group in ("start", "finish") and len(lines) > _MOST_ROUND
    opened, closed = _SHAPES["wait" if is_round else group]  # ends in half a circle cut words off
    return f'{id}{opened}"{_label(lines)}"{closed}'


def _arrow(source: str, target: str, lines: Sequence[str]) -> str:
    words = f'|"{_label(lines)}"|' if lines else ""
    return f"{source} -->{words} {target}"


def _label(lines: Sequence[str]) -> str:
    return "<br>".join(map(escape, lines))


def escape(text: str) -> str:
    """Return a line of text as Mermaid shows it: no quote, bracket or mark of it means anything."""
    words = _PAIR.sub("\\g<0>\u200b", _LINE.sub(" ", text).strip())
    return _SPECIAL.sub(_as_codes, words)


def _as_codes(found: re.Match[str]) -> str:
    return "".join(f"#{ord(one)};" for one in found[0])
