"""Each promise of a channel is broken on purpose, and each time the check notices."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from journeykit.adapters import RecordingChannel
from journeykit.ports import Accepted, OutgoingMessage, Receipt, Rejected, Retry
from journeykit.testing import channel_contract as promises
from journeykit.testing import check_channel
from journeykit.testing.channel_contract import (
    CHANNEL_PROMISES,
    KEY_PROMISES,
    THREAD_PROMISES,
    Trial,
)

PATIENCE_SECONDS = 0.3


class Provider(RecordingChannel):
    """A channel that keeps every promise; `names` is what its provider saw."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def send(self, message: OutgoingMessage) -> Receipt:
        self.names.append(self.name_of(message))
        return super().send(message)

    def send_many(self, messages: Sequence[OutgoingMessage]) -> Sequence[Receipt]:
        return [self.send(message) for message in messages]

    def name_of(self, message: OutgoingMessage) -> str:
        return message.key


def names(channel: Provider) -> Sequence[str]:
    return channel.names


class AcceptsNobody(Provider):
    """Every address is dead."""

    def send(self, message: OutgoingMessage) -> Receipt:
        return Rejected("no such user")


class Answers(Provider):
    """Gives one answer to all."""

    answer: Any

    def send(self, message: OutgoingMessage) -> Receipt:
        answer: Receipt = self.answer
        return answer


class AnswersNothing(Answers):
    answer = None


class AnswersTrue(Answers):
    answer = True


class AnswersAClass(Answers):
    answer = Accepted


class AnswersBytes(Answers):
    answer = Accepted(b"id-1")  # type: ignore[arg-type]  # sabotage


class AnswersNoId(Answers):
    answer = Accepted(None)  # type: ignore[arg-type]  # sabotage


class AnswersSeconds(Answers):
    answer = Retry("later", after=60)  # type: ignore[arg-type]  # sabotage


class AnswersThePast(Answers):
    answer = Retry("later", after=timedelta(seconds=-1))


class AnswersMaybe(Answers):
    answer = Rejected("no", dead_address="no")  # type: ignore[arg-type]  # sabotage


class AnswersAnError(Answers):
    answer = Rejected(ValueError("no"))  # type: ignore[arg-type]  # sabotage


class FailsOnOddContent(Provider):
    """What it cannot carry is an exception, so it is tried again and again."""

    def send(self, message: OutgoingMessage) -> Receipt:
        if "\n" in message.content.subject:
            raise ValueError("header injection")
        return super().send(message)


class NeedsATopic(Provider):
    """A message without a topic breaks it."""

    def send(self, message: OutgoingMessage) -> Receipt:
        assert isinstance(message.topic, str)
        return super().send(message)


class KillsTheAddress(Provider):
    """An odd message costs the customer all messages of this channel."""

    def send(self, message: OutgoingMessage) -> Receipt:
        if not message.content.subject:
            return Rejected("a subject is needed")
        return super().send(message)


class RefusesRepeats(Provider):
    """The provider says 409, and the channel takes it for a refusal."""

    def send(self, message: OutgoingMessage) -> Receipt:
        if any(one.key == message.key for one in self.messages):
            return Rejected("conflict", dead_address=False)
        return super().send(message)


class FailsOnLaterAttempts(Provider):
    """Only the first attempt passes."""

    def send(self, message: OutgoingMessage) -> Receipt:
        return super().send(message) if message.attempt == 1 else Retry("later")


class NamesByAttempt(Provider):
    """A new key on every attempt: the customer sees each."""

    def name_of(self, message: OutgoingMessage) -> str:
        return f"{message.key}-{message.attempt}"


class NamesByInstant(Provider):
    """The key depends on when the message left."""

    def name_of(self, message: OutgoingMessage) -> str:
        return message.at.isoformat()


class NamesByWords(Provider):
    """Two messages that read alike are taken for one."""

    def name_of(self, message: OutgoingMessage) -> str:
        return message.content.text


class NamesAnew(Provider):
    """An id of its own for every call."""

    def name_of(self, message: OutgoingMessage) -> str:
        return f"call-{len(self.names)}"


class SendsNothing(Provider):
    """Says accepted, and nothing leaves."""

    def send(self, message: OutgoingMessage) -> Receipt:
        return Accepted(message.key)


class AddsAHeader(Provider):
    """Writes on somebody else's paper."""

    def send(self, message: OutgoingMessage) -> Receipt:
        message.content.headers["X-Mailer"] = "mine"
        return super().send(message)


class UnpacksData(Provider):
    """Takes from the data what it needs."""

    def send(self, message: OutgoingMessage) -> Receipt:
        message.content.data.pop("a", None)
        return super().send(message)


class NeverRecovers(Provider):
    """One message that cannot be carried, and it is stuck."""

    stuck = False

    def send(self, message: OutgoingMessage) -> Receipt:
        self.stuck = self.stuck or "\0" in message.content.text
        return Rejected("broken", dead_address=False) if self.stuck else super().send(message)


class MixesThreadsUp(Provider):
    """Keeps the message at hand on itself: here two threads wait for each other in between."""

    def __init__(self) -> None:
        super().__init__()
        self.meeting = threading.Barrier(2)

    def send(self, message: OutgoingMessage) -> Receipt:
        self.at_hand = message
        if threading.current_thread() is not threading.main_thread():
            with suppress(threading.BrokenBarrierError):
                self.meeting.wait(PATIENCE_SECONDS)
        return super().send(self.at_hand)


class ForOneThread(Provider):
    """Refuses to work anywhere but where it was made."""

    def __init__(self) -> None:
        super().__init__()
        self.home = threading.get_ident()

    def send(self, message: OutgoingMessage) -> Receipt:
        if threading.get_ident() != self.home:
            raise RuntimeError("made in another thread")
        return super().send(message)


class StopsAtTheFirstRefusal(Provider):
    """What comes behind an odd message is not answered."""

    def send_many(self, messages: Sequence[OutgoingMessage]) -> Sequence[Receipt]:
        return [self.send(one) for one in messages if one.content.subject]


class AnswersOnce(Provider):
    """One receipt speaks for all."""

    def send_many(self, messages: Sequence[OutgoingMessage]) -> Any:
        return super().send_many(messages)[0]


class AnswersManyWithIds(Provider):
    """The provider's names for them, and no receipts."""

    def send_many(self, messages: Sequence[OutgoingMessage]) -> Any:
        return [message.key for message in messages]


class AnswersInAnyOrder(Provider):
    """In the order in which the provider was done."""

    def send_many(self, messages: Sequence[OutgoingMessage]) -> Sequence[Receipt]:
        return super().send_many(messages)[::-1]


class RejectsInBulk(Provider):
    """What is accepted alone is refused in company."""

    def send_many(self, messages: Sequence[OutgoingMessage]) -> Sequence[Receipt]:
        return [Rejected("no", dead_address=False) for _ in messages]


class NamesByPlace(Provider):
    """In company a message is called by its place."""

    def send_many(self, messages: Sequence[OutgoingMessage]) -> Sequence[Receipt]:
        self.names += [f"{number}" for number in range(len(messages))]
        return [Accepted() for _ in messages]


SABOTAGE = [
    (promises.accepts_a_plain_message, AcceptsNobody),
    (promises.accepts_a_plain_message, AnswersNothing),
    (promises.answers_with_a_whole_receipt, AnswersNothing),
    (promises.answers_with_a_whole_receipt, AnswersTrue),
    (promises.answers_with_a_whole_receipt, AnswersAClass),
    (promises.answers_with_a_whole_receipt, AnswersBytes),
    (promises.answers_with_a_whole_receipt, AnswersNoId),
    (promises.answers_with_a_whole_receipt, AnswersSeconds),
    (promises.answers_with_a_whole_receipt, AnswersThePast),
    (promises.answers_with_a_whole_receipt, AnswersMaybe),
    (promises.answers_with_a_whole_receipt, AnswersAnError),
    (promises.answers_whatever_a_template_wrote, FailsOnOddContent),
    (promises.answers_whatever_a_template_wrote, NeedsATopic),
    (promises.answers_whatever_a_template_wrote, KillsTheAddress),
    (promises.answers_whatever_a_template_wrote, AnswersNothing),
    (promises.takes_a_message_again, RefusesRepeats),
    (promises.takes_a_message_again, FailsOnLaterAttempts),
    (promises.keeps_the_key, NamesByAttempt),
    (promises.keeps_the_key, NamesByInstant),
    (promises.keeps_the_key, NamesByWords),
    (promises.keeps_the_key, NamesAnew),
    (promises.keeps_the_key, SendsNothing),
    (promises.leaves_the_message_as_it_was, AddsAHeader),
    (promises.leaves_the_message_as_it_was, UnpacksData),
    (promises.knows_one_message_from_another, NeverRecovers),
    (promises.serves_several_threads, MixesThreadsUp),
    (promises.serves_several_threads, ForOneThread),
    (promises.answers_many_with_one_receipt_each, StopsAtTheFirstRefusal),
    (promises.answers_many_with_one_receipt_each, AnswersOnce),
    (promises.answers_many_with_one_receipt_each, AnswersManyWithIds),
    (promises.answers_many_in_their_order, AnswersInAnyOrder),
    (promises.answers_many_in_their_order, RejectsInBulk),
    (promises.keeps_the_keys_of_many, NamesByPlace),
]


def tried(channel: Callable[[], Provider]) -> Trial[Provider]:
    return Trial(channel(), "ann@example.com", names)


@pytest.mark.parametrize(
    ("promise", "saboteur"), SABOTAGE, ids=lambda one: getattr(one, "__name__", None)
)
def test_a_broken_promise_is_noticed(
    promise: Callable[[Trial[Provider]], None], saboteur: type[Provider]
) -> None:
    with pytest.raises((AssertionError, RuntimeError)):
        promise(tried(saboteur))


@pytest.mark.parametrize("promise", CHANNEL_PROMISES, ids=lambda one: one.__name__)
def test_a_kept_promise_is_not_complained_about(
    promise: Callable[[Trial[Provider]], None],
) -> None:
    promise(tried(Provider))


def test_no_promise_is_without_a_saboteur() -> None:
    assert {promise for promise, _ in SABOTAGE} == set(CHANNEL_PROMISES)


@pytest.mark.parametrize("promise", CHANNEL_PROMISES, ids=lambda one: one.__name__)
def test_a_promise_is_one_sentence(promise: Any) -> None:
    assert promise.__doc__
    assert promise.__doc__.endswith(".")
    assert "\n" not in promise.__doc__


# The whole check


def test_each_promise_gets_a_fresh_channel() -> None:
    made: list[Provider] = []

    def make() -> Provider:
        made.append(Provider())
        return made[-1]

    check_channel(make, sent=names)
    assert len(made) == len(CHANNEL_PROMISES)
    assert all(channel.messages for channel in made)


def test_the_address_is_the_one_that_was_given() -> None:
    channel = RecordingChannel()
    check_channel(lambda: channel, address="+995 555 123456")
    assert {one.address for one in channel.messages} == {"+995 555 123456"}


def test_the_complaint_lists_every_broken_promise_with_its_words() -> None:
    with pytest.raises(AssertionError) as raised:
        check_channel(KillsTheAddress)
    assert str(raised.value) == (
        "the channel breaks its contract (ports/channel.py):\n"
        "  answers_whatever_a_template_wrote: Content that cannot be carried is answered, not "
        "raised, and leaves the address alive.\n"
        "    but an empty content: the address counts as dead, but only this message is odd"
    )
    assert isinstance(raised.value.__cause__, AssertionError)


def test_a_channel_that_raises_is_told_by_its_error() -> None:
    with pytest.raises(AssertionError, match=r"header injection") as raised:
        check_channel(FailsOnOddContent)
    said = str(raised.value)
    assert "line breaks in the subject: raised ValueError('header injection')" in said
    assert "knows_one_message_from_another: " in said
    assert "    but raised ValueError('header injection')" in said


def test_without_a_way_to_look_keys_are_not_checked() -> None:
    check_channel(NamesByAttempt)
    with pytest.raises(AssertionError, match="keeps_the_key"):
        check_channel(NamesByAttempt, sent=names)
    assert set(KEY_PROMISES) == {promises.keeps_the_key, promises.keeps_the_keys_of_many}


def test_a_channel_for_one_thread_says_so() -> None:
    check_channel(ForOneThread, sent=names, threads=False)
    with pytest.raises(AssertionError, match="made in another thread"):
        check_channel(ForOneThread, sent=names)
    assert set(THREAD_PROMISES) == {promises.serves_several_threads}


def test_a_wrong_address_is_told_as_such() -> None:
    with pytest.raises(AssertionError, match="give check_channel an address that this channel can"):
        check_channel(AcceptsNobody)
