"""What does a verb know of the worker that it is called on? The desk at which it stands."""

from __future__ import annotations

from journeykit.machine import Rules
from journeykit.model import Workspace
from journeykit.ports import TokenSigner


class Desk:
    """What was given to a worker, and what it runs. Everything else a verb asks for by calls."""

    _rules: Rules
    _batch: int
    _lease: int
    _tokens: TokenSigner | None = None

    @property
    def rules(self) -> Rules:
        """The compiled workspace."""
        return self._rules

    @property
    def workspace(self) -> Workspace:
        """The workspace that runs here."""
        return self._rules.workspace

    @property
    def batch(self) -> int:
        """Customers or messages per transaction."""
        return self._batch

    @property
    def lease(self) -> int:
        """How long a claimed message is kept from other workers, in micros."""
        return self._lease

    @property
    def tokens(self) -> TokenSigner | None:
        """What signs and reads the tokens of links, if that was given."""
        return self._tokens
