"""What wakes a worker whose store is in PostgreSQL? LISTEN, on a connection apart.

While the database is away a worker sleeps as if nobody could wake it, and looks for itself when it
has slept enough. The connection comes back by itself; that wakes the worker as well, since nobody
knows what was missed.
"""

from __future__ import annotations

import select
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import psycopg


class PostgresWaker:
    """Hears of work that any process leaves in the database. See `journeykit.ports.waking.Waker`.

    Args:
        connect: Opens a connection.
        channel: What is listened to.
    """

    def __init__(self, connect: Callable[[], psycopg.Connection[Any]], channel: str) -> None:
        self._connect = connect
        self._channel = channel
        self._connection: psycopg.Connection[Any] | None = None
        self._bell, self._clapper = socket.socketpair()
        self._bell.setblocking(False)
        self._clapper.setblocking(False)
        self._listens()

    def wait(self, seconds: float) -> bool:
        """Wait until it is woken, at most so long; tell whether it was."""
        if self._connection is None:
            if self._listens():
                return True
        elif self._heard():
            return True
        poller = select.poll()
        poller.register(self._bell, select.POLLIN)
        if self._connection is not None:
            poller.register(self._connection.fileno(), select.POLLIN)
        if not poller.poll(max(0.0, seconds) * 1000):
            return False
        rung = self._rung()
        return self._heard() or rung

    def wake(self) -> None:
        """End the wait, or the next one."""
        with suppress(OSError):  # it was rung so often that it cannot be missed, or is closed
            self._clapper.send(b"!")

    def close(self) -> None:
        """Close the connection. Calling it twice is fine."""
        self._let_go()
        self._bell.close()
        self._clapper.close()

    def _listens(self) -> bool:
        """Begin to listen, if there is a connection to be had."""
        try:
            self._connection = self._connect()
            self._connection.execute(f"LISTEN {self._channel}".encode())
        except Exception:  # whatever keeps it from listening: the worker looks for itself
            self._let_go()
        return self._connection is not None

    def _heard(self) -> bool:
        """Take what was told; tell whether anything was."""
        if self._connection is None:
            return False
        try:
            return bool(list(self._connection.notifies(timeout=0)))
        except psycopg.Error:
            self._let_go()
            return False

    def _rung(self) -> bool:
        try:
            return bool(self._bell.recv(4096))
        except BlockingIOError:
            return False

    def _let_go(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(psycopg.Error):
                connection.close()
