"""Why did Ann get this, and why not that? The journal of one customer, told in sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from journeykit.kernel import journal as j
from journeykit.time import from_micros


@dataclass(frozen=True, slots=True)
class TimelineLine:
    """One thing that happened.

    Attributes:
        at: UTC.
        kind: The kind of journal entry, such as `hold` or `move`.
        journey: "" where no journey is concerned.
        reason: The stable reason code, or "".
        text: The sentence.
    """

    at: datetime
    kind: str
    journey: str
    reason: str
    text: str


class Timeline:
    """All that happened to one customer, oldest first; printing it tells the story."""

    def __init__(self, customer_id: str, timezone: str, lines: Iterable[TimelineLine]) -> None:
        self.customer_id = customer_id
        self.timezone = timezone
        self.lines = tuple(lines)

    def __iter__(self) -> Iterator[TimelineLine]:
        return iter(self.lines)

    def __len__(self) -> int:
        return len(self.lines)

    def about(self, journey: str) -> Timeline:
        """Return the lines about one journey."""
        return Timeline(
            self.customer_id,
            self.timezone,
            (line for line in self.lines if line.journey == journey),
        )

    def __str__(self) -> str:
        zone = ZoneInfo(self.timezone)
        rows = [f"{self.customer_id} ({self.timezone})"]
        for line in self.lines:
            local = line.at.astimezone(zone).strftime("%a %Y-%m-%d %H:%M")
            about = f"[{line.journey}] " if line.journey else ""
            rows.append(f"  {local}  {about}{line.text}")
        return "\n".join(rows)


class _Teller:
    """Remembers which run and message belongs to which journey while entries go by."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone
        self.runs: dict[str, str] = {}
        self.steps: dict[str, str] = {}
        self.messages: dict[str, tuple[str, str]] = {}

    def local(self, micros: int | None) -> str:
        if micros is None:
            return "further notice"
        return from_micros(micros).astimezone(self.zone).strftime("%a %Y-%m-%d %H:%M")

    def tell(self, entry: j.Entry) -> TimelineLine:
        kind = entry.__struct_config__.tag
        journey, reason, text = _TELL[type(entry)](self, entry)
        return TimelineLine(from_micros(entry.at), str(kind), journey, reason, text)

    def about(self, message: str) -> tuple[str, str]:
        return self.messages.get(message, ("", "a message"))


Told = tuple[str, str, str]


def tell(customer_id: str, timezone: str, entries: Iterable[j.Entry]) -> Timeline:
    """Return the timeline of a customer's journal."""
    teller = _Teller(ZoneInfo(timezone))
    return Timeline(customer_id, timezone, [teller.tell(entry) for entry in entries])


_INSTANTS = frozenset({"opens", "retry_at", "since", "valid_until"})


def _words(t: _Teller, detail: dict[str, Any]) -> str:
    shown = ", ".join(
        f"{key} {t.local(value) if key in _INSTANTS and isinstance(value, int) else value}"
        for key, value in detail.items()
    )
    return f" ({shown})" if shown else ""


def _received(t: _Teller, e: j.Received) -> Told:
    late = "" if e.occurred >= e.at else f", which happened {t.local(e.occurred)}"
    return "", "", f"event {e.name} {e.id}{late}"


def _conflicted(t: _Teller, e: j.Conflicted) -> Told:
    return "", "conflict", f"event {e.name}: id {e.id} was used before for other content; ignored"


def _profiled(t: _Teller, e: j.Profiled) -> Told:
    return "", "", f"profile told: {', '.join(sorted(e.attributes)) or 'nothing new'}"


def _assigned(t: _Teller, e: j.Assigned) -> Told:
    return t.runs.get(e.enrollment, ""), "", f"set {', '.join(sorted(e.attributes))}"


def _consented(t: _Teller, e: j.Consented) -> Told:
    what = f"{e.channel} ({e.topic})" if e.topic else e.channel
    verb = "gave consent to" if e.granted else "withdrew consent to"
    return "", "", f"{verb} {what}, source: {e.source or 'not given'}"


def _suppressed(t: _Teller, e: j.Suppressed) -> Told:
    return "", "suppressed", f"address on {e.channel} suppressed: {e.reason or 'no reason given'}"


def _unsuppressed(t: _Teller, e: j.Unsuppressed) -> Told:
    return "", "", f"address on {e.channel} may be used again"


def _commanded(t: _Teller, e: j.Commanded) -> Told:
    return e.journey, "", f"{e.command} was asked for{f': {e.reason}' if e.reason else ''}"


def _counted(t: _Teller, e: j.Counted) -> Told:
    return "", "", "counted for conditions about the past"


def _marked(t: _Teller, e: j.Marked) -> Told:
    return "", "", "remembered as an exit, for triggers that arrive late"


def _forgot(t: _Teller, e: j.Forgot) -> Told:
    return "", "", "old history forgotten"


def _entered(t: _Teller, e: j.Entered) -> Told:
    t.runs[e.enrollment] = e.journey
    key = f" for {e.key}" if e.key is not None else ""
    return e.journey, "", f"entered{key} (version {e.version})"


def _refused(t: _Teller, e: j.Refused) -> Told:
    return e.journey, e.reason, f"did not enter: {e.reason}"


def _moved(t: _Teller, e: j.Moved) -> Told:
    t.steps[e.enrollment] = e.step
    due = f", until {t.local(e.due)}" if e.due is not None else ""
    return t.runs.get(e.enrollment, ""), "", f"{e.outcome} → {e.step}{due}"


def _rescheduled(t: _Teller, e: j.Rescheduled) -> Told:
    text = f"the zone changed: waits until {t.local(e.due)}"
    return t.runs.get(e.enrollment, ""), "zone_changed", text


def _foreseen(t: _Teller, e: j.Foreseen) -> Told:
    when = "no passing of time" if e.leaves is None else f"time alone, {t.local(e.leaves)}"
    return t.runs.get(e.enrollment, ""), "", f"its exit condition will be met by {when}"


def _latched(t: _Teller, e: j.Latched) -> Told:
    return t.runs.get(e.enrollment, ""), "", f"what {e.step} waits for has come already"


def _met(t: _Teller, e: j.Met) -> Told:
    return t.runs.get(e.enrollment, ""), "goal", "goal reached"


def _ended(t: _Teller, e: j.Ended) -> Told:
    why = f": {e.reason}" if e.reason else ""
    return t.runs.get(e.enrollment, ""), e.reason or e.status, f"ended, {e.status}{why}"


def _decided(t: _Teller, e: j.Decided) -> Told:
    journey = t.runs.get(e.enrollment, "")
    t.messages[e.message] = (journey, e.template)
    return journey, "", f"wants to send {e.template} by {e.channel}"


def _rerouted(t: _Teller, e: j.Rerouted) -> Told:
    journey, template = t.about(e.message)
    return (
        journey,
        e.reason,
        f"{template}: tries {e.channel}, because of {e.reason}{_words(t, e.detail)}",
    )


def _held(t: _Teller, e: j.Held) -> Told:
    journey, template = t.about(e.message)
    text = f"{template}: held until {t.local(e.until)}, because of {e.reason}{_words(t, e.detail)}"
    return journey, e.reason, text


def _released(t: _Teller, e: j.Released) -> Told:
    journey, template = t.about(e.message)
    return journey, "", f"{template}: the gate is open, released"


def _displaced(t: _Teller, e: j.Displaced) -> Told:
    journey, template = t.about(e.message)
    return journey, "displaced", f"{template}: makes room for a more important message"


def _answered(t: _Teller, e: j.Answered) -> Told:
    journey, template = t.about(e.message)
    told = {
        "accepted": f"{template}: sent by {e.channel}",
        "rejected": f"{template}: refused by {e.channel}",
        "failed": f"{template}: failed for good on {e.channel}",
        "retry": f"{template}: {e.channel} asks to come again {t.local(e.until)}",
    }[e.answer]
    late = ", after it had been withdrawn" if e.late else ""
    return journey or e.journey, e.answer, f"{told}{late}{f': {e.detail}' if e.detail else ''}"


def _dropped(t: _Teller, e: j.Dropped) -> Told:
    journey, template = t.about(e.message)
    return journey, e.reason, f"{template}: not sent, because of {e.reason}{_words(t, e.detail)}"


def _withdrawn(t: _Teller, e: j.Withdrawn) -> Told:
    journey, template = t.about(e.message)
    return journey, e.reason, f"{template}: withdrawn before it went out: {e.reason}"


_TELL: dict[type[j.Entry], Callable[[_Teller, Any], Told]] = {
    j.Received: _received,
    j.Conflicted: _conflicted,
    j.Profiled: _profiled,
    j.Assigned: _assigned,
    j.Consented: _consented,
    j.Suppressed: _suppressed,
    j.Unsuppressed: _unsuppressed,
    j.Commanded: _commanded,
    j.Counted: _counted,
    j.Marked: _marked,
    j.Forgot: _forgot,
    j.Entered: _entered,
    j.Refused: _refused,
    j.Moved: _moved,
    j.Rescheduled: _rescheduled,
    j.Foreseen: _foreseen,
    j.Latched: _latched,
    j.Met: _met,
    j.Ended: _ended,
    j.Decided: _decided,
    j.Rerouted: _rerouted,
    j.Held: _held,
    j.Released: _released,
    j.Displaced: _displaced,
    j.Answered: _answered,
    j.Dropped: _dropped,
    j.Withdrawn: _withdrawn,
}
