"""What changed from one definition to another, in meaning and not in text?

Steps are known by their ids, which is what open runs know of them. Journeys are known by name,
goals and rules by what they are called, list items by what they say; what is left is told as
added or removed.

Keeps true: there is no change where both have one canonical form, and one where they have not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from journeykit.analysis.captions import (
    caption,
    entry_in_words,
    goal_in_words,
    name_in_words,
    phrase,
    value_in_words,
)
from journeykit.analysis.comparing import (
    all_frozen,
    data_of,
    matched,
    options_between,
    place_of,
    same,
)
from journeykit.analysis.placing import Placed, kept_in_order, placed_steps
from journeykit.errors import DefinitionError, UsageError
from journeykit.model import (
    Condition,
    Frozen,
    Goto,
    Journey,
    Part,
    Policy,
    Workspace,
    kinds_of,
    result_name,
)
from journeykit.model.differences import Change, ChangeKind, Diff
from journeykit.model.vocabulary import told, vocabulary_of

T = TypeVar("T")
_PARTS = ("name", "entry", "steps", "goal", "exits")
_CLASSES = ("journeys", "profile", "events", "results", "vocabulary", "policy", "send_times")


def differences(old: Journey | Workspace, new: Journey | Workspace) -> Diff:
    """Return what changed from `old` to `new`.

    Raises:
        UsageError: One is a journey, and the other a workspace.
    """
    if isinstance(old, Journey) and isinstance(new, Journey):
        return Diff(_journey(old, new))
    if isinstance(old, Workspace) and isinstance(new, Workspace):
        return Diff(_workspace(old, new))
    raise UsageError(
        f"a {type(old).__name__} and a {type(new).__name__} cannot be compared",
        remedy="give two journeys, or two workspaces",
    )


class _Told:
    """Makes the changes of one journey, or of the workspace itself."""

    def __init__(self, journey: str = "") -> None:
        self._journey = journey

    def change(
        self, kind: ChangeKind, part: str, place: str, words: str, *, option: str = "",
        old: Any = None, new: Any = None,
    ) -> Change:  # fmt: skip
        return Change(kind, self._journey, part, place, option, data_of(old), data_of(new), words)

    def changed(self, part: str, place: str, title: str, option: str, old: Any, new: Any) -> Change:
        """Tell an option from old to new; `option` is "" where the title says enough."""
        of = f"{title}: {option.replace('_', ' ')}" if option else f"{title}:"
        words = f"{of} {value_in_words(old)} → {value_in_words(new)}".strip()
        return self.change("changed", part, place, words, option=option, old=old, new=new)

    def items(
        self, part: str, old: Sequence[T], new: Sequence[T], name: Callable[[T], str],
        say: Callable[[T], str], title: str = "",
    ) -> Iterator[Change]:  # fmt: skip
        """Tell what became of the items of a list; those of one name are the same."""
        pairs, gone, come = matched(old, new, name)
        title = title or part
        for one in gone:
            yield self.change("removed", part, name(one), f"{title}: {say(one)}", old=one)
        for before, after in pairs:
            if not same(before, after):
                yield from self._item(part, title, before, after, name(after), say)
        for one in come:
            yield self.change("added", part, name(one), f"{title}: {say(one)}", new=one)
        orders = (
            [a for a, _ in pairs],
            [b for _, b in sorted(pairs, key=lambda p: place_of(new, p[1]))],
        )
        if [name(one) for one in orders[0]] != [name(one) for one in orders[1]]:
            words = " → ".join(", ".join(map(name, order)) for order in orders)
            yield self.change("moved", part, "", f"{title}: the order of {words}")

    def _item(
        self, part: str, title: str, old: Any, new: Any, place: str, say: Any
    ) -> Iterator[Change]:
        options = list(options_between(old, new)) if type(old) is type(new) else []
        for option, before, after in options:
            yield self.changed(part, place, f"{title} {place}", option, before, after)
        if not options:
            words = f"{title}: {say(old)} → {say(new)}"
            yield self.change("changed", part, place, words, old=old, new=new)

    def mapping(
        self, part: str, place: str, old: Mapping[str, Any], new: Mapping[str, Any]
    ) -> Iterator[Change]:
        """Tell what became of the keys of a mapping."""
        for key in dict.fromkeys((*old, *new)):
            before, after = old.get(key), new.get(key)
            title, at = f"{place} {key}", f"{place}.{key}"
            if key not in new:
                words = f"{title}: {value_in_words(before)}"
                yield self.change("removed", part, at, words, old=before)
            elif key not in old:
                yield self.change("added", part, at, f"{title}: {value_in_words(after)}", new=after)
            elif not same(before, after):
                yield self.changed(part, at, title, "", before, after)


# ---- a journey


def _journey(old: Journey, new: Journey) -> Iterator[Change]:
    tell = _Told(new.name)
    if old.name != new.name:
        yield tell.changed("option", "name", "name", "", old.name, new.name)
    for option, before, after in options_between(old, new, without=_PARTS):
        yield tell.changed("option", option, option.replace("_", " "), "", before, after)
    yield from tell.items("entry", old.entry, new.entry, _entry_name, entry_in_words)
    yield from tell.items("goal", old.goal, new.goal, lambda goal: goal.title, goal_in_words)
    yield from tell.items("exit", old.exits, new.exits, _entry_name, value_in_words)
    yield from _steps(tell, placed_steps(old), placed_steps(new))


def _entry_name(entry: Any) -> str:
    if isinstance(entry, Condition):
        return value_in_words(entry)
    return str(getattr(entry, "event", None) or value_in_words(entry))


def _steps(tell: _Told, old: dict[str, Placed], new: dict[str, Placed]) -> Iterator[Change]:
    names = _renamed(old, new)
    for id, placed in old.items():
        if id not in new and id not in names:
            words = f"{_title(placed)} ({caption(placed.step)})"
            yield tell.change("removed", "step", id, words, old=placed.step)
    moved = _moved(old, new, names)
    came_from = {after: before for before, after in names.items()}
    for id, placed in new.items():
        before = old.get(came_from.get(id, id))
        if before is None:
            words = f"{_title(placed)} ({caption(placed.step)}), {_where(placed)}"
            yield tell.change("added", "step", id, words, new=placed.step)
            continue
        if before.id != id:
            named = before.step.label or placed.step.label or isinstance(placed.step, Part)
            why = "" if named else ", as its place gives its id"
            words = f"{caption(before.step)}: {before.id} is now {id}{why}"
            yield tell.change("renamed", "step", id, words, option="id", old=before.id, new=id)
        else:
            yield from _step(tell, before, placed)
        if id in moved:
            words = f"{_title(placed)}: moved, {_where(placed)}"
            where = [f"{_where(one)}" for one in (before, placed)]
            yield tell.change("moved", "step", id, words, old=where[0], new=where[1])


def _step(tell: _Told, old: Placed, new: Placed) -> Iterator[Change]:
    if type(old.step) is not type(new.step):
        words = f"{new.id}: {caption(old.step)} → {caption(new.step)}"
        yield tell.change("changed", "step", new.id, words, old=old.step, new=new.step)
        return
    alone = [name for name, info in type(new.step).model_fields.items() if not info.kw_only]
    for option, before, after in options_between(old.step, new.step):
        shown = "" if [option] == alone else option
        told = tell.changed("step", new.id, _title(new), shown, before, after)
        yield Change(told.kind, told.journey, told.part, told.place, option, told.old, told.new,
                     told.words)  # fmt: skip


def _title(placed: Placed) -> str:
    return f"{name_in_words(placed.step)} {placed.id}"


def _where(placed: Placed) -> str:
    parent, outcome = placed.within
    if placed.after:
        return f"after {placed.after}"
    return f"first in {outcome} of {parent}" if parent else "first of all"


def _renamed(old: Mapping[str, Placed], new: Mapping[str, Placed]) -> dict[str, str]:
    """Return old id to new id of the steps that say the same under another one."""
    names: dict[str, str] = {}
    named = ("label", "name")  # what the id is taken from
    left = [placed for id, placed in new.items() if id not in old]
    for id, placed in old.items():
        if id in new or isinstance(placed.step, Goto):
            continue
        for other in left:
            if type(placed.step) is type(other.step) and not any(
                options_between(
                    placed.step,
                    other.step,
                    without=named if isinstance(other.step, Part) else named[:1],
                )
            ):
                names[id] = other.id
                left.remove(other)
                break
    return names


def _moved(
    old: Mapping[str, Placed], new: Mapping[str, Placed], names: Mapping[str, str]
) -> frozenset[str]:
    """Return the new ids of steps that stand in another list, or have changed places in it."""
    lists: dict[Any, tuple[list[str], list[str]]] = {}
    was: dict[str, Any] = {}
    for id, placed in old.items():
        parent, outcome = placed.within
        within = (names.get(parent, parent), outcome)
        was[names.get(id, id)] = within
        lists.setdefault(within, ([], []))[0].append(names.get(id, id))
    for id, placed in new.items():
        lists.setdefault(placed.within, ([], []))[1].append(id)
    kept = {id for both in lists.values() for id in kept_in_order(*both)}
    return frozenset(id for id in new if id in was and id not in kept)


# ---- a workspace


def _workspace(old: Workspace, new: Workspace) -> Iterator[Change]:
    tell = _Told()
    for option, before, after in options_between(old, new, without=_CLASSES):
        yield tell.changed("option", option, option.replace("_", " "), "", before, after)
    yield from _policy(tell, old.policy, new.policy)
    yield from _classes(tell, old, new)
    yield from tell.mapping("send_time", "send time", _ways(old), _ways(new))
    before, after = ({one.name: one for one in shop.journeys} for shop in (old, new))
    for name, journey in before.items():
        if name not in after:
            words = f"journey {name} ({len(journey.graph.states) - 3} steps)"
            yield tell.change("removed", "journey", name, words, old=journey)
    for name, journey in after.items():
        if name not in before:
            words = f"journey {name} ({len(journey.graph.states) - 3} steps)"
            yield tell.change("added", "journey", name, words, new=journey)
    orders = [[name for name in a if name in b] for a, b in ((before, after), (after, before))]
    if orders[0] != orders[1]:
        words = " → ".join(", ".join(names) for names in orders)
        yield tell.change("moved", "journey", "", f"the order of the journeys: {words}")
    for name, journey in after.items():
        if name in before:
            yield from _journey(before[name], journey)


def _policy(tell: _Told, old: Policy, new: Policy) -> Iterator[Change]:
    for name in Policy.model_fields:
        before, after, title = getattr(old, name), getattr(new, name), name.replace("_", " ")
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            yield from tell.mapping("policy", title, before, after)
        elif all_frozen(before, after):
            yield from tell.items("policy", before, after, _rule_name, phrase, title=title)
        elif not same(before, after):
            yield tell.changed("policy", name, title, "", before, after)


def _rule_name(rule: Any) -> str:
    return str(getattr(rule, "title", "") or getattr(rule, "name", ""))


def _classes(tell: _Told, old: Workspace, new: Workspace) -> Iterator[Change]:
    try:
        before, after = (_vocabulary(one) for one in (old, new))
    except DefinitionError:  # some default is no data: without defaults, then
        before, after = (_kinds(one) for one in (old, new))
    for part, title in (("events", "event"), ("results", "result")):
        names = dict.fromkeys((*before.get(part, {}), *after.get(part, {})))
        for name in names:
            was, now = before.get(part, {}).get(name), after.get(part, {}).get(name)
            if was is None or now is None:
                kind: ChangeKind = "added" if was is None else "removed"
                fields = ", ".join((was or {}) | (now or {}))
                words = f"{title} {name}" + (f" ({fields})" if fields else "")
                yield tell.change(kind, title, name, words, old=was, new=now)
            else:
                yield from tell.mapping(title, f"{title} {name}", was, now)
    yield from tell.mapping(
        "profile", "profile", before.get("profile", {}), after.get("profile", {})
    )


def _vocabulary(workspace: Workspace) -> dict[str, Any]:
    classes = workspace.event_classes.values(), workspace.result_classes.values()
    return told(vocabulary_of(workspace.profile, *classes))


def _kinds(workspace: Workspace) -> dict[str, Any]:
    events, results = workspace.event_classes, workspace.result_classes
    return {
        "events": {name: kinds_of(cls) for name, cls in events.items()},
        "results": {result_name(cls): kinds_of(cls) for cls in results.values()},
        "profile": kinds_of(workspace.profile),
    }


def _ways(workspace: Workspace) -> dict[str, Any]:
    return {
        name: way if isinstance(way, Frozen) else getattr(way, "__qualname__", type(way).__name__)
        for name, way in workspace.send_times.items()
    }
