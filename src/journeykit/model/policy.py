"""When must a message wait, and when must it not go at all? The delivery policy, as values.

The policy belongs to the workspace: it reaches across journeys, because customers do not
care which journey a message comes from.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from journeykit.model.base import Frozen, Wrong
from journeykit.model.caps import Caps, FrequencyCap, MinimumGap
from journeykit.model.channels import Costs, Reachable, Responses, refuse_undeclared
from journeykit.model.conditions import Condition, checked
from journeykit.model.consents import ConsentModes, ConsentRule
from journeykit.model.openings import refuse_never_open
from journeykit.model.packs import PackRule, RulePack
from journeykit.model.scopes import Names
from journeykit.model.throttles import Throttles, refuse_second_throttles
from journeykit.model.triggers import as_tuple
from journeykit.model.windows import QuietHours, SendWindow


class Policy(Frozen):
    """The whole delivery policy.

    Args:
        consent: Channel to `"opt-in"` (nothing leaves without a yes), `"double-opt-in"` (the
            yes must also be confirmed) or `"opt-out"` (it leaves unless there was a no). It has
            no silent default: it also declares which channels there are. A key
            `channel/topic` sets the mode of one topic, where the customer has no word on the
            topic or the channel.
        consent_rules: Where one holds for a customer, the stricter mode counts.
        topics: What messages may be about; when not given, what sends and the keys of
            `consent` name.
        quiet_hours: All of them apply; together they are a union.
        windows: When messages may leave; all of them, and all quiet hours, have to allow it.
        caps: Frequency caps and gaps; all of them apply.
        packs: Rules of others, with their sources; they apply like those written here, and the
            most restrictive wins.
        throttles: How fast channels may be called; at most one for each.
        responses: Channel to the events that tell that a customer answered on it.
        costs: Channel to what one message costs, in any one currency.
        reachable: Channel to what must hold of the profile for it to reach the customer.
    """

    consent: ConsentModes = Field(default_factory=dict, kw_only=True)
    consent_rules: Annotated[Sequence[ConsentRule], AfterValidator(as_tuple)] = Field(
        default=(), kw_only=True
    )
    topics: Names | None = Field(default=None, kw_only=True)
    quiet_hours: Annotated[Sequence[QuietHours], AfterValidator(as_tuple)] = Field(
        default=(), kw_only=True
    )
    windows: Annotated[Sequence[SendWindow], AfterValidator(as_tuple)] = Field(
        default=(), kw_only=True
    )
    caps: Caps = Field(default=(), kw_only=True)
    packs: Annotated[Sequence[RulePack], AfterValidator(as_tuple)] = Field(default=(), kw_only=True)
    throttles: Throttles = Field(default=(), kw_only=True)
    responses: Responses = Field(default_factory=dict, kw_only=True)
    costs: Costs = Field(default_factory=dict, kw_only=True)
    reachable: Reachable = Field(default_factory=dict, kw_only=True)

    @property
    def channels(self) -> tuple[str, ...]:
        """The declared channels, in the order of `consent`."""
        return tuple(key for key in self.consent if "/" not in key)

    @model_validator(mode="after")
    def _speaks_of_declared_channels(self) -> Policy:
        said = {name: getattr(self, name) for name in ("responses", "costs", "reachable")}
        refuse_undeclared(self.channels, said)
        return self

    @property
    def conditions_on_channels(self) -> Iterator[tuple[str, Condition]]:
        """Where a condition on channels or responses stands, and what is asked."""
        for channel, asked in self.reachable.items():
            yield f"reachable › {channel}", checked(asked, "reachable")
        for channel, events in self.responses.items():
            for number, on in enumerate(events):
                if on.where is not None:
                    yield f"responses › {channel}[{number}] › where", on.where

    @property
    def clock_rules(self) -> tuple[tuple[str, QuietHours | SendWindow], ...]:
        """Quiet hours and send windows, each with its place such as `windows[0]`."""
        rules: list[tuple[str, QuietHours | SendWindow]] = []
        rules += [(f"quiet_hours[{n}]", rule) for n, rule in enumerate(self.quiet_hours)]
        rules += [(f"windows[{n}]", rule) for n, rule in enumerate(self.windows)]
        for place, rule in self._of_packs:
            rules += [(place, made) for made in (rule.quiet_hours, rule.window) if made is not None]
        return tuple(rules)

    @property
    def cap_rules(self) -> tuple[tuple[str, FrequencyCap | MinimumGap], ...]:
        """The caps, those of packs too, each with its place such as `caps[0]`."""
        rules: list[tuple[str, FrequencyCap | MinimumGap]] = []
        rules += [(f"caps[{n}]", cap) for n, cap in enumerate(self.caps)]
        rules += [(place, rule.cap) for place, rule in self._of_packs if rule.cap is not None]
        return tuple(rules)

    @property
    def strict_rules(self) -> tuple[tuple[str, ConsentRule], ...]:
        """The consent rules, those of packs too, each with its place."""
        rules = [(f"consent_rules[{n}]", rule) for n, rule in enumerate(self.consent_rules)]
        rules += [
            (place, rule.consent) for place, rule in self._of_packs if rule.consent is not None
        ]
        return tuple(rules)

    @property
    def _of_packs(self) -> Iterator[tuple[str, PackRule]]:
        for number, pack in enumerate(self.packs):
            for rule in pack.rules:
                yield f"packs[{number}] › {rule.id}", rule

    @model_validator(mode="after")
    def _channels_are_known(self) -> Policy:
        known = ", ".join(sorted(self.channels)) or "none so far"
        rules = [(place, rule.channels) for place, rule in self.clock_rules]
        rules += [(place, cap.channels) for place, cap in self.cap_rules]
        rules += [(f"throttles[{n}]", one.channels) for n, one in enumerate(self.throttles)]
        rules += [(place, rule.channels) for place, rule in self.strict_rules]
        for place, channels in rules:
            for channel in channels or ():
                if channel not in self.channels:
                    raise Wrong(
                        f"channel {channel!r} is not declared",
                        f"declare it in consent={{{channel!r}: 'opt-in'}}, or name one of the "
                        f"declared: {known}",
                        f"{place} › channels",
                    )
        refuse_second_throttles(self.throttles, self.channels)
        return self

    @model_validator(mode="after")
    def _some_time_is_open(self) -> Policy:
        refuse_never_open(self.channels, self.clock_rules)
        return self
