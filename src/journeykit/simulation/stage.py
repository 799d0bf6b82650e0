"""On what do simulated customers act? The runtime, a clock that jumps, and scripted channels.

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
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from journeykit.adapters import MemoryStore, TemplateNames
from journeykit.errors import UsageError
from journeykit.model import Condition, Event, Profile, ReceiptKind, Workspace
from journeykit.model.spans import Span
from journeykit.ports import OutgoingMessage, Renderer, Store, TokenSigner
from journeykit.runtime import (
    Backfilled,
    MessageLife,
    Outcome,
    Preview,
    Reply,
    Runner,
    Timeline,
    WhyNot,
)
from journeykit.runtime.backfilling import Since
from journeykit.simulation.backlog import Backlog
from journeykit.simulation.channels import ScriptedChannel
from journeykit.simulation.clock import VirtualClock
from journeykit.simulation.crowds import CrowdStage
from journeykit.simulation.functions import ScriptedFunction
from journeykit.simulation.operating import OperatedStage
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


class Stage(CrowdStage, OperatedStage):
    """A workspace that runs on a clock in the script's hand; see `Simulation`."""

    def __init__(
        self,
        workspace: Workspace,
        *,
        at: datetime | str,
        tz: str | None = None,
        renderer: Renderer | None = None,
        store: Store | None = None,
        tokens: TokenSigner | None = None,
        functions: Mapping[str, object] = MappingProxyType({}),
    ) -> None:
        self.tz = tz if tz is not None else workspace.timezone
        self._zone = zone(self.tz)
        self.clock = VirtualClock(self._instant(at, "at"))
        self._taken: dict[str, list[OutgoingMessage]] = {}
        names = workspace.policy.channels
        self.channels = {name: ScriptedChannel(name, self._taken) for name in names}
        self.functions = {name: ScriptedFunction(name, one) for name, one in functions.items()}
        self.runner = Runner(
            workspace,
            store=store if store is not None else MemoryStore(),
            channels=self.channels,
            renderer=renderer if renderer is not None else TemplateNames(),
            clock=self.clock,
            tokens=tokens,
            functions=self.functions,
        )
        self._backlog: Backlog | None = None

    # ---- time

    @property
    def now(self) -> datetime:
        """The present instant, on the wall clock of `tz`."""
        return from_micros(self.clock.micros).astimezone(ZoneInfo(self.tz))

    def advance(self, by: Duration | timedelta | str) -> None:
        """Let time pass: calendar units by the clock of `tz`, elapsed units exactly.

        Raises:
            UsageError: It is no span of time, or it goes back.
        """
        try:
            duration = Duration.of(by)
        except ValueError as error:
            raise UsageError(str(error), place="advance", value=by) from None
        self._pass_time(shift(self.clock.micros, duration, self._zone), by)

    def advance_to(self, moment: datetime | str) -> None:
        """Let time pass until an instant, or until the next `HH:MM` of `tz` (now counts).

        Raises:
            UsageError: It is no moment, or it lies before now.
        """
        if isinstance(moment, str) and len(moment) <= len("HH:MM:SS"):
            target = next_local(self.clock.micros, self._zone, clock=_clock(moment))
        else:
            target = self._instant(moment, "advance_to")
        self._pass_time(target, moment)

    def clock_jumps(self, by: timedelta) -> None:
        """Set the clock wrong, forward or back, without letting time pass (rule O9)."""
        self.settle()
        self.clock.micros += by // timedelta(microseconds=1)

    @contextmanager
    def downtime(self) -> Iterator[None]:
        """Within the block nothing runs: time passes, and what arrives waits (rule O3)."""
        if self._backlog is not None:
            raise UsageError("nothing runs already", place="downtime")
        self.settle()
        self._backlog = backlog = Backlog(self.runner)
        try:
            yield
        finally:
            self._backlog = None
        backlog.apply()

    def settle(self) -> None:
        """Do everything that is due now; looking at a customer does it by itself."""
        if self._backlog is None:
            self._tick()

    # ---- what came of it

    def channel(self, name: str) -> ScriptedChannel:
        """Return a channel, to script its answers and to see what it was handed."""
        if name not in self.channels:
            raise UsageError(
                "the policy declares no such channel",
                place="channel",
                value=name,
                remedy=f"declared are {', '.join(sorted(self.channels)) or 'none'}",
            )
        return self.channels[name]

    def function(self, name: str) -> ScriptedFunction:
        """Return a function, to script its answers and to see how it was called."""
        if name not in self.functions:
            raise UsageError(
                "the simulation was given no such function",
                place="function",
                value=name,
                remedy=f"given are {', '.join(sorted(self.functions)) or 'none'}",
            )
        return self.functions[name]

    def accepted(self, customer_id: str) -> Sequence[OutgoingMessage]:
        """Return the messages to one customer that channels accepted, in order of hand-over."""
        return self._taken.get(customer_id, ())

    def explain(self, customer_id: str) -> Timeline:
        """Return everything that happened to a customer."""
        self.settle()
        return self.runner.explain(customer_id)

    def messages(self, customer_id: str) -> list[MessageLife]:
        """Return the lives of all messages to a customer, in the order of their decision."""
        self.settle()
        return self.runner.messages(customer_id)

    def message(self, customer_id: str, message_id: str) -> MessageLife:
        """Return the whole life of one message, by the key that its channel was given."""
        self.settle()
        return self.runner.message(customer_id, message_id)

    def why_not(self, customer_id: str, journey: str) -> WhyNot:
        """Return why something of a journey did not happen for a customer."""
        self.settle()
        return self.runner.why_not(customer_id, journey)

    def preview(self, customer_id: str, *, until: datetime | str) -> Preview:
        """Return what a customer gets until an instant, if nothing happens but time.

        Text is read on the wall clock of `tz`.
        """
        self.settle()
        end = from_micros(self._instant(until, "until"))
        return self.runner.preview(customer_id, until=end)

    # ---- inputs, as the Orchestrator takes them

    def track(
        self,
        customer_id: str,
        event: Event | str,
        data: Mapping[str, Any] | None = None,
        *,
        id: str | None = None,
        occurred_at: datetime | str | None = None,
    ) -> Outcome:
        """Report an event. `occurred_at` as text is read on the wall clock of `tz`."""
        happened = None
        if occurred_at is not None:
            happened = from_micros(self._instant(occurred_at, "occurred_at"))
        return self._host.track(customer_id, event, data, id=id, occurred_at=happened)

    def identify(
        self, customer_id: str, attributes: Mapping[str, Any] | Profile | None = None
    ) -> Outcome:
        """Tell attributes."""
        return self._host.identify(customer_id, attributes)

    def grant(
        self,
        customer_id: str,
        channels: Sequence[str],
        *,
        topic: str | None = None,
        source: str,
        lasts: Span | None = None,
    ) -> Outcome:
        """Record that consent was given."""
        return self._host.grant(customer_id, channels, topic=topic, source=source, lasts=lasts)

    def confirm(
        self, customer_id: str, channels: Sequence[str], *, topic: str | None = None, source: str
    ) -> Outcome:
        """Record that consent was confirmed."""
        return self._host.confirm(customer_id, channels, topic=topic, source=source)

    def prefer(
        self,
        customer_id: str,
        choices: Mapping[str, bool],
        *,
        limits: Mapping[str, Any] | None = None,
        source: str,
    ) -> Outcome:
        """Take a page of choices."""
        return self._host.prefer(customer_id, choices, limits=limits, source=source)

    def unsubscribe(self, token: str) -> Outcome:
        """Take the POST of an unsubscribe link."""
        return self._host.unsubscribe(token)

    def reply(self, customer_id: str, channel: str, text: str) -> Reply:
        """Take a reply on a channel."""
        return self._host.reply(customer_id, channel, text)

    def report(
        self,
        customer_id: str,
        message: str,
        receipt: ReceiptKind,
        *,
        id: str | None = None,
        occurred_at: datetime | str | None = None,
        detail: str = "",
        dead_address: bool = False,
    ) -> Outcome:
        """Tell what became of a message after it was sent."""
        happened = None
        if occurred_at is not None:
            happened = from_micros(self._instant(occurred_at, "occurred_at"))
        return self._host.report(
            customer_id, message, receipt, id=id, occurred_at=happened, detail=detail,
            dead_address=dead_address,
        )  # fmt: skip

    def withdraw(
        self, customer_id: str, channels: Sequence[str], *, topic: str | None = None, source: str
    ) -> Outcome:
        """Record that consent was withdrawn."""
        return self._host.withdraw(customer_id, channels, topic=topic, source=source)

    def suppress(
        self, customer_id: str, channel: str, address: str | None = None, *, reason: str = "host"
    ) -> Outcome:
        """Keep an address from being used on a channel."""
        return self._host.suppress(customer_id, channel, address, reason=reason)

    def unsuppress(self, customer_id: str, channel: str, address: str | None = None) -> Outcome:
        """Let an address be used again."""
        return self._host.unsuppress(customer_id, channel, address)

    def complained(self, customer_id: str, channel: str, address: str | None = None) -> Outcome:
        """Record that the customer called a message spam."""
        return self._host.complained(customer_id, channel, address)

    def backfill(
        self,
        journey: str,
        *,
        since: Since = "qualified",
        where: Condition | bool | None = None,
    ) -> Backfilled:
        """Let customers of the past into a journey.

        Raises:
            UsageError: Nothing runs: it is a `downtime`.
        """
        if self._backlog is not None:
            raise UsageError(
                "a backfill needs a runner, and nothing runs", place="backfill",
                remedy="call it after the downtime",
            )  # fmt: skip
        self.settle()
        return self.runner.backfill(journey, since=since, where=where)

    def enroll(
        self,
        customer_id: str,
        journey: str,
        *,
        key: str | None = None,
        data: Mapping[str, Any] | None = None,
    ) -> Outcome:
        """Start a run by call."""
        return self._host.enroll(customer_id, journey, key=key, data=data)

    def cancel(
        self, customer_id: str, journey: str, *, key: str | None = None, reason: str = "cancelled"
    ) -> Outcome:
        """End runs by call."""
        return self._host.cancel(customer_id, journey, key=key, reason=reason)

    # ---- within

    @property
    def _host(self) -> Runner | Backlog:
        """Who takes inputs now."""
        return self.runner if self._backlog is None else self._backlog

    def _pass_time(self, target: int, asked: object) -> None:
        if target < self.clock.micros:
            raise UsageError(
                f"time does not go back; now is {self.now.isoformat()}",
                value=asked if isinstance(asked, str) else str(asked),
                remedy="use clock_jumps() for a clock that goes wrong",
            )
        while self._backlog is None:
            due = self.runner.store.next_due()
            if due is None or due >= target:
                break
            self.clock.micros = max(self.clock.micros, due)
            self._tick()
        self.clock.micros = target

    def _tick(self) -> None:
        """Do what is due; where a host would set a customer aside, a script wants to know."""
        for failure in self.runner.tick().failures:
            raise failure.error

    def _instant(self, moment: datetime | str, what: str) -> int:
        if isinstance(moment, datetime):
            return to_micros(moment, what=what)
        try:
            parsed = datetime.fromisoformat(moment)
        except (ValueError, TypeError):
            raise UsageError(
                "not a date and time",
                place=what,
                value=moment,
                remedy="an aware datetime, or text such as '2026-03-01 20:30'",
            ) from None
        if parsed.tzinfo is not None:
            return to_micros(parsed)
        return self._zone.instant(wall_of(parsed))


def _clock(text: str) -> int:
    try:
        return parse_clock(text)
    except ValueError as error:
        raise UsageError(str(error), place="advance_to", value=text) from None
