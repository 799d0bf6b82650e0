"""What may an operator do while journeys run? Pause, publish, plan, erase and export."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

from journeykit.kernel import movable
from journeykit.machine import Rules, compile_workspace
from journeykit.model import Journey, Workspace
from journeykit.ports import Channel, Function, Store
from journeykit.runtime.calls import Flow, Heed
from journeykit.runtime.controls import Operated, change_controls, read_controls
from journeykit.runtime.erasing import erase, export_customer
from journeykit.runtime.fitting import check_workspace
from journeykit.runtime.intake import check_customer_id, check_words
from journeykit.runtime.pausing import (
    Pause,
    check_known_journey,
    end_pause,
    note_woken,
    pauses,
    set_pause,
    sweep,
    wake_all,
)
from journeykit.runtime.performing import Ports
from journeykit.runtime.planning import Plan, plan_for
from journeykit.runtime.publishing import publish

R = TypeVar("R")


class Operations(ABC):
    """The calls of an operator; a `Runner` has them."""

    _rules: Rules
    _store: Store
    _batch: int
    _ports: Ports

    # ---- pauses

    def pause(self, journey: str, *, reason: str = "") -> None:
        """Let a journey pause, on every worker: no run of it begins, no message of it leaves.

        Waits keep running, and exits and goals still count. What would leave is held with the
        reason `paused`, and passes the gate when the journey goes on. A journey that pauses
        already stays as it is. After this returns, no hand-over of the journey starts; it waits
        for what workers have in hand, which takes as long as a round of hand-overs.

        Raises:
            UnknownJourneyError: No version of it was ever published.
        """
        check_known_journey(self._rules, journey)
        check_words("reason", reason, "why the journey pauses")
        set_pause(self._store, journey, reason, self._now())
        self._let_hands_finish(None)

    def resume(self, journey: str) -> int:
        """Let a journey go on; return for how many customers something was held.

        Each held message passes the gate again, with the clock of now. Cut off in the middle,
        the next start goes on, or you call it again. A journey that does not pause goes on as it
        did.

        Raises:
            UnknownJourneyError: No version of it was ever published.
        """
        check_known_journey(self._rules, journey)
        end_pause(self._store, journey)
        return self._set_free((journey,))

    def paused(self) -> Mapping[str, Pause]:
        """Return the journeys that pause, by name."""
        return pauses(self._store)

    # ---- versions

    def plan(self, workspace: Workspace) -> Plan:
        """Return what publishing `workspace` would do to the customers of now. Changes nothing.

        It reads every customer once.
        """
        check_workspace(workspace)
        return plan_for(self._store, workspace, self._now())

    def publish(
        self,
        workspace: Workspace,
        *,
        channels: Mapping[str, Channel] = MappingProxyType({}),
        functions: Mapping[str, Function] = MappingProxyType({}),
    ) -> None:
        """Let another workspace run here, and move the open runs that are to move.

        Refused as a whole, before anything changes, where it makes no sense. Other workers
        keep what they run until they are started with the new workspace.

        Args:
            channels: Those that the new workspace needs besides.
            functions: As well.

        Raises:
            DefinitionError: A journey needs a channel or a function that is not given.
            TemplateError: The renderer lacks a template.
            VersionError: A published journey was edited under its old version, is older than
                what was published, or has no place for somebody.
        """
        before = self._ports.channels, self._ports.functions
        self._ports.channels = {**before[0], **channels}
        self._ports.functions = {**before[1], **functions}
        try:
            self._fit(workspace)
            self._take(workspace)
        except BaseException:
            self._ports.channels, self._ports.functions = before
            raise

    def _take(self, workspace: Workspace) -> None:
        """Publish a workspace, run it, and finish the moves to its versions."""
        older = publish(workspace, self._store, self._fit_older)
        self._rules = compile_workspace(workspace, older)
        self._finish_moves()
        waking = read_controls(self._store).waking
        if waking:
            self._set_free(waking)

    def _set_free(self, journeys: Collection[str]) -> int:
        """Let go what was held for journeys that go on, and note that it is done."""
        woken = self.drive(wake_all(self._heeded(), self._batch))
        note_woken(self._store, journeys)
        return woken

    def _finish_moves(self) -> None:
        """Move the runs that may leave their version, once for each new version.

        Cut off in the middle, the next start goes on: who has moved is not moved again.
        """
        wanted = {
            plan.table.journey: plan.table.version for plan in self._rules.migrations.values()
        }
        moved = read_controls(self._store).moved if wanted else {}
        if any(moved.get(journey) != version for journey, version in wanted.items()):
            self.drive(sweep(self._heeded(), self._batch, movable))
            change_controls(self._store, lambda operated: _moved(operated, wanted))

    # ---- what the law asks for

    def erase(self, customer_id: str) -> bool:
        """Remove all that is kept of a customer; tell whether there was anything.

        That is the profile, the runs, the messages, the journal and the ids of events. What is
        left is a salted hash of the id: events for it are refused with `ErasedCustomerError`
        until the customer is identified anew. After this returns, no hand-over to the customer
        starts. Addresses on the list of suppressed ones stay there, as hashes.
        """
        check_customer_id(customer_id)
        was_there = erase(self._store, self._rules, customer_id, self._now())
        self._let_hands_finish(customer_id)
        return was_there

    def export(self, customer_id: str) -> dict[str, Any]:
        """Return all that is kept of a customer, as values that JSON has.

        Raises:
            ErasedCustomerError: The customer was erased.
            UnknownCustomerError: Nobody was identified under this id.
        """
        check_customer_id(customer_id)
        return export_customer(self._store, self._rules, customer_id, self._now())

    # ---- within

    def _heeded(self) -> Rules:
        """Return the rules with the journeys that pause at this moment."""
        return self.drive(_heed(self._rules))

    @abstractmethod
    def _fit(self, workspace: Workspace) -> None:
        """Refuse a workspace that needs what is not given."""

    @abstractmethod
    def _fit_older(self, journey: Journey) -> None:
        """Refuse an older version, somebody being on it, that needs what is not given."""

    @abstractmethod
    def _now(self) -> int:
        """Return the present instant in micros."""

    @abstractmethod
    def _let_hands_finish(self, customer_id: str | None) -> None:
        """Wait for hand-overs to a customer, or to anybody, that are under way."""

    @abstractmethod
    def drive(self, flow: Flow[R]) -> R:
        """Run a flow on the ports of this worker."""


def _heed(rules: Rules) -> Flow[Rules]:
    return (yield from Heed(rules, fresh=True))


def _moved(operated: Operated, wanted: Mapping[str, int]) -> None:
    operated.moved.update(wanted)
