"""What becomes of customers whose time has come? They are loaded, decided on, and committed.

Keeps true: every customer is decided on alone (O1); one whose document cannot be read, or on
whom code fails, is set aside and holds nobody up.
"""

from __future__ import annotations

import msgspec

from journeykit.kernel import CustomerState
from journeykit.machine import Rules
from journeykit.ports import CustomerCommit
from journeykit.runtime.calls import Commit, Due, Flow, Heed, Load, Now
from journeykit.runtime.outcomes import Failure
from journeykit.runtime.parking import set_aside, stuck
from journeykit.runtime.script import decide, to_commit, wake_held


class Worked(msgspec.Struct):
    """What one round of due customers came to.

    Attributes:
        advanced: Customers who were advanced; one whom somebody else advanced meanwhile is
            left alone.
        entries: Journal entries of all of them together.
        failures: Customers who were set aside.
    """

    advanced: int = 0
    entries: int = 0
    failures: list[Failure] = []


def work(rules: Rules, until: int, limit: int) -> Flow[Worked]:
    """Advance up to `limit` customers that are due."""
    done = Worked()
    ids = yield from Due(until, limit)
    if not ids:
        return done
    rules = yield from Heed(rules)
    stored = yield from Load(ids, rules.reads_profile)
    now = yield from Now()
    commits: list[CustomerCommit] = []
    states: list[CustomerState] = []
    for customer_id, found in stored.items():
        try:
            decision = decide(rules, customer_id, found, (), now)
            states.append(decision.state)
            commits.append(to_commit(rules, decision, found.version))
            done.entries += len(decision.entries)
        except Exception as error:
            done.failures.append(Failure(customer_id, stuck(customer_id, error)))
            commits.append(set_aside(found, now, error))
    stale = (yield from Commit(commits)) if commits else ()
    done.advanced = len(commits) - len(stale) - len(done.failures)
    if rules.paused:
        yield from wake_held(rules, states)
    return done
