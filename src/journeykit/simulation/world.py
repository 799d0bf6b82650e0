"""What would happen? The runtime itself, on a clock that jumps from due moment to due moment.

There is no second implementation of anything here: the same flows, the same kernel, the
store in memory. Only the clock and the channels are scripted.

Keeps true:
    * the clock stops at every due moment and never beyond it;
    * what a script does at an instant goes before the timers due at that instant (O2):
      those fire when the script looks at the result, or moves on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from journeykit.adapters import MemoryStore, TemplateNames
from journeykit.errors import UsageError
from journeykit.kernel import Signal
from journeykit.model import Event, Profile, Workspace
from journeykit.ports import OutgoingMessage, Renderer, Store
from journeykit.runtime import Outcome, Runner, Timeline
from journeykit.runtime.intake import read_consents, read_event, read_profile
from journeykit.runtime.script import Arrival, ingest
from journeykit.simulation.channels import ScriptedChannel
from journeykit.simulation.clock import VirtualClock
from journeykit.simulation.people import SimulatedCustomer
from journeykit.time import (
    Duration,
    from_micros,
    next_local,
    parse_clock,
    shift,
    to_micros,
    wall_of,
    zone,
)


class Simulation:
    """A workspace, some scripted customers, and a clock in the script's hand.

    Args:
        at: The first instant: an aware datetime, or text such as `2026-03-01 20:30` on the
            wall clock of `tz`.
        tz: Zone in which texts are read, and the default zone of scripted customers; the
            workspace's when not given.
        renderer: Turns templates into content; by default a template's content is its name.
        store: Another store than one in memory.
    """

    def __init__(
        self,
        workspace: Workspace,
        *,
        at: datetime | str,
        tz: str | None = None,
        renderer: Renderer | None = None,
        store: Store | None = None,
    ) -> None:
        self.tz = tz if tz is not None else workspace.timezone
        self._zone = zone(self.tz)
        self.clock = VirtualClock(self._instant(at))
        names = workspace.policy.consent
        self.channels = {name: ScriptedChannel(name) for name in names}
        self.runner = Runner(
            workspace,
            store=store if store is not None else MemoryStore(),
            channels=self.channels,
            renderer=renderer if renderer is not None else TemplateNames(),
            clock=self.clock,
        )
        self._arrived: list[Arrival] = []
        self._is_down = False

    # ---- time

    @property
    def now(self) -> datetime:
        """The present instant, on the wall clock of `tz`."""
        return from_micros(self.clock.micros).astimezone(ZoneInfo(self.tz))

    def advance(self, by: Duration | timedelta | str) -> None:
        """Let time pass: calendar units by the clock of `tz`, elapsed units exactly."""
        duration = Duration.of(by)
        if duration.is_negative:
            raise UsageError(
                "time does not go back", value=by, remedy="use clock_jumps() for a wrong clock"
            )
        self._pass_time(shift(self.clock.micros, duration, self._zone))

    def advance_to(self, moment: datetime | str) -> None:
        """Let time pass until an instant, or until the next `HH:MM` of `tz` (now counts)."""
        if isinstance(moment, str) and len(moment) <= len("HH:MM:SS"):
            clock = parse_clock(moment)
            target = next_local(self.clock.micros, self._zone, clock=clock)
        else:
            target = self._instant(moment)
        if target < self.clock.micros:
            raise UsageError(
                f"{moment} is before now, {self.now.isoformat()}",
                value=str(moment),
                remedy="use clock_jumps() for a clock that goes back",
            )
        self._pass_time(target)

    def clock_jumps(self, by: timedelta) -> None:
        """Set the clock wrong, forward or back, without letting time pass (rule O9)."""
        self.settle()
        self.clock.micros += by // timedelta(microseconds=1)

    @contextmanager
    def downtime(self) -> Iterator[None]:
        """Within the block nothing runs: time passes, and what arrives waits (rule O3)."""
        self.settle()
        self._is_down = True
        try:
            yield
        finally:
            self._is_down = False
        self._catch_up()

    def settle(self) -> None:
        """Do everything that is due now; looking at a customer does it by itself."""
        if not self._is_down:
            self.runner.tick()

    # ---- customers

    def customer(
        self,
        customer_id: str,
        attributes: Mapping[str, Any] | None = None,
        *,
        consent: Sequence[str] = (),
    ) -> SimulatedCustomer:
        """Identify a customer, in the zone of the simulation unless another one is given.

        Args:
            consent: Channels, or `channel/topic`, that the customer consents to.
        """
        told = dict(attributes or {})
        told.setdefault("timezone", self.tz)
        self.identify(customer_id, told)
        for word in consent:
            channel, _, topic = word.partition("/")
            self.consent(customer_id, [channel], topic or None, granted=True, source="simulation")
        return SimulatedCustomer(self, customer_id)

    def channel(self, name: str) -> ScriptedChannel:
        """Return a channel, to script its answers and to see what it was handed."""
        if name not in self.channels:
            raise UsageError(
                "the policy declares no such channel",
                value=name,
                remedy=f"declared are {', '.join(sorted(self.channels))}",
            )
        return self.channels[name]

    def accepted(self, customer_id: str) -> list[OutgoingMessage]:
        """Return the messages to one customer that channels accepted, in order of hand-over."""
        taken = [
            m for c in self.channels.values() for m in c.accepted if m.customer_id == customer_id
        ]
        return sorted(taken, key=lambda message: message.at)

    def explain(self, customer_id: str) -> Timeline:
        """Return everything that happened to a customer."""
        self.settle()
        return self.runner.explain(customer_id)

    # ---- inputs

    def track(
        self,
        customer_id: str,
        event: Event | str,
        data: Mapping[str, Any] | None = None,
        *,
        id: str | None = None,
        occurred_at: datetime | str | None = None,
    ) -> Outcome:
        """Report an event, as `Orchestrator.track` does."""
        happened = None
        if occurred_at is not None:
            happened = from_micros(self._instant(occurred_at))
        if not self._is_down:
            return self.runner.track(customer_id, event, data, id=id, occurred_at=happened)
        reported = read_event(
            self.runner.rules,
            customer_id,
            event,
            data,
            id=id,
            occurred_at=happened,
            now=self.clock.micros,
        )
        digests = {} if reported.digest is None else {reported.signal.id: reported.digest}
        self._arrived.append(Arrival(customer_id, [reported.signal], digests))
        return Outcome(customer_id)

    def identify(self, customer_id: str, attributes: Mapping[str, Any] | Profile) -> Outcome:
        """Tell attributes, as `Orchestrator.identify` does."""
        if not self._is_down:
            return self.runner.identify(customer_id, attributes)
        told = read_profile(self.runner.rules, attributes, self.clock.micros)
        self._arrived.append(Arrival(customer_id, [told], creates=True))
        return Outcome(customer_id)

    def consent(
        self,
        customer_id: str,
        channels: Sequence[str],
        topic: str | None,
        *,
        granted: bool,
        source: str,
    ) -> Outcome:
        """Record consent, as `Orchestrator.grant` and `withdraw` do."""
        if not self._is_down:
            record = self.runner.grant if granted else self.runner.withdraw
            return record(customer_id, channels, topic=topic, source=source)
        told = read_consents(
            self.runner.rules,
            channels,
            topic,
            granted=granted,
            source=source,
            now=self.clock.micros,
        )
        signals: list[Signal] = list(told)
        self._arrived.append(Arrival(customer_id, signals))
        return Outcome(customer_id)

    # ---- within

    def _pass_time(self, target: int) -> None:
        while not self._is_down:
            due = self.runner.store.next_due()
            if due is None or due >= target:
                break
            self.clock.micros = max(self.clock.micros, due)
            self.runner.tick()
        self.clock.micros = target

    def _catch_up(self) -> None:
        """Apply what arrived while nothing ran, each customer's inputs in their order."""
        together: dict[str, Arrival] = {}
        for arrival in self._arrived:
            known = together.setdefault(arrival.customer_id, Arrival(arrival.customer_id))
            known.signals += arrival.signals
            known.digests |= arrival.digests
            known.creates = known.creates or arrival.creates
        self._arrived = []
        if together:
            self.runner.drive(ingest(self.runner.rules, list(together.values())))

    def _instant(self, moment: datetime | str) -> int:
        if isinstance(moment, datetime):
            return to_micros(moment, what="at")
        try:
            parsed = datetime.fromisoformat(moment)
        except ValueError:
            raise UsageError(
                "not a date and time", value=moment, remedy="such as '2026-03-01 20:30'"
            ) from None
        if parsed.tzinfo is not None:
            return to_micros(parsed)
        instant = self._zone.instant(wall_of(parsed))
        assert instant is not None
        return instant
