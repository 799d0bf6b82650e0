"""What does the gate run on? The delivery policy, compiled once per workspace.

Which rules concern a message depends on its channel, topic, journey, template and tags, and on
the customer where a rule has a condition. A `Scope` holds the answer for one combination; it is worked out
when first asked for, and kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from journeykit.machine.caps import CapRule, Covered
from journeykit.machine.channels import reachable_of
from journeykit.machine.consents import ConsentPlan
from journeykit.machine.guards import Guard, Reading
from journeykit.machine.throttles import throttles_of
from journeykit.machine.waits import SendHours
from journeykit.machine.windows import QuietRule
from journeykit.model import Policy
from journeykit.time import DAY, Windows

LEDGER_AT_LEAST = 35 * DAY


class Scope:
    """The rules that concern one kind of message.

    `windows` is the union of what quiet hours and send windows forbid, None where there are
    none. For an unknown zone they differ: `zoned` hold or skip the message, `roaming` ask
    every zone of the country (`roaming_windows`), and the others take the workspace's zone
    (`default_windows`). `zoned_caps` hold or skip it too.
    """

    __slots__ = (
        "_guards", "_lapses", "_staying", "_variants", "caps", "default_windows", "quiet", "roaming",
        "roaming_windows", "windows", "zoned", "zoned_caps",
    )  # fmt: skip

    def __init__(self, quiet: Sequence[QuietRule], caps: Sequence[CapRule]) -> None:
        self.quiet = tuple(quiet)
        self.caps = tuple(caps)
        self.windows = _union(quiet)
        self.zoned = tuple(rule for rule in quiet if rule.if_zone_unknown in ("hold", "skip"))
        self.zoned_caps = tuple(cap for cap in caps if cap.if_zone_unknown != "default")
        self.roaming = tuple(rule for rule in quiet if rule.if_zone_unknown == "every_zone")
        self.roaming_windows = _union(self.roaming)
        others = [rule for rule in quiet if rule.if_zone_unknown != "every_zone"]
        self.default_windows = _union(others)
        rules: tuple[QuietRule | CapRule, ...] = (*self.quiet, *self.caps)
        self._guards = tuple(rule.guard for rule in rules if rule.guard is not None)
        self._lapses = [rule.lapses for rule in rules if rule.lapses is not None]
        self._variants: dict[tuple[bool, ...], Scope] = {}
        self._staying: Scope | None = None

    @property
    def staying(self) -> Scope:
        """The part that time alone does not end: the rules of it never lapse."""
        if self._staying is None:
            quiet = [rule for rule in self.quiet if rule.lapses is None]
            self._staying = Scope(quiet, [cap for cap in self.caps if cap.lapses is None])
        return self._staying

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


def _union(rules: Sequence[QuietRule]) -> Windows | None:
    return Windows.union(rule.windows for rule in rules) if rules else None


class GatePlan:
    """The compiled policy of a workspace.

    `is_guarded` tells whether any rule depends on what is known of the customer, `looks_ahead`
    whether any cap makes a message wait for a more important one. `send_hours` are those of
    single `Send` steps, by journey, version and step.
    """

    __slots__ = (
        "_is_marked", "_scopes", "caps", "consent", "is_guarded", "ledger_span", "looks_ahead", "quiet",
        "reachable", "send_hours", "throttles",
    )  # fmt: skip

    def __init__(self, policy: Policy) -> None:
        self.consent = ConsentPlan(policy)
        self.quiet = tuple(QuietRule(rule) for _, rule in policy.clock_rules)
        self.caps = tuple(CapRule(cap) for _, cap in policy.cap_rules)
        rules: tuple[QuietRule | CapRule, ...] = (*self.quiet, *self.caps)
        self.is_guarded = any(rule.guard is not None for rule in rules)
        self.looks_ahead = any(cap.look_ahead is not None for cap in self.caps)
        self.ledger_span = max([LEDGER_AT_LEAST, *(cap.reach for cap in self.caps)])
        self.throttles = throttles_of(policy)
        self.reachable: Mapping[str, Guard] = reachable_of(policy)
        self.send_hours: Mapping[tuple[str, int, str], SendHours] = {}
        self._is_marked = any(cap.is_marked for cap in self.caps)
        self._scopes: dict[tuple[object, ...], Scope] = {}

    def scope_of(self, message: Covered) -> Scope:
        """Return the rules for such messages, conditions apart."""
        key: tuple[object, ...] = (message.channel, message.topic, message.journey)
        if self._is_marked:
            key += (message.template, message.tags)
        found = self._scopes.get(key)
        if found is None:
            found = self._scopes[key] = Scope(
                [rule for rule in self.quiet if rule.covers(message.channel, message.topic)],
                [cap for cap in self.caps if cap.covers(message)],
            )
        return found
