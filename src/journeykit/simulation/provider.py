"""Who takes the messages of a replay? A provider that only writes them down.

Its answers are a stable hash of the address and of the message's key, so that a message which
is handed over again after a crash gets the answer it would have got. Every hand-over is a
line of a file: what a real provider would know, kept outside the store.

Keeps true:
    * a line is in the file, safe from a crash of the process, before `send` returns;
    * the answer depends on the address, the key and the number of the attempt alone.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec

from journeykit.errors import UsageError
from journeykit.kernel import fraction
from journeykit.ports import Accepted, OutgoingMessage, Receipt, Rejected, Retry

_SEED = b"pretend"


class HandOverLog:
    """A JSON-lines file: the input that the replay is about, then one line per hand-over.

    Args:
        about: Names the workspace and the history; a file about another one is refused.

    Raises:
        UsageError: The file is about something else, or it is no such file.
    """

    def __init__(self, path: Path, about: Mapping[str, str]) -> None:
        self.path = path
        begun = path.exists() and path.stat().st_size > 0
        if begun:
            _refuse_other(path, about)
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        if begun:
            _end_torn_line(path, self._file)
        else:
            self.write({"replay": dict(about)})
            os.fsync(self._file)

    def write(self, line: Mapping[str, Any]) -> None:
        """Append one line."""
        os.write(self._file, msgspec.json.encode(line) + b"\n")

    def close(self) -> None:
        """Let go of the file. Again: nothing happens."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def hand_overs(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the hand-overs of a log; a line that a crash tore is passed over."""
    with path.open("rb") as file:
        next(file, None)
        for line in file:
            try:
                yield msgspec.json.decode(line)
            except msgspec.DecodeError:
                continue


class _Head(msgspec.Struct):
    """The first line of a log."""

    replay: dict[str, str]


def read_head(path: Path) -> dict[str, str]:
    """Return what the replay behind a log is about.

    Raises:
        UsageError: It is no such log.
    """
    with path.open("rb") as file:
        try:
            return msgspec.json.decode(file.readline(), type=_Head).replay
        except msgspec.DecodeError:  # also where it is JSON of another shape
            raise UsageError(
                "this file does not belong to a replay",
                place=str(path),
                remedy="name another database with --db",
            ) from None


def _refuse_other(path: Path, about: Mapping[str, str]) -> None:
    begun = read_head(path)
    for name, value in about.items():
        if begun.get(name) != value:
            raise UsageError(
                f"the replay in this file began with another {name}",
                place=str(path),
                remedy="begin anew with --fresh, or name another database with --db",
            )


def _end_torn_line(path: Path, file: int) -> None:
    with path.open("rb") as existing:
        existing.seek(-1, os.SEEK_END)
        if existing.read(1) != b"\n":
            os.write(file, b"\n")


class PretendChannel:
    """A `Channel` that accepts most messages, and now and then rejects one or asks to retry.

    Args:
        dead: Share of addresses that are dead: every message to them is rejected.
        busy: Share of messages that are asked to come again, once or twice; every other of
            them names the delay itself.
    """

    def __init__(self, log: HandOverLog, *, dead: float = 0.0, busy: float = 0.0) -> None:
        self._log = log
        self._dead = dead
        self._busy = busy

    def send(self, message: OutgoingMessage) -> Receipt:
        """Write the hand-over down; return the answer."""
        receipt = self._answer(message)
        self._log.write(
            {
                "at": message.at.isoformat(),
                "key": message.key,
                "attempt": message.attempt,
                "customer": message.customer_id,
                "channel": message.channel,
                "address": message.address,
                "journey": message.journey,
                "template": message.template,
                "subject": message.content.subject,
                "text": message.content.text,
                "answer": type(receipt).__name__.lower(),
            }
        )
        return receipt

    def _answer(self, message: OutgoingMessage) -> Receipt:
        if fraction(_SEED, "dead", message.channel, message.address) < self._dead:
            return Rejected("no such address")
        drawn = fraction(_SEED, "busy", message.key)
        if drawn >= self._busy:
            return Accepted(message.key)
        part = int(4 * drawn / self._busy)
        if message.attempt > 1 + part // 2:
            return Accepted(message.key)
        return Retry("busy", after=timedelta(minutes=15) if part % 2 else None)
