"""Which findings are there? All codes, each with what it means. Codes are stable."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from journeykit.model.findings import Finding, Severity


class Rule(NamedTuple):
    """What a code means, and how bad it is where nothing else is said."""

    severity: Severity
    title: str


RULES: Final[Mapping[str, Rule]] = {
    "JK101": Rule("error", "a way that nobody takes"),
    "JK102": Rule("note", "a time-out that goes on as if nothing had been awaited"),
    "JK103": Rule("note", "steps whose ids depend on their place"),
    "JK104": Rule("error", "what is awaited ends the run first"),
    "JK105": Rule("note", "journeys that start one another at once"),
    "JK106": Rule("note", "an arm of weight zero"),
    "JK107": Rule("error", "what a step reads comes after it"),
    "JK108": Rule("note", "a holdout without a goal"),
    "JK109": Rule("warning", "what is awaited reaches the goal first"),
    "JK110": Rule("note", "a calendar that starts one run in a lifetime"),
    "JK201": Rule("error", "a condition that can never hold"),
    "JK202": Rule("warning", "a condition that always holds"),
    "JK203": Rule("error", "an exit condition that holds for everybody who enters"),
    "JK204": Rule("error", "a goal that cannot be reached"),
    "JK205": Rule("warning", "a condition that fails for everybody who enters"),
    "JK206": Rule("warning", "a condition that holds only where an exit has ended the run"),
    "JK301": Rule("warning", "a message behind the window of the goal"),
    "JK302": Rule("warning", "a date that is past"),
    "JK303": Rule("warning", "quiet hours that can outlast a message"),
    "JK304": Rule("note", "a rule of the policy that counts no more"),
    "JK305": Rule("warning", "a moment chosen when the message is not valid any more"),
    "JK306": Rule("note", "a wait that goes on behind the windows of all goals"),
    "JK401": Rule("error", "a message under a cap of zero"),
    "JK402": Rule("warning", "two messages that a cap does not let through both"),
    "JK403": Rule("warning", "content that should have been reviewed"),
    "JK501": Rule("error", "a template that is missing"),
    "JK502": Rule("error", "a template that reads what is not there"),
    "JK503": Rule("warning", "a template that reads what is not there on every path"),
}


def found(
    code: str, journey: str, place: str, why: str, remedy: str, severity: Severity | None = None
) -> Finding:
    """Return a finding, of the severity of its code where none is given."""
    return Finding(code, severity or RULES[code].severity, journey, place, why, remedy)
