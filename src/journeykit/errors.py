"""Everything journeykit raises on purpose, sorted by who can do something about it.

    JourneykitError
    ├── DefinitionError             the author: a journey, policy or workspace is wrong
    │   ├── ConditionError          a condition was written or used wrongly
    │   └── VersionError            a version that cannot follow what was published
    ├── InputError                  the host's programmer: a value at the boundary is wrong
    │   ├── NaiveInstantError       a datetime without a zone
    │   ├── UnknownZoneError        a time zone that the tz database does not have
    │   ├── UnknownEventError       an event type that the workspace does not know
    │   ├── InvalidEventError       a field of an event is missing or wrong
    │   ├── InvalidProfileError     an attribute of a profile is unknown or wrong
    │   ├── InvalidResultError      a field of what a function gave is missing or wrong
    │   ├── UnknownCustomerError    nobody was identified under this id
    │   │   └── ErasedCustomerError the customer of this id was erased
    │   ├── UnknownJourneyError     the workspace has no journey of this name
    │   ├── UnknownChannelError     the workspace has no channel of this name
    │   ├── UnknownTopicError       the workspace has no topic of this name
    │   ├── InvalidTokenError       a token that nobody signed, or whose time is over
    │   ├── UnknownMessageError     the customer's journal has no message of this id
    │   └── FutureEventError        an event that says it happens later than now
    ├── UsageError                  the host's programmer: a call that makes no sense here
    │   └── WrongDatabaseError      a connection to another database than the store's
    ├── TemplateError               the host's programmer: a template is missing or failed
    ├── SendTimeError               the host's programmer: a send time failed or chose nothing
    └── StoreError                  the operator: the store cannot do its work
        ├── StoreSchemaError        the schema is newer than this code, or not ours
        ├── StoreBusyError          somebody else holds the store for too long
        ├── RefusedCommitError      a commit that contradicts what is stored of its customer
        ├── StaleSnapshotError      a transaction of the host's that cannot write any more
        ├── InboxFullError          more waits in the inbox than may
        └── ContentionError         one customer was overtaken too often

Every message names the thing, the value, the place and the way out. The same facts are
attributes, and every error survives pickling.

A text ends up in logs. Of a value that a customer may have written, it therefore tells the type
and the size only (rule F5); `value` and `in_full()` have the value itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Sized
from typing import Any, ClassVar

_ABSENT: Any = type("_Absent", (), {"__repr__": lambda self: "<absent>"})()


class JourneykitError(Exception):
    """The root: catch it to catch everything raised on purpose.

    Attributes:
        problem: What is wrong, in one clause.
        place: Where: a path such as `Journey.steps[2] › Wait.duration of journey 'welcome'`, a
            field, a line of a file. Empty when the call itself is the place.
        value: The offending value, or None when there is none to show.
        remedy: What would be right, or what to do.
        private: Whether the value may be personal data: then the text does not show it.
        also: What else is wrong, with other parts of the same input.
    """

    is_about_people: ClassVar[bool] = False
    """Whether the values of this kind of error are private, whoever raises it."""

    def __init__(
        self,
        problem: str,
        *,
        place: str = "",
        value: object = _ABSENT,
        remedy: str = "",
        private: bool = False,
    ) -> None:
        super().__init__(problem)
        self.problem = problem
        self.place = place
        self.has_value = value is not _ABSENT
        self.value = value if self.has_value else None
        self.remedy = remedy
        self.private = private or self.is_about_people
        self.also: Sequence[JourneykitError] = ()

    def __str__(self) -> str:
        value = _outline(self.value) if self.private else _short(self.value)
        return self._text(value, map(str, self.also))

    def in_full(self) -> str:
        """Return the text with the value, whatever it is: for whoever gave it, not for logs."""
        return self._text(_short(self.value), (other.in_full() for other in self.also))

    def _text(self, value: str, also: Iterable[str]) -> str:
        text = f"{self.place}: {self.problem}" if self.place else self.problem
        if self.has_value:
            text += f" (got {value})"
        if self.remedy:
            text += f"; {self.remedy}"
        return text + "".join(f"\n  also {other}" for other in also)

    def __reduce__(self) -> tuple[Any, ...]:
        value = self.value if self.has_value else _ABSENT_MARK
        about = (type(self), self.problem, self.place, value, self.remedy, self.private)
        return (_rebuild, about, {"also": self.also} if self.also else None)


_ABSENT_MARK = "\0journeykit:absent"


def _rebuild(
    kind: type[JourneykitError],
    problem: str,
    place: str,
    value: object,
    remedy: str,
    private: bool = False,
) -> JourneykitError:
    shown = _ABSENT if value == _ABSENT_MARK else value
    return kind(problem, place=place, value=shown, remedy=remedy, private=private)


def _short(value: object, limit: int = 120) -> str:
    text = repr(value)
    return text if len(text) <= limit else f"{text[:limit]}…"


def _outline(value: object) -> str:
    """Return of a value what says nothing about anybody."""
    kind = type(value).__name__
    if isinstance(value, str):
        return f"{kind} of {len(value)} character{'' if len(value) == 1 else 's'}"
    return f"{kind} of length {len(value)}" if isinstance(value, Sized) else kind


class DefinitionError(JourneykitError, ValueError):
    """A journey, a policy or a workspace is wrong as written."""


class ConditionError(DefinitionError, TypeError):
    """A condition was written or used wrongly."""


class VersionError(DefinitionError):
    """A version that cannot follow what was published: edited, older, or without a place for somebody."""


class InputError(JourneykitError, ValueError):
    """A value that reached journeykit from outside is wrong; nothing of it was stored."""


class NaiveInstantError(InputError):
    """A datetime without a zone: it names no instant."""


class UnknownZoneError(InputError):
    """A time zone name that the tz database does not have."""

    is_about_people = True


class UnknownEventError(InputError):
    """An event type that the workspace does not know."""


class InvalidEventError(InputError):
    """A field of an event is missing, unknown or of the wrong type."""

    is_about_people = True


class InvalidProfileError(InputError):
    """An attribute of a profile is unknown or of the wrong type."""

    is_about_people = True


class InvalidResultError(InputError):
    """A field of what a host's function gave is missing, unknown or of the wrong type."""

    is_about_people = True


class UnknownCustomerError(InputError):
    """Nobody was identified under this customer id."""

    is_about_people = True


class ErasedCustomerError(UnknownCustomerError):
    """The customer of this id was erased, and was not identified since."""


class UnknownJourneyError(InputError):
    """The workspace has no journey of this name."""


class UnknownChannelError(InputError):
    """The workspace has no channel of this name."""


class UnknownTopicError(InputError):
    """No message of the workspace is about this topic."""


class InvalidTokenError(InputError):
    """A token that does not count: what is wrong with it is not told, whatever it is."""


class UnknownMessageError(InputError):
    """The customer's journal has no message of this id."""

    is_about_people = True


class FutureEventError(InputError):
    """An event whose `occurred_at` lies further ahead than the tolerance."""


class UsageError(JourneykitError, RuntimeError):
    """A call that makes no sense here."""


class WrongDatabaseError(UsageError):
    """A connection to another database than the store's."""


class TemplateError(JourneykitError):
    """A template is missing, or what its function returned is no content."""


class SendTimeError(JourneykitError):
    """A host's send time raised, or what it returned is no instant."""


class StoreError(JourneykitError):
    """The store cannot do its work."""


class StoreSchemaError(StoreError):
    """The schema found is newer than this code, or is not journeykit's."""


class StoreBusyError(StoreError):
    """Somebody else holds the store for longer than the time-out."""


class RefusedCommitError(StoreError):
    """A commit contradicts what is stored of its customer, whose id is `value`; nothing was written."""

    is_about_people = True


class StaleSnapshotError(StoreError):
    """A host's transaction read before somebody else wrote, and cannot write any more."""


class InboxFullError(StoreError):
    """More waits in the inbox than may: workers do not keep up."""


class ContentionError(StoreError):
    """One customer's state was changed by others on every attempt."""
