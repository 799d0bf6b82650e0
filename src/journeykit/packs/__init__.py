"""Which rules of countries and of mailbox providers are known here? As packs, from data."""

from journeykit.packs.reading import pack, pack_names, read_pack

__all__ = ["pack", "pack_names", "read_pack"]
