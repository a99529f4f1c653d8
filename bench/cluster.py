"""The bench's own hands on Kafka: topics made and dropped, filled and read back. Not part of any contestant.

Its clients are librdkafka's: they take little of the two cores that contestants are measured on.
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from threading import Event
from typing import Any, Final, NamedTuple

from confluent_kafka import OFFSET_BEGINNING, OFFSET_END, Consumer, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

ANY_TIME: Final = {"message.timestamp.after.max.ms": str(2**63 - 1), "retention.ms": "-1"}
COMPACTED: Final = {"cleanup.policy": "compact", **ANY_TIME}
SECONDS: Final = 30.0


class Sent(NamedTuple):
    """A record for an input topic; the timestamp is in milliseconds."""

    partition: int
    key: bytes
    value: bytes
    timestamp: int


class NotDelivered(Exception):
    """A record of the bench's own did not reach the broker."""


class Cluster:
    """A broker as the bench uses it."""

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap
        self._admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 2})

    def create(self, names: Iterable[str], partitions: int, config: Mapping[str, str] = ANY_TIME) -> None:
        """The topics are there and can be written to."""
        wanted = [NewTopic(name, partitions, 1, config=dict(config)) for name in names]
        for made in self._admin.create_topics(wanted).values():
            made.result(SECONDS)

    def drop(self, *prefixes: str) -> None:
        """Every topic whose name begins so is gone, and its disk space soon is."""
        names = [name for name in self._admin.list_topics(timeout=SECONDS).topics if name.startswith(prefixes)]
        for gone in self._admin.delete_topics(names).values() if names else ():
            gone.result(SECONDS)

    def producer(self, **options: Any) -> Producer:
        """A producer that loses nothing quietly."""
        return Producer({"bootstrap.servers": self.bootstrap, "acks": "all", "log_level": 2, **options})

    def fill(self, topic: str, records: Iterable[Sent]) -> None:
        """All records are on the topic, in order within a partition."""
        producer = self.producer(**{"linger.ms": 20, "batch.size": 1_000_000, "queue.buffering.max.messages": 200_000})
        failed: list[Any] = []
        for record in records:
            send(producer, topic, record, lambda error, _message: failed.append(error) if error else None)
        if producer.flush(SECONDS) or failed:
            raise NotDelivered(f"{topic}: {failed[:1] or 'timed out'}")

    def read(self, topic: str) -> Iterator[Message]:
        """Every committed record of a topic up to its present end."""
        consumer = self.following(topic, OFFSET_BEGINNING)
        try:
            left = {tp.partition for tp in consumer.assignment()}
            while left:
                for message in consumer.consume(10_000, 0.2):
                    if message.error():  # end of partition
                        left.discard(message.partition())
                    else:
                        yield message
        finally:
            consumer.close()

    def arriving(self, topic: str, stop: Event) -> Iterator[tuple[float, Message]]:
        """Every record committed from now on, with the time (monotonic) at which it was seen; until ``stop`` is set."""
        consumer = self.following(topic, OFFSET_END)
        try:
            while not stop.is_set():
                message = consumer.poll(0.1)
                now = time.monotonic()
                if message is not None and not message.error():
                    yield now, message
        finally:
            consumer.close()

    def following(self, topic: str, offset: int) -> Consumer:
        """A read-committed consumer of all partitions from an offset on, told of each partition's end."""
        consumer = Consumer(
            {
                "bootstrap.servers": self.bootstrap,
                "group.id": "bench-looks-on",
                "enable.auto.commit": False,
                "isolation.level": "read_committed",
                "enable.partition.eof": True,
                "log_level": 2,
                "fetch.wait.max.ms": 100,
            }
        )
        partitions = consumer.list_topics(topic, SECONDS).topics[topic].partitions
        consumer.assign([TopicPartition(topic, number, offset) for number in partitions])
        return consumer


def send(producer: Producer, topic: str, record: Sent, told: Any = None) -> None:
    """Hand a record to a producer; waits while its queue is full."""
    while True:
        try:
            producer.produce(topic, record.value, record.key, record.partition, told, timestamp=record.timestamp)
        except BufferError:
            producer.poll(0.05)
        else:
            producer.poll(0)
            return
