"""Topics that every worker reads whole, outside the group: control, breakers, leases, population.

Each owner applies their records in offset order, at the start of a transaction, and keeps its cursor in the ledger. Of
a compacted topic only the newest record of a key is kept here too: an owner that opens late hears what still holds.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aiokafka.errors import KafkaError

from agents.batches.batch import Record, TopicPartition
from agents.batches.reader import Reader, reading
from agents.batches.sequence import check_range

log = logging.getLogger(__name__)

POLL_SECONDS = 0.1
"""A forced breaker is heard twice, by the governor and then by the dispatchers, and has a second in all."""
RETRY_SECONDS = 1.0


class Broadcasts:
    """What the broadcast topics hold (one partition each), kept up to date by a task and a reader each.

    One reader for all would forget the leader of a topic whenever it reads another, and ask for it anew: a tenth of a
    second each time.
    """

    def __init__(self, connection: Mapping[str, Any], topics: Sequence[str], heard: Callable[[], None]) -> None:
        self._connection = connection
        self._heard = heard
        self._latest: dict[str, dict[bytes | None, Record]] = {topic: {} for topic in topics}
        self._positions: dict[str, int] = dict.fromkeys(topics, 0)
        self._tasks: list[asyncio.Task[None]] = []
        self._caught_up = asyncio.Condition()

    def start(self) -> None:
        """Begin to read, if there is anything to read and nobody has begun."""
        if not self._tasks:
            self._tasks = [asyncio.create_task(self._follow(topic), name=f"hears {topic}") for topic in self._latest]

    async def stop(self) -> None:
        """Stop reading."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    async def read_to_end(self) -> None:
        """Return once everything that is committed at the time of the call has been read."""
        if not self._latest:
            return
        async with reading(self._connection) as reader:
            ends = {topic: await reader.end_of(TopicPartition(topic, 0)) for topic in self._latest}
        async with self._caught_up:
            await self._caught_up.wait_for(lambda: all(self._positions[t] >= end for t, end in ends.items()))

    def since(self, cursors: Mapping[str, int]) -> dict[str, tuple[list[Record], int]]:
        """For each topic with news: the records from the cursor on, in offset order, and the next cursor."""
        news = {}
        for topic, latest in self._latest.items():
            cursor = cursors.get(topic, 0)
            check_range(topic, 0, cursor, 0, self._positions[topic])  # beyond: the topic was made anew
            if self._positions[topic] > cursor:
                records = [r for r in latest.values() if r.offset >= cursor]
                news[topic] = (records, self._positions[topic])
        return news

    async def _follow(self, topic: str) -> None:
        while True:
            try:
                async with reading(self._connection) as reader:
                    while True:
                        await self._poll(reader, topic)
                        await asyncio.sleep(POLL_SECONDS)
            except Exception as error:  # whatever it is: owners would wait for ever, or go on with what no longer holds
                known = isinstance(error, KafkaError | OSError)
                log.warning("%s cannot be read, trying again: %r", topic, error, exc_info=not known)
                await asyncio.sleep(RETRY_SECONDS)

    async def _poll(self, reader: Reader, topic: str) -> None:
        tp = TopicPartition(topic, 0)
        end = await reader.end_of(tp)
        if end == self._positions[topic]:
            return
        begin = await reader.begin_of(tp)
        if end < self._positions[topic]:
            self._latest[topic], self._positions[topic] = {}, begin
        start = max(begin, self._positions[topic])
        async for records, position in reader.read(tp, start, end):
            self._take(topic, records, position)
        await self._moved(topic, end)

    def _take(self, topic: str, records: Sequence[Record], position: int) -> None:
        latest = self._latest[topic]
        for record in records:
            latest.pop(record.key, None)  # a key moves to the end: the dict stays in offset order
            latest[record.key] = record
        self._positions[topic] = position
        self._heard()

    async def _moved(self, topic: str, end: int) -> None:
        async with self._caught_up:
            self._positions[topic] = max(self._positions[topic], end)
            self._caught_up.notify_all()
