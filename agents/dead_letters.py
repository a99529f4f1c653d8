"""The dead-letter topic from outside a worker: reading letters, and putting the records they were back (A3)."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime
from types import TracebackType
from typing import NamedTuple, Self

from aiokafka import AIOKafkaProducer

from agents.batches.batch import Record, TopicPartition
from agents.batches.reader import Reader
from agents.connection import kafka_options
from agents.settings import Settings
from agents.standing import partitions_of
from agents.topics.specs import DEAD_LETTERS
from schemas import topics
from schemas.base import Headers
from schemas.reject import CUT, OBEYED, Refusal, header_text, refusal_of, requeued_headers
from streams.partitioner import Placement

IN_FLIGHT = 500
"""Records sent before the oldest of them must be acknowledged."""


class Letter(NamedTuple):
    """A refused record as it came, why it was refused, and where its letter stands."""

    partition: int
    offset: int
    refused_at: datetime
    refusal: Refusal
    key: bytes | None
    value: bytes | None
    headers: Headers

    @property
    def place(self) -> str:
        """``PARTITION:OFFSET`` on the dead-letter topic."""
        return f"{self.partition}:{self.offset}"

    @property
    def cut(self) -> str | None:
        """Which parts of the record were cut, with the bytes they had; None for a letter that holds all of it."""
        return header_text(self.headers, CUT)

    @property
    def obeyed(self) -> str | None:
        """Which parts of the record were applied all the same; None where none was."""
        return header_text(self.headers, OBEYED)

    @property
    def recorded_at(self) -> datetime | None:
        """The refused record's own time; None where it had none that a calendar holds."""
        try:
            milliseconds = self.refusal.timestamp
            return datetime.fromtimestamp(milliseconds / 1000, UTC) if milliseconds >= 0 else None
        except (OverflowError, ValueError, OSError):
            return None


class Wanted(NamedTuple):
    """Which letters: refused for one of these reasons (none: for any), at this time or later."""

    reasons: frozenset[str] = frozenset()
    since: datetime = datetime.fromtimestamp(0, UTC)

    def has(self, letter: Letter) -> bool:
        """Whether a letter is one of them."""
        return letter.refused_at >= self.since and (not self.reasons or letter.refusal.reason in self.reasons)


async def letters(settings: Settings, reader: Reader, wanted: Wanted) -> AsyncIterator[Letter]:
    """Every letter that is wanted and stands there now, partition by partition, each in its order."""
    topic = settings.topic(topics.DEAD_LETTERS)
    for number in range(await partitions_of(settings, topic)):
        tp = TopicPartition(topic, number)
        begin, end = await reader.range_of(tp)
        async for records, _position in reader.read(tp, max(begin, await reader.since(tp, wanted.since, end)), end):
            for letter in _letters(number, records):
                if wanted.has(letter):
                    yield letter


async def original(settings: Settings, reader: Reader, letter: Letter) -> Record | None:
    """The refused record where it was; None where its topic holds it no more."""
    refusal = letter.refusal
    tp = TopicPartition(settings.topic(refusal.topic), refusal.partition)
    if refusal.partition >= await partitions_of(settings, tp.topic):
        return None
    begin, end = await reader.range_of(tp)
    if not begin <= refusal.offset < end:
        return None
    async for records, _position in reader.read(tp, refusal.offset, refusal.offset + 1):
        return records[0] if records[0].offset == refusal.offset else None
    return None


async def letter_at(settings: Settings, reader: Reader, partition: int, offset: int) -> Letter | None:
    """The letter at a place; None where there is none (any more)."""
    topic = settings.topic(topics.DEAD_LETTERS)
    if partition >= await partitions_of(settings, topic):
        return None
    tp = TopicPartition(topic, partition)
    begin, end = await reader.range_of(tp)
    if begin <= offset < end:
        async for records, _position in reader.read(tp, offset, offset + 1):
            for letter in _letters(partition, records):
                return letter
    return None


def _letters(partition: int, records: Iterable[Record]) -> Iterable[Letter]:
    for record in records:
        headers = tuple(record.headers)
        refusal = refusal_of(headers)
        if refusal is not None:
            at = datetime.fromtimestamp(record.timestamp / 1000, UTC)
            yield Letter(partition, record.offset, at, refusal, record.key, record.value, headers)


class NotAgain(Exception):
    """A record that must not be sent again: a newer one may have taken its place."""


class Requeue:
    """Puts records back on the topics they came from; on leaving the ``async with`` block all are acknowledged.

    Twice is no harm: the topics it writes to are those whose readers know an id they have seen.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._again = {*settings.event_topics, topics.FEEDBACK}
        size = int(DEAD_LETTERS["max.message.bytes"])
        self._producer = AIOKafkaProducer(**kafka_options(settings), enable_idempotence=True, max_request_size=size)
        self._sent: list[asyncio.Future[object]] = []

    async def __aenter__(self) -> Self:
        await self._producer.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                await asyncio.gather(*self._sent)
        finally:
            await self._producer.stop()

    async def target(self, letter: Letter) -> TopicPartition:
        """Where a record is to stand: its topic, and its key's partition; without a key, where it was.

        Raises :class:`NotAgain` for a record that its topic's reader would take for news.
        """
        refusal, settings = letter.refusal, self._settings
        if letter.cut:
            raise NotAgain(
                f"{letter.place} was cut ({letter.cut}): let its app send the record again; `churn-alerts dlt show "
                f"{letter.place} --original` prints it, as long as its topic keeps it"
            )
        if letter.obeyed:
            raise NotAgain(
                f"{letter.place} was obeyed in part ({letter.obeyed}), and sent again it would count as news; let its "
                "writer send it anew"
            )
        if refusal.topic not in self._again:
            raise NotAgain(
                f"{letter.place} is of {refusal.topic}, where the newest record holds; let its writer send it"
            )
        topic = settings.topic(refusal.topic)
        count = len(await self._producer.partitions_for(topic))
        of_key = refusal.partition if letter.key is None else Placement(count, settings.partitioner).of(letter.key)
        return TopicPartition(topic, of_key)

    async def send(self, letter: Letter) -> None:
        """The record is on its way: key, value and headers as it came, and which letter it was."""
        topic, number = await self.target(letter)
        headers = list(requeued_headers(letter.headers, letter.partition, letter.offset))
        self._sent.append(await self._producer.send(topic, letter.value, letter.key, number, headers=headers))
        if len(self._sent) >= IN_FLIGHT:
            await asyncio.gather(*self._sent)
            self._sent.clear()
