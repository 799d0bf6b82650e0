"""Does what the host provides fit what its journeys need? Asked once, before anything runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from journeykit.errors import DefinitionError, TemplateError
from journeykit.model import Send, Workspace, steps_of
from journeykit.ports import Channel, Renderer


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
