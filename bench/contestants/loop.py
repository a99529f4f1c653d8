"""A hand-written aiokafka loop without guarantees: what it has read it has counted, mostly; a crash loses or repeats.

Tuned: large polls and fetches, no checksums, state in a dict of open rings, one changelog record a touched user and
poll, records put into batches here, nothing waits for an acknowledgement before the next poll, offsets committed once a
second, acks=1. uvloop made no difference.
"""

import asyncio
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from bench.contestants import INPUT, calm_collector, turn
from bench.job import Job, Ring, pack, unpack
from bench.stopwatch import Stopwatch

BATCH_BYTES = 1_000_000
COMMIT_SECONDS = 1.0


class Loop:
    """One consumer, one producer, one dict."""

    def __init__(self, consumer: AIOKafkaConsumer, producer: AIOKafkaProducer) -> None:
        self._consumer, self._producer = consumer, producer
        self._rings: dict[bytes, Ring] = {}
        self._sent: list[Any] = []

    async def run(self) -> None:
        """Read all of the input."""
        seen, commit, loop = 0, 0.0, asyncio.get_running_loop()
        while seen < here.total:
            fetched = await self._consumer.getmany(timeout_ms=200)
            for tp, records in fetched.items():
                watch.first()
                seen += len(records)
                await self._count(tp.partition, records)
            if loop.time() > commit:
                commit = loop.time() + COMMIT_SECONDS
                await self._consumer.commit()
        await asyncio.gather(*self._sent)
        await self._consumer.commit()
        watch.done()

    async def _count(self, partition: int, records: Any) -> None:
        rings, event_of, count = self._rings, job.event, job.count
        touched: dict[bytes, Ring] = {}
        warnings = []
        for record in records:
            event = event_of(record)
            key = record.key
            ring = touched.get(key)
            if ring is None:
                ring = rings.get(key)
                if ring is None:
                    ring = rings[key] = unpack(None)
                touched[key] = ring
            warning = count(ring, event)
            if warning is not None:
                warnings.append((key, warning))
        await self._send(here.changelog, partition, [(key, pack(ring)) for key, ring in touched.items()])
        await self._send(here.warnings, partition, warnings)

    async def _send(self, topic: str, partition: int, records: list[tuple[bytes, bytes]]) -> None:
        left = iter(records)
        record = next(left, None)
        while record is not None:
            batch = self._producer.create_batch()
            while record is not None and batch.append(key=record[0], value=record[1], timestamp=None) is not None:
                record = next(left, None)
            self._sent.append(await self._producer.send_batch(batch, topic, partition=partition))


async def main() -> None:
    """Run against the input until its end."""
    consumer = AIOKafkaConsumer(
        INPUT,
        bootstrap_servers=here.bootstrap,
        group_id=here.name,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        max_poll_records=32_000,
        max_partition_fetch_bytes=8 << 20,
        fetch_max_bytes=64 << 20,
        check_crcs=False,
    )
    producer = AIOKafkaProducer(
        bootstrap_servers=here.bootstrap, acks=1, max_batch_size=BATCH_BYTES, max_request_size=2 * BATCH_BYTES
    )
    await producer.start()
    await consumer.start()
    try:
        await Loop(consumer, producer).run()
    finally:
        await consumer.stop()
        await producer.stop()


here = turn()
calm_collector()
watch = Stopwatch(here.total)
job = Job()

if __name__ == "__main__":
    asyncio.run(main())
