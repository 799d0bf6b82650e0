"""Is every call answered by ports that are awaited, as by ports that answer at once?"""

from __future__ import annotations

from typing import Any, cast

import pytest

from journeykit.runtime import calls, operator_calls, upkeep_calls
from journeykit.runtime.calls import Call
from journeykit.runtime.performing import Ports

KINDS = sorted(
    {
        kind
        for module in (calls, operator_calls, upkeep_calls)
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, Call) and kind is not Call
    },
    key=lambda kind: kind.__name__,
)


class Unanswered:
    """What a coroutine would be: of no use before it is awaited."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"{name} is asked of what was not awaited")

    def __bool__(self) -> bool:
        raise AssertionError("it is judged before it is awaited")

    def __iter__(self) -> Any:
        raise AssertionError("it is looked through before it is awaited")


class Store:
    """Every method returns the same thing, unanswered."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answer = Unanswered()

    def __getattr__(self, name: str) -> Any:
        def method(*args: object, **kwargs: object) -> Unanswered:
            self.asked.append(name)
            return self.answer

        return method


class Anything:
    """Stands for whatever a call carries, and whatever a host gave."""

    def __getattr__(self, name: str) -> Any:
        return Anything()

    def __call__(self, *args: object, **kwargs: object) -> Any:
        return Anything()

    def __iter__(self) -> Any:
        return iter(())

    def __contains__(self, one: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Anything)

    def __truediv__(self, other: object) -> float:
        return 0.0


class Clock:
    def now(self) -> Any:
        from datetime import UTC, datetime

        return datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_what_a_store_returned_is_passed_on_or_awaited_and_not_looked_at(kind: Any) -> None:
    store = Store()
    given = {"fresh": True} if kind is calls.Heed else {}
    call = kind(
        **{name: Anything() for name in kind.__struct_fields__ if name not in given}, **given
    )
    anything = cast(Any, Anything())
    ports = Ports(
        store, anything, anything, Clock(), "w", lambda: True, lambda: None,
        functions=anything, heeding=anything, hands=anything, couriers=anything, waker=anything,
    )  # fmt: skip

    begun = ports.begin(call)

    if ports.is_in_steps(call):
        first = next(begun)
        assert first is store.answer or not store.asked
        begun.close()
    elif store.asked:
        assert begun is store.answer
    assert len(store.asked) <= 1
