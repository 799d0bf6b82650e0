"""Which step starts another journey? `StartJourney`, for the same customer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, model_validator

from journeykit.model.base import Wrong
from journeykit.model.fields import FieldRef
from journeykit.model.names import Name
from journeykit.model.spans import Positive, Span
from journeykit.model.steps.base import InnerSteps, Step, Steps
from journeykit.model.steps.changes import SetValue, given_as_wire, own_wire


class StartJourney(Step):
    """Enter the customer into another journey, as a call does.

    Its rules of re-entry hold, with holdout, caps, pauses and entry window. There is no event,
    so what `where=` of its entry asks is not asked: put it into a `Branch` around this step.

    What came of it is read with `outcome("step id")`: `started` or `refused`; where the end is
    waited for, then `completed`, `exited`, `goal`, `cancelled`, `restarted` or `failed`. The
    other run lives on when this one ends.

    Args:
        journey: Name of the journey, in the same workspace.
        key: What tells its runs apart, where its entry has a key: a text, or a field.
        data: What its steps read as the trigger: constants, or fields of this run.
        wait_for_end: Stand here until the other run is over.
        timeout: How long at most; reckoned from the instant at which the step is reached.
        on_timeout: Steps after the time-out.
    """

    journey: Name
    key: SetValue = Field(default=None, kw_only=True)
    data: Mapping[str, SetValue] = Field(default_factory=dict, kw_only=True)
    wait_for_end: bool = Field(default=False, kw_only=True, strict=True)
    timeout: Positive | None = Field(default=None, kw_only=True)
    on_timeout: Steps = Field(default=(), kw_only=True)
    type: Literal["start_journey"] = Field(default="start_journey", kw_only=True)
    results: ClassVar[tuple[str, ...]] = (
        "started", "refused", "completed", "exited", "goal", "cancelled", "restarted", "failed",
    )  # fmt: skip

    if TYPE_CHECKING:

        def __init__(
            self,
            journey: str,
            *,
            key: object = None,
            data: Mapping[str, object] = ...,
            wait_for_end: bool = False,
            timeout: Span | None = None,
            on_timeout: Sequence[Step] = (),
            label: str | None = None,
        ) -> None: ...

    @model_validator(mode="before")
    @classmethod
    def _as_wire(cls, data: Any) -> Any:
        if isinstance(data, dict) and "key" in data:
            data = {**data, "key": own_wire(data["key"], "key")}
        return given_as_wire(data, "data")

    @model_validator(mode="after")
    def _waits_for_something(self) -> StartJourney:
        if self.timeout is not None and not self.wait_for_end:
            raise Wrong(
                "a time-out, and nothing is waited for", "write wait_for_end=True", "timeout"
            )
        if self.on_timeout and self.timeout is None:
            raise Wrong("no time-out leads to these steps", "give timeout=", "on_timeout")
        if not isinstance(self.key, str | FieldRef | None):
            raise Wrong(f"a key is text, and {self.key!r} is not", "write it in quotes", "key")
        return self

    def inner(self) -> Iterator[InnerSteps]:
        """Yield the lists of steps within it."""
        if self.timeout is not None:
            yield InnerSteps("timeout", "on_timeout", self.on_timeout)

    @property
    def outcomes(self) -> Sequence[str]:
        """The outcomes that lead on behind it."""
        return ("done",)

    def reads(self) -> Iterator[tuple[str, FieldRef]]:
        """Yield the fields that it reads."""
        if isinstance(self.key, FieldRef):
            yield "key", self.key
        for name, value in self.data.items():
            if isinstance(value, FieldRef):
                yield f"data › {name}", value
