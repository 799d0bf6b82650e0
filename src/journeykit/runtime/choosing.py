"""What does a page of choices tell? Checked here, before any of it is stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from journeykit.errors import UsageError
from journeykit.kernel import PreferencesTold, Signal
from journeykit.machine import Rules
from journeykit.runtime.intake import check_channel, check_source, check_topic, read_profile
from journeykit.runtime.preferences import limits_of


def read_preferences(
    rules: Rules,
    choices: Mapping[str, bool],
    limits: Mapping[str, Any] | None,
    source: str,
    now: int,
) -> list[Signal]:
    """Check choices and wishes; return what they tell, the wishes first.

    Raises:
        UnknownChannelError, UnknownTopicError, InvalidProfileError, UsageError: One of it is
            wrong.
    """
    for place, given in (("choices", choices), ("limits", limits or {})):
        if not isinstance(given, Mapping):
            raise UsageError(f"{place} must be a mapping", place=place, value=given, private=True)
    signals: list[Signal] = []
    if limits:
        signals.append(_read_limits(rules, limits, now))
    if choices or not limits:
        signals.append(_read_choices(rules, choices, source, now))
    return signals


def _read_choices(
    rules: Rules, choices: Mapping[Any, object], source: str, now: int
) -> PreferencesTold:
    remedy = "such as {'email': True, 'email/news': False}"
    if not choices:
        raise UsageError("no choices are given", place="choices", value=choices, remedy=remedy)
    told: dict[str, bool] = {}
    for key, chosen in choices.items():
        channel, slash, topic = key.partition("/") if isinstance(key, str) else (key, "", "")
        check_channel(rules, channel)
        check_topic(rules, topic if slash else None)
        if not isinstance(chosen, bool):
            raise UsageError(
                "a choice is True or False", place=f"choices[{key!r}]", value=chosen,
                remedy=remedy, private=True,
            )  # fmt: skip
        told[key] = chosen
    check_source(source)
    return PreferencesTold(now, told, source)


def _read_limits(rules: Rules, limits: Mapping[str, Any], now: int) -> Signal:
    known = sorted(limits_of(rules))
    for field in limits:
        if field not in known:
            raise UsageError(
                "no cap asks for this wish", place="limits", value=field,
                remedy=f"own_limit of caps names {', '.join(known) or 'nothing so far'}",
            )  # fmt: skip
    return read_profile(rules, limits, now)
