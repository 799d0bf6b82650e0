"""What is an authored value? Frozen, strict about its fields, and plain about mistakes.

Leading fields are positional, as in `Wait(hours(1))`; options are declared with
`Field(kw_only=True)`. What pydantic finds wrong is re-told as a `DefinitionError` that names
the path, the value and the way out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from typing import Any, ClassVar, TypeVar, dataclass_transform

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic._internal._model_construction import ModelMetaclass
from pydantic_core import ErrorDetails, PydanticCustomError

from journeykit.errors import DefinitionError

Self = TypeVar("Self", bound="Frozen")
T = TypeVar("T")


class Wrong(PydanticCustomError):
    """A validator's objection, with the remedy kept apart from the problem."""

    def __new__(cls, problem: str, remedy: str) -> Wrong:
        return super().__new__(
            cls, "journeykit", "{problem}; {remedy}", {"problem": problem, "remedy": remedy}
        )

    def __init__(self, problem: str, remedy: str) -> None:
        self.problem = problem
        self.remedy = remedy


@dataclass_transform(kw_only_default=False, field_specifiers=(Field,))
class FrozenMeta(ModelMetaclass):
    """Takes positional arguments, and re-tells validation errors."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        values = _by_name(cls, args, kwargs)
        return retold(cls, lambda: super(FrozenMeta, cls).__call__(**values))


class Frozen(BaseModel, metaclass=FrozenMeta):
    """The base of every authored value."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", arbitrary_types_allowed=False, validate_default=False
    )
    _variadic: ClassVar[str] = ""

    @classmethod
    def model_validate(cls: type[Self], obj: Any, **kwargs: Any) -> Self:  # type: ignore[override]
        """Validate data; errors are `DefinitionError`s with the full path."""
        return retold(cls, lambda: super(Frozen, cls).model_validate(obj, **kwargs))

    @classmethod
    def model_validate_json(cls: type[Self], json_data: Any, **kwargs: Any) -> Self:  # type: ignore[override]
        """Validate JSON; errors are `DefinitionError`s with the full path."""
        return retold(cls, lambda: super(Frozen, cls).model_validate_json(json_data, **kwargs))

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash(self.canonical())

    def canonical(self) -> bytes:
        """Return one fixed spelling as JSON: equal values give equal bytes."""
        data = self.model_dump(mode="json")
        return json.dumps(data, sort_keys=True, separators=(",", ":")).encode()


def _by_name(cls: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Give positional arguments the names of the fields in their order."""
    if not args:
        return kwargs
    variadic = cls._variadic
    if variadic:
        return {variadic: args, **kwargs}
    names = [name for name, info in cls.model_fields.items() if not info.kw_only and name != "type"]
    if len(args) > len(names):
        raise DefinitionError(
            f"it takes {len(names)} positional arguments, {len(args)} were given",
            place=cls.__name__,
            remedy=f"name the options: {', '.join(f'{name}=' for name in _options(cls))}",
        )
    values = dict(zip(names, args, strict=False))
    twice = values.keys() & kwargs.keys()
    if twice:
        raise DefinitionError(
            f"{min(twice)} is given twice", place=cls.__name__, remedy="give it once"
        )
    return {**values, **kwargs}


def _options(cls: Any) -> list[str]:
    return [name for name, info in cls.model_fields.items() if info.kw_only and name != "type"]


def retold(cls: type[BaseModel], make: Callable[[], T]) -> T:
    """Return what `make` makes; re-tell a ValidationError in our own words.

    Raises:
        DefinitionError: With the path, the value and what would be right.
    """
    try:
        return make()
    except ValidationError as error:
        raise retell(cls, error) from None


def retell(cls: type[BaseModel], error: ValidationError) -> DefinitionError:
    """Return a DefinitionError that says all of what a ValidationError says."""
    details = _most_telling(error.errors(include_url=False))
    told = [_tell(cls, detail) for detail in details]
    place, problem, value, remedy = told[0]
    for other_place, other_problem, _, other_remedy in told[1:]:
        remedy += f"\n  also {other_place}: {other_problem}; {other_remedy}"
    if details[0]["type"] in ("missing", "journeykit"):
        return DefinitionError(problem, place=place, remedy=remedy)
    return DefinitionError(problem, place=place, value=value, remedy=remedy)


def _most_telling(details: Sequence[ErrorDetails]) -> list[ErrorDetails]:
    """Keep one error per place: of the ways a union failed, ours say the most."""
    ours = [detail for detail in details if detail["type"] == "journeykit"]
    return ours or list(details)


def _tell(cls: type[BaseModel], detail: ErrorDetails) -> tuple[str, str, object, str]:
    place = _path(cls, detail["loc"], detail["input"])
    context = detail.get("ctx", {})
    kind = detail["type"]
    if kind == "journeykit":
        return place, context["problem"], detail["input"], context["remedy"]
    if kind == "missing":
        return place, "it is missing", None, f"give {detail['loc'][-1]}="
    if kind == "extra_forbidden":
        name = str(detail["loc"][-1])
        known = [field for field in cls.model_fields if field != "type"]
        near = get_close_matches(name, known, 1)
        hint = f"did you mean {near[0]!r}?" if near else "leave it out"
        return place, "there is no such option", detail["input"], hint
    if kind == "union_tag_invalid":
        expected = context.get("expected_tags", "")
        return (
            place,
            f"there is no kind {context.get('tag')!r}",
            detail["input"],
            f"it is one of {expected}",
        )
    message = detail["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    problem, _, remedy = message.partition("; ")
    problem, colon, hint = problem.partition(": write ")
    if colon:
        return place, problem, detail["input"], f"write {hint}{'; ' if remedy else ''}{remedy}"
    return place, problem[:1].lower() + problem[1:], detail["input"], remedy or "see the docstring"


def _path(cls: type[BaseModel], loc: tuple[int | str, ...], value: object) -> str:
    """Return a path such as `Journey.steps[2] › wait.duration`."""
    text = cls.__name__
    for part in loc:
        if isinstance(part, int):
            text += f"[{part}]"
        elif part in ("on", "condition") or part.startswith(
            ("function-", "is-instance", "tagged-")
        ):
            continue
        else:
            text += f".{part}" if not text.endswith("]") else f" › {part}"
    return text
