"""What does an email look like? A message as bytes for SMTP, or the reason why it cannot be one.

Keeps true:
    * what customers or templates wrote never begins a header of its own;
    * a header from `Content.headers` arrives as it was given, on one line if it fits on one,
      so that the URL of a `List-Unsubscribe` stays whole (RFC 8058);
    * the bytes are seven-bit, so that every server takes them; only an address that is not
      ASCII before the `@` needs one that knows SMTPUTF8 (RFC 6531);
    * the message id is the same on every attempt.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from email.utils import format_datetime
from hashlib import sha256
from types import MappingProxyType
from typing import Any

from journeykit.errors import InputError
from journeykit.ports import OutgoingMessage

_LINE = 998
"""The longest line that RFC 5322 allows, without its end."""

_ENCODED_LINE = 76
"""The longest line with words that are encoded (RFC 2047)."""

_ATOM = r'[^\x00-\x20\x7f()<>\[\]:;@\\,".\s]+'
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_ID = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,200}")
_HEADER_NAME = re.compile(r"[!-9;-~]{1,100}")

_OURS = frozenset(
    {"from", "to", "cc", "bcc", "subject", "date", "message-id", "mime-version"}
    | {"return-path", "received"}
)
_OUR_FAMILIES = ("content-", "resent-")
_TWO_IDNA = frozenset("ßς\u200c\u200d")
"""Characters of domain names that IDNA 2003 and 2008 read differently: two owners, one name."""


@dataclass(frozen=True, slots=True)
class Mailbox:
    """An address, taken apart. `domain` is ASCII: international names are in their `xn--` form."""

    local: str
    domain: str
    name: str = ""

    @property
    def address(self) -> str:
        """The address without the name."""
        return f"{self.local}@{self.domain}"


@dataclass(frozen=True, slots=True)
class Email:
    """An email, ready for the wire."""

    sender: str
    recipient: str
    message_id: str
    content: bytes
    needs_smtputf8: bool


def mailbox(address: str, *, place: str) -> Mailbox:
    """Take an address apart: `local@domain`, without quotes, comments or a name.

    Raises:
        InputError: It is none, or longer than RFC 5321 allows. The text of the error does not
            repeat the address.
    """
    local, at, domain = address.rpartition("@")
    if not at or not _LOCAL.fullmatch(local) or not _printable(address) or not domain:
        raise _no_address(place)
    name = _ascii_domain(domain, place)
    if len(local.encode()) > 64 or len(name) > 253:
        raise _no_address(place)
    return Mailbox(local, name)


def sender_mailbox(text: str, *, place: str) -> Mailbox:
    """Take a sender apart: `local@domain`, or `Some Name <local@domain>`.

    Raises:
        InputError: It is neither.
    """
    _refuse_controls(text, place)
    name, bracket, rest = text.rpartition("<")
    if not bracket:
        return mailbox(text.strip(), place=place)
    if not rest.rstrip().endswith(">"):
        raise _no_address(place)
    one = mailbox(rest.rstrip()[:-1].strip(), place=place)
    shown = name.strip()
    if len(shown) > 1 and shown[0] == shown[-1] == '"':
        shown = shown[1:-1].replace('\\"', '"')
    return Mailbox(one.local, one.domain, shown)


def compose(
    message: OutgoingMessage,
    sender: Mailbox,
    id_domain: str,
    headers: Mapping[str, str] = MappingProxyType({}),
) -> Email:
    """Return `message` as an email, with further `headers` beside its own.

    Raises:
        InputError: The address is none, a header is not allowed, or a text holds what no
            email can. The text of the error names the place, and does not repeat the value.
    """
    recipient = mailbox(message.address, place="address")
    content = message.content
    email = EmailMessage(policy=_POLICY)
    email["From"] = Address(sender.name, sender.local, sender.domain)
    email["To"] = Address("", recipient.local, recipient.domain)
    _set(email, "Subject", content.subject or message.template, "content.subject")
    email["Date"] = format_datetime(message.at)
    email["Message-ID"] = message_id = f"<{_id(message.key)}@{id_domain}>"
    _add_headers(email, {**content.headers, **headers})
    _add_body(email, content.text, content.html)
    needs = not (sender.local.isascii() and recipient.local.isascii())
    return Email(
        sender=sender.address,
        recipient=recipient.address,
        message_id=message_id,
        content=email.as_bytes(policy=_POLICY.clone(utf8=True) if needs else _POLICY),
        needs_smtputf8=needs,
    )


class _Folding(EmailPolicy):
    """Long lines for ASCII headers, short ones for words that must be encoded."""

    def fold_binary(self, name: str, value: Any) -> bytes:
        if str(value).isascii():
            return super().fold_binary(name, value)
        return EmailPolicy.fold_binary(self.clone(max_line_length=_ENCODED_LINE), name, value)


_POLICY = _Folding(linesep=SMTP.linesep, max_line_length=_LINE, cte_type="7bit")


def _add_headers(email: EmailMessage, headers: Mapping[str, str]) -> None:
    for name, value in headers.items():
        place = f"content.headers[{name[:100]!r}]"
        if not _HEADER_NAME.fullmatch(name):
            raise InputError(
                "this is no name of a header",
                place=place,
                remedy="up to 100 printable ASCII characters, no blank, no colon",
            )
        if name.lower() in _OURS or name.lower().startswith(_OUR_FAMILIES):
            raise InputError(
                "the channel writes this header itself",
                place=place,
                remedy="leave it out; sender, address, subject and texts have places of their own",
            )
        if name in email:
            raise InputError("this header is given twice", place=place, remedy="give it once")
        if any(len(name) + len(word) + 2 > _LINE for word in value.split()):
            raise InputError(
                f"a line of an email has at most {_LINE} characters",
                place=place,
                remedy="shorten the value, such as by a token in place of data in its URL",
            )
        _set(email, name, value, place)


def _set(email: EmailMessage, name: str, value: str, place: str) -> None:
    _refuse_controls(value, place)
    try:
        email[name] = value
        read = str(email[name])
    except (ValueError, LookupError, AttributeError, TypeError) as error:  # its parser is strict
        raise InputError(f"this is no value for the header {name}", place=place) from error
    # The parser decodes `=?utf-8?q?...?=`, and older ones write a line break in it as one.
    _refuse_controls(read, place)


def _add_body(email: EmailMessage, text: str, html: str | None) -> None:
    for place, body in (("content.text", text), ("content.html", html or "")):
        try:
            body.encode()
        except UnicodeEncodeError as error:
            raise InputError("a lone surrogate is no character", place=place) from error
    if html is None:
        email.set_content(text)
    elif text:
        email.set_content(text)
        email.add_alternative(html, subtype="html")
    else:
        email.set_content(html, subtype="html")


def _id(key: str) -> str:
    """Return `key` where it can stand in a message id, else a hash of it."""
    plain = _ID.fullmatch(key) and not (key.startswith(".") or key.endswith(".") or ".." in key)
    return key if plain else sha256(key.encode(errors="surrogatepass")).hexdigest()


def _ascii_domain(domain: str, place: str) -> str:
    if not _TWO_IDNA.isdisjoint(domain):
        raise InputError(
            "the standards disagree on who owns this domain",
            place=place,
            remedy="write the domain in its ASCII form (xn--…)",
        )
    try:
        name = domain.encode("idna").decode()
    except UnicodeError as error:
        raise _no_address(place) from error
    if not _DOMAIN.fullmatch(name):
        raise _no_address(place)
    return name


def _no_address(place: str) -> InputError:
    return InputError("this is no email address", place=place, remedy="local@domain.example")


def _refuse_controls(text: str, place: str) -> None:
    if not _printable(text.replace("\t", " ")):
        raise InputError(
            "a line break or control character in a header",
            place=place,
            remedy="a header is one line of text",
        )


def _printable(text: str) -> bool:
    """Tell whether `text` is one line: no controls, line separators or lone surrogates."""
    return not any(unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") for char in text)
