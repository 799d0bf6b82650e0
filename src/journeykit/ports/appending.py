"""How is the inbox written to on a connection that is not the store's?

A store whose inbox lies in an SQL database tells it here, so that a host can append in its own
transaction. Stores that cannot need not do anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol, runtime_checkable

from msgspec import Struct

from journeykit.ports.rows import InboxRow


class AppendingSQL(Struct, frozen=True):
    """What `Store.append` executes, for others to execute.

    Attributes:
        statements: To be executed one after another, with their tables fully named. In SQLite's
            each row gives `:customer_id`, `:at` and `:body`, and each statement is executed for
            all rows before the next one; PostgreSQL's are executed once, with the arrays
            `:customer_ids`, `:ats` and `:bodies`, or without any parameter.
        place: The file, or the database, as errors call it; without a password.
    """

    dialect: Literal["sqlite", "postgresql"]
    statements: Sequence[str]
    place: str


@runtime_checkable
class Appendable(Protocol):
    """A store whose inbox can be appended to on another connection."""

    @property
    def appending(self) -> AppendingSQL:
        """How."""
        ...


class Joined(Protocol):
    """A transaction of a host's, in which rows of the inbox are to be appended."""

    def begin(self) -> None:
        """Begin a savepoint."""
        ...

    def end(self, rows: Sequence[InboxRow], *, failed: bool) -> None:
        """Append the rows and release the savepoint; roll back to it where something failed."""
        ...


class AsyncJoined(Protocol):
    """The same on an asynchronous connection."""

    async def begin(self) -> None:
        """Begin a savepoint."""
        ...

    async def end(self, rows: Sequence[InboxRow], *, failed: bool) -> None:
        """Append the rows and release the savepoint; roll back to it where something failed."""
        ...
