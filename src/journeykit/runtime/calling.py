"""How is a function of the host called, and what does the kernel get to see of its answer?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from journeykit.errors import InputError
from journeykit.kernel import CustomerState, Errand, ErrandAnswered
from journeykit.machine import CallPlan, Rules
from journeykit.model import Result, validate_result, wire
from journeykit.ports import CallContext, Retry, StoredCustomer
from journeykit.runtime.answers import copied, delay_of, results_of, text_of
from journeykit.runtime.script import profile_of
from journeykit.runtime.writable import loose_fields, refuse_unlike_json, refuse_unwritable
from journeykit.time import from_micros


def call_context(
    rules: Rules, stored: StoredCustomer, state: CustomerState, errand: Errand, now: int
) -> CallContext:
    """Return what a function gets to see."""
    run = state.enrollments[errand.enrollment]
    return CallContext(
        errand.id,
        state.id,
        errand.what,
        run.journey,
        run.step,
        from_micros(now),
        errand.attempts + 1,
        copied(errand.data),
        copied(rules.attributes(profile_of(stored))),
        copied(run.data),
        results_of(run.results, run.answers),
    )


def plan_of_errand(rules: Rules, state: CustomerState, errand: Errand) -> Any:
    """Return the plan of the step at which a run waits for an errand."""
    run = state.enrollments[errand.enrollment]
    return rules.tables[run.journey, run.version].steps[run.step].plan


def read_answer(
    rules: Rules, plan: CallPlan, errand: Errand, returned: object, now: int
) -> ErrandAnswered:
    """Return what the kernel gets to see of what a function returned.

    What does not fit the class of the step counts as `Retry()`. Why not is told without the
    value, which may be personal (F5).
    """
    about = (now, errand.id, "call", errand.what)
    if isinstance(returned, Retry):
        reason, after = text_of(returned.reason), delay_of(returned.after, now)
        return ErrandAnswered(*about, "retry", detail=reason, after=after)
    if plan.gives is None:
        return ErrandAnswered(*about, "done")
    try:
        data = _fields(rules, plan.gives, returned)
        refuse_unwritable(plan.gives, data, InputError, rules.workspace.max_input_bytes)
    except InputError as error:
        return ErrandAnswered(*about, "retry", detail=f"{error.place}: {error.problem}")
    except Exception as error:  # what the host wrote into its class or mapping
        detail = f"{plan.gives} cannot be kept: {type(error).__name__}"
        return ErrandAnswered(*about, "retry", detail=detail)
    return ErrandAnswered(*about, "done", plan.gives, data)


def _fields(rules: Rules, gives: str, returned: object) -> dict[str, Any]:
    """Return what a function gave, in wire form.

    Raises:
        InputError: It does not fit the class.
        TypeError: It is neither a result nor a mapping.
    """
    cls = rules.result_classes.get(gives)
    if isinstance(returned, Result) and returned.__wire_name__ == gives:
        loose = [(name, getattr(returned, name)) for name in loose_fields(type(returned))]
        refuse_unlike_json(gives, loose, InputError)
        return wire(returned)
    if isinstance(returned, Result) or not isinstance(returned, Mapping):
        raise InputError(f"the function gave {type(returned).__name__}", place=gives)
    names = returned if cls is None else [one for one in loose_fields(cls) if one in returned]
    refuse_unlike_json(gives, [(str(one), returned[one]) for one in names], InputError)
    if cls is None:  # an older version, whose class is gone
        return dict(returned)
    return wire(validate_result(cls, returned))
