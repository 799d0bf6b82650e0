"""How far is it? A bar on a terminal, a line for every tenth elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from journeykit.cli.words import counted
from journeykit.simulation import History, ReplayCounts

Watch = Callable[[ReplayCounts], None]


@contextmanager
def watching(console: Console, history: History) -> Iterator[Watch]:
    """Give a function that shows the counts it is called with."""
    total = history.events + len(history.people)
    if not console.is_terminal:
        yield _lines(console, total)
        return
    columns = (
        TextColumn("replaying"),
        BarColumn(bar_width=30),
        TaskProgressColumn(),
        TextColumn("{task.fields[events]:,} events"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("", total=total, events=0)

        def watch(counts: ReplayCounts) -> None:
            events = counts.events + counts.skipped
            progress.update(task, completed=events + counts.finished, events=events)

        yield watch


def _lines(console: Console, total: int) -> Watch:
    told = 0

    def watch(counts: ReplayCounts) -> None:
        nonlocal told
        events = counts.events + counts.skipped
        tenth = 10 * (events + counts.finished) // max(1, total)
        if tenth > told:
            told = tenth
            console.print(f"replaying  {10 * tenth:3d} %  {counted(events, 'event')}")

    return watch
