"""How does a script reach many customers at once? As a host does: broadcasts, and the list."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from journeykit.errors import UsageError
from journeykit.model import Condition, Event
from journeykit.runtime import BroadcastOutcome, ListOutcome, Runner, SuppressedAddress
from journeykit.simulation.backlog import Backlog
from journeykit.time import from_micros


class CrowdStage:
    """The calls about many customers, or about whomsoever, on a stage; see `Stage`."""

    runner: Runner
    _backlog: Backlog | None

    def broadcast(
        self,
        event: Event | str,
        data: Mapping[str, Any] | None = None,
        *,
        to: Iterable[str] | None = None,
        where: Condition | bool | None = None,
        running: str | None = None,
        id: str,
        occurred_at: datetime | str | None = None,
    ) -> BroadcastOutcome:
        """Report one event to many customers; not while nothing runs."""
        if self._backlog is not None:
            raise UsageError("nothing runs that could broadcast", place="broadcast")
        happened = None
        if occurred_at is not None:
            happened = from_micros(self._instant(occurred_at, "occurred_at"))
        return self.runner.broadcast(
            event, data, to=to, where=where, running=running, id=id, occurred_at=happened
        )

    def suppress_addresses(self, rows: Iterable[Mapping[str, Any]]) -> ListOutcome:
        """Put addresses on the list of suppressed ones, whoever has them."""
        return self.runner.suppress_addresses(rows)

    def unsuppress_addresses(self, rows: Iterable[Mapping[str, Any]]) -> ListOutcome:
        """Take addresses off the list of suppressed ones."""
        return self.runner.unsuppress_addresses(rows)

    def suppressed(self, channel: str, address: str) -> SuppressedAddress | None:
        """Return since when and why an address is on the list of suppressed ones, or None."""
        return self.runner.suppressed(channel, address)

    @abstractmethod
    def _instant(self, moment: datetime | str, what: str) -> int:
        """Return an instant that a script names."""
