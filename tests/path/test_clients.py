"""The path's own reader and producer say what is wrong by name, and never wait for ever."""

import logging

import pytest
from aiokafka.errors import UnknownTopicOrPartitionError

from agents.batches import reader as readers
from agents.batches.batch import TopicPartition
from agents.batches.producer import TransactionalProducer
from agents.batches.reader import Reader, reading
from tests.path.harness import Toys


async def test_a_log_that_gives_nothing_before_its_end_is_an_error_that_names_it(toys: Toys) -> None:
    tp = TopicPartition(toys.prefix + "events", 0)
    async with reading({"bootstrap_servers": toys.bootstrap}) as reader:
        impatient = Reader(reader._consumer, stall_seconds=0.5)
        with pytest.raises(TimeoutError, match=r"events\[0\] gave nothing from 0 on .* though it goes to 5"):
            [chunk async for chunk in impatient.read(tp, 0, 5)]


async def test_a_topic_nobody_made_is_named(toys: Toys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agents.batches.producer.METADATA_SECONDS", 0.5)
    producer = TransactionalProducer(
        {"bootstrap_servers": toys.bootstrap}, f"{toys.prefix}id", 10.0, lambda point: None
    )  # fmt: skip
    await producer.open()
    try:
        with pytest.raises(UnknownTopicOrPartitionError, match="nobody-made-me: the broker knows no such topic"):
            await producer.commit(0, {TopicPartition("nobody-made-me", 0): [(b"k", b"v", ())]}, {}, "group")
    finally:
        await producer.close()


async def test_a_reader_whose_client_will_not_stop_is_left_behind(
    toys: Toys, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def never() -> None:
        raise TimeoutError

    caplog.set_level(logging.CRITICAL)
    monkeypatch.setattr(readers, "STOP_SECONDS", 0.1)
    async with reading({"bootstrap_servers": toys.bootstrap}) as reader:
        stop, close = reader._consumer.stop, reader._consumer._client.close
        monkeypatch.setattr(reader._consumer, "stop", never)
        monkeypatch.setattr(reader._consumer._client, "close", never)
    monkeypatch.undo()
    await stop()
    await close()
