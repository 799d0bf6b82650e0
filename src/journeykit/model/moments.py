"""How is a moment written? Clock times, weekdays, cron, zones, dates and instants."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Discriminator, Field, Tag

from journeykit.model.fields import FieldRef, Reference
from journeykit.model.retelling import Wrong
from journeykit.model.values import NAMED
from journeykit.time import Cron, parse_clock, parse_days, zone

_NO_MOMENT = "this is neither a date nor an instant"


def _clock(value: str) -> str:
    parse_clock(value)
    return value


def _end_clock(value: str) -> str:
    parse_clock(value, end=True)
    return value


def _days(value: Sequence[str]) -> tuple[str, ...]:
    parse_days(value)
    return tuple(value)


def _zone(value: str) -> str:
    zone(value)
    return value


def _cron(value: str) -> str:
    Cron(value)
    return value


def _moment(value: object) -> object:
    """Tell dates from instants by their spelling: only an instant has a zone."""
    remedy = "give a date, an aware datetime, or a field that holds one of them"
    try:
        if isinstance(value, str):
            day = len(value) == 10
            value = date.fromisoformat(value) if day else datetime.fromisoformat(value)
        if isinstance(value, datetime):
            if value.utcoffset() is None:
                raise Wrong("a datetime without a zone names no instant", "give it one: tzinfo=UTC")
            return value.astimezone(UTC)
    except OverflowError:
        raise Wrong("this instant lies outside the years 1 to 9999", remedy) from None
    except ValueError as error:
        raise error if isinstance(error, Wrong) else Wrong(_NO_MOMENT, remedy) from None
    kind = value.get("kind") if isinstance(value, dict) else getattr(value, "kind", None)
    if kind in NAMED and kind not in ("date", "instant"):
        raise Wrong(f"the field is {NAMED[kind]}", remedy)
    if not isinstance(value, date | FieldRef | Reference | dict):
        raise Wrong(_NO_MOMENT, remedy)
    return value


def instant(value: object) -> object:
    """Take a datetime or its spelling, and no number that could be meant as one."""
    try:
        told = datetime.fromisoformat(value) if isinstance(value, str) else value
        if isinstance(told, datetime):
            return told
    except ValueError:
        pass
    raise Wrong(
        "this is no instant",
        'give an aware datetime, in JSON one with its offset: "2026-03-01T00:00:00+00:00"',
    )


def _moment_shape(value: object) -> str:
    if isinstance(value, date):
        return "-instant" if isinstance(value, datetime) else "-date"
    return "FieldRef"


CronText = Annotated[str, AfterValidator(_cron)]
Moment = Annotated[
    Annotated[FieldRef, Tag("FieldRef")]
    | Annotated[AwareDatetime, Tag("-instant")]
    | Annotated[date, Tag("-date")],
    Discriminator(_moment_shape),
    BeforeValidator(_moment),
]
_CLOCK = "([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?"
ClockTime = Annotated[
    str, AfterValidator(_clock), Field(json_schema_extra={"pattern": f"^{_CLOCK}$"})
]
EndClock = Annotated[
    str,
    AfterValidator(_end_clock),
    Field(json_schema_extra={"pattern": f"^({_CLOCK}|24:00(:00)?)$"}),
]
Days = Annotated[Sequence[str], AfterValidator(_days)]
ZoneName = Annotated[str, AfterValidator(_zone)]
