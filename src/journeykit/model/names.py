"""How may things be called? Names that survive in URLs, file names, reports and JSON paths."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated

from pydantic import AfterValidator, Field

from journeykit.model.retelling import Wrong
from journeykit.model.values import is_whole

NAME = r"^[^\s/\x00-\x1f\x7f-\x9f\ud800-\udfff]{1,100}$"
_LABEL = r"^[A-Za-z][A-Za-z0-9_.-]{0,79}$"
EVENT_NAME = r"^[A-Za-z][A-Za-z0-9_.:-]{0,99}$"


def _spelled(pattern: str, problem: str, remedy: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        if re.fullmatch(pattern, value) is None:
            raise Wrong(problem, remedy)
        return value

    return check


def _whole(value: str) -> str:
    if not is_whole(value):
        raise Wrong("this text has half a character", "give Unicode without lone surrogates")
    return value


Text = Annotated[str, AfterValidator(_whole)]
Title = Annotated[str, Field(min_length=1), AfterValidator(_whole)]
Name = Annotated[
    str,
    AfterValidator(
        _spelled(
            NAME,
            "a name has 1 to 100 characters, none of them a space, a slash or a control character",
            "such as 'cart_reminder'",
        )
    ),
    Field(json_schema_extra={"pattern": NAME}),
]
Label = Annotated[
    str,
    AfterValidator(
        _spelled(
            _LABEL,
            "a label begins with a letter and has up to 80 letters, digits, _ . or -",
            "such as 'second_reminder'",
        )
    ),
    Field(json_schema_extra={"pattern": _LABEL}),
]
EventName = Annotated[
    str,
    AfterValidator(
        _spelled(
            EVENT_NAME,
            "this cannot be the wire name of an event",
            "give the class, or a name such as 'order_placed'",
        )
    ),
    Field(json_schema_extra={"pattern": EVENT_NAME}),
]
