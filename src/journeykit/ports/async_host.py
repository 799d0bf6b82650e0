"""What may a host give to the async twin? Channels, renderers and functions that are coroutines."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol, TypeAlias

from journeykit.model import Result
from journeykit.ports.channel import Content, OutgoingMessage, Receipt, RenderContext, Retry
from journeykit.ports.functions import CallContext, Function


class AsyncChannel(Protocol):
    """A `Channel` whose `send` is a coroutine. Inherit from nothing.

    It keeps the promises of `Channel`, and `send_many`, if it has that, is a coroutine too. When
    the worker is cancelled, so is `send`: the message is in doubt then, and comes again under
    the same key, unless `send` returns a receipt all the same.

    `journeykit.testing.check_async_channel` puts a channel through every promise.
    """

    async def send(self, message: OutgoingMessage) -> Receipt:
        """Hand `message` over, and say what became of it."""
        ...


class AsyncRenderer(Protocol):
    """A `Renderer` whose `render` is a coroutine; `missing` is asked before anything runs."""

    async def render(self, context: RenderContext) -> Content:
        """Return the content of one message."""
        ...

    def missing(self, template: str, channel: str) -> str | None:
        """Return None if `template` can be rendered for `channel`, else what is lacking."""
        ...


AsyncFunction: TypeAlias = Callable[
    [CallContext], Awaitable[Result | Mapping[str, Any] | Retry | None]
]
"""A `Function` that is a coroutine function."""

AnyFunction: TypeAlias = Function | AsyncFunction
"""What the async twin takes."""
