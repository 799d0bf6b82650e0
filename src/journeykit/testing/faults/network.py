"""How do processes and a store fail together? Many processes, one clock, everything late or lost.

Each process runs one flow of the runtime at a time. A call of a flow travels to the store,
is carried out there, and its answer travels back; meanwhile the others go on. On the way a
call may be refused before anything was written, its answer may be lost although everything was
written, both may take seconds, and the process may die; a call of a dead process may still
arrive. Everything that happens is decided by a seed.

Keeps true: two runs with one seed are equal, call by call.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from heapq import heappop, heappush
from typing import Any

from journeykit.errors import StoreBusyError, StoreError
from journeykit.ports import Committed, Store
from journeykit.runtime import calls as c
from journeykit.runtime.controls import Heeding
from journeykit.runtime.hands import Hands
from journeykit.runtime.outcomes import Failure
from journeykit.runtime.performing import Ports
from journeykit.testing.faults.dice import Dice
from journeykit.testing.faults.provider import Provider
from journeykit.time import HOUR, MINUTE, SECOND, from_micros

MILLISECOND = SECOND // 1000
Task = Generator[Any, Any, None]

_AT_ONCE = (c.Now, c.Start, c.Stay, c.GoesOn, c.LinesNow, c.Render)


@dataclass(frozen=True, slots=True)
class FaultRates:
    """How often something goes wrong, in a million calls.

    Attributes:
        crash: A process dies before or after a call, and starts again later.
        refused: A call of the store fails, and nothing was written.
        lost: A call of the store fails, although it was written.
        slow: A call or its answer takes up to `slowness`.
        unanswered: A channel takes a message, and its answer is lost.
        broken: A channel fails and takes nothing.
        retried: A channel asks to be called again.
        jump: The clock of a process jumps, within `skew` of the true time.
        skew: By how much clocks may be wrong, in micros.
    """

    crash: int = 3_000
    refused: int = 8_000
    lost: int = 8_000
    slow: int = 20_000
    slowness: int = 4 * SECOND
    unanswered: int = 30_000
    broken: int = 30_000
    retried: int = 60_000
    jump: int = 2_000
    skew: int = 2 * SECOND


USUAL_FAULTS = FaultRates()
NO_FAULTS = FaultRates(0, 0, 0, 0, 0, 0, 0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Pause:
    """A flow asks for rest: until an instant of the world, or until somebody commits."""

    until: int
    wakes: bool = False


class Process:
    """One process: a clock that may be wrong, and the flow that it runs."""

    def __init__(self, world: World, name: str, program: Callable[[Process], Task]) -> None:
        self.world = world
        self.name = name
        self.life = 0
        self.offset = 0
        self._program = program
        self._task: Task | None = None
        self._resting = 0
        self._deaf = False
        self.ports = self._new_ports()

    def now(self) -> datetime:
        """Tell the time as this process knows it."""
        return from_micros(self.world.now + self.offset)

    def begin(self) -> None:
        """Start the program, anew after a crash."""
        self.ports = self._new_ports()
        self._task = self._program(self)
        self._go_on(self.life, lambda task: next(task))

    def die(self) -> None:
        """Die without a word, and start again later: under the same name, or a new one."""
        world = self.world
        world.faults["crash"] += 1
        self.life += 1
        task, self._task = self._task, None
        if task is not None:
            with suppress(RuntimeError):  # nobody is left to make a call
                task.close()
        if not world.dice.chance(500_000):
            self.name = f"{self.name.split('+')[0]}+{self.life}"
        world.at(world.now + world.dice.between(SECOND // 10, MINUTE), self._revive(self.life))

    def wake(self) -> None:
        """End its rest: somebody has committed."""
        if self._resting and not self._deaf:
            self._resting = 0
            life = self.life
            self.world.at(
                self.world.now + self.world.dice.between(MILLISECOND, SECOND),
                lambda: self._answer(life, None),
            )

    # ---- within

    def _revive(self, life: int) -> Callable[[], None]:
        return lambda: self.begin() if self.life == life else None

    def _new_ports(self) -> Ports:
        world = self.world
        return Ports(
            world.store,
            dict.fromkeys(world.channels, world.provider),
            world.renderer,
            self,
            self.name,
            lambda: True,
            lambda: None,
            heeding=Heeding(),
            hands=Hands(),
        )

    def _answer(self, life: int, answer: object) -> None:
        self._go_on(life, lambda task: task.send(answer))

    def _fail(self, life: int, error: Exception) -> None:
        self._go_on(life, lambda task: task.throw(error))

    def _go_on(self, life: int, proceed: Callable[[Task], Any]) -> None:
        """Let the flow run until it needs the world again."""
        task = self._task
        if life != self.life or task is None:
            return  # it has died meanwhile
        try:
            call = proceed(task)
            while isinstance(call, _AT_ONCE):
                call = task.send(self.ports.perform(call))
        except StopIteration:
            self._task = None
            return
        self._ask(call)

    def _ask(self, call: object) -> None:
        world, dice, life = self.world, self.world.dice, self.life
        if isinstance(call, Pause):
            self._rest(call)
        elif isinstance(call, c.Rest):
            world.at(world.now + call.span, lambda: self._answer(life, False))
        elif isinstance(call, c.HandOver):
            self._hand_over(call)
        else:
            if dice.chance(world.rates.crash):
                if dice.chance(500_000):
                    world.at(world.now + world.travel(), lambda: self._carry_out(call, None))
                self.die()
            elif dice.chance(world.rates.refused):
                world.faults["refused"] += 1
                error: StoreError = StoreBusyError("the store is busy, as it was told to be")
                world.at(world.now + world.travel(), lambda: self._fail(life, error))
            else:
                world.at(world.now + world.travel(), lambda: self._carry_out(call, life))
        if dice.chance(world.rates.jump):
            world.faults["jump"] += 1
            self.offset = dice.between(-world.rates.skew, world.rates.skew)

    def _rest(self, pause: Pause) -> None:
        world, life = self.world, self.life
        world.resting += 1
        mine = self._resting = world.resting

        def wake() -> None:
            if self._resting == mine and self.life == life:
                self._resting = 0
                self._answer(life, None)

        self._deaf = not pause.wakes
        world.at(max(pause.until, world.now + MILLISECOND), wake)

    def _carry_out(self, call: object, life: int | None) -> None:
        """The store carries a call out; the answer goes back, unless the caller has died."""
        world, dice = self.world, self.world.dice
        world.calls += 1
        try:
            answer = self.ports.perform(call)  # type: ignore[arg-type]  # a call of some flow
        except Exception as error:
            failure = error
            if life is not None:
                world.at(world.now + world.travel(), lambda: self._fail(life, failure))
            return
        world.note(call, answer)
        if life is None:
            return
        if dice.chance(world.rates.crash):
            self.die()
        elif dice.chance(world.rates.lost):
            world.faults["lost"] += 1
            gone = StoreError("the connection was lost, as it was told to be")
            world.at(world.now + world.travel(), lambda: self._fail(life, gone))
        else:
            world.at(world.now + world.travel(), lambda: self._answer(life, answer))

    def _hand_over(self, call: c.HandOver) -> None:
        """The channel takes its time; the process may die before, meanwhile or after."""
        world, life = self.world, self.life
        ((message,),) = [parcel.messages for parcel in call.parcels]  # one at a time
        contact = world.provider.begin(message, self.name, world.now, self.offset)
        if world.dice.chance(world.rates.crash):
            contact.answered = False
            world.provider.end(contact, world.now)
            self.die()
            return

        def finish() -> None:
            world.provider.end(contact, world.now)
            if life != self.life:
                return
            world.provider.answering = contact
            answer = self.ports.perform(call)
            contact.answered = contact.fate not in ("unanswered", "broken")
            if world.dice.chance(world.rates.crash):
                contact.answered = False
                self.die()
            else:
                self._answer(life, answer)

        world.at(contact.end, finish)


@dataclass(eq=False)
class World:
    """The one clock, what is to happen, and what has gone wrong.

    Attributes:
        now: True time, in micros.
        faults: How often what went wrong.
        failures: Customers whom workers could not decide on.
        settled: Keys of messages that have left the outbox, and when they first did.
    """

    store: Store
    rates: FaultRates
    dice: Dice
    provider: Provider
    renderer: Any
    channels: tuple[str, ...]
    now: int
    calls: int = 0
    resting: int = 0
    failures: list[Failure] = field(default_factory=list)
    settled: dict[str, int] = field(default_factory=dict)
    faults: Counter[str] = field(default_factory=Counter)
    workers: list[Process] = field(default_factory=list)
    _queue: list[tuple[int, int, Callable[[], None]]] = field(default_factory=list)
    _numbers: int = 0

    def at(self, instant: int, thunk: Callable[[], None]) -> None:
        """Let something happen at an instant; at equal ones in the order of the asking."""
        self._numbers += 1
        heappush(self._queue, (instant, self._numbers, thunk))

    def run(self, until: int) -> None:
        """Let everything happen that is to happen before an instant, unless it is far too much."""
        while self._queue and self._queue[0][0] < until and not self.is_restless:
            at, _, thunk = heappop(self._queue)
            self.now = max(self.now, at)
            thunk()
        self.now = max(self.now, until)

    @property
    def is_restless(self) -> bool:
        """Whether calls are made again and again, and nothing comes of them."""
        return self.calls > MOST_CALLS

    def travel(self) -> int:
        """Return how long a call or an answer is under way."""
        if self.dice.chance(self.rates.slow):
            self.faults["slow"] += 1
            return self.dice.between(SECOND // 10, max(SECOND // 10, self.rates.slowness))
        return self.dice.between(50, 3 * MILLISECOND)

    def note(self, call: object, answer: object) -> None:
        """Something was committed: workers look soon, and what left the outbox is done."""
        if not isinstance(call, c.Commit | c.CommitAndClaim):
            return
        told = answer.stale if isinstance(answer, Committed) else answer
        stale = frozenset(told) if isinstance(told, list | tuple) else frozenset()
        for commit in call.commits:
            if commit.customer_id not in stale:
                for key in commit.drop:
                    self.settled.setdefault(key, self.now)
                for row in commit.put:  # it was held, and comes again
                    self.settled.pop(row.key, None)
        for worker in self.workers:
            worker.wake()

    def heal(self) -> None:
        """From now on nothing goes wrong."""
        self.rates = NO_FAULTS
        self.provider.unanswered = self.provider.broken = self.provider.retried = 0
        for process in self.workers:
            process.offset = 0


LONGEST_REST = 12 * HOUR
MOST_CALLS = 100_000
"""So many calls are some ten times what a run of twenty days makes in the worst weather."""
