"""What can an author write? Steps: the places of a journey, read from top to bottom.

A step is data. What it does in time is decided by the kernel; which step follows is worked
out in `model.graph`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
    model_validator,
)

from journeykit.model.base import Frozen, Wrong, type_of
from journeykit.model.blocking import OnBlocked, Tags, refuse_loose_ends
from journeykit.model.channels import AnyVia, Channels, Via
from journeykit.model.conditions import AnyCondition, Condition, Scalar
from journeykit.model.consents import LegalBasis
from journeykit.model.fields import FieldRef, Reference
from journeykit.model.moments import ClockTime, CronText, Days, Moment, ZoneName
from journeykit.model.names import Label, Name
from journeykit.model.operators import objection_to_pair
from journeykit.model.spans import NotNegative, Offset, Positive, Span
from journeykit.model.triggers import On, as_tuple, one_or_many
from journeykit.model.values import NAMED, WANTED, WANTED_IN_JSON, from_wire, to_wire
from journeykit.time import Feb29, Resolve

IfPast = Literal["continue", "skip", "exit"]


class Step(Frozen):
    """The base of all steps. `label` is the step's stable id, and the target of a `Goto`."""

    label: Label | None = Field(default=None, kw_only=True)

    @property
    def kind(self) -> str:
        """The tag of this kind of step in the data form."""
        return str(getattr(self, "type", ""))


class Wait(Step):
    """Wait for a time: calendar units keep the wall clock, elapsed units count real time."""

    duration: NotNegative
    type: Literal["wait"] = Field(default="wait", kw_only=True)

    if TYPE_CHECKING:

        def __init__(self, duration: Span, *, label: str | None = None) -> None: ...


class WaitUntil(Step):
    """Wait until a moment of the customer's wall clock, or an instant.

    Written in one of three ways:

    * `WaitUntil(at="09:00", days=["mon", "tue"])`: the next such local moment; exactly now
      counts (rule T4). On a loop, a second visit looks for a later one.
    * `WaitUntil(cron="0 9 * * mon")`: strictly after now (rule T6).
    * `WaitUntil(Shopper.trial_ends, offset=days(-3), at="09:00")`: a date or an instant from
      the profile, from the trigger or written here; the calendar part of `offset` moves the
      local date, `at` sets its clock, the elapsed part is added last. A date without `at`
      begins at 00:00.

    Args:
        anniversary: Of the date in `moment`, wait for the next anniversary instead, moved by
            `offset`: never past, exactly now counts, on a loop a later one than before. Its
            value says where February 29 falls in common years: `"feb28"`, `"mar01"`, or
            `"skip"` for nowhere (rule T5).
        if_past: What to do when the moment is already past, or when the field is empty:
            go on at once, leave out the next step, or exit. Exactly now is not past.
        zone: Whose wall clock; the customer's when not given.
        resolve: What a wall time means that does not exist or exists twice (rule T3).
    """

    moment: Moment | None = None
    at: ClockTime | None = Field(default=None, kw_only=True)
    days: Days | None = Field(default=None, kw_only=True)
    cron: CronText | None = Field(default=None, kw_only=True)
    offset: Offset | None = Field(default=None, kw_only=True)
    anniversary: Feb29 | None = Field(default=None, kw_only=True)
    if_past: IfPast = Field(default="continue", kw_only=True)
    zone: ZoneName | None = Field(default=None, kw_only=True)
    resolve: Resolve = Field(default="compatible", kw_only=True)
    type: Literal["wait_until"] = Field(default="wait_until", kw_only=True)

    if TYPE_CHECKING:

        def __init__(
            self,
            moment: object = None,
            *,
            at: str | None = None,
            days: Sequence[str] | None = None,
            cron: str | None = None,
            offset: Span | None = None,
            anniversary: Feb29 | None = None,
            if_past: IfPast = "continue",
            zone: str | None = None,
            resolve: Resolve = "compatible",
            label: str | None = None,
        ) -> None: ...

    @model_validator(mode="after")
    def _one_way(self) -> WaitUntil:
        ways = [
            self.moment is not None,
            self.cron is not None,
            self.at is not None and self.moment is None,
        ]
        if sum(ways) != 1:
            raise Wrong(
                "it must be exactly one of a time of day, a cron expression, or a moment",
                'write at="09:00", cron="0 9 * * mon", or WaitUntil(Shopper.trial_ends)',
            )
        if self.days is not None and (self.moment is not None or self.cron is not None):
            raise Wrong(
                "days goes with a time of day only", 'write at="09:00", days=["mon"]', "days"
            )
        if self.offset is not None and self.moment is None:
            raise Wrong(
                "offset goes with a moment only", "give the moment it is counted from", "offset"
            )
        if self.anniversary is not None and self.moment is None:
            raise Wrong(
                "an anniversary is that of a date", "give the date: WaitUntil(Shopper.born, ...)",
                "anniversary",
            )  # fmt: skip
        return self


class WaitFor(Step):
    """Wait for an event, but not for ever.

    Args:
        on: The awaited event, or several of which the first counts.
        timeout: Reckoned from the instant at which the step is reached. An event received
            exactly then still counts (rule O2).
        then: Steps after the event.
        on_timeout: Steps after the time-out.
        since: `entry` (the default) also takes an event that came before the step was
            reached; `step` only one that comes after (rule O7).
    """

    on: Annotated[Sequence[On], BeforeValidator(one_or_many), AfterValidator(as_tuple)]
    timeout: Positive = Field(kw_only=True)
    then: Steps = Field(default=(), kw_only=True)
    on_timeout: Steps = Field(default=(), kw_only=True)
    since: Literal["entry", "step"] = Field(default="entry", kw_only=True)
    type: Literal["wait_for"] = Field(default="wait_for", kw_only=True)

    if TYPE_CHECKING:

        def __init__(
            self,
            on: On | Sequence[On],
            *,
            timeout: Span,
            then: Sequence[Step] = (),
            on_timeout: Sequence[Step] = (),
            since: Literal["entry", "step"] = "entry",
            label: str | None = None,
        ) -> None: ...

    @model_validator(mode="after")
    def _something(self) -> WaitFor:
        if not self.on:
            raise Wrong("nothing is awaited", "give at least one On(...)", "on")
        return self


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
        transactional: Skips consent, quiet hours and caps, and uses up no cap (rule G6).
        legal_basis: On what ground the message goes (GDPR art. 6(1); this is no legal advice).
            `"consent"`: as the mode of its channel and topic says. `"legitimate_interest"`, such
            as the soft opt-in for own similar goods (Directive 2002/58/EC art. 13(2)): without
            a yes, until there is a no to the channel or the topic (GDPR art. 21(3)).
            `"contract"` and `"legal_obligation"`: nobody is asked; all else holds as for others.
        max_attempts: Hand-overs in all, the first included (rule D3).
        on_failure: What the run does when the message failed for good.
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
    transactional: bool = Field(default=False, kw_only=True, strict=True)
    legal_basis: LegalBasis = Field(default="consent", kw_only=True)
    max_attempts: int = Field(default=5, ge=1, le=100, kw_only=True, strict=True)
    on_failure: Literal["continue", "exit"] = Field(default="continue", kw_only=True)
    type: Literal["send"] = Field(default="send", kw_only=True)

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
            transactional: bool = False,
            legal_basis: LegalBasis = "consent",
            max_attempts: int = 5,
            on_failure: Literal["continue", "exit"] = "continue",
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
        for option in ("send_time", "spread"):
            if self.transactional and getattr(self, option) is not None:
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


class When(Frozen):
    """One way of a `Branch`: taken when its condition is the first that holds."""

    condition: AnyCondition
    steps: Steps = ()

    if TYPE_CHECKING:

        def __init__(self, condition: Condition | bool, steps: Sequence[Step] = ()) -> None: ...


class Branch(Step):
    """Take the first way whose condition holds, else `otherwise`; then go on behind it."""

    _variadic: ClassVar[str] = "whens"
    whens: Annotated[Sequence[When], AfterValidator(as_tuple)]
    otherwise: Steps = Field(default=(), kw_only=True)
    type: Literal["branch"] = Field(default="branch", kw_only=True)

    if TYPE_CHECKING:

        def __init__(
            self, *whens: When, otherwise: Sequence[Step] = (), label: str | None = None
        ) -> None: ...

    @model_validator(mode="after")
    def _some_way(self) -> Branch:
        if not self.whens:
            raise Wrong(
                "a branch without a When", "give at least one When(condition, [steps])", "whens"
            )
        return self


class Arm(Frozen):
    """One arm of a `Split`, taken by `weight` in the sum of all weights."""

    name: Label
    weight: int = Field(default=1, ge=0, strict=True)
    steps: Steps = ()

    if TYPE_CHECKING:

        def __init__(self, name: str, weight: int = 1, steps: Sequence[Step] = ()) -> None: ...


class Split(Step):
    """Take one arm by a keyed hash of workspace seed, journey, step and customer.

    The same customer always takes the same arm of the same step (rule O4).
    """

    _variadic: ClassVar[str] = "arms"
    arms: Annotated[Sequence[Arm], AfterValidator(as_tuple)]
    type: Literal["split"] = Field(default="split", kw_only=True)

    if TYPE_CHECKING:

        def __init__(self, *arms: Arm, label: str | None = None) -> None: ...

    @model_validator(mode="after")
    def _arms_differ(self) -> Split:
        names = [arm.name for arm in self.arms]
        if len(names) < 2 or len(set(names)) != len(names):
            raise Wrong(
                "a split needs two or more arms with different names",
                'write Split(Arm("a", 50, [...]), Arm("b", 50, [...]))',
                "arms",
            )
        if not any(arm.weight for arm in self.arms):
            raise Wrong("every arm has weight 0", "give at least one arm a weight above 0", "arms")
        return self


def _set_shape(value: object) -> str:
    return "FieldRef" if isinstance(value, Reference | FieldRef | dict) else "-constant"


SetValue = Annotated[
    Annotated[FieldRef, Tag("FieldRef")] | Annotated[Scalar | None, Tag("-constant")],
    Discriminator(_set_shape),
]


class Set(Step):
    """Set an attribute of the customer's profile to a value, or to another field's value."""

    field: FieldRef
    value: SetValue
    type: Literal["set"] = Field(default="set", kw_only=True)

    if TYPE_CHECKING:

        def __init__(self, field: object, value: object, *, label: str | None = None) -> None: ...

    @model_validator(mode="before")
    @classmethod
    def _as_wire(cls, data: Any) -> Any:
        field = data.get("field") if isinstance(data, dict) else None
        if not isinstance(field, Reference):
            return data
        value = data.get("value")
        if value is None or isinstance(value, Reference):
            return data
        wire = to_wire(field.kind, value)
        if wire is None:
            raise Wrong(
                f"{field!r} is {NAMED[field.kind]}, and {value!r} is not",
                f"give {WANTED[field.kind]}",
                "value",
            )
        if field.choices and wire not in field.choices:
            known = ", ".join(map(repr, field.choices))
            raise Wrong(f"{field!r} cannot be {value!r}", f"it is one of {known}", "value")
        return {**data, "value": wire}

    @model_validator(mode="after")
    def _fits(self) -> Set:
        field, value = self.field, self.value
        if field.of != "profile":
            raise Wrong(
                f"{field.of}.{field.field} is not an attribute of the profile",
                "an event has happened and cannot be changed; give a field of the Profile class",
                "field",
            )
        if isinstance(value, FieldRef):
            if objection := objection_to_pair(field.kind, value.kind):
                raise Wrong(*objection, "value")
        elif value is not None:
            wire = from_wire(field.kind, value)
            if wire is None:
                raise Wrong(
                    f"profile.{field.field} is {NAMED[field.kind]}, and {value!r} is not",
                    f"give {WANTED_IN_JSON[field.kind]}",
                    "value",
                )
            self.__dict__["value"] = wire
        return self


class Consent(Step):
    """Record that the customer gave or withdrew consent, with this journey as the source.

    Args:
        lasts: The consent is implied, such as by a purchase, and ends so much later on the
            customer's clock; it never weakens what the customer said expressly (rule G7).
    """

    change: Literal["grant", "withdraw"]
    channels: Channels = Field(kw_only=True)
    topic: Name | None = Field(default=None, kw_only=True)
    lasts: Positive | None = Field(default=None, kw_only=True)
    type: Literal["consent"] = Field(default="consent", kw_only=True)

    if TYPE_CHECKING:

        def __init__(
            self,
            change: Literal["grant", "withdraw"],
            *,
            channels: Sequence[str],
            topic: str | None = None,
            lasts: Span | None = None,
            label: str | None = None,
        ) -> None: ...

    @model_validator(mode="after")
    def _only_consent_ends(self) -> Consent:
        if self.change == "withdraw" and self.lasts is not None:
            raise Wrong("a withdrawal has no end", "leave lasts out, or grant", "lasts")
        return self


class Goto(Step):
    """Go on at the step with this label."""

    target: Label
    type: Literal["goto"] = Field(default="goto", kw_only=True)


class Exit(Step):
    """End the run here, with a reason that reports show."""

    reason: Name = "exit"
    type: Literal["exit"] = Field(default="exit", kw_only=True)


AnyStep = Annotated[
    Annotated[Wait, Tag("wait")]
    | Annotated[WaitUntil, Tag("wait_until")]
    | Annotated[WaitFor, Tag("wait_for")]
    | Annotated[Send, Tag("send")]
    | Annotated[Branch, Tag("branch")]
    | Annotated[Split, Tag("split")]
    | Annotated[Set, Tag("set")]
    | Annotated[Consent, Tag("consent")]
    | Annotated[Goto, Tag("goto")]
    | Annotated[Exit, Tag("exit")],
    Discriminator(type_of),
]
Steps = Annotated[Sequence[AnyStep], AfterValidator(as_tuple)]
