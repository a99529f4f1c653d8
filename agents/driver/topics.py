"""Topics in memory: append-only, partitioned as a Kafka producer would."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from schemas.base import Headers
from schemas.topics import ONE_PARTITION
from streams.partitioner import Placement


class Stored(NamedTuple):
    """A record as it stands on a topic of the driver; see :class:`streams.role.Record`."""

    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers


@lru_cache(maxsize=100_000)
def partition_of(key: bytes, partitions: int) -> int:
    """The partition a Kafka producer picks for a key by default (murmur2).

    >>> partition_of(b"u1", 4), partition_of(b"u2", 4), partition_of(b"u2", 1)
    (0, 2, 0)
    """
    return Placement(partitions).of(key)


class Topics:
    """Every topic by name, made when first used; a record stands in its partition and in the order of the whole."""

    def __init__(self, partitions: int) -> None:
        self.partitions = partitions
        self._whole: defaultdict[str, list[Stored]] = defaultdict(list)
        self._parts: defaultdict[tuple[str, int], list[Stored]] = defaultdict(list)
        self._begin: Counter[tuple[str, int]] = Counter()

    def count(self, topic: str) -> int:
        """How many partitions a topic has."""
        return 1 if topic in ONE_PARTITION else self.partitions

    def append(
        self, topic: str, partition: int, timestamp: int, key: bytes | None, value: bytes | None, headers: Headers
    ) -> None:
        """The record stands at the end of its partition; IndexError where there is no such partition."""
        if not 0 <= partition < self.count(topic):
            raise IndexError(f"{topic} has {self.count(topic)} partitions, none has the number {partition}")
        part = self._parts[topic, partition]
        offset = self._begin[topic, partition] + len(part)
        part.append(Stored(partition, offset, timestamp, key, value, headers))
        self._whole[topic].append(part[-1])

    def since(self, topic: str, partition: int, offset: int, most: int | None = None) -> Sequence[Stored]:
        """The records of a partition from an offset on."""
        first = offset - self._begin[topic, partition]
        assert first >= 0, f"{topic} was forgotten from {offset} on before it was read"
        return self._parts[topic, partition][first : None if most is None else first + most]

    def end(self, topic: str, partition: int) -> int:
        """The offset after the last record of a partition."""
        return self._begin[topic, partition] + len(self._parts[topic, partition])

    def forget(self) -> None:
        """Nothing that was written so far is kept; offsets go on. Whoever has not read it will not see it."""
        for place, part in self._parts.items():
            self._begin[place] += len(part)
            part.clear()
        self._whole.clear()

    def read(self, topic: str) -> list[Stored]:
        """All records of a topic in the order they were written."""
        return list(self._whole[topic])
