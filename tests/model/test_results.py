"""Results, calls, rate limits and entry caps as they are written, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, cast

import pytest

from journeykit import (
    Branch,
    Call,
    EntryCap,
    Event,
    Exit,
    Journey,
    On,
    Policy,
    Profile,
    RateLimit,
    Result,
    Set,
    When,
    Workspace,
    count,
    days,
    exists,
    hours,
    total,
)
from journeykit.errors import ConditionError, DefinitionError, InvalidResultError
from journeykit.model import Condition, result_name, validate_result, wire


class Applied(Event):
    form: str = ""


class LeadScore(Result):
    score: int
    part: Decimal = Decimal(0)


class Verdict(Result, name="house_verdict"):
    text: str = ""


class Person(Profile):
    points: int = 0


def journey(*steps: Any, **more: Any) -> Journey:
    return Journey("leads", entry=On(Applied), steps=list(steps), **more)


SCORE = Call("score_lead", gives=LeadScore, arguments={"form": Applied.form, "limit": 3})


def test_a_result_has_a_name_and_fields_that_write_conditions() -> None:
    assert [result_name(LeadScore), result_name(Verdict)] == ["lead_score", "house_verdict"]
    asked: Any = LeadScore.score >= 5
    assert isinstance(asked, Condition)
    assert asked.model_dump(mode="json") == {
        "of": "result.lead_score",
        "field": "score",
        "kind": "integer",
        "op": "ge",
        "value": 5,
    }
    assert wire(LeadScore(score=2)) == {"score": 2, "part": "0"}
    assert validate_result(LeadScore, {"score": 2}) == LeadScore(score=2)


@pytest.mark.parametrize(
    "written",
    [
        journey(SCORE, Branch(When(LeadScore.score >= 5, [Exit("good")]))),
        journey(Call("notify", on_failure="exit", max_attempts=1)),
        journey(Call("notify", on_failure=[Exit("unheard")], label="tell"), Exit("told")),
        journey(SCORE, Set(Person.points, LeadScore.score), exits=exists(LeadScore.score)),
        journey(RateLimit(100, per=hours(1)), RateLimit(2, per="PT1M", burst=5)),
        journey(
            Exit(),
            entry_caps=[
                EntryCap(5),
                EntryCap(4, per="month", zone="Asia/Tbilisi"),
                EntryCap(3, per="day"),
                EntryCap(0, per=hours(1)),
            ],
        ),
    ],
)
def test_they_go_through_json(written: Journey) -> None:
    assert Journey.from_json(written.to_json()) == written


def test_the_ways_of_a_call_that_failed() -> None:
    graph = journey(Call("a", label="a", on_failure=[Exit("x", label="x")]), Exit(label="y")).graph
    assert graph.states["a"].outcomes == {"failed": "x", "done": "y", "exit": "exited"}
    for word in ("continue", "exit"):
        graph = journey(Call("a", label="a", on_failure=word), Exit(label="y")).graph
        assert graph.states["a"].outcomes == {"failed": "y", "done": "y", "exit": "exited"}
    graph = journey(Call("a", label="a"), Exit(label="y")).graph  # it stays where it is
    assert graph.states["a"].outcomes == {"done": "y", "exit": "exited"}


REFUSED: list[tuple[Callable[[], object], str, str]] = [
    (lambda: Call("f", gives=cast(Any, Applied)), "Call.gives", "Applied is no result"),
    (lambda: Call("f", gives=Result), "Call.gives", "Result is no result"),
    (lambda: Call("f", max_attempts=0), "Call.max_attempts", "it is too small"),
    (lambda: Call("f", on_failure=cast(Any, "no")), "Call.on_failure", "there is no such choice"),
    (lambda: Call("a b"), "Call.function", "a name has 1 to 100 characters"),
    (lambda: RateLimit(0, per=hours(1)), "RateLimit.limit", "it is too small"),
    (lambda: RateLimit(1, per=days(1)), "RateLimit.per", "days are not equally long"),
    (lambda: RateLimit(2, per="PT0.000001S"), "RateLimit.limit", "is no limit"),
    (lambda: EntryCap(-1), "EntryCap.limit", "it is too small"),
    (lambda: EntryCap(1, per=days(1)), "EntryCap.per", "belong to no calendar"),
    (lambda: EntryCap(1, per=hours(1), zone="UTC"), "EntryCap.zone", "begins by a clock"),
    (lambda: EntryCap(1, per="year"), "EntryCap.per", "this is no window"),
    (
        lambda: journey(Exit(), entry_caps=[EntryCap(1, per="day"), EntryCap(2, per="day")]),
        "Journey.entry_caps",
        "two caps have the same period",
    ),
    (
        lambda: journey(Branch(When(LeadScore.score >= 5, [Exit()]))),
        "whens[0] › condition",
        "result.lead_score.score cannot be read here",
    ),
    (lambda: Policy(consent={"#call": "opt-in"}), "Policy.consent", "begins with '#'"),
    (lambda: type("E", (Event,), {}, name="result.x"), "E", "cannot be the wire name"),
    (lambda: type("R", (Result,), {}, name="a.b"), "R", "cannot be the name of a result"),
]


@pytest.mark.parametrize(("make", "place", "problem"), REFUSED)
def test_what_is_refused(make: Callable[[], object], place: str, problem: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        make()
    assert place in caught.value.place
    assert problem in caught.value.problem
    assert caught.value.remedy


def test_a_result_is_no_event_of_the_past() -> None:
    with pytest.raises(ConditionError, match="count asks about events"):
        count(LeadScore)
    with pytest.raises(ConditionError, match="number field of an event"):
        total(LeadScore.score)


def test_a_wrong_result_is_told_as_one() -> None:
    with pytest.raises(InvalidResultError, match=r"result\.lead_score\.score"):
        LeadScore(score="much")  # type: ignore[arg-type]
    with pytest.raises(InvalidResultError, match="the field is missing"):
        validate_result(LeadScore, {})


def test_the_classes_of_results_are_known_or_given() -> None:
    written = journey(SCORE)
    assert Workspace(journeys=[written], timezone="UTC").result_classes == {
        "result.lead_score": LeadScore
    }
    loaded = Journey.from_json(written.to_json())
    with pytest.raises(DefinitionError, match=r"Workspace\(results=\[...\]\)") as caught:
        Workspace(journeys=[loaded], timezone="UTC", events=[Applied])
    assert caught.value.place == "Workspace.journeys[0] › steps[0] › gives of journey 'leads'"
    given = Workspace(journeys=[loaded], timezone="UTC", events=[Applied], results=[LeadScore])
    again = Workspace.from_json(given.to_json(), events=[Applied], results=[LeadScore])
    assert again == given
    assert again.result_classes == {"result.lead_score": LeadScore}

    class Other(Result, name="lead_score"):
        score: int

    with pytest.raises(DefinitionError, match="two result classes have the name 'lead_score'"):
        Workspace(journeys=[written], timezone="UTC", results=[Other])
