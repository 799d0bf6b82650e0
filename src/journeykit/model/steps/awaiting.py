"""Which steps wait for something to happen, but not for ever? `WaitFor` and its cases."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, model_validator

from journeykit.model.base import Frozen, Wrong
from journeykit.model.conditions import AnyCondition, Condition
from journeykit.model.fields import FieldRef
from journeykit.model.receipts import Receipt
from journeykit.model.spans import Positive, Span
from journeykit.model.steps.base import InnerSteps, Step, Steps
from journeykit.model.triggers import On, as_tuple, one_or_many

Need = Literal["any", "all"]


def _kind_of(value: Any) -> str:
    if isinstance(value, On | Receipt | Case):
        return type(value).__name__
    if isinstance(value, dict):
        for key, name in (("what", "Case"), ("receipt", "Receipt")):
            if key in value:
                return name
        if "event" in value and "past" not in value:
            return "On"
    return "On" if isinstance(value, type) else "-condition"  # a class wants to be in an On


if TYPE_CHECKING:
    AnyAwaited: TypeAlias = On | Receipt | Condition  # which is all that a checker needs to know
else:
    AnyAwaited = Annotated[
        Annotated[On, Tag("On")]
        | Annotated[Receipt, Tag("Receipt")]
        | Annotated[AnyCondition, Tag("-condition")],
        Discriminator(_kind_of),
    ]


class Case(Frozen):
    """One of several things that a `WaitFor` waits for, with steps of its own.

    Args:
        what: An event, a condition or a receipt.
        steps: What follows when it comes first; behind them the run goes on after the `WaitFor`.
    """

    what: AnyAwaited
    steps: Steps = ()

    if TYPE_CHECKING:

        def __init__(
            self, what: On | Receipt | Condition | bool, steps: Sequence[Step] = ()
        ) -> None: ...


if TYPE_CHECKING:
    _Item: TypeAlias = On | Receipt | Condition | Case
else:
    _Item = Annotated[
        Annotated[On, Tag("On")]
        | Annotated[Receipt, Tag("Receipt")]
        | Annotated[Case, Tag("Case")]
        | Annotated[AnyCondition, Tag("-condition")],
        Discriminator(_kind_of),
    ]


class WaitFor(Step):
    """Wait for something to happen, but not for ever.

    What is awaited is an event (`On`), a condition, a receipt of an earlier message
    (`Receipt`), or any of these with steps of its own (`Case`). A condition is asked when the
    step is reached, after every input, and when time alone makes it true; it counts while it
    holds, and is not remembered.

    Args:
        on: What is awaited, or several of which the first counts. Of those that one input
            brings, or that are there when the step is reached, the first in the list counts.
        need: With `"all"`, all of them are awaited, in any order; then there are no cases.
        timeout: Reckoned from the instant at which the step is reached. What is received
            exactly then still counts (rule O2).
        then: Steps after what has no case of its own.
        on_timeout: Steps after the time-out.
        since: `entry` (the default) also takes an event or a receipt that came before the
            step was reached; `step` only one that comes after (rule O7). A condition that holds
            counts in either case.
    """

    on: Annotated[Sequence[_Item], BeforeValidator(one_or_many), AfterValidator(as_tuple)]
    need: Need = Field(default="any", kw_only=True)
    timeout: Positive = Field(kw_only=True)
    then: Steps = Field(default=(), kw_only=True)
    on_timeout: Steps = Field(default=(), kw_only=True)
    since: Literal["entry", "step"] = Field(default="entry", kw_only=True)
    type: Literal["wait_for"] = Field(default="wait_for", kw_only=True)

    if TYPE_CHECKING:

        def __init__(
            self,
            on: On
            | Receipt
            | Condition
            | Case
            | bool
            | Sequence[On | Receipt | Condition | Case | bool],
            *,
            need: Need = "any",
            timeout: Span,
            then: Sequence[Step] = (),
            on_timeout: Sequence[Step] = (),
            since: Literal["entry", "step"] = "entry",
            label: str | None = None,
        ) -> None: ...

    @model_validator(mode="after")
    def _is_whole(self) -> WaitFor:
        if not self.on:
            raise Wrong("nothing is awaited", "give at least one On(...)", "on")
        if self.need == "all" and self.cases:
            raise Wrong(
                "all are awaited, so no case comes first",
                "leave out the cases and give the steps in then=, or write need='any'",
                "need",
            )
        if self.then and len(self.cases) == len(self.on):
            raise Wrong(
                "each of the awaited has a case of its own, so these steps are never taken",
                "leave out then, or put the steps behind the WaitFor",
                "then",
            )
        if self.since == "step" and all(isinstance(what, Condition) for _, _, what in self.awaited):
            raise Wrong(
                "only conditions are awaited, and one that holds counts, since whenever it does",
                "leave out since, or await an event",
                "since",
            )
        return self

    @property
    def cases(self) -> Sequence[tuple[int, Case]]:
        """The cases, each with its place in `on`; the first has the outcome `case_1`."""
        return [(place, one) for place, one in enumerate(self.on) if isinstance(one, Case)]

    @property
    def awaited(self) -> Iterator[tuple[str, str, On | Receipt | Condition]]:
        """What is awaited: the place within the step, the outcome, and what it is."""
        number = 0
        for place, one in enumerate(self.on):
            if isinstance(one, Case):
                number += 1
                yield f"on[{place}] › what", f"case_{number}", one.what
            else:
                yield f"on[{place}]", "event", one

    @property
    def is_plain(self) -> bool:
        """Whether it waits for the first of some events, without cases."""
        return self.need == "any" and all(isinstance(one, On) for one in self.on)

    @property
    def lets_time_pass(self) -> bool:
        """Whether it does so each time: an event is used up, a condition may go on to hold."""
        passes = [
            isinstance(what, On) or (isinstance(what, Receipt) and self.since == "step")
            for _, _, what in self.awaited
        ]
        return any(passes) if self.need == "all" else all(passes)

    def inner(self) -> Iterator[InnerSteps]:
        """Yield the lists of steps within it."""
        cases = self.cases
        for number, (place, case) in enumerate(cases, 1):
            yield InnerSteps(f"case_{number}", f"on[{place}]", case.steps)
        if len(cases) < len(self.on):
            yield InnerSteps("event", "then", self.then)
        yield InnerSteps("timeout", "on_timeout", self.on_timeout)

    def hears(self) -> Iterator[tuple[str, On]]:
        """Yield what it reacts to."""
        for place, _, what in self.awaited:
            if isinstance(what, On):
                yield place, what

    def asks(self) -> Iterator[tuple[str, Condition]]:
        """Yield its conditions."""
        for place, _, what in self.awaited:
            if isinstance(what, Condition):
                yield place, what

    def reads(self) -> Iterator[tuple[str, FieldRef]]:
        """Yield what it reads of the messages before it."""
        for place, _, what in self.awaited:
            if isinstance(what, Receipt):
                yield place, what.read
