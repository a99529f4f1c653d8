"""An installation's topics on a real Kafka, as apps and messaging systems see them."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

from agents.batches.batch import TopicPartition
from agents.batches.reader import reading
from agents.settings import Settings
from agents.topics import create_topics, topic_specs
from schemas.feedback import Feedback
from schemas.outbound import Outbound
from schemas.policy import parse_policy
from streams.dispatch.incoming import read
from streams.intake import Event, Intake
from streams.partitioner import Placement, home

PLACEMENT = Placement(3)
ROOT = Path(__file__).parents[2]
SHOP = ROOT / "deploy/policies/shop.toml"


class Company:
    """Every topic, of three partitions, under a prefix; what is written to it and read from it."""

    def __init__(self, bootstrap: str, prefix: str) -> None:
        self.settings = Settings(bootstrap_servers=bootstrap, topic_prefix=prefix)
        self.bootstrap, self.prefix = bootstrap, prefix
        asyncio.run(self._create())

    async def _create(self) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        try:
            await create_topics(admin, topic_specs(self.settings), PLACEMENT.partitions, replicas=1)
        finally:
            await admin.close()

    def publish(self, messages: Sequence[Outbound], *, abort: bool = False) -> None:
        """Messages of one transaction, as the dispatcher writes them."""

        async def write() -> None:
            producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap, transactional_id=f"{self.prefix}test")
            async with producer:
                await producer.begin_transaction()
                for one in messages:
                    await producer.send(self.prefix + one.TOPIC, one.encode(), one.key.encode())
                await (producer.abort_transaction() if abort else producer.commit_transaction())

        asyncio.run(write())

    def records(self, topic: str) -> list[tuple[int, Any]]:
        """Every committed record with its partition."""

        async def look() -> list[tuple[int, Any]]:
            found = []
            async with reading({"bootstrap_servers": self.bootstrap}) as reader:
                for number in range(PLACEMENT.partitions):
                    tp = TopicPartition(self.prefix + topic, number)
                    async for records, _ in reader.read(tp, *await reader.range_of(tp)):
                        found += [(number, record) for record in records]
            return found

        return asyncio.run(look())

    def feedback(self) -> list[Feedback]:
        """What was reported, as the dispatcher reads it, each in its user's partition; a repeated id once."""
        known: dict[str, Feedback] = {}
        for number, record in self.records(Feedback.TOPIC):
            report = read(Feedback, record, 262_144)
            assert isinstance(report, Feedback), report
            assert number == PLACEMENT.of(record.key)
            assert known.setdefault(report.id, report).kind is report.kind
        return list(known.values())

    def events(self) -> list[Event]:
        """What apps wrote, as the health role reads it; what it refuses fails the test."""
        policy = parse_policy(SHOP.read_text(), SHOP.name)
        found = [Intake(policy, home(PLACEMENT, number)).read(record) for number, record in self.records("app.events")]
        events = [each for each in found if isinstance(each, Event)]
        assert len(events) == len(found), found
        return events
