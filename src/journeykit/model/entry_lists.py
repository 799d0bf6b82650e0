"""Which entries may stand beside each other, and what can steps read of what started them?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    GetCoreSchemaHandler,
    Tag,
)
from pydantic_core import CoreSchema

from journeykit.errors import InputError
from journeykit.model.base import Wrong, type_of
from journeykit.model.entries import ByCall
from journeykit.model.moments import instant
from journeykit.model.triggers import Entry, On, as_tuple, one_or_many
from journeykit.time import from_micros, to_micros


def _kind_of(value: object) -> str | None:
    """Return the tag: an `On`, written before there were other entries, has none of its own."""
    tag = type_of(value)
    if tag is None and isinstance(value, Entry | dict):
        return "On"
    return tag


class _AnyEntry:
    """Any kind of entry, told by its tag; put together when the first journey is made."""

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Return the schema of a union of all kinds."""
        kinds: Any = [Annotated[cls, Tag(tag)] for tag, cls in sorted(Entry.__kinds__.items())]
        return handler.generate_schema(Annotated[reduce(or_, kinds), Discriminator(_kind_of)])


def _in_utc(value: datetime) -> datetime:
    try:
        return from_micros(to_micros(value))
    except InputError as error:
        raise Wrong(error.problem, error.remedy) from None


if TYPE_CHECKING:
    AnyEntry: TypeAlias = Entry  # which is all that a checker needs to know
else:
    AnyEntry = Annotated[Entry, _AnyEntry()]

EntryWindow = Annotated[datetime, BeforeValidator(instant), AfterValidator(_in_utc)]
Entries = Annotated[Sequence[AnyEntry], BeforeValidator(one_or_many), AfterValidator(as_tuple)]


def refuse_mixed(entries: Sequence[Entry]) -> None:
    """Refuse entries of which one would be in the way of another, and a journey without any."""
    if not entries:
        raise Wrong(
            "a journey without an entry is never entered", "give On(SomethingHappened)", "entry"
        )
    keyed = {_is_keyed(entry) for entry in entries if not isinstance(entry, ByCall)}
    if len(keyed) > 1:
        raise Wrong(
            "some entries have a key and some have none",
            "give each entry a key, or none, or write two journeys",
            "entry",
        )
    for number, entry in enumerate(entries):
        before = entries[:number]
        if isinstance(entry, On) and any(entry.event == one.gives for one in before):
            raise Wrong(
                f"the entry event {entry.event!r} is named twice",
                "join the conditions with |",
                f"entry[{number}]",
            )
        if entry in before:
            raise Wrong("this entry is named twice", "leave it out", f"entry[{number}]")


def _is_keyed(entry: Entry) -> bool:
    return isinstance(entry, On) and entry.key is not None


def may_have_key(entries: Sequence[Entry]) -> bool:
    """Tell whether runs may have a key: from their event, or from the call that starts them."""
    return any(_is_keyed(entry) or isinstance(entry, ByCall) for entry in entries)


def triggers_of(entries: Sequence[Entry]) -> list[str]:
    """Return the events whose fields steps can read: none where a run may start without any."""
    if _without_event(entries) is not None:
        return []
    return [entry.gives for entry in entries if entry.gives is not None]


def why_no_trigger(entries: Sequence[Entry], event: str) -> str:
    """Return why the fields of an entry event cannot be read, "" where it is none."""
    other = _without_event(entries)
    if other is None or all(entry.gives != event for entry in entries):
        return ""
    return f", for {type(other).__name__} starts runs too, and without an event"


def _without_event(entries: Sequence[Entry]) -> Entry | None:
    """Return an entry that starts runs without an event; a call can bring the fields of one."""
    for entry in entries:
        if entry.gives is None and not isinstance(entry, ByCall):
            return entry
    return None
