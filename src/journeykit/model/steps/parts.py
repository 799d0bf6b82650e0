"""How are steps used again? `Part`: a list of steps under a name, as a value."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator

from journeykit.model.base import Wrong
from journeykit.model.names import Label
from journeykit.model.steps.base import InnerSteps, Step, Steps

PART = "part"


class Part(Step):
    """A list of steps under a name; a run takes them as if they were written in its place.

    The ids of its steps begin with the name: `reminders.wait_1`, and `reminders.last` for the
    label `last`. Within the part, its own steps are called by their short names: `Goto("last")`,
    `outcome("last")`. A `Goto` may lead to the part by its name. What leaves out the next step
    leaves out a part as a whole.

    Args:
        name: Where one part is used twice in a journey, it needs two names.
    """

    name: Label
    steps: Steps
    type: Literal["part"] = Field(default="part", kw_only=True)

    if TYPE_CHECKING:

        def __init__(self, name: str, steps: Sequence[Step]) -> None: ...

    @model_validator(mode="after")
    def _has_steps_and_a_name(self) -> Part:
        if not self.steps:
            raise Wrong("a part without steps does nothing", "give at least one step", "steps")
        if "." in self.name:
            raise Wrong(
                f"{self.name!r} has a dot, which parts a name from the steps within it",
                "write - or _ in its place",
                "name",
            )
        if self.label is not None:
            raise Wrong("a part is called by its name", "leave label out", "label")
        return self

    def inner(self) -> Iterator[InnerSteps]:
        """Yield the lists of steps within it."""
        yield InnerSteps(PART, f"Part {self.name!r}", self.steps)
