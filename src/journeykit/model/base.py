"""What is an authored value? Frozen, strict about its fields, and plain about mistakes.

Leading fields are positional, as in `Wait(hours(1))`; options are declared with
`Field(kw_only=True)`. What pydantic finds wrong is re-told by `model.retelling`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, dataclass_transform

from pydantic import BaseModel, ConfigDict, Field
from pydantic._internal._model_construction import ModelMetaclass

from journeykit.errors import DefinitionError
from journeykit.model.retelling import Wrong, retold

Self = TypeVar("Self", bound="Frozen")


@dataclass_transform(kw_only_default=False, field_specifiers=(Field,))
class FrozenMeta(ModelMetaclass):
    """Takes positional arguments, and re-tells validation errors."""

    if not TYPE_CHECKING:  # pragma: no branch - or the checkers would accept any argument

        def __call__(cls, *args: Any, **kwargs: Any) -> Any:  # noqa: N805 - a metaclass
            """Make a value, the leading fields by position."""
            values = _by_name(cls, args, kwargs)
            return retold(cls, lambda: super(FrozenMeta, cls).__call__(**values), values)


class Frozen(BaseModel, metaclass=FrozenMeta):
    """The base of every authored value."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        arbitrary_types_allowed=False,
        validate_default=False,
        defer_build=True,
    )
    _variadic: ClassVar[str] = ""
    _step_ids: ClassVar[tuple[str, ...]] = ()  # fields that name a step of the journey
    _leading: ClassVar[tuple[str, ...]] = ()  # what stands before a variadic field

    @classmethod
    def model_validate(cls: type[Self], obj: Any, **kwargs: Any) -> Self:
        """Validate data; errors are `DefinitionError`s with the full path."""
        return retold(cls, lambda: super(Frozen, cls).model_validate(obj, **kwargs), obj)

    @classmethod
    def model_validate_json(cls: type[Self], json_data: Any, **kwargs: Any) -> Self:
        """Validate JSON; errors are `DefinitionError`s with the full path."""
        return retold(cls, lambda: super(Frozen, cls).model_validate_json(json_data, **kwargs))

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented  # ago(days(3)) == Shopper.trial_ends is for the field to answer
        # 1, 1.0 and True are equal to Python, and are different definitions.
        return self.__dict__ == other.__dict__ and self.canonical() == other.canonical()

    def __hash__(self) -> int:
        return hash(self.canonical())

    def canonical(self) -> bytes:
        """Return one fixed spelling as JSON: equal values give equal bytes."""
        data = self.model_dump(mode="json")
        return json.dumps(data, sort_keys=True, separators=(",", ":")).encode()


def type_of(value: object) -> str | None:
    """Return what tells the ways of a union apart, of a value or of data.

    Not `Field(discriminator="type")`: pydantic 2.7 forgets that one where types are recursive.
    """
    tag = value.get("type") if isinstance(value, dict) else getattr(value, "type", None)
    return tag if isinstance(tag, str) else None


def _by_name(cls: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Give positional arguments the names of the fields in their order."""
    if not args:
        return kwargs
    variadic = cls._variadic
    if variadic:
        leading = dict(zip(cls._leading, args, strict=False))
        _refuse_twice(cls, leading, kwargs)
        return {**leading, variadic: args[len(leading) :], **kwargs}
    names = [name for name, info in cls.model_fields.items() if not info.kw_only and name != "type"]
    if len(args) > len(names):
        raise DefinitionError(
            f"it takes {len(names)} positional arguments, {len(args)} were given",
            place=cls.__name__,
            remedy=f"name the options: {', '.join(f'{name}=' for name in _options(cls))}",
        )
    values = dict(zip(names, args, strict=False))
    _refuse_twice(cls, values, kwargs)
    return {**values, **kwargs}


def _refuse_twice(cls: Any, values: dict[str, Any], kwargs: dict[str, Any]) -> None:
    twice = values.keys() & kwargs.keys()
    if twice:
        raise DefinitionError(
            f"{min(twice)} is given twice", place=cls.__name__, remedy="give it once"
        )


def _options(cls: Any) -> list[str]:
    return [name for name, info in cls.model_fields.items() if info.kw_only and name != "type"]


__all__ = ["Frozen", "FrozenMeta", "Wrong", "type_of"]
