"""Which id, which arm, how much jitter? A keyed hash of the cause: no dice, no counters.

Same workspace seed, same cause, same answer, on every machine (rule O4).
"""

from __future__ import annotations

from hashlib import blake2b

_SEPARATOR = "\x1f"


def derived_id(seed: bytes, *cause: str) -> str:
    """Return 20 hexadecimal digits that stand for `cause`."""
    return blake2b(_SEPARATOR.join(cause).encode(), digest_size=10, key=seed).hexdigest()


def plain_address(address: str) -> str:
    """Return an address without what does not count: case, and spaces around it."""
    return address.strip().casefold()


def address_mark(seed: bytes, address: str) -> str:
    """Return 32 hexadecimal digits that stand for an address, in whatever spelling."""
    plain = plain_address(address)
    return blake2b(plain.encode(), digest_size=16, key=seed, person=b"address").hexdigest()


def customer_mark(seed: bytes, customer_id: str) -> str:
    """Return 32 hexadecimal digits that stand for a customer who was erased (F4)."""
    return blake2b(customer_id.encode(), digest_size=16, key=seed, person=b"erased").hexdigest()


def enrollment_id(
    seed: bytes, journey: str, customer: str, key: str | None, cause: str, when: str = ""
) -> str:
    """Return the id of the run that `cause` starts, an event also by when it happened."""
    return derived_id(seed, "enrollment", journey, customer, key or "", cause, when)


def even_bits(seed: bytes, *cause: str) -> int:
    """Return 64 bits that stand for `cause`, evenly spread over causes."""
    digest = blake2b(_SEPARATOR.join(cause).encode(), digest_size=8, key=seed).digest()
    return int.from_bytes(digest, "big")


def fraction(seed: bytes, *cause: str) -> float:
    """Return a number in [0, 1) that stands for `cause`, evenly spread over causes."""
    return (even_bits(seed, *cause) >> 11) / (1 << 53)
