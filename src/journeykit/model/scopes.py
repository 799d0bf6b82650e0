"""Which messages, and whose, does a rule of the policy cover, and from when until when?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated, TypeAlias

from pydantic import AfterValidator

from journeykit.model.base import Wrong
from journeykit.model.conditions import AnyCondition, Condition, refuse_all_but_profile
from journeykit.model.names import Name
from journeykit.model.triggers import as_tuple
from journeykit.time import is_country

Names = Annotated[Sequence[Name], AfterValidator(as_tuple)]
_ISO_3166 = re.compile(r"[A-Z]{2}(-([A-Z0-9]{1,3}|\?))?", re.ASCII)


def _some(value: Sequence[str]) -> Sequence[str]:
    if not value:
        raise Wrong(
            "the list is empty, so the rule covers nothing", "name something, or leave it out"
        )
    return value


def _countries(value: Sequence[str]) -> tuple[str, ...]:
    codes = tuple(code.strip().upper() for code in value)
    for code in codes:
        if not _ISO_3166.fullmatch(code) or not is_country(code[:2]):
            raise Wrong(
                f"{code!r} is no ISO 3166 code",
                "write a country as 'US', and a part of one as 'US-FL'",
            )
    return codes


def _told(value: str) -> str:
    if not value.strip() or len(value) > 200 or not value.isprintable():
        raise Wrong(
            "the name of a rule is one line of 1 to 200 characters", "such as 'quiet at night'"
        )
    return value


def refuse_empty_validity(valid_from: date | None, valid_until: date | None) -> None:
    """Refuse a rule that counts on no day: `valid_until` itself does not count."""
    if valid_from is not None and valid_until is not None and valid_until <= valid_from:
        raise Wrong(
            f"it would be valid from {valid_from} and only before {valid_until}: never",
            "give a later valid_until; it is the first day that does not count",
        )


if TYPE_CHECKING:
    OfTheCustomer: TypeAlias = Condition
else:
    OfTheCustomer = Annotated[AnyCondition, AfterValidator(refuse_all_but_profile)]
Scope = Annotated[Names, AfterValidator(_some)]
Countries = Annotated[
    Sequence[str], AfterValidator(as_tuple), AfterValidator(_some), AfterValidator(_countries)
]
RuleName = Annotated[str, AfterValidator(_told)]
