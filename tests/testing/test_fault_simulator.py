"""Everything fails, and nothing is lost, nothing sent twice; and the checker can tell.

One seed replays a run. The quick part plays some seeds; the long one some hundreds, on three
stores, and prints what it came to.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec
import pytest

from journeykit.adapters import MemoryStore, SQLiteStore
from journeykit.ports import CustomerCommit, Hand, Store
from journeykit.testing.faults import NO_FAULTS, FaultRates, FaultReport, simulate_faults
from journeykit.time import SECOND

WILD = FaultRates(
    crash=30_000, refused=50_000, lost=50_000, slow=100_000, slowness=20 * SECOND,
    unanswered=150_000, broken=100_000, retried=100_000, jump=20_000,
)  # fmt: skip
USUAL = FaultRates()


def play(make: Callable[[], Store], seeds: Sequence[int], rates: FaultRates) -> list[FaultReport]:
    return [simulate_faults(make, seed=seed, rates=rates) for seed in seeds]


@pytest.mark.parametrize("rates", [USUAL, WILD], ids=["usual", "wild"])
@pytest.mark.parametrize("seed", range(6))
def test_nothing_is_lost_and_nothing_comes_twice(seed: int, rates: FaultRates) -> None:  # D1 D2
    report = simulate_faults(MemoryStore, seed=seed, rates=rates)
    assert not report.violations, str(report)
    assert sum(report.faults.values()) > 50
    assert report.contacts


def test_one_seed_replays_a_run_call_by_call() -> None:  # O4
    first, second = play(MemoryStore, [7, 7], WILD)
    assert (first.faults, first.calls) == (second.faults, second.calls)
    assert list(first.contacts) == list(second.contacts)
    (other,) = play(MemoryStore, [8], WILD)
    assert list(other.contacts) != list(first.contacts)


def test_the_store_does_not_matter(tmp_path: Path) -> None:  # O4
    here = simulate_faults(MemoryStore, seed=11, rates=WILD)
    there = simulate_faults(lambda: SQLiteStore(tmp_path / "one.db"), seed=11, rates=WILD)
    assert not there.violations, str(there)
    assert list(here.contacts) == list(there.contacts)


def test_without_faults_everybody_gets_everything_once() -> None:
    report = simulate_faults(MemoryStore, seed=3, rates=NO_FAULTS)
    assert not report.faults
    assert not report.violations
    assert max(Counter(one.key for one in report.contacts).values()) == 1


# ---- the checker can fail: each store breaks one promise


class Overwriting(MemoryStore):
    """Whoever commits last wins."""

    def commit(self, commits: Sequence[CustomerCommit]) -> Sequence[str]:
        versions = {
            one: found.version for one, found in self.load([c.customer_id for c in commits]).items()
        }
        return super().commit([
            msgspec.structs.replace(
                one, expected=versions.get(one.customer_id, 0),
                first_seq=1 + sum(len(msgspec.json.decode(r.entries)) for r in self.journal(one.customer_id)),
            )
            for one in commits
        ])  # fmt: skip


class Forgetful(MemoryStore):
    """No event id is ever known again."""

    def seen(self, events: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], str]:
        return {}


class Handless(MemoryStore):
    """Nobody learns what others have in hand."""

    def hands(self, customer_id: str | None, now: int) -> Sequence[Hand]:
        return []


class Leaking(MemoryStore):
    """Some messages never reach the outbox."""

    def commit(self, commits: Sequence[CustomerCommit]) -> Sequence[str]:
        return super().commit([
            msgspec.structs.replace(one, put=[row for row in one.put if row.key[0] not in "01234"])
            for one in commits
        ])  # fmt: skip


class Sleeping(MemoryStore):
    """Some customers are never due."""

    def due(self, now: int, *, limit: int, lease_until: int = 0, worker: str = "") -> Sequence[str]:
        found = super().due(now, limit=limit)
        return [one for one in found if not one.endswith(("1", "4"))]

    def next_due(self) -> int | None:
        return None


class Amnesic(MemoryStore):
    """A journal loses records."""

    def journal(self, customer_id: str, *, after: int = 0) -> Sequence[object]:  # type: ignore[override]
        return list(super().journal(customer_id, after=after))[:-1]


@pytest.mark.parametrize(
    "broken",
    [Overwriting, Forgetful, Handless, Leaking, Sleeping, Amnesic],
    ids=lambda one: one.__name__,
)
def test_a_broken_store_is_found_out(broken: type[MemoryStore]) -> None:
    rates = NO_FAULTS if broken is Handless else WILD  # a race of milliseconds: no wrong clocks
    for seed in range(100):
        if simulate_faults(broken, seed=seed, rates=rates).violations:
            return
    raise AssertionError(f"100 seeds find nothing wrong with a store that is {broken.__doc__}")


@pytest.mark.slow
def test_many_seeds() -> None:
    seeds = int(os.environ.get("JOURNEYKIT_FAULT_SEEDS", "250"))
    faults: Counter[str] = Counter()
    years, calls, contacts, broken = 0.0, 0, 0, []
    for seed in range(1_000, 1_000 + seeds):
        report = simulate_faults(MemoryStore, seed=seed, rates=WILD if seed % 2 else USUAL)
        faults.update(report.faults)
        years += report.customer_years
        calls += report.calls
        contacts += len(report.contacts)
        if report.violations:
            broken.append(str(report))
    print(
        f"fault simulator: {seeds} seeds, {years:.0f} customer-years, {calls} store calls, "
        f"{contacts} hand-overs, {sum(faults.values())} faults {dict(sorted(faults.items()))}, "
        f"{len(broken)} runs with violations"
    )
    assert not broken, "\n".join(broken[:5])
