"""Which values can a field have, and can it have none? By its type, its default, and who sets it."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Any, Literal, NewType, Optional

import pytest
from pydantic import Field

from journeykit import (
    Call,
    Event,
    Hours,
    Journey,
    On,
    Policy,
    Profile,
    QuietHours,
    Result,
    Send,
    SendWindow,
    StartJourney,
    Wait,
    Workspace,
    hours,
    minutes,
)
from journeykit.analysis.subject import Subject

Code = NewType("Code", str)


class Tier(Enum):
    GOLD = "gold"
    TIN = "tin"


class Joined(Event):
    plain: int
    optional: int | None
    old_optional: Optional[int] = 3  # noqa: UP045
    marked: Annotated[int, Field(gt=0)] = 1
    marked_optional: Annotated[int | None, Field(gt=0)] = 1
    new: Code = Code("a")
    choice: Literal["a", "b"] = "a"
    maybe: Literal["a", "b"] | None = None
    member: Tier = Tier.GOLD
    untold: str = None  # type: ignore[assignment]


class Person(Profile):
    plan: str = "free"
    visits: int | None = None
    seats: int | None = 3


class Score(Result):
    score: int
    grade: Literal["a", "b"] = "a"


journey = Journey(
    "welcome",
    entry=On(Joined),
    steps=[
        Send("hello", via=["email"]),
        Call("score", gives=Score),
        StartJourney("welcome", label="again"),
        Wait(hours(1)),
    ],
)
subject = Subject(
    Workspace(
        journeys=[journey],
        timezone="UTC",
        profile=Person,
        policy=Policy(consent={"email": "opt-in"}),
    )
)


@pytest.mark.parametrize(
    ("of", "field", "choices", "may_be_missing"),
    [
        ("joined", "plain", (), False),
        ("joined", "optional", (), True),
        ("joined", "old_optional", (), True),
        ("joined", "marked", (), False),
        ("joined", "marked_optional", (), True),
        ("joined", "new", (), False),
        ("joined", "choice", ("a", "b"), False),
        ("joined", "maybe", ("a", "b"), True),
        ("joined", "member", ("gold", "tin"), False),
        ("joined", "untold", (), True),
        ("joined", "nothing", (), True),
        ("left", "plain", (), True),
        ("profile", "plan", (), False),
        ("profile", "visits", (), True),
        ("profile", "seats", (), True),
        ("profile", "nothing", (), True),
        ("result.score", "score", (), True),
        ("result.score", "grade", ("a", "b"), True),
        ("result.other", "grade", (), True),
        ("step", "hello", ("accepted", "dropped", "failed", "withdrawn"), True),
        ("step", "again", StartJourney.results, True),
        ("step", "wait_4", (), True),
        ("step", "nothing", (), True),
    ],
)
def test_the_domain_of_a_field(
    of: str, field: str, choices: tuple[Any, ...], may_be_missing: bool
) -> None:
    found = subject.domains(journey, "joined")(of, field)
    assert tuple(found.choices) == choices
    assert found.may_be_missing is may_be_missing


def test_a_trigger_may_lack_what_its_event_has() -> None:
    assert subject.domains(journey, None)("joined", "plain").may_be_missing
    assert subject.domains(None, None)("step", "hello").may_be_missing


@pytest.mark.parametrize(
    ("policy", "span"),
    [
        ({"quiet_hours": [QuietHours("21:00", "08:00", holidays=["DE"])]}, 11),
        ({"quiet_hours": [QuietHours("12:00", "12:00")]}, None),
        ({"quiet_hours": [QuietHours("21:00", "08:00", countries=["DE"])]}, None),
        ({"quiet_hours": [QuietHours("21:00", "08:00", topics=["news"])]}, None),
        ({"windows": [SendWindow(Hours("00:00", "24:00"))]}, None),
        ({"windows": [SendWindow(Hours("09:00", "17:00", days=["wed"]))]}, 160),
    ],
)
def test_how_long_a_message_can_be_kept(policy: dict[str, Any], span: int | None) -> None:
    """Found where it is valid for as long as that, not where it is for a minute more."""

    def codes(valid_for: Any) -> list[str]:
        send = Send("hello", via=["email"], valid_for=valid_for)
        return Workspace(
            journeys=[Journey("j", entry=On(Joined), steps=[send])],
            timezone="UTC",
            policy=Policy(consent={"email": "opt-in"}, topics=["news"], **policy),
        ).check().codes  # fmt: skip

    if span is None:
        assert codes(minutes(1)) == []
    else:
        assert codes(hours(span)) == ["JK303"]
        assert codes(hours(span) + minutes(1)) == []
