"""One transaction of a partition, as two pure functions; between them the caller asks the world.

Every caller works a partition by these two: the owner on Kafka, the driver, replay, tests and bench. So the order of
calls exists once: ``hear, step, question | judge, tick, settle``. First everything is absorbed, then users are judged.
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
    """A transaction that waits for the world: its facts so far, and its question (None: nothing is asked)."""

    facts: list[Fact]
    question: Any


class Finished(NamedTuple):
    """A transaction that is ready to be committed."""

    facts: Sequence[Fact]
    settled: Settled


def begin(
    partition: Partition,
    news: News,
    batches: Batches,
    now: datetime,
    *,
    due: bool = True,
    behind: int = 0,
    most: int | None = None,
) -> Begun:
    """Broadcasts and records are absorbed, and what must be asked about those who are judged now is known.

    ``due``, ``behind`` and ``most``: see :meth:`agents.batches.role.Partition.question`.
    """
    facts = [fact for topic, records in news.items() for fact in partition.hear(topic, records, now)]
    for topic, records in batches:
        facts.extend(partition.step(topic, records, now))
    return Begun(facts, partition.question(now, due=due, behind=behind, most=most))


def finish(
    partition: Partition, begun: Begun, answer: Any, now: datetime, *, due: bool = True, caught_up: bool = True
) -> Finished:
    """Those who were chosen are judged; if a tick is ``due``, time is too; the changes are handed over."""
    facts = begun.facts
    facts.extend(partition.judge(answer, now))
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
