"""What do all workers share, beside the customers? Buckets, suppressed addresses, controls.

A bucket is two integers that a store keeps for a throttle. What becomes of them is reckoned
here, once for every store: `take_from` is handed the bucket, and returns it as it is to be
kept.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

UNUSED_TURNS = 16
"""So many turns in a row that nobody used end a queue: those who had them come no more."""


class Bucket(Struct, frozen=True):
    """How a throttle stands. One that nobody has taken from is `Bucket()`.

    Attributes:
        full: When all tokens are there again.
        turn: The first turn in the queue that nobody has been told.
    """

    full: int = 0
    turn: int = 0


class Taking(Struct, frozen=True):
    """What a worker asks of a bucket: tokens for some messages, in their order.

    Attributes:
        now: The present instant.
        interval: After which a token comes back, in micros; at least 1.
        burst: How many tokens the bucket holds; at least 1.
        most: How many tokens the worker can use at once; at least 1.
        waited: How many of the messages have waited for their turn; they are the first.
        before: For each message the instant before which it must leave; one that lies behind
            now for a message that does not wait.
        back: How many tokens come back first, which were taken and not used.
    """

    now: int
    interval: int
    burst: int
    most: int
    waited: int
    before: Sequence[int]
    back: int = 0


class Taken(Struct, frozen=True):
    """What a worker got.

    Attributes:
        granted: How many of the messages may go now: the first ones.
        turns: When to ask again, for each of the others, always later than now; empty where
            the worker has as much as it can use and may ask for the others at once.
    """

    granted: int
    turns: Sequence[int] = ()


class Suppression(Struct, frozen=True):
    """An address that must not be used on a channel, for any customer.

    Attributes:
        address: What stands for it: a salted hash, never the address itself.
    """

    channel: str
    address: str
    reason: str
    at: int


class Controls(Struct, frozen=True):
    """What operators have set for all workers, such as which journeys pause: one small document.

    Attributes:
        version: Grows by one with each change; 0 where nothing was ever set.
        body: Any bytes.
    """

    version: int = 0
    body: bytes = b""


def take_from(bucket: Bucket, asked: Taking) -> tuple[Bucket, Taken]:
    """Return the bucket after the taking, and what was taken.

    In any span of time T no more than `burst` + T / `interval` tokens are granted. Those who
    have waited go first. Who comes anew goes only where nobody's turn is still to come; else
    he is given a turn, one interval behind the last. Of those whose turn came to nothing, since
    the tokens did not come as fast as they could, the first tries the next token, and the
    others queue up again.
    """
    now, interval = asked.now, asked.interval
    full, turn = max(bucket.full - asked.back * interval, now), bucket.turn
    if not asked.waited and now - bucket.full >= UNUSED_TURNS * interval:
        turn = now
    tokens = max(0, now + asked.burst * interval - full) // interval
    wanted = len(asked.before)
    granted = min(tokens, asked.most, wanted if turn <= now else asked.waited)
    full += granted * interval
    if granted == min(asked.most, wanted):
        return Bucket(full, turn), Taken(granted)
    token = full - (asked.burst - 1) * interval  # when the next one comes
    turns: list[int] = []
    if granted < asked.waited:
        turns.append(token)
        turn = max(turn, token + interval)
    turn = max(turn, token)
    for before in asked.before[granted + len(turns) :]:
        turns.append(turn)
        if turn < before:
            turn += interval
    return Bucket(full if granted else bucket.full, turn), Taken(granted, turns)
