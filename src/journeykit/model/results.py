"""What does a host's function give back? A typed result, read like the fields of an event.

A class attribute such as `LeadScore.score` gives a field reference whose wire name is
`result.lead_score`; so a stored condition tells a result from an event, and needs no class.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic.json_schema import SkipJsonSchema

from journeykit.errors import DefinitionError, InvalidResultError
from journeykit.model.facts import Fact
from journeykit.model.fields import RESULT
from journeykit.model.kinds import snake_case
from journeykit.model.names import Label
from journeykit.model.retelling import Wrong
from journeykit.model.triggers import as_tuple

_NAME = r"[A-Za-z][A-Za-z0-9_]{0,79}"


class Result(Fact):
    """What a function of the host gives back; subclass it to add fields.

    Its name is the class name in snake case, or `name="…"` in the class line.
    """

    __error__ = InvalidResultError

    def __init_subclass__(cls, name: str | None = None, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        given = snake_case(cls.__name__) if name is None else name
        if not re.fullmatch(_NAME, str(given)):
            raise DefinitionError(
                "this cannot be the name of a result",
                place=cls.__name__,
                value=given,
                remedy="use letters, digits and underscores, such as name='lead_score'",
            )
        cls.__wire_name__ = RESULT + given

    @classmethod
    def __pydantic_init_subclass__(cls, name: str | None = None, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)


def result_name(cls: type[Result]) -> str:
    """Return the name of a result, as `Call(gives=)` and templates know it."""
    return cls.__wire_name__.removeprefix(RESULT)


def validate_result(cls: type[Result], data: Mapping[str, Any]) -> Result:
    """Make a result from data.

    Raises:
        InvalidResultError, NaiveInstantError: Field, value, and what would be right.
    """
    return cls(**{str(name): value for name, value in data.items()})


def _named(value: Any) -> Any:
    if not isinstance(value, type):
        return value
    if not issubclass(value, Result) or not value.__wire_name__:
        raise Wrong(f"{value.__name__} is no result", "class LeadScore(Result): ...")
    return result_name(value)


ResultName = Annotated[Label, BeforeValidator(_named)]
ResultClasses = Annotated[
    Sequence[type[Result]], AfterValidator(as_tuple), SkipJsonSchema(), Field(exclude=True)
]
