"""The pretended provider: stable answers, and a log that survives."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from journeykit.errors import UsageError
from journeykit.ports import Accepted, Content, OutgoingMessage, Rejected, Retry
from journeykit.simulation import HandOverLog, PretendChannel, hand_overs

ABOUT = {"workspace": "w1", "log": "l1"}
MESSAGE = OutgoingMessage(
    "k1", "ann", "email", "ann@example.com", "thanks", Content("Hello", "Text"), "welcome",
    "thanks", None, datetime(2026, 3, 1, tzinfo=UTC),
)  # fmt: skip


@pytest.fixture
def log(tmp_path: Path) -> HandOverLog:
    return HandOverLog(tmp_path / "log.jsonl", ABOUT)


def test_every_hand_over_is_a_line(log: HandOverLog) -> None:
    channel = PretendChannel(log)
    channel.send(MESSAGE)
    channel.send(replace(MESSAGE, attempt=2))

    first, second = hand_overs(log.path)
    assert (first["key"], first["attempt"], first["customer"]) == ("k1", 1, "ann")
    assert (first["subject"], first["answer"]) == ("Hello", "accepted")
    assert second["attempt"] == 2


def test_the_answer_depends_on_address_key_and_attempt_alone(log: HandOverLog) -> None:  # D2
    channel, other = (PretendChannel(log, dead=0.1, busy=0.3) for _ in range(2))
    messages = [
        replace(MESSAGE, key=f"k{number}", address=f"a{number % 50}", attempt=attempt)
        for number in range(300)
        for attempt in (1, 2, 3)
    ]
    answers = [channel.send(message) for message in messages]

    assert [other.send(message) for message in reversed(messages)][::-1] == answers
    assert [channel.send(message) for message in messages] == answers
    kinds = Counter(type(answer) for answer in answers)
    assert set(kinds) == {Accepted, Rejected, Retry}
    # a dead address is dead for every message
    dead = {m.address for m, a in zip(messages, answers, strict=True) if isinstance(a, Rejected)}
    assert all(
        isinstance(a, Rejected) == (m.address in dead)
        for m, a in zip(messages, answers, strict=True)
    )
    # who is asked to come again is taken in the end; some are told when, some are not
    assert not any(
        isinstance(a, Retry) for m, a in zip(messages, answers, strict=True) if m.attempt == 3
    )
    assert {a.after for a in answers if isinstance(a, Retry)} == {None, timedelta(minutes=15)}


def test_without_shares_everything_is_accepted(log: HandOverLog) -> None:
    channel = PretendChannel(log)
    answers = {type(channel.send(replace(MESSAGE, key=f"k{n}", address=str(n)))) for n in range(99)}
    assert answers == {Accepted}


def test_a_log_goes_on_behind_its_last_line(log: HandOverLog) -> None:
    PretendChannel(log).send(MESSAGE)
    log.close()
    log.close()

    again = HandOverLog(log.path, ABOUT)
    PretendChannel(again).send(replace(MESSAGE, key="k2"))

    assert [one["key"] for one in hand_overs(log.path)] == ["k1", "k2"]


def test_a_torn_line_is_passed_over(log: HandOverLog) -> None:
    PretendChannel(log).send(MESSAGE)
    log.close()
    with log.path.open("ab") as file:
        file.write(b'{"key": "torn')

    again = HandOverLog(log.path, ABOUT)
    PretendChannel(again).send(replace(MESSAGE, key="k2"))

    assert [one["key"] for one in hand_overs(log.path)] == ["k1", "k2"]


@pytest.mark.parametrize(
    ("about", "named"), [({"workspace": "w2", "log": "l1"}, "workspace"), ({"log": "l2"}, "log")]
)
def test_a_log_about_something_else_is_refused(
    log: HandOverLog, about: dict[str, str], named: str
) -> None:
    with pytest.raises(UsageError, match=f"began with another {named}.*--fresh"):
        HandOverLog(log.path, about)


@pytest.mark.parametrize("content", ["hello\n", "{}\n", "[1]\n", '{"replay": 3}\n', "\n"])
def test_another_file_is_refused_and_left_alone(tmp_path: Path, content: str) -> None:
    path = tmp_path / "notes.txt"
    path.write_text(content)

    with pytest.raises(UsageError, match="does not belong to a replay"):
        HandOverLog(path, ABOUT)

    assert path.read_text() == content
