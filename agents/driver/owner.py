"""One partition of a role, worked in the order of calls of the real owner (:mod:`agents.batches.owner`)."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from types import MappingProxyType

from agents.batches.barrier import Barriers, Progress
from agents.batches.transaction import Finished, apply, begin, finish
from agents.board import Board, Desk
from agents.driver.topics import Stored, Topics
from agents.roles.spec import RoleSpec
from streams.role import Partition


class Owner:
    """One (role, partition number): committed table, memo and positions, and the partition while it is open."""

    def __init__(self, spec: RoleSpec, number: int, board: Board, topics: Topics) -> None:
        self.spec, self.number = spec, number
        self._desk, self._topics = Desk(board), topics
        self._table: dict[bytes, bytes] = {}
        self._memo: bytes | None = None
        self._positions: Counter[str] = Counter()
        self._partition: Partition | None = None
        self._barriers = Barriers({})
        self._more = False
        self._in_order = sorted(spec.topics, key=lambda topic: topic not in spec.first)

    def close(self) -> None:
        """The partition is thrown away; the next transaction opens it from what is committed."""
        self._partition = None

    @property
    def partition(self) -> Partition:
        """The partition; opened from what is committed if it is not open."""
        if self._partition is None:
            self._partition = self.spec.open(self.number, MappingProxyType(self._table), self._memo)
            self._barriers, self._more = Barriers(self._progress().ends), False
            for topic in self.spec.orders:
                self._positions[topic] = 0
        return self._partition

    def _progress(self) -> Progress:
        topics = self.spec.topics
        ends = {topic: self._topics.end(topic, self.number) for topic in topics}
        return Progress(ends, {topic: self._positions[topic] for topic in topics})

    @property
    def waits(self) -> bool:
        """Whether there are records it has not taken, or users it could judge at once."""
        own = any(self._topics.since(topic, self.number, self._positions[topic], 1) for topic in self.spec.topics)
        news = any(self._topics.since(topic, 0, self._positions[topic], 1) for topic in self.spec.broadcasts)
        return self._more or own or news

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
        progress = self._progress()
        begun = begin(partition, self._news(), batches, now, behind=self._barriers.behind(progress))
        answer = None if begun.question is None else await self._desk.look(begun.question, now)
        finished = finish(partition, begun, answer, now, caught_up=progress.caught_up)
        self._commit(finished, now)
        if finished.facts:
            await self._desk.told(finished.facts, now)

    def _take(self, most: int) -> list[tuple[str, Sequence[Stored]]]:
        batches: list[tuple[str, Sequence[Stored]]] = []
        for topic in self._in_order:
            records = self._topics.since(topic, self.number, self._positions[topic], most)
            most -= len(records)
            self._positions[topic] += len(records)
            if records:
                batches.append((topic, records))
        return batches

    def _news(self) -> dict[str, Sequence[Stored]]:
        """Of a compacted topic an owner may see only the newest record of a key; so here it always sees only that."""
        return {topic: news for topic in self.spec.broadcasts if (news := self._newest(topic))}

    def _newest(self, topic: str) -> Sequence[Stored]:
        records = self._topics.since(topic, 0, self._positions[topic])
        self._positions[topic] += len(records)
        return sorted({record.key: record for record in records}.values(), key=lambda record: record.offset)

    def _commit(self, finished: Finished, now: datetime) -> None:
        apply(self._table, finished.settled.writes)
        self._memo, self._more = finished.settled.memo, finished.settled.more
        for fact in finished.facts:
            if fact.topic not in self.spec.outputs:
                raise ValueError(f"{self.spec.name} wrote to {fact.topic}, which is not among its outputs")
            number = self.number if fact.partition is None else fact.partition
            self._topics.append(fact.topic, number, milliseconds(now), fact.key, fact.value, tuple(fact.headers))


def milliseconds(at: datetime) -> int:
    """A moment as a record time."""
    return int(at.timestamp() * 1000)
