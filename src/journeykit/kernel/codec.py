"""How does a state become bytes? JSON, so that any tool can read what a store holds.

msgspec does the work: on a document of 500 bytes it is ten times faster than the standard
library's json, and it gives back typed values.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from journeykit.kernel.journal import AnyEntry, Entry
from journeykit.kernel.state import CustomerState

_encoder = msgspec.json.Encoder()
_states = msgspec.json.Decoder(CustomerState)
_entries = msgspec.json.Decoder(list[AnyEntry])

encode_state = _encoder.encode
decode_state = _states.decode


def encode_entries(entries: Sequence[Entry]) -> bytes:
    """Return the entries as a JSON array of arrays."""
    return _encoder.encode(entries)


def decode_entries(body: bytes) -> list[AnyEntry]:
    """Read back what `encode_entries` wrote."""
    return _entries.decode(body)
