"""How does a journey become a table? Graph, then `transitions` machine, then flat steps.

The machine is the authority on which outcome leads where: the table's moves are read off
it, not off the graph.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from hashlib import blake2b
from typing import Any

from journeykit.machine.awaiting import digests_of, plan_digest, plan_wait_for
from journeykit.machine.calls import CallPlan, RatePlan
from journeykit.machine.changes import EmitPlan, StartPlan, change_of
from journeykit.machine.channels import order_of
from journeykit.machine.crossings import timed_guard
from journeykit.machine.entries import narrow_entry
from journeykit.machine.experiments import ExperimentPlan
from journeykit.machine.guards import Reading, compile_condition, compile_value
from journeykit.machine.stamps import date_of, instant_of
from journeykit.machine.statechart import build_machine, moves_of
from journeykit.machine.table import (
    CompiledStep,
    GoalRule,
    Hearing,
    Listener,
    Moment,
    SendPlan,
    Table,
    gathers,
)
from journeykit.machine.waits import (
    business_days,
    plan_wait,
    remembers_visits,
    send_hours,
    window_of,
)
from journeykit.model import (
    Append,
    Branch,
    Call,
    Condition,
    Consent,
    Digest,
    Emit,
    Exit,
    Experiment,
    FieldRef,
    Goal,
    Goto,
    Graph,
    Increment,
    Journey,
    On,
    RateLimit,
    Receipt,
    Send,
    Set,
    Split,
    StartJourney,
    Wait,
    WaitBusinessDays,
    WaitFor,
    WaitForWindow,
    WaitUntil,
    ancestors,
    on_loops,
    reads,
)
from journeykit.model.graph import JUMP
from journeykit.time import Cron, parse_clock, parse_days, to_micros, wall_of, zone

Stamp = tuple[str, int]


def compile_journey(journey: Journey) -> Table:
    """Return the table of one journey version."""
    graph = journey.graph
    steps = _steps(graph)
    table = Table(journey.name, journey.version, steps)
    table.entries = {on.event: _listener(on) for on in journey.entry if isinstance(on, On)}
    table.keyed = any(listener.key is not None for listener in table.entries.values())
    table.reentry = journey.reentry.type
    table.after = getattr(journey.reentry, "duration", None)
    table.holdout = journey.holdout
    table.max_open = journey.max_open
    table.goals = [_goal_rule(number, goal) for number, goal in enumerate(journey.goal)]
    table.exit_listeners = [_listener(on) for on in journey.exits if isinstance(on, On)]
    for rule in journey.exits:
        if isinstance(rule, Condition):
            guard = compile_condition(rule, incoming=None)
            timed = timed_guard(rule, guard)
            table.exit_conditions.append(guard)
            table.timed_exits += [] if timed is None else [timed]
    receipts = [rule for rule in journey.exits if isinstance(rule, Receipt)]
    table.exit_receipts = frozenset((rule.of, rule.receipt) for rule in receipts)
    table.digests = digests_of(steps.values())
    narrow_entry(table, journey)
    _listen(table)
    return table


def _steps(graph: Graph) -> dict[str, CompiledStep]:
    loops = on_loops(graph)
    reach = ancestors(graph, (name for name, state in graph.states.items() if _latches(state.step)))
    steps: dict[str, CompiledStep] = {}
    for name, state in graph.states.items():
        kind: Any = state.step.kind if state.step is not None else name
        steps[name] = compiled = CompiledStep(name, kind, state.path)
        compiled.keeps_passed = name in loops and remembers_visits(state.step)
        compiled.reach = reach[name]
        if state.step is not None:
            _plan(compiled, state.step)
    for source, moves in moves_of(build_machine(graph)).items():
        steps[source].moves = {outcome: steps[target] for outcome, target in moves.items()}
    return steps


def _latches(step: object) -> bool:
    """Tell whether an event that comes before the step is reached must be remembered (O7)."""
    is_latching = isinstance(step, WaitFor) and step.since == "entry"
    return is_latching or isinstance(step, Digest)


def _plan(compiled: CompiledStep, step: object) -> None:
    match step:
        case Wait():
            plan_wait(compiled, step)
        case WaitBusinessDays():
            compiled.plan = business_days(step)
        case WaitForWindow():
            compiled.plan = window_of(step)
        case WaitUntil():
            compiled.plan = _moment(step)
        case WaitFor():
            plan_wait_for(compiled, step, _listener)
        case Digest():
            plan_digest(compiled, step, _listener)
        case Send():
            compiled.plan = plan = _send(step)
            plan.order = order_of(step)
            plan.send_time, plan.within = step.send_time, step.within
            plan.hours = send_hours(step)
        case Branch():
            compiled.plan = tuple(
                (compile_condition(when.condition, incoming=None), f"when_{n}")
                for n, when in enumerate(step.whens, 1)
            )
        case Split():
            compiled.plan = _arms(step)
        case Experiment():
            compiled.plan = ExperimentPlan(step)
        case Set() | Increment() | Append():
            compiled.plan = change_of(step)
        case Emit():
            compiled.plan = EmitPlan(step)
        case StartJourney():
            compiled.plan = StartPlan(step)
        case Goto():
            compiled.plan, compiled.keeps_passed = step.at_most, True
        case Consent():
            granted, topic = step.change == "grant", step.topic or ""
            compiled.plan = (granted, tuple(step.channels), topic, step.lasts)
        case Call():
            compiled.plan = CallPlan(step)
        case RateLimit():
            compiled.plan = RatePlan(step, compiled.id)
        case Exit():
            compiled.plan = step.reason
        case _:
            raise AssertionError(f"no plan for {step!r}")


def _arms(step: Split) -> tuple[tuple[float, str], ...]:
    whole = sum(arm.weight for arm in step.arms)
    ends, so_far = [], 0
    for arm in step.arms:
        so_far += arm.weight
        ends.append((so_far / whole, f"arm_{arm.name}"))
    return tuple(ends)


def _send(step: Send) -> SendPlan:
    return SendPlan(
        template=step.template,
        via=tuple(step.channels),
        topic=step.topic or "",
        tags=tuple(step.tags),
        priority=step.priority,
        on_quiet=step.on_quiet,
        on_cap=step.on_cap,
        on_throttle=step.on_throttle,
        spread=step.spread,
        valid_for=step.valid_for,
        valid_until=None if step.valid_until is None else _stamp(step.valid_until),
        transactional=step.transactional,
        legal_basis="" if step.asks_nobody else step.legal_basis,
        max_attempts=step.max_attempts,
        exit_on_failure=step.on_failure == "exit",
    )


def _moment(step: WaitUntil) -> Moment:
    moment = step.moment
    instant = isinstance(moment, datetime) or (
        isinstance(moment, FieldRef) and moment.kind == "instant"
    )
    return Moment(
        clock=None if step.at is None else parse_clock(step.at),
        days=None if step.days is None else parse_days(step.days),
        cron=None if step.cron is None else Cron(step.cron),
        read=None if moment is None else _stamp(moment),
        instant=instant,
        offset=step.offset,
        if_past=step.if_past,
        zone=None if step.zone is None else zone(step.zone),
        resolve=step.resolve,
        anniversary=step.anniversary,
    )


def _stamp(value: FieldRef | datetime | date) -> Callable[[Reading], Stamp | None]:
    """Compile what gives an instant ("instant", micros) or a date ("date", wall micros)."""
    if isinstance(value, FieldRef):
        read = compile_value(value, incoming=None)
        kind = value.kind

        def stamp(reading: Reading) -> Stamp | None:
            text = read(reading)
            if text is None:
                return None
            return ("instant", instant_of(text)) if kind == "instant" else ("date", date_of(text))

        return stamp
    if isinstance(value, datetime):
        fixed: Stamp = ("instant", to_micros(value))
    else:
        fixed = ("date", wall_of(datetime.combine(value, time())))
    return lambda reading: fixed


def _listener(on: On) -> Listener:
    guard, asks_run = None, False
    if on.where is not None:
        guard = compile_condition(on.where, incoming=on.event)
        asks_run = any(ref.of not in ("profile", on.event) for ref in reads(on.where))
    key = None
    if on.key is not None:
        read = compile_value(on.key, incoming=on.event)

        def key(reading: Reading) -> str | None:
            value = read(reading)
            return None if value is None else key_text(value)

    def mark() -> str:
        return blake2b(on.canonical(), digest_size=6).hexdigest()

    field = None if on.key is None else on.key.field
    return Listener(on.event, guard, key, mark, asks_run=asks_run, key_field=field)


def _goal_rule(number: int, goal: Goal) -> GoalRule:
    jump = "" if goal.goto is None else f"{JUMP}{number + 1}"
    return GoalRule(number, _listener(goal.on), goal.within, goal.ends_run, goal.title, jump)


def key_text(value: object) -> str:
    """Return the key of a run as text: one spelling for each value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def amount_text(value: object) -> str:
    """Return an amount as text that a tally can add; nothing counts as nothing."""
    return "" if value is None else str(value)


def _listen(table: Table) -> None:
    """Index by event type what a run of this table reacts to."""

    def hearing(event: str) -> Hearing:
        return table.hears.setdefault(event, Hearing())

    for goal in table.goals:
        hearing(goal.listener.event).goals.append(goal)
    for listener in table.exit_listeners:
        hearing(listener.event).exits.append(listener)
    for step in table.steps.values():
        for listener in step.awaits:
            heard = hearing(listener.event)
            heard.waits.append((step, listener))
            heard.gathers = heard.gathers or gathers(step)
