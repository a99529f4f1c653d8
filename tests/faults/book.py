"""Everything on the topics of one installation, as a committed reader sees it; read a little further at every call.

It is read while the campaign goes on, so that what a compacted topic forgets was seen before.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition

OURS = b"\0"
"""What is not about a user begins so: no user of a campaign does."""


class Stood(NamedTuple):
    """A record where it stands."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


class Book:
    """The records of ``topics`` (name without prefix -> partition count); of those in ``newest`` the last of a key.

    Of those every record is kept that is not about a user: how their partitions came to where they stand.
    """

    def __init__(self, bootstrap: str, prefix: str, topics: Mapping[str, int], newest: Iterable[str]) -> None:
        self._bootstrap, self._prefix = bootstrap, prefix
        self._partitions = [TopicPartition(prefix + topic, n) for topic, count in topics.items() for n in range(count)]
        self._positions = dict.fromkeys(self._partitions, 0)
        self._newest = frozenset(newest)
        self._ours: dict[tuple[str, int], list[Stood]] = {}
        self._whole: dict[str, list[Stood]] = {topic: [] for topic in topics}
        self._latest: dict[tuple[str, int], dict[bytes | None, Stood]] = {}
        self._ends: dict[tuple[str, int], int] = {}

    def read(self, topic: str) -> list[Stood]:
        """All records of a topic, each partition in its order."""
        return self._whole[topic]

    def latest(self, topic: str, partition: int) -> dict[bytes | None, Stood]:
        """The newest record of every key in one partition; deletions are left out."""
        found = self._latest.get((topic, partition), {})
        return {key: record for key, record in found.items() if record.value is not None}

    def ours(self, topic: str, partition: int) -> list[Stood]:
        """Every record of one partition of a topic in ``newest`` that is not about a user, in its order."""
        return self._ours.get((topic, partition), [])

    def end(self, topic: str, partition: int) -> int:
        """The offset after the last record of a partition; 0 where there is none."""
        return self._ends.get((topic, partition), 0)

    async def read_on(self) -> int:
        """What is committed by now has been read; returns how many records that were."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap,
            isolation_level="read_committed",
            auto_offset_reset="earliest",  # a changelog may have been compacted past what was read
            max_partition_fetch_bytes=4 << 20,
        )
        await consumer.start()
        try:
            return await self._read(consumer)
        finally:
            await consumer.stop()

    async def _read(self, consumer: AIOKafkaConsumer) -> int:
        count = 0
        ends = await consumer.end_offsets(self._partitions)
        assigned = [tp for tp, end in ends.items() if end > self._positions[tp]]
        waiting = set(assigned)
        consumer.assign(assigned)
        for tp in assigned:
            consumer.seek(tp, self._positions[tp])
        while waiting:
            for tp, records in (await consumer.getmany(timeout_ms=200)).items():
                for record in records:
                    self._take(tp, record)
                count += len(records)
            for tp in assigned:  # those that came to their end may have gone on since
                self._positions[tp] = await consumer.position(tp)
                if self._positions[tp] >= ends[tp]:
                    waiting.discard(tp)
        return count

    def _take(self, tp: TopicPartition, record: Any) -> None:
        topic = tp.topic.removeprefix(self._prefix)
        stood = Stood(
            topic,
            tp.partition,
            record.offset,
            record.timestamp,
            record.key,
            record.value,
            tuple(record.headers),
        )
        if topic in self._newest:
            self._latest.setdefault((topic, tp.partition), {})[record.key] = stood
            if record.key.startswith(OURS):
                self._ours.setdefault((topic, tp.partition), []).append(stood)
        else:
            self._whole[topic].append(stood)
        self._ends[topic, tp.partition] = record.offset + 1
