"""What does a message say? Small registered functions, or just the name of the template.

No template is ever filled with `str.format`: what customers typed is data, never syntax.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import get_close_matches

from journeykit.adapters.template_variables import variables_of
from journeykit.errors import DefinitionError, TemplateError
from journeykit.ports import Content, RenderContext

TemplateFunction = Callable[[RenderContext], "Content | str"]


class Templates:
    """A `Renderer` of functions: `@templates.register("cart_reminder")`.

    A function takes a `RenderContext` and returns `Content`, or the text alone. One that is
    registered for channels goes before one that is registered for all. What a function raises
    passes through: it counts as a retry of this one message.
    """

    def __init__(self) -> None:
        self._functions: dict[tuple[str, str | None], TemplateFunction] = {}

    def register(
        self, template: str, *, channels: Sequence[str] | None = None
    ) -> Callable[[TemplateFunction], TemplateFunction]:
        """Register the decorated function as `template`.

        Args:
            channels: Those that it is for; all of them by default.

        Raises:
            DefinitionError: There is one already, or `channels` names none. Nothing of it was
                registered then.
        """
        if channels is not None and (isinstance(channels, str) or not channels):
            raise DefinitionError(
                "channels is a list of names",
                place=f"template {template!r}",
                value=channels,
                remedy=f"channels=[{channels or 'email'!r}], or leave it out",
            )
        names = [None] if channels is None else list(dict.fromkeys(channels))

        def decorate(function: TemplateFunction) -> TemplateFunction:
            for channel in names:
                if (template, channel) in self._functions:
                    raise DefinitionError(
                        "this template is registered twice",
                        place=template if channel is None else f"{template} for {channel}",
                        remedy="give the second one another name, or other channels",
                    )
            self._functions |= {(template, channel): function for channel in names}
            return function

        return decorate

    def render(self, context: RenderContext) -> Content:
        """Return the content of one message.

        Raises:
            TemplateError: There is no such template, or it returned something else. The text
                of the error tells nothing of the customer.
        """
        function = self._find(context.template, context.channel)
        if function is None:
            raise TemplateError(
                f"there is no template {context.template!r} for {context.channel!r}",
                remedy="register it with @templates.register(...)",
            )
        content = function(context)
        if isinstance(content, str):
            return Content(text=content)
        if not isinstance(content, Content):
            raise TemplateError(
                f"template {context.template!r} returned a {type(content).__name__}",
                remedy="return Content(...) or a string",
            )
        return content

    def missing(self, template: str, channel: str) -> str | None:
        """Return what is lacking, or None."""
        if self._find(template, channel) is not None:
            return None
        others = sorted(on for name, on in self._functions if name == template and on)
        if others:
            return f"registered for {', '.join(others)} only"
        names = sorted({name for name, _ in self._functions})
        near = get_close_matches(template, names, 1)
        if near:
            return f"not registered; did you mean {near[0]!r}?"
        return f"not registered; there are {', '.join(names) or 'none'}"

    def variables(self, template: str, channel: str) -> tuple[str, ...] | None:
        """Return what the function reads of its context and cannot do without.

        Such as `trigger.total` for `context.trigger["total"]`; what it asks for with `get` or
        `in` it can do without. None: its source is not at hand.
        """
        function = self._find(template, channel)
        return None if function is None else variables_of(function)

    def _find(self, template: str, channel: str) -> TemplateFunction | None:
        return self._functions.get((template, channel)) or self._functions.get((template, None))


class TemplateNames:
    """The renderer for channels whose provider keeps the templates: it passes the name on."""

    def render(self, context: RenderContext) -> Content:
        """Return the template's name as subject and text; the trigger's fields as data."""
        return Content(
            subject=context.template, text=context.template, data={"trigger": dict(context.trigger)}
        )

    def missing(self, template: str, channel: str) -> str | None:  # noqa: ARG002 - see the port
        """Nothing is ever missing here."""
        return None
