"""What of the host's may fail? F2, as far as it is built: templates, channels, one bad document."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise

import pytest
from msgspec.structs import replace

from journeykit import (
    Event,
    Journey,
    MemoryStore,
    On,
    Policy,
    RenderContext,
    Send,
    Simulation,
    Templates,
    Wait,
    Workspace,
    days,
    hours,
)
from journeykit.errors import StoreError
from journeykit.ports import CustomerCommit


class Begun(Event):
    pass


class Failing:
    """Templates of which one fails for one customer."""

    def __init__(self, fails: Callable[[RenderContext], bool]) -> None:
        self.asked: list[str] = []
        self._fails = fails
        self._templates = Templates()
        self._templates.register("hello")(lambda context: "Hello.")
        self._templates.register("later")(lambda context: "Later.")

    def render(self, context: RenderContext):  # type: ignore[no-untyped-def]
        self.asked.append(context.customer_id)
        if self._fails(context):
            raise ZeroDivisionError(f"nobody may read this about {context.customer_id}")
        return self._templates.render(context)

    def missing(self, template: str, channel: str) -> str | None:
        return self._templates.missing(template, channel)


def workspace(**options: object) -> Workspace:
    steps = [Send("hello", via=["email"], **options), Wait(days(2)), Send("later", via=["email"])]  # type: ignore[arg-type]
    return Workspace(
        journeys=[Journey("j", entry=On(Begun), steps=steps)],
        timezone="UTC",
        policy=Policy(consent={"email": "opt-out"}),
    )


def test_a_template_that_fails_is_asked_again_for_that_one_customer() -> None:  # F2
    failing = Failing(lambda c: c.customer_id == "ann" and len(failing.asked) < 4)
    sim = Simulation(workspace(), at="2026-03-02 12:00", renderer=failing)
    ann, ben = sim.customer("ann"), sim.customer("ben")
    ann.track(Begun())
    ben.track(Begun())
    assert ben.received == ["hello"]  # nobody else is held up
    assert not ann.received
    sim.advance(days(1))
    assert ann.received == ["hello"]
    assert failing.asked.count("ben") == 1


def test_it_fails_for_good_in_the_end_and_the_run_goes_on() -> None:  # F2, D3
    failing = Failing(lambda c: c.template == "hello")
    sim = Simulation(workspace(max_attempts=3), at="2026-03-02 12:00", renderer=failing)
    ann = sim.customer("ann")
    ann.track(Begun())
    sim.advance(days(3))
    assert ann.reasons("answer") == ["retry", "retry", "failed", "accepted"]
    assert ann.received == ["later"]


def test_pauses_have_a_ceiling_that_grows() -> None:  # F2, D3
    """Full jitter draws below the ceiling, so single pauses may shrink; the longest grow."""
    failing = Failing(lambda c: True)
    sim = Simulation(workspace(max_attempts=8), at="2026-03-02 12:00", renderer=failing)
    longest: dict[int, float] = {}
    people = [sim.customer(f"c{number}") for number in range(40)]
    for person in people:
        person.track(Begun())
    sim.advance(days(2))
    for person in people:
        answers = [line.at for line in person.timeline if line.kind == "answer"][:8]
        for number, (one, next_) in enumerate(pairwise(answers)):
            pause = (next_ - one).total_seconds()
            longest[number] = max(longest.get(number, 0), pause)
    assert len(longest) == 7
    assert all(one < next_ for one, next_ in pairwise(longest.values()))
    assert all(pause <= 30 * 2 ** (number + 1) for number, pause in longest.items())


def test_the_journal_tells_the_type_of_the_failure_and_no_more() -> None:  # F2, F5
    sim = Simulation(workspace(), at="2026-03-02 12:00", renderer=Failing(lambda c: True))
    ann = sim.customer("ann")
    ann.track(Begun())
    sim.advance(hours(1))
    told = str(ann.timeline)
    assert "ZeroDivisionError" in told
    assert "nobody may read this" not in told


def test_a_document_that_cannot_be_read_holds_up_nobody_else() -> None:  # F2
    store = MemoryStore()
    sim = Simulation(workspace(), at="2026-03-02 12:00", store=store)
    ann, ben = sim.customer("ann"), sim.customer("ben")
    ann.track(Begun())
    ben.track(Begun())
    assert ann.received == ben.received == ["hello"]
    (kept,) = store.load(["ann"]).values()
    broken = CustomerCommit("ann", kept.version, b"{this is no document", sim.clock.micros)
    assert store.commit([broken]) == []

    with pytest.raises(StoreError, match="could not be decided on") as refused:
        sim.runner.track("ann", Begun())
    assert refused.value.value == "ann"
    counts = sim.runner.tick()
    assert [failure.customer_id for failure in counts.failures] == ["ann"]
    sim.clock.micros += timedelta(days=3) // timedelta(microseconds=1)
    sim.runner.tick()  # as a host does: a simulation's own tick raises, so that a script notices
    taken = sim.channel("email").accepted
    assert [m.template for m in taken if m.customer_id == "ben"] == ["hello", "later"]
    (after,) = store.load(["ann"]).values()
    assert after == replace(
        kept, version=kept.version + 1, body=b"{this is no document", parked=True
    )
