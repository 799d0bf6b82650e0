"""Which steps part the ways? By conditions, or by weight."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator

from journeykit.model.base import Frozen, Wrong
from journeykit.model.conditions import AnyCondition, Condition
from journeykit.model.names import Label, Name
from journeykit.model.steps.base import InnerSteps, Step, Steps
from journeykit.model.triggers import as_tuple


class When(Frozen):
    """One way of a `Branch`: taken when its condition is the first that holds."""

    condition: AnyCondition
    steps: Steps = ()

    if TYPE_CHECKING:

        def __init__(self, condition: Condition | bool, steps: Sequence[Step] = ()) -> None: ...


class Branch(Step):
    """Take the first way whose condition holds, else `otherwise`; then go on behind it."""

    _variadic: ClassVar[str] = "whens"
    whens: Annotated[Sequence[When], AfterValidator(as_tuple)]
    otherwise: Steps = Field(default=(), kw_only=True)
    type: Literal["branch"] = Field(default="branch", kw_only=True)

    if TYPE_CHECKING:

        def __init__(
            self, *whens: When, otherwise: Sequence[Step] = (), label: str | None = None
        ) -> None: ...

    @model_validator(mode="after")
    def _some_way(self) -> Branch:
        if not self.whens:
            raise Wrong(
                "a branch without a When", "give at least one When(condition, [steps])", "whens"
            )
        return self

    def inner(self) -> Iterator[InnerSteps]:
        """Yield the lists of steps within it."""
        for number, when in enumerate(self.whens):
            yield InnerSteps(f"when_{number + 1}", f"whens[{number}]", when.steps)
        yield InnerSteps("otherwise", "otherwise", self.otherwise)

    def asks(self) -> Iterator[tuple[str, Condition]]:
        """Yield its conditions."""
        for number, when in enumerate(self.whens):
            yield f"whens[{number}] › condition", when.condition


class Arm(Frozen):
    """One arm of a `Split` or an `Experiment`, taken by `weight` in the sum of all weights."""

    name: Label
    weight: int = Field(default=1, ge=0, strict=True)
    steps: Steps = ()

    if TYPE_CHECKING:

        def __init__(self, name: str, weight: int = 1, steps: Sequence[Step] = ()) -> None: ...


class Split(Step):
    """Take one arm by a keyed hash of workspace seed, journey, step and customer.

    The same customer always takes the same arm of the same step (rule O4).
    """

    _variadic: ClassVar[str] = "arms"
    arms: Annotated[Sequence[Arm], AfterValidator(as_tuple)]
    type: Literal["split"] = Field(default="split", kw_only=True)

    if TYPE_CHECKING:

        def __init__(self, *arms: Arm, label: str | None = None) -> None: ...

    @model_validator(mode="after")
    def _arms_differ(self) -> Split:
        _refuse_alike("split", "Split(", self.arms)
        return self

    def inner(self) -> Iterator[InnerSteps]:
        """Yield the lists of steps within it."""
        yield from _ways(self.arms)


class Experiment(Step):
    """Take one arm by a keyed hash of workspace seed, experiment and customer.

    The same customer is in the same arm in every journey. Where weights change, or an arm is
    added or removed, only as many customers move as must: to the arm that grew, or from the
    one that shrank.

    Args:
        name: The experiment; with this name it has the same arms and weights everywhere in a
            workspace, and may have other steps.
    """

    _variadic: ClassVar[str] = "arms"
    _leading: ClassVar[tuple[str, ...]] = ("name",)
    name: Name
    arms: Annotated[Sequence[Arm], AfterValidator(as_tuple)]
    type: Literal["experiment"] = Field(default="experiment", kw_only=True)

    if TYPE_CHECKING:

        def __init__(self, name: str, *arms: Arm, label: str | None = None) -> None: ...

    @model_validator(mode="after")
    def _arms_differ(self) -> Experiment:
        _refuse_alike("experiment", f"Experiment({self.name!r}, ", self.arms)
        return self

    @property
    def weights(self) -> dict[str, int]:
        """Arm to weight."""
        return {arm.name: arm.weight for arm in self.arms}

    def inner(self) -> Iterator[InnerSteps]:
        """Yield the lists of steps within it."""
        yield from _ways(self.arms)


def _refuse_alike(kind: str, written: str, arms: Sequence[Arm]) -> None:
    names = [arm.name for arm in arms]
    if len(names) < 2 or len(set(names)) != len(names):
        article = "an" if kind == "experiment" else "a"
        raise Wrong(
            f"{article} {kind} needs two or more arms with different names",
            f'write {written}Arm("a", 50, [...]), Arm("b", 50, [...]))',
            "arms",
        )
    if not any(arm.weight for arm in arms):
        raise Wrong("every arm has weight 0", "give at least one arm a weight above 0", "arms")


def _ways(arms: Sequence[Arm]) -> Iterator[InnerSteps]:
    for number, arm in enumerate(arms):
        yield InnerSteps(f"arm_{arm.name}", f"arms[{number}]", arm.steps)
