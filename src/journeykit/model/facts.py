"""What can happen, and what is known of a customer? Typed events and profiles.

Both are pydantic models that hosts subclass. A class attribute such as `CartUpdated.total`
gives a field reference whose operators write conditions; an instance attribute gives the
value. Within journeykit only the *wire form* travels: JSON primitives, decimals as strings,
dates and instants in ISO 8601.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from datetime import datetime
from difflib import get_close_matches
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic._internal._model_construction import ModelMetaclass
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticUndefined

from journeykit.errors import (
    DefinitionError,
    InputError,
    InvalidEventError,
    InvalidProfileError,
    NaiveInstantError,
)
from journeykit.model.expressions import Attribute
from journeykit.model.kinds import kind_of, snake_case
from journeykit.time import zone

PROFILE = "profile"


class Address:
    """Marks the profile field that holds the address of a channel.

    `email: Annotated[str | None, Address("email")] = None`
    """

    __slots__ = ("channel",)

    def __init__(self, channel: str) -> None:
        if not isinstance(channel, str) or not channel:
            raise DefinitionError("a channel must have a name", place="Address", value=channel)
        self.channel = channel

    def __repr__(self) -> str:
        return f"Address({self.channel!r})"


class _FieldDescriptor:
    """Answers `Class.field` with a reference; instances find their value first.

    It answers for its own class only: while pydantic collects the fields of a subclass, the
    subclass has none of its own yet, and must not mistake the reference for a default.
    """

    __slots__ = ("_attribute", "_owner")

    def __init__(self, attribute: Attribute[Any], owner: type) -> None:
        self._attribute = attribute
        self._owner = owner

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        if instance is not None or owner is not self._owner:
            raise AttributeError(f"no value for {self._attribute!r}")
        return self._attribute


class _FactMeta(ModelMetaclass):
    """Lets a subclass define a field anew without pydantic's warning about shadowing."""

    def __new__(mcs, name: str, bases: Any, namespace: Any, **kwargs: Any) -> Any:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*shadows an attribute in parent.*")
            return super().__new__(mcs, name, bases, namespace, **kwargs)


class Fact(BaseModel, metaclass=_FactMeta):
    """The common ground of `Event` and `Profile`."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    __wire_name__: ClassVar[str] = ""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        for name, info in cls.model_fields.items():
            if name in _RESERVED:
                raise DefinitionError(
                    f"the field name {name!r} is already used",
                    place=cls.__name__,
                    remedy=f"call it {name}_ or another name",
                )
            kind, choices = kind_of(info.annotation)
            reference = Attribute[Any](cls.__wire_name__, name, kind, choices)
            setattr(cls, name, _FieldDescriptor(reference, cls))


_RESERVED = frozenset(name for name in dir(Fact) if not name.startswith("__")) | {"__wire_name__"}


class Event(Fact):
    """Something that happened, past tense, with typed fields.

    The wire name is the class name in snake case, or `name="…"` in the class line.
    """

    def __init_subclass__(cls, name: str | None = None, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        wire_name = snake_case(cls.__name__) if name is None else name
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_.:-]{0,99}", wire_name) or wire_name in (
            PROFILE,
            "step",
        ):
            raise DefinitionError(
                "this cannot be the wire name of an event",
                place=cls.__name__,
                value=wire_name,
                remedy="use letters, digits and underscores, such as name='order_placed'; "
                "'profile' and 'step' are taken",
            )
        cls.__wire_name__ = wire_name

    @classmethod
    def __pydantic_init_subclass__(cls, name: str | None = None, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)


class Profile(Fact):
    """What the host knows of a customer; subclass it to add attributes, with defaults.

    Attributes:
        timezone: IANA name; the workspace's zone counts while it is not known.
        locale: Such as `de-DE`; for templates.
        country: ISO 3166 code; for conditions and rules.
    """

    timezone: str | None = None
    locale: str | None = None
    country: str | None = None

    __wire_name__: ClassVar[str] = PROFILE

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        for name, info in cls.model_fields.items():
            if info.is_required():
                raise DefinitionError(
                    f"the attribute {name!r} has no default",
                    place=cls.__name__,
                    remedy="give it one: a customer may be known by the id alone",
                )
        cls.addresses()

    @classmethod
    def addresses(cls) -> dict[str, str]:
        """Return channel to field for the fields marked with `Address`.

        Raises:
            DefinitionError: Two fields are the address of one channel.
        """
        found: dict[str, str] = {}
        for name, info in cls.model_fields.items():
            for mark in info.metadata:
                if not isinstance(mark, Address):
                    continue
                if mark.channel in found:
                    raise DefinitionError(
                        f"{found[mark.channel]!r} and {name!r} are both the address of one channel",
                        place=cls.__name__,
                        value=mark.channel,
                        remedy="mark one field for each channel",
                    )
                found[mark.channel] = name
        return found


def wire(fact: Fact) -> dict[str, Any]:
    """Return all fields in wire form."""
    return fact.model_dump(mode="json")


def validate_event(cls: type[Event], data: Mapping[str, Any]) -> Event:
    """Make an event from data.

    Raises:
        InvalidEventError, NaiveInstantError: Field, value, and what would be right.
    """
    try:
        event = cls.model_validate(dict(data))
    except ValidationError as error:
        raise _input_error(cls, error, InvalidEventError) from None
    _refuse_naive(cls, event, data)
    return event


def validate_profile(cls: type[Profile], attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Check attributes of a profile; return those that were given, in wire form.

    Raises:
        InvalidProfileError, UnknownZoneError, NaiveInstantError: Field, value, remedy. One
            wrong attribute refuses all (rule T7).
    """
    if not isinstance(attributes, Mapping):
        raise InvalidProfileError(
            "attributes must be a mapping", place=PROFILE, value=attributes,
            remedy="such as {'first_name': 'Ann'}",
        )  # fmt: skip
    try:
        profile = cls.model_validate(dict(attributes))
    except ValidationError as error:
        raise _input_error(cls, error, InvalidProfileError) from None
    _refuse_naive(cls, profile, attributes)
    if profile.timezone is not None:
        zone(profile.timezone)
    told = wire(profile)
    return {name: told[name] for name in cls.model_fields if name in profile.model_fields_set}


def _refuse_naive(cls: type[Fact], fact: Fact, data: Mapping[str, Any]) -> None:
    for name in cls.model_fields:
        value = getattr(fact, name)
        if isinstance(value, datetime) and value.utcoffset() is None:
            raise NaiveInstantError(
                "a datetime without a zone names no instant",
                place=f"{cls.__wire_name__}.{name}",
                value=data.get(name),
                remedy="datetime(..., tzinfo=UTC), or ISO 8601 with an offset",
            )


def _input_error(cls: type[Fact], error: ValidationError, kind: type[InputError]) -> InputError:
    details = error.errors(include_url=False)
    problem, place, remedy = _told(cls, details[0])
    for other in details[1:]:
        other_problem, other_place, other_remedy = _told(cls, other)
        remedy += f"\n  also {other_place}: {other_problem}; {other_remedy}"
    if details[0]["type"] == "missing":
        return kind(problem, place=place, remedy=remedy)
    return kind(problem, place=place, value=details[0]["input"], remedy=remedy)


def _told(cls: type[Fact], detail: ErrorDetails) -> tuple[str, str, str]:
    name = str(detail["loc"][0]) if detail["loc"] else ""
    place = ".".join([cls.__wire_name__, *map(str, detail["loc"])])
    if detail["type"] == "missing":
        return "the field is missing", place, f"give {name}, {_wanted(cls.model_fields[name])}"
    if detail["type"] == "extra_forbidden":
        near = get_close_matches(name, list(cls.model_fields), 1)
        known = ", ".join(cls.model_fields) or "none"
        hint = f"did you mean {near[0]!r}?" if near else f"the fields are {known}"
        return "there is no such field", place, hint
    message = detail["msg"][:1].lower() + detail["msg"][1:]
    info = cls.model_fields.get(name)
    return message, place, f"give {_wanted(info)}" if info is not None else "see the class"


def _wanted(info: FieldInfo) -> str:
    annotation = info.annotation
    text = annotation.__name__ if isinstance(annotation, type) else str(annotation)
    default = "" if info.default is PydanticUndefined else f" (default {info.default!r})"
    return text.replace("typing.", "") + default
