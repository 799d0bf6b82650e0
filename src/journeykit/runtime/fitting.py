"""Does what the host provides fit what its journeys need? Asked once, before anything runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from inspect import iscoroutinefunction

from journeykit.errors import DefinitionError, TemplateError, UsageError
from journeykit.model import Call, Journey, Send, Workspace, steps_of
from journeykit.ports import Channel, Function, Renderer


def check_workspace(workspace: object) -> None:
    """Refuse what is no workspace.

    Raises:
        UsageError: It is none.
    """
    if not isinstance(workspace, Workspace):
        raise UsageError(
            "this is no Workspace",
            place="workspace",
            value=workspace,
            remedy="write Workspace(journeys=[...], timezone=..., policy=...)",
        )


def check_channels(
    journeys: Iterable[Journey], channels: Mapping[str, Channel], whose: str = "it"
) -> None:
    """Refuse journeys that send by a channel which is not there.

    Raises:
        DefinitionError: Names the step, the channel, and what was given.
    """
    for journey, path, step in _sends(journeys):
        for channel in step.channels:
            if channel not in channels:
                raise DefinitionError(
                    f"{whose} sends by {channel!r}, but no such channel was given",
                    place=f"Journey {journey!r} › {path}",
                    remedy=f"pass channels={{{channel!r}: ...}}; given are "
                    f"{', '.join(sorted(channels)) or 'none'}",
                )


def check_functions(
    journeys: Iterable[Journey], functions: Mapping[str, Function], whose: str = "it"
) -> None:
    """Refuse journeys that call a function which is not there.

    Raises:
        DefinitionError: Names the step, the function, and what was given.
    """
    for journey in journeys:
        for path, step in steps_of(journey):
            if isinstance(step, Call) and not callable(functions.get(step.function)):
                given = functions.get(step.function)
                problem = "no such function was given" if given is None else "it cannot be called"
                raise DefinitionError(
                    f"{whose} calls {step.function!r}, but {problem}",
                    place=f"Journey {journey.name!r} › {path}",
                    remedy=f"pass functions={{{step.function!r}: ...}}; given are "
                    f"{', '.join(sorted(functions)) or 'none'}",
                )


def check_templates(journeys: Iterable[Journey], renderer: Renderer, whose: str = "") -> None:
    """Refuse journeys with a template that the renderer does not have.

    Raises:
        TemplateError: Names the step, the template, and what is lacking.
    """
    for journey, path, step in _sends(journeys):
        for channel in step.channels:
            lacking = renderer.missing(step.template, channel)
            if lacking is not None:
                raise TemplateError(
                    f"template {step.template!r}{whose} cannot be rendered for {channel!r}: "
                    f"{lacking}",
                    place=f"Journey {journey!r} › {path}",
                    remedy="register the template with the renderer",
                )


def check_no_coroutines(
    store: object, channels: Mapping[str, object], renderer: object, functions: Mapping[str, object]
) -> None:
    """Refuse coroutine functions: nobody would await them here, and nothing would happen.

    Raises:
        UsageError: Names what is one; or the store is none.
    """
    if not callable(getattr(store, "load", None)):
        raise UsageError(
            "this is no store",
            place="store",
            value=type(store).__name__,
            remedy="such as SQLiteStore(path), MemoryStore() or PostgresStore(url)",
        )
    given = {
        "store": getattr(store, "load", None),
        "renderer": getattr(renderer, "render", None),
        **{f"functions[{name!r}]": one for name, one in functions.items()},
    }
    for name, channel in channels.items():
        for method in ("send", "send_many"):
            given[f"channels[{name!r}].{method}"] = getattr(channel, method, None)
    for place, one in given.items():
        if is_async(one):
            raise UsageError(
                "this is a coroutine function, and an Orchestrator awaits nothing",
                place=place,
                remedy="from journeykit.aio import AsyncOrchestrator, which does",
            )


def is_async(function: object) -> bool:
    """Tell whether calling it returns what is to be awaited."""
    while isinstance(function, partial):
        function = function.func
    return iscoroutinefunction(function) or iscoroutinefunction(type(function).__call__)


def _sends(journeys: Iterable[Journey]) -> Iterable[tuple[str, str, Send]]:
    for journey in journeys:
        for path, step in steps_of(journey):
            if isinstance(step, Send):
                yield journey.name, path, step
