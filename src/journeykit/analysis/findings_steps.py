"""What is odd about the steps of a journey, and about what ends it?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from operator import is_

from journeykit.analysis.codes import found
from journeykit.analysis.findings_conditions import implied_by
from journeykit.analysis.paths import earliest, nearest, stay_at
from journeykit.analysis.subject import Subject
from journeykit.analysis.wording import condition_in_words
from journeykit.model import (
    COMPLETED,
    START,
    Goal,
    Journey,
    On,
    Once,
    OnDate,
    Receipt,
    Scheduled,
    Send,
    Split,
    WaitFor,
    ancestors,
    steps_of,
)
from journeykit.model.findings import Finding
from journeykit.model.spans import in_words, longest, shortest

_PLACELESS = (
    "append", "branch", "consent", "emit", "exit", "experiment", "increment", "set",
)  # fmt: skip
_ONLY_WAITS = (
    "branch", "exit", "experiment", "goto", "split", "wait", "wait_business_days", "wait_for",
    "wait_for_window", "wait_until",
)  # fmt: skip


def of_journey(subject: Subject, journey: Journey) -> Iterator[Finding]:
    """Yield what is found in the steps, goals and exits of a journey."""
    yield from _silent_time_outs(journey)
    yield from _ids_of_places(subject, journey)
    yield from _arms(journey)
    yield from _awaited_ends(subject, journey)
    yield from _goals(subject, journey)
    yield from _awaited_reaches_goals(subject, journey)
    yield from _behind_the_goal(subject, journey)
    yield from _waits_behind_goals(journey)
    yield from _incomparable(journey)
    yield from _once_of_many(journey)


def _silent_time_outs(journey: Journey) -> Iterator[Finding]:
    for state in journey.graph.states.values():
        step = state.step
        if not isinstance(step, WaitFor) or step.on_timeout:
            continue
        target = state.outcomes.get("timeout", COMPLETED)
        ways = [inner for inner in step.inner() if inner.outcome != "timeout"]
        told = [inner for inner in ways if inner.steps]
        if not told and isinstance(journey.graph.states[target].step, Send):
            told = ways  # to go on is well, but with a message?
        came = [state.outcomes[inner.outcome] for inner in told]
        if target != COMPLETED and _lead_to(journey, came, target):
            yield found(
                "JK102",
                journey.name,
                state.path,
                f"when nothing comes within {in_words(step.timeout)}, the run goes on at "
                f"{target} like those for whom it came",
                'say what happens then, such as on_timeout=[Exit("no_answer")]',
            )


def _lead_to(journey: Journey, begins: Iterable[str], target: str) -> bool:
    """Tell whether a run comes from one of some states to another one."""
    waiting = list(begins)
    reached = set(waiting)
    while waiting:
        name = waiting.pop()
        if name == target:
            return True
        for following in journey.graph.states[name].outcomes.values():
            if following not in reached:
                reached.add(following)
                waiting.append(following)
    return False


def _ids_of_places(subject: Subject, journey: Journey) -> Iterator[Finding]:
    """One finding for all of them: whoever labels one step labels the others too."""
    if journey.version == 1 and not subject.strict:
        return
    loose = [
        (name, state)
        for name, state in journey.graph.states.items()
        if state.step is not None
        and state.step.label is None
        and state.step.kind not in _PLACELESS
        and not (isinstance(state.step, Send) and name.endswith(state.step.template))
    ]
    if loose:
        names = ", ".join(name for name, _ in loose)
        yield found(
            "JK103",
            journey.name,
            loose[0][1].path,
            f"the ids of {names} come from their places: a step put in before them gives them "
            "others, and whoever stands there is at another step",
            'give them labels, such as Wait(days(1), label="a_day")',
            "warning" if subject.strict else None,
        )


def _arms(journey: Journey) -> Iterator[Finding]:
    for path, step in steps_of(journey):
        if isinstance(step, Split) or step.kind == "experiment":
            for number, arm in enumerate(getattr(step, "arms", ())):
                if arm.weight == 0 and arm.steps:
                    why = f"arm {arm.name!r} has weight 0: nobody takes its steps"
                    remedy = "give it a weight, or take it out when nobody stands in it any more"
                    yield found("JK106", journey.name, f"{path} › arms[{number}]", why, remedy)


# ---- what ends the run


def _awaited_ends(subject: Subject, journey: Journey) -> Iterator[Finding]:
    """An event goes to goals and exits before it goes to waits (rule O6)."""
    enders = [(f"exits[{n}]", rule) for n, rule in enumerate(journey.exits) if isinstance(rule, On)]
    enders += [
        (f"goal[{n}]", goal.on)
        for n, goal in enumerate(journey.goal)
        if goal.ends_run and goal.within is None
    ]
    for path, step in steps_of(journey):
        for place, on in step.hears():
            for ending, ender in enders:
                if ender.event == on.event and implied_by(subject, journey, on.event, ender, on):
                    why = f"{on.event} ends the run by {ending} before this step gets to hear it"
                    remedy = f"take {on.event} out of {ending}, or do not wait for it"
                    yield found("JK104", journey.name, f"{path} › {place}", why, remedy)
                    break
    for state in journey.graph.states.values():
        if isinstance(state.step, WaitFor):
            for place, _, what in state.step.awaited:
                if isinstance(what, Receipt) and what in journey.exits:
                    ending = f"exits[{list(journey.exits).index(what)}]"
                    why = f"{what.receipt} of {what.of} ends the run by {ending} before this step"
                    remedy = f"take it out of {ending}, or do not wait for it"
                    yield found("JK104", journey.name, f"{state.path} › {place}", why, remedy)


def _awaited_reaches_goals(subject: Subject, journey: Journey) -> Iterator[Finding]:
    """A goal with a window takes what a step waits for that is over before the window."""
    goals = [
        (number, goal.within, goal.on)
        for number, goal in enumerate(journey.goal)
        if goal.ends_run and goal.within is not None
    ]
    for name, state in journey.graph.states.items() if goals else ():
        step = state.step
        if not isinstance(step, WaitFor):
            continue
        latest = nearest(journey, START, partial(is_, step)).get(name)
        if latest is None:
            continue
        for place, on in step.hears():
            for number, within, taken in goals:
                over = latest + longest(step.timeout) <= shortest(within)
                if (
                    over
                    and taken.event == on.event
                    and implied_by(subject, journey, on.event, taken, on)
                ):
                    why = (
                        f"{on.event} ends the run by goal[{number}] before this step gets to hear "
                        f"it: the {in_words(within)} are not over by then, late triggers and held "
                        "messages apart"
                    )
                    remedy = f"take {on.event} out of goal[{number}], or do not wait for it"
                    yield found("JK109", journey.name, f"{state.path} › {place}", why, remedy)
                    break


def _incomparable(journey: Journey) -> Iterator[Finding]:
    if journey.holdout and not journey.goal:
        why = "a share is held out for comparison, and there is no goal to compare"
        yield found("JK108", journey.name, "holdout", why, "give the journey a goal=")


def _once_of_many(journey: Journey) -> Iterator[Finding]:
    if not isinstance(journey.reentry, Once):
        return
    for number, entry in enumerate(journey.entry):
        recurs = isinstance(entry, OnDate) and entry.anniversary is not None
        if isinstance(entry, Scheduled):
            recurs = "COUNT=1" not in (entry.rrule or "").upper().split(";")
        if recurs:
            why = "its moment comes again and again, and a customer enters once in a lifetime"
            remedy = "write reentry=Always() or AfterExit(), unless once is what you mean"
            yield found("JK110", journey.name, f"entry[{number}]", why, remedy)


def _goals(subject: Subject, journey: Journey) -> Iterator[Finding]:
    stays = any(
        state.step is not None and stay_at(state.step, outcome).most != 0
        for state in journey.graph.states.values()
        for outcome in state.outcomes
    )
    sends = any(isinstance(step, Send) for _, step in steps_of(journey))
    for number, goal in enumerate(journey.goal):
        if not stays and not sends:
            why = f"the run is over at the instant of its entry, before {goal.on.event} can come"
            remedy = "let the journey wait, such as with a Wait(days(7)) at its end"
            yield found("JK204", journey.name, f"goal[{number}]", why, remedy)
        for other, earlier in enumerate(journey.goal[:number]):
            if _takes_all_of(subject, journey, earlier, goal):
                why = f"every {goal.on.event} that reaches it ends the run by goal[{other}] first"
                remedy = "put the narrower goal first, or write ends_run=False on the other"
                yield found("JK204", journey.name, f"goal[{number}]", why, remedy)
                break


def _takes_all_of(subject: Subject, journey: Journey, earlier: Goal, later: Goal) -> bool:
    if not earlier.ends_run or earlier.on.event != later.on.event:
        return False
    if (
        earlier.within is not None
        and (later.within is None or longest(later.within) > shortest(earlier.within))
        and earlier.within != later.within
    ):
        return False
    return implied_by(subject, journey, later.on.event, earlier.on, later.on)


def _behind_the_goal(subject: Subject, journey: Journey) -> Iterator[Finding]:
    """Who does it when the window is over goes on, and gets the messages behind."""
    for number, goal in enumerate(journey.goal):
        if goal.within is None or not goal.ends_run or _ends_otherwise(subject, journey, goal):
            continue
        window, arrivals = longest(goal.within), earliest(journey)
        for name, state in journey.graph.states.items():
            at = arrivals.get(name, 0)
            if not isinstance(state.step, Send) or at < window:
                continue
            title = _title(goal)
            yield found(
                "JK301",
                journey.name,
                state.path,
                f"{name} is sent when the {in_words(goal.within)} of goal[{number}] are over: "
                f"whoever reaches {title} after that gets it nevertheless",
                f"lengthen within=, or write exits=[On({goal.on.event!r})] as well",
            )
            break


def _waits_behind_goals(journey: Journey) -> Iterator[Finding]:
    """Tell of the first wait that ends behind all goals, with nothing behind it but waits."""
    windows = [None if goal.within is None else longest(goal.within) for goal in journey.goal]
    if not windows or None in windows:
        return
    states = journey.graph.states
    acting = [
        name
        for name, state in states.items()
        if state.step is not None and state.step.kind not in _ONLY_WAITS
    ]
    behind, arrivals = ancestors(journey.graph, acting), earliest(journey)
    for name, state in states.items():
        if state.step is None or name in acting or behind[name]:
            continue
        least = min((stay_at(state.step, outcome).least for outcome in state.outcomes), default=0)
        until = arrivals.get(name, 0) + least
        if least and all(window is not None and until > window for window in windows):
            why = (
                "it goes on when the windows of all goals are over, and only waits come behind it: "
                "nothing comes of it but a later re-entry"
            )
            remedy = "shorten it, or lengthen within="
            yield found("JK306", journey.name, state.path, why, remedy)
            break


def _ends_otherwise(subject: Subject, journey: Journey, goal: Goal) -> bool:
    return any(
        isinstance(rule, On)
        and rule.event == goal.on.event
        and implied_by(subject, journey, rule.event, rule, goal.on)
        for rule in journey.exits
    )


def _title(goal: Goal) -> str:
    where = "" if goal.on.where is None else f" where {condition_in_words(goal.on.where)}"
    return goal.name or f"{goal.on.event}{where}"
