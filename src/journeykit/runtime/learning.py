"""What does a worker do that meets a version it does not know? It reads it from the store.

While a new release of the host is rolled out, workers of both releases share the customers.
Every published version is kept as data, so a worker that was started earlier can go on with a
run on a later version: no class is needed for that. Triggers still start what this worker's own
workspace says.

Keeps true:
    * what cannot be read here, being written for a newer journeykit, is asked for once, and its
      customers are left to others.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from journeykit.errors import JourneykitError
from journeykit.machine import Rules, compile_workspace
from journeykit.model import Journey, Send, steps_of
from journeykit.ports import Definition
from journeykit.runtime.calls import Adopt, Definitions, Flow


def learn(rules: Rules) -> Flow[bool]:
    """Take up the versions that others have published since; tell whether there were any."""
    found = yield from Definitions()
    fresh = [one for one in found if (one.journey, one.version) not in rules.tables]
    older = [one for one in found if (one.journey, one.version) in rules.tables]
    learned = _compiled(rules, _readable(older), _readable(fresh)) if fresh else None
    if learned is None:
        return False
    yield from Adopt(learned)
    return True


def _readable(definitions: Sequence[Definition]) -> list[Journey]:
    """Return the versions that the code of today can read."""
    found = []
    for one in definitions:
        with suppress(JourneykitError, ValueError):
            found.append(Journey.from_json(one.body))
    return found


def _is_served(rules: Rules, journey: Journey) -> bool:
    """Tell whether the policy of this worker knows by which rules the channels of a version go."""
    declared = rules.workspace.policy.channels
    sends = [step for _, step in steps_of(journey) if isinstance(step, Send)]
    return all(channel in declared for send in sends for channel in send.channels)


def _compiled(rules: Rules, older: Sequence[Journey], fresh: Sequence[Journey]) -> Rules | None:
    """Return the rules with those new versions that make sense here; None where none does."""
    learned = None
    for one in fresh:
        if not _is_served(rules, one):
            continue
        with suppress(JourneykitError):
            learned = compile_workspace(rules.workspace, [*older, one])
            older = [*older, one]
    return learned
