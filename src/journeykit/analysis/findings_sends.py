"""Which messages cannot come through? Caps and quiet hours against what is sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from journeykit.analysis.closures import closures_of, longest_closure
from journeykit.analysis.codes import found
from journeykit.analysis.paths import nearest
from journeykit.analysis.subject import Subject, sends_of
from journeykit.model import (
    FrequencyCap,
    Goto,
    Journey,
    MinimumGap,
    Policy,
    Send,
    Step,
    steps_of,
)
from journeykit.model.findings import Finding
from journeykit.model.spans import in_words, longest, shortest
from journeykit.time import HOUR, Duration

Cap = FrequencyCap | MinimumGap


def of_journey(subject: Subject, journey: Journey) -> Iterator[Finding]:
    """Yield what is found about the messages of a journey."""
    yield from _caps(subject, journey)
    yield from _quiet_hours(subject, journey)
    yield from _chosen_moments(journey)


# ---- caps


def _caps(subject: Subject, journey: Journey) -> Iterator[Finding]:
    caps = [
        (place, cap)
        for place, cap in subject.workspace.policy.cap_rules
        if (cap.where, cap.countries, cap.valid_from, cap.valid_until) == (None,) * 4
    ]
    for _, path, send in sends_of(journey):
        for place, cap in caps:
            if isinstance(cap, FrequencyCap) and cap.limit == 0 and _blocks(cap, journey, send):
                why = (
                    f"the cap of policy › {place} ({_title(cap)}) lets none of these messages leave"
                )
                remedy = "take the message out, or leave it out of the cap"
                yield found("JK401", journey.name, path, why, remedy)
                break
    for place, cap in caps:
        yield from _crowded(subject.workspace.policy, journey, place, cap)


def _crowded(policy: Policy, journey: Journey, place: str, cap: Cap) -> Iterator[Finding]:
    """Yield the messages that come so soon behind others that a cap never lets them pass."""
    span = cap.span if isinstance(cap, MinimumGap) else cap.per
    limit = 1 if isinstance(cap, MinimumGap) else cap.limit
    if not limit:
        return
    # within the same instant it is the same day, week and month
    least = shortest(span) if isinstance(span, Duration) else 1
    told: set[str] = set()
    for first, _, _ in sends_of(journey):
        for other, at in _behind(journey, first, limit, cap, least).items():
            state = journey.graph.states[other]
            assert isinstance(state.step, Send)
            if other in told or at + _patience(state.step) >= least:
                continue
            told.add(other)
            latest = f"{in_words(Duration(micros=at))} at the latest" if at else "at once"
            closed = closures_of(policy, state.step)
            held = (closed and state.step.on_quiet == "hold") or limit > 1
            apart = ", quiet hours and other holds apart" if held else ""
            whom = first if limit == 1 else f"{limit} messages from {first} on"
            again = f"{other} again" if other == first else other
            why = (
                f"it comes {latest} behind {first}, and policy › {place} ({_title(cap)}) does not "
                f"let it pass then{apart}: whoever gets {whom} does not get {again}"
            )
            wait = f"wait longer than {in_words(span)}" if isinstance(span, Duration) else None
            remedy = f"{wait or f'let a {span} begin in between'}, or hold it: on_cap='hold'"
            yield found("JK402", journey.name, state.path, why, remedy)


def _title(cap: Cap) -> str:
    """Return how a cap reads in a sentence."""
    if cap.name is None and isinstance(cap, FrequencyCap) and isinstance(cap.per, Duration):
        return f"{cap.limit} per {in_words(cap.per)}"
    return cap.title


def _behind(journey: Journey, first: str, limit: int, cap: Cap, least: int) -> Mapping[str, int]:
    """Return the messages before which a cap is used up by `limit` others, `first` among them.

    Returns:
        Of each the longest time from the acceptance of `first` to it, if that is below `least`.
    """
    present = {first: 0}
    most, visits = _visits(journey), Counter([first])
    for _ in range(min(limit, _MOST_BEFORE)):
        following: dict[str, int] = {}
        for name, at in present.items():
            send = journey.graph.states[name].step
            if isinstance(send, Send) and _counts(cap, journey, send):
                for other, more in nearest(journey, name, _is_send).items():
                    following[other] = max(following.get(other, 0), at + more)
        visits.update(following.keys())
        present = {
            name: at for name, at in following.items() if at < least and visits[name] <= most
        }
        if not present:
            return {}
    states = journey.graph.states
    return {
        name: at
        for name, at in present.items()
        if limit <= _MOST_BEFORE
        and isinstance(send := states[name].step, Send)
        and _blocks(cap, journey, send)
    }


_MOST_BEFORE = 1000


def _visits(journey: Journey) -> int:
    """Return how often a run comes to a step at least, where it comes there again and again."""
    loops = [step.at_most for _, step in steps_of(journey) if isinstance(step, Goto)]
    return min((turns + 1 for turns in loops if turns is not None), default=_MOST_BEFORE + 1)


def _is_send(step: Step) -> bool:
    return isinstance(step, Send)


def _patience(send: Send) -> int:
    """Return how long a message can wait for a slot."""
    if send.on_cap != "hold":
        return 0
    return 1 << 62 if send.valid_for is None else longest(send.valid_for)


def _counts(cap: Cap, journey: Journey, send: Send) -> bool:
    return _covers(cap, journey, send) and (not send.transactional or cap.counts_transactional)


def _blocks(cap: Cap, journey: Journey, send: Send) -> bool:
    return _covers(cap, journey, send) and not send.transactional


def _covers(cap: Cap, journey: Journey, send: Send) -> bool:
    """Tell whether a cap covers a message on whatever channel it takes."""
    topic = [] if send.topic is None else [send.topic]
    for names, mine, needs_all in (
        (cap.channels, send.channels, True),
        (cap.topics, topic, False),
        (cap.journeys, [journey.name], False),
        (cap.tags, send.tags, False),
        (cap.templates, [send.template], False),
    ):
        if names is not None:
            covered = [one in names for one in mine]
            if not covered or not (all(covered) if needs_all else any(covered)):
                return False
    return True


# ---- time


def _quiet_hours(subject: Subject, journey: Journey) -> Iterator[Finding]:
    for name, path, send in sends_of(journey):
        if send.valid_for is None or send.transactional or send.on_quiet != "hold":
            continue
        closed = closures_of(subject.workspace.policy, send)
        closure = longest_closure(closed)
        if closure is not None and closure >= _usual(send.valid_for):
            span, rules = in_words(Duration(micros=closure)), ", ".join(closed.titles)
            yield found(
                "JK303",
                journey.name,
                f"{path} › valid_for",
                f"{name} is valid for {in_words(send.valid_for)}, and quiet hours last up to "
                f"{span} ({rules}): one that is decided at their beginning is never sent",
                f"make it valid for more than {span}, or say what else happens: on_quiet=",
            )


def _usual(span: Duration) -> int:
    """Return how long a span lasts where no clock changes; a month is as short as they get."""
    return shortest(span) + (HOUR if span.is_calendar else 0)


def _chosen_moments(journey: Journey) -> Iterator[Finding]:
    for _, path, send in sends_of(journey):
        for option in ("within", "spread"):
            span = getattr(send, option)
            if (
                span is not None
                and send.valid_for is not None
                and shortest(span) > longest(send.valid_for)
            ):
                why = (
                    f"{option} lets {in_words(span)} pass, and the message is valid for "
                    f"{in_words(send.valid_for)}"
                )
                remedy = f"shorten {option}, or lengthen valid_for"
                yield found("JK305", journey.name, f"{path} › {option}", why, remedy)
