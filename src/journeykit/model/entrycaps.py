"""How many customers may enter? Caps on the entries of a journey, across customers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field, model_validator

from journeykit.model.base import Frozen, Wrong
from journeykit.model.caps import CalendarWindow, Per
from journeykit.model.moments import ZoneName
from journeykit.model.spans import Span
from journeykit.model.triggers import as_tuple


class EntryCap(Frozen):
    """At most `limit` entries into the journey in a period, of all customers together.

    A trigger that may enter otherwise takes a slot, on whichever worker; where none is left,
    it is refused with the reason `entry_cap`. The period is that in which the slot is taken.

    Args:
        limit: How many.
        per: `"day"`, `"week"` (from Monday) or `"month"` of a calendar; a span of elapsed
            time, such as `hours(1)`: then time is cut into stretches of that length, counted
            from 1970-01-01T00:00Z; None for a cap on all entries there ever are.
        zone: Whose calendar; the workspace's zone when not given. Spans take none.
    """

    limit: int = Field(ge=0, strict=True)
    per: Per | None = Field(default=None, kw_only=True)
    zone: ZoneName | None = Field(default=None, kw_only=True)

    if TYPE_CHECKING:

        def __init__(
            self,
            limit: int,
            *,
            per: Span | CalendarWindow | None = None,
            zone: str | None = None,
        ) -> None: ...

    @model_validator(mode="after")
    def _can_be_counted(self) -> EntryCap:
        if isinstance(self.per, str):
            return self
        if self.per is not None and self.per.is_calendar:
            raise Wrong(
                "days of a span are not equally long, and belong to no calendar",
                'give "day", "week" or "month", or a span such as hours(24)',
                "per",
            )
        if self.zone is not None:
            raise Wrong(
                "only a day, a week or a month begins by a clock",
                'leave out zone, or give per="day"',
                "zone",
            )
        return self

    @property
    def title(self) -> str:
        """How reasons name it."""
        return f"{self.limit} in all" if self.per is None else f"{self.limit} per {self.per}"


def _differ(caps: Sequence[EntryCap]) -> tuple[EntryCap, ...]:
    periods = [cap.per for cap in caps]
    for number, per in enumerate(periods):
        if per in periods[:number]:
            raise Wrong(
                "two caps have the same period, so the larger one does nothing",
                "give the smaller one alone",
            )
    return as_tuple(caps)  # type: ignore[no-any-return]


EntryCaps = Annotated[Sequence[EntryCap], AfterValidator(_differ)]
