"""A whole installation on real Kafka and Redis, to which odd records are written, and what it says of itself."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, TypeVar
from urllib.request import urlopen

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from prometheus_client.parser import text_string_to_metric_families

from agents.batches.batch import Record, TopicPartition
from agents.batches.reader import reading
from agents.connection import kafka_options
from agents.demo.worker import Worker
from agents.settings import RoleName, Settings
from agents.standing import ledger_of
from schemas import topics
from schemas.base import Message
from tests.fuzz.records import Odd

M = TypeVar("M", bound=Message)
WAIT_SECONDS = 90.0
LARGEST = 8_000_000
READ_BY = {RoleName.HEALTH: (topics.EVENTS,), RoleName.DISPATCHER: (topics.PROFILES, topics.FEEDBACK)}


class Installation:
    """One worker with all roles."""

    def __init__(self, settings: Settings, worker: Worker) -> None:
        self.settings, self._worker = settings, worker

    def write(self, records: Iterable[Odd]) -> int:
        """The records stand on their topics; returns how many of them the broker refused.

        Each is a batch of its own, compressed, so that one that is refused takes no other with it.
        """
        return asyncio.run(self._write(records))

    async def _write(self, records: Iterable[Odd]) -> int:
        options = {"max_request_size": LARGEST, "compression_type": "gzip", "acks": 1}
        producer, refused = AIOKafkaProducer(**kafka_options(self.settings), **options), 0
        await producer.start()
        try:
            for each in records:
                refused += not await self._stands(producer, each)
        finally:
            await producer.stop()
        return refused

    async def _stands(self, producer: AIOKafkaProducer, odd: Odd) -> bool:
        count = 1 if odd.topic in topics.ONE_PARTITION else self.settings.partitions
        number = (self.settings.placement.of(odd.key or b"") + odd.elsewhere) % count
        at = odd.timestamp if odd.timestamp >= 0 else None
        try:
            await producer.send_and_wait(
                self.settings.topic(odd.topic), odd.value, odd.key, number, at, list(odd.headers) or None
            )
        except KafkaError:
            return False
        return True

    def read(self, topic: str) -> list[tuple[int, Record]]:
        """Every committed record with its partition."""

        async def look() -> list[tuple[int, Record]]:
            found: list[tuple[int, Record]] = []
            async with reading(kafka_options(self.settings)) as reader:
                for number in range(1 if topic in topics.ONE_PARTITION else self.settings.partitions):
                    tp = TopicPartition(self.settings.topic(topic), number)
                    async for records, _ in reader.read(tp, *await reader.range_of(tp)):
                        found += [(number, record) for record in records]
            return found

        return asyncio.run(look())

    def messages(self, kind: type[M]) -> list[M]:
        """Every message of a kind."""
        return [kind.decode(record.value) for _, record in self.read(kind.TOPIC) if record.value is not None]

    def launch(self) -> None:
        """The worker works all partitions."""
        self._worker.launch()

    @property
    def log(self) -> str:
        """What the worker has written."""
        return self._worker.log

    def absorbed(self) -> bool:
        """Whether every record that others have written was taken: positions have reached the ends."""

        async def look() -> bool:
            async with reading(kafka_options(self.settings)) as reader:
                for role, names in READ_BY.items():
                    for number in range(self.settings.partitions):
                        at = (await ledger_of(self.settings, reader, role, number)).positions
                        for name in names:
                            end = await reader.end_of(TopicPartition(self.settings.topic(name), number))
                            if at.get(name, 0) != end:
                                return False
            return True

        return asyncio.run(look())

    def counted(self, role: RoleName, metric: str, label: str) -> Counter[str]:
        """A counter of a role by one of its labels, without those that stand at zero."""
        found: Counter[str] = Counter()
        for family in text_string_to_metric_families(self.page(role, "metrics")):
            for sample in family.samples:
                if sample.name == metric and sample.value:
                    found[sample.labels[label]] += int(sample.value)
        return found

    def page(self, role: RoleName, name: str) -> str:
        """A page that a role serves."""
        with urlopen(f"http://127.0.0.1:{self.settings.port(role)}/{name}", timeout=5) as answer:
            return str(answer.read().decode())

    def eventually(self, true: Callable[[], Any], what: str) -> None:
        """Waits for it, looking again and again."""
        deadline = time.monotonic() + WAIT_SECONDS
        while not true():
            assert time.monotonic() < deadline, f"waited in vain for {what}\n{self._worker.log[-6_000:]}"
            time.sleep(0.2)
