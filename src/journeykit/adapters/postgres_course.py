"""What is sent for steps? Their statements, between the beginning and the end of a transaction.

Plans do not depend on statistics: rows are found by an index, in the order in which they are asked
for. So a plan that was kept from when a table was small does no harm, and two transactions lock
their rows in one order.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Generic, TypeVar

from journeykit.adapters.postgres_schema import Names
from journeykit.adapters.postgres_steps import Answer, Statement, Steps
from journeykit.errors import UsageError

R = TypeVar("R")

BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
BEGIN_READING = "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY"
_SET = """
    SELECT set_config('lock_timeout', %(patience)s, true),
        set_config('idle_in_transaction_session_timeout', %(patience)s, true),
        set_config('jit', 'off', true),
        set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true),
        set_config('enable_mergejoin', 'off', true)
"""
_WAKE = "SELECT pg_notify('{wakes}', '')"


class Texts:
    """The statements of one store, with the names of its tables in them."""

    def __init__(self, names: Names, lock_timeout: timedelta, *, read_only: bool = False) -> None:
        if not timedelta(milliseconds=1) <= lock_timeout <= timedelta(days=1):
            raise UsageError(
                "a lock_timeout lies between a millisecond and a day",
                place="PostgresStore.lock_timeout",
                value=lock_timeout,
            )
        names.check()
        self.names = names
        self.patience = lock_timeout.total_seconds()
        self.first = (
            Statement(BEGIN_READING if read_only else BEGIN),
            Statement(_SET, {"patience": str(lock_timeout // timedelta(milliseconds=1))}),
        )
        self.commit = (Statement("COMMIT"),)
        self.commit_and_wake = (Statement("COMMIT"), Statement(_WAKE))
        self._filled: dict[str, bytes] = {}

    def filled(self, text: str) -> bytes:
        """Return a statement as it is sent."""
        found = self._filled.get(text)
        if found is None:
            found = self._filled[text] = self.names.fill(text).encode()
        return found


class Course(Generic[R]):
    """How far steps are: what they want sent, with the beginning and the end of a transaction.

    Attributes:
        statements: To be sent next, together.
        over: Whether nothing is to be sent any more, and `result` is there.
    """

    def __init__(self, steps: Steps[R], texts: Texts) -> None:
        self._steps = steps
        self._texts = texts
        self._begun = self._ended = self.over = False
        self._own: slice | None = None
        self.result: R
        self.statements: list[Statement] = []
        self._advance(None)

    def go_on(self, answers: list[Answer]) -> None:
        """Take the answers to what was sent."""
        if self._own is None:  # it was the end of the transaction
            self.over = True
        else:
            self._advance(answers[self._own])

    def _advance(self, answers: list[Answer] | None) -> None:
        try:
            batch = next(self._steps) if answers is None else self._steps.send(answers)
        except StopIteration as done:
            self.result = done.value
            self.over = self._ended or not self._begun
            self._own, self.statements = None, list(self._texts.commit)
            return
        first = () if self._begun else self._texts.first
        self._own = slice(len(first), len(first) + len(batch.statements))
        self.statements = [*first, *batch.statements]
        if batch.last:
            self.statements += self._texts.commit_and_wake if batch.wakes else self._texts.commit
        self._begun, self._ended = True, batch.last
