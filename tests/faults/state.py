"""What the changelogs say, read without the code that writes them.

A user's health record: one byte version (1), four bytes due time, then a MessagePack array whose fields stand as
:data:`HEALTH` has them. A user's book of the dispatcher: one byte version (1), then a MessagePack array whose fourth
field lists the messages, newest first, each ``[mark, channel, at, round, heard]``; ``mark`` is BLAKE2b of the message
id in 8 bytes, ``heard`` one bit a kind of feedback. The partition record, under the key ``\\0partition``: one byte
version (1), then ``[number, now_ms, positions, cursors, memo]``; ``positions`` and ``cursors`` map each topic to its
next offset. The memo of the health role: one byte version (1), then ``[{product: [newest, gaps, squares]}, rejects]``.

What was learned about a product stands under ``\\0learning\\0PRODUCT\\0course\\xff\\xff``: one byte version (1), then
``[[first, starts], lesson, [day, ...], published, still]``; a lesson's fields stand as :data:`LESSON` has them, and
a snapshot is ``[id, week, shape, rate, season, curves, weights]``.
"""

from collections.abc import Iterator
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec

from tests.faults.book import OURS, Book

PARTITION = OURS + b"partition"
HEALTH = (
    *("first", "last", "repeats", "count", "exposure", "recent_count", "recent_exposure", "week", "baseline"),
    *("depth_fast", "depth_slow", "today", "negatives", "negatives_since", "complaints", "armed", "spoken"),
    *("risk_day", "critical_day", "asked_day", "asked", "asked_flags", "seen", "window"),
    *("watch_day", "since", "said", "alarms", "disarmed", "key_day", "stage", "returned_day"),
    *("asked_until", "key_days", "unhappy_day", "unhappy_days"),
    *("gone", "gone_from"),
)
LESSON = (
    *("day", "first", "exposure", "returns", "seen", "lapses", "predicted", "recent", "usual", "season", "speed"),
    *("threshold", "warming_up", "snapshot"),
)
NEXT = "next"
"""The word that the toy next release of a campaign (:mod:`tests.faults.next_release`) puts beside each value."""


def plain(value: bytes, head: int = 1) -> Any:
    """The fields of a record, whichever release of a campaign wrote it."""
    found = msgspec.msgpack.decode(value[head:])
    return found[0] if found[1:] == [NEXT] else found


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
    fields = dict(zip(HEALTH, plain(value, head=5), strict=True))
    return Remembered(*(fields[name] for name in Remembered._fields))


def user_and_product(key: bytes) -> tuple[str, str]:
    """A health record's key: user, product, and the length of the product's name in two bytes."""
    size = int.from_bytes(key[-2:], "big")
    return key[: -2 - size].decode(), key[-2 - size : -2].decode()


def sends(value: bytes) -> list[tuple[bytes, int]]:
    """Mark and feedback bits of the messages in a user's book, newest first."""
    return [(send[0], send[4]) for send in plain(value)[3]]


def positions(book: Book, changelog: str, partition: int) -> dict[str, int]:
    """The next offset of every topic of a role's partition; empty before its first transaction."""
    record = book.latest(changelog, partition).get(PARTITION)
    return {} if record is None or record.value is None else _transaction(record.value).positions


def users(book: Book, changelog: str, partitions: int) -> Iterator[tuple[bytes, bytes]]:
    """Every user's record in a changelog."""
    for number in range(partitions):
        for key, record in book.latest(changelog, number).items():
            if key is not None and not key.startswith(OURS) and record.value is not None:
                yield key, record.value


class Transaction(NamedTuple):
    """When a transaction began, in milliseconds as its records say, and how far batches and broadcasts were heard."""

    stamp: int
    positions: dict[str, int]
    cursors: dict[str, int]
    memo: bytes

    def heard(self, topic: str) -> int:
        """The next offset of a broadcast topic."""
        return self.cursors.get(topic, 0)


def transactions(book: Book, changelog: str, partition: int) -> list[Transaction]:
    """Every transaction of a partition, in their order."""
    records = book.ours(changelog, partition)
    return [_transaction(each.value) for each in records if each.key == PARTITION and each.value is not None]


def _transaction(value: bytes) -> Transaction:
    """A partition record; the next release has its word at the end."""
    return Transaction(*msgspec.msgpack.decode(value[1:])[1:5])


class Step(NamedTuple):
    """Where a partition of the health role stood after a transaction: offsets, and the newest time of each product."""

    position: int
    heard: int
    newest: dict[str, int]


def steps(book: Book, changelog: str, partition: int, events: str, population: str) -> Iterator[Step]:
    """After every transaction, in their order."""
    for by in transactions(book, changelog, partition):
        paces: dict[str, list[int]] = plain(by.memo)[0] if by.memo else {}
        newest = {product: pace[0] for product, pace in paces.items()}
        yield Step(by.positions.get(events, 0), by.heard(population), newest)


class Course(NamedTuple):
    """What a partition had learned about a product: its time, its newest lesson, the day of the one it reads with."""

    first: int
    starts: list[float]
    lesson: dict[str, Any]
    serving: int


def courses(book: Book, changelog: str, partition: int, product: str) -> list[Course]:
    """As they stood after one transaction after the other."""
    key = OURS + b"learning\0" + product.encode() + b"\0course\xff\xff"
    found = []
    for record in book.ours(changelog, partition):
        if record.key == key and record.value is not None:
            (first, starts), lesson, serving, *_published = plain(record.value)
            found.append(Course(first, starts, dict(zip(LESSON, lesson, strict=True)), serving[0]))
    return found
