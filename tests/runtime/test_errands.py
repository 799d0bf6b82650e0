"""A round of errands among others: who is overtaken, damaged or gone holds nobody up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import field_validator

from journeykit import (
    Always,
    Branch,
    Call,
    EntryCap,
    Event,
    Exit,
    Goal,
    Journey,
    MemoryStore,
    Migrate,
    On,
    Orchestrator,
    RateLimit,
    Result,
    Retry,
    Wait,
    When,
    Workspace,
    hours,
)
from journeykit.errors import StoreBusyError, StoreError
from journeykit.kernel import (
    ErrandAnswered,
    EventArrived,
    advance,
    decode_state,
    encode_state,
    replay,
)
from journeykit.kernel import journal as j
from journeykit.machine import compile_workspace
from journeykit.ports import CallContext, CustomerCommit
from journeykit.simulation import VirtualClock
from journeykit.time import to_micros


class Asked(Event):
    pass


class Other(Event):
    pass


class Left(Event):
    pass


class Score(Result):
    score: int = 1


class Picky(Result):
    score: int = 1

    @field_validator("score")
    @classmethod
    def look_up(cls, score: int) -> int:
        """Fail as a table of the host might."""
        return {1: 1}[score]


def shop(*steps: Any, **more: Any) -> Workspace:
    return Workspace(
        journeys=[
            Journey("tour", entry=On(Asked), steps=list(steps), **more),
            Journey("walk", entry=On(Other), steps=[Call("walk"), Exit("walked")]),
        ],
        timezone="UTC",
        events=[Left],
    )


class Watched(MemoryStore):
    """A store that does something right before or after some calls of it."""

    def __init__(self) -> None:
        super().__init__()
        self.before_commit: Callable[[Sequence[CustomerCommit]], object] | None = None
        self.before_take: Callable[[], object] | None = None

    def commit(self, commits: Sequence[CustomerCommit]) -> Sequence[str]:
        hook, self.before_commit = self.before_commit, None
        if hook is not None:
            hook(commits)
        return super().commit(commits)

    def take(self, bucket: str, asked: Any) -> Any:
        hook, self.before_take = self.before_take, None
        if hook is not None:
            hook()
        return super().take(bucket, asked)


class Desk:
    """An orchestrator whose functions are written by the test."""

    def __init__(self, workspace: Workspace) -> None:
        self.store = Watched()
        self.clock = VirtualClock(to_micros(datetime(2026, 3, 2, 10, tzinfo=UTC)))
        self.answer: Callable[[CallContext], Any] = lambda context: Score()
        self.called: list[tuple[str, str]] = []
        self.keys: set[str] = set()
        self.kit = Orchestrator(
            workspace,
            store=self.store,
            channels={},
            clock=self.clock,
            functions={"score": self.call, "walk": self.call},
        )

    def call(self, context: CallContext) -> Any:
        self.called.append((context.customer_id, context.function))
        self.keys.add(context.key)
        return self.answer(context)

    def known(self, *names: str) -> None:
        for name in names:
            self.kit.identify(name, {})

    def ends(self, name: str = "ann") -> list[str]:
        entries = self.kit.journal(name)
        assert replay(name, entries) == decode_state(self.store.load([name])[name].body)
        return [entry.reason for entry in entries if isinstance(entry, j.Ended)]

    def damage(self, name: str, body: bytes = b"{") -> None:
        found = self.store.load([name])[name]
        self.store.commit([CustomerCommit(name, found.version, body, None)])


SCORE = Call("score", gives=Score)


def test_a_damaged_document_is_set_aside_and_reported() -> None:
    desk = Desk(shop(SCORE, Exit("scored")))
    desk.known("ann", "bob")
    for name in ("ann", "bob"):
        desk.kit.track(name, Asked())
    desk.damage("ann")
    counts = desk.kit.tick()
    assert [failure.customer_id for failure in counts.failures] == ["ann"]
    assert desk.ends("bob") == ["scored"]
    assert desk.called == [("bob", "score")]


@pytest.mark.parametrize("step", [SCORE, RateLimit(1, per=hours(1))])
def test_a_run_that_its_errand_does_not_find_is_set_aside(step: Any) -> None:
    desk = Desk(shop(step, Exit("scored")))
    desk.known("ann", "bob")
    desk.kit.track("ann", Asked())
    desk.kit.track("bob", Other())
    state = decode_state(desk.store.load(["ann"])["ann"].body)
    state.enrollments.clear()
    desk.damage("ann", encode_state(state))
    counts = desk.kit.tick()
    assert [failure.customer_id for failure in counts.failures] == ["ann"]
    assert desk.ends("bob") == ["walked"]


def test_an_answer_that_cannot_be_applied_sets_aside() -> None:
    desk = Desk(shop(SCORE, Exit("scored"), entry_caps=[EntryCap(9)]))
    desk.known("ann", "bob")
    for name in ("ann", "bob"):
        desk.kit.track(name, Asked())
    state = decode_state(desk.store.load(["ann"])["ann"].body)
    state.zone = "Mars/Base"
    desk.damage("ann", encode_state(state))
    counts = desk.kit.tick()
    assert {failure.customer_id for failure in counts.failures} == {"ann"}
    assert desk.ends("bob") == ["scored"]


def test_whoever_is_changed_while_turns_are_taken_gets_the_turn_on_the_newest_state() -> None:
    desk = Desk(shop(RateLimit(1, per=hours(1)), Exit("in")))
    desk.known("ann")
    desk.kit.track("ann", Asked())
    desk.store.before_take = lambda: desk.kit.identify("ann", {"locale": "ka"})
    desk.kit.tick()
    assert desk.ends() == ["in"]
    assert desk.kit.customer("ann").profile["locale"] == "ka"


def test_whoever_is_changed_before_a_function_is_called_comes_in_the_next_round() -> None:
    """A slow function of somebody else; meanwhile the customer leaves."""
    desk = Desk(shop(SCORE, Exit("scored"), exits=[On(Left)]))
    desk.known("ann", "bob")
    for name in ("ann", "bob"):
        desk.kit.track(name, Asked())

    def slow(context: CallContext) -> Score:
        desk.clock.micros += 200_000
        other = "bob" if context.customer_id == "ann" else "ann"
        if len(desk.called) == 1:
            desk.kit.track(other, Left())
        return Score()

    desk.answer = slow
    desk.kit.tick()
    assert len(desk.called) == 1  # nobody calls for one who has left
    assert sorted([*desk.ends("ann"), *desk.ends("bob")]) == ["left", "scored"]


def test_whoever_is_changed_between_comes_again_and_nothing_is_lost() -> None:
    desk = Desk(shop(SCORE, Exit("scored")))
    desk.known("ann", "bob")
    for name in ("ann", "bob"):
        desk.kit.track(name, Asked())

    def slow(context: CallContext) -> Score:
        desk.clock.micros += 200_000
        other = "bob" if context.customer_id == "ann" else "ann"
        if len(desk.called) == 1:
            desk.kit.identify(other, {"locale": "ka"})
        return Score()

    desk.answer = slow
    desk.kit.tick()
    assert sorted(desk.called) == [("ann", "score"), ("bob", "score")]
    assert desk.ends("ann") == desk.ends("bob") == ["scored"]


def test_what_a_slot_brings_may_end_the_run_that_waits_for_a_call() -> None:
    """The very same claim round: the call is taken back before it is made."""
    desk = Desk(
        Workspace(
            journeys=[
                Journey("a", entry=On(Asked), steps=[SCORE, Exit("scored")], reentry=Always()),
                Journey(
                    "b", entry=On(Other), steps=[RateLimit(1, per=hours(1)), Call("walk")],
                ),
            ],
            timezone="UTC",
        )
    )  # fmt: skip
    desk.known("ann")
    desk.kit.track("ann", Other())
    desk.kit.track("ann", Asked())
    desk.store.before_commit = lambda commits: desk.kit.cancel("ann", "a")
    desk.kit.tick()
    assert ("ann", "score") not in desk.called
    assert desk.called == [("ann", "walk")]
    desk.ends()


def test_a_busy_store_is_asked_again_before_an_answer_is_lost() -> None:
    desk = Desk(shop(SCORE, Exit("scored")))
    desk.known("ann")
    desk.kit.track("ann", Asked())

    def busy(commits: Sequence[CustomerCommit]) -> None:
        raise StoreBusyError("somebody else writes")

    def answers(context: CallContext) -> Score:
        desk.store.before_commit = busy
        return Score()

    desk.answer = answers
    desk.kit.tick()
    assert desk.called == [("ann", "score")]
    assert desk.ends() == ["scored"]


def test_ctrl_c_in_a_function_keeps_the_answers_that_are_there() -> None:
    desk = Desk(shop(SCORE, Exit("scored")))
    desk.known("ann", "bob")
    for name in ("ann", "bob"):
        desk.kit.track(name, Asked())

    def interrupted(context: CallContext) -> Score:
        if len(desk.called) == 2:
            raise KeyboardInterrupt
        return Score()

    desk.answer = interrupted
    with pytest.raises(KeyboardInterrupt):
        desk.kit.tick()
    assert sorted([*desk.ends("ann"), *desk.ends("bob")]) == ["scored"]
    desk.answer = lambda context: Score()
    desk.kit.tick()
    assert desk.ends("ann") == desk.ends("bob") == ["scored"]
    assert desk.called[1] == desk.called[2]


def test_a_store_that_fails_while_turns_are_taken_leaves_them_to_the_next_tick() -> None:
    desk = Desk(shop(RateLimit(1, per=hours(1)), Exit("in")))
    desk.known("ann")
    desk.kit.track("ann", Asked())

    def fails() -> None:
        raise StoreError("the disk is on fire")

    desk.store.before_take = fails
    with pytest.raises(StoreError, match="on fire"):
        desk.kit.tick()
    desk.kit.tick()
    assert desk.ends() == ["in"]


def test_an_answer_for_one_who_cannot_be_decided_on_is_reported() -> None:
    """Somebody else damages the document in the very moment of the commit."""
    desk = Desk(shop(SCORE, Exit("scored")))
    desk.known("ann")
    desk.kit.track("ann", Asked())

    def answers(context: CallContext) -> Score:
        desk.store.before_commit = lambda commits: desk.damage("ann")
        return Score()

    desk.answer = answers
    counts = desk.kit.tick()
    assert [failure.customer_id for failure in counts.failures][:1] == ["ann"]


def test_a_row_that_nobody_waits_for_leaves_the_outbox() -> None:
    desk = Desk(shop(SCORE, Exit("scored")))
    desk.known("ann")
    desk.kit.track("ann", Asked())
    state = decode_state(desk.store.load(["ann"])["ann"].body)
    state.errands.clear()
    desk.damage("ann", encode_state(state))
    before = len(desk.kit.journal("ann"))
    desk.kit.tick()
    assert desk.called == []
    assert len(desk.kit.journal("ann")) == before
    assert desk.kit.next_due() is None


def test_an_answer_on_which_code_of_the_host_fails_is_asked_for_again() -> None:  # F2
    """The class's own validator raises; nobody else is held up."""
    desk = Desk(shop(Call("score", gives=Picky, max_attempts=1, on_failure="continue"), Exit("on")))
    desk.known("ann", "bob")
    for name in ("ann", "bob"):
        desk.kit.track(name, Asked())
    desk.answer = lambda context: {"score": 13 if context.customer_id == "ann" else 1}
    desk.kit.tick()
    assert desk.ends("ann") == desk.ends("bob") == ["on"]
    settled = [entry for entry in desk.kit.journal("ann") if isinstance(entry, j.Settled)]
    told = [(entry.answer, entry.detail) for entry in settled]
    assert told == [("failed", "result.picky cannot be kept: KeyError")]


def asks(step: Call, given: type[Score] | type[Picky], **more: Any) -> Workspace:
    return shop(
        step, Branch(When(given.score == 1, [Exit("one")]), otherwise=[Exit("none")]), **more
    )


@pytest.mark.parametrize(
    ("step", "given", "called", "keys"),
    [
        (Call("walk", gives=Score, label="ask"), Score, ["score", "walk"], 2),
        (Call("score", gives=Picky, label="ask"), Picky, ["score", "score"], 2),
        (Call("score", gives=Score, max_attempts=2, label="ask"), Score, ["score", "score"], 1),
    ],
)
def test_a_run_that_moves_waits_for_the_function_of_its_new_version(
    step: Call, given: type[Score] | type[Picky], called: list[str], keys: int
) -> None:  # V1
    desk = Desk(asks(Call("score", gives=Score, label="ask"), Score))
    desk.known("ann")
    desk.kit.track("ann", Asked())
    desk.answer = lambda context: Retry(after=timedelta(hours=1))
    desk.kit.tick()
    desk.kit.publish(asks(step, given, version=2, upgrade=Migrate()))
    desk.answer = lambda context: {"score": 1}
    desk.clock.micros += 3_600_000_000
    desk.kit.tick()
    assert [function for _, function in desk.called] == called
    assert len(desk.keys) == keys
    assert desk.ends() == ["one"]


def test_only_the_journey_that_goes_on_calls() -> None:  # V2
    desk = Desk(shop(Wait(hours(1)), SCORE, Exit("scored")))
    desk.known("ann")
    desk.kit.track("ann", Asked())
    desk.kit.pause("tour")
    desk.kit.pause("walk")
    desk.kit.track("ann", Other())
    desk.kit.tick()
    assert desk.called == []
    desk.clock.micros += 3_600_000_000
    desk.kit.tick()
    desk.kit.resume("tour")
    desk.kit.tick()
    assert desk.called == [("ann", "score")]
    assert desk.ends() == ["scored"]


def test_a_pause_in_the_middle_of_a_round_counts_for_the_calls_that_are_left() -> None:  # V2
    desk = Desk(shop(SCORE, Exit("scored")))
    desk.known("ann", "bob", "cy")
    for name in ("ann", "bob", "cy"):
        desk.kit.track(name, Asked())

    def pauses(context: CallContext) -> Score:
        desk.kit.pause("tour")
        return Score()

    desk.answer = pauses
    desk.kit.tick()
    assert len(desk.called) == 1
    desk.answer = lambda context: Score()
    desk.kit.resume("tour")
    desk.kit.tick()
    assert len(desk.called) == 3
    assert [desk.ends(name) for name in ("ann", "bob", "cy")] == [["scored"]] * 3


def test_the_very_trigger_that_waits_is_inside() -> None:  # E1
    rules = compile_workspace(shop(Exit(), reentry=Always(), entry_caps=[EntryCap(9)]))
    now = to_micros(datetime(2026, 3, 2, 10, tzinfo=UTC))
    asked = EventArrived(now, "asked", {}, now, "e1")
    state = decode_state(b'{"id":"ann"}')
    decision = advance(rules, state, [asked, asked], now, profile={})
    refused = [entry for entry in decision.entries if isinstance(entry, j.Refused)]
    assert [entry.reason for entry in refused] == ["already_inside"]
    assert len(decision.put) == 1


def test_a_trigger_that_may_enter_after_all_asks_for_a_slot_again() -> None:
    """It could not when a slot was to be taken for it, so none was; what came is kept."""
    rules = compile_workspace(
        shop(Wait(hours(1)), goal=Goal(On(Left), ends_run=False), entry_caps=[EntryCap(9)])
    )
    now = to_micros(datetime(2026, 3, 2, 10, tzinfo=UTC))
    state = decode_state(b'{"id":"ann"}')
    asked, left = (EventArrived(now, name, {}, now, name) for name in ("asked", "left"))
    first = advance(rules, state, [asked, left], now, profile={})
    (errand,) = first.put
    moot = ErrandAnswered(now, errand, "entry", "", "moot")
    second = advance(rules, state, [moot], now, profile={})
    assert [type(entry) for entry in second.entries] == [j.Settled, j.Requested, j.Overheard]
    assert list(second.put) == [errand]
    done = ErrandAnswered(now, errand, "entry", "", "done")
    third = advance(rules, state, [done], now, profile={})
    assert [type(entry) for entry in third.entries] == [j.Settled, j.Entered, j.Moved, j.Met]
    entries = [*first.entries, *second.entries, *third.entries]
    assert replay("ann", entries) == state
