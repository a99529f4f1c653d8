"""Records are written to Kafka when their time has come; what is overdue goes as fast as it can."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta

from aiokafka import AIOKafkaProducer

from agents.demo.source import Due

AT_ONCE = 1_000
PAUSE_SECONDS = 0.05

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Feeder:
    """Writes records under their own time; ``written`` counts by topic what was acknowledged."""

    def __init__(self, producer: AIOKafkaProducer, now: Callable[[], datetime]) -> None:
        self._producer, self._now = producer, now
        self.written: Counter[str] = Counter()

    async def feed(self, records: Iterator[Due]) -> None:
        """Write every record of a source that is ordered by time, none before its time."""
        waiting: list[Due] = []
        for record in records:
            while record.at > self._now() or len(waiting) == AT_ONCE:
                await self.write(waiting)
                waiting.clear()
                if record.at > self._now():
                    await asyncio.sleep(PAUSE_SECONDS)
            waiting.append(record)
        await self.write(waiting)

    async def write(self, records: Iterable[Due]) -> None:
        """Return when Kafka has acknowledged all of them; its errors are raised."""
        sent = [(record.topic, await self._send(record)) for record in records]
        await asyncio.gather(*(acknowledged for _topic, acknowledged in sent))
        self.written.update(topic for topic, _acknowledged in sent)

    async def _send(self, record: Due) -> asyncio.Future[object]:
        at_ms = (record.at - _EPOCH) // timedelta(milliseconds=1)
        future: asyncio.Future[object] = await self._producer.send(
            record.topic, record.value, key=record.key, timestamp_ms=at_ms
        )
        return future
