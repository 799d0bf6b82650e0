"""What in a workspace is legal and yet probably not meant? Every theme is asked in turn.

What cannot work at all (a step that nothing leads to, a loop in which no time passes, a field
that there is not) is refused when it is written or looked at, and no finding.

Keeps true:
    * the answer depends on the arguments alone;
    * every workspace that can be run can be checked.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from journeykit.analysis import (
    findings_conditions,
    findings_dates,
    findings_entrants,
    findings_order,
    findings_sends,
    findings_steps,
    findings_templates,
)
from journeykit.analysis.subject import Subject
from journeykit.machine.rules import compile_workspace
from journeykit.model import Workspace
from journeykit.model.findings import Finding, Findings, KnowsTemplates

_OF_JOURNEYS = (
    findings_steps,
    findings_conditions,
    findings_entrants,
    findings_order,
    findings_sends,
    findings_dates,
    findings_templates,
)
_OF_POLICY = (findings_conditions, findings_order, findings_dates)


def check(
    workspace: Workspace,
    *,
    today: date | None = None,
    templates: KnowsTemplates | None = None,
    strict: bool = False,
) -> Findings:
    """Return what is found in a workspace; see `Workspace.check`."""
    compile_workspace(workspace)  # which refuses what could not run
    return Findings(_found(Subject(workspace, today, templates, strict)))


def _found(subject: Subject) -> Iterator[Finding]:
    for journey in subject.workspace.journeys:
        for theme in _OF_JOURNEYS:
            yield from theme.of_journey(subject, journey)
    for policy_theme in _OF_POLICY:
        yield from policy_theme.of_policy(subject)
