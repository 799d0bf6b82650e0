"""Which messages, and whose, does a rule of the policy cover?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, TypeAlias

from pydantic import AfterValidator

from journeykit.model.base import Wrong
from journeykit.model.conditions import AnyCondition, Condition, refuse_all_but_profile
from journeykit.model.names import Name
from journeykit.model.triggers import as_tuple

Names = Annotated[Sequence[Name], AfterValidator(as_tuple)]


def _some(value: Sequence[str]) -> Sequence[str]:
    if not value:
        raise Wrong(
            "the list is empty, so the rule covers nothing", "name something, or leave it out"
        )
    return value


if TYPE_CHECKING:
    OfTheCustomer: TypeAlias = Condition
else:
    OfTheCustomer = Annotated[AnyCondition, AfterValidator(refuse_all_but_profile)]
Scope = Annotated[Names, AfterValidator(_some)]
