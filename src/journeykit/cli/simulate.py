"""What does `simulate` play? The user's log, on the user's workspace."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from tempfile import mkdtemp
from types import ModuleType

from rich.console import Console

from journeykit.cli.logs import BadLine, Rows, events_layout, profiles_layout, read_rows
from journeykit.cli.play import Job, Played, play
from journeykit.cli.target import load_workspace
from journeykit.cli.words import counted
from journeykit.errors import UsageError
from journeykit.machine import Rules, compile_workspace
from journeykit.ports import Function, Renderer
from journeykit.runtime import BadRow
from journeykit.simulation import History, read_history
from journeykit.time import Duration, from_micros, shift, to_micros, zone


def play_log(
    console: Console,
    target: str,
    *,
    events: Path,
    profiles: Path | None,
    until: str | None,
    templates: str | None,
    functions: str | None,
    db: Path | None,
    fresh: bool,
) -> tuple[Played, list[BadLine]]:
    """Play a log; return what came of it, and the lines that were left out."""
    workspace, module = load_workspace(target)
    renderer = None if templates is None else _renderer(module, templates)
    rules = compile_workspace(workspace)
    log = read_rows(events, events_layout(_event_fields(rules)))
    told = None
    if profiles is not None:
        told = read_rows(profiles, profiles_layout(list(workspace.profile.model_fields)))
    history = read_history(rules, log.rows, None if told is None else told.rows)
    bad = [*log.bad, *_bad_lines(log, history.bad_events)]
    bad.sort(key=lambda one: one.line)
    if told is not None:
        of_profiles = [*told.bad, *_bad_lines(told, history.bad_customers)]
        bad = sorted(of_profiles, key=lambda one: one.line) + bad
    job = Job(
        workspace,
        history,
        until=_until(until, history, rules),
        db=Path(mkdtemp(prefix="journeykit-")) / "simulation.db" if db is None else db.absolute(),
        renderer=renderer,
        functions={} if functions is None else _functions(module, functions),
        fresh=fresh,
    )
    _introduce(console, job)
    return play(job, console), bad


def _introduce(console: Console, job: Job) -> None:
    history = job.history
    console.print(
        f"{counted(len(history.people), 'customer')}, {counted(history.events, 'event')}, "
        "played until "
        f"{job.until.isoformat(timespec='seconds')}."
    )
    late = _behind(history, to_micros(job.until))
    if late:
        console.print(f"{counted(late, 'event')} left out, later than that.")
    if history.repeats:
        console.print(f"{counted(history.repeats, 'row')} ignored: the repeats of earlier ones.")
    if history.reordered:
        console.print(
            f"{counted(history.reordered, 'row')} sorted in: they stood behind later ones."
        )


def _behind(history: History, until: int) -> int:
    return sum(one.signal.received > until for person in history.people for one in person.events)


def _event_fields(rules: Rules) -> list[str]:
    """Return the fields of all events, in the order of the classes."""
    return list(
        dict.fromkeys(name for cls in rules.event_classes.values() for name in cls.model_fields)
    )


def _bad_lines(rows: Rows, bad: Iterable[BadRow]) -> list[BadLine]:
    return [BadLine(rows.file, rows.lines[one.index], one.error) for one in bad]


def _until(text: str | None, history: History, rules: Rules) -> datetime:
    """Return the instant at which to stop."""
    last = history.ends
    if last is None:
        raise UsageError(
            "there is no good event in the log, so nothing can be played",
            remedy="see the columns in `journeykit simulate --help`",
        )
    if text is None:
        return from_micros(last)
    try:
        if text.startswith("P"):
            return from_micros(shift(last, Duration.of(text), zone(rules.workspace.timezone)))
        return from_micros(to_micros(datetime.fromisoformat(text), what="--until"))
    except (ValueError, TypeError):
        raise UsageError(
            "this is neither an instant with a zone nor a span",
            place="--until",
            value=text,
            remedy="write it as in 2026-03-01T00:00:00+01:00, or P30D",
        ) from None


def _functions(module: ModuleType, name: str) -> Mapping[str, Function]:
    functions = getattr(module, name, None)
    if not isinstance(functions, Mapping):
        raise UsageError(
            f"module {module.__name__} has no mapping of functions of this name",
            place="--functions",
            value=name,
            remedy="name a dict at the top level of the module: the name in `Call` to a function",
        )
    return functions


def _renderer(module: ModuleType, name: str) -> Renderer:
    renderer: Renderer | None = getattr(module, name, None)
    if renderer is None or not callable(getattr(renderer, "render", None)):
        raise UsageError(
            f"module {module.__name__} has no renderer of this name",
            place="--templates",
            value=name,
            remedy="name a Templates() at the top level of the module",
        )
    return renderer
