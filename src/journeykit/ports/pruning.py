"""What does a store forget when it is told to? Old journals, and what has had its time."""

from __future__ import annotations

from msgspec import Struct


class JournalCut(Struct, frozen=True):
    """The beginning of a journal that is replaced by one record.

    Attributes:
        version: That of the customer when the journal was read; else nothing is cut.
        upto: Number of the last entry that is replaced, and the number of what replaces it. A
            record of the journal ends with it.
        at: Instant of the record that replaces them.
        entries: A JSON array of one entry.
    """

    customer_id: str
    version: int
    upto: int
    at: int
    entries: bytes
