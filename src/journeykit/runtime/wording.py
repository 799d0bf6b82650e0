"""How does a reason read? Codes and numbers of the gate, in words.

`local` turns micros into the customer's wall clock.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from journeykit.kernel import reasons
from journeykit.model.spans import in_words
from journeykit.time import Duration

Local = Callable[[int], str]
Detail = Mapping[str, Any]


def because(reason: str, detail: Detail, local: Local) -> str:
    """Say why the gate held, dropped or rerouted a message."""
    words = _WORDS[reason](detail, local) if reason in _WORDS else _plain(reason, detail)
    opens = detail.get("opens")
    if opens == "never":
        return f"{words}; this never opens (opens never)"
    if isinstance(opens, int):
        return f"{words}; it opens {local(opens)}"
    return words


def _plain(reason: str, detail: Detail) -> str:
    """Say it by the code's own meaning, with what is known."""
    meaning = reasons.DROPPED.get(reason) or reasons.REROUTED.get(reason) or reason
    shown = ", ".join(f"{key} {value}" for key, value in detail.items() if key != "opens")
    return f"{meaning} ({shown})" if shown else meaning


def _quiet(detail: Detail, local: Local) -> str:
    local_time, rule = str(detail.get("local", "")), str(detail.get("rule"))
    here = f"it is {local_time[-5:]} in {detail.get('zone')}{_from(detail, ' ({})')}"
    if local_time[:10] in (rule, detail.get("date")):
        by = "" if local_time[:10] == rule else f" by the rule {rule!r}"
        return f"{here}, and {local_time[:10]} is a quiet date{by}"
    if rule.startswith("outside "):
        return f"{here}, {rule}"
    if rule[2:3] == ":":  # such as 21:00-08:00; else the author named it
        return f"{here}, within the quiet hours {rule}"
    return f"{here}, and the rule {rule!r} lets nothing leave"


def _from(detail: Detail, form: str) -> str:
    """Say where the zone is from, where it is not the customer's profile."""
    source = _ZONE_SOURCES.get(detail.get("zone_from", ""))
    return form.format(source) if source else ""


_ZONE_SOURCES = {
    "default": "the workspace's zone",
    "address": "the zone of the address",
    "country": "a zone of the country",
}


_ISO = re.compile(r"(\d+ per )(P(?=.*\d)(?:\d+[YMWD])*(?:T(?:[\d.]+[HMS])+)?)")


def rule_in_words(rule: object) -> str:
    """Return how a rule without a name of its own reads: `3 per P7D` as `3 per 7 days`."""
    found = _ISO.fullmatch(str(rule))
    return str(rule) if found is None else found[1] + in_words(Duration.of(found[2]))


def _cap(detail: Detail, local: Local) -> str:
    rule, numbers = (
        rule_in_words(detail.get("rule")),
        f"{detail.get('used')} of {detail.get('limit')}",
    )
    if rule.endswith(" apart"):
        return f"messages are to be {rule} ({numbers})"
    whose = ", the customer's own limit" if detail.get("whose") == "customer" else ""
    whose += _from(detail, f", in {detail.get('zone')}: {{}}")
    return f"the cap of {rule} is used up ({numbers}{whose})"


def _look_ahead(detail: Detail, local: Local) -> str:
    return (
        f"{detail.get('for')} of {detail.get('journey')} is due then and goes first (priority "
        f"{detail.get('priority')} before {detail.get('own_priority')}), under the cap of "
        f"{rule_in_words(detail.get('rule'))} ({detail.get('used')} of {detail.get('limit')} used)"
    )


def _zone(detail: Detail, local: Local) -> str:
    return (
        f"the time zone is not known, and the rule {rule_in_words(detail.get('rule'))} asks for it"
    )


def _address(detail: Detail, local: Local) -> str:
    return f"there is no address for {detail.get('channel')}"


def _unreachable(detail: Detail, local: Local) -> str:
    return f"by the profile, {detail.get('channel')} does not reach the customer"


def _send_time(detail: Detail, local: Local) -> str:
    return f"{detail.get('rule')} chose {detail.get('local')} in {detail.get('zone')}"


def _suppressed(detail: Detail, local: Local) -> str:
    why = f" ({detail['because']})" if detail.get("because") else ""
    return f"the address for {detail.get('channel')} is suppressed{why}"


def _missing(detail: Detail, local: Local) -> str:
    by = f" by the rule {detail['by']}" if detail.get("by") else ""
    mode = detail.get("rule", "opt-in")
    return f"there is no consent to {_consented_to(detail)}, which is {mode}{by}"


def _consented_to(detail: Detail) -> str:
    topic = detail.get("topic")
    return f"{detail.get('channel')} ({topic})" if topic else str(detail.get("channel"))


def _unconfirmed(detail: Detail, local: Local) -> str:
    since = detail.get("since")
    when = f" of {local(since)}" if isinstance(since, int) else ""
    return f"the consent{when} to {_consented_to(detail)} is not confirmed yet"


def _lapsed(detail: Detail, local: Local) -> str:
    until = detail.get("until")
    when = f" {local(until)}" if isinstance(until, int) else ""
    return f"the implied consent to {_consented_to(detail)} ended{when}"


def _withdrawn(detail: Detail, local: Local) -> str:
    what = _consented_to(detail)
    since = detail.get("since")
    when = f" on {local(since)}" if isinstance(since, int) else ""
    return f"consent to {what} was withdrawn{when}"


def _expired(detail: Detail, local: Local) -> str:
    until = detail.get("valid_until")
    words = f"it was valid until {local(until)}" if isinstance(until, int) else "it has expired"
    if isinstance(detail.get("retry_at"), int):
        words += f", and was to come again {local(detail['retry_at'])}"
    elif detail.get("blocked_by") in _WORDS:
        words += f", and {_WORDS[detail['blocked_by']](detail, local)}"
    return words


def _throttle(detail: Detail, local: Local) -> str:
    rule = detail.get("rule")
    rate = detail.get("rate", rule)
    named = "" if rule == rate else f" by the rule {rule!r}"
    return f"{detail.get('channel')} takes {rule_in_words(rate)} and no more{named}, and others come first"


def _spread(detail: Detail, local: Local) -> str:
    return "the gate has opened, and the messages that waited leave one after the other"


def _rejected(detail: Detail, local: Local) -> str:
    return f"{detail.get('channel')} rejected it for good"


def _paused(detail: Detail, local: Local) -> str:
    return "the journey pauses"


def _overdue(detail: Detail, local: Local) -> str:
    due = detail.get("due")
    when = f" {local(due)}" if isinstance(due, int) else ""
    return f"it was due{when}, and the journey skips what comes too late"


def _circuit(detail: Detail, local: Local) -> str:
    failures = detail.get("failures")
    return f"{detail.get('channel')} failed {failures} times in a row, and is left alone"


def _resting(detail: Detail, local: Local) -> str:
    return f"{detail.get('channel')} asked to be left alone"


def _unknown(detail: Detail, local: Local) -> str:
    return "nobody knows whether it was sent"


_WORDS: dict[str, Callable[[Detail, Local], str]] = {
    "quiet_hours": _quiet,
    "send_hours": _quiet,
    "frequency_cap": _cap,
    "look_ahead": _look_ahead,
    "throttle": _throttle,
    "spread": _spread,
    "zone_unknown": _zone,
    "no_address": _address,
    "unreachable": _unreachable,
    "send_time": _send_time,
    "suppressed": _suppressed,
    "consent_missing": _missing,
    "consent_withdrawn": _withdrawn,
    "consent_unconfirmed": _unconfirmed,
    "consent_expired": _lapsed,
    "expired": _expired,
    "overdue": _overdue,
    "paused": _paused,
    "rejected": _rejected,
    "circuit_open": _circuit,
    "channel_paused": _resting,
    "handed_over_unknown": _unknown,
}


def refused(reason: str, detail: Detail, local: Local) -> str:
    """Say why a trigger did not start a run."""
    meaning = reasons.REFUSED.get(reason, reason)
    if isinstance(detail.get("last"), int) and isinstance(detail.get("opens"), int):
        return f"{meaning}: it was {local(detail['last'])}, and the next may be {local(detail['opens'])}"
    if isinstance(detail.get("opens", detail.get("closed")), int):
        word = "opens" if "opens" in detail else "closed"
        return f"{meaning}: it {word} {local(detail[word])}"
    if isinstance(detail.get("due"), int):
        return f"{meaning} ({detail['by']}, due {local(detail['due'])})"
    if detail.get("by"):
        return f"{meaning} ({detail['by']})"
    shown = detail.get("limit", rule_in_words(detail["rule"]) if "rule" in detail else None)
    return meaning if shown is None else f"{meaning} ({shown})"
