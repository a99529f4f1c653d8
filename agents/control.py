"""What operators have said, and saying something: the topic ``churn.control`` from outside a worker."""

from aiokafka import AIOKafkaProducer

from agents.batches.batch import TopicPartition
from agents.batches.reader import Reader
from agents.connection import kafka_options
from agents.settings import Settings
from schemas import topics
from schemas.control import Control


async def say(settings: Settings, control: Control) -> None:
    """The word stands on the topic, acknowledged by all brokers that must have it."""
    producer = AIOKafkaProducer(**kafka_options(settings), enable_idempotence=True)
    await producer.start()
    try:
        key, value, headers = control.key.encode(), control.encode(), control.headers()
        await producer.send_and_wait(settings.topic(topics.CONTROL), value, key, partition=0, headers=list(headers))
    finally:
        await producer.stop()


async def said(settings: Settings, reader: Reader) -> dict[str, Control]:
    """The newest word of every key that has not been taken back; raises pydantic's ``ValidationError``."""
    tp = TopicPartition(settings.topic(topics.CONTROL), 0)
    newest: dict[str, bytes | None] = {}
    async for records, _position in reader.read(tp, *await reader.range_of(tp)):
        newest |= {record.key.decode(): record.value for record in records if record.key is not None}
    return {key: Control.decode(value) for key, value in newest.items() if value is not None}
