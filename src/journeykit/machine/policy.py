"""What does the gate run on? The delivery policy, compiled once per workspace.

Which rules concern a message depends on its channel, topic and journey, and on the customer
where a rule has a condition. A `Scope` holds the answer for one combination; it is worked out
when first asked for, and kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from journeykit.machine.caps import CapRule
from journeykit.machine.guards import Reading
from journeykit.machine.windows import QuietRule
from journeykit.model import Policy
from journeykit.time import DAY, Windows

LEDGER_AT_LEAST = 35 * DAY


class Scope:
    """The rules that concern one kind of message.

    `windows` is the union of the quiet hours, None where there are none. `zoned` are those of
    them that do not take the workspace's zone for an unknown one.
    """

    __slots__ = ("_guards", "_lapses", "_variants", "caps", "quiet", "windows", "zoned")

    def __init__(self, quiet: Sequence[QuietRule], caps: Sequence[CapRule]) -> None:
        self.quiet = tuple(quiet)
        self.caps = tuple(caps)
        self.windows: Windows | None = None
        if quiet:
            dates = frozenset[int]().union(*(rule.dates for rule in quiet))
            self.windows = Windows.of([rule.span for rule in quiet], dates=dates)
        self.zoned = tuple(rule for rule in quiet if rule.if_zone_unknown != "default")
        rules: tuple[QuietRule | CapRule, ...] = (*self.quiet, *self.caps)
        self._guards = tuple(rule.guard for rule in rules if rule.guard is not None)
        self._lapses = [rule.lapses for rule in rules if rule.lapses is not None]
        self._variants: dict[tuple[bool, ...], Scope] = {}

    def lapses(self, reading: Reading) -> int | None:
        """Return when the first of its rules stops to concern the customer by time alone.

        None: none does. Asked of a scope whose conditions hold now.
        """
        if not self._lapses:
            return None
        ends = (condition.holds_from(reading) for condition in self._lapses)
        return min((end for end in ends if end is not None), default=None)

    def under(self, reading: Reading) -> Scope:
        """Return the part whose conditions hold."""
        if not self._guards:
            return self
        answers = tuple(guard(reading) for guard in self._guards)
        found = self._variants.get(answers)
        if found is None:
            hold = iter(answers)
            quiet = [rule for rule in self.quiet if rule.guard is None or next(hold)]
            caps = [cap for cap in self.caps if cap.guard is None or next(hold)]
            found = self._variants[answers] = Scope(quiet, caps)
        return found


class GatePlan:
    """The compiled policy of a workspace.

    `is_guarded` tells whether any rule depends on what is known of the customer, `looks_ahead`
    whether any cap makes a message wait for a more important one.
    """

    __slots__ = ("_scopes", "caps", "is_guarded", "ledger_span", "looks_ahead", "opt_in", "quiet")

    def __init__(self, policy: Policy) -> None:
        self.opt_in: Mapping[str, bool] = {
            channel: mode == "opt-in" for channel, mode in policy.consent.items()
        }
        self.quiet = tuple(map(QuietRule, policy.quiet_hours))
        self.caps = tuple(map(CapRule, policy.caps))
        rules: tuple[QuietRule | CapRule, ...] = (*self.quiet, *self.caps)
        self.is_guarded = any(rule.guard is not None for rule in rules)
        self.looks_ahead = any(cap.look_ahead is not None for cap in self.caps)
        self.ledger_span = max([LEDGER_AT_LEAST, *(cap.reach for cap in self.caps)])
        self._scopes: dict[tuple[str, str, str], Scope] = {}

    def scope(self, channel: str, topic: str, journey: str) -> Scope:
        """Return the rules for such messages, conditions apart."""
        key = channel, topic, journey
        found = self._scopes.get(key)
        if found is None:
            found = self._scopes[key] = Scope(
                [rule for rule in self.quiet if rule.covers(channel, topic)],
                [cap for cap in self.caps if cap.covers(channel, topic, journey)],
            )
        return found
