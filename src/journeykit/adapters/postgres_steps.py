"""How is a method of the store written once for two kinds of hosts? As steps.

Steps are a generator: it yields statements, and gets their answers. Who sends the statements, and
whether that is awaited, is the connection's business (`postgres_connection`). Statements that
are yielded together travel together, in one round trip.

In a text, `{p}` stands for the schema and the prefix of the tables.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

R = TypeVar("R")


class Statement(NamedTuple):
    """One SQL statement with its parameters."""

    text: str
    parameters: Sequence[Any] | Mapping[str, Any] = ()


class Answer(NamedTuple):
    """What a statement gave: its rows, and how many it touched."""

    rows: list[tuple[Any, ...]]
    touched: int


class Batch(NamedTuple):
    """Statements for one round trip.

    Attributes:
        last: The transaction ends with them; nothing may fail after that.
        wakes: Workers have something to do once it has ended.
    """

    statements: Sequence[Statement]
    last: bool = False
    wakes: bool = False


Steps = Generator[Batch, list[Answer], R]


def ask(*statements: Statement) -> Steps[list[Answer]]:
    """Send statements in the midst of a transaction."""
    answers = yield Batch(statements)
    return answers


def finish(*statements: Statement, wakes: bool = False) -> Steps[list[Answer]]:
    """Send the last statements of a transaction, and its end."""
    answers = yield Batch(statements, last=True, wakes=wakes)
    return answers
