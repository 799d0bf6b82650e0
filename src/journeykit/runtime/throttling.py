"""May the throttle of a channel let a message go? Asked last, right before the hand-over (G1, D5).

Keeps true:
    * a hand-over on a throttled channel starts only with a token, and within `FRESH` of taking
      it: a token that was not used in time is lost, and another one is taken;
    * where the store takes longer than that to answer, one token of its answer is used, so that
      a slow store lets messages go slowly, not never;
    * whoever gets none is told when its turn comes, as an input to the kernel.
"""

from __future__ import annotations

from collections.abc import Sequence

from journeykit.kernel import NEVER, Throttled, plan_of
from journeykit.machine import ThrottleRule
from journeykit.ports import Taking
from journeykit.runtime.calls import Flow, Now, Take
from journeykit.runtime.rounds import Going, Round, Tokens
from journeykit.time import SECOND

FRESH = SECOND // 20
"""How long a token is good for."""


def queue_up(round_: Round, going: list[Going]) -> list[Going]:
    """Return what wants to go, on throttled channels those first who have waited."""
    throttles = round_.rules.gate.throttles
    if not throttles:
        return going
    return sorted(
        going, key=lambda one: one.message.channel in throttles and one.message.queued is None
    )


def take_token(round_: Round, rule: ThrottleRule, rest: Sequence[Going]) -> Flow[bool]:
    """See to it that there is a token for the first of `rest`; tell whether there is.

    Args:
        rest: All that still want to go. Where there are no tokens left, those on the same
            channel are told their turns.
    """
    tokens = round_.tokens.setdefault(rule.channel, Tokens())
    if _are_fresh(tokens, round_.now):
        return True
    tokens.most = 1 if tokens.left else max(1, 2 * tokens.most)  # twice as many, if used in time
    wanting = [
        other
        for other in rest
        if other.message.channel == rule.channel
        and not other.customer.overtaken
        and other.claim.key in round_.unsent
    ]
    waited = sum(other.message.queued is not None for other in wanting)
    before = [_before(round_, other) for other in wanting]
    round_.now = yield from Now()
    asked = Taking(round_.now, rule.interval, rule.burst, tokens.most, waited, before)
    taken = yield from Take(rule.bucket, asked)
    round_.now = yield from Now()
    if asked.now <= round_.now <= asked.now + FRESH:
        tokens.left, tokens.at = taken.granted, asked.now
    else:
        tokens.left, tokens.at, tokens.most = min(taken.granted, 1), round_.now, 0
    detail = {"rule": rule.title, "rate": rule.rate, "channel": rule.channel}
    for other, turn in zip(wanting[taken.granted :], taken.turns, strict=False):
        key, message = other.claim.key, other.message
        told = Throttled(round_.now, key, message.channel, turn, detail)
        other.customer.closed.append(told)
        round_.unsent.pop(key, None)
    return taken.granted > 0


def spend(round_: Round, rule: ThrottleRule) -> Flow[bool]:
    """Use a token now; tell whether it was still good."""
    tokens = round_.tokens[rule.channel]
    round_.now = yield from Now()
    fresh = _are_fresh(tokens, round_.now)
    if fresh:
        tokens.left -= 1
    return fresh


def _are_fresh(tokens: Tokens, now: int) -> bool:
    return tokens.left > 0 and tokens.at <= now <= tokens.at + FRESH


def _before(round_: Round, one: Going) -> int:
    """Return before when a message must leave; 0 where its step does not let it wait.

    One that looks for another channel waits where it found none: then it was told a turn before.
    """
    message = one.message
    plan = plan_of(round_.rules, one.customer.state, message)
    choice, is_last = plan.on_throttle, message.route + 1 >= len(plan.via)
    if choice == "hold" or (choice == "next" and (is_last or message.turns > 0)):
        return NEVER if message.expires is None else message.expires
    return 0
