"""Who makes the calls of a flow in an event loop? A driver that awaits them, and loses no answer.

Keeps true, however often and wherever the task is cancelled:
    * what a store was asked to do is finished, and the flow is told the answer, before it is told
      of the cancellation: nothing that was claimed, announced or answered is forgotten;
    * a channel, a renderer or a function that is a coroutine is cancelled itself; one that works
      in a thread is waited for, since nobody can end it;
    * the flow may put its things in order, as after Ctrl-C, and nothing interrupts it in that;
      then the cancellation goes on.
"""

from __future__ import annotations

import asyncio
from asyncio import CancelledError
from collections.abc import Callable
from concurrent.futures import Executor
from contextvars import copy_context
from functools import partial
from inspect import isawaitable
from typing import Any, TypeVar

from journeykit.runtime import calls as c
from journeykit.runtime.calls import Call, Flow
from journeykit.runtime.drivers import LeakedStopIteration
from journeykit.runtime.fitting import is_async

R = TypeVar("R")

_CAN_BE_CUT = (c.HandOver, c.CallFunction, c.Render, c.Rest, c.Doze)
"""What may take long, and where the answer is not worth waiting for."""

_STILL_DONE = (
    c.LetGo, c.Unclaim, c.Stay, c.Now, c.LinesNow, c.Heed, c.Load, c.Seen, c.Versions, c.Commit,
    c.Park, c.Unpark, c.ParkedOf, c.InboxOf, c.Discard,
)  # fmt: skip
"""What puts things in order, keeps an answer or takes an input in, is done before a flow is told
of the cancellation: told at one of these, it would forget what it has in its hands."""


class Interrupted(KeyboardInterrupt):
    """What a flow is told when its task was cancelled: it puts its things in order, as after Ctrl-C."""


class CallCancelledError(RuntimeError):
    """A port ended with CancelledError, and nobody had cancelled the task."""


async def drive_async(flow: Flow[R], perform: Callable[[Call[Any]], Any]) -> R:
    """Run `flow` to its end, as `drive` does.

    Args:
        perform: Returns the answer to a call, or what must be awaited for it.
    """
    cancelled: CancelledError | None = None
    is_told = False
    try:
        call = next(flow)
        while True:
            if cancelled is not None and not is_told and not isinstance(call, _STILL_DONE):
                is_told = True
                call = flow.throw(Interrupted())
                continue
            try:
                answer = perform(call)
                if isawaitable(answer):
                    asked = asyncio.ensure_future(answer)
                    late = await _settled(asked, cut=not is_told and isinstance(call, _CAN_BE_CUT))
                    cancelled = cancelled or late
                    answer = _answer(asked, call, is_cut=cancelled is not None)
            except StopIteration as leaked:
                call = flow.throw(LeakedStopIteration(f"{type(call).__name__}: {leaked!r}"))
            except Interrupted as error:
                is_told = True
                call = flow.throw(error)
            except (Exception, KeyboardInterrupt, SystemExit) as error:
                call = flow.throw(error)
            else:
                call = flow.send(answer)
    except StopIteration as stop:
        if cancelled is not None:
            raise cancelled from None
        result: R = stop.value
        return result
    except BaseException:
        if cancelled is not None:  # what else went wrong meanwhile, the flow was cancelled
            raise cancelled from None
        raise


async def _settled(asked: asyncio.Future[Any], *, cut: bool) -> CancelledError | None:
    """Wait until it is done, whatever happens; return the cancellation that came meanwhile."""
    cancelled = None
    while not asked.done():
        try:
            await asyncio.wait((asked,))
        except CancelledError as error:
            cancelled = error
            if cut:
                asked.cancel()
    return cancelled


def _answer(asked: asyncio.Future[Any], call: Call[Any], *, is_cut: bool) -> Any:
    if not asked.cancelled():
        return asked.result()
    if is_cut:
        raise Interrupted
    raise CallCancelledError(type(call).__name__)


# ---- what a host gave


async def ask(function: Callable[..., Any], *args: Any, executor: Executor | None = None) -> Any:
    """Call what a host gave: a coroutine function here, any other one in a thread."""
    if not is_async(function):
        answer = await in_thread(function, *args, executor=executor)
    else:
        answer = function(*args)
    return (await answer) if isawaitable(answer) else answer


async def in_thread(function: Callable[..., R], *args: Any, executor: Executor | None = None) -> R:
    """Call a function in a thread, and wait until it has returned, whoever cancels meanwhile.

    Nobody can end a thread. What it did counts, so its answer is not thrown away; who cancelled
    is heard by the one who waits for this.
    """
    context = copy_context()
    asked = asyncio.get_running_loop().run_in_executor(
        executor, partial(context.run, _without_stop, function, *args)
    )
    await _settled(asked, cut=False)
    return asked.result()


def _without_stop(function: Callable[..., R], *args: Any) -> R:
    """Call a function; StopIteration cannot leave a thread."""
    try:
        return function(*args)
    except StopIteration as leaked:
        raise LeakedStopIteration(repr(leaked)) from None
