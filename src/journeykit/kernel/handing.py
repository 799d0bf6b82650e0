"""May a message be handed over? Judged once more, right before its channel is called."""

from __future__ import annotations

from journeykit.kernel.facts import Facts
from journeykit.kernel.gate import judge
from journeykit.kernel.pausing import detained, late_at_hand_over
from journeykit.kernel.state import CustomerState, Message
from journeykit.kernel.verdict import Verdict
from journeykit.machine import Rules, SendPlan

OVERDUE = Verdict("drop", "overdue")
WAITING = ("hold", "next")  # the last channel holds


def plan_of(rules: Rules, state: CustomerState, message: Message) -> SendPlan:
    """Return the compiled `Send` behind an open message."""
    run = state.enrollments[message.enrollment]
    plan: SendPlan = rules.tables[run.journey, run.version].steps[run.step].plan
    return plan


def may_hand_over(facts: Facts, rules: Rules, message: Message) -> Verdict:
    """Judge a released message."""
    plan = plan_of(rules, facts.state, message)
    if rules.paused and (held := detained(rules, message, facts)) is not None:
        return held
    if rules.overdue and late_at_hand_over(rules, message, facts):
        return OVERDUE
    return judge(message, asking(facts, plan))


def asking(facts: Facts, plan: SendPlan) -> Facts:
    """Tell the facts for which reasons the message of a step waits."""
    facts.holds_quiet = plan.on_quiet in WAITING
    facts.holds_caps = plan.on_cap in WAITING
    return facts
