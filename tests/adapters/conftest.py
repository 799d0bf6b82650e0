"""Files for stores, and other processes to trouble them with."""

from __future__ import annotations

import itertools
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from journeykit.adapters import SQLiteStore

PATIENCE_SECONDS = 30


class Child:
    """Another Python process that runs a script; it talks over its standard streams."""

    def __init__(self, script: str, *args: object) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(script), *map(str, args)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def hear(self) -> str:
        """Return its next line; complain when it ended without one."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline().strip()
        if not line:
            raise AssertionError(f"the other process ended: {self.end()}")
        return line

    def say(self, line: str = "go") -> None:
        """Send it a line."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def end(self) -> tuple[str, str]:
        """Let it finish; return the rest of what it said."""
        return self.process.communicate(timeout=PATIENCE_SECONDS)

    def kill(self) -> None:
        """End it as `kill -9` does; nothing of it gets a chance to tidy up."""
        self.process.kill()
        self.process.communicate(timeout=PATIENCE_SECONDS)


@pytest.fixture
def child() -> Iterator[Callable[..., Child]]:
    """Return the starter of child processes: `child(script, *args)`."""
    started: list[Child] = []

    def start(script: str, *args: object) -> Child:
        started.append(Child(script, *args))
        return started[-1]

    yield start
    for one in started:
        one.kill()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A path in a folder that is there; the file is not."""
    return tmp_path / "journeys.db"


@pytest.fixture
def opened() -> Iterator[Callable[..., SQLiteStore]]:
    """Return an opener whose stores are closed when the test ends."""
    stores: list[SQLiteStore] = []

    def open_(*args: object, **settings: object) -> SQLiteStore:
        stores.append(SQLiteStore(*args, **settings))  # type: ignore[arg-type]  # passed on as is
        return stores[-1]

    yield open_
    for store in stores:
        store.close()


@pytest.fixture
def fresh_files(tmp_path: Path) -> Callable[[], Path]:
    """Return a maker of paths, each for one file not yet there."""
    numbers = itertools.count()
    return lambda: tmp_path / f"{next(numbers)}.db"
