"""What belongs together? Journeys that share customers, a profile, a zone and a policy."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field, model_validator
from pydantic.json_schema import SkipJsonSchema

from journeykit.errors import DefinitionError
from journeykit.model.base import Frozen, Wrong
from journeykit.model.caps import refuse_unknown_names
from journeykit.model.channels import Via, refuse_unordered
from journeykit.model.facts import Event, Profile
from journeykit.model.journey import Journey, ons_of, steps_of
from journeykit.model.moments import ZoneName
from journeykit.model.names import Name
from journeykit.model.policy import Policy
from journeykit.model.sendtimes import SendTimes, refuse_untimed
from journeykit.model.spans import NotNegative, Positive, Span
from journeykit.model.steps import Consent, Send, Step
from journeykit.model.topics import known_topics, refuse_unknown_topics
from journeykit.model.triggers import On, as_tuple
from journeykit.time import Duration, days, minutes


class Workspace(Frozen):
    """Everything that one orchestrator runs.

    Args:
        journeys: With different names.
        timezone: The zone of customers whose own is not known. It has no default: a wrong
            guess sends at night.
        profile: What the host knows of a customer.
        events: Event classes that no `On` of the journeys names, and, where the journeys
            were loaded from data, the classes of those that do.
        policy: The delivery policy; also the list of channels.
        send_times: Name to a way of choosing when a message leaves: `BestHour()`, or a function
            of the host's. As the classes, they are no part of the JSON form.
        seed: What ids and random choices are keyed with. Another seed, other arms.
        future_tolerance: How far ahead of now `occurred_at` may lie (rule O9).
        remember_events: How long event ids are remembered (rule O8): at least 90 days.
        max_steps: Steps that one run may take in one instant (rule E5).
    """

    journeys: Annotated[Sequence[Journey], AfterValidator(as_tuple)] = Field(kw_only=True)
    timezone: ZoneName = Field(kw_only=True)
    profile: Annotated[type[Profile], SkipJsonSchema()] = Field(
        default_factory=lambda: Profile, kw_only=True, exclude=True
    )
    events: Annotated[Sequence[type[Event]], AfterValidator(as_tuple), SkipJsonSchema()] = Field(
        default=(), kw_only=True, exclude=True
    )
    policy: Policy = Field(default_factory=Policy, kw_only=True)
    send_times: Annotated[SendTimes, SkipJsonSchema()] = Field(
        default_factory=dict, kw_only=True, exclude=True
    )
    seed: Name = Field(default="journeykit", kw_only=True)
    future_tolerance: NotNegative = Field(default_factory=lambda: minutes(5), kw_only=True)
    remember_events: Positive = Field(default_factory=lambda: days(90), kw_only=True)
    max_steps: int = Field(default=200, ge=1, kw_only=True, strict=True)

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            journeys: Sequence[Journey],
            timezone: str,
            profile: type[Profile] = Profile,
            events: Sequence[type[Event]] = (),
            policy: Policy = ...,
            send_times: SendTimes = ...,
            seed: str = "journeykit",
            future_tolerance: Span = ...,
            remember_events: Span = ...,
            max_steps: int = 200,
        ) -> None: ...

    @model_validator(mode="after")
    def _fits_together(self) -> Workspace:
        self._names_differ()
        self._channels_are_declared()
        refuse_unknown_topics(self.policy, self.journeys)
        self._caps_cover_something()
        if _less_than(self.remember_events, days(90)):
            raise Wrong("shorter than 90 days", "give days(90) or more", "remember_events")
        self._every_event_has_a_class()
        self._channels_and_times_can_be_chosen()
        return self

    def _names_differ(self) -> None:
        names = [journey.name for journey in self.journeys]
        for number, name in enumerate(names):
            if name in names[:number]:
                raise Wrong(
                    f"the journey name {name!r} is used twice",
                    "give each journey its own name",
                    f"journeys[{number}] › name",
                )

    def _channels_are_declared(self) -> None:
        declared = self.policy.channels
        for number, journey in enumerate(self.journeys):
            for place, step in steps_of(journey):
                for channel in _channels(step):
                    if channel not in declared:
                        raise Wrong(
                            f"channel {channel!r} of journey {journey.name!r} has no consent "
                            "setting",
                            f"write Policy(consent={{{channel!r}: 'opt-in'}}) or 'opt-out'; "
                            f"declared are: {', '.join(sorted(declared)) or 'none'}",
                            f"journeys[{number}] › {place}",
                        )

    def _caps_cover_something(self) -> None:
        sends = [step for _, step in self._sends()]
        journeys = {journey.name for journey in self.journeys}
        templates = {send.template for send in sends}
        refuse_unknown_names(
            self.policy.caps, journeys, templates, {tag for send in sends for tag in send.tags}
        )

    def _every_event_has_a_class(self) -> None:
        known = self.event_classes
        for number, journey in enumerate(self.journeys):
            for place, on in ons_of(journey):
                if on.event not in known:
                    raise Wrong(
                        f"the class of event {on.event!r} is not known here",
                        "give the class: Workspace(events=[...])",
                        f"journeys[{number}] › {place}",
                    )
        for place, on in self._responses():
            if on.event not in known:
                raise Wrong(
                    f"the class of event {on.event!r} is not known here",
                    "give the class: Workspace(events=[...])",
                    place,
                )

    def _responses(self) -> Iterator[tuple[str, On]]:
        for channel, events in self.policy.responses.items():
            for number, on in enumerate(events):
                yield f"policy › responses › {channel}[{number}]", on

    def _sends(self) -> Iterator[tuple[str, Send]]:
        for number, journey in enumerate(self.journeys):
            for place, step in steps_of(journey):
                if isinstance(step, Send):
                    yield f"journeys[{number}] › {place}", step

    def _channels_and_times_can_be_chosen(self) -> None:
        responses = self.policy.responses
        for place, step in self._sends():
            if isinstance(step.via, Via):
                refuse_unordered(step.via, self.policy.costs, responses, f"{place} › via")
            if step.send_time is not None:
                refuse_untimed(step.send_time, self.send_times, responses, f"{place} › send_time")

    @property
    def topics(self) -> frozenset[str]:
        """What messages may be about: the declared topics, or all that something names."""
        return known_topics(self.policy, self.journeys)

    @property
    def event_classes(self) -> dict[str, type[Event]]:
        """The event classes by wire name.

        Raises:
            Wrong: Two different classes have the same wire name.
        """
        found: dict[str, type[Event]] = {}
        named = [on.event_class for journey in self.journeys for _, on in ons_of(journey)]
        named += [on.event_class for _, on in self._responses()]
        for cls in (*self.events, *(cls for cls in named if cls is not None)):
            if found.setdefault(cls.__wire_name__, cls) is not cls:
                raise Wrong(
                    f"two event classes have the wire name {cls.__wire_name__!r}",
                    'rename one: class Other(Event, name="other")',
                    "events",
                )
        return found

    def to_json(self, *, indent: int | None = None) -> str:
        """Return everything but the classes as JSON."""
        return self.model_dump_json(indent=indent)

    @classmethod
    def from_json(
        cls,
        text: str | bytes,
        *,
        profile: type[Profile] = Profile,
        events: Sequence[type[Event]] = (),
        send_times: SendTimes = MappingProxyType({}),
    ) -> Workspace:
        """Read a workspace, with the classes and send times that JSON cannot hold.

        Raises:
            DefinitionError: With the full path to what is wrong.
        """
        try:
            data = json.loads(text)
        except ValueError as error:
            raise DefinitionError(
                f"this is no JSON: {error}",
                place=cls.__name__,
                remedy="give what to_json() returned",
            ) from None
        if isinstance(data, dict):
            data = {**data, "profile": profile, "events": list(events)}
            data["send_times"] = dict(send_times)
        return cls.model_validate(data)


def _less_than(one: Duration, other: Duration) -> bool:
    """Compare by the shortest length that the calendar allows."""

    def least(span: Duration) -> int:
        return span.micros + (span.days + span.months * 28) * 86_400_000_000

    return least(one) < least(other)


def _channels(step: Step) -> Sequence[str]:
    match step:
        case Send():
            return step.channels
        case Consent():
            return step.channels
        case _:
            return ()
