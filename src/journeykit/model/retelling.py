"""What is wrong with this definition? Pydantic's findings, re-told in an author's words.

Every message names the place, as a path from the part that was made down to the mistake, such
as `Journey.steps[2] › Branch.whens[0] › steps[0] › Send.via`; then the problem, the value and
what would be right.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from difflib import get_close_matches
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from journeykit.errors import DefinitionError, JourneykitError

T = TypeVar("T")
Models = tuple[type[BaseModel], ...]
_PART = re.compile(r"\[(\d+)\]|[^\[\]]+")


class Wrong(ValueError):
    """A validator's objection; it reaches the author as a `DefinitionError` with the path.

    Attributes:
        problem: What is wrong, in one clause.
        remedy: What would be right.
        at: Where within the part being checked, such as `steps[1]`; the part itself if empty.
    """

    def __init__(self, problem: str, remedy: str, at: str = "") -> None:
        super().__init__(problem, remedy, at)
        self.problem = problem
        self.remedy = remedy
        self.at = at

    def __str__(self) -> str:
        return f"{self.problem}; {self.remedy}"


def retold(cls: type[BaseModel], make: Callable[[], T], given: object = None) -> T:
    """Return what `make` makes of what is `given`; re-tell a ValidationError in our own words.

    Raises:
        DefinitionError: With the path, the value and what would be right.
    """
    try:
        return make()
    except ValidationError as error:
        raise retell(cls, error, given) from None


def retell(
    cls: type[BaseModel],
    error: ValidationError,
    given: object = None,
    *,
    line_of: Callable[[Sequence[int | str]], int] | None = None,
) -> DefinitionError:
    """Return a DefinitionError that says all of what a ValidationError says.

    Args:
        given: What was validated: it tells the name of the journey that is wrong.
        line_of: Tells in which line of a text a location stands.
    """
    told = []
    for detail in error.errors(include_url=False):
        told.append(_tell(cls, detail))
        told[-1].place += _whose(cls, given, _exactly(detail))
        if line_of is not None:
            told[-1].place = f"line {line_of(_exactly(detail))}, {told[-1].place}"
    first, *others = told
    for other in others:
        first.remedy += f"\n  also {other}"
    return first


def _exactly(detail: ErrorDetails) -> Sequence[int | str]:
    """Return a location, followed down to where a validator's objection points."""
    cause = detail.get("ctx", {}).get("error")
    return (*detail["loc"], *parts_of_path(cause.at if isinstance(cause, Wrong) else ""))


def _whose(cls: type[BaseModel], given: object, loc: Sequence[int | str]) -> str:
    """Return in words whose mistake it is, where a journey with a name is at fault."""
    is_journey = cls.__name__ == "Journey"
    if not is_journey and (cls.__name__ != "Workspace" or loc[:1] != ("journeys",)):
        return ""
    at = ("name",) if is_journey else (*loc[:2], "name")
    name = _within(given, at)
    if not isinstance(name, str) or tuple(loc) == at:
        return ""
    return f" of journey {name!r}"


def _within(value: object, loc: Iterable[int | str]) -> object:
    """Return what stands at a location of data or of a model; the class `Wrong` if nothing does."""
    for part in loc:
        if isinstance(part, int):
            is_there = isinstance(value, list | tuple) and part < len(value)
            value = value[part] if is_there else Wrong  # type: ignore[index]
        else:
            data = value if isinstance(value, Mapping) else getattr(value, "__dict__", {})
            value = data.get(part, Wrong)
    return value


def parts_of_path(path: str) -> Sequence[int | str]:
    """Return the parts of a path such as `steps[3] › via`."""
    found = (match for piece in path.split(" › ") for match in _PART.finditer(piece))
    return [match[0] if match[1] is None else int(match[1]) for match in found]


def _tell(cls: type[BaseModel], detail: ErrorDetails) -> DefinitionError:
    place, owners, wanted = _follow(cls, detail["loc"])
    kind, context, value = detail["type"], detail.get("ctx", {}), detail["input"]
    cause = context.get("error")
    if isinstance(cause, Wrong):
        problem, remedy = cause.problem, cause.remedy
        if cause.at:  # Journey.steps[1], and Journey.entry[0] › key
            place += f"{'.' if place.rpartition(' › ')[2].isidentifier() else ' › '}{cause.at}"
    elif isinstance(cause, JourneykitError):
        problem, remedy = cause.problem, cause.remedy
    elif kind == "missing":
        problem, remedy = "it is missing", f"give {detail['loc'][-1]}="
    elif kind == "extra_forbidden":
        problem, remedy = "there is no such option", _near(str(detail["loc"][-1]), owners)
    elif kind in ("union_tag_invalid", "literal_error"):
        problem, remedy = _no_choice(value, context)
    elif kind in _UNLIKE_ANY:
        problem, remedy = _unlike(value, wanted)
    elif kind in _PLAIN:
        problem, remedy = (part.format(**context) for part in _PLAIN[kind])
    else:
        problem, remedy = _in_two(detail["msg"].removeprefix("Value error, "))
    if isinstance(cause, Wrong) and cause.at and isinstance(value, Mapping | BaseModel):
        value = _within(value, parts_of_path(cause.at))
        is_plain = value is None or isinstance(value, str | int | float | date)
        if not is_plain or repr(value) in problem:
            return DefinitionError(problem, place=place, remedy=remedy)
    elif kind == "missing" or (kind not in _PLAIN and isinstance(value, Mapping | BaseModel)):
        return DefinitionError(problem, place=place, remedy=remedy)
    return DefinitionError(problem, place=place, value=value, remedy=remedy)


_UNLIKE_ANY = ("model_type", "model_attributes_type", "union_tag_not_found", "dict_type")
_LIST = ("it must be a list", "write it in [...]")
_WHOLE = ("it must be a whole number", "such as 3")
_DATE = ("this is no date", 'write date(2026, 3, 1), in JSON "2026-03-01"')
_PLAIN: dict[str, tuple[str, str]] = {
    "string_type": ("it must be text", "write it in quotes"),
    "string_unicode": ("this text has half a character", "give Unicode without lone surrogates"),
    "string_too_short": ("it is empty", "give at least one character"),
    "int_type": _WHOLE,
    "bool_type": ("it is neither true nor false", "write True or False"),
    "float_type": ("it must be a number", "such as 0.1"),
    "float_parsing": ("it must be a number", "such as 0.1"),
    "finite_number": ("it must be a number", "such as 0.1"),
    "greater_than_equal": ("it is too small", "give {ge} or more"),
    "less_than_equal": ("it is too large", "give {le} or less"),
    "less_than": ("it is too large", "give less than {lt}"),
    "is_subclass_of": ("this is no subclass of {class}", "give the class itself"),
    "is_instance_of": _LIST,
    "list_type": _LIST,
    "sequence_str": _LIST,
    "tuple_type": _LIST,
    "mapping_type": ("it must be a mapping", "write it as {{...}}"),
    "json_invalid": ("this is no JSON: {error}", "give what to_json() returned"),
    "date_type": _DATE,
    "date_parsing": _DATE,
    "date_from_datetime_parsing": _DATE,
    "date_from_datetime_inexact": _DATE,
}


def _unlike(value: object, wanted: Models) -> tuple[str, str]:
    """Say of a value that it is none of the parts that may stand here."""
    names = [model.__name__ for model in wanted]
    if not names:
        return "it must be a mapping", "write it in {...}"
    if names == ["FieldRef"]:
        return "this is no field", "give a class attribute, such as Shopper.plan"
    if isinstance(value, Mapping):
        known = ", ".join(map(str, map(_tag, wanted)))
        if "type" in value:
            return f"there is no kind {value['type']!r}", f"it is one of {known}"
        return "its type is missing", f"give type=, one of {known}"
    if isinstance(value, type):
        name = value.__name__ if value.__name__ in names else names[0]
        return "this is a class, not a value", f"write {name}(...)"
    if len(names) == 1:
        return f"this is no {names[0]}", f"write {names[0]}(...)"
    return "this does not belong here", f"write one of {', '.join(names)}"


def _near(name: str, owners: Models) -> str:
    known = [field for owner in owners for field in owner.model_fields if field != "type"]
    near = get_close_matches(name, known, 1)
    return f"did you mean {near[0]!r}?" if near else f"it takes {', '.join(known)}"


def _no_choice(value: object, context: Mapping[str, Any]) -> tuple[str, str]:
    expected = str(context.get("expected_tags") or context["expected"])
    known = re.findall(r"'([^']*)'", expected)
    near = get_close_matches(str(context.get("tag", value)), known, 1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    what = f"kind {context['tag']!r}" if "tag" in context else "such choice"
    expected = re.sub("'-(.*?)'", r"a \1", expected)  # a nameless way of a union
    return f"there is no {what}", f"{hint}it is {'one of ' if len(known) > 1 else ''}{expected}"


def _in_two(text: str) -> tuple[str, str]:
    """Split what another floor said into the problem and its remedy."""
    for mark, kept in ((": write ", "write "), ("; ", "")):
        problem, found, remedy = text.partition(mark)
        if found:
            return problem, kept + remedy
    return in_our_words(text), "see the docstring"


def in_our_words(message: str) -> str:
    """Turn what pydantic says of an input into a clause of ours."""
    message = message.replace("Input should be", "it must be")
    return message[:1].lower() + message[1:]


def _follow(cls: type[BaseModel], loc: Iterable[int | str]) -> tuple[str, Models, Models]:
    """Follow a location down the fields.

    Returns:
        The place as a path; the models whose field the last part names; and the models that
        may stand at this place.
    """
    text = cls.__name__
    owners: Models = (cls,)
    here = owners
    for part in loc:
        tagged = tuple(model for model in here if part in (_tag(model), model.__name__))
        if isinstance(part, int):
            text += f"[{part}]"
        elif tagged:
            here = owners = tagged
            text += f" › {tagged[0].__name__}"
        elif not part.startswith("-"):  # that would be a nameless way of a union
            text += f" › {part}" if text.endswith("]") else f".{part}"
            owners = here
            inner = tuple(model for owner in here for model in _models_of(owner, part))
            if inner or any(part in owner.model_fields for owner in here):
                here = inner  # else it is a key of a mapping
    return text, owners, here


def _tag(model: type[BaseModel]) -> object:
    info = model.model_fields.get("type")
    return None if info is None else info.default


def _models_of(model: type[BaseModel], name: str) -> Iterable[type[BaseModel]]:
    model.model_rebuild()  # of one that was only built into others, the fields are names still
    for field, info in model.model_fields.items():
        if name in (field, info.alias):
            yield from _models_in(info.annotation)


def _models_in(annotation: Any) -> Iterable[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield from vars(annotation).get("__kinds__", {"": annotation}).values()
    for inner in get_args(annotation):
        yield from _models_in(inner)
