"""Does a flow get what its calls return, and what they raise?"""

from __future__ import annotations

from typing import Any

import pytest

from journeykit.runtime.calls import Due, Flow, Now
from journeykit.runtime.drivers import LeakedStopIteration, drive


def adding() -> Flow[int]:
    first = yield from Now()
    second = yield from Now()
    return first + second


def test_answers_are_sent_in_and_the_result_comes_out() -> None:
    answers = iter([1, 41])
    assert drive(adding(), lambda call: next(answers)) == 42


def test_a_flow_that_asks_for_nothing_returns() -> None:
    def idle() -> Flow[str]:
        return "done"
        yield Now()

    assert drive(idle(), lambda call: None) == "done"


def failing(call: Any) -> Any:
    if isinstance(call, Now):
        raise OSError("no clock")
    return ["ann"]


@pytest.mark.parametrize("error", [OSError("no"), KeyboardInterrupt(), SystemExit(3)])
def test_an_error_is_thrown_in_at_the_yield_and_the_flow_may_go_on(error: BaseException) -> None:
    def careful() -> Flow[object]:
        try:
            yield from Now()
        except BaseException as caught:
            found = yield from Due(1, 2, 3)  # it may still ask
            return caught, found
        raise AssertionError

    def perform(call: Any) -> Any:
        if isinstance(call, Now):
            raise error
        return ["ann"]

    assert drive(careful(), perform) == (error, ["ann"])


def test_an_error_that_the_flow_does_not_catch_comes_out() -> None:
    with pytest.raises(OSError, match="no clock"):
        drive(adding(), failing)


def test_a_kill_reaches_nobody() -> None:
    """What stands for the end of the process in tests is not thrown into the flow."""

    class Killed(BaseException):
        pass

    met: list[BaseException] = []

    def stubborn() -> Flow[None]:
        try:
            yield from Now()
        except BaseException as caught:
            met.append(caught)
            raise

    def perform(call: Any) -> Any:
        raise Killed

    with pytest.raises(Killed):
        drive(stubborn(), perform)
    assert not [error for error in met if not isinstance(error, GeneratorExit)]


def test_a_leaked_stop_iteration_does_not_end_the_flow_in_silence() -> None:
    def perform(call: Any) -> Any:
        return next(iter(()))

    with pytest.raises(LeakedStopIteration, match="Now"):
        drive(adding(), perform)


def test_a_flow_may_catch_a_leaked_stop_iteration() -> None:
    def careful() -> Flow[str]:
        try:
            yield from Now()
        except LeakedStopIteration:
            return "caught"
        raise AssertionError

    def perform(call: Any) -> Any:
        raise StopIteration

    assert drive(careful(), perform) == "caught"
