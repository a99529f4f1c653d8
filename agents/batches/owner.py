"""One (role, partition number): opens, absorbs what waits, ticks, closes. One task, one transaction at a time.

Opening a transactional producer fences the owner before this one and ends its open transaction; only then is state
read. Whatever goes wrong, the owner lets go of everything and opens again from what Kafka says.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Protocol

from agents.batches import ledger as ledgers
from agents.batches.batch import Batch, Record, TopicPartition
from agents.batches.broadcast import Broadcasts
from agents.batches.inbox import Inbox
from agents.batches.ledger import Ledger
from agents.batches.producer import Outgoing, TransactionalProducer
from agents.batches.reader import Reader, reading
from agents.batches.role import Clock, Config, Fact, Partition, Role, Watch, World
from agents.batches.sequence import Broken, Verdict, admit, check_range
from agents.batches.table import Table

log = logging.getLogger(__name__)

STANDSTILL = (Broken, ledgers.Unreadable)
"""Faults that no retry mends; they are retried all the same, slowly, for a person may have mended them."""

CLOSE_SECONDS = 2.0

Take = tuple[str, Sequence[Record], int]
"""Topic (as the role knows it), records, next offset."""


class Source(Protocol):
    """What an owner asks of the consumer."""

    async def start_at(self, tp: TopicPartition, offset: int) -> int: ...
    def deliver(self, tp: TopicPartition) -> None: ...
    def withhold(self, tp: TopicPartition) -> None: ...
    def out_of_range(self, tp: TopicPartition) -> bool: ...
    def last_stable_offset(self, tp: TopicPartition) -> int | None: ...


class Owner:
    """A worker's hold on one partition number of a role."""

    def __init__(
        self,
        number: int,
        role: Role,
        config: Config,
        source: Source,
        table: Table,
        broadcasts: Broadcasts,
        clock: Clock,
        world: World,
        watch: Watch,
    ) -> None:
        self.number = number
        self.state = "opening"
        self._role, self._config, self._source, self._table = role, config, source, table
        self._broadcasts, self._clock, self._world, self._watch = broadcasts, clock, world, watch
        self._topics = {TopicPartition(config.prefix + topic, number): topic for topic in role.topics}
        self._inbox = Inbox(config.transaction_records, source.withhold, source.deliver)
        self._generation = -1
        self._closing = self._sought = False
        self._may_work = asyncio.Event()
        self._may_work.set()
        self._working = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    # What the runner calls.

    def start(self, generation: int) -> None:
        """Begin to open, in the background."""
        self._generation = generation
        self._task = asyncio.create_task(self._run(), name=f"owner-{self._role.name}-{self.number}")

    def submit(self, batch: Batch) -> None:
        """Hand over a batch; never blocks."""
        self._inbox.put(batch)

    def wake(self) -> None:
        """Look around now."""
        self._inbox.wake()

    async def suspend(self, seconds: float) -> None:
        """Begin no transaction until :meth:`resume`, and wait for the present one, at most so long."""
        self._may_work.clear()
        try:
            async with asyncio.timeout(seconds), self._working:
                return
        except TimeoutError:
            log.warning("%s: a transaction still runs while the group rebalances", self)

    def resume(self, generation: int) -> None:
        """Go on under a new generation; the consumer is sought to where this owner stands."""
        self._generation, self._sought = generation, False
        self._may_work.set()
        self._inbox.wake()

    async def close(self) -> None:
        """Let go: the present transaction may end first, then its producer stops.

        A transaction cut off here is ended by the next owner's fencing; its outcome is read from Kafka then.
        """
        self._closing = True
        self._may_work.set()
        self._inbox.wake()
        if self._task is not None:
            _done, pending = await asyncio.wait([self._task], timeout=CLOSE_SECONDS)
            if pending:
                self._task.cancel()
                await asyncio.wait([self._task])

    def __str__(self) -> str:
        return f"{self._role.name}[{self.number}]"

    # The task.

    async def _run(self) -> None:
        wait = self._config.retry_seconds
        while not self._closing:
            try:
                async with self._opened():
                    wait = self._config.retry_seconds
                    while not self._closing:
                        await self._turn()
            except STANDSTILL as fault:
                self._become("broken")
                log.error("%s stands still: %s", self, fault)
                wait = self._config.retry_seconds_max
            except Exception as error:
                self._become("failed")
                log.warning("%s lets go and opens again: %r", self, error, exc_info=_unexpected(error))
            await self._rest(wait)
            wait = min(2 * wait, self._config.retry_seconds_max)
        self._become("closed")

    async def _rest(self, seconds: float) -> None:
        if not self._closing:
            await asyncio.sleep(seconds)

    def _become(self, state: str) -> None:
        self.state = state
        self._watch.state(self.number, state)

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[None]:
        self._become("opening")
        config = self._config
        self._inbox.clear()
        for tp in self._topics:
            self._source.withhold(tp)
        self._producer = TransactionalProducer(
            config.connection, config.transactional_id(self.number), config.commit_timeout, self._watch.point
        )
        try:
            await self._producer.open()
            self._watch.point("fenced")
            async with reading(config.connection) as reader:
                self._ledger = await self._recover(reader)
                self._watch.point("recovered")
                self._positions = await self._starting_positions(reader)
                await self._broadcasts.read_to_end()
                self._partition = self._open_partition()
                self._next_tick = self._next_offsets = 0.0
                self._reported: dict[str, int] = {}
                await self._catch_up(reader)
            self._epochs = dict.fromkeys(self._role.topics, 0)
            self._sought = False
            self._become("ready")
            log.info("%s opened at %s with %d records", self, self._positions, len(self._table))
            yield
        finally:
            await self._producer.close()

    async def _recover(self, reader: Reader) -> Ledger:
        """Bring the table to the last stable offset of its changelog; returns the ledger that stands there."""
        tp, table = TopicPartition(self._config.changelog, self.number), self._table
        begin, end = await reader.range_of(tp)
        start = table.position
        if start is None or not begin <= start <= end:
            table.clear()
            start = begin
        async for records, position in reader.read(tp, start, end):
            table.apply({r.key: r.value for r in records if r.key is not None}, position)
            self._watch.point("recovering")
            await asyncio.sleep(0)
        value = table.get(ledgers.KEY)
        return Ledger() if value is None else ledgers.unpack(value)

    async def _starting_positions(self, reader: Reader) -> dict[str, int]:
        """Where each topic goes on: as the ledger says, else at the first offset its log holds."""
        positions = {}
        for tp, topic in self._topics.items():
            begin, end = await reader.range_of(tp)
            positions[topic] = self._ledger.positions.get(topic, begin)
            check_range(*tp, positions[topic], begin, end)
        return positions

    def _open_partition(self) -> Partition:
        return self._role.open(self.number, _Users(self._table), self._ledger.memo)

    async def _catch_up(self, reader: Reader) -> None:
        """Absorb the topics that come first to their present end."""
        for tp, topic in self._topics.items():
            if topic in self._role.first:
                _begin, end = await reader.range_of(tp)
                async for records, position in reader.read(tp, self._positions[topic], end):
                    await self._absorb([(topic, records, position)])

    # A turn: what waits, what is heard, what is due.

    async def _turn(self) -> None:
        await self._may_work.wait()
        if not self._sought:
            await self._seek()
        await self._check_range()
        batches = await self._inbox.take(self._until_tick())
        async with self._working:
            if self._may_work.is_set() and not self._closing:
                await self._absorb(await self._admitted(batches))

    async def _seek(self) -> None:
        """Let the consumer deliver from where this owner stands; whatever was fetched before is stale."""
        self._sought = True
        for tp, topic in self._topics.items():
            await self._seek_to(tp, self._positions[topic])

    async def _seek_to(self, tp: TopicPartition, position: int) -> None:
        async with asyncio.timeout(self._config.commit_timeout):
            self._epochs[self._topics[tp]] = await self._source.start_at(tp, position)

    async def _check_range(self) -> None:
        for tp, topic in self._topics.items():
            if self._source.out_of_range(tp):
                async with reading(self._config.connection) as reader:
                    begin, end = await reader.range_of(tp)
                check_range(*tp, self._positions[topic], begin, end)
                await self._seek_to(tp, self._positions[topic])

    async def _admitted(self, batches: Iterable[Batch]) -> list[Take]:
        """Those batches that are next, in order; after a gap the consumer is sent back."""
        positions, taken = dict(self._positions), []
        for batch in batches:
            topic = self._topics[batch.tp]
            verdict = admit(batch, positions[topic], self._epochs[topic], self._generation)
            self._watch.verdict(topic, verdict.value)
            if verdict is Verdict.ENTER:
                positions[topic] = batch.end
                taken.append((topic, batch.records, batch.end))
            elif verdict is Verdict.GAP:
                log.info("%s: %s delivered %d after %s, goes back to %d", self, topic, batch.start, batch.prev,
                         positions[topic])  # fmt: skip
                await self._seek_to(batch.tp, positions[topic])
        return taken

    def _until_tick(self) -> float:
        return max(0.0, self._next_tick - asyncio.get_running_loop().time())

    async def _absorb(self, taken: Sequence[Take]) -> None:
        """One transaction: hear, ask, step, tick, settle, commit; nothing is written when nothing changed."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        due = begun >= self._next_tick
        now, partition = self._now(), self._partition
        facts, cursors = self._hear(now)
        if not (taken or due or cursors):
            return
        question = partition.question([(topic, records) for topic, records, _end in taken], now)
        if question is not None:
            partition.answer(await self._world.look(question, now))
        positions = dict(self._positions)
        for topic, records, end in taken:
            facts.extend(partition.step(topic, records, now))
            positions[topic] = end
        if due:
            facts.extend(partition.tick(now))
            self._next_tick = begun + self._config.tick_seconds
            self._watch.point("ticked")
        await self._commit(now, facts, positions, cursors, begun, sum(len(records) for _t, records, _e in taken))

    def _hear(self, now: datetime) -> tuple[list[Fact], dict[str, int]]:
        prefix = self._config.prefix
        known = {prefix + topic: cursor for topic, cursor in self._ledger.cursors.items()}
        facts: list[Fact] = []
        cursors = {}
        for physical, (records, cursor) in self._broadcasts.since(known).items():
            topic = physical.removeprefix(prefix)
            facts.extend(self._partition.hear(topic, records, now))
            cursors[topic] = cursor
        return facts, cursors

    def _now(self) -> datetime:
        """Processing time; it never runs backwards, not even from one owner to the next."""
        last = datetime.fromtimestamp(self._ledger.now_ms / 1000, UTC)
        return max(self._clock.now(), last)

    async def _commit(
        self,
        now: datetime,
        facts: Sequence[Fact],
        positions: dict[str, int],
        cursors: dict[str, int],
        begun: float,
        records: int,
    ) -> None:
        settled, old, config = self._partition.settle(), self._ledger, self._config
        offsets = self._offsets(positions, begun)
        new = Ledger(old.number + 1, _ms(now), positions, {**old.cursors, **cursors}, settled.memo)
        if not (facts or settled.writes or offsets) and _same(old, new):
            return
        packed, changelog = ledgers.pack(new), config.changelog
        outgoing = [Outgoing(changelog, self.number, key, value) for key, value in settled.writes.items()]
        outgoing += (self._outgoing(fact) for fact in facts)
        last = Outgoing(changelog, self.number, ledgers.KEY, packed)
        position = await self._producer.commit(new.now_ms, outgoing, last, offsets, config.app_id)
        self._table.apply({**settled.writes, ledgers.KEY: packed}, position)
        self._watch.point("applied")
        self._ledger, self._positions = new, positions
        self._watch.transaction(self.number, records, facts, asyncio.get_running_loop().time() - begun)
        if facts:
            await self._world.told(facts, now)

    def _outgoing(self, fact: Fact) -> Outgoing:
        partition = self.number if fact.partition is None else fact.partition
        return Outgoing(self._config.prefix + fact.topic, partition, fact.key, fact.value, fact.headers)

    def _offsets(self, positions: dict[str, int], begun: float) -> dict[TopicPartition, int]:
        """Offsets for lag tools, at most once in a while: they cost two round trips and nothing starts from them."""
        if begun < self._next_offsets or positions == self._reported:
            return {}
        self._next_offsets = begun + self._config.offsets_seconds
        self._reported = dict(positions)
        for tp, topic in self._topics.items():
            end = self._source.last_stable_offset(tp)
            if end is not None:
                self._watch.lag(topic, self.number, max(0, end - positions[topic]))
        return {tp: positions[topic] for tp, topic in self._topics.items()}


class _Users:
    """The table without the ledger."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self.get = table.get

    def items(self) -> Iterable[tuple[bytes, bytes]]:
        return ((key, value) for key, value in self._table.items() if key != ledgers.KEY)


def _ms(now: datetime) -> int:
    return int(now.timestamp() * 1000)


def _same(old: Ledger, new: Ledger) -> bool:
    """Whether nothing but the time and the number differs."""
    return (old.positions, old.cursors, old.memo) == (new.positions, new.cursors, new.memo)


def _unexpected(error: Exception) -> bool:
    """Kafka's own errors say enough in a line; anything else is shown with its traceback."""
    return not type(error).__module__.startswith("aiokafka") and not isinstance(error, TimeoutError | OSError)
