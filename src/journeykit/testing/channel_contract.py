"""Does this channel keep every promise of `journeykit.ports.Channel`? `check_channel` tells.

One function per promise; its docstring is the promise. Each gets a fresh channel.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import fields as dataclass_fields
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar

from journeykit.ports import Accepted, Channel, Content, OutgoingMessage, Receipt, Rejected, Retry
from journeykit.testing.store_materials import expect, expect_equal, together

C = TypeVar("C", bound=Channel)

AT = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


@dataclass(frozen=True)
class Trial(Generic[C]):
    """A fresh channel, an address that it can reach, and how to see what left it."""

    channel: C
    address: str
    sent: Callable[[C], Sequence[str]] | None = None

    def message(self, key: str = "key-1", **changes: Any) -> OutgoingMessage:
        """Return a plain message, with `changes` to it."""
        plain = OutgoingMessage(
            key=key,
            customer_id="ann",
            channel="checked",
            address=self.address,
            template="welcome",
            content=Content(subject="Hello", text="Hello, Ann."),
            journey="check",
            step="send",
            topic="news",
            at=AT,
        )
        return replace(plain, **changes)

    def send(self, message: OutgoingMessage) -> Receipt:
        """Hand `message` over; complain when the answer is no receipt."""
        receipt = self.channel.send(message)
        expect(
            type(receipt) in (Accepted, Rejected, Retry),
            f"the answer is no Accepted, Rejected or Retry, but {receipt!r}",
        )
        return receipt

    def accepted(self, message: OutgoingMessage) -> Accepted:
        """Hand over a message that nothing is wrong with; complain unless it is accepted."""
        receipt = self.send(message)
        if not isinstance(receipt, Accepted):
            raise AssertionError(
                f"a plain message to {message.address!r} was not accepted, but {receipt!r}; "
                "give check_channel an address that this channel can reach"
            )
        return receipt


Promise = Callable[[Trial[C]], None]


def check_channel(
    make: Callable[[], C],
    *,
    address: str = "ann@example.com",
    sent: Callable[[C], Sequence[str]] | None = None,
    threads: bool = True,
) -> None:
    """Put fresh channels from `make` through every promise, one channel per promise.

    It needs no test framework and takes as long as some fifty hand-overs; a channel that has
    `send_many` is put through the promises about that too. Let the channel talk to a provider's
    test account, or to a server of your own: its messages do leave.

    Args:
        make: Returns a new channel; it is called once for each promise.
        address: One that the channel accepts messages for.
        sent: Returns under which names the provider got messages through this channel so far,
            oldest first: the idempotency keys, or what the channel derives from them. A
            provider that shows a repeat once and one that shows it twice are both fine. Without
            it nobody can tell whether keys are passed on, and that promise is left out.
        threads: Say False for a channel that is for one thread only.

    Raises:
        AssertionError: Lists every promise that was broken, by name, and how.
    """
    complain_of_channel(broken_by_channel(make, address, sent, threads=threads))


def broken_by_channel(
    make: Callable[[], C],
    address: str,
    sent: Callable[[C], Sequence[str]] | None,
    *,
    threads: bool,
) -> list[tuple[str, Exception]]:
    """Return the promises that channels from `make` break: in words, and what was raised."""
    broken: list[tuple[str, Exception]] = []
    for promise in CHANNEL_PROMISES:
        if (promise in KEY_PROMISES and sent is None) or (
            promise in THREAD_PROMISES and not threads
        ):
            continue
        try:
            channel = make()
            if promise in BATCH_PROMISES and not hasattr(channel, "send_many"):
                continue
            promise(Trial(channel, address, sent))
        except Exception as error:  # whatever a channel raises, the promise is not kept
            broken.append((_told(promise, error), error))
    return broken


def complain_of_channel(broken: Sequence[tuple[str, Exception]]) -> None:
    """Raise what was broken, if anything was."""
    if broken:
        told = "\n".join(words for words, _ in broken)
        raise AssertionError(
            f"the channel breaks its contract (ports/channel.py):\n{told}"
        ) from broken[0][1]


def accepts_a_plain_message(trial: Trial[C]) -> None:
    """A plain message to an address that is alive is accepted."""
    trial.accepted(trial.message())


def answers_with_a_whole_receipt(trial: Trial[C]) -> None:
    """The answer is one of the three receipts, its fields of the declared types."""
    for number, (what, changes) in enumerate(_ODD.items()):
        receipt = trial.send(trial.message(f"key-{number}", **changes))
        expect(_is_whole(receipt), f"{what}: a field of {receipt!r} is not of its type")


def answers_whatever_a_template_wrote(trial: Trial[C]) -> None:
    """Content that cannot be carried is answered, not raised, and leaves the address alive."""
    for number, (what, changes) in enumerate(_ODD.items()):
        try:
            receipt = trial.send(trial.message(f"key-{number}", **changes))
        except AssertionError:
            raise
        except Exception as error:
            raise AssertionError(f"{what}: raised {error!r}") from error
        expect(
            not (isinstance(receipt, Rejected) and receipt.dead_address),
            f"{what}: the address counts as dead, but only this message is odd",
        )


def takes_a_message_again(trial: Trial[C]) -> None:
    """A message whose answer was lost is handed over again, and accepted again."""
    first = trial.message()
    trial.accepted(first)
    trial.accepted(first)
    later = replace(first, at=AT + timedelta(hours=1), attempt=2)
    trial.accepted(later)


def keeps_the_key(trial: Trial[C]) -> None:
    """Every attempt at a message reaches the provider under one name, each message its own."""
    assert trial.sent is not None
    first = trial.message("key-1")
    for message in (first, replace(first, at=AT + timedelta(hours=1), attempt=2)):
        trial.accepted(message)
    names = list(trial.sent(trial.channel))
    expect(bool(names), "nothing was sent")
    expect_equal(len(set(names)), 1, f"names of one message, {names}")
    same_words = trial.message("key-2")
    trial.accepted(same_words)
    names = list(trial.sent(trial.channel))
    expect_equal(len(set(names)), 2, f"names of two messages that read alike, {names}")


def leaves_the_message_as_it_was(trial: Trial[C]) -> None:
    """The message, its headers and its data are the same after the hand-over."""
    content = Content(
        subject="Hello", text="Hello", headers={"X-Campaign": "spring"}, data={"a": [1, {"b": 2}]}
    )
    message = trial.message(content=content)
    before = copy.deepcopy(message)
    trial.send(message)
    expect_equal(message, before, "the message")


def knows_one_message_from_another(trial: Trial[C]) -> None:
    """A message that was refused or cannot be carried does not stand in the next one's way."""
    for number, changes in enumerate(_ODD.values()):
        trial.send(trial.message(f"odd-{number}", **changes))
    trial.accepted(trial.message("plain"))


def serves_several_threads(trial: Trial[C]) -> None:
    """Hand-overs from several threads at a time do not get in each other's way."""
    receipts: list[tuple[str, Accepted]] = []

    def work(number: int) -> None:
        for turn in range(5):
            key = f"key-{number}-{turn}"
            receipts.append((key, trial.accepted(trial.message(key))))

    together(work, threads=4)
    expect_equal(len(receipts), 20, "answers to twenty messages")
    if trial.sent is not None:
        expect_equal(len(set(trial.sent(trial.channel))), 20, "names of twenty messages")


def answers_many_with_one_receipt_each(trial: Trial[C]) -> None:
    """`send_many` answers each of its messages with one whole receipt, whatever a template wrote."""
    _send_many(trial, _many(trial))


def answers_many_in_their_order(trial: Trial[C]) -> None:
    """A receipt of `send_many` is what `send` says of the message in its place."""
    messages = _many(trial)
    alone = [(trial.send(message), trial.send(message)) for message in messages]
    for number, receipt in enumerate(_send_many(trial, messages)):
        first, again = alone[number]
        if first == again:  # else the provider never says the same twice
            expect_equal(receipt, first, f"the receipt of message {number + 1}")
        else:
            expect_equal(type(receipt), type(first), f"the answer to message {number + 1}")


def keeps_the_keys_of_many(trial: Trial[C]) -> None:
    """Messages of `send_many` reach the provider under the names that `send` gives them."""
    assert trial.sent is not None
    messages = [trial.message(f"key-{number}") for number in range(5)]
    for message in messages[:3]:
        trial.accepted(message)
    _send_many(trial, messages)
    _send_many(trial, messages[::-1])
    names = list(trial.sent(trial.channel))
    expect_equal(len(set(names)), 5, f"names of five messages, {names}")


def _many(trial: Trial[C]) -> list[OutgoingMessage]:
    odd = [
        trial.message(f"odd-{number}", **changes) for number, changes in enumerate(_ODD.values())
    ]
    return [trial.message("first"), *odd, trial.message("last")]


def _send_many(trial: Trial[C], messages: Sequence[OutgoingMessage]) -> Sequence[Receipt]:
    channel: Any = trial.channel
    receipts = channel.send_many(messages)
    expect(isinstance(receipts, list | tuple), f"the answer is no list, but {receipts!r}")
    expect_equal(len(receipts), len(messages), "receipts")
    for number, receipt in enumerate(receipts):
        is_receipt = type(receipt) in (Accepted, Rejected, Retry) and _is_whole(receipt)
        expect(is_receipt, f"message {number + 1} is answered with {receipt!r}")
    return list(receipts)


CHANNEL_PROMISES: tuple[Promise[Any], ...] = (
    accepts_a_plain_message,
    answers_with_a_whole_receipt,
    answers_whatever_a_template_wrote,
    takes_a_message_again,
    keeps_the_key,
    leaves_the_message_as_it_was,
    knows_one_message_from_another,
    serves_several_threads,
    answers_many_with_one_receipt_each,
    answers_many_in_their_order,
    keeps_the_keys_of_many,
)
KEY_PROMISES: tuple[Promise[Any], ...] = (keeps_the_key, keeps_the_keys_of_many)
BATCH_PROMISES: tuple[Promise[Any], ...] = (
    answers_many_with_one_receipt_each,
    answers_many_in_their_order,
    keeps_the_keys_of_many,
)
THREAD_PROMISES: tuple[Promise[Any], ...] = (serves_several_threads,)


_ODD: Mapping[str, Mapping[str, Any]] = {
    "an empty content": {"content": Content()},
    "no subject": {"content": Content(text="Hello")},
    "no topic": {"topic": None},
    "a later attempt": {"attempt": 7},
    "HTML": {"content": Content(subject="Hello", text="Hello", html="<p>Hello</p>")},
    "HTML alone": {"content": Content(subject="Hello", html="<p>Hello</p>")},
    "every alphabet": {
        "content": Content(subject="Ünï სალამი 名前 👩‍👩‍👧", text="Ünï სალამი 名前 👩‍👩‍👧")
    },
    "a long text": {"content": Content(subject="Hello", text="x" * 200_000)},
    "a long subject": {"content": Content(subject="x" * 2_000, text="Hello")},
    "line breaks in the subject": {"content": Content(subject="Hello\r\nBcc: eve@example.com")},
    "line breaks in a header": {"content": Content(text="Hello", headers={"X-A": "1\nBcc: e@x"})},
    "no name of a header": {"content": Content(text="Hello", headers={"": "x", "a b:": "y"})},
    "control characters": {"content": Content(subject="\0\x1b[2J", text="\0\x1b[2J\x07")},
    "braces and percents": {"content": Content(subject="{} {0.__class__} %s", text="{} %(a)s")},
    "data": {"content": Content(text="Hello", data={"a": None, "b": [1.5, True, {"c": "ü"}]})},
}
"""What a template may write, and a customer may have typed."""


def _is_whole(receipt: Any) -> bool:
    types = {
        "provider_id": str,
        "reason": str,
        "dead_address": bool,
        "whole_channel": bool,
        "after": timedelta | None,
    }
    fields = {one.name: getattr(receipt, one.name) for one in dataclass_fields(receipt)}
    if not all(isinstance(value, types[name]) for name, value in fields.items()):
        return False
    return (fields.get("after") or timedelta(0)) >= timedelta(0)


def _told(promise: Promise[Any], error: Exception) -> str:
    words = (promise.__doc__ or "").strip()
    how = str(error) if isinstance(error, AssertionError) else f"raised {error!r}"
    return f"  {promise.__name__}: {words}\n    but {how}"
