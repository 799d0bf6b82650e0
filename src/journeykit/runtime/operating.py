"""What may an operator do while journeys run? Pause, publish, plan, erase and export."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from typing import Any

from journeykit.kernel import movable
from journeykit.machine import compile_workspace
from journeykit.model import Journey, Workspace
from journeykit.runtime import logs
from journeykit.runtime.calls import Flow, Heed, Now
from journeykit.runtime.controls import Operated, change_controls, read_controls
from journeykit.runtime.desk import Desk
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
from journeykit.runtime.planning import Plan, draw_up
from journeykit.runtime.publishing import publish
from journeykit.runtime.upkeep_calls import Forget
from journeykit.runtime.verbs import verb


class Operations(Desk, ABC):
    """The calls of an operator; a `Runner` has them."""

    _ports: Ports

    # ---- pauses

    @verb
    def pause(self, journey: str, *, reason: str = "") -> Flow[None]:
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
        yield from set_pause(journey, reason, (yield from Now()))
        logs.tell("journey_paused", journey=journey)
        yield from self._let_hands_finish(None)

    @verb
    def resume(self, journey: str) -> Flow[int]:
        """Let a journey go on; return for how many customers something was held.

        Each held message passes the gate again, with the clock of now. Cut off in the middle,
        the next start goes on, or you call it again. A journey that does not pause goes on as it
        did.

        Raises:
            UnknownJourneyError: No version of it was ever published.
        """
        check_known_journey(self._rules, journey)
        yield from end_pause(journey)
        held = yield from self._set_free((journey,))
        logs.tell("journey_resumed", journey=journey, customers=held)
        return held

    @verb
    def paused(self) -> Flow[Mapping[str, Pause]]:
        """Return the journeys that pause, by name."""
        return (yield from pauses())

    # ---- versions

    @verb
    def plan(self, workspace: Workspace) -> Flow[Plan]:
        """Return what publishing `workspace` would do to the customers of now. Changes nothing.

        It reads every customer once.
        """
        check_workspace(workspace)
        return (yield from draw_up(workspace, (yield from Now())))

    def _publish(
        self, workspace: Workspace, channels: Mapping[str, Any], functions: Mapping[str, Any]
    ) -> Flow[None]:
        ports = self._ports
        before = dict(ports.channels), ports.functions
        ports.channels.update(channels)  # in place: whoever carries messages holds it too
        ports.functions = {**ports.functions, **functions}
        try:
            self._fit(workspace)
            yield from self._take(workspace)
        except BaseException:
            for name in channels:
                del ports.channels[name]
            ports.channels.update(before[0])
            ports.functions = before[1]
            raise

    def _take(self, workspace: Workspace) -> Flow[None]:
        """Publish a workspace, run it, and finish the moves to its versions."""
        older = yield from publish(workspace, self._fit_older)
        self._rules = compile_workspace(workspace, older)
        yield from self._finish_moves()
        logs.tell("published", journeys=len(workspace.journeys))
        waking = (yield from read_controls()).waking
        if waking:
            yield from self._set_free(waking)

    def _set_free(self, journeys: Collection[str]) -> Flow[int]:
        """Let go what was held for journeys that go on, and note that it is done."""
        rules = yield from Heed(self._rules, fresh=True)
        woken = yield from wake_all(rules, self._batch)
        yield from note_woken(journeys)
        return woken

    def _finish_moves(self) -> Flow[None]:
        """Move the runs that may leave their version, once for each new version.

        Cut off in the middle, the next start goes on: who has moved is not moved again.
        """
        wanted = {
            plan.table.journey: plan.table.version for plan in self._rules.migrations.values()
        }
        moved = (yield from read_controls()).moved if wanted else {}
        if any(moved.get(journey) != version for journey, version in wanted.items()):
            rules = yield from Heed(self._rules, fresh=True)
            yield from sweep(rules, self._batch, movable)
            yield from change_controls(lambda operated: _moved(operated, wanted))

    # ---- what the law asks for

    @verb
    def erase(self, customer_id: str) -> Flow[bool]:
        """Remove all that is kept of a customer; tell whether there was anything.

        That is the profile, the runs, the messages, the journal and the ids of events. What is
        left is a salted hash of the id: events for it are refused with `ErasedCustomerError`
        until the customer is identified anew. After this returns, no hand-over to the customer
        starts. Addresses on the list of suppressed ones stay there, as hashes.
        """
        check_customer_id(customer_id)
        was_there = yield from erase(self._rules, customer_id, (yield from Now()))
        yield from self._let_hands_finish(customer_id)
        yield from Forget((yield from Now()), 0, ())  # announcements name customers, too
        logs.tell("customer_erased")
        return was_there

    @verb
    def export(self, customer_id: str) -> Flow[dict[str, Any]]:
        """Return all that is kept of a customer, as values that JSON has.

        Raises:
            ErasedCustomerError: The customer was erased.
            UnknownCustomerError: Nobody was identified under this id.
        """
        check_customer_id(customer_id)
        now = yield from Now()
        return (yield from export_customer(self._rules, customer_id, now))

    # ---- within

    @abstractmethod
    def _fit(self, workspace: Workspace) -> None:
        """Refuse a workspace that needs what is not given."""

    @abstractmethod
    def _fit_older(self, journey: Journey) -> None:
        """Refuse an older version, somebody being on it, that needs what is not given."""

    @abstractmethod
    def _let_hands_finish(self, customer_id: str | None) -> Flow[None]:
        """Wait for hand-overs to a customer, or to anybody, that are under way."""


def _moved(operated: Operated, wanted: Mapping[str, int]) -> None:
    operated.moved.update(wanted)
