"""Which way does a run take where ways part? By conditions, by a keyed hash, by its passes."""

from __future__ import annotations

from journeykit.kernel.keys import even_bits, fraction
from journeykit.kernel.state import Enrollment
from journeykit.kernel.timing import reached_at
from journeykit.kernel.turn import Turn
from journeykit.machine import CompiledStep, ExperimentPlan

PARTING = frozenset({"branch", "split", "experiment", "goto"})


def way_at(turn: Turn, run: Enrollment, step: CompiledStep) -> str:
    """Return the outcome by which `run` leaves a step of a kind in `PARTING`."""
    seed, customer = turn.rules.seed, turn.state.id
    match step.kind:
        case "branch":
            reading = turn.read_run(run)
            for guard, outcome in step.plan:
                if guard(reading):
                    return str(outcome)
            return "otherwise"
        case "goto":
            return "again" if run.passed.get(step.id, 0) < step.plan else "done"
        case "experiment":
            plan: ExperimentPlan = step.plan
            arm = plan.arm(lambda arm: even_bits(seed, "experiment", plan.name, customer, arm))
            return f"arm_{arm}"
        case _:
            drawn = fraction(seed, "split", run.journey, step.id, customer)
            return next(str(outcome) for end, outcome in step.plan if drawn < end)


def passed_by(turn: Turn, run: Enrollment, step: CompiledStep, outcome: str) -> int | None:
    """Return what a run keeps of a step on a loop when it leaves it, or None.

    Of a bounded `Goto`, how often it went there; of a wait, the moment that it let pass.
    """
    if step.kind == "goto":
        return run.passed.get(step.id, 0) + 1 if outcome == "again" else None
    return run.due if run.due is not None else reached_at(turn, run)
