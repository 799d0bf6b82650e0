"""Which channel does a message take? Lists and rules of channels, as values.

What the rules go by stands here too: what channels cost, whom they reach, and which events
tell that a customer answered on them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, model_validator

from journeykit.model.base import Frozen, Wrong
from journeykit.model.conditions import Condition, reads
from journeykit.model.fields import FieldRef, Reference
from journeykit.model.names import Name
from journeykit.model.scopes import OfTheCustomer
from journeykit.model.triggers import On, as_tuple, one_or_many

ChannelOrder = Literal["preferred", "last_engaged", "cheapest", "reachable"]


def _distinct(value: Sequence[str]) -> tuple[str, ...]:
    if not value:
        raise Wrong("no channel is named", 'name at least one, such as ["email"]')
    if len(set(value)) != len(value):
        raise Wrong("a channel is named twice", "name every channel once, in order of preference")
    return tuple(value)


Channels = Annotated[Sequence[Name], AfterValidator(_distinct)]


class Via(Frozen):
    """Channels in an order that a rule finds for each message, once, when it is decided.

    `Via("email", "push", "sms", by="last_engaged")`. From then on the order stands: the next
    channel, and the one after a rejection, are the next ones in it. Where the rule makes no
    difference between two channels, the one that is written first goes first.

    Args:
        channels: All that may be used.
        by: `"preferred"`: the channel that a field of the profile names, then the others.
            `"last_engaged"`: the channel on which the customer last answered, then the one
            before, and behind them those never answered on; `Policy(responses=...)` says
            which events are answers. `"cheapest"`: by `Policy(costs=...)`. `"reachable"`:
            those whose whole gate is open now, then by their first opening, then those that
            cannot be used at all.
        preferred: A text field of the profile, for `by="preferred"`.
    """

    _variadic: ClassVar[str] = "channels"
    channels: Channels
    by: ChannelOrder = Field(kw_only=True)
    preferred: FieldRef | None = Field(default=None, kw_only=True)

    if TYPE_CHECKING:

        def __init__(self, *channels: str, by: ChannelOrder, preferred: object = None) -> None: ...

    @model_validator(mode="after")
    def _names_a_field(self) -> Via:
        field = self.preferred
        if (self.by == "preferred") is not (field is not None):
            raise Wrong(
                "by='preferred' and preferred= go together, and only one of them is given",
                "write by='preferred', preferred=Shopper.channel",
                "preferred",
            )
        if field is not None and (field.of, field.kind) != ("profile", "text"):
            raise Wrong(
                f"{field.of}.{field.field} is no text field of the profile",
                "give one that holds the name of a channel, such as Shopper.channel",
                "preferred",
            )
        return self


def _shape(value: object) -> str:
    return "Via" if isinstance(value, Via | dict) else "-channels"


AnyVia: TypeAlias = Annotated[
    Annotated[Channels, Tag("-channels")] | Annotated[Via, Tag("Via")], Discriminator(_shape)
]
"""What `Send(via=...)` takes."""


# ---- what the policy says about channels


def _are_responses(value: Sequence[On]) -> tuple[On, ...]:
    if not value:
        raise Wrong("no event is named", "give On(EmailOpened), or leave the channel out")
    for number, on in enumerate(value):
        if on.key is not None:
            raise Wrong(
                "a response concerns the customer, not a run that a key would name",
                "leave out key",
                f"[{number}] › key",
            )
        for ref in () if on.where is None else reads(on.where):
            if ref.of not in (on.event, "profile"):
                raise Wrong(
                    f"{ref.of}.{ref.field} cannot be read here",
                    f"here are {on.event} and profile",
                    f"[{number}] › where",
                )
    return tuple(value)


def _condition_first(value: Any) -> Any:
    """Say what is wanted where a field stands alone."""
    if isinstance(value, Reference):
        raise Wrong(
            f"{value!r} is a field, and no condition yet",
            f"compare it, such as field(Shopper.{value.name}) == True",
        )
    return value


Responses = Annotated[
    Mapping[
        Name,
        Annotated[
            Sequence[On],
            BeforeValidator(one_or_many),
            AfterValidator(as_tuple),
            AfterValidator(_are_responses),
        ],
    ],
    AfterValidator(dict),
]
Costs = Mapping[Name, Annotated[float, Field(ge=0, allow_inf_nan=False)]]
if TYPE_CHECKING:
    Reachable: TypeAlias = Mapping[str, Condition | bool]
else:
    Reachable = Mapping[Name, Annotated[OfTheCustomer, BeforeValidator(_condition_first)]]


def refuse_undeclared(declared: Sequence[str], said: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse what the policy says about channels that it does not declare."""
    for field, channels in said.items():
        for channel in channels:
            if channel not in declared:
                known = ", ".join(sorted(declared)) or "none so far"
                raise Wrong(
                    f"channel {channel!r} is not declared",
                    f"declare it in consent={{{channel!r}: 'opt-in'}}, or name one of the "
                    f"declared: {known}",
                    field,
                )


def refuse_unordered(
    via: Via, costs: Mapping[str, float], responses: Mapping[str, Sequence[On]], place: str
) -> None:
    """Refuse a rule that asks for what the policy does not say."""
    lacking = [channel for channel in via.channels if channel not in costs]
    if via.by == "cheapest" and lacking:
        raise Wrong(
            f"by='cheapest', and nothing says what {lacking[0]!r} costs",
            f"write Policy(costs={{{lacking[0]!r}: 0.01}}), and so for each channel here",
            place,
        )
    if via.by == "last_engaged" and not any(channel in responses for channel in via.channels):
        raise Wrong(
            "by='last_engaged', and no event is a response on any channel here",
            f"write Policy(responses={{{via.channels[0]!r}: [On(...)]}})",
            place,
        )
