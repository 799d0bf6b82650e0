"""What does somebody read who typed a command that went wrong? One line, without a traceback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.text import Text

from journeykit.errors import JourneykitError


@contextmanager
def told(*, fresh: bool = False, goes_on: bool = False) -> Iterator[None]:
    """Say what went wrong in one line, without a traceback."""
    errors = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        yield
    except JourneykitError as error:
        errors.print(
            Text("error: ", style="bold red").append(Text(error.in_full(), style="default"))
        )
        raise typer.Exit(2) from None
    except KeyboardInterrupt:
        same = f"The same command{' without --fresh' if fresh else ''} goes on from here."
        errors.print(f"\nStopped. {same if goes_on else ''}".rstrip(" "))
        raise typer.Exit(130) from None
