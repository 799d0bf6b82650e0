"""How does one source serve two kinds of hosts? A verb is a flow; a host drives it, or awaits it.

A **verb** is what a host calls: `track`, `pause`, `explain`. Each is written once, as a flow,
with the signature and the docstring that hosts read. On a class that `Drives`, `@verb` makes it
a method that returns what the flow returns, on one that `Awaits` a coroutine method. Seen
through the class that it is written in, such as `Queries.journal`, it is the flow, for other
verbs to `yield from`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine
from functools import update_wrapper
from types import MethodType
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, overload

from journeykit.runtime.calls import Flow

P = ParamSpec("P")
R = TypeVar("R")
D = TypeVar("D")


class Drives(ABC):
    """Runs flows to their end."""

    @abstractmethod
    def drive(self, flow: Flow[R]) -> R:
        """Return what the flow returns."""


class Awaits(ABC):
    """Runs flows to their end, awaiting what they ask for."""

    @abstractmethod
    async def drive(self, flow: Flow[R]) -> R:
        """Return what the flow returns."""


class verb(Generic[D, P, R]):  # noqa: N801  a decorator, as `property` is
    """Makes a flow, whose first argument is the desk, a method of both kinds of hosts."""

    def __init__(self, flow: Callable[Concatenate[D, P], Flow[R]]) -> None:
        def driven(desk: Any, /, *args: P.args, **kwargs: P.kwargs) -> R:
            result: R = desk.drive(flow(desk, *args, **kwargs))
            return result

        async def awaited(desk: Any, /, *args: P.args, **kwargs: P.kwargs) -> R:
            result: R = await desk.drive(flow(desk, *args, **kwargs))
            return result

        self._flow = flow
        self._driven: Any = update_wrapper(driven, flow)
        self._awaited: Any = update_wrapper(awaited, flow)
        self.__doc__ = flow.__doc__

    @overload
    def __get__(self, desk: Drives, owner: type) -> Callable[P, R]: ...

    @overload
    def __get__(self, desk: Awaits, owner: type) -> Callable[P, Coroutine[Any, Any, R]]: ...

    @overload
    def __get__(self, desk: None, owner: type[Drives]) -> Callable[Concatenate[D, P], R]: ...

    @overload
    def __get__(
        self, desk: None, owner: type[Awaits]
    ) -> Callable[Concatenate[D, P], Coroutine[Any, Any, R]]: ...

    @overload
    def __get__(self, desk: None, owner: type) -> Callable[Concatenate[D, P], Flow[R]]: ...

    def __get__(self, desk: object, owner: type) -> Any:
        if issubclass(owner, Drives):
            found = self._driven
        elif issubclass(owner, Awaits):
            found = self._awaited
        else:
            found = self._flow
        return found if desk is None else MethodType(found, desk)
