"""Does what the host provides fit what its journeys need? Asked once, before anything runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from journeykit.errors import DefinitionError, TemplateError
from journeykit.model import Call, Send, Workspace, steps_of
from journeykit.ports import Channel, Function, Renderer


def check_channels(workspace: Workspace, channels: Mapping[str, Channel]) -> None:
    """Refuse a workspace that sends by a channel which is not there.

    Raises:
        DefinitionError: Names the step, the channel, and what was given.
    """
    for journey, path, step in _sends(workspace):
        for channel in step.channels:
            if channel not in channels:
                raise DefinitionError(
                    f"it sends by {channel!r}, but no such channel was given",
                    place=f"Journey {journey!r} › {path}",
                    remedy=f"pass channels={{{channel!r}: ...}}; given are "
                    f"{', '.join(sorted(channels)) or 'none'}",
                )


def check_functions(workspace: Workspace, functions: Mapping[str, Function]) -> None:
    """Refuse a workspace that calls a function which is not there.

    Raises:
        DefinitionError: Names the step, the function, and what was given.
    """
    for journey in workspace.journeys:
        for path, step in steps_of(journey):
            if isinstance(step, Call) and not callable(functions.get(step.function)):
                given = functions.get(step.function)
                problem = "no such function was given" if given is None else "it cannot be called"
                raise DefinitionError(
                    f"it calls {step.function!r}, but {problem}",
                    place=f"Journey {journey.name!r} › {path}",
                    remedy=f"pass functions={{{step.function!r}: ...}}; given are "
                    f"{', '.join(sorted(functions)) or 'none'}",
                )


def check_templates(workspace: Workspace, renderer: Renderer) -> None:
    """Refuse a workspace with a template that the renderer does not have.

    Raises:
        TemplateError: Names the step, the template, and what is lacking.
    """
    for journey, path, step in _sends(workspace):
        for channel in step.channels:
            lacking = renderer.missing(step.template, channel)
            if lacking is not None:
                raise TemplateError(
                    f"template {step.template!r} cannot be rendered for {channel!r}: {lacking}",
                    place=f"Journey {journey!r} › {path}",
                    remedy="register the template with the renderer",
                )


def _sends(workspace: Workspace) -> Iterable[tuple[str, str, Send]]:
    for journey in workspace.journeys:
        for path, step in steps_of(journey):
            if isinstance(step, Send):
                yield journey.name, path, step
