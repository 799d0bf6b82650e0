"""What starts runs beside an event? A change, a segment, a calendar, a date, a call.

Such an entry has no event, and so no fields of a trigger that later steps could read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from journeykit.model.base import Wrong
from journeykit.model.conditions import Condition, Scalar
from journeykit.model.fields import FieldRef, Reference
from journeykit.model.moments import ClockTime, CronText, ZoneName
from journeykit.model.segments import CustomerCondition, Segment
from journeykit.model.spans import Offset, Span
from journeykit.model.triggers import Entry, one_or_many
from journeykit.model.values import NAMED, WANTED, WANTED_IN_JSON, from_wire, to_wire
from journeykit.time import Feb29, Recurrence


class _AskedAlone(Entry):
    """An entry without an event; `where` is asked when it would start a run."""

    if TYPE_CHECKING:
        where: CustomerCondition | None

    def asks(self) -> Iterator[tuple[str, Condition]]:
        """Yield what must hold."""
        if self.where is not None:
            yield "where", self.where


_Values = Annotated[
    Sequence[Scalar | None] | None,
    BeforeValidator(lambda value: None if value is None else one_or_many(value)),
    AfterValidator(lambda value: None if value is None else tuple(value)),
]


class Changed(_AskedAlone):
    """An attribute of the profile changes its value: the host told another, or a step set it.

    Values are compared before and after, the defaults of the profile class included: telling
    a value anew is no change. What is told when a customer begins is none either.

    Args:
        attribute: Which one, such as `Shopper.plan`.
        was: Only from this value, or from one of several; `None` in a list is for no value.
        becomes: Only to this value, or to one of several.
        where: What must hold of the customer after the change.
    """

    attribute: FieldRef
    was: _Values = Field(default=None, kw_only=True)
    becomes: _Values = Field(default=None, kw_only=True)
    where: CustomerCondition | None = Field(default=None, kw_only=True)
    type: Literal["changed"] = Field(default="changed", kw_only=True)

    if TYPE_CHECKING:

        def __init__(
            self,
            attribute: object,
            *,
            was: object = None,
            becomes: object = None,
            where: Condition | bool | None = None,
        ) -> None: ...

    @model_validator(mode="before")
    @classmethod
    def _as_wire(cls, data: Any) -> Any:
        reference = data.get("attribute") if isinstance(data, dict) else None
        if not isinstance(reference, Reference):
            return data
        data = dict(data)
        for name in ("was", "becomes"):
            if data.get(name) is not None:
                given = one_or_many(data[name])
                data[name] = [_known_value(reference, value, name) for value in given]
        return data

    @model_validator(mode="after")
    def _fits(self) -> Changed:
        if self.attribute.of != "profile":
            raise Wrong(
                f"{self.attribute.of}.{self.attribute.field} does not change: it belongs to an event",
                "give an attribute of the profile, or write On(...)",
                "attribute",
            )
        for name in ("was", "becomes"):
            values = getattr(self, name)
            if values is not None:
                self.__dict__[name] = tuple(self._fitting(value, name) for value in values)
        if self.was == () or self.becomes == ():
            name = "was" if self.was == () else "becomes"
            raise Wrong("the list is empty, so it never happens", "name a value", name)
        if self.was is not None and self.was == self.becomes and len(self.was) == 1:
            raise Wrong("from a value to the same value is no change", "name two", "becomes")
        return self

    def _fitting(self, value: object, name: str) -> Any:
        if value is None:
            return None
        kind = self.attribute.kind
        wire = from_wire(kind, value)
        if wire is None:
            raise Wrong(f"{value!r} is not {NAMED[kind]}", f"give {WANTED_IN_JSON[kind]}", name)
        return wire

    def reads(self) -> Iterator[tuple[str, FieldRef]]:
        """Yield the attribute."""
        yield "attribute", self.attribute


def _known_value(attribute: Reference, value: object, name: str) -> Any:
    """Return a value as a program writes it in wire form."""
    if value is None:
        return None
    wire = to_wire(attribute.kind, value)
    if wire is None:
        kind = attribute.kind
        raise Wrong(f"{attribute!r} is {NAMED[kind]}", f"give {WANTED[kind]}", name)
    if attribute.choices and wire not in attribute.choices:
        known = ", ".join(map(repr, attribute.choices))
        raise Wrong(f"it never has the value {value!r}", f"it is one of {known}", name)
    return wire


class _AtSegment(_AskedAlone):
    segment: Segment
    where: CustomerCondition | None = Field(default=None, kw_only=True)

    def asks(self) -> Iterator[tuple[str, Condition]]:
        """Yield the condition of the segment, and what else must hold."""
        yield "segment › condition", self.segment.condition
        yield from super().asks()


class Enters(_AtSegment):
    """A customer comes to belong to a segment, at the very instant, also if by time alone.

    A new customer who is inside at once enters. One who was there before the segment was
    published does not: `backfill` lets those in. Among `exits`, it ends the runs.
    """

    type: Literal["enters"] = Field(default="enters", kw_only=True)

    if TYPE_CHECKING:

        def __init__(self, segment: Segment, *, where: Condition | bool | None = None) -> None: ...


class Leaves(_AtSegment):
    """A customer no longer belongs to a segment, at the very instant, also if by time alone.

    Among `exits`, it ends the runs.
    """

    type: Literal["leaves"] = Field(default="leaves", kw_only=True)

    if TYPE_CHECKING:

        def __init__(self, segment: Segment, *, where: Condition | bool | None = None) -> None: ...


class Scheduled(_AskedAlone):
    """Again and again by the calendar, for every customer or those of a segment.

    Args:
        cron: Five fields, on the wall clock (rule T6); or else:
        rrule: Which dates, as in RFC 5545: `FREQ=MONTHLY;BYDAY=1MO`. It is counted from
            `starts`; without that, from a Monday and first of January, 2001-01-01.
        at: The time of day that goes with `rrule`.
        starts: The first local date that counts.
        zone: Whose wall clock; the customer's when not given.
        segment: Only for whom is inside at that time.
        where: What must hold of the customer at that time; else the entry is refused.
    """

    cron: CronText | None = Field(default=None, kw_only=True)
    rrule: str | None = Field(default=None, kw_only=True)
    at: ClockTime | None = Field(default=None, kw_only=True)
    starts: date | None = Field(default=None, kw_only=True)
    zone: ZoneName | None = Field(default=None, kw_only=True)
    segment: Segment | None = Field(default=None, kw_only=True)
    where: CustomerCondition | None = Field(default=None, kw_only=True)
    type: Literal["scheduled"] = Field(default="scheduled", kw_only=True)

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            cron: str | None = None,
            rrule: str | None = None,
            at: str | None = None,
            starts: date | None = None,
            zone: str | None = None,
            segment: Segment | None = None,
            where: Condition | bool | None = None,
        ) -> None: ...

    @model_validator(mode="after")
    def _one_way(self) -> Scheduled:
        if (self.cron is None) == (self.rrule is None):
            raise Wrong(
                "it must be exactly one of a cron expression and an RRULE",
                'write cron="0 9 * * mon", or rrule="FREQ=MONTHLY;BYDAY=1MO", at="09:00"',
            )
        if self.rrule is not None and self.at is None:
            raise Wrong("an RRULE gives dates, and no time of day", 'give at="09:00"', "at")
        if self.cron is not None and self.at is not None:
            raise Wrong("a cron expression has its time of day in it", "leave out at=", "at")
        if self.rrule is not None:
            try:
                Recurrence(self.rrule, self.starts)
            except ValueError as error:
                problem, _, remedy = str(error).rpartition("; ")
                raise Wrong(problem or remedy, remedy, "rrule") from None
        return self

    def asks(self) -> Iterator[tuple[str, Condition]]:
        """Yield the condition of the segment, and what else must hold."""
        if self.segment is not None:
            yield "segment › condition", self.segment.condition
        yield from super().asks()


class OnDate(_AskedAlone):
    """On a date of the profile, moved by an offset: seven days before a renewal, a birthday.

    A moment that is past already when the date is told does not start a run; one that is
    exactly now does.

    Args:
        attribute: A date or an instant of the profile. A date begins at 00:00, and so does an
            anniversary.
        offset: Its calendar part moves the local date, its elapsed part is added last.
        at: Sets the clock on that date.
        anniversary: Every year instead of once; where February 29 falls in common years:
            `"feb28"`, `"mar01"`, or `"skip"` for nowhere (rule T5).
        zone: Whose wall clock; the customer's when not given.
        where: What must hold of the customer at that time; else the entry is refused.
    """

    attribute: FieldRef
    offset: Offset | None = Field(default=None, kw_only=True)
    at: ClockTime | None = Field(default=None, kw_only=True)
    anniversary: Feb29 | None = Field(default=None, kw_only=True)
    zone: ZoneName | None = Field(default=None, kw_only=True)
    where: CustomerCondition | None = Field(default=None, kw_only=True)
    type: Literal["on_date"] = Field(default="on_date", kw_only=True)

    if TYPE_CHECKING:

        def __init__(
            self,
            attribute: object,
            *,
            offset: Span | None = None,
            at: str | None = None,
            anniversary: Feb29 | None = None,
            zone: str | None = None,
            where: Condition | bool | None = None,
        ) -> None: ...

    @model_validator(mode="after")
    def _is_a_date(self) -> OnDate:
        if self.attribute.of != "profile" or self.attribute.kind not in ("date", "instant"):
            raise Wrong(
                f"{self.attribute.of}.{self.attribute.field} is no date of the profile",
                "give an attribute of the profile that holds a date or an instant",
                "attribute",
            )
        return self

    def reads(self) -> Iterator[tuple[str, FieldRef]]:
        """Yield the attribute."""
        yield "attribute", self.attribute


class ByCall(Entry):
    """Nothing starts a run but `enroll`, by which the host may start one of any journey."""

    type: Literal["by_call"] = Field(default="by_call", kw_only=True)


def segment_of(entry: object) -> Segment | None:
    """Return the segment that an entry or an exit goes by, or None."""
    return entry.segment if isinstance(entry, _AtSegment | Scheduled) else None
