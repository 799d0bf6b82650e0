"""What do the entry events of a journey make of the data with which a run is started?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from journeykit.errors import InputError
from journeykit.machine.rules import Rules
from journeykit.model import validate_part


def known_fields(rules: Rules, journey: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an entry event knows, in wire form; of several events one must take it.

    Raises:
        InputError: None of those that know a field takes its value.
    """
    known: dict[str, Any] = {}
    wrong: dict[str, InputError] = {}
    for event in rules.current[journey].entries:
        cls = rules.event_classes[event]
        for name in data:
            if name in cls.model_fields and name not in known:
                try:
                    known |= validate_part(cls, {name: data[name]})
                except InputError as error:
                    wrong.setdefault(name, error)
    for name, refusal in wrong.items():
        if name not in known:
            raise refusal
    return known
