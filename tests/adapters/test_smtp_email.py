"""What an email looks like on the wire, and what never becomes one."""

from __future__ import annotations

import email
import re
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from journeykit.adapters.smtp_email import Mailbox, compose, mailbox, sender_mailbox
from journeykit.errors import InputError
from journeykit.ports import Content, OutgoingMessage

SHOP = Mailbox("hello", "shop.example", "Shop")
TOKEN = "t0k3n" * 40
LONG_URL = f"<https://shop.example/unsubscribe/{TOKEN}>"


def message(key: str = "k1", address: str = "ann@example.com", **content: Any) -> OutgoingMessage:
    return OutgoingMessage(
        key=key,
        customer_id="ann",
        channel="email",
        address=address,
        template="welcome",
        content=Content(**content),
        journey="j",
        step="s",
        topic=None,
        at=datetime(2026, 3, 1, 12, 30, tzinfo=UTC),
    )


def composed(one: OutgoingMessage) -> bytes:
    return compose(one, SHOP, "shop.example").content


def parsed(content: bytes) -> EmailMessage:
    found = email.message_from_bytes(content.replace(b"\r\n", b"\n"), policy=default)
    assert isinstance(found, EmailMessage)
    return found


def header_lines(content: bytes) -> list[bytes]:
    return content.split(b"\r\n\r\n", 1)[0].split(b"\r\n")


# What arrives


def test_plain_text() -> None:
    content = composed(message(subject="Hi", text="Line one\nLine two\n"))
    assert content == (
        b"From: Shop <hello@shop.example>\r\n"
        b"To: ann@example.com\r\n"
        b"Subject: Hi\r\n"
        b"Date: Sun, 01 Mar 2026 12:30:00 +0000\r\n"
        b"Message-ID: <k1@shop.example>\r\n"
        b'Content-Type: text/plain; charset="utf-8"\r\n'
        b"Content-Transfer-Encoding: 7bit\r\n"
        b"MIME-Version: 1.0\r\n"
        b"\r\n"
        b"Line one\r\nLine two\r\n"
    )


def test_html_comes_as_an_alternative() -> None:
    found = parsed(composed(message(subject="Hi", text="plain", html="<p>ünï</p>")))
    assert found.get_content_type() == "multipart/alternative"
    bodies = [(part.get_content_type(), part.get_content()) for part in found.iter_parts()]
    assert bodies == [("text/plain", "plain\n"), ("text/html", "<p>ünï</p>\n")]


def test_html_alone_stands_alone() -> None:
    found = parsed(composed(message(html="<p>Hi</p>")))
    assert (found.get_content_type(), found.get_content()) == ("text/html", "<p>Hi</p>\n")


def test_an_empty_subject_is_the_templates_name() -> None:
    assert parsed(composed(message(text="x")))["Subject"] == "welcome"


@pytest.mark.parametrize(
    "subject",
    [
        "Grüße aus Tbilisi",
        "სალამი 👩‍👩‍👧",
        "é" * 200,  # several encoded words
        "x " * 400,
        "a  b   c",
        "tab\there",
        "100 % {name} {0.__class__}",
    ],
)
def test_subjects_arrive_as_they_were(subject: str) -> None:
    content = composed(message(subject=subject, text="x"))
    assert " ".join(parsed(content)["Subject"].split()) == " ".join(subject.split())
    for line in header_lines(content):
        words = re.findall(rb"=\?[^?]*\?.\?[^?]*\?=", line)
        assert all(len(word) <= 75 for word in words)  # RFC 2047
        assert len(line) <= 998


@pytest.mark.parametrize("value", [LONG_URL, f"<mailto:u@shop.example>, {LONG_URL}"])
def test_a_long_unsubscribe_url_stays_whole(value: str) -> None:  # RFC 8058
    one_click = "List-Unsubscribe=One-Click"
    headers = {"List-Unsubscribe": value, "List-Unsubscribe-Post": one_click}
    lines = header_lines(composed(message(text="x", headers=headers)))
    assert f"List-Unsubscribe: {value}".encode() in lines
    assert f"List-Unsubscribe-Post: {one_click}".encode() in lines


def test_long_lines_and_every_character_survive_in_seven_bits() -> None:
    text = "ü" * 2_000 + "\n" + "x" * 2_000 + "\n.\n..\nFrom here\n\N{GRINNING FACE}\n"
    content = composed(message(text=text))
    assert content.isascii()
    assert max(map(len, content.split(b"\r\n"))) <= 998
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert parsed(content).get_content().replace("\r\n", "\n") == text


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_line_ends_become_those_of_email(newline: str) -> None:
    # A bare CR or LF is where one server sees two emails and the other one.
    content = composed(message(text=f"a{newline}.{newline}MAIL FROM:<x@y>"))
    assert content.endswith(b"\r\n\r\na\r\n.\r\nMAIL FROM:<x@y>\r\n")


# The message id


def test_the_message_id_is_the_same_on_every_attempt() -> None:  # D2
    first = compose(message(), SHOP, "ids.example")
    again = compose(message(text="other"), SHOP, "ids.example")
    assert first.message_id == again.message_id == "<k1@ids.example>"
    assert compose(message(key="k2"), SHOP, "ids.example").message_id != first.message_id


@pytest.mark.parametrize(
    "key", ["a b", "ü", "<>", "a\r\nBcc: x@y", "", ".a", "a..b", "x" * 201, "\ud800"]
)
def test_a_key_that_cannot_stand_in_an_id_is_hashed(key: str) -> None:
    one = compose(message(key=key), SHOP, "shop.example")
    assert re.fullmatch(r"<[0-9a-f]{64}@shop\.example>", one.message_id)
    assert parsed(one.content)["Message-ID"] == one.message_id


# Addresses


@pytest.mark.parametrize(
    ("address", "on_the_wire", "needs_smtputf8"),
    [
        ("ann@example.com", "ann@example.com", False),
        ("Ann.O'Neil+tag=x@mail.example.com", "Ann.O'Neil+tag=x@mail.example.com", False),
        ("ann@localhost", "ann@localhost", False),
        ("ann@Ex-ample.com", "ann@Ex-ample.com", False),
        # An international domain has an ASCII form; what stands before the `@` has none.
        ("ann@exämple.de", "ann@xn--exmple-cua.de", False),
        ("jürgen@example.de", "jürgen@example.de", True),
        ("ჯონი@მაგალითი.გე", "ჯონი@xn--lodafveble.xn--node", True),
    ],
)
def test_addresses(address: str, on_the_wire: str, needs_smtputf8: bool) -> None:
    one = compose(message(address=address, subject="Grüße"), SHOP, "shop.example")
    assert one.recipient == on_the_wire
    assert one.needs_smtputf8 is needs_smtputf8
    assert f"To: {on_the_wire}".encode() in header_lines(one.content)
    assert one.content.isascii() is not needs_smtputf8


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ann",
        "@",
        "@example.com",
        "ann@",
        "ann@@example.com",
        "a b@example.com",
        "ann@exam ple.com",
        "ann@example..com",
        "ann@-example.com",
        "ann@example.com.",
        "ann.@example.com",
        "a..b@example.com",
        "ann@example.com, bob@example.com",  # two
        "ann@example.com,bob@example.com",
        "Ann <ann@example.com>",  # the profile keeps the address alone
        "<ann@example.com>",
        '"ann b"@example.com',
        "ann(comment)@example.com",
        "ann@[127.0.0.1]",
        "ann@example.com> SIZE=1",
        "ann@example.com\nBcc: bob@example.com",
        "ann@example.com\r\nRCPT TO:<bob@example.com>",
        "ann\0@example.com",
        "ann\t@example.com",
        "ann@example.com\u2028",
        "ann\ud800@example.com",
        f"{'x' * 65}@example.com",
        f"ann@{'x' * 64}.com",
        f"ann@{'.'.join(['x' * 60] * 5)}",
        "ann@ex_ample.com",
    ],
)
def test_what_is_no_address(address: str) -> None:
    with pytest.raises(InputError, match="address: this is no email address") as raised:
        composed(message(address=address))
    assert len(address) < 2 or address not in str(raised.value)  # F5


def test_a_domain_that_two_standards_read_differently_is_refused() -> None:
    with pytest.raises(InputError, match="write the domain in its ASCII form"):
        mailbox("ann@straße.de", place="address")


@pytest.mark.parametrize(
    ("text", "name", "address"),
    [
        ("hello@shop.example", "", "hello@shop.example"),
        ("Shop <hello@shop.example>", "Shop", "hello@shop.example"),
        ('"Shop, the" <hello@shop.example>', "Shop, the", "hello@shop.example"),
        (r'"The \"Shop\"" <hello@shop.example>', 'The "Shop"', "hello@shop.example"),
        ("Größe & Söhne <grüße@höher.example>", "Größe & Söhne", "grüße@xn--hher-5qa.example"),
        ("<hello@shop.example>", "", "hello@shop.example"),
    ],
)
def test_senders(text: str, name: str, address: str) -> None:
    found = sender_mailbox(text, place="sender")
    assert (found.name, found.address) == (name, address)
    one = compose(message(), found, "x.example")
    if not one.needs_smtputf8:
        assert parsed(one.content)["From"].addresses[0].display_name == name
    assert one.sender == address


@pytest.mark.parametrize(
    "text", ["", "Shop", "Shop <>", "Shop <hello@shop.example", "a@b, c@d", "A\nB <a@b>", "a@b>"]
)
def test_what_is_no_sender(text: str) -> None:
    with pytest.raises(InputError, match="sender: "):
        sender_mailbox(text, place="sender")


# Headers that never leave


@pytest.mark.parametrize(
    "line",
    [
        "Hi\nBcc: eve@example.com",
        "Hi\r\nBcc: eve@example.com",
        "Hi\rBcc: eve@example.com",
        "Hi\n\nBody",
        "Hi\x0bBcc: eve@example.com",
        "Hi\x0cBcc: eve@example.com",
        "Hi\x85Bcc: eve@example.com",
        "Hi\u2028Bcc: eve@example.com",
        "Hi\u2029Bcc: eve@example.com",
        "Hi\x00",
        "Hi\x1b[31m",
        "Hi\ud800",
        # Decoded by the parser of the standard library, and written by older ones as it is.
        "=?utf-8?q?Hi=0D=0ABcc:_eve=40example.com?=",
        "=?utf-8?b?SGkNCkJjYzogZXZlQGV4YW1wbGUuY29t?=",
        "a =?utf-8?q?Hi=0ABcc:_eve=40example.com?= z",
    ],
)
@pytest.mark.parametrize("place", ["subject", "X-Campaign", "Reply-To"])
def test_a_header_never_begins_another(line: str, place: str) -> None:
    content = {"subject": line} if place == "subject" else {"headers": {place: line}}
    with pytest.raises(InputError, match=r"control character in a header|no value for") as raised:
        composed(message(**content))
    assert "eve" not in str(raised.value)  # F5


@pytest.mark.parametrize(
    "name",
    ["", "X A", "X:", "X-Ü", "X\nBcc", "Bcc: eve@example.com\nX", "x" * 101, "X\t", "\x7f"],
)
def test_what_is_no_header_name(name: str) -> None:
    with pytest.raises(InputError, match="no name of a header"):
        composed(message(headers={name: "x"}))


@pytest.mark.parametrize(
    "name",
    [
        "Received",
        "Content-Type",
        "content-transfer-encoding",
        "Resent-To",
        "From",
        "TO",
        "cc",
        "Bcc",
        "Subject",
        "Date",
        "message-id",
        "MIME-Version",
        "Return-Path",
    ],
)
def test_headers_of_the_channel_are_not_overridden(name: str) -> None:
    with pytest.raises(InputError, match=rf"{name}.*the channel writes this header itself"):
        composed(message(headers={"X-Fine": "yes", name: "x"}))


def test_a_header_is_given_once() -> None:
    with pytest.raises(InputError, match=r"'x-a'.*given twice"):
        composed(message(headers={"X-A": "1", "x-a": "2"}))


def test_a_header_longer_than_a_line_is_refused() -> None:
    with pytest.raises(InputError, match="at most 998 characters"):
        composed(message(headers={"List-Unsubscribe": f"<https://x/{'y' * 980}>"}))
    fits = f"<https://x/{'y' * 966}>"
    assert f"List-Unsubscribe: {fits}".encode() in header_lines(
        composed(message(headers={"List-Unsubscribe": fits}))
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Reply-To", "Help <help@shop.example>"),
        ("Reply-To", "help@shop.example, more@shop.example"),
        ("Sender", "robot@shop.example"),
        ("X-Campaign", "Frühling"),
        ("X-Empty", ""),
        ("Precedence", "bulk"),
    ],
)
def test_other_headers_pass(name: str, value: str) -> None:
    assert parsed(composed(message(headers={name: value})))[name] == value


@pytest.mark.parametrize("place", ["text", "html"])
def test_a_lone_surrogate_in_a_text_is_refused(place: str) -> None:
    with pytest.raises(InputError, match=rf"content\.{place}: a lone surrogate"):
        composed(message(**{"text": "x", place: "\ud800"}))


NASTY = st.text(
    st.sampled_from('\r\n\t\0 <>@,:;=?"\\.()[]utf-8qb_ABc\x0b\x85\u2028\ud800ü😀\u200d')
    | st.characters(),
    max_size=40,
)


@given(
    NASTY, NASTY, st.sampled_from(["X-A", "Reply-To", "Sender", "List-Unsubscribe"]), NASTY, NASTY
)
@example("=?utf-8?q?=0D=0ABcc:_x?=", "", "X-A", "", "ann@example.com")
@settings(max_examples=500, deadline=None)
def test_whatever_was_typed_there_are_these_headers_and_no_others(
    subject: str, text: str, name: str, value: str, address: str
) -> None:
    one = message(subject=subject, text=text, headers={name: value})
    if "@" in address:
        one = message(address=address, subject=subject, text=text, headers={name: value})
    try:
        content = compose(one, SHOP, "shop.example").content
    except InputError:
        return
    names = [
        line.split(b":")[0].decode()
        for line in header_lines(content)
        if not line.startswith((b" ", b"\t"))
    ]
    assert names == [
        "From", "To", "Subject", "Date", "Message-ID", name,
        "Content-Type", "Content-Transfer-Encoding", "MIME-Version",
    ]  # fmt: skip
    assert b"\r" not in content.replace(b"\r\n", b"")
    assert b"\n" not in content.replace(b"\r\n", b"")
