"""How is a definition written as text? As JSON, and as YAML that says no more than JSON can.

YAML here is JSON with another spelling: mappings with text as keys, lists, text, numbers,
`true`, `false` and `null`, comments, anchors and aliases. Everything else that some reader of
YAML would guess stays text: `no`, `on`, `09:00`, `2026-03-01`. Tags are refused, keys that
stand twice too, and aliases that would unfold without end. Nothing is ever executed.

PyYAML is imported where a text is read or written, not with journeykit.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

from pydantic import ValidationError

from journeykit.errors import DefinitionError, UsageError
from journeykit.model.base import Frozen
from journeykit.model.conditions import Condition
from journeykit.model.retelling import Wrong, retell
from journeykit.model.values import is_whole

F = TypeVar("F", bound=Frozen)
Part = int | str
MOST_UNFOLDED = 100_000
"""How many values aliases may add to what is written."""

_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]*)", re.ASCII)
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?", re.ASCII)
_ODD = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]")
_NAMED = {"": None, "null": None, "true": True, "false": False}


def from_json_text(cls: type[F], text: str | bytes, **classes: Any) -> F:
    """Read a definition from JSON; `classes` are options that JSON cannot hold.

    Raises:
        DefinitionError: With the full path to what is wrong.
    """
    return cls.model_validate(_with(_json_of(text, cls.__name__), classes))


def from_yaml_text(cls: type[F], text: str | bytes, **classes: Any) -> F:
    """Read a definition from YAML; `classes` are options that YAML cannot hold.

    Raises:
        DefinitionError: With the line and the full path to what is wrong.
        UsageError: PyYAML is not installed.
    """
    reader = _reader(text, cls.__name__)
    node = reader.root()
    data = _with(reader.data(node), classes)
    try:
        found: F = cls.__pydantic_validator__.validate_python(data)
    except ValidationError as error:
        raise retell(cls, error, data, line_of=lambda loc: _line_of(node, loc)) from None
    return found


def data_of(text: str | bytes, *, is_yaml: bool) -> Any:
    """Return what a text holds, whatever that is.

    Raises:
        DefinitionError: It is neither JSON nor YAML, or more than that.
        UsageError: PyYAML is not installed.
    """
    if not is_yaml:
        return _json_of(text, "")
    reader = _reader(text, "")
    return reader.data(reader.root())


def to_yaml_text(value: Frozen, more: Mapping[str, Any] | None = None) -> str:
    """Return a definition as YAML, without the options that have their default.

    Args:
        more: Further options to write in front.

    Raises:
        UsageError: PyYAML is not installed.
    """
    yaml, dumper = _yaml(), _dumper()
    data = {**(more or {}), **lean(value)}
    text: str = yaml.dump(
        data, Dumper=dumper, sort_keys=False, allow_unicode=True, width=96, default_flow_style=None
    )
    return text


def lean(value: Frozen) -> dict[str, Any]:
    """Return a definition as data, without the options that have their default."""
    found: dict[str, Any] = _lean(value, value.model_dump(mode="json"))
    return found


def _lean(value: Any, data: Any) -> Any:
    if isinstance(value, Condition):
        return _lean_condition(data)
    if isinstance(value, Frozen):
        named = {"type": data["type"]} if "type" in data else {}
        for name, info in type(value).model_fields.items():
            here = getattr(value, name)
            if name not in data or name == "type":
                continue
            default = info.get_default(call_default_factory=True)
            if info.is_required() or here != default or str(here) == "-0.0":
                named[name] = _lean(here, data[name])
        return named
    if isinstance(value, Mapping):
        return {key: _lean(part, data[key]) for key, part in value.items()}
    if isinstance(value, tuple | list):
        return [_lean(part, told) for part, told in zip(value, data, strict=True)]
    return data


def _lean_condition(data: Any) -> Any:
    """Leave out what a condition does not say; what it compares with is always written."""
    if isinstance(data, dict):
        asks = data.get("op") == "exists"
        return {
            key: _lean_condition(part)
            for key, part in data.items()
            if part is not None and not (asks and key == "value")
        }
    return [_lean_condition(part) for part in data] if isinstance(data, list) else data


def _with(data: Any, classes: Mapping[str, Any]) -> Any:
    return {**data, **classes} if isinstance(data, dict) else data


# ---- JSON


def _json_of(text: str | bytes, place: str) -> Any:
    _refuse_no_text(text, place)
    try:
        data = json.loads(text, object_pairs_hook=_distinct, parse_constant=_no_number)
        json.dumps(data, ensure_ascii=False).encode()
    except RecursionError:
        raise _too_deep(place) from None
    except UnicodeEncodeError as error:
        half = f"\\u{ord(error.object[error.start]):x}"
        raise DefinitionError(
            f"a text has {half} without its other half", place=place,
            value=error.object[max(0, error.start - 20) : error.end], remedy="give whole characters",
        ) from None  # fmt: skip
    except ValueError as error:
        if isinstance(error, Wrong):
            raise DefinitionError(error.problem, place=place, remedy=error.remedy) from None
        raise DefinitionError(
            f"this is no JSON: {error}", place=place, remedy="give what to_json() returned"
        ) from None
    return data


def _refuse_no_text(text: object, place: str) -> None:
    if not isinstance(text, str | bytes):
        kind = type(text).__name__
        raise DefinitionError(
            f"this is no text, but a value of type {kind}", place=place,
            remedy='give the text itself, such as Path("shop.yaml").read_text()',
        )  # fmt: skip


def _distinct(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise _twice(next(name for number, name in enumerate(names) if name in names[:number]))
    return found


def _no_number(name: str) -> None:
    raise Wrong(f"{name} is no number", "give a finite one")


def _twice(name: str) -> Wrong:
    return Wrong(f"the key {name!r} stands twice in one mapping", "keep one of them")


def _too_deep(place: str) -> DefinitionError:
    return DefinitionError("it is nested too deep", place=place, remedy="lay it out flatter")


# ---- YAML


def _yaml() -> Any:
    try:
        import yaml
    except ModuleNotFoundError:
        raise UsageError(
            "YAML needs the package PyYAML, which is not installed",
            remedy="pip install 'journeykit[yaml]', or use JSON",
        ) from None
    return yaml


class _Reader:
    """Reads one text: its nodes know their lines, and its data is what JSON would hold."""

    def __init__(self, yaml: Any, loader: Any, place: str) -> None:
        self._yaml = yaml
        self._loader = loader
        self._place = place
        self._told: dict[int, Any] = {}

    def root(self) -> Any:
        try:
            node = self._loader.get_single_node()
        except RecursionError:
            raise _too_deep(self._place) from None
        except self._yaml.YAMLError as error:
            raise self._unreadable(error) from None
        if node is None:
            raise DefinitionError("the text is empty", place=self._place, remedy="describe it")
        try:
            self._refuse_bombs(node)
            self._data(node)
        except RecursionError:
            raise _too_deep(self._place) from None
        return node

    def data(self, root: Any) -> Any:
        """Return what the text says."""
        return self._told[id(root)]

    def _data(self, node: Any) -> Any:
        """Return what a node says; what several aliases name is read once."""
        if id(node) not in self._told:
            self._told[id(node)] = self._read(node)
        return self._told[id(node)]

    def _read(self, node: Any) -> Any:
        if isinstance(node, self._yaml.SequenceNode):
            return [self._data(part) for part in node.value]
        if isinstance(node, self._yaml.MappingNode):
            return self._mapping(node)
        if not is_whole(node.value):
            raise self._wrong(node, "a text has half a character", "write whole ones")
        return node.value if node.style is not None else self._plain(node)

    def _mapping(self, node: Any) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, self._yaml.ScalarNode):
                raise self._wrong(key, "a key that is no text", "write text before the colon")
            if key.style is None and key.value == "<<":
                raise self._wrong(
                    key, "<< would merge mappings", "write the options, or name a whole value by *"
                )
            if key.value in found:
                problem = _twice(key.value)
                raise self._wrong(key, problem.problem, problem.remedy)
            found[key.value] = self._data(value)
        return found

    def _plain(self, node: Any) -> Any:
        text: str = node.value
        if text in _NAMED:
            return _NAMED[text]
        if _NUMBER.fullmatch(text):
            if len(text) > 100:
                raise self._wrong(node, "a number of more than 100 characters", "write it shorter")
            return int(text) if _WHOLE.fullmatch(text) else float(text)
        return text

    def _refuse_bombs(self, root: Any) -> None:
        """Count what is written, and what it comes to where every alias is unfolded."""
        sizes: dict[int, int] = {}
        open_nodes: set[int] = set()

        def size(node: Any) -> int:
            if id(node) in open_nodes:
                raise self._wrong(node, "this contains itself", "let no alias name what it is in")
            if id(node) not in sizes:
                open_nodes.add(id(node))
                sizes[id(node)] = 1 + sum(map(size, _parts(node)))
                open_nodes.discard(id(node))
            return sizes[id(node)]

        if size(root) - len(sizes) > MOST_UNFOLDED:
            raise DefinitionError(
                f"its aliases unfold to more than {MOST_UNFOLDED:,} values",
                place=self._place,
                remedy="write fewer aliases within what aliases name",
            )

    def _wrong(self, node: Any, problem: str, remedy: str) -> DefinitionError:
        return DefinitionError(problem, place=self._at(node.start_mark), remedy=remedy)

    def _unreadable(self, error: Any) -> DefinitionError:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        problem = _KNOWN.get(problem, f"this is no YAML: {problem}")
        place = self._place if mark is None else self._at(mark)
        return DefinitionError(
            problem, place=place, remedy="see the line, its indentation and its quotes"
        )

    def _at(self, mark: Any) -> str:
        line = f"line {mark.line + 1}"
        return f"{line}, {self._place}" if self._place else line


_TEXT = "tag:yaml.org,2002:str"
_TAG = "a tag, which is not for data"
_KNOWN = {
    "but found another document": "there are several documents, and one is wanted",
    _TAG: _TAG,
}


def _parts(node: Any) -> Iterable[Any]:
    if isinstance(node.value, str):
        return ()
    return (part for one in node.value for part in (one if isinstance(one, tuple) else (one,)))


def _reader(text: str | bytes, place: str) -> _Reader:
    _refuse_no_text(text, place)
    yaml = _yaml()
    try:
        return _Reader(yaml, _loader()(text), place)
    except yaml.YAMLError as error:
        raise DefinitionError(
            f"this is no text: {str(error).splitlines()[0]}", place=place,
            remedy="save it as UTF-8, without control characters",
        ) from None  # fmt: skip


@cache
def _loader() -> Any:
    yaml = _yaml()

    base: Any = yaml.SafeLoader

    class Loader(base):  # type: ignore[misc]
        """Makes nodes, and refuses tags; what a plain scalar means is not its affair."""

        def compose_node(self, parent: Any, index: Any) -> Any:
            event = self.peek_event()
            if getattr(event, "tag", None) is not None:
                raise yaml.composer.ComposerError(None, None, _TAG, event.start_mark)
            return super().compose_node(parent, index)

    return Loader


@cache
def _dumper() -> Any:
    yaml = _yaml()

    base: Any = yaml.SafeDumper

    class Dumper(base):  # type: ignore[misc]
        """Quotes what our reader, or another, would not read as text; names nothing by alias."""

        def ignore_aliases(self, _: Any) -> bool:
            return True

    def text(dumper: Any, value: str) -> Any:
        looks = value in _NAMED or _NUMBER.fullmatch(value)
        bare = dumper.resolve(yaml.ScalarNode, value, (True, False)) == _TEXT
        style = "'" if value and looks and bare else None
        return dumper.represent_scalar(_TEXT, value, style='"' if _ODD.search(value) else style)

    Dumper.add_representer(str, text)
    return Dumper


def _line_of(root: Any, loc: Iterable[Part]) -> int:
    """Return the line of what `loc` leads to, or of the last part of it that is written."""
    node, line = root, root.start_mark.line
    for part in loc:
        if isinstance(part, int):
            if isinstance(node.value, list) and part < len(node.value):
                below = node.value[part]
                if not isinstance(below, tuple):
                    node, line = below, below.start_mark.line
        elif isinstance(node.value, list):
            for pair in node.value:
                if isinstance(pair, tuple) and pair[0].value == part:
                    node, line = pair[1], pair[0].start_mark.line
    return int(line) + 1
