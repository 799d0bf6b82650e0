"""What does a message do when something blocks it that passes? The author's choices (rule G4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator

from journeykit.model.base import Wrong
from journeykit.model.names import Name

OnBlocked = Literal["hold", "skip", "exit", "next", "else"]


def refuse_loose_ends(choices: Mapping[str, OnBlocked], otherwise: Sequence[object]) -> None:
    """Refuse an `"else"` without steps to take, and steps to which no `"else"` leads."""
    for option, choice in choices.items():
        if choice == "else" and not otherwise:
            raise Wrong(
                f'{option} is "else", and there are no steps to take',
                f'give otherwise=[...], or write {option}="skip" to go on without the message',
                option,
            )
    if otherwise and "else" not in choices.values():
        ways = " or ".join(f'{option}="else"' for option in choices)
        raise Wrong("no choice leads to these steps", f"write {ways}", "otherwise")


def _distinct(value: Sequence[str]) -> tuple[str, ...]:
    if len(set(value)) != len(value):
        raise Wrong("a tag is named twice", "name every tag once")
    return tuple(value)


Tags = Annotated[Sequence[Name], AfterValidator(_distinct)]
