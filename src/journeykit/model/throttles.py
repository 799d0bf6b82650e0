"""How fast may a channel be called? Throttles, as values (rule D5)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field, model_validator

from journeykit.model.base import Frozen, Wrong
from journeykit.model.names import Name
from journeykit.model.scopes import Scope
from journeykit.model.spans import Positive, Span
from journeykit.model.triggers import as_tuple
from journeykit.time import SECOND, Duration, minutes

_AT_ONCE = SECOND // 10


def elapsed(value: Duration) -> Duration:
    """Refuse a span whose length depends on a calendar."""
    if value.is_calendar:
        raise Wrong(
            "a throttle counts elapsed time, and days are not equally long",
            "give hours, minutes or seconds, such as minutes(1)",
        )
    return value


def interval_of(limit: int, per: Duration) -> int:
    """Return after which time one token comes back, in micros; rounded up."""
    return -(-per.micros // limit)


class Throttle(Frozen):
    """At most `limit` hand-overs in a span of time, on each channel that is named.

    A token bucket, shared by all workers of a store: it holds `burst` tokens, every hand-over
    takes one, and one comes back each `per` divided by `limit`. So in any span of time T,
    `burst` and as many as come back in T may start. Messages to all customers take from it,
    transactional ones too: the limit is the provider's.

    Args:
        limit: How many in `per`.
        per: Elapsed time.
        burst: How many may go at once after a pause. When not given, as many as come back in
            a tenth of a second, and at least one.
        channels: Each of them has a bucket of its own; all channels when not given.
        name: How reasons name this rule.
    """

    limit: int = Field(ge=1, strict=True)
    per: Annotated[Positive, AfterValidator(elapsed)] = Field(
        default_factory=lambda: minutes(1), kw_only=True
    )
    burst: int | None = Field(default=None, ge=1, kw_only=True, strict=True)
    channels: Scope | None = Field(default=None, kw_only=True)
    name: Name | None = Field(default=None, kw_only=True)

    if TYPE_CHECKING:

        def __init__(
            self,
            limit: int,
            *,
            per: Span = ...,
            burst: int | None = None,
            channels: Sequence[str] | None = None,
            name: str | None = None,
        ) -> None: ...

    @model_validator(mode="after")
    def _not_faster_than_instants(self) -> Throttle:
        if self.limit > self.per.micros:
            raise Wrong(
                "more than one hand-over in a microsecond is no limit",
                "give a smaller limit, or leave the throttle out",
                "limit",
            )
        return self

    @property
    def interval(self) -> int:
        """After which one token comes back, in micros; rounded up, so that the limit holds."""
        return interval_of(self.limit, self.per)

    @property
    def depth(self) -> int:
        """How many tokens the bucket holds."""
        return self.burst if self.burst is not None else max(1, _AT_ONCE // self.interval)

    @property
    def rate(self) -> str:
        """How many in which time, in short."""
        return f"{self.limit} per {self.per}"

    @property
    def title(self) -> str:
        """How reasons name this rule."""
        return self.name or self.rate


Throttles = Annotated[Sequence[Throttle], AfterValidator(as_tuple)]


def refuse_second_throttles(throttles: Sequence[Throttle], declared: Iterable[str]) -> None:
    """Let a channel have one throttle at most: a hand-over takes from one bucket.

    Raises:
        Wrong: Two cover the same channel.
    """
    met: dict[str, int] = {}
    everything = [name for name in declared if "/" not in name]
    for number, throttle in enumerate(throttles):
        for channel in throttle.channels or everything:
            if channel in met:
                raise Wrong(
                    f"channel {channel!r} is throttled by throttles[{met[channel]}] already",
                    "give each channel one throttle, the stricter one",
                    f"throttles[{number}]",
                )
            met[channel] = number
