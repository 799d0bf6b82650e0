"""Is the set of reason codes closed? What the kernel writes stands in `kernel.reasons`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import journeykit.kernel
from journeykit.kernel import reasons

KERNEL = Path(journeykit.kernel.__file__).parent
EVERY = {**reasons.DROPPED, **reasons.HELD, **reasons.REROUTED, **reasons.REFUSED, **reasons.ENDED}
# Which argument of a call is a reason code, and which set it must belong to.
PLACES = {
    ("Verdict", 1): {**reasons.DROPPED, **reasons.HELD, **reasons.REROUTED},
    ("Held", 3): reasons.HELD,
    ("Dropped", 2): reasons.DROPPED,
    ("Rerouted", 4): reasons.REROUTED,
    ("refuse", 3): reasons.REFUSED,
    ("end_run", 3): reasons.ENDED,
}


def name_of(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def written() -> Iterator[tuple[str, str]]:
    """Yield (the set, the code) for each code that stands in the kernel's source."""
    for path in sorted(KERNEL.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                for name, place in PLACES:
                    if name_of(node) == name and len(node.args) > place:
                        argument = node.args[place]
                        if isinstance(argument, ast.Constant):
                            yield name, str(argument.value)
            elif path.name == "entering.py" and isinstance(node, ast.FunctionDef):
                if node.name not in ("_objection", "_re_entry"):
                    continue
                for inner in ast.walk(node):
                    if isinstance(inner, ast.Return) and inner.value is not None:
                        for part in ast.walk(inner.value):
                            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                                yield "refuse", part.value


def test_every_code_that_the_kernel_writes_is_known() -> None:
    sets = {name: known for (name, _), known in PLACES.items()}
    found = sorted(set(written()))
    assert [(name, code) for name, code in found if code not in sets[name]] == []


def test_every_known_code_is_written_somewhere() -> None:
    strings = {
        node.value
        for path in sorted(KERNEL.glob("*.py"))
        if path.name != "reasons.py"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert sorted(set(EVERY) - strings) == []


def test_the_types_name_the_same_codes() -> None:
    assert set(get_args(reasons.Lasting)) == set(reasons.LASTING)
    assert set(get_args(reasons.Passing)) == set(reasons.PASSING)
    assert set(get_args(reasons.Refusal)) == set(reasons.REFUSED)
