"""Our output topics as any consumer reads them: committed records only, from the first on."""

from collections.abc import AsyncIterator
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.base import Message
from schemas.decision import Decision
from schemas.outbound import Outbound
from schemas.warning import Warning
from streams.codec import read_own

KINDS: dict[str, type[Message]] = {kind.TOPIC: kind for kind in (Warning, Decision, Outbound)}
POLL_MS = 200


async def watched(connection: dict[str, Any], partitions: int) -> AsyncIterator[Message]:
    """Every warning, decision and message that is committed, as it comes; it does not end."""
    consumer = AIOKafkaConsumer(
        **connection, group_id=None, isolation_level="read_committed", auto_offset_reset="earliest"
    )
    consumer.assign([TopicPartition(topic, number) for topic in KINDS for number in range(partitions)])
    await consumer.start()
    try:
        while True:
            for tp, records in (await consumer.getmany(timeout_ms=POLL_MS)).items():
                for record in records:
                    yield read_own(KINDS[tp.topic], record)
    finally:
        await consumer.stop()
