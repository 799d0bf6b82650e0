"""What belongs together? Journeys that share customers, a profile, a zone and a policy."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import AfterValidator, Field, model_validator
from pydantic.json_schema import SkipJsonSchema

from journeykit.model.acting import emitted_classes, refuse_unfit_acts, refuse_unknown_emits
from journeykit.model.base import Frozen, Wrong
from journeykit.model.caps import refuse_unknown_names
from journeykit.model.channels import Via, refuse_unordered
from journeykit.model.datatexts import from_json_text, from_yaml_text, to_yaml_text
from journeykit.model.facts import Event, Profile
from journeykit.model.findings import Findings, KnowsTemplates
from journeykit.model.journey import Journey, ons_of, segments_of, steps_of
from journeykit.model.moments import ZoneName
from journeykit.model.names import Name
from journeykit.model.policy import Policy
from journeykit.model.results import Result, ResultClasses
from journeykit.model.segments import refuse_two_of_a_name
from journeykit.model.sendhours import refuse_shut_hours
from journeykit.model.sendtimes import SendTimes, refuse_untimed
from journeykit.model.spans import NotNegative, Positive, Span
from journeykit.model.steps import Consent, Send, Step
from journeykit.model.steps.calls import result_classes_of
from journeykit.model.topics import known_topics, refuse_unknown_topics
from journeykit.model.triggers import On, as_tuple
from journeykit.model.vocabulary import Vocabulary, told, vocabulary_of
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
        results: Result classes of calls, where the journeys were loaded from data.
        policy: The delivery policy; also the list of channels.
        vocabulary: The classes as data, where there are none in code; a class that is
            given or named counts before it. It is no part of the value: the classes are.
        send_times: Name to a way of choosing when a message leaves: `BestHour()`, or a function
            of the host's. As the classes, they are no part of the JSON form.
        seed: What ids and random choices are keyed with. Another seed, other arms.
        future_tolerance: How far ahead of now `occurred_at` may lie (rule O9).
        remember_events: How long event ids are remembered (rule O8): at least 90 days.
        max_steps: Steps that one run may take in one instant (rule E5).
        max_input_bytes: How large an event, the attributes of one call, the data of an
            enrollment or the result of a function may be, as JSON.
        max_content_bytes: How large the content of a message may be, as JSON.
    """

    journeys: Annotated[Sequence[Journey], AfterValidator(as_tuple)] = Field(kw_only=True)
    timezone: ZoneName = Field(kw_only=True)
    profile: Annotated[type[Profile], SkipJsonSchema()] = Field(
        default_factory=lambda: Profile, kw_only=True, exclude=True
    )
    events: Annotated[Sequence[type[Event]], AfterValidator(as_tuple), SkipJsonSchema()] = Field(
        default=(), kw_only=True, exclude=True
    )
    vocabulary: Vocabulary | None = Field(default=None, kw_only=True, exclude=True)
    results: ResultClasses = Field(default=(), kw_only=True)
    policy: Policy = Field(default_factory=Policy, kw_only=True)
    send_times: Annotated[SendTimes, SkipJsonSchema()] = Field(
        default_factory=dict, kw_only=True, exclude=True
    )
    seed: Name = Field(default="journeykit", kw_only=True)
    future_tolerance: NotNegative = Field(default_factory=lambda: minutes(5), kw_only=True)
    remember_events: Positive = Field(default_factory=lambda: days(90), kw_only=True)
    max_steps: int = Field(default=200, ge=1, kw_only=True, strict=True)
    max_input_bytes: int = Field(default=256 * 1024, ge=1024, kw_only=True, strict=True)
    max_content_bytes: int = Field(default=10 * 1024**2, ge=1024, kw_only=True, strict=True)
    __check__: ClassVar[Callable[..., Findings]]  # filled in by `analysis`

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            journeys: Sequence[Journey],
            timezone: str,
            profile: type[Profile] = Profile,
            events: Sequence[type[Event]] = (),
            results: Sequence[type[Result]] = (),
            vocabulary: Vocabulary | None = None,
            policy: Policy = ...,
            send_times: SendTimes = ...,
            seed: str = "journeykit",
            future_tolerance: Span = ...,
            remember_events: Span = ...,
            max_steps: int = 200,
            max_input_bytes: int = 262_144,
            max_content_bytes: int = 10_485_760,
        ) -> None: ...

    @model_validator(mode="after")
    def _takes_classes(self) -> Workspace:
        told, self.__dict__["vocabulary"] = self.vocabulary, None
        if told is not None:
            known = self.event_classes
            built = (cls for cls in told.event_classes if cls.__wire_name__ not in known)
            self.__dict__["events"] = (*self.events, *built)
            given = result_classes_of(self.results, self._placed_steps, complete=False)
            missing = (cls for cls in told.result_classes if cls.__wire_name__ not in given)
            self.__dict__["results"] = (*self.results, *missing)
            if self.profile is Profile:
                self.__dict__["profile"] = told.profile_class
        return self

    @model_validator(mode="after")
    def _fits_together(self) -> Workspace:
        self._names_differ()
        refuse_two_of_a_name(
            (f"journeys[{number}] › {place}", segment)
            for number, journey in enumerate(self.journeys)
            for place, segment in segments_of(journey)
        )
        self._channels_are_declared()
        refuse_unknown_topics(self.policy, self.journeys)
        self._caps_cover_something()
        if _less_than(self.remember_events, days(90)):
            raise Wrong("shorter than 90 days", "give days(90) or more", "remember_events")
        self._every_event_has_a_class()
        refuse_unknown_emits(self._placed_steps, self.event_classes)
        refuse_unfit_acts(self.journeys, self._placed_steps)
        _ = self.result_classes  # refuses what has no class
        self._channels_and_times_can_be_chosen()
        refuse_shut_hours(self._placed_steps, self.policy.clock_rules)
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
                        "give the class: Workspace(events=[...]), or its fields in vocabulary",
                        f"journeys[{number}] › {place}",
                    )
        for place, on in self._responses():
            if on.event not in known:
                raise Wrong(
                    f"the class of event {on.event!r} is not known here",
                    "give the class: Workspace(events=[...]), or its fields in vocabulary",
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
    def result_classes(self) -> dict[str, type[Result]]:
        """The classes of what functions give, by wire name such as `result.lead_score`.

        Raises:
            Wrong: Two different classes have the same name, or one is not known.
        """
        return result_classes_of(self.results, self._placed_steps)

    @property
    def _placed_steps(self) -> Iterator[tuple[str, Step]]:
        for number, journey in enumerate(self.journeys):
            for place, step in steps_of(journey):
                yield f"journeys[{number}] › {place}", step

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
        named += emitted_classes(self._placed_steps)
        for cls in (*self.events, *(cls for cls in named if cls is not None)):
            if found.setdefault(cls.__wire_name__, cls) is not cls:
                raise Wrong(
                    f"two event classes have the wire name {cls.__wire_name__!r}",
                    'rename one: class Other(Event, name="other")',
                    "events",
                )
        return found

    def check(
        self,
        *,
        today: date | None = None,
        templates: KnowsTemplates | None = None,
        strict: bool = False,
    ) -> Findings:
        """Return what is legal here and yet probably not meant; nothing is run for it.

        Args:
            today: Then dates before it are told too.
            templates: A renderer: then templates that are missing, or read what is not there.
            strict: Tell also what only matters once there is a second version.

        Raises:
            DefinitionError: It cannot run: it reads a field that there is not.
        """
        return self.__check__(today=today, templates=templates, strict=strict)

    def to_json(self, *, indent: int | None = None, vocabulary: bool = False) -> str:
        """Return everything but the classes as JSON.

        Args:
            vocabulary: Write what the classes say too, so that reading needs none.
        """
        if not vocabulary:
            return self.model_dump_json(indent=indent)
        return json.dumps({**self._told(), **self.model_dump(mode="json")}, indent=indent)

    def to_yaml(self, *, vocabulary: bool = False) -> str:
        """Return everything but the classes as YAML, without the options at their default.

        Args:
            vocabulary: Write what the classes say too, so that reading needs none.

        Raises:
            UsageError: PyYAML is not installed.
        """
        return to_yaml_text(self, self._told() if vocabulary else None)

    def _told(self) -> dict[str, Any]:
        classes = self.event_classes.values(), self.result_classes.values()
        return {"vocabulary": told(vocabulary_of(self.profile, *classes))}

    @classmethod
    def from_json(
        cls,
        text: str | bytes,
        *,
        profile: type[Profile] = Profile,
        events: Sequence[type[Event]] = (),
        results: Sequence[type[Result]] = (),
        send_times: SendTimes = MappingProxyType({}),
    ) -> Workspace:
        """Read a workspace, with the classes and send times that JSON cannot hold.

        Where it has a vocabulary, no classes have to be given.

        Raises:
            DefinitionError: With the full path to what is wrong.
        """
        given = _given(profile, events, results, send_times)
        return from_json_text(cls, text, **given)

    @classmethod
    def from_yaml(
        cls,
        text: str | bytes,
        *,
        profile: type[Profile] = Profile,
        events: Sequence[type[Event]] = (),
        results: Sequence[type[Result]] = (),
        send_times: SendTimes = MappingProxyType({}),
    ) -> Workspace:
        """Read a workspace from YAML; as `from_json`, and as `Journey.from_yaml`.

        Raises:
            DefinitionError: With the line, and the full path to what is wrong.
            UsageError: PyYAML is not installed.
        """
        given = _given(profile, events, results, send_times)
        return from_yaml_text(cls, text, **given)


def _given(
    profile: type[Profile],
    events: Sequence[type[Event]],
    results: Sequence[type[Result]],
    send_times: SendTimes,
) -> dict[str, Any]:
    return {
        "profile": profile,
        "events": list(events),
        "results": list(results),
        "send_times": dict(send_times),
    }


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
