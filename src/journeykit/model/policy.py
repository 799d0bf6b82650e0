"""When must a message wait, and when must it not go at all? The delivery policy, as values.

The policy belongs to the workspace: it reaches across journeys, because customers do not
care which journey a message comes from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from journeykit.model.base import Frozen, Wrong
from journeykit.model.caps import FrequencyCap
from journeykit.model.names import Name
from journeykit.model.triggers import as_tuple
from journeykit.model.windows import QuietHours
from journeykit.time import Windows, never_open

ConsentMode = Literal["opt-in", "opt-out"]


class Policy(Frozen):
    """The whole delivery policy.

    Args:
        consent: Channel to `"opt-in"` (nothing leaves without a yes) or `"opt-out"` (it
            leaves unless there was a no). It has no silent default: it also declares which
            channels there are.
        quiet_hours: All of them apply; together they are a union.
        caps: All of them apply.
    """

    consent: Mapping[Name, ConsentMode] = Field(default_factory=dict, kw_only=True)
    quiet_hours: Annotated[Sequence[QuietHours], AfterValidator(as_tuple)] = Field(
        default=(), kw_only=True
    )
    caps: Annotated[Sequence[FrequencyCap], AfterValidator(as_tuple)] = Field(
        default=(), kw_only=True
    )

    @model_validator(mode="after")
    def _channels_are_known(self) -> Policy:
        known = ", ".join(sorted(self.consent)) or "none so far"
        rules = [(f"quiet_hours[{n}]", rule.channels) for n, rule in enumerate(self.quiet_hours)]
        rules += [(f"caps[{n}]", cap.channels) for n, cap in enumerate(self.caps)]
        for place, channels in rules:
            for channel in channels or ():
                if channel not in self.consent:
                    raise Wrong(
                        f"channel {channel!r} is not declared",
                        f"declare it in consent={{{channel!r}: 'opt-in'}}, or name one of the "
                        f"declared: {known}",
                        f"{place} › channels",
                    )
        return self

    @model_validator(mode="after")
    def _some_time_is_open(self) -> Policy:
        topics = {topic for rule in self.quiet_hours for topic in rule.topics or ()}
        for channel in self.consent:
            for topic in (None, *sorted(topics)):
                spans = [
                    rule.span
                    for rule in self.quiet_hours
                    if rule.where is None
                    and (rule.channels is None or channel in rule.channels)
                    and (rule.topics is None or topic in rule.topics)
                ]
                if spans and never_open(Windows.of(spans)):
                    about = "" if topic is None else f" about {topic!r}"
                    raise Wrong(
                        f"the quiet hours together never let channel {channel!r} speak{about}",
                        "leave some time of the week open",
                        "quiet_hours",
                    )
        return self
