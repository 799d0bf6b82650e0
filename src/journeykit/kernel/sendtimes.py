"""When does a message leave best? Its send time is asked once, when it is decided (G4).

Keeps true:
    * the instant lies in the window, and is asked for only once in the life of a message;
    * a message that may not go, or could not leave in time, is not asked for at all;
    * what a send time may look at depends on the arguments of `advance` alone (O4).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from types import MappingProxyType

from journeykit.errors import NaiveInstantError, SendTimeError
from journeykit.kernel import journal as j
from journeykit.kernel.engaging import HOURS, hour_of_week
from journeykit.kernel.facts import Facts
from journeykit.kernel.gate import judge, wait
from journeykit.kernel.state import Message, Responses
from journeykit.kernel.turn import Turn, facts_of
from journeykit.machine import Reading, SendPlan
from journeykit.model import (
    BestHour,
    Engagement,
    SendTimeCustomer,
    SendTimeFunction,
    SendTimeMessage,
)
from journeykit.time import DAY, HOUR, MINUTE, Zone, from_micros, naive_of, shift, to_micros


def waits_for_send_time(turn: Turn, message: Message, plan: SendPlan) -> bool:
    """Ask the send time of a message that was not asked for yet; hold it if that is later."""
    if plan.send_time is None or message.sends is not None:
        return False
    facts = facts_of(turn)
    if judge(message, facts).action == "drop":  # for good: its step says what follows
        return False
    window = Window(turn, message, plan)
    way = turn.rules.send_times[plan.send_time]
    if isinstance(way, BestHour):
        sends = best_hour(way, turn.state.responses, window)
    else:
        sends = _asked(turn, message, plan.send_time, way, window)
    turn.emit(j.Timed(turn.stamp, message.id, plan.send_time, sends))
    if sends <= turn.now:
        return False
    local = naive_of(window.clock.wall(sends)).isoformat(sep=" ", timespec="minutes")
    detail = {"rule": plan.send_time, "zone": window.zone, "local": local}
    turn.emit(j.Held(turn.stamp, message.id, sends, "send_time", detail))
    return True


class Window:
    """When a message may leave; what `model.DeliveryWindow` promises, and the same in micros."""

    __slots__ = ("_facts", "_message", "clock", "ends", "starts")

    def __init__(self, turn: Turn, message: Message, plan: SendPlan) -> None:
        assert plan.within is not None
        facts = facts_of(turn)
        self.clock: Zone = facts.zone_for(message.channel)[0]
        self.starts = turn.now
        self.ends = shift(turn.now, plan.within, self.clock)
        if message.expires is not None and message.expires < self.ends:
            self.ends = message.expires
        self._message = message
        self._facts = _at_any_time(turn, facts)

    @property
    def channel(self) -> str:
        """The channel of the message."""
        return self._message.channel

    @property
    def start(self) -> datetime:
        """Now."""
        return from_micros(self.starts)

    @property
    def end(self) -> datetime:
        """The first instant that is too late."""
        return from_micros(self.ends)

    @property
    def zone(self) -> str:
        """Name of the zone whose clock counts."""
        return self.clock.name

    def opens(self, at: datetime) -> datetime | None:
        """Return the first instant of the window from `at` on with an open gate, or None."""
        found = self.first_open(max(to_micros(at), self.starts), self.ends)
        return None if found is None else from_micros(found)

    def is_open(self, at: datetime) -> bool:
        """Tell whether `at` lies in the window and the gate is open then."""
        micros = to_micros(at)
        return self.starts <= micros < self.ends and self.first_open(micros, micros + 1) == micros

    def first_open(self, at: int, before: int) -> int | None:
        """Return the first instant from `at` on, and before `before`, with an open gate."""
        facts = self._facts
        while at < before:
            facts.now = facts.reading.now = at
            verdict = wait(self._message, facts)
            if verdict.action == "allow":
                return at
            if verdict.action == "drop" or verdict.until is None:
                return None
            at = verdict.until
        return None


def _at_any_time(turn: Turn, facts: Facts) -> Facts:
    """Let the facts be read at another instant than now, as if nothing happened until then."""
    reading = Reading()
    reading.profile, reading.past, reading.zone = turn.profile, turn.past, turn.zone
    facts.reading = reading
    return facts


# ---- a function of the host's


def _asked(turn: Turn, message: Message, name: str, way: SendTimeFunction, window: Window) -> int:
    run = turn.state.enrollments[message.enrollment]
    place = f"Journey {message.journey!r} › step {run.step!r}"
    customer = SendTimeCustomer(
        turn.state.id,
        MappingProxyType(turn.profile),
        {
            channel: Engagement(from_micros(known.last), dict(known.hours))
            for channel, known in turn.state.responses.items()
        },
    )
    about = SendTimeMessage(
        message.id,
        message.template,
        message.channel,
        message.journey,
        run.step,
        message.topic or None,
        message.priority,
        MappingProxyType(run.data),
    )
    try:
        chosen = way(customer, about, window)
    except Exception as error:
        raise SendTimeError(
            f"send time {name!r} failed: {type(error).__name__}",
            place=place,
            remedy="the cause tells where; the customer is tried again when it is repaired",
        ) from error
    if not isinstance(chosen, datetime):
        raise SendTimeError(
            f"send time {name!r} chose no instant, but a value of type {type(chosen).__name__}",
            place=place,
            remedy="return a datetime with a zone, such as window.start",
        )
    try:
        at = to_micros(chosen)
    except NaiveInstantError:
        raise SendTimeError(
            f"send time {name!r} chose a datetime without a zone, which names no instant",
            place=place,
            remedy="return one with tzinfo, such as window.start + timedelta(hours=1)",
        ) from None
    if at >= window.ends:
        at = window.ends - MINUTE
    return max(at, window.starts)


# ---- the built-in one

_NEAR = ((0, 4), (1, 2), (-1, 2), (2, 1), (-2, 1))
_SAME_DAY = 3
_AHEAD = 28 * DAY


def best_hour(rule: BestHour, responses: Mapping[str, Responses], window: Window) -> int:
    """Return the beginning of the hour that `BestHour` means; now, where it says nothing."""
    counts = [0] * HOURS
    for channel, known in responses.items():
        if rule.channels == "all" or channel == window.channel:
            for hour, count in known.hours.items():
                counts[hour] += count
    if sum(counts) < rule.at_least:
        return window.starts
    scores = smoothed(counts)
    hours = [(-scores[hour], at, end) for at, end, hour in _hours(window)]
    for _, at, end in sorted(hours):
        opens = window.first_open(at, end)
        if opens is not None:
            return opens
    return window.starts


def smoothed(counts: list[int]) -> list[int]:
    """Return the scores of all hours of the week from the number of answers in each."""
    by_time = [sum(counts[time::24]) for time in range(24)]
    return [
        sum(
            weight * ((_SAME_DAY - 1) * counts[(hour + off) % HOURS] + by_time[(hour + off) % 24])
            for off, weight in _NEAR
        )
        for hour in range(HOURS)
    ]


def _hours(window: Window) -> Iterator[tuple[int, int, int]]:
    """Yield begin, end and hour of the week of each hour that the clock shows in the window."""
    at, clock = window.starts, window.clock
    ends = min(window.ends, at + _AHEAD)
    while at < ends:
        wall = clock.wall(at)
        following = at + HOUR - wall % HOUR
        change = clock.next_change(at, following)
        if change is not None:
            following = change
        yield at, min(following, ends), hour_of_week(wall)
        at = following
