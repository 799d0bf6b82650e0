"""What does the kernel run on? One flat table per journey version, compiled once.

Everything that can be worked out before a customer arrives is worked out here: conditions
are closures, durations are numbers where they do not depend on a zone, and each step holds
its successors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal

from journeykit.machine.calls import EntryCapRule
from journeykit.machine.channels import OrderPlan
from journeykit.machine.crossings import TimedGuard
from journeykit.machine.guards import Guard, Reading
from journeykit.time import Cron, Duration, Feb29, Resolve, Zone

Getter = Callable[[Reading], Any]
Kind = Literal[
    "start", "wait", "wait_until", "wait_for", "send", "branch", "split", "set", "consent",
    "experiment", "increment", "append", "emit", "start_journey", "goto",
    "call", "rate_limit", "wait_business_days", "wait_for_window", "digest", "exit", "completed", "exited",
]  # fmt: skip


class Listener:
    """One compiled `On`: does this event concern this run?

    Attributes:
        asks_run: Whether `guard` reads more than the event and the profile, so that there is
            no answer before there is a run.
        key_field: The field of the event that `key` reads, or None without a key.
    """

    __slots__ = ("_mark", "_named", "asks_run", "event", "guard", "key", "key_field")

    def __init__(
        self,
        event: str,
        guard: Guard | None,
        key: Getter | None,
        named: Callable[[], str],
        *,
        asks_run: bool,
        key_field: str | None = None,
    ) -> None:
        self.event = event
        self.key_field = key_field
        self.guard = guard
        self.key = key
        self._named = named
        self._mark = ""
        self.asks_run = asks_run

    @property
    def mark(self) -> str:
        """A name for it, the same in every version of a journey that has it."""
        if not self._mark:  # few are ever asked: exits, and goals that end the run
            self._mark = self._named()
        return self._mark


class GoalRule:
    """One compiled `Goal`. `jump` is the outcome by which a run goes on that reaches it, or ""."""

    __slots__ = ("ends_run", "jump", "listener", "number", "title", "within")

    def __init__(
        self,
        number: int,
        listener: Listener,
        within: Duration | None,
        ends_run: bool,
        title: str,
        jump: str = "",
    ) -> None:
        self.jump = jump
        self.number = number
        self.listener = listener
        self.within = within
        self.ends_run = ends_run
        self.title = title

    @property
    def leads_away(self) -> bool:
        """Whether a run that reaches it does not stay where it stands."""
        return self.ends_run or bool(self.jump)


class Moment:
    """One compiled `WaitUntil`. `zone` is None where the customer's own counts."""

    __slots__ = (
        "anniversary", "clock", "cron", "days", "if_past", "instant", "offset", "read", "resolve",
        "zone",
    )  # fmt: skip

    def __init__(
        self,
        *,
        clock: int | None,
        days: frozenset[int] | None,
        cron: Cron | None,
        read: Callable[[Reading], tuple[str, int] | None] | None,
        instant: bool,
        offset: Duration | None,
        if_past: str,
        zone: Zone | None,
        resolve: Resolve,
        anniversary: Feb29 | None = None,
    ) -> None:
        self.anniversary: Feb29 | None = anniversary
        self.clock = clock
        self.days = days
        self.cron = cron
        self.read = read
        self.instant = instant
        self.offset = offset
        self.if_past = if_past
        self.zone = zone
        self.resolve = resolve

    @property
    def is_local(self) -> bool:
        """Whether the customer's zone decides when it is (rule T8)."""
        is_fixed = self.instant and self.clock is None and self.anniversary is None
        return self.zone is None and not is_fixed


class SendPlan:
    """One compiled `Send`."""

    __slots__ = (
        "exit_on_failure", "hours", "legal_basis", "max_attempts", "on_cap", "on_quiet", "on_throttle",
        "order", "priority", "send_time", "spread", "tags", "template", "topic", "transactional",
        "valid_for", "valid_until", "via", "within",
    )  # fmt: skip

    def __init__(
        self,
        *,
        template: str,
        via: tuple[str, ...],
        topic: str,
        tags: tuple[str, ...],
        priority: int,
        on_quiet: str,
        on_cap: str,
        on_throttle: str,
        spread: Duration | None,
        valid_for: Duration | None,
        valid_until: Callable[[Reading], tuple[str, int] | None] | None,
        transactional: bool,
        legal_basis: str,
        max_attempts: int,
        exit_on_failure: bool,
    ) -> None:
        self.template = template
        self.via = via
        self.topic = topic
        self.tags = tags
        self.priority = priority
        self.on_quiet = on_quiet
        self.on_cap = on_cap
        self.on_throttle = on_throttle
        self.spread = spread
        self.valid_for = valid_for
        self.valid_until = valid_until
        self.transactional = transactional
        self.legal_basis = legal_basis
        self.max_attempts = max_attempts
        self.exit_on_failure = exit_on_failure
        self.order: OrderPlan | None = None
        self.send_time: str | None = None
        self.within: Duration | None = None
        self.hours: Any = None

    @property
    def choices(self) -> tuple[str, ...]:
        """What the author chose for the passing reasons (rule G4)."""
        return self.on_quiet, self.on_cap, self.on_throttle

    @property
    def chooses_anew(self) -> bool:
        """Whether a message that waits begins with its first channel again."""
        return "next" in self.choices


class CompiledStep:
    """One state: what to do there (`kind`, `plan`) and where each outcome leads (`moves`).

    `plan` depends on the kind: a Duration for `wait`, a Moment for `wait_until`, a Duration
    for `wait_for`, a SendPlan for `send`, (guard, outcome) pairs for `branch`, (upper end,
    outcome) pairs in [0, 1] for `split`, (field, Getter) for `set`, (granted, channels,
    topic, how long) for `consent`, a CallPlan for `call`, a RatePlan for `rate_limit`, a
    plan of machine.waits for the other waits, a DigestPlan for `digest`, the reason for `exit`.
    `awaiting` is the AwaitPlan of a `wait_for` of several kinds. `elapsed` is the length of a wait, longer than
    zero, that needs no calendar.
    """

    __slots__ = (
        "awaiting",
        "awaits",
        "elapsed",
        "hears",
        "id",
        "keeps_passed",
        "kind",
        "moves",
        "path",
        "plan",
        "reach",
        "since_entry",
    )  # fmt: skip

    def __init__(self, id: str, kind: Kind, path: str) -> None:
        self.id = id
        self.kind: Kind = kind
        self.path = path
        self.plan: Any = None
        self.elapsed: int | None = None
        self.awaits: tuple[Listener, ...] = ()
        self.awaiting: Any = None
        self.since_entry = False
        self.keeps_passed = False
        self.reach: frozenset[str] = frozenset()
        self.moves: dict[str, CompiledStep] = {}
        self.hears: dict[str, Hearing] = {}


def gathers(step: CompiledStep) -> bool:
    """Tell whether a step waits for several things, or collects."""
    return step.kind == "digest" or step.awaiting is not None


class Hearing:
    """What a run does with one type of event: on a whole journey, or where it stands.

    Attributes:
        waits: The steps that wait for it, each with its listener.
        here: Of these, the listeners of the step at which the run stands.
        ends: Whether there are goals or exits.
        ahead: Of these, the steps that the run can still reach and that also take an event
            which came before they were reached (rule O7).
        gathers: Whether more is to be done than to go on, or to remember that it came: one of
            these steps waits for several things, or collects.
    """

    __slots__ = ("ahead", "ends", "exits", "gathers", "goals", "here", "waits")

    def __init__(self) -> None:
        self.ends = self.gathers = False
        self.goals: list[GoalRule] = []
        self.exits: list[Listener] = []
        self.waits: list[tuple[CompiledStep, Listener]] = []
        self.here: list[Listener] = []
        self.ahead: list[tuple[CompiledStep, Listener]] = []

    def listeners(self) -> Iterator[Listener]:
        """Yield all that may hear the event, wherever a run stands: an index is built on it."""
        yield from (goal.listener for goal in self.goals)
        yield from self.exits
        yield from (listener for _, listener in self.waits)

    def at(self, step: CompiledStep) -> Hearing:
        """Return the same for a run that stands at `step`."""
        found = Hearing()
        found.goals, found.exits = self.goals, self.exits
        found.ends = bool(found.goals or found.exits)
        found.here = [listener for waiting, listener in self.waits if waiting is step]
        found.ahead = [
            (waiting, listener)
            for waiting, listener in self.waits
            if waiting is not step and waiting.since_entry and waiting.id in step.reach
        ]
        if self.gathers:
            concerned = [step] if found.here else []
            concerned += [waiting for waiting, _ in found.ahead]
            found.gathers = any(map(gathers, concerned))
        return found


class SegmentExit:
    """An exit by a segment that is entered (`inside`) or left."""

    __slots__ = ("guard", "inside", "segment")

    def __init__(self, segment: str, inside: bool, guard: Guard | None) -> None:
        self.segment = segment
        self.inside = inside
        self.guard = guard


class Table:
    """One journey version, ready to run.

    Attributes:
        exit_receipts: (step, receipt) that end a run.
        digests: The `Digest` steps that may collect a trigger, by event type.
        opens, closes: From when on, and until when, runs start.
    """

    __slots__ = (
        "after", "closes", "digests", "entries", "entry_caps", "exit_conditions", "exit_listeners", "exit_receipts", "goals", "hears", "holdout",
        "journey", "keyed", "max_open", "opens", "reentry", "segment_exits", "start", "steps", "timed_exits", "version",
    )  # fmt: skip

    def __init__(self, journey: str, version: int, steps: Mapping[str, CompiledStep]) -> None:
        self.journey = journey
        self.version = version
        self.steps = dict(steps)
        self.start = steps["start"]
        self.entries: dict[str, Listener] = {}
        self.keyed = False
        self.reentry = "once"
        self.after: Duration | None = None
        self.goals: Sequence[GoalRule] = ()
        self.exit_listeners: Sequence[Listener] = ()
        self.exit_conditions: list[Guard] = []
        self.exit_receipts: frozenset[tuple[str, str]] = frozenset()
        self.timed_exits: list[TimedGuard] = []
        self.digests: dict[str, list[tuple[CompiledStep, Listener]]] = {}
        self.hears: dict[str, Hearing] = {}
        self.holdout = 0.0
        self.max_open = 100
        self.entry_caps: Sequence[EntryCapRule] = ()
        self.opens: int | None = None
        self.closes: int | None = None
        self.segment_exits: Sequence[SegmentExit] = ()

    def hearing(self, step: CompiledStep, event: str) -> Hearing | None:
        """Return what a run at `step` does with an event; None where no step ever hears it.

        Worked out when it is first asked for, and kept with the step.
        """
        known = step.hears.get(event)
        if known is None:
            whole = self.hears.get(event)
            if whole is not None:
                known = step.hears[event] = whole.at(step)
        return known
