"""One fenced transaction after another: state, facts and offsets become visible together or not at all."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import aiokafka.producer.sender
from aiokafka import AIOKafkaProducer
from aiokafka import TopicPartition as KafkaPartition
from aiokafka.errors import UnknownTopicOrPartitionError

from agents.batches.batch import TopicPartition
from agents.batches.net import RecordTooLarge

log = logging.getLogger(__name__)

BATCH_BYTES = 1_000_000
"""Just under Kafka's default ``max.message.bytes``."""

aiokafka.producer.sender.BACKOFF_OVERRIDE = 0.002
"""aiokafka waits this long before it repeats AddPartitionsToTxn while the last transaction's markers are still being
written; its own 20 ms is most of a small transaction's latency."""

ROW_BYTES = BATCH_BYTES - 1_000
"""Key, value and headers of a row at most: a batch has a head, and a row some bytes of its own."""

RETRY_BACKOFF_MS = 20
METADATA_SECONDS = 5.0
"""Time to learn of a topic; a broker that is away costs the same, and the transaction either way."""
STOP_SECONDS = 5.0


Row = tuple[bytes | None, bytes | None, Sequence[tuple[str, bytes]]]
"""Key, value and headers of a record to write; a plain tuple, for there are as many as users touched."""

Outgoing = Mapping[TopicPartition, Sequence[Row]]
"""What a transaction writes, by partition, in order; none is empty."""


def measure(outgoing: Outgoing) -> None:
    """Raise :class:`RecordTooLarge` where a row is larger than Kafka takes, before the transaction begins."""
    for tp, rows in outgoing.items():
        for key, value, headers in rows:
            size = len(value or b"") + len(key or b"")
            if headers:
                size += sum(len(name) + len(each or b"") for name, each in headers)
            if size > ROW_BYTES:
                raise RecordTooLarge(tp.topic, key, size, ROW_BYTES)


Point = Callable[[str], None]
"""Called with the name of the place the program has reached; tests kill the process there."""


class TransactionalProducer:
    """The right to write for one owner: opening it fences whoever held the id before and ends their transaction."""

    def __init__(
        self, connection: Mapping[str, Any], transactional_id: str, timeout_seconds: float, point: Point
    ) -> None:
        self._producer = AIOKafkaProducer(
            **connection,
            transactional_id=transactional_id,
            transaction_timeout_ms=int(timeout_seconds * 1000),
            max_batch_size=BATCH_BYTES,
            max_request_size=2 * BATCH_BYTES,
            retry_backoff_ms=RETRY_BACKOFF_MS,
        )
        self._timeout = timeout_seconds
        self._point = point

    async def open(self) -> None:
        """Fence every earlier producer of this id; after it their committed records are all readable."""
        async with asyncio.timeout(self._timeout):
            await self._producer.start()

    async def commit(
        self,
        now_ms: int,
        outgoing: Outgoing,
        offsets: Mapping[TopicPartition, int],
        group: str,
    ) -> dict[TopicPartition, int]:
        """Write the records with the offsets: all visible or none.

        Returns the offset after the last record of each partition. Any error (fenced, timed out, broker gone) leaves
        the outcome unknown: the producer must be closed and the truth read from Kafka.
        """
        async with asyncio.timeout(self._timeout):
            await self._producer.begin_transaction()
            self._point("begun")
            ends = await self._send(outgoing, now_ms)
            self._point("written")
            if offsets:
                await self._producer.send_offsets_to_transaction(
                    {KafkaPartition(*tp): offset for tp, offset in offsets.items()}, group
                )
            self._point("prepared")
            await self._producer.commit_transaction()
            self._point("committed")
        return ends

    async def _send(self, outgoing: Outgoing, now_ms: int) -> dict[TopicPartition, int]:
        for tp in outgoing:  # all at once: send_batch would not add them, and one request is quicker than many
            await self._known(tp.topic)
            self._producer._txn_manager.maybe_add_partition_to_txn(KafkaPartition(*tp))
        ends = await asyncio.gather(*(self._send_partition(tp, rows, now_ms) for tp, rows in outgoing.items()))
        return dict(zip(outgoing, ends, strict=True))

    async def _known(self, topic: str) -> None:
        try:
            async with asyncio.timeout(METADATA_SECONDS):
                await self._producer.client._wait_on_metadata(topic)
        except TimeoutError as error:
            raise UnknownTopicOrPartitionError(f"{topic}: the broker knows no such topic; create it") from error

    async def _send_partition(self, tp: TopicPartition, rows: Sequence[Row], now_ms: int) -> int:
        futures, count = [], 0
        for batch in self._batches(rows, now_ms):
            count = batch.record_count()
            futures.append(await self._producer.send_batch(batch, tp.topic, partition=tp.partition))
        delivered = [await future for future in futures]
        end: int = delivered[-1].offset + count
        return end

    def _batches(self, rows: Sequence[Row], now_ms: int) -> Iterable[Any]:
        batch = self._producer.create_batch()
        append = batch.append
        for key, value, headers in rows:
            while append(timestamp=now_ms, key=key, value=value, headers=list(headers)) is None:
                yield batch
                batch = self._producer.create_batch()
                append = batch.append
        batch.close()
        yield batch

    async def close(self) -> None:
        """Give up the right to write. Only its owner's task calls this, and never while a commit of it is awaited."""
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self._producer.stop()
        except Exception as error:  # noqa: BLE001  whatever it is, this producer is done for; the next one fences it
            log.info("a producer did not stop in order: %r", error)
        finally:
            self._abandon()

    def _abandon(self) -> None:
        """Nothing of a producer that would not stop goes on: its sender, its metadata updates, its connections."""
        client, sender = self._producer.client, self._producer._sender
        for task in (sender and sender.sender_task, client._sync_task):
            if task is not None:
                task.cancel()
        for connection in list(client._conns.values()):
            connection.close()
