"""What the changelogs say, read without the code that writes them.

A user's health record: one byte version (1), four bytes due time, then a MessagePack array whose fields stand as
:data:`HEALTH` has them. A user's book of the dispatcher: one byte version (1), then a MessagePack array whose fourth
field lists the messages, newest first, each ``[mark, channel, at, round, heard]``; ``mark`` is BLAKE2b of the message
id in 8 bytes, ``heard`` one bit a kind of feedback. The partition record, under the key ``\\0partition``: one byte
version (1), then ``[number, now_ms, positions, cursors, memo]``; ``positions`` maps each topic to its next offset.
"""

from collections.abc import Iterator
from hashlib import blake2b
from typing import NamedTuple

import msgspec

from tests.faults.book import Book

PARTITION = b"\0partition"
HEALTH = (
    *("first", "last", "repeats", "count", "exposure", "recent_count", "recent_exposure", "week", "baseline"),
    *("depth_fast", "depth_slow", "today", "negatives", "negatives_since", "complaints", "armed", "spoken"),
    *("risk_day", "critical_day", "seen", "window"),
)
VERSION = 1


class Remembered(NamedTuple):
    """What must be so of one user in one product, as far as it follows from the order of his events alone."""

    first: int
    last: int
    repeats: int
    today: int
    seen: bytes


def digest(name: str) -> bytes:
    """Eight bytes for a name."""
    return blake2b(name.encode(), digest_size=8).digest()


def remembered(value: bytes) -> Remembered:
    """A user's health record."""
    assert value[0] == VERSION
    fields = dict(zip(HEALTH, msgspec.msgpack.decode(value[5:]), strict=True))
    return Remembered(*(fields[name] for name in Remembered._fields))


def user_and_product(key: bytes) -> tuple[str, str]:
    """A health record's key: user, product, and the length of the product's name in two bytes."""
    size = int.from_bytes(key[-2:], "big")
    return key[: -2 - size].decode(), key[-2 - size : -2].decode()


def sends(value: bytes) -> list[tuple[bytes, int]]:
    """Mark and feedback bits of the messages in a user's book, newest first."""
    assert value[0] == VERSION
    return [(send[0], send[4]) for send in msgspec.msgpack.decode(value[1:])[3]]


def positions(book: Book, changelog: str, partition: int) -> dict[str, int]:
    """The next offset of every topic of a role's partition; empty before its first transaction."""
    record = book.latest(changelog, partition).get(PARTITION)
    if record is None or record.value is None:
        return {}
    assert record.value[0] == VERSION
    found: dict[str, int] = msgspec.msgpack.decode(record.value[1:])[2]
    return found


def users(book: Book, changelog: str, partitions: int) -> Iterator[tuple[bytes, bytes]]:
    """Every user's record in a changelog."""
    for number in range(partitions):
        for key, record in book.latest(changelog, number).items():
            if key is not None and key != PARTITION and record.value is not None:
                yield key, record.value
