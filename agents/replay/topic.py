"""A range of the event topics as history: committed records only, through the intake that the workers have.

A range is cut by record time, or by offsets of a partition. Record times need not ascend within a log, so a partition
is read from the first record of the range to the end of its log, and each record is judged by its own time. What the
range holds is taken in partition by partition; the replay has it in order of event time, so nothing in it is late.
"""

from collections import Counter
from collections.abc import AsyncIterator
from math import inf

from rich.progress import Progress

from agents.batches.batch import Record, TopicPartition
from agents.batches.reader import Reader, reading
from agents.connection import kafka_options
from agents.replay.edge import Edge
from agents.replay.sorting import Sorter
from agents.settings import Settings
from agents.standing import partitions_of
from schemas.faults import Fault, Faults
from schemas.policy import Policy
from streams.intake import Intake, Reject
from streams.partitioner import Placement, home


async def taken(
    settings: Settings, policy: Policy, begin: Edge, end: Edge, events: Sorter, shown: Progress
) -> Counter[str]:
    """``events`` has what the range holds, ``begin`` in it and ``end`` not; returns the refused records by reason.

    A bar of each partition is ``shown`` while it is read.
    Raises :class:`Faults` for a topic that is not there and for an offset that its log does not hold, and what aiokafka
    raises where no broker answers.
    """
    refused = Counter[str]()
    async with reading(kafka_options(settings)) as reader:
        for topic in map(settings.topic, settings.event_topics):
            placement = Placement(await _partitions(settings, topic, begin, end), settings.partitioner)
            for number in range(placement.partitions):
                intake = Intake(policy, home(placement, number))
                tp = TopicPartition(topic, number)
                refused.update(await _take(_records(reader, tp, begin, end, shown), tp, begin, end, intake, events))
    return refused


async def _take(
    records: AsyncIterator[Record], tp: TopicPartition, begin: Edge, end: Edge, intake: Intake, events: Sorter
) -> Counter[str]:
    since, before, refused = _time(begin, tp, -inf), _time(end, tp, inf), Counter[str]()
    async for record in records:
        if not since <= record.timestamp < before:
            continue
        found = intake.read(record)
        if isinstance(found, Reject):
            refused[found.reason] += 1
        else:
            events.add(found)
    return refused


async def _records(
    reader: Reader, tp: TopicPartition, begin: Edge, end: Edge, shown: Progress
) -> AsyncIterator[Record]:
    """What lies between two offsets that leave nothing of the range out."""
    oldest, stable = await reader.range_of(tp)
    first, until = _offset(begin, tp, oldest, stable), _offset(end, tp, oldest, stable)
    if first is None:
        first = max(oldest, await reader.since(tp, begin.at, stable)) if begin.at else oldest
    last = stable if until is None else until
    task = shown.add_task(f"{tp.topic}[{tp.partition}]", total=max(0, last - first))
    async for records, position in reader.read(tp, first, last):
        for record in records:
            yield record
        shown.update(task, completed=position - first)


def _time(edge: Edge, tp: TopicPartition, beyond: float) -> float:
    """The record time at an edge in milliseconds; ``beyond`` all where it says none for this partition."""
    if edge.at is None or tp.partition in edge.offsets:
        return beyond
    return edge.at.timestamp() * 1000


def _offset(edge: Edge, tp: TopicPartition, oldest: int, stable: int) -> int | None:
    """The offset that an edge names of a partition, which is in its log; None where it names none."""
    offset = edge.offsets.get(tp.partition)
    if offset is None or oldest <= offset <= stable:
        return offset
    place, fix = f"{tp.topic}[{tp.partition}]", f"give one from {oldest} to {stable}"
    raise Faults((Fault(place, edge.name, offset, "is not in the log", fix),))


async def _partitions(settings: Settings, topic: str, *edges: Edge) -> int:
    """How many partitions a topic has; the edges name none beyond."""
    count = await partitions_of(settings, topic)
    if not count:
        fix = "correct CHURN_EVENT_TOPICS or CHURN_TOPIC_PREFIX, or run: churn-alerts topics create"
        raise Faults((Fault(topic, "topic", None, "is not there", fix),))
    beyond = [(edge.name, number) for edge in edges for number in edge.offsets if number >= count]
    if beyond:
        fix = f"name one from 0 to {count - 1}"
        raise Faults(tuple(Fault(topic, name, number, "is no partition", fix) for name, number in beyond))
    return count
