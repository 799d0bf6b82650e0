"""What happens to one customer does not depend on who else is there (O1), nor on the store (O4)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from journeykit import Address, Event, Profile, Simulation, Workspace
from journeykit.kernel import encode_entries
from journeykit.testing.journeys import workspaces
from journeykit.testing.strategies import Happened, histories


class Joined(Event):
    plan: Literal["free", "pro"] = "free"


class Bought(Event):
    amount: int = 1


class Person(Profile):
    plan: Literal["free", "pro"] = "free"
    trial_ends: datetime | None = None
    email: Annotated[str | None, Address("email")] = None


EVENTS = [Joined, Bought]
ZONES = {"ann": "Europe/Berlin", "bob": "Pacific/Apia"}


def journals(workspace: Workspace, history: list[Happened], people: list[str]) -> dict[str, bytes]:
    """Play what happened to some of the people; ids count one's own events."""
    sim = Simulation(workspace, at=history[0].at)
    for name in people:
        sim.customer(name, {"timezone": ZONES[name], "email": name}, consent=["email"])
    counts = dict.fromkeys(people, 0)
    for one in history:
        sim.advance_to(one.at)
        if one.customer in counts:
            counts[one.customer] += 1
            sim.track(one.customer, one.event, id=f"{one.customer}-{counts[one.customer]}")
    sim.advance(timedelta(days=90))
    return {name: encode_entries(sim.runner.journal(name)) for name in people}


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_customer_alone_has_the_same_journal_as_in_company(data: st.DataObject) -> None:  # O1, O4
    workspace = data.draw(workspaces(EVENTS, Person))
    history: Any = data.draw(histories(EVENTS).filter(bool))
    mine = [one for one in history if one.customer == "ann"]
    together = journals(workspace, history, ["ann", "bob"])
    alone = journals(workspace, history, ["ann"])
    assert together["ann"] == alone["ann"]
    assert len(mine) <= alone["ann"].count(b'["event"')
