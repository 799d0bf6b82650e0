"""What does a template function read? Told from its source, without calling it."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator, Sequence
from textwrap import dedent
from typing import Any

_PARTS = ("profile", "trigger", "results", "collected", "answers")


def variables_of(function: Callable[..., Any]) -> tuple[str, ...] | None:
    """Return the names that a template reads as `context.trigger["total"]`, in order.

    None: its source cannot be read, such as that of a function made at run time.
    """
    try:
        found = _definitions(dedent(inspect.getsource(function)), function.__name__)
    except (OSError, TypeError, SyntaxError, AttributeError):
        return None
    if len(found) != 1 or not (parameters := found[0].args.posonlyargs + found[0].args.args):
        return None  # two on one line: nobody can tell which is meant
    context = parameters[-1].arg
    optional = set(_asked_for(found[0], context))
    return tuple(dict.fromkeys(name for name in _read(found[0], context) if name not in optional))


def _definitions(source: str, name: str) -> Sequence[ast.FunctionDef | ast.Lambda]:
    """Find the function in its source; a lambda may stand in the middle of a line."""
    try:
        tree: ast.AST = ast.parse(source)
    except SyntaxError:
        tree = ast.parse(f"({source.strip().rstrip(',')})")
    if name == "<lambda>":
        return [node for node in ast.walk(tree) if isinstance(node, ast.Lambda)]
    nodes = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
    return [node for node in nodes if node.name == name][:1]


def _read(tree: ast.AST, context: str) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Subscript(value=part, slice=ast.Constant(value=str(field))):
                if name := _part(part, context):
                    yield f"{name}.{field}"


def _asked_for(tree: ast.AST, context: str) -> Iterator[str]:
    """Yield what it asks for in a way that takes no for an answer."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Attribute(value=part, attr="get"),
                args=[ast.Constant(value=str(field)), *_],
            ):
                if name := _part(part, context):
                    yield f"{name}.{field}"
            case ast.Compare(
                left=ast.Constant(value=str(field)),
                ops=[ast.In() | ast.NotIn()],
                comparators=[part],
            ):
                if name := _part(part, context):
                    yield f"{name}.{field}"
            case ast.Try(body=body, handlers=handlers) if any(map(_catches, handlers)):
                yield from (name for one in body for name in _read(one, context))


def _catches(handler: ast.ExceptHandler) -> bool:
    """Tell whether a handler takes what a missing key raises."""
    named = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(
        one is None or (isinstance(one, ast.Name) and one.id in _MISSING_KEY) for one in named
    )


_MISSING_KEY = ("KeyError", "LookupError", "Exception", "BaseException")


def _part(node: ast.expr, context: str) -> str:
    """Return `trigger` for `context.trigger`; "" for anything else."""
    match node:
        case ast.Attribute(value=ast.Name(id=name), attr=attr) if name == context:
            return attr if attr in _PARTS else ""
        case _:
            return ""
