"""The strict order at the point of use: a partition absorbs every record once, whatever a consumer delivers.

A consumer may deliver old batches after a seek, skip one after a rebalance, or repeat one. Remembering the last offset
is not enough: once a batch was skipped and a later one absorbed, the replay of the skipped one looks old. So a batch
enters only if nothing can stand between it and what was absorbed before.
"""

from dataclasses import dataclass
from enum import StrEnum

from agents.batches.batch import Batch


class Verdict(StrEnum):
    """What to do with a batch; also the values of the ``verdict`` label in metrics."""

    ENTER = "enter"
    STALE = "stale"
    DUPLICATE = "duplicate"
    GAP = "gap"


def admit(batch: Batch, position: int, epoch: int, generation: int) -> Verdict:
    """Say whether a batch is the next one for a partition that has absorbed everything before ``position``.

    ``STALE``: fetched before the last seek or rebalance, drop it, a right one follows. ``DUPLICATE``: absorbed before.
    ``GAP``: something may be missing, or only a part of it is new; seek back to ``position``.

    >>> tp = ("t", 0)
    >>> admit(Batch(tp, None, 5, 9, (), 1, 1), position=5, epoch=1, generation=1)
    <Verdict.ENTER: 'enter'>
    >>> admit(Batch(tp, 5, 6, 9, (), 1, 1), position=5, epoch=1, generation=1)
    <Verdict.ENTER: 'enter'>
    >>> admit(Batch(tp, None, 6, 9, (), 1, 1), position=5, epoch=1, generation=1)
    <Verdict.GAP: 'gap'>
    """
    if batch.epoch < epoch or batch.generation != generation:
        return Verdict.STALE
    if batch.end <= position:
        return Verdict.DUPLICATE
    if batch.start == position or batch.prev == position < batch.start:
        return Verdict.ENTER
    return Verdict.GAP


@dataclass(eq=False)
class Broken(Exception):
    """A partition cannot go on by itself: the log no longer holds what comes next.

    ``begin`` and ``end`` are what the log holds now, ``position`` is what must come next.
    """

    topic: str
    partition: int
    position: int
    begin: int
    end: int

    def __str__(self) -> str:
        where = f"{self.topic}[{self.partition}]"
        if self.begin > self.position:
            return (
                f"{where}: offsets {self.position} to {self.begin - 1} were deleted by retention before they were read;"
                f" the partition stands still. Raise retention.ms; then accept the loss by name: churn-alerts offsets"
                f" skip --topic {self.topic} --partition {self.partition} --to {self.begin}"
            )
        return (
            f"{where}: the next offset is {self.position} but the log ends at {self.end}: the topic was made anew."
            f" The partition stands still. Accept it by name: churn-alerts offsets skip --topic {self.topic}"
            f" --partition {self.partition} --to {self.begin}"
        )


def check_range(topic: str, partition: int, position: int, begin: int, end: int) -> None:
    """Raise :class:`Broken` unless the log still holds everything from ``position`` on."""
    if not begin <= position <= end:
        raise Broken(topic, partition, position, begin, end)
