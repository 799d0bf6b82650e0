"""Who may act by a link? G7 and F5: tokens, their headers, and mail that carries them."""

from __future__ import annotations

import pickle
import re
import traceback
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeykit import (
    Event,
    Journey,
    MemoryStore,
    On,
    Orchestrator,
    Policy,
    RecordingChannel,
    Send,
    Tokens,
    Workspace,
    days,
    hours,
    months,
)
from journeykit.adapters import OneClick
from journeykit.errors import (
    InvalidTokenError,
    UnknownChannelError,
    UnknownCustomerError,
    UnknownTopicError,
    UsageError,
)
from journeykit.kernel import journal as j
from journeykit.ports import Content, OutgoingMessage, TokenClaim, TokenPurpose
from journeykit.runtime.calls import Flow

NEW, OLD, OTHER = b"n" * 32, "o" * 32, b"x" * 40
AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
TOKENS = Tokens([NEW, OLD])


def signed(tokens: Tokens = TOKENS, purpose: TokenPurpose = "unsubscribe", **more: Any) -> str:
    return tokens.sign(purpose, "ann", **{"at": AT, "channel": "email", "topic": "news"} | more)


# ---- what a token says


texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)


@given(texts, texts, st.none() | texts, st.sampled_from(["unsubscribe", "confirm", "preferences"]))
def test_G7_a_token_says_what_it_was_made_for(
    who: str, channel: str, topic: str | None, purpose: TokenPurpose
) -> None:
    token = TOKENS.sign(purpose, who, at=AT, channel=channel, topic=topic)
    assert set(token) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    assert TOKENS.read(token, purpose, at=AT) == TokenClaim(purpose, who, channel, topic, AT)


def test_G7_the_newest_secret_signs_and_all_are_read() -> None:
    before = signed(Tokens([OLD]))
    assert TOKENS.read(before, "unsubscribe", at=AT).customer_id == "ann"
    assert Tokens([NEW]).read(signed(), "unsubscribe", at=AT).customer_id == "ann"
    assert signed() != before
    with pytest.raises(InvalidTokenError):
        Tokens([OLD]).read(signed(), "unsubscribe", at=AT)


VALID = [  # purpose, valid_for, how old, whether it counts
    ("unsubscribe", {}, timedelta(days=4000), True),
    ("confirm", {}, timedelta(days=7, seconds=-1), True),
    ("confirm", {}, timedelta(days=7), False),  # the end is excluded
    ("preferences", {}, timedelta(days=30), False),
    ("preferences", {"preferences": None}, timedelta(days=3000), True),
    ("confirm", {"confirm": timedelta(hours=2)}, timedelta(hours=2), False),
    ("confirm", {"confirm": "PT2H"}, timedelta(hours=1), True),
    ("confirm", {}, -timedelta(days=1), True),  # a clock that went back
    ("unsubscribe", {"unsubscribe": days(30)}, timedelta(days=30, seconds=-1), True),
    ("unsubscribe", {"unsubscribe": days(30)}, timedelta(days=30), False),
]


@pytest.mark.parametrize(("purpose", "valid_for", "age", "counts"), VALID)
def test_G7_a_token_counts_for_its_time(
    purpose: TokenPurpose, valid_for: Any, age: timedelta, counts: bool
) -> None:
    tokens = Tokens([NEW], valid_for=valid_for)
    token = signed(tokens, purpose)
    if counts:
        assert tokens.read(token, purpose, at=AT + age).issued == AT
    else:
        with pytest.raises(InvalidTokenError):
            tokens.read(token, purpose, at=AT + age)


# ---- what does not count: one error, which tells nothing


def changed(token: str, place: int) -> str:
    raw = bytearray(urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    raw[place] ^= 1
    return urlsafe_b64encode(bytes(raw)).decode().rstrip("=")


FORGED: list[tuple[str, Any]] = [
    ("other secret", signed(Tokens([OTHER]))),
    ("other purpose", signed(purpose="confirm")),
    ("too old", signed(Tokens([NEW]), at=AT - timedelta(days=31))),
    ("cut", signed()[:-1]),
    ("cut in two", signed()[:40]),
    ("longer", signed() + "A"),
    ("padded", signed() + "="),
    ("blank", signed() + " "),
    ("first bit", changed(signed(), 0)),
    ("first of the body", changed(signed(), 32)),
    ("last bit", changed(signed(), -1)),
    ("empty", ""),
    ("no text", None),
    ("bytes", signed().encode()),
    ("not ASCII", "é" * 60),
    ("huge", "A" * 10**6),
    ("no body", "A" * 43),
    ("a surrogate", "\ud800" * 60),
]  # fmt: skip


@pytest.mark.parametrize(("what", "token"), FORGED, ids=[what for what, _ in FORGED])
def test_F5_a_token_that_does_not_count_reveals_nothing(what: str, token: Any) -> None:
    tokens = Tokens([NEW, OLD], valid_for={"unsubscribe": days(30)})
    with pytest.raises(InvalidTokenError) as caught:
        tokens.read(token, "unsubscribe", at=AT)
    error = caught.value
    assert str(error) == "this link does not count; ask for a new link"
    assert (error.place, error.value, error.has_value) == ("", None, False)
    assert error.__cause__ is error.__context__ is None
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
    shown = "".join(traceback.format_exception(error))
    assert "ann" not in shown
    assert "news" not in shown


def test_G7_other_spellings_of_one_token_do_not_count() -> None:
    """The last character of base64 has bits that nobody reads."""
    token = signed()
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    counts = 0
    for char in alphabet:
        try:
            TOKENS.read(token[:-1] + char, "unsubscribe", at=AT)
            counts += 1
        except InvalidTokenError:
            pass
    assert counts == 1


@given(st.binary(min_size=33, max_size=90))
def test_G7_nothing_random_is_a_token(raw: bytes) -> None:
    with pytest.raises(InvalidTokenError):
        TOKENS.read(urlsafe_b64encode(raw).decode().rstrip("="), "unsubscribe", at=AT)


# ---- what is refused when written


MISTAKES: list[tuple[Any, str]] = [
    (lambda: Tokens([]), "one or more secrets"),
    (lambda: Tokens("s" * 40), "one or more secrets"),
    (lambda: Tokens(b"s" * 40), "one or more secrets"),
    (lambda: Tokens([NEW, b"s" * 31]), r"secrets\[1\]: a secret is at least 32 bytes"),
    (lambda: Tokens([None]), r"secrets\[0\]"),  # type: ignore[list-item]
    (lambda: Tokens([NEW], valid_for={"unsubscribe": timedelta(days=29)}), "7704"),
    (lambda: Tokens([NEW], valid_for={"unsubscribe": months(1)}), "7704"),  # February has 28
    (lambda: Tokens([NEW], valid_for={"confirm": hours(0)}), "no time"),
    (lambda: Tokens([NEW], valid_for=7), "must be a mapping"),  # type: ignore[arg-type]
    (lambda: Tokens([NEW], valid_for={"confirm": 7}), "no span"),  # type: ignore[dict-item]
    (lambda: Tokens([NEW], valid_for={"login": days(1)}), "no such purpose"),  # type: ignore[dict-item]
    (lambda: TOKENS.sign("login", "ann", at=AT), "no such purpose"),  # type: ignore[arg-type]
    (lambda: TOKENS.sign("unsubscribe", "ann", at=AT), "names a channel"),
    (lambda: TOKENS.sign("preferences", "ann", at=AT, topic="news"), "names a channel"),
    (lambda: TOKENS.one_click("http://shop.example/u/{token}"), "https URL"),
    (lambda: TOKENS.one_click("https://shop.example/u/"), "https URL"),
    (lambda: TOKENS.one_click("https:///u/{token}"), "https URL"),
    (lambda: TOKENS.one_click("https://shop.example/u/{token}/{token}"), "once"),
    (lambda: TOKENS.one_click("https://shop.example/#{token}"), "path or query"),  # is not sent
    (lambda: TOKENS.one_click("https://{token}.shop.example/"), "path or query"),  # any case
    (lambda: TOKENS.one_click("https://shop.example/ü/{token}"), "https URL"),
    (lambda: TOKENS.one_click("https://shop.example/u/{token}>, <mailto:x"), "https URL"),
    (lambda: TOKENS.one_click("https://shop.example/\r\n{token}"), "https URL"),
]


@pytest.mark.parametrize(("call", "words"), MISTAKES)
def test_F5_mistakes_are_refused_and_no_secret_is_shown(call: Any, words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        call()
    assert "sss" not in str(caught.value)
    assert "sss" not in repr(caught.value.value)


@pytest.mark.parametrize("call", [call for call, _ in MISTAKES[:10]])
def test_F5_no_report_of_an_error_shows_a_secret(call: Any) -> None:
    """Such a report may hold the variables of every call; the first here is the test's own."""
    with pytest.raises(UsageError) as caught:
        call()
    told = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    frames = [frame for frame in told.stack if frame.filename.endswith("tokens.py")]
    for values in (frame.locals or {} for frame in frames if "test_" not in frame.filename):
        assert not re.search("sss|nnn", "".join(values.values()))


def test_F5_secrets_are_in_no_repr() -> None:
    assert repr(TOKENS) == "Tokens(<2 secrets>)"
    assert "nnn" not in repr(vars(TOKENS.one_click("https://shop.example/{token}")))


# ---- headers


def message(**more: Any) -> OutgoingMessage:
    values: dict[str, Any] = {
        "key": "k1", "customer_id": "c" * 40, "channel": "email", "address": "ann@example.org",
        "template": "hi", "content": Content("Hello", "Text"), "journey": "j", "step": "hi",
        "topic": "news", "at": AT,
    }  # fmt: skip
    return OutgoingMessage(**values | more)


ONE_CLICK: OneClick = TOKENS.one_click("https://shop.example/unsubscribe?t={token}")


def test_G7_the_headers_are_those_of_RFC_8058() -> None:
    headers = ONE_CLICK.headers(message())
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = headers["List-Unsubscribe"]
    assert link.startswith("<https://shop.example/unsubscribe?t=")
    assert link.endswith(">")
    claim = TOKENS.read(link[1:-1].partition("=")[2], "unsubscribe", at=AT)
    assert claim == TokenClaim("unsubscribe", "c" * 40, "email", "news", AT)


# ---- the kit


class Ping(Event):
    pass


class Hand:
    instant = AT

    def now(self) -> datetime:
        return self.instant


def kit_of(**more: Any) -> tuple[Orchestrator, Hand]:
    clock = Hand()
    shop = Workspace(
        journeys=[Journey("j", entry=On(Ping), steps=[Send("hi", via=["email"], topic="news")])],
        timezone="UTC",
        policy=Policy(consent={"email": "double-opt-in"}),
    )
    kit = Orchestrator(
        shop, store=MemoryStore(), channels={"email": RecordingChannel()}, clock=clock, **more
    )
    kit.identify("ann")
    return kit, clock


def test_G7_links_act_on_the_kits_clock() -> None:
    kit, clock = kit_of(tokens=TOKENS)
    kit.grant("ann", ["email"], source="form")
    link = kit.sign_token("confirm", "ann", channel="email")
    late = kit.sign_token("confirm", "ann", channel="email")
    claim = kit.read_token(link, "confirm")
    assert claim.channel is not None
    kit.confirm(claim.customer_id, [claim.channel], topic=claim.topic, source="link")
    assert kit.preferences("ann")["email"].allowed
    kit.unsubscribe(kit.sign_token("unsubscribe", "ann", channel="email", topic="news"))
    row = kit.preferences("ann")["email/news"]
    assert (row.status, row.source) == ("withdrawn", "one-click")
    assert kit.preferences("ann")["email"].allowed
    clock.instant += timedelta(days=7)
    with pytest.raises(InvalidTokenError):
        kit.read_token(late, "confirm")
    assert kit.read_token(kit.sign_token("preferences", "ann"), "preferences").channel is None


@pytest.mark.parametrize(("channel", "topic"), [("email", "old"), ("fax", None), ("fax", "old")])
def test_G7_a_signed_link_unsubscribes_also_from_what_is_gone(
    channel: str, topic: str | None
) -> None:
    """What was signed is no typo: it counts again when the topic comes back."""
    kit, _ = kit_of(tokens=TOKENS)
    waited: list[str | None] = []

    def waits(customer_id: str | None) -> Flow[None]:
        waited.append(customer_id)
        yield from ()

    kit._let_hands_finish = waits  # type: ignore[method-assign]
    (entry,) = kit.unsubscribe(signed(channel=channel, topic=topic)).entries
    assert isinstance(entry, j.Consented)
    assert (entry.granted, entry.source) == (False, "one-click")
    key = channel if topic is None else f"{channel}/{topic}"
    assert kit.customer("ann").consents == {key: False}
    assert waited == ["ann"]


def test_G7_what_a_kit_cannot_sign_or_read_is_refused() -> None:
    kit, _ = kit_of(tokens=TOKENS)
    with pytest.raises(UnknownTopicError, match="news"):
        kit.sign_token("unsubscribe", "ann", channel="email", topic="nws")
    with pytest.raises(UnknownChannelError):
        kit.sign_token("unsubscribe", "ann", channel="fax")
    with pytest.raises(UsageError, match="no such purpose"):
        kit.read_token(signed(), "unsubscibe")  # type: ignore[arg-type]
    with pytest.raises(UnknownCustomerError):
        kit.unsubscribe(TOKENS.sign("unsubscribe", "bob", at=AT, channel="email"))
    bare, _ = kit_of()
    with pytest.raises(UsageError, match=r"tokens=Tokens"):
        bare.unsubscribe(signed())
