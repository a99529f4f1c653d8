"""One partition of a role, worked in the order of calls of the real owner (:mod:`agents.batches.owner`)."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from types import MappingProxyType

from agents.board import Board, Desk
from agents.driver.topics import Stored, Topics
from agents.roles.spec import RoleSpec
from streams.role import Fact, Partition


class Owner:
    """One (role, partition number): committed table, memo and positions, and the partition while it is open."""

    def __init__(self, spec: RoleSpec, number: int, board: Board, topics: Topics) -> None:
        self.spec, self.number = spec, number
        self._desk, self._topics = Desk(board), topics
        self._table: dict[bytes, bytes] = {}
        self._memo: bytes | None = None
        self._positions: Counter[str] = Counter()
        self._partition: Partition | None = None
        self._in_order = sorted(spec.topics, key=lambda topic: topic not in spec.first)

    def close(self) -> None:
        """The partition is thrown away; the next transaction opens it from what is committed."""
        self._partition = None

    @property
    def partition(self) -> Partition:
        """The partition; opened from what is committed if it is not open."""
        if self._partition is None:
            self._partition = self.spec.open(self.number, MappingProxyType(self._table), self._memo)
            for topic in self.spec.orders:
                self._positions[topic] = 0
        return self._partition

    @property
    def waits(self) -> bool:
        """Whether there are records it has not taken."""
        own = any(self._topics.since(topic, self.number, self._positions[topic], 1) for topic in self.spec.topics)
        return own or any(self._topics.since(topic, 0, self._positions[topic], 1) for topic in self.spec.broadcasts)

    async def transact(self, now: datetime, most: int) -> None:
        """What is heard, at most so many records that wait, and a tick are absorbed and committed.

        On any error nothing of it has happened: the partition is thrown away, and what it was to absorb waits again.
        """
        before = self._positions.copy()
        try:
            await self._absorb(now, most)
        except Exception:
            self._positions, self._partition = before, None
            raise

    async def _absorb(self, now: datetime, most: int) -> None:
        partition, batches = self.partition, self._take(most)
        facts = [fact for topic in self.spec.broadcasts for fact in self._hear(partition, topic, now)]
        question = partition.question(batches, now)
        if question is not None:
            partition.answer(await self._desk.look(question, now))  # type: ignore[arg-type]  # dispatchers alone ask
        for topic, records in batches:
            facts += partition.step(topic, records, now)
        facts += partition.tick(now, not self.waits)
        self._commit(partition, facts, now)
        if facts:
            await self._desk.told(facts, now)

    def _take(self, most: int) -> list[tuple[str, Sequence[Stored]]]:
        batches: list[tuple[str, Sequence[Stored]]] = []
        for topic in self._in_order:
            records = self._topics.since(topic, self.number, self._positions[topic], most)
            most -= len(records)
            self._positions[topic] += len(records)
            if records:
                batches.append((topic, records))
        return batches

    def _hear(self, partition: Partition, topic: str, now: datetime) -> Iterable[Fact]:
        """Of a compacted topic an owner may see only the newest record of a key; so here it always sees only that."""
        records = self._topics.since(topic, 0, self._positions[topic])
        self._positions[topic] += len(records)
        newest = {record.key: record for record in records}
        return partition.hear(topic, sorted(newest.values(), key=lambda r: r.offset), now) if records else ()

    def _commit(self, partition: Partition, facts: Sequence[Fact], now: datetime) -> None:
        settled = partition.settle()
        for key, value in settled.writes.items():
            if value is None:
                self._table.pop(key, None)
            else:
                self._table[key] = value
        self._memo = settled.memo
        for fact in facts:
            if fact.topic not in self.spec.outputs:
                raise ValueError(f"{self.spec.name} wrote to {fact.topic}, which is not among its outputs")
            number = self.number if fact.partition is None else fact.partition
            self._topics.append(fact.topic, number, milliseconds(now), fact.key, fact.value, fact.headers)


def milliseconds(at: datetime) -> int:
    """A moment as a record time."""
    return int(at.timestamp() * 1000)
