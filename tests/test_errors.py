"""Errors say who has to act: the drawn tree is true, every error survives pickling."""

from __future__ import annotations

import copy
import inspect
import pickle

import pytest

from journeykit import errors
from journeykit.errors import (
    ConditionError,
    DefinitionError,
    InputError,
    JourneykitError,
    StoreError,
    UsageError,
)

EVERY = [
    cls
    for _, cls in inspect.getmembers(errors, inspect.isclass)
    if issubclass(cls, JourneykitError)
]


def drawn() -> dict[str, str]:
    """Read the tree in the module's docstring: class to parent."""
    parents: dict[str, str] = {}
    above: list[tuple[int, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        name = line.strip(" │├└─").split(" ")[0]
        if not name.endswith("Error"):
            continue
        depth = line.index(name)
        while above and above[-1][0] >= depth:
            above.pop()
        if above:
            parents[name] = above[-1][1]
        above.append((depth, name))
    return parents


def test_the_tree_in_the_docstring_is_true() -> None:
    real = {
        cls.__name__: next(base.__name__ for base in cls.__bases__ if base in EVERY)
        for cls in EVERY
        if cls is not JourneykitError
    }
    assert drawn() == real


def test_every_error_is_explained() -> None:
    for cls in EVERY:
        assert cls.__doc__


@pytest.mark.parametrize("cls", EVERY)
@pytest.mark.parametrize("again", [lambda e: pickle.loads(pickle.dumps(e)), copy.copy])
@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"place": "Wait.duration", "value": -1, "remedy": "give more"},
        {"value": None},  # to have no value is not to have the value None
        {"value": float("nan")},
    ],
)
def test_every_error_survives_pickling(cls: type[JourneykitError], again, facts) -> None:  # type: ignore[no-untyped-def]
    error = cls("it is wrong", **facts)

    copied = again(error)

    assert type(copied) is cls
    assert str(copied) == str(error)
    assert repr(copied.__dict__) == repr(error.__dict__)
    assert copied.args == error.args


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        ({}, "it is wrong"),
        ({"place": "Wait.duration"}, "Wait.duration: it is wrong"),
        ({"value": None}, "it is wrong (got None)"),
        ({"remedy": "give more"}, "it is wrong; give more"),
        (
            {"place": "line 3", "value": "x", "remedy": "give more"},
            "line 3: it is wrong (got 'x'); give more",
        ),
        ({"value": "x" * 200}, f"it is wrong (got '{'x' * 119}…)"),
    ],
)
def test_the_message_puts_the_facts_together(facts: dict[str, object], text: str) -> None:
    assert str(JourneykitError("it is wrong", **facts)) == text  # type: ignore[arg-type]


def test_errors_can_be_caught_as_what_python_calls_them() -> None:
    assert issubclass(DefinitionError, ValueError)
    assert issubclass(ConditionError, TypeError)
    assert issubclass(InputError, ValueError)
    assert issubclass(UsageError, RuntimeError)
    assert not issubclass(StoreError, ValueError)
