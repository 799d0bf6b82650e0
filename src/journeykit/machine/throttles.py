"""How fast may a channel be called? One throttle of the policy on one channel, compiled."""

from __future__ import annotations

from collections.abc import Mapping

from journeykit.model import Policy, Throttle


class ThrottleRule:
    """A throttle on one channel.

    `bucket` names the tokens in the store. It tells the rate, so that another limit begins
    with another bucket, and nobody waits for turns that were reckoned with the old one.
    """

    __slots__ = ("bucket", "burst", "channel", "interval", "rate", "title")

    def __init__(self, throttle: Throttle, channel: str) -> None:
        self.channel = channel
        self.interval = throttle.interval
        self.burst = throttle.depth
        self.rate = throttle.rate
        self.bucket = f"{channel} {throttle.rate}"
        self.title = throttle.title

    def most_in(self, span: int) -> int:
        """Return how many hand-overs may start in a span of time."""
        return self.burst + span // self.interval


def throttles_of(policy: Policy) -> Mapping[str, ThrottleRule]:
    """Return the throttle of each channel that has one."""
    return {
        channel: ThrottleRule(throttle, channel)
        for throttle in policy.throttles
        for channel in throttle.channels or [name for name in policy.consent if "/" not in name]
    }
