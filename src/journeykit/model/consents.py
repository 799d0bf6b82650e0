"""On what ground may a message go? Modes of consent, legal bases, stricter rules (rule G7)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from journeykit.model.base import Frozen, Wrong
from journeykit.model.conditions import Condition
from journeykit.model.names import NAME
from journeykit.model.scopes import (
    Countries,
    OfTheCustomer,
    RuleName,
    Scope,
    refuse_empty_validity,
)

ConsentMode = Literal["opt-in", "opt-out", "double-opt-in"]
StricterMode = Literal["opt-in", "double-opt-in"]
LegalBasis = Literal["consent", "legitimate_interest", "contract", "legal_obligation"]
STRICTNESS: Final[Mapping[str, int]] = {"opt-out": 0, "opt-in": 1, "double-opt-in": 2}


def _keys(value: Mapping[str, ConsentMode]) -> Mapping[str, ConsentMode]:
    for key in value:
        channel, slash, topic = key.partition("/")
        parts = (channel, topic) if slash else (channel,)
        if not all(re.fullmatch(NAME, part) for part in parts):
            raise Wrong(
                f"{key!r} is neither a channel nor one of its topics",
                "write a channel as 'email', and one of its topics as 'email/partners'",
            )
        if channel.startswith("#"):
            raise Wrong(
                f"{key!r} begins with '#', as journeykit's own rows in the outbox do",
                "choose another name for the channel",
            )
        if slash and channel not in value:
            raise Wrong(
                f"{key!r} has a mode, and its channel has none",
                f"declare the channel too: {{{channel!r}: 'opt-in', {key!r}: {value[key]!r}}}",
            )
    return value


ConsentModes = Annotated[Mapping[str, ConsentMode], AfterValidator(_keys)]


def _stricter(value: object) -> object:
    if value == "opt-out":
        raise Wrong(
            "the strictest mode counts, so a rule of the laxest does nothing",
            "leave the rule out, or let Policy(consent=...) say 'opt-out' and rules be stricter",
        )
    return value


class ConsentRule(Frozen):
    """Where it holds for a customer, at least this mode of consent counts (rule G7).

    Of the modes of the policy and of all rules that hold, the strictest counts: `"opt-out"`,
    then `"opt-in"`, then `"double-opt-in"`. A rule of `"opt-out"` would do nothing, and is
    refused.

    Args:
        channels, topics: Which messages it concerns; all when not given.
        countries: Whom: those whose country or region is one of these ISO 3166 codes.
        where: Whom, by their profile.
        valid_from, valid_until: It counts from the one day on, and before the other (UTC).
        name: How reasons name the rule; its mode when not given.
    """

    mode: Annotated[StricterMode, BeforeValidator(_stricter)]
    channels: Scope | None = Field(default=None, kw_only=True)
    topics: Scope | None = Field(default=None, kw_only=True)
    countries: Countries | None = Field(default=None, kw_only=True)
    where: OfTheCustomer | None = Field(default=None, kw_only=True)
    valid_from: date | None = Field(default=None, kw_only=True)
    valid_until: date | None = Field(default=None, kw_only=True)
    name: RuleName | None = Field(default=None, kw_only=True)

    if TYPE_CHECKING:

        def __init__(
            self,
            mode: StricterMode,
            *,
            channels: Sequence[str] | None = None,
            topics: Sequence[str] | None = None,
            countries: Sequence[str] | None = None,
            where: Condition | bool | None = None,
            valid_from: date | None = None,
            valid_until: date | None = None,
            name: str | None = None,
        ) -> None: ...

    @model_validator(mode="after")
    def _counts_some_day(self) -> ConsentRule:
        refuse_empty_validity(self.valid_from, self.valid_until)
        return self

    @property
    def title(self) -> str:
        """How reasons name this rule."""
        return self.name or self.mode
