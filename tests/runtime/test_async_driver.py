"""Does a flow get what it awaits, and is it told of a cancellation in time, and once?"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from journeykit.ports import Accepted, Hand
from journeykit.runtime.async_driver import (
    CallCancelledError,
    Interrupted,
    ask,
    drive_async,
    in_thread,
)
from journeykit.runtime.async_waking import AsyncBell
from journeykit.runtime.calls import (
    Call,
    Commit,
    Definitions,
    Erased,
    Flow,
    HandOver,
    LetGo,
    NextDue,
    Now,
    Unclaim,
)
from journeykit.runtime.drivers import LeakedStopIteration
from journeykit.runtime.fitting import is_async

HAND = Hand(1, 2)


class Port:
    """Answers calls by their class; tells what was asked, and what was finished."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.asked: list[str] = []
        self.finished: list[str] = []
        self.is_in = asyncio.Event()
        self.may_go_on = asyncio.Event()

    def perform(self, call: Call[Any]) -> Any:
        name = type(call).__name__
        self.asked.append(name)
        answer = self.answers.get(name)
        if answer == "slow":
            return self._slow(name)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    async def _slow(self, name: str) -> str:
        self.is_in.set()
        await self.may_go_on.wait()
        self.finished.append(name)
        return f"{name} done"


def driving(flow: Flow[Any], port: Port) -> asyncio.Task[Any]:
    return asyncio.create_task(drive_async(flow, port.perform))


def asks(*calls: Call[Any]) -> Flow[list[Any]]:
    answers = []
    for call in calls:
        answers.append((yield from call))  # noqa: PERF401  there are no flows in comprehensions
    return answers


def run(scenario: Callable[[], Any]) -> None:
    asyncio.run(asyncio.wait_for(scenario(), 20))


def test_answers_are_sent_in_awaited_or_not_and_the_result_comes_out() -> None:
    async def scenario() -> None:
        port = Port(Now=1, NextDue="slow")
        port.may_go_on.set()
        assert await driving(asks(Now(), NextDue(), Now()), port) == [1, "NextDue done", 1]

    run(scenario)


@pytest.mark.parametrize("error", [OSError("no"), KeyError("no")])
def test_an_error_is_thrown_in_at_the_yield_and_the_flow_may_go_on(error: Exception) -> None:
    async def failing() -> None:
        raise error

    def careful() -> Flow[object]:
        try:
            yield from NextDue()
        except Exception as caught:
            return caught, (yield from Now())

    async def scenario() -> None:
        for answer in (error, failing()):
            assert await driving(careful(), Port(NextDue=answer, Now=7)) == (error, 7)

    run(scenario)


def test_what_a_store_was_asked_is_finished_and_told_before_the_cancellation() -> None:
    met: list[object] = []

    def flow() -> Flow[None]:
        met.append((yield from NextDue()))
        met.append((yield from Now()))  # takes no time: the answer may be noted first
        try:
            yield from Definitions()
        except Interrupted as told:
            met.append(type(told))
            met.append((yield from Erased(())))  # it puts its things in order
            raise

    async def scenario() -> None:
        port = Port(NextDue="slow", Now=7, Erased="fine")
        task = driving(flow(), port)
        await port.is_in.wait()
        for _ in range(3):  # somebody insists
            task.cancel()
            await asyncio.sleep(0)
        assert not task.done()
        port.may_go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert met == ["NextDue done", 7, Interrupted, "fine"]
        assert port.asked == ["NextDue", "Now", "Erased"]

    run(scenario)


def test_tidying_is_awaited_too_whoever_cancels_again() -> None:
    def flow() -> Flow[None]:
        yield from NextDue()
        try:
            yield from Definitions()
        except Interrupted:
            yield from Erased(())
            raise

    async def scenario() -> None:
        port = Port(Erased="slow")
        task = driving(flow(), port)
        port.answers["NextDue"] = waits = asyncio.get_running_loop().create_future()
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.sleep(0)
        waits.set_result(None)
        await port.is_in.wait()
        task.cancel()
        await asyncio.sleep(0)
        port.may_go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert port.finished == ["Erased"]

    run(scenario)


@pytest.mark.parametrize("tidy", [LetGo(HAND), Unclaim(()), Commit(())])
def test_what_puts_things_in_order_is_done_by_a_flow_that_is_to_be_told(tidy: Call[Any]) -> None:
    async def scenario() -> None:
        port = Port(NextDue="slow")
        task = driving(asks(NextDue(), tidy, Definitions()), port)
        await port.is_in.wait()
        task.cancel()
        await asyncio.sleep(0)
        port.may_go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert port.asked == ["NextDue", type(tidy).__name__]

    run(scenario)


def test_a_flow_that_has_ended_meanwhile_is_cancelled_all_the_same() -> None:
    async def scenario() -> None:
        port = Port(NextDue="slow")
        task = driving(asks(NextDue()), port)
        await port.is_in.wait()
        task.cancel()
        await asyncio.sleep(0)
        port.may_go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert port.finished == ["NextDue"]

    run(scenario)


@pytest.mark.parametrize("stubborn", [False, True])
def test_a_hand_over_is_cancelled_itself_unless_it_answers_all_the_same(stubborn: bool) -> None:
    met: list[object] = []

    def flow() -> Flow[None]:
        try:
            met.append((yield from HandOver((), HAND)))
            yield from Definitions()
        except Interrupted as told:
            met.append(type(told))
            raise

    async def scenario() -> None:
        is_in = asyncio.Event()

        async def send() -> object:
            is_in.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                if not stubborn:
                    raise
            return Accepted()

        task = driving(flow(), Port(HandOver=send()))
        await is_in.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(scenario)
    assert met == ([Accepted(), Interrupted] if stubborn else [Interrupted])


def test_a_port_that_cancels_itself_has_failed() -> None:
    async def gives_up() -> None:
        raise asyncio.CancelledError

    async def scenario() -> None:
        with pytest.raises(CallCancelledError, match="HandOver"):
            await driving(asks(HandOver((), HAND)), Port(HandOver=gives_up()))

    run(scenario)


def test_a_leaked_stop_iteration_does_not_end_the_flow_in_silence() -> None:
    async def scenario() -> None:
        with pytest.raises(LeakedStopIteration, match="Now"):
            await driving(asks(Now()), Port(Now=StopIteration()))
        with pytest.raises(LeakedStopIteration):
            await in_thread(partial(next, iter(())))

    run(scenario)


def test_a_thread_is_waited_for_and_its_answer_counts() -> None:
    """Nobody can end a thread: were it left alone, it would send behind a withdrawal (G7)."""

    async def scenario() -> None:
        is_in, may_end = threading.Event(), threading.Event()

        def send() -> str:
            is_in.set()
            assert may_end.wait(10)
            return "sent"

        task = asyncio.create_task(in_thread(send))
        await asyncio.to_thread(is_in.wait, 10)
        task.cancel()
        await asyncio.sleep(0)
        assert not task.done()
        may_end.set()
        assert await task == "sent"

    run(scenario)


class Callable_:
    async def __call__(self) -> str:
        return threading.current_thread().name


async def coroutine() -> str:
    return threading.current_thread().name


@pytest.mark.parametrize(
    ("function", "here"),
    [
        (coroutine, True),
        (partial(coroutine), True),
        (Callable_(), True),
        (lambda: coroutine(), True),
        (lambda: threading.current_thread().name, False),
    ],
)
def test_coroutines_work_in_the_loop_all_else_in_a_thread(
    function: Callable[[], Any], here: bool
) -> None:
    async def scenario() -> None:
        name = await ask(function)
        assert (name == threading.current_thread().name) is here

    run(scenario)


def test_what_is_async_is_known_before_it_is_called() -> None:
    assert is_async(Callable_())
    assert not is_async(None)
    assert not is_async(Callable_)


def test_a_bell_wakes_the_next_wait_once_from_any_thread() -> None:
    async def scenario() -> None:
        bell = AsyncBell()
        assert not await bell.wait(0.001)
        thread = threading.Thread(target=bell.wake)
        thread.start()
        assert await bell.wait(10)
        thread.join()
        assert not await bell.wait(0)
        left.append(bell)

    left: list[AsyncBell] = []
    run(scenario)
    left[0].wake()  # the loop is closed: nobody is there to be woken
