"""Is the async twin one? The same calls, the same journals; and a worker in an event loop."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from journeykit import (
    Accepted,
    Event,
    Journey,
    MemoryStore,
    On,
    Orchestrator,
    OutgoingMessage,
    Policy,
    QuietHours,
    Send,
    SQLiteStore,
    Tokens,
    Wait,
    Workspace,
    hours,
)
from journeykit.adapters import RecordingChannel
from journeykit.adapters.postgres import PostgresStore
from journeykit.adapters.postgres_async import AsyncPostgresStore
from journeykit.adapters.threaded import ThreadedStore
from journeykit.aio import AsyncOrchestrator
from journeykit.errors import DefinitionError, UnknownCustomerError, UsageError
from journeykit.kernel import encode_entries
from journeykit.ports import AsyncStore, Receipt, Store, Upkeep
from journeykit.runtime.async_runner import AsyncRunner
from journeykit.runtime.hands import HANDS
from journeykit.runtime.runner import Runner
from journeykit.simulation import VirtualClock
from journeykit.time import to_micros

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


class SignedUp(Event):
    plan: str = "free"


welcome = Journey(
    "welcome",
    entry=On(SignedUp),
    steps=[Send("hello", via=["email"]), Wait(hours(1)), Send("tips", via=["push"])],
)
workspace = Workspace(
    journeys=[welcome],
    timezone="UTC",
    policy=Policy(
        consent={"email": "opt-out", "push": "opt-out"},
        quiet_hours=[QuietHours("21:00", "08:00", channels=["push"])],
    ),
)


class Clock:
    at = NOON

    def now(self) -> datetime:
        return self.at


class Post:
    """An async channel that can be told to wait, or to act."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.act: Callable[[OutgoingMessage], Awaitable[object]] | None = None

    async def send(self, message: OutgoingMessage) -> Receipt:
        if self.act is not None:
            await self.act(message)
        self.sent.append(f"{message.customer_id} {message.template}")
        return Accepted()


def kit_on(post: Any, **options: Any) -> AsyncOrchestrator:
    options.setdefault("store", ThreadedStore(MemoryStore()))
    options.setdefault("clock", Clock())
    return AsyncOrchestrator(
        workspace, channels={"email": post, "push": RecordingChannel()}, **options
    )


def run(scenario: Callable[[], Awaitable[object]]) -> None:
    async def bounded() -> None:
        await asyncio.wait_for(scenario(), 30)

    asyncio.run(bounded())


# ---- the same calls


def public(kind: type) -> dict[str, Any]:
    return {
        name: getattr(kind, name)
        for name in dir(kind)
        if not name.startswith("_") and name not in ("drive", "open")
    }


def test_every_call_of_one_is_a_call_of_the_other_and_is_awaited() -> None:
    ours, theirs = public(Orchestrator), public(AsyncOrchestrator)
    assert ours.keys() == theirs.keys()
    not_awaited = {
        name
        for name, one in theirs.items()
        if callable(one) and not inspect.iscoroutinefunction(one)
    }
    assert not_awaited == {"stop", "using"}
    for name, one in ours.items():
        if not callable(one):
            continue
        mine = list(inspect.signature(one).parameters.values())
        twin = list(inspect.signature(theirs[name]).parameters.values())
        assert [(p.name, p.kind, p.default) for p in mine] == [
            (p.name, p.kind, p.default) for p in twin
        ], name
        assert one.__doc__, name
        assert theirs[name].__doc__, name


@pytest.mark.parametrize(
    ("one", "other"), [(Orchestrator, AsyncOrchestrator), (Runner, AsyncRunner)]
)
def test_both_are_given_the_same(one: type, other: type) -> None:
    mine, twin = (inspect.signature(kind.__init__).parameters for kind in (one, other))
    assert [(p.name, p.default) for p in mine.values()] == [
        (p.name, p.default) for p in twin.values()
    ]


def methods(kind: type) -> dict[str, Any]:
    return {
        name: one
        for name, one in vars(kind).items()
        if inspect.isfunction(one) and not name.startswith("_")
    }


@pytest.mark.parametrize("kind", [AsyncStore, ThreadedStore, AsyncPostgresStore])
def test_an_async_store_has_the_methods_of_a_store_as_coroutines(kind: type) -> None:
    for name, one in (methods(Store) | methods(Upkeep)).items():
        twin = getattr(kind, name)
        assert inspect.iscoroutinefunction(twin), name
        mine, its = (inspect.signature(each) for each in (one, twin))
        assert mine.parameters == its.parameters, name
        assert mine.return_annotation == its.return_annotation, name


# ---- the same journals


PEOPLE = ("ann", "bob")
people = st.sampled_from(PEOPLE)
acts = st.one_of(
    st.tuples(st.just("identify"), people, st.sampled_from([{}, {"timezone": "Asia/Tokyo"}])),
    st.tuples(st.just("track"), people, st.sampled_from(["1", "2"]), st.sampled_from("ab")),
    st.tuples(st.just("withdraw"), people, st.sampled_from(["email", "push"])),
    st.tuples(st.just("grant"), people, st.sampled_from(["email", "push"])),
    st.tuples(st.just("suppress"), people),
    st.tuples(st.just("cancel"), people),
    st.tuples(st.just("erase"), people),
    st.tuples(st.just("pause")),
    st.tuples(st.just("resume")),
    st.tuples(st.just("broadcast")),
    st.tuples(st.just("tell"), people),
    st.tuples(st.just("wait"), st.integers(1, 600)),
    st.tuples(st.just("tick")),
)


def calls(kit: Any, act: tuple[Any, ...]) -> Any:
    """Do one thing; the twin returns what is to be awaited."""
    match act:
        case "identify", who, attributes:
            return kit.identify(who, attributes)
        case "track", who, id, plan:
            return kit.track(who, SignedUp(plan=plan), id=id)
        case "withdraw", who, channel:
            return kit.withdraw(who, [channel], source="page")
        case "grant", who, channel:
            return kit.grant(who, [channel], source="page")
        case "suppress", who:
            return kit.suppress(who, "email")
        case "cancel", who:
            return kit.cancel(who, "welcome")
        case "erase", who:
            return kit.erase(who)
        case ("pause",):
            return kit.pause("welcome", reason="check")
        case ("resume",):
            return kit.resume("welcome")
        case ("broadcast",):
            return kit.broadcast(SignedUp(plan="b"), to=PEOPLE, id="all")
        case "tell", who:
            return kit.inbox.track(who, SignedUp(), id="told")
        case _:
            return kit.tick()


QUESTIONS: tuple[Callable[[Any], Any], ...] = (
    lambda kit: kit.explain("ann"),
    lambda kit: kit.why_not("bob", "welcome"),
    lambda kit: kit.messages("ann"),
    lambda kit: kit.counts("welcome"),
    lambda kit: kit.export("ann"),
    lambda kit: kit.preferences("bob"),
    lambda kit: kit.preview("ann", until=NOON + timedelta(days=9)),
    lambda kit: kit.next_due(),
    lambda kit: kit.parked(),
    lambda kit: kit.plan(workspace),
)


def options(clock: VirtualClock) -> dict[str, Any]:
    return {"clock": clock, "tokens": Tokens(["x" * 32])}


def told(answer: object) -> str:
    return f"{type(answer).__name__} {answer}"


def played(store: Any, script: list[tuple[Any, ...]]) -> list[object]:
    """Play a script; return all that was answered, and the journals."""
    clock = VirtualClock(to_micros(NOON))
    post = RecordingChannel()
    kit = Orchestrator(
        workspace, store=store, channels={"email": post, "push": post}, **options(clock)
    )
    answers: list[object] = []
    for act in script:
        if act[0] == "wait":
            clock.micros += act[1] * 60_000_000
            continue
        try:
            answers.append(told(calls(kit, act)))
        except UnknownCustomerError as error:
            answers.append(told(error))
    for question in QUESTIONS:
        try:
            answers.append(told(question(kit)))
        except UnknownCustomerError as error:
            answers.append(told(error))
    answers += [(who, encode_entries(kit.journal(who))) for who in store.customers()]
    store.close()
    return [*answers, [message.key for message in post.messages]]


async def played_async(store: Any, script: list[tuple[Any, ...]]) -> list[object]:
    """The same, awaited."""
    clock = VirtualClock(to_micros(NOON))
    post = RecordingChannel()
    answers: list[object] = []
    async with AsyncOrchestrator(
        workspace, store=store, channels={"email": post, "push": post}, **options(clock)
    ) as kit:
        for act in script:
            if act[0] == "wait":
                clock.micros += act[1] * 60_000_000
                continue
            try:
                answers.append(told(await calls(kit, act)))
            except UnknownCustomerError as error:
                answers.append(told(error))
        for question in QUESTIONS:
            try:
                answers.append(told(await question(kit)))
            except UnknownCustomerError as error:
                answers.append(told(error))
        answers += [
            (who, encode_entries(await kit.journal(who))) for who in await store.customers()
        ]
        await store.close()
    return [*answers, [message.key for message in post.messages]]


@given(st.lists(acts, max_size=14))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_same_script_is_the_same_journal_byte_for_byte(script: list[tuple[Any, ...]]) -> None:
    """O4."""
    script = [("identify", "ann", {}), *script]
    wanted = played(MemoryStore(), script)
    assert asyncio.run(played_async(ThreadedStore(MemoryStore()), script)) == wanted


A_DAY: list[tuple[Any, ...]] = [
    ("identify", "ann", {"timezone": "Asia/Tokyo"}),
    ("identify", "bob", {}),
    ("track", "ann", "1", "a"),
    ("track", "bob", "1", "b"),
    ("track", "bob", "1", "a"),
    ("tick",),
    ("tell", "ann"),
    ("wait", 45),
    ("pause",),
    ("wait", 30),
    ("tick",),
    ("withdraw", "ann", "push"),
    ("resume",),
    ("tick",),
    ("wait", 600),
    ("suppress", "bob"),
    ("broadcast",),
    ("tick",),
    ("erase", "bob"),
]


def test_it_is_so_on_postgresql_and_in_threads_on_a_file(
    fresh_postgres: str, tmp_path: Any
) -> None:
    """O4."""
    wanted = played(MemoryStore(), A_DAY)
    assert played(PostgresStore(fresh_postgres, schema="one"), A_DAY) == wanted
    other = AsyncPostgresStore(fresh_postgres, schema="other")
    assert asyncio.run(played_async(other, A_DAY)) == wanted
    file = ThreadedStore(SQLiteStore(tmp_path / "kit.db"))
    assert asyncio.run(played_async(file, A_DAY)) == wanted


# ---- what is refused


def test_before_it_is_opened_nothing_can_be_called() -> None:
    async def scenario() -> None:
        kit = kit_on(Post())
        with pytest.raises(UsageError, match=r"was not opened.*async with AsyncOrchestrator"):
            await kit.identify("ann")
        assert kit.workspace == workspace
        await kit.open()
        assert (await kit.identify("ann")).customer_id == "ann"

    run(scenario)


def test_a_store_without_coroutines_is_refused_by_name() -> None:
    with pytest.raises(UsageError, match=r"MemoryStore.*ThreadedStore\(store\)"):
        kit_on(Post(), store=MemoryStore())


class SendsMany(RecordingChannel):
    async def send_many(self, messages: object) -> None:
        raise AssertionError("nobody awaits it")


class Renders:
    async def render(self, context: object) -> None:
        raise AssertionError("nobody awaits it")

    def missing(self, template: str, channel: str) -> None:
        return None


async def score(context: object) -> None:
    raise AssertionError("nobody awaits it")


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ({"channels": {"email": Post(), "push": RecordingChannel()}}, r"channels\['email'\].send:"),
        ({"channels": {"email": SendsMany()}}, r"channels\['email'\].send_many:"),
        ({"renderer": Renders()}, "renderer:"),
        ({"functions": {"score": score}}, r"functions\['score'\]:"),
        ({"store": ThreadedStore(MemoryStore())}, "store:"),
    ],
)
def test_an_orchestrator_that_awaits_nothing_refuses_coroutines_by_name(
    given: dict[str, Any], place: str
) -> None:
    """Else nothing would be sent, and nobody would be told."""
    plain = {"store": MemoryStore(), "channels": {"email": RecordingChannel()}}
    with pytest.raises(UsageError, match=f"^{place} .*coroutine function.*AsyncOrchestrator"):
        Orchestrator(workspace, **{**plain, **given})


def test_what_is_no_store_is_refused_by_name() -> None:
    with pytest.raises(UsageError, match=r"^store: .*no store.*'str'.*SQLiteStore"):
        Orchestrator(workspace, store="shop.db", channels={"email": RecordingChannel()})  # type: ignore[arg-type]


def test_what_is_missing_is_missed_before_anything_runs() -> None:
    with pytest.raises(DefinitionError, match="no such channel was given"):
        AsyncOrchestrator(workspace, store=ThreadedStore(MemoryStore()), channels={})


@pytest.mark.parametrize("idle", [timedelta(0), timedelta(seconds=-1)])
def test_a_pause_of_nothing_is_refused(idle: timedelta) -> None:
    async def scenario() -> None:
        async with kit_on(Post()) as kit:
            with pytest.raises(UsageError, match="longer than zero"):
                await kit.run(idle=idle)

    run(scenario)


# ---- a worker


async def until(holds: Callable[[], bool]) -> None:
    """Let the loop turn until it holds; `run` bounds that."""
    while not holds():
        await asyncio.sleep(0.001)


LONG = timedelta(hours=1)


def test_a_worker_is_woken_by_what_other_tasks_tell_and_the_block_ends_it() -> None:
    async def scenario() -> None:
        post = Post()
        async with kit_on(post) as kit:
            running = asyncio.create_task(kit.run(idle=LONG))
            await kit.identify("ann")
            await kit.track("ann", SignedUp())
            await until(lambda: post.sent == ["ann hello"])
            with pytest.raises(UsageError, match="runs already"):
                await kit.run()
        assert running.done()
        assert (await running).accepted == 1

    run(scenario)


def test_it_stops_behind_the_hand_over_that_it_is_in() -> None:
    async def scenario() -> None:
        post = Post()

        async def stop(message: OutgoingMessage) -> None:
            kit.stop()

        async with kit_on(post) as kit:
            for who in ("ann", "bob"):
                await kit.identify(who)
                await kit.track(who, SignedUp())
            post.act = stop
            assert (await kit.run(idle=LONG)).accepted == 1
            assert len(post.sent) == 1
            post.act = None
            assert (await kit.tick()).accepted == 1  # the other was given back

    run(scenario)


def test_it_may_be_stopped_from_a_thread_and_run_again() -> None:
    async def scenario() -> None:
        async with kit_on(Post()) as kit:
            running = asyncio.create_task(kit.run(idle=LONG))
            await asyncio.sleep(0)
            await asyncio.to_thread(kit.stop)
            await running
            kit.stop()
            await kit.run(idle=LONG)  # returns at once

    run(scenario)


def test_cancelled_it_stores_the_answer_that_a_thread_still_gives() -> None:
    """D2."""

    class Slow(RecordingChannel):
        def send(self, message: OutgoingMessage) -> Receipt:
            is_in.set()
            assert may_end.wait(20)
            return super().send(message)

    is_in, may_end = threading.Event(), threading.Event()

    async def scenario() -> None:
        async with kit_on(Slow()) as kit:
            await kit.identify("ann")
            await kit.track("ann", SignedUp())
            running = asyncio.create_task(kit.run(idle=LONG))
            await asyncio.to_thread(is_in.wait, 20)
            running.cancel()
            await asyncio.sleep(0)
            assert not running.done()
            assert (await kit.customer("ann")).enrollments  # the loop is not blocked meanwhile
            may_end.set()
            with pytest.raises(asyncio.CancelledError):
                await running
            (life,) = await kit.messages("ann")
            assert life.status == "accepted"
        assert HANDS._rounds == []

    run(scenario)


def test_a_withdrawal_waits_for_the_hand_over_of_another_task() -> None:
    """G7."""

    async def scenario() -> None:
        post, is_in, may_end = Post(), asyncio.Event(), asyncio.Event()

        async def wait(message: OutgoingMessage) -> None:
            is_in.set()
            await may_end.wait()

        async with kit_on(post) as kit:
            await kit.identify("ann")
            await kit.track("ann", SignedUp())
            post.act = wait
            ticking = asyncio.create_task(kit.tick())
            await is_in.wait()
            withdrawing = asyncio.create_task(kit.withdraw("ann", ["email"]))
            for _ in range(50):
                await asyncio.sleep(0.001)
            assert not withdrawing.done()
            may_end.set()
            await withdrawing
            assert post.sent == ["ann hello"]
            await ticking

    run(scenario)


@pytest.mark.parametrize("in_a_task", [False, True])
def test_a_channel_that_withdraws_while_it_sends_does_not_wait_for_itself(in_a_task: bool) -> None:
    """G7."""

    async def scenario() -> None:
        post = Post()

        async def withdraw(message: OutgoingMessage) -> None:
            started = asyncio.get_running_loop().time()
            call = kit.withdraw(message.customer_id, ["email"])
            await (asyncio.create_task(call) if in_a_task else call)
            took.append(asyncio.get_running_loop().time() - started)

        async with kit_on(post) as kit:
            await kit.identify("ann")
            await kit.track("ann", SignedUp())
            post.act = withdraw
            await kit.tick()
            assert post.sent == ["ann hello"]
            assert took[0] < 0.9  # else it had waited for the grace of a second

    took: list[float] = []
    run(scenario)


def test_a_channel_that_cancels_itself_has_failed_and_holds_nobody_up() -> None:
    async def scenario() -> None:
        post = Post()

        async def give_up(message: OutgoingMessage) -> None:
            if message.customer_id == "ann":
                raise asyncio.CancelledError

        async with kit_on(post) as kit:
            for who in ("ann", "bob"):
                await kit.identify(who)
                await kit.track(who, SignedUp())
            post.act = give_up
            counts = await kit.tick()
            assert (counts.accepted, counts.retried) == (1, 1)
            (life,) = await kit.messages("ann")
            assert "CallCancelledError" in life.last.text

    run(scenario)


def test_another_workspace_is_published_while_it_runs() -> None:
    newer = Workspace(
        journeys=[
            Journey("welcome", version=2, entry=On(SignedUp), steps=[Send("hi", via=["sms"])])
        ],
        timezone="UTC",
        policy=Policy(consent={"email": "opt-out", "push": "opt-out", "sms": "opt-out"}),
    )

    async def scenario() -> None:
        post = Post()
        async with kit_on(Post()) as kit:
            with pytest.raises(DefinitionError, match="no such channel was given"):
                await kit.publish(newer)
            await kit.publish(newer, channels={"sms": post})
            await kit.identify("ann")
            await kit.track("ann", SignedUp())
            await kit.tick()
            assert post.sent == ["ann hi"]

    run(scenario)
