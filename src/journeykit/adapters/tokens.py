"""Who may unsubscribe, confirm or open preferences by a link? Who holds a token signed here.

A token is signed, not encrypted: whoever holds the link can read the customer id in it.

Keeps true:
    * a token that does not count is refused in one way, whatever is wrong with it: nothing
      of it is shown, and comparing takes the same time for every forgery;
    * secrets are in no repr, in no error, and in no variable of the calls that raise one.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

import msgspec

from journeykit.errors import InvalidTokenError, UsageError
from journeykit.ports import OutgoingMessage, TokenClaim, TokenPurpose
from journeykit.time import DAY, SECOND, Duration, days, from_micros, shift, to_micros, zone

_PURPOSES: Final[tuple[TokenPurpose, ...]] = ("unsubscribe", "confirm", "preferences")
_VALID_FOR: Final[Mapping[str, Duration | None]] = {
    "unsubscribe": None,
    "confirm": days(7),
    "preferences": days(30),
}
_SHORTEST_SECRET = 32
_LONGEST_TOKEN = 8192
_MAC_LENGTH = 32
_CONTEXT = b"journeykit token 1\0"
_UNSUBSCRIBE_AT_LEAST = 30 * DAY

Span = Duration | timedelta | str


class Tokens:
    """Signs tokens for links, and reads them: HMAC-SHA256, safe in URLs.

    Args:
        secrets: The newest first: it signs, and all of them are read, so that a new secret
            can be put in front while old links still work. At least 32 bytes each, such as
            `secrets.token_bytes(32)`; text is taken as UTF-8.
        valid_for: Purpose to how long its tokens count; the end is excluded, None is for
            ever. By default `unsubscribe` is for ever, `confirm` seven days, `preferences`
            thirty. For `unsubscribe` not less than 30 days: so long the link of a message
            must work after it was sent (15 USC 7704(a)(3)(A)(ii)).

    Raises:
        UsageError: There is no secret, one is too short, or a span is.
    """

    def __init__(
        self,
        secrets: Sequence[bytes | str],
        *,
        valid_for: Mapping[TokenPurpose, Span | None] | None = None,
    ) -> None:
        self._secrets, wrong = _checked(secrets)
        del secrets  # a report of an error may show what variables hold
        if wrong is not None:
            raise wrong
        self._valid_for = dict(_VALID_FOR) | _spans(valid_for or {})
        self._utc = zone("UTC")

    def sign(
        self,
        purpose: TokenPurpose,
        customer_id: str,
        *,
        at: datetime,
        channel: str | None = None,
        topic: str | None = None,
    ) -> str:
        """Return a token for a link; it is for the whole channel where no topic is given.

        Raises:
            UsageError: There is no such purpose, or no channel for one that needs it.
        """
        _check_purpose(purpose)
        if channel is None and (topic is not None or purpose != "preferences"):
            raise UsageError(
                f"a token to {purpose} names a channel", place="channel", remedy="such as 'email'"
            )
        issued = to_micros(at, what="at") // SECOND
        said = [_PURPOSES.index(purpose), issued, customer_id, channel, topic]
        body = msgspec.msgpack.encode(said)
        return _text(_mac(self._secrets[0], body) + body)

    def read(self, token: object, purpose: TokenPurpose, *, at: datetime) -> TokenClaim:
        """Return what a token says.

        Raises:
            InvalidTokenError: It was not signed with one of the secrets, was changed or cut,
                is for another purpose, or its time is over: one error, which tells not which.
            UsageError: There is no such purpose.
        """
        _check_purpose(purpose)
        claim = self._claim(token)
        now = to_micros(at, what="at")
        if claim is None or claim.purpose != purpose or self._is_over(claim, now):
            raise InvalidTokenError("this link does not count", remedy="ask for a new link")
        return claim

    def one_click(self, url: str) -> OneClick:
        """Return what gives mail its one-click headers (RFC 8058); see `OneClick`.

        Args:
            url: Where the host takes the POST, with `{token}` where the token goes, such as
                `https://shop.example/unsubscribe/{token}`.
        """
        return OneClick(self, url)

    def __repr__(self) -> str:
        return f"Tokens(<{len(self._secrets)} secrets>)"

    def _claim(self, token: object) -> TokenClaim | None:
        """Return what a token says that was signed here, whatever its purpose and age."""
        raw = _raw(token)
        if raw is None:
            return None
        mac, body = raw[:_MAC_LENGTH], raw[_MAC_LENGTH:]
        signed = False
        for secret in self._secrets:  # all of them, so that the time tells nothing
            signed |= hmac.compare_digest(mac, _mac(secret, body))
        if not signed:
            return None
        purpose, issued, customer_id, channel, topic = msgspec.msgpack.decode(body)
        when = from_micros(issued * SECOND)
        return TokenClaim(_PURPOSES[purpose], customer_id, channel, topic, when)

    def _is_over(self, claim: TokenClaim, now: int) -> bool:
        span = self._valid_for[claim.purpose]
        return span is not None and now >= shift(to_micros(claim.issued), span, self._utc)


class OneClick:
    """Gives mail the headers by which its reader unsubscribes with one click (RFC 8058).

    The token is for the channel and the topic of the message. The host takes the POST and
    calls `kit.unsubscribe(token)`; a GET of the same URL must change nothing, since programs
    that check links follow them.

    Raises:
        UsageError: The URL is not https, or does not have `{token}` once where servers see
            it as it is: in its path or query.
    """

    def __init__(self, tokens: Tokens, url: str) -> None:
        self._tokens = tokens
        self._url = url
        parts = urlsplit(url)
        plain = url.isascii() and url.isprintable() and not set(url) & set(' <>,"')
        once = url.count("{token}") == 1 and "{token}" in f"{parts.path}?{parts.query}"
        if parts.scheme != "https" or not parts.hostname or not plain or not once:
            raise UsageError(
                "one-click unsubscribe needs an https URL with {token} once in its path or query",
                place="url",
                value=url,
                remedy="such as https://shop.example/unsubscribe/{token}",
            )

    def headers(self, message: OutgoingMessage) -> dict[str, str]:
        """Return `List-Unsubscribe` and `List-Unsubscribe-Post` for a message."""
        token = self._tokens.sign(
            "unsubscribe",
            message.customer_id,
            at=message.at.astimezone(UTC),
            channel=message.channel,
            topic=message.topic,
        )
        return {
            "List-Unsubscribe": f"<{self._url.replace('{token}', token)}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        }


def _check_purpose(purpose: object) -> None:
    if purpose not in _PURPOSES:
        raise UsageError(
            "there is no such purpose", place="purpose", value=purpose,
            remedy=f"it is one of {', '.join(_PURPOSES)}",
        )  # fmt: skip


def _checked(secrets: object) -> tuple[tuple[bytes, ...], UsageError | None]:
    """Return the secrets, or none of them and what is wrong."""
    place, remedy = "secrets", "a list, newest first, such as [os.environ['TOKEN_SECRET']]"
    if isinstance(secrets, str | bytes) or not isinstance(secrets, Sequence) or not secrets:
        wrong = "secrets is a list of one or more secrets"
        return (), UsageError(wrong, place=place, remedy=remedy)
    found = []
    for number, secret in enumerate(secrets):
        if isinstance(secret, str):
            secret = secret.encode(errors="surrogatepass")
        if not isinstance(secret, bytes) or len(secret) < _SHORTEST_SECRET:
            return (), UsageError(
                f"a secret is at least {_SHORTEST_SECRET} bytes long",
                place=f"secrets[{number}]",
                remedy="make one with secrets.token_bytes(32), and keep it with your other secrets",
            )
        found.append(secret)
    return tuple(found), None


def _spans(valid_for: Mapping[TokenPurpose, Span | None]) -> dict[str, Duration | None]:
    if not isinstance(valid_for, Mapping):
        raise UsageError(
            "valid_for must be a mapping", place="valid_for", value=valid_for,
            remedy="such as {'confirm': days(7)}",
        )  # fmt: skip
    spans: dict[str, Duration | None] = {}
    for purpose, given in valid_for.items():
        place = f"valid_for[{purpose!r}]"
        if purpose not in _PURPOSES:
            raise UsageError(
                "there is no such purpose", place=place, remedy=f"one of {', '.join(_PURPOSES)}"
            )
        try:
            span = None if given is None else Duration.of(given)
        except ValueError as error:
            raise UsageError(str(error), place=place) from None
        if span is not None and (span.is_negative or span.is_zero):
            raise UsageError(
                "a token counts for longer than no time", place=place, remedy="such as days(7)"
            )
        if purpose == "unsubscribe" and span is not None and _least(span) < _UNSUBSCRIBE_AT_LEAST:
            raise UsageError(
                "a link to unsubscribe must work for 30 days after the message was sent",
                place=place,
                remedy="give days(30) or more, or None for ever (15 USC 7704(a)(3)(A)(ii))",
            )
        spans[purpose] = span
    return spans


def _least(span: Duration) -> int:
    return span.micros + (span.days + span.months * 28) * DAY


def _mac(secret: bytes, body: bytes) -> bytes:
    return hmac.digest(secret, _CONTEXT + body, "sha256")


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def _raw(token: object) -> bytes | None:
    """Return the bytes of a token; None if it is not spelled as `_text` does."""
    if not isinstance(token, str) or not token.isascii() or len(token) > _LONGEST_TOKEN:
        return None
    try:
        raw = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError:
        return None
    return raw if _text(raw) == token and len(raw) > _MAC_LENGTH else None
