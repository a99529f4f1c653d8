"""One transaction of a partition, as two pure functions; between them the caller asks the world.

Every caller works a partition by these two: the owner on Kafka, the driver, replay, tests and bench. So the order of
calls exists once: ``hear, question | answer, step, tick, settle``.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from agents.batches.batch import Record
from agents.batches.role import Fact, Partition, Settled

News = Mapping[str, Sequence[Record]]
"""New records of broadcast topics, by topic, in offset order."""
Batches = Sequence[tuple[str, Sequence[Record]]]
"""Records of the role's own topics, in the order in which they are absorbed."""


class Begun(NamedTuple):
    """A transaction that waits for the world: its facts so far, its records, and its question (None: there is none)."""

    facts: list[Fact]
    batches: Batches
    question: Any


class Finished(NamedTuple):
    """A transaction that is ready to be committed."""

    facts: Sequence[Fact]
    settled: Settled


def begin(partition: Partition, news: News, batches: Batches, now: datetime) -> Begun:
    """The broadcasts are heard, and what must be asked before the records can be judged is known."""
    facts = [fact for topic, records in news.items() for fact in partition.hear(topic, records, now)]
    return Begun(facts, batches, partition.question(batches, now))


def finish(
    partition: Partition, begun: Begun, answer: Any, now: datetime, *, due: bool = True, caught_up: bool = True
) -> Finished:
    """The records are absorbed; if a tick is ``due``, time is too; what changed is handed over.

    ``answer`` is the world's, and is taken only where something was asked.
    """
    if begun.question is not None:
        partition.answer(answer)
    facts = begun.facts
    for topic, records in begun.batches:
        facts.extend(partition.step(topic, records, now))
    if due:
        facts.extend(partition.tick(now, caught_up))
    return Finished(facts, partition.settle())


def apply(table: dict[bytes, bytes], writes: Mapping[bytes, bytes | None]) -> None:
    """A table in memory holds what a transaction wrote; None deletes."""
    for key, value in writes.items():
        if value is None:
            table.pop(key, None)
        else:
            table[key] = value
