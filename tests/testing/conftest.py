"""The check of the check: a store that breaks one promise must be found out."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from journeykit.ports import Store


def _found_out(promise: Callable[[Store], None], saboteur: Callable[[], Store]) -> str:
    """Return the complaint about a store that is known to break `promise`."""
    try:
        promise(saboteur())
    except Exception as error:  # what a broken store raises is a complaint too
        return f"{error!r}"
    raise AssertionError(f"{promise.__name__} did not notice {saboteur!r}")


@pytest.fixture
def found_out() -> Callable[[Callable[[Store], None], Callable[[], Store]], str]:
    """Return the function that runs one promise on one saboteur."""
    return _found_out
