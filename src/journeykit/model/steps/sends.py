"""Which step contacts the customer? `Send`: one message, on the first channel that can."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, model_validator

from journeykit.model.base import Wrong
from journeykit.model.blocking import OnBlocked, Tags, refuse_loose_ends
from journeykit.model.channels import AnyVia, Via
from journeykit.model.consents import LegalBasis
from journeykit.model.fields import FieldRef
from journeykit.model.moments import Moment
from journeykit.model.names import Name
from journeykit.model.spans import Positive, Span
from journeykit.model.steps.base import InnerSteps, Step, Steps
from journeykit.model.steps.failing import OnFailure, failing_outcomes, failing_steps
from journeykit.model.windows import Hours, OpenHours


class Send(Step):
    """Send one message, and wait until its channel took it, it was dropped, or it failed.

    Args:
        template: Name of the template, for the renderer or the provider.
        via: Channels in order of preference: the first that can reach the customer; or a
            `Via`, which finds the order for each message.
        topic: What the message is about; consent is asked for it.
        tags: Further marks, for caps that name them.
        priority: Who gets a slot when several want it: the larger number.
        on_quiet: What to do in quiet hours: hold until the gate opens, skip the message,
            exit the journey, try the next channel, or, with `"else"`, drop the message and
            take the steps of `otherwise`.
        on_cap: The same for frequency caps.
        on_throttle: The same where the channel is throttled.
        otherwise: The steps of `"else"`; behind them the run goes on after this one.
        valid_for: The message must leave before this much has passed since it was decided.
        valid_until: The message must leave before this instant (also from the trigger or the
            profile); the end itself is too late.
        spread: A message that quiet hours or caps held leaves within this much after they
            opened, each at an instant of its own; one that was not held goes at once.
        send_time: Which of `Workspace(send_times=...)` chooses the instant at which it leaves.
        within: How far from now that instant may lie; the end itself is too late.
        hours: The message leaves within these hours of the customer's wall clock only, beside
            what the policy allows; outside of them, it is as in quiet hours (`on_quiet`).
        transactional: Skips consent, quiet hours and caps, and uses up no cap (rule G6).
        legal_basis: On what ground the message goes (GDPR art. 6(1); this is no legal advice).
            `"consent"`: as the mode of its channel and topic says. `"legitimate_interest"`, such
            as the soft opt-in for own similar goods (Directive 2002/58/EC art. 13(2)): without
            a yes, until there is a no to the channel or the topic (GDPR art. 21(3)).
            `"contract"` and `"legal_obligation"`: nobody is asked; all else holds as for others.
        max_attempts: Hand-overs in all, the first included (rule D3).
        review_by: The day by which somebody wants to have read its content again; `check` tells
            when it is past. Nothing else depends on it.
        on_failure: What the run does when the message failed for good: go on, exit, or take
            these steps first.
    """

    template: Name
    via: AnyVia = Field(kw_only=True)
    topic: Name | None = Field(default=None, kw_only=True)
    tags: Tags = Field(default=(), kw_only=True)
    priority: int = Field(default=0, kw_only=True, strict=True)
    on_quiet: OnBlocked = Field(default="hold", kw_only=True)
    on_cap: OnBlocked = Field(default="hold", kw_only=True)
    on_throttle: OnBlocked = Field(default="hold", kw_only=True)
    otherwise: Steps = Field(default=(), kw_only=True)
    valid_for: Positive | None = Field(default=None, kw_only=True)
    valid_until: Moment | None = Field(default=None, kw_only=True)
    spread: Positive | None = Field(default=None, kw_only=True)
    send_time: Name | None = Field(default=None, kw_only=True)
    within: Positive | None = Field(default=None, kw_only=True)
    hours: OpenHours = Field(default=(), kw_only=True)
    transactional: bool = Field(default=False, kw_only=True, strict=True)
    legal_basis: LegalBasis = Field(default="consent", kw_only=True)
    max_attempts: int = Field(default=5, ge=1, le=100, kw_only=True, strict=True)
    on_failure: OnFailure = Field(default="continue", kw_only=True)
    review_by: date | None = Field(default=None, kw_only=True)
    type: Literal["send"] = Field(default="send", kw_only=True)
    results: ClassVar[tuple[str, ...]] = ("accepted", "dropped", "failed", "withdrawn")

    if TYPE_CHECKING:

        def __init__(
            self,
            template: str,
            *,
            via: Sequence[str] | Via,
            topic: str | None = None,
            tags: Sequence[str] = (),
            priority: int = 0,
            on_quiet: OnBlocked = "hold",
            on_cap: OnBlocked = "hold",
            on_throttle: OnBlocked = "hold",
            otherwise: Sequence[Step] = (),
            valid_for: Span | None = None,
            valid_until: object = None,
            spread: Span | None = None,
            send_time: str | None = None,
            within: Span | None = None,
            hours: Sequence[Hours] = (),
            transactional: bool = False,
            legal_basis: LegalBasis = "consent",
            max_attempts: int = 5,
            review_by: date | None = None,
            on_failure: Literal["continue", "exit"] | Sequence[Step] = "continue",
            label: str | None = None,
        ) -> None: ...

    @model_validator(mode="after")
    def _one_end(self) -> Send:
        if self.valid_for is not None and self.valid_until is not None:
            raise Wrong("valid_for and valid_until are both given", "give one of them", "valid_for")
        refuse_loose_ends(self.choices, self.otherwise)
        return self

    @property
    def choices(self) -> dict[str, OnBlocked]:
        """What the author chose for each passing reason, by the name of the option (G4)."""
        return {"on_quiet": self.on_quiet, "on_cap": self.on_cap, "on_throttle": self.on_throttle}

    @model_validator(mode="after")
    def _ground_is_one(self) -> Send:
        if self.transactional and self.legal_basis == "legitimate_interest":
            raise Wrong(
                "a transactional message goes whatever the customer said, and one on "
                "legitimate_interest does not",
                'leave transactional out, or write legal_basis="contract"',
                "legal_basis",
            )
        return self

    @property
    def asks_nobody(self) -> bool:
        """Whether it goes without consent, and no other ground is named."""
        return self.transactional and self.legal_basis == "consent"

    @model_validator(mode="after")
    def _send_time_has_a_window(self) -> Send:
        if (self.send_time is None) is not (self.within is None):
            raise Wrong(
                "send_time and within go together, and only one of them is given",
                'write send_time="best_hour", within=hours(24)',
                "within",
            )
        return self

    @model_validator(mode="after")
    def _goes_at_once(self) -> Send:
        for option in ("on_quiet", "on_cap"):
            if self.transactional and self.choices[option] != "hold":
                raise Wrong(
                    "neither quiet hours nor caps stop a transactional message",
                    f"leave out {option}, or transactional",
                    option,
                )
        for option in ("send_time", "spread", "hours"):
            if self.transactional and getattr(self, option):
                raise Wrong(
                    f"a transactional message goes at once, and {option} would have it wait",
                    f"leave out {option}, or transactional",
                    option,
                )
        return self

    @property
    def channels(self) -> Sequence[str]:
        """The channels of `via`, in the order in which they are written."""
        return self.via.channels if isinstance(self.via, Via) else self.via

    def inner(self) -> Iterator[InnerSteps]:
        """Yield the lists of steps within it."""
        if self.otherwise:
            yield InnerSteps("blocked", "otherwise", self.otherwise)
        yield from failing_steps(self.on_failure)

    @property
    def outcomes(self) -> Sequence[str]:
        """The outcomes that lead on behind it."""
        return "done", "dropped", *failing_outcomes(self.on_failure)

    def reads(self) -> Iterator[tuple[str, FieldRef]]:
        """Yield the fields that it reads."""
        if isinstance(self.valid_until, FieldRef):
            yield "valid_until", self.valid_until
        if isinstance(self.via, Via) and self.via.preferred is not None:
            yield "via › preferred", self.via.preferred
