"""Play it: set the stage, let everything fail, let it heal, and ask the history."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from journeykit.adapters import TemplateNames
from journeykit.kernel import CustomerState, decode_entries, decode_state, encode_state, replay
from journeykit.kernel import journal as j
from journeykit.machine import compile_workspace
from journeykit.ports import Store
from journeykit.testing.faults.dice import Dice
from journeykit.testing.faults.history import violations
from journeykit.testing.faults.network import USUAL_FAULTS, FaultRates, Process, World
from journeykit.testing.faults.provider import Contact, Provider
from journeykit.testing.faults.scenario import host, people_of, worker, workspace
from journeykit.time import DAY, SECOND

S = TypeVar("S", bound=Store)
START = 1_772_442_000_000_000  # 2026-03-02 09:00 UTC
_YEAR = 365.25 * DAY


@dataclass(frozen=True, slots=True)
class FaultReport:
    """What a simulation came to.

    Attributes:
        faults: How often what went wrong.
        calls: Calls that stores carried out.
        customer_years: Simulated time, for all customers together.
        contacts: Every call of a channel, in order.
        violations: Every broken promise in words; empty where all was right.
    """

    seed: int
    faults: dict[str, int]
    calls: int
    customer_years: float
    contacts: Sequence[Contact]
    violations: Sequence[str] = field(default_factory=list)

    def __str__(self) -> str:
        told = "\n".join(f"  {one}" for one in self.violations) or "  no violation"
        return f"seed {self.seed}: {sum(self.faults.values())} faults in {self.calls} calls\n{told}"


def simulate_faults(
    make: Callable[[], S],
    *,
    seed: int,
    rates: FaultRates = USUAL_FAULTS,
    customers: int = 8,
    workers: int = 3,
    days: int = 20,
    batch: int = 5,
) -> FaultReport:
    """Let workers and hosts share a store while everything fails, and check what came of it.

    Faults stop after `days`; then everybody gets the time to finish. With the same seed,
    the same store and the same arguments, everything happens again.

    Args:
        make: Returns a store with nothing in it; it is closed at the end.
        seed: Decides everything.
        customers: Of whom hosts tell, each from a process of its own.
        workers: Processes that deliver.
        batch: Customers or messages per transaction; small ones meet more often.
    """
    dice = Dice(seed, "world")
    rules = compile_workspace(workspace)
    provider = Provider(Dice(seed, "provider"), rates.unanswered, rates.broken, rates.retried)
    store = make()
    try:
        world = World(store, rates, dice, provider, TemplateNames(), ("email", "sms"), START)
        people = people_of(Dice(seed, "people"), customers, START, days * DAY // 2)
        world.workers = [Process(world, f"w{n}", worker(rules, batch)) for n in range(workers)]
        hosts = [Process(world, f"host-{one.id}", host(one, rules)) for one in people]
        for process in (*world.workers, *hosts):
            world.at(START + dice.between(0, SECOND), process.begin)
        world.run(START + days * DAY)
        world.heal()
        end = world.now + 40 * DAY
        while world.now < end:
            world.run(world.now + DAY)
        states, accepted, broken = _states(store, [one.id for one in people])
    finally:
        store.close()
    tolerance = 2 * rates.skew + 2 * rates.slowness + 2 * SECOND
    broken += violations(
        people, provider.contacts, states, accepted, world.settled, tolerance=tolerance
    )
    broken += [f"{one.customer_id}: {one.error}" for one in world.failures]
    if world.is_restless:
        broken.append(f"{world.calls} calls were made, and there was no end of them")
    faults = dict(world.faults)
    for contact in provider.contacts:
        if contact.fate != "accepted":
            faults[contact.fate] = faults.get(contact.fate, 0) + 1
    years = customers * (world.now - START) / _YEAR
    return FaultReport(seed, faults, world.calls, years, provider.contacts, broken)


def _states(
    store: Store, ids: Sequence[str]
) -> tuple[dict[str, CustomerState], set[str], list[str]]:
    """Return the final states, and what was accepted; tell where a journal is not what led there."""
    broken: list[str] = []
    accepted: set[str] = set()
    states: dict[str, CustomerState] = {}
    for customer_id, found in store.load(ids).items():
        states[customer_id] = state = decode_state(found.body)
        records = list(store.journal(customer_id))
        entries = [entry for record in records for entry in decode_entries(record.entries)]
        accepted |= {
            entry.message
            for entry in entries
            if isinstance(entry, j.Answered) and entry.answer == "accepted"
        }
        instants = [record.at for record in records]
        if instants != sorted(instants):
            broken.append(f"{customer_id}: the instants of the journal go back")
        try:
            same = encode_state(replay(customer_id, entries)) == encode_state(state)
        except Exception as error:
            broken.append(f"{customer_id}: the journal leads nowhere: {error!r}")
        else:
            if not same:
                broken.append(f"{customer_id}: the journal does not lead to the state")
    return states, accepted, broken
