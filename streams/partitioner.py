"""Which partition a key belongs to, as the apps' producers choose it; a key elsewhere is a user with two histories.

``murmur2`` is the default of Java clients, and librdkafka's ``murmur2_random``; ``crc32`` is librdkafka's
``consistent`` and, for records with a key, its default ``consistent_random``.
"""

from collections.abc import Callable
from enum import StrEnum
from struct import unpack_from
from typing import Final, NamedTuple
from zlib import crc32

_WORD: Final = 0xFFFF_FFFF
_MIX: Final = 0x5BD1_E995
_SEED: Final = 0x9747_B28C
MISPLACED: Final = (
    "belongs to another partition; let the record's producer use the partitioner that CHURN_PARTITIONER names"
)
REMEMBERED: Final = 65_536
"""How many keys a partition remembers to be its own: a look costs a tenth of the hash."""


class Partitioner(StrEnum):
    """The hash that picks a partition."""

    MURMUR2 = "murmur2"
    CRC32 = "crc32"


class Placement(NamedTuple):
    """How the keys of all topics keyed by user are spread."""

    partitions: int
    partitioner: Partitioner = Partitioner.MURMUR2

    def of(self, key: bytes) -> int:
        """The partition of a key.

        >>> Placement(4).of(b"u1"), Placement(4).of(b"u2"), Placement(4, Partitioner.CRC32).of(b"u2")
        (0, 2, 0)
        """
        hashed = murmur2(key) & 0x7FFF_FFFF if self.partitioner is Partitioner.MURMUR2 else crc32(key)
        return hashed % self.partitions


def murmur2(key: bytes) -> int:
    """MurmurHash2 (A. Appleby, 2008), 32 bits, with the seed of Kafka's ``Utils.murmur2``; unsigned.

    >>> murmur2(b"21") - 2**32
    -973932308
    """
    size = len(key)
    hashed = _SEED ^ size
    for word in unpack_from(f"<{size >> 2}I", key):
        word = word * _MIX & _WORD
        hashed = (hashed * _MIX ^ (word ^ word >> 24) * _MIX) & _WORD
    if size & 3:
        hashed = (hashed ^ int.from_bytes(key[size & ~3 :], "little")) * _MIX & _WORD
    hashed = (hashed ^ hashed >> 13) * _MIX & _WORD
    return hashed ^ hashed >> 15


def home(placement: Placement, number: int) -> Callable[[bytes], bool]:
    """Says of a key whether it belongs to one partition; those that do are remembered, the last 65,536 or more.

    >>> home(Placement(4), 2)(b"u2"), home(Placement(4), 2)(b"u1")
    (True, False)
    """
    known: set[bytes] = set()

    def has(key: bytes) -> bool:
        if key in known:
            return True
        if placement.of(key) != number:
            return False
        if len(known) >= REMEMBERED:
            known.clear()
        known.add(key)
        return True

    return has
