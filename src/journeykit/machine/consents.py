"""Which mode of consent counts for a message? The modes and rules of a policy, compiled (G7)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from journeykit.machine.covering import guards_of, names_in
from journeykit.machine.guards import Reading
from journeykit.machine.table import SendPlan, Table
from journeykit.model import Policy
from journeykit.model.consents import STRICTNESS, ConsentMode, ConsentRule

OPT_OUT, OPT_IN, DOUBLE = 0, 1, 2
MODES: Final[tuple[ConsentMode, ...]] = ("opt-out", "opt-in", "double-opt-in")


class StrictRule:
    """One compiled `ConsentRule`."""

    __slots__ = ("channels", "guard", "mode", "title", "topics")

    def __init__(self, rule: ConsentRule) -> None:
        self.title = rule.title
        self.mode = STRICTNESS[rule.mode]
        self.channels = names_in(rule.channels)
        self.topics = names_in(rule.topics)
        self.guard, _ = guards_of(rule.where, rule.countries, rule.valid_from, rule.valid_until)

    def holds(self, channel: str, topic: str, reading: Reading) -> bool:
        """Tell whether it concerns such messages to the customer that is read."""
        return (
            (self.channels is None or channel in self.channels)
            and (self.topics is None or topic in self.topics)
            and (self.guard is None or self.guard(reading))
        )


class ConsentPlan:
    """How strict consent is, by channel, topic and customer.

    `confirms` tells whether a yes may have to be confirmed anywhere; `open` are the channels
    whose messages go to every customer who has not said no, whatever their topic.
    """

    __slots__ = ("_modes", "_rules", "confirms", "open")

    def __init__(self, policy: Policy) -> None:
        self._modes = {key: STRICTNESS[mode] for key, mode in policy.consent.items()}
        self._rules = tuple(StrictRule(rule) for _, rule in policy.strict_rules)
        self.confirms = DOUBLE in (*self._modes.values(), *(rule.mode for rule in self._rules))
        strict = {key.partition("/")[0] for key, mode in self._modes.items() if mode != OPT_OUT}
        self.open = frozenset() if self._rules else frozenset(self._modes) - strict

    def modes(self, channel: str, topic: str, reading: Reading) -> tuple[int, int]:
        """Return the mode for messages of a topic, and that for the word on their channel.

        A channel that the policy no longer declares is opt-in.
        """
        of_channel = self._modes.get(channel, OPT_IN)
        of_topic = self._modes.get(f"{channel}/{topic}", of_channel) if topic else of_channel
        for rule in self._rules:
            stricter = rule.mode > min(of_topic, of_channel)
            if stricter and rule.holds(channel, topic, reading):
                of_topic, of_channel = max(of_topic, rule.mode), max(of_channel, rule.mode)
        return of_topic, of_channel

    def imposed_by(self, channel: str, topic: str, reading: Reading) -> str:
        """Return the rule that makes the mode of such messages strict; "" if the policy does."""
        mode, _ = self.modes(channel, topic, reading)
        if self._modes.get(f"{channel}/{topic}", self._modes.get(channel, OPT_IN)) == mode:
            return ""
        return next(
            rule.title
            for rule in self._rules
            if rule.mode == mode and rule.holds(channel, topic, reading)
        )


def topics_of(tables: Iterable[Table]) -> frozenset[str]:
    """Return what the messages of journeys are about."""
    return frozenset(plan.topic for plan in _sends(tables) if plan.topic)


def objectionable(tables: Iterable[Table]) -> frozenset[tuple[str, str]]:
    """Return (channel, topic) of messages that go without a yes until there is a no."""
    return frozenset(
        (channel, plan.topic)
        for plan in _sends(tables)
        if plan.legal_basis == "legitimate_interest"
        for channel in plan.via
    )


def _sends(tables: Iterable[Table]) -> Iterable[SendPlan]:
    for table in tables:
        for step in table.steps.values():
            if step.kind == "send":
                plan: SendPlan = step.plan
                yield plan
