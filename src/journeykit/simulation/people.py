"""How does a script speak for a customer, and read what came of it?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from journeykit.errors import UsageError
from journeykit.model import Event, Profile, ReceiptKind
from journeykit.model.spans import Span
from journeykit.ports import OutgoingMessage
from journeykit.runtime import (
    CustomerView,
    MessageLife,
    MessageView,
    Outcome,
    Preferences,
    Preview,
    Reply,
    RunView,
    Timeline,
    WhyNot,
)
from journeykit.simulation.stage import Stage


class SimulatedCustomer:
    """One customer in a simulation. What it does happens at the simulation's present instant."""

    def __init__(self, stage: Stage, customer_id: str) -> None:
        self._stage = stage
        self.id = customer_id

    # ---- what the customer, or the host about it, does

    def track(
        self,
        event: Event | str,
        data: Mapping[str, Any] | None = None,
        *,
        id: str | None = None,
        occurred_at: datetime | str | None = None,
    ) -> Outcome:
        """Report an event. `occurred_at` as text is read in the simulation's zone."""
        return self._stage.track(self.id, event, data, id=id, occurred_at=occurred_at)

    def tell(self, attributes: Mapping[str, Any] | Profile) -> Outcome:
        """Change attributes of the profile."""
        return self._stage.identify(self.id, attributes)

    def grant(
        self,
        *channels: str,
        topic: str | None = None,
        source: str = "simulation",
        lasts: Span | None = None,
    ) -> Outcome:
        """Give consent; an implied one lasts."""
        return self._stage.grant(self.id, channels, topic=topic, source=source, lasts=lasts)

    def confirm(
        self, *channels: str, topic: str | None = None, source: str = "simulation"
    ) -> Outcome:
        """Confirm a consent (double opt-in)."""
        return self._stage.confirm(self.id, channels, topic=topic, source=source)

    def prefer(
        self,
        choices: Mapping[str, bool],
        *,
        limits: Mapping[str, Any] | None = None,
        source: str = "simulation",
    ) -> Outcome:
        """Submit a page of choices."""
        return self._stage.prefer(self.id, choices, limits=limits, source=source)

    def reply(self, channel: str, text: str) -> Reply:
        """Answer on a channel, such as with `STOP`."""
        return self._stage.reply(self.id, channel, text)

    def delivers(self, template: str, *, id: str | None = None) -> Outcome:
        """Have the latest message of a template reported as delivered."""
        return self._receipt(template, "delivered", id)

    def opens(self, template: str, *, id: str | None = None) -> Outcome:
        """Open the latest message of a template."""
        return self._receipt(template, "opened", id)

    def clicks(self, template: str, *, id: str | None = None, detail: str = "") -> Outcome:
        """Click on a link in the latest message of a template."""
        return self._receipt(template, "clicked", id, detail)

    def replies(self, template: str, *, id: str | None = None, detail: str = "") -> Outcome:
        """Reply to the latest message of a template; `reply` reads keywords instead."""
        return self._receipt(template, "replied", id, detail)

    def bounces(self, template: str, *, detail: str = "", dead_address: bool = False) -> Outcome:
        """Have the latest message of a template come back after it was accepted."""
        return self._receipt(template, "bounced", None, detail, dead_address)

    def _receipt(
        self,
        template: str,
        what: ReceiptKind,
        id: str | None,
        detail: str = "",
        dead_address: bool = False,
    ) -> Outcome:
        self._stage.settle()
        keys = [
            message.key for message in self._stage.accepted(self.id) if message.template == template
        ]
        if not keys:
            raise UsageError(
                f"{self.id} has received no message of this template",
                place="template",
                value=template,
                remedy=f"received are {', '.join(self.received) or 'none'}",
            )
        return self._stage.report(
            self.id, keys[-1], what, id=id, detail=detail, dead_address=dead_address
        )

    def withdraw(
        self, *channels: str, topic: str | None = None, source: str = "simulation"
    ) -> Outcome:
        """Withdraw consent."""
        return self._stage.withdraw(self.id, channels, topic=topic, source=source)

    def enroll(
        self, journey: str, *, key: str | None = None, data: Mapping[str, Any] | None = None
    ) -> Outcome:
        """Be enrolled by call."""
        return self._stage.enroll(self.id, journey, key=key, data=data)

    def cancel(self, journey: str, *, key: str | None = None, reason: str = "cancelled") -> Outcome:
        """Have runs ended by call."""
        return self._stage.cancel(self.id, journey, key=key, reason=reason)

    def suppress(self, channel: str, reason: str = "host") -> Outcome:
        """Have the address on a channel suppressed."""
        return self._stage.suppress(self.id, channel, reason=reason)

    def complain(self, channel: str) -> Outcome:
        """Call a message on a channel spam."""
        return self._stage.complained(self.id, channel)

    def unsuppress(self, channel: str) -> Outcome:
        """Have the address on a channel used again."""
        return self._stage.unsuppress(self.id, channel)

    # ---- what came of it

    @property
    def view(self) -> CustomerView:
        """How the customer stands, after everything that is due now."""
        self._stage.settle()
        return self._stage.runner.customer(self.id)

    @property
    def preferences(self) -> Preferences:
        """What the customer can choose, and how it stands, after everything that is due now."""
        self._stage.settle()
        return self._stage.runner.preferences(self.id)

    @property
    def received(self) -> list[str]:
        """Templates of the messages that channels accepted, in order."""
        return [message.template for message in self.messages]

    @property
    def messages(self) -> list[OutgoingMessage]:
        """The messages that channels accepted, with their content, in order."""
        self._stage.settle()
        return list(self._stage.accepted(self.id))

    @property
    def held(self) -> list[MessageView]:
        """Messages that the gate holds back now, with reason and release instant."""
        return list(self.view.held)

    @property
    def enrollments(self) -> list[RunView]:
        """Open runs, in the order of their entry."""
        return list(self.view.enrollments)

    @property
    def profile(self) -> Mapping[str, Any]:
        """The attributes known now, in wire form."""
        return self.view.profile

    @property
    def timeline(self) -> Timeline:
        """Everything that happened, with reasons."""
        self._stage.settle()
        return self._stage.runner.explain(self.id)

    @property
    def story(self) -> Timeline:
        """The timeline so far; nothing that is due now is done for it."""
        return self._stage.runner.explain(self.id)

    @property
    def lives(self) -> list[MessageLife]:
        """Everything that became of each message, in the order of their decision."""
        return self._stage.messages(self.id)

    def why_not(self, journey: str) -> WhyNot:
        """Return why something of a journey did not happen, after everything that is due now."""
        return self._stage.why_not(self.id, journey)

    def preview(self, *, until: datetime | str) -> Preview:
        """Return what comes until an instant, if nothing happens but time."""
        return self._stage.preview(self.id, until=until)

    def reasons(self, kind: str, journey: str | None = None) -> Sequence[str]:
        """Return the reason codes of timeline lines of a kind, such as `refuse` or `drop`."""
        return [
            line.reason
            for line in self.timeline
            if line.kind == kind and journey in (None, line.journey)
        ]

    def __repr__(self) -> str:
        return f"<customer {self.id!r}>"
