"""Calls that fail as often as they may: the run is parked with its error, until somebody acts."""

from __future__ import annotations

from typing import Any

import pytest

from journeykit import (
    EXIT,
    Call,
    Event,
    Exit,
    Goal,
    Journey,
    Migrate,
    On,
    Policy,
    Profile,
    Result,
    Simulation,
    Wait,
    Workspace,
    hours,
)
from journeykit.errors import UnknownCustomerError, UnknownJourneyError, UsageError
from journeykit.kernel import (
    PARKED,
    ErrandAnswered,
    advance,
    decode_state,
    encode_state,
    replay,
)
from journeykit.kernel import journal as j
from journeykit.ports import FOREVER


class Applied(Event):
    form: str = "f1"


class Left(Event):
    pass


class Won(Event):
    pass


class Score(Result):
    score: int


class Person(Profile):
    points: int = 0


ASK = Call("ask", gives=Score, max_attempts=2)


def shop(*steps: Any, **more: Any) -> Workspace:
    leads = Journey("leads", entry=On(Applied), steps=list(steps), **more)
    return Workspace(
        journeys=[leads],
        profile=Person,
        timezone="UTC",
        events=[Left, Won],
        policy=Policy(consent={"email": "opt-out"}),
    )


def failing(workspace: Workspace, times: int = 2) -> tuple[Simulation, Any]:
    """Ann's run, with a function that fails so often, and then gives a score of 7."""
    sim = Simulation(workspace, at="2026-03-02 10:00", functions={"ask": Score(score=7)})
    sim.function("ask").answer(*[RuntimeError("secret")] * times)
    ann = sim.customer("ann")
    ann.track(Applied())
    sim.advance(hours(1))
    return sim, ann


def kinds(sim: Simulation, *wanted: type[j.Entry]) -> list[str]:
    return [type(e).__name__ for e in sim.runner.journal("ann") if isinstance(e, wanted)]


def ended(sim: Simulation) -> list[tuple[str, str]]:
    return [(e.status, e.reason) for e in sim.runner.journal("ann") if isinstance(e, j.Ended)]


def folds(sim: Simulation) -> None:
    """State is the fold of the journal, and reads the same once it was written."""
    state = decode_state(sim.runner.store.load(["ann"])["ann"].body)
    assert replay("ann", sim.runner.journal("ann")) == state
    assert decode_state(encode_state(state)) == state


def test_F2_a_run_whose_function_fails_for_good_is_parked_at_its_step_with_its_error() -> None:
    sim, ann = failing(shop(ASK, Exit("asked")))
    sim.advance(hours(100))
    assert ended(sim) == []
    (run,) = sim.runner.customer("ann").enrollments
    assert (run.step, run.parked) == ("call_1", "RuntimeError from function 'ask'")
    assert len(sim.function("ask").calls) == 2
    assert sim.runner.next_due() is None  # nobody looks at it again
    assert list(sim.runner.store.shelved()) == ["ann"]
    (listed,) = sim.parked()
    assert (listed.customer_id, listed.failed, listed.enrollment) == ("ann", "call", run.id)
    assert (listed.journey, listed.step, listed.function) == ("leads", "call_1", "ask")
    assert (listed.attempts, listed.until, listed.error) == (2, None, run.parked)
    (parked,) = [e for e in sim.runner.journal("ann") if isinstance(e, j.Parked)]
    assert (parked.what, parked.error) == ("ask", "RuntimeError from function 'ask'")
    told = str(ann.timeline)
    assert "ask failed as often as it may: RuntimeError from function 'ask'" in told
    assert "secret" not in told  # F5
    assert "parked" in sim.runner.why_not("ann", "leads").reasons
    folds(sim)


@pytest.mark.parametrize("by", ["journey", "enrollment"])
def test_F2_the_host_lets_it_try_again_under_the_same_key(by: str) -> None:  # D2
    sim, ann = failing(shop(ASK, Exit("asked")))
    (run,) = sim.runner.customer("ann").enrollments
    outcome = sim.retry("ann", "leads" if by == "journey" else run.id)
    assert outcome.retried == [run.id]
    sim.settle()
    assert ended(sim) == [("exited", "asked")]
    calls = sim.function("ask").calls
    assert len({call.key for call in calls}) == 1
    assert [call.attempt for call in calls] == [1, 2, 1]
    assert list(sim.runner.store.shelved()) == []
    assert "leads is to try again, by call" in str(ann.timeline).replace("[leads]", "leads")
    folds(sim)


def test_F2_its_attempts_begin_anew() -> None:
    sim, _ = failing(shop(ASK, Exit("asked")), times=4)
    sim.retry("ann", "leads")
    sim.advance(hours(1))
    assert kinds(sim, j.Parked, j.Retried, j.Postponed) == [
        "Postponed", "Parked", "Retried", "Postponed", "Parked"
    ]  # fmt: skip
    sim.retry("ann", "leads")
    sim.advance(hours(1))
    assert ended(sim) == [("exited", "asked")]
    folds(sim)


def test_F2_nothing_is_tried_again_where_nothing_is_parked() -> None:
    sim, _ = failing(shop(ASK, Wait(hours(9))), times=0)
    assert sim.retry("ann", "leads").retried == []
    assert sim.retry("ann", "0" * 20).retried == []
    assert len(sim.function("ask").calls) == 1
    with pytest.raises(UnknownJourneyError, match="did you mean 'leads'"):
        sim.retry("ann", "lead")
    with pytest.raises(UnknownCustomerError):
        sim.retry("bob", "leads")
    folds(sim)


@pytest.mark.parametrize("how", ["exit", "goal", "cancel", "migration"])
def test_F2_what_ends_a_run_ends_a_parked_one(how: str) -> None:  # E2, E3, V1
    sim, ann = failing(shop(ASK, exits=[On(Left)], goal=Goal(On(Won))))
    if how == "exit":
        ann.track(Left())
    elif how == "goal":
        ann.track(Won())
    elif how == "cancel":
        ann.cancel("leads")
    else:
        sim.publish(shop(Wait(hours(1)), version=2, upgrade=Migrate({"call_1": EXIT})))
    sim.settle()
    assert len(ended(sim)) == 1
    assert kinds(sim, j.Recalled) == ["Recalled"]
    assert list(sim.runner.store.shelved()) == []
    assert sim.retry("ann", "leads").retried == []
    folds(sim)


def test_F2_a_run_that_moves_to_a_version_with_the_same_step_stays_parked() -> None:  # V1
    sim, _ = failing(shop(ASK, Exit("old")))
    newer = shop(ASK, Exit("new"), version=2, upgrade=Migrate({}))
    sim.publish(newer, functions={"ask": Score(score=7)})
    (run,) = sim.runner.customer("ann").enrollments
    assert (run.version, run.parked) == (2, "RuntimeError from function 'ask'")
    sim.retry("ann", run.id)
    sim.settle()
    assert ended(sim) == [("exited", "new")]
    folds(sim)


def test_F2_a_pause_keeps_what_is_tried_again_until_it_is_over() -> None:  # V2
    sim, _ = failing(shop(ASK, Exit("asked")))
    sim.pause("leads")
    assert sim.resume("leads") == 0  # what is parked is not what a pause held
    sim.pause("leads")
    sim.retry("ann", "leads")
    sim.advance(hours(1))
    assert len(sim.function("ask").calls) == 2
    assert sim.resume("leads") == 1
    sim.settle()
    assert ended(sim) == [("exited", "asked")]
    folds(sim)


@pytest.mark.parametrize("answer", ["done", "retry", "later"])
def test_F2_what_a_slower_worker_says_of_a_parked_run(answer: Any) -> None:
    """The last attempt overtook it: only an answer that is one still counts."""
    sim, _ = failing(shop(ASK, Exit("asked")))
    state = decode_state(sim.runner.store.load(["ann"])["ann"].body)
    (errand,) = state.errands.values()
    given: Any = ("result.score", {"score": 1}) if answer == "done" else ()
    signal = ErrandAnswered(state.clock, errand.id, "call", "ask", answer, *given)
    decision = advance(sim.runner.rules, state, [signal], state.clock)
    assert [type(entry) for entry in decision.entries] == (
        [j.Settled, j.Moved, j.Ended] if answer == "done" else []
    )
    assert (errand.id in state.errands) == (answer != "done")


def test_a_parked_run_keeps_one_row_that_never_comes_due() -> None:
    sim, _ = failing(shop(ASK))
    claims = sim.runner.store.claim(FOREVER - 1, limit=9, lease_until=FOREVER - 1, worker="w")
    assert claims == []
    assert PARKED.startswith("#")


def test_nothing_is_tried_again_while_nothing_runs() -> None:
    sim, _ = failing(shop(ASK))
    with sim.downtime(), pytest.raises(UsageError, match="nothing runs now"):
        sim.retry("ann", "leads")
