"""A topic partition read by hand: committed records only, from an offset to the last stable offset."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka import TopicPartition as KafkaPartition

from agents.batches.batch import Record, TopicPartition
from agents.batches.wire import flat, take_raw

FETCH_BYTES = 8 << 20
CHUNK = 10_000
FETCH_WAIT_MS = 10
"""A fetch for the partition read before is still waiting when the next one is to be read."""

STOP_SECONDS = 0.5
STALL_SECONDS = 30.0
"""A log that gives nothing for so long, though it has not ended, is an error and not patience."""


class Reader:
    """Reads partitions that it names itself; no group, no commits, no reset: an offset that is gone is an error."""

    def __init__(self, consumer: AIOKafkaConsumer, stall_seconds: float = STALL_SECONDS) -> None:
        self._consumer, self._stall_seconds = consumer, stall_seconds

    async def range_of(self, tp: TopicPartition) -> tuple[int, int]:
        """The first offset the log still holds, and the last stable offset."""
        return await self.begin_of(tp), await self.end_of(tp)

    async def begin_of(self, tp: TopicPartition) -> int:
        """The first offset the log still holds."""
        kafka = KafkaPartition(*tp)
        return int((await self._consumer.beginning_offsets([kafka]))[kafka])

    async def end_of(self, tp: TopicPartition) -> int:
        """The last stable offset."""
        kafka = KafkaPartition(*tp)
        return int((await self._consumer.end_offsets([kafka]))[kafka])

    async def since(self, tp: TopicPartition, at: datetime, end: int) -> int:
        """The offset of the first record of this time or later; ``end`` where there is none. Kafka begins in 1970."""
        kafka = KafkaPartition(*tp)
        found = (await self._consumer.offsets_for_times({kafka: max(0, int(at.timestamp() * 1000))}))[kafka]
        return end if found is None else int(found.offset)

    async def read(self, tp: TopicPartition, start: int, end: int) -> AsyncIterator[tuple[Sequence[Record], int]]:
        """Chunks of the committed records in [start, end), each with the offset after it.

        A transaction marker or a compacted hole before ``end`` moves the position without a record. After the last
        chunk nothing more is fetched. Raises :class:`TimeoutError` when the log gives nothing for long, though ``end``
        is not reached.
        """
        if start >= end:
            return
        kafka = KafkaPartition(*tp)
        self._consumer.assign([kafka])
        self._consumer.seek(kafka, start)
        position, loop = start, asyncio.get_running_loop()
        moved = loop.time()
        while position < end:
            fetched = await self._consumer.getmany(kafka, timeout_ms=200, max_records=CHUNK)
            records = [r for r in flat(fetched.get(kafka, ())) if r.offset < end]
            before, position = position, await self._consumer.position(kafka)
            if position > before:
                moved = loop.time()
            elif loop.time() - moved > self._stall_seconds:
                stalled = f"{tp.topic}[{tp.partition}] gave nothing from {position} on for {self._stall_seconds:.0f} s"
                raise TimeoutError(f"{stalled}, though it goes to {end}")
            if records:
                yield records, min(position, end)
                moved = loop.time()  # what was done with them is not the log's delay
        self._consumer.pause(kafka)


@asynccontextmanager
async def reading(connection: Mapping[str, Any]) -> AsyncIterator[Reader]:
    """A reader that is connected inside the block; ``connection`` holds aiokafka's address and security options."""
    consumer = AIOKafkaConsumer(
        **connection,
        group_id=None,
        isolation_level="read_committed",
        auto_offset_reset="none",
        enable_auto_commit=False,
        max_partition_fetch_bytes=FETCH_BYTES,
        fetch_max_bytes=4 * FETCH_BYTES,
        fetch_max_wait_ms=FETCH_WAIT_MS,
    )
    try:
        await consumer.start()
        take_raw(consumer)
        yield Reader(consumer)
    finally:
        # aiokafka's fetch task can swallow the one cancellation its stop sends (it suppresses what comes while it waits
        # for requests of an assignment just replaced) and would be awaited for ever; the timeout cancels it again.
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await consumer.stop()
        except TimeoutError:
            with suppress(TimeoutError):
                await asyncio.wait_for(consumer._client.close(), STOP_SECONDS)
