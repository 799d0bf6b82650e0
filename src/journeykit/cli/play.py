"""How is a history played from a shell? Files opened, a bar watched, the outcome returned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from time import perf_counter

from rich.console import Console

from journeykit.cli.files import open_files
from journeykit.cli.progress import watching
from journeykit.front import Orchestrator
from journeykit.model import Workspace
from journeykit.ports import Function, Renderer
from journeykit.runtime import Timeline
from journeykit.simulation import (
    WORKER,
    History,
    PretendChannel,
    Replay,
    ReplayCounts,
    Summary,
    VirtualClock,
    summarize,
)


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be played, and where.

    Attributes:
        dead, busy: How the pretended provider answers; see `PretendChannel`.
    """

    workspace: Workspace
    history: History
    until: datetime
    db: Path
    renderer: Renderer | None = None
    functions: Mapping[str, Function] = field(default_factory=dict)
    fresh: bool = False
    dead: float = 0.0
    busy: float = 0.0

    def about(self) -> dict[str, str]:
        """Return what makes this replay another one than the last."""
        definition = blake2b(self.workspace.to_json().encode(), digest_size=16).hexdigest()
        return {
            "workspace": definition,
            "log": self.history.digest(),
            "end": self.until.isoformat(),
            "provider": f"{self.dead:g}/{self.busy:g}",
        }


@dataclass(frozen=True, slots=True)
class Played:
    """What came of it; `seconds` is the time that the replay took in this process."""

    job: Job
    counts: ReplayCounts
    summary: Summary
    timeline: Timeline | None
    seconds: float


def play(job: Job, console: Console) -> Played:
    """Play a job to its end, and add up what came of it."""
    with _runner(job) as runner:
        replay = Replay(runner, job.history, until=job.until)
        started = perf_counter()
        with watching(console, job.history) as watch:
            counts = replay.run(watch)
        seconds = perf_counter() - started
        names = [journey.name for journey in job.workspace.journeys]
        with console.status("adding up the journals") if console.is_terminal else nullcontext():
            summary = summarize(runner.store, names)
        timeline = runner.explain(summary.telling) if summary.telling else None
        return Played(job, counts, summary, timeline, seconds)


@contextmanager
def _runner(job: Job) -> Iterator[Orchestrator]:
    store, log = open_files(job.db, job.about(), fresh=job.fresh)
    try:
        yield Orchestrator(
            job.workspace,
            store=store,
            channels={
                name: PretendChannel(log, dead=job.dead, busy=job.busy)
                for name in job.workspace.policy.channels
            },
            renderer=job.renderer,
            functions=job.functions,
            clock=VirtualClock(0),
            worker=WORKER,
        )
    finally:
        store.close()
        log.close()
