"""One partition of a role, worked by the transactions of the real owner (:mod:`agents.batches.owner`), in memory."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from types import MappingProxyType

from agents.batches.barrier import Barriers, Progress
from agents.batches.net import ContentFault, Instead, Net, Take, content, failing, failure, refusing
from agents.batches.transaction import Finished, apply, begin, finish
from agents.board import Board, Desk
from agents.driver.topics import Stored, Topics
from agents.roles.spec import RoleSpec
from streams.role import Partition

BEGIN = datetime.min.replace(tzinfo=UTC)


class Owner:
    """One (role, partition number): committed table, memo and positions, and the partition while it is open."""

    def __init__(self, spec: RoleSpec, number: int, board: Board, topics: Topics) -> None:
        self.spec, self.number = spec, number
        self._desk, self._topics, self._net = Desk(board), topics, Net(self)
        self._now = BEGIN
        self._table: dict[bytes, bytes] = {}
        self._memo: bytes | None = None
        self._positions: defaultdict[str, int] = defaultdict(int)
        """Next offset of every topic and broadcast, as committed; of orders that are to be heard anew, 0."""
        self._reached: dict[str, int] = {}
        self._partition: Partition | None = None
        self._barriers = Barriers({})
        self._more = False
        self._left_out: set[tuple[str, int]] = set()
        self._in_order = sorted(spec.topics, key=lambda topic: topic not in spec.first)

    def close(self) -> None:
        """The partition is thrown away; the next transaction opens it from what is committed."""
        self._partition = None

    @property
    def partition(self) -> Partition:
        """The partition; opened from what is committed if it is not open."""
        if self._partition is None:
            self._partition = self._opened()
            self._barriers, self._more = Barriers(self._ends), False
            for topic in self.spec.orders:
                self._positions[topic] = 0
        return self._partition

    @property
    def waits(self) -> bool:
        """Whether there are records it has not taken, or users it could judge at once."""
        own = any(self._topics.since(topic, self.number, self._positions[topic], 1) for topic in self.spec.topics)
        news = any(self._topics.since(topic, 0, self._positions[topic], 1) for topic in self.spec.broadcasts)
        return self._more or own or news

    async def work(self, now: datetime, most: int) -> None:
        """What is heard, at most so many records that wait, and a tick are absorbed and committed.

        At a standstill the partition is thrown away, and what it was to absorb waits again.
        """
        self._now, taken = now, self._taken(most)
        self._reached = {topic: self._positions[topic] for topic in self.spec.topics}
        self._reached |= {topic: end for topic, _records, end in taken}
        try:
            await self._net.absorb(taken)
        except Exception:
            self._partition = None
            raise

    # A partition at work, as the net has it.

    reopen = close

    async def transact(self, taken: Sequence[Take], *, judging: bool = True, instead: Instead | None = None) -> None:
        """One transaction."""
        partition, now, progress = self.partition, self._now, Progress(self._ends, self._reached)
        news, behind = self._news(), self._barriers.behind(progress)
        batches = [(topic, records) for topic, records, _end in taken if records]
        most = None if judging else 0
        with content(self.spec):
            begun = begin(partition, news, batches, now, due=judging, behind=behind, most=most)
            begun.facts.extend(instead(partition, now) if instead else ())
        answer = None if begun.question is None else await self._desk.look(begun.question, now)
        with content(self.spec):
            finished = finish(partition, begun, answer, now, due=judging, caught_up=progress.caught_up)
        self._positions |= {topic: end for topic, _records, end in taken}
        self._positions |= {topic: self._topics.end(topic, 0) for topic in self.spec.broadcasts}
        self._commit(finished, now)
        if finished.facts:
            await self._desk.told(finished.facts, now)

    async def hear(self) -> None:
        """Broadcast records that fail are found, one by one, and left out from here on."""
        refused = []
        while (found := failing(self._news(), self._deaf)) is not None:
            self._left_out.add((found[0], found[1].offset))
            refused.append(found)
        self.reopen()
        if refused:
            await self.transact((), judging=False, instead=refusing(refused))

    async def refuse(self, take: Take, fault: ContentFault) -> None:
        """The record is not absorbed; its letter, if there is one, and the next position are committed."""
        topic, (record, *_none), end = take
        await self.transact([(topic, (), end)], judging=False, instead=refusing([(topic, record, fault)]))

    async def put_aside(self, user: bytes, fault: ContentFault, time: int) -> None:
        """What follows from putting a user aside is committed."""
        await self.transact((), judging=False, instead=lambda p, now: p.put_aside(user, fault.error, time, now))

    def _deaf(self, topic: str, records: Sequence[Stored]) -> ContentFault | None:
        """How a partition that was just opened fails when it hears these records."""
        partition = self._opened()
        return failure(self.spec, lambda: list(partition.hear(topic, records, self._now)))

    def _opened(self) -> Partition:
        return self.spec.open(self.number, MappingProxyType(self._table), self._memo)

    @property
    def _ends(self) -> dict[str, int]:
        return {topic: self._topics.end(topic, self.number) for topic in self.spec.topics}

    def _taken(self, most: int) -> list[Take]:
        taken: list[Take] = []
        for topic in self._in_order:
            records = self._topics.since(topic, self.number, self._positions[topic], most)
            most -= len(records)
            if records:
                taken.append((topic, records, records[-1].offset + 1))
        return taken

    def _news(self) -> dict[str, Sequence[Stored]]:
        """Of a compacted topic an owner may see only the newest record of a key; so here it always sees only that."""
        return {topic: news for topic in self.spec.broadcasts if (news := self._newest(topic))}

    def _newest(self, topic: str) -> list[Stored]:
        newest = {record.key: record for record in self._topics.since(topic, 0, self._positions[topic])}
        heard = (each for each in newest.values() if (topic, each.offset) not in self._left_out)
        return sorted(heard, key=lambda record: record.offset)

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
