"""Email over real sockets: a real server for what it takes, a scripted one for how it fails."""

from __future__ import annotations

import smtplib
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from shutil import which
from time import monotonic
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope

from journeykit.adapters import Tokens
from journeykit.adapters.smtp import SMTPChannel
from journeykit.errors import InputError, UsageError
from journeykit.ports import Accepted, Content, OutgoingMessage, Receipt, Rejected, Retry
from journeykit.testing import check_channel

SENDER = "Shop <hello@shop.example>"


class Inbox:
    """What the server took, and what it says instead of `250`."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []
        self.sessions: list[Any] = []
        self.answers: dict[str, str] = {}

    async def handle_MAIL(
        self, server: Any, session: Any, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from, envelope.mail_options = address, options
        return self.answers.get("MAIL", "250 OK")

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.answers.get(address, self.answers.get("RCPT", "250 OK"))
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:
        answer = self.answers.get("DATA", "250 OK")
        if answer.startswith("2"):
            self.envelopes.append(envelope)
            self.sessions.append(session)
        return answer

    def keys(self) -> list[str]:
        """The message ids that came, in order."""
        return [self.read(at)["Message-ID"] for at in range(len(self.envelopes))]

    def read(self, at: int = -1) -> Any:
        content = self.envelopes[at].content
        assert isinstance(content, bytes)
        return message_from_bytes(content, policy=default)


class Server:
    """A local server; `channel()` sends to it."""

    def __init__(self, **settings: Any) -> None:
        settings = {"server_hostname": "localhost"} | settings
        self.inbox = Inbox()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.controller = Controller(self.inbox, hostname="127.0.0.1", port=self.port, **settings)
        self.controller.start()

    def channel(self, **settings: Any) -> SMTPChannel:
        return channel_to(self.port, **settings)


def channel_to(port: int, host: str = "127.0.0.1", **settings: Any) -> SMTPChannel:
    settings = {"sender": SENDER, "timeout": 10.0, "local_hostname": "test.example"} | settings
    return SMTPChannel(host, port, **settings)


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def start(**settings: Any) -> Server:
        servers.append(Server(**settings))
        return servers[-1]

    yield start
    for server in servers:
        server.controller.stop()


def message(key: str = "k1", address: str = "ann@example.com", **content: Any) -> OutgoingMessage:
    return OutgoingMessage(
        key=key,
        customer_id="ann",
        channel="email",
        address=address,
        template="welcome",
        content=Content(**({"subject": "Hi", "text": "Hello"} | content)),
        journey="j",
        step="s",
        topic=None,
        at=datetime(2026, 3, 1, 12, 30, tzinfo=UTC),
    )


# One-click unsubscribe

TOKENS = Tokens([b"k" * 32])
ONE_CLICK = TOKENS.one_click("https://shop.example/unsubscribe?t={token}")
OWN = {"list-unsubscribe": "<mailto:u@shop.example>"}
LINKS = [  # what is said of the mail, and the headers to unsubscribe that it arrives with
    ({}, {}, ["List-Unsubscribe", "List-Unsubscribe-Post"]),
    ({"legal_basis": "legitimate_interest"}, {}, ["List-Unsubscribe", "List-Unsubscribe-Post"]),
    ({"transactional": True}, {}, []),
    ({"legal_basis": "contract"}, {}, []),  # no withdrawal stops it
    ({"legal_basis": "legal_obligation"}, {}, []),
    ({}, {"headers": OWN}, ["list-unsubscribe"]),  # the template's own stays
]


@pytest.mark.parametrize(("more", "content", "there"), LINKS)
def test_mail_that_a_withdrawal_stops_can_be_unsubscribed_from(
    more: dict[str, Any], content: dict[str, Any], there: list[str], serve: Callable[..., Server]
) -> None:
    """G7 and RFC 8058: the link stays whole, however long the token."""
    server = serve()
    mail = replace(message(**content), customer_id="c" * 60, **more)
    assert isinstance(server.channel(unsubscribe=ONE_CLICK).send(mail), Accepted)
    raw = server.inbox.envelopes[-1].content
    assert isinstance(raw, bytes)
    lines = [line for line in raw.decode().split("\r\n") if line.lower().startswith("list-")]
    assert [line.partition(":")[0] for line in lines] == there
    if len(there) == 2:
        token = server.inbox.read()["List-Unsubscribe"].strip("<>").partition("=")[2]
        assert len(token) > 120
        assert token in lines[0]
        assert lines[1] == "List-Unsubscribe-Post: List-Unsubscribe=One-Click"
        claim = TOKENS.read(token, "unsubscribe", at=mail.at)
        assert (claim.customer_id, claim.channel, claim.topic) == ("c" * 60, "email", None)


# What arrives


def test_it_keeps_every_promise_of_a_channel(serve: Callable[..., Server]) -> None:  # D2
    server = serve()
    taken = 0

    def make() -> SMTPChannel:
        nonlocal taken
        taken = len(server.inbox.envelopes)
        return server.channel()

    check_channel(make, address="ann@example.com", sent=lambda _: server.inbox.keys()[taken:])


def test_an_email_arrives(serve: Callable[..., Server]) -> None:
    server = serve()
    url = f"<https://shop.example/unsubscribe/{'t0k3n' * 30}>"
    headers = {"List-Unsubscribe": url, "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    receipt = server.channel().send(
        message(subject="Grüße 👋", text="Zeile\n.\nEnde", html="<p>ünï</p>", headers=headers)
    )
    assert receipt == Accepted("<k1@shop.example>")
    (envelope,) = server.inbox.envelopes
    assert envelope.mail_from == "hello@shop.example"
    assert envelope.rcpt_tos == ["ann@example.com"]
    assert isinstance(envelope.content, bytes)
    assert f"\r\nList-Unsubscribe: {url}\r\n".encode() in envelope.content  # RFC 8058
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in envelope.content
    found = server.inbox.read()
    assert found["Subject"] == "Grüße 👋"
    assert found["From"] == SENDER
    assert found["To"] == "ann@example.com"
    assert found["Message-ID"] == "<k1@shop.example>"
    assert [part.get_content().split() for part in found.iter_parts()] == [
        ["Zeile", ".", "Ende"],
        ["<p>ünï</p>"],
    ]
    assert server.inbox.sessions[0].host_name == "test.example"


def test_a_repeat_has_the_same_id_under_a_domain_of_its_own(serve: Callable[..., Server]) -> None:
    server = serve()
    channel = server.channel(message_id_domain="ids.example")
    assert channel.send(message()) == channel.send(message()) == Accepted("<k1@ids.example>")
    channel.send(message("k2"))
    assert server.inbox.keys() == ["<k1@ids.example>"] * 2 + ["<k2@ids.example>"]


def test_only_the_address_of_the_message_is_written_to(serve: Callable[..., Server]) -> None:
    server = serve()
    for bad in (
        message(subject="Hi\nBcc: eve@example.com"),
        message(subject="=?utf-8?q?Hi=0D=0ABcc:_eve=40example.com?="),
        message(address="ann@example.com\nBcc: eve@example.com"),
        message(address="ann@example.com, eve@example.com"),
        message(address="ann@example.com> ORCPT=rfc822;eve"),
        message(headers={"Bcc": "eve@example.com"}),
        message(headers={"X-A": "1\r\nBcc: eve@example.com"}),
        message(headers={"From": "boss@shop.example"}),
        message(headers={"message-id": "<mine@shop.example>"}),
    ):
        receipt = server.channel().send(bad)
        assert isinstance(receipt, Rejected)
        assert not receipt.dead_address
        assert receipt.reason
        assert "eve" not in receipt.reason
    assert server.inbox.envelopes == []


def test_what_cannot_be_an_email_needs_no_server() -> None:
    receipt = channel_to(1).send(message(headers={"To": "eve@example.com"}))
    assert receipt == Rejected(
        "content.headers['To']: the channel writes this header itself; leave it out; sender, "
        "address, subject and texts have places of their own",
        dead_address=False,
    )


def test_an_address_that_is_not_ascii_needs_smtputf8(serve: Callable[..., Server]) -> None:
    server = serve(enable_SMTPUTF8=True)
    assert isinstance(server.channel().send(message(address="jürgen@höher.de")), Accepted)
    (envelope,) = server.inbox.envelopes
    assert envelope.rcpt_tos == ["jürgen@xn--hher-5qa.de"]
    assert envelope.smtp_utf8
    assert isinstance(envelope.content, bytes)
    assert "\r\nTo: jürgen@xn--hher-5qa.de\r\n".encode() in envelope.content
    # An address of ASCII asks for nothing, so the next server on its way may be old.
    server.channel().send(message())
    assert not server.inbox.envelopes[-1].smtp_utf8

    old = serve(enable_SMTPUTF8=False)
    receipt = old.channel().send(message(address="jürgen@example.de"))
    assert isinstance(receipt, Rejected)
    assert not receipt.dead_address
    assert "SMTPUTF8" in receipt.reason
    assert isinstance(old.channel().send(message(address="ann@höher.de")), Accepted)
    assert old.inbox.envelopes[0].rcpt_tos == ["ann@xn--hher-5qa.de"]


def test_one_channel_serves_many_threads(serve: Callable[..., Server]) -> None:
    server = serve()
    channel = server.channel()
    receipts: list[Receipt] = []
    threads = [
        threading.Thread(target=lambda n=n: receipts.append(channel.send(message(f"k{n}"))))
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(server.inbox.keys()) == [f"<k{n}@shop.example>" for n in range(8)]
    assert len(receipts) == 8


def test_many_leave_on_one_connection(serve: Callable[..., Server]) -> None:
    """Each with its own receipt, whatever became of the one before."""
    server = serve()
    server.inbox.answers["eve@example.com"] = "550 5.1.1 no such user"
    server.inbox.answers["bob@example.com"] = "450 4.2.0 greylisted"
    messages = [
        message("k1"),
        message("k2", "eve@example.com"),
        message("k3"),
        message("k4", "no address"),
        message("k5", "bob@example.com"),
        message("k6"),
    ]
    receipts = server.channel().send_many(messages)
    assert [type(one) for one in receipts] == [
        Accepted, Rejected, Accepted, Rejected, Retry, Accepted,
    ]  # fmt: skip
    assert receipts[1] == Rejected("550 5.1.1 no such user", dead_address=True)
    assert server.inbox.keys() == ["<k1@shop.example>", "<k3@shop.example>", "<k6@shop.example>"]
    assert len({id(session) for session in server.inbox.sessions}) == 1
    assert [envelope.rcpt_tos for envelope in server.inbox.envelopes] == [["ann@example.com"]] * 3


# What a server refuses


@pytest.mark.parametrize(
    ("command", "answer", "wanted"),
    [
        ("RCPT", "550 5.1.1 no such user", Rejected("550 5.1.1 no such user", True)),
        ("RCPT", "550 no such user", Rejected("550 no such user", True)),
        ("RCPT", "550 5.7.1 policy", Rejected("550 5.7.1 policy", False)),
        ("RCPT", "450 4.2.0 greylisted", Retry("450 4.2.0 greylisted")),
        ("MAIL", "550 5.1.8 bad sender", Rejected("550 5.1.8 bad sender", False)),
        ("MAIL", "451 4.3.0 later", Retry("451 4.3.0 later")),
        ("MAIL", "530 5.7.0 log in", Retry("530 5.7.0 log in")),
        ("DATA", "554 5.7.1 spam", Rejected("554 5.7.1 spam", False)),
        ("DATA", "550 5.1.1 no such user", Rejected("550 5.1.1 no such user", True)),
        ("DATA", "452 4.3.1 disk full", Retry("452 4.3.1 disk full")),
    ],
)
def test_what_the_server_says_is_told(
    serve: Callable[..., Server], command: str, answer: str, wanted: Receipt
) -> None:  # D3
    server = serve()
    server.inbox.answers[command] = answer
    assert server.channel().send(message()) == wanted
    assert server.inbox.envelopes == []


def test_a_message_too_big_for_the_server_is_its_own_fault(serve: Callable[..., Server]) -> None:
    server = serve(data_size_limit=10_000)
    receipt = server.channel().send(message(text="x\n" * 10_000))
    assert isinstance(receipt, Rejected)
    assert receipt.reason.startswith("552 ")
    assert not receipt.dead_address
    assert isinstance(server.channel().send(message()), Accepted)


# How a connection fails


class Scripted:
    """A server that says what the test tells it to, then hangs or hangs up."""

    def __init__(self, *script: str) -> None:
        self.heard: list[str] = []
        self._script = script
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        self._open.append(connection)
        lines = connection.makefile("rb")
        for number, answer in enumerate(self._script):
            if number:
                line = lines.readline()
                if self.heard and self.heard[-1] == "DATA" and self._script[number - 1][:1] == "3":
                    while line.strip() != b".":
                        line = lines.readline()
                self.heard.append(line.decode().strip())
            if answer == "hang":
                return
            if answer == "hang up":
                lines.close()
                connection.shutdown(socket.SHUT_RDWR)
                connection.close()
                return
            connection.sendall(answer.encode() + b"\r\n")
        lines.close()
        connection.close()

    def close(self) -> None:
        for one in [self._listener, *self._open]:
            one.close()
        self._thread.join(10)


@pytest.fixture
def script() -> Iterator[Callable[..., Scripted]]:
    servers: list[Scripted] = []

    def start(*lines: str) -> Scripted:
        servers.append(Scripted(*lines))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


GREETED = ("220 hi", "250 hi")
UP_TO_DATA = (*GREETED, "250 ok", "250 ok", "354 go on")


@pytest.mark.parametrize(
    "lines",
    [
        ("hang",),
        ("hang up",),
        ("554 5.7.1 no service for you",),
        ("421 too busy",),
        ("nonsense",),
        ("220 hi", "hang up"),
        ("220 hi", "550 no", "550 no"),  # neither EHLO nor HELO
        (*GREETED, "hang"),
        (*GREETED, "hang up"),
        (*GREETED, "421 4.3.2 shutting down"),
        (*GREETED, "250 ok", "hang"),
        (*GREETED, "250 ok", "250 ok", "hang up"),
        (*GREETED, "250 ok", "250 ok", "451 not now"),
        (*UP_TO_DATA, "hang"),  # in the middle of DATA: nobody knows whether it left
        (*UP_TO_DATA, "hang up"),
        (*UP_TO_DATA, "421 4.3.2 shutting down"),
    ],
)
def test_a_session_that_fails_is_tried_again(
    script: Callable[..., Scripted], lines: Sequence[str]
) -> None:  # D2, D3
    receipt = channel_to(script(*lines).port, timeout=0.3).send(message())
    assert isinstance(receipt, Retry)
    assert receipt.reason
    assert receipt.after is None


@pytest.mark.parametrize(
    ("lines", "accepted"),
    [
        (("554 5.7.1 no service for you",), 0),
        (("hang up",), 0),
        ((*GREETED, "hang up"), 0),
        ((*UP_TO_DATA, "250 2.0.0 queued", "hang up"), 1),
        ((*UP_TO_DATA, "250 2.0.0 queued", "421 enough"), 1),
        ((*GREETED, "250 ok", "550 no", "hang up"), 0),
    ],
)
def test_a_connection_that_breaks_is_made_once_more_and_no_oftener(
    script: Callable[..., Scripted], lines: Sequence[str], accepted: int
) -> None:
    """The second one hangs here: what is left comes again, and nobody waits for each of them."""
    started = monotonic()
    channel = channel_to(script(*lines).port, timeout=0.3)
    receipts = channel.send_many([message(f"k{n}") for n in range(50)])
    assert len(receipts) == 50
    assert [type(one) for one in receipts[:accepted]] == [Accepted] * accepted
    assert isinstance(receipts[-1], Retry)
    assert monotonic() - started < 50 * 0.3 / 2


def test_nobody_listening_is_tried_again() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, and not listening
        receipt = channel_to(taken.getsockname()[1]).send(message())
    assert isinstance(receipt, Retry)
    assert receipt.reason.startswith("ConnectionRefusedError")


@pytest.mark.parametrize("goodbye", ["hang", "hang up", "500 what", "nonsense", "421 bye"])
def test_what_the_server_took_is_accepted_whatever_happens_then(
    script: Callable[..., Scripted], goodbye: str
) -> None:  # D2: a Retry here would write to the customer twice
    server = script(*UP_TO_DATA, "250 2.0.0 queued", goodbye)
    assert channel_to(server.port, timeout=0.3).send(message()) == Accepted("<k1@shop.example>")


def test_what_the_server_refused_stays_refused_whatever_happens_then(
    script: Callable[..., Scripted],
) -> None:
    server = script(*GREETED, "250 ok", "550 5.1.1 no such user", "hang up")
    receipt = channel_to(server.port, timeout=0.3).send(message())
    assert receipt == Rejected("550 5.1.1 no such user", dead_address=True)


def test_a_refusal_of_data_itself_is_about_the_content(script: Callable[..., Scripted]) -> None:
    server = script(*GREETED, "250 ok", "250 ok", "554 5.5.1 no valid recipients", "221 bye")
    receipt = channel_to(server.port).send(message())
    assert receipt == Rejected("554 5.5.1 no valid recipients", dead_address=False)
    assert [one.lower() for one in server.heard] == [
        "ehlo test.example",
        "mail from:<hello@shop.example>",
        "rcpt to:<ann@example.com>",
        "data",
        "quit",
    ]


def test_the_size_is_announced_where_the_server_asks_for_it(
    script: Callable[..., Scripted],
) -> None:
    server = script("220 hi", "250-hi\r\n250 SIZE 1000", "552 5.3.4 too big", "221 bye")
    receipt = channel_to(server.port).send(message(text="x" * 500))
    assert receipt == Rejected("552 5.3.4 too big", dead_address=False)
    assert " size=" in server.heard[1].lower()


# TLS and login


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A key and a certificate for localhost, which nobody else trusts."""
    if which("openssl") is None:
        pytest.skip("TLS is NOT TESTED: there is no openssl here to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    key, cert = folder / "key.pem", folder / "cert.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-nodes", "-keyout", key, "-out", cert, "-days", "2"),
            *("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"),
        ],
        check=True,
        capture_output=True,
    )
    return key, cert


@pytest.fixture
def server_context(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    key, cert = certificate
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(cert, key)
    return context


@pytest.fixture
def trusting(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certificate[1])


def test_starttls(
    serve: Callable[..., Server], server_context: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    server = serve(tls_context=server_context, require_starttls=True)
    channel = server.channel(host="localhost", starttls=True, context=trusting)
    assert isinstance(channel.send(message()), Accepted)
    assert server.inbox.sessions[0].ssl is not None
    # Without TLS this server wants none of it: that is for the operator, not for the message.
    receipt = server.channel().send(message())
    assert receipt == Retry("530 Must issue a STARTTLS command first")


def test_tls_from_the_first_byte(
    serve: Callable[..., Server], server_context: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    server = serve(ssl_context=server_context, server_hostname="localhost")
    channel = server.channel(host="localhost", tls=True, context=trusting)
    assert isinstance(channel.send(message()), Accepted)


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(
    serve: Callable[..., Server], server_context: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    server = serve(tls_context=server_context)
    for channel in (
        server.channel(host="localhost", starttls=True),  # the system does not know it
        server.channel(host="127.0.0.1", starttls=True, context=trusting),  # another name
    ):
        receipt = channel.send(message())
        assert isinstance(receipt, Retry)
        assert "CERTIFICATE_VERIFY_FAILED" in receipt.reason
    assert server.inbox.envelopes == []


def test_nothing_is_sent_in_the_clear_where_tls_was_asked_for(
    serve: Callable[..., Server],
) -> None:
    server = serve()
    receipt = server.channel(starttls=True).send(message())
    assert receipt == Retry("SMTPNotSupportedError: STARTTLS extension not supported by server.")
    assert server.inbox.envelopes == []


@pytest.mark.filterwarnings("ignore:Requiring AUTH:UserWarning")  # the server's, of itself
def test_login(serve: Callable[..., Server]) -> None:
    def check(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        right = (data.login, data.password) == (b"shop", b"s3cret")
        return AuthResult(success=right, handled=False)  # let the server say so

    server = serve(authenticator=check, auth_required=True, auth_require_tls=False)
    assert isinstance(server.channel(username="shop", password="s3cret").send(message()), Accepted)
    wrong = server.channel(username="shop", password="old").send(message())
    assert isinstance(wrong, Retry)  # a password that was changed costs no message
    assert wrong.reason.startswith("535 ")
    assert "old" not in wrong.reason
    without = server.channel().send(message())
    assert isinstance(without, Retry)
    assert without.reason.startswith("530 ")


# How it is set up


@pytest.mark.parametrize(
    ("settings", "error", "complaint"),
    [
        ({"sender": "Shop"}, InputError, r"SMTPChannel\.sender: this is no email address"),
        ({"sender": "a@b\nBcc: c@d"}, InputError, r"SMTPChannel\.sender"),
        ({"message_id_domain": "a b"}, InputError, r"SMTPChannel\.message_id_domain"),
        ({"starttls": True, "tls": True}, UsageError, "TLS begins once"),
        ({"context": ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)}, UsageError, "never be used"),
        ({"password": "x"}, UsageError, "a password without a username"),
        ({"username": "ü", "password": "x"}, UsageError, r"SMTPChannel\.username"),
        ({"username": "x", "password": "sécret"}, UsageError, r"SMTPChannel\.password"),
        ({"unsubscribe": TOKENS}, UsageError, r"SMTPChannel\.unsubscribe.*one_click"),
        ({"timeout": 0}, UsageError, r"SMTPChannel\.timeout.*\(got 0\)"),
        ({"timeout": float("nan")}, UsageError, r"SMTPChannel\.timeout"),
    ],
)
def test_what_cannot_be_is_refused_at_once(
    settings: dict[str, Any], error: type[Exception], complaint: str
) -> None:
    with pytest.raises(error, match=complaint) as raised:
        channel_to(25, **settings)
    assert "sécret" not in str(raised.value)  # F5


def test_its_repr_keeps_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    channel = channel_to(25, username="shop", password="s3cret")
    assert repr(channel) == "SMTPChannel('127.0.0.1', 25, sender='hello@shop.example')"


def test_the_timeout_is_in_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[object] = []

    class Refuses:
        def __init__(self, *where: object, timeout: float) -> None:
            waits.append(timeout)
            raise TimeoutError("timed out")

    monkeypatch.setattr(smtplib, "SMTP", Refuses)
    assert channel_to(25, timeout=7.5).send(message()) == Retry("TimeoutError: timed out")
    assert waits == [7.5]
    assert SMTPChannel("localhost", sender=SENDER)._timeout == 30.0
