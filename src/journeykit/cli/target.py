"""Which workspace, or journey, is meant? `MODULE:NAME`, `FILE.py:NAME`, `FILE.yaml`, `FILE.json`."""

from __future__ import annotations

import sys
from difflib import get_close_matches
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from itertools import dropwhile, takewhile
from pathlib import Path
from traceback import FrameSummary, extract_tb
from types import ModuleType

from journeykit.errors import DefinitionError, JourneykitError, UsageError
from journeykit.model import Journey, Workspace
from journeykit.model.datatexts import data_of

_OURS = Path(__file__).parents[1]
_REMEDY = (
    "write MODULE:WORKSPACE, such as shop.journeys:workspace, FILE.py:WORKSPACE, or the name of a "
    ".yaml or .json file"
)
_DATA = (".json", ".yaml", ".yml")


def load_workspace(target: str) -> tuple[Workspace, ModuleType]:
    """Return the workspace that `target` names, and the module in which it is written.

    The module of a file of data is an empty one.

    Raises:
        UsageError: There is no such module or file, no such name in it, or it is something else.
    """
    found, module, name = _load(target)
    if not isinstance(found, Workspace):
        raise _not_a_workspace(module, target.rpartition(":")[0] or target, name, (Workspace,))
    return found, module


def load_definition(target: str) -> Workspace | Journey:
    """Return the workspace or the journey that `target` names.

    Raises:
        UsageError: There is no such module or file, no such name in it, or it is something else.
    """
    found, module, name = _load(target)
    if not isinstance(found, Workspace | Journey):
        kinds = (Workspace, Journey)
        raise _not_a_workspace(module, target.rpartition(":")[0] or target, name, kinds)
    return found


def _load(target: str) -> tuple[object, ModuleType, str]:
    if Path(target).suffix.lower() in _DATA:
        return _read(Path(target)), ModuleType(Path(target).stem), ""
    module_name, colon, name = target.rpartition(":")
    if not colon or not module_name or not name:
        raise UsageError("this names no workspace", value=target, remedy=_REMEDY)
    if Path(module_name).suffix.lower() in _DATA:
        raise UsageError("a file of data has no names", value=target, remedy=f"write {module_name}")
    if module_name.endswith(".py"):
        module = load_file(Path(module_name))
    else:
        module = _import(module_name)
    return getattr(module, name, None), module, name


def _read(path: Path) -> Workspace | Journey:
    """Read a file of data: a workspace, where it has journeys, else one journey."""
    if not path.is_file():
        raise UsageError("there is no such file", value=str(path), remedy=_REMEDY)
    text, is_yaml = path.read_bytes(), path.suffix.lower() != ".json"
    try:
        data = data_of(text, is_yaml=is_yaml)
        cls = Workspace if isinstance(data, dict) and "journeys" in data else Journey
        return cls.from_yaml(text) if is_yaml else cls.from_json(text)
    except DefinitionError as error:
        raise UsageError(str(error), place=str(path)) from error


def load_file(path: Path, name: str | None = None) -> ModuleType:
    """Import a file by its path, under the name of the file; as Python runs it, with its folder.

    Raises:
        UsageError: There is no such file, or running it failed.
    """
    if not path.is_file():
        raise UsageError("there is no such file", value=str(path), remedy=_REMEDY)
    name = path.stem if name is None else name
    spec = spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    _look_in(path.resolve().parent)
    sys.modules[name] = module  # annotations are looked up there
    try:
        spec.loader.exec_module(module)
    except JourneykitError as error:
        raise _written_wrongly(error) from error
    except (Exception, SystemExit) as error:
        raise _failed(str(path), error) from error
    return module


def _import(name: str) -> ModuleType:
    here = Path.cwd()
    _look_in(here)
    try:
        return import_module(name)
    except JourneykitError as error:
        raise _written_wrongly(error) from error
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
            raise UsageError(
                "there is no such module",
                value=name,
                remedy=f"modules are looked for in {here} and on sys.path; {_REMEDY}",
            ) from None
        raise _failed(name, error) from error
    except (Exception, SystemExit) as error:
        raise _failed(name, error) from error


def _look_in(folder: Path) -> None:
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))


def _written_wrongly(error: JourneykitError) -> UsageError:
    """Return an author's mistake with the line of theirs that makes it."""
    frames = [one for one in extract_tb(error.__traceback__) if one.filename[0] != "<"]
    theirs = [*takewhile(lambda one: not _is_ours(one), dropwhile(_is_ours, frames))]
    place = f"{_near(Path(theirs[-1].filename))} line {theirs[-1].lineno}" if theirs else ""
    return UsageError(str(error), place=place)


def _is_ours(frame: FrameSummary) -> bool:
    return Path(frame.filename).is_relative_to(_OURS)


def _near(path: Path) -> Path:
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def _failed(what: str, error: BaseException) -> UsageError:
    return UsageError(
        f"importing it failed: {type(error).__name__}: {error}",
        place=what,
        remedy="try it in Python, where the whole traceback is shown",
    )


def _not_a_workspace(
    module: ModuleType, module_name: str, name: str, kinds: tuple[type, ...]
) -> UsageError:
    named = " or ".join(kind.__name__ for kind in kinds)
    if not name:
        return UsageError(
            f"this is no {named}, but a journey", value=module_name,
            remedy="put it under journeys:, with a timezone: and a policy:",
        )  # fmt: skip
    known = sorted(key for key, value in vars(module).items() if isinstance(value, kinds))
    near = get_close_matches(name, known, 1)
    if near:
        remedy = f"did you mean {module_name}:{near[0]}?"
    elif known:
        remedy = f"it has {', '.join(known)}"
    else:
        remedy = f"it has no {named} at its top level"
    if hasattr(module, name):
        thing = getattr(module, name)
        kind = "class" if isinstance(thing, type) else type(thing).__name__
        return UsageError(
            f"this is no {named}, but a value of type {kind}", value=name, remedy=remedy
        )
    return UsageError(f"module {module_name} has no such name", value=name, remedy=remedy)
