"""What became of a message? Its whole life, read from the journal alone.

The words are those of the timeline; there is no second place that knows a reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from journeykit.kernel import journal as j
from journeykit.runtime.timeline import Timeline, TimelineLine, local_time
from journeykit.time import from_micros

StageKind = Literal[
    "decided", "timed", "held", "rerouted", "released", "displaced", "retried", "rejected", "accepted",
    "failed", "dropped", "expired", "withdrawn", "receipt", "doubted", "clarified",
]  # fmt: skip
LifeStatus = Literal["held", "released", "accepted", "dropped", "expired", "failed", "withdrawn"]

_STATUS: Mapping[StageKind, LifeStatus] = {
    "decided": "held",
    "timed": "held",
    "held": "held",
    "rerouted": "held",
    "displaced": "held",
    "released": "released",
    "retried": "released",
    "rejected": "released",
    "accepted": "accepted",
    "failed": "failed",
    "dropped": "dropped",
    "expired": "expired",
    "withdrawn": "withdrawn",
    "doubted": "released",
    "clarified": "held",
}


@dataclass(frozen=True, slots=True)
class MessageStage:
    """One thing that happened to a message.

    Attributes:
        at: UTC.
        channel: The one that the message is on from then on, or that answered.
        reason: The stable reason code, or ""; of a `receipt`, which one.
        detail: The rule, the zone, the wall time and the numbers that decided.
        until: When a held message is looked at again, or a retry is made; None otherwise.
        hand_over: Which hand-over was answered, from 1 on; 0 where none was.
        text: The sentence, as the timeline tells it.
    """

    at: datetime
    kind: StageKind
    channel: str
    reason: str
    detail: Mapping[str, Any]
    until: datetime | None
    hand_over: int
    text: str

    @property
    def makes_room_for(self) -> str | None:
        """Template of the more important message that it waits for (`look_ahead`), or None."""
        return self.detail.get("for") if self.reason == "look_ahead" else None


@dataclass(frozen=True, slots=True)
class MessageLife:
    """Everything that happened to one message, and what it came to.

    Attributes:
        step: The `Send` step that asked for it.
        status: `held` or `released` while it is on its way; a retry that is to come counts
            as released.
        timezone: The zone whose wall clock is printed.
    """

    id: str
    customer_id: str
    template: str
    journey: str
    enrollment: str
    step: str
    topic: str | None
    priority: int
    transactional: bool
    timezone: str
    status: LifeStatus
    stages: tuple[MessageStage, ...]

    @property
    def decided(self) -> datetime:
        """When its step asked for it."""
        return self.stages[0].at

    @property
    def at(self) -> datetime | None:
        """When it came to its end; None while it is on its way."""
        return None if self.status in ("held", "released") else self.last.at

    @property
    def reason(self) -> str:
        """Why it waits, or was not sent: the code of what brought it to its status."""
        return self.last.reason

    @property
    def until(self) -> datetime | None:
        """When it is looked at again; None where it came to its end, or waits for no instant."""
        return self.last.until

    @property
    def channel(self) -> str:
        """The channel that it is on, or was on in the end."""
        return self.last.channel

    @property
    def channels(self) -> tuple[str, ...]:
        """Every channel that was tried, in order."""
        return tuple(dict.fromkeys(stage.channel for stage in self.stages))

    @property
    def waits(self) -> tuple[MessageStage, ...]:
        """The stages at which it was held, each with its reason."""
        return tuple(stage for stage in self.stages if stage.kind == "held")

    @property
    def hand_overs(self) -> int:
        """How many hand-overs were answered."""
        return max(stage.hand_over for stage in self.stages)

    @property
    def last(self) -> MessageStage:
        """The stage that brought it to its status."""
        telling = (
            stage for stage in reversed(self.stages) if _STATUS.get(stage.kind) == self.status
        )
        return next(telling, self.stages[-1])

    def text(self) -> str:
        """Return its life in words, one line per stage."""
        zone = ZoneInfo(self.timezone)
        rows = [f"{self.template} to {self.customer_id} ({self.journey}): {self.status}"]
        rows += [f"  {local_time(stage.at, zone)}  {stage.text}" for stage in self.stages]
        return "\n".join(rows)

    def __str__(self) -> str:
        return self.text()


# ---- from the journal


class _Life:
    """A life whose stages are being gathered."""

    def __init__(self, asked: j.Decided, journey: str, step: str) -> None:
        self.asked = asked
        self.journey = journey
        self.step = step
        self.channel = asked.channel
        self.hand_overs = 0
        self.status: LifeStatus = "held"
        self.stages: list[MessageStage] = []

    def add(self, entry: AboutMessage, line: TimelineLine) -> None:
        detail: Mapping[str, Any] = {}
        channel = self.channel
        answer = 0
        match entry:
            case j.Answered():
                self.hand_overs += 1
                answer, channel = self.hand_overs, entry.channel
                detail = {"said": entry.detail} if entry.detail else {}
            case j.Rerouted():
                channel = self.channel = entry.channel
                detail = entry.detail
            case j.Displaced():
                detail = {"by": entry.by}
            case j.Timed():
                detail = {"rule": entry.send_time, "sends": entry.sends}
            case j.Held() | j.Dropped():
                detail = entry.detail
            case j.Receipted():
                detail = {"said": entry.detail} if entry.detail else {}
        kind = _kind(entry)
        self.status = self._status(entry, kind)
        until = entry.until if isinstance(entry, j.Held | j.Answered) else None
        when = None if until is None else from_micros(until)
        self.stages.append(
            MessageStage(line.at, kind, channel, line.reason, detail, when, answer, line.text)
        )

    def _status(self, entry: AboutMessage, kind: StageKind) -> LifeStatus:
        """Return where the message stands; what comes late changes nothing but an acceptance."""
        if isinstance(entry, j.Receipted):
            return self.status
        late = isinstance(entry, j.Answered) and (entry.late or entry.channel != self.channel)
        return self.status if late and kind in ("rejected", "retried", "failed") else _STATUS[kind]

    def told(self, customer_id: str, timezone: str) -> MessageLife:
        asked = self.asked
        return MessageLife(
            asked.message,
            customer_id,
            asked.template,
            self.journey,
            asked.enrollment,
            self.step,
            asked.topic or None,
            asked.priority,
            asked.transactional,
            timezone,
            self.status,
            tuple(self.stages),
        )


AboutMessage = (
    j.Decided
    | j.Timed
    | j.Rerouted
    | j.Held
    | j.Released
    | j.Displaced
    | j.Answered
    | j.Dropped
    | j.Withdrawn
    | j.Receipted
    | j.Doubted
    | j.Clarified
)
_KINDS: dict[type[j.Entry], StageKind] = {
    j.Decided: "decided",
    j.Timed: "timed",
    j.Rerouted: "rerouted",
    j.Held: "held",
    j.Released: "released",
    j.Displaced: "displaced",
    j.Dropped: "dropped",
    j.Withdrawn: "withdrawn",
    j.Receipted: "receipt",
    j.Doubted: "doubted",
    j.Clarified: "clarified",
}
_ANSWERS: dict[str, StageKind] = {
    "accepted": "accepted",
    "rejected": "rejected",
    "failed": "failed",
    "retry": "retried",
}


def _kind(entry: AboutMessage) -> StageKind:
    if isinstance(entry, j.Answered):
        return _ANSWERS[entry.answer]
    if isinstance(entry, j.Dropped) and entry.reason == "expired":
        return "expired"
    return _KINDS[type(entry)]


def lives_of(timeline: Timeline, entries: Iterable[j.Entry]) -> list[MessageLife]:
    """Return the lives of all messages in `entries`, in the order of their decision.

    Args:
        timeline: What `tell` says of the same entries.
    """
    places: dict[str, tuple[str, str]] = {}
    lives: dict[str, _Life] = {}
    for entry, line in zip(entries, timeline.lines, strict=True):
        match entry:
            case j.Entered():
                places[entry.enrollment] = entry.journey, "start"
            case j.Pruned():
                for run, one in entry.state.get("enrollments", {}).items():
                    places[run] = one["journey"], one["step"]
            case j.Moved():
                journey, _ = places.get(entry.enrollment, ("", ""))
                places[entry.enrollment] = journey, entry.step
            case j.Decided():
                lives[entry.message] = life = _Life(entry, *places.get(entry.enrollment, ("", "")))
                life.add(entry, line)
            case _ if isinstance(entry, AboutMessage) and entry.message in lives:
                lives[entry.message].add(entry, line)
    return [life.told(timeline.customer_id, timeline.timezone) for life in lives.values()]
