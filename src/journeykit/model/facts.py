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
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, dataclass_transform

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, create_model
from pydantic._internal._model_construction import ModelMetaclass
from pydantic.errors import PydanticUndefinedAnnotation
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticUndefined

from journeykit.errors import DefinitionError, InputError, InvalidEventError, InvalidProfileError
from journeykit.model.addresses import Address
from journeykit.model.expressions import Attribute
from journeykit.model.fields import Kind, is_taken
from journeykit.model.kinds import is_set, kind_of, marks_in, snake_case
from journeykit.model.names import EVENT_NAME
from journeykit.model.retelling import in_our_words
from journeykit.model.values import WANTED_IN_JSON
from journeykit.model.whereabouts import refuse_unknown_places
from journeykit.time import from_micros, to_micros

PROFILE = "profile"
FactType = TypeVar("FactType", bound="Fact")
ModelType = TypeVar("ModelType", bound=BaseModel)


class _FieldDescriptor:
    """Answers `Class.field` with a reference; instances find their value first.

    It answers for its own class only: while pydantic collects the fields of a subclass, the
    subclass has none of its own yet, and must not mistake the reference for a default.
    """

    __slots__ = ("_name", "_owner")

    def __init__(self, name: str, owner: type[Fact]) -> None:
        self._name = name
        self._owner = owner

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        if instance is not None or owner is not self._owner:
            raise AttributeError(f"no value for {self._name!r}")
        info = _complete(self._owner).model_fields[self._name]
        kind, choices = kind_of(info.annotation)
        return Attribute[Any](self._owner.__wire_name__, self._name, kind, choices)


def _complete(cls: type[FactType]) -> type[FactType]:
    """Return the class, its annotations resolved, also those that are still text.

    Raises:
        DefinitionError: A type that an annotation names is nowhere to be found.
    """
    try:
        cls.model_rebuild()
    except PydanticUndefinedAnnotation as error:
        raise DefinitionError(
            f"the type {error.name!r} of a field is not defined",
            place=cls.__name__,
            remedy="import it in the module of the class, not only for type checkers",
        ) from None
    return cls


def kinds_of(cls: type[Fact]) -> dict[str, Kind]:
    """Return the fields of an event or a profile, each with its kind."""
    return {name: kind_of(info.annotation)[0] for name, info in _complete(cls).model_fields.items()}


@dataclass_transform(kw_only_default=True, field_specifiers=(Field, PrivateAttr))
class _FactMeta(ModelMetaclass):
    """Plants the references, and lets a subclass define a field anew without a warning."""

    if not TYPE_CHECKING:  # pragma: no branch - checkers would accept any argument and field
        # By position only: `name=` is what an event class may say for itself.
        def __new__(mcs, of: str, bases: Any, namespace: Any, /, **kwargs: Any) -> Any:
            """Make the class, check it, and give it a reference for each of its fields."""
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", message=".*shadows an attribute in parent.*")
                made = super().__new__(mcs, of, bases, namespace, **kwargs)
            if not made.__pydantic_complete__:
                # Pydantic looked for the types where it was called from, and that is here.
                made.model_rebuild(raise_errors=False, _parent_namespace_depth=3)
            if made.__mro__[1] is not BaseModel:
                made._check_class()
                for name in made.model_fields:
                    setattr(made, name, _FieldDescriptor(name, made))
            return made

        def __call__(cls, *args: Any, **values: Any) -> Any:  # noqa: N805 - a metaclass
            """Make a fact; what is wrong with it is told as of any other input."""
            try:
                return super().__call__(*args, **values)
            except ValidationError as error:
                raise _input_error(cls, error) from None

        def __getattr__(cls, name: str) -> Any:  # noqa: N805 - a metaclass
            """Say which field comes near to one that there is not."""
            try:
                return super().__getattr__(name)
            except AttributeError:
                if name.startswith("_"):
                    raise
                known = list(cls.__dict__.get("model_fields") or cls.__pydantic_fields__)
                near = get_close_matches(name, known, 1)
                hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(known)}"
                raise AttributeError(f"{cls.__name__} has no field {name!r}; {hint}") from None


class Fact(BaseModel, metaclass=_FactMeta):
    """The common ground of `Event` and `Profile`."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, protected_namespaces=()
    )
    __wire_name__: ClassVar[str] = ""
    __error__: ClassVar[type[InputError]] = InvalidEventError

    @classmethod
    def _check_class(cls) -> None:
        """Refuse a class whose instances could not be kept and read back."""
        if cls.model_computed_fields:
            raise DefinitionError(
                f"{min(cls.model_computed_fields)!r} is a computed field",
                place=cls.__name__,
                remedy="make it a field and give it its value, or a plain property",
            )
        for name, info in cls.model_fields.items():
            _check_field(cls, name, info)


def _check_field(cls: type[Fact], name: str, info: FieldInfo) -> None:
    if name in _RESERVED:
        raise DefinitionError(
            f"the field name {name!r} is already used",
            place=cls.__name__,
            remedy=f"call it {name}_ or another name",
        )
    if info.alias or info.validation_alias or info.serialization_alias or info.exclude:
        raise DefinitionError(
            "a field with an alias, or excluded, has no one name under which it is kept",
            place=f"{cls.__name__}.{name}",
            remedy="leave out alias= and exclude=; rename the data before it is reported",
        )
    if is_set(info.annotation):
        raise DefinitionError(
            "a set has no order, and a journal must read the same each time",
            place=f"{cls.__name__}.{name}",
            remedy="make it a list or a tuple",
        )


def _is_unknown_text(info: FieldInfo) -> bool:
    return kind_of(info.annotation)[0] == "text" and info.default is None


def _addresses_in(info: FieldInfo) -> list[Address]:
    marks = [mark for mark in info.metadata if isinstance(mark, Address)]
    return marks + list(marks_in(info.annotation, Address))


_RESERVED = frozenset(name for name in dir(Fact) if not name.startswith("__"))
_RESERVED |= {"addresses", "address_zones"}


class Event(Fact):
    """Something that happened, past tense, with typed fields.

    The wire name is the class name in snake case, or `name="…"` in the class line.
    """

    def __init_subclass__(cls, name: str | None = None, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        wire_name = snake_case(cls.__name__) if name is None else name
        if not re.fullmatch(EVENT_NAME, str(wire_name)) or is_taken(str(wire_name)):
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

    @classmethod
    def _check_class(cls) -> None:
        super()._check_class()
        for name, info in cls.model_fields.items():
            if _addresses_in(info):
                raise DefinitionError(
                    "an event has no address; a customer has",
                    place=f"{cls.__name__}.{name}",
                    remedy="mark a field of the Profile class with Address",
                )


class Profile(Fact):
    """What the host knows of a customer; subclass it to add attributes, with defaults.

    Attributes:
        timezone: IANA name; the workspace's zone counts while it is not known.
        locale: Such as `de-DE`; for templates.
        country: ISO 3166 code such as `US`; for conditions and rules. Others are refused.
        region: A part of the country, `US-FL` or just `FL`; for conditions and rules.
    """

    timezone: str | None = None
    locale: str | None = None
    country: str | None = None
    region: str | None = None

    __wire_name__: ClassVar[str] = PROFILE
    __error__ = InvalidProfileError

    @classmethod
    def _check_class(cls) -> None:
        super()._check_class()
        for name, info in cls.model_fields.items():
            if info.is_required():
                raise DefinitionError(
                    f"the attribute {name!r} has no default",
                    place=cls.__name__,
                    remedy="give it one: a customer may be known by the id alone",
                )
        for name in ("timezone", "locale", "country", "region"):
            if not _is_unknown_text(cls.model_fields[name]):
                raise DefinitionError(
                    "this attribute is not to be redefined",
                    place=f"{cls.__name__}.{name}",
                    remedy="leave it as it is: text, unknown as long as it is None",
                )
        cls.addresses()
        for channel, name in cls.address_zones().items():
            if name not in cls.model_fields or not _is_unknown_text(cls.model_fields[name]):
                raise DefinitionError(
                    f"Address({channel!r}, zone={name!r}) names no field for a time zone",
                    place=f"{cls.__name__}.{name}",
                    remedy=f"add {name}: str | None = None",
                )

    @classmethod
    @lru_cache(maxsize=256)  # asked with every update of a profile
    def address_zones(cls) -> dict[str, str]:
        """Return channel to the field with the time zone of its address, where one is named."""
        marks = [mark for info in cls.model_fields.values() for mark in _addresses_in(info)]
        return {mark.channel: mark.zone for mark in marks if mark.zone is not None}

    @classmethod
    def addresses(cls) -> dict[str, str]:
        """Return channel to field for the fields marked with `Address`.

        Raises:
            DefinitionError: Two fields are the address of one channel.
        """
        found: dict[str, str] = {}
        for name, info in cls.model_fields.items():
            for mark in _addresses_in(info):
                if kind_of(info.annotation)[0] != "text":
                    raise DefinitionError(
                        "an address is text",
                        place=f"{cls.__name__}.{name}",
                        remedy=f"such as Annotated[str | None, {mark!r}] = None",
                    )
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
    """Return all fields in wire form.

    Raises:
        InputError: A datetime is naive, or lies outside the years 1 to 9999.
    """
    return _in_utc(fact, fact.__wire_name__).model_dump(mode="json")


def validate_event(cls: type[Event], data: Mapping[str, Any]) -> Event:
    """Make an event from data.

    Raises:
        InvalidEventError, NaiveInstantError: Field, value, and what would be right.
    """
    return _validated(cls, cls, data)


def validate_part(cls: type[Event], data: Mapping[str, Any]) -> dict[str, Any]:
    """Check some fields of an event, each by its type; return them in wire form.

    Raises:
        InvalidEventError, NaiveInstantError: As `validate_event`, but no field is missing.
    """
    return _validated(cls, _part_of(cls), data).model_dump(mode="json", include=set(data))


@lru_cache(maxsize=512)
def _part_of(cls: type[Event]) -> type[BaseModel]:
    fields: dict[str, Any] = {
        name: (info.rebuild_annotation(), Field(None, discriminator=info.discriminator))
        for name, info in _complete(cls).model_fields.items()
    }
    return create_model(cls.__name__, __config__=cls.model_config, **fields)


def _validated(cls: type[Event], model: type[ModelType], data: Mapping[str, Any]) -> ModelType:
    try:
        found = model.model_validate(dict(data))
    except ValidationError as error:
        raise _input_error(cls, error) from None
    return _in_utc(found, cls.__wire_name__)


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
        raise _input_error(cls, error) from None
    told = _in_utc(profile, PROFILE).model_dump(mode="json", include=profile.model_fields_set)
    refuse_unknown_places(told, ("timezone", *cls.address_zones().values()))
    return told


def _in_utc(fact: ModelType, place: str) -> ModelType:
    """Return `fact` with its instants in UTC, and so within the years of the calendar (T1)."""
    utc = {
        name: from_micros(to_micros(value, what=f"{place}.{name}"))
        for name, value in fact
        if isinstance(value, datetime)
    }
    return fact.model_copy(update=utc) if utc else fact


def _input_error(cls: type[Fact], error: ValidationError) -> InputError:
    first, *others = (_one_error(cls, each) for each in error.errors(include_url=False))
    first.also = others
    return first


def _one_error(cls: type[Fact], detail: ErrorDetails) -> InputError:
    problem, place, remedy = _told(cls, detail)
    value = {} if detail["type"] == "missing" else {"value": detail["input"]}
    return cls.__error__(problem, place=place, remedy=remedy, **value)


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
    info = cls.model_fields.get(name)
    return in_our_words(detail["msg"]), place, f"give {_wanted(info)}" if info else "see the class"


def _wanted(info: FieldInfo) -> str:
    kind, choices = kind_of(info.annotation)
    text = f"one of {', '.join(map(repr, choices))}" if choices else WANTED_IN_JSON[kind]
    if kind in ("list", "json"):
        text = str(info.annotation).replace("typing.", "")
    default = "" if info.default is PydanticUndefined else f" (default {info.default!r})"
    return text + default
