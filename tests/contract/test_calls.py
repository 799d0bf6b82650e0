"""Calls of host functions: what they give, how they fail, and what survives a crash."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from journeykit import (
    Branch,
    Call,
    Event,
    Exit,
    Journey,
    MemoryStore,
    On,
    Orchestrator,
    Policy,
    Profile,
    RenderContext,
    Result,
    Retry,
    Send,
    Set,
    Simulation,
    SQLiteStore,
    Templates,
    Wait,
    When,
    Workspace,
    exists,
    hours,
    minutes,
)
from journeykit.errors import DefinitionError, StoreError, UsageError
from journeykit.kernel import decode_state, replay
from journeykit.kernel import journal as j
from journeykit.ports import CallContext, Store


class Applied(Event):
    form: str = "f1"


class Left(Event):
    pass


class LeadScore(Result):
    score: int
    tier: str = ""


class House(Result):
    owner: str = ""


class Person(Profile):
    points: int = 0
    city: str = ""


SCORE = Call(
    "score_lead",
    gives=LeadScore,
    arguments={"form": Applied.form, "city": Person.city, "limit": 3, "nothing": None},
    label="score",
)


def shop(*steps: Any, **more: Any) -> Workspace:
    leads = Journey("leads", entry=On(Applied), steps=list(steps), **more)
    return Workspace(
        journeys=[leads],
        profile=Person,
        timezone="UTC",
        events=[Left],
        policy=Policy(consent={"email": "opt-out"}),
    )


def play(workspace: Workspace, **functions: Any) -> tuple[Simulation, Any]:
    sim = Simulation(workspace, at="2026-03-02 10:00", functions=functions)
    return sim, sim.customer("ann", {"city": "Tbilisi"})


def entries(sim: Simulation, kind: type[Any], customer: str = "ann") -> list[Any]:
    sim.settle()
    return [entry for entry in sim.runner.journal(customer) if isinstance(entry, kind)]


def ended(sim: Simulation) -> list[tuple[str, str]]:
    return [(entry.status, entry.reason) for entry in entries(sim, j.Ended)]


def folds(sim: Simulation, customer: str = "ann") -> None:
    """State is the fold of the journal."""
    stored = sim.runner.store.load([customer])[customer]
    assert replay(customer, sim.runner.journal(customer)) == decode_state(stored.body)


def test_a_result_is_read_by_conditions_set_and_later_calls() -> None:
    workspace = shop(
        SCORE,
        Set(Person.points, LeadScore.score),
        Call("find_house", gives=House, arguments={"score": LeadScore.score}),
        Branch(
            When(House.owner == "cy", [Exit("house_of_cy")]),
            otherwise=[Exit("other")],
        ),
    )
    sim, ann = play(workspace, score_lead=LeadScore(score=7), find_house={"owner": "cy"})
    ann.track(Applied(form="f9"))
    assert ended(sim) == [("exited", "house_of_cy")]
    assert ann.profile["points"] == 7
    (first,) = sim.function("score_lead").calls
    assert first.arguments == {"form": "f9", "city": "Tbilisi", "limit": 3, "nothing": None}
    assert (first.customer_id, first.journey, first.step) == ("ann", "leads", "score")
    assert (first.function, first.attempt, first.trigger) == ("score_lead", 1, {"form": "f9"})
    assert first.profile["city"] == "Tbilisi"
    assert first.results == {}
    (second,) = sim.function("find_house").calls
    assert second.arguments == {"score": 7}
    assert second.results == {"lead_score": {"score": 7, "tier": ""}}
    assert second.key != first.key
    folds(sim)


def test_arguments_arrive_in_wire_form_also_from_json() -> None:
    given = {"due": date(2026, 3, 2), "price": Decimal("1.10"), "share": 0.5, "gift": True}
    workspace = shop(Call("tell", arguments=given))
    loaded = Workspace.from_json(workspace.to_json(), events=[Applied, Left], profile=Person)
    assert loaded.journeys == workspace.journeys
    for one in (workspace, loaded):
        sim, ann = play(one, tell=None)
        ann.track(Applied())
        sim.settle()
        (call,) = sim.function("tell").calls
        assert call.arguments == {"due": "2026-03-02", "price": "1.10", "share": 0.5, "gift": True}
        folds(sim)
    with pytest.raises(DefinitionError, match="neither a constant nor a field") as told:
        Call("tell", arguments={"whom": ["ann"]})
    assert told.value.place == "Call.arguments › whom"


def test_a_template_reads_results() -> None:
    templates = Templates()

    def renders(context: RenderContext) -> str:
        results: Mapping[str, Any] = context.results
        return f"{results['lead_score']['tier']}, {results.get('hello')}"

    templates.register("hello")(renders)
    templates.register("again")(renders)
    workspace = shop(SCORE, Send("hello", via=["email"]), Send("again", via=["email"]))
    sim = Simulation(
        workspace,
        at="2026-03-02 10:00",
        renderer=templates,
        functions={"score_lead": {"score": 1, "tier": "gold"}},
    )
    ann = sim.customer("ann")
    ann.track(Applied())
    assert [m.content.text for m in ann.messages] == ["gold, None", "gold, accepted"]


def test_an_exit_condition_may_read_a_result_and_holds_at_once() -> None:
    workspace = shop(SCORE, Exit("too_late"), exits=LeadScore.score >= 5)
    sim, ann = play(workspace, score_lead=LeadScore(score=5))
    ann.track(Applied())
    assert ended(sim) == [("exited", "exit_condition")]
    sim, ann = play(workspace, score_lead=LeadScore(score=4))
    ann.track(Applied())
    assert ended(sim) == [("exited", "too_late")]


def test_what_a_function_gives_beside_its_step_is_not_kept() -> None:
    sim, ann = play(shop(Call("tell"), Wait(hours(1))), tell={"id": 7})
    ann.track(Applied())
    (settled,) = entries(sim, j.Settled)
    assert (settled.answer, settled.result, settled.data) == ("done", None, None)
    (run,) = ann.enrollments
    assert run.step == "wait_2"


WRONG: list[tuple[object, str]] = [
    (RuntimeError("secret"), "RuntimeError from function 'score_lead'"),
    (None, "result.lead_score: the function gave NoneType"),
    (7, "result.lead_score: the function gave int"),
    ({"score": "secret"}, "result.lead_score.score: it must be a valid integer, unable to parse"),
    ({}, "result.lead_score.score: the field is missing"),
    ({"score": 1, "secret": 2}, "result.lead_score.secret: there is no such field"),
    (House(owner="secret"), "result.lead_score: the function gave House"),
    (Retry("busy"), "busy"),
    (
        {"score": 1, "tier": "\ud800"},
        "result.lead_score.tier: text with half of a surrogate pair cannot be stored",
    ),
]


@pytest.mark.parametrize(("answer", "detail"), WRONG, ids=[repr(one[0]) for one in WRONG])
def test_a_wrong_answer_is_asked_again_and_the_value_is_not_told(
    answer: Any, detail: str
) -> None:  # F2, F5
    sim, ann = play(shop(SCORE, Exit("scored")), score_lead=LeadScore(score=1))
    sim.function("score_lead").answer(answer)
    ann.track(Applied())
    (postponed,) = entries(sim, j.Postponed)
    assert postponed.reason == "call_failed"
    assert postponed.detail.startswith(detail)
    assert "secret" not in postponed.detail.replace("result.lead_score.secret", "")
    sim.advance(hours(1))
    assert ended(sim) == [("exited", "scored")]
    one, two = sim.function("score_lead").calls
    assert (one.key, one.attempt, two.key, two.attempt) == (one.key, 1, one.key, 2)
    folds(sim)


def test_pauses_grow_and_a_named_one_is_kept() -> None:  # F2, D3
    sim, ann = play(shop(SCORE), score_lead=LeadScore(score=1))
    sim.function("score_lead").answer(*[RuntimeError("x")] * 3, Retry(after=timedelta(minutes=7)))
    ann.track(Applied())
    sim.advance(hours(12))
    at = [call.at for call in sim.function("score_lead").calls]
    assert len(at) == 5
    pauses = [late - early for early, late in pairwise(at)]
    for number, pause in enumerate(pauses[:3], 1):
        assert timedelta(0) <= pause <= timedelta(seconds=30 * 2**number)
    assert pauses[3] == timedelta(minutes=7)
    again = [entry.until for entry in entries(sim, j.Postponed)]
    other, bob = play(shop(SCORE), score_lead=LeadScore(score=1))
    other.function("score_lead").answer(*[RuntimeError("x")] * 3, Retry(after=timedelta(minutes=7)))
    bob.track(Applied())
    other.advance(hours(12))
    assert [entry.until for entry in entries(other, j.Postponed)] == again  # O4


FAILED: list[tuple[Any, list[tuple[str, str]], str]] = [
    ("continue", [("completed", "")], "failed"),
    ("exit", [("exited", "call_failed")], "exit"),
    ([Exit("unscored")], [("exited", "unscored")], "failed"),
]


@pytest.mark.parametrize(("choice", "end", "outcome"), FAILED)
def test_the_ways_of_a_call_that_failed_for_good(choice: Any, end: Any, outcome: str) -> None:
    call = Call("score_lead", gives=LeadScore, max_attempts=2, on_failure=choice)
    sim, ann = play(shop(call), score_lead=LeadScore(score=1))
    sim.function("score_lead").answer(RuntimeError("1"), RuntimeError("2"))
    ann.track(Applied())
    sim.advance(hours(1))
    assert ended(sim) == end
    assert len(sim.function("score_lead").calls) == 2
    (settled,) = entries(sim, j.Settled)
    assert (settled.answer, settled.result) == ("failed", None)
    assert "score_lead failed for good: RuntimeError from function" in str(ann.timeline)
    assert outcome in [entry.outcome for entry in entries(sim, j.Moved)]
    folds(sim)


def test_steps_after_a_failure_go_on_behind_the_call() -> None:
    call = Call("score_lead", gives=LeadScore, max_attempts=1, on_failure=[Set(Person.points, -1)])
    sim, ann = play(
        shop(call, Branch(When(exists(LeadScore.score), [Exit("scored")])), Exit("unscored")),
        score_lead=LeadScore(score=1),
    )
    sim.function("score_lead").answer(RuntimeError("x"))
    ann.track(Applied())
    assert ended(sim) == [("exited", "unscored")]
    assert ann.profile["points"] == -1


def test_whoever_leaves_is_not_waited_for_and_a_late_answer_is_told() -> None:  # E2
    workspace = shop(SCORE, Exit("scored"), exits=[On(Left)])
    sim, ann = play(workspace, score_lead=LeadScore(score=1))

    def leaves(context: CallContext) -> LeadScore:
        sim.runner.track("ann", Left())
        return LeadScore(score=9)

    sim.functions["score_lead"]._given = leaves
    ann.track(Applied())
    assert ended(sim) == [("exited", "left")]
    (recalled,) = entries(sim, j.Recalled)
    (settled,) = entries(sim, j.Settled)
    assert (settled.late, settled.answer, settled.what) == (True, "done", "score_lead")
    assert settled.errand == recalled.errand
    assert "score_lead answered and gave lead_score, after nobody waited for it any more" in str(
        ann.timeline
    )
    folds(sim)


@pytest.mark.parametrize("how", ["exit", "cancel"])
def test_a_call_that_waits_is_taken_back(how: str) -> None:
    sim, ann = play(shop(SCORE, exits=[On(Left)]), score_lead=LeadScore(score=1))
    sim.function("score_lead").answer(Retry(after=timedelta(hours=1)))
    ann.track(Applied())
    sim.advance(minutes(1))
    if how == "exit":
        ann.track(Left())
    else:
        ann.cancel("leads")
    sim.advance(hours(2))
    assert len(sim.function("score_lead").calls) == 1
    assert [entry.reason for entry in entries(sim, j.Recalled)] == [
        "left" if how == "exit" else "cancelled"
    ]
    assert not sim.runner.store.claim(1 << 60, limit=9, lease_until=1 << 61, worker="w")
    folds(sim)


def test_a_second_call_of_one_kind_replaces_what_the_first_gave() -> None:
    workspace = shop(
        SCORE,
        Call("score_lead", gives=LeadScore),
        Branch(When(LeadScore.score == 2, [Exit("two")])),
    )
    sim, ann = play(workspace, score_lead=LeadScore(score=2))
    sim.function("score_lead").answer(LeadScore(score=1))
    ann.track(Applied())
    assert ended(sim) == [("exited", "two")]
    assert len({call.key for call in sim.function("score_lead").calls}) == 2


def test_a_missing_function_is_refused_at_the_start_by_name() -> None:
    with pytest.raises(DefinitionError) as caught:
        Orchestrator(
            shop(SCORE), store=MemoryStore(), channels={"email": object()},  # type: ignore[dict-item]
            functions={"other": lambda context: None},
        )  # fmt: skip
    assert caught.value.place == "Journey 'leads' › steps[0]"
    assert "'score_lead', but no such function was given" in caught.value.problem
    assert "given are other" in caught.value.remedy
    with pytest.raises(DefinitionError, match="it cannot be called"):
        Orchestrator(
            shop(SCORE), store=MemoryStore(), channels={"email": object()},  # type: ignore[dict-item]
            functions={"score_lead": 7},  # type: ignore[dict-item]
        )  # fmt: skip


def test_a_simulation_names_the_functions_it_has() -> None:
    sim, _ = play(shop(SCORE), score_lead=None)
    with pytest.raises(UsageError, match="given are score_lead"):
        sim.function("other")


def test_a_preview_stops_at_a_call_and_says_so() -> None:
    sim, ann = play(
        shop(Wait(hours(1)), SCORE, Send("hello", via=["email"])), score_lead=LeadScore(score=1)
    )
    ann.track(Applied())
    preview = ann.preview(until="2026-03-02 20:00")
    assert preview.stops == (("leads", "score", "score_lead"),)
    assert preview.messages == ()
    text = str(preview)
    assert "[leads] stops at score: nobody knows what score_lead will answer" in text
    assert "calls score_lead" in str(preview.timeline)
    assert sim.function("score_lead").calls == []
    sim.function("score_lead").answer(Retry(after=timedelta(hours=5)))
    sim.advance(hours(1))
    assert ann.preview(until="2026-03-02 20:00").stops == preview.stops
    sim.advance(hours(5))
    assert ann.received == ["hello"]
    assert ann.preview(until="2026-03-02 20:00").stops == ()


def test_ticks_count_errands_and_the_timeline_tells_them() -> None:
    sim, ann = play(shop(SCORE), score_lead=LeadScore(score=1))
    sim.function("score_lead").answer(RuntimeError("x"))
    sim.runner.track("ann", Applied())
    counts = sim.runner.tick()
    assert (counts.errands, counts.did_something, counts.handed_over) == (1, True, 0)
    sim.advance(hours(1))
    story = str(ann.timeline)
    assert "[leads] calls score_lead" in story
    assert "score_lead gave no answer: RuntimeError from function 'score_lead', is called" in story
    assert "score_lead answered and gave lead_score" in story


def test_a_slow_function_gives_back_what_it_had_no_time_for() -> None:
    sim = Simulation(
        shop(SCORE), at="2026-03-02 10:00", functions={"score_lead": LeadScore(score=1)}
    )
    people = [sim.customer(f"c{number}") for number in range(5)]

    def slow(context: CallContext) -> LeadScore:
        sim.clock.micros += 2_000_000
        seen.append(sum("Settled" in type(e).__name__ for p in people for e in journal(p.id)))
        return LeadScore(score=1)

    def journal(customer: str) -> Any:
        return sim.runner.journal(customer)

    seen: list[int] = []
    sim.functions["score_lead"]._given = slow
    for person in people:
        sim.runner.track(person.id, Applied())
    sim.runner.tick()
    assert seen == [0, 1, 2, 3, 4]  # each answer is stored before the next function is called


def test_a_worker_that_is_to_stop_calls_no_function() -> None:
    calls: list[str] = []

    def score(context: CallContext) -> LeadScore:
        calls.append(context.customer_id)
        kit.stop()
        return LeadScore(score=1)

    kit = Orchestrator(
        shop(SCORE),
        store=MemoryStore(),
        channels={"email": object()},  # type: ignore[dict-item]
        functions={"score_lead": score},
    )
    for name in ("ann", "bob"):
        kit.identify(name, {})
        kit.track(name, Applied())
    kit.run()
    assert len(calls) == 1
    kit.run()
    assert sorted(calls) == ["ann", "bob"]


def test_a_customer_whom_a_function_changes_gets_the_answer_on_the_newest_state() -> None:
    sim, ann = play(shop(SCORE, Exit("scored")), score_lead=None)

    def score(context: CallContext) -> LeadScore:
        sim.runner.identify("ann", {"city": "Batumi"})
        return LeadScore(score=1)

    sim.functions["score_lead"]._given = score
    ann.track(Applied())
    assert ended(sim) == [("exited", "scored")]
    assert ann.profile["city"] == "Batumi"
    folds(sim)


def test_a_pause_keeps_calls_and_they_are_made_when_it_is_over() -> None:  # V2
    sim, ann = play(shop(Wait(hours(1)), SCORE, Exit("scored")), score_lead=LeadScore(score=1))
    ann.track(Applied())
    sim.runner.pause("leads")
    sim.advance(hours(3))
    assert sim.function("score_lead").calls == []
    assert "is not called while the journey pauses" in str(ann.timeline)
    sim.runner.resume("leads")
    sim.settle()
    assert len(sim.function("score_lead").calls) == 1
    assert ended(sim) == [("exited", "scored")]
    assert "score_lead can be called again: the journey goes on" in str(ann.timeline)
    folds(sim)


def test_an_old_version_outlives_the_class_of_its_result() -> None:  # V1
    store = MemoryStore()
    old = Simulation(
        shop(Wait(hours(1)), SCORE, Branch(When(LeadScore.score == 3, [Exit("three")]))),
        at="2026-03-02 10:00",
        store=store,
        functions={"score_lead": None},
    )
    old.customer("ann").track(Applied())
    new = Simulation(
        shop(Exit("new"), version=2),
        at="2026-03-02 10:00",
        store=store,
        functions={"score_lead": {"score": 3}},
    )
    new.advance(hours(2))
    assert [e.reason for e in new.runner.journal("ann") if isinstance(e, j.Ended)] == ["three"]


def test_a_step_and_a_result_that_templates_would_mix_up_are_refused() -> None:
    with pytest.raises(DefinitionError, match="both called 'lead_score', where templates") as told:
        shop(SCORE, Send("hello", via=["email"], label="lead_score"))
    assert (told.value.place or "").startswith("Journey.steps[1]")
    shop(Call("score_lead", gives=LeadScore, label="lead_score"))


def test_what_code_of_the_host_does_to_its_context_changes_nothing_that_is_kept() -> None:  # D1
    templates = Templates()

    def spoils(context: Any) -> Any:
        for kept in (context.trigger, context.profile, context.results):
            kept["form"] = "spoiled"
        context.results["lead_score"]["score"] = 99
        context.profile["tags"].append("spoiled")
        getattr(context, "arguments", {})["form"] = "spoiled"
        return "hello"

    class Tagged(Profile):
        tags: list[str] = []  # noqa: RUF012 - pydantic copies it

    templates.register("hello")(spoils)
    leads = Journey(
        "leads",
        entry=On(Applied),
        steps=[
            Call("score_lead", gives=LeadScore),
            Call("spoil", arguments={"form": Applied.form}),
            Send("hello", via=["email"]),
            Wait(hours(1)),
        ],
    )
    policy = Policy(consent={"email": "opt-out"})
    workspace = Workspace(journeys=[leads], profile=Tagged, timezone="UTC", policy=policy)
    functions: Any = {"score_lead": LeadScore(score=1), "spoil": spoils}
    sim = Simulation(workspace, at="2026-03-02 10:00", renderer=templates, functions=functions)
    sim.customer("ann").track(Applied())
    sim.settle()
    folds(sim)
    assert sim.runner.rules.attributes({})["tags"] == []
    assert decode_state(sim.runner.store.load(["ann"])["ann"].body).ledger


def test_a_function_that_only_an_older_version_calls_is_left_to_who_has_it() -> None:  # V1, F2
    store = MemoryStore()
    old = Simulation(
        shop(Wait(hours(1)), Call("gone", max_attempts=2), Exit("on")),
        at="2026-03-02 10:00",
        store=store,
        functions={"gone": None},
    )
    new = Simulation(shop(Exit("new"), version=2), at="2026-03-02 10:00", store=store)
    old.customer("ann").track(Applied())  # by a worker that has not stopped yet
    new.advance(hours(3))
    journal = new.runner.journal("ann")
    assert not [e for e in journal if isinstance(e, j.Postponed | j.Settled)]
    (listed,) = new.runner.parked()
    assert (listed.failed, listed.reason, listed.attempts) == ("errand", "function_missing", 0)
    assert listed.until is not None
    assert listed.until - new.now <= timedelta(minutes=5)
    old.advance(hours(4))
    journal = new.runner.journal("ann")
    assert [e.reason for e in journal if isinstance(e, j.Ended)] == ["on"]
    assert new.runner.parked() == []


# ---- what survives a crash


class Killed(BaseException):
    """The process is gone: nobody catches this."""


@dataclass
class Danger:
    """Raises at one numbered call, once."""

    at: int = -1
    how: str = "killed before"
    calls: int = 0

    def meet(self, call: Callable[[], Any]) -> Any:
        self.calls += 1
        if self.calls - 1 != self.at:
            return call()
        kind, when = self.how.split()
        if when == "after":
            call()
        raise Killed if kind == "killed" else StoreError("the disk is on fire")


class Store_:
    """A store whose calls are numbered."""

    def __init__(self, store: Store, danger: Danger) -> None:
        self._store, self._danger = store, danger

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)
        return lambda *args, **options: self._danger.meet(lambda: method(*args, **options))


@dataclass
class Host:
    """Plays a scenario of two customers; when it dies, it starts anew with what it was doing."""

    store: Store
    danger: Danger = field(default_factory=Danger)
    asked: Counter[tuple[str, str]] = field(default_factory=Counter)
    keys: dict[str, tuple[str, str, int]] = field(default_factory=dict)
    at: datetime = datetime(2026, 3, 2, 10, tzinfo=UTC)
    deaths: int = 0

    def now(self) -> datetime:
        return self.at

    def score(self, context: CallContext) -> Mapping[str, Any]:
        self.asked[context.customer_id, context.step] += 1
        about = (context.customer_id, context.step, len(context.results))
        assert self.keys.setdefault(context.key, about) == about  # D2: no key twice
        if context.customer_id == "bob" and context.attempt == 1:
            raise RuntimeError("busy")
        return {"score": 7}

    def open(self) -> Orchestrator:
        return Orchestrator(
            WORKSPACE,
            store=Store_(self.store, self.danger),
            channels={"email": object()},  # type: ignore[dict-item]
            functions={"score_lead": self.score},
            clock=self,
            worker="only",
        )

    def run(self) -> None:
        kit: Orchestrator | None = None
        for act in self.script():
            while True:
                try:
                    kit = kit or self.open()
                    act(kit)
                    kit.tick()
                    while (due := kit.next_due()) is not None:
                        self.at = max(self.at, due)
                        kit.tick()
                    break
                except (Killed, StoreError):
                    kit = None
                    self.deaths += 1

    def script(self) -> Iterator[Callable[[Orchestrator], Any]]:
        yield lambda kit: [kit.identify(name, {}) for name in ("ann", "bob")]
        for name in ("ann", "bob"):
            yield self.applies(name)

    def applies(self, name: str) -> Callable[[Orchestrator], Any]:
        return lambda kit: kit.track(name, Applied(), id=f"e-{name}")

    def ends(self) -> list[tuple[str, str]]:
        kit = Orchestrator(
            WORKSPACE,
            store=self.store,
            channels={"email": object()},  # type: ignore[dict-item]
            functions={"score_lead": self.score},
            clock=self,
        )
        found = []
        for name in ("ann", "bob"):
            stored = self.store.load([name])[name]
            state = decode_state(stored.body)
            assert replay(name, kit.journal(name)) == state
            assert not state.errands
            found += [(e.status, e.reason) for e in kit.journal(name) if isinstance(e, j.Ended)]
        return found


WORKSPACE = shop(
    SCORE,
    Call("score_lead", gives=LeadScore, label="again"),
    Branch(When(LeadScore.score == 7, [Exit("seven")])),
    Exit("lost"),
)
HOW = ("killed before", "killed after", "failed before", "failed after")


def calm() -> Host:
    host = Host(MemoryStore())
    host.run()
    return host


def survives(store: Store, place: int, how: str) -> None:
    host = Host(store, Danger(place, how))
    host.run()
    where = f"{how} call {place}"
    assert host.deaths == 1, where
    assert host.ends() == [("exited", "seven")] * 2, where
    for step in ("score", "again"):
        assert 1 <= host.asked["ann", step] <= 2, where
        assert 2 <= host.asked["bob", step] <= 3, where
    assert len(host.keys) == 4, where
    assert not store.claim(1 << 60, limit=9, lease_until=1 << 61, worker="w"), where


@pytest.mark.parametrize("how", HOW)
def test_wherever_the_store_fails_functions_are_called_with_the_same_key(how: str) -> None:
    """D1, D2: at least once, nothing lost, at every call of the store in memory."""
    host = calm()
    assert dict(host.asked) == {
        ("ann", "score"): 1, ("ann", "again"): 1, ("bob", "score"): 2, ("bob", "again"): 2,
    }  # fmt: skip
    places = host.danger.calls
    assert places > 40
    for place in range(places):
        survives(MemoryStore(), place, how)


@pytest.mark.parametrize("how", HOW)
def test_a_file_survives_too(how: str, tmp_path: Path) -> None:
    """D1, D2, at every sixth call of the store in a file."""
    for place in range(HOW.index(how), calm().danger.calls, 6):
        with SQLiteStore(tmp_path / f"{place}.db", synchronous="off") as store:
            survives(store, place, how)
