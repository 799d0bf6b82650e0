"""The channels for first steps: one remembers, one prints."""

from __future__ import annotations

import io
import threading
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest

from journeykit.adapters import ConsoleChannel, RecordingChannel
from journeykit.ports import Accepted, Content, OutgoingMessage
from journeykit.testing import check_channel
from journeykit.testing.store_materials import together


def message(key: str = "k1", address: str = "ann@example.com", **content: Any) -> OutgoingMessage:
    return OutgoingMessage(
        key=key,
        customer_id="ann",
        channel="push",
        address=address,
        template="welcome",
        content=Content(**content),
        journey="j",
        step="s",
        topic=None,
        at=datetime(2026, 3, 1, 12, 30, 5, 999_999, UTC),
    )


# Recording


def test_recording_keeps_every_promise_of_a_channel() -> None:
    check_channel(RecordingChannel, sent=lambda channel: [one.key for one in channel.messages])


def test_recording_remembers_every_hand_over_in_order() -> None:
    channel = RecordingChannel()
    sent = [message("k1"), message("k2"), message("k1")]
    assert [channel.send(one) for one in sent] == [Accepted("k1"), Accepted("k2"), Accepted("k1")]
    assert channel.messages == sent
    assert repr(channel) == "RecordingChannel(3 messages)"


def test_recording_is_shared_between_threads() -> None:
    channel = RecordingChannel()
    threads = [
        threading.Thread(target=lambda n=n: [channel.send(message(f"{n}.{m}")) for m in range(500)])
        for n in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({one.key for one in channel.messages}) == 2_000


# Console


def test_console_keeps_every_promise_of_a_channel() -> None:
    check_channel(lambda: ConsoleChannel(io.StringIO()))


def printed(one: OutgoingMessage, encoding: str = "utf-8") -> str:
    written = io.BytesIO()
    stream = io.TextIOWrapper(written, encoding=encoding, newline="")
    assert ConsoleChannel(stream).send(one) == Accepted("k1")
    return written.getvalue().decode(encoding)  # also: it was flushed


HEAD = "2026-03-01 12:30:05+00:00  push to ann@example.com: "


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        ({"subject": "Hi", "text": "One\n\n\tTwo\n"}, ["Hi", "    One", "    ", "        Two"]),
        ({"subject": "Hi", "html": "x" * 1_234}, ["Hi", "    (1,234 characters of HTML)"]),
        ({}, ["welcome"]),  # the template's name
    ],
)
def test_console_prints_a_few_lines(content: dict[str, str], lines: list[str]) -> None:
    assert printed(message(**content)) == HEAD + "\n".join(lines) + "\n"


EVIL = ["\x1b[2J", "\r", "\n", "\x07", "\u202e", "\x9b", "\u2028", "\x00"]


@pytest.mark.parametrize("evil", EVIL)
@pytest.mark.parametrize("place", ["subject", "text", "address"])
def test_what_customers_typed_steers_no_terminal(evil: str, place: str) -> None:
    said = printed(message(**{"subject": "Hi", place: f"a{evil}b"}))
    if evil != "\n":
        assert evil not in said
    more_lines = place == "text" and evil in "\r\n\u2028"
    assert said.count("\n") == 1 + (place == "text") + more_lines


def test_emoji_and_scripts_with_joiners_are_printed_as_they_are() -> None:
    assert "👩‍👩‍👧 می‌خواهم" in printed(message(subject="👩‍👩‍👧 می‌خواهم"))


def test_a_stream_that_lacks_a_character_shows_a_question_mark() -> None:
    assert printed(message(subject="Grüße \ud800"), "ascii").endswith("Gr??e ?\n")
    assert printed(message(subject="Grüße"), "latin-1").endswith("Grüße\n")


def test_console_writes_to_standard_output_of_the_moment(
    capsys: pytest.CaptureFixture[str],
) -> None:
    channel = ConsoleChannel()
    channel.send(message(subject="Hi"))
    assert capsys.readouterr().out.endswith(": Hi\n")
    assert repr(channel) == "ConsoleChannel()"
    assert repr(ConsoleChannel(io.StringIO())).startswith("ConsoleChannel(<_io.StringIO")


def test_messages_from_several_threads_do_not_mix() -> None:
    meeting = threading.Barrier(2)

    class Slow(io.StringIO):
        """A stream that lets another thread go first, half-way through a text."""

        def write(self, text: str) -> int:
            half = len(text) // 2
            written = super().write(text[:half])
            with suppress(threading.BrokenBarrierError):
                meeting.wait(0.2)  # nobody comes where messages are written one by one
            return written + super().write(text[half:])

    stream = Slow()
    channel = ConsoleChannel(stream)
    together(lambda n: channel.send(message(subject=f"{n}" * 500)))
    titles = {line.rpartition(": ")[2] for line in stream.getvalue().splitlines()}
    assert titles == {f"{n}" * 500 for n in range(6)}
