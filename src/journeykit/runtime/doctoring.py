"""What is wrong with a store, or will be? Findings, each with what to do about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any, Literal

from msgspec import DecodeError

from journeykit.kernel import decode_state
from journeykit.machine import Rules
from journeykit.ports import FOREVER, Backlog, StoreStatus
from journeykit.runtime.calls import Definitions, Flow, Heed, Load, Now, Page, ParkedBehind
from journeykit.runtime.upkeep_calls import Status
from journeykit.time import DAY, HOUR, MINUTE, SECOND

Severity = Literal["error", "warning", "note"]

SKEW = 5 * SECOND
"""How far clocks of workers may be apart; see `runtime.delivery`."""

LATE = {"due": 5 * MINUTE, "outbox": 5 * MINUTE, "inbox": MINUTE}
"""How old a backlog may be before it is a finding, in micros."""

_PAGE = 1000

LOG = 256 * 1024 * 1024
"""How large a write-ahead log may be."""

_DO: Mapping[str, str] = {
    "due": "see that a worker runs (kit.run()), and give it more processes if it does not keep up",
    "outbox": "see that workers run and that channels answer; kit.parked() and the log tell which "
    "do not",
    "inbox": "see that a worker runs (kit.run()): it drains the inbox",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that an operator should know.

    Attributes:
        code: Stable name.
        what: What was found, with its numbers.
        remedy: What to do.
    """

    code: str
    severity: Severity
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.severity}: {self.code}: {self.what}; {self.remedy}"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What `doctor` found; printing it tells.

    Attributes:
        findings: The worst first.
        status: What the store said of itself.
    """

    findings: Sequence[Finding]
    status: StoreStatus

    @property
    def is_healthy(self) -> bool:
        """Whether there is nothing to do."""
        return all(one.severity == "note" for one in self.findings)

    def as_json(self) -> dict[str, Any]:
        """Return it as values that JSON has; instants are microseconds since 1970, UTC."""
        status = {
            name: _plain(getattr(self.status, name)) for name in self.status.__struct_fields__
        }
        findings = [asdict(one) for one in self.findings]
        return {"healthy": self.is_healthy, "findings": findings, "status": status}

    def __str__(self) -> str:
        return "\n".join(map(str, self.findings)) or "nothing to do"


def diagnose(rules: Rules | None, *, deep: bool = False) -> Flow[Diagnosis]:
    """Look at the store.

    Args:
        rules: What runs here; None where only the store is looked at.
        deep: Whether to read every customer.
    """
    now = yield from Now()
    status = yield from Status(now)
    asked = yield from Now()
    findings = [
        *_of_schema(status),
        *_of_clock(status, (now + asked) // 2),
        *_of_backlogs(status, now),
        *_of_leases(status, now),
        *(yield from _of_parked(status)),
        *_of_size(status),
    ]
    if rules is not None:
        findings += yield from _of_rules(rules)
    if deep:
        findings += yield from _of_runs(now)
    order = ("error", "warning", "note")
    findings.sort(key=lambda one: order.index(one.severity))
    return Diagnosis(tuple(findings), status)


def _of_schema(status: StoreStatus) -> Iterator[Finding]:
    if status.schema < status.newest:
        yield Finding(
            "schema_old", "error",
            f"the schema has version {status.schema}, this journeykit knows {status.newest}",
            "run: journeykit migrate DB",
        )  # fmt: skip


def _of_clock(status: StoreStatus, now: int) -> Iterator[Finding]:
    if status.clock is None:
        return
    apart = status.clock - now
    if abs(apart) > SKEW:
        yield Finding(
            "clock_skew", "error",
            f"this machine's clock is {_span(abs(apart))} {'behind' if apart > 0 else 'ahead of'} "
            "that of the database",
            "let both keep time by NTP: pauses, leases and withdrawals go by these clocks",
        )  # fmt: skip


def _of_backlogs(status: StoreStatus, now: int) -> Iterator[Finding]:
    backlogs: Mapping[str, Backlog] = {
        "due": status.due,
        "outbox": status.outbox,
        "inbox": status.inbox,
    }
    for name, backlog in backlogs.items():
        waits = 0 if backlog.oldest is None else now - backlog.oldest
        if waits > LATE[name]:
            yield Finding(
                f"backlog_{name}", "warning",
                f"{backlog.ready} wait, the longest for {_span(waits)}",
                _DO[name],
            )  # fmt: skip


def _of_leases(status: StoreStatus, now: int) -> Iterator[Finding]:
    overdue = status.overdue_leases
    if overdue.ready and overdue.oldest is not None and now - overdue.oldest > MINUTE:
        yield Finding(
            "leases_stuck", "warning",
            f"{overdue.ready} messages are held by workers whose lease ended up to "
            f"{_span(now - overdue.oldest)} ago",
            "a worker has died and no other one claims: see that one runs",
        )  # fmt: skip


def _of_parked(status: StoreStatus) -> Flow[list[Finding]]:
    found: list[Finding] = []
    if status.parked or status.resting:
        rows = yield from ParkedBehind("", 1000)
        reasons = sorted({row.reason for row in rows if row.until >= FOREVER} or {
            row.reason for row in rows
        })  # fmt: skip
        told = ", ".join(reasons[:5])
        if status.parked:
            found.append(Finding(
                "parked", "warning",
                f"customers left alone until somebody says so: {status.parked} ({told})",
                "journeykit parked DB lists them; correct the cause, then journeykit unpark DB "
                "CUSTOMER, or --all",
            ))  # fmt: skip
        else:
            found.append(Finding(
                "resting", "note",
                f"customers that rest and are tried again: {status.resting} ({told})",
                "journeykit parked DB lists them; the log tells what failed",
            ))  # fmt: skip
    if status.shelved:
        found.append(Finding(
            "shelved", "warning",
            f"messages or calls that wait for somebody's word: {status.shelved}",
            "kit.parked() lists them; kit.settle(...) or kit.retry(...) lets them go on",
        ))  # fmt: skip
    return found


def _of_size(status: StoreStatus) -> Iterator[Finding]:
    if status.log is not None and status.log > LOG:
        yield Finding(
            "log_large", "warning",
            f"the write-ahead log has {status.log // 1024**2} MB",
            "somebody reads for very long and keeps it from being emptied: end that transaction",
        )  # fmt: skip


def _of_rules(rules: Rules) -> Flow[list[Finding]]:
    """Tell of journeys that pause, and of versions in the store that are newer than those here."""
    found: list[Finding] = []
    heeded = yield from Heed(rules, fresh=True)
    if heeded.paused:
        found.append(Finding(
            "paused", "note", f"these journeys pause: {', '.join(sorted(heeded.paused))}",
            "kit.resume(journey) lets them go on",
        ))  # fmt: skip
    newest = yield from _newest()
    behind = [
        f"{journey} {table.version} (published: {newest[journey]})"
        for journey, table in sorted(rules.current.items())
        if newest.get(journey, 0) > table.version
    ]
    if behind:
        found.append(Finding(
            "worker_old", "warning", f"newer versions were published than run here: "
            f"{', '.join(behind)}", "deploy this worker anew",
        ))  # fmt: skip
    return found


def _newest() -> Flow[dict[str, int]]:
    """Return the newest version of each journey that was ever published."""
    newest: dict[str, int] = {}
    for one in (yield from Definitions()):
        newest[one.journey] = max(one.version, newest.get(one.journey, 0))
    return newest


def _of_runs(now: int) -> Flow[list[Finding]]:
    """Tell of open runs on versions that a newer one has followed, since when the oldest is open."""
    newest = yield from _newest()
    runs: Counter[tuple[str, int]] = Counter()
    oldest: dict[tuple[str, int], int] = {}
    after = ""
    while ids := (yield from Page(after, _PAGE)):
        after = ids[-1]
        for found in (yield from Load(ids, False)).values():
            with suppress(DecodeError):  # `work` tells of a document that is damaged
                for run in decode_state(found.body).enrollments.values():
                    place = run.journey, run.version
                    if run.version < newest.get(run.journey, 0):
                        runs[place] += 1
                        oldest[place] = min(run.entered, oldest.get(place, run.entered))
    return [
        Finding(
            "runs_on_old_version", "note",
            f"{number} runs of {journey} stand on version {version} (published: {newest[journey]}), "
            f"the oldest for {_span(now - oldest[journey, version])}",
            "they finish on it; Journey(upgrade=Migrate({...})) moves them, and journeykit plan "
            "tells where they stand",
        )
        for (journey, version), number in sorted(runs.items())
    ]  # fmt: skip


def _span(micros: int) -> str:
    for unit, name in ((DAY, "days"), (HOUR, "hours"), (MINUTE, "minutes")):
        if micros >= 2 * unit:
            return f"{micros // unit} {name}"
    return f"{micros / SECOND:.0f} seconds"


def _plain(value: object) -> object:
    if isinstance(value, Backlog):
        return {"ready": value.ready, "oldest": value.oldest}
    return value
