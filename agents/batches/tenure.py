"""One tenure of an owner: from opening a partition to letting it go; what it absorbs, it absorbs in transactions.

Opening fences whoever held the partition before and ends their open transaction; only then is state read. After any
error the tenure is over: its outcome is unknown, and the next one reads the truth from Kafka.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from aiokafka import TopicPartition as KafkaPartition
from aiokafka.admin import AIOKafkaAdminClient

from agents.batches import ledger as ledgers
from agents.batches.barrier import Barriers, Progress
from agents.batches.batch import Record, TopicPartition
from agents.batches.broadcast import Broadcasts
from agents.batches.hearing import Hearing
from agents.batches.ledger import Ledger
from agents.batches.net import ContentFault, Instead, Net, Refusal, Take, content, failure, refusing
from agents.batches.producer import Outgoing, Row, TransactionalProducer, measure
from agents.batches.reader import Reader, reading
from agents.batches.recovery import Users, recover
from agents.batches.role import Clock, Config, Fact, Partition, Role, Watch, World
from agents.batches.sequence import check_range
from agents.batches.table import Table
from agents.batches.transaction import Finished, begin, finish

log = logging.getLogger(__name__)

BEHIND_SECONDS = 60.0

STATE = "state"
"""Counted as the topic where a user is put aside."""


class Tenure:
    """The right to write one partition of a role, its committed state, and the role's partition over it."""

    def __init__(
        self,
        number: int,
        role: Role,
        config: Config,
        table: Table,
        broadcasts: Broadcasts,
        clock: Clock,
        world: World,
        watch: Watch,
    ) -> None:
        self._number, self._role, self._config, self._table = number, role, config, table
        self._clock, self._world, self._watch = clock, world, watch
        self._hearing = Hearing(broadcasts, config.prefix, role.orders)
        self._producer = TransactionalProducer(
            config.connection, config.transactional_id(number), config.commit_timeout, watch.point
        )
        self._partition: Partition
        self._ledger = Ledger()
        self._used = datetime.fromtimestamp(0, UTC)
        self.positions: dict[str, int] = {}
        """The next offset of every topic of the role."""
        self.next_tick = 0.0
        """When a tick is due, in the event loop's time."""
        self.more = False
        """Whether somebody is left who could be judged at once."""
        self.worked = False
        """Whether records were absorbed after the opening, or a tick was done when none waited.

        A tick alone says nothing: it comes before the record at which the last tenure may have failed.
        """
        self._catching_up = True
        self._barriers = Barriers({})
        self._progress = Progress({}, {})
        self._net = Net(self)
        self._next_offsets = 0.0
        self._reported: dict[str, int] = {}

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Inside the block the partition is ours, recovered and caught up with the topics that come first."""
        try:
            await self._producer.open()
            self._watch.point("fenced")
            async with reading(self._config.connection) as reader:
                self._ledger = await recover(reader, self._config.changelog, self._number, self._table, self._watch)
                self._watch.point("recovered")
                self._compare_clocks()
                self.positions = await self._starting_positions(reader)
                await self._hearing.read_to_end()
                self._hearing.start(self._ledger.cursors)
                self._partition = self._role.open(self._number, Users(self._table), self._ledger.memo)
                await self._catch_up(reader)
                self._catching_up = False
            yield
        finally:
            await self._producer.close()

    async def _starting_positions(self, reader: Reader) -> dict[str, int]:
        """Where each topic goes on: as the ledger says, else at the first offset its log holds."""
        if not self._ledger.number:
            await self._never_begun()
        positions = {}
        for topic in self._role.topics:
            tp = TopicPartition(self._config.prefix + topic, self._number)
            begin, end = await reader.range_of(tp)
            positions[topic] = self._ledger.positions.get(topic, begin)
            check_range(*tp, positions[topic], begin, end)
        return positions

    async def _never_begun(self) -> None:
        """Make sure that nothing was ever committed where there is no partition record.

        Else the changelog was lost, and going on would do everything twice: raises :class:`ledgers.Unreadable`.
        """
        mine = [KafkaPartition(self._config.prefix + topic, self._number) for topic in self._role.topics]
        admin = AIOKafkaAdminClient(**self._config.connection)
        await admin.start()
        try:
            found = await admin.list_consumer_group_offsets(self._config.app_id, partitions=mine)
        finally:
            await admin.close()
        past = {f"{tp.topic}[{tp.partition}]": at.offset for tp, at in found.items() if at.offset > 0}
        if past:
            why = f"no partition record, though its group has committed {past}"
            raise ledgers.Unreadable(f"{self._config.changelog}[{self._number}]", why)

    async def _catch_up(self, reader: Reader) -> None:
        """Absorb the topics that come first to their present end; meanwhile nobody is judged, and nothing is due."""
        tps = {topic: TopicPartition(self._config.prefix + topic, self._number) for topic in self._role.topics}
        ends = {topic: await reader.end_of(tp) for topic, tp in tps.items()}
        self._barriers = Barriers(ends)
        for topic in self._role.topics:
            if topic in self._role.first:
                async for records, position in reader.read(tps[topic], self.positions[topic], ends[topic]):
                    await self.absorb([(topic, records, position)], Progress({}, self.positions | {topic: position}))

    async def absorb(self, taken: Sequence[Take], progress: Progress) -> None:
        """The records are absorbed, and what is due is done; content that fails stops nobody else."""
        self._progress = progress
        await self._net.absorb(taken)

    # A partition at work, as the net has it.

    def reopen(self) -> None:
        """The pure partition is as after the last commit; all orders are heard anew."""
        self._hearing.start(self._ledger.cursors)
        self._barriers, self.more = Barriers(self._progress.ends or self._barriers.known), False
        self._partition = self._role.open(self._number, Users(self._table), self._ledger.memo)

    async def transact(self, taken: Sequence[Take], *, judging: bool = True, instead: Instead | None = None) -> None:
        """One transaction; nothing is written when nothing changed. ``instead`` follows what is absorbed.

        What was heard is written down with the next transaction that has something else to say, or with the next tick:
        until then it would be heard again.
        """
        started = asyncio.get_running_loop().time()
        now, news = self._now(), self._hearing.news()
        judging = judging and not self._catching_up
        due = judging and (started >= self.next_tick or not self._role.orders.isdisjoint(news))
        idle = not (taken or due or instead or (judging and self.more))
        behind = self._barriers.behind(self._progress)
        most = None if judging and not idle else 0
        batches = [(topic, records) for topic, records, _end in taken if records]
        with content(self._role):
            begun = begin(self._partition, self._hearing.heard(news), batches, now, due=due, behind=behind, most=most)
            begun.facts.extend(instead(self._partition, now) if instead else ())
        if idle and not begun.facts:
            return
        answer = None if begun.question is None else await self._world.look(begun.question, now)
        with content(self._role):
            finished = finish(self._partition, begun, answer, now, due=due, caught_up=self._progress.caught_up)
        self.more = finished.settled.more
        if due:
            self.next_tick = started + self._config.tick_seconds
            self._watch.point("ticked")
        positions = self.positions | {topic: end for topic, _records, end in taken}
        if await self._commit(self._next_ledger(now, positions, finished.settled.memo), finished, started):
            self._report(taken, finished.facts, asyncio.get_running_loop().time() - started)
            await self._world.told(finished.facts, now)
        self.worked = self.worked or (not self._catching_up and (bool(taken) or (due and self._progress.caught_up)))

    async def hear(self) -> None:
        """Broadcast records that fail are found, one by one, and left out from here on."""
        refused: list[Refusal] = []
        while (found := self._hearing.failing(self._deaf)) is not None:
            topic, record, _fault = found
            self._hearing.leave_out(topic, record)
            if record.offset >= self._ledger.cursors.get(topic, 0):  # else it was refused before
                refused.append(found)
        self.reopen()
        await self._refuse(refused, ())

    async def refuse(self, take: Take, fault: ContentFault) -> None:
        """The record is not absorbed; its letter, if there is one, and the next position are committed."""
        topic, (record, *_none), end = take
        await self._refuse([(topic, record, fault)], [(topic, (), end)])

    async def put_aside(self, user: bytes, fault: ContentFault, time: int) -> None:
        """What follows from putting a user aside is committed."""
        await self.transact(
            (), judging=False, instead=lambda partition, now: partition.put_aside(user, fault.error, time, now)
        )
        self._watch.unprocessable(self._number, STATE, fault.kind, fault.place)

    async def _refuse(self, refused: Sequence[Refusal], taken: Sequence[Take]) -> None:
        self._watch.point("searching")
        if refused:
            await self.transact(taken, judging=False, instead=refusing(refused))
        for topic, _record, fault in refused:
            self._watch.unprocessable(self._number, topic, fault.kind, fault.place)

    def _deaf(self, topic: str, records: Sequence[Record]) -> ContentFault | None:
        """How a partition that was just opened fails when it hears these records."""
        partition = self._role.open(self._number, Users(self._table), self._ledger.memo)
        return failure(self._role, lambda: list(partition.hear(topic, records, self._now())))

    def _report(self, taken: Sequence[Take], facts: Sequence[Fact], seconds: float) -> None:
        """Whoever watches is told what was committed."""
        self._watch.transaction(self._number, sum(len(records) for _topic, records, _end in taken), facts, seconds)
        self._watch.stored(self._number, len(self._table))
        now = self._clock.now().timestamp()
        for topic, records, _end in taken:
            if records and records[0].timestamp >= 0:  # a record without a time says nothing of its wait
                self._watch.waited(topic, max(0.0, now - records[0].timestamp / 1000))

    def _now(self) -> datetime:
        """Processing time; it never runs backwards, not even from one owner to the next."""
        last = datetime.fromtimestamp(self._ledger.now_ms / 1000, UTC)
        self._used = max(self._clock.now(), last, self._used)
        return self._used

    def _compare_clocks(self) -> None:
        behind = self._ledger.now_ms / 1000 - self._clock.now().timestamp()
        if behind > BEHIND_SECONDS:
            log.warning(
                "%s[%d]: this machine's clock is %.0f s behind the last owner's; until then time stands still",
                self._config.app_id, self._number, behind,
            )  # fmt: skip

    def _next_ledger(self, now: datetime, positions: Mapping[str, int], memo: bytes) -> Ledger:
        now_ms = int(now.timestamp() * 1000)
        return Ledger(self._ledger.number + 1, now_ms, dict(positions), dict(self._hearing.cursors), memo)

    async def _commit(self, ledger: Ledger, finished: Finished, begun: float) -> bool:
        """Whether there was anything to commit; after it state, facts and positions are in the book."""
        facts, settled = finished
        config = self._config
        offsets = self._offsets(ledger.positions, begun)
        if not (facts or settled.writes or offsets) and ledgers.same(self._ledger, ledger):
            return False
        writes = {**settled.writes, ledgers.KEY: ledgers.pack(ledger)}
        changelog = TopicPartition(config.changelog, self._number)
        outgoing = {changelog: [(key, value, ()) for key, value in writes.items()], **self._by_partition(facts)}
        with content(self._role):
            measure(outgoing)
        ends = await self._producer.commit(ledger.now_ms, outgoing, offsets, config.app_id)
        self._table.apply(writes, ends[changelog])
        self._watch.point("applied")
        self._ledger, self.positions = ledger, ledger.positions
        return True

    def _by_partition(self, facts: Iterable[Fact]) -> Outgoing:
        rows: dict[TopicPartition, list[Row]] = defaultdict(list)
        for fact in facts:
            number = self._number if fact.partition is None else fact.partition
            tp = TopicPartition(self._config.prefix + fact.topic, number)
            rows[tp].append((fact.key, fact.value, fact.headers))
        return rows

    def _offsets(self, positions: Mapping[str, int], begun: float) -> dict[TopicPartition, int]:
        """Offsets for lag tools, at most once in a while: they cost two round trips and nothing starts from them."""
        if begun < self._next_offsets or positions == self._reported:
            return {}
        self._next_offsets = begun + self._config.offsets_seconds
        self._reported = dict(positions)
        prefix = self._config.prefix
        return {TopicPartition(prefix + topic, self._number): offset for topic, offset in positions.items()}
