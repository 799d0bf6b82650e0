"""What was compared? Added to the lines of a timeline that a condition decided."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from journeykit.kernel import journal as j
from journeykit.machine import Rules
from journeykit.runtime.hindsight import Found, Looking, look_back
from journeykit.runtime.timeline import Timeline

_MOST = 20


def with_values(
    rules: Rules, timeline: Timeline, entries: Sequence[j.Entry], *, complete: bool
) -> Timeline:
    """Return a timeline whose latest refusals and exits by condition tell the values of then.

    Args:
        timeline: One line for each of `entries`, the whole journal.
        complete: Whether the journal begins with the customer; else nothing is known.
    """
    lines = list(timeline.lines)
    for journey in _decided_by_conditions(entries) if complete else ():
        if journey in rules.current:
            looking = Looking(rules, journey, _MOST, complete=True)
            looked = look_back(looking, timeline.customer_id, entries)
            for found in (*looked.refused, *looked.ended):
                line = lines[found.place]
                lines[found.place] = replace(line, text="; ".join([line.text, *_values(found)]))
    return Timeline(timeline.customer_id, timeline.timezone, lines)


def _decided_by_conditions(entries: Sequence[j.Entry]) -> list[str]:
    """Return the journeys that a condition kept the customer out of, or ended a run of."""
    runs: dict[str, str] = {}
    found: dict[str, None] = {}
    for entry in entries:
        match entry:
            case j.Entered():
                runs[entry.enrollment] = entry.journey
            case j.Pruned(state=state):
                for run, open_run in state.get("enrollments", {}).items():
                    runs[run] = open_run["journey"]
            case j.Refused(reason="condition_false" | "exit_condition_holds"):
                found[entry.journey] = None
            case j.Ended(reason="exit_condition"):
                found[runs[entry.enrollment]] = None
    return list(found)


def _values(found: Found) -> Iterator[str]:
    for explained in found.explained:
        for part in explained.reasons:
            yield f"{part.text} was {'true' if part.holds else 'false'}: {part.values}"
