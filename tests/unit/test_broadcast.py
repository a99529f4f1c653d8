"""Topics that every worker hears: each by itself, so that none has to wait for another."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from agents.batches import broadcast
from agents.batches.batch import TopicPartition
from agents.batches.broadcast import Broadcasts


class Log:
    """A reader of a log with one record a topic; of ``silent`` it never hears."""

    async def end_of(self, tp: TopicPartition) -> int:
        if tp.topic == "silent":
            await asyncio.Event().wait()
        return 1

    async def begin_of(self, tp: TopicPartition) -> int:
        return 0

    async def read(self, tp: TopicPartition, start: int, end: int) -> AsyncIterator[tuple[list[Any], int]]:
        if start < end:
            yield [SimpleNamespace(key=b"k", offset=0)], 1


async def test_a_topic_that_does_not_answer_keeps_no_other_from_being_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    @asynccontextmanager
    async def reading(_connection: Mapping[str, Any]) -> AsyncIterator[Log]:
        yield Log()

    monkeypatch.setattr(broadcast, "reading", reading)
    heard = asyncio.Event()
    broadcasts = Broadcasts({}, ["silent", "orders"], heard.set)
    broadcasts.start()
    try:
        async with asyncio.timeout(30):
            await heard.wait()
        assert list(broadcasts.since({"silent": 0, "orders": 0})) == ["orders"]
    finally:
        await broadcasts.stop()
