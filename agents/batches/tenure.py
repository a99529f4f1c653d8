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
from agents.batches.ledger import Ledger
from agents.batches.producer import Outgoing, Row, TransactionalProducer
from agents.batches.reader import Reader, reading
from agents.batches.role import Clock, Config, Fact, Partition, Role, Watch, World
from agents.batches.sequence import check_range
from agents.batches.table import Table
from agents.batches.transaction import Finished, begin, finish

log = logging.getLogger(__name__)

BEHIND_SECONDS = 60.0

Take = tuple[str, Sequence[Record], int]
"""Topic (as the role knows it), records, next offset."""


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
        self._broadcasts, self._clock, self._world, self._watch = broadcasts, clock, world, watch
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
        self._catching_up = True
        self._barriers = Barriers({})
        self._cursors: dict[str, int] = {}
        """Next offset of every broadcast topic, as heard; the ledger has them as written down."""
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
                self._cursors = dict(self._ledger.cursors)
                self._compare_clocks()
                self.positions = await self._starting_positions(reader)
                await self._broadcasts.read_to_end()
                self._hear_orders_anew()
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
        """One transaction; nothing is written when nothing changed.

        What was heard is written down with the next transaction that has something else to say, or with the next tick:
        until then it would be heard again.
        """
        started = asyncio.get_running_loop().time()
        now, news = self._now(), self._news()
        ordered = not self._role.orders.isdisjoint(news)
        due = not self._catching_up and (ordered or started >= self.next_tick)
        hears_only = not (taken or due or self.more)
        most = 0 if self._catching_up or hears_only else None
        batches = [(topic, records) for topic, records, _end in taken]
        behind = self._barriers.behind(progress)
        begun = begin(self._partition, self._heard(news), batches, now, due=due, behind=behind, most=most)
        if hears_only and not begun.facts:
            return
        answer = None if begun.question is None else await self._world.look(begun.question, now)
        finished = finish(self._partition, begun, answer, now, due=due, caught_up=progress.caught_up)
        self.more = finished.settled.more
        if due:
            self.next_tick = started + self._config.tick_seconds
            self._watch.point("ticked")
        positions = self.positions | {topic: end for topic, _records, end in taken}
        if await self._commit(self._next_ledger(now, positions, finished.settled.memo), finished, started):
            self._report(taken, finished.facts, asyncio.get_running_loop().time() - started)
            await self._world.told(finished.facts, now)

    def _report(self, taken: Sequence[Take], facts: Sequence[Fact], seconds: float) -> None:
        """Whoever watches is told what was committed."""
        self._watch.transaction(self._number, sum(len(records) for _topic, records, _end in taken), facts, seconds)
        self._watch.stored(self._number, len(self._table))
        now = self._clock.now().timestamp()
        for topic, records, _end in taken:
            if records:
                self._watch.waited(topic, max(0.0, now - records[0].timestamp / 1000))

    def _hear_orders_anew(self) -> None:
        """A record that was taken back and forgotten is not to be seen from a cursor: all that stand are heard.

        Raises :class:`agents.batches.sequence.Broken` where a topic was made anew, as every hearing does.
        """
        self._news()
        self._cursors |= dict.fromkeys(self._role.orders, 0)

    def _heard(self, news: Mapping[str, tuple[list[Record], int]]) -> dict[str, list[Record]]:
        """The records of the news, which count as heard from here on."""
        self._cursors |= {topic: cursor for topic, (_records, cursor) in news.items()}
        return {topic: records for topic, (records, _cursor) in news.items()}

    def _news(self) -> dict[str, tuple[list[Record], int]]:
        prefix = self._config.prefix
        known = {prefix + topic: cursor for topic, cursor in self._cursors.items()}
        return {topic.removeprefix(prefix): news for topic, news in self._broadcasts.since(known).items()}

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
        return Ledger(self._ledger.number + 1, now_ms, dict(positions), dict(self._cursors), memo)

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


async def recover(reader: Reader, changelog: str, number: int, table: Table, watch: Watch) -> Ledger:
    """Bring a table to the last stable offset of its changelog partition; returns the ledger that stands there."""
    tp = TopicPartition(changelog, number)
    begin, end = await reader.range_of(tp)
    start = table.position
    if start is not None and start > end:
        raise ledgers.Unreadable(
            f"{changelog}[{number}]", f"ends at {end}, though {start} was applied: it was made anew"
        )
    if start is None or not begin <= start <= end:
        table.clear()
        start = begin
    async for records, position in reader.read(tp, start, end):
        table.apply({r.key: r.value for r in records if r.key is not None}, position)
        watch.point("recovering")
        await asyncio.sleep(0)
    value = table.get(ledgers.KEY)
    return Ledger() if value is None else ledgers.unpack(value)


class Users:
    """The table without the ledger."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self.get = table.get

    def items(self) -> Iterable[tuple[bytes, bytes]]:
        """Every record that is the role's own."""
        return ((key, value) for key, value in self._table.items() if key != ledgers.KEY)
