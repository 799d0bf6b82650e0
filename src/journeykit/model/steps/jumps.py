"""Which steps lead elsewhere? To a label, or out of the journey."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from journeykit.model.names import Label, Name
from journeykit.model.steps.base import Step


class Goto(Step):
    """Go on at the step with this label."""

    target: Label
    type: Literal["goto"] = Field(default="goto", kw_only=True)


class Exit(Step):
    """End the run here, with a reason that reports show."""

    reason: Name = "exit"
    type: Literal["exit"] = Field(default="exit", kw_only=True)
    ends_run: ClassVar[bool] = True
