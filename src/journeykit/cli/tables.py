"""How does the outcome look at 80 columns?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table
from rich.text import Text

from journeykit.cli.files import log_path
from journeykit.cli.play import Played
from journeykit.cli.words import counted, typed_name
from journeykit.runtime import Timeline
from journeykit.simulation import JourneySummary, Summary

_QUIET_KINDS = frozenset({"count", "mark", "forget", "latch", "release", "respond", "time"})


def show(console: Console, played: Played) -> None:
    """Print everything that there is to say about a replay."""
    summary = played.summary
    _journeys(console, summary)
    _reasons(console, summary)
    _channels(console, summary)
    if played.timeline is not None:
        console.print()
        console.print(Text(f"One customer, explained: {summary.telling}", style="bold"))
        show_timeline(console, played.timeline)
    _figures(console, played)


def _table(*columns: str, title: str) -> Table:
    """Return a table whose first column is text and the others are numbers."""
    table = Table(
        title=Text(title, style="bold"),
        title_justify="left",
        box=None,
        pad_edge=False,
        header_style="dim",
        padding=(0, 2, 0, 0),
    )
    for place, column in enumerate(columns):
        table.add_column(column, justify="right" if place else "left", no_wrap=True)
    return table


def _journeys(console: Console, summary: Summary) -> None:
    table = _table(
        "journey", "entered", "refused", "sent", "held", "blocked", "goals", "ended", "inside",
        title="Journeys",
    )  # fmt: skip
    for name, one in summary.journeys.items():
        table.add_row(
            _short(name),
            *_numbers(
                one.entered,
                one.refused.total(),
                one.sent,
                one.held.total(),
                one.dropped.total(),
                one.goals,
                one.ended.total(),
                one.inside,
            ),
        )
    console.print()
    console.print(table)


def _short(name: str, most: int = 22) -> str:
    return name if len(name) <= most else f"{name[: most - 1]}…"


def _numbers(*numbers: int) -> Iterable[str]:
    return (f"{number:,}" if number else "·" for number in numbers)


def _reasons(console: Console, summary: Summary) -> None:
    """Print why: each journey's refusals, holds, blocks and ends, the most frequent first."""
    table = Table(
        title=Text("Reasons", style="bold"), title_justify="left",
        box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0),
    )  # fmt: skip
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, style="dim")
    table.add_column()
    for name, one in summary.journeys.items():
        shown = _short(name)
        for what, counts in _why(one):
            if counts:
                table.add_row(shown, what, _listed(counts))
                shown = ""
    if table.row_count:
        console.print()
        console.print(table)


def _why(one: JourneySummary) -> Iterable[tuple[str, Mapping[str, int]]]:
    others = {"failed": one.failed, "withdrawn": one.withdrawn}
    yield "refused", one.refused
    yield "held", one.held
    yield "blocked", one.dropped
    yield "not sent", {name: count for name, count in others.items() if count}
    yield "ended", {_ending(*key): count for key, count in one.ended.items()}


def _ending(status: str, reason: str) -> str:
    return f"{status} ({reason})" if reason and reason != status else status


def _listed(counts: Mapping[str, int]) -> str:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{name} {count:,}" for name, count in ordered)


def _channels(console: Console, summary: Summary) -> None:
    if not summary.channels:
        return
    table = _table("channel", "accepted", "retry asked", "rejected", "failed", title="Channels")
    for name in sorted(summary.channels):
        answers = summary.channels[name]
        counts = (answers[kind] for kind in ("accepted", "retry", "rejected", "failed"))
        table.add_row(_short(name), *_numbers(*counts))
    console.print()
    console.print(table)


def show_timeline(console: Console, timeline: Timeline) -> None:
    """Print a customer's story in local time, without the engine's bookkeeping."""
    zone = ZoneInfo(timeline.timezone)
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    before, left_out = "", 0
    for line in timeline:
        if line.is_detail or line.kind in _QUIET_KINDS:
            left_out += 1
            continue
        at = line.at.astimezone(zone).strftime("%a %Y-%m-%d %H:%M")
        text = Text(f"{line.journey}: " if line.journey else "", style="cyan")
        text.append(Text(line.text, style=_style(line.kind)))
        table.add_row("" if at == before else at, text)
        before = at
    console.print(Text(f"local time, {timeline.timezone}", style="dim"))
    console.print(table)
    if left_out:
        lines = counted(left_out, "line")
        console.print(Text(f"({lines} of bookkeeping left out)", style="dim"))


def _near(path: Path) -> str:
    """Return a path as short as it works from here."""
    return path.name if path.parent == Path.cwd() else str(path)


def _style(kind: str) -> str:
    return {"hold": "yellow", "drop": "red", "refuse": "red", "goal": "green"}.get(kind, "default")


def _figures(console: Console, played: Played) -> None:
    summary, counts = played.summary, played.counts
    entries = summary.entries - counts.entries_found
    seconds = max(played.seconds, 1e-6)
    console.print()
    if counts.found:
        found = f"{counted(counts.found, 'customer')} and {counted(counts.skipped, 'event')}"
        _figure(console, "went on", f"{found} were there; anew with --fresh")
    done = f"{counted(counts.events, 'event')}, {counted(entries, 'journal entry')}"
    _figure(console, "replayed", f"{done} in {seconds:.1f} s")
    rates = f"{counts.events / seconds:,.0f} events/s, {entries / seconds:,.0f} journal entries/s"
    _figure(console, "throughput", rates)
    total = f"{counted(summary.customers, 'customer')}, {counted(summary.events, 'event')}"
    _figure(console, "in all", f"{total}, {counted(summary.entries, 'journal entry')}")
    _figure(console, "journal digest", summary.digest)
    _figure(console, "database", str(played.job.db))
    _figure(console, "hand-overs", str(log_path(played.job.db)))
    if summary.telling:
        _figure(console, "look further", f"{typed_name()} explain {_near(played.job.db)} CUSTOMER")


def _figure(console: Console, name: str, value: str) -> None:
    """Print a line that is never broken: what it says is to be copied."""
    console.print(Text(f"{name:<16}", style="dim").append(value, style="default"), soft_wrap=True)
