"""How does a journal entry read? One sentence each, in the words of authors and customers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from journeykit.kernel import journal as j
from journeykit.kernel import reasons
from journeykit.machine import CompiledStep, Rules
from journeykit.runtime.telling_errands import ERRANDS, Line
from journeykit.runtime.telling_operated import OPERATED
from journeykit.runtime.telling_waits import WAITS, in_wait
from journeykit.runtime.telling_watched import told_segment, told_timer
from journeykit.runtime.timeline import Timeline, TimelineLine, local_time
from journeykit.runtime.wording import because, refused
from journeykit.time import from_micros


class Told(NamedTuple):
    """What an entry says: the journey, the reason code, the sentence."""

    journey: str
    reason: str
    text: str
    is_detail: bool = False


def tell(
    customer_id: str, timezone: str, entries: Iterable[j.Entry], rules: Rules | None = None
) -> Timeline:
    """Return the timeline of a customer's journal.

    Args:
        rules: Where the journeys are at hand: waits are then told with what they wait for.
    """
    teller = _Teller(ZoneInfo(timezone), rules)
    return Timeline(customer_id, timezone, [teller.tell(entry) for entry in entries])


class _Teller:
    """Remembers which run and message belongs to which journey while entries go by."""

    def __init__(self, zone: ZoneInfo, rules: Rules | None) -> None:
        self.zone = zone
        self.rules = rules
        self.runs: dict[str, tuple[str, int]] = {}
        self.messages: dict[str, tuple[str, str]] = {}
        self.held: set[str] = set()
        self.errands: dict[str, tuple[str, str, str]] = {}
        self.hand_overs: Counter[str] = Counter()
        self.inside: dict[str, bool | None] = {}

    def tell(self, entry: j.Entry) -> TimelineLine:
        kind = entry.__struct_config__.tag
        return TimelineLine(from_micros(entry.at), str(kind), *_TELL[type(entry)](self, entry))

    def local(self, micros: int) -> str:
        return local_time(from_micros(micros), self.zone)

    def journey(self, enrollment: str) -> str:
        return self.runs.get(enrollment, ("", 0))[0]

    def message(self, message: str) -> tuple[str, str]:
        return self.messages.get(message, ("", "a message"))

    def why(self, reason: str, detail: dict[str, Any]) -> str:
        return because(reason, detail, self.local)

    def entry(self, entry: str) -> str:
        rule = self.rules.watch.starts.get(entry) if self.rules else None
        return "" if rule is None else rule.by

    def step(self, enrollment: str, step: str) -> CompiledStep | None:
        table = self.rules.tables.get(self.runs.get(enrollment, ("", 0))) if self.rules else None
        return None if table is None else table.steps.get(step)


def _id(given: str) -> str:
    """Show the host's ids; those that count calls tell nothing."""
    return "" if given.startswith("#") else f" {given}"


def _received(t: _Teller, e: j.Received) -> Told:
    late = "" if e.occurred >= e.at else f", which happened {t.local(e.occurred)}"
    if e.by:
        return Told(t.journey(e.by), "", f"emits event {e.name}")
    return Told("", "", f"event {e.name}{_id(e.id)}{late}")


def _conflicted(t: _Teller, e: j.Conflicted) -> Told:
    text = f"event {e.name}: id {e.id} was used before for other content; ignored"
    return Told("", "conflict", text)


def _profiled(t: _Teller, e: j.Profiled) -> Told:
    return Told("", "", f"profile told: {', '.join(sorted(e.attributes)) or 'nothing new'}")


def _assigned(t: _Teller, e: j.Assigned) -> Told:
    return Told(t.journey(e.enrollment), "", f"sets {', '.join(sorted(e.attributes))}")


def _started(t: _Teller, e: j.Started) -> Told:
    key = f" for {e.key}" if e.key is not None else ""
    waits = "" if e.due is None else f", and waits until {t.local(e.due)} at most"
    return Told(t.journey(e.enrollment), "", f"starts {e.journey}{key}{waits}")


def _returned(t: _Teller, e: j.Returned) -> Told:
    first = {"started": "has begun", "refused": "was not let in"}
    came = first.get(e.status, f"is over: {e.status}")
    return Told(t.journey(e.enrollment), e.status, f"the run that it starts {came}")


def _consented(t: _Teller, e: j.Consented) -> Told:
    what = f"{e.channel} ({e.topic})" if e.topic else e.channel
    verb = "gave consent to" if e.granted else "withdrew consent to"
    source = f"source: {e.source or 'not given'}"
    ends = "" if e.until is None else f", implied until {t.local(e.until)}"
    if not e.counts:
        return Told("", "", f"gave consent to {what}{ends}, {source}; it changes nothing")
    return Told("", "", f"{verb} {what}{ends}, {source}")


def _confirmed(t: _Teller, e: j.Confirmed) -> Told:
    what = f"{e.channel} ({e.topic})" if e.topic else e.channel
    source = f"source: {e.source or 'not given'}"
    if not e.counts:
        return Told("", "", f"nothing to confirm for {what}, {source}")
    return Told("", "", f"confirmed consent to {what}, {source}")


def _suppressed(t: _Teller, e: j.Suppressed) -> Told:
    why = f": {e.reason}" if e.reason else ""
    return Told("", "suppressed", f"the address for {e.channel} must not be used any more{why}")


def _unsuppressed(t: _Teller, e: j.Unsuppressed) -> Told:
    return Told("", "", f"the address for {e.channel} may be used again")


_VERBS = {
    "enroll": "was enrolled by call",
    "cancel": "is cancelled by call",
    "backfill": "is asked for by a backfill",
    "retry": "is to try again, by call",
}


def _commanded(t: _Teller, e: j.Commanded) -> Told:
    verb = _VERBS.get(e.command)
    key = f" for {e.key}" if e.key is not None else ""
    return Told(e.journey, "", f"{verb or e.command}{key}{f': {e.reason}' if e.reason else ''}")


def _counted(t: _Teller, e: j.Counted) -> Told:
    return Told("", "", "counted for conditions about the past", is_detail=True)


def _marked(t: _Teller, e: j.Marked) -> Told:
    return Told("", "", "remembered as an exit, for triggers that arrive late", is_detail=True)


def _responded(t: _Teller, e: j.Responded) -> Told:
    return Told("", "", f"answered on {e.channel}")


def _forgot(t: _Teller, e: j.Forgot) -> Told:
    return Told("", "", "old history forgotten", is_detail=True)


def _entered(t: _Teller, e: j.Entered) -> Told:
    t.runs[e.enrollment] = e.journey, e.version
    key = f" for {e.key}" if e.key is not None else ""
    return Told(e.journey, "", f"entered{key} (version {e.version})")


def _refused(t: _Teller, e: j.Refused) -> Told:
    key = f" for {e.key}" if e.key is not None else ""
    return Told(e.journey, e.reason, f"did not enter{key}: {refused(e.reason, e.detail, t.local)}")


def _moved(t: _Teller, e: j.Moved) -> Told:
    after = _after(e.outcome)
    until = "" if e.due is None else in_wait(t, e, e.due)
    text = "; ".join(part for part in (after, until) if part)
    journey = t.journey(e.enrollment)
    if not text:
        return Told(journey, "", f"goes on to step {e.step}", is_detail=True)
    return Told(journey, "", text)


def _after(outcome: str) -> str:
    """Say by which outcome the last step was left, where no other line does."""
    if outcome == "timeout":
        return "nothing came in time"
    if outcome == "event":
        return "what it waited for came"
    if outcome == "again":
        return "goes round again"
    if outcome.startswith("goal_"):
        return "goes on where its goal leads"
    if outcome == "otherwise":
        return "no condition holds: takes the way otherwise"
    if outcome.startswith("when_"):
        return f"condition {outcome.removeprefix('when_')} holds: takes the way {outcome}"
    if outcome.startswith("case_"):
        return f"{outcome.replace('_', ' ')} came first"
    if outcome.startswith("arm_"):
        return f"falls into {outcome.removeprefix('arm_')}"
    return ""


def _rescheduled(t: _Teller, e: j.Rescheduled) -> Told:
    text = f"the zone changed: waits until {t.local(e.due)}"
    return Told(t.journey(e.enrollment), "zone_changed", text)


def _foreseen(t: _Teller, e: j.Foreseen) -> Told:
    when = "not be met by time alone" if e.leaves is None else f"be met {t.local(e.leaves)}"
    return Told(
        t.journey(e.enrollment),
        "",
        f"the condition that ends it, or its wait, will {when}",
        is_detail=True,
    )


def _met(t: _Teller, e: j.Met) -> Told:
    return Told(t.journey(e.enrollment), "goal", "goal reached")


def _ended(t: _Teller, e: j.Ended) -> Told:
    why = reasons.ENDED.get(e.reason, e.reason) if e.reason else ""
    text = {
        "completed": "came to its end",
        "exited": "left",
        "goal": "ended with its goal",
        "cancelled": "was cancelled",
        "restarted": "ended, to start anew",
        "failed": "failed",
    }.get(e.status, e.status)
    return Told(t.journey(e.enrollment), e.reason or e.status, f"{text}: {why}" if why else text)


def _decided(t: _Teller, e: j.Decided) -> Told:
    journey = t.journey(e.enrollment)
    t.messages[e.message] = (journey, e.template)
    others = f", else by {', '.join(e.via[1:])}" if len(e.via) > 1 else ""
    return Told(journey, "", f"wants to send {e.template} by {e.channel}{others}")


def _timed(t: _Teller, e: j.Timed) -> Told:
    journey, template = t.message(e.message)
    when = "at once" if e.sends <= e.at else t.local(e.sends)
    return Told(journey, "", f"{template}: {e.send_time} chose {when}", is_detail=True)


def _rerouted(t: _Teller, e: j.Rerouted) -> Told:
    journey, template = t.message(e.message)
    text = f"{template}: tries {e.channel}, because {t.why(e.reason, e.detail)}"
    return Told(journey, e.reason, text)


def _held(t: _Teller, e: j.Held) -> Told:
    journey, template = t.message(e.message)
    t.held.add(e.message)
    until = "for the time being" if e.until is None else f"until {t.local(e.until)}"
    return Told(journey, e.reason, f"{template}: held {until}, because {t.why(e.reason, e.detail)}")


def _released(t: _Teller, e: j.Released) -> Told:
    journey, template = t.message(e.message)
    waited = e.message in t.held
    t.held.discard(e.message)
    return Told(journey, "", f"{template}: the gate is open, released", is_detail=not waited)


def _displaced(t: _Teller, e: j.Displaced) -> Told:
    journey, template = t.message(e.message)
    other = t.message(e.by)[1]
    return Told(journey, "displaced", f"{template}: makes room for {other}, which goes first")


def _answered(t: _Teller, e: j.Answered) -> Told:
    journey, template = t.message(e.message)
    t.hand_overs[e.message] += 1
    times = t.hand_overs[e.message]
    again = "" if e.until is None else f", comes again {t.local(e.until)}"
    told = {
        "accepted": f"{template}: sent by {e.channel}",
        "rejected": f"{template}: refused by {e.channel}",
        "failed": f"{template}: failed for good on {e.channel}",
        "retry": f"{template}: not taken by {e.channel} yet{again}",
    }[e.answer]
    if times > 1:
        told += f", at hand-over {times}"
    if e.late:
        told += ", after it had been withdrawn"
    if e.detail and e.answer != "accepted":
        told += f": {e.detail}"
    return Told(journey or e.journey, e.answer, told)


def _doubted(t: _Teller, e: j.Doubted) -> Told:
    journey, template = t.message(e.message)
    then = "waits for somebody to say what became of it" if e.holds else "it goes again"
    text = f"{template}: nobody knows whether {e.channel} took it, its worker has died; {then}"
    return Told(journey, "handed_over_unknown", text)


def _clarified(t: _Teller, e: j.Clarified) -> Told:
    journey, template = t.message(e.message)
    said = {
        "accepted": "it was sent",
        "rejected": "it was refused",
        "repeat": "it is to go again",
    }[e.outcome]
    return Told(journey, e.outcome, f"{template}: somebody says that {said}")


def _dropped(t: _Teller, e: j.Dropped) -> Told:
    journey, template = t.message(e.message)
    return Told(journey, e.reason, f"{template}: not sent, because {t.why(e.reason, e.detail)}")


def _withdrawn(t: _Teller, e: j.Withdrawn) -> Told:
    journey, template = t.message(e.message)
    text = f"{template}: withdrawn before it went out: {reasons.ENDED.get(e.reason, e.reason)}"
    return Told(journey, e.reason, text)


_TELL: dict[type[j.Entry], Callable[[_Teller, Any], Told | Line]] = {
    j.Received: _received,
    j.Conflicted: _conflicted,
    j.Profiled: _profiled,
    j.Assigned: _assigned,
    j.Started: _started,
    j.Returned: _returned,
    j.Consented: _consented,
    j.Confirmed: _confirmed,
    j.Suppressed: _suppressed,
    j.Unsuppressed: _unsuppressed,
    j.Commanded: _commanded,
    j.Counted: _counted,
    j.Marked: _marked,
    j.Responded: _responded,
    j.Segmented: lambda t, e: Told(*told_segment(t.inside, e, t.local)),
    j.Armed: lambda t, e: Told(*told_timer(e, t.entry(e.entry), t.local)),
    j.Forgot: _forgot,
    j.Entered: _entered,
    j.Refused: _refused,
    j.Moved: _moved,
    j.Rescheduled: _rescheduled,
    j.Foreseen: _foreseen,
    j.Met: _met,
    j.Ended: _ended,
    j.Decided: _decided,
    j.Timed: _timed,
    j.Rerouted: _rerouted,
    j.Held: _held,
    j.Released: _released,
    j.Displaced: _displaced,
    j.Answered: _answered,
    j.Dropped: _dropped,
    j.Withdrawn: _withdrawn,
    j.Doubted: _doubted,
    j.Clarified: _clarified,
    **ERRANDS,
    **OPERATED,
    **WAITS,
}
