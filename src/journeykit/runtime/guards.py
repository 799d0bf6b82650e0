"""Whom may this host write to at all? What `only_to=` says, read once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from fnmatch import translate

from journeykit.errors import UsageError

OnlyTo = Iterable[str] | Callable[[str, str], bool]
"""Patterns of addresses, such as `*@ours.test`, or a function of channel and address."""


class Guard:
    """Says yes to the addresses that a host named.

    Args:
        only_to: Patterns with `*` and `?`, whatever the case of letters; an empty list lets
            nothing out. Or a function that is asked with the channel and the address.

    Raises:
        UsageError: It is neither.
    """

    __slots__ = ("_allows",)

    def __init__(self, only_to: OnlyTo) -> None:
        self._allows = only_to if callable(only_to) else _matching(only_to)

    def allows(self, channel: str, address: str) -> bool:
        """Tell whether messages may go there."""
        try:
            return self._allows(channel, address) is True
        except Exception:
            return False


def _matching(patterns: object) -> Callable[[str, str], bool]:
    given = [patterns] if isinstance(patterns, str) else patterns
    named = list(given) if isinstance(given, Iterable) else [given]
    names = [name.casefold() for name in named if isinstance(name, str) and name]
    if len(names) < len(named):
        raise UsageError(
            "only_to= says who may get messages", place="only_to", value=patterns,
            remedy="such as ['qa@example.org', '*@ours.test'], or a function of channel and "
            "address",
        )  # fmt: skip
    if not names:
        return lambda channel, address: False
    pattern = re.compile("|".join(map(translate, names)))
    return lambda channel, address: pattern.match(address.casefold()) is not None
