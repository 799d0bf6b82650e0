"""Which steps need something from outside the customer? A function's answer, or a turn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    Field,
    PrivateAttr,
    ValidatorFunctionWrapHandler,
    model_validator,
)

from journeykit.model.base import Wrong
from journeykit.model.fields import RESULT, FieldRef
from journeykit.model.names import Label, Name
from journeykit.model.results import Result, ResultName, result_name
from journeykit.model.spans import Positive, Span
from journeykit.model.steps.base import InnerSteps, Step
from journeykit.model.steps.changes import SetValue, given_as_wire
from journeykit.model.steps.failing import OnCallFailure, failing_outcomes, failing_steps
from journeykit.model.throttles import elapsed, interval_of

ResultClass: TypeAlias = type[Result]


class Call(Step):
    """Call a function of the host, and wait for its answer.

    The function is called after the decision is stored, at least once, always with the same
    key. It is registered by name: `Orchestrator(functions={"score_lead": score_lead})`.

    Args:
        function: Its name.
        gives: The `Result` class that it gives back: later steps, conditions and templates of
            the run read it. What does not fit the class counts as a failed call.
        arguments: Name to a constant, or to a field of the profile, the trigger or an earlier
            result; read when the run comes to the step. Dates and decimals arrive as text.
        max_attempts: Calls in all, the first included; between them pauses grow.
        on_failure: What the run does when the last of them failed: stay here, parked with its
            error, until `Orchestrator.retry` lets it try again; go on, exit, or take these
            steps first.
    """

    function: Name
    gives: ResultName | None = Field(default=None, kw_only=True)
    arguments: Mapping[Label, SetValue] = Field(default_factory=dict, kw_only=True)
    max_attempts: int = Field(default=5, ge=1, le=100, kw_only=True, strict=True)
    on_failure: OnCallFailure = Field(default="park", kw_only=True)
    type: Literal["call"] = Field(default="call", kw_only=True)
    _result_class: ResultClass | None = PrivateAttr(default=None)

    if TYPE_CHECKING:

        def __init__(
            self,
            function: str,
            *,
            gives: ResultClass | str | None = None,
            arguments: Mapping[str, object] = ...,
            max_attempts: int = 5,
            on_failure: Literal["park", "continue", "exit"] | Sequence[Step] = "park",
            label: str | None = None,
        ) -> None: ...

    @model_validator(mode="wrap")
    @classmethod
    def _keep_class(cls, data: Any, handler: ValidatorFunctionWrapHandler) -> Call:
        call: Call = handler(given_as_wire(data, "arguments"))
        gives = data.get("gives") if isinstance(data, dict) else None
        if isinstance(gives, type):
            call._result_class = gives
        return call

    @property
    def result_class(self) -> ResultClass | None:
        """The class this was written with; None where it gives nothing, or was loaded from data."""
        return self._result_class

    def inner(self) -> Iterator[InnerSteps]:
        """Yield the lists of steps within it."""
        yield from failing_steps(self.on_failure)

    @property
    def outcomes(self) -> Sequence[str]:
        """The outcomes that lead on behind it."""
        return ("done", *failing_outcomes(self.on_failure))

    def reads(self) -> Iterator[tuple[str, FieldRef]]:
        """Yield the fields that it reads."""
        for name, value in self.arguments.items():
            if isinstance(value, FieldRef):
                yield f"arguments › {name}", value


class RateLimit(Step):
    """Let at most `limit` runs pass in a span of time; the others wait here for their turn.

    A token bucket, shared by all customers and all workers of a store: it holds `burst`
    tokens, every run takes one, and one comes back each `per` divided by `limit`. So in any
    span of time T, `burst` and as many as come back in T pass. Who came first goes first, as
    far as one worker knows of them.

    Args:
        limit: How many in `per`.
        per: Elapsed time.
        burst: How many may pass at once after a pause; one, when not given.
    """

    limit: int = Field(ge=1, strict=True)
    per: Annotated[Positive, AfterValidator(elapsed)] = Field(kw_only=True)
    burst: int = Field(default=1, ge=1, kw_only=True, strict=True)
    type: Literal["rate_limit"] = Field(default="rate_limit", kw_only=True)

    if TYPE_CHECKING:

        def __init__(
            self, limit: int, *, per: Span, burst: int = 1, label: str | None = None
        ) -> None: ...

    @model_validator(mode="after")
    def _not_faster_than_instants(self) -> RateLimit:
        if self.limit > self.per.micros:
            raise Wrong(
                "more than one run in a microsecond is no limit",
                "give a smaller limit, or leave the step out",
                "limit",
            )
        return self

    @property
    def interval(self) -> int:
        """After which one token comes back, in micros; rounded up, so that the limit holds."""
        return interval_of(self.limit, self.per)

    @property
    def rate(self) -> str:
        """How many in which time, in short."""
        return f"{self.limit} per {self.per}"


def gives_of(step: Any) -> str | None:
    """Return the name of the result that a step gives, or None."""
    return step.gives if isinstance(step, Call) else None


def result_classes_of(
    declared: Sequence[type[Result]],
    steps: Iterable[tuple[str, Step]],
    *,
    complete: bool = True,
) -> dict[str, type[Result]]:
    """Return the result classes by wire name: those declared, and those written in steps.

    Args:
        steps: The steps of a workspace, each with its place.
        complete: Whether all that some step gives has to have one.

    Raises:
        Wrong: Two classes have one name, or what a step gives has no class.
    """
    calls = [(place, step) for place, step in steps if isinstance(step, Call)]
    written = [call.result_class for _, call in calls]
    found: dict[str, type[Result]] = {}
    for cls in (*declared, *(cls for cls in written if cls is not None)):
        if found.setdefault(cls.__wire_name__, cls) is not cls:
            raise Wrong(
                f"two result classes have the name {result_name(cls)!r}",
                'rename one: class Other(Result, name="other")',
                "results",
            )
    for place, call in calls if complete else ():
        if call.gives is not None and RESULT + call.gives not in found:
            raise Wrong(
                f"the class of result {call.gives!r} is not known here",
                "give the class: Workspace(results=[...]), or its fields in vocabulary",
                f"{place} › gives",
            )
    return found
