"""Do the hours of a message leave it any time within what the policy allows? (G2)"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from journeykit.model.base import Wrong
from journeykit.model.steps import Send, Step
from journeykit.model.windows import ClockRule, outside_of
from journeykit.time import LONGEST_CLOSURE, Windows, never_open


def refuse_shut_hours(
    steps: Iterable[tuple[str, Step]], rules: Sequence[tuple[str, ClockRule]]
) -> None:
    """Refuse a `Send` whose hours never come together with the policy, on any of its channels.

    Rules that concern some customers only, or count for a time, are left out of account: for
    those it is as with their holidays and zones, an explicit "never".

    Args:
        steps: Each with its place.
        rules: Quiet hours and send windows, each with its place.
    """
    always = [(place, rule) for place, rule in rules if _is_for_all(rule)]
    for place, step in steps:
        if isinstance(step, Send) and step.hours:
            closing = [_closing(step, channel, always) for channel in step.channels]
            if all(closing):
                names = " and ".join(f"{where} ({rule.title})" for where, rule in closing[0])
                raise Wrong(
                    f"these hours and {names} of the policy leave no instant within "
                    f"{LONGEST_CLOSURE} days",
                    "let the hours overlap with the time that the policy allows",
                    f"{place} › hours",
                )


def _is_for_all(rule: ClockRule) -> bool:
    conditions = (rule.where, rule.countries, rule.valid_from, rule.valid_until)
    return all(one is None for one in conditions)


def _closing(
    step: Send, channel: str, rules: Sequence[tuple[str, ClockRule]]
) -> list[tuple[str, ClockRule]]:
    """Return the rules that leave nothing of the hours on a channel; none where they do."""
    covering = [
        (place, rule)
        for place, rule in rules
        if (rule.channels is None or channel in rule.channels)
        and (rule.topics is None or step.topic in rule.topics)
    ]
    shut = Windows.union([outside_of(step.hours), *(rule.windows for _, rule in covering)])
    return covering if never_open(shut) else []
