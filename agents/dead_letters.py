"""The dead-letter topic from outside a worker: reading letters, and putting the records they were back (A3)."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import NamedTuple, Self

from aiokafka import AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError

from agents.batches.batch import Record, TopicPartition
from agents.batches.reader import Reader
from agents.connection import kafka_options
from agents.settings import Settings
from agents.standing import partitions_of
from agents.topics.specs import DEAD_LETTERS
from schemas import topics
from schemas.base import Headers
from schemas.reject import Refusal, refusal_of, requeued_headers
from streams.dead_letter import size_of
from streams.partitioner import Placement

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
FIRST = (datetime.min.replace(tzinfo=UTC) - EPOCH) // MILLISECOND
LAST = (datetime.max.replace(tzinfo=UTC) - EPOCH) // MILLISECOND
"""The ends of the calendar, milliseconds since 1970: a letter may hold any number."""
BATCH_BYTES = 16_384
"""A larger record is a batch of its own, so that what the broker says of the batch is said of this record."""
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


class Wanted(NamedTuple):
    """Which letters: refused for one of these reasons (none: for any), at this time or later (None: at any)."""

    reasons: frozenset[str] = frozenset()
    since: datetime | None = None

    def has(self, letter: Letter) -> bool:
        """Whether a letter is one of them."""
        young = self.since is None or letter.refused_at >= self.since
        return young and (not self.reasons or letter.refusal.reason in self.reasons)


async def letters(settings: Settings, reader: Reader, wanted: Wanted) -> AsyncIterator[Letter]:
    """Every letter that is wanted and stands there now, partition by partition, each in its order."""
    topic = settings.topic(topics.DEAD_LETTERS)
    for number in range(await partitions_of(settings, topic)):
        tp = TopicPartition(topic, number)
        begin, end = await reader.range_of(tp)
        start = begin if wanted.since is None else max(begin, await reader.since(tp, wanted.since, end))
        async for records, _position in reader.read(tp, start, end):
            for letter in _letters(number, records):
                if wanted.has(letter):
                    yield letter


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
            at = moment_of(record.timestamp)
            yield Letter(partition, record.offset, at, refusal, record.key, record.value, headers)


def moment_of(milliseconds: int) -> datetime:
    """The moment so long after 1970 in UTC; of one beyond the calendar the nearest that it has.

    >>> moment_of(-1).isoformat(), moment_of(10**30).year
    ('1969-12-31T23:59:59.999000+00:00', 9999)
    """
    return EPOCH + timedelta(milliseconds=min(max(milliseconds, FIRST), LAST))


class Gone(Exception):
    """The record of a letter does not stand where it stood."""


async def original_of(settings: Settings, reader: Reader, letter: Letter) -> Letter:
    """The letter with key, value and headers of the record as it stands on the topic that it came from.

    Raises :class:`Gone` where it does not stand there any more.
    """
    refusal = letter.refusal
    tp = TopicPartition(settings.topic(refusal.topic), refusal.partition)
    place = f"{tp.topic}[{tp.partition}]@{refusal.offset}"
    if refusal.topic not in {*settings.event_topics, *topics.ALL}:
        raise Gone(f"{place}: this installation has no such topic; see CHURN_EVENT_TOPICS")
    if not 0 <= refusal.partition < await partitions_of(settings, tp.topic):
        raise Gone(f"{place}: the topic has no such partition")
    begin, end = await reader.range_of(tp)
    if refusal.offset < begin:
        raise Gone(f"{place}: retention removed the record; the partition now begins at {begin}")
    if refusal.offset >= end:
        raise Gone(f"{place}: the partition ends at {end}; the topic was made anew")
    async for records, _position in reader.read(tp, refusal.offset, refusal.offset + 1):
        for record in records:
            if record.timestamp != refusal.timestamp:
                raise Gone(f"{place}: another record stands there, of another time; the topic was made anew")
            return letter._replace(key=record.key, value=record.value, headers=tuple(record.headers))
    raise Gone(f"{place}: the record is not there any more; a newer one of its key has taken its place")


class NotAgain(Exception):
    """A record that must not be sent again, or cannot be."""


def why_left(letter: Letter, again: Collection[str]) -> str | None:
    """Why the record of a letter is not sent again; None where it can be.

    ``again`` are the topics whose readers know what they have read before.
    """
    refusal = letter.refusal
    if refusal.topic not in again:
        return f"is of {refusal.topic}, where the newest record holds; let its writer send it"
    if refusal.obeyed:
        return f"was obeyed in part ({refusal.obeyed}); let its writer send it mended, as a new record"
    if refusal.cut:
        return (
            f"was cut ({refusal.cut}); let the app send the record again, or read it with "
            f"`churn-alerts dlt show --original {letter.place}`"
        )
    if letter.key is None and letter.value is None:
        return "has neither key nor value; there is nothing to send again"
    return None


class Requeue:
    """Puts records back on the topics they came from; on leaving the ``async with`` block all are acknowledged.

    Twice is no harm: the topics it writes to are those whose readers know an id they have seen. So the producer need
    not be idempotent; such a one could send nothing more to a partition after a record that the broker refused.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._again = {*settings.event_topics, topics.FEEDBACK}
        size = int(DEAD_LETTERS["max.message.bytes"])
        self._producer = AIOKafkaProducer(
            **kafka_options(settings), acks="all", max_batch_size=BATCH_BYTES, max_request_size=size
        )
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

        Raises :class:`NotAgain` for a record that its topic's reader would take for news, or that is not whole.
        """
        if why := why_left(letter, self._again):
            raise NotAgain(f"{letter.place} {why}")
        topic = self._settings.topic(letter.refusal.topic)
        count = len(await self._producer.partitions_for(topic))
        placement, number = Placement(count, self._settings.partitioner), letter.refusal.partition
        number = number if letter.key is None else placement.of(letter.key)
        if not 0 <= number < count:
            raise NotAgain(f"{letter.place} is of {topic}[{number}], which is no partition there is")
        return TopicPartition(topic, number)

    async def send(self, letter: Letter) -> None:
        """The record is on its way: key, value and headers as it came, and which letter it was.

        Raises :class:`NotAgain` as :meth:`target` does, and for a record that is larger than its topic takes.
        """
        topic, number = await self.target(letter)
        headers = requeued_headers(letter.headers, letter.partition, letter.offset)
        try:
            sent = await self._producer.send(topic, letter.value, letter.key, number, headers=list(headers))
            if size_of(letter.key, letter.value, headers) > BATCH_BYTES:
                await sent
        except MessageSizeTooLargeError as error:
            why = "is larger than its topic takes; let the app send the record again, smaller"
            raise NotAgain(f"{letter.place} {why}") from error
        self._sent.append(sent)
        if len(self._sent) >= IN_FLIGHT:
            await asyncio.gather(*self._sent)
            self._sent.clear()
