"""What would happen? A stage, and customers who act on it at the script's word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any

from journeykit.model import Profile, Workspace
from journeykit.ports import Renderer, Store, TokenSigner
from journeykit.simulation.people import SimulatedCustomer
from journeykit.simulation.stage import Stage


class Simulation(Stage):
    """A workspace, some scripted customers, and a clock in the script's hand.

    Args:
        at: The first instant: an aware datetime, or text such as `2026-03-01 20:30` on the
            wall clock of `tz`.
        tz: Zone in which texts are read, and the default zone of scripted customers; the
            workspace's when not given.
        renderer: Turns templates into content; by default a template's content is its name.
        store: Another store than one in memory.
        tokens: Signs and reads the tokens of links.
        functions: What `Call` steps call, by name: a function, or what is always answered,
            such as `LeadScore(score=7)`. `function(name)` scripts other answers.

    Attributes:
        people: The customers of the script by id, in their order.
    """

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
        super().__init__(
            workspace,
            at=at,
            tz=tz,
            renderer=renderer,
            store=store,
            tokens=tokens,
            functions=functions,
        )
        self.people: dict[str, SimulatedCustomer] = {}

    def customer(
        self,
        customer_id: str,
        attributes: Mapping[str, Any] | Profile | None = None,
        *,
        consent: Sequence[str] = (),
    ) -> SimulatedCustomer:
        """Identify a customer, in the zone of the simulation unless another one is given.

        Args:
            attributes: `{"timezone": None}` leaves the zone unknown (rule T7).
            consent: Channels, or `channel/topic`, that the customer consents to.
        """
        if isinstance(attributes, Profile):
            attributes = {name: getattr(attributes, name) for name in attributes.model_fields_set}
        self.identify(customer_id, {"timezone": self.tz, **(attributes or {})})
        for word in [consent] if isinstance(consent, str) else consent:
            channel, slash, topic = word.partition("/")
            self.grant(customer_id, [channel], topic=topic if slash else None, source="simulation")
        person = SimulatedCustomer(self, customer_id)
        self.people[customer_id] = person
        return person
