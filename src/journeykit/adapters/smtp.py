"""How does an email leave? By SMTP, with nothing but the standard library.

One connection per message: a server that closes idle connections, or a worker that is
killed, never leaves a message half sent on a shared one.
"""

from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from journeykit.ports import Accepted, OutgoingMessage, Receipt, Rejected, Retry

_POLICY = SMTP.clone(max_line_length=998)
"""A shorter limit folds long `List-Unsubscribe` URLs into encoded words, which breaks RFC 8058."""

_DEAD = frozenset({550, 551, 553})


class SMTPChannel:
    """A `Channel` that hands email to an SMTP server.

    The message id is derived from the key, so that a repeat can be recognised. What the
    server refuses for good (5xx) is `Rejected`, the address counting as dead where the server
    said so of the recipient (550, 551, 553); everything else that goes wrong is `Retry`.

    Args:
        host, port: The server.
        sender: The `From` header, such as `Shop <hello@shop.example>`.
        username, password: For servers that want a login.
        starttls: Whether to switch to TLS before anything is said.
        timeout: Seconds to wait for the server.
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
        timeout: float = 30.0,
    ) -> None:
        self._host = host
        self._port = port
        self._sender = sender
        self._login = None if username is None else (username, password or "")
        self._starttls = starttls
        self._timeout = timeout

    def send(self, message: OutgoingMessage) -> Receipt:
        """Hand one email over."""
        try:
            email = self._compose(message)
        except ValueError as error:
            return Rejected(f"cannot be composed: {error}", dead_address=False)
        try:
            with smtplib.SMTP(self._host, self._port, timeout=self._timeout) as server:
                if self._starttls:
                    server.starttls(context=ssl.create_default_context())
                if self._login is not None:
                    server.login(*self._login)
                server.send_message(email)
        except smtplib.SMTPRecipientsRefused as error:
            code, said = next(iter(error.recipients.values()))
            return _refused(code, said, of_recipient=True)
        except smtplib.SMTPResponseException as error:
            return _refused(error.smtp_code, error.smtp_error, of_recipient=False)
        except (smtplib.SMTPException, OSError) as error:
            return Retry(f"{type(error).__name__}: {error}")
        return Accepted(email["Message-ID"])

    def _compose(self, message: OutgoingMessage) -> EmailMessage:
        content = message.content
        email = EmailMessage(policy=_POLICY)
        email["From"] = self._sender
        email["To"] = message.address
        email["Subject"] = content.subject or message.template
        email["Date"] = format_datetime(message.at)
        email["Message-ID"] = f"<{message.key}@journeykit.invalid>"
        for name, value in content.headers.items():
            email[name] = value
        email.set_content(content.text)
        if content.html is not None:
            email.add_alternative(content.html, subtype="html")
        return email


def _refused(code: int, said: bytes | str, *, of_recipient: bool) -> Receipt:
    words = said.decode(errors="replace") if isinstance(said, bytes) else said
    reason = f"{code} {words}"
    if 500 <= code < 600:
        return Rejected(reason, dead_address=of_recipient and code in _DEAD)
    return Retry(reason)
