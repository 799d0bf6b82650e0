"""How does a script play the operator? As a host does: publish, plan, pause, erase and export."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from journeykit.errors import UsageError
from journeykit.model import Counts, Workspace
from journeykit.ports import OutgoingMessage
from journeykit.runtime import Outcome, Parked, Pause, Plan, Runner
from journeykit.simulation.backlog import Backlog
from journeykit.simulation.channels import ScriptedChannel
from journeykit.simulation.functions import ScriptedFunction


class OperatedStage:
    """The calls of an operator on a stage; see `Stage`."""

    runner: Runner
    channels: dict[str, ScriptedChannel]
    functions: dict[str, ScriptedFunction]
    _taken: dict[str, list[OutgoingMessage]]
    _backlog: Backlog | None

    def publish(
        self, workspace: Workspace, *, functions: Mapping[str, object] = MappingProxyType({})
    ) -> None:
        """Let another workspace run from now on; see `Orchestrator.publish`.

        Raises:
            UsageError: Nothing runs now.
        """
        self._refuse_downtime("publish")
        fresh = {
            name: ScriptedChannel(name, self._taken)
            for name in workspace.policy.channels
            if name not in self.channels
        }
        given = {name: ScriptedFunction(name, one) for name, one in functions.items()}
        self.runner.publish(workspace, channels=fresh, functions=given)
        self.channels |= fresh
        self.functions |= given

    def plan(self, workspace: Workspace) -> Plan:
        """Return what publishing `workspace` now would do."""
        self.settle()
        return self.runner.plan(workspace)

    def pause(self, journey: str, *, reason: str = "") -> None:
        """Let a journey pause."""
        self.runner.pause(journey, reason=reason)

    def resume(self, journey: str) -> int:
        """Let a journey go on; return for how many customers something was held.

        Raises:
            UsageError: Nothing runs now.
        """
        self._refuse_downtime("resume")
        return self.runner.resume(journey)

    def paused(self) -> Mapping[str, Pause]:
        """Return the journeys that pause, by name."""
        return self.runner.paused()

    def parked(self) -> list[Parked]:
        """Return what is parked: runs whose function failed for good, and who cannot be decided on."""
        self.settle()
        return self.runner.parked()

    def retry(self, customer_id: str, run: str) -> Outcome:
        """Let runs try again that are parked; see `Orchestrator.retry`.

        Raises:
            UsageError: Nothing runs now.
        """
        self._refuse_downtime("retry")
        return self.runner.retry(customer_id, run)

    def erase(self, customer_id: str) -> bool:
        """Remove all that is kept of a customer; tell whether there was anything.

        While nothing runs, what arrived for the customer is dropped too.
        """
        if self._backlog is not None:
            self._backlog.forget(customer_id)
        return self.runner.erase(customer_id)

    def export(self, customer_id: str) -> dict[str, Any]:
        """Return all that is kept of a customer."""
        self.settle()
        return self.runner.export(customer_id)

    def counts(self, journey: str) -> Counts:
        """Return how many runs came where; laid over a picture by `Journey.mermaid`."""
        self.settle()
        return self.runner.counts(journey)

    # ---- within

    def settle(self) -> None:
        """Do everything that is due now."""
        raise NotImplementedError

    def _refuse_downtime(self, call: str) -> None:
        if self._backlog is not None:
            raise UsageError(
                "nothing runs now", place=call, remedy="call it before or after the downtime"
            )
