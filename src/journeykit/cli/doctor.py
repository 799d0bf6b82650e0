"""What is wrong with a store, and what is to be removed from one? Asked and done without a worker."""

from __future__ import annotations

import json
from contextlib import closing
from typing import Any, TypeVar

from journeykit.adapters import SystemClock
from journeykit.cli.looking import look_into
from journeykit.cli.stores import place_of
from journeykit.cli.target import load_workspace
from journeykit.machine import compile_workspace
from journeykit.ports import Store
from journeykit.runtime import Diagnosis, Pruned
from journeykit.runtime.calls import Flow
from journeykit.runtime.desk import Desk
from journeykit.runtime.doctoring import diagnose
from journeykit.runtime.drivers import drive
from journeykit.runtime.performing import Ports
from journeykit.runtime.pruning import prune
from journeykit.time import Duration

R = TypeVar("R")

_BATCH = 500


class Bench(Desk):
    """A desk at which nobody works."""

    def __init__(self, target: str) -> None:
        self._rules = compile_workspace(load_workspace(target)[0])
        self._batch = _BATCH


def examine(target: str, *, deep: bool) -> Diagnosis:
    """Return what is wrong with a store, and what to do about it. `deep`: read every customer.

    Raises:
        UsageError: There is no such file.
        StoreError: It cannot be opened.
    """
    with look_into(target) as store:
        return drive_on(diagnose(None, deep=deep), store)


def as_json(found: Diagnosis) -> str:
    """Return it for other programs."""
    return json.dumps(found.as_json(), indent=2, ensure_ascii=False)


def prune_store(target: str, workspace: str, older_than: str) -> Pruned:
    """Remove from the journals of a store what is older than that.

    Raises:
        UsageError: There is no such store or workspace, or it is still asked for.
    """
    desk = Bench(workspace)
    with closing(place_of(target).open()) as store:
        return drive_on(prune(desk, older_than=Duration.parse(older_than)), store)


def drive_on(flow: Flow[R], store: Store) -> R:
    """Run a flow that needs nothing but a store."""
    nothing: Any = None
    ports = Ports(store, {}, nothing, SystemClock(), "", lambda: False, lambda: None)
    return drive(flow, ports.perform)
