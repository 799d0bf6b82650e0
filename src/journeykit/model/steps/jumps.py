"""Which steps lead elsewhere? To a label, or out of the journey."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from pydantic import Field

from journeykit.model.names import Label, Name
from journeykit.model.steps.base import Step


class Goto(Step):
    """Go on at the step, or the part, with this label.

    Args:
        target: Within a `Part`, a label of the part comes first, then those around it.
        at_most: How often one run goes there from here; then it goes on behind this step.
            Always, when not given.
    """

    target: Label
    at_most: int | None = Field(default=None, ge=1, kw_only=True, strict=True)
    type: Literal["goto"] = Field(default="goto", kw_only=True)

    @property
    def outcomes(self) -> Sequence[str]:
        """The outcomes that lead on behind it; `again` leads to its target."""
        return () if self.at_most is None else ("done",)


class Exit(Step):
    """End the run here, with a reason that reports show."""

    reason: Name = "exit"
    type: Literal["exit"] = Field(default="exit", kw_only=True)
    ends_run: ClassVar[bool] = True
