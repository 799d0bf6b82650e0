"""How many messages are too many? Frequency caps and gaps, as values (rule G3)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, model_validator

from journeykit.model.base import Frozen, Wrong
from journeykit.model.conditions import Condition
from journeykit.model.fields import FieldRef
from journeykit.model.scopes import (
    Countries,
    OfTheCustomer,
    RuleName,
    Scope,
    refuse_empty_validity,
)
from journeykit.model.spans import Positive, Span, in_words
from journeykit.model.triggers import as_tuple
from journeykit.time import Duration

CalendarWindow = Literal["day", "week", "month"]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def _per(value: Any) -> Any:
    if isinstance(value, str) and value in get_args(CalendarWindow):
        return value
    try:
        return Duration.of(value)
    except ValueError:
        raise Wrong(
            "this is no window",
            'give a span such as days(7), or one of "day", "week", "month"',
        ) from None


def _per_kind(value: object) -> str:
    return "-calendar" if isinstance(value, str) else "-span"


Per = Annotated[
    Annotated[Positive, Tag("-span")] | Annotated[CalendarWindow, Tag("-calendar")],
    Discriminator(_per_kind),
    BeforeValidator(_per),
]


def _whole_of_the_customer(value: FieldRef) -> FieldRef:
    if (value.of, value.kind) != ("profile", "integer"):
        raise Wrong(
            f"{value.of}.{value.field} is no whole number of the profile",
            "name a field of the Profile class that holds an int, such as Shopper.weekly_limit",
        )
    return value


class _Limit(Frozen):
    """What caps and gaps have in common: the messages that they cover, and whose."""

    channels: Scope | None = Field(default=None, kw_only=True)
    topics: Scope | None = Field(default=None, kw_only=True)
    journeys: Scope | None = Field(default=None, kw_only=True)
    tags: Scope | None = Field(default=None, kw_only=True)
    templates: Scope | None = Field(default=None, kw_only=True)
    where: OfTheCustomer | None = Field(default=None, kw_only=True)
    countries: Countries | None = Field(default=None, kw_only=True)
    valid_from: date | None = Field(default=None, kw_only=True)
    valid_until: date | None = Field(default=None, kw_only=True)
    counts_transactional: bool = Field(default=False, kw_only=True, strict=True)
    name: RuleName | None = Field(default=None, kw_only=True)

    @model_validator(mode="after")
    def _counts_some_day(self) -> _Limit:
        refuse_empty_validity(self.valid_from, self.valid_until)
        return self


class FrequencyCap(_Limit):
    """At most `limit` messages in a window (rule G3).

    Args:
        limit: How many; zero blocks everything that the cap covers.
        per: A span for a rolling window: at t it counts messages later than t minus the
            span; where the span has days, weeks or months, each message counts until so much
            later on the customer's clock. Or `"day"`, `"week"`, `"month"` of the customer's
            own calendar.
        channels, topics, journeys, tags, templates: What it covers, and what it counts;
            everything when not given. A message is covered that has any of the tags.
        where: Which customers it covers, by their profile.
        countries: The countries, or parts of one (`"US-FL"`), whose customers it covers.
        valid_from, valid_until: It binds from the first midnight in UTC on, until the other.
        counts_transactional: Transactional messages use up slots too. They are never blocked.
        own_limit: A whole number of the profile: the customer's own wish, which can only
            lower the limit. No number, no wish; below zero counts as zero.
        name: How reasons name the rule; `3 per P7D` and the like when not given.
        week_starts: First day of a calendar week; only `per="week"` takes it.
        if_zone_unknown: For a customer without a known zone: reckon in the workspace's zone,
            hold the message until the zone is known, or skip it; what skipping means is up to
            the step's `on_quiet`. Only a window that the customer's clock decides takes it.
        look_ahead: The most important first: a message makes room, and waits, while one of
            larger priority that the cap also covers is due within this span from now and
            needs the slot.
    """

    limit: int = Field(ge=0, strict=True)
    per: Per = Field(kw_only=True)
    own_limit: Annotated[FieldRef, AfterValidator(_whole_of_the_customer)] | None = Field(
        default=None, kw_only=True
    )
    week_starts: Weekday = Field(default="mon", kw_only=True)
    if_zone_unknown: Literal["default", "hold", "skip"] = Field(default="default", kw_only=True)
    look_ahead: Positive | None = Field(default=None, kw_only=True)

    if TYPE_CHECKING:

        def __init__(
            self,
            limit: int,
            *,
            per: Span | CalendarWindow,
            channels: Sequence[str] | None = None,
            topics: Sequence[str] | None = None,
            journeys: Sequence[str] | None = None,
            tags: Sequence[str] | None = None,
            templates: Sequence[str] | None = None,
            where: Condition | bool | None = None,
            countries: Sequence[str] | None = None,
            valid_from: date | None = None,
            valid_until: date | None = None,
            counts_transactional: bool = False,
            own_limit: object = None,
            name: str | None = None,
            week_starts: Weekday = "mon",
            if_zone_unknown: Literal["default", "hold", "skip"] = "default",
            look_ahead: Span | None = None,
        ) -> None: ...

    @model_validator(mode="after")
    def _asks_a_clock(self) -> FrequencyCap:
        per = self.per
        if self.if_zone_unknown != "default" and isinstance(per, Duration) and not per.is_calendar:
            raise Wrong(
                "a window of elapsed time is the same in every zone",
                'leave it out, or give a window of the calendar such as "day" or days(1)',
                "if_zone_unknown",
            )
        if self.week_starts != "mon" and per != "week":
            raise Wrong(
                "only a window of a week has a first day",
                f'leave it out, or write per="week" instead of {per!r}',
                "week_starts",
            )
        return self

    @property
    def title(self) -> str:
        """How reasons name this rule."""
        return f"{self.limit} per {self.per}" if self.name is None else self.name


class MinimumGap(_Limit):
    """At least `span` between one message and the next; exactly the span is enough (rule G3).

    Args:
        span: How long. Where it has days, weeks or months, so much later on the customer's
            clock.
        channels, topics, journeys, tags, templates: Between which messages; all when not
            given.
        where, countries, valid_from, valid_until: For whom, and when; as of a `FrequencyCap`.
        counts_transactional: A gap is kept after transactional messages too.
        name: How reasons name the rule; `4 hours apart` and the like when not given.
    """

    span: Positive

    if TYPE_CHECKING:

        def __init__(
            self,
            span: Span,
            *,
            channels: Sequence[str] | None = None,
            topics: Sequence[str] | None = None,
            journeys: Sequence[str] | None = None,
            tags: Sequence[str] | None = None,
            templates: Sequence[str] | None = None,
            where: Condition | bool | None = None,
            countries: Sequence[str] | None = None,
            valid_from: date | None = None,
            valid_until: date | None = None,
            counts_transactional: bool = False,
            name: str | None = None,
        ) -> None: ...

    @property
    def title(self) -> str:
        """How reasons name this rule."""
        return f"{in_words(self.span)} apart" if self.name is None else self.name


def _cap_kind(value: object) -> str:
    is_gap = isinstance(value, MinimumGap) or (isinstance(value, dict) and "span" in value)
    return "MinimumGap" if is_gap else "FrequencyCap"


AnyCap = Annotated[
    Annotated[FrequencyCap, Tag("FrequencyCap")] | Annotated[MinimumGap, Tag("MinimumGap")],
    Discriminator(_cap_kind),
]
Caps = Annotated[Sequence[AnyCap], AfterValidator(as_tuple)]


def refuse_unknown_names(
    caps: Sequence[FrequencyCap | MinimumGap],
    journeys: Collection[str],
    templates: Collection[str],
    tags: Collection[str],
) -> None:
    """Refuse a cap that names what no message of the workspace has: it would cover nothing."""
    for number, cap in enumerate(caps):
        for option, what, names, known in (
            ("journeys", "journey", cap.journeys, journeys),
            ("templates", "template", cap.templates, templates),
            ("tags", "tag", cap.tags, tags),
        ):
            for name in names or ():
                if name not in known:
                    raise Wrong(
                        f"there is no {what} {name!r} here",
                        f"name one of {', '.join(sorted(known))}"
                        if known
                        else "there is none so far",
                        f"policy › caps[{number}] › {option}",
                    )
