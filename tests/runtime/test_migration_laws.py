"""Whatever stands where, and whatever the map says: nobody is lost, and nothing is sent twice."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from journeykit import (
    EXIT,
    RESTART,
    Always,
    Branch,
    ByCall,
    Call,
    Digest,
    Event,
    Journey,
    Migrate,
    On,
    Overdue,
    Policy,
    Profile,
    QuietHours,
    Retry,
    Send,
    StartJourney,
    Wait,
    WaitFor,
    WaitUntil,
    When,
    Workspace,
    days,
    hours,
)
from journeykit.errors import VersionError
from journeykit.kernel import decode_entries, decode_state, encode_state, replay
from journeykit.model import graph
from journeykit.simulation import Simulation

NAMES = ("ann", "bob", "cy")
WAITS = ("wait", "wait_until", "wait_for", "digest")


class Begun(Event):
    pass


class Paid(Event):
    pass


class Person(Profile):
    plan: str = ""


POLICY = Policy(consent={"email": "opt-out"}, quiet_hours=[QuietHours("22:00", "07:00")])


def step(kind: str, name: str) -> Any:
    return {
        "send": lambda: Send(f"t-{name}", via=["email"], label=name),
        "wait": lambda: Wait(hours(7), label=name),
        "until": lambda: WaitUntil(at="09:00", label=name),
        "for": lambda: WaitFor(
            On(Paid), timeout=days(1), label=name, then=[Send(f"t-{name}-then", via=["email"])]
        ),
        "all": lambda: WaitFor(
            [On(Paid), Person.plan == "pro"], need="all", timeout=days(1), label=name,
            then=[Send(f"t-{name}-then", via=["email"])],
        ),
        "digest": lambda: Digest(On(Paid), window=hours(8), at_most=2, label=name),
        "call": lambda: Call("score", label=name),
        "start": lambda: StartJourney("k", wait_for_end=True, timeout=hours(5), label=name),
        "open": lambda: StartJourney("k", wait_for_end=True, label=name),
        "branch": lambda: Branch(
            When(Person.plan == "pro", [Send(f"t-{name}-pro", via=["email"])]), label=name
        ),
    }[kind]()  # fmt: skip


KINDS = st.sampled_from([
    "send", "send", "wait", "wait", "until", "for", "all", "digest", "call", "start", "open",
    "branch",
])  # fmt: skip


LIKE = {
    one: like for like in (["start", "open"], ["for", "all"], ["wait", "until"]) for one in like
}


@st.composite
def versions(draw: st.DrawFn) -> tuple[list[Any], list[Any]]:
    """Steps of two versions: some of the old ones in another order and of like kinds, some new."""
    kinds = [(draw(KINDS), f"s{number}") for number in range(draw(st.integers(1, 6)))]
    old = [step(kind, name) for kind, name in kinds]
    kept = [
        step(draw(st.sampled_from(LIKE.get(kind, [kind]))), name)
        for kind, name in draw(st.permutations(kinds))
        if draw(st.booleans())
    ]
    fresh = [step(draw(KINDS), f"n{number}") for number in range(draw(st.integers(0, 3)))]
    new = draw(st.permutations([*kept, *fresh])) or [step("wait", "n9")]
    return old, new


ACTIONS = st.lists(
    st.tuples(
        st.sampled_from([0, 1, 5, 9, 26]),
        st.sampled_from(["begin", "begin", "pay", "pro", "pause", "resume", "retry", "down"]),
        st.sampled_from(NAMES),
    ),
    max_size=8,
)


def act(sim: Simulation, actions: Any) -> None:
    for span, what, name in actions:
        if what == "down":
            with sim.downtime():
                sim.advance(hours(span))
                sim.track(name, Paid())
            continue
        sim.advance(hours(span))
        match what:
            case "begin":
                sim.track(name, Begun())
            case "pay":
                sim.track(name, Paid())
            case "pro":
                sim.identify(name, {"plan": "pro"})
            case "pause":
                sim.pause("j")
            case "resume":
                sim.resume("j")
            case _:
                sim.channel("email").answer(Retry("busy", after=timedelta(hours=2)))


def check(sim: Simulation) -> None:
    """Everybody's journal is their state, and everybody stands at a step that there is."""
    store = sim.runner.store
    for name in NAMES:
        body = store.load([name])[name].body
        entries = [e for one in store.journal(name) for e in decode_entries(one.entries)]
        assert encode_state(replay(name, entries)) == body
        for run in decode_state(body).enrollments.values():
            here = sim.runner.rules.table(run.journey, run.version).steps[run.step]
            assert (run.message is not None) is (here.kind == "send")
            is_timed = here.kind == "start_journey" and here.plan.timeout is not None
            assert (run.due is not None) is (here.kind in WAITS or is_timed)


STARTED = Journey("k", entry=ByCall(), reentry=Always(), steps=[Wait(hours(9))])
BUSY = Retry("busy", after=timedelta(hours=3))


def workspace(version: int, steps: list[Any], **options: Any) -> Workspace:
    journey = Journey("j", version=version, entry=On(Begun), steps=steps, **options)
    return Workspace(
        journeys=[journey, STARTED], timezone="UTC", policy=POLICY, profile=Person, events=[Paid]
    )


@given(data=st.data(), both=versions(), before=ACTIONS, after=ACTIONS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_nobody_is_lost_and_nothing_is_sent_twice(  # V1, V2
    data: Any, both: Any, before: Any, after: Any
) -> None:
    old, new = both
    late = data.draw(st.none() | st.sampled_from(["skip", "exit"]))
    overdue = None if late is None else Overdue(after=hours(3), then=late)
    sim = Simulation(
        workspace(1, old, overdue=overdue), at="2026-03-02 06:00",
        functions={"score": data.draw(st.sampled_from([None, lambda context: BUSY]))},
    )  # fmt: skip
    for name in NAMES:
        sim.customer(name)
    sim.track("ann", Begun())
    act(sim, before)
    check(sim)
    there = [name for name in graph.draw(new).states if name not in graph.RESERVED]
    targets = st.sampled_from([*there, EXIT, RESTART])
    ids = [name for name in graph.draw(old).states if name not in graph.RESERVED]
    mapped = data.draw(st.dictionaries(st.sampled_from(ids), targets, max_size=4))
    state = {name: stand(sim, name) for name in NAMES}
    acted, acts = (
        {one.label: type(one) for one in steps if isinstance(one, Digest | StartJourney)}
        for steps in (old, new)
    )
    try:
        sim.publish(workspace(2, new, upgrade=Migrate(mapped)))
    except VersionError:
        assert {name: stand(sim, name) for name in NAMES} == state, "refused, yet changed"
        plan = sim.runner.plan(workspace(2, new, upgrade=Migrate(mapped)))
        for one in plan["j"].standings:  # whoever has nowhere to go is sent away
            if one.stranded:
                mapped[one.step] = data.draw(st.sampled_from([EXIT, RESTART]))
        sim.publish(workspace(2, new, upgrade=Migrate(mapped)))
    check(sim)
    for name in NAMES:
        for version, place, due in stand(sim, name):
            was = [one for one in state[name] if one[0] == 1]
            if version == 1:  # only where a message may have left before the run begins anew
                assert mapped[place] == RESTART
            elif due is not None and was and was[0][2] is not None and was[0][2] > sim.clock.micros:
                target = mapped.get(was[0][1], was[0][1])
                is_new = place in acts and acts[place] is not acted.get(was[0][1])  # begun anew
                assert due == was[0][2] or target != place or is_new, "the timer was not kept"
    act(sim, after)
    sim.resume("j")
    sim.advance(days(30))
    check(sim)
    for name in NAMES:
        assert all(version == 2 for version, _, _ in stand(sim, name))
        taken = Counter(message.template for message in sim.accepted(name))
        assert max(taken.values(), default=0) <= 1, "a message came under two keys"
        for one, now in mapped.items():
            if now not in ids and one not in there:
                assert not {f"t-{one}", f"t-{now}"} <= set(taken), "a renamed message came twice"
    keys = Counter((m.customer_id, m.template, m.key) for m in sim.channel("email").accepted)
    assert max(keys.values(), default=0) <= 1


def stand(sim: Simulation, name: str) -> list[tuple[int, str, int | None]]:
    state = decode_state(sim.runner.store.load([name])[name].body)
    runs = [run for run in state.enrollments.values() if run.journey == "j"]
    return [(run.version, run.step, run.due) for run in runs]
