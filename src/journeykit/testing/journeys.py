"""What could somebody write? Hypothesis strategies for whole journeys and workspaces.

Every journey that is drawn is legal: it branches, waits, loops back behind a wait, jumps
ahead, and ends early.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal, TypeVar

from hypothesis import assume
from hypothesis import strategies as st

from journeykit.errors import DefinitionError
from journeykit.model import (
    After,
    AfterExit,
    Always,
    Arm,
    BestHour,
    Branch,
    Condition,
    ConsentRule,
    DeliveryWindow,
    Enters,
    Event,
    Exit,
    FrequencyCap,
    Goal,
    Goto,
    Journey,
    Leaves,
    MinimumGap,
    On,
    Once,
    Overdue,
    Policy,
    Profile,
    Restart,
    Send,
    SendTimeCustomer,
    SendTimeFunction,
    SendTimeMessage,
    Split,
    Step,
    Via,
    Wait,
    When,
    Workspace,
    steps_of,
)
from journeykit.model.consents import ConsentMode, LegalBasis, StricterMode
from journeykit.testing.acts import Acts, Nest, Write
from journeykit.testing.entries import entries_alone, segments
from journeykit.testing.errands import Errands, Functions
from journeykit.testing.strategies import (
    attributes_of,
    clock_changes,
    conditions,
    durations,
)
from journeykit.testing.waits import Waits, hours_for_messages
from journeykit.testing.windows import daytimes, nights
from journeykit.time import days, hours

T = TypeVar("T")
OnBlocked = Literal["hold", "skip", "exit", "next", "else"]
_CHANNELS = ("email", "push", "sms")
_BLOCKED: list[OnBlocked] = ["hold", "skip", "exit", "next"]
_MODES: list[ConsentMode] = ["opt-in", "opt-out", "opt-out", "double-opt-in"]
_STRICTER: list[StricterMode] = ["opt-in", "double-opt-in"]
_BASES: list[LegalBasis] = ["consent", "consent", "legitimate_interest", "contract"]


@st.composite
def journeys(
    draw: st.DrawFn,
    classes: Sequence[type[Event]],
    profile: type[Profile],
    *,
    name: str = "journey",
    channels: Sequence[str] = _CHANNELS,
    send_times: Sequence[str] = (),
    others: Sequence[str] = (),
    functions: Functions = MappingProxyType({}),
) -> Journey:
    """A legal journey that starts with the first of `classes`, or without an event.

    With `send_times`, it takes a workspace that has them, and says what every channel costs
    and which events are responses; with `others`, one that has journeys of these names; with
    `functions` (name to what it gives), who plays it has these, and shared limits.
    """
    author = _Author(draw, classes, profile, channels, send_times, others, functions)
    shared: dict[str, Any] = {"reentry": draw(_reentries()), "version": draw(st.integers(1, 3))}
    exits: list[Any] = [author.on()] if draw(st.booleans()) else []
    if draw(st.booleans()):
        exits.append(author.condition())
    entry: Any = On(classes[0], where=draw(st.none() | conditions(author.trigger)))
    if draw(st.integers(0, 2)) == 0:
        author.without_trigger()
        entry = draw(entries_alone(classes, profile))
        exits = [draw(st.sampled_from([Enters, Leaves]))(draw(segments(classes, profile)))]
    try:
        return Journey(
            name,
            entry=entry,
            steps=[*author.steps(3), *author.finish()],
            goal=author.goals(),
            exits=exits,
            holdout=draw(st.sampled_from([0.0, 0.1, 0.5])),
            overdue=draw(st.none() | _OVERDUE),
            **author.errands.caps(),
            **shared,
        )
    except DefinitionError:  # all ways of a branch left, and something stands behind it
        assume(False)
        raise


_OVERDUE = st.builds(
    lambda after, then: Overdue(after=after, then=then),
    st.sampled_from([hours(1), days(1), days(20)]),
    st.sampled_from(["send", "skip", "exit"]),
)


def _reentries() -> st.SearchStrategy[Any]:
    return st.sampled_from([Once(), AfterExit(), Always(), Restart()]) | durations().map(After)


class _Author:
    """Writes steps, one list after the other, with labels to go back to."""

    def __init__(
        self,
        draw: st.DrawFn,
        classes: Sequence[type[Event]],
        profile: type[Profile],
        channels: Sequence[str],
        send_times: Sequence[str],
        others: Sequence[str],
        functions: Functions,
    ) -> None:
        self._draw = draw
        self.errands = Errands(draw, functions)
        self._send_times = send_times
        self._classes = classes
        self._channels = channels
        self._profile = attributes_of(profile)
        self.trigger = attributes_of(classes[0])
        self._labels = 0
        self._behind: list[str] = []
        self._ahead = draw(st.booleans())
        sends = ["farewell"] if self._ahead else []
        self._waits = Waits(draw, self._profile, self.on, self.condition, sends)
        self._acts = Acts(draw, classes, profile, self._behind, others)

    def without_trigger(self) -> None:
        """Read no trigger: the journey starts without an event."""
        self.trigger = []
        self._acts.without_trigger()

    def steps(self, depth: int) -> list[Step]:
        """A list of steps, to which later ones may jump back."""
        return [self._step(depth) for _ in range(self._draw(st.integers(1, 4)))]

    def finish(self) -> list[Step]:
        """The last steps; one of them may be jumped to."""
        if not self._ahead:
            return []
        return [Send("farewell", via=self._via(), label="farewell")]

    def goals(self) -> list[Goal]:
        """One that ends the run, and perhaps one that people jump to."""
        jumps = [Goal(self.on(), goto="farewell")] if self._ahead else []
        return [*jumps, Goal(self.on(), within=self._maybe(durations()))]

    def on(self) -> On:
        """An event to react to."""
        cls = self._draw(st.sampled_from(self._classes))
        attributes = [*attributes_of(cls), *self._profile]
        return On(cls, where=self._maybe(conditions(attributes, self._classes)))

    def _maybe(self, strategy: st.SearchStrategy[T]) -> T | None:
        return self._draw(strategy) if self._draw(st.booleans()) else None

    def condition(self) -> Condition:
        """A condition on what a run can read everywhere."""
        return self._draw(conditions([*self.trigger, *self._profile], self._classes))

    def _step(self, depth: int) -> Step:
        plain: list[Write] = [self._message, *self._waits.plain()]
        plain += self._acts.plain(self._some_channels) + self.errands.plain()
        nested: list[Nest] = [self._branch, self._split, self._send]
        nested += self._acts.nested(self.steps, self._inner, self.condition)
        nested += self._waits.nested(self._inner) + self.errands.nested(self._inner)
        nested = nested if depth else []
        number = self._draw(st.integers(0, len(plain) + len(nested) - 1))
        if number < len(plain):
            return plain[number](self._label())
        return nested[number - len(plain)](self._label(), depth - 1)

    def _label(self) -> str | None:
        if not self._draw(st.booleans()):
            return None
        self._labels += 1
        self._behind.append(f"step-{self._labels}")
        return self._behind[-1]

    def _inner(self, depth: int) -> list[Step]:
        """The steps of one way: they may be none, leave, go back behind a wait, or go ahead."""
        labels = list(self._behind)
        steps = self.steps(max(depth, 0)) if self._draw(st.booleans()) else []
        match self._draw(st.sampled_from(["go on", "go on", "exit", "back", "ahead"])):
            case "exit":
                steps.append(Exit(self._draw(st.sampled_from(["done", "not-needed"]))))
            case "back" if labels:
                at_most = self._maybe(st.integers(1, 3))
                target = self._draw(st.sampled_from(labels))
                steps += [Wait(hours(1)), Goto(target, at_most=at_most)]
            case "ahead" if self._ahead:
                steps.append(Goto("farewell"))
        return steps

    def _some_channels(self) -> list[str]:
        channels = [self._draw(st.sampled_from(self._channels)) for _ in range(2)]
        return list(dict.fromkeys(channels))

    def _via(self) -> list[str] | Via:
        channels = self._some_channels()
        named = [one for one in self._profile if one.kind == "text"]
        rules = ["cheapest", "last_engaged"] if self._send_times else []
        match self._draw(st.sampled_from(["", "", "reachable", "preferred", *rules])):
            case "preferred" if named:
                return Via(*channels, by="preferred", preferred=self._draw(st.sampled_from(named)))
            case "cheapest" | "last_engaged" | "reachable" as by:
                return Via(*channels, by=by)
        return channels

    def _message(self, label: str | None) -> Step:
        return self._send(label, 0)

    def _send(self, label: str | None, depth: int) -> Step:
        choices: list[OnBlocked] = [*_BLOCKED, "else"] if depth else _BLOCKED
        on_quiet, on_cap, on_throttle = (self._draw(st.sampled_from(choices)) for _ in range(3))
        otherwise: list[Step] = []
        if "else" in (on_quiet, on_cap, on_throttle):
            otherwise = self._inner(depth - 1) or [Wait(hours(1))]
        return Send(
            self._draw(st.sampled_from(["hello", "news", "offer"])),
            via=self._via(),
            topic=self._draw(st.sampled_from([None, "offers"])),
            tags=self._draw(st.sampled_from([[], ["promo"], ["promo", "spring"]])),
            priority=self._draw(st.integers(-1, 1)),
            on_quiet=on_quiet,
            on_cap=on_cap,
            on_throttle=on_throttle,
            otherwise=otherwise,
            on_failure=self._acts.on_failure(self._inner, depth),
            valid_for=self._maybe(durations()),
            spread=self._maybe(durations()),
            hours=self._draw(st.just([]) | st.lists(hours_for_messages(), max_size=1)),
            legal_basis=self._draw(st.sampled_from(_BASES)),
            label=label,
            **self._timing(),
        )

    def _timing(self) -> dict[str, Any]:
        if not self._send_times or self._draw(st.booleans()):
            return {}
        name = self._draw(st.sampled_from(self._send_times))
        return {"send_time": name, "within": self._draw(durations())}

    def _branch(self, label: str | None, depth: int) -> Step:
        whens = [
            When(self.condition(), self._inner(depth)) for _ in range(self._draw(st.integers(1, 2)))
        ]
        return Branch(*whens, otherwise=self._inner(depth), label=label)

    def _split(self, label: str | None, depth: int) -> Step:
        arms = [Arm("a", self._draw(st.integers(0, 2)), self._inner(depth))]
        return Split(*arms, Arm("b", 1, self._inner(depth)), label=label)


@st.composite
def workspaces(
    draw: st.DrawFn,
    classes: Sequence[type[Event]],
    profile: type[Profile],
    *,
    max_journeys: int = 2,
    functions: Functions = MappingProxyType({}),
) -> Workspace:
    """A legal workspace: journeys, quiet hours, send windows, caps and consent rules."""
    mode = st.sampled_from(_MODES)
    some = st.none() | st.lists(st.sampled_from(_CHANNELS), min_size=1, max_size=2, unique=True)
    where = st.none() | conditions(attributes_of(profile), classes)
    names = [f"journey-{n}" for n in range(draw(st.integers(1, max_journeys)))]
    send_times = dict(_SEND_TIMES) if draw(st.booleans()) else {}
    shared: dict[str, Any] = {"send_times": sorted(send_times), "functions": functions}
    written = [draw(journeys(classes, profile, name=n, others=names, **shared)) for n in names]
    return Workspace(
        journeys=written,
        profile=profile,
        events=list(classes),
        timezone=draw(st.sampled_from(sorted({name for name, _ in clock_changes()}))),
        policy=Policy(
            consent={channel: draw(mode) for channel in _CHANNELS},
            consent_rules=draw(st.lists(_stricter(some, where), max_size=1)),
            quiet_hours=draw(st.lists(nights(some, where), max_size=2)),
            windows=draw(st.lists(daytimes(some, where), max_size=1)),
            caps=draw(st.lists(_caps(written, profile, some, where), max_size=2)),
            **(draw(_about_channels(classes, profile)) if send_times else {}),
        ),
        send_times=send_times,
    )


def _stricter(
    some: st.SearchStrategy[list[str] | None], where: st.SearchStrategy[Condition | None]
) -> st.SearchStrategy[ConsentRule]:
    return st.builds(ConsentRule, st.sampled_from(_STRICTER), channels=some, where=where)


def _in_a_third(
    customer: SendTimeCustomer, message: SendTimeMessage, window: DeliveryWindow
) -> datetime:
    """Behind a third of the window, when the gate is open; on one channel at its end."""
    if message.channel == "push" and customer.responses:
        return window.end
    third = window.start + (window.end - window.start) / 3
    return window.opens(third) or third


_SEND_TIMES: dict[str, BestHour | SendTimeFunction] = {
    "best": BestHour(at_least=1),
    "third": _in_a_third,
}


def _about_channels(
    classes: Sequence[type[Event]], profile: type[Profile]
) -> st.SearchStrategy[dict[str, Any]]:
    """What the rules about channels go by."""
    answers = st.lists(st.sampled_from(classes).map(On), min_size=1, max_size=2)
    return st.fixed_dictionaries(
        {
            "responses": st.fixed_dictionaries(dict.fromkeys(_CHANNELS, answers)),
            "costs": st.fixed_dictionaries(dict.fromkeys(_CHANNELS, st.sampled_from([0, 0.5, 1]))),
            "reachable": st.dictionaries(
                st.sampled_from(_CHANNELS), conditions(attributes_of(profile), classes), max_size=1
            ),
        }
    )


@st.composite
def _caps(
    draw: st.DrawFn,
    written: Sequence[Journey],
    profile: type[Profile],
    some: st.SearchStrategy[list[str] | None],
    where: st.SearchStrategy[Condition | None],
) -> FrequencyCap | MinimumGap:
    """A cap or a gap that covers something that the journeys send."""
    sends = [step for one in written for _, step in steps_of(one) if isinstance(step, Send)]
    named = {
        "templates": sorted({send.template for send in sends}),
        "tags": sorted({tag for send in sends for tag in send.tags}),
    }
    shared: dict[str, Any] = {
        "channels": draw(some),
        "where": draw(where),
        "countries": draw(st.none() | st.just(["DE", "US-FL"])),
        "counts_transactional": draw(st.booleans()),
    }
    for option, names in named.items():
        if names and draw(st.integers(0, 2)) == 0:
            shared[option] = [draw(st.sampled_from(names))]
    if draw(st.integers(0, 2)) == 0:
        return MinimumGap(draw(durations()), **shared)
    wishes = [one for one in attributes_of(profile) if one.kind == "integer"]
    own = draw(st.sampled_from([None, *wishes]))
    per: Any = draw(durations() | st.sampled_from(["day", "week", "month"]))
    ahead = draw(st.sampled_from([None, None, hours(6), days(3)]))
    return FrequencyCap(draw(st.integers(0, 3)), per=per, own_limit=own, look_ahead=ahead, **shared)


__all__ = ["journeys", "workspaces"]
