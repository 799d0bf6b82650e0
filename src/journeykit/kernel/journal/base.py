"""What is a journal entry? Plain data that says what was decided, and when.

An entry has every value needed to apply it: folding needs no journey, no policy and no clock.
On disk an entry is a JSON array that begins with its kind; new fields go to the end, with a
default, so that what was written before can be read. All instants are micros; `at` never
decreases within one customer.
"""

from __future__ import annotations

from msgspec import Struct


class Entry(Struct, array_like=True, gc=False):
    """The base of all entries."""

    at: int
