"""What does a customer say about messages? Yes, no, a page of choices, a reply, a link."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from journeykit.errors import UsageError
from journeykit.kernel import ConsentConfirmed, ConsentTold, Signal
from journeykit.model.spans import Span
from journeykit.ports import TokenClaim, TokenPurpose, TokenSigner
from journeykit.runtime.calls import Flow, Now
from journeykit.runtime.choosing import read_preferences
from journeykit.runtime.desk import Desk
from journeykit.runtime.intake import (
    check_channel,
    check_channels,
    check_customer_id,
    check_source,
    check_topic,
    read_consents,
)
from journeykit.runtime.keywords import Keyword, plain, read_keyword
from journeykit.runtime.outcomes import Outcome
from journeykit.runtime.verbs import verb
from journeykit.time import from_micros


@dataclass(frozen=True, slots=True)
class Reply:
    """What a customer's reply meant, and what that did.

    Attributes:
        keyword: None where the reply is for the host to read.
        outcome: None where the reply changed nothing: `help`, and no keyword.
    """

    keyword: Keyword | None
    outcome: Outcome | None


class Consenting(Desk, ABC):
    """The calls by which a host tells what a customer consents to (rule G7)."""

    @verb
    def grant(
        self,
        customer_id: str,
        channels: Sequence[str],
        *,
        topic: str | None = None,
        source: str = "",
        lasts: Span | None = None,
    ) -> Flow[Outcome]:
        """Record that a customer gave consent, with its source as proof (rule G7).

        Under double opt-in it counts once it is confirmed, see `confirm`.

        Args:
            topic: Consent to one topic of the channels; to the whole channels without it.
            lasts: The consent is implied, such as by a purchase, and counts until so much
                later on the customer's clock, such as `years(2)`. It neither shortens nor
                replaces what the customer said expressly, nor overrides a withdrawal; of two
                implied ones the later end counts.

        Raises:
            UnknownChannelError, UnknownTopicError: With the names that there are.
            UsageError: No channel is named, or `lasts` is no span.
        """
        return (yield from self._consent(customer_id, channels, topic, True, source, lasts))

    @verb
    def withdraw(
        self,
        customer_id: str,
        channels: Sequence[str],
        *,
        topic: str | None = None,
        source: str = "",
    ) -> Flow[Outcome]:
        """Record that a customer withdrew consent; without a topic, for the whole channel.

        After this returns, no hand-over that it forbids starts, on any worker: it waits for
        the messages that a worker has in hand for this customer at this moment, which takes
        about as long as one call of a channel. Where that worker has died, it takes up to 30
        seconds; the withdrawal itself is stored at once.

        Raises:
            UnknownChannelError, UnknownTopicError: With the names that there are.
            UsageError: No channel is named.
        """
        outcome = yield from self._consent(customer_id, channels, topic, False, source, None)
        yield from self._let_hands_finish(customer_id)
        return outcome

    @verb
    def confirm(
        self,
        customer_id: str,
        channels: Sequence[str],
        *,
        topic: str | None = None,
        source: str = "",
    ) -> Flow[Outcome]:
        """Record that a customer confirmed a consent that was granted before (double opt-in).

        It is the confirmation of what was granted: of the channel without a topic, else of
        that topic. Where nothing is to be confirmed, since it was withdrawn or has ended, the
        entry `confirm` has `counts=False`, and nothing changes.
        """
        check_customer_id(customer_id)
        names = check_channels(self._rules, channels)
        check_topic(self._rules, topic)
        check_source(source)
        now = yield from Now()
        confirmed = [ConsentConfirmed(now, name, topic or "", source) for name in names]
        return (yield from self._apply(customer_id, confirmed))

    @verb
    def prefer(
        self,
        customer_id: str,
        choices: Mapping[str, bool],
        *,
        limits: Mapping[str, Any] | None = None,
        source: str = "preference centre",
    ) -> Flow[Outcome]:
        """Take a page of choices, as `preferences` showed it, back: all of it in one commit.

        Only what differs from how it stands becomes a grant or a withdrawal; both are
        express. Channels are taken before their topics. A no has the strength of `withdraw`.

        Args:
            choices: `channel` or `channel/topic` to yes or no; what is not named stays.
            limits: Attributes that caps name as `own_limit`, to the customer's own wish; None
                for no wish.

        Raises:
            UnknownChannelError, UnknownTopicError, InvalidProfileError, UsageError: One of it
                is wrong, and nothing was stored.
        """
        check_customer_id(customer_id)
        now = yield from Now()
        signals = read_preferences(self._rules, choices, limits, source, now)
        outcome = yield from self._apply(customer_id, signals)
        if not all(choices.values()):
            yield from self._let_hands_finish(customer_id)
        return outcome

    @verb
    def reply(self, customer_id: str, channel: str, text: str) -> Flow[Reply]:
        """Take a customer's reply on a channel, and act where it is a keyword.

        `STOP` and its kin withdraw the channel, `START` grants it, with the keyword as the
        source. Everything else changes nothing: `help` is for the host to answer, and what is
        no keyword for the host to read. See `journeykit.runtime.read_keyword`.
        """
        check_customer_id(customer_id)
        check_channel(self._rules, channel)
        if not isinstance(text, str):
            raise UsageError("a reply is text", place="text", value=text, private=True)
        keyword = read_keyword(text)
        source = f"keyword {plain(text)}"
        if keyword == "stop":
            no = yield from Consenting.withdraw(self, customer_id, [channel], source=source)
            return Reply(keyword, no)
        if keyword == "start":
            yes = yield from Consenting.grant(self, customer_id, [channel], source=source)
            return Reply(keyword, yes)
        return Reply(keyword, None)

    # ---- links

    @verb
    def unsubscribe(self, token: str) -> Flow[Outcome]:
        """Withdraw what an unsubscribe link is for; the strength is that of `withdraw`.

        Call it when the link is POSTed to, never for a GET: programs that check links follow
        them (RFC 8058). What was signed is no typo, so the link also works when nothing is
        about its topic any more, or its channel is gone.

        Raises:
            InvalidTokenError: The token does not count; the error does not tell why.
            UnknownCustomerError: Nobody is known under the id of the token any more.
        """
        claim = yield from Consenting.read_token(self, token, "unsubscribe")
        assert claim.channel is not None
        now = yield from Now()
        no = ConsentTold(now, claim.channel, claim.topic or "", False, "one-click")
        outcome = yield from self._apply(check_customer_id(claim.customer_id), [no])
        yield from self._let_hands_finish(claim.customer_id)
        return outcome

    @verb
    def sign_token(
        self,
        purpose: TokenPurpose,
        customer_id: str,
        *,
        channel: str | None = None,
        topic: str | None = None,
    ) -> Flow[str]:
        """Return a token for a link to unsubscribe, confirm, or open preferences.

        Raises:
            UsageError: No tokens were given, or no channel for a purpose that needs one.
            UnknownChannelError, UnknownTopicError: With the names that there are.
        """
        check_customer_id(customer_id)
        if channel is not None:
            check_channel(self._rules, channel)
        check_topic(self._rules, topic)
        at = from_micros((yield from Now()))
        return self._signer().sign(purpose, customer_id, at=at, channel=channel, topic=topic)

    @verb
    def read_token(self, token: str, purpose: TokenPurpose) -> Flow[TokenClaim]:
        """Return what a token says that counts now.

        Raises:
            InvalidTokenError: It does not count; the error does not tell why.
        """
        return self._signer().read(token, purpose, at=from_micros((yield from Now())))

    # ---- within

    def _signer(self) -> TokenSigner:
        if self._tokens is None:
            raise UsageError(
                "no tokens were given", place="tokens",
                remedy="Orchestrator(..., tokens=Tokens([secret]))",
            )  # fmt: skip
        return self._tokens

    def _consent(
        self,
        customer_id: str,
        channels: Sequence[str],
        topic: str | None,
        granted: bool,
        source: str,
        lasts: Span | None,
    ) -> Flow[Outcome]:
        check_customer_id(customer_id)
        signals = read_consents(
            self._rules, channels, topic, granted=granted, source=source, now=(yield from Now()),
            lasts=lasts,
        )  # fmt: skip
        return (yield from self._apply(customer_id, list(signals)))

    @abstractmethod
    def _apply(
        self, customer_id: str, signals: Sequence[Signal], *, creates: bool = False
    ) -> Flow[Outcome]:
        """Take the signals. `creates`: they may begin a customer."""

    @abstractmethod
    def _let_hands_finish(self, customer_id: str | None) -> Flow[None]:
        """Wait until no hand-over is under way that does not know what was just told (G7).

        None: a hand-over to anybody.
        """
