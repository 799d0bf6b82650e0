"""Which step gathers events? `Digest`: for a while, to go on with the list of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from journeykit.model.spans import Positive, Span
from journeykit.model.steps.base import Step
from journeykit.model.triggers import On

MOST_COLLECTED = 1000


class Digest(Step):
    """Collect events for a while, then go on with the list of their fields.

    The list is read by templates as `collected["step id"]`, oldest first, and its length by
    conditions: `collected("step id") >= 3`. The trigger of the run is the first, where it is
    such an event; events since the entry count, also before the step was reached. On a loop
    each visit begins a new list.

    Args:
        on: The events, with what must hold of them and which run they concern.
        window: How long it collects, from the instant at which the step is reached.
        at_most: With so many, it goes on at once; up to 1000.
        sliding: Each event begins the window anew, but no longer than ten windows in all.
    """

    on: On
    window: Positive = Field(kw_only=True)
    at_most: int = Field(default=100, ge=1, le=MOST_COLLECTED, kw_only=True, strict=True)
    sliding: bool = Field(default=False, kw_only=True, strict=True)
    type: Literal["digest"] = Field(default="digest", kw_only=True)

    if TYPE_CHECKING:

        def __init__(
            self,
            on: On,
            *,
            window: Span,
            at_most: int = 100,
            sliding: bool = False,
            label: str | None = None,
        ) -> None: ...

    @property
    def lets_time_pass(self) -> bool:
        """Whether it does so each time: what is collected is used up."""
        return True

    def hears(self) -> Iterator[tuple[str, On]]:
        """Yield what it collects."""
        yield "on", self.on
