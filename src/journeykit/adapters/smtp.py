"""How does an email leave? By SMTP, with nothing but the standard library.

One connection per call: a server that closes idle connections, or a worker that is killed,
never leaves a message half sent on a shared one. Nothing is shared, so one channel serves any
number of threads. With `Delivery(batch=...)` a call takes several emails.

Keeps true:
    * once the server has taken the text, the answer is `Accepted`, whatever happens then;
    * what the server says of the session, not of this message, is never held against it.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Self

from journeykit.adapters.smtp_email import Email, compose, mailbox, sender_mailbox
from journeykit.adapters.smtp_replies import refusal, succeeded
from journeykit.errors import InputError, UsageError
from journeykit.ports import (
    Accepted,
    OutgoingMessage,
    Receipt,
    Rejected,
    Retry,
    UnsubscribeHeaders,
)

_STOPPED = ("consent", "legitimate_interest")
"""The legal bases on which a withdrawal stops a message (rule G7)."""


class SMTPChannel:
    """A `Channel` that hands email to an SMTP server.

    The email goes to `message.address`, which is a bare `local@domain`. `Content.text` and
    `Content.html` become its alternatives, `Content.headers` extra headers; a subject left
    empty is the template's name. Headers that the channel writes itself (`From`, `To`, `Cc`,
    `Bcc`, `Subject`, `Date`, `Message-ID` and those of MIME) are refused.

    What it answers:
        Accepted: The server took the text; `provider_id` is the message id. It is derived from
            the message's key, the same on every attempt, so that a repeat can be recognised.
        Rejected: The server refuses this message for good (5xx), or the message cannot be an
            email, and then nothing was sent. `dead_address` is true only where the server
            says that the mailbox or its domain is not there: enhanced status 5.1.1, 5.1.2,
            5.1.3, 5.1.6, 5.1.10 or 5.2.1 (RFC 3463), or without one 550, 551 or 553 to RCPT.
        Retry: Everything else: 4xx, no connection, no answer in time, no TLS, no login.

    Args:
        host: The server's name. With TLS its certificate must be for this name.
        port: 25 between servers, 587 for `starttls`, 465 for `tls`.
        sender: The `From` header, such as `Shop <hello@shop.example>`; its address also takes
            the bounces.
        username: For servers that want a login, with `password`; both ASCII.
        starttls: Switch to TLS before anything is said of a message. A server that cannot is
            answered with `Retry`: nothing is ever sent in the clear instead.
        tls: Speak TLS from the first byte.
        context: Which certificates to trust; the system's by default.
        timeout: Seconds to wait for the connection, and then for each answer.
        message_id_domain: What stands after the `@` of message ids; the sender's domain by
            default. Keep it as it is, or repeats around the change have two ids.
        local_hostname: How to introduce this machine; asked of the resolver by default.
        unsubscribe: Gives mail that a withdrawal stops the headers to unsubscribe with one
            click, such as `tokens.one_click(url)`: all that is not transactional, nor has the
            legal basis `contract` or `legal_obligation`. Where the template wrote a
            `List-Unsubscribe` of its own, that one stays.

    Raises:
        UsageError: Two of these contradict each other, or one cannot be.
        InputError: `sender` is no address.
    """

    def __init__(
        self,
        host: str,
        port: int = 25,
        *,
        sender: str,
        username: str | None = None,
        password: str | None = None,
        starttls: bool = False,
        tls: bool = False,
        context: ssl.SSLContext | None = None,
        timeout: float = 30.0,
        message_id_domain: str | None = None,
        local_hostname: str | None = None,
        unsubscribe: UnsubscribeHeaders | None = None,
    ) -> None:
        _refuse_contradictions(username, password, starttls, tls, context, timeout)
        self._host = host
        self._port = port
        self._sender = sender_mailbox(sender, place="SMTPChannel.sender")
        self._login = None if username is None else (username, password or "")
        self._starttls = starttls
        self._context = context
        if context is None and (starttls or tls):
            self._context = ssl.create_default_context()
        self._tls = tls
        self._timeout = timeout
        self._id_domain = self._sender.domain
        if message_id_domain is not None:
            place = "SMTPChannel.message_id_domain"
            self._id_domain = mailbox(f"id@{message_id_domain}", place=place).domain
        self._local_hostname = local_hostname
        if unsubscribe is not None and not callable(getattr(unsubscribe, "headers", None)):
            raise UsageError(
                "this gives mail no headers", place="SMTPChannel.unsubscribe", value=unsubscribe,
                remedy="tokens.one_click('https://shop.example/unsubscribe/{token}')",
            )  # fmt: skip
        self._unsubscribe = unsubscribe

    def send(self, message: OutgoingMessage) -> Receipt:
        """Hand one email over."""
        return self.send_many([message])[0]

    def send_many(self, messages: Sequence[OutgoingMessage]) -> list[Receipt]:
        """Hand emails over on one connection; return one receipt for each, in their order.

        Where the connection breaks, the email at hand comes again, and the next one goes on
        another connection. Where that breaks too, or cannot be made, all that are left come again.
        """
        with _Line(self._connect) as line:
            return [self._hand_over(message, line) for message in messages]

    def _hand_over(self, message: OutgoingMessage, line: _Line) -> Receipt:
        try:
            email = compose(message, self._sender, self._id_domain, self._links(message))
        except InputError as error:
            return Rejected(str(error), dead_address=False)
        return line.hand_over(email)

    def __repr__(self) -> str:
        return f"SMTPChannel({self._host!r}, {self._port}, sender={self._sender.address!r})"

    def _links(self, message: OutgoingMessage) -> Mapping[str, str]:
        """Return the headers to unsubscribe, for mail that has a use for them."""
        own = {name.lower() for name in message.content.headers}
        stops = not message.transactional and message.legal_basis in _STOPPED
        if self._unsubscribe is None or not stops or "list-unsubscribe" in own:
            return {}
        headers = self._unsubscribe.headers(message)
        return {name: value for name, value in headers.items() if name.lower() not in own}

    def _connect(self) -> smtplib.SMTP:
        server = self._greeted()
        try:
            server.ehlo_or_helo_if_needed()
            if self._starttls:
                server.starttls(context=self._context)
                server.ehlo_or_helo_if_needed()
            if self._login is not None:
                server.login(*self._login)
        except BaseException:
            server.close()
            raise
        return server

    def _greeted(self) -> smtplib.SMTP:
        where = (self._host, self._port, self._local_hostname)
        if self._tls:
            return smtplib.SMTP_SSL(*where, timeout=self._timeout, context=self._context)
        return smtplib.SMTP(*where, timeout=self._timeout)


class _Line:
    """A connection, made when it is needed first, and once more where it breaks."""

    def __init__(self, connect: Callable[[], smtplib.SMTP]) -> None:
        self._connect = connect
        self._server: smtplib.SMTP | None = None
        self._may_break = True
        self._is_clean = True
        self._dead: Receipt | None = None

    def hand_over(self, email: Email) -> Receipt:
        if self._dead is not None:
            return self._dead
        if not self._is_clean:
            self._start_over()
        try:
            server = self._server = self._server or self._connect()
        except smtplib.SMTPResponseException as error:
            self._dead = refusal("session", error.smtp_code, error.smtp_error)
            return self._dead
        except (smtplib.SMTPException, OSError) as error:
            self._dead = _come_again(error)
            return self._dead
        try:
            receipt = _hand_over(server, email)
        except (smtplib.SMTPException, OSError) as error:
            self._drop()
            receipt = _come_again(error)
            if not self._may_break:
                self._dead = receipt
            self._may_break = False
            return receipt
        self._is_clean = isinstance(receipt, Accepted)
        return receipt

    def _start_over(self) -> None:
        """Take back what was said of an email that was refused halfway."""
        self._is_clean = True
        if self._server is None:
            return
        try:
            is_good = succeeded(self._server.rset()[0])
        except (smtplib.SMTPException, OSError):
            is_good = False
        if not is_good:
            self._drop()

    def _drop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._server is not None:
            with suppress(smtplib.SMTPException, OSError):  # the emails are decided already
                self._server.quit()
        self._drop()


def _hand_over(server: smtplib.SMTP, email: Email) -> Receipt:
    options = [f"SIZE={len(email.content)}"] if server.has_extn("size") else []
    if email.needs_smtputf8:
        if not server.has_extn("smtputf8"):
            reason = "this server takes ASCII addresses only; use one that knows SMTPUTF8"
            return Rejected(reason, dead_address=False)
        options += ["SMTPUTF8", "BODY=8BITMIME"]
    code, said = server.mail(email.sender, options)
    if not succeeded(code):
        return refusal("sender", code, said)
    code, said = server.rcpt(email.recipient)
    if not succeeded(code):
        return refusal("recipient", code, said)
    try:
        code, said = server.data(email.content)
    except smtplib.SMTPDataError as error:  # DATA itself was refused, before any of the text
        code, said = error.smtp_code, _bytes(error.smtp_error)
    if not succeeded(code):
        return refusal("content", code, said)
    return Accepted(email.message_id)


def _bytes(said: bytes | str) -> bytes:
    return said if isinstance(said, bytes) else said.encode()


def _come_again(error: Exception) -> Retry:
    return Retry(f"{type(error).__name__}: {error}"[:300])


def _refuse_contradictions(
    username: str | None,
    password: str | None,
    starttls: bool,
    tls: bool,
    context: ssl.SSLContext | None,
    timeout: float,
) -> None:
    if starttls and tls:
        raise UsageError(
            "TLS begins once",
            place="SMTPChannel.starttls",
            remedy="starttls=True for port 587, or tls=True for port 465",
        )
    if context is not None and not (starttls or tls):
        raise UsageError(
            "a context without TLS would never be used",
            place="SMTPChannel.context",
            remedy="add starttls=True or tls=True",
        )
    if password is not None and username is None:
        raise UsageError(
            "a password without a username",
            place="SMTPChannel.password",
            remedy="give both, or neither",
        )
    for name, secret in (("username", username), ("password", password)):
        if secret is not None and not secret.isascii():
            raise UsageError("the login is ASCII", place=f"SMTPChannel.{name}")
    if not timeout > 0:
        raise UsageError(
            "a time-out is longer than no time",
            place="SMTPChannel.timeout",
            value=timeout,
            remedy="seconds, such as 30",
        )
