"""How does one source serve two kinds of hosts? A verb is a flow; a host drives it, or awaits it.

A **verb** is what a host calls: `track`, `pause`, `explain`. Each is written once, as a
function that takes the desk and returns a flow. `driven` turns it into a method of a class
that drives flows, `awaited` into a coroutine method of one that awaits them. Signatures,
defaults and docstrings carry over, for people and for type checkers.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from journeykit.runtime.calls import Flow

P = ParamSpec("P")
R = TypeVar("R")
D = TypeVar("D")


class Drives(Protocol):
    """Runs a flow to its end."""

    def drive(self, flow: Flow[R]) -> R:
        """Return what the flow returns."""
        ...


class Awaits(Protocol):
    """Runs a flow to its end, awaiting its calls."""

    async def drive(self, flow: Flow[R]) -> R:
        """Return what the flow returns."""
        ...


def driven(verb: Callable[Concatenate[D, P], Flow[R]]) -> Callable[Concatenate[D, P], R]:
    """Return `verb` as a method of a class that drives flows."""

    @wraps(verb)
    def method(self: Any, /, *args: P.args, **kwargs: P.kwargs) -> R:
        result: R = self.drive(verb(self, *args, **kwargs))
        return result

    return method


def awaited(
    verb: Callable[Concatenate[D, P], Flow[R]],
) -> Callable[Concatenate[D, P], Coroutine[Any, Any, R]]:
    """Return `verb` as a coroutine method of a class that awaits flows."""

    @wraps(verb)
    async def method(self: Any, /, *args: P.args, **kwargs: P.kwargs) -> R:
        result: R = await self.drive(verb(self, *args, **kwargs))
        return result

    return method
