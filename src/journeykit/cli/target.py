"""Which workspace is meant? `MODULE:NAME`, or `FILE.py:NAME`."""

from __future__ import annotations

import sys
from difflib import get_close_matches
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from itertools import dropwhile, takewhile
from pathlib import Path
from traceback import FrameSummary, extract_tb
from types import ModuleType

from journeykit.errors import JourneykitError, UsageError
from journeykit.model import Workspace

_OURS = Path(__file__).parents[1]
_REMEDY = "write MODULE:WORKSPACE, such as shop.journeys:workspace, or FILE.py:WORKSPACE"


def load_workspace(target: str) -> tuple[Workspace, ModuleType]:
    """Return the workspace that `target` names, and the module in which it is written.

    Raises:
        UsageError: There is no such module, no such name in it, or it is something else.
    """
    module_name, colon, name = target.rpartition(":")
    if not colon or not module_name or not name:
        raise UsageError("this names no workspace", value=target, remedy=_REMEDY)
    if module_name.endswith(".py"):
        module = load_file(Path(module_name))
    else:
        module = _import(module_name)
    found = getattr(module, name, None)
    if not isinstance(found, Workspace):
        raise _not_a_workspace(module, module_name, name)
    return found, module


def load_file(path: Path, name: str | None = None) -> ModuleType:
    """Import a file by its path, under the name of the file.

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
    sys.modules[name] = module  # annotations are looked up there
    try:
        spec.loader.exec_module(module)
    except JourneykitError as error:
        raise _written_wrongly(error) from error
    except Exception as error:
        raise _failed(str(path), error) from error
    return module


def _import(name: str) -> ModuleType:
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
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
    except Exception as error:
        raise _failed(name, error) from error


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


def _failed(what: str, error: Exception) -> UsageError:
    return UsageError(
        f"importing it failed: {type(error).__name__}: {error}",
        place=what,
        remedy="try it in Python, where the whole traceback is shown",
    )


def _not_a_workspace(module: ModuleType, module_name: str, name: str) -> UsageError:
    known = sorted(key for key, value in vars(module).items() if isinstance(value, Workspace))
    near = get_close_matches(name, known, 1)
    if near:
        remedy = f"did you mean {module_name}:{near[0]}?"
    elif known:
        remedy = f"it has {', '.join(known)}"
    else:
        remedy = "it has no Workspace(...) at its top level"
    if hasattr(module, name):
        thing = getattr(module, name)
        kind = "class" if isinstance(thing, type) else type(thing).__name__
        return UsageError(
            f"this is no Workspace, but a value of type {kind}", value=name, remedy=remedy
        )
    return UsageError(f"module {module_name} has no such name", value=name, remedy=remedy)
