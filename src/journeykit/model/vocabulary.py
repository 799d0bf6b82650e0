"""Which fields have events, results and the profile? Told as data, so that a workspace needs no code.

A vocabulary says of each field what a class would say: its kind, its choices, whether it may
be empty, its default, and the channel whose address it holds. Making one makes the classes,
and runs nothing; `vocabulary_of` tells the vocabulary of classes. What a class checks beyond
that (patterns, bounds, validators) stays with the class.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    JsonValue,
    PrivateAttr,
    StrictInt,
    StrictStr,
    TypeAdapter,
    ValidationError,
    create_model,
    model_validator,
)
from pydantic.fields import FieldInfo

from journeykit.errors import DefinitionError
from journeykit.model.addresses import Address
from journeykit.model.base import Frozen, Wrong
from journeykit.model.datatexts import lean
from journeykit.model.facts import Event, Fact, Profile, kinds_of
from journeykit.model.fields import Kind
from journeykit.model.kinds import kind_of, marks_in
from journeykit.model.names import EventName, Label, Name
from journeykit.model.results import Result, result_name
from journeykit.model.triggers import as_tuple
from journeykit.model.values import WANTED_IN_JSON, from_wire

FactType = TypeVar("FactType", bound=Fact)
ItemKind = Literal["text", "integer", "decimal", "float", "boolean", "date", "instant"]
_TYPES: dict[str, Any] = {
    "text": str, "integer": int, "decimal": Decimal, "float": float, "boolean": bool,
    "date": date, "instant": datetime, "list": tuple[JsonValue, ...], "json": JsonValue,
}  # fmt: skip
_LISTS: dict[str, Any] = {
    "text": tuple[str, ...], "integer": tuple[int, ...], "decimal": tuple[Decimal, ...],
    "float": tuple[float, ...], "boolean": tuple[bool, ...], "date": tuple[date, ...],
    "instant": tuple[datetime, ...],
}  # fmt: skip
_CHOSEN: dict[str, type] = {"text": str, "integer": int}
_FIELD = r"[A-Za-z][A-Za-z0-9_]*"


def kind_alone(value: object) -> object:
    """Let a kind stand for a field of which there is no more to say."""
    return {"kind": value} if isinstance(value, str) else value


class FieldOf(Frozen):
    """One field of an event, of a result or of the profile.

    Args:
        kind: What it holds: `"date"` is a local date, `"instant"` a moment with its offset.
        choices: All its values, of text or whole numbers.
        items: Of what kind the items of a list are; anything when not given.
        optional: Whether it may be empty. It then is, where nothing else is given.
        default: What it is where nothing is given, as data.
        address: The channel whose address it holds.
        zone: The field with the time zone of this address.
    """

    kind: Kind
    choices: Annotated[Sequence[StrictStr | StrictInt], AfterValidator(as_tuple)] = Field(
        default=(), kw_only=True
    )
    items: ItemKind | None = Field(default=None, kw_only=True)
    optional: bool = Field(default=False, kw_only=True, strict=True)
    default: JsonValue = Field(default=None, kw_only=True)
    address: Name | None = Field(default=None, kw_only=True)
    zone: str | None = Field(default=None, kw_only=True)
    _value: Any = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _fits(self) -> FieldOf:
        wanted = _CHOSEN.get(self.kind)
        if self.choices and not (wanted and all(type(one) is wanted for one in self.choices)):
            raise Wrong(
                f"these cannot be the choices of a field of kind {self.kind}",
                "only text and integer have choices, all of that kind",
                "choices",
            )
        if self.items is not None and self.kind != "list":
            raise Wrong("only a list has items", "leave items out, or write kind: list", "items")
        if self.zone is not None and self.address is None:
            raise Wrong("zone= is that of an address", "give address= too", "zone")
        if self.default is not None:
            self._value = self._checked(self.default)
        return self

    def _checked(self, default: JsonValue) -> Any:
        """Return the default as a program would write it."""
        of_kind = self.kind in ("list", "json") or from_wire(self.kind, default) is not None
        try:
            if of_kind:
                return TypeAdapter(self.annotation).validate_python(default)
        except ValidationError:
            pass
        wanted = f"one of {', '.join(map(repr, self.choices))}" if self.choices else None
        raise Wrong(
            f"this is no default for a field of kind {self.kind}",
            f"give {wanted or ('a list' if self.kind == 'list' else WANTED_IN_JSON[self.kind])}",
            "default",
        )

    @property
    def annotation(self) -> Any:
        """The type that a class would give it."""
        of = _TYPES[self.kind] if self.items is None else _LISTS[self.items]
        of = Literal[tuple(self.choices)] if self.choices else of
        of = of | None if self.optional else of
        return of if self.address is None else Annotated[of, Address(self.address, zone=self.zone)]

    @property
    def info(self) -> Any:
        """The field of a class, as pydantic makes it."""
        required = not self.optional and self.default is None
        return (self.annotation, ... if required else self._value)


Fields = Mapping[str, Annotated[FieldOf, BeforeValidator(kind_alone)]]


class Vocabulary(Frozen):
    """The events, the results and the profile of a workspace, as data.

    Args:
        events: Wire name to the fields of the event.
        results: Name to the fields of what functions give, such as `lead_score`.
        profile: The fields of the profile, those apart that every profile has. Each is
            optional or has a default, since a customer may be known by the id alone.
    """

    events: Mapping[EventName, Fields] = Field(default_factory=dict, kw_only=True)
    results: Mapping[Label, Fields] = Field(default_factory=dict, kw_only=True)
    profile: Fields = Field(default_factory=dict, kw_only=True)
    _results: tuple[type[Result], ...] = PrivateAttr(default=())
    _events: tuple[type[Event], ...] = PrivateAttr(default=())
    _profile: type[Profile] = PrivateAttr(default=Profile)

    @model_validator(mode="after")
    def _makes_classes(self) -> Vocabulary:
        self._events = tuple(
            _made(Event, _class_name(name), fields, f"events › {name}", name=name)
            for name, fields in self.events.items()
        )
        self._results = tuple(
            _made(Result, _class_name(name), fields, f"results › {name}", name=name)
            for name, fields in self.results.items()
        )
        self._profile = _made(Profile, "Customer", self.profile, "profile")
        return self

    @property
    def event_classes(self) -> Sequence[type[Event]]:
        """The classes of the events."""
        return self._events

    @property
    def result_classes(self) -> Sequence[type[Result]]:
        """The classes of the results."""
        return self._results

    @property
    def profile_class(self) -> type[Profile]:
        """The class of the profile."""
        return self._profile


def _made(
    base: type[FactType], title: str, fields: Fields, place: str, **options: str
) -> type[FactType]:
    for name in fields:
        if not re.fullmatch(_FIELD, name, re.ASCII):
            raise Wrong(
                f"{name!r} cannot be the name of a field",
                "use letters, digits and _, a letter first",
                f"{place} › {name}",
            )
    made: dict[str, Any] = {name: field.info for name, field in fields.items()}
    try:
        return create_model(title, __base__=base, __cls_kwargs__=options, **made)
    except DefinitionError as error:
        _, dot, field = error.place.partition(".")
        at = f"{place} › {field}" if dot and field in fields else place
        raise Wrong(error.problem, error.remedy, at) from None


def _class_name(wire_name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"\W|_", wire_name))


def vocabulary_of(
    profile: type[Profile], events: Iterable[type[Event]], results: Iterable[type[Result]] = ()
) -> Vocabulary:
    """Return the vocabulary of classes.

    Raises:
        DefinitionError: A default cannot be told as data.
    """
    return Vocabulary(
        events={cls.__wire_name__: _fields_of(cls) for cls in events},
        results={result_name(cls): _fields_of(cls) for cls in results},
        profile=_fields_of(profile, without=Profile.model_fields),
    )


def told(vocabulary: Vocabulary) -> dict[str, Any]:
    """Return a vocabulary as data, as short as it can be read back."""
    data = lean(vocabulary)
    named = (*data.get("events", {}).values(), *data.get("results", {}).values())
    for fields in (*named, data.get("profile", {})):
        for name, field in fields.items():
            fields[name] = field["kind"] if len(field) == 1 else field
    return data


def _fields_of(cls: type[Fact], without: Mapping[str, FieldInfo] | None = None) -> Fields:
    kinds_of(cls)  # which resolves what is still text
    return {
        name: _field_of(f"{cls.__name__}.{name}", info)
        for name, info in cls.model_fields.items()
        if name not in (without or {})
    }


def _field_of(place: str, info: FieldInfo) -> FieldOf:
    kind, choices = kind_of(info.annotation)
    marks = [*(mark for mark in info.metadata if isinstance(mark, Address))]
    marks += marks_in(info.annotation, Address)
    said: dict[str, Any] = {
        "choices": choices,
        "items": _items_of(info.annotation) if kind == "list" else None,
        "optional": _may_be_none(info.annotation),
        "default": None if info.is_required() else _default_of(place, info),
    }
    if marks:
        said |= {"address": marks[0].channel, "zone": marks[0].zone}
    return FieldOf(kind, **said)


def _default_of(place: str, info: FieldInfo) -> Any:
    try:
        default = info.get_default(call_default_factory=True)
        return TypeAdapter(info.rebuild_annotation()).dump_python(default, mode="json")
    except Exception as error:
        raise DefinitionError(
            f"its default cannot be told as data: {type(error).__name__}", place=place,
            remedy="give a plain default, or leave the vocabulary out and keep the class",
        ) from None  # fmt: skip


def _may_be_none(annotation: Any) -> bool:
    if get_origin(annotation) in (Union, UnionType):
        return NoneType in get_args(annotation)
    return get_origin(annotation) is Annotated and _may_be_none(get_args(annotation)[0])


def _items_of(annotation: Any) -> str | None:
    """Return the kind of the items of a list, where all of them are of one that has a name."""
    if get_origin(annotation) in (Union, UnionType, Annotated):
        found = map(_items_of, get_args(annotation))
        return next((kind for kind in found if kind is not None), None)
    parts = [part for part in get_args(annotation) if part is not Ellipsis]
    kinds = {kind_of(part)[0] for part in parts} if get_origin(annotation) is not None else set()
    kind = kinds.pop() if len(kinds) == 1 else "json"
    return None if kind in ("list", "json") else kind
